// SPDX-License-Identifier: Apache-2.0
// Any bytes as a layer blob. Whatever they are: the scan succeeds (the digest is right), keeps its limits, and gives the same
// report however the blob comes in pieces, with all that a file reader sees of it.
#include "core/base/digest.hpp"
#include "detectors/engine/engine.hpp"
#include "detectors/engine/file_reader.hpp"
#include "detectors/walk/layer_scanner.hpp"

#include <cstdlib>
#include <iostream>
#include <utility>

namespace {

using namespace landwaiter;
using namespace landwaiter::detectors;

class Needle final : public Detector {
 public:
  std::string_view name() const override { return "needle"; }
  int version() const override { return 1; }
  std::vector<Trigger> triggers() const override { return {{1, "NEEDLE", 6}, {2, "\\x30[\\x81\\x82]", 2}}; }
  void inspect(const Window& window, const Hit& hit, FindingSink& sink) const override {
    if (hit.end > window.bytes.size() || hit.end < 2) std::abort();
    Finding finding;
    finding.type = FindingType::secret;
    finding.id = Digest::sha256_of(window.bytes.subspan(hit.end).first(std::min<std::size_t>(window.bytes.size() - hit.end, 4))).str();
    sink.add(std::move(finding), hit.end - 2);
    if (hit.trigger == 1) sink.consumed(std::min(window.bytes.size(), hit.end + 20));
  }
};

/// Reports each entry as a package whose version is the digest of its facts and its bytes; and one more for each KiB that came, so that
/// the report shows how much of a file came before it was broken off.
class EveryFile final : public FileReader {
 public:
  std::string_view name() const override { return "every-file"; }
  int version() const override { return 1; }
  Analysis analysis() const override { return Analysis::packages; }
  bool wants(const FileFacts& file) const override {
    // A byte that is not printable becomes four; what is inside a compressed file may be called "NAME.content".
    constexpr std::size_t kLongest = 4 * limits::path_bytes_max + 100;
    if (file.name().size() > kLongest || file.link_target.size() > kLongest) std::abort();
    return file.name().size() % 8 != 7;
  }
  std::unique_ptr<FileConsumer> open(const FileFacts& file, ReportSink& sink) const override {
    if (file.type == EntryType::directory && file.size_bytes == 0) return nullptr;
    return std::make_unique<Hashing>(file, sink);
  }

 private:
  class Hashing final : public FileConsumer {
   public:
    Hashing(const FileFacts& file, ReportSink& sink) : sink_(sink) {
      hash_.update(as_bytes(file.path));
      hash_.update(as_bytes(file.link_target));
      hash_.update(as_bytes(std::to_string(static_cast<int>(file.type)) + " " + std::to_string(file.size_bytes.value_or(~0ULL))));
      if (file.metadata == nullptr) return;
      hash_.update(as_bytes(std::to_string(file.metadata->mode) + " " + std::to_string(file.metadata->uid)));
      if (file.metadata->attributes.size() > limits::extended_attributes_max) std::abort();
      for (const auto& [name, value] : file.metadata->attributes) hash_.update(value);
    }
    void push(ByteView bytes) override {
      if (finished_ || bytes.empty()) std::abort();
      hash_.update(bytes);
      const std::uint64_t before = std::exchange(size_, size_ + bytes.size());
      for (std::uint64_t kib = before / 1024 + 1; kib <= size_ / 1024; ++kib) report("KiB", std::to_string(kib), kib * 1024);
    }
    void finish() override {
      if (std::exchange(finished_, true)) std::abort();
      report("file", hash_.finish().str(), size_);
    }

   private:
    void report(std::string name, std::string version, std::uint64_t offset) {
      Package package;
      package.ecosystem = "fuzz";
      package.name = std::move(name);
      package.version = std::move(version);
      sink_.add(std::move(package), offset);
    }

