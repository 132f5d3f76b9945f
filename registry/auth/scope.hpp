// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

/// Scopes of Bearer tokens (distribution, docs/spec/auth/scope.md): "repository:a/b:pull", "registry:catalog:*".
namespace landwaiter::registry {

/// What a scope allows, for people: "pull repository a/b", "list the catalog".
std::string describe_scope(std::string_view scope);

/// What may be asked for when a registry says that `wanted` was too little and `challenged` (its own words, several scopes with spaces
/// between) is needed: reading, of what `wanted` names. Empty when that is nothing or no more than `wanted`.
std::string permitted_scope(std::string_view wanted, std::string_view challenged);

}  // namespace landwaiter::registry
