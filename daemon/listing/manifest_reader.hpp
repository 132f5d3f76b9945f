// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/document_lane.hpp"
#include "daemon/listing/manifest_memory.hpp"
#include "registry/client/client.hpp"
#include "registry/enumerators/enumerator.hpp"

#include <memory>
#include <string>

namespace landwaiter::daemon {

/// The manifests of one repository (or local source), from memory if they are known. Errors are those of registry::ImageSource.
class ManifestReader {
 public:
  /// For a local source: `memory` may be nullptr.
  ManifestReader(std::shared_ptr<registry::ImageSource> source, std::shared_ptr<ManifestMemory> memory);
  /// For a repository. With `ask_first` a tag is resolved with HEAD, and fetched only if it names something new.
  ManifestReader(std::shared_ptr<registry::Client> client, std::string repository, std::shared_ptr<ManifestMemory> memory, bool ask_first);

  /// What a tag currently names. A digest from the list of tags is used if it is known.
  Awaitable<KnownManifest> read_tag(registry::TagEntry entry);
  /// By tag or digest.
  Awaitable<KnownManifest> read(std::string reference);
  /// The same image with facts from its config. A missing or malformed config adds nothing; other failures are errors.
  Awaitable<KnownManifest> read_config(KnownManifest image);

 private:
  Awaitable<KnownManifest> fetch(std::string reference);

  std::shared_ptr<registry::ImageSource> source_;
  std::shared_ptr<registry::Client> client_;  ///< nullptr for a local source
  std::string repository_;
  std::shared_ptr<ManifestMemory> memory_;
  bool ask_first_ = false;
  DocumentLane documents_;  ///< for configs
};

}  // namespace landwaiter::daemon
