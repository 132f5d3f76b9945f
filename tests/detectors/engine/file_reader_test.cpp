// SPDX-License-Identifier: Apache-2.0
#include "detectors/engine/file_reader.hpp"
#include "core/base/limits.hpp"
#include "detectors/engine/file_reading.hpp"
#include "detectors/engine/file_scan.hpp"
#include "tests/detectors/support/test_readers.hpp"
#include "tests/support/catch.hpp"

#include <stdexcept>

using namespace landwaiter;
using namespace landwaiter::detectors;
using namespace landwaiter::detectors::test;

namespace {

using Texts = std::vector<std::string>;

std::shared_ptr<const Engine> engine_with(Readers readers) { return Engine::create(DetectorContext{}, {}, std::move(readers)).value(); }

TestReader::Wants everything() {
  return [](const FileFacts&) { return true; };
}

/// Every reader's analysis is wanted.
std::unique_ptr<FileReading> open(const Engine& engine, const ScanLimits& limits, const FileFacts& file) {
  ByAnalysis<bool> wanted{};
  wanted.fill(true);
  static ByAnalysis<WorkMeter> work{};
  for (WorkMeter& meter : work) meter.begin(limits.layer_work_base);
  return FileReading::open(engine.impl(), limits, wanted, work, file);
}

FileFacts facts(std::string_view path) {
  FileFacts out;
  out.path = path;
  return out;
}

/// A sink by itself.
struct Rig {
  Texts log;
  ScanLimits limits;
  TestReader reader = recording_reader(log, everything());
  WorkMeter work;
  FileReading::Part sink{reader, "r/1", limits, work};
};

/// The part of the only reader that wants the file.
FileReading::Part& only_part(const std::unique_ptr<FileReading>& reading) {
  REQUIRE(reading);
  REQUIRE(reading->parts().size() == 1);
  return *reading->parts()[0];
}

/// Decodes hex, and reports what stands in a package of that name.
class NamingDetector final : public Detector {
 public:
  std::string_view name() const override { return "naming"; }
  int version() const override { return 4; }
  std::vector<Trigger> triggers() const override { return {{1, "PKG:", 4}, {2, "HEX:", 4}}; }
  void inspect(const Window& window, const Hit& hit, FindingSink& sink) const override {
    const std::string_view rest = as_text(window.bytes.subspan(hit.end));
    if (hit.trigger == 2) {
      const auto decoded = hex_decode(rest.substr(0, 14));
      return decoded ? sink.decoded("hex", *decoded, hit.end, hit.end + 14) : void();
    }
    Package package;
    package.ecosystem = "test";
    package.name = rest.substr(0, 3);
    sink.add(std::move(package), hit.end - 4);
  }
};

}  // namespace

TEST_CASE("whole_file gives the file at its end, whatever its pieces") {
  const std::string content = "some bytes of a file";
  for (const std::size_t piece : {1, 7, 100}) {
    Rig rig;
    std::string read;
    const auto consumer = whole_file(
        content.size(), [&](ByteView bytes) { read += as_text(bytes); }, rig.sink);
    for (std::size_t at = 0; at < content.size(); at += piece) consumer->push(as_bytes(std::string_view(content).substr(at, piece)));
    CHECK(read.empty());
    consumer->finish();
    CHECK(read == content);
    CHECK(rig.sink.results.diagnostics.empty());
  }
}

TEST_CASE("whole_file does not read a larger file, and says so once") {
  Rig rig;
  FileReading::Part& sink = rig.sink;
  bool read = false;
  SECTION("than was asked for") {
    const auto consumer = whole_file(
        10, [&](ByteView) { read = true; }, sink);
    for (int i = 0; i < 11; ++i) consumer->push(as_bytes("x"));
    consumer->finish();
  }
  SECTION("in one piece") {
    const auto consumer = whole_file(
        10, [&](ByteView) { read = true; }, sink);
    consumer->push(as_bytes("0123456789a"));
    consumer->push(as_bytes("x"));
    consumer->finish();
  }
  SECTION("than anybody may ask for") {
    const auto consumer = whole_file(
        ~std::uint64_t{0}, [&](ByteView) { read = true; }, sink);
    const std::string chunk(1 << 20, 'x');
    for (std::uint64_t at = 0; at <= limits::whole_file_bytes_max; at += chunk.size()) consumer->push(as_bytes(chunk));
    consumer->finish();
  }
  CHECK_FALSE(read);
  REQUIRE(sink.results.diagnostics.size() == 1);
  CHECK(sink.results.diagnostics[0].code == ErrorCode::limit_exceeded);
  CHECK(sink.results.diagnostics[0].message.find("larger than") != std::string::npos);
}

