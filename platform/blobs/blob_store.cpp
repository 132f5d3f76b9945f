// SPDX-License-Identifier: Apache-2.0
#include "platform/blobs/blob_store.hpp"

#include "core/base/digest.hpp"
#include "core/base/text.hpp"

#include <algorithm>

namespace landwaiter::platform {
namespace {

constexpr std::string_view kEnding = ".zst";
constexpr std::size_t kHexDigits = 64;

bool is_hex(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::string name_of_hex(std::string_view hex) {
  std::string out(hex.substr(0, 2));
  out.append("/").append(hex.substr(2, 2)).append("/").append(hex).append(kEnding);
  return out;
}

Error no_name(const std::string& name) {
  return {ErrorCode::invalid_argument, landwaiter::quoted(name) + " is not the name of a stored report"};
}

}  // namespace

std::string blob_name(ByteView bytes) { return name_of_hex(Digest::sha256_of(bytes).hex()); }

bool is_blob_name(std::string_view name) {
  constexpr std::size_t kFolders = 6;  // "ab/cd/"
  if (name.size() != kFolders + kHexDigits + kEnding.size()) return false;
  const std::string_view hex = name.substr(kFolders, kHexDigits);
  return is_hex(hex) && name == name_of_hex(hex);
}

Result<std::string> BlobStore::put(ByteView bytes) {
  if (bytes.size() > kBlobBytesMax) return Error(ErrorCode::limit_exceeded, place() + ": a report is too large to be stored");
  std::string name = blob_name(bytes);
  auto written = write(name, bytes);
  if (!written) return written.error();
  return name;
}

Result<Bytes> BlobStore::get(const std::string& name) {
  if (!is_blob_name(name)) return no_name(name);
  auto bytes = read(name);
  if (!bytes) return bytes;
  if (blob_name(*bytes) != name) return Error(ErrorCode::digest_mismatch, place() + ": " + name + " is damaged");
  return bytes;
}

Result<void> BlobStore::remove(const std::string& name) {
  if (!is_blob_name(name)) return no_name(name);
  return erase(name);
}

Result<std::vector<BlobFacts>> BlobStore::list(std::string_view two_digits) {
  if (two_digits.size() != 2 || !is_hex(two_digits)) return no_name(std::string(two_digits));
  return names(std::string(two_digits));
}

}  // namespace landwaiter::platform
