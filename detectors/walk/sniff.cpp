// SPDX-License-Identifier: Apache-2.0
#include "detectors/walk/sniff.hpp"

#include "detectors/archives/asar.hpp"
#include "detectors/archives/cpio.hpp"
#include "detectors/engine/archive_marks.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace landwaiter::detectors {
namespace {

using namespace std::string_view_literals;

/// APPNOTE.TXT sections 4.3.7, 4.3.16 and 8.5.4: a local header, the end record of an empty archive, the mark of a split
/// archive that fitted one part.
constexpr std::string_view kZipLocalHeader = "PK\x03\x04";
constexpr std::string_view kZipEmpty = "PK\x05\x06";
constexpr std::string_view kZipUnsplit = "PK00PK\x03\x04";

struct Magic {
  std::size_t at;
  std::string_view bytes;
  Content content;
};

constexpr Content unopened(std::string_view name) { return {.kind = Content::Kind::unopened, .name = name}; }
constexpr Content opened(Content::Kind kind, std::string_view name) { return {.kind = kind, .name = name}; }

/// By the formats' own descriptions. Text that could begin any file, as "RE~^" of the oldest RAR, is left out.
constexpr std::array kMagics{
    Magic{0, kZipLocalHeader, opened(Content::Kind::zip, "zip archive")},
    Magic{0, kZipEmpty, opened(Content::Kind::zip, "zip archive")},
    Magic{0, kZipUnsplit, opened(Content::Kind::zip, "zip archive")},
    Magic{0, "!<arch>\n", opened(Content::Kind::ar, "ar archive")},
    Magic{0, "\xed\xab\xee\xdb", opened(Content::Kind::rpm, "RPM package")},
    Magic{0, kPackMark2, opened(Content::Kind::git_pack, "git pack")},
    Magic{0, kPackMark3, opened(Content::Kind::git_pack, "git pack")},
    Magic{0, "# v2 git bundle\n", unopened("git bundle")},
    Magic{0, "# v3 git bundle\n", unopened("git bundle")},
    Magic{0, "SQLite format 3\0"sv, opened(Content::Kind::sqlite, "SQLite database")},
    Magic{0, kSevenZipMark, opened(Content::Kind::seven_zip, "7z archive")},
    Magic{0, kRarMark, unopened("RAR archive")},
    Magic{0, kXarMark, unopened("xar archive")},
    Magic{0, kCabinetMark, opened(Content::Kind::cab, "cabinet (cab)")},
    Magic{0, "ISc(", unopened("InstallShield cabinet")},
    Magic{0, "\x04\x22\x4d\x18", unopened("lz4 file")},
    Magic{0, "\x02\x21\x4c\x18", unopened("lz4 file")},
    Magic{0, "LZIP\x01", unopened("lzip file")},
    Magic{0, "\x89LZO\0\r\n\x1a\n"sv, unopened("lzop file")},
    Magic{0, "\xff\x06\0\0sNaPpY"sv, unopened("snappy file")},
    Magic{0, "LRZI\0"sv, unopened("lrzip file")},
    Magic{0, "MSWIM\0\0\0"sv, unopened("Windows image (wim)")},
    Magic{0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", unopened("OLE compound file (msi, doc)")},
    Magic{0, "hsqs", unopened("squashfs image")},
    Magic{0, "sqsh", unopened("squashfs image")},
    Magic{0, "\x45\x3d\xcd\x28", unopened("cramfs image")},
    Magic{0, "QFI\xfb", unopened("qcow2 disk image")},
    Magic{0, "KDMV", unopened("VMDK disk image")},
    Magic{0, "conectix", unopened("VHD disk image")},
    Magic{0, "vhdxfile", unopened("VHDX disk image")},
    Magic{0, "-rom1fs-", unopened("romfs image")},
    Magic{0, "ANDROID BACKUP\n", unopened("Android backup")},
    Magic{0, "LUKS\xba\xbe", unopened("encrypted disk image (LUKS)")},
    Magic{7, "**ACE**", unopened("ACE archive")},
    Magic{20, "\xdc\xa7\xc4\xfd", unopened("zoo archive")},
    Magic{64, "<<< Oracle VM VirtualBox Disk Image >>>", unopened("VDI disk image")},
    Magic{1024, "\xe2\xe1\xf5\xe0", unopened("EROFS image")},
    Magic{1024, "\x10\x20\xf5\xf2", unopened("F2FS image")},
    Magic{32769, "CD001", unopened("ISO 9660 image")},
    Magic{32769, "BEA01", unopened("UDF image")},
};

bool has(std::string_view text, std::size_t at, std::string_view bytes) {
  return text.size() > at && text[at] == bytes[0] && text.substr(at).starts_with(bytes);
}

std::uint32_t little(ByteView bytes, std::size_t at, std::size_t size) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value |= std::uint32_t{bytes[at + i]} << 8 * i;
  return value;
}

/// The superblock lies at 1024; its magic has only two bytes, so values of other fields support it.
bool is_ext(ByteView head) {
  constexpr std::size_t kSuperblock = 1024;
  if (head.size() < kSuperblock + 128 || little(head, kSuperblock + 56, 2) != 0xef53) return false;
  const std::uint32_t state = little(head, kSuperblock + 58, 2), block_log = little(head, kSuperblock + 24, 4);
  return state <= 7 && block_log <= 6 && little(head, kSuperblock + 76, 4) <= 1 && little(head, kSuperblock, 4) > 0;
}

/// compress and its predecessor: the third byte has the length of the longest code.
bool is_compress(std::string_view text) {
  if (text.size() < 4 || text[0] != '\x1f' || (text[1] != '\x9d' && text[1] != '\xa0')) return false;
  const int bits = text[2] & 0x1f;
  return text[1] == '\xa0' || (bits >= 9 && bits <= 16 && (text[2] & 0x60) == 0);
}

/// LHA: "-lh5-" at 2, after a header size and its checksum.
bool is_lha(std::string_view text) {
  return text.size() >= 22 && text[2] == '-' && text[3] == 'l' && (text[4] == 'h' || text[4] == 'z') && text[6] == '-' && text[20] <= 2;
}

Content sniff_other(ByteView head) {
  const std::string_view text = as_text(head);
  if (looks_like_tar(head)) return opened(Content::Kind::tar, "tar archive");
  if (looks_like_cpio(head)) return opened(Content::Kind::cpio, "cpio archive");
  if (looks_like_asar(head)) return opened(Content::Kind::asar, "asar archive");
  if (is_compress(text)) return unopened("compress (.Z) file");
  if (is_ext(head)) return unopened("ext file system image");
  if (is_lha(text)) return unopened("LHA archive");
  return {};
}

std::string_view name_of(Compression compression) {
  switch (compression) {
    case Compression::gzip: return "gzip file";
    case Compression::zlib: return "zlib file";
    case Compression::zstd: return "zstd file";
    case Compression::xz: return "xz file";
    case Compression::lzma: return "lzma file";
    case Compression::bzip2: return "bzip2 file";
    case Compression::none: break;
  }
  return "file";
}

}  // namespace

