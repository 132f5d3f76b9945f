// SPDX-License-Identifier: Apache-2.0
// OCI image-spec: manifest.md, image-index.md, descriptor.md, config.md; Docker image manifest version 2, schema 2.
#include "registry/client/manifest.hpp"

#include "core/base/encoding.hpp"
#include "core/base/json_reader.hpp"
#include "core/base/json_text.hpp"
#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "core/report/image_config.hpp"
#include "registry/client/media_types.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace landwaiter::registry {
namespace {

using nlohmann::json;
namespace types = media_types;

constexpr std::size_t kMediaTypeBytesMax = 255;  // RFC 6838 section 4.2 allows 127 and 127

enum class Shape { image, index, artifact };

Error malformed(std::string what) { return Error(ErrorCode::malformed, std::move(what)); }

bool is_index_type(std::string_view type) { return type == types::kOciIndex || type == types::kDockerList; }
bool is_manifest_type(std::string_view type) { return type == types::kOciManifest || type == types::kDockerManifest; }
bool is_schema1_type(std::string_view type) { return type == types::kSchema1 || type == types::kSchema1Signed; }

std::string without_parameters(std::string_view content_type) { return to_lower(trim(content_type.substr(0, content_type.find(';')))); }

bool is_attestation(const Descriptor& descriptor, const json& value) {
  if (descriptor.platform == "unknown/unknown") return true;
  const auto annotations = value.find("annotations");
  if (annotations == value.end() || !annotations->is_object()) return false;
  return text_of(*annotations, "vnd.docker.reference.type") == "attestation-manifest";
}

/// descriptor.md, "data": the content again, in base64. Empty when there is none.
Result<std::optional<std::string>> parse_data(const json& value, const Descriptor& descriptor, const std::string& what) {
  const auto member = value.find("data");
  if (member == value.end() || !member->is_string()) return std::optional<std::string>();
  auto bytes = base64_decode(member->get_ref<const std::string&>());
  if (!bytes) return malformed(what + " carries data that is not base64");
  Hasher hasher(descriptor.digest.algorithm());
  hasher.update(*bytes);
  if (bytes->size() != descriptor.size_bytes || hasher.finish() != descriptor.digest) {
    return Error(ErrorCode::digest_mismatch, what + " carries data that does not match its digest and size");
  }
  return std::optional<std::string>(std::in_place, bytes->begin(), bytes->end());
}

Result<Descriptor> parse_descriptor(const json& value, const std::string& what, std::uint64_t size_max) {
  if (!value.is_object()) return malformed(what + " is not an object");
  Descriptor out;
  out.media_type = text_of(value, "mediaType");
  if (out.media_type.size() > kMediaTypeBytesMax) return Error(ErrorCode::limit_exceeded, what + " has an overlong mediaType");
  auto digest = Digest::parse(text_of(value, "digest"));
  if (!digest) return digest.error().with_context(what);
  out.digest = *digest;

  const auto size = value.find("size");
  // A negative number is number_integer, one above 2^64 or with a fraction is number_float.
  if (size == value.end() || !size->is_number_unsigned()) return malformed(what + " has no valid size");
  out.size_bytes = size->get<std::uint64_t>();
  if (out.size_bytes > size_max) {
    return Error(ErrorCode::limit_exceeded,
                 what + " claims " + human_bytes(out.size_bytes) + ", more than the " + human_bytes(size_max) + " allowed");
  }
  if (const auto platform = value.find("platform"); platform != value.end() && platform->is_object()) {
    out.platform = platform_name(*platform);
  }
  out.artifact_type = printable(text_of(value, "artifactType").substr(0, kMediaTypeBytesMax));
  out.attestation = is_attestation(out, value);
  const std::string type = to_lower(out.media_type);
  out.foreign = type.find(".nondistributable.") != std::string::npos || type.find(".foreign.") != std::string::npos;
  // The first encrypting tools wrote "+enc".
  out.encrypted = type.ends_with("+encrypted") || type.ends_with("+enc");
  auto data = parse_data(value, out, what);
  if (!data) return data.error();
  out.data = std::move(*data);
  return out;
}

Result<std::vector<Descriptor>> parse_descriptors(const json& document, const char* name, const std::string& one, std::size_t count_max,
                                                  std::uint64_t size_max) {
  const auto list = document.find(name);
  if (list == document.end() || !list->is_array()) return malformed(std::string("its ") + name + " is not a list");
  if (list->size() > count_max) {
    return Error(ErrorCode::limit_exceeded,
                 "it lists " + std::to_string(list->size()) + ' ' + name + ", more than " + std::to_string(count_max));
  }
  std::vector<Descriptor> out;
  out.reserve(list->size());
  for (const json& value : *list) {
    auto descriptor = parse_descriptor(value, one + ' ' + std::to_string(out.size()), size_max);
    if (!descriptor) return descriptor.error();
    out.push_back(std::move(*descriptor));
  }
  return out;
}

/// Decides the kind by the body alone: clients that trust the Content-Type can be shown two images in one document (CVE-2021-41190).
Result<Shape> classify(const json& document, const std::string& type, const std::string& content_type) {
  if (!document.is_object()) return malformed("it is not an object");
  const auto version = document.find("schemaVersion");
  const bool version1 = version != document.end() && *version == 1;
  const bool has_layers = document.contains("layers");
  const bool has_manifests = document.contains("manifests");
  if (has_manifests && (has_layers || document.contains("config"))) {
    return malformed("it has both manifests and layers, which clients interpret differently");
  }
  if (version1 || is_schema1_type(type) || (document.contains("fsLayers") && !has_layers && !has_manifests)) {
    return Error(ErrorCode::unsupported, "it is a Docker schema 1 manifest, a format withdrawn in 2019: push the image again");
  }
  if (type == types::kOciArtifact || (type.empty() && content_type == types::kOciArtifact)) {
    return Shape::artifact;
  }
  // Some tools leave it out; what cannot be mistaken is read.
  if (version != document.end() && *version != 2) return malformed("its schemaVersion is not 2");
  if (!has_layers && !has_manifests) return malformed("it has neither layers nor manifests");
  if (has_layers && is_index_type(type)) return malformed("its mediaType is an index, but it has layers");
  if (has_manifests && is_manifest_type(type)) return malformed("its mediaType is an image manifest, but it has manifests");
  if (has_layers && is_index_type(content_type)) return malformed("it was sent as an index, but it has layers");
  if (has_manifests && is_manifest_type(content_type)) return malformed("it was sent as an image manifest, but it has manifests");
  return has_layers ? Shape::image : Shape::index;
}

Result<ImageManifest> parse_image(const json& document, const std::string& type) {
  ImageManifest out;
  out.media_type = type.empty() ? std::string(types::kOciManifest) : type;
  out.artifact_type = printable(text_of(document, "artifactType").substr(0, kMediaTypeBytesMax));
  const auto config = document.find("config");
  if (config == document.end()) return malformed("it has no config");
  auto descriptor = parse_descriptor(*config, "config", limits::layer_bytes_max);
  if (!descriptor) return descriptor.error();
  out.config = std::move(*descriptor);
  auto layers = parse_descriptors(document, "layers", "layer", limits::manifest_layers_max, limits::layer_bytes_max);
  if (!layers) return layers.error();
  out.layers = std::move(*layers);
  return out;
}

Result<ImageIndex> parse_index(const json& document, const std::string& type) {
  ImageIndex out;
  out.media_type = type.empty() ? std::string(types::kOciIndex) : type;
  auto manifests = parse_descriptors(document, "manifests", "manifest", limits::index_manifests_max, limits::manifest_bytes_max);
  if (!manifests) return manifests.error();
  out.manifests = std::move(*manifests);
  return out;
}

Result<void> fill(ManifestDocument& out) {
  auto document = parse_json(out.body, "it", kJsonManifest);
  if (!document) return document.error();
  const std::string type = document->is_object() ? text_of(*document, "mediaType") : std::string();
  auto shape = classify(*document, type, out.content_type);
  if (!shape) return shape.error();
  if (*shape == Shape::artifact) {
    out.image.emplace();
    out.image->media_type = out.image->config.media_type = types::kOciArtifact;
    out.image->artifact_type = printable(text_of(*document, "artifactType").substr(0, kMediaTypeBytesMax));
  } else if (*shape == Shape::image) {
    auto image = parse_image(*document, type);
    if (!image) return image.error();
    out.image = std::move(*image);
  } else {
    auto index = parse_index(*document, type);
    if (!index) return index.error();
    out.index = std::move(*index);
  }
  return {};
}

bool is_config_type(std::string_view type) {
  return type.empty() || type == types::kOciConfig || type == types::kDockerConfig || type == types::kOctetStream ||
         type == types::kTextPlain;
}

/// Signatures, attestations and lists of components lie beside images under an image's config, as documents. Everything else is read, and
/// its bytes say what it is.
bool is_document_type(std::string_view media_type) {
  const std::string type = to_lower(media_type);
  if (type == types::kTextPlain) return false;
  const std::string_view last = std::string_view(type).substr(type.find_last_of("/+.") + 1);
  constexpr std::array<std::string_view, 9> documents{"json", "xml", "yaml", "html", "pem", "pdf", "wasm", "markdown", "protobuf"};
  return type.starts_with("text/") || std::ranges::find(documents, last) != documents.end();
}

}  // namespace

bool ImageManifest::is_image() const {
  return is_config_type(config.media_type) &&
         (layers.empty() || !std::ranges::all_of(layers, [](const auto& l) { return is_document_type(l.media_type); }));
}

Result<ManifestDocument> parse_manifest(std::string body, std::string content_type, const Digest& digest) {
  const std::string what = "manifest " + (digest.empty() ? std::string("without a digest") : digest.str());
  if (body.size() > limits::manifest_bytes_max) {
    return Error(ErrorCode::limit_exceeded, what + " has more than " + human_bytes(limits::manifest_bytes_max));
  }
  ManifestDocument out;
  out.digest = digest;
  out.content_type = without_parameters(content_type);
  out.body = std::move(body);
  auto filled = fill(out);
  if (!filled) return filled.error().with_context(what);
  return out;
}

}  // namespace landwaiter::registry
