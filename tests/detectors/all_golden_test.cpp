// SPDX-License-Identifier: Apache-2.0
// A detector's version decides whether old reports are used again, so what it finds must not change without it. golden.json holds, for each
// detector, its version and a digest of everything that it finds in the files of corpus/ and in the fuzz targets' corpora; and a digest of
// those files, because new ones change what is found, too.
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
#include <vector>

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
      // The walker counts lines, whatever a detector says.
      for (json& place : line["occurrences"]) place.erase("line");
      found[name] += fs::relative(file, LANDWAITER_TESTS_FOLDER).string() + ' ' + dump_json(line) + '\n';
    }
  }
  return found;
}

std::string corpus_digest() {
  Hasher hasher(Digest::Algorithm::sha256);
  for (const fs::path& file : corpus()) {
    const std::string line =
        fs::relative(file, LANDWAITER_TESTS_FOLDER).string() + ' ' + Digest::sha256_of(as_bytes(content_of(file))).str();
    hasher.update(as_bytes(line + '\n'));
  }
  return hasher.finish().str();
}

json golden_now() {
  auto found = findings_by_detector();
  json detectors = json::object();
  for (const auto& detector : make_all_detectors(DetectorContext{})) {
    const std::string name(detector->name());
    detectors[name] = {{"version", detector->version()},
                       {"findings", std::ranges::count(found[name], '\n')},
                       {"digest", Digest::sha256_of(as_bytes(found[name])).str()}};
  }
  return {{"corpus", corpus_digest()}, {"detectors", std::move(detectors)}};
}

/// The detectors that find something else in the same files at the same version.
std::vector<std::string> changed_without_version(const json& before, const json& now) {
  std::vector<std::string> names;
  if (before.at("corpus") != now.at("corpus")) return names;
  for (const auto& [name, detector] : now.at("detectors").items()) {
    const auto old = before.at("detectors").find(name);
    if (old != before.at("detectors").end() && old->at("version") == detector.at("version") && *old != detector) names.push_back(name);
  }
  return names;
}

}  // namespace

TEST_CASE("what a detector finds does not change without its version", "[all][golden]") {
  const fs::path file = fs::path(LANDWAITER_TESTS_FOLDER) / "detectors/golden.json";
  const json before = json::parse(content_of(file));
  const json now = golden_now();
  {
    INFO("raise version() of these detectors, because what they find has changed");
    CHECK(changed_without_version(before, now) == std::vector<std::string>());
  }
  if (std::getenv("LANDWAITER_WRITE_GOLDEN") != nullptr && changed_without_version(before, now).empty()) {
    std::ofstream(file) << dump_json_pretty(now) << '\n';
    return;
  }
  INFO("after a change of a version or of the corpus, run this test once with LANDWAITER_WRITE_GOLDEN=1");
  CHECK(before == now);
  for (const auto& [name, detector] : now.at("detectors").items()) {
    INFO(name << " needs an example in the corpus");
    // The detector of encoded text passes what it decodes to the others, which report it.
    if (name != "encoded-text") CHECK(detector.at("findings") > 0);
  }
}

TEST_CASE("a golden file cannot be written over a change without a version", "[all][golden]") {
  const auto golden = [](const char* corpus, int version, const char* digest) {
    return json{{"corpus", corpus}, {"detectors", {{"x", {{"version", version}, {"digest", digest}}}}}};
  };
  const json before = golden("files", 1, "a");
  CHECK(changed_without_version(before, golden("files", 1, "b")) == std::vector<std::string>{"x"});
  CHECK(changed_without_version(before, golden("files", 2, "b")).empty());
  CHECK(changed_without_version(before, golden("more files", 1, "b")).empty());
  CHECK(changed_without_version(before, before).empty());
}

TEST_CASE("what is found does not depend on the run", "[all][golden]") { CHECK(findings_by_detector() == findings_by_detector()); }

}  // namespace landwaiter::detectors
