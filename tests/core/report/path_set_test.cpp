// SPDX-License-Identifier: Apache-2.0
#include "core/report/path_set.hpp"
#include "core/base/encoding.hpp"
#include "core/report/report.hpp"
#include "tests/support/catch.hpp"

using namespace landwaiter;

namespace {

PathSet set_of(std::initializer_list<std::string_view> files, std::initializer_list<std::string_view> directories = {}) {
  PathSet set;
  for (const auto path : files) set.add(path, false);
  for (const auto path : directories) set.add(path, true);
  set.seal();
  return set;
}

Result<PathSet> decode_bytes(Bytes bytes) { return PathSet::decode(base64_encode(bytes)); }

}  // namespace

TEST_CASE("A path set knows its paths, and tells files from directories") {
  const PathSet set = set_of({"etc/passwd", "b", "b"}, {"etc", ""});
  CHECK(set.size() == 4);
  CHECK(set.contains("etc/passwd", false));
  CHECK_FALSE(set.contains("etc/passwd", true));
  CHECK(set.contains("etc", true));
  CHECK_FALSE(set.contains("etc", false));
  CHECK(set.contains("", true));
  CHECK_FALSE(set.contains("etc/passwd2", false));
  CHECK_FALSE(PathSet().contains("a", false));
}

TEST_CASE("A path set is found again after encoding, all of it and in little space") {
  PathSet set;
  for (int i = 0; i < 10'000; ++i) set.add("usr/share/doc/package" + std::to_string(i) + "/copyright", i % 3 == 0);
  set.seal();
  REQUIRE(set.size() == 10'000);
  const std::string text = set.encode();
  CHECK(text.size() < 10'000 * 8);
  const auto read = PathSet::decode(text);
  REQUIRE(read);
  CHECK(*read == set);
  CHECK(PathSet::decode("")->size() == 0);
  CHECK(PathSet().encode().empty());
}

TEST_CASE("The stored form does not change: reports of other versions must stay readable") {
  CHECK(set_of({"etc/passwd"}, {"etc"}).encode() == "54TBrozaAdvxpL7mwxM=");
}

TEST_CASE("A hostile path set is refused") {
  CHECK(PathSet::decode("!").error().code() == ErrorCode::malformed);
  CHECK_FALSE(decode_bytes({0x80}));                                             // ends within a number
  CHECK_FALSE(decode_bytes({5, 0xff, 0xff}));                                    // the same, later
  CHECK_FALSE(decode_bytes({5, 0}));                                             // a gap of nothing: not rising
  CHECK_FALSE(decode_bytes(Bytes(64, 0xff)));                                    // a number without end
  CHECK_FALSE(decode_bytes({0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40}));         // 2^48, one too large
  CHECK_FALSE(decode_bytes({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3f, 1}));      // the sum is too large
  CHECK(decode_bytes({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3f})->size() == 1);  // the largest there is
  CHECK(decode_bytes({0, 1, 1})->size() == 3);                                   // zero may be the first
}
