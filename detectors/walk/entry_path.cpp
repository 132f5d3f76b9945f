// SPDX-License-Identifier: Apache-2.0
#include "detectors/walk/entry_path.hpp"

#include "core/base/limits.hpp"
#include "core/base/text.hpp"

#include <array>

namespace landwaiter::detectors {
namespace {

constexpr std::string_view kWhiteout = ".wh.";
constexpr std::string_view kMetadata = ".wh..wh.";
constexpr std::string_view kOpaque = ".wh..wh..opq";

}  // namespace

EntryPath entry_path(std::string_view raw) {
  EntryPath path;
  path.cut = raw.size() > limits::path_bytes_max;
  raw = raw.substr(0, limits::path_bytes_max);
  std::string clean;
  clean.reserve(raw.size());
  while (!raw.empty()) {
    const std::size_t slash = raw.find('/');
    const std::string_view component = raw.substr(0, slash);
    raw.remove_prefix(slash == std::string_view::npos ? raw.size() : slash + 1);
    if (component.empty() || component == ".") continue;
    if (component == "..") path.dot_dot = true;
    if (!clean.empty()) clean += '/';
    clean += component;
  }
  path.text = printable(clean);
  return path;
}

EntryMeaning entry_meaning(std::string_view path, std::string& subject) {
  const std::string_view name = base_name(path);
  if (!name.starts_with(kWhiteout)) return EntryMeaning::content;
  std::string_view directory = path.substr(0, path.size() - name.size());
  if (name == kOpaque) {
    if (!directory.empty()) directory.remove_suffix(1);
    subject = directory;
    return EntryMeaning::opaque_directory;
  }
  if (name.starts_with(kMetadata)) return EntryMeaning::aufs_metadata;
  if (name.size() == kWhiteout.size()) return EntryMeaning::content;  // nothing is named
  subject = std::string(directory) + std::string(name.substr(kWhiteout.size()));
  return EntryMeaning::whiteout;
}

std::string_view base_name(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::string uncompressed_name(std::string_view path) {
  constexpr std::array<std::string_view, 8> kSuffixes{".gz", ".gzip", ".xz", ".zst", ".zstd", ".bz2", ".bzip2", ".z"};
  const std::string_view name = base_name(path);
  for (const std::string_view suffix : kSuffixes) {
    if (name.size() > suffix.size() && iequals(name.substr(name.size() - suffix.size()), suffix)) {
      return std::string(name.substr(0, name.size() - suffix.size()));
    }
  }
  return std::string(name) + ".content";
}

}  // namespace landwaiter::detectors
