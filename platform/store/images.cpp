// SPDX-License-Identifier: Apache-2.0
#include "platform/store/images.hpp"

#include "core/base/json_reader.hpp"
#include "core/report/compose.hpp"
#include "platform/store/analysis_states.hpp"
#include "platform/store/layers.hpp"
#include "platform/store/paging.hpp"
#include "platform/store/sensors.hpp"

#include <algorithm>
#include <map>

namespace landwaiter::platform {
namespace {

/// Rows of image_layer to be: for each analysis the ids of its reports, in the layers' order.
using ReportIds = std::map<Analysis, std::vector<std::int64_t>>;

/// The findings in the image's own documents.
void index_own_findings(Transaction& transaction, std::int64_t image_id, const ImageFacts& facts, SystemTime now) {
  transaction.run("DELETE FROM image_finding WHERE image_id=?", {image_id});
  for (const Finding& finding : facts.findings) {
    const std::int64_t finding_id = put_finding(transaction, finding, now);
    for (const Occurrence& occurrence : finding.occurrences) {
      if (occurrence.where == Where::file) continue;  // in no layer: a sensor that says so is wrong
      transaction.run("INSERT INTO image_finding(image_id,finding_id,document,place,offset_bytes) VALUES(?,?,?,?,?) ON CONFLICT DO NOTHING",
                      {image_id, finding_id, to_string(occurrence.where), occurrence.path, storage::bounded(occurrence.offset)});
    }
  }
}

/// A list of images reads the facts of each: its findings, which may be megabytes, are kept apart.
nlohmann::json without_findings(const ImageFacts& facts) {
  nlohmann::json out = facts;
  out.erase("findings");
  return out;
}

/// Counted in the database: reading all reports again would take as long as composing the image.
void count_not_searched(Transaction& transaction, std::int64_t image_id, const ImageFacts& facts) {
  const Coverage own = coverage_of(facts.diagnostics);
  transaction.run(
      "WITH part AS ("
      " SELECT DISTINCT r.layer,r.analysis,r.not_opened,r.incomplete FROM image_layer il JOIN layer_report r ON r.id=il.layer_report_id"
      "  WHERE il.image_id=?1"
      " UNION SELECT DISTINCT f.layer,'facts',f.not_opened,f.incomplete FROM image_layer il JOIN layer_report r"
      "  ON r.id=il.layer_report_id JOIN layer_facts f ON f.layer=r.layer JOIN image i ON i.id=il.image_id AND i.walker=f.walker"
      "  WHERE il.image_id=?1)"
      " UPDATE image SET not_opened=?2+(SELECT coalesce(sum(not_opened),0) FROM part),"
      " incomplete=?3+(SELECT coalesce(sum(incomplete),0) FROM part) WHERE id=?1",
      {image_id, storage::bounded(own.not_opened), storage::bounded(own.incomplete)});
}

void store_image(Transaction& transaction, const protocol::ImageCompletion& completion, const ReportIds& reports, SystemTime now) {
  const ImageFacts& facts = completion.facts;
  const std::int64_t id = transaction.number(
      "INSERT INTO image(digest,reference,facts,documents_state,documents_findings,walker,layers_fetched,layers_reused,scanned_at_us)"
      " VALUES(?,?,?,?,?,?,?,?,?) ON CONFLICT(digest) DO UPDATE SET reference=excluded.reference, facts=excluded.facts,"
      " documents_state=excluded.documents_state, documents_findings=excluded.documents_findings, walker=excluded.walker,"
      " layers_fetched=excluded.layers_fetched, layers_reused=excluded.layers_reused, scanned_at_us=excluded.scanned_at_us RETURNING id",
      {facts.digest, facts.reference, dump_json(without_findings(facts)), facts.documents_state, dump_json(nlohmann::json(facts.findings)),
       completion.engine.walker, storage::bounded(completion.layers_fetched), storage::bounded(completion.layers_reused), to_unix_us(now)});
  index_own_findings(transaction, id, facts, now);
  for (const AnalysisState& of : completion.engine.states) {
    const std::string_view analysis = to_string(of.analysis);
    transaction.run(
        "INSERT INTO image_state(image_id,analysis,state) VALUES(?,?,?) ON CONFLICT(image_id,analysis) DO UPDATE SET state=excluded.state",
        {id, analysis, of.state});
    transaction.run("DELETE FROM image_layer WHERE image_id=? AND analysis=?", {id, analysis});
    std::size_t position = 0;
    for (const std::int64_t report : reports.at(of.analysis)) {
      transaction.run("INSERT INTO image_layer(image_id,analysis,position,layer_report_id) VALUES(?,?,?,?)",
                      {id, analysis, position++, report});
    }
  }
  count_not_searched(transaction, id, facts);
}

/// The ids of all that the completion's layers need; layers of which something is not here go to `missing`.
ReportIds report_ids(Transaction& transaction, const protocol::ImageCompletion& completion, std::vector<Digest>& missing) {
  ReportIds reports;
  for (const AnalysisState& of : completion.engine.states) reports[of.analysis];
  for (const Digest& layer : completion.facts.layers) {
    bool complete = has_layer_facts(transaction, layer, completion.engine.walker);
    for (const AnalysisState& of : completion.engine.states) {
      const auto id = layer_report_id(transaction, layer, of);
      if (id) reports[of.analysis].push_back(*id);
      complete = complete && id;
    }
    if (!complete && std::ranges::find(missing, layer) == missing.end()) missing.push_back(layer);
  }
  return reports;
}

AnalysisStates states_of_image(Transaction& transaction, std::int64_t id) {
  return analysis_states(transaction.query("SELECT analysis,state FROM image_state WHERE image_id=?", {id}));
}

struct StoredImage {
  std::int64_t id = 0;
  ImageFacts facts;
  EngineState engine;
  std::uint64_t layers_fetched = 0;
  std::uint64_t layers_reused = 0;
};

Result<StoredImage> stored_image(Transaction& transaction, const Digest& digest) {
  StoredImage image;
  {
    Rows rows =
        transaction.query("SELECT id,facts,walker,layers_fetched,layers_reused,documents_findings FROM image WHERE digest=?", {digest});
    if (!rows.next()) return Error(ErrorCode::not_found, "there is no scanned image " + digest.str());
    image.id = rows.integer(0);
    auto facts = parse_json_as<ImageFacts>(rows.text(1), "stored facts of image " + digest.str(), kJsonStored);
    auto walker = Digest::parse(rows.text(2));
    if (!facts) return Error(ErrorCode::io, facts.error().message());
    if (!walker) return Error(ErrorCode::io, walker.error().message());
    const auto findings = parse_json(rows.text(5), "stored findings of image " + digest.str(), kJsonStored);
    if (!findings) return Error(ErrorCode::io, findings.error().message());
    image.facts = *std::move(facts);
    const auto read = read_json_fields("stored findings of image " + digest.str(), [&] { findings->get_to(image.facts.findings); });
    if (!read) return Error(ErrorCode::io, read.error().message());
    image.engine.walker = *std::move(walker);
    image.layers_fetched = static_cast<std::uint64_t>(rows.integer(3));
    image.layers_reused = static_cast<std::uint64_t>(rows.integer(4));
  }
  image.engine.states = states_of_image(transaction, image.id);
  return image;
}

nlohmann::json names_of(const std::vector<Analysis>& analyses) {
  nlohmann::json names = nlohmann::json::array();
  for (const Analysis analysis : analyses) names.push_back(to_string(analysis));
  return names;
}

}  // namespace

std::vector<Digest> complete_image(Transaction& transaction, const LeasedJob& job, const protocol::ImageCompletion& completion,
                                   SystemTime now) {
  std::vector<Digest> missing;
  const ImageFacts& facts = completion.facts;
  if (!completion.unchanged || !is_scanned(transaction, facts.digest, completion.engine.states, facts.documents_state)) {
    const ReportIds reports = report_ids(transaction, completion, missing);
    if (!missing.empty()) return missing;
    store_image(transaction, completion, reports, now);
  }
  transaction.run("UPDATE lease SET layers=? WHERE job_id=?", {completion.facts.layers.size(), job.id});
  end_job(transaction, job, {.item_state = completion.unchanged ? ItemState::unchanged : ItemState::scanned}, now);
  return missing;
}

bool is_scanned(Transaction& transaction, const Digest& digest, std::span<const AnalysisState> states, const Digest& documents_state) {
  const auto scanned = [&](const AnalysisState& of) {
    return transaction.number(
               "SELECT count(*) FROM image JOIN image_state ON image_state.image_id=image.id WHERE digest=? AND analysis=? AND state=?"
               " AND documents_state=?",
               {digest, to_string(of.analysis), of.state, documents_state}) != 0;
  };
  return !states.empty() && std::ranges::all_of(states, scanned);
}

Result<ImageReport> image_report(Transaction& transaction, const Digest& digest) {
  auto image = stored_image(transaction, digest);
  if (!image) return image.error();
  std::map<Digest, ScannedLayer> layers;
  for (const Digest& layer : image->facts.layers) {
    if (layers.contains(layer)) continue;
    auto stored = stored_layer(transaction, layer, image->engine.walker, image->engine.states);
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
  std::vector<Digest> out;
  Rows rows = transaction.query(
      "SELECT DISTINCT scan_item.digest FROM scan_item JOIN image ON image.digest=scan_item.digest"
      " WHERE scan_id=? AND state IN ('scanned','unchanged') ORDER BY scan_item.digest LIMIT ?",
      {scan_id, count_max + 1});
  while (rows.next()) {
    if (auto digest = Digest::parse(rows.text(0)); digest) out.push_back(*std::move(digest));
  }
  return out;
}

nlohmann::json list_images(Transaction& transaction, const ImageQuery& query) {
  nlohmann::json out{{"images", nlohmann::json::array()}, {"next_page_token", ""}};
  const FleetStates fleet(transaction);
  Rows rows = transaction.query(
      "SELECT id,digest,reference,facts,scanned_at_us,not_opened,incomplete,"
      " (SELECT count(*) FROM (SELECT lf.finding_id FROM image_layer il JOIN layer_finding lf ON lf.layer_report_id=il.layer_report_id"
      "  WHERE il.image_id=image.id UNION SELECT finding_id FROM image_finding WHERE image_id=image.id) AS assets)"
      " FROM image WHERE (?1=0 OR id<?1) AND (?2='' OR lower(reference) LIKE lower(?3) ESCAPE '\\' OR digest=?2)"
      " AND (?5='' OR ?5=CASE WHEN incomplete>0 THEN 'incomplete' WHEN not_opened>0 THEN 'not_opened' ELSE 'complete' END)"
      " ORDER BY id DESC LIMIT ?4",
      {query.before, query.q, like_anywhere(query.q), query.page_size + 1, query.coverage ? to_string(*query.coverage) : ""});
  while (rows.next()) {
    if (page_is_full(out, "images", query.page_size)) break;
    const auto facts = parse_json(rows.text(3), "stored facts", kJsonStored);
    const AnalysisStates states = states_of_image(transaction, rows.integer(0));
    const Coverage coverage{static_cast<std::uint64_t>(rows.integer(5)), static_cast<std::uint64_t>(rows.integer(6))};
    out["images"].push_back({{"id", rows.integer(0)},
                             {"digest", rows.text(1)},
                             {"states", states_to_json(states)},
                             {"stale", names_of(fleet.stale(states))},
                             {"reference", rows.text(2)},
                             {"platform", facts ? facts->value("platform", "") : ""},
                             {"created", facts ? facts->value("created", "") : ""},
                             {"layers", facts && facts->contains("layers") ? (*facts)["layers"] : nlohmann::json::array()},
                             {"scanned_at", time_json(rows, 4)},
                             {"coverage", coverage},
                             {"findings", rows.integer(7)}});
  }
  return out;
}

}  // namespace landwaiter::platform
