// SPDX-License-Identifier: Apache-2.0
// What a detector can ask the engine for beside its window.
#include "core/base/encoding.hpp"
#include "detectors/engine/file_scan.hpp"
#include "tests/detectors/support/walker_support.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>

using namespace landwaiter;
using namespace landwaiter::detectors;
using namespace landwaiter::detectors::test;

namespace {

constexpr std::string_view kObject = "OBJECT:";
constexpr std::string_view kHex = "HEX<";
constexpr std::string_view kCost = "COSTS1000";
constexpr std::string_view kMistake = "MISTAKE";
constexpr std::size_t kWindow = limits::window_bytes + limits::detector_lookahead_bytes + limits::detector_lookbehind_bytes;

Finding found(std::string id) {
  Finding finding;
  finding.type = FindingType::secret;
  finding.id = std::move(id);
  finding.title = "Found";
  return finding;
}

/// "OBJECT:" and eight digits: an object of so many bytes, these among them. "HEX<...>": encoded bytes. "COSTS1000": a guess.
class AskingDetector final : public Detector {
 public:
  std::string_view name() const override { return "asking"; }
  int version() const override { return 1; }
  std::vector<Trigger> triggers() const override {
    return {{0, std::string(kObject), kObject.size()},
            {1, std::string(kHex), kHex.size()},
            {2, std::string(kCost), kCost.size()},
            {3, std::string(kMistake), kMistake.size()}};
  }

  void inspect(const Window& window, const Hit& hit, FindingSink& sink) const override {
    if (hit.trigger == 3) throw std::out_of_range("a secret byte: 7");
    if (hit.trigger == 0) return inspect_object(window, hit, sink);
    if (hit.trigger == 2) return sink.add(found(sink.spend(1000) ? "paid" : "refused"), hit.end - kCost.size());
    const std::string_view text = as_text(window.bytes.subspan(hit.end));
    auto bytes = hex_decode(text.substr(0, text.find('>')));
    if (bytes) sink.decoded("hex", *std::move(bytes), hit.end - kHex.size(), hit.end + 1);
  }

 private:
  static void inspect_object(const Window& window, const Hit& hit, FindingSink& sink) {
    const std::size_t begin = hit.end - kObject.size();
    const std::size_t size = std::stoul(std::string(as_text(window.bytes.subspan(hit.end, 8))));
    if (window.bytes.size() - begin < size && sink.need(begin, size)) return;
    const ByteView object = window.bytes.subspan(begin, std::min(size, window.bytes.size() - begin));
    sink.add(found(Digest::sha256_of(object).str() + " of " + std::string(window.name)), begin);
    if (as_text(window.head).substr(0, 4) != "HEAD") sink.diagnose(ErrorCode::internal, "the file's head is not shown", begin);
  }
};

std::shared_ptr<const Engine> asking_engine() {
  std::vector<std::unique_ptr<const Detector>> detectors;
  detectors.push_back(std::make_unique<AskingDetector>());
  detectors.push_back(make_needle_detector());
  return Engine::create(DetectorContext{}, std::move(detectors)).value();
}

struct Rig {
  Rig() { memory.begin_layer(kAllAnalyses, limits); }

  std::shared_ptr<const Engine> engine = asking_engine();
  ScanLimits limits;
  FileScanMemory memory{engine->impl()};
  FileScan scan{engine->impl(), memory, limits};

  const std::vector<Finding>& run(std::string_view file, std::size_t piece = 60'000) {
    scan.reset("a-file");
    for (; !file.empty(); file.remove_prefix(std::min(piece, file.size()))) scan.push(as_bytes(file.substr(0, piece)));
    scan.finish();
    return scan.found(Analysis::cryptography).findings;
  }
};

std::string object_of(std::size_t size) {
  std::string digits = std::to_string(size);
  digits.insert(0, 8 - digits.size(), '0');
  const std::string head = std::string(kObject) + digits;
  return head + noise(size - head.size());
}

std::string id_of(std::string_view object) { return Digest::sha256_of(as_bytes(object)).str() + " of a-file"; }

}  // namespace

