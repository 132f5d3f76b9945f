// SPDX-License-Identifier: Apache-2.0
// Hostile input: each gets a diagnostic, has a bounded cost, and the next file is still searched.
#include "core/base/encoding.hpp"
#include "core/base/limits.hpp"
#include "core/report/coverage.hpp"
#include "tests/detectors/support/walker_support.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>

using namespace landwaiter;
using namespace landwaiter::detectors;
using namespace landwaiter::detectors::test;

namespace {

using Kind = Item::Kind;
using Texts = std::vector<std::string>;

ScannedBlob scan_files(const std::string& hostile, const ScanLimits& limits = {}) {
  return scan(closed(file("hostile", hostile) + file("next", needle("next____"))), limits);
}

bool next_found(const ScannedBlob& report) { return std::ranges::count(places(report), "next____ next") == 1; }

/// Base-256, as GNU writes numbers that octal has no room for.
std::string base256(std::uint64_t value, char first = '\x80') {
  std::string out(12, '\0');
  out[0] = first;
  for (int i = 11; i > 3; --i, value >>= 8) out[static_cast<std::size_t>(i)] = static_cast<char>(value & 0xff);
  return out;
}

/// A gzip file that decompresses to itself: stored blocks that print the blocks behind them and repeats of what was printed,
/// with a CRC that is the solution of a linear system. Made for this test; after the idea in Russ Cox's "Zip Files All The Way
/// Down" (research.swtch.com/zip).
constexpr std::string_view kGzipQuine =
    "1f8b0800000000000003000000ffff001400ebff1f8b0800000000000003000000ffff001400ebff428821c400000000ffff000000ffff000a00f5ff"
    "428821c400000000ffff000000ffff000a00f5ff000000ffff000a00f5ff000000ffff002800d7ff428821c400000000ffff000000ffff000a00f5ff"
    "000000ffff000a00f5ff000000ffff002800d7ff22561d4000000000ffff000000ffff002800d7ff22561d4000000000ffff000000ffff002800d7ff"
    "22561d4000000000ffff000000ffff002800d7ff22561d4000000000ffff000000ffff002800d7ff22561d4000000000ffff000000ffff000000ffff"
    "000000ffff000000ffff000000ffff001700e8ff22561d4000000000ffff000000ffff000000ffff000000ffff000000ffff000000ffff001700e8ff"
    "4208a30803000000ffff010000ffff38e80c485a0100004208a30803000000ffff010000ffff38e80c485a010000";

/// An archive in an archive in an archive, as a file that decompresses to itself would give them.
std::string matryoshka(int levels) {
  std::string content = needle("bottom__");
  for (int i = 0; i < levels; ++i) content = compress(content, "gzip");
  return content;
}

/// 16 zips of 16 zips of 1 MiB each: 256 MiB from a few KiB, each step below the ratio's free bytes.
std::string tree_of_zips() {
  std::string content(1 << 20, '\0');
  for (int level = 0; level < 2; ++level) {
    std::vector<Item> items;
    for (int i = 0; i < 16; ++i) items.push_back({"z" + std::to_string(i), content});
    content = make_zip(items);
  }
  return content;
}

}  // namespace

TEST_CASE("absurd sizes end the tar with a diagnostic and keep what came before") {
  const std::string before = file("before", needle("before__"));
  for (const std::string& size : {octal(077777777777), base256(std::uint64_t{1} << 62), base256(~std::uint64_t{0} >> 1),
                                  base256(~std::uint64_t{0}, '\xff'), std::string("not a size!!"), std::string(12, '\xff')}) {
    const std::string tar =
        closed(before + tar_header("absurd", size) + tar_blocks(needle("absurd__")) + file("behind", needle("behind__")));
    const ScannedBlob report = scan(tar);
    CHECK(std::ranges::count(places(report), "before__ before") == 1);
    const ScannedBlob nested = scan_files(tar);
    CHECK(next_found(nested));
    CHECK(std::ranges::count(places(nested), "before__ hostile!before") == 1);
    // However the header is read, what its bytes hold is found.
    const auto all = nlohmann::json(nested).dump();
    CHECK(all.find("needle:absurd__") != std::string::npos);
    CHECK(all.find("needle:behind__") != std::string::npos);
    const bool readable = size == std::string("not a size!!");  // counts as zero, so the tar goes on behind it
    if (!readable) CHECK_FALSE(nested.diagnostics.empty());
    if (!readable) CHECK_FALSE(report.diagnostics.empty());
  }
}