/// POSIX.1-2017 pax, "ustar Interchange Format": the magic is at 257. GNU writes "ustar  ".
bool looks_like_tar(ByteView head) { return head.size() >= 262 && as_text(head).substr(257, 5) == "ustar"; }

Content sniff_content(ByteView head) {
  if (head.empty()) return {};
  const std::string_view text = as_text(head);
  for (const Magic& magic : kMagics) {
    if (has(text, magic.at, magic.bytes)) return magic.content;
  }
  const Compression compression = sniff_compression(head);
  if (compression != Compression::none)
    return {.kind = Content::Kind::compressed, .compression = compression, .name = name_of(compression)};
  return sniff_other(head);
}

bool begins_zip(ByteView head) {
  constexpr std::size_t kHeader = 30;
  if (head.size() < kHeader + 1 || !as_text(head).starts_with(kZipLocalHeader)) return false;
  constexpr std::array<std::uint16_t, 23> kMethods{0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 12, 14, 16, 18, 19, 20, 93, 94, 95, 96, 97, 98, 99};
  constexpr std::uint32_t kFlags = 0x7fff, kNewest = 63;
  const std::uint32_t method = little(head, 8, 2), flags = little(head, 6, 2), name = little(head, 26, 2);
  if (head[4] > kNewest || head[5] > 20 || (flags & ~kFlags) != 0 || name == 0) return false;
  if (std::ranges::find(kMethods, method) == kMethods.end()) return false;
  // A name, not any bytes.
  const ByteView first = head.subspan(kHeader, std::min<std::size_t>(name, head.size() - kHeader));
  return std::ranges::none_of(first, [](std::uint8_t c) { return c < 0x20 || c == 0x7f; });
}

