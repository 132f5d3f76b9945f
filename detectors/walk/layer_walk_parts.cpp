// SPDX-License-Identifier: Apache-2.0
#include "detectors/archives/cab.hpp"
#include "detectors/archives/seven_zip_header.hpp"
#include "detectors/walk/walk_sources.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace landwaiter::detectors {
namespace {

/// Archives that are tried in one file, whatever its size, and one more for each of so many bytes: opening one takes as long as searching
/// some KiB.
constexpr std::uint64_t kPartsFree = 16;
constexpr std::uint64_t kBytesPerPart = 8 * limits::KiB;

/// What it takes to open an archive: a decoder, a window, a search of its own.
constexpr std::uint64_t kOpenArchiveUnits = 25'000;

/// A hole is searched as zeros, as far as detectors look.
std::uint64_t hole_work(std::uint64_t zeros) {
  constexpr std::uint64_t kUnits = 3'000, kZerosOfUnit = 16;
  constexpr std::uint64_t kSearchedMax = 2 * (limits::detector_lookahead_bytes + limits::detector_lookbehind_bytes);
  return kUnits + std::min(zeros, kSearchedMax) / kZerosOfUnit;
}

/// If the size is known, no more is requested: the file may then be scanned in place. Images of disks have whole sectors.
std::size_t sniff_bytes(std::optional<std::uint64_t> exact_size) {
  constexpr std::uint64_t kSectorBytes = 512;
  if (!exact_size) return kContentSniffBytes;
  const bool disk = *exact_size % kSectorBytes == 0 && *exact_size >= kDiskImageSniffBytes;
  return std::min<std::uint64_t>(*exact_size, disk ? kDiskImageSniffBytes : kContentSniffBytes);
}

/// Passes over that many bytes; false if there are fewer.
bool advance(PeekSource& bytes, std::uint64_t count) {
  while (count > 0) {
    const auto chunk = bytes.peek(1);
    if (!chunk || chunk->empty()) return false;
    const std::size_t step = std::min<std::uint64_t>(count, chunk->size());
    bytes.consume(step);
    count -= step;
  }
  return true;
}

/// In the middle of other bytes, what looks like an archive need not be one.
Content zip_content() { return {.kind = Content::Kind::zip, .name = "zip archive", .certain = false}; }

constexpr std::size_t kArMagicBytes = 8;

/// Decimal digits, then spaces.
std::optional<std::uint64_t> padded_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string_view rest(end, text.data() + text.size());
  if (error != std::errc() || rest.find_first_not_of(' ') != std::string_view::npos) return std::nullopt;
  return value;
}

std::uint64_t big_endian(ByteView bytes) {
  std::uint64_t value = 0;
  for (const std::uint8_t byte : bytes) value = value << 8U | byte;
  return value;
}

}  // namespace

Result<void> LayerWalk::scan_file(ByteSource& file, std::optional<std::uint64_t> exact_size, std::size_t depth) {
  PeekSource bytes(file);
  const auto head = bytes.peek(sniff_bytes(exact_size));
  if (!head) return head.error();
  if (head->empty()) return {};
  const Content content = sniff_content(*head);
  const bool whole = exact_size && head->size() == *exact_size && head->size() <= limits::window_bytes;
  if (content.kind != Content::Kind::plain || !whole || find_archive_mark(*head, is_windows_program(*head)) < head->size() ||
      as_text(*head).starts_with("#!"))
    return scan_parts(bytes, content, depth);
  leaf_->reset(name());
  leaf_->whole(*head);
  report_of(*leaf_);
  return {};
}

