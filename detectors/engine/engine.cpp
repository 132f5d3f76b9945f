// SPDX-License-Identifier: Apache-2.0
#include "detectors/engine/engine_impl.hpp"

#include <algorithm>
#include <set>

namespace landwaiter::detectors {
namespace {

/// Increases with every change of the walker that affects what is found in the same bytes: windows, limits, formats opened.
constexpr int kWalkerVersion = 4;

/// Feeds fields to a hash so that no two lists of fields give the same bytes.
class StateHash {
 public:
  void field(std::string_view text) {
    hasher_.update(as_bytes(std::to_string(text.size()) + ":"));
    hasher_.update(as_bytes(text));
  }
  void field(std::uint64_t number) { field(std::to_string(number)); }
  Digest finish() { return hasher_.finish(); }

 private:
  Hasher hasher_{Digest::Algorithm::sha256};
};

using Detectors = std::vector<std::unique_ptr<const Detector>>;
using Readers = std::vector<std::unique_ptr<const FileReader>>;

Digest walker_state() {
  StateHash hash;
  hash.field("walker");
  hash.field(kWalkerVersion);
  return hash.finish();
}

/// Findings of these analyses can come out of what a password opened.
bool opens_keystores(Analysis analysis) { return analysis == Analysis::cryptography || analysis == Analysis::secrets; }

void add_detector(StateHash& hash, const Detector& detector) {
  const auto triggers = detector.triggers();
  hash.field(detector.name());
  hash.field(static_cast<std::uint64_t>(detector.version()));
  hash.field(triggers.size());
  for (const Trigger& trigger : triggers) {
    hash.field(static_cast<std::uint64_t>(trigger.id));
    hash.field(trigger.pattern);
    hash.field(trigger.max_length);
  }
}

Digest analysis_state(const DetectorContext& context, const Detectors& detectors, const Readers& readers, Analysis analysis) {
  StateHash hash;
  hash.field(to_string(analysis));
  hash.field(kWalkerVersion);
  if (opens_keystores(analysis)) hash.field(context.try_passwords ? 1 : 0);
  for (const auto& detector : detectors) {
    if (detector->analysis() == analysis) add_detector(hash, *detector);
  }
  for (const auto& reader : readers) {
    if (reader->analysis() != analysis) continue;
    hash.field("reader");
    hash.field(reader->name());
    hash.field(static_cast<std::uint64_t>(reader->version()));
  }
  return hash.finish();
}

AnalysisStates states_of(const DetectorContext& context, const Detectors& detectors, const Readers& readers) {
  AnalysisStates states;
  for (const Analysis analysis : kAllAnalyses) {
    const auto of_it = [&](const auto& one) { return one->analysis() == analysis; };
    const bool any = std::ranges::any_of(detectors, of_it) || std::ranges::any_of(readers, of_it);
    if (any) states.push_back({analysis, analysis_state(context, detectors, readers, analysis)});
  }
  return states;
}

}  // namespace

std::vector<Prefilter::Pattern> patterns_of(std::span<const std::unique_ptr<const Detector>> detectors) {
  std::vector<Prefilter::Pattern> patterns;
  for (const auto& detector : detectors) {
    for (Trigger& trigger : detector->triggers()) patterns.push_back({std::move(trigger.pattern), trigger.max_length});
  }
  return patterns;
}

Engine::Engine(std::unique_ptr<const Impl> impl) : impl_(std::move(impl)) {}
Engine::~Engine() = default;

std::span<const AnalysisState> Engine::states() const { return impl_->states; }
const Digest& Engine::walker() const { return impl_->walker; }
std::span<const std::unique_ptr<const Detector>> Engine::detectors() const { return impl_->detectors; }
std::span<const std::unique_ptr<const FileReader>> Engine::readers() const { return impl_->readers; }

Result<std::shared_ptr<const Engine>> Engine::create(const DetectorContext& context,
                                                     std::vector<std::unique_ptr<const Detector>> detectors) {
  return create(context, std::move(detectors), {});
}

Result<std::shared_ptr<const Engine>> Engine::create(const DetectorContext& context, std::vector<std::unique_ptr<const Detector>> detectors,
                                                     std::vector<std::unique_ptr<const FileReader>> readers,
                                                     const Prefilter::Compiled& compiled) {
  auto impl = std::make_unique<Impl>();
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < detectors.size(); ++i) {
    const Detector& detector = *detectors[i];
    if (!names.insert(detector.name()).second) {
      return Error(ErrorCode::invalid_argument, "two detectors have the name " + std::string(detector.name()));
    }
    impl->labels.push_back(std::string(detector.name()) + "/" + std::to_string(detector.version()));
    impl->analyses.push_back(detector.analysis());
    for (const Trigger& trigger : detector.triggers()) {
      impl->groups.push_back(static_cast<std::uint8_t>(index_of(detector.analysis())));
      impl->searches[index_of(detector.analysis())] = true;
      impl->triggers.push_back({static_cast<std::uint32_t>(i), trigger.id});
      impl->trigger_length_max = std::max(impl->trigger_length_max, trigger.max_length);
    }
  }
  for (const auto& reader : readers) {
    if (!names.insert(reader->name()).second) {
      return Error(ErrorCode::invalid_argument, "two detectors or readers have the name " + std::string(reader->name()));
    }
    impl->reader_labels.push_back(std::string(reader->name()) + "/" + std::to_string(reader->version()));
  }
  impl->walker = walker_state();
  impl->states = states_of(context, detectors, readers);
  const auto patterns = patterns_of(detectors);
  if (auto loaded = Prefilter::load(patterns, compiled)) {
    impl->prefilter = *std::move(loaded);
  } else {
    auto prefilter = Prefilter::compile(patterns);
    if (!prefilter) return prefilter.error();
    impl->prefilter = *std::move(prefilter);
  }
  impl->detectors = std::move(detectors);
  impl->readers = std::move(readers);
  return std::shared_ptr<const Engine>(new Engine(std::move(impl)));
}

}  // namespace landwaiter::detectors
