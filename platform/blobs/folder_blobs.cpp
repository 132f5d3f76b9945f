// SPDX-License-Identifier: Apache-2.0
#include "platform/blobs/folder_blobs.hpp"

#include "core/os/files.hpp"

#include <chrono>
#include <system_error>
#include <utility>

namespace landwaiter::platform {
namespace {

namespace fs = std::filesystem;

class FolderBlobs final : public BlobStore {
 public:
  explicit FolderBlobs(fs::path folder) : folder_(std::move(folder)), place_(folder_.string()) {}

  const std::string& place() const override { return place_; }

 private:
  Result<void> write(const std::string& name, ByteView bytes) override { return write_private_file(folder_ / name, as_text(bytes)); }

  Result<Bytes> read(const std::string& name) override {
    const fs::path file = folder_ / name;
    std::error_code error;
    const auto size = fs::file_size(file, error);
    if (error == std::errc::no_such_file_or_directory) return Error(ErrorCode::not_found, place_ + ": has no " + name);
    if (error) return Error(ErrorCode::io, file.string() + ": cannot be read: " + error.message());
    if (size > kBlobBytesMax) return Error(ErrorCode::limit_exceeded, file.string() + ": is too large for a report");
    auto text = read_small_file(file);
    if (!text) return text.error();
    const ByteView bytes = as_bytes(*text);
    return Bytes(bytes.begin(), bytes.end());
  }

  Result<void> erase(const std::string& name) override {
    std::error_code error;
    fs::remove(folder_ / name, error);
    if (error) return Error(ErrorCode::io, (folder_ / name).string() + ": cannot be removed: " + error.message());
    return {};
  }

  Result<std::vector<BlobFacts>> names(const std::string& two_digits) override {
    std::vector<BlobFacts> out;
    std::error_code error;
    for (fs::recursive_directory_iterator at(folder_ / two_digits, error), end; !error && at != end; at.increment(error)) {
      const std::string name = at->path().lexically_relative(folder_).generic_string();
      if (!is_blob_name(name)) continue;
      std::error_code gone;
      const auto written = at->last_write_time(gone);
      if (gone) continue;
      out.push_back({name, std::chrono::time_point_cast<SystemTime::duration>(std::chrono::file_clock::to_sys(written))});
    }
    if (error && error != std::errc::no_such_file_or_directory) {
      return Error(ErrorCode::io, (folder_ / two_digits).string() + ": cannot be listed: " + error.message());
    }
    return out;
  }

  fs::path folder_;
  std::string place_;
};

}  // namespace

Result<std::unique_ptr<BlobStore>> open_folder_blobs(const fs::path& folder) {
  auto made = make_private_directory(folder);
  if (!made) return made.error();
  return std::unique_ptr<BlobStore>(std::make_unique<FolderBlobs>(folder));
}

}  // namespace landwaiter::platform
