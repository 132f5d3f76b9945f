// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/digest.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace landwaiter {

/// A manifest that an index names.
struct ManifestMember {
  Digest digest;
  std::string media_type;
  std::string platform;      ///< "linux/amd64", empty when not given
  bool attestation = false;  ///< describes an image, is not one itself
};

/// What a listing knows about a manifest, without its body. A digest always names the same content, so this may be cached and used for
/// any repository.
struct ManifestFacts {
  enum class Kind { image, artifact, index };

  Digest digest;
  Kind kind = Kind::image;
  std::string media_type;
  std::string artifact_type;     ///< for people: an artifact's artifactType, or its config's media type
  std::uint64_t size_bytes = 0;  ///< all layers together, compressed
  Digest config;                 ///< of an image
  std::string config_media_type;
  std::uint64_t config_size_bytes = 0;
  bool config_read = false;  ///< the next two are what the config says
  std::string created;       ///< RFC 3339, empty when the config does not say
  std::string platform;
  std::vector<ManifestMember> members;  ///< of an index

  /// Approximate memory use.
  std::size_t bytes() const;
};

void to_json(nlohmann::json& out, const ManifestFacts& value);
void from_json(const nlohmann::json& in, ManifestFacts& value);

}  // namespace landwaiter
