// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/clock.hpp"
#include "core/base/secret.hpp"
#include "platform/store/principal.hpp"
#include "platform/store/schema.hpp"

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>

namespace landwaiter::platform {

/// api: people and programs. enrollment: valid for one enrollment. sensor: with a sensor's id, that sensor's bearer token; without one, a
/// long-lived token that may enroll any number of sensors.
enum class TokenKind { api, enrollment, sensor };

std::string_view to_string(TokenKind kind);
std::optional<TokenKind> token_kind_from(std::string_view name);

/// What the bearer of a token may do. A sensor token that is not bound to a sensor is good for enrollment only.
PermissionSet permissions_of(TokenKind kind, bool bound_to_sensor);

struct NewToken {
  std::string id;
  Secret token;  ///< shown once; the database keeps its hash
};

NewToken create_token(Transaction& transaction, TokenKind kind, std::string_view name, const std::optional<std::string>& sensor_id,
                      SystemTime now, std::optional<std::chrono::seconds> lifetime);

/// The bearer of the token: the sensor that it is bound to, or else the token itself. Nothing for an unknown or expired token.
std::optional<Principal> authenticate(Transaction& transaction, const Secret& token, SystemTime now);

/// Nothing when there is no such token.
std::optional<TokenKind> token_kind(Transaction& transaction, std::string_view id);

nlohmann::json list_tokens(Transaction& transaction, std::string_view page_token, std::size_t page_size);
/// False if there is no such token.
bool delete_token(Transaction& transaction, std::string_view id);

}  // namespace landwaiter::platform
