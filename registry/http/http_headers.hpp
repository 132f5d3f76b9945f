// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/clock.hpp"
#include "core/base/result.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Readers of response header values. All input comes from the other side; whatever cannot be read is skipped, never an error.
namespace landwaiter::registry {

/// One challenge of WWW-Authenticate (RFC 9110 section 11.6.1). Scheme and parameter names are lower-case.
struct Challenge {
  std::string scheme;
  std::map<std::string, std::string> parameters;
  std::string parameter(const std::string& name) const;
};

/// All challenges of all header lines, in order.
std::vector<Challenge> parse_challenges(const std::vector<std::string>& lines);

/// What an answer's Link headers (RFC 8288) say about the next page. A list has no other use for them, so a link without a relation counts,
/// as does one without brackets.
struct NextLink {
  enum class Kind : std::uint8_t {
    none,        ///< there is no link, or all have other relations
    found,       ///< `target` is the first link with relation "next", as sent: it may be relative
    unreadable,  ///< there may be a next page; `target` is the header
  };
  Kind kind = Kind::none;
  std::string target = {};
};
NextLink next_link(const std::vector<std::string>& lines);

/// Retry-After as a wait from `now` (RFC 9110 section 10.2.3): seconds or an HTTP date; a number too large to be seconds is taken
/// as a Unix time, as one large registry has sent. Also with a fraction and units ("1.5", "1m30s"). Never negative.
std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view value, SystemTime now);

/// IMF-fixdate (RFC 9110 section 5.6.7), "Sun, 06 Nov 1994 08:49:37 GMT".
std::optional<SystemTime> parse_http_date(std::string_view text);

/// The wait that an error's text mentions if the header is missing: "retry-after: 880.092µs, allowed: 44000/minute".
std::optional<std::chrono::milliseconds> retry_hint(std::string_view text);

/// Docker Hub's "ratelimit-remaining: 0;w=21600": the remaining requests in a window.
struct RateLimit {
  std::uint64_t remaining = 0;
  std::chrono::seconds window{0};  ///< 0 if missing
};
std::optional<RateLimit> parse_rate_limit(std::string_view value);

/// Content-Range of a 206 (RFC 9110 section 14.4); only with a known total.
struct ContentRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::uint64_t total = 0;
};
std::optional<ContentRange> parse_content_range(std::string_view value);

}  // namespace landwaiter::registry
