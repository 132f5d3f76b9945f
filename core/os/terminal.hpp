// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/result.hpp"
#include "core/base/secret.hpp"

#include <cstddef>
#include <optional>
#include <string>

namespace landwaiter {

enum class StandardStream { output, error };

/// A person sees what is written there.
bool is_terminal(StandardStream stream);
/// How wide the terminal is; nothing when there is none, or it does not say.
std::optional<std::size_t> terminal_columns(StandardStream stream);

/// Asks the person at the terminal for a secret, which is not shown as it is typed. Standard input stays as it is: an image may come
/// through it. Errors: not_found if nobody is there to ask, cancelled (Ctrl-C).
Result<Secret> ask_secret(const std::string& question);

}  // namespace landwaiter
