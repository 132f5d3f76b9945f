// SPDX-License-Identifier: Apache-2.0
// The memory of one layer: what does not fit is left out and said, and the rest is read.
#include "core/base/limits.hpp"
#include "core/report/memory.hpp"
#include "detectors/engine/engine.hpp"
#include "detectors/walk/layer_scanner.hpp"
#include "tests/detectors/support/walker_support.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>

namespace landwaiter::detectors::test {
namespace {

constexpr std::uint64_t kMiB = limits::MiB;
constexpr const char* kSaid = "--memory";

/// For "BIG:" and a number, a finding with attributes of 1 MiB; for "OBJ:" an object of 3 MiB that begins there.
class Greedy final : public Detector {
 public:
  std::string_view name() const override { return "greedy"; }
  int version() const override { return 1; }
  std::vector<Trigger> triggers() const override { return {{1, "BIG:[0-9]{4}", 8}, {2, "OBJ:[0-9]{4}", 8}}; }
  void inspect(const Window& window, const Hit& hit, FindingSink& sink) const override {
    const std::size_t begin = hit.end - 8;
    if (hit.trigger == 2 && sink.need(begin, 3 * kMiB)) return;
    Finding finding;
    finding.type = FindingType::secret;
    finding.id = as_text(window.bytes.subspan(begin, 8));
    finding.attributes["text"] = std::string(hit.trigger == 1 ? kMiB : 0, 'x');
    finding.attributes["size"] = window.bytes.size() - begin;
    sink.add(std::move(finding), begin);
  }
};

std::shared_ptr<const Engine> greedy_engine() {
  std::vector<std::unique_ptr<const Detector>> detectors;
  detectors.push_back(std::make_unique<Greedy>());
  return Engine::create(DetectorContext{}, std::move(detectors)).value();
}

ScanLimits within(std::uint64_t bytes) {
  ScanLimits limits;
  limits.layer_memory_bytes_max = bytes;
  return limits;
}

std::string numbered(const char* what, int number) {
  const std::string digits = std::to_string(number);
  return what + std::string(4 - digits.size(), '0') + digits;
}

}  // namespace

TEST_CASE("findings beyond the memory are left out, and copies cost only their places", "[memory]") {
  std::string copies, different;
  for (int i = 0; i < 1000; ++i) copies += numbered("BIG:", 7) + "\n";
  for (int i = 0; i < 40; ++i) different += numbered("BIG:", i) + "\n";
  const ScannedBlob same = scan_with(greedy_engine(), make_tar({{"copies", copies}}), within(16 * kMiB));
  REQUIRE(same.findings.size() == 1);
  CHECK(same.findings[0].occurrences.size() == 1000);
  CHECK(same.diagnostics.empty());
  CHECK(same.memory_peak < 6 * kMiB);

  const ScannedBlob in_one = scan_with(greedy_engine(), make_tar({{"all", different}, {"small", "OBJ:0001"}}), within(16 * kMiB));
  CHECK(in_one.findings.size() >= 6);
  CHECK(in_one.findings.size() <= 17);
  CHECK(mentions(in_one, kSaid));
  CHECK(in_one.memory_peak <= 16 * kMiB);

  std::vector<Item> files;
  for (int i = 0; i < 40; ++i) files.push_back({"file" + std::to_string(i), numbered("BIG:", i)});
  const ScannedBlob apart = scan_with(greedy_engine(), make_tar(files), within(16 * kMiB));
  CHECK(apart.findings.size() >= 6);
  CHECK(apart.findings.size() <= 16);
  CHECK(mentions(apart, kSaid));
  CHECK(apart.memory_peak <= 16 * kMiB);
}

TEST_CASE("more copies of one asset than findings_per_file_max hide no other", "[memory]") {
  ScanLimits limits;
  limits.findings_per_file_max = 20;
  std::string text;
  for (int i = 0; i < 100; ++i) text += needle("copycopy") + "\n";
  const ScannedBlob report = scan(make_tar({{"file", text + needle("theother")}}), limits);
  CHECK(report.findings.size() == 2);
  CHECK(report.diagnostics.empty());
}

TEST_CASE("as many places of a finding are kept as there is memory for", "[memory]") {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += needle("copycopy") + "\n";
  const ScannedBlob report = scan(make_tar({{std::string(90, 'p'), text}}), within(4 * kMiB));
  REQUIRE(report.findings.size() == 1);
  CHECK(report.findings[0].occurrences.size() > 1000);
  CHECK(report.findings[0].occurrences.size() < 15'000);
  CHECK(mentions(report, kSaid));
  CHECK(report.memory_peak <= 4 * kMiB);
}

TEST_CASE("gathered objects that do not fit are not read", "[memory]") {
  const std::string object = numbered("OBJ:", 1) + std::string(4 * kMiB, '.');
  const ScannedBlob read = scan_with(greedy_engine(), make_tar({{"object", object}}));
  REQUIRE(read.findings.size() == 1);
  CHECK(read.findings[0].attributes["size"] == 3 * kMiB);
  const ScannedBlob refused = scan_with(greedy_engine(), make_tar({{"object", object}}), within(6 * kMiB));
  CHECK(mentions(refused, "an object of"));
  CHECK(mentions(refused, kSaid));
  // Four times that much beside what is kept: the object fits, but not what a detector makes of it.
  const ScannedBlob half = scan_with(greedy_engine(), make_tar({{"object", object}}), within(limits::kept_memory_bytes_min + 4 * kMiB));
  CHECK(half.findings.empty());
  CHECK(mentions(half, "an object of"));
}

TEST_CASE("archives that do not fit are searched, but not opened", "[memory]") {
  std::string nested = make_tar({{"key", needle("innerone")}});
  for (int i = 0; i < 7; ++i) nested = make_tar({{"a" + std::to_string(i) + ".tar", nested}});
  const std::string layer = make_tar({{"nested.tar", nested}, {"after", needle("afterall")}});
  const ScannedBlob all = scan(layer);
  CHECK(all.diagnostics.empty());
  CHECK(all.findings.size() == 2);
  CHECK(all.memory_peak > 14 * kMiB);
  const ScannedBlob some = scan(layer, within(limits::kept_memory_bytes_min + 8 * kMiB));
  CHECK(mentions(some, "is not opened"));
  CHECK(mentions(some, kSaid));
  CHECK(some.findings.size() == 2);  // stored as it is, so that the raw bytes show it
}

TEST_CASE("a window that does not fit beside those around it is not read", "[memory]") {
  const std::string inner = compress(make_tar({{"key", needle("innerone")}}), "xz");  // 8 MiB, as xz -6
  std::string nested = inner;
  for (int i = 0; i < 6; ++i) nested = compress(make_tar({{"a.tar.xz", nested}}), "xz");
  const std::string layer = compress(make_tar({{"one.tar.xz", inner}, {"many.tar.xz", nested}, {"after", needle("afterall")}}), "gzip");
  const ScannedBlob report = scan(layer);
  CHECK(report.findings.size() == 2);
  CHECK(mentions(report, "xz data takes a window of 8"));
  CHECK(report.memory_peak <= limits::layer_memory_bytes_max);
  CHECK(std::ranges::any_of(places(report), [](const std::string& place) { return place.find("one.tar.xz") != std::string::npos; }));
  CHECK_FALSE(mentions(scan(layer, within(100 * kMiB)), kSaid));
}

TEST_CASE("a layer whose own window does not fit says what to do", "[memory]") {
  // Header: magic, descriptor 0, window 2^27, an empty last block.
  const std::string layer("\x28\xb5\x2f\xfd\0\x88\x01\0\0", 9);
  const ScannedBlob report = scan(layer);
  REQUIRE(report.diagnostics.size() == 1);
  CHECK(report.diagnostics[0].code == ErrorCode::limit_exceeded);
  CHECK(mentions(report, "128"));
  CHECK(mentions(report, kSaid));
  CHECK(scan(layer, within(200 * kMiB)).diagnostics.empty());
}

TEST_CASE("paths, whiteouts and hard links beyond the memory are said", "[memory]") {
  std::string tar;
  const std::string longest(95, 'n');
  for (int i = 0; i < 4000; ++i) tar += tar_header(std::to_string(10'000 + i) + longest.substr(0, 80), "00000000000");
  const ScannedBlob paths = scan(closed(tar), within(20'000));
  CHECK(mentions(paths, "paths are left out"));
  CHECK(paths.written.size() > 500);
  tar.clear();
  for (int i = 0; i < 4000; ++i) tar += tar_header(".wh." + std::to_string(10'000 + i) + longest.substr(0, 80), "00000000000");
  const ScannedBlob whiteouts = scan(closed(tar), within(200'000));
  CHECK(mentions(whiteouts, "deleted assets"));
  CHECK(whiteouts.whiteouts.size() > 500);
  CHECK(whiteouts.memory_peak <= 200'000);
  std::vector<Item> links{{"first", "x"}};
  for (int i = 0; i < 4000; ++i) links.push_back({"link" + std::to_string(i), "first", Item::Kind::hard_link});
  const ScannedBlob linked = scan(make_tar(links), within(200'000));
  CHECK(mentions(linked, "all their names"));
}

TEST_CASE("diagnostics with long names stay within their bytes", "[memory]") {
  std::vector<Item> files;
  for (int i = 0; i < 990; ++i) files.push_back({std::string(3000, 'd') + std::to_string(i) + "/../x.gz", "\x1f\x8b\x08"});
  const ScannedBlob report = scan(make_tar(files));
  std::uint64_t bytes = 0;
  for (const Diagnostic& diagnostic : report.diagnostics) bytes += diagnostic.message.size() + diagnostic.path.size();
  CHECK(bytes < limits::diagnostics_bytes_max);
  CHECK(mentions(report, "more diagnostics are left out"));
}

TEST_CASE("a layer at all of its limits at once stays within its memory, and says the same each time", "[memory]") {
  std::string text;
  for (int i = 0; i < 30; ++i) text += numbered("BIG:", i) + "\n" + numbered("OBJ:", i) + std::string(kMiB, '.');
  std::string nested = compress(make_tar({{"text", text}}), "xz");
  for (const char* format : {"zstd", "bzip2", "xz", "gzip", "xz", "bzip2"})
    nested = compress(make_tar({{"nested", nested}, {"text", text}}), format);
  std::vector<Item> items{{"nested", nested}, {"text", text}};
  for (int i = 0; i < 2000; ++i) items.push_back({"link" + std::to_string(i), "text", Item::Kind::hard_link});
  for (int i = 0; i < 2000; ++i) items.push_back({"dir/.wh." + std::to_string(i), ""});
  const std::string layer = compress(make_tar(items), "zstd");
  const auto engine = greedy_engine();
  for (const std::uint64_t bytes : {6 * kMiB, 12 * kMiB, 20 * kMiB, limits::layer_memory_bytes_max}) {
    const ScannedBlob report = scan_with(engine, layer, within(bytes), 64 * 1024);
    CHECK(report.memory_peak <= bytes);
    CHECK(mentions(report, kSaid));
    CHECK(nlohmann::json(report) == nlohmann::json(scan_with(engine, layer, within(bytes), 1000)));
  }
}

TEST_CASE("estimates of memory grow with all that a value holds", "[memory]") {
  Finding finding;
  const std::uint64_t least = memory_of(finding);
  finding.attributes["name"] = std::string(1000, 'x');
  CHECK(memory_of(finding) > least + 1000);
  finding.attributes["list"] = nlohmann::json::array({1, 2, nlohmann::json::object({{"a", "b"}})});
  CHECK(memory_of(finding) > least + 1100);
  const std::uint64_t facts = memory_of_facts(finding);
  finding.occurrences.resize(3);
  CHECK(memory_of_facts(finding) == facts);
  CHECK(memory_of(finding) >= facts + 3 * sizeof(Occurrence));
}

}  // namespace landwaiter::detectors::test
