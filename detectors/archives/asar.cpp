// SPDX-License-Identifier: Apache-2.0
#include "detectors/archives/asar.hpp"

#include "core/base/work_meter.hpp"
#include "detectors/archives/whole_file.hpp"
#include "detectors/engine/file_results.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace landwaiter::detectors {
namespace {

/// 20,000 files with a checksum each are some 8 MB.
constexpr std::uint64_t kHeaderBytesMax = 32 * limits::MiB;
constexpr JsonLimits kJsonAsar{1'000'000, kHeaderBytesMax};

std::uint32_t asar_number(ByteView bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 4; i-- > 0;) value = value << 8U | bytes[at + i];
  return value;
}

Error asar_damaged(const char* why) { return {ErrorCode::malformed, std::string("asar archive is damaged: ") + why}; }

/// What the parsed text takes at most: see JsonLimits.
std::uint64_t bytes_of_parsed(std::string_view text) {
  constexpr std::uint64_t kNodeBytes = 200;
  const auto nodes = std::ranges::count_if(text, [](char c) { return c == ',' || c == ':' || c == '[' || c == '{'; });
  return kNodeBytes * static_cast<std::uint64_t>(nodes + 1) + text.size();
}

const nlohmann::json* member_of(const nlohmann::json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

}  // namespace

bool looks_like_asar(ByteView head) {
  constexpr std::uint32_t kAlignment = 4;
  if (head.size() <= kAsarStartBytes || asar_number(head, 0) != 4 || head[kAsarStartBytes] != '{') return false;
  const std::uint64_t header = asar_number(head, 4), payload = asar_number(head, 8), text = asar_number(head, 12);
  return header == payload + 4 && payload >= text + 4 && payload - text - 4 < kAlignment;
}

EntryReader::Step Asar::fail(Error error) {
  failed_ = true;
  error_ = std::move(error);
  return Step::failed;
}

Result<void> Asar::begin() {
  const auto start = source_.peek(kAsarStartBytes);
  if (!start || start->size() < kAsarStartBytes) return asar_damaged("it is too short");
  const std::uint64_t header_bytes = asar_number(*start, 4), text_bytes = asar_number(*start, 12);
  if (text_bytes > kHeaderBytesMax) return Error(ErrorCode::unsupported, "its list of files is too long");
  source_.consume(kAsarStartBytes);
  WholeFile header;
  const auto kept = header.keep(source_, text_bytes);
  if (!kept) return kept;
  if (header.bytes().size() < text_bytes) return asar_damaged("its list of files ends early");
  MemoryShare parsed;
  if (!parsed.borrow(bytes_of_parsed(as_text(header.bytes())))) return no_memory_for("asar archive is not opened");
  const auto list = parse_json(as_text(header.bytes()), "its list of files", kJsonAsar);
  if (!list) return list.error();
  const auto added = add_files(*list, "");
  if (!added) return added;
  std::ranges::stable_sort(files_, {}, &File::offset);
  if (!pass_over(8 + header_bytes - kAsarStartBytes - text_bytes)) return asar_damaged("it ends early");
  position_ = 0;
  return {};
}

/// As deep as the JSON is.
Result<void> Asar::add_files(const nlohmann::json& folder, const std::string& path) {
  const nlohmann::json* const files = folder.is_object() ? member_of(folder, "files") : nullptr;
  if (files == nullptr || !files->is_object()) return asar_damaged("its list of files is not one");
  for (const auto& [name, file] : files->items()) {
    std::string inner = (path + (path.empty() ? "" : "/") + name).substr(0, limits::path_bytes_max + 1);
    if (!charge_work(inner.size())) return no_work_for("asar archive is not opened");
    const bool is_folder = file.is_object() && member_of(file, "files") != nullptr;
    const auto added = is_folder ? add_files(file, inner) : add_file(file, std::move(inner));
    if (!added) return added;
  }
  return {};
}

Result<void> Asar::add_file(const nlohmann::json& file, std::string path) {
  File out{.path = std::move(path)};
  const nlohmann::json* const offset = file.is_object() ? member_of(file, "offset") : nullptr;
  const nlohmann::json* const size = file.is_object() ? member_of(file, "size") : nullptr;
  // A link, or a file that lies beside the archive.
  if (offset == nullptr && file.is_object()) return {};
  if (offset != nullptr && offset->is_string() && size != nullptr && size->is_number_unsigned()) {
    const std::string& text = offset->get_ref<const std::string&>();
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out.offset);
    out.known = error == std::errc() && end == text.data() + text.size();
    out.size = size->get<std::uint64_t>();
  }
  // The list grows in powers of two.
  if (!memory_.borrow(2 * sizeof(File) + out.path.size())) return no_memory_for("asar archive is not opened");
  files_.push_back(std::move(out));
  return {};
}

bool Asar::pass_over(std::uint64_t bytes) {
  while (bytes > 0) {
    const auto chunk = source_.peek(1);
    if (!chunk || chunk->empty()) return false;
    const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(bytes, chunk->size()));
    source_.consume(part);
    position_ += part;
    bytes -= part;
  }
  return true;
}

EntryReader::Step Asar::next() {
  if (failed_) return Step::failed;
  if (!std::exchange(begun_, true)) {
    const auto begun = begin();
    if (!begun) return fail(begun.error());
  }
  if (!pass_over(std::exchange(left_, 0))) return fail(asar_damaged("it ends within a file"));
  // The same bytes under another name have been searched.
  const auto is_copy = [&](std::size_t i) {
    return i > 0 && files_[i].known && files_[i].offset == files_[i - 1].offset && files_[i].size == files_[i - 1].size;
  };
  while (number_ < files_.size() && is_copy(number_)) ++number_;
  if (number_ == files_.size()) return Step::end;
  constexpr std::uint64_t kEntryUnits = 1'500;
  if (!charge_work(kEntryUnits)) return fail(no_work_for("not read to its end"));
  const File& file = files_[number_++];
  entry_ = ArchiveEntry{};
  entry_.name = file.path;
  if (!file.known || (file.offset < position_ && file.size > 0)) {
    entry_.unsupported = file.known ? "it lies within another file of the asar archive" : "where it is in the asar archive is not readable";
    return Step::entry;
  }
  if (file.offset > position_ && !pass_over(file.offset - position_)) return fail(asar_damaged("a file lies beyond its end"));
  entry_.size_bytes = left_ = file.size;
  entry_.size_known = true;
  return Step::entry;
}

Result<EntryReader::Block> Asar::read() {
  if (failed_) return error_;
  const std::uint64_t at = entry_.size_bytes - left_;
  if (left_ == 0) return Block{at, {}};
  const auto chunk = source_.peek(1);
  if (!chunk || chunk->empty()) {
    fail(chunk ? asar_damaged("it ends within a file") : chunk.error());
    return error_;
  }
  const ByteView part = chunk->first(static_cast<std::size_t>(std::min<std::uint64_t>(left_, chunk->size())));
  source_.consume(part.size());
  position_ += part.size();
  left_ -= part.size();
  return Block{at, part};
}

}  // namespace landwaiter::detectors
