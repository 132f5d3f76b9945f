// SPDX-License-Identifier: Apache-2.0
#include "detectors/openpgp/keybox.hpp"

namespace landwaiter::detectors {
namespace {

enum BlobType : std::uint8_t { kEmptyBlob = 0, kHeaderBlob = 1, kOpenPgpBlob = 2, kX509Blob = 3 };

constexpr std::size_t kBlobBytesMin = 5;

struct KeyboxBlob {
  std::uint8_t type = 0;
  ByteView bytes;  ///< with its length
};

/// The blob at the front of `rest`: u32 length, which counts itself, u8 type. `cut` if it continues past the end.
std::optional<KeyboxBlob> read_blob(ByteView rest, bool& cut) {
  ByteReader reader(rest);
  std::uint32_t size = 0;
  KeyboxBlob blob;
  if (!reader.u32_be(size) || size < kBlobBytesMin || !reader.u8(blob.type) || blob.type > kX509Blob) return std::nullopt;
  cut = size > rest.size();
  if (cut) return std::nullopt;
  blob.bytes = rest.first(size);
  return blob;
}

/// u32 length, u8 type, u8 version, u16 flags, then where the key block is within the blob.
std::optional<ByteView> key_block_of(ByteView blob) {
  ByteReader reader(blob);
  std::uint32_t begin = 0, size = 0;
  if (!reader.skip(8) || !reader.u32_be(begin) || !reader.u32_be(size)) return std::nullopt;
  if (begin > blob.size() || size > blob.size() - begin) return std::nullopt;
  return blob.subspan(begin, size);
}

bool is_header(const KeyboxBlob& blob) {
  return blob.type == kHeaderBlob && blob.bytes.size() >= 12 && as_text(blob.bytes.subspan(8, 4)) == "KBXf";
}

}  // namespace

std::optional<Keybox> read_keybox(ByteView bytes) {
  Keybox box;
  auto blob = read_blob(bytes, box.cut);
  if (!blob || !is_header(*blob)) return std::nullopt;
  while (blob) {
    box.size += blob->bytes.size();
    if (blob->type == kOpenPgpBlob) {
      if (const auto block = key_block_of(blob->bytes)) box.key_blocks.push_back(*block);
    }
    blob = read_blob(bytes.subspan(box.size), box.cut);
  }
  return box;
}

}  // namespace landwaiter::detectors
