// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/limits.hpp"
#include "core/base/result.hpp"
#include "core/base/text_list.hpp"
#include "registry/http/url.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>
#include <vector>

/// Lists of names in the form of the distribution specification ("Content Discovery"): a JSON object with an array, and a Link header to
/// the next page. Pure: builds requests and reads answers. Client::list() does the I/O.
namespace landwaiter::registry {

/// One page of a listing. `next` is opaque; empty after the last page.
struct Page {
  TextList names;  ///< each once
  std::string next;
  std::vector<std::string> invalid;  ///< invalid names, which cannot be requested, made printable
};

struct ListPage : Page {
  nlohmann::json document;  ///< null without ListQuery::with_document
};

/// Names in one page. docker-registry sends all tags of a repository at once, and builds of some years are hundreds of thousands; with the
/// longest tags, these fill limits::list_bytes_max.
inline constexpr std::size_t kPageNamesMax = 1'000'000;
/// Pages without names in a row that are followed: registries leave out what the account may not see.
inline constexpr std::size_t kEmptyPagesMax = 100;
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
  /// Read the whole document, for what a registry adds to the names: at most kJsonList.
  bool with_document = false;
  /// Use only the query of a Link: for registries whose Links name a path that is not served here.
  bool own_path = false;
  /// After a full page without a Link, request what follows its last name: some registries lose the Link.
  bool probe = true;
  std::size_t full_page = limits::page_size;  ///< number of names that make a full page
};

/// Where a list continues; stored in a cursor, so it survives a restart.
struct ListState {
  std::string target;           ///< path and query of the page, empty for the first one. As given by the registry, possibly on another host
  std::string first;            ///< the first name of the first page
  std::string previous;         ///< the first name of the previous page
  std::string last;             ///< the last name of the previous page
  bool probe = false;           ///< a guess: the registry did not announce this page
  bool sized = true;            ///< false if the registry rejects `n`
  std::size_t empty_pages = 0;  ///< without names, in a row
  std::string empty_mark;       ///< the target of one of these, by which a circle of them is seen
  std::string broken;           ///< why the next page, which there may be, cannot be requested; empty if it can

  /// Error invalid_argument if the cursor belongs to another list or is not ours.
  static Result<ListState> parse(const std::string& cursor, const ListQuery& query);
  std::string str(const ListQuery& query) const;
};

/// The value of "kind" in cursors of such lists.
inline constexpr std::string_view kNameListCursor = "v2";

/// Path and query to request. Error malformed if the registry's Link cannot be read or points to another host.
Result<std::string> list_target(const ListQuery& query, const ListState& state, const HttpUrl& base);

/// The page in `body`, read in memory of about its size. `url` is the one that answered, `links` its Link headers. A page that has been
/// seen before ends the list if it is the first page again (the registry loops) or was only a guess; otherwise it is malformed.
Result<ListPage> read_list(const ListQuery& query, const ListState& state, std::string body, const HttpUrl& url,
                           const std::vector<std::string>& links);

}  // namespace landwaiter::registry
