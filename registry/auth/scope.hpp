// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

/// Scopes of Bearer tokens (distribution, docs/spec/auth/scope.md): "repository:a/b:pull", "registry:catalog:*".
namespace landwaiter::registry {

/// What a scope allows, for people: "pull repository a/b", "list the catalog".
std::string describe_scope(std::string_view scope);

/// The scope to request if a registry says that `wanted` was insufficient and `challenged` (its own scopes, separated by spaces) is
/// needed: only reading, and only what `wanted` names. Empty if that adds nothing to `wanted`.
std::string permitted_scope(std::string_view wanted, std::string_view challenged);

}  // namespace landwaiter::registry