TEST_CASE("an object larger than the window is gathered whole, wherever it begins", "[requests]") {
  Rig rig;
  for (const std::size_t size : {100'000UL, 200'000UL, 2'000'000UL, std::size_t{limits::object_bytes_max}}) {
    const std::string object = object_of(size);
    for (const std::size_t before : {4UL, 1'000'017UL, kWindow - 20, kWindow + 5}) {
      INFO(size << " bytes behind " << before);
      const auto& findings = rig.run("HEAD" + std::string(before - 4, '.') + object + "behind it");
      REQUIRE(findings.size() == 1);
      CHECK(findings[0].id == id_of(object));
      CHECK(findings[0].occurrences.at(0).offset == before);
      CHECK(rig.scan.found(Analysis::cryptography).diagnostics.empty());
    }
  }
}

TEST_CASE("of an object that the file cuts off, what there is is shown", "[requests]") {
  Rig rig;
  const std::string object = object_of(3'000'000).substr(0, 2'500'000);
  const auto& findings = rig.run("HEAD" + object);
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].id == id_of(object));
}

TEST_CASE("objects beyond the limits are not gathered", "[requests]") {
  Rig rig;
  CHECK(rig.run("HEAD" + object_of(limits::object_bytes_max + 1)).size() == 1);
  CHECK(rig.scan.found(Analysis::cryptography).findings[0].id != id_of(object_of(limits::object_bytes_max + 1)));
  // As many as may wait do; one more is refused immediately.
  std::string many = "HEAD";
  for (std::size_t i = 0; i <= limits::objects_waiting_max; ++i) many += object_of(2'000'000).substr(0, 100);
  many += std::string(4'000'000, '.');
  CHECK(rig.run(many).size() == limits::objects_waiting_max + 1);
}

TEST_CASE("a hole ends what is being gathered", "[requests]") {
  Rig rig;
  rig.scan.reset("a-file");
  rig.scan.push(as_bytes("HEAD" + object_of(3'000'000).substr(0, 1'500'000)));
  rig.scan.skip(10'000'000);
  rig.scan.push(as_bytes(needle("12345678")));
  rig.scan.finish();
  REQUIRE(rig.scan.found(Analysis::cryptography).findings.size() == 2);
  CHECK(rig.scan.found(Analysis::cryptography).findings[1].id == "needle:12345678");
}

TEST_CASE("what a detector decodes is searched by all detectors", "[requests]") {
  Rig rig;
  const auto hex = [](std::string_view text) { return std::string(kHex) + hex_encode(as_bytes(text)) + ">"; };
  const auto& findings = rig.run("HEAD..." + hex("xx" + needle("12345678")) + needle("87654321"));
  REQUIRE(findings.size() == 2);
  CHECK(findings[0].id == "needle:12345678");
  CHECK(findings[0].attributes["wrapped_in"] == nlohmann::json::array({"hex"}));
  CHECK(findings[0].occurrences.at(0).offset == 7);
  CHECK_FALSE(findings[1].attributes.contains("wrapped_in"));

  SECTION("also encoded twice, but not forever") {
    std::string text = needle("12345678");
    for (std::size_t depth = 1; depth <= limits::decode_depth_max + 1; ++depth) {
      text = hex(text);
      const auto& nested = rig.run("HEAD" + text);
      REQUIRE(nested.size() == (depth <= limits::decode_depth_max ? 1 : 0));
      if (!nested.empty()) CHECK(nested[0].attributes["wrapped_in"].size() == depth);
    }
  }
}

TEST_CASE("what was compressed before it was encoded is searched", "[requests]") {
  Rig rig;
  const auto hex = [](std::string_view text) { return std::string(kHex) + hex_encode(as_bytes(text)) + ">"; };
  for (const std::string filter : {"gzip", "zstd", "xz", "bzip2", "lzma"}) {
    INFO(filter);
    const std::string packed = compress(std::string(3'000'000, 'x') + needle("12345678") + std::string(1000, 'y'), filter);
    const auto& findings = rig.run("HEAD" + hex(packed));
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].attributes["wrapped_in"] == nlohmann::json::array({"hex", filter}));
    CHECK(rig.scan.found(Analysis::cryptography).diagnostics.empty());
    const auto& twice = rig.run("HEAD" + hex(compress("HEAD" + hex(packed), "gzip")));
    REQUIRE(twice.size() == 1);
    CHECK(twice[0].attributes["wrapped_in"] == nlohmann::json::array({"hex", "gzip", "hex", filter}));
    // What is not damaged is searched.
    const std::string beginning = compress(needle("12345678") + noise(5000), filter);
    CHECK(rig.run("HEAD" + hex(beginning.substr(0, beginning.size() - 20))).size() <= 1);
  }
}

