// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/clock.hpp"
#include "core/base/result.hpp"
#include "registry/auth/token_cache.hpp"

#include <optional>
#include <string>

namespace landwaiter::registry {

/// The answer of a token service (distribution, docs/spec/auth/token.md, "Token Response Fields"), requested at `asked_at`. Its body is
/// wiped. The lifetime is measured with our own steady clock. If the service says when it issued the token and what its clock shows now
/// (`date`), the token's age is subtracted, so neither clock has to be right. Error malformed; never repeats the token.
Result<Token> parse_token_answer(std::string& body, std::optional<SystemTime> date, SteadyTime asked_at);

}  // namespace landwaiter::registry
