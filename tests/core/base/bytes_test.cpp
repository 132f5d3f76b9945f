// SPDX-License-Identifier: Apache-2.0
#include "core/base/bytes.hpp"

#include "tests/support/catch.hpp"

#include <array>

using namespace landwaiter;

TEST_CASE("ByteReader reads numbers in both byte orders") {
  const std::array<std::uint8_t, 15> bytes{1, 2, 3, 4, 5, 6, 7, 1, 2, 3, 4, 5, 6, 7, 8};
  ByteReader reader(bytes);
  std::uint8_t one = 0;
  std::uint16_t two = 0;
  std::uint32_t four = 0;
  std::uint64_t eight = 0;
  REQUIRE(reader.u8(one));
  CHECK(one == 1);
  REQUIRE(reader.u16_le(two));
  CHECK(two == 0x0302);
  REQUIRE(reader.u32_le(four));
  CHECK(four == 0x07060504);
  REQUIRE(reader.u64_be(eight));
  CHECK(eight == 0x0102030405060708);
  CHECK(reader.empty());
  CHECK(reader.offset() == 15);

  ByteReader again(bytes);
  REQUIRE(again.u16_be(two));
  CHECK(two == 0x0102);
  REQUIRE(again.u32_be(four));
  CHECK(four == 0x03040506);
}

TEST_CASE("ByteReader that fails moves nothing and changes nothing") {
  const std::array<std::uint8_t, 3> bytes{0, 0, 9};
  ByteReader reader(bytes);
  std::uint32_t four = 77;
  std::uint64_t eight = 77;
  ByteView view;
  CHECK_FALSE(reader.u32_be(four));
  CHECK_FALSE(reader.u32_le(four));
  CHECK_FALSE(reader.u64_be(eight));
  CHECK_FALSE(reader.view(4, view));
  CHECK_FALSE(reader.skip(4));
  CHECK_FALSE(reader.skip(static_cast<std::size_t>(-1)));
  CHECK_FALSE(reader.u32_prefixed(view));
  CHECK(reader.offset() == 0);
  CHECK(four == 77);
  CHECK(eight == 77);
  CHECK(view.empty());
  CHECK(reader.skip(3));
  std::uint8_t one = 5;
  CHECK_FALSE(reader.u8(one));
  CHECK(one == 5);
}

TEST_CASE("ByteReader takes a length-prefixed run only when it is whole") {
  const std::array<std::uint8_t, 9> bytes{0, 0, 0, 2, 'a', 'b', 0, 0, 0};
  ByteReader reader(bytes);
  ByteView view;
  REQUIRE(reader.u32_prefixed(view));
  CHECK(as_text(view) == "ab");
  CHECK_FALSE(reader.u32_prefixed(view));
  CHECK(reader.remaining() == 3);

  const std::array<std::uint8_t, 5> huge{0xff, 0xff, 0xff, 0xff, 1};
  ByteReader hostile(huge);
  CHECK_FALSE(hostile.u32_prefixed(view));
  CHECK(hostile.offset() == 0);
}

TEST_CASE("MemorySource hands out every byte in chunks and then ends for good") {
  const std::string text = "abcdefgh";
  MemorySource source(as_bytes(text), 3);
  std::string seen;
  std::vector<std::size_t> sizes;
  for (auto chunk = source.next(); chunk && !chunk->empty(); chunk = source.next()) {
    seen += as_text(*chunk);
    sizes.push_back(chunk->size());
  }
  CHECK(seen == text);
  CHECK(sizes == std::vector<std::size_t>{3, 3, 2});
  CHECK(source.next()->empty());
}
