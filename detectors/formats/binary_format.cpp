// SPDX-License-Identifier: Apache-2.0
#include "detectors/formats/binary_format.hpp"

#include <algorithm>
#include <limits>

namespace landwaiter::detectors {
namespace {

/// No linker writes more program headers than this; real files have about ten.
constexpr std::size_t kProgramHeadersMax = 64;

/// Dynamic sections of real libraries have about 40 entries of 16 bytes; one that needs hundreds of libraries has hundreds.
constexpr std::uint64_t kDynamicBytesMax = 64 * 1024;
/// Sums of file offsets must not overflow; no file is that large.
constexpr std::uint64_t kFileOffsetMax = std::uint64_t{1} << 60;

constexpr std::uint32_t kLoad = 1;
constexpr std::uint32_t kDynamic = 2;
constexpr std::uint32_t kInterpreter = 3;
constexpr std::uint64_t kStringTable = 5;
constexpr std::uint64_t kSoname = 14;
constexpr std::uint64_t kExecutable = 2;

/// Reads the file's numbers in its own byte order and width.
class Elf {
 public:
  explicit Elf(ByteView head) : head_(head) {
    valid_ = head.size() >= 64 &&
             as_text(head.first(4)) ==
                 "\x7f"
                 "ELF" &&
             (head[4] == 1 || head[4] == 2) && (head[5] == 1 || head[5] == 2);
    if (!valid_) return;
    wide_ = head[4] == 2;
    big_ = head[5] == 2;
  }
  bool valid() const { return valid_; }
  bool wide() const { return wide_; }
  std::size_t word_size() const { return wide_ ? 8 : 4; }
  std::uint64_t type() const { return number(head_, 16, 2); }

  std::uint64_t number(ByteView bytes, std::size_t offset, std::size_t size) const {
    if (offset > bytes.size() || size > bytes.size() - offset) return 0;
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < size; ++i) value = value << 8 | bytes[offset + (big_ ? i : size - 1 - i)];
    return value;
  }

  struct Segment {
    std::uint64_t type = 0, offset = 0, address = 0, size = 0;
  };
  template <class Visit>
  void each_segment(Visit visit) const {
    const std::uint64_t table = number(head_, wide_ ? 32 : 28, word_size());
    const std::uint64_t entry = number(head_, wide_ ? 54 : 42, 2);
    const std::uint64_t count = std::min<std::uint64_t>(number(head_, wide_ ? 56 : 44, 2), kProgramHeadersMax);
    if (entry < (wide_ ? 56U : 32U) || table > head_.size()) return;
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::size_t at = table + i * entry;
      if (at + entry > head_.size()) return;
      visit(wide_ ? Segment{number(head_, at, 4), number(head_, at + 8, 8), number(head_, at + 16, 8), number(head_, at + 32, 8)}
                  : Segment{number(head_, at, 4), number(head_, at + 4, 4), number(head_, at + 8, 4), number(head_, at + 16, 4)});
    }
  }

 private:
  ByteView head_;
  bool valid_ = false, wide_ = false, big_ = false;
};

}  // namespace

BinaryKind binary_kind(ByteView head) {
  if (head.size() < 8) return BinaryKind::none;
  const std::string_view magic = as_text(head.first(4));
  if (magic ==
      "\x7f"
      "ELF")
    return BinaryKind::elf;
  if (magic.starts_with("MZ")) return BinaryKind::pe;
  if (magic == "\xcf\xfa\xed\xfe" || magic == "\xce\xfa\xed\xfe" || magic == "\xfe\xed\xfa\xcf" || magic == "\xfe\xed\xfa\xce")
    return BinaryKind::mach_o;
  if (magic != "\xca\xfe\xba\xbe") return BinaryKind::none;
  // Java: u16 minor, u16 major, 45 at least. Mach-O: u32 count of architectures.
  return head[4] == 0 && head[5] == 0 && head[6] == 0 && head[7] < 45 ? BinaryKind::mach_o : BinaryKind::java_class;
}

bool elf_is_program(ByteView head) {
  const Elf elf(head);
  if (!elf.valid()) return false;
  bool program = elf.type() == kExecutable;
  elf.each_segment([&](const Elf::Segment& segment) { program |= segment.type == kInterpreter; });
  return program;
}

std::optional<FileRange> elf_dynamic(ByteView head) {
  const Elf elf(head);
  std::optional<FileRange> found;
  if (!elf.valid()) return found;
  elf.each_segment([&](const Elf::Segment& segment) {
    if (segment.type == kDynamic && segment.size <= kDynamicBytesMax && segment.offset <= kFileOffsetMax)
      found.emplace(segment.offset, segment.size);
  });
  return found;
}

std::optional<std::uint64_t> elf_soname_offset(ByteView head, ByteView dynamic) {
  const Elf elf(head);
  if (!elf.valid()) return std::nullopt;
  std::optional<std::uint64_t> strings, name;
  const std::size_t word = elf.word_size();
  for (std::size_t at = 0; dynamic.size() - at >= 2 * word; at += 2 * word) {
    const std::uint64_t tag = elf.number(dynamic, at, word);
    const std::uint64_t value = elf.number(dynamic, at + word, word);
    if (tag == 0) break;
    if (tag == kStringTable) strings = value;
    if (tag == kSoname) name = value;
  }
  if (!strings || !name) return std::nullopt;
  std::optional<std::uint64_t> offset;
  elf.each_segment([&](const Elf::Segment& segment) {
    if (segment.type != kLoad || *strings < segment.address || *strings - segment.address >= segment.size) return;
    const std::uint64_t table = segment.offset + (*strings - segment.address);
    if (table >= segment.offset && *name <= std::numeric_limits<std::uint64_t>::max() - table) offset = table + *name;
  });
  return offset;
}

}  // namespace landwaiter::detectors
