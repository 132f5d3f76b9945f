// SPDX-License-Identifier: Apache-2.0
#include "platform/api/routes.hpp"
#include "platform/store/content/findings.hpp"
#include "platform/store/content/images.hpp"

#include <algorithm>

namespace landwaiter::platform {
namespace {

/// Images that one answer composes; each needs reading all its layers' reports.
constexpr std::size_t kImagesComposedMax = 10;

Result<Response> get_findings(Call& call) {
  FindingQuery query;
  query.type = call.query("type");
  if (!query.type.empty() && !finding_type_from(query.type)) return Error(ErrorCode::invalid_argument, "unknown type");
  if (const std::string severity = call.query("severity"); !severity.empty()) {
    query.severity = severity_from(severity);
    if (!query.severity) return Error(ErrorCode::invalid_argument, "severity must be info, low, medium, high or critical");
  }
  query.q = call.query("q");
  query.image = call.query("image");
  query.registry = call.query("registry");
  const auto size = call.page_size();
  if (!size) return size.error();
  const auto token = call.page_token();
  if (!token) return token.error();
  query.page_size = *size;
  query.page_token = *token;
  auto found = list_findings(*call.transaction, query);
  if (!found) return found.error();
  return page_response(call, *std::move(found));
}

Result<Response> get_finding(Call& call) {
  const auto size = call.page_size();
  if (!size) return size.error();
  const auto after = call.page_number();
  if (!after) return after.error();
  auto found = finding_json(*call.transaction, call.blobs, call.parameter("id"), call.query("type"), *after,
                            std::min(*size, kImagesComposedMax), call.assess);
  if (!found) return found.error();
  return page_response(call, *std::move(found));
}

Result<Response> images(Call& call) {
  const auto size = call.page_size();
  if (!size) return size.error();
  const auto before = call.page_number();
  if (!before) return before.error();
  ImageQuery query{.q = call.query("q"), .coverage = std::nullopt, .before = *before, .page_size = *size};
  if (const std::string coverage = call.query("coverage"); !coverage.empty()) {
    query.coverage = coverage_state_from(coverage);
    if (!query.coverage) return Error(ErrorCode::invalid_argument, "coverage must be complete, not_opened or incomplete");
  }
  return page_response(call, list_images(*call.transaction, query));
}

Result<Response> report(Call& call) {
  const auto digest = call.digest("digest");
  if (!digest) return digest.error();
  auto composed = image_report(*call.transaction, call.blobs, *digest);
  if (!composed) return composed.error();
  assess(*composed, call.assess);
  drop_working_attributes(*composed);
  return json_response(*composed);
}

}  // namespace

void add_finding_routes(std::vector<Route>& routes) {
  routes.push_back({{.method = "GET", .path = "/v3/images", .needs = Permission::read}, images});
  routes.push_back({{.method = "GET", .path = "/v3/images/{digest}/report", .needs = Permission::read}, report});
  routes.push_back({{.method = "GET", .path = "/v3/findings", .needs = Permission::read}, get_findings});
  routes.push_back({{.method = "GET", .path = "/v3/findings/{id}", .needs = Permission::read}, get_finding});
}

}  // namespace landwaiter::platform
