// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/clock.hpp"
#include "core/wire/credentials.hpp"
#include "core/wire/protocol.hpp"

#include <nlohmann/json.hpp>

namespace landwaiter::platform {

/// The filters of a request to scan a registry; windows become timestamps relative to `now`. Error: invalid_argument with the field's
/// name.
Result<protocol::ListWork> list_work_from(const nlohmann::json& body, SystemTime now);

/// A registry's `kind`, one of core/wire/registry_kinds.hpp; "auto" if missing. Error: invalid_argument.
Result<std::string> registry_kind_from(const nlohmann::json& body);

/// `credentials` of any kind, or the older fields username, password and token, not both. Their values are wiped in `body`. Errors name
/// the field and repeat no value.
Result<Credentials> credentials_from(nlohmann::json& body);

}  // namespace landwaiter::platform
