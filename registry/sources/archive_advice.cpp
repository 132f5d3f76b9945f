// SPDX-License-Identifier: Apache-2.0
#include "registry/sources/archive_advice.hpp"

#include "core/base/text.hpp"
#include "registry/sources/image_choice.hpp"

#include <filesystem>

namespace landwaiter::registry {
namespace {

bool has(const std::string& folder, const char* name) {
  std::error_code unknown;
  return std::filesystem::exists(std::filesystem::path(folder) / name, unknown);
}

/// What lies in a folder that is no OCI layout.
std::string about_folder(const std::string& path) {
  if (has(path, "manifest.json") && has(path, "version"))
    return "it holds an image in skopeo's form dir:, which is not read; skopeo copy dir:DIR oci:DIR2 makes a layout of it";
  if (has(path, "manifest.json")) return "it holds an unpacked archive: tar -C DIR -cf - . | landwaiter scan docker-archive:-";
  return {};
}

}  // namespace

Result<TarFile> open_archive(const std::string& file, std::shared_ptr<const SeekableFile> opened, const std::string& where) {
  if (!opened) {
    auto here = SeekableFile::open(file);
    if (!here) return advised(here.error(), file, where);
    opened = *std::move(here);
  }
  return TarFile::open(std::move(opened), file == "-" ? "standard input" : file);
}

Error no_index(const TarFile& tar, const std::string& file, const std::string& where, const std::string& wanted) {
  const std::string text = printable(where) + " holds no " + wanted;
  if (tar.contains("manifest.json"))
    return {ErrorCode::not_found, text + ", but a manifest.json: it is read as docker-archive:" + printable(file)};
  if (tar.contains("index.json")) return {ErrorCode::not_found, text + ", but an index.json: it is read as oci-archive:" + printable(file)};
  if (tar.contains("repositories"))
    return {ErrorCode::unsupported, text + ": it is of a Docker before 1.10; load it into a newer one and save it again"};
  return {ErrorCode::not_found,
          text + ", so it is no image; a container's files (docker export) can be scanned after docker import and docker save"};
}

Error advised(const Error& error, const std::string& path, const std::string& where) {
  std::string advice;
  if (const std::string prefix = prefix_for(path); !prefix.empty() && !where.starts_with(prefix)) {
    advice = "what lies there is read as " + prefix + printable(path);
  } else if (prefix.empty()) {
    advice = about_folder(path);
  }
  return advice.empty() ? error : Error(error.code(), error.message() + "; " + advice);
}

}  // namespace landwaiter::registry
