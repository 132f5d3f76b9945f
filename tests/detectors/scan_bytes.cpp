// SPDX-License-Identifier: Apache-2.0
#include "tests/detectors/scan_bytes.hpp"

#include "detectors/all.hpp"

#include <hs/hs.h>

#include <algorithm>
#include <stdexcept>
#include <tuple>

namespace landwaiter::detectors {
namespace {

struct Match {
  std::size_t end;
  std::size_t detector;
  int trigger;
  bool operator<(const Match& other) const { return std::tie(end, detector, trigger) < std::tie(other.end, other.detector, other.trigger); }
};

class CollectingSink final : public FindingSink {
 public:
  explicit CollectingSink(Scanned& out) : out_(out) {}
  void add(Finding finding, std::size_t offset) override {
    Occurrence occurrence;
    occurrence.offset = offset;
    finding.occurrences.push_back(occurrence);
    out_.findings.push_back(std::move(finding));
  }
  void diagnose(ErrorCode code, std::string message, std::size_t offset) override {
    Diagnostic diagnostic;
    diagnostic.code = code;
    diagnostic.message = std::move(message);
    out_.diagnostics.emplace_back(offset, std::move(diagnostic));
  }
  void consumed(std::size_t end) override { consumed_ = std::max(consumed_, end); }
  std::size_t consumed_to() const { return consumed_; }

 private:
  Scanned& out_;
  std::size_t consumed_ = 0;
};

}  // namespace

std::vector<Finding> Scanned::of(FindingType type) const {
  std::vector<Finding> out;
  std::ranges::copy_if(findings, std::back_inserter(out), [&](const Finding& finding) { return finding.type == type; });
  return out;
}

struct FileScanner::Database {
  hs_database_t* database = nullptr;
  hs_scratch_t* scratch = nullptr;
  std::vector<std::pair<std::size_t, int>> owners;  ///< detector and trigger of each expression

  ~Database() {
    hs_free_scratch(scratch);
    hs_free_database(database);
  }

  std::vector<Match> match(ByteView file) const {
    struct Found {
      const Database* self;
      std::vector<Match> matches;
    } found{this, {}};
    const auto on_match = [](unsigned id, unsigned long long, unsigned long long end, unsigned, void* context) {
      auto* into = static_cast<Found*>(context);
      const auto& [detector, trigger] = into->self->owners[id];
      into->matches.push_back({static_cast<std::size_t>(end), detector, trigger});
      return 0;
    };
    const auto* data = reinterpret_cast<const char*>(file.data());
    if (hs_scan(database, data, static_cast<unsigned>(file.size()), 0, scratch, on_match, &found) != HS_SUCCESS) {
      throw std::runtime_error("hs_scan");
    }
    return std::move(found.matches);
  }
};

FileScanner::FileScanner() : FileScanner(std::vector<std::unique_ptr<const Detector>>{}) {}

FileScanner::FileScanner(const std::vector<std::unique_ptr<const Detector>>& detectors) : database_(std::make_unique<Database>()) {
  if (detectors.empty()) owned_ = make_all_detectors(DetectorContext{Secret("a key for tests")});
  for (const auto& detector : detectors.empty() ? owned_ : detectors) detectors_.push_back(detector.get());
  std::vector<std::string> patterns;
  for (std::size_t i = 0; i < detectors_.size(); ++i) {
    for (Trigger& trigger : detectors_[i]->triggers()) {
      database_->owners.emplace_back(i, trigger.id);
      patterns.push_back(std::move(trigger.pattern));
    }
  }
  std::vector<const char*> expressions;
  std::vector<unsigned> flags(patterns.size(), HS_FLAG_DOTALL);
  std::vector<unsigned> ids;
  for (const std::string& pattern : patterns) {
    ids.push_back(static_cast<unsigned>(expressions.size()));
    expressions.push_back(pattern.c_str());
  }
  hs_compile_error_t* error = nullptr;
  const auto count = static_cast<unsigned>(expressions.size());
  if (hs_compile_multi(expressions.data(), flags.data(), ids.data(), count, HS_MODE_BLOCK, nullptr, &database_->database, &error) !=
      HS_SUCCESS) {
    throw std::runtime_error(error->message);
  }
  if (hs_alloc_scratch(database_->database, &database_->scratch) != HS_SUCCESS) throw std::bad_alloc();
}

FileScanner::~FileScanner() = default;

Scanned FileScanner::scan(ByteView file) const {
  Scanned out;
  std::vector<Match> matches = database_->match(file);
  std::ranges::sort(matches, std::less<>());
  std::vector<CollectingSink> sinks(detectors_.size(), CollectingSink(out));
  for (const Match& match : matches) {
    CollectingSink& sink = sinks[match.detector];
    if (match.end <= sink.consumed_to()) continue;
    ++out.hits;
    detectors_[match.detector]->inspect(Window{file, 0, true}, Hit{match.trigger, match.end}, sink);
  }
  return out;
}

std::size_t FileScanner::count_hits(ByteView file) const { return database_->match(file).size(); }

}  // namespace landwaiter::detectors
