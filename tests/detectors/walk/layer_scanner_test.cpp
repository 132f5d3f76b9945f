// SPDX-License-Identifier: Apache-2.0
#include "detectors/walk/layer_scanner.hpp"
#include "core/base/limits.hpp"
#include "tests/detectors/support/walker_support.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>

using namespace landwaiter;
using namespace landwaiter::detectors;
using namespace landwaiter::detectors::test;

namespace {

using Kind = Item::Kind;
using Texts = std::vector<std::string>;

/// Finds each "MARK" for one analysis and counts how often it is asked.
class MarkDetector final : public Detector {
 public:
  MarkDetector(std::string name, Analysis analysis, int& asked) : name_(std::move(name)), analysis_(analysis), asked_(asked) {}
  std::string_view name() const override { return name_; }
  int version() const override { return 1; }
  Analysis analysis() const override { return analysis_; }
  std::vector<Trigger> triggers() const override { return {{1, "MARK", 4}}; }
  void inspect(const Window& window, const Hit& hit, FindingSink& sink) const override {
    ++asked_;
    if (!sink.spend(1)) return sink.diagnose(ErrorCode::limit_exceeded, "no more guesses", hit.end);
    Finding finding;
    finding.id = name_ + std::to_string(window.offset + hit.end);
    sink.add(std::move(finding), hit.end);
  }

 private:
  std::string name_;
  Analysis analysis_;
  int& asked_;
};

}  // namespace

