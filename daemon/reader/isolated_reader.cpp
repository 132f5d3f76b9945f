// SPDX-License-Identifier: Apache-2.0
#include "daemon/reader/isolated_reader.hpp"

#include "core/base/digest.hpp"
#include "core/base/log.hpp"
#include "core/os/sandbox.hpp"

#include <algorithm>
#include <bitset>
#include <cstring>
#include <functional>

namespace landwaiter::daemon {

/// With one reader, about one thing.
class IsolatedReader::Conversation {
 public:
  Conversation(std::shared_ptr<ForkServer> server, ForkedChild child, std::string what, const IsolationSettings& isolation, WakeSignal wake,
               std::stop_token stop)
      : server_(std::move(server)),
        child_(std::move(child)),
        what_(std::move(what)),
        silence_max_(isolation.silence_max),
        wait_per_cpu_time_(isolation.wait_per_cpu_time),
        wake_(std::move(wake)),
        stop_(std::move(stop)),
        on_stop_(stop_, [this] { wake_.wake(); }) {
    free_.set();
  }
  /// Also if it has said that it is done: it has nothing to live for.
  ~Conversation() { server_->kill(child_.id); }
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;

  Result<void> order(std::string_view text, std::uint64_t blob_bytes, std::uint64_t memory_bytes) {
    const auto cpu_time = limits::reader_cpu_time_base + blob_bytes / limits::MiB * limits::reader_cpu_time_per_mib;
    may_wait_ = cpu_time * wait_per_cpu_time_;
    auto sent = send(ReaderMessage::allowance, {memory_bytes, static_cast<std::uint64_t>(cpu_time.count())});
    if (!sent) return sent;
    return send_item([this](ByteView message) { return send(message); }, text);
  }

  /// Everything of `blob`, while the reader takes it.
  Result<void> give(VerifyingSource& blob, detectors::ScanProgress& progress) {
    progress_ = &progress;
    for (;;) {
      auto heard = listen(free_.any() ? std::chrono::milliseconds(0) : silence_max_);
      if (!heard) return heard.error();
      // It wants no more of the blob, which has to be proven nevertheless if it has results.
      if (done_) return results_.error ? Result<void>() : blob.drain();
      if (free_.none()) continue;
      const auto chunk = blob.next();
      if (!chunk) return chunk.error();
      progress.compressed_bytes += chunk->size();
      auto sent = chunk->empty() ? send(ReaderMessage::blob_end, {}) : share(*chunk);
      if (!sent) return sent;
      if (chunk->empty()) return {};
    }
  }

  /// Waits for all that it says.
  Result<ReaderResults> results() {
    while (!done_) {
      auto heard = listen(silence_max_);
      if (!heard) return heard.error();
    }
    if (!results_.error) return std::move(results_);
    const bool named = results_.error->message().find(what_) != std::string::npos;
    return named ? *results_.error : results_.error->with_context(what_);
  }

 private:
  Result<void> send(ReaderMessage kind, ReaderNumbers numbers) { return send(numbers_message(kind, numbers)); }

  /// When it is done already, it has to be heard, not spoken to.
  Result<void> send(ByteView message) {
    if (done_) return {};
    const auto sent = child_.socket.send_within(message, silence_max_, wake_.descriptor());
    if (sent && *sent) return {};
    if (sent) return stop_.stop_requested() ? cancelled() : silent();
    // Its last words say why.
    auto heard = listen(silence_max_);
    if (!heard) return heard;
    return done_ ? Result<void>() : ended({false, "ended"});
  }

  Result<void> share(ByteView chunk) {
    // Sources give no larger ones; were it so, the rest would need another place.
    if (chunk.size() > limits::blob_chunk_bytes) return Error(ErrorCode::internal, what_ + ": a chunk is too large for its reader");
    std::size_t place = 0;
    while (!free_.test(place)) ++place;
    free_.reset(place);
    // Not ranges::copy, which GCC 12 compiles to a loop over bytes, for two percent of a scan.
    std::memcpy(child_.memory.bytes().subspan(place * limits::blob_chunk_bytes, chunk.size()).data(), chunk.data(), chunk.size());
    return send(ReaderMessage::chunk, {place, chunk.size()});
  }

