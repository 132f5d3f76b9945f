// SPDX-License-Identifier: Apache-2.0
#include "platform/store/content/findings.hpp"

#include "core/base/json_reader.hpp"
#include "core/report/attribute_names.hpp"
#include "platform/store/content/images.hpp"
#include "platform/store/content/interned.hpp"
#include "platform/store/paging.hpp"

#include <algorithm>
#include <charconv>
#include <functional>
#include <string>
#include <vector>

namespace landwaiter::platform {
namespace {

using nlohmann::json;

/// Images and layers of one finding that a list counts.
constexpr std::int64_t kCountedMax = 1000;

struct PageStart {
  std::int64_t severity = 0;
  std::int64_t id = 0;
};

Result<PageStart> parse_page_token(std::string_view text) {
  PageStart start{static_cast<std::int64_t>(Severity::critical) + 1, 0};
  if (text.empty()) return start;
  const char* const end = text.data() + text.size();
  const auto severity = std::from_chars(text.data(), end, start.severity);
  if (severity.ec != std::errc() || severity.ptr == end || *severity.ptr != ':') {
    return Error(ErrorCode::invalid_argument, "page_token is not one of this list");
  }
  const auto id = std::from_chars(severity.ptr + 1, end, start.id);
  if (id.ec != std::errc() || id.ptr != end) return Error(ErrorCode::invalid_argument, "page_token is not one of this list");
  return start;
}

json finding_head(const Rows& rows) {
  Finding finding;
  finding.type = finding_type_from(rows.text(1)).value_or(FindingType::certificate);
  finding.severity = static_cast<Severity>(rows.integer(3));
  if (const auto attributes = parse_json(rows.text(5), "stored attributes", kJsonStored)) finding.attributes = *attributes;
  drop_working_attributes(finding.attributes);
  assess_weaknesses(finding);
  return {{"type", rows.text(1)},
          {"id", rows.text(2)},
          {"severity", to_string(finding.severity)},
          {"title", rows.text(4)},
          {"attributes", std::move(finding.attributes)},
          {"detector", rows.text(6)},
          {"first_seen_at", time_json(rows, 7)}};
}

constexpr std::string_view kFindingColumns =
    "SELECT f.id,f.type,f.key,f.severity,v.title,v.attributes,v.detector,f.first_seen_at_us FROM finding f"
    " JOIN finding_variant v ON v.finding_id=f.id AND v.severity=f.severity";

/// The ids of an image's findings: in its layers and in its own documents. A placeholder is its digest.
constexpr std::string_view kFindingsOfImage =
    "SELECT lf.finding_id FROM image i JOIN image_layer il ON il.image_id=i.id JOIN engine_state es ON es.engine_id=il.engine_id"
    " JOIN layer_report r ON r.layer_id=il.layer_id AND r.state_id=es.state_id JOIN layer_finding lf ON lf.layer_report_id=r.id"
    " WHERE i.digest=?1"
    " UNION SELECT own.finding_id FROM image i JOIN image_finding own ON own.image_id=i.id WHERE i.digest=?1";

/// Reads findings worst first, from where a page begins.
class FindingWalk {
 public:
  FindingWalk(Transaction& transaction, const FindingQuery& query, PageStart start)
      : transaction_(transaction), query_(query), start_(start), worst_(query.severity.value_or(Severity::critical)) {
    if (start_.severity > static_cast<std::int64_t>(worst_)) start_ = {static_cast<std::int64_t>(worst_), 0};
  }

  /// At most `count_max` rows in all; `see` says whether to go on.
  void run(std::size_t count_max, const std::function<bool(const Rows&)>& see) {
    if (!query_.image.empty()) {
      const auto image = Digest::parse(query_.image);
      if (image) (void)pass(of_image(*image, count_max), count_max, see);
      return;
    }
    bool more = true;
    for (PageStart from = start_; more && from.severity >= least() && count_max > 0; from = {from.severity - 1, 0}) {
      more = pass(of_all(from, count_max), count_max, see);
    }
  }

 private:
  std::int64_t least() const { return static_cast<std::int64_t>(query_.severity.value_or(Severity::info)); }

  static bool pass(Rows rows, std::size_t& count_max, const std::function<bool(const Rows&)>& see) {
    while (rows.next()) {
      --count_max;
      if (!see(rows)) return false;
    }
    return true;
  }

  /// Of one severity: then the index gives a page's rows and no others.
  Rows of_all(PageStart from, std::size_t count_max) {
    const std::string all = std::string(kFindingColumns) + " WHERE f.active=1 AND f.severity=?1 AND f.id>?2";
    if (query_.type.empty()) return transaction_.query(all + " ORDER BY f.id LIMIT ?3", {from.severity, from.id, count_max});
    return transaction_.query(all + " AND f.type=?4 ORDER BY f.id LIMIT ?3", {from.severity, from.id, count_max, query_.type});
  }