TEST_CASE("whole_file calls its reader for an empty file, too") {
  Rig rig;
  int calls = 0;
  whole_file(
      10, [&](ByteView bytes) { calls += bytes.empty() ? 1 : 100; }, rig.sink)
      ->finish();
  CHECK(calls == 1);
}

TEST_CASE("nothing is opened for a file that nobody wants") {
  Texts log;
  const auto engine = engine_with(readers(recording_reader(log, [](const FileFacts& file) { return file.path == "a"; })));
  const ScanLimits limits;
  CHECK(open(*engine, limits, facts("b")) == nullptr);
  const auto reading = open(*engine, limits, facts("a"));
  REQUIRE(reading);
  reading->push(as_bytes("x"));
  ByAnalysis<std::uint64_t> zeros_left{};
  zeros_left[index_of(Analysis::packages)] = 3;
  reading->skip(3, zeros_left);
  CHECK(zeros_left[index_of(Analysis::packages)] == 0);
  reading->push(as_bytes("y"));
  reading->finish();
  CHECK(log == Texts{"a: x" + std::string(3, '\0') + "y"});
}

TEST_CASE("all readers that want a file get its bytes, and each its own results") {
  const auto reporting = [](std::string name) {
    return TestReader(
        everything(),
        [](const FileFacts&, ReportSink& sink) {
          return whole_file(
              100, [&sink](ByteView bytes) { sink.diagnose(ErrorCode::malformed, std::string(as_text(bytes)), 0); }, sink);
        },
        std::move(name), 2);
  };
  const auto engine = engine_with(readers(reporting("one"), reporting("two")));
  const ScanLimits limits;
  const auto reading = open(*engine, limits, facts("a"));
  REQUIRE(reading);
  reading->push(as_bytes("bytes"));
  reading->finish();
  REQUIRE(reading->parts().size() == 2);
  for (const auto& part : reading->parts()) {
    REQUIRE(part->results.diagnostics.size() == 1);
    CHECK(part->results.diagnostics[0].message == "bytes");
  }
  CHECK(reading->parts()[1]->reader.name() == "two");
}

TEST_CASE("what is reported carries the reader and its offset") {
  const TestReader reader(
      everything(),
      [](const FileFacts&, ReportSink& sink) {
        Finding finding;
        finding.id = "a";
        sink.add(std::move(finding), 5);
        Package package;
        package.ecosystem = "deb";
        package.name = "bash";
        sink.add(std::move(package), 6);
        Distribution distribution;
        distribution.id = "debian";
        sink.add(std::move(distribution), 7);
        return std::unique_ptr<FileConsumer>();  // the facts were enough
      },
      "facts", 3);
  const auto engine = engine_with(readers(reader));
  const ScanLimits limits;
  const auto reading = open(*engine, limits, facts("a"));
  FileResults& results = only_part(reading).results;
  reading->push(as_bytes("not wanted"));
  reading->finish();
  REQUIRE((results.findings.size() == 1 && results.packages.size() == 1 && results.distribution));
  CHECK(results.findings[0].detector == "facts/3");
  CHECK(results.findings[0].occurrences.at(0).offset == 5);
  CHECK(results.packages[0].reader == "facts/3");
  CHECK(results.packages[0].occurrences.at(0).offset == 6);
  CHECK(results.distribution->reader == "facts/3");
  CHECK(results.distribution->where.offset == 7);
}

