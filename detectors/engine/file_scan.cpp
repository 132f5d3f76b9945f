// SPDX-License-Identifier: Apache-2.0
#include "detectors/engine/file_scan.hpp"

#include "core/base/secret.hpp"
#include "core/base/text.hpp"
#include "core/report/attribute_names.hpp"
#include "core/report/memory.hpp"
#include "detectors/engine/archive_marks.hpp"
#include "detectors/engine/zip_content.hpp"

#include <algorithm>
#include <cstring>

namespace landwaiter::detectors {
namespace {

/// For a file, and for an archive around it.
constexpr std::size_t kOwnWindows = 2;
/// For what was compressed before it was encoded as text.
constexpr std::size_t kInflatedBytes = 64 * 1024;
/// What it costs to search decoded bytes: to begin, and each.
constexpr std::uint64_t kSearchUnits = 2'000, kSearchUnitsPerByte = 4;
/// What a detector makes of a gathered object (a copy, its parts, their text) takes up to this many times as much, beside it.
constexpr std::uint64_t kObjectWorkFactor = 2;

}  // namespace

void FileScanMemory::begin_layer(std::span<const Analysis> analyses, const ScanLimits& limits, std::stop_token stop_of_layer) {
  stop = std::move(stop_of_layer);
  wanted.fill(false);
  for (const Analysis analysis : analyses) wanted[index_of(analysis)] = true;
  guess_rounds_left.fill(limits.layer_guess_rounds_max);
  guess_rounds_used = 0;
  for (Answers& known : answers) known.clear();
  for (SecretIds& ids : secret_ids) ids.begin_layer();
  for (WorkMeter& meter : work) meter.begin(limits.layer_work_base);
  for (WorkMeter& meter : reader_work) meter.begin(limits.layer_work_base);
  walk_work.begin(limits.walk_work_base);
}

std::uint64_t FileScanMemory::used() const {
  constexpr std::uint64_t kUnitsPerRound = 100;
  std::uint64_t units = walk_work.used() + kUnitsPerRound * guess_rounds_used;
  for (const Analysis analysis : kAllAnalyses) units += work[index_of(analysis)].used() + reader_work[index_of(analysis)].used();
  return units;
}

void FileScanMemory::earn(std::uint64_t bytes, const ScanLimits& limits) {
  for (WorkMeter& meter : work) meter.earn(bytes * limits.layer_work_per_byte);
  for (std::uint64_t& rounds : guess_rounds_left) rounds += bytes / 1024 * limits::layer_guess_rounds_per_kib;
}

FileScanMemory::FileScanMemory(const Engine::Impl& engine)
    : scratch(engine.prefilter.make_scratch()),
      windows(limits::window_bytes + limits::detector_lookahead_bytes + limits::detector_lookbehind_bytes + engine.trigger_length_max,
              kOwnWindows),
      inflated(kInflatedBytes, 1) {}

/// What the walk opens or tells in a file, but what nobody looks into when it was decoded from a text; null for other bytes.
const char* unopened_archive(ByteView bytes) {
  const std::string_view text = as_text(bytes);
  if (text.starts_with(kSevenZipMark)) return "a 7z archive";
  if (text.starts_with(kCabinetMark)) return "a cabinet";
  if (text.starts_with(kRarMark)) return "a RAR archive";
  if (text.starts_with(kXarMark)) return "a xar archive";
  if (text.starts_with(kPackMark2) || text.starts_with(kPackMark3)) return "a pack of git";
  return nullptr;
}

const Diagnostic kIdOfPlaceNote{
    .code = ErrorCode::limit_exceeded,
    .message = "a short secret has an id of its place, not of its content: there are too many in this layer",
    .path = {},
    .archive = {},
    .layer = {},
    .effect = Effect::note,
};

/// Reports for one hit.
class FileScan::Sink final : public FindingSink {
 public:
  Sink(FileScan& scan, const Window& window, const Prefilter::Match& hit, bool may_need, LineCounter& lines)
      : scan_(scan),
        window_(window),
        hit_(hit),
        lines_(lines),
        detector_(scan.engine_.triggers[hit.pattern].detector),
        analysis_(scan.engine_.analyses[detector_]),
        may_need_(may_need) {}

