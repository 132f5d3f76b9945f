// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "daemon/listing/manifest_memory.hpp"
#include "registry/client/client.hpp"
#include "registry/enumerators/enumerator.hpp"

#include <memory>
#include <string>

namespace landwaiter::daemon {

/// The manifests of one repository (or local source), from memory where it knows them. Errors are those of registry::ImageSource.
class ManifestReader {
 public:
  /// Of a local source: `memory` may be nullptr.
  ManifestReader(std::shared_ptr<registry::ImageSource> source, std::shared_ptr<ManifestMemory> memory);
  /// Of a repository. With `ask_first` a tag is asked for by HEAD, and fetched only when it names something new.
  ManifestReader(std::shared_ptr<registry::Client> client, std::string repository, std::shared_ptr<ManifestMemory> memory, bool ask_first);

  /// What a tag names now. A digest that came with the list of tags is taken when it is known.
  Awaitable<KnownManifest> read_tag(registry::TagEntry entry);
  /// By tag or digest.
  Awaitable<KnownManifest> read(std::string reference);
  /// The same image with what its config says. A config that is gone or makes no sense says nothing; other failures are errors.
  Awaitable<KnownManifest> read_config(KnownManifest image);

 private:
  Awaitable<KnownManifest> fetch(std::string reference);

  std::shared_ptr<registry::ImageSource> source_;
  std::shared_ptr<registry::Client> client_;  ///< nullptr for a local source
  std::string repository_;
  std::shared_ptr<ManifestMemory> memory_;
  bool ask_first_ = false;
};

}  // namespace landwaiter::daemon
