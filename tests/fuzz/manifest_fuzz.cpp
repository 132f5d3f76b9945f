// SPDX-License-Identifier: Apache-2.0
// A document that parses is exactly one of image and index, and everything in it keeps the limits. Of a config, every text is visited, at
// a place that can be shown.
#include "core/base/json_reader.hpp"
#include "core/base/limits.hpp"
#include "core/report/image_config.hpp"
#include "detectors/image/document_texts.hpp"
#include "registry/client/manifest.hpp"

#include <cstdint>
#include <cstdlib>
#include <set>

using namespace landwaiter;
using namespace landwaiter::registry;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check(const Descriptor& descriptor, std::uint64_t size_max) {
  require(!descriptor.digest.empty() && Digest::parse(descriptor.digest.str()).has_value());
  require(descriptor.size_bytes <= size_max);
  require(descriptor.media_type.size() <= 255);
}

void check(const ImageConfig& config) {
  require(config.diff_ids.size() <= limits::manifest_layers_max);
  for (const auto* list :
       {&config.environment, &config.entrypoint, &config.command, &config.health_check, &config.exposed_ports, &config.volumes}) {
    require(list->size() <= kConfigEntriesMax);
  }
  require(config.labels.size() <= kConfigEntriesMax && config.history.size() <= kConfigEntriesMax);
}

/// The texts of a document as another reader of JSON has it, which keeps one of several members of a name.
void collect(const nlohmann::json& value, std::set<std::string>& out) {
  if (value.is_string()) out.insert(value.get<std::string>());
  if (!value.is_structured()) return;
  for (const auto& [name, entry] : value.items()) {
    if (value.is_object()) out.insert(name);
    collect(entry, out);
  }
}

bool is_shown_safely(const std::string& place) {
  for (const char c : place) {
    if (c < ' ' || c > '~') return false;
  }
  return place.size() < 400;
}

void check_texts(const std::string& body) {
  std::set<std::string> visited;
  const auto visit = [&](std::string_view text, const detectors::TextPlace& place) {
    visited.emplace(text);
    require(is_shown_safely(place.str(0)) && is_shown_safely(place.str(text.size())));
  };
  const auto ended = detectors::visit_texts(body, detectors::kDocumentTextsMax, visit);
  const auto document = parse_json(body, "document", kJsonManifest);
  if (!document) return;
  require(ended || ended.error().code() == ErrorCode::limit_exceeded);
  std::set<std::string> texts;
  collect(*document, texts);
  for (const std::string& text : texts) require(!ended || visited.contains(text));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  const std::string body(as_text(bytes));
  auto document = parse_manifest(body, "", Digest::sha256_of(bytes));
  if (document) {
    require(document->image.has_value() != document->index.has_value());
    require(document->body == body);
    if (document->image) {
      check(document->image->config, limits::layer_bytes_max);
      require(document->image->layers.size() <= limits::manifest_layers_max);
      for (const Descriptor& layer : document->image->layers) check(layer, limits::layer_bytes_max);
    } else {
      require(document->index->manifests.size() <= limits::index_manifests_max);
      for (const Descriptor& child : document->index->manifests) check(child, limits::manifest_bytes_max);
    }
  }
  auto config = parse_image_config(body);
  if (config) check(*config);
  check_texts(body);
  return 0;
}
