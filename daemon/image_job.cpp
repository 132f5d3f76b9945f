// SPDX-License-Identifier: Apache-2.0
#include "daemon/image_job.hpp"

#include <map>

namespace landwaiter::daemon {

using registry::Awaitable;
using registry::Descriptor;

/// One image on its way.
struct ImageRunner::Work {
  ImageTask task;
  ImageOutcome outcome;
  bool remembered = false;                 ///< facts come from the store
  std::map<Digest, Descriptor> layers;     ///< the scannable ones, each once
  std::optional<Error> failed;
};

namespace {

Diagnostic layer_diagnostic(const Descriptor& layer, std::string message) {
  Diagnostic diagnostic;
  diagnostic.code = ErrorCode::unsupported;
  diagnostic.message = std::move(message);
  diagnostic.layer = layer.digest;
  return diagnostic;
}

/// Why a layer cannot be scanned, or nothing.
std::optional<std::string> unscannable(const Descriptor& layer) {
  if (layer.encrypted) return "the layer is encrypted and was not scanned";
  return std::nullopt;
}

/// The image's record, if the reports of all its layers are still there too.
Result<std::optional<storage::ImageRecord>> complete_record(storage::Store& store, const Digest& image, const Digest& state) {
  auto record = store.image(image, state);
  if (!record || !*record) return record;
  for (const Digest& layer : (**record).facts.layers) {
    auto known = store.has_layer_report(layer, state);
    if (!known) return known.error();
    if (!*known) return std::optional<storage::ImageRecord>();
  }
  return record;
}

}  // namespace

Awaitable<ImageOutcome> ImageRunner::run(ImageTask task) {
  auto preparing = prepare(std::move(task));
  auto work = co_await std::move(preparing);
  if (!work) co_return work.error();
  auto reading = read_layers(*work);
  auto read = co_await std::move(reading);
  if (!read) co_return read.error();
  (*work)->outcome.unchanged = (*work)->remembered && (*work)->outcome.layers_fetched == 0;
  auto remembering = remember(*work);
  auto remembered = co_await std::move(remembering);
  if (!remembered) co_return remembered.error();
  co_return std::move((*work)->outcome);
}

/// The image's facts: from the store when it was scanned before, else from manifest and config.
Awaitable<std::shared_ptr<ImageRunner::Work>> ImageRunner::prepare(ImageTask task) {
  auto work = std::make_shared<Work>();
  work->task = std::move(task);
  if (work->task.incremental) {
    auto look_up = [digest = work->task.digest, state = pool_.detector_state()](storage::Store& store) {
      return complete_record(store, digest, state);
    };
    auto operation = store_.run(std::move(look_up));
    auto record = co_await std::move(operation);
    if (!record) co_return record.error();
    if (*record) {
      work->remembered = true;
      work->outcome.facts = std::move((**record).facts);
      work->outcome.facts.reference = work->task.display;
      co_return work;
    }
  }
  auto reading = read_manifest(work);
  auto read = co_await std::move(reading);
  if (!read) co_return read.error();
  co_return work;
}

Awaitable<void> ImageRunner::read_manifest(std::shared_ptr<Work> work) {
  auto fetching = work->task.source->manifest(work->task.digest.str());
  auto document = co_await std::move(fetching);
  if (!document) co_return document.error();
  if (!document->image || !document->image->is_image()) {
    co_return Error(ErrorCode::unsupported, work->task.display + " is an artifact, not an image (" + document->content_type + ")");
  }
  const registry::ImageManifest& manifest = *document->image;

  auto fetching_config = work->task.source->small_blob(manifest.config);
  auto body = co_await std::move(fetching_config);
  if (!body) co_return body.error();
  auto config = registry::parse_config(*body);
  if (!config) co_return config.error().with_context("config of " + work->task.display);

  ImageFacts& facts = work->outcome.facts;
  facts.reference = work->task.display;
  facts.digest = document->digest;
  facts.platform = config->platform.empty() ? work->task.platform : config->platform;
  facts.created = config->created;
  for (const Descriptor& layer : manifest.layers) {
    if (const auto reason = unscannable(layer)) {
      facts.diagnostics.push_back(layer_diagnostic(layer, *reason));
      continue;
    }
    facts.layers.push_back(layer.digest);
    work->layers.emplace(layer.digest, layer);
  }
  co_return Result<void>();
}

Awaitable<void> ImageRunner::read_layers(std::shared_ptr<Work> work) {
  std::set<Digest> open(work->outcome.facts.layers.begin(), work->outcome.facts.layers.end());
  work->task.counters->layers_total = open.size();
  for (const auto& [digest, layer] : work->layers) work->task.counters->bytes_total += layer.size_bytes;
  TaskGroup group(executor_);
  while (!open.empty() && !work->failed) {
    if (work->task.stop.stop_requested()) work->failed = Error(ErrorCode::cancelled, "the scan of " + work->task.display + " was cancelled");
    if (work->failed) break;
    auto claiming = work->task.book->claim(std::vector<Digest>(open.begin(), open.end()));
    auto answer = co_await std::move(claiming);
    if (!answer) {
      work->failed = answer.error();
      break;
    }
    for (const Digest& layer : answer->known) {
      open.erase(layer);
      ++work->outcome.layers_reused;
      ++work->task.counters->layers_done;
    }
    for (const Digest& layer : answer->claimed) {
      open.erase(layer);
      group.spawn(read_layer(work, layer));
    }
  }
  co_await group.join();
  if (work->failed) co_return *work->failed;
  co_return Result<void>();
}

asio::awaitable<void> ImageRunner::read_layer(std::shared_ptr<Work> work, Digest layer) {
  const auto fail = [&](const Error& error) {
    if (!work->failed) work->failed = error.with_context("layer " + layer.str().substr(0, 19) + " of " + work->task.display);
    work->task.book->release({layer});
  };
  auto remembering = deliver_remembered(work, layer);
  auto delivered = co_await std::move(remembering);
  if (!delivered) co_return fail(delivered.error());
  if (*delivered) co_return;

  const auto descriptor = work->layers.find(layer);
  if (descriptor == work->layers.end()) co_return fail(Error(ErrorCode::internal, "the layer is not in the manifest"));

  auto scanning = pool_.scan(work->task.source, descriptor->second, work->task.counters->layer, work->task.stop);
  auto report = co_await std::move(scanning);
  if (!report && report.error().code() == ErrorCode::digest_mismatch) {
    // Damage on the way is gone the second time, damage in the registry is not.
    auto again = pool_.scan(work->task.source, descriptor->second, work->task.counters->layer, work->task.stop);
    report = co_await std::move(again);
  }
  if (!report) co_return fail(report.error());
  auto delivering = work->task.book->deliver(*std::move(report));
  auto stored = co_await std::move(delivering);
  if (!stored) co_return fail(stored.error());
  ++work->outcome.layers_fetched;
  ++work->task.counters->layers_done;
}

/// A report that this sensor already has but the book does not (the platform lost it, or never had it).
Awaitable<bool> ImageRunner::deliver_remembered(std::shared_ptr<Work> work, Digest layer) {
  if (!work->task.incremental) co_return false;
  auto look_up = [layer, state = pool_.detector_state()](storage::Store& store) { return store.layer_report(layer, state); };
  auto operation = store_.run(std::move(look_up));
  auto report = co_await std::move(operation);
  if (!report) co_return report.error();
  if (!*report) co_return false;
  auto delivering = work->task.book->deliver(**std::move(report));
  auto delivered = co_await std::move(delivering);
  if (!delivered) co_return delivered.error();
  ++work->outcome.layers_reused;
  ++work->task.counters->layers_done;
  co_return true;
}

Awaitable<void> ImageRunner::remember(std::shared_ptr<Work> work) {
  if (work->outcome.unchanged) co_return Result<void>();
  storage::ImageRecord record;
  record.facts = work->outcome.facts;
  record.detector_state = pool_.detector_state();
  record.scanned_at = clock_.now();
  auto put = [record = std::move(record)](storage::Store& store) { return store.put_image(record); };
  auto operation = store_.run(std::move(put));
  co_return co_await std::move(operation);
}

}  // namespace landwaiter::daemon
