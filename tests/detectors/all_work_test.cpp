// SPDX-License-Identifier: Apache-2.0
// What hostile files cost, by the engine's own count, so that it is the same on every machine.
#include "core/base/limits.hpp"
#include "tests/detectors/support/hostile_bytes.hpp"
#include "tests/detectors/support/scan_bytes.hpp"
#include "tests/support/catch.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>

namespace landwaiter::detectors {
namespace {

constexpr std::size_t kBytes = 64 * 1024;

const FileScanner& scanner() {
  static const FileScanner all;
  return all;
}

/// A scan ends at most one operation after all is spent: the dearest is a Diffie-Hellman key of 4,096 bits.
void check_work(std::string_view bytes) {
  constexpr std::uint64_t kBase = 5'000'000, kOneOperation = 70'000'000;
  ScanLimits limits;
  limits.layer_work_base = kBase;
  const Scanned scanned = scanner().scan(as_bytes(bytes), "file", limits);
  CHECK(scanned.work <= kBase + kOneOperation + limits.layer_work_per_byte * bytes.size());
}

}  // namespace

TEST_CASE("work on hostile files is bounded by their size", "[all]") {
  const auto files = hostile_bytes(kBytes);
  REQUIRE(files.size() > 60);
  for (const HostileBytes& file : files) {
    INFO(file.name);
    check_work(file.bytes);
  }
}

TEST_CASE("work on beginnings of assets, repeated, is bounded by their size", "[all]") {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(LANDWAITER_TESTS_FOLDER "/detectors/corpus")) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    std::ostringstream content;
    content << in.rdbuf();
    const std::string bytes = std::move(content).str();
    for (const std::size_t size : {std::size_t{40}, std::size_t{300}, bytes.size()}) {
      if (size > bytes.size() || size == 0 || size > kBytes) continue;
      INFO(entry.path() << ", first " << size << " bytes");
      check_work(repeated(std::string_view(bytes).substr(0, size), kBytes));
      ++count;
    }
  }
  CHECK(count > 100);
}

}  // namespace landwaiter::detectors
