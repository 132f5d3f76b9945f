// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/clock.hpp"
#include "core/base/text_list.hpp"
#include "registry/client/client.hpp"
#include "registry/enumerators/tag_list.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace landwaiter::registry {

/// A part of a registry that could not be listed while the rest was.
struct UnlistedPart {
  std::string name;  ///< of a project, organization or folder; printable
  Error error;
};

/// One page of a registry's repositories. May be empty although others follow.
struct RepositoryPage {
  TextList names;                    ///< as the client requests them: "library/alpine", "key/team/image"; each once
  std::vector<std::string> invalid;  ///< names that break the grammar, made printable
  std::vector<UnlistedPart> unlisted;
  std::string next;  ///< opaque; empty after the last page
};

struct TagPage {
  TagList entries;
  std::vector<std::string> invalid;
  std::string next;
};

/// How to list the content of one kind of registry. Manifests and blobs are read in the same way from all kinds, through Client. Cursors
/// hold the whole state of a listing, so they can be stored and used after a restart; each page's cursor is followed through a PageGuard.
/// A foreign or damaged cursor is invalid_argument. A name may appear again on a later page if something was pushed meanwhile. Errors
/// name the registry and the request; forbidden and unauthorized name the permission that the listing needs, because accounts that may
/// pull often may not list. Used from the io thread, by several coroutines at once.
class Enumerator {
 public:
  virtual ~Enumerator() = default;
  /// A name of core/wire/registry_kinds.hpp, never "auto".
  virtual std::string_view kind() const = 0;
  /// Whether tags() reports push times; otherwise only an image's config says when it was created.
  virtual bool knows_push_time() const = 0;
  /// Why repositories() used /v2/_catalog instead of the kind's own API; empty if it did not.
  virtual std::string fallback() const { return {}; }
  virtual Awaitable<RepositoryPage> repositories(std::string cursor) = 0;
  virtual Awaitable<TagPage> tags(std::string repository, std::string cursor) = 0;
};

/// The enumerator of the client's endpoint. For kind "auto", by the host's whole name, otherwise by the answer to /v2/; a registry that
/// cannot be identified is a "docker-v2". Error: invalid_argument for an unknown kind; those of Client::probe().
Awaitable<std::shared_ptr<Enumerator>> open_enumerator(std::shared_ptr<Client> client);

}  // namespace landwaiter::registry