  void add(Finding finding, std::uint64_t offset) override {
    if (!trusted()) return;
    charge_work(limits::finding_work);
    if (finding.id.empty()) {
      finding.id = id_of_place(window_.offset + offset, scan_.encodings_);
      scan_.found(analysis_).diagnose(kIdOfPlaceNote, scan_.limits_);
    }
    finding.detector = scan_.engine_.labels[detector_];
    if (!scan_.encodings_.empty()) {
      auto& wrapped = finding.attributes[attribute::wrapped_in];
      if (!wrapped.is_array()) wrapped = nlohmann::json::array();
      const nlohmann::json around(scan_.encodings_);
      wrapped.insert(wrapped.begin(), around.begin(), around.end());
    }
    scan_.found(analysis_).add(std::move(finding), place_of(offset), scan_.limits_);
  }

  void add(Package package, std::uint64_t offset) override {
    if (!trusted()) return;
    package.reader = scan_.engine_.labels[detector_];
    scan_.found(analysis_).add(std::move(package), place_of(offset), scan_.limits_);
  }

  void add(Distribution distribution, std::uint64_t offset) override {
    if (!trusted()) return;
    distribution.reader = scan_.engine_.labels[detector_];
    scan_.found(analysis_).add(std::move(distribution), place_of(offset), scan_.limits_);
  }

  void diagnose(ErrorCode code, std::string message, std::uint64_t) override {
    if (trusted()) scan_.diagnose(analysis_, code, std::move(message));
  }

  void consumed(std::size_t end) override {
    std::uint64_t& until = scan_.consumed_[detector_];
    until = std::max(until, window_.offset + end);
  }

  bool need(std::size_t begin, std::uint64_t size) override { return may_need_ && scan_.gather(window_, hit_, begin, size); }

  void decoded(std::string_view encoding, Bytes bytes, std::size_t begin, std::size_t end) override {
    consumed(end);
    scan_.scan_decoded(analysis_, encoding, bytes, place_of(begin));
    wipe(bytes);
  }

  bool spend(std::uint64_t rounds) override {
    std::uint64_t& left = scan_.memory_.guess_rounds_left[index_of(analysis_)];
    if (rounds > left || !trusted()) return false;
    left -= rounds;
    scan_.memory_.guess_rounds_used += rounds;
    return true;
  }

  void opened(std::size_t begin, std::size_t end) override {
    if (!trusted() || scan_.opened_.size() >= scan_.limits_.findings_per_file_max) return;
    scan_.opened_.emplace(window_.offset + begin, window_.offset + end);
  }

  std::string secret_id(ByteView secret, bool guessable) override {
    return scan_.memory_.secret_ids[index_of(analysis_)].of(secret, guessable).value_or(std::string());
  }

 private:
  /// A reader that had to give up may have taken a good key for a broken one.
  bool trusted() const { return !scan_.memory_.work[index_of(analysis_)].spent(); }

  /// Of decoded bytes only the outermost scan knows a line.
  FilePlace place_of(std::size_t index) const {
    FilePlace place{.offset = window_.offset + index};
    if (scan_.encodings_.empty()) place.line = lines_.line(window_.bytes, index);
    return place;
  }