TEST_CASE("what expands too much costs no more than its file brings, and is told", "[requests]") {
  Rig rig;
  rig.limits.layer_work_base = 1'000'000;
  rig.memory.begin_layer(kAllAnalyses, rig.limits);
  const std::string bomb = compress(std::string(50'000'000, '\0') + needle("12345678"), "gzip");
  CHECK(rig.run("HEAD" + std::string(kHex) + hex_encode(as_bytes(bomb)) + ">").empty());
  const auto& diagnostics = rig.scan.found(Analysis::cryptography).diagnostics;
  REQUIRE(diagnostics.size() == 1);
  CHECK(diagnostics[0].effect == Effect::incomplete);
}

TEST_CASE("a detector's mistake costs its own finding, and is told without the file's bytes", "[requests]") {
  Rig rig;
  const auto& findings = rig.run("HEAD" + std::string(kMistake) + needle("12345678"));
  REQUIRE(findings.size() == 1);
  REQUIRE(rig.scan.found(Analysis::cryptography).diagnostics.size() == 1);
  CHECK(rig.scan.found(Analysis::cryptography).diagnostics[0].code == ErrorCode::internal);
  CHECK(rig.scan.found(Analysis::cryptography).diagnostics[0].message.find("asking/1") != std::string::npos);
  CHECK(rig.scan.found(Analysis::cryptography).diagnostics[0].message.find("secret") == std::string::npos);
}

std::size_t places_of(const std::vector<Finding>& findings) {
  std::size_t count = 0;
  for (const Finding& finding : findings) count += finding.occurrences.size();
  return count;
}

TEST_CASE("places that the layer has not earned are not looked at, and each file says so once", "[requests]") {
  Rig rig;
  rig.limits.layer_work_per_byte = 0;
  rig.memory.begin_layer(kAllAnalyses, rig.limits);
  WorkMeter& meter = rig.memory.work[index_of(Analysis::cryptography)];
  meter.begin(2 * (limits::inspection_work + limits::finding_work));
  std::string file = "HEAD\x01";  // no text, whose lines would cost something as well
  for (int i = 0; i < 5; ++i) file += kCost;
  CHECK(places_of(rig.run(file)) == 2);
  REQUIRE(rig.scan.found(Analysis::cryptography).diagnostics.size() == 1);
  CHECK(rig.scan.found(Analysis::cryptography).diagnostics[0].code == ErrorCode::limit_exceeded);
  CHECK(meter.used() == 3 * limits::inspection_work + 2 * limits::finding_work);
  CHECK(rig.run(file).empty());
  CHECK(rig.scan.found(Analysis::cryptography).diagnostics.size() == 1);
  rig.limits.layer_work_per_byte = 500;
  CHECK(places_of(rig.run(file)) == 3);
}

TEST_CASE("the search of decoded bytes is paid for", "[requests]") {
  Rig rig;
  WorkMeter& meter = rig.memory.work[index_of(Analysis::cryptography)];
  const auto cost_of = [&](std::size_t size) {
    meter.begin(1'000'000'000);
    rig.run("HEAD" + std::string(kHex) + hex_encode(Bytes(size, '.')) + ">");
    return meter.used();
  };
  CHECK(cost_of(2000) >= cost_of(1000) + 1000 * (2 * 2 + 4));
}

TEST_CASE("a scan that was asked to stop looks at no further place", "[requests]") {
  Rig rig;
  std::stop_source source;
  rig.memory.stop = source.get_token();
  CHECK(rig.run("HEAD" + std::string(kCost)).size() == 1);
  source.request_stop();
  CHECK(rig.run("HEAD" + std::string(kCost)).empty());
}

TEST_CASE("guessing ends when its budget is spent", "[requests]") {
  Rig rig;
  rig.memory.guess_rounds_left[index_of(Analysis::cryptography)] = 2500;
  const auto& findings = rig.run("HEAD" + std::string(kCost) + std::string(kCost) + std::string(kCost));
  REQUIRE(findings.size() == 2);
  CHECK(findings[0].id == "paid");
  CHECK(findings[0].occurrences.size() == 2);
  CHECK(findings[1].id == "refused");
  CHECK(rig.memory.guess_rounds_left[index_of(Analysis::cryptography)] == 500);
}
