// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/clock.hpp"
#include "core/base/digest.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace landwaiter::registry {

/// OCI image-spec, descriptor.md. Size and digest come from a document whose own digest was checked.
struct Descriptor {
  std::string media_type;
  Digest digest;
  std::uint64_t size_bytes = 0;
  std::string platform;  ///< in an index: "os/arch[/variant]", empty when not given
  std::string artifact_type;
  bool attestation = false;         ///< an attestation manifest or platform unknown/unknown: no image
  bool foreign = false;             ///< a foreign or non-distributable layer, which may be absent from the registry
  bool encrypted = false;           ///< media type ends in "+encrypted": cannot be scanned
  std::optional<std::string> data;  ///< the content itself, when the document carries it; already proven by size and digest
};

/// OCI image manifest or Docker schema 2 manifest.
struct ImageManifest {
  std::string media_type;
  std::string artifact_type;
  Descriptor config;
  std::vector<Descriptor> layers;
  /// False for other artifacts (Helm charts, signatures, SBOMs): those whose config has a media type of its own, or none of whose
  /// layers is a file system's.
  bool is_image() const;
};

/// OCI index or Docker manifest list.
struct ImageIndex {
  std::string media_type;
  std::vector<Descriptor> manifests;
};

/// What the image config tells.
struct ImageConfig {
  std::string platform;  ///< "linux/amd64"
  std::string created;   ///< RFC 3339 as given, empty when absent or malformed
  std::vector<Digest> diff_ids;
};

/// A manifest document that was fetched, with proof: `digest` is the hash of `body`.
struct ManifestDocument {
  Digest digest;
  std::string content_type;  ///< without parameters; empty when the source has none
  std::string body;
  std::optional<ImageManifest> image;
  std::optional<ImageIndex> index;  ///< exactly one of image and index is set
};

/// Parses and classifies a manifest body. `content_type` may be empty or any general one (text/plain): the body's own mediaType and shape
/// decide. A body that holds both manifests and layers, or whose shape contradicts its mediaType or a content type of image manifests or
/// indexes, is `malformed`: it would be two images to two clients (CVE-2021-41190). Schema 1: `unsupported`. Content that the
/// document carries itself and that is not what its descriptor says: digest_mismatch.
Result<ManifestDocument> parse_manifest(std::string body, std::string content_type, const Digest& digest);

Result<ImageConfig> parse_config(std::string_view body);

}  // namespace landwaiter::registry
