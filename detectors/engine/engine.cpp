// SPDX-License-Identifier: Apache-2.0
#include "detectors/engine/engine_impl.hpp"

#include <algorithm>
#include <set>

namespace landwaiter::detectors {
namespace {

/// Goes up with every change of the walker that changes what is found in the same bytes: windows, limits, formats opened.
constexpr int kWalkerVersion = 2;

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

Digest state_of(const DetectorContext& context, const std::vector<std::unique_ptr<const Detector>>& detectors) {
  StateHash hash;
  hash.field(kWalkerVersion);
  hash.field(Digest::sha256_of(as_bytes(context.identity_key.reveal())).str());
  hash.field(context.try_passwords ? 1 : 0);
  hash.field(detectors.size());
  for (const auto& detector : detectors) {
    const auto triggers = detector->triggers();
    hash.field(detector->name());
    hash.field(static_cast<std::uint64_t>(detector->version()));
    hash.field(triggers.size());
    for (const Trigger& trigger : triggers) {
      hash.field(static_cast<std::uint64_t>(trigger.id));
      hash.field(trigger.pattern);
      hash.field(trigger.max_length);
    }
  }
  return hash.finish();
}

/// From the cache, or compiled and put there. The state stands for the patterns.
Result<Prefilter> compiled(const std::vector<Prefilter::Pattern>& patterns, const Digest& state, TriggerCache* cache) {
  const std::string name(state.hex());
  if (const auto stored = cache != nullptr ? cache->load(name) : std::nullopt) {
    if (auto restored = Prefilter::restore(*stored)) return *std::move(restored);
  }
  auto prefilter = Prefilter::compile(patterns);
  if (prefilter && cache != nullptr) cache->keep(name, prefilter->store());
  return prefilter;
}

}  // namespace

Engine::Engine(std::unique_ptr<const Impl> impl) : impl_(std::move(impl)) {}
Engine::~Engine() = default;

const Digest& Engine::state() const { return impl_->state; }
std::span<const std::unique_ptr<const Detector>> Engine::detectors() const { return impl_->detectors; }

Result<std::shared_ptr<const Engine>> Engine::create(const DetectorContext& context, std::vector<std::unique_ptr<const Detector>> detectors,
                                                     TriggerCache* cache) {
  auto impl = std::make_unique<Impl>();
  std::vector<Prefilter::Pattern> patterns;
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < detectors.size(); ++i) {
    const Detector& detector = *detectors[i];
    if (!names.insert(detector.name()).second) {
      return Error(ErrorCode::invalid_argument, "two detectors have the name " + std::string(detector.name()));
    }
    impl->labels.push_back(std::string(detector.name()) + "/" + std::to_string(detector.version()));
    for (Trigger& trigger : detector.triggers()) {
      impl->triggers.push_back({static_cast<std::uint32_t>(i), trigger.id});
      impl->trigger_length_max = std::max(impl->trigger_length_max, trigger.max_length);
      patterns.push_back({std::move(trigger.pattern), trigger.max_length});
    }
  }
  impl->state = state_of(context, detectors);
  auto prefilter = compiled(patterns, impl->state, cache);
  if (!prefilter) return prefilter.error();
  impl->prefilter = *std::move(prefilter);
  impl->detectors = std::move(detectors);
  return std::shared_ptr<const Engine>(new Engine(std::move(impl)));
}

}  // namespace landwaiter::detectors
