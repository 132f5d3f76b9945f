// SPDX-License-Identifier: Apache-2.0
#include "registry/sources/local_image.hpp"

#include "core/base/text.hpp"
#include "registry/sources/archive_advice.hpp"
#include "registry/sources/docker_archive.hpp"
#include "registry/sources/oci_layout.hpp"

#include <filesystem>

namespace landwaiter::registry {
namespace {

Result<LocalImage> named(std::string prefix, Result<std::unique_ptr<ImageSource>> source) {
  if (!source) return source.error();
  return LocalImage{std::move(prefix), *std::move(source)};
}

Result<LocalImage> open_folder(const std::string& path, const std::string& name) {
  const std::filesystem::path folder(path);
  std::error_code unknown;
  if (std::filesystem::exists(folder / "oci-layout", unknown) || std::filesystem::exists(folder / "index.json", unknown))
    return named("oci:", open_oci_layout(path, name));
  const Error error(ErrorCode::unsupported,
                    landwaiter::quoted(path) + " is a folder, and no image: dir:" + printable(path) + " scans the files in it");
  return advised(error, path, path);
}

}  // namespace

Result<LocalImage> open_local_image(const std::string& path, const std::string& name, std::shared_ptr<const SeekableFile> opened) {
  std::error_code unknown;
  if (!opened && std::filesystem::is_directory(path, unknown)) return open_folder(path, name);
  auto tar = open_archive(path, std::move(opened), path);
  if (!tar) return tar.error();
  // What Docker writes today is both; its manifest.json has the names that users know.
  if (tar->contains("manifest.json")) return named("docker-archive:", docker_archive_in(*std::move(tar), "docker-archive:" + path, name));
  if (tar->contains("index.json")) return named("oci-archive:", oci_archive_in(*std::move(tar), "oci-archive:" + path, name));
  return no_index(*tar, path, path, "manifest.json and no index.json");
}

}  // namespace landwaiter::registry