  FileScan& scan_;
  const Window& window_;
  const Prefilter::Match& hit_;
  LineCounter& lines_;
  std::size_t detector_;
  Analysis analysis_;
  bool may_need_;
};

FileScan::FileScan(const Engine::Impl& engine, FileScanMemory& memory, const ScanLimits& limits)
    : engine_(engine), memory_(memory), limits_(limits) {}

FileScan::~FileScan() = default;

void FileScan::reset(std::string_view name) {
  name_ = name;
  lines_ = {};
  head_.clear();
  objects_.clear();
  if (!keeps_window_) buffer_ = {};
  filled_ = 0;
  base_ = matched_ = 0;
  pending_ = {};
  pending_memory_.clear();
  std::ranges::fill(consumed_, 0);
  opened_.clear();
  triggers_.fill(0);
  exhausted_.fill(false);
  unaffordable_.fill(false);
  for (FileResults& found : found_) found.clear();
}

bool FileScan::keep_window() {
  if (!buffer_) buffer_ = memory_.windows.take();
  keeps_window_ = static_cast<bool>(buffer_);
  return keeps_window_;
}

/// Nothing of the file is searched any more.
void FileScan::give_up() {
  for (const Analysis analysis : kAllAnalyses) {
    if (!listens(analysis) || std::exchange(exhausted_[index_of(analysis)], true)) continue;
    diagnose(analysis, no_memory_for("not searched to its end"));
  }
  pending_ = {};
  pending_memory_.clear();
  objects_.clear();
}

bool FileScan::all_exhausted() const {
  return std::ranges::all_of(kAllAnalyses, [&](Analysis analysis) { return exhausted_[index_of(analysis)] || !listens(analysis); });
}

/// Before the end of a hit: the promised bytes before its start, wherever it is.
std::uint64_t FileScan::lookbehind() const { return limits::detector_lookbehind_bytes + engine_.trigger_length_max; }

void FileScan::diagnose(Analysis analysis, ErrorCode code, std::string message) {
  found(analysis).diagnose(code, std::move(message), limits_);
}

void FileScan::whole(ByteView file) {
  process(Window{.bytes = file, .offset = 0, .ends_file = true});
  leave_out_opened();
}

void FileScan::push(ByteView bytes) {
  while (!bytes.empty() && !done()) {
    if (!buffer_) buffer_ = memory_.windows.take();
    if (!buffer_) return give_up();
    const std::size_t size = std::min(bytes.size(), buffer_.span().size() - filled_);
    std::memcpy(buffer_.span().data() + filled_, bytes.data(), size);
    filled_ += size;
    bytes = bytes.subspan(size);
    if (filled_ == buffer_.span().size()) process(false);
  }
}

void FileScan::finish() {
  process(true);
  leave_out_opened();
  filled_ = 0;
  if (!keeps_window_) buffer_ = {};
}

void FileScan::leave_out_opened() {
  if (opened_.empty()) return;
  for (FileResults& found : found_) found.leave_out(opened_);
  opened_.clear();
}

void FileScan::process(bool ends_file) {
  if (filled_ == 0) return;
  const ByteView bytes(buffer_.span().first(filled_));
  if (base_ == 0 && !ends_file) head_.assign(bytes.begin(), bytes.begin() + std::min(bytes.size(), limits::file_head_bytes));
  process(Window{.bytes = bytes, .offset = base_, .ends_file = ends_file});
  if (!ends_file) retain();
}

void FileScan::process(Window window) {
  window.name = name_;
  window.head = window.offset == 0 ? window.bytes.first(std::min(window.bytes.size(), limits::file_head_bytes)) : ByteView(head_);
  if (window.offset == 0 && encodings_.empty()) lines_.begin(window.head);
  feed_objects(window);
  match(window);
  const std::uint64_t end = window.offset + window.bytes.size();
  std::size_t delivered = 0;
  for (; delivered < pending_.size(); ++delivered) {
    if (!window.ends_file && pending_[delivered].end + limits::detector_lookahead_bytes > end) break;
    deliver(window, pending_[delivered]);
  }
  pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(delivered));
  pay_for_pending();
}

/// For what waits until the next window; the room for a few hits is not worth counting.
void FileScan::pay_for_pending() {
  constexpr std::size_t kFew = 4096;
  pending_memory_.clear();
  if (pending_.capacity() > kFew) pending_.shrink_to_fit();
  if (pending_.capacity() > kFew && !pending_memory_.keep(pending_.capacity() * sizeof(Prefilter::Match))) give_up();
}

