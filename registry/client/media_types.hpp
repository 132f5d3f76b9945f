// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

/// Media types of the OCI image-spec (media-types.md) and of Docker's image manifest version 2, schema 2.
namespace landwaiter::registry::media_types {

inline constexpr std::string_view kOciManifest = "application/vnd.oci.image.manifest.v1+json";
inline constexpr std::string_view kOciIndex = "application/vnd.oci.image.index.v1+json";
inline constexpr std::string_view kOciConfig = "application/vnd.oci.image.config.v1+json";
inline constexpr std::string_view kOciLayerPrefix = "application/vnd.oci.image.layer.";
inline constexpr std::string_view kOciArtifact = "application/vnd.oci.artifact.manifest.v1+json";

inline constexpr std::string_view kDockerManifest = "application/vnd.docker.distribution.manifest.v2+json";
inline constexpr std::string_view kDockerList = "application/vnd.docker.distribution.manifest.list.v2+json";
inline constexpr std::string_view kDockerConfig = "application/vnd.docker.container.image.v1+json";
inline constexpr std::string_view kDockerLayerPrefix = "application/vnd.docker.image.rootfs.";
inline constexpr std::string_view kDockerLayerTar = "application/vnd.docker.image.rootfs.diff.tar";

inline constexpr std::string_view kSchema1 = "application/vnd.docker.distribution.manifest.v1+json";
inline constexpr std::string_view kSchema1Signed = "application/vnd.docker.distribution.manifest.v1+prettyjws";

/// Seen instead of a proper type on configs and layers that a registry repaired or relabeled.
inline constexpr std::string_view kOctetStream = "application/octet-stream";
inline constexpr std::string_view kTextPlain = "text/plain";

/// What we accept from a registry. Includes schema 1 and artifacts, so we can say what is there instead of "not found".
inline constexpr std::string_view kAcceptManifests =
    "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, "
    "application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.docker.distribution.manifest.v1+prettyjws;q=0.5, "
    "application/vnd.docker.distribution.manifest.v1+json;q=0.5, application/vnd.oci.artifact.manifest.v1+json;q=0.5";

/// A media type from outside, for people: as it is when it has the form of one (RFC 6838, 4.2, without parameters, at most 127
/// characters); otherwise "an invalid media type", because anything can be in its place, a key or escapes for a terminal too.
std::string shown(std::string_view media_type);

}  // namespace landwaiter::registry::media_types
