// SPDX-License-Identifier: Apache-2.0
#include "platform/store/content/images.hpp"

#include "core/base/json_reader.hpp"
#include "core/report/compose.hpp"
#include "platform/store/content/finding_index.hpp"
#include "platform/store/content/interned.hpp"
#include "platform/store/content/layers.hpp"
#include "platform/store/paging.hpp"
#include "platform/store/sensors.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <utility>

namespace landwaiter::platform {
namespace {

/// An image is noted as seen no more often than this: a listing of a million images must not write a million rows each time.
constexpr std::chrono::hours kSeenGrain{6};

/// A list of images reads the facts of each: its findings, which may be megabytes, are kept apart.
nlohmann::json without_findings(const ImageFacts& facts) {
  nlohmann::json out = facts;
  out.erase("findings");
  return out;
}

/// What the database has of an image.
struct Known {
  std::int64_t id = 0;
  std::int64_t engine_id = 0;  ///< 0 if it was never scanned
  std::vector<std::int64_t> layers;
};

Known known_image(Transaction& transaction, std::int64_t id) {
  Known known{id, transaction.number("SELECT engine_id FROM image WHERE id=?", {id}), {}};
  Rows rows = transaction.query("SELECT layer_id FROM image_layer WHERE image_id=? ORDER BY position", {id});
  while (rows.next()) known.layers.push_back(rows.integer(0));
  return known;
}

/// A report that an image shows: a layer at a state.
using Shown = std::pair<std::int64_t, std::int64_t>;

std::set<Shown> shown_by(Transaction& transaction, std::int64_t engine_id, const std::vector<std::int64_t>& layers) {
  std::set<Shown> shown;
  Rows rows = transaction.query("SELECT state_id FROM engine_state WHERE engine_id=?", {engine_id});
  while (rows.next()) {
    for (const std::int64_t layer : layers) shown.emplace(layer, rows.integer(0));
  }
  return shown;
}

/// Those of `some` that no image shows.
std::vector<Shown> not_shown(Transaction& transaction, const std::set<Shown>& some, const std::set<Shown>& but) {
  std::vector<Shown> out;
  for (const Shown& one : some) {
    if (!but.contains(one) && !is_shown(transaction, one.first, one.second)) out.push_back(one);
  }
  return out;
}

/// The image shows these layers at this engine from now on.
void put_layers(Transaction& transaction, const Known& before, std::int64_t engine_id, const std::vector<std::int64_t>& layers,
                SystemTime now) {
  if (before.engine_id == engine_id && before.layers == layers) return;
  const std::set<Shown> old = shown_by(transaction, before.engine_id, before.layers);
  const std::set<Shown> fresh = shown_by(transaction, engine_id, layers);
  const std::vector<Shown> appeared = not_shown(transaction, fresh, old);
  transaction.run("DELETE FROM image_layer WHERE image_id=?", {before.id});
  std::vector<std::vector<Value>> rows;
  for (const std::int64_t layer : layers) rows.push_back({before.id, rows.size(), layer, engine_id});
  transaction.run_each("INSERT INTO image_layer(image_id,position,layer_id,engine_id) VALUES(?,?,?,?)", rows);
  for (const Shown& one : appeared) {
    if (const auto report = layer_part_id(transaction, one.first, one.second)) report_appeared(transaction, *report);
  }
  for (const Shown& one : not_shown(transaction, old, fresh)) {
    if (const auto report = layer_part_id(transaction, one.first, one.second)) report_vanished(transaction, *report, now);
  }
}

/// Counted in the database: reading all reports again would take as long as composing the image.
void count_parts(Transaction& transaction, std::int64_t image_id, const ImageFacts& facts) {
  const Coverage own = coverage_of(facts.diagnostics);
  transaction.run(
      "WITH part AS (SELECT DISTINCT r.id,r.not_opened,r.incomplete FROM image_layer il"
      "  JOIN engine_state es ON es.engine_id=il.engine_id"
      "  JOIN layer_report r ON r.layer_id=il.layer_id AND r.state_id=es.state_id WHERE il.image_id=?1)"
      " UPDATE image SET not_opened=?2+(SELECT coalesce(sum(not_opened),0) FROM part),"
      " incomplete=?3+(SELECT coalesce(sum(incomplete),0) FROM part),"
      " findings=(SELECT count(*) FROM (SELECT lf.finding_id FROM part JOIN layer_finding lf ON lf.layer_report_id=part.id"
      "  UNION SELECT finding_id FROM image_finding WHERE image_id=?1) AS assets) WHERE id=?1",
      {image_id, storage::bounded(own.not_opened), storage::bounded(own.incomplete)});
}

/// Whether `of` came after `other`, and sensors have it: they may have gone back to what they had before.
bool is_newer(Transaction& transaction, const AnalysisState& of, const Digest& other) {
  const std::string_view part = to_string(of.analysis);
  return state_id(transaction, part, of.state) > state_id(transaction, part, other) && FleetStates(transaction).stale({&of, 1}).empty();
}

/// What the image is shown with after this completion: for each analysis the newer of both, as long as sensors have it. During a rolling
/// update of the sensors the older ones must not take back what the newer ones found.
EngineState merged(Transaction& transaction, const EngineState& before, const EngineState& fresh) {
  EngineState out = fresh;
  for (const AnalysisState& of : before.states) {
    const auto same = std::ranges::find(out.states, of.analysis, &AnalysisState::analysis);
    if (same == out.states.end()) {
      out.states.push_back(of);
    } else if (is_newer(transaction, of, same->state)) {
      same->state = of.state;
      out.walker = before.walker;
    }
  }
  std::ranges::sort(out.states);
  return out;
}

void store_image(Transaction& transaction, const protocol::ImageCompletion& completion, SystemTime now) {
  const ImageFacts& facts = completion.facts;
  const Known before = known_image(transaction, note_image(transaction, facts.digest, now));
  const EngineState engine = merged(transaction, engine_of(transaction, before.engine_id), completion.engine);
  std::vector<std::int64_t> layers;
  for (const Digest& layer : facts.layers) layers.push_back(layer_id(transaction, layer));
  const std::int64_t engine_now = engine_id(transaction, engine);
  put_layers(transaction, before, engine_now, layers, now);
  index_image_findings(transaction, before.id, facts.findings, now);
  transaction.run(
      "UPDATE image SET reference=?, facts=?, documents_state=?, documents_findings=?, engine_id=?, layers_fetched=?, layers_reused=?,"
      " scanned_at_us=? WHERE id=?",
      {facts.reference, dump_json(without_findings(facts)), facts.documents_state, dump_json(nlohmann::json(facts.findings)), engine_now,
       storage::bounded(completion.layers_fetched), storage::bounded(completion.layers_reused), to_unix_us(now), before.id});
  count_parts(transaction, before.id, facts);
}

/// The layers of which something that the completion stands on is not here.
std::vector<Digest> missing_layers(Transaction& transaction, const protocol::ImageCompletion& completion) {
  std::vector<Digest> missing;
  for (const Digest& layer : completion.facts.layers) {
    const auto has = [&](const AnalysisState& of) { return has_layer_report(transaction, layer, of); };
    const bool complete =
        has_layer_facts(transaction, layer, completion.engine.walker) && std::ranges::all_of(completion.engine.states, has);
    if (!complete && std::ranges::find(missing, layer) == missing.end()) missing.push_back(layer);
  }
  return missing;
}

struct StoredImage {
  ImageFacts facts;
  EngineState engine;
  std::uint64_t layers_fetched = 0;
  std::uint64_t layers_reused = 0;
};

Result<StoredImage> stored_image(Transaction& transaction, const Digest& digest) {
  StoredImage image;
  std::int64_t engine = 0;
  {
    Rows rows = transaction.query(
        "SELECT engine_id,facts,layers_fetched,layers_reused,documents_findings FROM image WHERE digest=? AND scanned_at_us IS NOT NULL",
        {digest_key(digest)});
    if (!rows.next()) return Error(ErrorCode::not_found, "there is no scanned image " + digest.str());
    engine = rows.integer(0);
    auto facts = parse_json_as<ImageFacts>(rows.text(1), "stored facts of image " + digest.str(), kJsonStored);
    if (!facts) return Error(ErrorCode::io, facts.error().message());
    const auto findings = parse_json(rows.text(4), "stored findings of image " + digest.str(), kJsonStored);
    if (!findings) return Error(ErrorCode::io, findings.error().message());
    image.facts = *std::move(facts);
    const auto read = read_json_fields("stored findings of image " + digest.str(), [&] { findings->get_to(image.facts.findings); });
    if (!read) return Error(ErrorCode::io, read.error().message());
    image.layers_fetched = static_cast<std::uint64_t>(rows.integer(2));
    image.layers_reused = static_cast<std::uint64_t>(rows.integer(3));
  }
  image.engine = engine_of(transaction, engine);
  return image;
}

nlohmann::json names_of(const std::vector<Analysis>& analyses) {
  nlohmann::json names = nlohmann::json::array();
  for (const Analysis analysis : analyses) names.push_back(to_string(analysis));
  return names;
}

}  // namespace

Result<void> check_image(const ImageFacts& facts) {
  constexpr std::size_t kReferenceBytesMax = 1024;  // a host, a repository, a tag and a digest
  constexpr std::size_t kShortTextBytesMax = 100;   // platforms and times
  if (facts.reference.size() > kReferenceBytesMax || facts.platform.size() > kShortTextBytesMax ||
      facts.created.size() > kShortTextBytesMax) {
    return Error(ErrorCode::invalid_argument, "facts.reference may have at most " + std::to_string(kReferenceBytesMax) +
                                                  " bytes, platform and created " + std::to_string(kShortTextBytesMax));
  }
  return check_findings(facts.findings);
}

std::int64_t note_image(Transaction& transaction, const Digest& digest, SystemTime now) {
  const std::int64_t now_us = to_unix_us(now);
  transaction.run(
      "INSERT INTO image(digest,first_seen_at_us,last_seen_at_us) VALUES(?1,?2,?2) ON CONFLICT(digest) DO UPDATE"
      " SET last_seen_at_us=excluded.last_seen_at_us WHERE image.last_seen_at_us<?3",
      {digest_key(digest), now_us, now_us - std::chrono::microseconds(kSeenGrain).count()});
  return transaction.number("SELECT id FROM image WHERE digest=?", {digest_key(digest)});
}

void delete_image(Transaction& transaction, std::int64_t id, SystemTime now) {
  constexpr std::int64_t kNoEngine = 0;
  put_layers(transaction, known_image(transaction, id), kNoEngine, {}, now);
  index_image_findings(transaction, id, {}, now);
  transaction.run("DELETE FROM image WHERE id=?", {id});
}

std::vector<Digest> complete_image(Transaction& transaction, const LeasedJob& job, const protocol::ImageCompletion& completion,
                                   SystemTime now) {
  const ImageFacts& facts = completion.facts;
  if (!completion.unchanged || !is_scanned(transaction, facts.digest, completion.engine.states, facts.documents_state)) {
    std::vector<Digest> missing = missing_layers(transaction, completion);
    if (!missing.empty()) return missing;
    store_image(transaction, completion, now);
  }
  note_registry(transaction, facts.digest, job.registry_id);
  transaction.run("UPDATE lease SET layers=? WHERE job_id=?", {completion.facts.layers.size(), job.id});
  end_job(transaction, job, {.item_state = completion.unchanged ? ItemState::unchanged : ItemState::scanned}, now);
  return {};
}

bool is_scanned(Transaction& transaction, const Digest& digest, std::span<const AnalysisState> states, const Digest& documents_state) {
  if (states.empty()) return false;
  std::int64_t engine = 0;
  {
    Rows rows =
        transaction.query("SELECT engine_id,documents_state FROM image WHERE digest=? AND scanned_at_us IS NOT NULL", {digest_key(digest)});
    if (!rows.next() || rows.text(1) != documents_state.str()) return false;
    engine = rows.integer(0);
  }
  const EngineState shown = engine_of(transaction, engine);
  return std::ranges::all_of(states, [&](const AnalysisState& of) {
    const Digest* state = state_of(shown.states, of.analysis);
    return state != nullptr && (*state == of.state || is_newer(transaction, {of.analysis, *state}, of.state));
  });
}

void note_registry(Transaction& transaction, const Digest& image, std::string_view registry_id) {
  transaction.run(
      "INSERT INTO finding_registry(registry_id,finding_id) SELECT DISTINCT ?2,shown.finding_id FROM ("
      " SELECT lf.finding_id FROM image i JOIN image_layer il ON il.image_id=i.id JOIN engine_state es ON es.engine_id=il.engine_id"
      "  JOIN layer_report r ON r.layer_id=il.layer_id AND r.state_id=es.state_id"
      "  JOIN layer_finding lf ON lf.layer_report_id=r.id WHERE i.digest=?1"
      " UNION SELECT own.finding_id FROM image i JOIN image_finding own ON own.image_id=i.id WHERE i.digest=?1) AS shown"
      " WHERE NOT EXISTS(SELECT 1 FROM finding_registry f WHERE f.registry_id=?2 AND f.finding_id=shown.finding_id)"
      " ORDER BY 2 ON CONFLICT DO NOTHING",
      {digest_key(image), registry_id});
}

Result<ImageReport> image_report(Transaction& transaction, BlobStore* blobs, const Digest& digest) {
  auto image = stored_image(transaction, digest);
  if (!image) return image.error();
  std::map<Digest, ScannedLayer> layers;
  for (const Digest& layer : image->facts.layers) {
    if (layers.contains(layer)) continue;
    auto stored = stored_layer(transaction, blobs, layer, image->engine.walker, image->engine.states);
    if (!stored) return stored.error();
    layers.emplace(layer, *std::move(stored));
  }
  ImageReport composed = compose(image->facts, image->engine.states, std::move(layers));
  composed.stale = FleetStates(transaction).stale(image->engine.states);
  composed.layers_fetched = image->layers_fetched;
  composed.layers_reused = image->layers_reused;
  return composed;
}

Result<std::vector<Digest>> images_of_scan(Transaction& transaction, std::string_view scan_id, std::size_t count_max) {
  if (transaction.number("SELECT count(*) FROM scan WHERE id=?", {scan_id}) == 0)
    return Error(ErrorCode::not_found, "there is no such scan");
  std::vector<Digest> listed;
  {
    Rows rows = transaction.query(
        "SELECT DISTINCT digest FROM scan_item WHERE scan_id=? AND state IN ('scanned','unchanged') ORDER BY digest LIMIT ?",
        {scan_id, count_max + 1});
    while (rows.next()) {
      if (auto digest = Digest::parse(rows.text(0)); digest) listed.push_back(*std::move(digest));
    }
  }
  // One of them may have been dropped since.
  std::erase_if(listed, [&](const Digest& digest) {
    return !transaction.query("SELECT 1 FROM image WHERE digest=? AND scanned_at_us IS NOT NULL", {digest_key(digest)}).next();
  });
  return listed;
}

namespace {

CoverageState coverage_of_row(const Rows& rows, int first) {
  return Coverage{static_cast<std::uint64_t>(rows.integer(first)), static_cast<std::uint64_t>(rows.integer(first + 1))}.state();
}

/// Which images a page has; `next` is where the page after it begins, 0 if there is none.
struct ImagePage {
  std::vector<std::int64_t> ids;
  std::int64_t next = 0;
};

ImagePage one_image(Transaction& transaction, const ImageQuery& query, const Digest& digest) {
  ImagePage page;
  Rows rows =
      transaction.query("SELECT id,not_opened,incomplete FROM image WHERE digest=? AND scanned_at_us IS NOT NULL", {digest_key(digest)});
  if (!rows.next() || (query.before != 0 && rows.integer(0) >= query.before)) return page;
  if (!query.coverage || coverage_of_row(rows, 1) == *query.coverage) page.ids.push_back(rows.integer(0));
  return page;
}

ImagePage page_of_images(Transaction& transaction, const ImageQuery& query) {
  if (const auto digest = Digest::parse(query.q); digest) return one_image(transaction, query, *digest);
  ImagePage page;
  const std::size_t read_max = query.q.empty() && !query.coverage ? query.page_size + 1 : kExaminedMax;
  const bool by_index = query.coverage && *query.coverage != CoverageState::complete;
  Rows rows =
      transaction.query("SELECT id,not_opened,incomplete,reference FROM image WHERE scanned_at_us IS NOT NULL" +
                            std::string(by_index ? " AND (not_opened>0 OR incomplete>0)" : "") + " AND id<? ORDER BY id DESC LIMIT ?",
                        {query.before == 0 ? INT64_MAX : query.before, read_max});
  std::size_t read = 0;
  std::int64_t last = 0;
  for (; rows.next(); ++read) {
    if (page.ids.size() == query.page_size || read + 1 == read_max) page.next = last;
    if (page.ids.size() == query.page_size) return page;
    last = rows.integer(0);
    const bool covered = !query.coverage || coverage_of_row(rows, 1) == *query.coverage;
    if (covered && contains_text(rows.text(3), query.q)) page.ids.push_back(last);
  }
  return page;
}

nlohmann::json image_json(Transaction& transaction, const FleetStates& fleet, std::int64_t id) {
  nlohmann::json out;
  std::int64_t engine = 0;
  {
    Rows rows = transaction.query(
        "SELECT digest,reference,facts,scanned_at_us,not_opened,incomplete,findings,engine_id FROM image WHERE id=?", {id});
    if (!rows.next()) return out;
    const auto facts = parse_json(rows.text(2), "stored facts", kJsonStored);
    const Coverage coverage{static_cast<std::uint64_t>(rows.integer(4)), static_cast<std::uint64_t>(rows.integer(5))};
    out = {{"id", id},
           {"digest", digest_of_key(rows.bytes(0)).str()},
           {"reference", rows.text(1)},
           {"platform", facts ? facts->value("platform", "") : ""},
           {"created", facts ? facts->value("created", "") : ""},
           {"layers", facts && facts->contains("layers") ? (*facts)["layers"] : nlohmann::json::array()},
           {"scanned_at", time_json(rows, 3)},
           {"coverage", coverage},
           {"findings", rows.integer(6)}};
    engine = rows.integer(7);
  }
  const AnalysisStates states = engine_of(transaction, engine).states;
  out["states"] = states_to_json(states);
  out["stale"] = names_of(fleet.stale(states));
  return out;
}

}  // namespace

nlohmann::json list_images(Transaction& transaction, const ImageQuery& query) {
  const ImagePage page = page_of_images(transaction, query);
  nlohmann::json out{{"images", nlohmann::json::array()}, {"next_page_token", page.next == 0 ? "" : std::to_string(page.next)}};
  const FleetStates fleet(transaction);
  for (const std::int64_t id : page.ids) out["images"].push_back(image_json(transaction, fleet, id));
  return out;
}

}  // namespace landwaiter::platform
