// SPDX-License-Identifier: Apache-2.0
#include "registry/http/status_error.hpp"

#include "core/base/json_reader.hpp"
#include "core/base/json_text.hpp"
#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "registry/http/http_headers.hpp"

#include <algorithm>
#include <chrono>

namespace landwaiter::registry {
namespace {

using nlohmann::json;

std::string_view reason_of(int status) {
  switch (status) {
    case 400: return "400 Bad Request";
    case 401: return "401 Unauthorized";
    case 403: return "403 Forbidden";
    case 404: return "404 Not Found";
    case 405: return "405 Method Not Allowed";
    case 407: return "407 Proxy Authentication Required";
    case 429: return "429 Too Many Requests";
    case 500: return "500 Internal Server Error";
    case 502: return "502 Bad Gateway";
    case 503: return "503 Service Unavailable";
    case 504: return "504 Gateway Timeout";
    default: return {};
  }
}

std::string first_of(const json& object, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    std::string text = text_of(object, name);
    if (!text.empty()) return text;
  }
  return {};
}

/// The error text of a proxy's HTML page: nginx gives its reason only there.
std::string title_of_page(const std::string& body) {
  constexpr std::string_view open = "<title>";
  const std::string lower = to_lower(body);
  const std::size_t begin = lower.find(open);
  const std::size_t end = lower.find("</title>", begin);
  if (begin == std::string::npos || end == std::string::npos) return {};
  const std::size_t from = begin + open.size();
  return std::string(trim(std::string_view(body).substr(from, end - from)));
}

}  // namespace

ErrorCode code_of_status(int status) {
  if (status == 401) return ErrorCode::unauthorized;
  if (status == 403) return ErrorCode::forbidden;
  if (status == 404 || status == 410) return ErrorCode::not_found;
  if (status == 408) return ErrorCode::timeout;
  if (status == 429) return ErrorCode::rate_limited;
  if (status == 405 || status == 501 || status == 505) return ErrorCode::unsupported;
  return status >= 500 ? ErrorCode::unavailable : ErrorCode::malformed;
}

bool is_redirect(int status) { return status == 301 || status == 302 || status == 303 || status == 307 || status == 308; }

std::string name_of_status(int status) {
  const std::string_view reason = reason_of(status);
  return reason.empty() ? "status " + std::to_string(status) : std::string(reason);
}

std::string message_of_body(const std::string& body) {
  auto document = parse_json(body, "error", kJsonFields);
  if (!document || !document->is_object()) return title_of_page(body);
  const auto errors = document->find("errors");
  const bool listed = errors != document->end() && errors->is_array() && !errors->empty() && errors->front().is_object();
  const auto single = document->find("Error");
  const bool nested = single != document->end() && single->is_object();
  const json& error = listed ? errors->front() : nested ? *single : *document;
  std::string code = first_of(error, {"code", "Code", "__type", "error"});
  const std::string message = first_of(error, {"message", "Message", "error_description", "detail", "details"});
  if (code.empty() || message.empty()) return code + message;
  return code + ": " + message;
}

void set_retry_after(Error& error, const HttpResponse& response, SystemTime now, std::string_view body) {
  std::optional<std::chrono::milliseconds> wait;
  if (const auto value = response.header("Retry-After")) wait = parse_retry_after(*value, now);
  if (!wait && error.code() == ErrorCode::rate_limited) wait = retry_hint(body);
  const auto remaining = response.header("ratelimit-remaining");
  if (!wait && error.code() == ErrorCode::rate_limited && remaining) {
    // The limit may recover gradually: a job's attempts are spread over the window instead of waiting for its end.
    const auto limit = parse_rate_limit(*remaining);
    if (limit && limit->remaining == 0 && limit->window.count() > 0) wait = limit->window / 4;
  }
  if (wait) error.set_retry_after(std::min(*wait, limits::retry_after_max));
}

}  // namespace landwaiter::registry
