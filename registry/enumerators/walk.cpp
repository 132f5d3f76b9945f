// SPDX-License-Identifier: Apache-2.0
#include "registry/enumerators/walk.hpp"

#include "core/base/json_reader.hpp"
#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "registry/client/name_list.hpp"

#include <algorithm>
#include <charconv>
#include <unordered_set>

namespace landwaiter::registry {
namespace {

using nlohmann::json;

Error foreign_cursor() { return Error(ErrorCode::invalid_argument, "the cursor is not one of this registry's lists"); }

/// A node to visit, and the progress in it.
struct Place {
  std::string node;
  std::string token;
  std::string first;  ///< the first name of the previous page
};

struct TreeCursor {
  std::vector<Place> stack;  ///< the next one is last
  std::string last;          ///< the last name of the previous page

  static Result<TreeCursor> parse(const std::string& kind, const std::string& text);
  Result<std::string> str(const std::string& kind) const;
};

Result<TreeCursor> TreeCursor::parse(const std::string& kind, const std::string& text) {
  TreeCursor out;
  if (text.empty()) {
    out.stack.emplace_back();
    return out;
  }
  if (text.size() > limits::list_cursor_bytes_max) return foreign_cursor();
  auto document = parse_json(text, "the cursor", kJsonRequest);
  if (!document) return foreign_cursor();
  std::string found;
  auto read = read_json_fields("the cursor", [&] {
    document->at("kind").get_to(found);
    document->at("last").get_to(out.last);
    for (const json& place : document->at("stack")) {
      out.stack.push_back({place.at(0).get<std::string>(), place.at(1).get<std::string>(), place.at(2).get<std::string>()});
    }
  });
  if (!read || found != kind || out.stack.empty()) return foreign_cursor();
  return out;
}

Result<std::string> TreeCursor::str(const std::string& kind) const {
  if (stack.empty()) return std::string();
  json places = json::array();
  for (const Place& place : stack) places.push_back(json::array({place.node, place.token, place.first}));
  std::string out = dump_json(json{{"kind", kind}, {"last", last}, {"stack", std::move(places)}});
  if (out.size() > limits::list_cursor_bytes_max) {
    return Error(ErrorCode::limit_exceeded, "the listing's cursor would be too long: the registry has too many projects open at once");
  }
  return out;
}

/// Whether the rest of the registry can probably be listed although this part cannot.
bool only_this_part(const Error& error) {
  switch (error.code()) {
    case ErrorCode::forbidden:
    case ErrorCode::not_found:
    case ErrorCode::malformed:
    case ErrorCode::unsupported:
    case ErrorCode::limit_exceeded: return true;
    default: return false;
  }
}

void add_names(const std::vector<std::string>& names, const std::string& last, RepositoryPage& page) {
  std::unordered_set<std::string_view> seen;
  for (const std::string& name : names) {
    if (!seen.insert(name).second || (!last.empty() && name == last)) continue;
    if (is_repository_name(name)) page.names.push_back(name);
    else if (page.invalid.size() < kInvalidNamesKept) page.invalid.push_back(mark_of(name));
  }
}

std::string beginning(const Visit& visit) {
  if (!visit.names.empty()) return mark_of(visit.names.front());
  return visit.nodes.empty() ? std::string() : mark_of(visit.nodes.front());
}

/// Pushes the rest of the node onto the stack, and before it what was found below it.
void descend(TreeCursor& cursor, Place place, Visit visit) {
  if (!visit.next.empty()) cursor.stack.push_back({std::move(place.node), std::move(visit.next), beginning(visit)});
  for (auto node = visit.nodes.rbegin(); node != visit.nodes.rend(); ++node) {
    // "" is the root, which would restart the walk.
    if (!node->empty()) cursor.stack.push_back({std::move(*node), "", ""});
  }
}

}  // namespace

Result<std::string> kind_of_cursor(const std::string& cursor) {
  if (cursor.empty()) return std::string();
  if (cursor.size() > limits::list_cursor_bytes_max) return foreign_cursor();
  auto document = parse_json(cursor, "the cursor", kJsonRequest);
  if (!document || !document->is_object()) return foreign_cursor();
  const auto kind = document->find("kind");
  if (kind == document->end() || !kind->is_string()) return foreign_cursor();
  return kind->get<std::string>();
}

Result<unsigned> page_number(const std::string& token) {
  if (token.empty()) return 1U;
  unsigned value = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), value);
  if (error != std::errc() || end != token.data() + token.size() || value == 0 || value > limits::pages_max) return foreign_cursor();
  return value;
}

