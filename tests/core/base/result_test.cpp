// SPDX-License-Identifier: Apache-2.0
#include "core/base/result.hpp"

#include "tests/support/catch.hpp"

#include <set>
#include <stdexcept>

using namespace landwaiter;
using namespace std::chrono_literals;

TEST_CASE("Every error code has a name of its own that leads back to it") {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(ErrorCode::internal); ++i) {
    const auto code = static_cast<ErrorCode>(i);
    const std::string_view name = to_string(code);
    CHECK(names.insert(name).second);
    CHECK(error_code_from(name) == code);
  }
  CHECK_FALSE(error_code_from("no_such_code").has_value());
  CHECK_FALSE(error_code_from("").has_value());
}

TEST_CASE("Context goes before the message and keeps the rest") {
  Error error(ErrorCode::rate_limited, "too many requests");
  error.set_retry_after(1500ms);
  const Error wrapped = error.with_context("localhost:5000");
  CHECK(wrapped.message() == "localhost:5000: too many requests");
  CHECK(wrapped.code() == ErrorCode::rate_limited);
  CHECK(wrapped.retry_after() == 1500ms);
  CHECK(error.message() == "too many requests");
}

TEST_CASE("What may pass by itself is transient, what somebody must change is not") {
  for (const ErrorCode code : {ErrorCode::rate_limited, ErrorCode::unavailable, ErrorCode::timeout, ErrorCode::io}) {
    CHECK(Error(code, "x").transient());
  }
  for (const ErrorCode code :
       {ErrorCode::unauthorized, ErrorCode::forbidden, ErrorCode::not_found, ErrorCode::malformed, ErrorCode::limit_exceeded,
        ErrorCode::unsupported, ErrorCode::tls, ErrorCode::configuration, ErrorCode::digest_mismatch}) {
    CHECK_FALSE(Error(code, "x").transient());
  }
}

TEST_CASE("The value of a failed result is a bug, hence an exception") {
  const Result<int> failed = Error(ErrorCode::io, "disk full");
  CHECK_FALSE(failed);
  CHECK_THROWS_AS(failed.value(), std::logic_error);
  const Result<int> good = 7;
  CHECK(good.value() == 7);
}