  /// The image's findings first: they are fewer than all of a severity.
  Rows of_image(const Digest& image, std::size_t count_max) {
    const std::string all = "WITH of_image(finding_id) AS MATERIALIZED (" + std::string(kFindingsOfImage) + ") " +
                            std::string(kFindingColumns) +
                            " JOIN of_image ON of_image.finding_id=f.id"
                            " WHERE (f.severity<?2 OR (f.severity=?2 AND f.id>?3)) AND f.severity>=?4";
    constexpr std::string_view kOrder = " ORDER BY f.severity DESC, f.id LIMIT ?5";
    const Bytes key = digest_key(image);
    if (query_.type.empty()) {
      return transaction_.query(all + std::string(kOrder), {key, start_.severity, start_.id, least(), count_max});
    }
    return transaction_.query(all + " AND f.type=?6" + std::string(kOrder),
                              {key, start_.severity, start_.id, least(), count_max, query_.type});
  }

  Transaction& transaction_;
  const FindingQuery& query_;
  PageStart start_;
  Severity worst_;
};

/// Where it is, counted up to a bound.
struct Spread {
  std::int64_t images = 0;
  std::int64_t occurrences = 0;
  std::string place;  ///< one of them
  bool at_least = false;
};

/// A root certificate is in most images: what a page shows of it must not cost a look at each.
Spread spread_of(Transaction& transaction, std::int64_t finding_id) {
  constexpr std::int64_t kRowsMax = kCountedMax + 1;
  Spread spread;
  {
    Rows rows = transaction.query(
        "SELECT count(DISTINCT image_id),count(*) FROM (SELECT image_id FROM (SELECT il.image_id FROM layer_finding lf"
        " JOIN layer_report r ON r.id=lf.layer_report_id JOIN engine_state es ON es.state_id=r.state_id"
        " JOIN image_layer il ON il.layer_id=r.layer_id AND il.engine_id=es.engine_id WHERE lf.finding_id=?1 LIMIT ?2) AS in_layers"
        " UNION ALL SELECT image_id FROM (SELECT image_id FROM image_finding WHERE finding_id=?1 LIMIT ?2) AS own) AS found",
        {finding_id, kRowsMax});
    if (rows.next()) {
      spread.images = std::min(rows.integer(0), kCountedMax);
      spread.at_least = rows.integer(1) >= kRowsMax;
    }
  }
  // A file of a layer counts once, however many sensors read it at states of their own.
  Rows rows = transaction.query(
      "SELECT sum(places),count(*),min(first_path) FROM (SELECT max(places) AS places,min(first_path) AS first_path FROM ("
      " SELECT r.layer_id,lf.places,lf.first_path FROM layer_finding lf JOIN layer_report r ON r.id=lf.layer_report_id"
      " WHERE lf.finding_id=?1 AND EXISTS(SELECT 1 FROM engine_state es JOIN image_layer il ON il.engine_id=es.engine_id"
      "  WHERE es.state_id=r.state_id AND il.layer_id=r.layer_id) LIMIT ?2) AS shown GROUP BY layer_id"
      " UNION ALL SELECT places,'' FROM (SELECT places FROM image_finding WHERE finding_id=?1 LIMIT ?2) AS own) AS found",
      {finding_id, kCountedMax});
  if (rows.next()) {
    spread.occurrences = rows.integer(0);
    spread.place = rows.text(2);
    spread.at_least = spread.at_least || rows.integer(1) >= kCountedMax;
  }
  return spread;
}

bool is_of_registry(Transaction& transaction, std::int64_t finding_id, std::string_view registry) {
  return transaction.query("SELECT 1 FROM finding_registry WHERE registry_id=? AND finding_id=?", {registry, finding_id}).next();
}

struct FoundFinding {
  std::int64_t id = 0;
  json head;
};

Result<FoundFinding> find_finding(Transaction& transaction, std::string_view key, std::string_view type) {
  // A private key and its public one have the same id: the worse is what is asked for, and type tells them apart.
  const std::string all = std::string(kFindingColumns) + " WHERE f.key=?1";
  constexpr std::string_view kWorst = " ORDER BY f.active DESC, f.severity DESC, f.id LIMIT 1";
  Rows rows = type.empty() ? transaction.query(all + std::string(kWorst), {key})
                           : transaction.query(all + " AND f.type=?2" + std::string(kWorst), {key, type});
  if (!rows.next()) return Error(ErrorCode::not_found, "there is no such finding");
  return FoundFinding{rows.integer(0), finding_head(rows)};
}

struct ImageKey {
  std::int64_t id = 0;
  Digest digest;
};

std::vector<ImageKey> images_with(Transaction& transaction, std::int64_t finding_id, std::int64_t after, std::size_t count_max) {
  std::vector<ImageKey> images;
  Rows rows = transaction.query(
      "SELECT i.id,i.digest FROM image i WHERE i.id>?2 AND i.id IN (SELECT il.image_id FROM layer_finding lf"
      " JOIN layer_report r ON r.id=lf.layer_report_id JOIN engine_state es ON es.state_id=r.state_id"
      " JOIN image_layer il ON il.layer_id=r.layer_id AND il.engine_id=es.engine_id WHERE lf.finding_id=?1 AND il.image_id>?2"
      " UNION SELECT image_id FROM image_finding WHERE finding_id=?1 AND image_id>?2) ORDER BY i.id LIMIT ?3",
      {finding_id, after, count_max});
  while (rows.next()) images.push_back({rows.integer(0), digest_of_key(rows.bytes(1))});
  return images;
}

/// The finding's facts from any of its images, once.
json merged_issues(const json& attributes, const Finding& finding) {
  Finding shown;
  shown.attributes = attributes;
  std::vector<Issue> issues = issues_of(shown);
  for (Issue& issue : issues_of(finding)) issues.push_back(std::move(issue));
  sort_issues(issues);
  return issues;
}

/// Adds this finding's occurrences in one image, and the attributes that only composing sets: matching keys and certificates.
void add_occurrences(const ImageReport& report, json& out) {
  const auto key = out["id"].get<std::string>();
  const auto type = out["type"].get<std::string>();
  for (const Finding& finding : report.findings) {
    if (finding.id != key || to_string(finding.type) != type) continue;
    for (const Occurrence& occurrence : finding.occurrences) {
      json entry = occurrence;
      entry["image"] = report.facts.digest.str();
      entry["reference"] = report.facts.reference;
      out["occurrences"].push_back(std::move(entry));
    }
    const auto shown = severity_from(out["severity"].get<std::string>());
    json issues = merged_issues(out["attributes"], finding);
    out["attributes"] = finding.attributes;
    out["attributes"][attribute::issues] = std::move(issues);
    if (shown && finding.severity > *shown) out["severity"] = to_string(finding.severity);
  }
}

}  // namespace

Result<json> list_findings(Transaction& transaction, const FindingQuery& query) {
  const auto start = parse_page_token(query.page_token);
  if (!start) return start.error();
  json out{{"findings", json::array()}, {"next_page_token", ""}};
  json& findings = out["findings"];
  const bool picks = !query.q.empty() || !query.registry.empty();
  const std::size_t read_max = picks ? kExaminedMax : query.page_size + 1;
  std::size_t read = 0;
  std::string last;
  std::vector<std::int64_t> ids;
  FindingWalk(transaction, query, *start).run(read_max, [&](const Rows& rows) {
    if (findings.size() == query.page_size) {
      out["next_page_token"] = last;
      return false;
    }
    last = std::to_string(rows.integer(3)) + ":" + std::to_string(rows.integer(0));
    if (++read == read_max) out["next_page_token"] = last;
    const auto has_q = [&](int column) { return contains_text(as_text(rows.bytes(column)), query.q); };
    if (!has_q(4) && !has_q(2) && !has_q(5)) return true;
    if (!query.registry.empty() && !is_of_registry(transaction, rows.integer(0), query.registry)) return true;
    ids.push_back(rows.integer(0));
    findings.push_back(finding_head(rows));
    return true;
  });
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const Spread spread = spread_of(transaction, ids[i]);
    findings[i]["images"] = spread.images;
    findings[i]["occurrences"] = spread.occurrences;
    findings[i]["counts_at_least"] = spread.at_least;
    findings[i]["place"] = spread.place;
  }
  return out;
}

Result<json> finding_json(Transaction& transaction, BlobStore* blobs, std::string_view key, std::string_view type, std::int64_t after_image,
                          std::size_t page_size, const AssessContext& context) {
  auto found = find_finding(transaction, key, type);
  if (!found) return found.error();
  json out = std::move(found->head);
  out["occurrences"] = json::array();
  out["next_page_token"] = "";
  std::vector<ImageKey> images = images_with(transaction, found->id, after_image, page_size + 1);
  if (images.size() > page_size) {
    images.resize(page_size);
    out["next_page_token"] = std::to_string(images.back().id);
  }
  for (const ImageKey& image : images) {
    auto report = image_report(transaction, blobs, image.digest);
    if (!report) return report.error();
    assess(*report, context);
    drop_working_attributes(*report);
    add_occurrences(*report, out);
  }
  return out;
}

}  // namespace landwaiter::platform
