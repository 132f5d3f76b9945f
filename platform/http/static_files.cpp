// SPDX-License-Identifier: Apache-2.0
#include "platform/http/static_files.hpp"

#include "core/base/digest.hpp"
#include "core/base/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

namespace landwaiter::platform {
namespace {

/// The page's own scripts and styles, and nothing of others. What is found in images is hostile text: should it ever become markup, it
/// still cannot run or load anything.
constexpr std::string_view kContentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'";
constexpr std::size_t kTagBytes = 32;

/// Calls `take` with each part of a list, trimmed, until it returns false.
template <class Take>
void for_each_part(std::string_view list, char separator, Take take) {
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(separator), list.size());
    if (!take(trim(list.substr(0, end)))) return;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
}

double quality_of(std::string_view parameters) {
  double quality = 1;
  for_each_part(parameters, ';', [&](std::string_view parameter) {
    if (parameter.starts_with("q=") || parameter.starts_with("Q=")) {
      const std::string_view number = parameter.substr(2);
      if (std::from_chars(number.data(), number.data() + number.size(), quality).ec != std::errc()) quality = 0;
    }
    return true;
  });
  return std::clamp(quality, 0.0, 1.0);
}

Response without_page() {
  Response response;
  response.content_type = "text/plain; charset=utf-8";
  response.body = std::string(
      "This is Landwaiter's platform. This build has no web page. The API is below /v3/, its description at /v3/openapi.json.\n");
  return response;
}

void add_page_headers(Response& response) {
  response.headers.emplace_back("Content-Security-Policy", std::string(kContentSecurityPolicy));
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  response.headers.emplace_back("Cross-Origin-Opener-Policy", "same-origin");
}

/// The path of a page that the browser makes up: no file ("/robots.txt"), no way up, and nothing of the API.
bool is_page(const Request& request) {
  if (request.segments.empty()) return true;
  static constexpr std::array<std::string_view, 5> kNoPages{"v3", "assets", "livez", "readyz", "metrics"};
  if (std::ranges::find(kNoPages, request.segments.front()) != kNoPages.end()) return false;
  const auto hidden = [](const std::string& segment) { return segment.starts_with('.'); };
  return std::ranges::none_of(request.segments, hidden) && request.segments.back().find('.') == std::string::npos;
}

}  // namespace

double coding_quality(std::string_view accept_encoding, std::string_view coding) {
  std::optional<double> named, any;
  for_each_part(accept_encoding, ',', [&](std::string_view part) {
    const std::size_t end = std::min(part.find(';'), part.size());
    const std::string_view name = trim(part.substr(0, end));
    const double quality = quality_of(part.substr(end));
    if (iequals(name, coding)) named = quality;
    if (name == "*") any = quality;
    return true;
  });
  // RFC 9110, 12.5.3: what is not named is not wanted, except for the content as it is, which must be refused.
  return named.value_or(any.value_or(coding == "identity" ? 1 : 0));
}

bool names_tag(std::string_view if_none_match, std::string_view tag) {
  bool found = false;
  for_each_part(if_none_match, ',', [&](std::string_view part) {
    if (part.starts_with("W/")) part.remove_prefix(2);
    found = part == "*" || part == tag;
    return !found;
  });
  return found;
}

StaticFiles::StaticFiles(std::vector<StaticFile> files) {
  for (StaticFile& file : files) {
    const std::string tag(Digest::sha256_of(as_bytes(*file.plain)).hex().substr(0, kTagBytes));
    std::string path = file.path;
    files_.insert_or_assign(std::move(path), Entry{std::move(file), tag});
  }
}

const StaticFiles::Entry* StaticFiles::find(const Request& request) const {
  auto found = files_.find(request.path);
  if (found == files_.end() && is_page(request)) found = files_.find("/");
  return found == files_.end() ? nullptr : &found->second;
}

std::optional<Response> StaticFiles::answer(const Request& request) const {
  if (request.method != "GET" && request.method != "HEAD") return std::nullopt;
  if (empty() && request.path == "/") return without_page();
  const Entry* const entry = find(request);
  if (entry == nullptr) return std::nullopt;
  const StaticFile& file = entry->file;

  const std::string accepted = request.header("accept-encoding");
  SharedBytes bytes = file.plain;
  std::string coding;
  double best = 0;
  for (const auto& [name, compressed] : {std::pair("br", file.brotli), std::pair("gzip", file.gzip)}) {
    const double quality = compressed ? coding_quality(accepted, name) : 0;
    if (quality <= best) continue;
    best = quality;
    bytes = compressed;
    coding = name;
  }
  // One representation, one strong tag.
  const std::string tag = '"' + entry->tag + (coding.empty() ? "" : "-" + coding) + '"';
  Response response;
  response.content_type = file.content_type;
  response.headers.emplace_back("ETag", tag);
  response.headers.emplace_back("Vary", "Accept-Encoding");
  response.headers.emplace_back("Cache-Control", file.hashed_name ? "public, max-age=31536000, immutable" : "no-cache");
  add_page_headers(response);
  if (names_tag(request.header("if-none-match"), tag)) {
    response.status = 304;
    response.content_type.clear();
    return response;
  }
  if (!coding.empty()) response.headers.emplace_back("Content-Encoding", coding);
  response.body = std::move(bytes);
  return response;
}

}  // namespace landwaiter::platform
