// SPDX-License-Identifier: Apache-2.0
#include "registry/client/name_list.hpp"

#include "core/base/digest.hpp"
#include "core/base/json_reader.hpp"
#include "core/base/text.hpp"
#include "registry/http/http_headers.hpp"

#include <algorithm>
#include <bit>
#include <numeric>
#include <optional>

namespace landwaiter::registry {
namespace {

using nlohmann::json;

/// Without `n` a registry uses its own page size, which is always a round number.
constexpr std::size_t kRoundPage = 100;

std::string query_of(const std::string& target) {
  const std::size_t mark = target.find('?');
  return mark == std::string::npos ? std::string() : target.substr(mark);
}

/// Takes the names out of a page while it is parsed: the entries of the outermost object's list `field`, which are texts, or objects with
/// a "name". All else costs no memory. The last of repeated members counts.
class NameReader {
 public:
  explicit NameReader(const std::string& field) : field_(field) {}

  bool null() { return plain(true); }
  bool boolean(bool) { return plain(false); }
  bool number_integer(json::number_integer_t) { return plain(false); }
  bool number_unsigned(json::number_unsigned_t) { return plain(false); }
  bool number_float(json::number_float_t, const std::string&) { return plain(false); }
  bool binary(json::binary_t&) { return false; }
  bool string(std::string& value) {
    if (at_name_) {
      name_ = std::move(value);
      at_name_ = false;
      return true;
    }
    return depth_ == 2 && in_list_ ? add(value) : plain(false);
  }
  bool key(std::string& name) {
    at_list_ = depth_ == 1 && name == field_;
    at_name_ = depth_ == 3 && in_list_ && name == "name";
    if (at_name_) name_.reset();
    has_errors_ = has_errors_ || (depth_ == 1 && name == "errors");
    return true;
  }
  bool start_object(std::size_t) {
    if (depth_ == 2 && in_list_) name_.reset();
    else if (depth_ != 0 && !skipped()) return false;
    return enter();
  }
  bool end_object() {
    --depth_;
    if (depth_ != 2 || !in_list_) return true;
    return name_ ? add(*name_) : refuse("has an entry that is not a name");
  }
  bool start_array(std::size_t) {
    if (at_list_) {
      names_.clear();
      found_ = in_list_ = true;
      at_list_ = false;
    } else if (depth_ == 0) {
      return refuse_document();
    } else if (!skipped()) {
      return false;
    }
    return enter();
  }
  bool end_array() {
    if (--depth_ == 1) in_list_ = false;
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const json::exception&) { return false; }

  TextList take() { return std::move(names_); }
  /// The list is there, or `null`.
  bool found() const { return found_; }
  bool has_errors() const { return has_errors_; }
  Error failed() const { return failed_ ? *failed_ : Error(ErrorCode::malformed, "the list is not valid JSON"); }

 private:
  bool refuse(std::string_view why) {
    failed_.emplace(ErrorCode::malformed, "its " + field_ + ' ' + std::string(why));
    return false;
  }
  bool refuse_document() {
    failed_.emplace(ErrorCode::malformed, "the list is not an object");
    return false;
  }
  /// A value that is not a name; false if there should be one.
  bool skipped() {
    if (at_list_) return refuse("is not a list");
    if (at_name_ || (depth_ == 2 && in_list_)) return refuse("has an entry that is not a name");
    return true;
  }
  bool plain(bool null) {
    if (depth_ == 0) return refuse_document();
    if (at_list_ && null) {
      names_.clear();
      found_ = true;
      at_list_ = false;
      return true;
    }
    return skipped();
  }
  bool enter() {
    if (++depth_ <= limits::json_depth_max) return true;
    failed_.emplace(ErrorCode::limit_exceeded, "the list is nested too deep");
    return false;
  }
  bool add(std::string_view name) {
    if (names_.size() >= kPageNamesMax) {
      failed_.emplace(ErrorCode::limit_exceeded, "one page of it has more than " + std::to_string(kPageNamesMax) + " names");
      return false;
    }
    names_.push_back(name);
    return true;
  }