TEST_CASE("a tar may end with its last file's content, but not within it") {
  const std::string content = needle("last____") + noise(1000);
  const std::string tar = make_tar({{"first", "x"}, {"last", content}});
  const std::size_t end = tar.find(content) + content.size();
  REQUIRE(end % 512 != 0);
  const ScannedBlob whole = scan(std::string_view(tar).substr(0, end));
  CHECK(std::ranges::count(places(whole), "last____ last") == 1);
  INFO(nlohmann::json(whole).dump());
  CHECK(whole.diagnostics.empty());
  CHECK_FALSE(scan(std::string_view(tar).substr(0, end - 1)).diagnostics.empty());
}

TEST_CASE("a gzip layer that ends early: the files before are found") {
  std::vector<Item> items;
  for (unsigned i = 0; i < 50; ++i)
    items.push_back({"f" + std::to_string(100 + i), noise(5000, i) + needle("file_" + std::to_string(100 + i))});
  const std::string blob = compress(make_tar(items), "gzip");
  const ScannedBlob report = scan(std::string_view(blob).substr(0, blob.size() / 2));
  CHECK(report.findings.size() > 20);
  CHECK(report.findings.size() < 30);
  REQUIRE(report.diagnostics.size() == 1);
  CHECK(report.diagnostics[0].code == ErrorCode::malformed);
  CHECK(report.diagnostics[0].path.starts_with("f12"));
  CHECK(mentions(report, "truncated"));
}

