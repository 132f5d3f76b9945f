// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/limits.hpp"
#include "core/base/result.hpp"
#include "registry/http/url.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>
#include <vector>

/// Lists of names in the form of the distribution specification ("Content Discovery"): a JSON object with an array, and a Link header
/// to the next page. Pure: what to ask for, and what an answer says. Client::list() does the asking.
namespace landwaiter::registry {

/// One page of a listing. `next` is opaque; empty after the last page.
struct Page {
  std::vector<std::string> names;  ///< each once
  std::string next;
  std::vector<std::string> invalid;  ///< names that break the grammar and cannot be asked for, made printable
};

/// A page with the document it came in, for what a registry tells beside the names.
struct ListPage : Page {
  nlohmann::json document;
};

/// How many invalid names a page keeps.
inline constexpr std::size_t kInvalidNamesKept = 20;
/// A name from outside as a cursor keeps it: printable and bounded, enough to know it again.
std::string mark_of(std::string_view name);

struct ListQuery {
  std::string path;                           ///< "/v2/_catalog"
  std::string field;                          ///< "repositories"; its entries are names, or objects that have one
  bool (*valid)(std::string_view) = nullptr;  ///< the names' grammar
  std::string scope;                          ///< of the Bearer token
  std::string subject;                        ///< for people: "the catalog"
  /// Of a Link only the query counts: for registries whose Links name a path that is not served here.
  bool own_path = false;
  /// A full page without a Link is followed by a request for what comes after its last name: some lose the Link.
  bool probe = true;
  std::size_t full_page = limits::page_size;  ///< from how many names on a page is full
};

/// Where a list goes on; what a cursor holds, so that it survives a restart.
struct ListState {
  std::string target;    ///< path and query of the page; empty for the first one. As the registry said it, maybe elsewhere
  std::string first;     ///< the first name of the first page
  std::string previous;  ///< the first name of the page before
  std::string last;      ///< the last name of the page before
  bool probe = false;    ///< nobody said that there is such a page
  bool sized = true;     ///< false when the registry refuses `n`

  /// Error invalid_argument when the cursor is of another list or not one of ours.
  static Result<ListState> parse(const std::string& cursor, const ListQuery& query);
  std::string str(const ListQuery& query) const;
};

/// The value of "kind" in cursors of such lists.
inline constexpr std::string_view kNameListCursor = "v2";

/// Path and query to ask for. Error malformed when the registry's Link leads to another host or is none.
Result<std::string> list_target(const ListQuery& query, const ListState& state, const HttpUrl& base);

/// The page that `body` holds. `url` is the one that answered, `links` its Link headers. A page that the walk has seen is empty and the
/// last when it is the first one again after others (the registry walks in a circle) or was only probed for; else malformed.
Result<ListPage> read_list(const ListQuery& query, const ListState& state, const std::string& body, const HttpUrl& url,
                           const std::vector<std::string>& links);

}  // namespace landwaiter::registry