/// Finds the matches that end beyond matched_ and appends them to pending_.
void FileScan::match(const Window& window) {
  const std::uint64_t overlap = engine_.trigger_length_max;
  const std::uint64_t from = std::max(window.offset, matched_ - std::min(matched_, overlap));
  const std::uint64_t known = std::exchange(matched_, window.offset + window.bytes.size());
  // Decoded bytes bring nothing: those that they were made of did.
  if (encodings_.empty()) memory_.earn(matched_ - known, limits_);
  // The list of hits doubles: three times its items while it moves.
  const std::uint64_t affordable_hits = memory_left() / (3 * sizeof(Prefilter::Match));
  ByAnalysis<Prefilter::Group> groups;
  ByAnalysis<bool> by_memory{};
  for (const Analysis analysis : kAllAnalyses) {
    const std::size_t i = index_of(analysis);
    groups[i].wanted = listens(analysis) && !exhausted_[i];
    groups[i].room = std::min<std::uint64_t>(limits_.triggers_per_file_max - triggers_[i], affordable_hits);
    by_memory[i] = affordable_hits < limits_.triggers_per_file_max - triggers_[i];
  }
  const std::size_t before = pending_.size();
  engine_.prefilter.scan(window.bytes.subspan(from - window.offset), memory_.scratch, pending_, engine_.groups, groups);
  const auto fresh = pending_.begin() + static_cast<std::ptrdiff_t>(before);
  for (auto hit = fresh; hit != pending_.end(); ++hit) hit->end += from;
  // All known ones end before all new ones, so sorting the tail sorts everything.
  pending_.erase(std::remove_if(fresh, pending_.end(), [&](const auto& hit) { return hit.end <= known; }), pending_.end());
  note_fresh(fresh);
  for (const Analysis analysis : kAllAnalyses) {
    if (!groups[index_of(analysis)].overflowed) continue;
    exhausted_[index_of(analysis)] = true;
    const Error too_many(ErrorCode::limit_exceeded, "more than " + std::to_string(limits_.triggers_per_file_max) +
                                                        " places look like an asset (triggers_per_file_max): what follows is not searched");
    diagnose(analysis, by_memory[index_of(analysis)] ? no_memory_for("not searched to its end") : too_many);
  }
}

/// Sorts the matches from `fresh` on and counts them.
void FileScan::note_fresh(std::vector<Prefilter::Match>::iterator fresh) {
  if (fresh == pending_.end()) return;
  std::sort(fresh, pending_.end());
  pending_.erase(std::unique(fresh, pending_.end()), pending_.end());
  for (auto hit = fresh; hit != pending_.end(); ++hit) ++triggers_[engine_.groups[hit->pattern]];
}

void FileScan::deliver(const Window& window, const Prefilter::Match& hit) {
  const auto& trigger = engine_.triggers[hit.pattern];
  consumed_.resize(engine_.detectors.size());
  if (hit.end <= consumed_[trigger.detector] || memory_.stop.stop_requested()) return;
  inspect(window, hit, !window.ends_file, lines_);
}

/// Whether more may be looked at; otherwise the file says once that it was not.
bool FileScan::affordable(Analysis analysis) {
  if (!memory_.work[index_of(analysis)].spent()) return true;
  if (!std::exchange(unaffordable_[index_of(analysis)], true)) {
    diagnose(analysis, ErrorCode::limit_exceeded,
             "reading what looks like an asset in this layer takes too much work (layer_work_base, layer_work_per_byte): some places in "
             "this file are not looked at");
  }
  return false;
}

/// A detector that throws has a bug: it loses what it would have found in this file, but not in others.
void FileScan::inspect(const Window& window, const Prefilter::Match& hit, bool may_need, LineCounter& lines) {
  const auto& trigger = engine_.triggers[hit.pattern];
  const Analysis analysis = engine_.analyses[trigger.detector];
  if (!affordable(analysis)) return;
  Sink sink(*this, window, hit, may_need, lines);
  const WorkScope scope(memory_.work[index_of(analysis)]);
  const AnswersScope answers(memory_.answers[index_of(analysis)]);
  charge_work(limits::inspection_work);
  try {
    engine_.detectors[trigger.detector]->inspect(window, Hit{trigger.id, hit.end - window.offset}, sink);
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception&) {
    diagnose(analysis, ErrorCode::internal, "the detector " + engine_.labels[trigger.detector] + " failed on this file: please report it");
  }
  affordable(analysis);
}

