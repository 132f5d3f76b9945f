// SPDX-License-Identifier: Apache-2.0
// OCI image-spec, image-layout.md: a folder, or the same in a tar.
#include "registry/sources/oci_layout.hpp"
#include "core/base/json_reader.hpp"
#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "core/os/files.hpp"
#include "registry/client/blob_reader.hpp"
#include "registry/sources/archive_advice.hpp"
#include "registry/sources/image_choice.hpp"
#include "registry/sources/tar_file.hpp"

#include <array>
#include <utility>

namespace landwaiter::registry {
namespace {

using nlohmann::json;

/// The second is containerd's, with the whole name where the first has the tag.
constexpr std::array<const char*, 2> kNames{"org.opencontainers.image.ref.name", "io.containerd.image.name"};

/// Access to the files of a layout. Names are "index.json" and "blobs/<algorithm>/<hex>" only.
class LayoutFiles {
 public:
  virtual ~LayoutFiles() = default;
  virtual Result<std::string> read(const std::string& name, std::uint64_t bytes_max) const = 0;
  virtual Result<std::unique_ptr<BlobReader>> open(const std::string& name) const = 0;
};

class FileReader final : public BlobReader {
 public:
  explicit FileReader(OpenFile file) : file_(std::move(file)) {}
  Awaitable<std::size_t> read(std::span<std::uint8_t> buffer) override {
    auto size = file_.read(buffer);
    if (!size) co_return size.error().with_context("cannot read a blob");
    co_return size;
  }

 private:
  OpenFile file_;
};

class FolderFiles final : public LayoutFiles {
 public:
  FolderFiles(std::string directory, ForeignFolder folder) : directory_(std::move(directory)), folder_(std::move(folder)) {}

  Result<std::string> read(const std::string& name, std::uint64_t bytes_max) const override {
    auto file = open_file(name);
    if (!file) return file.error();
    std::string out;
    std::vector<std::uint8_t> chunk(64 * limits::KiB);
    while (true) {
      auto size = file->read(chunk);
      if (!size) return size.error().with_context("cannot read " + name);
      if (*size == 0) return out;
      out.append(reinterpret_cast<const char*>(chunk.data()), *size);
      if (out.size() > bytes_max) return Error(ErrorCode::limit_exceeded, name + " has more than " + human_bytes(bytes_max));
    }
  }

  Result<std::unique_ptr<BlobReader>> open(const std::string& name) const override {
    auto file = open_file(name);
    if (!file) return file.error();
    return std::unique_ptr<BlobReader>(std::make_unique<FileReader>(std::move(*file)));
  }

 private:
  Result<OpenFile> open_file(const std::string& name) const {
    auto file = folder_.open_file(name);
    if (!file) return file.error().with_context("cannot open " + name + " in " + landwaiter::quoted(directory_));
    return file;
  }

  std::string directory_;
  ForeignFolder folder_;
};

class TarFiles final : public LayoutFiles {
 public:
  explicit TarFiles(TarFile tar) : tar_(std::move(tar)) {}
  Result<std::string> read(const std::string& name, std::uint64_t bytes_max) const override { return tar_.read(name, bytes_max); }
  Result<std::unique_ptr<BlobReader>> open(const std::string& name) const override {
    auto member = tar_.open_member(name);
    if (!member) return member.error();
    return std::unique_ptr<BlobReader>(*std::move(member));
  }

 private:
  TarFile tar_;
};

std::string blob_name(const Digest& digest) {
  const std::string& text = digest.str();
  return "blobs/" + text.substr(0, text.find(':')) + '/' + std::string(digest.hex());
}

std::vector<std::string> names_of(const json& entry) {
  std::vector<std::string> out;
  const auto annotations = entry.find("annotations");
  if (annotations == entry.end() || !annotations->is_object()) return out;
  for (const char* key : kNames) {
    const auto name = annotations->find(key);
    if (name != annotations->end() && name->is_string() && !name->get_ref<const std::string&>().empty()) out.push_back(*name);
  }
  return out;
}

/// The entries of index.json.
Result<std::vector<NamedImage>> read_index(const std::string& text) {
  auto document = parse_json(text, "index.json", kJsonArchive);
  if (!document) return document.error();
  std::vector<NamedImage> out;
  std::optional<Error> bad;
  auto read = read_json_fields("index.json", [&] {
    for (const json& entry : document->at("manifests")) {
      auto digest = Digest::parse(entry.at("digest").get<std::string>());
      if (!digest) {
        bad = digest.error().with_context("index.json");
        return;
      }
      out.push_back({digest->str(), names_of(entry)});
    }
  });
  if (!read) return read.error();
  if (bad) return *bad;
  return out;
}

class LayoutSource final : public ImageSource {
 public:
  LayoutSource(std::unique_ptr<LayoutFiles> files, std::vector<NamedImage> images, std::string wanted, std::string where)
      : files_(std::move(files)),
        images_(std::move(images)),
        wanted_(std::move(wanted)),
        where_(std::move(where)),
        name_(wanted_.empty() ? where_ : where_ + ':' + wanted_) {}

  Awaitable<ManifestDocument> manifest(std::string reference) override { co_return find(reference); }

