// SPDX-License-Identifier: Apache-2.0
#include "daemon/reader/file_trigger_cache.hpp"

#include "core/base/digest.hpp"
#include "core/os/files.hpp"

#include <fstream>
#include <sstream>

namespace landwaiter::daemon {
namespace {

/// Vectorscan's databases for a few hundred triggers have a few hundred KiB.
constexpr std::uintmax_t kCacheBytesMax = 64 * 1024 * 1024;

/// The first line: the triggers' hash, and the digest of the rest.
std::string first_line(const std::string& name, ByteView bytes) { return name + ' ' + Digest::sha256_of(bytes).str() + '\n'; }

}  // namespace

FileTriggerCache::FileTriggerCache(const std::filesystem::path& state_directory) {
  if (!state_directory.empty()) file_ = state_directory / "triggers.cache";
}

std::optional<Bytes> FileTriggerCache::load(const std::string& name) {
  std::error_code error;
  if (file_.empty() || std::filesystem::file_size(file_, error) > kCacheBytesMax || error) return std::nullopt;
  std::ifstream in(file_, std::ios::binary);
  std::string line;
  if (!std::getline(in, line)) return std::nullopt;
  std::ostringstream rest;
  rest << in.rdbuf();
  const std::string text = rest.str();
  const ByteView bytes = as_bytes(text);
  if (line + '\n' != first_line(name, bytes)) return std::nullopt;
  return Bytes(bytes.begin(), bytes.end());
}

void FileTriggerCache::keep(const std::string& name, ByteView bytes) {
  if (file_.empty() || bytes.empty()) return;
  // A failure only makes the next start slower.
  const auto written = write_private_file(file_, first_line(name, bytes) + std::string(as_text(bytes)));
  static_cast<void>(written);
}

}  // namespace landwaiter::daemon
