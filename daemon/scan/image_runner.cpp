// SPDX-License-Identifier: Apache-2.0
#include "daemon/scan/image_runner.hpp"

#include "core/base/text.hpp"
#include "core/report/instruction.hpp"
#include "registry/client/media_types.hpp"

#include <algorithm>
#include <iterator>
#include <map>

namespace landwaiter::daemon {

using registry::Descriptor;

/// One image being scanned.
struct ImageRunner::Work {
  ImageTask task;
  ImageOutcome outcome;
  bool remembered = false;              ///< facts are from the store
  bool complete = true;                 ///< false if a layer may be available another time
  std::map<Digest, Descriptor> layers;  ///< the scannable ones, each once
  std::optional<Error> failed;
};

namespace {

Diagnostic image_diagnostic(ErrorCode code, std::string message, Effect effect) {
  return {.code = code, .message = std::move(message), .path = {}, .archive = {}, .layer = {}, .effect = effect};
}

/// A layer that is not read may hold anything.
Diagnostic layer_diagnostic(const Descriptor& layer, std::string message) {
  Diagnostic diagnostic = image_diagnostic(ErrorCode::unsupported, std::move(message), Effect::incomplete);
  diagnostic.layer = layer.digest;
  return diagnostic;
}

/// Why a layer cannot be scanned, or nothing.
std::optional<std::string> unscannable(const Descriptor& layer) {
  if (layer.encrypted) return "the layer is encrypted and was not scanned";
  return std::nullopt;
}

Error not_an_image(const std::string& display, const registry::ManifestDocument& document) {
  if (document.index) return Error(ErrorCode::unsupported, display + " is an index, not an image");
  const registry::ImageManifest& manifest = *document.image;
  const std::string& kind = manifest.artifact_type.empty() ? manifest.config.media_type : manifest.artifact_type;
  return Error(ErrorCode::unsupported, display + " is an artifact, not an image: " + registry::media_types::shown(kind));
}

/// Applies the config's facts. The layers are scanned in any case: an invalid config only gives a diagnostic.
ImageConfig use_config(ImageFacts& facts, const registry::ImageManifest& manifest, Result<ImageConfig> config) {
  const auto diagnose = [&](ErrorCode code, std::string message, Effect effect) {
    facts.diagnostics.push_back(image_diagnostic(code, std::move(message), effect));
  };
  if (!config) {
    const ErrorCode code = config.error().code();
    diagnose(code, "the image's config cannot be used: " + config.error().message(), effect_of(code));
    return {};
  }
  if (!config->platform.empty()) facts.platform = config->platform;
  facts.created = config->created;
  if (!config->cut.empty()) {
    // All of its texts are searched in any case.
    diagnose(ErrorCode::limit_exceeded,
             "the image's config has too many entries in " + config->cut + ": only the first " + std::to_string(kConfigEntriesMax) +
                 " were read",
             Effect::note);
  }
  if (config->diff_ids.size() != manifest.layers.size()) {
    diagnose(ErrorCode::malformed,
             "the image's config names " + std::to_string(config->diff_ids.size()) + " layers (diff_ids), its manifest " +
                 std::to_string(manifest.layers.size()) + "; those of the manifest were scanned",
             Effect::note);
  }
  return *std::move(config);
}

/// The image's record, if all that is known of its layers is still there too and its own documents were analyzed in the same way.
Result<std::optional<storage::ImageRecord>> complete_record(storage::Store& store, const Digest& image, const EngineState& engine,
                                                            const Digest& documents_state) {
  auto record = store.image(image, engine);
  if (!record || !*record) return record;
  if ((**record).facts.documents_state != documents_state) return std::optional<storage::ImageRecord>();
  for (const Digest& layer : (**record).facts.layers) {
    auto missing = store.missing_parts(layer, engine);
    if (!missing) return missing.error();
    if (!missing->none()) return std::optional<storage::ImageRecord>();
  }
  return record;
}

}  // namespace

Awaitable<ImageOutcome> ImageRunner::run(ImageTask task) {
  auto work = co_await prepare(std::move(task));
  if (!work) co_return work.error();
  auto read = co_await read_layers(*work);
  if (!read) co_return read.error();
  (*work)->outcome.unchanged = (*work)->remembered && (*work)->outcome.layers_fetched == 0;
  auto remembered = co_await remember(*work);
  if (!remembered) co_return remembered.error();
  co_return std::move((*work)->outcome);
}

/// The image's facts: from the store if it has been scanned before, otherwise from manifest and config.
Awaitable<std::shared_ptr<ImageRunner::Work>> ImageRunner::prepare(ImageTask task) {
  auto work = std::make_shared<Work>();
  work->task = std::move(task);
  if (work->task.incremental) {
    auto look_up = [digest = work->task.digest, engine = pool_.engine_state(), documents = pool_.documents_state()](storage::Store& store) {
      return complete_record(store, digest, engine, documents);
    };
    auto record = co_await store_.run(std::move(look_up));
    if (!record) co_return record.error();
    if (*record) {
      work->remembered = true;
      work->outcome.facts = std::move((**record).facts);
      work->outcome.facts.reference = work->task.display;
      co_return work;
    }
  }
  auto read = co_await read_manifest(work);
  if (!read) co_return read.error();
  co_return work;
}

Awaitable<void> ImageRunner::read_manifest(std::shared_ptr<Work> work) {
  auto document = co_await work->task.source->manifest(work->task.digest.str());
  if (!document) co_return document.error();
  if (!document->image || !document->image->is_image()) co_return not_an_image(work->task.display, *document);
  const registry::ImageManifest& manifest = *document->image;

  auto body = co_await registry::small_content(work->task.source, manifest.config);
  if (!body && body.error().code() != ErrorCode::limit_exceeded) co_return body.error();

  ImageFacts& facts = work->outcome.facts;
  facts.reference = work->task.display;
  facts.digest = document->digest;
  facts.platform = work->task.platform;
  facts.diagnostics = std::move(document->diagnostics);
  auto image = std::make_shared<detectors::ImageDocuments>();
  const auto parse = [&body] { return body ? parse_image_config(*body) : Result<ImageConfig>(body.error()); };
  auto config = co_await documents_.run(body ? body->size() : 0, parse);
  image->config = use_config(facts, manifest, std::move(config));
  if (body) image->config_bytes = *std::move(body);
  const std::vector<std::string> steps = layer_instructions(image->config, manifest.layers.size());
  for (std::size_t i = 0; i < manifest.layers.size(); ++i) {
    const Descriptor& layer = manifest.layers[i];
    if (const auto reason = unscannable(layer)) {
      facts.diagnostics.push_back(layer_diagnostic(layer, *reason));
      continue;
    }
    facts.layers.push_back(layer.digest);
    if (!steps.empty()) facts.created_by.push_back(steps[i]);
    work->layers.emplace(layer.digest, layer);
  }
  image->manifest_bytes = std::move(document->body);
  co_return co_await analyze(work, std::move(image));
}

Awaitable<void> ImageRunner::analyze(std::shared_ptr<Work> work, std::shared_ptr<detectors::ImageDocuments> image) {
  ImageFacts& facts = work->outcome.facts;
  image->facts = facts;
  auto found = co_await pool_.analyze(std::move(image), work->task.stop);
  if (!found) co_return found.error();
  work->task.counters->layer->findings += found->findings.size();
  facts.findings = std::move(found->findings);
  facts.documents_state = pool_.documents_state();
  std::ranges::move(found->diagnostics, std::back_inserter(facts.diagnostics));
  co_return Result<void>();
}

Awaitable<void> ImageRunner::read_layers(std::shared_ptr<Work> work) {
  std::set<Digest> open(work->outcome.facts.layers.begin(), work->outcome.facts.layers.end());
  work->task.counters->layers_total = open.size();
  for (const auto& [digest, layer] : work->layers) work->task.counters->bytes_total += layer.size_bytes;
  TaskGroup group(executor_);
  while (!open.empty() && !work->failed) {
    if (work->task.stop.stop_requested())
      work->failed = Error(ErrorCode::cancelled, "the scan of " + work->task.display + " was cancelled");
    if (work->failed) break;
    auto claiming = work->task.book->claim(std::vector<Digest>(open.begin(), open.end()));
    auto answer = co_await std::move(claiming);
    if (!answer) {
      work->failed = answer.error();
      break;
    }
    for (const Digest& layer : answer->known) {
      open.erase(layer);
      note_reused(*work, layer);
    }
    for (const protocol::ClaimedLayer& claimed : answer->claimed) {
      open.erase(claimed.layer);
      group.spawn(read_layer(work, claimed));
    }
  }
  co_await group.join();
  if (work->failed) co_return *work->failed;
  co_return Result<void>();
}

asio::awaitable<void> ImageRunner::read_layer(std::shared_ptr<Work> work, protocol::ClaimedLayer claimed) {
  const auto fail = [&](const Error& error) {
    if (!work->failed) work->failed = error.with_context("layer " + claimed.layer.str().substr(0, 19) + " of " + work->task.display);
    work->task.book->release({claimed.layer});
  };
  auto unread = co_await deliver_remembered(work, claimed);
  if (!unread) co_return fail(unread.error());
  if (unread->none()) {
    note_reused(*work, claimed.layer);
    co_return;
  }
  const auto descriptor = work->layers.find(claimed.layer);
  if (descriptor == work->layers.end()) co_return fail(Error(ErrorCode::internal, "the layer is not in the manifest"));
  auto scanned = co_await scan_layer(work, descriptor->second, std::move(unread->analyses));
  if (!scanned && scanned.error().code() == ErrorCode::not_found && descriptor->second.foreign) {
    leave_out_foreign(*work, descriptor->second);
    co_return;
  }
  if (!scanned) co_return fail(scanned.error());
  auto stored = co_await work->task.book->deliver(*std::move(scanned));
  if (!stored) co_return fail(stored.error());
  ++work->outcome.layers_fetched;
  ++work->task.counters->layers_done;
}

void ImageRunner::note_reused(Work& work, const Digest& layer) {
  ++work.outcome.layers_reused;
  ++work.task.counters->layers_done;
  const auto descriptor = work.layers.find(layer);
  if (descriptor != work.layers.end()) work.task.counters->bytes_known += descriptor->second.size_bytes;
}

Awaitable<ScannedLayer> ImageRunner::scan_layer(std::shared_ptr<Work> work, Descriptor layer, std::vector<Analysis> wanted) {
  auto scanned = co_await pool_.scan(work->task.source, layer, wanted, work->task.counters->layer, work->task.stop);
  if (scanned || scanned.error().code() != ErrorCode::digest_mismatch) co_return scanned;
  // A second attempt fixes damage in transit, but not damage in the registry.
  co_return co_await pool_.scan(work->task.source, layer, wanted, work->task.counters->layer, work->task.stop);
}

/// A foreign layer that the registry does not store. The URLs in its manifest are untrusted and never contacted.
void ImageRunner::leave_out_foreign(Work& work, const Descriptor& layer) {
  work.outcome.facts.diagnostics.push_back(layer_diagnostic(layer, "the layer is foreign (" +
                                                                       registry::media_types::shown(layer.media_type) +
                                                                       "): the registry does not store it, and it was not scanned"));
  ImageFacts& facts = work.outcome.facts;
  for (std::size_t i = facts.layers.size(); i > 0; --i) {
    if (facts.layers[i - 1] != layer.digest) continue;
    const auto at = static_cast<std::ptrdiff_t>(i - 1);
    facts.layers.erase(facts.layers.begin() + at);
    if (!facts.created_by.empty()) facts.created_by.erase(facts.created_by.begin() + at);
  }
  work.complete = false;
  work.task.book->release({layer.digest});
  ++work.task.counters->layers_done;
}

/// Delivers what this sensor already has but the book does not (the platform lost it, or never had it). The result is what is left to read.
Awaitable<LayerParts> ImageRunner::deliver_remembered(std::shared_ptr<Work> work, protocol::ClaimedLayer claimed) {
  if (!work->task.incremental) co_return claimed.read;
  auto look_up = [layer = claimed.layer, engine = pool_.engine_state()](storage::Store& store) {
    return store.missing_parts(layer, engine);
  };
  auto missing = co_await store_.run(std::move(look_up));
  if (!missing) co_return missing.error();
  const LayerParts stored = split(claimed.read, *missing, false);
  if (!stored.none()) {
    auto delivered = co_await work->task.book->deliver_stored(claimed.layer, stored);
    if (!delivered) co_return delivered.error();
  }
  co_return split(claimed.read, *missing, true);
}

Awaitable<void> ImageRunner::remember(std::shared_ptr<Work> work) {
  if (work->outcome.unchanged || !work->complete) co_return Result<void>();
  storage::ImageRecord record;
  record.facts = work->outcome.facts;
  record.engine = pool_.engine_state();
  record.scanned_at = clock_.now();
  auto put = [record = std::move(record)](storage::Store& store) { return store.put_image(record); };
  co_return co_await store_.run(std::move(put));
}

}  // namespace landwaiter::daemon