TEST_CASE("a reader pays for what it does, and what it says when nothing is left does not count") {
  // Its "cost" are as many bytes as stand in the file, of which each brings 10.
  const auto costing = [](std::uint64_t cost) {
    return TestReader(everything(), [cost](const FileFacts&, ReportSink& sink) {
      return whole_file(
          100,
          [&sink, cost](ByteView) {
            charge_work(cost);
            Package package;
            package.ecosystem = "deb";
            package.name = "bash";
            sink.add(std::move(package), 0);
            sink.diagnose(ErrorCode::malformed, "said in the end", 0);
          },
          sink);
    });
  };
  ScanLimits limits;
  limits.layer_work_base = 100;
  limits.layer_work_per_byte = 10;
  const auto read = [&](std::uint64_t cost) {
    const auto engine = engine_with(readers(costing(cost)));
    const auto reading = open(*engine, limits, facts("a"));
    reading->push(as_bytes("ten bytes."));
    reading->finish();
    return std::move(only_part(reading).results);
  };
  const FileResults affordable = read(200);
  CHECK(affordable.packages.size() == 1);
  REQUIRE(affordable.diagnostics.size() == 1);
  CHECK(affordable.diagnostics[0].message == "said in the end");
  const FileResults too_dear = read(201);
  CHECK(too_dear.packages.empty());
  REQUIRE(too_dear.diagnostics.size() == 1);
  CHECK(too_dear.diagnostics[0].code == ErrorCode::limit_exceeded);
  CHECK(too_dear.diagnostics[0].message.find("layer_work_per_byte") != std::string::npos);
}

TEST_CASE("packages and distributions that no report may hold are left out with a diagnostic") {
  const auto engine = engine_with(readers(TestReader(everything(), [](const FileFacts&, ReportSink& sink) {
    Package package;
    package.ecosystem = "deb";
    sink.add(package, 0);
    package.name = std::string(limits::package_text_bytes_max + 1, 'n');
    sink.add(package, 0);
    package.name = "enough";
    for (int i = 0; i < 6; ++i) sink.add(package, 0);
    sink.add(Distribution{}, 0);
    return std::unique_ptr<FileConsumer>();
  })));
  ScanLimits limits;
  limits.packages_per_layer_max = 4;
  const auto reading = open(*engine, limits, facts("a"));
  FileResults& results = only_part(reading).results;
  CHECK(results.packages.size() == 4);
  CHECK_FALSE(results.distribution);
  REQUIRE(results.diagnostics.size() == 4);
  CHECK(results.diagnostics[0].message.find("without ecosystem or name") != std::string::npos);
  CHECK(results.diagnostics[1].message.find("package_text_bytes_max") != std::string::npos);
  CHECK(results.diagnostics[2].message.find("packages_per_layer_max") != std::string::npos);
  CHECK(results.diagnostics[3].message.find("without id") != std::string::npos);
}

TEST_CASE("a reader that fails costs what it would have found, and no other reader") {
  struct Failing final : FileConsumer {
    explicit Failing(bool at_end) : at_end_(at_end) {}
    void push(ByteView) override {
      if (!at_end_) throw std::runtime_error("push");
    }
    void finish() override { throw std::runtime_error("finish"); }
    bool at_end_;
  };
  const auto failing = [](std::string name, TestReader::Wants wants, TestReader::Open open) {
    return TestReader(std::move(wants), std::move(open), std::move(name));
  };
  Texts log;
  const auto engine =
      engine_with(readers(failing(
                              "wants", [](const FileFacts&) -> bool { throw std::runtime_error("wants"); }, nullptr),
                          failing("open", everything(),
                                  [](const FileFacts&, ReportSink&) -> std::unique_ptr<FileConsumer> { throw std::runtime_error("open"); }),
                          failing("push", everything(), [](const FileFacts&, ReportSink&) { return std::make_unique<Failing>(false); }),
                          failing("finish", everything(), [](const FileFacts&, ReportSink&) { return std::make_unique<Failing>(true); }),
                          recording_reader(log, everything())));
  const ScanLimits limits;
  const auto reading = open(*engine, limits, facts("a"));
  REQUIRE(reading);
  reading->push(as_bytes("x"));
  reading->push(as_bytes("y"));
  reading->finish();
  CHECK(log == Texts{"a: xy"});
  REQUIRE(reading->parts().size() == 5);
  for (const auto& part : reading->parts()) {
    const auto& diagnostics = part->results.diagnostics;
    if (part->reader.name() == "test-reader") {
      CHECK(diagnostics.empty());
      continue;
    }
    REQUIRE(diagnostics.size() == 1);
    CHECK(diagnostics[0].code == ErrorCode::internal);
    CHECK(diagnostics[0].message == "the reader " + std::string(part->reader.name()) + "/1 failed on this file: please report it");
  }
}