bool FileScan::gather(const Window& window, const Prefilter::Match& hit, std::size_t begin, std::uint64_t size) {
  const std::uint64_t end = window.offset + window.bytes.size();
  const std::uint64_t start = window.offset + begin;
  if (size > limits::object_bytes_max || start > hit.end || start >= end || start + size <= end) return false;
  std::uint64_t waiting = size;
  std::size_t count = 0;
  for (const Object& object : objects_) {
    if (engine_.groups[object.pattern] != engine_.groups[hit.pattern]) continue;
    waiting += object.size;
    ++count;
  }
  if (count >= limits::objects_waiting_max || waiting > limits::objects_waiting_bytes_max) return false;
  Object object{.pattern = hit.pattern, .hit_end = hit.end, .begin = start, .size = size};
  if (!object.memory.borrow(size)) {
    diagnose(engine_.analyses[engine_.triggers[hit.pattern].detector], no_memory_for("an object of " + human_bytes(size) + " is not read"));
    return false;
  }
  const ByteView here = window.bytes.subspan(begin);
  object.bytes.reserve(size);
  object.bytes.assign(here.begin(), here.end());
  object.lines = lines_.from(window.bytes, begin);
  objects_.push_back(std::move(object));
  return true;
}

/// Gives each waiting object its new bytes, and passes complete ones to their detectors.
void FileScan::feed_objects(const Window& window) {
  const std::uint64_t end = window.offset + window.bytes.size();
  std::vector<Object> complete;
  for (Object& object : objects_) {
    const std::uint64_t has = object.begin + object.bytes.size();
    const std::uint64_t wants = std::min(object.begin + object.size, end);
    const ByteView fresh = window.bytes.subspan(has - window.offset, wants - has);
    object.bytes.insert(object.bytes.end(), fresh.begin(), fresh.end());
    if (window.ends_file || object.bytes.size() == object.size) complete.push_back(std::move(object));
  }
  std::erase_if(objects_, [](const Object& object) { return object.bytes.empty(); });
  for (Object& object : complete) {
    const bool ends_file = window.ends_file && object.begin + object.bytes.size() == end;
    deliver_object(std::move(object), ends_file);
  }
}

void FileScan::deliver_object(Object object, bool ends_file) {
  const Window window{.bytes = object.bytes, .offset = object.begin, .ends_file = ends_file, .head = head_, .name = name_};
  MemoryShare work;
  if (work.borrow(kObjectWorkFactor * object.size)) {
    inspect(window, Prefilter::Match{object.hit_end, object.pattern}, false, object.lines);
  } else {
    diagnose(engine_.analyses[engine_.triggers[object.pattern].detector],
             no_memory_for("an object of " + human_bytes(object.size) + " is not read"));
  }
  wipe(object.bytes);
}

/// What was compressed before it was encoded: a Helm release, a file that cloud-init writes. If it is damaged, what comes before is
/// searched.
void FileScan::scan_inflated(ByteSource& content) {
  // A decoder, a window for what it gives, and a search of that.
  constexpr std::uint64_t kInflateUnits = 150'000;
  if (!charge_work(kInflateUnits)) return;
  Result<ByteView> chunk = content.next();
  for (; chunk && !chunk->empty(); chunk = content.next()) {
    if (!charge_work(kSearchUnitsPerByte * chunk->size())) break;
    push(*chunk);
  }
  finish();
  if (!chunk && chunk.error().code() != ErrorCode::malformed) diagnose(*only_, chunk.error());
}

FileScan& FileScan::begin_inner(Analysis analysis, std::string_view encoding, std::string_view compression) {
  if (!inner_) inner_ = std::make_unique<FileScan>(engine_, memory_, limits_);
  inner_->encodings_ = encodings_;
  inner_->encodings_.emplace_back(encoding);
  if (!compression.empty()) inner_->encodings_.emplace_back(compression);
  inner_->reset(name_);
  inner_->only_ = analysis;
  return *inner_;
}

