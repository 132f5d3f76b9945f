// SPDX-License-Identifier: Apache-2.0
#include "core/base/encoding.hpp"

#include "tests/support/catch.hpp"

using namespace landwaiter;

namespace {

std::string text_of(const std::optional<Bytes>& bytes) { return bytes ? std::string(as_text(*bytes)) : "(nothing)"; }

/// Bytes that look random and are the same every time.
Bytes pattern(std::size_t size) {
  Bytes out;
  std::uint32_t state = 12345;
  for (std::size_t i = 0; i < size; ++i) {
    state = state * 1664525 + 1013904223;
    out.push_back(static_cast<std::uint8_t>(state >> 24));
  }
  return out;
}

}  // namespace

TEST_CASE("Hexadecimal") {
  CHECK(hex_encode({}).empty());
  const Bytes bytes{0x00, 0x0f, 0xa5, 0xff};
  CHECK(hex_encode(bytes) == "000fa5ff");
  CHECK(hex_decode("000FA5ff") == bytes);
  CHECK(hex_decode("") == Bytes());
  for (const char* text : {"0", "000", "0g", "0x", " 0", "00 ", "\xff\xff"}) {
    INFO(text);
    CHECK_FALSE(hex_decode(text).has_value());
  }
}

TEST_CASE("Base64 has the values of RFC 4648 section 10") {
  const std::vector<std::pair<std::string, std::string>> vectors{
      {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : vectors) {
    CHECK(base64_encode(as_bytes(plain)) == encoded);
    CHECK(text_of(base64_decode(encoded)) == plain);
    const std::string bare = encoded.substr(0, encoded.find('='));
    CHECK(base64url_encode(as_bytes(plain)) == bare);
    CHECK(text_of(base64url_decode(bare)) == plain);
    CHECK(text_of(base64url_decode(encoded)) == plain);
  }
}

TEST_CASE("Base64 goes there and back for every length") {
  for (std::size_t size = 0; size < 200; ++size) {
    const Bytes bytes = pattern(size);
    CHECK(base64_decode(base64_encode(bytes)) == bytes);
    CHECK(base64url_decode(base64url_encode(bytes)) == bytes);
    CHECK(hex_decode(hex_encode(bytes)) == bytes);
  }
}

TEST_CASE("The two base64 alphabets do not mix") {
  const Bytes bytes{0xfb, 0xff, 0xbf};
  CHECK(base64_encode(bytes) == "+/+/");
  CHECK(base64url_encode(bytes) == "-_-_");
  CHECK_FALSE(base64_decode("-_-_").has_value());
  CHECK_FALSE(base64url_decode("+/+/").has_value());
}

TEST_CASE("Base64 tolerates what PEM in the wild has, and nothing else") {
  CHECK(text_of(base64_decode(" Zm9v\r\nYmFy\t\n")) == "foobar");
  CHECK(text_of(base64_decode("Zm8")) == "fo");
  CHECK(text_of(base64_decode("Zm9=")) == "fo");  // trailing bits are not zero
  CHECK(text_of(base64_decode("Zg=\n=")) == "f");
  CHECK(text_of(base64_decode("Zg=")) == "f");
  for (const char* text : {"Z", "Zm9vY", "Zm9v=", "Zm9v==", "=", "==", "====", "Zm8==", "Zg===", "Zg==Zg==", "Zm9v,", "Zm\x80v", "Z=g="}) {
    INFO(text);
    CHECK_FALSE(base64_decode(text).has_value());
  }
  CHECK_FALSE(base64_decode(std::string_view("Zm9v\0", 5)).has_value());
  CHECK_FALSE(base64url_decode("Zm9v\n").has_value());
  CHECK_FALSE(base64url_decode("Zm 9v").has_value());
}
