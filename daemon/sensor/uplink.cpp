// SPDX-License-Identifier: Apache-2.0
#include "daemon/sensor/uplink.hpp"

#include "core/base/json_reader.hpp"
#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "core/wire/protocol_version.hpp"
#include "registry/http/status_error.hpp"
#include "registry/http/url.hpp"
#include "storage/compress.hpp"

#include <charconv>

namespace landwaiter::daemon {
namespace {

/// Smaller bodies are not worth compressing.
constexpr std::size_t kCompressFrom = 4 * limits::KiB;

ErrorCode code_for(int status) {
  if (status == 409) return ErrorCode::conflict;
  if (status == 413) return ErrorCode::limit_exceeded;
  const ErrorCode code = registry::code_of_status(status);
  // Any other 4xx means that the platform will never accept this request.
  return code == ErrorCode::malformed || code == ErrorCode::unsupported ? ErrorCode::invalid_argument : code;
}

/// The error in a problem document (RFC 9457); only the status if the body is not one.
Error problem(int status, const std::string& body) {
  Error plain(code_for(status), "the platform answered " + std::to_string(status));
  const auto document = parse_json(body, "problem", kJsonFields);
  if (!document || !document->is_object()) return plain;
  const auto field = [&](const char* name) {
    const auto found = document->find(name);
    return found != document->end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  const ErrorCode code = field("type") == "urn:landwaiter:problem:protocol-version" ? ErrorCode::unsupported : plain.code();
  const std::string detail = field("detail");
  return {code, plain.message() + (detail.empty() ? "" : ": " + printable(detail))};
}

bool is_success(int status) { return status >= 200 && status <= 299; }

Error error_of(int status, const std::string& body, std::optional<std::chrono::milliseconds> retry_after) {
  if (status == 401) {
    return {ErrorCode::unauthorized,
            "the platform does not accept this sensor's token: the sensor was revoked, or the platform has another database; to enroll "
            "again, delete sensor.key in the state folder and give an enrollment token"};
  }
  Error error = problem(status, body);
  if (retry_after) error.set_retry_after(*retry_after);
  return error;
}

std::optional<std::chrono::milliseconds> retry_after(const registry::HttpResponse& response) {
  const auto header = response.header("Retry-After");
  if (!header) return std::nullopt;
  int seconds = 0;
  const auto [end, error] = std::from_chars(header->data(), header->data() + header->size(), seconds);
  if (error != std::errc() || seconds < 0) return std::nullopt;
  return std::min<std::chrono::milliseconds>(std::chrono::seconds(seconds), limits::retry_wait_max);
}

}  // namespace

Uplink::Uplink(std::shared_ptr<registry::Transport> transport, std::string base_url, bool tls_verify)
    : transport_(std::move(transport)), base_url_(std::move(base_url)) {
  while (base_url_.ends_with('/')) base_url_.pop_back();
  const auto url = registry::HttpUrl::parse(base_url_ + '/');
  if (!tls_verify && url) unverified_origin_ = url->origin();
}

/// The answer whatever its status; an error when there is none.
Awaitable<Uplink::Answer> Uplink::exchange(Call call) {
  registry::HttpRequest request;
  request.method = call.method;
  request.url = base_url_ + call.path;
  request.unverified_origin = unverified_origin_;
  request.secret_headers.push_back({"Authorization", Secret("Bearer " + call.bearer.reveal())});
  request.headers.push_back({"Content-Type", "application/json"});
  if (!call.lease.empty()) request.secret_headers.push_back({"Landwaiter-Lease", call.lease});
  if (call.body.size() >= kCompressFrom) {
    request.headers.push_back({"Content-Encoding", "zstd"});
    const auto compress = [&] { return Secret(std::string(as_text(storage::zstd_compress(call.body)))); };
    request.body = co_await transport_->documents().run(call.body.size(), compress);
  } else {
    request.body = Secret(std::move(call.body));
  }
  if (call.wait > std::chrono::seconds(0)) request.idle_timeout = call.wait + std::chrono::seconds(15);

  auto response = co_await transport_->send(std::move(request));
  if (!response) co_return response.error().with_context("platform " + base_url_);
  auto body = co_await registry::read_body(**response, limits::report_bytes_max);
  if (!body) co_return body.error().with_context("platform " + base_url_);
  Answer answer;
  answer.status = (*response)->status();
  answer.body = *std::move(body);
  answer.retry_after = retry_after(**response);
  co_return answer;
}

/// A status other than success is an error.
Awaitable<Uplink::Answer> Uplink::send(Call call) {
  auto answer = co_await exchange(std::move(call));
  if (!answer || is_success(answer->status)) co_return answer;
  co_return error_of(answer->status, answer->body, answer->retry_after);
}

/// For calls whose answer is only a status.
Awaitable<void> Uplink::tell(Call call) {
  auto answer = co_await send(std::move(call));
  if (!answer) co_return answer.error();
  co_return Result<void>();
}

Awaitable<protocol::EnrollmentAnswer> Uplink::enroll(protocol::Enrollment enrollment, Secret enrollment_token) {
  Call call;
  call.method = "POST";
  call.path = "/v3/sensors/enroll";
  enrollment.protocols.assign(protocol::kVersions.begin(), protocol::kVersions.end());
  call.body = dump_json(enrollment);
  call.bearer = std::move(enrollment_token);
  auto answer = co_await exchange(std::move(call));
  if (!answer) co_return answer.error();
  if (answer->status == 401) co_return problem(answer->status, answer->body);  // here it is the enrollment token's
  if (!is_success(answer->status)) co_return error_of(answer->status, answer->body, answer->retry_after);
  auto enrolled = parse_json_as<protocol::EnrollmentAnswer>(answer->body, "the platform's answer to the enrollment", kJsonFields);
  if (!enrolled) co_return enrolled.error();
  auto spoken = protocol::check_version(enrolled->protocol_version);
  if (!spoken) co_return spoken.error();
  co_return enrolled;
}

Awaitable<protocol::JobBatch> Uplink::acquire(std::size_t capacity, std::chrono::seconds wait, std::string request_id) {
  protocol::JobRequest request{capacity, wait, {}, std::move(request_id)};
  for (const protocol::JobKind kind : protocol::kAllJobKinds) request.kinds.emplace_back(to_string(kind));
  Call call;
  call.method = "POST";
  call.path = "/v3/jobs/acquire";
  call.body = dump_json(request);
  call.bearer = token_;
  call.wait = wait;
  auto answer = co_await send(std::move(call));
  if (!answer) co_return answer.error();
  if (answer->status == 204) co_return protocol::JobBatch();
  const auto parse = [&] { return parse_json_as<protocol::JobBatch>(answer->body, "the platform's jobs", kJsonInventory); };
  co_return co_await transport_->documents().run(answer->body.size(), parse);
}

Awaitable<protocol::HeartbeatAnswer> Uplink::heartbeat(protocol::Heartbeat heartbeat) {
  Call call;
  call.method = "POST";
  call.path = "/v3/sensors/me/heartbeat";
  heartbeat.protocols.assign(protocol::kVersions.begin(), protocol::kVersions.end());
  call.body = dump_json(heartbeat);
  call.bearer = token_;
  auto answer = co_await send(std::move(call));
  if (!answer) co_return answer.error();
  auto beat = parse_json_as<protocol::HeartbeatAnswer>(answer->body, "the platform's answer to the heartbeat", kJsonRequest);
  if (!beat) co_return beat.error();
  auto spoken = protocol::check_version(beat->protocol_version);
  if (!spoken) co_return spoken.error();
  co_return beat;
}

Awaitable<void> Uplink::inventory(std::string job_id, Secret lease, protocol::InventoryPage page) {
  Call call;
  call.method = "POST";
  call.path = "/v3/jobs/" + job_id + "/inventory";
  call.body = dump_json(page);
  call.bearer = token_;
  call.lease = std::move(lease);
  co_return co_await tell(std::move(call));
}

Awaitable<protocol::LayerClaimAnswer> Uplink::claim(std::string job_id, protocol::LayerClaim claim, std::chrono::seconds wait) {
  Call call;
  call.method = "POST";
  call.path = "/v3/jobs/" + job_id + "/layers?wait_s=" + std::to_string(wait.count());
  call.lease = claim.lease_token;
  call.body = dump_json(claim);
  call.bearer = token_;
  call.wait = wait;
  auto answer = co_await send(std::move(call));
  if (!answer) co_return answer.error();
  co_return parse_json_as<protocol::LayerClaimAnswer>(answer->body, "the platform's answer to a layer claim", kJsonRequest);
}

Awaitable<void> Uplink::put(std::string path, std::string body) {
  Call call;
  call.method = "PUT";
  call.path = std::move(path);
  call.body = std::move(body);
  call.bearer = token_;
  co_return co_await tell(std::move(call));
}

Awaitable<void> Uplink::put_facts(Digest layer, Digest walker, std::string facts) {
  return put("/v3/layers/" + layer.str() + "/facts/" + walker.str(), std::move(facts));
}

Awaitable<void> Uplink::put_report(Digest layer, AnalysisState of, std::string report) {
  return put("/v3/layers/" + layer.str() + "/reports/" + std::string(to_string(of.analysis)) + "/" + of.state.str(), std::move(report));
}

Uplink::Call Uplink::end_of_job(std::string job_id, const char* how, Secret lease, std::string body) const {
  Call call;
  call.method = "POST";
  call.path = "/v3/jobs/" + job_id + "/" + how;
  call.body = std::move(body);
  call.bearer = token_;
  call.lease = std::move(lease);
  return call;
}

Awaitable<std::vector<Digest>> Uplink::complete(std::string job_id, Secret lease, std::string completion) {
  Call call = end_of_job(std::move(job_id), "complete", std::move(lease), std::move(completion));
  auto answer = co_await exchange(std::move(call));
  if (!answer) co_return answer.error();
  if (is_success(answer->status)) co_return std::vector<Digest>();
  // The type of the problem decides; its text is for people.
  auto missing = parse_json_as<protocol::MissingReports>(answer->body, "problem", kJsonRequest);
  if (answer->status == 409 && missing && !missing->layers.empty()) co_return std::move(missing->layers);
  co_return error_of(answer->status, answer->body, answer->retry_after);
}

Awaitable<void> Uplink::fail(std::string job_id, Secret lease, std::string failure) {
  return tell(end_of_job(std::move(job_id), "fail", std::move(lease), std::move(failure)));
}

const char* trouble_with_platform(const Error& error) {
  if (error.code() == ErrorCode::unauthorized) return "platform does not accept this sensor's token";
  return error.transient() ? "platform is unreachable" : "platform refuses this sensor's calls";
}

}  // namespace landwaiter::daemon
