// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/async.hpp"
#include "registry/client/manifest.hpp"

#include <memory>
#include <span>
#include <string>

namespace landwaiter::registry {

/// A blob being read. The bytes are not verified here (core's VerifyingSource does that where they are used); length is bounded by the
/// descriptor. Destroying the reader aborts the transfer.
class BlobReader {
 public:
  virtual ~BlobReader() = default;
  /// Fills the front of `buffer` and returns how much; 0 is the end. An interrupted transfer is resumed internally.
  virtual Awaitable<std::size_t> read(std::span<std::uint8_t> buffer) = 0;
};

/// Where an image's documents and blobs come from: a repository of a registry, an OCI layout, an archive. Used from the
/// io thread. An object may be used by several coroutines at once.
class ImageSource {
 public:
  virtual ~ImageSource() = default;
  /// By tag or digest; the body is checked against a digest. Errors: not_found, unauthorized, ...
  virtual Awaitable<ManifestDocument> manifest(std::string reference) = 0;
  /// The whole blob, verified, at most limits::config_bytes_max.
  virtual Awaitable<std::string> small_blob(Descriptor descriptor) = 0;
  virtual Awaitable<std::unique_ptr<BlobReader>> open_blob(Descriptor descriptor) = 0;
  /// Name of an image of this source, for people: "localhost:5000/a:1", "oci:dir:tag".
  virtual std::string display_name() const = 0;
  /// Who sends the bytes: sources of one origin share what is given to each origin. The registry's host, or a source of its own.
  virtual std::string origin() const { return display_name(); }
  /// Whether what manifest("") gave is no longer so, and it would give something else now. A blob could not be read because of that.
  virtual bool outdated() const { return false; }
};

/// The content of a descriptor that a manifest names: what the manifest itself carries, otherwise from the source. Like small_blob and
/// open_blob.
Awaitable<std::string> small_content(std::shared_ptr<ImageSource> source, Descriptor descriptor);
Awaitable<std::unique_ptr<BlobReader>> open_content(std::shared_ptr<ImageSource> source, Descriptor descriptor);

}  // namespace landwaiter::registry
