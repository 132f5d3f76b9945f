// SPDX-License-Identifier: Apache-2.0
#include "tests/detectors/support/walker_support.hpp"
#include "tests/support/catch.hpp"

using namespace landwaiter;
using namespace landwaiter::detectors;
using namespace landwaiter::detectors::test;

namespace {

using Kind = Item::Kind;
using Texts = std::vector<std::string>;

/// A layer with one file, and a needle in the next.
ScannedBlob scan_file(const std::string& name, const std::string& content, const ScanLimits& limits = {}) {
  return scan(compress(make_tar({{name, content}, {"next", needle("next____")}}), "gzip"), limits);
}

/// What is found in a file of that content, without the needle in the next file, which must be found.
Texts found_in(const std::string& name, const std::string& content, bool clean = true) {
  const ScannedBlob report = scan_file(name, content);
  if (clean) {
    for (const Diagnostic& diagnostic : report.diagnostics) {
      INFO(diagnostic.message);
      CHECK(report.diagnostics.empty());
    }
  }
  Texts found = places(report);
  CHECK(std::erase(found, "next____ next") == 1);
  return found;
}

std::uint32_t crc32(std::string_view bytes) {
  std::uint32_t crc = 0xffffffff;
  for (const char c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int i = 0; i < 8; ++i) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc;
}

/// A stored entry; with a data descriptor, as a writer that streams makes it, or without.
std::string stored_entry(const std::string& name, const std::string& content, bool descriptor, unsigned method = 0) {
  const std::uint32_t crc = crc32(content);
  std::string out = "PK\x03\x04" + little(20, 2) + little(descriptor ? 8 : 0, 2) + little(method, 2) + little(0, 4);
  out += descriptor ? std::string(12, '\0') : little(crc, 4) + little(content.size(), 4) + little(content.size(), 4);
  out += little(name.size(), 2) + little(0, 2) + name + content;
  if (descriptor) out += "PK\x07\x08" + little(crc, 4) + little(content.size(), 4) + little(content.size(), 4);
  return out;
}

std::string end_of_zip() { return "PK\x05\x06" + std::string(18, '\0'); }

}  // namespace