  /// Takes in what the reader has said; without a word, waits for the first until then. Errors: its end before it was done, its silence,
  /// nonsense, a stop.
  Result<void> listen(std::chrono::milliseconds time_max) {
    auto patience = time_max;
    while (!done_) {
      if (stop_.stop_requested()) return cancelled();
      const auto began = std::chrono::steady_clock::now();
      auto received = child_.socket.receive(buffer_, patience, wake_.descriptor());
      may_wait_ -= std::chrono::steady_clock::now() - began;
      if (!received) return received.error();
      if (may_wait_ < may_wait_.zero()) return endless();
      if (!*received) {
        if (stop_.stop_requested()) return cancelled();
        if (patience.count() == 0) return {};
        return silent();
      }
      auto understood = take(ByteView(buffer_).first((*received)->size_bytes));
      if (!understood) return understood;
      patience = std::chrono::milliseconds(0);
    }
    return {};
  }

  Result<void> take(ByteView message) {
    if (message.empty()) return ended({false, "ended"});
    if (const auto end = child_end(message)) return ended(*end);
    switch (static_cast<ReaderMessage>(message.front())) {
      case ReaderMessage::text:
      case ReaderMessage::item: return take_text(message);
      case ReaderMessage::chunk_free:
      case ReaderMessage::alive: return take_numbers(message);
      case ReaderMessage::done: done_ = true; return {};
      case ReaderMessage::no_memory:
        return Error(ErrorCode::limit_exceeded, what_ + " was not read to its end: it needs more memory than a worker may use (--memory)");
      default: return nonsense();
    }
  }

  Result<void> take_text(ByteView message) {
    auto item = items_.add(message);
    if (!item) return item.error().with_context(what_);
    if (!*item) return {};
    auto added = results_.add(**item);
    return added ? added : nonsense();
  }

  Result<void> take_numbers(ByteView message) {
    const auto numbers = numbers_of(message);
    if (!numbers) return nonsense();
    if (static_cast<ReaderMessage>(message.front()) == ReaderMessage::chunk_free) {
      if (numbers->first >= kReaderChunks || free_.test(numbers->first)) return nonsense();
      free_.set(numbers->first);
    } else if (progress_ != nullptr) {
      progress_->files += numbers->first - std::exchange(files_said_, numbers->first);
      progress_->findings += numbers->second - std::exchange(findings_said_, numbers->second);
    }
    return {};
  }

  static Error cancelled() { return {ErrorCode::cancelled, "the scan was cancelled"}; }

  Error silent() const {
    return {ErrorCode::internal, what_ + " was not read to its end: its reader did not answer for " +
                                     std::to_string(silence_max_ / std::chrono::seconds(1)) + " s"};
  }

  Error endless() const {
    return {ErrorCode::limit_exceeded, what_ + " was not read to its end: its reader lives, but does not come to an end"};
  }

  Error nonsense() const { return {ErrorCode::internal, what_ + " was not read: its reader answered nonsense"}; }

  Error ended(const ChildEnd& end) const {
    if (end.out_of_time) return {ErrorCode::limit_exceeded, what_ + " was not read to its end: it needs too much CPU time"};
    return {ErrorCode::internal, what_ + " was not read to its end: its reader " + end.text};
  }

