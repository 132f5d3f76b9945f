// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/clock.hpp"
#include "core/base/digest.hpp"
#include "core/report/finding.hpp"

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
  bool attestation = false;         ///< an attestation manifest or platform unknown/unknown: not an image
  bool foreign = false;             ///< a foreign or non-distributable layer, which may be absent from the registry
  bool encrypted = false;           ///< media type ends in "+encrypted": cannot be scanned
  std::optional<std::string> data;  ///< the content itself, if the document carries it; already verified by size and digest
};

/// OCI image manifest or Docker schema 2 manifest.
struct ImageManifest {
  std::string media_type;
  std::string artifact_type;
  Descriptor config;
  std::vector<Descriptor> layers;
  /// False for other artifacts (Helm charts, signatures, SBOMs): those whose config has its own media type, or whose layers are all
  /// documents (JSON, XML, ...).
  bool is_image() const;
};

/// OCI index or Docker manifest list.
struct ImageIndex {
  std::string media_type;
  std::vector<Descriptor> manifests;
};

/// A fetched and verified manifest document: `digest` is the hash of `body`.
struct ManifestDocument {
  Digest digest;
  std::string content_type;  ///< without parameters; empty when the source has none
  std::string body;
  std::optional<ImageManifest> image;
  std::optional<ImageIndex> index;      ///< exactly one of image and index is set
  std::vector<Diagnostic> diagnostics;  ///< what its source could not read of the image
};

/// Parses and classifies a manifest body. `content_type` may be empty or generic (text/plain): the body's own mediaType and structure
/// decide, also without any mediaType or under unknown ones. A body with both manifests and layers, or whose structure contradicts its
/// mediaType or the content type of a manifest or index, is `malformed`: two clients would see two images (CVE-2021-41190). Schema 1:
/// `unsupported`. Embedded content that does not match its descriptor: digest_mismatch.
Result<ManifestDocument> parse_manifest(std::string body, std::string content_type, const Digest& digest);

}  // namespace landwaiter::registry
