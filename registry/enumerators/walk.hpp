// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "registry/enumerators/enumerator.hpp"

#include <nlohmann/json.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

/// Reads lists with levels (projects, then their repositories) or numbered pages, one request per page, with everything that is still to
/// be read in the cursor.
namespace landwaiter::registry {

/// The result of one request to one node of the tree.
struct Visit {
  std::vector<std::string> names;    ///< repositories; checked by the walk
  std::vector<std::string> invalid;  ///< names that were checked before, made printable
  std::vector<std::string> nodes;    ///< parts below this one, to visit in this order
  std::vector<UnlistedPart> unlisted;
  std::string next;  ///< for the node's next page; empty after its last
};
/// Requests a page of a node. The root is ""; `token` is "" or the last visit's `next`.
using Visitor = std::function<Awaitable<Visit>(std::string node, std::string token)>;

/// One step, depth first. A part that is refused or broken becomes an UnlistedPart and the walk continues; only the root's errors and
/// transient errors end it. A node that answers with the same page twice is malformed.
Awaitable<RepositoryPage> walk_tree(std::string kind, std::string cursor, Visitor visitor);

struct TagVisit {
  std::vector<TagEntry> entries;
  std::string next;
};
using TagVisitor = std::function<Awaitable<TagVisit>(std::string token)>;

/// One step over the pages of a repository's tags.
Awaitable<TagPage> walk_tags(std::string kind, std::string repository, std::string cursor, TagVisitor visitor);

/// The kind of walk that a cursor belongs to; "" for the first page's. Error invalid_argument.
Result<std::string> kind_of_cursor(const std::string& cursor);

/// Tokens of lists with numbered pages: "" is page 1. Error invalid_argument.
Result<unsigned> page_number(const std::string& token);

}  // namespace landwaiter::registry