/// Goes through a file from one archive in it to the next.
Result<void> LayerWalk::scan_parts(PeekSource& file, Content content, std::size_t depth) {
  leaf_->reset(name());
  Parts parts(*this, file);
  const auto head = parts.bytes.peek(2);
  parts.is_script = head && as_text(*head).starts_with("#!");
  parts.is_windows_program = head && is_windows_program(*head);
  parts.is_archive = content.kind == Content::Kind::tar || content.kind == Content::Kind::zip || content.kind == Content::Kind::cpio ||
                     content.kind == Content::Kind::compressed;
  while (!stop_.stop_requested()) {
    if (content.kind == Content::Kind::rpm) content = rpm_payload(parts);
    if (content.kind == Content::Kind::ar) begin_member(parts, kArMagicBytes);
    if (content.kind == Content::Kind::ar || content.kind == Content::Kind::plain) {
      const auto next = next_place(parts);
      if (!next || next->kind == Content::Kind::plain) break;
      content = *next;
      continue;
    }
    const std::uint64_t begin = parts.position();
    if (!open_part(parts, content, depth)) break;
    if (parts.position() == begin && !advance(parts.bytes, 1)) break;
    auto next = next_part(parts);
    if (!next) break;
    if (parts.ended && next->kind == Content::Kind::plain) tell_of_rest(parts, content);
    content = *next;
  }
  parts.tee.drain();
  report_parts(parts);
  if (parts.tee.failed()) return *parts.tee.failed();
  if (stop_.stop_requested()) return stopped();
  if (!parts.opened && parts.zip_end == parts.tee.bytes()) {
    report_.diagnose(ErrorCode::unsupported, "ends as a zip archive, but no entry of it can be found", place_);
  }
  return {};
}

/// What was found in the raw bytes and not in an archive.
void LayerWalk::report_parts(Parts& parts) {
  FileScan& raw = parts.raw ? *parts.raw : *leaf_;
  raw.finish();
  for (const Analysis analysis : report_.wanted()) {
    if (!parts.raw) break;
    FileResults& found = raw.found(analysis);
    // Of an archive, the raw bytes say nothing that its entries do not say better; of a file that holds one, they do.
    if (parts.opened)
      std::erase_if(found.diagnostics, [&](const Diagnostic& each) { return parts.is_archive || each.effect != Effect::incomplete; });
    report_.drop_known(analysis, found, parts.first);
  }
  report_of(raw);
}

/// Before a part is opened; false if it cannot be.
bool LayerWalk::begin_parts(Parts& parts, const Content& content, std::size_t depth) {
  const std::string what(content.name);
  if (depth >= limits_.archive_depth_max) {
    report_.diagnose(
        ErrorCode::limit_exceeded,
        what + " is not opened: it lies more than " + std::to_string(limits_.archive_depth_max) + " archives deep (archive_depth_max)",
        place_);
    return false;
  }
  if (++parts.count > kPartsFree + parts.position() / kBytesPerPart) {
    report_.diagnose(ErrorCode::limit_exceeded, "holds more archives one after the other than are opened in a file of its size", place_);
    return false;
  }
  if (memory_.files.walk_work.spent() || !charge_work(kOpenArchiveUnits)) {
    report_.diagnose(no_work_for(what + " is not opened"), place_);
    return false;
  }
  if (parts.raw) return true;
  auto leaf = std::make_unique<FileScan>(engine_, memory_.files, limits_);
  if (!parts.memory.borrow(kOpenArchiveBytes) || !leaf->keep_window()) {
    report_.diagnose(no_memory_for(what + " is not opened"), place_);
    return false;
  }
  parts.raw = std::exchange(leaf_, std::move(leaf));
  return true;
}

/// False if no other part is to be opened.
bool LayerWalk::open_part(Parts& parts, const Content& content, std::size_t depth) {
  parts.ended = false;
  if (content.kind == Content::Kind::unopened) {
    report_.diagnose(ErrorCode::unsupported, std::string(content.name) + " is not opened: only its bytes as they are were searched",
                     place_);
    return true;
  }
  if (!begin_parts(parts, content, depth)) return false;
  bool opened = false;
  innermost_ = &parts.budget;
  const Result<void> walked = open_content(parts.bytes, content, parts.budget, depth, opened);
  innermost_ = parts.budget.outer;
  parts.ended = static_cast<bool>(walked);
  if (opened && !std::exchange(parts.opened, true)) ++report_.stats().archives;
  if (parts.tee.failed() || stop_.stop_requested()) return false;
  if (!walked && opened) report_.diagnose(walked.error(), place_);
  if (!walked && !opened && (content.certain || walked.error().code() == ErrorCode::limit_exceeded)) {
    report_.diagnose(walked.error().code(),
                     "looks like a " + std::string(content.name) + ", but cannot be opened: " + walked.error().message(), place_);
  }
  return !parts.budget.exceeded && nested_entries_ <= limits_.layer_entries_max;
}

