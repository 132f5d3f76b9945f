// SPDX-License-Identifier: Apache-2.0
#include "daemon/commands/scan_results.hpp"

#include "core/report/compose.hpp"
#include "daemon/output/image_index.hpp"

#include <algorithm>
#include <functional>
#include <iostream>
#include <map>
#include <optional>
#include <utility>

namespace landwaiter::daemon {
namespace {

using storage::ScanSpool;
using storage::SpooledImage;
using storage::SpoolPlace;

Result<ScannedLayer> stored_layer(storage::Store& store, const Digest& layer, const EngineState& engine) {
  auto stored = store.layer(layer, engine);
  if (!stored) return stored.error();
  if (!*stored) return Error(ErrorCode::internal, "the report of layer " + layer.str() + " was not stored");
  return **std::move(stored);
}

/// What is known of the layer but its findings.
Result<ScannedLayer> without_findings(storage::Store& store, const Digest& layer, const EngineState& engine) {
  auto facts = store.layer_facts(layer, engine.walker);
  if (!facts) return facts.error();
  ScannedLayer out;
  if (*facts) out.facts = **std::move(facts);
  Diagnostic left_out;
  left_out.code = ErrorCode::limit_exceeded;
  left_out.effect = Effect::incomplete;
  left_out.message = "what was found in this layer is left out, as the image's report needs too much memory (--memory)";
  out.facts.diagnostics.push_back(std::move(left_out));
  return out;
}

Result<ImageReport> composed(storage::Store& store, SpooledImage image, const EngineState& engine, std::uint64_t bytes_left) {
  std::map<Digest, ScannedLayer> layers;
  for (const Digest& layer : image.facts.layers) {
    if (layers.contains(layer)) continue;
    const auto bytes = store.reports_bytes(layer, engine);
    if (!bytes) return bytes.error();
    // What one layer may say is bounded when it is read.
    const bool fits = *bytes <= bytes_left || layers.empty();
    auto stored = fits ? stored_layer(store, layer, engine) : without_findings(store, layer, engine);
    if (!stored) return stored.error();
    if (fits) bytes_left -= std::min(bytes_left, *bytes);
    layers.emplace(layer, *std::move(stored));
  }
  ImageReport report = compose(std::move(image.facts), engine.states, std::move(layers));
  report.layers_fetched = image.layers_fetched;
  report.layers_reused = image.layers_reused;
  return report;
}

/// Adds the layer's moduli, once; false if what is stored of it is damaged, and is now forgotten.
Result<bool> read_once(storage::Store& store, ScanSpool& spool, const Digest& layer, const EngineState& engine, SharedPrimes& primes) {
  auto fresh = spool.first_time(layer);
  if (!fresh) return fresh.error();
  if (!*fresh) return true;
  auto stored = stored_layer(store, layer, engine);
  if (stored) {
    for (const LayerReport& report : stored->reports) primes.add(report.findings);
    return true;
  }
  std::cerr << "landwaiter: " << stored.error().message() << "; the layer is read again\n";
  auto forgotten = store.forget_layer(layer, engine);
  if (forgotten) forgotten = spool.forget(layer);
  if (!forgotten) return forgotten.error();
  return false;
}

}  // namespace

Awaitable<bool> ScanResults::first_name(Digest image, std::string reference) {
  auto ask = [spool = spool_.get(), image = std::move(image), reference = std::move(reference)](storage::Store&) {
    return spool->first_name(image, reference);
  };
  co_return co_await store_.run(std::move(ask));
}

Awaitable<void> ScanResults::fail(std::string reference, Error error, Digest image) {
  auto put = [spool = spool_.get(), failure = storage::SpooledFailure{std::move(reference), std::move(error), std::move(image)}](
                 storage::Store&) { return spool->put_failure(failure); };
  co_return co_await store_.run(std::move(put));
}

Awaitable<std::vector<Digest>> ScanResults::keep(ImageOutcome outcome) {
  auto keep_here = [this, outcome = std::move(outcome)](storage::Store& store) -> Result<std::vector<Digest>> {
    std::vector<Digest> damaged;
    for (const Digest& layer : outcome.facts.layers) {
      auto good = read_once(store, *spool_, layer, engine_, primes_);
      if (!good) return good.error();
      if (!*good) damaged.push_back(layer);
    }
    if (!damaged.empty()) return damaged;
    primes_.add(outcome.facts.findings);
    auto put = spool_->put_image({outcome.facts, outcome.layers_fetched, outcome.layers_reused});
    if (!put) return put.error();
    return damaged;
  };
  co_return co_await store_.run(std::move(keep_here));
}

Awaitable<void> ScanResults::write(Judgment& judgment, SystemTime today, Order order, Tell tell, ReportOutputs& outputs,
                                   ScanSummary& summary) {
  auto compare = [this](storage::Store&) -> Result<void> {
    primes_.compute();
    return spool_->settle_names();
  };
  auto done = co_await store_.run(std::move(compare));
  summary.set_moduli_left_out(primes_.left_out());
  if (done) done = co_await write_failures(outputs, ReportOutputs::Phase::before_images);
  if (done) done = co_await write_images(judgment, today, order, outputs, summary);
  if (done) done = co_await write_failures(outputs, ReportOutputs::Phase::after_images);
  if (done) done = co_await tell_failures(tell, summary);
  if (done) done = outputs.finish();
  co_return done;
}

Awaitable<void> ScanResults::write_failures(ReportOutputs& outputs, ReportOutputs::Phase phase) {
  if (!outputs.wants_failures(phase)) co_return Result<void>();
  EachFailure use = [&outputs, phase](const FailedImage& failure) { return outputs.failure(failure, phase); };
  co_return co_await each_failure(std::move(use));
}

Awaitable<void> ScanResults::tell_failures(Tell tell, ScanSummary& summary) {
  EachFailure use = [&tell, &summary](const FailedImage& failure) -> Result<void> {
    summary.add_failure();
    tell(failure_text(failure));
    return {};
  };
  co_return co_await each_failure(std::move(use));
}

Awaitable<void> ScanResults::each_failure(EachFailure use) {
  SpoolPlace place;
  auto next = [this, &place](storage::Store&) { return spool_->next_failure(place); };
  while (true) {
    auto failure = co_await store_.run(next);
    if (!failure) co_return failure.error();
    if (!*failure) co_return Result<void>();
    auto used = use({(**failure).reference, (**failure).error});
    if (!used) co_return used;
  }
}

/// The next image, nothing after the last. What decisions accept of it is not marked yet.
Awaitable<std::optional<ImageReport>> ScanResults::judged(Judgment& judgment, SystemTime today, SpoolPlace& place) {
  auto next = [this, &place](storage::Store& store) -> Result<std::optional<ImageReport>> {
    auto image = spool_->next_image(place);
    if (!image) return image.error();
    if (!*image) return std::optional<ImageReport>();
    auto report = composed(store, **std::move(image), engine_, image_bytes_max_);
    if (!report) return report.error();
    return std::optional<ImageReport>(*std::move(report));
  };
  auto image = co_await store_.run(next);
  if (!image || !*image) co_return image;
  const AssessContext context{&judgment.policy, today, judgment.blocklist.get(), &primes_};
  assess(**image, context);
  drop_working_attributes(**image);
  co_return image;
}

/// Where to read on for each image, the worst first; of equally bad ones the first by name.
Awaitable<std::vector<SpoolPlace>> ScanResults::worst_first(Judgment& judgment, SystemTime today) {
  struct Ranked {
    SeverityCounts counts;
    SpoolPlace before;
  };
  std::vector<Ranked> ranked;
  SpoolPlace place;
  while (true) {
    const SpoolPlace before = place;
    auto image = co_await judged(judgment, today, place);
    if (!image) co_return image.error();
    if (!*image) break;
    (void)judgment.decisions.apply(**image, today);
    ranked.push_back({severity_counts(**image), before});
  }
  std::ranges::stable_sort(ranked, std::ranges::greater(), &Ranked::counts);
  std::vector<SpoolPlace> places;
  for (Ranked& each : ranked) places.push_back(std::move(each.before));
  co_return places;
}

Awaitable<void> ScanResults::write_images(Judgment& judgment, SystemTime today, Order order, ReportOutputs& outputs, ScanSummary& summary) {
  std::optional<std::vector<SpoolPlace>> places;
  if (order == Order::severity) {
    auto ranked = co_await worst_first(judgment, today);
    if (!ranked) co_return ranked.error();
    places = *std::move(ranked);
  }
  SpoolPlace place;
  for (std::size_t i = 0; !places || i < places->size(); ++i) {
    if (places) place = (*places)[i];
    auto image = co_await judged(judgment, today, place);
    if (!image) co_return image.error();
    if (!*image) break;
    ImageReport& report = **image;
    layers_read_ += report.layers_fetched;
    summary.add(report, judgment.decisions.apply(report, today));
    auto written = outputs.image(report);
    if (!written) co_return written;
  }
  co_return Result<void>();
}

}  // namespace landwaiter::daemon
