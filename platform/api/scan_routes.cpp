// SPDX-License-Identifier: Apache-2.0
#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "core/wire/registry_kinds.hpp"
#include "platform/api/list_request.hpp"
#include "platform/api/references.hpp"
#include "platform/api/routes.hpp"
#include "platform/store/queue/sweeper.hpp"
#include "platform/store/registries.hpp"
#include "platform/store/scans.hpp"
#include "platform/store/states.hpp"

#include <charconv>

namespace landwaiter::platform {
namespace {

using nlohmann::json;

constexpr std::size_t kLabelsMax = 64;
constexpr std::int64_t kPriorityMax = 100;
constexpr std::int64_t kAutoResolutionMax = 3650;

/// "low", "normal", "high", or a number, also as a string.
Result<int> priority_from(const json& body) {
  const Error bad(ErrorCode::invalid_argument, "field priority must be low, normal, high or a number from -100 to 100");
  if (!body.contains("priority") || body["priority"].is_null()) return 0;
  if (body["priority"].is_number()) {
    const auto number = optional_number(body, "priority", 0, -kPriorityMax, kPriorityMax);
    if (!number) return bad;
    return static_cast<int>(*number);
  }
  if (!body["priority"].is_string()) return bad;
  const std::string text = to_lower(body["priority"].get_ref<const std::string&>());
  if (text.empty() || text == "normal" || text == "medium") return 0;
  if (text == "low") return -10;
  if (text == "high") return 10;
  int number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() || std::abs(static_cast<std::int64_t>(number)) > kPriorityMax)
    return bad;
  return number;
}

Result<json> labels_from(const json& body) {
  const Error bad(ErrorCode::invalid_argument, "field labels must be a list of at most 64 objects of strings");
  if (!body.contains("labels") || body["labels"].is_null()) return json::array();
  const json& labels = body["labels"];
  if (!labels.is_array() || labels.size() > kLabelsMax) return bad;
  for (const json& label : labels) {
    if (!label.is_object() || label.size() > kLabelsMax) return bad;
    for (const auto& [name, value] : label.items()) {
      if (!value.is_string() || name.size() > limits::name_bytes_max || value.get_ref<const std::string&>().size() > limits::name_bytes_max)
        return bad;
    }
  }
  return labels;
}

Result<NewScan> scan_from(const json& body) {
  NewScan scan;
  const auto name = optional_text(body, "sensorName", limits::name_bytes_max);
  if (!name) return name.error();
  const auto incremental = optional_flag(body, "incrementalScan", true);
  if (!incremental) return incremental.error();
  const auto priority = priority_from(body);
  if (!priority) return priority.error();
  auto labels = labels_from(body);
  if (!labels) return labels.error();
  const auto callback_id = optional_text(body, "callbackId", limits::name_bytes_max);
  if (!callback_id) return callback_id.error();
  const auto interval = optional_number(body, "autoResolutionInterval", 0, 0, kAutoResolutionMax);
  if (!interval) return interval.error();
  scan.name = *name;
  scan.incremental = *incremental;
  scan.priority = *priority;
  scan.labels = *std::move(labels);
  scan.callback_id = *callback_id;
  scan.auto_resolution_interval = static_cast<int>(*interval);
  return scan;
}

/// Without credentials in the request, those of a configured registry are used.
Result<std::string> registry_for(Call& call, const std::string& host, const Credentials& credentials, const std::string& scan_id) {
  if (credentials.anonymous()) {
    std::string configured = registry_by_endpoint(*call.transaction, host);
    if (!configured.empty()) return configured;
  }
  protocol::RegistryTarget target;
  target.name = target.endpoint = host;
  target.kind = kRegistryKinds.front().name;
  return create_registry(*call.transaction, call.vault, target, credentials, scan_id, call.terms.now);
}

Result<Response> post_scan(Call& call) {
  auto body = call.body_json();
  if (!body) return body.error();
  if (!body->is_object()) return Error(ErrorCode::invalid_argument, "the request's body must be a JSON object");
  const auto type = optional_text(*body, "sensorType", limits::name_bytes_max);
  if (!type) return type.error();
  if (*type != "Container") return Error(ErrorCode::invalid_argument, "field sensorType must be \"Container\"");
  const auto scan = scan_from(*body);
  if (!scan) return scan.error();
  json& config = (*body)["sensorConfig"];
  if (config.is_null()) config = json::object();
  if (!config.is_object()) return Error(ErrorCode::invalid_argument, "field sensorConfig must be an object");
  const auto credentials = credentials_from(config);
  if (!credentials) return credentials.error();
  const auto images = optional_texts(config, "images", limits::scan_references_max);
  if (!images) return images.error();
  if (images->empty()) return Error(ErrorCode::invalid_argument, "no container images were stated");
  const auto groups = group_by_registry(*images);
  if (!groups) return groups.error();

  const std::string id = create_scan(*call.transaction, *scan, call.terms.now);
  for (const auto& [host, references] : *groups) {
    const auto registry_id = registry_for(call, host, *credentials, id);
    if (!registry_id) return registry_id.error();
    protocol::ListWork work;
    work.references = references;
    create_list_job(*call.transaction, id, *registry_id, work, call.terms.now);
  }
  call.changed(Topic::jobs);
  return json_response({{"scanId", id}, {"status", "queued"}}, 201);
}

Result<Response> get_scans(Call& call) {
  const auto size = call.page_size();
  if (!size) return size.error();
  const auto token = call.page_token();
  if (!token) return token.error();
  if (const std::string state = call.query("state"); !state.empty() && !scan_state_from(state))
    return Error(ErrorCode::invalid_argument, "there is no such state of a scan");
  return page_response(call, list_scans(*call.transaction, call.query("state"), *token, *size));
}

Result<Response> get_scan(Call& call) {
  auto scan = scan_json(*call.transaction, call.parameter("id"));
  if (scan.is_null()) return Error(ErrorCode::not_found, "there is no such scan");
  return json_response(scan);
}

Result<Response> items(Call& call) {
  const auto size = call.page_size();
  if (!size) return size.error();
  const auto after = call.page_number();
  if (!after) return after.error();
  if (const std::string state = call.query("state"); !state.empty() && !item_state_from(state))
    return Error(ErrorCode::invalid_argument, "there is no such state of an item");
  return page_response(call, list_scan_items(*call.transaction, call.parameter("id"), call.query("state"), *after, *size));
}

Result<Response> cancel(Call& call) {
  auto cancelled = cancel_scan(*call.transaction, call.parameter("id"), call.terms.now);
  if (!cancelled) return cancelled.error();
  constexpr std::size_t kAtOnce = 100;  // a small scan is done with that, the rest of a large one is the sweeper's
  cancel_open_jobs(*call.transaction, call.parameter("id"), kAtOnce, call.terms.now);
  call.changed(Topic::layers);
  return json_response(scan_json(*call.transaction, call.parameter("id")));
}

}  // namespace

void add_scan_routes(std::vector<Route>& routes) {
  constexpr auto kList = limits::inventory_body_bytes_max;
  constexpr auto kSmall = limits::api_small_body_bytes_max;
  constexpr auto kWriter = LaneKind::writer;
  routes.push_back(
      {{.method = "POST", .path = "/v3/scan/create", .needs = Permission::scan, .lane = kWriter, .body_bytes_max = kList}, post_scan});
  routes.push_back({{.method = "GET", .path = "/v3/scans", .needs = Permission::read}, get_scans});
  routes.push_back({{.method = "GET", .path = "/v3/scans/{id}", .needs = Permission::read}, get_scan});
  routes.push_back({{.method = "GET", .path = "/v3/scans/{id}/items", .needs = Permission::read}, items});
  routes.push_back(
      {{.method = "POST", .path = "/v3/scans/{id}/cancel", .needs = Permission::scan, .lane = kWriter, .body_bytes_max = kSmall}, cancel});
}

}  // namespace landwaiter::platform