Awaitable<RepositoryPage> walk_tree(std::string kind, std::string cursor, Visitor visitor) {
  auto state = TreeCursor::parse(kind, cursor);
  if (!state) co_return state.error();
  Place place = std::move(state->stack.back());
  state->stack.pop_back();
  auto visit = co_await visitor(place.node, place.token);
  if (visit && !place.first.empty() && beginning(*visit) == place.first)
    visit = Error(ErrorCode::malformed, "its next page is the same page again");
  if (visit && visit->nodes.size() > limits::list_parts_max) {
    visit = Error(ErrorCode::limit_exceeded, "it has more than " + std::to_string(limits::list_parts_max) + " parts");
  }
  RepositoryPage page;
  if (!visit) {
    if (place.node.empty() || !only_this_part(visit.error())) co_return visit.error();
    page.unlisted.push_back({mark_of(place.node), visit.error()});
  } else {
    add_names(visit->names, state->last, page);
    page.invalid.insert(page.invalid.end(), visit->invalid.begin(), visit->invalid.end());
    page.unlisted = std::move(visit->unlisted);
    if (!visit->names.empty()) state->last = mark_of(visit->names.back());
    descend(*state, std::move(place), std::move(*visit));
  }
  auto next = state->str(kind);
  if (!next) co_return next.error();
  page.next = std::move(*next);
  co_return page;
}

Awaitable<TagPage> walk_tags(std::string kind, std::string repository, std::string cursor, TagVisitor visitor) {
  std::string token;
  std::string first;
  std::string last;
  if (!cursor.empty()) {
    if (cursor.size() > limits::list_cursor_bytes_max) co_return foreign_cursor();
    auto document = parse_json(cursor, "the cursor", kJsonRequest);
    std::string found;
    std::string of;
    const auto fields = [&] {
      document->at("kind").get_to(found);
      document->at("repository").get_to(of);
      document->at("page").get_to(token);
      document->at("first").get_to(first);
      document->at("last").get_to(last);
    };
    auto read = document ? read_json_fields("the cursor", fields) : Result<void>(document.error());
    if (!read || found != kind || of != repository || token.empty()) co_return foreign_cursor();
  }
  auto visit = co_await visitor(token);
  if (!visit) co_return visit.error();
  TagPage page;
  if (visit->entries.empty()) {
    if (!visit->next.empty())
      page.next = dump_json(json{{"kind", kind}, {"repository", repository}, {"page", visit->next}, {"first", first}, {"last", last}});
    co_return page;
  }
  const std::string begin = mark_of(visit->entries.front().tag);
  if (!first.empty() && begin == first) co_return Error(ErrorCode::malformed, "its next page is the same page again");
  const std::string end = mark_of(visit->entries.back().tag);
  std::unordered_set<std::string> seen;
  for (TagEntry& entry : visit->entries) {
    if (!seen.insert(entry.tag).second || (!last.empty() && entry.tag == last)) continue;
    if (is_tag(entry.tag)) page.entries.push_back(std::move(entry));
    else if (page.invalid.size() < kInvalidNamesKept && !Digest::parse(entry.tag)) page.invalid.push_back(mark_of(entry.tag));
  }
  if (!visit->next.empty())
    page.next = dump_json(json{{"kind", kind}, {"repository", repository}, {"page", visit->next}, {"first", begin}, {"last", end}});
  co_return page;
}

}  // namespace landwaiter::registry
