// SPDX-License-Identifier: Apache-2.0
#include "detectors/passwords/twofish.hpp"
#include "core/base/encoding.hpp"
#include "core/base/text.hpp"
#include "tests/support/catch.hpp"

using namespace landwaiter;
using namespace landwaiter::detectors;

TEST_CASE("Twofish opens one block as its authors publish it", "[twofish]") {
  // "Twofish: A 128-Bit Block Cipher", 1998, test vector I=3 of the ECB tables: the block of zeros with a key of 256 bits. In CBC mode
  // the block before is added to it, so the initial vector is the text that comes out.
  const Bytes key = hex_decode("0123456789abcdeffedcba987654321000112233445566778899aabbccddeeff").value();
  const Bytes sealed = hex_decode("37527be0052334b89f0cfccae87cfa20").value();
  const std::string padded = "fifteen letters\x01";
  REQUIRE(padded.size() == kTwofishBlockBytes);
  const auto opened = decrypt_twofish_cbc(key, as_bytes(padded), sealed);
  REQUIRE(opened.has_value());
  CHECK(as_text(opened->view()) == "fifteen letters");

  const auto opens = [&](ByteView with, const std::string& iv, ByteView what) {
    return decrypt_twofish_cbc(with, as_bytes(iv), what).has_value();
  };
  CHECK(opens(key, std::string(16, '\x10'), sealed));  // a whole block of padding
  for (const std::string& unpadded :
       {std::string(16, 0x11), std::string(16, 0), std::string("fifteen letters\x02"), std::string("fifteen\x02letters\x02")}) {
    CHECK_FALSE(opens(key, unpadded, sealed));
  }
  CHECK_FALSE(opens(ByteView(key).first(16), padded, sealed));
  CHECK_FALSE(opens(key, "short", sealed));
  CHECK_FALSE(opens(key, padded, {}));
  CHECK_FALSE(opens(key, padded, ByteView(sealed).first(15)));
}
