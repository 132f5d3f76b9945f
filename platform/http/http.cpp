// SPDX-License-Identifier: Apache-2.0
#include "platform/http/http.hpp"

#include "core/base/json.hpp"
#include "core/wire/protocol.hpp"

#include <array>

namespace landwaiter::platform {

using nlohmann::json;

std::string Request::header(const std::string& lower_name) const {
  const auto found = headers.find(lower_name);
  return found == headers.end() ? std::string() : found->second;
}

Response json_response(const json& body, int status) {
  Response response;
  response.status = status;
  response.body = dump_json(body);
  return response;
}

Response empty_response(int status) {
  Response response;
  response.status = status;
  response.content_type.clear();
  return response;
}

std::string_view reason_phrase(int status) {
  static constexpr std::array<std::pair<int, std::string_view>, 20> kPhrases{{
      {200, "OK"},
      {201, "Created"},
      {204, "No Content"},
      {304, "Not Modified"},
      {400, "Bad Request"},
      {401, "Unauthorized"},
      {403, "Forbidden"},
      {404, "Not Found"},
      {405, "Method Not Allowed"},
      {408, "Request Timeout"},
      {409, "Conflict"},
      {411, "Length Required"},
      {413, "Content Too Large"},
      {415, "Unsupported Media Type"},
      {417, "Expectation Failed"},
      {429, "Too Many Requests"},
      {431, "Request Header Fields Too Large"},
      {500, "Internal Server Error"},
      {501, "Not Implemented"},
      {503, "Service Unavailable"},
  }};
  for (const auto& [known, phrase] : kPhrases) {
    if (known == status) return phrase;
  }
  return "Unknown";
}

Response problem(int status, std::string_view detail, std::string_view type, const json& extra) {
  json body{{"type", type.empty() ? "about:blank" : std::string(protocol::kProblemPrefix) + std::string(type)},
            {"title", reason_phrase(status)},
            {"status", status},
            {"detail", detail}};
  if (extra.is_object()) body.update(extra);
  Response response = json_response(body, status);
  response.content_type = "application/problem+json";
  if (status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"landwaiter\"");
  if (status == 503) response.headers.emplace_back("Retry-After", "2");
  return response;
}

Response problem_of(const Error& error) {
  switch (error.code()) {
    case ErrorCode::invalid_argument:
    case ErrorCode::configuration:
    case ErrorCode::malformed:
    case ErrorCode::digest_mismatch: return problem(400, error.message());
    case ErrorCode::unsupported: return problem(415, error.message());
    case ErrorCode::limit_exceeded: return problem(413, error.message());
    case ErrorCode::unauthorized: return problem(401, error.message());
    case ErrorCode::forbidden: return problem(403, error.message());
    case ErrorCode::not_found: return problem(404, error.message());
    case ErrorCode::conflict: return problem(409, error.message());
    case ErrorCode::rate_limited: return problem(429, error.message());
    case ErrorCode::unavailable:
    case ErrorCode::timeout:
    case ErrorCode::cancelled: return problem(503, error.message());
    case ErrorCode::io: return problem(503, "the platform's database is not available");
    default: return problem(500, "internal error; see the platform's log");
  }
}

}  // namespace landwaiter::platform
