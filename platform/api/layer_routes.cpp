// SPDX-License-Identifier: Apache-2.0
#include "core/base/limits.hpp"
#include "platform/api/routes.hpp"
#include "platform/store/layers.hpp"
#include "storage/compress.hpp"

namespace landwaiter::platform {
namespace {

struct PreparedReport {
  LayerReport report;
  Bytes compressed;
};

/// Parsing, checking and compressing a large report takes long: before the writer's turn.
Result<PreparedReport> prepare_report(const Call& call) {
  const auto layer = call.digest("digest");
  if (!layer) return layer.error();
  const auto detector_state = call.digest("detector_state");
  if (!detector_state) return detector_state.error();
  auto report = call.body_as<LayerReport>("layer report");
  if (!report) return report.error();
  if (report->layer != *layer || report->detector_state != *detector_state) {
    return Error(ErrorCode::invalid_argument, "the report is for another layer or detector state than its address says");
  }
  if (report->findings.size() > limits::findings_per_layer_max) return Error(ErrorCode::limit_exceeded, "too many findings in one layer");
  // Stored in its normal form, whatever the sender's.
  Bytes compressed = storage::zstd_compress(dump_json(*report));
  return PreparedReport{*std::move(report), std::move(compressed)};
}

Result<Response> put(Call& call, const PreparedReport& prepared) {
  put_layer_report(*call.transaction, prepared.report, prepared.compressed, call.terms.now);
  call.changed(Topic::layers);
  return empty_response();
}

Result<Response> get_layer(Call& call) {
  const auto layer = call.digest("digest");
  if (!layer) return layer.error();
  const auto detector_state = call.digest("detector_state");
  if (!detector_state) return detector_state.error();
  const Bytes compressed = layer_report_bytes(*call.transaction, *layer, *detector_state);
  if (compressed.empty()) return Error(ErrorCode::not_found, "there is no report of this layer at this detector state");
  auto text = storage::zstd_decompress(compressed, limits::report_bytes_max);
  if (!text) return Error(ErrorCode::io, text.error().message());
  Response response;
  response.body = *std::move(text);
  return response;
}

}  // namespace

void add_layer_routes(std::vector<Route>& routes) {
  constexpr const char* kPath = "/v3/layers/{digest}/{detector_state}";
  RouteHead upload{.method = "PUT",
                   .path = kPath,
                   .needs = Permission::sense,
                   .lane = LaneKind::writer,
                   .body_bytes_max = limits::api_body_bytes_max,
                   .decoded_body_bytes_max = limits::report_bytes_max};
  routes.push_back(prepared_route(std::move(upload), prepare_report, put));
  routes.push_back({{.method = "GET", .path = kPath, .needs = Permission::read_layers}, get_layer});
}

}  // namespace landwaiter::platform