/// What comes after an archive and the zeros behind it. After something that was not read to its end it can be anything.
Result<Content> LayerWalk::next_part(Parts& parts) {
  while (parts.ended) {
    auto head = parts.bytes.peek(kContentSniffBytes);
    if (!head) return head.error();
    const auto content = std::ranges::find_if(*head, [](std::uint8_t byte) { return byte != 0; });
    if (head->empty() || content == head->begin()) return sniff_content(*head);
    parts.bytes.consume(static_cast<std::size_t>(content - head->begin()));
  }
  return Content{};
}

/// Nothing else may follow some archives than more of them: whoever reads them stops there, or goes on in another way than we do.
void LayerWalk::tell_of_rest(Parts& parts, const Content& content) {
  if (content.kind != Content::Kind::tar && content.kind != Content::Kind::cpio) return;
  const auto rest = parts.bytes.peek(1);
  if (rest && !rest->empty()) report_.diagnose(bytes_behind(content.name), place_);
}

/// Goes to the next place where an archive begins; plain at the end of the file.
Result<Content> LayerWalk::next_place(Parts& parts) {
  while (true) {
    const auto chunk = parts.bytes.peek(1);
    if (!chunk) return chunk.error();
    if (chunk->empty()) {
      if (!parts.member_end) return Content{};
      const Content member = next_member(parts);
      if (member.kind != Content::Kind::plain) return member;
      continue;
    }
    if (std::exchange(parts.at_line, false)) {
      const auto payload = script_payload(parts);
      if (!payload || payload->kind != Content::Kind::plain) return payload;
      continue;
    }
    ByteView here = *chunk;
    const std::size_t line = parts.is_script ? as_text(here).find('\n') : std::string_view::npos;
    if (line < std::string_view::npos) here = here.first(line + 1);
    const std::size_t at = find_archive_mark(here, parts.is_windows_program);
    parts.bytes.consume(at);
    if (at == here.size()) {
      parts.at_line = line < std::string_view::npos;
      continue;
    }
    const auto head = parts.bytes.peek(kZipHeaderBytes);
    if (!head) return head.error();
    if (begins_zip(*head)) return zip_content();
    // Behind the program that unpacks it.
    const Content content = sniff_content(*head);
    if (content.kind == Content::Kind::seven_zip && seven_zip::size_of(*head)) return content;
    if (content.kind == Content::Kind::cab && cab::size_of(*head)) return content;
    if (const auto size = zip_end_size(*head)) parts.zip_end = parts.position() + *size;
    parts.bytes.consume(1);
  }
}

/// What is compressed behind a line of a script: the payload of a self-extracting one.
Result<Content> LayerWalk::script_payload(Parts& parts) {
  const auto head = parts.bytes.peek(kCompressionSniffBytes);
  if (!head) return head.error();
  Content content = sniff_content(*head);
  content.certain = false;
  return content.kind == Content::Kind::compressed ? content : Content{};
}

/// What is in a member ends with it.
void LayerWalk::begin_member(Parts& parts, std::uint64_t bytes) {
  parts.member_end = parts.position() + bytes;
  parts.bytes.end_after(bytes);
}

