// SPDX-License-Identifier: Apache-2.0
#include "core/base/limits.hpp"
#include "core/report/report.hpp"
#include "tests/detectors/support/test_readers.hpp"
#include "tests/detectors/support/walker_support.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <array>

using namespace landwaiter;
using namespace landwaiter::detectors;
using namespace landwaiter::detectors::test;

namespace {

using Kind = Item::Kind;
using Texts = std::vector<std::string>;

/// These readers, beside the detector of needles.
std::shared_ptr<const Engine> engine_with(Readers readers) {
  std::vector<std::unique_ptr<const Detector>> detectors;
  detectors.push_back(make_needle_detector());
  return Engine::create(DetectorContext{}, std::move(detectors), std::move(readers)).value();
}

TestReader::Wants named(std::string name) {
  return [=](const FileFacts& file) { return file.type == EntryType::file && file.name() == name; };
}

/// The facts of every entry, in the order of the walk.
Texts facts_in(std::string_view blob) {
  Texts log;
  const auto see = [&](const FileFacts& file) {
    log.push_back(facts_of(file));
    return false;
  };
  const ScannedBlob report = scan_with(engine_with(readers(TestReader(see, nullptr))), blob);
  CHECK(complaints(report).empty());
  return log;
}

/// "path: content" of all files of that name; "..." at the end of what was broken off.
struct Read {
  Texts log;
  ScannedBlob report;
};
Read read_files(std::string name, std::string_view blob, const ScanLimits& limits = {}, std::size_t chunk_size = 64 * 1024) {
  Read out;
  out.report = scan_with(engine_with(readers(recording_reader(out.log, named(std::move(name))))), blob, limits, chunk_size);
  return out;
}

/// Sparse, GNU format 1.0: `parts` are offset and bytes.
std::string sparse_file(const std::string& name, const std::vector<std::pair<std::uint64_t, std::string>>& parts, std::uint64_t size) {
  std::string map = std::to_string(parts.size() + 1) + "\n";
  std::string data;
  for (const auto& [offset, bytes] : parts) {
    map += std::to_string(offset) + "\n" + std::to_string(bytes.size()) + "\n";
    data += bytes;
  }
  const std::string body = tar_blocks(map + std::to_string(size) + "\n0\n") + data;
  return pax({{"GNU.sparse.major", "1"},
              {"GNU.sparse.minor", "0"},
              {"GNU.sparse.name", name},
              {"GNU.sparse.realsize", std::to_string(size)}}) +
         tar_header("GNUSparseFile.0/x", octal(body.size())) + tar_blocks(body);
}

std::vector<Item> entries_of_all_kinds() {
  return {{"etc/", "", Kind::directory, 0755, 0, 3},
          {"./usr/bin/sudo", "binary", Kind::file, 04755, 0, 0},
          {"bin/ping", "x", Kind::file, 0755, 1000, 50, {{"security.capability", "\x01\x02"}, {"user.note", "a"}}},
          {"bin/link", "../usr/bin/sudo", Kind::symlink, 0777},
          {"bin/hard", "./usr/bin/sudo", Kind::hard_link},
          {"dev/null", "", Kind::device, 0666}};
}

}  // namespace

TEST_CASE("readers see what a tar says of every entry, in the layer and in archives inside") {
  const Texts expected{"etc directory 0 755 0:3",
                       "usr/bin/sudo file 6 4755 0:0",
                       "bin/ping file 1 755 1000:50 security.capability=0102 user.note=61",
                       "bin/link symlink 0 -> ../usr/bin/sudo 777 0:0",
                       "bin/hard hardlink 0 -> usr/bin/sudo 644 0:0",
                       "dev/null char 0 666 0:0"};
  const std::string tar = make_tar(entries_of_all_kinds());
  CHECK(facts_in(tar) == expected);

  const Texts inside = facts_in(compress(make_tar({{"a.zip", make_zip({{"b.tar.gz", compress(tar, "gzip")}})}}), "zstd"));
  REQUIRE(inside.size() == expected.size() + 2);
  CHECK(inside[0].starts_with("a.zip file "));
  CHECK(inside[1].starts_with("a.zip!b.tar.gz file "));
  for (std::size_t i = 0; i < expected.size(); ++i) CHECK(inside[i + 2] == "a.zip!b.tar.gz!" + expected[i]);
}