  const std::string& field_;
  TextList names_;
  std::optional<std::string> name_;  ///< of the entry that is open
  std::size_t depth_ = 0;
  bool at_list_ = false;  ///< the next value is the list
  bool at_name_ = false;  ///< the next value is the name of an entry
  bool in_list_ = false;
  bool found_ = false;
  bool has_errors_ = false;
  std::optional<Error> failed_;
};

/// The names as listed, valid or not. `null` and a missing list are empty: that is how repositories without tags appear.
Result<TextList> raw_names(std::string_view body, const ListQuery& query, const ListState& state) {
  NameReader reader(query.field);
  if (!json::sax_parse(body.begin(), body.end(), &reader)) return reader.failed();
  // A page that the registry announced is not the end because it cannot be read.
  const bool announced = !state.target.empty() && !state.probe;
  if (!reader.found() && reader.has_errors()) return Error(ErrorCode::malformed, "it is answered with errors instead of a list");
  if (!reader.found() && announced) return Error(ErrorCode::malformed, "its next page has no " + query.field);
  return reader.take();
}

/// Which of the names is the same as one before it.
std::vector<bool> repeated(const TextList& names) {
  std::vector<bool> out(names.size());
  if (std::ranges::is_sorted(names, std::ranges::less_equal{})) return out;
  std::vector<std::uint32_t> order(names.size());
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::sort(order, [&](std::uint32_t a, std::uint32_t b) {
    const int compared = names[a].compare(names[b]);
    return compared != 0 ? compared < 0 : a < b;
  });
  for (std::size_t i = 1; i < order.size(); ++i) out[order[i]] = names[order[i]] == names[order[i - 1]];
  return out;
}

void sort_out(const ListQuery& query, const ListState& state, TextList raw, Page& page) {
  const std::vector<bool> again = repeated(raw);
  raw.keep_if([&](std::size_t index, std::string_view name) {
    // Some servers start a page with the last name of the previous page.
    if (again[index] || (!state.last.empty() && mark_of(name) == state.last)) return false;
    if (query.valid(name)) return true;
    // Untagged manifests, which some list among the tags, are no names.
    if (!Digest::parse(name) && page.invalid.size() < kInvalidNamesKept) page.invalid.push_back(mark_of(name));
    return false;
  });
  page.names = std::move(raw);
}

bool is_full(const ListQuery& query, const ListState& state, std::size_t count) {
  if (!state.sized) return count > 0 && count % kRoundPage == 0;
  // More than requested: it does not page at all.
  return count >= query.full_page && count <= limits::page_size;
}

/// What a link refers to. Behind a proxy that ends TLS, registries write http:// for their own host: the list goes on where it began.
Result<HttpUrl> own_address(const HttpUrl& url, const std::string& link) {
  auto resolved = url.resolve(link);
  if (resolved && url.tls && !resolved->tls && resolved->host == url.host) {
    resolved->tls = true;
    resolved->port = url.port;
  }
  return resolved;
}

/// The state after this page; an empty target if it was the last.
ListState follow(const ListQuery& query, const ListState& state, const TextList& raw, const HttpUrl& url,
                 const std::vector<std::string>& links) {
  ListState next = state;
  next.target.clear();
  next.probe = false;
  next.empty_pages = raw.empty() ? state.empty_pages + 1 : 0;
  if (!raw.empty()) {
    next.previous = mark_of(raw.front());
    next.last = mark_of(raw.back());
    if (next.first.empty()) next.first = next.previous;
  }
  const NextLink link = next_link(links);
  if (link.kind == NextLink::Kind::unreadable) {
    next.target = "?";
    next.broken = "its Link header, which leads to the next page, cannot be read: " + landwaiter::quoted(link.target, 200);
  } else if (link.kind == NextLink::Kind::found && next.empty_pages >= kEmptyPagesMax) {
    next.target = "?";
    next.broken = "its last " + std::to_string(kEmptyPagesMax) + " pages had no names, and it names a further one";
  } else if (link.kind == NextLink::Kind::found) {
    const auto resolved = own_address(url, link.target);
    next.target = resolved ? resolved->same_origin(url) ? resolved->target : resolved->str() : "?";
    if (!resolved) next.broken = resolved.error().with_context("the next page").message();
    if (raw.empty() && next.target == state.empty_mark) next.broken = "its pages without names form a loop";
    // After 1, 2, 4, 8, ... of them: a circle of any length comes back to its mark.
    if (!raw.empty() || std::has_single_bit(next.empty_pages)) next.empty_mark = raw.empty() ? next.target : "";
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
                                            out.broken = document->value("broken", std::string());
                                            out.empty_pages = document->value("empty_pages", std::size_t{0});
                                            out.empty_mark = document->value("empty_mark", std::string());
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
                        {"sized", sized},
                        {"broken", broken},
                        {"empty_pages", empty_pages},
                        {"empty_mark", empty_mark}});
}

Result<std::string> list_target(const ListQuery& query, const ListState& state, const HttpUrl& base) {
  if (state.target.empty()) return query.path + "?n=" + std::to_string(limits::page_size);
  if (!state.broken.empty()) return Error(ErrorCode::malformed, state.broken);
  auto url = state.target.starts_with('/') ? base.at(state.target) : base.resolve(state.target);
  if (!url) return url.error().with_context("the next page");
  if (!url->same_origin(base)) return Error(ErrorCode::malformed, "its next page is on another host: " + url->origin());
  return query.own_path ? query.path + query_of(url->target) : url->target;
}

Result<ListPage> read_list(const ListQuery& query, const ListState& state, std::string body, const HttpUrl& url,
                           const std::vector<std::string>& links) {
  auto raw = raw_names(body, query, state);
  if (!raw) return raw.error();
  ListPage page;
  if (query.with_document) {
    auto document = parse_json(body, "the list", kJsonList);
    if (!document) return document.error();
    page.document = *std::move(document);
  }
  // The names are as long again.
  body = std::string();
  const std::string begin = raw->empty() ? std::string() : mark_of(raw->front());
  if (!begin.empty() && (begin == state.previous || begin == state.first)) {
    const bool circle = begin != state.previous;
    if (circle || state.probe) return page;
    // A page that starts with the last name of the previous one is a new page, if it has more names.
    if (state.previous != state.last || raw->size() == 1) return Error(ErrorCode::malformed, "its next page is the same page again");
  }
  const ListState next = follow(query, state, *raw, url, links);
  sort_out(query, state, *std::move(raw), page);
  if (!next.target.empty()) page.next = next.str(query);
  return page;
}

}  // namespace landwaiter::registry