TEST_CASE("zip archives: stored, deflated, with descriptors, with directories") {
  const std::vector<Item> items = {
      {"META-INF", "", Kind::directory}, {"META-INF/a.pem", needle("aaaaaaaa")}, {"b", noise(200'000) + needle("bbbbbbbb")}, {"empty", ""}};
  const Texts expected = {"aaaaaaaa lib/app.jar!META-INF/a.pem", "bbbbbbbb lib/app.jar!b"};
  for (const std::string options : {"compression=store", "compression=deflate", "zip:zip64", "zip:!zip64,compression=deflate"}) {
    INFO(options);
    CHECK(found_in("lib/app.jar", make_zip(items, options)) == expected);
  }
  CHECK(found_in("a.zip", make_zip({})) == Texts{});
  CHECK(found_in("a.zip", end_of_zip()) == Texts{});
  const std::string stored = stored_entry("one", needle("one_____"), true) + stored_entry("two", noise(3000) + needle("two_____"), true) +
                             stored_entry("three", needle("three___"), false) + end_of_zip();
  CHECK(found_in("s.zip", stored) == Texts{"one_____ s.zip!one", "three___ s.zip!three", "two_____ s.zip!two"});
}

TEST_CASE("an executable jar: a script, then a zip that stores jars") {
  const std::string inner = make_zip({{"key.pem", needle("inner___")}, {"big", noise(100'000)}});
  const std::string jar = make_zip({{"BOOT-INF/lib/inner.jar", inner}, {"BOOT-INF/classes/x", needle("class___")}}, "compression=store");
  const std::string script = "#!/bin/bash\n" + std::string(9000, '#') + "\nexit 0\n";
  CHECK(found_in("app.jar", script + jar) ==
        Texts{"class___ app.jar!BOOT-INF/classes/x", "inner___ app.jar!BOOT-INF/lib/inner.jar!key.pem"});
  CHECK(found_in("run.sh", script + needle("script__")) == Texts{"script__ run.sh"});
  CHECK(found_in("run.sh", script + needle("script__") + jar).size() == 3);
}

TEST_CASE("tars and compressed files inside files") {
  const std::string tar = make_tar({{"./in/a.pem", needle("aaaaaaaa")}, {"link", "in/a.pem", Kind::symlink}});
  CHECK(found_in("x.tar", tar) == Texts{"aaaaaaaa x.tar!in/a.pem"});
  for (const std::string format : {"gzip", "xz", "bzip2", "zstd"}) {
    INFO(format);
    CHECK(found_in("x.bin", compress(tar, format)) == Texts{"aaaaaaaa x.bin!in/a.pem"});
    CHECK(found_in("x", compress(needle("aaaaaaaa"), format)) == Texts{"aaaaaaaa x!x.content"});
  }
  CHECK(found_in("dir/a.pem.gz", compress(needle("aaaaaaaa"), "gzip")) == Texts{"aaaaaaaa dir/a.pem.gz!a.pem"});
  CHECK(found_in("a.gz", compress(compress(needle("aaaaaaaa"), "xz"), "gzip")) == Texts{"aaaaaaaa a.gz!a!a.content"});
  CHECK(found_in("a.gz", compress(make_zip({{"in", needle("aaaaaaaa")}}), "gzip")) == Texts{"aaaaaaaa a.gz!a!in"});
}

TEST_CASE("an enterprise archive: a jar in a tar.gz in a war in an ear") {
  const std::string jar = make_zip({{"cert.pem", needle("deep____")}});
  const std::string tgz = compress(make_tar({{"lib/x.jar", jar}, {"beside", needle("beside__")}}), "gzip");
  const std::string ear =
      make_zip({{"web.war", make_zip({{"WEB-INF/data.tgz", tgz}, {"WEB-INF/k", needle("war_____")}})}, {"last", needle("ear_____")}});
  CHECK(found_in("opt/app.ear", ear) == Texts{"beside__ opt/app.ear!web.war!WEB-INF/data.tgz!beside",
                                              "deep____ opt/app.ear!web.war!WEB-INF/data.tgz!lib/x.jar!cert.pem",
                                              "ear_____ opt/app.ear!last", "war_____ opt/app.ear!web.war!WEB-INF/k"});
  const ScannedBlob report = scan_file("opt/app.ear", ear);
  CHECK(report.stats.archives == 4);
  CHECK(report.stats.files == 2);
  CHECK(report.stats.nested_files == 7);
}

TEST_CASE("offsets count from the start of the innermost entry") {
  const ScannedBlob report = scan_file("a.zip", make_zip({{"in", std::string(70'000, '.') + needle("aaaaaaaa")}}));
  REQUIRE(report.findings.size() == 2);
  CHECK(report.findings[0].occurrences.at(0).offset == 70'000);
}

TEST_CASE("archives are opened down to the depth, and searched as bytes below it") {
  std::string content = needle("innermst");
  for (int level = 0; level < 8; ++level) content = make_zip({{"z" + std::to_string(level), content}}, "compression=store");
  CHECK(found_in("a", content) == Texts{"innermst a!z7!z6!z5!z4!z3!z2!z1!z0"});
  const ScannedBlob report = scan_file("a", make_zip({{"z8", content}}, "compression=store"));
  CHECK(places(report) == Texts{"innermst a!z8!z7!z6!z5!z4!z3!z2!z1", "next____ next"});
  REQUIRE(report.diagnostics.size() == 1);
  CHECK(complaints(report) == Texts{"limit_exceeded a!z8!z7!z6!z5!z4!z3!z2!z1"});
  CHECK(mentions(report, "archive_depth_max"));
}

TEST_CASE("bytes outside an archive's entries are searched, entries do not count double") {
  const std::string stored = make_zip({{"in", needle("inside__")}}, "compression=store");
  CHECK(found_in("a.zip", stored + needle("behind__")) == Texts{"behind__ a.zip", "inside__ a.zip!in"});
  CHECK(found_in("a.tar", make_tar({{"in", needle("inside__")}}) + needle("behind__"), false) ==
        Texts{"behind__ a.tar", "inside__ a.tar!in"});
}

TEST_CASE("what only looks like an archive is searched as it is") {
  struct Case {
    std::string name, content;
  };
  std::string odd_tar(257, 'x');
  odd_tar += "ustar is what this text says by chance " + needle("ustar___") + std::string(1000, 'x');
  for (const Case& c : {Case{"zip", std::string("PK\x03\x04") + needle("zip_____")},
                        Case{"gzip", std::string("\x1f\x8b\x08\0", 4) + needle("gzip____") + noise(100)}, Case{"tar", odd_tar},
                        Case{"zstd", "\x28\xb5\x2f\xfd" + needle("zstd____")}}) {
    INFO(c.name);
    const ScannedBlob report = scan_file(c.name, c.content);
    CHECK(report.findings.size() == 2);
    REQUIRE(report.diagnostics.size() == 1);
    CHECK(complaints(report) == Texts{"malformed " + c.name});
  }
}

TEST_CASE("entries that cannot be read are told, the next are read") {
  const std::string encrypted = make_zip({{"secret", noise(2000)}, {"other", "x"}}, "compression=deflate,encryption=zipcrypt");
  const ScannedBlob report = scan_file("a.zip", encrypted);
  CHECK(complaints(report) == Texts{"unsupported a.zip!other", "unsupported a.zip!secret"});
  CHECK(mentions(report, "encrypted"));

  const std::string lzma = stored_entry("lzma", noise(500), false, 14) + stored_entry("plain", needle("plain___"), false) + end_of_zip();
  const ScannedBlob second = scan_file("b.zip", lzma);
  CHECK(places(second) == Texts{"next____ next", "plain___ b.zip!plain"});
  CHECK(complaints(second) == Texts{"unsupported b.zip!lzma"});

  std::string wrong_crc = stored_entry("bad", needle("badcrc__"), false) + stored_entry("good", needle("good____"), false) + end_of_zip();
  wrong_crc[14] = static_cast<char>(wrong_crc[14] ^ 1);
  const ScannedBlob third = scan_file("c.zip", wrong_crc);
  CHECK(places(third) == Texts{"badcrc__ c.zip!bad", "good____ c.zip!good", "next____ next"});
  CHECK(complaints(third) == Texts{"malformed c.zip!bad"});
}

TEST_CASE("whiteout names inside archives mean nothing") {
  const ScannedBlob report = scan_file("a.tar", make_tar({{".wh.x", needle("inside__")}}));
  CHECK(report.whiteouts.empty());
  CHECK(places(report) == Texts{"inside__ a.tar!.wh.x", "next____ next"});
}
