// SPDX-License-Identifier: Apache-2.0
// Cabinets, made by hand.
#include "detectors/archives/cab.hpp"
#include "core/base/limits.hpp"
#include "core/report/coverage.hpp"
#include "tests/detectors/support/walker_support.hpp"
#include "tests/support/catch.hpp"

#include <functional>

namespace landwaiter::detectors::test {
namespace {

using namespace std::literals;
using Texts = std::vector<std::string>;

/// How a block is packed.
using Pack = std::function<std::string(const std::string&)>;

std::string as_it_is(const std::string& bytes) { return bytes; }

std::string mszip(const std::string& bytes) {
  const std::string gzip = compress(bytes, "gzip");
  return "CK" + gzip.substr(10, gzip.size() - 18);
}

/// A block that is not compressed, in the only bit stream of a folder.
std::string lzx(const std::string& bytes) {
  const std::uint64_t head = std::uint64_t{3} << 28 | bytes.size() << 4;
  return little(head >> 16, 2) + little(head & 0xffff, 2) + little(1, 4) + little(1, 4) + little(1, 4) + bytes +
         std::string(bytes.size() % 2, '\0');
}

struct Cabinet {
  std::vector<std::pair<std::string, std::string>> files;
  Pack pack = as_it_is;
  unsigned method = 0;
  std::size_t block_bytes = 32'768;
  std::string reserve = {};  ///< in the header, in each folder and in each block
};

std::string cabinet(const Cabinet& cab) {
  std::string list, content, blocks;
  for (const auto& [name, text] : cab.files) {
    list += little(text.size(), 4) + little(content.size(), 4) + little(0, 2) + little(0, 4) + little(0x20, 2) + name + '\0';
    content += text;
  }
  std::size_t count = 0;
  for (std::size_t at = 0; at < content.size(); at += cab.block_bytes, ++count) {
    const std::string plain = content.substr(at, cab.block_bytes), packed = cab.pack(plain);
    blocks += little(0, 4) + little(packed.size(), 2) + little(plain.size(), 2) + cab.reserve + packed;
  }
  const std::string reserve =
      cab.reserve.empty() ? "" : little(cab.reserve.size(), 2) + little(cab.reserve.size() << 8 | cab.reserve.size(), 2);
  const std::size_t folder_at = 36 + reserve.size() + cab.reserve.size(), files_at = folder_at + 8 + cab.reserve.size();
  const std::size_t size = files_at + list.size() + blocks.size();
  return "MSCF"s + little(0, 4) + little(size, 4) + little(0, 4) + little(files_at, 4) + little(0, 4) + "\x03\x01" + little(1, 2) +
         little(cab.files.size(), 2) + little(reserve.empty() ? 0 : 4, 2) + little(7, 2) + little(0, 2) + reserve + cab.reserve +
         little(files_at + list.size(), 4) + little(count, 2) + little(cab.method, 2) + cab.reserve + list + blocks;
}

}  // namespace

TEST_CASE("cab: files in blocks, as they are and packed") {
  const std::string gz = compress(needle("packed__"), "gzip");
  Cabinet plain{{{"a\\k", noise(40'000) + needle("first___")}, {"k.gz", gz}, {"empty", ""}, {"last", needle("last____")}}};
  Cabinet zipped = plain, reserved = plain, small{{{"a\\k", needle("first___")}, {"k.gz", gz}, {"last", needle("last____")}}, lzx, 0x0f03};
  zipped.pack = mszip;
  zipped.method = 1;
  reserved.reserve = "1234";
  for (const Cabinet& each : {plain, zipped, reserved, small}) {
    for (const std::size_t chunk : {std::size_t{777}, std::size_t{1} << 20}) {
      const ScannedBlob report = scan_one_file(cabinet(each) + make_zip({{"z", needle("zipped__")}}), {}, chunk);
      CHECK(places(report) == Texts{"first___ f!a/k", "last____ f!last", "next____ next", "packed__ f!k.gz!k", "zipped__ f!z"});
      for (const Diagnostic& each_of : report.diagnostics) FAIL_CHECK(each_of.message);
    }
  }
}

TEST_CASE("cab: damaged, cut and unknown cabinets are told, and the rest is read") {
  const std::string good = cabinet({{{"a", needle("first___")}, {"b", noise(50'000)}, {"c", needle("last____")}}});
  std::vector<std::string> damaged;
  for (const std::size_t size : {std::size_t{10}, std::size_t{36}, std::size_t{60}, std::size_t{200}, good.size() - 5})
    damaged.push_back(good.substr(0, size));
  for (const auto& [at, bytes] : std::vector<std::pair<std::size_t, std::string>>{{8, little(10, 4)},
                                                                                  {26, "\xff\xff"},
                                                                                  {28, "\xff\xff"},
                                                                                  {36, "\xff\xff\xff\x7f"},
                                                                                  {40, little(1, 2)},
                                                                                  {42, little(2, 2)},
                                                                                  {42, little(3, 2)}}) {
    damaged.push_back(good);
    damaged.back().replace(at, bytes.size(), bytes);
  }
  for (const std::string& bytes : damaged) {
    INFO(bytes.size());
    const ScannedBlob report = scan_one_file(bytes);
    CHECK(coverage_of(report.diagnostics).state() != CoverageState::complete);
    CHECK(coverage_of(report.diagnostics).incomplete == (mentions(report, "--memory") ? 1 : 0));
    CHECK(places(report).size() > 0);
    CHECK(report.memory_peak <= landwaiter::limits::layer_memory_bytes_max);
  }
  CHECK(places(scan_one_file(good.substr(0, good.size() - 5))).front() == "first___ f!a");
}

TEST_CASE("cab: what libarchive may take for it is the layer's memory", "[memory]") {
  const std::string bytes = cabinet({{{"a", needle("first___")}}});
  ScanLimits limits;
  limits.layer_memory_bytes_max = landwaiter::limits::kept_memory_bytes_min + (4 << 20);
  const ScannedBlob small = scan_one_file(bytes, limits);
  CHECK(mentions(small, "--memory"));
  CHECK(small.memory_peak <= limits.layer_memory_bytes_max);
  std::string many = bytes;
  many.replace(26, 4, "\xff\xff\xff\xff");
  CHECK(cab::memory_of(as_bytes(many)) > std::uint64_t{65'535} * 600);
}

TEST_CASE("cab: behind the program that unpacks it") {
  const std::string bytes = cabinet({{{"k", needle("packed__") + std::string(300, 'x')}}, mszip, 1});
  for (const std::size_t before : {std::size_t{1}, std::size_t{4094}, std::size_t{64 * 1024 - 3}}) {
    const ScannedBlob report = scan_one_file("MZ" + std::string(before, '\0') + bytes + std::string(500, '\0'));
    CHECK(places(report) == Texts{"next____ next", "packed__ f!k"});
    CHECK(report.diagnostics.empty());
  }
  CHECK(scan_one_file("MSMSCF is the mark of a cabinet, MSCF" + std::string(100, '\0')).diagnostics.empty());
}

}  // namespace landwaiter::detectors::test