  Awaitable<std::string> small_blob(Descriptor descriptor) override {
    auto body = files_->read(blob_name(descriptor.digest), limits::config_bytes_max);
    if (!body) co_return body.error();
    auto proven = prove(*body, descriptor.digest);
    if (!proven) co_return proven.error();
    co_return body;
  }

  Awaitable<std::unique_ptr<BlobReader>> open_blob(Descriptor descriptor) override { co_return files_->open(blob_name(descriptor.digest)); }

  std::string display_name() const override { return name_; }

  bool holds(const Digest& digest) const { return files_->open(blob_name(digest)).has_value(); }

 private:
  /// "" is the image that the source was opened for.
  Result<Digest> digest_of(const std::string& reference) const {
    const std::string& wanted = reference.empty() ? wanted_ : reference;
    // Also one that only an index inside names.
    if (auto digest = Digest::parse(wanted.substr(wanted.rfind('@') + 1))) return *digest;
    auto chosen = choose_image(images_, wanted, where_);
    if (!chosen) return chosen.error();
    return Digest::parse(images_[*chosen].id);
  }

  Result<ManifestDocument> find(const std::string& reference) const {
    auto digest = digest_of(reference);
    if (!digest) return digest.error();
    auto body = files_->read(blob_name(*digest), limits::manifest_bytes_max);
    if (!body) return body.error();
    auto proven = prove(*body, *digest);
    if (!proven) return proven.error().with_context(name_);
    auto parsed = parse_manifest(std::move(*body), "", *digest);
    if (!parsed) return parsed.error().with_context(name_);
    return parsed;
  }

  std::unique_ptr<LayoutFiles> files_;
  std::vector<NamedImage> images_;
  std::string wanted_;
  std::string where_;
  std::string name_;
};

/// Blobs by their digests alone.
class BlobFolderSource final : public ImageSource {
 public:
  BlobFolderSource(std::unique_ptr<LayoutFiles> files, const Digest& image, std::string where)
      : layout_(std::move(files), {}, image.str(), std::move(where)) {}

  Awaitable<ManifestDocument> manifest(std::string reference) override {
    auto document = co_await layout_.manifest(std::move(reference));
    if (!document || !document->index) co_return document;
    auto& members = document->index->manifests;
    std::erase_if(members, [this](const Descriptor& member) { return !layout_.holds(member.digest); });
    if (members.empty()) co_return Error(ErrorCode::not_found, display_name() + ": none of the platforms of this index is here");
    co_return document;
  }

  Awaitable<std::string> small_blob(Descriptor descriptor) override { co_return co_await layout_.small_blob(std::move(descriptor)); }

  Awaitable<std::unique_ptr<BlobReader>> open_blob(Descriptor descriptor) override {
    auto reader = co_await layout_.open_blob(std::move(descriptor));
    if (reader || reader.error().code() != ErrorCode::not_found) co_return reader;
    co_return Error(
        ErrorCode::not_found,
        reader.error().message() + "; a containerd with discard_unpacked_layers keeps no layers: scan the image in its registry");
  }

  std::string display_name() const override { return layout_.display_name(); }

 private:
  LayoutSource layout_;
};

Result<std::unique_ptr<ImageSource>> make_source(std::unique_ptr<LayoutFiles> files, std::string wanted, const std::string& where) {
  auto text = files->read("index.json", limits::manifest_bytes_max);
  if (!text) return text.error().with_context(where);
  auto images = read_index(*text);
  if (!images) return images.error().with_context(where);
  if (images->empty()) return Error(ErrorCode::not_found, where + " holds no image");
  return std::unique_ptr<ImageSource>(std::make_unique<LayoutSource>(std::move(files), std::move(*images), std::move(wanted), where));
}

}  // namespace

Result<std::unique_ptr<ImageSource>> open_oci_layout(std::string directory, std::string tag) {
  const std::string where = "oci:" + directory;
  auto folder = ForeignFolder::open(directory);
  if (!folder) return advised(folder.error().with_context("cannot open the OCI layout " + landwaiter::quoted(directory)), directory, where);
  auto source = make_source(std::make_unique<FolderFiles>(directory, *std::move(folder)), std::move(tag), where);
  if (!source && source.error().code() == ErrorCode::not_found) return advised(source.error(), directory, where);
  return source;
}

Result<std::unique_ptr<ImageSource>> open_oci_archive(std::string file, std::string tag, std::shared_ptr<const SeekableFile> opened) {
  const std::string where = "oci-archive:" + file;
  auto tar = open_archive(file, std::move(opened), where);
  if (!tar) return tar.error();
  if (!tar->contains("index.json")) return no_index(*tar, file, where, "index.json");
  return oci_archive_in(*std::move(tar), where, std::move(tag));
}

Result<std::unique_ptr<ImageSource>> oci_archive_in(TarFile tar, const std::string& where, std::string tag) {
  return make_source(std::make_unique<TarFiles>(std::move(tar)), std::move(tag), where);
}

Result<std::unique_ptr<ImageSource>> open_blob_folder(std::string directory, ForeignFolder folder, const Digest& image, std::string where) {
  auto files = std::make_unique<FolderFiles>(std::move(directory), std::move(folder));
  return std::unique_ptr<ImageSource>(std::make_unique<BlobFolderSource>(std::move(files), image, std::move(where)));
}

}  // namespace landwaiter::registry
