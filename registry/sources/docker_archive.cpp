// SPDX-License-Identifier: Apache-2.0
// What `docker save` writes (moby, image/spec/v1.2.md, "Combined Image JSON + Filesystem Changeset Format"), and what others write like it.
#include "registry/sources/docker_archive.hpp"
#include "core/base/json_reader.hpp"
#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "core/report/image_config.hpp"
#include "registry/client/blob_reader.hpp"
#include "registry/client/media_types.hpp"
#include "registry/sources/archive_advice.hpp"
#include "registry/sources/image_choice.hpp"
#include "registry/sources/layer_archive.hpp"
#include "registry/sources/tar_file.hpp"

#include <map>
#include <optional>

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

/// Its config's digest, which those who write archives put into its name; otherwise that name.
std::string id_of(const SavedImage& image) {
  constexpr std::size_t kHexDigits = 64;
  const std::string hex = image.config.substr(image.config.find_last_of("/:") + 1, kHexDigits);
  const auto digest = Digest::parse("sha256:" + hex);
  return digest ? digest->str() : image.config;
}

Result<SavedImage> choose(const std::vector<SavedImage>& images, const std::string& reference, const std::string& where) {
  std::vector<NamedImage> named;
  for (const SavedImage& image : images) named.push_back({id_of(image), image.tags});
  // A digest that its name does not tell is compared when the config is read.
  const bool by_digest = Digest::parse(reference).has_value();
  auto chosen = choose_image(named, by_digest && images.size() == 1 ? std::string() : reference, where);
  if (!chosen) return chosen.error();
  return images[*chosen];
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
    for (std::size_t i = 0; i < image.layers.size(); ++i) {
      auto size = tar_.size(image.layers[i]);
      if (!size) return size.error();
      layers_.push_back({image.layers[i], parsed->diff_ids[i], *size});
    }
    return {};
  }

  /// The image's digest is its config's: the archive has no registry manifest.
  Awaitable<ManifestDocument> manifest(std::string reference) override {
    const auto digest = Digest::parse(reference);
    if (digest && *digest != config_digest_) co_return Error(ErrorCode::not_found, name_ + " holds no image " + reference);
    if (!document_) {
      auto proven = co_await prove_layers();
      if (!proven) co_return proven.error();
    }
    co_return *document_;
  }

  Awaitable<std::string> small_blob(Descriptor descriptor) override {
    if (descriptor.digest == config_digest_) co_return config_;
    auto reader = open(descriptor);
    if (!reader) co_return reader.error();
    co_return co_await read_proven(std::move(*reader), std::move(descriptor), limits::config_bytes_max);
  }

  Awaitable<std::unique_ptr<BlobReader>> open_blob(Descriptor descriptor) override { co_return open(descriptor); }

  std::string display_name() const override { return name_; }
  const Digest& digest() const { return config_digest_; }

 private:
  struct Layer {
    std::string member;
    Digest diff_id;
    std::uint64_t size_bytes = 0;
  };

  Awaitable<void> prove_layers() {
    std::vector<Descriptor> layers;
    for (const Layer& layer : layers_) {
      auto bytes = tar_.open_member(layer.member);
      if (!bytes) co_return bytes.error();
      auto digest = co_await prove_layer(*std::move(bytes), layer.diff_id);
      if (!digest) co_return digest.error().with_context("layer " + landwaiter::quoted(layer.member) + " of " + name_);
      Descriptor descriptor;
      descriptor.media_type = media_types::kDockerLayerTar;
      descriptor.digest = *digest;
      descriptor.size_bytes = layer.size_bytes;
      members_[descriptor.digest] = layer.member;
      layers.push_back(std::move(descriptor));
    }
    auto document = parse_manifest(make_manifest(config_digest_, config_.size(), layers).dump(), "", config_digest_);
    if (!document) co_return document.error();
    document_ = std::move(*document);
    co_return Result<void>();
  }

  Result<std::unique_ptr<BlobReader>> open(const Descriptor& descriptor) const {
    const auto found = members_.find(descriptor.digest);
    if (found == members_.end()) return Error(ErrorCode::not_found, name_ + " holds no blob " + descriptor.digest.str());
    auto member = tar_.open_member(found->second);
    if (!member) return member.error();
    return std::unique_ptr<BlobReader>(*std::move(member));
  }

  TarFile tar_;
  std::string name_;
  std::string config_;
  Digest config_digest_;
  std::vector<Layer> layers_;
  std::map<Digest, std::string> members_;
  std::optional<ManifestDocument> document_;  ///< once the layers are proven
};

}  // namespace

Result<std::unique_ptr<ImageSource>> open_docker_archive(std::string file, std::string reference,
                                                         std::shared_ptr<const SeekableFile> opened) {
  const std::string where = "docker-archive:" + file;
  auto tar = open_archive(file, std::move(opened), where);
  if (!tar) return tar.error();
  if (!tar->contains("manifest.json")) return no_index(*tar, file, where, "manifest.json");
  return docker_archive_in(*std::move(tar), where, std::move(reference));
}

Result<std::unique_ptr<ImageSource>> docker_archive_in(TarFile tar, const std::string& where, std::string reference) {
  auto text = tar.read("manifest.json", limits::archive_index_bytes_max);
  if (!text) return text.error().with_context(where);
  auto images = read_images(*text);
  if (!images) return images.error().with_context(where);
  auto image = choose(*images, reference, where);
  if (!image) return image.error();
  const std::string name = reference.empty() ? where : where + ':' + reference;
  auto source = std::make_unique<DockerArchiveSource>(std::move(tar), name);
  auto loaded = source->load(*image);
  if (!loaded) return loaded.error().with_context(name);
  const auto digest = Digest::parse(reference);
  if (digest && *digest != source->digest()) {
    return Error(ErrorCode::not_found, where + " holds no image " + digest->str() + "; it holds " + source->digest().str());
  }
  return std::unique_ptr<ImageSource>(std::move(source));
}

}  // namespace landwaiter::registry
