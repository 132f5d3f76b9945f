// SPDX-License-Identifier: Apache-2.0
#include "core/base/limits.hpp"
#include "platform/api/routes.hpp"
#include "platform/store/layers.hpp"
#include "storage/compress.hpp"

namespace landwaiter::platform {
namespace {

/// Parsing, checking and compressing a large report takes long: before the writer's turn.
Result<void> prepare_report(Call& call) {
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
  call.prepared = PreparedReport{*std::move(report), std::move(compressed)};
  return {};
}

Result<Response> put(Call& call) {
  put_layer_report(*call.transaction, call.prepared->report, call.prepared->compressed, call.terms.now);
  call.layers_changed = true;
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
  routes.push_back({.method = "PUT",
                    .path = kPath,
                    .access = Access::sensor,
                    .lane = LaneKind::writer,
                    .handler = put,
                    .body_bytes_max = limits::api_body_bytes_max,
                    .decoded_body_bytes_max = limits::report_bytes_max,
                    .prepare = prepare_report});
  routes.push_back({.method = "GET", .path = kPath, .access = Access::api_or_sensor, .handler = get_layer});
}

}  // namespace landwaiter::platform
