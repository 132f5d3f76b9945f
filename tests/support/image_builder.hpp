// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/digest.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace landwaiter::test {

enum class EntryType { file, directory, symlink, hardlink };

struct LayerEntry {
  std::string path;          ///< as in the tar; no leading slash
  std::string content = {};  ///< of a file
  EntryType type = EntryType::file;
  std::string target = {};  ///< of a link
};

/// The entry that deletes `path` in a later layer, and the one that hides everything of lower layers in `directory`
/// (OCI image-spec, layer.md, "Whiteouts").
LayerEntry whiteout(const std::string& path);
LayerEntry opaque_whiteout(const std::string& directory);

enum class Compression { none, gzip, zstd };

/// A tar of the entries; the same entries make the same bytes.
std::string make_tar(const std::vector<LayerEntry>& entries);
std::string compress(std::string_view bytes, Compression compression);

struct BuiltImage {
  Digest manifest;
  std::uint64_t manifest_size_bytes = 0;
  Digest config;
  std::vector<Digest> layers;
  std::vector<Digest> diff_ids;
  std::string platform;
};

/// Writes images into an OCI layout directly. Failures throw.
class ImageBuilder {
 public:
  ImageBuilder& layer(const std::vector<LayerEntry>& entries, Compression compression = Compression::gzip);
  /// A layer blob as it is, for damaged ones.
  ImageBuilder& raw_layer(std::string blob, std::string media_type, Digest diff_id);
  /// "linux/arm64"; "linux/amd64" unless set.
  ImageBuilder& platform(std::string platform);
  /// Text put into the config's labels, to make images of the same layers differ.
  ImageBuilder& label(std::string value);

  /// Adds the image to the layout in `directory` (made when absent) under `tag`, replacing an earlier one of that tag.
  BuiltImage write(const std::filesystem::path& directory, const std::string& tag) const;

 private:
  struct Layer {
    std::string blob;
    std::string media_type;
    Digest diff_id;
  };
  std::vector<Layer> layers_;
  std::string platform_ = "linux/amd64";
  std::string label_;
};

/// Adds an index over images already written to the layout.
Digest write_index(const std::filesystem::path& directory, const std::string& tag, const std::vector<BuiltImage>& images);

struct PushOptions {
  std::string credentials = {};  ///< "user:password"
  bool all = false;              ///< every platform of an index
};

/// skopeo copy oci:DIRECTORY:TAG docker://TARGET over plain HTTP; target is "localhost:PORT/NAME:TAG". Throws with its output.
void push(const std::filesystem::path& directory, const std::string& tag, const std::string& target, const PushOptions& options = {});

}  // namespace landwaiter::test
