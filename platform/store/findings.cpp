// SPDX-License-Identifier: Apache-2.0
#include "platform/store/findings.hpp"

#include "core/base/json_reader.hpp"
#include "core/report/attribute_names.hpp"
#include "platform/store/images.hpp"
#include "platform/store/paging.hpp"

#include <charconv>

namespace landwaiter::platform {
namespace {

using nlohmann::json;

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

constexpr std::string_view kFindingColumns = "f.id,f.type,f.key,f.severity,f.title,f.attributes,f.detector,f.first_seen_at_us";

// ?1 type, ?2 severity or -1, ?3 search or '', ?4 its pattern, ?5 image or '', ?6 and ?7 where to continue, ?8 how many
constexpr std::string_view kListSql = R"sql(
,(SELECT count(*) FROM (
    SELECT il.image_id FROM layer_finding lf JOIN image_layer il ON il.layer_report_id=lf.layer_report_id WHERE lf.finding_id=f.id
    UNION SELECT image_id FROM image_finding WHERE finding_id=f.id) AS images)
,(SELECT count(*) FROM (SELECT DISTINCT lr.layer,lf.path,lf.archive,lf.offset_bytes FROM layer_finding lf
    JOIN layer_report lr ON lr.id=lf.layer_report_id WHERE lf.finding_id=f.id AND EXISTS(
    SELECT 1 FROM image_layer il WHERE il.layer_report_id=lf.layer_report_id)) AS places)
 + (SELECT count(*) FROM image_finding WHERE finding_id=f.id)
FROM finding f
WHERE (?1='' OR f.type=?1) AND (?2<0 OR f.severity=?2)
  AND (?3='' OR lower(f.title) LIKE lower(?4) ESCAPE '\' OR lower(f.key) LIKE lower(?4) ESCAPE '\'
    OR lower(f.attributes) LIKE lower(?4) ESCAPE '\')
  AND (EXISTS(SELECT 1 FROM layer_finding lf JOIN image_layer il ON il.layer_report_id=lf.layer_report_id
      JOIN image i ON i.id=il.image_id WHERE lf.finding_id=f.id AND (?5='' OR i.digest=?5))
    OR EXISTS(SELECT 1 FROM image_finding own JOIN image i ON i.id=own.image_id WHERE own.finding_id=f.id AND (?5='' OR i.digest=?5)))
  AND (f.severity<?6 OR (f.severity=?6 AND f.id>?7))
ORDER BY f.severity DESC, f.id LIMIT ?8)sql";

struct FoundFinding {
  std::int64_t id = 0;
  json head;
};

Result<FoundFinding> find_finding(Transaction& transaction, std::string_view key, std::string_view type) {
  Rows rows = transaction.query(
      "SELECT " + std::string(kFindingColumns) + " FROM finding f WHERE f.key=?1 AND (?2='' OR f.type=?2) ORDER BY f.id LIMIT 1",
      {key, type});
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
      "SELECT id,digest FROM image WHERE id>?2 AND id IN ("
      "SELECT il.image_id FROM layer_finding lf JOIN image_layer il ON il.layer_report_id=lf.layer_report_id WHERE lf.finding_id=?1"
      " UNION SELECT image_id FROM image_finding WHERE finding_id=?1) ORDER BY id LIMIT ?3",
      {finding_id, after, count_max});
  while (rows.next()) {
    if (auto digest = Digest::parse(rows.text(1)); digest) images.push_back({rows.integer(0), *std::move(digest)});
  }
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
  std::string last;
  Rows rows = transaction.query("SELECT " + std::string(kFindingColumns) + std::string(kListSql),
                                {query.type, query.severity ? static_cast<int>(*query.severity) : -1, query.q, like_anywhere(query.q),
                                 query.image, start->severity, start->id, query.page_size + 1});
  while (rows.next()) {
    if (out["findings"].size() == query.page_size) {
      out["next_page_token"] = last;
      break;
    }
    json finding = finding_head(rows);
    finding["images"] = rows.integer(8);
    finding["occurrences"] = rows.integer(9);
    out["findings"].push_back(std::move(finding));
    last = std::to_string(rows.integer(3)) + ":" + std::to_string(rows.integer(0));
  }
  return out;
}

Result<json> finding_json(Transaction& transaction, std::string_view key, std::string_view type, std::int64_t after_image,
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
    auto report = image_report(transaction, image.digest);
    if (!report) return report.error();
    assess(*report, context);
    drop_working_attributes(*report);
    add_occurrences(*report, out);
  }
  return out;
}

}  // namespace landwaiter::platform
