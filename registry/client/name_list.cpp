// SPDX-License-Identifier: Apache-2.0
#include "registry/client/name_list.hpp"

#include "core/base/digest.hpp"
#include "core/base/json_reader.hpp"
#include "core/base/text.hpp"
#include "registry/http/http_headers.hpp"

#include <unordered_set>

namespace landwaiter::registry {
namespace {

using nlohmann::json;

/// Without `n` a registry uses its own page size, which is always a round number.
constexpr std::size_t kRoundPage = 100;

std::string query_of(const std::string& target) {
  const std::size_t mark = target.find('?');
  return mark == std::string::npos ? std::string() : target.substr(mark);
}

/// The names as listed, valid or not. `null` and a missing list are empty: that is how repositories without tags appear.
Result<std::vector<std::string>> raw_names(const json& document, const std::string& field) {
  if (!document.is_object()) return Error(ErrorCode::malformed, "the list is not an object");
  std::vector<std::string> out;
  const auto list = document.find(field);
  if (list == document.end() || list->is_null()) return out;
  if (!list->is_array()) return Error(ErrorCode::malformed, "its " + field + " is not a list");
  for (const json& entry : *list) {
    const auto name = entry.is_object() ? entry.find("name") : entry.end();
    const json& value = entry.is_object() && name != entry.end() ? *name : entry;
    if (!value.is_string()) return Error(ErrorCode::malformed, "its " + field + " has an entry that is not a name");
    out.push_back(value.get<std::string>());
  }
  return out;
}

void sort_out(const ListQuery& query, const ListState& state, const std::vector<std::string>& raw, Page& page) {
  std::unordered_set<std::string_view> seen;
  for (const std::string& name : raw) {
    // Some servers start a page with the last name of the previous page.
    if (!seen.insert(name).second || (!state.last.empty() && mark_of(name) == state.last)) continue;
    if (query.valid(name)) page.names.push_back(name);
    else if (Digest::parse(name)) continue;  // untagged manifests, which some list among the tags
    else if (page.invalid.size() < kInvalidNamesKept) page.invalid.push_back(mark_of(name));
  }
}

bool is_full(const ListQuery& query, const ListState& state, std::size_t count) {
  if (!state.sized) return count > 0 && count % kRoundPage == 0;
  // More than requested: it does not page at all.
  return count >= query.full_page && count <= limits::page_size;
}

/// The state after this page; an empty target if it was the last.
ListState follow(const ListQuery& query, const ListState& state, const std::vector<std::string>& raw, const HttpUrl& url,
                 const std::vector<std::string>& links) {
  ListState next = state;
  next.target.clear();
  next.probe = false;
  if (!raw.empty()) {
    next.previous = mark_of(raw.front());
    next.last = mark_of(raw.back());
    if (next.first.empty()) next.first = next.previous;
  }
  if (const auto link = next_link(links)) {
    const auto resolved = url.resolve(*link);
    next.target = resolved && resolved->same_origin(url) ? resolved->target : printable(resolved ? resolved->str() : *link);
    if (next.target.empty()) next.target = "?";  // an empty reference: this page again
  } else if (query.probe && is_full(query, state, raw.size())) {
    next.probe = true;
    next.target =
        query.path + '?' + (state.sized ? "n=" + std::to_string(limits::page_size) + '&' : "") + "last=" + percent_encoded(raw.back());
  }
  return next;
}

}  // namespace

std::string mark_of(std::string_view name) { return printable(name.substr(0, limits::repository_name_bytes_max)); }

Result<ListState> ListState::parse(const std::string& cursor, const ListQuery& query) {
  ListState out;
  if (cursor.empty()) return out;
  if (cursor.size() > limits::list_cursor_bytes_max) return Error(ErrorCode::invalid_argument, "the cursor is too long");
  auto document = parse_json(cursor, "the cursor", kJsonFields);
  std::string kind;
  std::string list;
  auto read = document ? read_json_fields("the cursor",
                                          [&] {
                                            document->at("kind").get_to(kind);
                                            document->at("list").get_to(list);
                                            document->at("target").get_to(out.target);
                                            document->at("first").get_to(out.first);
                                            document->at("previous").get_to(out.previous);
                                            document->at("last").get_to(out.last);
                                            document->at("probe").get_to(out.probe);
                                            document->at("sized").get_to(out.sized);
                                          })
                       : Result<void>(document.error());
  if (!read || out.target.empty()) return Error(ErrorCode::invalid_argument, "not a cursor of this list");
  if (kind != kNameListCursor || list != query.path) return Error(ErrorCode::invalid_argument, "the cursor belongs to another list");
  return out;
}

std::string ListState::str(const ListQuery& query) const {
  return dump_json(json{{"kind", kNameListCursor},
                        {"list", query.path},
                        {"target", target},
                        {"first", first},
                        {"previous", previous},
                        {"last", last},
                        {"probe", probe},
                        {"sized", sized}});
}

Result<std::string> list_target(const ListQuery& query, const ListState& state, const HttpUrl& base) {
  if (state.target.empty()) return query.path + "?n=" + std::to_string(limits::page_size);
  auto url = base.resolve(state.target);
  if (!url) return url.error().with_context("the next page");
  if (!url->same_origin(base)) return Error(ErrorCode::malformed, "its next page is on another host: " + url->origin());
  return query.own_path ? query.path + query_of(url->target) : url->target;
}

Result<ListPage> read_list(const ListQuery& query, const ListState& state, const std::string& body, const HttpUrl& url,
                           const std::vector<std::string>& links) {
  auto document = parse_json(body, "the list", kJsonList);
  if (!document) return document.error();
  auto raw = raw_names(*document, query.field);
  if (!raw) return raw.error();
  ListPage page;
  page.document = std::move(*document);
  const std::string begin = raw->empty() ? std::string() : mark_of(raw->front());
  if (!begin.empty() && (begin == state.previous || begin == state.first)) {
    const bool circle = begin != state.previous;
    if (circle || state.probe) return page;
    // A page that starts with the last name of the previous one is a new page, if it has more names.
    if (state.previous != state.last || raw->size() == 1) return Error(ErrorCode::malformed, "its next page is the same page again");
  }
  sort_out(query, state, *raw, page);
  const ListState next = follow(query, state, *raw, url, links);
  if (!next.target.empty()) page.next = next.str(query);
  return page;
}

}  // namespace landwaiter::registry