namespace {

/// Whether "PK" or "7z", or in a program "MS", is among the first `kPairBlock` bytes and the one after them: the only work that every byte
/// of a file costs.
constexpr std::size_t kPairBlock = 256;

template <class Lanes, bool program>
[[gnu::always_inline]] inline bool has_pair_in_lanes(const std::uint8_t* block) {
  Lanes pairs{};
  for (std::size_t at = 0; at < kPairBlock; at += sizeof(Lanes)) {
    Lanes first, second;
    std::memcpy(&first, block + at, sizeof first);
    std::memcpy(&second, block + at + 1, sizeof second);
    pairs |= ((first == 'P') & (second == 'K')) | ((first == '7') & (second == 'z'));
    if constexpr (program) pairs |= (first == 'M') & (second == 'S');
  }
  std::array<std::uint64_t, sizeof(Lanes) / sizeof(std::uint64_t)> any{};
  std::memcpy(any.data(), &pairs, sizeof any);
  return std::ranges::any_of(any, [](std::uint64_t lane) { return lane != 0; });
}

using HasPair = bool (*)(const std::uint8_t* block);

template <bool program>
bool has_pair(const std::uint8_t* block) {
  using Lanes [[gnu::vector_size(16)]] = std::uint8_t;
  return has_pair_in_lanes<Lanes, program>(block);
}

#ifdef __x86_64__
template <bool program>
[[gnu::target("avx2")]] bool has_pair_by_avx2(const std::uint8_t* block) {
  using Lanes [[gnu::vector_size(32)]] = std::uint8_t;
  return has_pair_in_lanes<Lanes, program>(block);
}

template <bool program>
HasPair best_has_pair() {
  return __builtin_cpu_supports("avx2") ? has_pair_by_avx2<program> : has_pair<program>;
}
#else
template <bool program>
HasPair best_has_pair() {
  return has_pair<program>;
}
#endif

}  // namespace

bool is_windows_program(ByteView head) { return as_text(head).starts_with("MZ"); }

std::size_t find_archive_mark(ByteView bytes, bool windows_program) {
  static const HasPair in_program = best_has_pair<true>(), in_other = best_has_pair<false>();
  const HasPair has_one = windows_program ? in_program : in_other;
  const auto is_mark = [&](std::size_t at) {
    const std::string_view text = as_text(bytes.subspan(at, std::min<std::size_t>(4, bytes.size() - at)));
    return kZipLocalHeader.starts_with(text) || kZipEmpty.starts_with(text) || kSevenZipMark.starts_with(text) ||
           (windows_program && kCabinetMark.starts_with(text));
  };
  std::size_t at = 0;
  while (at < bytes.size()) {
    if (bytes.size() - at > kPairBlock && !has_one(bytes.data() + at)) {
      at += kPairBlock;
      continue;
    }
    const std::size_t end = std::min(bytes.size(), at + kPairBlock);
    for (; at < end; ++at) {
      if ((bytes[at] == 'P' || bytes[at] == '7' || bytes[at] == 'M') && is_mark(at)) return at;
    }
  }
  return bytes.size();
}

std::optional<std::size_t> zip_end_size(ByteView head) {
  if (head.size() < kZipEndBytes || !as_text(head).starts_with(kZipEmpty)) return std::nullopt;
  if (little(head, 10, 2) == 0 || little(head, 12, 4) == 0) return std::nullopt;
  return kZipEndBytes + little(head, 20, 2);
}

}  // namespace landwaiter::detectors