TEST_CASE("a file that is broken off never finishes, and keeps what was reported of it") {
  Texts log;
  const auto engine = engine_with(readers(TestReader(everything(), [&](const FileFacts&, ReportSink& sink) {
    sink.diagnose(ErrorCode::malformed, "before", 0);
    return std::make_unique<Recorder>(log, "");
  })));
  const ScanLimits limits;
  const auto reading = open(*engine, limits, facts("a"));
  FileResults& results = only_part(reading).results;
  reading->push(as_bytes("x"));
  ByAnalysis<std::uint64_t> zeros_left{};
  reading->skip(1, zeros_left);
  reading->push(as_bytes("y"));
  reading->finish();
  CHECK(log == Texts{"x..."});
  REQUIRE(results.diagnostics.size() == 2);
  CHECK(results.diagnostics[0].message == "before");
  CHECK(results.diagnostics[1].code == ErrorCode::limit_exceeded);
  CHECK(results.diagnostics[1].message.find("reader_zeros_bytes_max") != std::string::npos);
}

TEST_CASE("readers belong to the state of their analysis, and names are unique among all") {
  const auto state = [](Readers with) {
    const auto engine = engine_with(std::move(with));
    const Digest* packages = state_of(engine->states(), Analysis::packages);
    CHECK(engine->states().size() == (packages == nullptr ? 0 : 1));
    return packages == nullptr ? Digest() : *packages;
  };
  const auto named = [](std::string name, int version) { return TestReader(everything(), nullptr, std::move(name), version); };
  const std::vector<Digest> states{state({}), state(readers(named("a", 1))), state(readers(named("a", 2))), state(readers(named("b", 1))),
                                   state(readers(named("a", 1), named("b", 1)))};
  for (std::size_t i = 0; i < states.size(); ++i) {
    for (std::size_t j = i + 1; j < states.size(); ++j) CHECK(states[i] != states[j]);
  }
  CHECK(states[1] == state(readers(named("a", 1))));

  CHECK_FALSE(Engine::create(DetectorContext{}, {}, readers(named("a", 1), named("a", 2))).has_value());
  std::vector<std::unique_ptr<const Detector>> detectors;
  detectors.push_back(std::make_unique<NamingDetector>());
  const auto both = Engine::create(DetectorContext{}, std::move(detectors), readers(named("naming", 1)));
  REQUIRE_FALSE(both.has_value());
  CHECK(both.error().message().find("naming") != std::string::npos);
}

TEST_CASE("a detector reports packages, too, also of what it decoded") {
  std::vector<std::unique_ptr<const Detector>> detectors;
  detectors.push_back(std::make_unique<NamingDetector>());
  const auto engine = Engine::create(DetectorContext{}, std::move(detectors)).value();
  FileScanMemory memory(engine->impl());
  const ScanLimits limits;
  memory.begin_layer(kAllAnalyses, limits);
  FileScan scan(engine->impl(), memory, limits);
  const std::string file = "..PKG:abc  HEX:" + hex_encode(as_bytes("PKG:xyz"));
  scan.whole(as_bytes(file));
  const auto& packages = scan.found(Analysis::cryptography).packages;
  REQUIRE(packages.size() == 2);
  CHECK(packages[0].name == "abc");
  CHECK(packages[0].reader == "naming/4");
  CHECK(packages[0].occurrences.at(0).offset == 2);
  CHECK(packages[1].name == "xyz");
  CHECK(packages[1].occurrences.at(0).offset == 15);
  scan.reset("next");
  CHECK(packages.empty());
}