TEST_CASE("what a format does not say is not made up") {
  const Texts seen = facts_in(make_tar({{"a.zip", make_zip({{"in", "12345"}})}, {"b.txt.gz", compress("12345", "gzip")}}));
  REQUIRE(seen.size() == 4);
  CHECK(seen[1].starts_with("a.zip!in file "));
  CHECK(seen[1].find("644") == std::string::npos);
  CHECK(seen[3] == "b.txt.gz!b.txt file ?");
}

TEST_CASE("names and links are printable and bounded") {
  const std::string longest(9000, 'n');
  const Texts seen =
      facts_in(make_tar({{"a\nb", "", Kind::file}, {"link", "to\x1b[31m", Kind::symlink}, {"long", longest, Kind::symlink}}));
  REQUIRE(seen.size() == 3);
  CHECK(seen[0].starts_with("a\\x0ab file"));
  CHECK(seen[1].starts_with("link symlink 0 -> to\\x1b[31m "));
  CHECK(seen[2].starts_with("long symlink 0 -> " + longest.substr(0, limits::path_bytes_max) + " "));
}

TEST_CASE("what is not part of the image is not offered") {
  const Texts seen = facts_in(make_tar({{"etc/.wh.passwd", ""}, {"var/.wh..wh..opq", ""}, {"var/.wh..wh.aufs", "x"}, {"etc/file", ""}}));
  CHECK(seen == Texts{"etc/file file 0 644 0:0"});
}

TEST_CASE("extended attributes are bounded") {
  Item many{"many", "x"};
  for (std::size_t i = 0; i < limits::extended_attributes_max + 5; ++i)
    many.attributes.emplace_back("user." + std::to_string(1000 + i), "v");
  const Item large{"large", "x", Kind::file, 0644, 0, 0, {{"user.large", std::string(limits::extended_attribute_bytes_max, 'v')}}};
  std::vector<std::size_t> counts;
  const auto count = [&](const FileFacts& file) {
    counts.push_back(file.metadata->attributes.size());
    return true;
  };
  const auto nothing = [](const FileFacts&, ReportSink&) { return std::unique_ptr<FileConsumer>(); };
  const ScannedBlob report = scan_with(engine_with(readers(TestReader(count, nothing))), make_tar({many, large, {"none", "x"}}));
  REQUIRE(counts.size() == 3);
  CHECK(counts[0] > 0);
  CHECK(counts[0] <= limits::extended_attributes_max);
  CHECK(counts[1] == 0);
  CHECK(counts[2] == 0);
  CHECK(complaints(report) == Texts{"limit_exceeded large", "limit_exceeded many"});
  CHECK(mentions(report, "extended_attributes_max"));
  // Nobody looks at them without readers.
  CHECK(scan(make_tar({many, large})).diagnostics.empty());
}

