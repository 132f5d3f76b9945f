// SPDX-License-Identifier: Apache-2.0
#include "platform/store/images.hpp"

#include "core/base/json.hpp"
#include "core/report/compose.hpp"
#include "platform/store/layers.hpp"
#include "platform/store/paging.hpp"

#include <algorithm>
#include <map>

namespace landwaiter::platform {
namespace {

bool is_stored(Transaction& transaction, const Digest& digest, const Digest& detector_state) {
  return transaction.number("SELECT count(*) FROM image WHERE digest=? AND detector_state=?", {digest, detector_state}) != 0;
}

void store_image(Transaction& transaction, const protocol::ImageCompletion& completion, const std::vector<std::int64_t>& reports,
                 SystemTime now) {
  const ImageFacts& facts = completion.facts;
  transaction.run("UPDATE image SET latest=0 WHERE digest=?", {facts.digest});
  const std::int64_t id = transaction.number(
      "INSERT INTO image(digest,detector_state,reference,facts,layers_fetched,layers_reused,scanned_at_us,latest) VALUES(?,?,?,?,?,?,?,1)"
      " ON CONFLICT(digest,detector_state) DO UPDATE SET reference=excluded.reference, facts=excluded.facts,"
      " layers_fetched=excluded.layers_fetched, layers_reused=excluded.layers_reused, scanned_at_us=excluded.scanned_at_us, latest=1 "
      "RETURNING id",
      {facts.digest, completion.detector_state, facts.reference, dump_json(facts), storage::bounded(completion.layers_fetched),
       storage::bounded(completion.layers_reused), to_unix_us(now)});
  transaction.run("DELETE FROM image_layer WHERE image_id=?", {id});
  for (std::size_t position = 0; position < reports.size(); ++position) {
    transaction.run("INSERT INTO image_layer(image_id,position,layer_report_id) VALUES(?,?,?)", {id, position, reports[position]});
  }
}

struct StoredImage {
  std::int64_t id = 0;
  ImageFacts facts;
  Digest detector_state;
  std::uint64_t layers_fetched = 0;
  std::uint64_t layers_reused = 0;
};

Result<StoredImage> stored_image(Transaction& transaction, const Digest& digest, const Digest& detector_state) {
  Rows rows = transaction.query(
      "SELECT id,facts,detector_state,layers_fetched,layers_reused FROM image WHERE digest=?1 AND (detector_state=?2 OR (?2='' AND "
      "latest=1))",
      {digest, detector_state});
  if (!rows.next()) return Error(ErrorCode::not_found, "there is no scanned image " + digest.str() + " at this detector state");
  StoredImage image;
  image.id = rows.integer(0);
  auto facts = parse_json_as<ImageFacts>(rows.text(1), "stored facts of image " + digest.str());
  auto state = Digest::parse(rows.text(2));
  if (!facts) return Error(ErrorCode::io, facts.error().message());
  if (!state) return Error(ErrorCode::io, state.error().message());
  image.facts = *std::move(facts);
  image.detector_state = *std::move(state);
  image.layers_fetched = static_cast<std::uint64_t>(rows.integer(3));
  image.layers_reused = static_cast<std::uint64_t>(rows.integer(4));
  return image;
}

}  // namespace

std::vector<Digest> complete_image(Transaction& transaction, const LeasedJob& job, const protocol::ImageCompletion& completion,
                                   SystemTime now) {
  const bool known = completion.unchanged && is_stored(transaction, completion.facts.digest, completion.detector_state);
  std::vector<std::int64_t> reports;
  std::vector<Digest> missing;
  if (!known) {
    for (const Digest& layer : completion.facts.layers) {
      const auto id = layer_report_id(transaction, layer, completion.detector_state);
      if (id) {
        reports.push_back(*id);
      } else if (std::ranges::find(missing, layer) == missing.end()) {
        missing.push_back(layer);
      }
    }
    if (!missing.empty()) return missing;
    store_image(transaction, completion, reports, now);
  }
  transaction.run("UPDATE job SET layers=? WHERE id=?", {completion.facts.layers.size(), job.id});
  end_job(transaction, job, {.item_state = completion.unchanged ? ItemState::unchanged : ItemState::scanned}, now);
  return missing;
}

Result<ImageReport> image_report(Transaction& transaction, const Digest& digest, const Digest& detector_state) {
  auto image = stored_image(transaction, digest, detector_state);
  if (!image) return image.error();
  std::map<Digest, LayerReport> reports;
  std::vector<const LayerReport*> in_order;
  for (const Digest& layer : image->facts.layers) {
    auto known = reports.find(layer);
    if (known == reports.end()) {
      auto report = decode_layer_report(layer_report_bytes(transaction, layer, image->detector_state), layer);
      if (!report) return report.error();
      known = reports.emplace(layer, *std::move(report)).first;
    }
    in_order.push_back(&known->second);
  }
  ImageReport composed = compose(image->facts, image->detector_state, in_order);
  composed.layers_fetched = image->layers_fetched;
  composed.layers_reused = image->layers_reused;
  return composed;
}

Result<std::vector<Digest>> images_of_scan(Transaction& transaction, std::string_view scan_id, std::size_t count_max) {
  if (transaction.number("SELECT count(*) FROM scan WHERE id=?", {scan_id}) == 0)
    return Error(ErrorCode::not_found, "there is no such scan");
  std::vector<Digest> out;
  Rows rows = transaction.query(
      "SELECT DISTINCT scan_item.digest FROM scan_item JOIN image ON image.digest=scan_item.digest AND image.latest=1"
      " WHERE scan_id=? AND state IN ('scanned','unchanged') ORDER BY scan_item.digest LIMIT ?",
      {scan_id, count_max + 1});
  while (rows.next()) {
    if (auto digest = Digest::parse(rows.text(0)); digest) out.push_back(*std::move(digest));
  }
  return out;
}

nlohmann::json list_images(Transaction& transaction, std::string_view q, std::int64_t before, std::size_t page_size) {
  nlohmann::json out{{"images", nlohmann::json::array()}, {"next_page_token", ""}};
  Rows rows = transaction.query(
      "SELECT id,digest,detector_state,reference,facts,scanned_at_us,"
      " (SELECT count(DISTINCT lf.finding_id) FROM image_layer il JOIN layer_finding lf ON lf.layer_report_id=il.layer_report_id WHERE "
      "il.image_id=image.id)"
      " FROM image WHERE latest=1 AND (?1=0 OR id<?1) AND (?2='' OR reference LIKE ?3 ESCAPE '\\' OR digest=?2) ORDER BY id DESC LIMIT ?4",
      {before, q, like_anywhere(q), page_size + 1});
  while (rows.next()) {
    if (page_is_full(out, "images", page_size)) break;
    const auto facts = parse_json(rows.text(4), "stored facts");
    out["images"].push_back({{"id", rows.integer(0)},
                             {"digest", rows.text(1)},
                             {"detector_state", rows.text(2)},
                             {"reference", rows.text(3)},
                             {"platform", facts ? facts->value("platform", "") : ""},
                             {"created", facts ? facts->value("created", "") : ""},
                             {"layers", facts && facts->contains("layers") ? (*facts)["layers"] : nlohmann::json::array()},
                             {"scanned_at", time_json(rows, 5)},
                             {"findings", rows.integer(6)}});
  }
  return out;
}

}  // namespace landwaiter::platform
