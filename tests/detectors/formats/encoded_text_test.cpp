// SPDX-License-Identifier: Apache-2.0
#include "detectors/formats/encoded_text.hpp"

#include "core/base/encoding.hpp"
#include "tests/support/catch.hpp"

#include <string>

using namespace landwaiter;
using namespace landwaiter::detectors;

TEST_CASE("a short text in a large window takes no room for the rest of it", "[encoded]") {
  const std::string short_text = base64_encode(as_bytes(std::string(90, 'k')));
  const std::string window = short_text + "\n!" + std::string(1 << 20, 'x');
  const encoded::Run base64 = encoded::read_base64(as_bytes(window), 0, encoded::kAll);
  CHECK(as_text(base64.bytes) == std::string(90, 'k'));
  CHECK(base64.bytes.capacity() < 4096);
  const std::string digits = hex_encode(as_bytes(std::string(90, 'k'))) + "\n!" + std::string(1 << 20, 'x');
  const encoded::Run hex = encoded::read_hex(as_bytes(digits), 0, encoded::kAll);
  CHECK(as_text(hex.bytes) == std::string(90, 'k'));
  CHECK(hex.bytes.capacity() < 4096);
}

TEST_CASE("a long text is read as a whole", "[encoded]") {
  std::string bytes;
  for (std::size_t i = 0; i < 100'000; ++i) bytes += static_cast<char>(i * 7 + i / 256);
  CHECK(as_text(encoded::read_base64(as_bytes(base64_encode(as_bytes(bytes))), 0, encoded::kAll).bytes) == bytes);
  CHECK(as_text(encoded::read_hex(as_bytes(hex_encode(as_bytes(bytes))), 0, encoded::kAll).bytes) == bytes);
}