TEST_CASE("truncated archives of each kind inside files") {
  const std::string big = needle("first___") + noise(50'000) + needle("second__");
  const std::string tar = make_tar({{"a", big}, {"b", big}});
  for (const std::string& whole : {tar, compress(tar, "gzip"), compress(tar, "xz"), compress(tar, "bzip2"), compress(tar, "zstd"),
                                   make_zip({{"a", big}, {"b", big}}), make_zip({{"a", big}, {"b", big}}, "compression=store")}) {
    for (const std::size_t tenth : {1, 5, 8, 9}) {
      const ScannedBlob report = scan_files(whole.substr(0, whole.size() * tenth / 10));
      CHECK(next_found(report));
      CHECK(report.diagnostics.size() == 1);
    }
  }
}

TEST_CASE("damage in the middle of a tar is passed over") {
  const std::string bad(512, 'X');
  const ScannedBlob report = scan(closed(file("a", needle("aaaaaaaa")) + bad + bad + file("b", needle("bbbbbbbb"))));
  CHECK(places(report) == Texts{"aaaaaaaa a", "bbbbbbbb b"});
  CHECK(report.diagnostics.size() == 1);
  CHECK(mentions(report, "damaged"));
}

TEST_CASE("a file that decompresses to itself stops at the depth") {
  const auto quine = hex_decode(kGzipQuine);
  REQUIRE(quine);
  const ScannedBlob report = scan_files(std::string(as_text(*quine)));
  CHECK(next_found(report));
  CHECK(report.stats.archives == limits::archive_depth_max);
  CHECK(report.diagnostics.size() == 1);
  CHECK(mentions(report, "archive_depth_max"));
  // As a layer it is a gzip that holds no tar.
  CHECK(mentions(scan(as_text(*quine)), "not a tar archive"));
}

TEST_CASE("archives without end stop at the depth") {
  const ScannedBlob report = scan_files(matryoshka(100));
  CHECK(next_found(report));
  CHECK(report.diagnostics.size() == 1);
  CHECK(mentions(report, "archive_depth_max"));
}

TEST_CASE("security: a decompression bomb is given up at the ratio") {
  const std::string zeros(8 << 20, '\0');
  ScanLimits limits;
  limits.nested_ratio_free_bytes = 1 << 20;
  for (const std::string& bomb : {compress(zeros, "gzip"), compress(zeros, "xz"), compress(zeros, "bzip2"), compress(zeros, "zstd"),
                                  compress(make_tar({{"z", zeros}}), "gzip"), make_zip({{"z", zeros}})}) {
    const ScannedBlob report = scan_files(bomb, limits);
    CHECK(next_found(report));
    CHECK(complaints(report) == Texts{"limit_exceeded hostile"});
    CHECK(mentions(report, "nested_ratio_max"));
    CHECK(report.stats.nested_bytes < 4 << 20);
  }
  CHECK(scan_files(compress(zeros, "gzip")).diagnostics.empty());
}

TEST_CASE("a tree of archives is given up at the layer's bytes, and what is no archive goes on") {
  const std::string content = tree_of_zips();
  ScanLimits limits;
  limits.nested_ratio_max = 1'000'000;
  limits.nested_expanded_bytes_max = 20 << 20;
  const std::string tar = closed(file("one", content) + file("two", content) + file("next", needle("next____")));
  const ScannedBlob report = scan(tar, limits);
  CHECK(next_found(report));
  CHECK(report.stats.nested_bytes < 24 << 20);
  CHECK(mentions(report, "nested_expanded_bytes_max"));
  // One for each archive that was given up, not for each entry.
  CHECK(report.diagnostics.size() < 20);
}

TEST_CASE("a tree of archives is given up at the ratio of the outermost, and costs the next one nothing") {
  const std::string content = tree_of_zips();
  const std::string honest = make_zip({{"inner.zip", make_zip({{"n", needle("inside__")}})}});
  ScanLimits limits;
  limits.nested_ratio_free_bytes = 4 << 20;
  const ScannedBlob report =
      scan(closed(file("one", content) + file("two", content) + file("honest.zip", honest) + file("next", needle("next____"))), limits);
  CHECK(next_found(report));
  CHECK(report.findings.size() == 2);
  CHECK(report.stats.nested_bytes < 12 << 20);
  CHECK(mentions(report, "nested_ratio_max"));
  CHECK(report.diagnostics.size() < 20);
}

TEST_CASE("entries are counted, in the layer and inside its files") {
  std::vector<Item> items;
  for (int i = 0; i < 100; ++i) items.push_back({"f" + std::to_string(i), ""});
  ScanLimits limits;
  limits.layer_entries_max = 50;
  const ScannedBlob nested = scan_files(make_zip(items), limits);
  CHECK(next_found(nested));
  CHECK(complaints(nested) == Texts{"limit_exceeded hostile"});
  CHECK(mentions(nested, "layer_entries_max"));
  const ScannedBlob flat = scan(make_tar(items), limits);
  CHECK(flat.stats.files == 50);
  CHECK(complaints(flat) == Texts{"limit_exceeded "});
}

TEST_CASE("security: a decompression bomb is not read beyond the layer's expanded bytes") {
  ScanLimits limits;
  limits.layer_expanded_bytes_max = 1 << 20;
  const std::string blob =
      compress(make_tar({{"a", needle("aaaaaaaa")}, {"zeros", std::string(4 << 20, '\0')}, {"b", needle("bbbbbbbb")}}), "gzip");
  const ScannedBlob report = scan(blob, limits);
  CHECK(places(report) == Texts{"aaaaaaaa a"});
  CHECK(complaints(report) == Texts{"limit_exceeded zeros"});
  CHECK(report.stats.compressed_bytes == blob.size());
}

TEST_CASE("diagnostics, findings and whiteouts of a layer are bounded") {
  std::string tar;
  for (int i = 0; i < 100; ++i) tar += file("../" + std::to_string(i), needle("number" + std::to_string(10 + i % 90)));
  for (int i = 0; i < 100; ++i) tar += file(".wh." + std::to_string(i), "");
  ScanLimits limits;
  limits.diagnostics_per_layer_max = 10;
  limits.findings_per_layer_max = 20;
  limits.whiteouts_max = 30;
  const ScannedBlob report = scan(closed(tar), limits);
  REQUIRE(report.diagnostics.size() == 11);  // ten of the walk, and one of the analysis about its findings
  CHECK(report.diagnostics[9].message.find("more diagnostics are left out") != std::string::npos);
  CHECK(report.diagnostics[10].message.find("findings_per_layer_max") != std::string::npos);
  CHECK(places(report).size() == 20);
  CHECK(report.whiteouts.size() == 30);
}

TEST_CASE("that something is missing is not lost among other diagnostics") {
  std::string tar;
  for (int i = 0; i < 100; ++i) tar += file("../" + std::to_string(i), "x");
  for (int i = 0; i < 100; ++i) tar += file(".wh." + std::to_string(i), "");
  ScanLimits limits;
  limits.diagnostics_per_layer_max = 10;
  const ScannedBlob complete = scan(closed(tar), limits);
  REQUIRE(complete.diagnostics.size() == 10);
  CHECK(coverage_of(complete.diagnostics).incomplete == 0);
  limits.whiteouts_max = 30;
  const ScannedBlob cut = scan(closed(tar), limits);
  REQUIRE(cut.diagnostics.size() == 10);
  CHECK(cut.diagnostics[9].effect == Effect::incomplete);
}

TEST_CASE("a layer that breaks off is incomplete, a damaged file in it is not") {
  const std::string tar = make_tar({{"a", needle("aaaaaaaa")}, {"b", std::string(100'000, 'x')}});
  CHECK(coverage_of(scan(tar.substr(0, tar.size() / 2)).diagnostics).incomplete == 1);
  const std::string gzip = compress(std::string(100'000, 'x') + needle("bbbbbbbb"), "gzip");
  const ScannedBlob damaged = scan(make_tar({{"a.gz", gzip.substr(0, gzip.size() / 2)}}));
  REQUIRE(damaged.diagnostics.size() == 1);
  CHECK(damaged.diagnostics[0].effect == Effect::not_opened);
}

TEST_CASE("hard links times findings stay within the findings of a layer") {
  std::string content;
  for (int i = 10; i < 60; ++i) content += needle("number" + std::to_string(i));
  std::vector<Item> items = {{"a", content}};
  for (int i = 0; i < 100; ++i) items.push_back({"l" + std::to_string(i), "a", Kind::hard_link});
  ScanLimits limits;
  limits.findings_per_layer_max = 1000;
  const ScannedBlob report = scan(make_tar(items), limits);
  CHECK(places(report).size() == 1000);
  CHECK(mentions(report, "findings_per_layer_max"));
}

TEST_CASE("an endless sparse map is not read") {
  ScanLimits limits;
  limits.tar_header_bytes_max = 256 * 1024;
  std::string map = "100000000\n";
  while (map.size() < 1 << 20) map += "0\n0\n";
  const std::string record = "22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n";
  const std::string tar =
      tar_header("pax", octal(record.size()), 'x') + tar_blocks(record) + tar_header("map", octal(map.size())) + tar_blocks(map);
  const ScannedBlob report = scan(closed(tar + file("next", needle("next____"))), limits);
  CHECK(mentions(report, "tar_header_bytes_max"));
  CHECK(next_found(scan_files(closed(tar), limits)));
}

TEST_CASE("headers of headers of headers end") {
  std::string tar;
  for (int i = 0; i < 2000; ++i) tar += tar_header("x", octal(0), 'x');
  const ScannedBlob report = scan_files(closed(tar + file("a", needle("aaaaaaaa"))));
  CHECK(next_found(report));
}

TEST_CASE("thousands of damaged blocks give one diagnostic") {
  std::string tar = file("a", needle("aaaaaaaa"));
  for (int i = 0; i < 5000; ++i) tar += std::string(512, static_cast<char>('A' + i % 20));
  const ScannedBlob report = scan(closed(tar + file("b", needle("bbbbbbbb"))));
  CHECK(places(report) == Texts{"aaaaaaaa a", "bbbbbbbb b"});
  CHECK(report.diagnostics.size() == 1);
}
