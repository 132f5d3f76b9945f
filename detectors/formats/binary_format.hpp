// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace landwaiter::detectors {

/// The kind of program that a file's first bytes belong to.
enum class BinaryKind { none, elf, pe, mach_o, java_class };

/// By magic number. A Mach-O universal binary and a Java class have the same one; the count after it distinguishes them.
BinaryKind binary_kind(ByteView head);

/// Whether the ELF file with this head is a program: of type ET_EXEC, or with a PT_INTERP? False for shared objects.
bool elf_is_program(ByteView head);

/// Where the ELF file's dynamic section is (PT_DYNAMIC). Nothing if it is impossible or has too many entries.
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

/// The file offset of the shared object's own name (DT_SONAME), from its head and the bytes of its dynamic section (System V ABI, chapter
/// 5). Names of needed libraries are in the same string table: the offset distinguishes them.
std::optional<std::uint64_t> elf_soname_offset(ByteView head, ByteView dynamic);

}  // namespace landwaiter::detectors
