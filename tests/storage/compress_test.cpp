// SPDX-License-Identifier: Apache-2.0
#include "storage/compress.hpp"

#include "tests/support/catch.hpp"

namespace landwaiter::storage {

TEST_CASE("zstd: text comes back, also the empty one and one of two frames") {
  for (const std::string& text : {std::string(), std::string("a"), std::string(3'000'000, 'x')}) {
    const Bytes compressed = zstd_compress(text);
    CHECK(zstd_decompress(compressed, text.size()).value() == text);
    CHECK(zstd_expanded_bytes(compressed) == text.size());
    CHECK(zstd_expanded_bytes(ByteView(compressed).first(std::min<std::size_t>(18, compressed.size()))) == text.size());
  }
  Bytes two = zstd_compress("one ");
  const Bytes second = zstd_compress("two");
  two.insert(two.end(), second.begin(), second.end());
  CHECK(zstd_decompress(two, 100).value() == "one two");
}

TEST_CASE("zstd: what does not begin with a frame says nothing of its size") {
  CHECK(zstd_expanded_bytes({}) == 0);
  CHECK(zstd_expanded_bytes(as_bytes("no frame at all")) == 0);
}

TEST_CASE("zstd: a bomb stops at the limit") {
  const Bytes bomb = zstd_compress(std::string(50'000'000, '\0'));
  REQUIRE(bomb.size() < 10'000);
  const auto result = zstd_decompress(bomb, 1'000'000);
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().code() == ErrorCode::limit_exceeded);
}

TEST_CASE("zstd: every truncation and every flipped byte is an error, never other text") {
  const std::string text = "some text that is long enough to be worth a frame, a frame, a frame";
  const Bytes good = zstd_compress(text);
  for (std::size_t size = 0; size < good.size(); ++size) {
    INFO("first " << size << " bytes");
    const auto result = zstd_decompress(ByteView(good).first(size), 1'000);
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().code() == ErrorCode::malformed);
  }
  for (std::size_t at = 0; at < good.size(); ++at) {
    INFO("byte " << at << " flipped");
    Bytes bad = good;
    bad[at] ^= 0xff;
    const auto result = zstd_decompress(bad, 1'000);
    CHECK((!result.has_value() || *result == text));  // header bits that do not matter may flip
  }
}

}  // namespace landwaiter::storage