TEST_CASE("a layer's compression is sniffed and its files are searched") {
  const std::string tar =
      make_tar({{"etc", "", Kind::directory}, {"etc/a", needle("aaaaaaaa")}, {"etc/b", "x" + needle("bbbbbbbb")}, {"c", ""}});
  std::string pieces;  // as eStargz has it: a gzip member for each piece
  for (std::size_t at = 0; at < tar.size(); at += 700) pieces += compress(std::string_view(tar).substr(at, 700), "gzip");
  for (const std::string& blob : {tar, compress(tar, "gzip"), compress(tar, "zstd"), compress(tar, "xz"), compress(tar, "bzip2"), pieces}) {
    for (const std::size_t chunk : {1, 511, 100'000}) {
      const ScannedBlob report = scan(blob, {}, chunk);
      CHECK(places(report) == Texts{"aaaaaaaa etc/a", "bbbbbbbb etc/b"});
      CHECK(report.diagnostics.empty());
      CHECK(report.stats.files == 3);
      CHECK(report.stats.expanded_bytes == 31);
      CHECK(report.stats.compressed_bytes == blob.size());
      CHECK(report.layer == Digest::sha256_of(as_bytes(blob)));
      CHECK(report.engine == needle_engine()->state());
    }
  }
}

TEST_CASE("an empty layer is fine, one that is no tar is not") {
  for (const std::string& blob : {std::string(), std::string(1024, '\0'), compress("", "gzip"), make_tar({})}) {
    CHECK(scan(blob).diagnostics.empty());
  }
  const ScannedBlob report = scan("{\"this is\": \"a JSON document\"}");
  REQUIRE(report.diagnostics.size() == 1);
  CHECK(report.diagnostics[0].code == ErrorCode::malformed);
  CHECK(mentions(report, "not a tar archive"));
  CHECK(scan(compress(noise(5000), "gzip")).diagnostics.size() == 1);
}

TEST_CASE("a report exists only for content that is proven") {
  const std::string tar = make_tar({{"a", needle("aaaaaaaa")}});
  LayerScanner scanner(needle_engine());
  const auto code = [&](std::string_view promised, std::uint64_t size, std::stop_token stop = {}) {
    ScanProgress progress;
    MemorySource source(as_bytes(tar), 100);
    auto report = scanner.scan(source, Digest::sha256_of(as_bytes(promised)), size, kAllAnalyses, progress, std::move(stop));
    return report ? std::optional<ErrorCode>() : report.error().code();
  };
  CHECK(code(tar, tar.size()) == std::nullopt);
  CHECK(code("another", tar.size()) == ErrorCode::digest_mismatch);
  CHECK(code(tar, tar.size() - 1) == ErrorCode::digest_mismatch);
  CHECK(code(tar, tar.size() + 1) == ErrorCode::digest_mismatch);
  std::stop_source stop;
  stop.request_stop();
  CHECK(code(tar, tar.size(), stop.get_token()) == ErrorCode::cancelled);
  CHECK(code(tar, tar.size()) == std::nullopt);
}

TEST_CASE("errors of the source are the scan's, and it stops when asked in the middle") {
  class Failing final : public ByteSource {
   public:
    Failing(std::string_view bytes, std::stop_source* stop) : inner_(as_bytes(bytes), 1000), stop_(stop) {}
    Result<ByteView> next() override {
      if (++calls_ < 5) return inner_.next();
      if (!stop_) return Error(ErrorCode::unavailable, "the registry went away");
      stop_->request_stop();
      return inner_.next();
    }

   private:
    MemorySource inner_;
    std::stop_source* stop_;
    int calls_ = 0;
  };
  const std::string blob = compress(make_tar({{"a", noise(100'000)}, {"b", "x"}}), "gzip");
  LayerScanner scanner(needle_engine());
  std::stop_source stop;
  for (std::stop_source* stopper : {static_cast<std::stop_source*>(nullptr), &stop}) {
    ScanProgress progress;
    Failing source(blob, stopper);
    auto report = scanner.scan(source, Digest::sha256_of(as_bytes(blob)), blob.size(), kAllAnalyses, progress, stop.get_token());
    REQUIRE_FALSE(report.has_value());
    CHECK(report.error().code() == (stopper ? ErrorCode::cancelled : ErrorCode::unavailable));
  }
}

TEST_CASE("progress tells bytes, files and findings") {
  const std::string blob = compress(make_tar({{"a", needle("aaaaaaaa")}, {"b", "x"}, {"d", "", Kind::directory}}), "gzip");
  MemorySource source(as_bytes(blob));
  LayerScanner scanner(needle_engine());
  ScanProgress progress;
  REQUIRE(scanner.scan(source, Digest::sha256_of(as_bytes(blob)), blob.size(), kAllAnalyses, progress, {}).has_value());
  CHECK(progress.compressed_bytes == blob.size());
  CHECK(progress.files == 2);
  CHECK(progress.findings == 1);
}

TEST_CASE("security: .wh. and .wh..wh..opq are told and are no files") {
  const ScannedBlob report = scan(make_tar({{"etc/.wh.passwd", needle("hidden__")},
                                            {".wh.bin", ""},
                                            {"var/lib/.wh..wh..opq", ""},
                                            {".wh..wh..opq", ""},
                                            {".wh..wh.plnk/1.2", needle("aufs____")},
                                            {"etc/file", ""}}));
  CHECK(report.whiteouts == Texts{"bin", "etc/passwd"});
  CHECK(report.opaque_directories == Texts{"", "var/lib"});
  CHECK(report.written.contains("etc/file", false));
  CHECK_FALSE(report.written.contains("etc/.wh.passwd", false));
  CHECK(places(report) == Texts{"aufs____ .wh..wh.plnk/1.2"});
}

TEST_CASE("everything that a layer writes is in its path set") {
  const ScannedBlob report = scan(make_tar({{"./dir/", "", Kind::directory},
                                            {"./dir/file", "x"},
                                            {"/absolute", "x"},
                                            {"link", "dir/file", Kind::symlink},
                                            {"hard", "dir/file", Kind::hard_link},
                                            {"null", "", Kind::device}}));
  CHECK(report.written.size() == 6);
  CHECK(report.written.contains("dir", true));
  for (const char* path : {"dir/file", "absolute", "link", "hard", "null"}) CHECK(report.written.contains(path, false));
  CHECK(report.stats.files == 2);
}

TEST_CASE("a file with several hard links is found under each name") {
  const ScannedBlob report = scan(make_tar({{"./a", needle("aaaaaaaa") + needle("bbbbbbbb")},
                                            {"b", "./a", Kind::hard_link},
                                            {"c", "b", Kind::hard_link},
                                            {"d", "elsewhere", Kind::hard_link},
                                            {"a.zip", make_zip({{"inner", needle("cccccccc")}})},
                                            {"copy", "a.zip", Kind::hard_link}}));
  CHECK(places(report) == Texts{"aaaaaaaa a", "aaaaaaaa b", "aaaaaaaa c", "bbbbbbbb a", "bbbbbbbb b", "bbbbbbbb c", "cccccccc a.zip!inner",
                                "cccccccc copy!inner"});
  CHECK(report.links == std::vector<HardLink>{{"d", "elsewhere"}});
  ScanLimits limits;
  limits.hard_links_max = 1;
  const ScannedBlob limited = scan(make_tar({{"a", needle("aaaaaaaa")}, {"b", "a", Kind::hard_link}, {"c", "a", Kind::hard_link}}), limits);
  CHECK(places(limited) == Texts{"aaaaaaaa a", "aaaaaaaa b"});
  CHECK(mentions(limited, "hard_links_max"));
}

TEST_CASE("security: links to lower layers are kept up to a number") {
  std::vector<Item> entries;
  for (int i = 0; i < 20'001; ++i) entries.push_back({std::to_string(i), "elsewhere", Kind::hard_link});
  const ScannedBlob report = scan(make_tar(entries));
  CHECK(report.links.size() == 20'000);
  CHECK(mentions(report, "too many hard links to lower layers"));
}

TEST_CASE("security: duplicate names in a tar are all searched") {
  const ScannedBlob report = scan(make_tar({{"a", needle("aaaaaaaa")}, {"a", needle("bbbbbbbb")}, {"a", needle("aaaaaaaa")}}));
  CHECK(places(report) == Texts{"aaaaaaaa a", "bbbbbbbb a"});
}

TEST_CASE("long, deep, odd and foreign names") {
  const std::string deep = [] {
    std::string path;
    for (int i = 0; i < 500; ++i) path += "deep/";
    return path + "file";
  }();
  const std::string longest(9000, 'n');
  for (const char* format : {"pax", "gnutar"}) {
    INFO(format);
    const ScannedBlob report =
        scan(make_tar({{deep, needle("deep____")}, {longest, needle("long____")}, {"next", needle("next____")}}, format));
    CHECK(places(report) == Texts{"deep____ " + deep, "long____ " + longest.substr(0, limits::path_bytes_max), "next____ next"});
    CHECK(report.diagnostics.size() == 1);
    CHECK(mentions(report, "path_bytes_max"));
  }
  const std::string utf8 =
      "ca\xcc\x81"
      "fe/\xe6\x97\xa5\xe6\x9c\xac";  // a decomposed accent stays decomposed
  const ScannedBlob report = scan(closed(file("latin\xe9/\xff", needle("latin___")) + file("../up/../x", needle("updots__")) +
                                         file("new\nline", needle("control_")) + file(utf8, needle("utf8____")) +
                                         pax({{"path", "pax/" + utf8}}) + file("x", needle("utf8pax_")) +
                                         pax({{"path",
                                               "pax/bad\xff"
                                               "name"}}) +
                                         file("fallback", needle("badpax__"))));
  const auto found = places(report);
  CHECK(std::ranges::find(found, "latin___ latin\\xe9/\\xff") != found.end());
  CHECK(std::ranges::find(found, "updots__ ../up/../x") != found.end());
  CHECK(std::ranges::find(found, "control_ new\\x0aline") != found.end());
  CHECK(std::ranges::find(found, "utf8____ " + utf8) != found.end());
  CHECK(std::ranges::find(found, "utf8pax_ pax/" + utf8) != found.end());
  CHECK(std::ranges::any_of(found, [](const std::string& text) { return text.starts_with("badpax__ "); }));
  CHECK(found.size() == 6);
  CHECK(mentions(report, "\"..\" components"));
}

TEST_CASE("sparse files are searched where they have bytes") {
  const std::uint64_t huge = std::uint64_t{1} << 50;
  const std::string mark = needle("sparse__");
  // GNU format 1.0: the map stands before the data, in a block of its own.
  const std::string map = tar_blocks("3\n0\n15\n" + std::to_string(huge - 600) + "\n15\n" + std::to_string(huge) + "\n0\n");
  const std::string body = map + mark + mark;
  const std::string sparse = pax({{"GNU.sparse.major", "1"},
                                  {"GNU.sparse.minor", "0"},
                                  {"GNU.sparse.name", "holey"},
                                  {"GNU.sparse.realsize", std::to_string(huge)}}) +
                             tar_header("GNUSparseFile.0/holey", octal(body.size())) + tar_blocks(body);
  const ScannedBlob report = scan(closed(sparse + file("next", needle("next____"))));
  CHECK(report.diagnostics.empty());
  REQUIRE(report.findings.size() == 2);
  CHECK(places(report) == Texts{"next____ next", "sparse__ holey", "sparse__ holey"});
  CHECK(report.findings[1].occurrences[0].offset == 0);
  CHECK(report.findings[1].occurrences[1].offset == huge - 600);
}

TEST_CASE("what lies behind the end of the tar is not part of the layer, but told") {
  const std::string tar = make_tar({{"a", needle("aaaaaaaa")}});
  const ScannedBlob twice = scan(tar + make_tar({{"b", needle("bbbbbbbb")}}));
  CHECK(places(twice) == Texts{"aaaaaaaa a"});
  CHECK(mentions(twice, "after the end of the layer's tar"));
  CHECK(scan(tar + std::string(20'000, '\0')).diagnostics.empty());
  CHECK(mentions(scan(compress(tar, "gzip") + "garbage"), "after the end of the layer's compressed data"));
  CHECK(mentions(scan(compress(tar + std::string(300'000, '\0') + "x", "gzip")), "after the end of the layer's tar"));
}

TEST_CASE("a tar without its end marks is read to its last byte") {
  const ScannedBlob report = scan(file("a", needle("aaaaaaaa")) + file("b", needle("bbbbbbbb")));
  CHECK(places(report) == Texts{"aaaaaaaa a", "bbbbbbbb b"});
}

TEST_CASE("files larger than a window are searched with their offsets") {
  std::string content = noise(5'000'000);
  content.replace(4'000'000, 15, needle("middle__"));
  content.replace(4'999'985, 15, needle("last____"));
  const ScannedBlob report = scan(compress(make_tar({{"big", content}, {"next", needle("next____")}}), "gzip"));
  CHECK(places(report) == Texts{"last____ big", "middle__ big", "next____ next"});
  CHECK(report.findings[1].occurrences[0].offset == 4'000'000);
  CHECK(report.diagnostics.empty());
}

TEST_CASE("a report does not depend on how the blob comes in pieces") {
  std::vector<Item> items;
  for (unsigned i = 0; i < 40; ++i) {
    items.push_back({"plain" + std::to_string(i), noise(i * 997, i) + needle("plain" + std::to_string(100 + i)) + noise(i * 5003, i)});
    items.push_back({"zip" + std::to_string(i), make_zip({{"in", noise(i * 100, i) + needle("zip" + std::to_string(10000 + i))}})});
  }
  for (const std::string& blob : {make_tar(items), compress(make_tar(items), "zstd")}) {
    const nlohmann::json whole = scan(blob, {}, blob.size());
    CHECK(whole["findings"].size() == 80);
    for (const std::size_t chunk : {100, 4096, 65'537, 300'001}) CHECK(nlohmann::json::diff(whole, scan(blob, {}, chunk)).dump() == "[]");
  }
}

TEST_CASE("one read serves all wanted analyses, and what one of them finds does not depend on the others") {
  int secrets_asked = 0, packages_asked = 0;
  std::vector<std::unique_ptr<const Detector>> detectors;
  detectors.push_back(make_needle_detector());
  detectors.push_back(std::make_unique<MarkDetector>("secrets", Analysis::secrets, secrets_asked));
  detectors.push_back(std::make_unique<MarkDetector>("packages", Analysis::packages, packages_asked));
  const auto engine = Engine::create(DetectorContext{}, std::move(detectors)).value();
  // Each limit is met by the marks, and by no needle.
  ScanLimits limits;
  limits.triggers_per_file_max = 20;
  limits.findings_per_file_max = 12;
  limits.findings_per_layer_max = 30;
  limits.layer_guess_rounds_max = 25;
  limits.diagnostics_per_layer_max = 4;
  std::string marks;
  for (int i = 0; i < 100; ++i) marks += "MARK ";
  const std::string blob = make_tar({{"a", marks + needle("aaaaaaaa")},
                                     {"b", marks},
                                     {"c", marks + needle("cccccccc")},
                                     {"d.zip", make_zip({{"in", marks + needle("dddddddd")}})},
                                     {".wh.gone", ""}});
  LayerScanner scanner(engine, limits);
  const auto scan_for = [&](std::vector<Analysis> wanted) {
    MemorySource source(as_bytes(blob), 64 * 1024);
    ScanProgress progress;
    return scanner.scan(source, Digest::sha256_of(as_bytes(blob)), blob.size(), wanted, progress, {}).value();
  };
  const ScannedLayer all = scan_for({Analysis::secrets, Analysis::configuration, Analysis::packages, Analysis::cryptography});
  REQUIRE(all.reports.size() == 3);
  CHECK(all.reports[0].findings.size() == 3);
  CHECK(all.reports[0].diagnostics.empty());
  CHECK(all.reports[1].findings.size() == 12);
  CHECK_FALSE(all.reports[1].diagnostics.empty());
  CHECK(all.facts.whiteouts == std::vector<std::string>{"gone"});
  for (const LayerReport& together : all.reports) {
    INFO(to_string(together.of.analysis));
    const ScannedLayer alone = scan_for({together.of.analysis});
    REQUIRE(alone.reports.size() == 1);
    CHECK(nlohmann::json(alone.reports[0]) == nlohmann::json(together));
    CHECK(nlohmann::json(alone.facts) == nlohmann::json(all.facts));
  }
  secrets_asked = packages_asked = 0;
  CHECK(scan_for({Analysis::cryptography}).reports[0].findings.size() == 3);
  CHECK(scan_for({}).reports.empty());
  CHECK(nlohmann::json(scan_for({}).facts) == nlohmann::json(all.facts));
  CHECK(secrets_asked == 0);
  CHECK(packages_asked == 0);
}
