// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/clock.hpp"
#include "registry/client/client.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace landwaiter::registry {

/// A part of a registry that could not be listed while the rest was.
struct UnlistedPart {
  std::string name;  ///< of a project, an organisation, a folder; printable
  Error error;
};

/// One page of a registry's repositories. May be empty although others follow.
struct RepositoryPage {
  std::vector<std::string> names;    ///< as the client is asked for them: "library/alpine", "key/team/image"; each once
  std::vector<std::string> invalid;  ///< names that break the grammar, made printable
  std::vector<UnlistedPart> unlisted;
  std::string next;  ///< opaque; empty after the last page
};

/// A tag as the registry's list tells it. All but the name is empty when the list does not tell.
struct TagEntry {
  std::string tag;
  Digest digest;       ///< of the manifest or index that the tag names; a hint, which a manifest's body must prove
  std::string pushed;  ///< RFC 3339 in UTC: when it was pushed, by the registry's own word
};

struct TagPage {
  std::vector<TagEntry> entries;
  std::vector<std::string> invalid;
  std::string next;
};

/// How a kind of registry is asked what it holds. Manifests and blobs are read in the same way from all of them, through Client.
/// Cursors hold the whole state of a walk, so that they may be kept and used after a restart; each page's is followed through a
/// PageGuard. One that is foreign or damaged is invalid_argument. A name may come again on a later page when something was pushed
/// meanwhile. Errors name the registry and what was asked; forbidden and unauthorized say which right is missing for the listing, since an
/// account that may pull may often not list. Used from the io thread, by several coroutines at once.
class Enumerator {
 public:
  virtual ~Enumerator() = default;
  /// A name of core/wire/registry_kinds.hpp, never "auto".
  virtual std::string_view kind() const = 0;
  /// Whether tags() can tell push times; otherwise only an image's config says when it was made.
  virtual bool knows_push_time() const = 0;
  virtual Awaitable<RepositoryPage> repositories(std::string cursor) = 0;
  virtual Awaitable<TagPage> tags(std::string repository, std::string cursor) = 0;
};

/// The enumerator of the client's endpoint. For kind "auto", by the host's whole name, or else by the answer to /v2/; a registry that
/// nothing betrays is a "docker-v2". Error: invalid_argument for an unknown kind; those of Client::probe().
Awaitable<std::shared_ptr<Enumerator>> open_enumerator(std::shared_ptr<Client> client);

}  // namespace landwaiter::registry
