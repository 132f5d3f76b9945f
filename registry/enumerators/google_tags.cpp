// SPDX-License-Identifier: Apache-2.0
#include "registry/enumerators/google_tags.hpp"

#include "core/base/json_reader.hpp"

#include <charconv>

namespace landwaiter::registry {
namespace {

using nlohmann::json;

/// Their lists have been truncated slightly below 1,000, without a Link.
constexpr std::size_t kFullPage = 900;

struct Told {
  Digest digest;
  std::string pushed;
};

std::string upload_time(const json& manifest) {
  const std::string text = text_of(manifest, "timeUploadedMs");
  std::int64_t milliseconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), milliseconds);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return utc_of_milliseconds(milliseconds);
}

std::map<std::string, Told, std::less<>> manifests_by_tag(const json& document) {
  std::map<std::string, Told, std::less<>> out;
  const auto manifests = document.is_object() ? document.find("manifest") : document.end();
  if (manifests == document.end() || !manifests->is_object()) return out;
  for (const auto& [name, manifest] : manifests->items()) {
    auto digest = Digest::parse(name);
    const auto tags = manifest.is_object() ? manifest.find("tag") : manifest.end();
    if (!digest || tags == manifest.end() || !tags->is_array()) continue;
    for (const json& tag : *tags) {
      if (tag.is_string()) out[tag.get<std::string>()] = {*digest, upload_time(manifest)};
    }
  }
  return out;
}

}  // namespace

void GoogleEnumerator::adapt(ListQuery& query) const { query.full_page = kFullPage; }

Awaitable<TagPage> GoogleEnumerator::v2_tags(std::string repository, std::string cursor) {
  auto query = Client::tags_query(repository);
  if (!query) co_return query.error();
  adapt(*query);
  query->with_document = true;
  auto list = co_await client().list(std::move(*query), std::move(cursor));
  if (!list) co_return list.error();
  const auto told = manifests_by_tag(list->document);
  TagPage out;
  for (const std::string_view name : list->names) {
    const auto found = told.find(name);
    if (found == told.end()) out.entries.push_back({std::string(name), Digest(), ""});
    else out.entries.push_back({std::string(name), found->second.digest, found->second.pushed});
  }
  out.invalid = std::move(list->invalid);
  out.next = std::move(list->next);
  co_return out;
}

std::string GoogleEnumerator::project() const {
  const Credentials& credentials = endpoint().credentials;
  const Secret& key = credentials.google_key_json.empty() ? credentials.password : credentials.google_key_json;
  if (credentials.google_key_json.empty() && credentials.username != "_json_key") return {};
  auto document = parse_json(key.reveal(), "the key", kJsonFields);
  // No part of a key may appear in a message.
  return document ? text_of(*document, "project_id") : std::string();
}

}  // namespace landwaiter::registry
