// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace landwaiter::detectors {

/// What kind of program the first bytes of a file belong to.
enum class BinaryKind { none, elf, pe, mach_o, java_class };

/// By magic number alone. A Mach-O universal binary and a Java class share theirs; the count that follows tells them apart.
BinaryKind binary_kind(ByteView head);

/// Is the ELF file of this head a program: of type ET_EXEC, or with a PT_INTERP? False for shared objects.
bool elf_is_program(ByteView head);

/// Where the ELF file's dynamic section is (PT_DYNAMIC). One that no file can have, or that has more than a few entries, is none.
class FileRange {
 public:
  FileRange(std::uint64_t offset, std::uint64_t size) : offset_(offset), size_(size) {}
  std::uint64_t offset() const { return offset_; }
  std::uint64_t size() const { return size_; }
  std::uint64_t end() const { return offset_ + size_; }

 private:
  std::uint64_t offset_;
  std::uint64_t size_;
};
std::optional<FileRange> elf_dynamic(ByteView head);

/// The file offset of the name that the shared object gives itself (DT_SONAME), from its head and the bytes of its dynamic
/// section (System V ABI, chapter 5). Names of libraries that it needs stand in the same table of strings: the offset tells.
std::optional<std::uint64_t> elf_soname_offset(ByteView head, ByteView dynamic);

}  // namespace landwaiter::detectors