TEST_CASE("readers get the bytes of the files that they want, however the blob comes in pieces") {
  const std::string content = noise(3'000'000) + needle("in__file");
  const std::string zip = make_zip({{"dir/wanted", "name in a zip is dir/wanted"}, {"wanted", content.substr(0, 100'000)}});
  const std::string tar = make_tar({{"wanted", content},
                                    {"other", content},
                                    {"a/wanted", "a name is the whole path"},
                                    {"a.zip", zip},
                                    {"b.tar.xz", compress(make_tar({{"c.zip", make_zip({{"wanted", ""}})}}), "xz")},
                                    {"wanted.bz2", compress("in a compressed file", "bzip2")}});
  const Texts expected{"wanted: " + content, "a.zip!wanted: " + content.substr(0, 100'000),
                       "b.tar.xz!c.zip!wanted: ", "wanted.bz2!wanted: in a compressed file"};
  const Texts needles = places(scan(tar));
  for (const std::string& blob : {tar, compress(tar, "zstd")}) {
    for (const std::size_t chunk : {997, 65'536, 10'000'000}) {
      const Read read = read_files("wanted", blob, {}, chunk);
      CHECK((read.log == expected));
      CHECK(places(read.report) == needles);
      CHECK(read.report.diagnostics.empty());
    }
  }
}

TEST_CASE("an archive is read as a file, and so is what is in it") {
  const std::string zip = make_zip({{"same", "inner"}}, "compression=store");
  const Read read = read_files("same", make_tar({{"same", zip}}));
  CHECK((read.log == Texts{"same!same: inner", "same: " + zip}));
}

TEST_CASE("a file that is broken off never finishes") {
  SECTION("by the end of the layer") {
    const std::string tar = file("wanted", std::string(100'000, 'x'));
    const Read read = read_files("wanted", tar.substr(0, 20'000));
    REQUIRE(read.log.size() == 1);
    CHECK(read.log[0].ends_with("x..."));
    CHECK(read.log[0].size() < 20'000);
    CHECK(read.report.diagnostics.size() == 1);
  }
  SECTION("by damage in an archive, and the next file is read") {
    const std::string damaged = compress(noise(50'000), "gzip").substr(0, 30'000);
    const Read read = read_files("wanted", make_tar({{"wanted.gz", damaged}, {"wanted", "fine"}}));
    REQUIRE(read.log.size() == 2);
    CHECK(read.log[0].ends_with("..."));
    CHECK(read.log[1] == "wanted: fine");
  }
  SECTION("by a limit") {
    ScanLimits limits;
    limits.layer_expanded_bytes_max = 600'000;
    const Read read = read_files("wanted", make_tar({{"wanted", std::string(1'000'000, 'x')}, {"other", ""}}), limits);
    REQUIRE(read.log.size() == 1);
    CHECK(read.log[0].ends_with("x..."));
    CHECK(mentions(read.report, "layer_expanded_bytes_max"));
  }
  SECTION("as it never began: encrypted entries are not offered") {
    const Read read = read_files("wanted", make_tar({{"a.zip", make_zip({{"wanted", "secret"}}, "encryption=zipcrypt")}}));
    CHECK(read.log.empty());
    CHECK(mentions(read.report, "encrypted"));
  }
}

TEST_CASE("holes of sparse files are zeros, to a limit for the layer") {
  const std::uint64_t huge = std::uint64_t{1} << 50;
  const std::string layer =
      closed(sparse_file("wanted", {{1000, "mid"}}, 3000) + sparse_file("wanted", {{0, "abc"}, {huge, "end"}}, huge + 3) +
             sparse_file("wanted", {{0, "abc"}}, 1003) + file("wanted", "next"));
  const std::string first = "wanted: " + std::string(1000, '\0') + "mid" + std::string(1997, '\0');
  SECTION("a hole that is too large ends its own file") {
    const Read read = read_files("wanted", layer);
    CHECK((read.log == Texts{first, "wanted: abc...", "wanted: abc" + std::string(1000, '\0'), "wanted: next"}));
    CHECK(complaints(read.report) == Texts{"limit_exceeded wanted"});
    CHECK(mentions(read.report, "reader_zeros_bytes_max"));
  }
  SECTION("all holes of a layer are counted together") {
    ScanLimits limits;
    limits.reader_zeros_bytes_max = 3500;
    const Read read = read_files("wanted", layer, limits);
    CHECK((read.log == Texts{first, "wanted: abc...", "wanted: abc...", "wanted: next"}));
  }
}

TEST_CASE("a hard link that brings its content once more has bytes") {
  Texts log;
  const auto all = [](const FileFacts& file) { return file.type != EntryType::directory; };
  const std::string tar = closed(file("a", "content") + [] {
    std::string header = tar_header("b", octal(7), '1');
    header.replace(157, 1, "a");
    unsigned sum = 0;
    header.replace(148, 8, "        ");
    for (const char c : header) sum += static_cast<unsigned char>(c);
    header.replace(148, 8, octal(sum).substr(5, 6) + std::string("\0 ", 2));
    return header;
  }() + tar_blocks("content"));
  scan_with(engine_with(readers(recording_reader(log, all))), tar);
  REQUIRE(log.size() == 2);
  CHECK(log[0] == "a: content");
  CHECK((log[1] == "b: content" || log[1] == "b: "));
}

TEST_CASE("packages and the distribution are sections of the report, with their place") {
  const auto engine = engine_with(readers(package_reader()));
  const std::string zip = make_zip({{"in/packages.txt", "npm left-pad 1.0\n"}});
  const ScannedBlob report = scan_with(engine, make_tar({{"z/packages.txt", "deb bash 5.2\ndeb awk 1.0"},
                                                         {"b/packages.txt", "deb bash 5.2"},
                                                         {"hard", "z/packages.txt", Kind::hard_link},
                                                         {"app.jar", zip},
                                                         {"usr/lib/os-release", "debian 12"},
                                                         {"etc/os-release", "debian 11"},
                                                         {"a.zip", make_zip({{"os-release", "alpine 3"}})},
                                                         {"bad/packages.txt", "deb"}}));
  REQUIRE(report.packages.size() == 3);
  const auto at = [](std::string path, Texts archive, std::uint64_t offset) {
    return Occurrence{std::move(path), std::move(archive), offset, {}, std::nullopt};
  };
  CHECK(report.packages[0].name == "awk");
  CHECK(report.packages[0].occurrences == std::vector{at("hard", {}, 13), at("z/packages.txt", {}, 13)});
  CHECK(report.packages[1].name == "bash");
  CHECK(report.packages[1].occurrences == std::vector{at("b/packages.txt", {}, 0), at("hard", {}, 0), at("z/packages.txt", {}, 0)});
  CHECK(report.packages[2].name == "left-pad");
  CHECK(report.packages[2].reader == "package-reader/1");
  CHECK(report.packages[2].occurrences == std::vector{at("app.jar", {"in/packages.txt"}, 0)});
  REQUIRE(report.distribution);
  CHECK(report.distribution->version_id == "11");
  CHECK(report.distribution->where.path == "etc/os-release");
  CHECK(complaints(report) == Texts{"malformed bad/packages.txt"});
  REQUIRE(report.engine.states.size() == 2);
  CHECK(report.engine.states[1].analysis == Analysis::packages);
}

TEST_CASE("a file that is larger than its reader takes is a diagnostic on it, and is searched nevertheless") {
  const ScannedBlob report =
      scan_with(engine_with(readers(package_reader())),
                make_tar({{"packages.txt", needle("aaaaaaaa") + std::string(20'000, 'x')}, {"b/packages.txt", "a b c"}}));
  CHECK(places(report) == Texts{"aaaaaaaa packages.txt"});
  CHECK(complaints(report) == Texts{"limit_exceeded packages.txt"});
  CHECK(report.packages.size() == 1);
}

TEST_CASE("the packages of one layer are limited with one diagnostic") {
  std::string lines;
  for (int i = 0; i < 50; ++i) lines += "deb p" + std::to_string(100 + i) + " 1\n";
  ScanLimits limits;
  limits.packages_per_layer_max = 80;
  const ScannedBlob report =
      scan_with(engine_with(readers(package_reader())),
                make_tar({{"a/packages.txt", lines}, {"link", "a/packages.txt", Kind::hard_link}, {"b/packages.txt", "npm b 1"}}), limits);
  CHECK(report.packages.size() == 51);
  std::size_t places = 0;
  for (const Package& package : report.packages) places += package.occurrences.size();
  CHECK(places == 80);
  CHECK(complaints(report) == Texts{"limit_exceeded "});
  CHECK(mentions(report, "packages_per_layer_max"));
}

TEST_CASE("findings of readers count as findings") {
  const auto engine =
      engine_with(readers(TestReader([](const FileFacts& file) { return file.metadata != nullptr && (file.metadata->mode & 04000) != 0; },
                                     [](const FileFacts& file, ReportSink& sink) {
                                       Finding finding;
                                       finding.type = FindingType::misconfiguration;
                                       finding.id = "needle:" + std::string(file.name());
                                       sink.add(std::move(finding), 0);
                                       return std::unique_ptr<FileConsumer>();
                                     })));
  const ScannedBlob report = scan_with(engine, make_tar({{"a", "x", Kind::file, 0755}, {"b", "y", Kind::file, 04755}}));
  CHECK(places(report) == Texts{"b b"});
  REQUIRE(report.findings.size() == 1);
  CHECK(report.findings[0].detector == "test-reader/1");
}

TEST_CASE("only the readers of wanted analyses are asked, and then nothing is searched for the others") {
  Texts asked;
  const auto log_path = [&](const FileFacts& file) {
    asked.emplace_back(file.path);
    return false;
  };
  const auto engine = engine_with(readers(TestReader(log_path, nullptr), package_reader()));
  const std::string tar = make_tar({{"packages.txt", "deb bash 5.2"}, {"a", needle("aaaaaaaa")}});
  constexpr std::array kCryptography{Analysis::cryptography};
  constexpr std::array kPackages{Analysis::packages};

  const ScannedBlob cryptography = scan_with(engine, tar, {}, 1000, kCryptography);
  CHECK(asked.empty());
  CHECK(cryptography.packages.empty());
  CHECK(places(cryptography) == Texts{"aaaaaaaa a"});

  const ScannedBlob packages = scan_with(engine, tar, {}, 1000, kPackages);
  CHECK(asked == Texts{"packages.txt", "a"});
  CHECK(packages.packages.size() == 1);
  CHECK(packages.findings.empty());
  CHECK(cryptography.engine.walker == packages.engine.walker);
}
