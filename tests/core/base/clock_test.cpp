// SPDX-License-Identifier: Apache-2.0
#include "core/base/clock.hpp"

#include "tests/support/catch.hpp"

using namespace landwaiter;
using namespace std::chrono_literals;

TEST_CASE("RFC 3339 is written in UTC to the second") {
  CHECK(to_rfc3339(from_unix_us(0)) == "1970-01-01T00:00:00Z");
  CHECK(to_rfc3339(from_unix_us(1'709'210'096'999'999)) == "2024-02-29T12:34:56Z");
  CHECK(to_rfc3339(from_unix_us(-1)) == "1969-12-31T23:59:59Z");
  CHECK(to_rfc3339(from_unix_us(253'402'300'799'000'000)) == "9999-12-31T23:59:59Z");
}

TEST_CASE("RFC 3339 is read with fractions and offsets") {
  CHECK(from_rfc3339("1970-01-01T00:00:00Z") == from_unix_us(0));
  CHECK(from_rfc3339("2024-02-29T12:34:56.5Z") == from_unix_us(1'709'210'096'500'000));
  CHECK(from_rfc3339("2024-02-29t12:34:56.123456789z") == from_unix_us(1'709'210'096'123'456));
  CHECK(from_rfc3339("2024-02-29T14:34:56+02:00") == from_unix_us(1'709'210'096'000'000));
  CHECK(from_rfc3339("2024-02-29T02:04:56-10:30") == from_unix_us(1'709'210'096'000'000));
  // A leap second is the next minute's first.
  CHECK(from_rfc3339("2016-12-31T23:59:60Z") == from_rfc3339("2017-01-01T00:00:00Z"));
}

TEST_CASE("Malformed RFC 3339 is nothing") {
  const char* text =
      GENERATE("", "Z", "2024-02-29", "2024-02-29T12:34:56", "2023-02-29T12:34:56Z", "2024-13-01T00:00:00Z", "2024-00-10T00:00:00Z",
               "2024-01-32T00:00:00Z", "2024-01-01T24:00:00Z", "2024-01-01T00:60:00Z", "2024-01-01T00:00:61Z", "2024-01-01T00:00:00ZZ",
               "2024-01-01T00:00:00+2:00", "2024-01-01T00:00:00+0200", "-024-01-01T00:00:00Z", "2024-01-01T00:00:-1Z",
               "2024-01-01T00:00:00.Z", "2024-01-01T00:00:00.+01:00", "2024-01-01T00:00:00+24:00", "2024-01-01T00:00:00+01:60",
               "2024-01-01T00:00:00+99:99", " 2024-01-01T00:00:00Z", "+024-01-01T00:00:00Z", "2024-1-01T00:00:00Z");
  INFO(text);
  CHECK_FALSE(from_rfc3339(text).has_value());
}

TEST_CASE("The real clock's steady time does not go back") {
  const RealClock clock;
  const auto first = clock.steady_now();
  CHECK(clock.steady_now() >= first);
  CHECK(from_rfc3339(to_rfc3339(clock.now())).has_value());
}
