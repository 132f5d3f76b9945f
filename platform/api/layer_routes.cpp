// SPDX-License-Identifier: Apache-2.0
#include "core/base/limits.hpp"
#include "platform/api/routes.hpp"
#include "platform/store/content/finding_index.hpp"
#include "platform/store/content/layers.hpp"
#include "storage/compress.hpp"

namespace landwaiter::platform {
namespace {

/// A layer's facts or report in the form that is stored: the normal one, whatever the sender's.
struct PreparedFacts {
  Digest layer;
  Digest walker;
  Coverage coverage;
  Bytes compressed;
  std::string place;
};
struct PreparedReport {
  LayerReport report;
  Bytes compressed;
  std::string place;
};

/// Where the bytes are from now on. What is kept outside of the database is there before a row names it.
Result<std::string> keep(const Call& call, const Bytes& compressed) {
  return call.blobs == nullptr ? std::string(kInRow) : call.blobs->put(compressed);
}

Result<AnalysisState> analysis_in_path(const Call& call) {
  const auto analysis = analysis_from(call.parameter("analysis"));
  if (!analysis) return Error(ErrorCode::invalid_argument, "analysis in the path must be cryptography, secrets, packages or configuration");
  auto state = call.digest("state");
  if (!state) return state.error();
  return AnalysisState{*analysis, *std::move(state)};
}

/// Parsing, checking and compressing a large report is slow: done before the writer's turn.
Result<PreparedReport> prepare_report(const Call& call) {
  const auto layer = call.digest("digest");
  if (!layer) return layer.error();
  const auto of = analysis_in_path(call);
  if (!of) return of.error();
  auto report = call.body_as<LayerReport>("layer report");
  if (!report) return report.error();
  if (report->layer != *layer || report->of != *of) {
    return Error(ErrorCode::invalid_argument, "the report is for another layer, analysis or state than its address says");
  }
  if (report->findings.size() > limits::findings_per_layer_max) return Error(ErrorCode::limit_exceeded, "too many findings in one layer");
  const auto indexable = check_findings(report->findings);
  if (!indexable) return indexable.error();
  Bytes compressed = storage::zstd_compress(dump_json(*report));
  auto place = keep(call, compressed);
  if (!place) return place.error();
  return PreparedReport{*std::move(report), std::move(compressed), *std::move(place)};
}

Result<Response> put_report(Call& call, const PreparedReport& prepared) {
  const PackedPart packed(prepared.compressed, prepared.place);
  const auto stored = put_layer_report(*call.transaction, prepared.report, packed, call.who.id, call.terms.now);
  if (!stored) return stored.error();
  call.changed(Topic::layers);
  return empty_response();
}

Result<PreparedFacts> prepare_facts(const Call& call) {
  const auto layer = call.digest("digest");
  if (!layer) return layer.error();
  const auto walker = call.digest("walker");
  if (!walker) return walker.error();
  const auto facts = call.body_as<LayerFacts>("layer facts");
  if (!facts) return facts.error();
  if (facts->layer != *layer || facts->walker != *walker) {
    return Error(ErrorCode::invalid_argument, "the facts are of another layer or walker than their address says");
  }
  Bytes compressed = storage::zstd_compress(dump_json(*facts));
  auto place = keep(call, compressed);
  if (!place) return place.error();
  return PreparedFacts{*layer, *walker, coverage_of(facts->diagnostics), std::move(compressed), *std::move(place)};
}

Result<Response> put_facts(Call& call, const PreparedFacts& prepared) {
  const PackedPart packed(prepared.compressed, prepared.place);
  const auto stored =
      put_layer_facts(*call.transaction, prepared.layer, prepared.walker, prepared.coverage, packed, call.who.id, call.terms.now);
  if (!stored) return stored.error();
  call.changed(Topic::layers);
  return empty_response();
}

/// Stored JSON as it is.
Result<Response> stored_json(const Result<Bytes>& compressed, std::string_view what) {
  if (!compressed) return compressed.error();
  if (compressed->empty()) return Error(ErrorCode::not_found, "there is no " + std::string(what));
  auto text = storage::zstd_decompress(*compressed, limits::report_bytes_max);
  if (!text) return Error(ErrorCode::io, text.error().message());
  Response response;
  response.body = *std::move(text);
  return response;
}

Result<Response> get_report(Call& call) {
  const auto layer = call.digest("digest");
  if (!layer) return layer.error();
  const auto of = analysis_in_path(call);
  if (!of) return of.error();
  return stored_json(layer_report_bytes(*call.transaction, call.blobs, *layer, *of),
                     "report of this layer for this analysis at this state");
}

Result<Response> get_facts(Call& call) {
  const auto layer = call.digest("digest");
  if (!layer) return layer.error();
  const auto walker = call.digest("walker");
  if (!walker) return walker.error();
  return stored_json(layer_facts_bytes(*call.transaction, call.blobs, *layer, *walker), "facts of this layer by this walker");
}

template <class T>
void add_part(std::vector<Route>& routes, const char* path, Result<T> (*prepare)(const Call&), Result<Response> (*put)(Call&, const T&),
              Result<Response> (*get)(Call&)) {
  RouteHead upload{.method = "PUT",
                   .path = path,
                   .needs = Permission::sense,
                   .lane = LaneKind::writer,
                   .body_bytes_max = limits::api_body_bytes_max,
                   .decoded_body_bytes_max = limits::report_bytes_max};
  routes.push_back(prepared_route(std::move(upload), prepare, put));
  routes.push_back({{.method = "GET", .path = path, .needs = Permission::read}, get});
}

}  // namespace

void add_layer_routes(std::vector<Route>& routes) {
  add_part(routes, "/v3/layers/{digest}/facts/{walker}", prepare_facts, put_facts, get_facts);
  add_part(routes, "/v3/layers/{digest}/reports/{analysis}/{state}", prepare_report, put_report, get_report);
}

}  // namespace landwaiter::platform
