// SPDX-License-Identifier: Apache-2.0
// What `docker save` writes (moby, image/spec/v1.2.md, "Combined Image JSON + Filesystem Changeset Format").
#include "registry/sources/docker_archive.hpp"
#include "core/base/json_reader.hpp"
#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "core/report/image_config.hpp"
#include "registry/client/blob_reader.hpp"
#include "registry/client/media_types.hpp"
#include "registry/client/reference.hpp"
#include "registry/sources/tar_file.hpp"

#include <algorithm>
#include <map>

namespace landwaiter::registry {
namespace {

using nlohmann::json;

struct SavedImage {
  std::string config;
  std::vector<std::string> tags;
  std::vector<std::string> layers;
};

Result<std::vector<SavedImage>> read_images(const std::string& text) {
  auto document = parse_json(text, "manifest.json", kJsonArchive);
  if (!document) return document.error();
  std::vector<SavedImage> out;
  auto read = read_json_fields("manifest.json", [&] {
    for (const json& entry : *document) {
      SavedImage image;
      image.config = entry.at("Config").get<std::string>();
      image.layers = entry.at("Layers").get<std::vector<std::string>>();
      const auto tags = entry.find("RepoTags");
      if (tags != entry.end() && !tags->is_null()) image.tags = tags->get<std::vector<std::string>>();
      out.push_back(std::move(image));
    }
  });
  if (!read) return read.error();
  return out;
}

/// Whether one of the image's tags is the requested reference, both completed as in Docker ("alpine" is "alpine:latest").
bool has_tag(const SavedImage& image, const std::string& wanted) {
  const auto reference = Reference::parse(wanted);
  return std::ranges::any_of(image.tags, [&](const std::string& tag) {
    if (tag == wanted) return true;
    const auto own = Reference::parse(tag);
    return reference && own && own->str() == reference->str();
  });
}

Result<SavedImage> choose(const std::vector<SavedImage>& images, const std::string& reference, const std::string& name) {
  if (images.empty()) return Error(ErrorCode::not_found, name + " holds no image");
  if (reference.empty()) {
    if (images.size() == 1) return images.front();
    return Error(ErrorCode::invalid_argument,
                 name + " holds " + std::to_string(images.size()) + " images: give the reference of one of them");
  }
  const auto found = std::ranges::find_if(images, [&](const SavedImage& image) { return has_tag(image, reference); });
  if (found == images.end()) return Error(ErrorCode::not_found, name + " holds no image " + landwaiter::quoted(reference));
  return *found;
}

/// A manifest of the layers as stored in the archive; their digests are the config's diff_ids.
json make_manifest(const Digest& config, std::uint64_t config_size, const std::vector<Descriptor>& layers) {
  json out{{"schemaVersion", 2}, {"mediaType", media_types::kDockerManifest}, {"layers", json::array()}};
  out["config"] = {{"mediaType", media_types::kDockerConfig}, {"digest", config.str()}, {"size", config_size}};
  for (const Descriptor& layer : layers) {
    out["layers"].push_back({{"mediaType", layer.media_type}, {"digest", layer.digest.str()}, {"size", layer.size_bytes}});
  }
  return out;
}

class DockerArchiveSource final : public ImageSource {
 public:
  DockerArchiveSource(TarFile tar, std::string name) : tar_(std::move(tar)), name_(std::move(name)) {}

  Result<void> load(const SavedImage& image) {
    auto config = tar_.read(image.config, limits::config_bytes_max);
    if (!config) return config.error();
    config_ = std::move(*config);
    config_digest_ = Digest::sha256_of(as_bytes(config_));
    auto parsed = parse_image_config(config_);
    if (!parsed) return parsed.error();
    if (parsed->diff_ids.size() != image.layers.size()) {
      return Error(ErrorCode::malformed,
                   "it lists " + std::to_string(image.layers.size()) + " layers, its config " + std::to_string(parsed->diff_ids.size()));
    }
    std::vector<Descriptor> layers;
    for (std::size_t i = 0; i < image.layers.size(); ++i) {
      auto size = tar_.size(image.layers[i]);
      if (!size) return size.error();
      Descriptor layer;
      layer.media_type = media_types::kDockerLayerTar;
      layer.digest = parsed->diff_ids[i];
      layer.size_bytes = *size;
      members_[layer.digest] = image.layers[i];
      layers.push_back(std::move(layer));
    }
    auto document = parse_manifest(make_manifest(config_digest_, config_.size(), layers).dump(), "", config_digest_);
    if (!document) return document.error();
    document_ = std::move(*document);
    return {};
  }

  /// The image's digest is its config's: the archive has no registry manifest.
  Awaitable<ManifestDocument> manifest(std::string reference) override {
    const auto digest = Digest::parse(reference);
    if (digest && *digest != config_digest_) co_return Error(ErrorCode::not_found, name_ + " holds no image " + reference);
    co_return document_;
  }

  Awaitable<std::string> small_blob(Descriptor descriptor) override {
    if (descriptor.digest == config_digest_) co_return config_;
    auto reader = open(descriptor);
    if (!reader) co_return reader.error();
    co_return co_await read_proven(std::move(*reader), std::move(descriptor), limits::config_bytes_max);
  }

  Awaitable<std::unique_ptr<BlobReader>> open_blob(Descriptor descriptor) override { co_return open(descriptor); }

  std::string display_name() const override { return name_; }

 private:
  Result<std::unique_ptr<BlobReader>> open(const Descriptor& descriptor) const {
    const auto found = members_.find(descriptor.digest);
    if (found == members_.end()) return Error(ErrorCode::not_found, name_ + " holds no blob " + descriptor.digest.str());
    return tar_.open_member(found->second);
  }

  TarFile tar_;
  std::string name_;
  std::string config_;
  Digest config_digest_;
  std::map<Digest, std::string> members_;
  ManifestDocument document_;
};

}  // namespace

Result<std::unique_ptr<ImageSource>> open_docker_archive(std::string file, std::string reference) {
  const std::string name = "docker-archive:" + file + (reference.empty() ? "" : ':' + reference);
  auto tar = TarFile::open(std::move(file));
  if (!tar) return tar.error();
  auto text = tar->read("manifest.json", limits::archive_index_bytes_max);
  if (!text) return text.error().with_context(name);
  auto images = read_images(*text);
  if (!images) return images.error().with_context(name);
  auto image = choose(*images, reference, name);
  if (!image) return image.error();
  auto source = std::make_unique<DockerArchiveSource>(std::move(*tar), name);
  auto loaded = source->load(*image);
  if (!loaded) return loaded.error().with_context(name);
  return std::unique_ptr<ImageSource>(std::move(source));
}

}  // namespace landwaiter::registry