  std::shared_ptr<ForkServer> server_;
  ForkedChild child_;
  std::string what_;
  std::chrono::milliseconds silence_max_;
  int wait_per_cpu_time_;
  std::chrono::steady_clock::duration may_wait_{0};
  WakeSignal wake_;
  Bytes buffer_ = Bytes(kMessageBytesMax);
  std::bitset<kReaderChunks> free_;
  ItemBuilder items_{limits::reader_results_bytes_max};
  ReaderResults results_;
  bool done_ = false;
  detectors::ScanProgress* progress_ = nullptr;
  std::uint64_t files_said_ = 0;
  std::uint64_t findings_said_ = 0;
  std::stop_token stop_;
  std::stop_callback<std::function<void()>> on_stop_;  ///< last, because it uses wake_
};

IsolatedReader::IsolatedReader(ReaderSettings settings, IsolationSettings isolation)
    : settings_(std::move(settings)), isolation_(std::move(isolation)) {
  if (isolation_.memory_bytes_max == 0) isolation_.memory_bytes_max = settings_.memory_bytes_max;
}

IsolatedReader::~IsolatedReader() = default;

Result<std::shared_ptr<IsolatedReader>> IsolatedReader::create(const ReaderSettings& settings, const IsolationSettings& isolation) {
  if (!Sandbox::filters_system_calls()) {
    log_event(LogLevel::warning, "this system cannot filter system calls: what reads layers is limited in memory and time only");
  }
  std::shared_ptr<IsolatedReader> reader(new IsolatedReader(settings, isolation));
  auto server = reader->start_server();
  if (!server) return server.error();
  auto states = parse_reader_states((*server)->answer());
  if (!states) return states.error();
  reader->states_ = *std::move(states);
  reader->server_ = *std::move(server);
  return reader;
}

Result<std::shared_ptr<ForkServer>> IsolatedReader::start_server() {
  const ForkServerOptions options{.program = isolation_.program,
                                  .arguments = {std::string(kReaderArgument)},
                                  .shared_bytes = kReaderSharedBytes,
                                  .ready_time_max = limits::reader_start_max};
  auto server = ForkServer::start(options, as_bytes(to_text(settings_)));
  if (!server) return server.error();
  return std::shared_ptr<ForkServer>(*std::move(server));
}

Result<std::unique_ptr<IsolatedReader::Conversation>> IsolatedReader::open(const std::string& what, std::stop_token stop) {
  if (stop.stop_requested()) return Error(ErrorCode::cancelled, "the scan was cancelled");
  auto wake = WakeSignal::make();
  if (!wake) return wake.error();
  const std::scoped_lock lock(mutex_);
  auto child = server_->fork();
  if (!child && child.error().code() == ErrorCode::unavailable) {
    // Whatever ended it ended its children, too; their layers have their errors.
    auto server = start_server();
    if (!server) return server.error();
    server_ = *std::move(server);
    child = server_->fork();
  }
  if (!child) return child.error();
  return std::make_unique<Conversation>(server_, *std::move(child), what, isolation_, *std::move(wake), std::move(stop));
}

Result<ScannedLayer> IsolatedReader::scan(ByteSource& blob, const Digest& layer, std::uint64_t size_bytes, std::span<const Analysis> wanted,
                                          detectors::ScanProgress& progress, std::stop_token stop) {
  auto reader = open("layer " + layer.str(), std::move(stop));
  if (!reader) return reader.error();
  auto told = (*reader)->order(to_text(LayerOrder{layer, {wanted.begin(), wanted.end()}}), size_bytes, isolation_.memory_bytes_max);
  if (!told) return told.error();
  VerifyingSource verified(blob, layer, size_bytes);
  auto given = (*reader)->give(verified, progress);
  if (!given) return given.error();
  auto results = (*reader)->results();
  if (!results) return results.error();
  ScannedLayer scanned = std::move(results->layer);
  scanned.facts.layer = layer;
  scanned.facts.walker = states_.engine.walker;
  scanned.facts.stats.compressed_bytes = verified.bytes_read();
  bool as_asked = results->facts;
  std::vector<Analysis> missing;
  for (const AnalysisState& has : states_.engine.states) {
    if (std::ranges::find(wanted, has.analysis) != wanted.end()) missing.push_back(has.analysis);
  }
  for (LayerReport& report : scanned.reports) {
    report.layer = layer;
    as_asked = as_asked && std::erase(missing, report.of.analysis) == 1;
    if (as_asked) report.of.state = *state_of(states_.engine.states, report.of.analysis);
  }
  if (as_asked && missing.empty()) return scanned;
  return Error(ErrorCode::internal, "layer " + layer.str() + " was not read: its reader's answer is not what it was asked for");
}

Result<detectors::ImageFindings> IsolatedReader::analyze(const detectors::ImageDocuments& image, std::stop_token stop) {
  auto reader = open("image " + image.facts.digest.str(), std::move(stop));
  if (!reader) return reader.error();
  auto told = (*reader)->order(to_text(image), 0, isolation_.memory_bytes_max);
  if (!told) return told.error();
  auto results = (*reader)->results();
  if (!results) return results.error();
  return std::move(results->image);
}

}  // namespace landwaiter::daemon
