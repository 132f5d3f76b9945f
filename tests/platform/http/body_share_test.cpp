// SPDX-License-Identifier: Apache-2.0
#include "platform/http/body_share.hpp"

#include "platform/http/call.hpp"
#include "storage/compress.hpp"
#include "tests/support/catch.hpp"

namespace landwaiter::test {
namespace {

using platform::BodyShare;

platform::Request compressed(std::size_t bytes, std::shared_ptr<BodyShare::Total> total) {
  platform::Request request;
  request.headers["content-encoding"] = "zstd";
  request.body = as_text(storage::zstd_compress(std::string(bytes, 'x')));
  request.share = std::make_shared<BodyShare>(std::move(total));
  REQUIRE(request.share->resize(request.body.size()));
  return request;
}

}  // namespace

TEST_CASE("bodies share one memory, and give back what they no longer need") {
  const auto total = std::make_shared<BodyShare::Total>(0);
  {
    BodyShare first(total);
    BodyShare second(total);
    CHECK(first.resize(limits::api_bodies_in_memory_bytes_max - 10));
    CHECK(second.resize(10));
    CHECK_FALSE(second.resize(11));
    CHECK(second.bytes() == 10);
    CHECK(first.resize(5));
    CHECK(second.resize(100));
    CHECK(*total == 105);
  }
  CHECK(*total == 0);
}

TEST_CASE("a compressed body counts with what it expands to, until its request is over") {
  const auto total = std::make_shared<BodyShare::Total>(0);
  {
    const platform::Request request = compressed(900'000, total);
    CHECK(*total == request.body.size());
    REQUIRE(platform::decoded_body(request, limits::report_bytes_max).value().size() == 900'000);
    CHECK(*total == request.body.size() + 900'000);
    // A long poll looks at it again.
    REQUIRE(platform::decoded_body(request, limits::report_bytes_max));
    CHECK(*total == request.body.size() + 900'000);
    CHECK(platform::decoded_body(request, 1000).error().code() == ErrorCode::limit_exceeded);
    CHECK(*total == request.body.size());
  }
  CHECK(*total == 0);

  // Small on the wire, too many together.
  std::vector<platform::Request> many;
  for (bool room = true; room && many.size() < 10'000;) {
    many.push_back(compressed(1'000'000, total));
    const auto text = platform::decoded_body(many.back(), limits::report_bytes_max);
    room = text.has_value();
    if (!room) CHECK(text.error().code() == ErrorCode::unavailable);
  }
  CHECK(*total <= limits::api_bodies_in_memory_bytes_max);
  CHECK(many.size() < 600);
  many.clear();
  CHECK(*total == 0);
}

}  // namespace landwaiter::test