/// Goes into the next member of an ar archive: "ar(5)", and "#1/" for a name that stands before the content in BSD's variant. A member
/// lies in the file as it is, so searching the file searches it; only what is packed in it has to be found.
Content LayerWalk::next_member(Parts& parts) {
  constexpr std::size_t kHeaderBytes = 60;
  parts.bytes.end_after(PeekSource::kAll);
  const std::uint64_t end = *std::exchange(parts.member_end, std::nullopt);
  const auto damaged = [&](const char* why) {
    if (!stop_.stop_requested() && !parts.tee.failed())
      report_.diagnose(ErrorCode::malformed, std::string("ar archive is damaged: ") + why + ": archives in what follows are not opened",
                       place_);
    return Content{};
  };
  if (parts.position() < end) return damaged("a member goes beyond the end of the file");
  const auto padding = [](std::uint8_t byte) { return byte == '\n' || byte == 0; };
  auto header = parts.bytes.peek(kHeaderBytes);
  while (header && !header->empty() && padding(header->front())) {
    parts.bytes.consume(static_cast<std::size_t>(std::ranges::find_if_not(*header, padding) - header->begin()));
    header = parts.bytes.peek(kHeaderBytes);
  }
  if (!header || header->empty()) return {};
  if (header->size() < kHeaderBytes || as_text(*header).substr(58, 2) != "`\n") return damaged("a member's header is not one");
  const auto size = padded_number(as_text(*header).substr(48, 10));
  const std::string_view name = as_text(*header).substr(0, 16);
  const auto name_size = name.starts_with("#1/") ? padded_number(name.substr(3)) : std::optional<std::uint64_t>(0);
  if (!size || !name_size || *name_size > *size) return damaged("a member's size is not a number");
  begin_member(parts, kHeaderBytes + *size);
  if (!advance(parts.bytes, kHeaderBytes + *name_size)) return {};
  const auto content = parts.bytes.peek(kContentSniffBytes);
  return content ? sniff_content(*content) : Content{};
}

/// Goes past the lead and the two headers of an RPM package (RPM "Package format"), of which the first ends at a multiple of eight bytes.
Content LayerWalk::rpm_payload(Parts& parts) {
  constexpr std::size_t kLeadBytes = 96, kIntroBytes = 16, kIndexBytes = 16, kAlignment = 8;
  constexpr std::string_view kHeaderMagic = "\x8e\xad\xe8\x01";
  bool whole = advance(parts.bytes, kLeadBytes);
  for (const std::size_t alignment : {kAlignment, std::size_t{1}}) {
    const auto intro = parts.bytes.peek(kIntroBytes);
    whole = whole && intro && intro->size() >= kIntroBytes && as_text(*intro).starts_with(kHeaderMagic);
    if (!whole) break;
    const std::uint64_t data = big_endian(intro->subspan(12, 4));
    const std::uint64_t size =
        kIntroBytes + kIndexBytes * big_endian(intro->subspan(8, 4)) + data + (alignment - data % alignment) % alignment;
    whole = advance(parts.bytes, size);
  }
  const auto payload = parts.bytes.peek(kContentSniffBytes);
  const Content content = whole && payload ? sniff_content(*payload) : Content{};
  if (content.kind == Content::Kind::plain && !stop_.stop_requested() && !parts.tee.failed()) {
    report_.diagnose(ErrorCode::malformed, "looks like an RPM package, but its payload cannot be found", place_);
  }
  return content;
}

Result<void> LayerWalk::scan_sparse(EntryReader& archive, Budget* budget, FileReading* readers) {
  FileScan& leaf = *leaf_;
  leaf.reset(name());
  Result<void> result;
  std::uint64_t position = 0;
  bool told = false;
  while (result) {
    auto block = archive.read();
    if (!block) {
      result = block.error();
      break;
    }
    if (block->offset < position) {
      result = Error(ErrorCode::malformed, "the map of a sparse file goes backwards");
      break;
    }
    if (!charge_work(hole_work(block->offset - position))) {
      result = no_work_for("not read to its end");
      break;
    }
    leaf.skip(block->offset - position);
    if (readers != nullptr) readers->skip(block->offset - position, reader_zeros_left_);
    if (block->bytes.empty()) break;
    const ByteView mark = block->bytes.subspan(find_archive_mark(block->bytes, true));
    const bool holds_one = (block->offset == 0 && sniff_content(block->bytes).kind != Content::Kind::plain) || begins_zip(mark) ||
                           sniff_content(mark).kind == Content::Kind::seven_zip || sniff_content(mark).kind == Content::Kind::cab;
    if (holds_one && !std::exchange(told, true)) {
      report_.diagnose(ErrorCode::unsupported, "an archive stored as a sparse file is not opened", place_);
    }
    leaf.push(block->bytes);
    if (readers != nullptr) readers->push(block->bytes);
    position = block->offset + block->bytes.size();
    result = account(block->bytes.size(), !place_.archive.empty(), budget);
  }
  leaf.finish();
  report_of(leaf);
  if (result && readers != nullptr) readers->finish();
  return result;
}

}  // namespace landwaiter::detectors
