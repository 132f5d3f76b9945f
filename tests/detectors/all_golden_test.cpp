// SPDX-License-Identifier: Apache-2.0
// A detector's version decides whether old reports are used again, so what it finds must not change without it. golden.json holds, for each
// detector, its version and a digest of everything that it finds in the files of corpus/ and in the fuzz targets' corpora.
#include "detectors/all.hpp"

#include "core/base/digest.hpp"
#include "core/base/json.hpp"
#include "tests/detectors/support/scan_bytes.hpp"
#include "tests/support/catch.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

namespace landwaiter::detectors {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

std::string content_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

/// In an order that does not depend on the file system.
std::set<fs::path> corpus() {
  std::set<fs::path> files;
  for (const char* folder : {"detectors/corpus", "fuzz/corpus"}) {
    for (const auto& entry : fs::recursive_directory_iterator(fs::path(LANDWAITER_TESTS_FOLDER) / folder)) {
      if (entry.is_regular_file()) files.insert(entry.path());
    }
  }
  return files;
}

/// All findings of each detector by its name, one line each.
std::map<std::string, std::string> findings_by_detector() {
  const FileScanner scanner;
  std::map<std::string, std::string> found;
  for (const fs::path& file : corpus()) {
    const std::string bytes = content_of(file);
    for (const Finding& finding : scanner.scan(bytes, file.filename().string()).findings) {
      const std::string name = finding.detector.substr(0, finding.detector.find('/'));
      json line = finding;
      line.erase("detector");
      found[name] += fs::relative(file, LANDWAITER_TESTS_FOLDER).string() + ' ' + dump_json(line) + '\n';
    }
  }
  return found;
}

json golden_now() {
  auto found = findings_by_detector();
  json golden = json::object();
  for (const auto& detector : make_all_detectors(DetectorContext{Secret("k")})) {
    const std::string name(detector->name());
    golden[name] = {{"version", detector->version()},
                    {"findings", std::ranges::count(found[name], '\n')},
                    {"digest", Digest::sha256_of(as_bytes(found[name])).str()}};
  }
  return golden;
}

}  // namespace

TEST_CASE("what a detector finds does not change without its version", "[all][golden]") {
  const fs::path file = fs::path(LANDWAITER_TESTS_FOLDER) / "detectors/golden.json";
  const json now = golden_now();
  if (std::getenv("LANDWAITER_WRITE_GOLDEN") != nullptr) std::ofstream(file) << dump_json_pretty(now) << '\n';
  const json before = json::parse(content_of(file));
  for (const auto& [name, detector] : now.items()) {
    INFO(name << ": raise its version() when what it finds has changed, then run this test once with LANDWAITER_WRITE_GOLDEN=1");
    // The detector of encoded text passes what it decodes to the others, which report it.
    if (name != "encoded-text") CHECK(detector.at("findings") > 0);
    REQUIRE(before.contains(name));
    CHECK(detector == before.at(name));
  }
  CHECK(before.size() == now.size());
}

TEST_CASE("what is found does not depend on the run", "[all][golden]") { CHECK(findings_by_detector() == findings_by_detector()); }

}  // namespace landwaiter::detectors