    ReportSink& sink_;
    Hasher hash_{Digest::Algorithm::sha256};
    std::uint64_t size_ = 0;
    bool finished_ = false;
  };
};

constexpr std::uint64_t kNestedBytesMax = 4 << 20;

ScanLimits small_limits() {
  namespace defaults = landwaiter::limits;
  ScanLimits limits;
  limits.archive_depth_max = 3;
  limits.layer_entries_max = 1000;
  limits.layer_expanded_bytes_max = 8 << 20;
  limits.nested_expanded_bytes_max = kNestedBytesMax;
  limits.nested_ratio_free_bytes = 1 << 20;
  limits.tar_header_bytes_max = 64 * 1024;
  limits.hard_links_max = 20;
  limits.whiteouts_max = 20;
  limits.triggers_per_file_max = 500;
  limits.findings_per_file_max = 100;
  limits.findings_per_layer_max = 300;
  limits.packages_per_layer_max = 300;
  limits.reader_zeros_bytes_max = 1 << 20;
  limits.diagnostics_per_layer_max = 30;
  // A window of 8 MiB fits, two do not, so that inputs meet this limit.
  limits.layer_memory_bytes_max = defaults::kept_memory_bytes_min + (12 << 20);
  return limits;
}

std::shared_ptr<const Engine> make_engine() {
  std::vector<std::unique_ptr<const Detector>> detectors;
  detectors.push_back(std::make_unique<Needle>());
  std::vector<std::unique_ptr<const FileReader>> readers;
  readers.push_back(std::make_unique<EveryFile>());
  return Engine::create(DetectorContext{}, std::move(detectors), std::move(readers)).value();
}

void require(bool holds, const char* what) {
  if (holds) return;
  std::cerr << "broken: " << what << "\n";
  std::abort();
}

void check(const LayerReport& report, const ScanLimits& limits) {
  std::size_t occurrences = 0;
  for (const Finding& finding : report.findings) occurrences += finding.occurrences.size();
  require(occurrences <= limits.findings_per_layer_max, "findings_per_layer_max");
  std::size_t packages = 0;
  for (const Package& package : report.packages) packages += package.occurrences.size();
  require(packages <= limits.packages_per_layer_max, "packages_per_layer_max");
  require(report.diagnostics.size() <= limits.diagnostics_per_layer_max, "diagnostics_per_layer_max");
  for (const Finding& finding : report.findings) {
    for (const Occurrence& at : finding.occurrences) {
      // A compressed file that holds no tar adds a name, too, so names and levels are the same number.
      require(at.archive.size() <= limits.archive_depth_max, "archive_depth_max");
    }
  }
}

void check(const ScannedLayer& layer, const ScanLimits& limits) {
  const LayerFacts& facts = layer.facts;
  require(facts.diagnostics.size() <= limits.diagnostics_per_layer_max, "diagnostics_per_layer_max of the walk");
  require(facts.whiteouts.size() + facts.opaque_directories.size() <= limits.whiteouts_max, "whiteouts_max");
  require(facts.stats.files <= limits.layer_entries_max, "layer_entries_max");
  require(facts.stats.nested_files <= limits.layer_entries_max, "layer_entries_max of nested files");
  require(layer.reports.size() == 2, "a report of the detector's analysis and one of the reader's");
  for (const LayerReport& report : layer.reports) check(report, limits);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const ScanLimits limits = small_limits();
  static LayerScanner scanner(make_engine(), limits);
  const ByteView blob(data, size);
  const Digest digest = Digest::sha256_of(blob);
  std::string reports[2];
  for (const bool whole : {true, false}) {
    MemorySource source(blob, whole ? size + 1 : 97);
    ScanProgress progress;
    auto report = scanner.scan(source, digest, size, kAllAnalyses, progress, {});
    require(report.has_value(), "a proven blob gives a report");
    check(*report, limits);
    require(scanner.memory_peak() <= limits.layer_memory_bytes_max, "layer_memory_bytes_max");
    reports[whole] = nlohmann::json(report->facts).dump() + nlohmann::json(report->reports).dump();
  }
  require(reports[0] == reports[1], "the report does not depend on pieces");
  return 0;
}
