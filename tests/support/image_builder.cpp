// SPDX-License-Identifier: Apache-2.0
#include "tests/support/image_builder.hpp"

#include "core/base/json.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <memory>
#include <stdexcept>

namespace landwaiter::test {
namespace {

using nlohmann::json;

constexpr const char* kManifestType = "application/vnd.oci.image.manifest.v1+json";
constexpr const char* kIndexType = "application/vnd.oci.image.index.v1+json";
constexpr const char* kRefName = "org.opencontainers.image.ref.name";

struct FreeArchive {
  void operator()(archive* a) const { archive_write_free(a); }
};
struct FreeEntry {
  void operator()(archive_entry* e) const { archive_entry_free(e); }
};
using Writer = std::unique_ptr<archive, FreeArchive>;

void check(archive* writer, int code) {
  if (code != ARCHIVE_OK) throw std::runtime_error(std::string("libarchive: ") + archive_error_string(writer));
}

la_ssize_t append(archive*, void* out, const void* bytes, std::size_t size) {
  static_cast<std::string*>(out)->append(static_cast<const char*>(bytes), size);
  return static_cast<la_ssize_t>(size);
}

void open_into(archive* writer, std::string& out) {
  archive_write_set_bytes_per_block(writer, 0);
  check(writer, archive_write_open2(writer, &out, nullptr, append, nullptr, nullptr));
}

void write_entry(archive* writer, const LayerEntry& from) {
  const std::unique_ptr<archive_entry, FreeEntry> entry(archive_entry_new());
  archive_entry_set_pathname(entry.get(), from.path.c_str());
  archive_entry_set_mtime(entry.get(), 0, 0);
  archive_entry_set_perm(entry.get(), from.type == EntryType::directory ? 0755 : 0644);
  switch (from.type) {
    case EntryType::file: archive_entry_set_filetype(entry.get(), AE_IFREG); break;
    case EntryType::directory: archive_entry_set_filetype(entry.get(), AE_IFDIR); break;
    case EntryType::symlink:
      archive_entry_set_filetype(entry.get(), AE_IFLNK);
      archive_entry_set_symlink(entry.get(), from.target.c_str());
      break;
    case EntryType::hardlink:
      archive_entry_set_filetype(entry.get(), AE_IFREG);
      archive_entry_set_hardlink(entry.get(), from.target.c_str());
      break;
  }
  archive_entry_set_size(entry.get(), from.type == EntryType::file ? static_cast<la_int64_t>(from.content.size()) : 0);
  check(writer, archive_write_header(writer, entry.get()));
  if (from.type == EntryType::file && !from.content.empty()) {
    const auto written = archive_write_data(writer, from.content.data(), from.content.size());
    if (written != static_cast<la_ssize_t>(from.content.size())) check(writer, ARCHIVE_FATAL);
  }
}

std::string layer_type(Compression compression) {
  const std::string tar = "application/vnd.oci.image.layer.v1.tar";
  if (compression == Compression::gzip) return tar + "+gzip";
  return compression == Compression::zstd ? tar + "+zstd" : tar;
}

Digest write_blob(const std::filesystem::path& directory, std::string_view bytes) {
  const Digest digest = Digest::sha256_of(as_bytes(bytes));
  write_file(directory / "blobs/sha256" / digest.hex(), bytes);
  return digest;
}

json descriptor(const std::string& type, const Digest& digest, std::uint64_t size) {
  return {{"mediaType", type}, {"digest", digest.str()}, {"size", size}};
}

json platform_object(const std::string& platform) {
  const std::size_t slash = platform.find('/');
  const std::string rest = platform.substr(slash + 1);
  json out{{"os", platform.substr(0, slash)}, {"architecture", rest.substr(0, rest.find('/'))}};
  if (const std::size_t second = rest.find('/'); second != std::string::npos) out["variant"] = rest.substr(second + 1);
  return out;
}

void prepare_layout(const std::filesystem::path& directory) {
  std::filesystem::create_directories(directory / "blobs/sha256");
  write_file(directory / "oci-layout", R"({"imageLayoutVersion":"1.0.0"})");
}

void add_to_index(const std::filesystem::path& directory, const std::string& tag, json entry) {
  const auto file = directory / "index.json";
  json index{{"schemaVersion", 2}, {"mediaType", kIndexType}, {"manifests", json::array()}};
  if (std::filesystem::exists(file)) index = json::parse(read_file(file));
  json kept = json::array();
  for (const json& manifest : index["manifests"]) {
    if (manifest.value("annotations", json::object()).value(kRefName, "") != tag) kept.push_back(manifest);
  }
  entry["annotations"] = {{kRefName, tag}};
  kept.push_back(std::move(entry));
  index["manifests"] = std::move(kept);
  write_file(file, index.dump());
}

}  // namespace

LayerEntry whiteout(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {".wh." + path};
  return {path.substr(0, slash + 1) + ".wh." + path.substr(slash + 1)};
}

LayerEntry opaque_whiteout(const std::string& directory) { return {directory + "/.wh..wh..opq"}; }

std::string make_tar(const std::vector<LayerEntry>& entries) {
  std::string out;
  const Writer writer(archive_write_new());
  check(writer.get(), archive_write_set_format_pax_restricted(writer.get()));
  open_into(writer.get(), out);
  for (const LayerEntry& entry : entries) write_entry(writer.get(), entry);
  check(writer.get(), archive_write_close(writer.get()));
  return out;
}

std::string compress(std::string_view bytes, Compression compression) {
  if (compression == Compression::none) return std::string(bytes);
  std::string out;
  const Writer writer(archive_write_new());
  check(writer.get(), archive_write_set_format_raw(writer.get()));
  if (compression == Compression::gzip) {
    check(writer.get(), archive_write_add_filter_gzip(writer.get()));
    check(writer.get(), archive_write_set_filter_option(writer.get(), "gzip", "timestamp", nullptr));
  } else {
    check(writer.get(), archive_write_add_filter_zstd(writer.get()));
  }
  open_into(writer.get(), out);
  const std::unique_ptr<archive_entry, FreeEntry> entry(archive_entry_new());
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  archive_entry_set_pathname(entry.get(), "data");
  check(writer.get(), archive_write_header(writer.get(), entry.get()));
  if (archive_write_data(writer.get(), bytes.data(), bytes.size()) != static_cast<la_ssize_t>(bytes.size())) {
    check(writer.get(), ARCHIVE_FATAL);
  }
  check(writer.get(), archive_write_close(writer.get()));
  return out;
}

ImageBuilder& ImageBuilder::layer(const std::vector<LayerEntry>& entries, Compression compression) {
  const std::string tar = make_tar(entries);
  layers_.push_back({compress(tar, compression), layer_type(compression), Digest::sha256_of(as_bytes(tar))});
  return *this;
}

ImageBuilder& ImageBuilder::raw_layer(std::string blob, std::string media_type, Digest diff_id) {
  layers_.push_back({std::move(blob), std::move(media_type), std::move(diff_id)});
  return *this;
}

ImageBuilder& ImageBuilder::platform(std::string platform) {
  platform_ = std::move(platform);
  return *this;
}

ImageBuilder& ImageBuilder::label(std::string value) {
  label_ = std::move(value);
  return *this;
}

BuiltImage ImageBuilder::write(const std::filesystem::path& directory, const std::string& tag) const {
  prepare_layout(directory);
  BuiltImage out;
  out.platform = platform_;
  json layers = json::array();
  json diff_ids = json::array();
  for (const Layer& layer : layers_) {
    out.layers.push_back(write_blob(directory, layer.blob));
    out.diff_ids.push_back(layer.diff_id);
    layers.push_back(descriptor(layer.media_type, out.layers.back(), layer.blob.size()));
    diff_ids.push_back(layer.diff_id.str());
  }
  json config = platform_object(platform_);
  config["created"] = "2026-01-01T00:00:00Z";
  config["config"] = {{"Labels", {{"label", label_}}}};
  config["rootfs"] = {{"type", "layers"}, {"diff_ids", diff_ids}};
  const std::string config_text = config.dump();
  out.config = write_blob(directory, config_text);

  const json manifest{{"schemaVersion", 2},
                      {"mediaType", kManifestType},
                      {"config", descriptor("application/vnd.oci.image.config.v1+json", out.config, config_text.size())},
                      {"layers", layers}};
  const std::string manifest_text = manifest.dump();
  out.manifest = write_blob(directory, manifest_text);
  out.manifest_size_bytes = manifest_text.size();
  add_to_index(directory, tag, descriptor(kManifestType, out.manifest, manifest_text.size()));
  return out;
}

Digest write_index(const std::filesystem::path& directory, const std::string& tag, const std::vector<BuiltImage>& images) {
  prepare_layout(directory);
  json manifests = json::array();
  for (const BuiltImage& image : images) {
    json entry = descriptor(kManifestType, image.manifest, image.manifest_size_bytes);
    entry["platform"] = platform_object(image.platform);
    manifests.push_back(std::move(entry));
  }
  const std::string text = json{{"schemaVersion", 2}, {"mediaType", kIndexType}, {"manifests", manifests}}.dump();
  const Digest digest = write_blob(directory, text);
  add_to_index(directory, tag, descriptor(kIndexType, digest, text.size()));
  return digest;
}

void push(const std::filesystem::path& directory, const std::string& tag, const std::string& target, const PushOptions& options) {
  ProcessOptions process;
  process.argv = {"skopeo", "--insecure-policy", "copy", "--quiet", "--preserve-digests", "--dest-tls-verify=false"};
  if (!options.credentials.empty()) process.argv.insert(process.argv.end(), {"--dest-creds", options.credentials});
  if (options.all) process.argv.push_back("--all");
  process.argv.push_back("oci:" + directory.string() + ":" + tag);
  process.argv.push_back("docker://" + target);
  run_checked(std::move(process));
}

}  // namespace landwaiter::test