void FileScan::take_inner(Analysis analysis, FilePlace place) {
  FileResults& into = found(analysis);
  FileResults& inner = inner_->found(analysis);
  for (Finding& finding : inner.findings) {
    inner.hand_over(memory_of(finding));
    into.add(std::move(finding), place, limits_);
  }
  for (Package& package : inner.packages) into.add(std::move(package), place, limits_);
  if (inner.distribution) into.add(*std::move(inner.distribution), place, limits_);
  for (Diagnostic& diagnostic : inner.diagnostics) found(analysis).diagnose(std::move(diagnostic), limits_);
  inner.clear();
}

void FileScan::scan_decoded(Analysis analysis, std::string_view encoding, ByteView bytes, FilePlace place) {
  if (bytes.empty()) return;
  if (encodings_.size() >= limits::decode_depth_max) {
    return diagnose(analysis, ErrorCode::limit_exceeded, "text is encoded more often than is looked into (decode_depth_max)");
  }
  if (!charge_work(kSearchUnits + kSearchUnitsPerByte * bytes.size())) return;
  const Compression compression = sniff_compression(bytes);
  if (compression != Compression::none) {
    MemorySource memory(bytes, bytes.size());
    PeekSource source(memory);
    InflateSource inflate(source, compression, memory_.inflated);
    begin_inner(analysis, encoding, to_string(compression)).scan_inflated(inflate);
    return take_inner(analysis, place);
  }
  FileScan& inner = begin_inner(analysis, encoding, "");
  if (bytes.size() <= limits::window_bytes) {
    inner.whole(bytes);
  } else {
    inner.push(bytes);
    inner.finish();
  }
  take_inner(analysis, place);
  if (begins_with_zip_entry(bytes)) scan_zip(analysis, encoding, bytes, place);
  if (const char* archive = unopened_archive(bytes)) {
    diagnose(analysis, ErrorCode::unsupported, std::string(archive) + " in a text is not opened");
  }
}

void FileScan::scan_zip(Analysis analysis, std::string_view encoding, ByteView bytes, FilePlace place) {
  ZipContent content(bytes, memory_.inflated);
  begin_inner(analysis, encoding, "zip").scan_inflated(content);
  take_inner(analysis, place);
  if (content.left_out())
    diagnose(analysis, ErrorCode::unsupported,
             "a zip in a text has entries that cannot be read: they are encrypted, or compressed in another way");
}

/// Moves what waiting and coming hits need to the buffer's start.
void FileScan::retain() {
  const std::uint64_t first = pending_.empty() ? matched_ : pending_.front().end;
  const std::uint64_t keep = std::max(base_, first - std::min(first, lookbehind()));
  const std::size_t drop = keep - base_;
  lines_.pass(ByteView(buffer_.span().first(filled_)), drop);
  filled_ -= drop;
  std::memmove(buffer_.span().data(), buffer_.span().data() + drop, filled_);
  base_ = keep;
}

void FileScan::push_zeros(std::uint64_t count) {
  static constexpr std::uint8_t kZeros[4096] = {};
  for (; count > 0; count -= std::min<std::uint64_t>(count, sizeof kZeros)) {
    push(ByteView(kZeros, std::min<std::uint64_t>(count, sizeof kZeros)));
  }
}

void FileScan::skip(std::uint64_t zeros) {
  const std::uint64_t overlap = engine_.trigger_length_max;
  const std::uint64_t context = lookbehind();
  if (done()) return;
  if (zeros <= limits::detector_lookahead_bytes + 2 * overlap + context) return push_zeros(zeros);
  // No real object has such a hole.
  for (Object& object : std::exchange(objects_, {})) deliver_object(std::move(object), false);
  // Waiting hits get zeros as lookahead; only then is the window dropped.
  push_zeros(overlap);
  process(false);
  std::uint64_t rest = zeros - overlap;
  if (!pending_.empty()) {
    push_zeros(limits::detector_lookahead_bytes);
    process(false);
    rest -= limits::detector_lookahead_bytes;
  }
  pending_.clear();  // matches of only zeros
  lines_.pass_hole();
  base_ += filled_ + (rest - context);
  filled_ = 0;
  matched_ = base_;
  push_zeros(context);
  matched_ = base_ + context;
}

}  // namespace landwaiter::detectors
