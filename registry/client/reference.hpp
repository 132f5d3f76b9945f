// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/digest.hpp"

#include <string>

namespace landwaiter::registry {

/// The name of an image in a registry, in the grammar of github.com/distribution/reference: [docker://][HOST[:PORT]/]NAME[:TAG][@DIGEST].
/// A first component without '.', ':' and other than "localhost" is not a host but part of a Docker Hub name; single-segment Hub names
/// get "library/". Without tag and digest the tag is "latest".
struct Reference {
  std::string host;        ///< with port when given: "docker.io", "localhost:5000", "[::1]:5000"
  std::string repository;  ///< "library/alpine"
  std::string tag;         ///< empty when only a digest was given
  Digest digest;           ///< empty when none was given; takes precedence over the tag

  /// The text comes from users and from registries. Error: invalid_argument with what is wrong.
  static Result<Reference> parse(std::string_view text);
  /// "localhost:5000/a/b:tag@sha256:...", without docker://.
  std::string str() const;
  /// What goes after /manifests/: the digest if there is one, otherwise the tag.
  std::string manifest_reference() const;
};

/// A reference, and how its registry is to be reached.
struct AddressedReference {
  std::string address;  ///< for Endpoint::parse: the host, with http:// or https:// if the user wrote it
  Reference reference;

  /// As Reference::parse; with http:// or https:// the part before the first slash is a host, whatever it looks like.
  static Result<AddressedReference> parse(std::string_view text);
};

/// A name as a user wrote it, for messages: "user:password@", which does not belong in a name, is replaced by "***@".
std::string without_login(std::string_view text);

/// Whether `name` is a repository name of the distribution specification (at most 255 bytes, lower-case components).
bool is_repository_name(std::string_view name);
bool is_tag(std::string_view tag);

}  // namespace landwaiter::registry
