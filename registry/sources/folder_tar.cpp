// SPDX-License-Identifier: Apache-2.0
// The format is that of GNU tar (its manual, "Basic Tar Format"): names and sizes of any length, names as bytes.
#include "registry/sources/folder_tar.hpp"

#include "core/base/text.hpp"

#include <algorithm>
#include <cstring>
#include <functional>

namespace landwaiter::registry {
namespace {

constexpr std::size_t kBlock = 512;
/// More would fill the report of a tree that somebody else owns.
constexpr std::size_t kProblemsTold = 100;
/// What eleven octal digits can say.
constexpr std::uint64_t kOctalMax = (std::uint64_t{1} << 33U) - 1;

/// A header of the format, field by field.
struct TarHeader {
  char name[100], mode[8], owner[8], group[8], size[12], time[12], checksum[8], type, target[100], magic[8], more[247];
};
static_assert(sizeof(TarHeader) == kBlock);

std::uint64_t name_hash(const std::string& name) { return std::hash<std::string>()(name); }

std::uint64_t padding_of(std::uint64_t size) { return (kBlock - size % kBlock) % kBlock; }

/// The last place is a NUL, which is there already.
template <std::size_t kSize>
void put_octal(char (&field)[kSize], std::uint64_t value) {
  for (std::size_t i = kSize - 1; i-- > 0; value >>= 3U) field[i] = static_cast<char>('0' + (value & 7U));
}

void put_size(char (&field)[12], std::uint64_t value) {
  if (value <= kOctalMax) return put_octal(field, value);
  field[0] = static_cast<char>(0x80);
  for (std::size_t i = sizeof(field); i-- > sizeof(field) - sizeof(value); value >>= 8U) field[i] = static_cast<char>(value & 0xffU);
}

template <std::size_t kSize>
void put_text(char (&field)[kSize], const std::string& text) {
  std::memcpy(field, text.data(), std::min(kSize, text.size()));
}

std::string block(const std::string& name, char type, std::uint32_t mode, std::uint64_t size, const std::string& target) {
  TarHeader header{};
  put_text(header.name, name);
  put_octal(header.mode, mode);
  put_octal(header.owner, 0);
  put_octal(header.group, 0);
  put_size(header.size, size);
  put_octal(header.time, 0);
  header.type = type;
  put_text(header.target, target);
  std::memcpy(header.magic, "ustar  ", sizeof(header.magic));
  // Summed up with blanks in its own place.
  std::memset(header.checksum, ' ', sizeof(header.checksum));
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(&header);
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < kBlock; ++i) sum += bytes[i];
  char digits[7]{};
  put_octal(digits, sum);
  std::memcpy(header.checksum, digits, sizeof(digits));
  return {reinterpret_cast<const char*>(&header), kBlock};
}

/// An entry of its own for a text that its field is too short for.
std::string long_text(char type, const std::string& text) {
  std::string out = block("././@LongLink", type, 0, text.size() + 1, "");
  out += text;
  out.append(1 + padding_of(text.size() + 1), '\0');
  return out;
}

std::string entry_header(const TreeEntry& entry) {
  using Kind = TreeEntry::Kind;
  constexpr std::size_t kField = sizeof(TarHeader::name);
  const std::string name = entry.kind == Kind::folder ? entry.name + '/' : entry.name;
  std::string out;
  if (name.size() > kField) out += long_text('L', name);
  if (entry.target.size() > kField) out += long_text('K', entry.target);
  char type = '0';
  if (entry.kind == Kind::folder) type = '5';
  else if (entry.kind == Kind::symbolic_link) type = '2';
  else if (entry.kind == Kind::hard_link) type = '1';
  return out + block(name, type, entry.mode, entry.size_bytes, entry.target);
}

}  // namespace

bool TreeRecord::has(const std::string& name, std::uint64_t version) const {
  return std::ranges::binary_search(files, std::pair(name_hash(name), version));
}

Result<FolderTar> FolderTar::open(const std::string& path, std::set<std::string> left_out) {
  auto tree = FileTree::open(path);
  if (!tree) return tree.error();
  FolderTar tar(*std::move(tree));
  tar.record_.left_out = std::move(left_out);
  for (const std::string& name : tar.record_.left_out) tar.tell(name, "it is written to at this time");
  return tar;
}

TreeRecord FolderTar::take_record() {
  std::ranges::sort(record_.files);
  return std::move(record_);
}

/// What a second reading must find again.
void FolderTar::note(const TreeEntry& entry) {
  if (entry.kind != TreeEntry::Kind::file) return;
  if (compared_ == nullptr) record_.files.emplace_back(name_hash(entry.name), entry.version);
  else if (!compared_->has(entry.name, entry.version)) changed_.insert(entry.name);
}

std::size_t FolderTar::read(std::span<std::uint8_t> buffer) {
  if (buffer.empty()) return 0;
  while (true) {
    if (given_ < waiting_.size()) {
      const std::size_t size = std::min(buffer.size(), waiting_.size() - given_);
      std::memcpy(buffer.data(), waiting_.data() + given_, size);
      given_ += size;
      return size;
    }
    if (file_left_ > 0) {
      const std::size_t size = read_file(buffer);
      if (size > 0) return size;
      continue;
    }
    if (zeros_left_ > 0) {
      const std::size_t size = std::min<std::uint64_t>(buffer.size(), zeros_left_);
      std::memset(buffer.data(), 0, size);
      zeros_left_ -= size;
      return size;
    }
    if (ended_) return 0;
    if (begin_next()) continue;
    ended_ = true;
    zeros_left_ = 2 * kBlock;
  }
}

bool FolderTar::begin_next() {
  auto entry = tree_.next();
  while (entry && entry->kind != TreeEntry::Kind::folder && record_.left_out.contains(entry->name)) entry = tree_.next();
  if (!entry) return false;
  note(*entry);
  if (!entry->problem.empty()) tell(entry->name, entry->problem);
  name_ = entry->name;
  waiting_ = entry_header(*entry);
  given_ = 0;
  file_ = std::move(entry->file);
  file_left_ = entry->size_bytes;
  zeros_left_ = padding_of(entry->size_bytes);
  return true;
}

/// 0 if the rest of the file cannot be had: as much as its header promises are zeros then.
std::size_t FolderTar::read_file(std::span<std::uint8_t> buffer) {
  const auto part = buffer.first(std::min<std::uint64_t>(buffer.size(), file_left_));
  auto size = file_->read(part);
  if (size && *size > 0) {
    file_left_ -= *size;
    return *size;
  }
  tell(name_, size ? "it was cut while it was read" : size.error().message());
  zeros_left_ += std::exchange(file_left_, 0);
  return 0;
}

void FolderTar::tell(const std::string& path, const std::string& what) {
  if (problems_.size() == kProblemsTold) {
    ++untold_;
    return;
  }
  problems_.push_back({.code = ErrorCode::io,
                       .message = "it cannot be read: " + what,
                       .path = printable(path),
                       .archive = {},
                       .layer = {},
                       .effect = Effect::incomplete});
}

std::vector<Diagnostic> FolderTar::problems() const {
  std::vector<Diagnostic> out = problems_;
  if (untold_ == 0) return out;
  out.push_back({.code = ErrorCode::io,
                 .message = counted(untold_, "more file or folder", "more files and folders") + " cannot be read",
                 .path = {},
                 .archive = {},
                 .layer = {},
                 .effect = Effect::incomplete});
  return out;
}

}  // namespace landwaiter::registry
