// SPDX-License-Identifier: Apache-2.0
#include "detectors/formats/der.hpp"

#include "core/base/encoding.hpp"
#include "core/base/limits.hpp"
#include "tests/support/catch.hpp"

namespace landwaiter::detectors::der {
namespace {

Bytes hex(std::string_view text) { return *hex_decode(text); }

bool is_whole(std::string_view text) {
  const Bytes bytes = hex(text);
  const auto element = whole_element(bytes);
  return element && element->size() == bytes.size();
}

Bytes nested(std::size_t depth) {
  Bytes bytes = hex("0500");
  for (std::size_t i = 0; i < depth; ++i) bytes = write(kSequence, {bytes});
  return bytes;
}

}  // namespace

TEST_CASE("DER lengths are definite, minimal and within what is there", "[der]") {
  CHECK(is_whole("0500"));
  CHECK(is_whole("0403010203"));
  CHECK(is_whole("048180" + std::string(256, '0')));
  CHECK(is_whole("04820100" + std::string(512, '0')));
  CHECK_FALSE(is_whole(""));
  CHECK_FALSE(is_whole("30"));                                // no length
  CHECK_FALSE(is_whole("3080020100000000"));                  // indefinite length
  CHECK_FALSE(is_whole("04817f" + std::string(254, '0')));    // fits one byte
  CHECK_FALSE(is_whole("04820080" + std::string(256, '0')));  // fits two
  CHECK_FALSE(is_whole("04030102"));                          // content cut
  CHECK_FALSE(is_whole("0485000000000100"));                  // five bytes of length
  CHECK_FALSE(is_whole("04ff00"));                            // the reserved length
  CHECK_FALSE(is_whole("1f8100"));                            // a tag number of several bytes
  CHECK_FALSE(is_whole("0000"));                              // end-of-contents
  const Bytes huge = hex("3084ffffffff0500");
  CHECK_FALSE(whole_element(huge));
  CHECK(promised_size(huge) == 6 + 0xffffffffull);
}

TEST_CASE("whole_element stops at the element's end", "[der]") {
  const Bytes bytes = hex("3003020105deadbeef");
  REQUIRE(whole_element(bytes));
  CHECK(hex_encode(*whole_element(bytes)) == "3003020105");
  CHECK_FALSE(only_content(bytes, kSequence));
}

TEST_CASE("well_formed looks at every level and no deeper than told", "[der]") {
  CHECK(well_formed(nested(limits::der_depth_max), limits::der_depth_max));
  CHECK_FALSE(well_formed(nested(limits::der_depth_max + 1), limits::der_depth_max));
  CHECK_FALSE(well_formed(nested(10'000), limits::der_depth_max));
  CHECK_FALSE(well_formed(hex("300430030500"), 8));      // an inner length beyond the outer one
  CHECK_FALSE(well_formed(hex("3006050002010504"), 8));  // ends in half an element
  CHECK(well_formed(hex("30050500020105"), 8));
  CHECK(well_formed(hex("0402ffff"), 0));  // octets are not looked into
}

TEST_CASE("integers are minimal and not negative", "[der]") {
  const auto magnitude = [](std::string_view text) -> std::optional<std::string> {
    const Bytes bytes = hex(text);
    Reader reader(bytes);
    ByteView out;
    if (!reader.unsigned_integer(out)) {
      CHECK(reader.rest().size() == bytes.size());
      return std::nullopt;
    }
    return hex_encode(out);
  };
  CHECK(magnitude("020100") == "");
  CHECK(magnitude("020101") == "01");
  CHECK(magnitude("02020080") == "80");
  CHECK_FALSE(magnitude("020180"));    // negative
  CHECK_FALSE(magnitude("02020001"));  // padded
  CHECK_FALSE(magnitude("0200"));      // empty
  CHECK_FALSE(magnitude("0402aabb"));  // not an INTEGER
}

TEST_CASE("object identifiers as numbers", "[der]") {
  CHECK(oid_text(hex("2a864886f70d010101")) == "1.2.840.113549.1.1.1");
  CHECK(oid_text(hex("550403")) == "2.5.4.3");
  CHECK(oid_text(hex("8837")) == "2.999");
  CHECK(oid_text(hex("2b656e")) == "1.3.101.110");
  CHECK(oid_text(hex("")) == "");
  CHECK(oid_text(hex("2a86")) == "");                      // unfinished
  CHECK(oid_text(hex("2a8001")) == "");                    // padded arc
  CHECK(oid_text(hex("2affffffffffffffffffff7f")) == "");  // larger than 64 bits
}

TEST_CASE("what is written is read again", "[der]") {
  for (const std::size_t size : {0u, 1u, 127u, 128u, 255u, 256u, 65535u, 65536u}) {
    const Bytes content(size, 0x5a);
    const Bytes element = write(kOctetString, {content});
    const auto read = only_content(element, kOctetString);
    REQUIRE(read);
    CHECK(read->size() == size);
  }
  CHECK(hex_encode(write_unsigned(hex("0000"))) == "020100");
  CHECK(hex_encode(write_unsigned(hex("0080"))) == "02020080");
  CHECK(hex_encode(write_unsigned(hex("7f"))) == "02017f");
  CHECK(hex_encode(write_bit_string(hex("aa"))) == "030200aa");
}

}  // namespace landwaiter::detectors::der
