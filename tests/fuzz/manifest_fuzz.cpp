// SPDX-License-Identifier: Apache-2.0
// A document that parses is exactly one of image and index, and everything in it keeps the limits.
#include "core/base/limits.hpp"
#include "registry/client/manifest.hpp"

#include <cstdint>
#include <cstdlib>

using namespace landwaiter;
using namespace landwaiter::registry;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check(const Descriptor& descriptor, std::uint64_t size_max) {
  require(!descriptor.digest.empty() && Digest::parse(descriptor.digest.str()).has_value());
  require(descriptor.size_bytes <= size_max);
  require(!descriptor.media_type.empty());
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
  auto config = parse_config(body);
  if (config) require(config->diff_ids.size() <= limits::manifest_layers_max);
  return 0;
}
