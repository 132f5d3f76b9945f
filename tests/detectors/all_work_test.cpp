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

std::string content_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream content;
  content << in.rdbuf();
  return std::move(content).str();
}

std::size_t places_of(const Scanned& scanned) {
  std::size_t count = 0;
  for (const Finding& finding : scanned.findings) count += finding.occurrences.size();
  return count;
}

}  // namespace

TEST_CASE("copies of an asset are all found, and cost their hashes", "[all]") {
  constexpr std::size_t kCopies = 60;
  const std::filesystem::path corpus = LANDWAITER_TESTS_FOLDER "/detectors/corpus";
  for (const char* name : {"root.pem", "shop.pem", "shop.der", "rsa.pkcs8.pem", "rsa.pkcs1.der", "rsa.pkcs1.pem", "ec.pkcs8.pem",
                           "shop.jks", "shop.jceks", "shop-changeit.p12", "shop-not-to-be-guessed-7431.p12"}) {
    INFO(name);
    const std::string one = content_of(corpus / name) + "\n";
    const auto scan = [&](std::size_t copies) { return scanner().scan(as_bytes(repeated(one, copies * one.size()))); };
    const Scanned first = scan(1), few = scan(kCopies / 2), many = scan(kCopies);
    REQUIRE_FALSE(first.findings.empty());
    CHECK(many.findings.size() == first.findings.size());
    CHECK(places_of(many) == kCopies * places_of(first));
    CHECK(many.guess_rounds == first.guess_rounds);
    INFO(first.work << " once, " << (many.work - few.work) / (kCopies - kCopies / 2) << " for each copy of " << one.size() << " bytes");
    CHECK(many.work - few.work <= (kCopies - kCopies / 2) * (60 * one.size() + 20'000 * places_of(first)));
  }
}

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
    const std::string bytes = content_of(entry.path());
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
