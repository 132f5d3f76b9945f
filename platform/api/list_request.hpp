// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/clock.hpp"
#include "core/wire/credentials.hpp"
#include "core/wire/protocol.hpp"

#include <nlohmann/json.hpp>

namespace landwaiter::platform {

/// The filters of a request to scan a registry; windows become instants, seen from `now`. Error: invalid_argument that names the field.
Result<protocol::ListWork> list_work_from(const nlohmann::json& body, SystemTime now);

/// A registry's `kind`, one of core/wire/registry_kinds.hpp; "auto" when it is not given. Error: invalid_argument.
Result<std::string> registry_kind_from(const nlohmann::json& body);

/// `credentials` of any kind, or the older username, password and token beside it, not both. Their texts are wiped in `body`.
/// Errors name the field and repeat no value.
Result<Credentials> credentials_from(nlohmann::json& body);

}  // namespace landwaiter::platform
