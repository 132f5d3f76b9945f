// SPDX-License-Identifier: Apache-2.0
// What programs are handed out in: asar, which has a format of its own, and those that are zips or tars by another name.
#include "core/report/coverage.hpp"
#include "tests/detectors/support/walker_support.hpp"
#include "tests/support/catch.hpp"

#include <nlohmann/json.hpp>

namespace landwaiter::detectors::test {
namespace {

using namespace std::literals;
using nlohmann::json;
using Texts = std::vector<std::string>;

ScannedBlob scan_file(const std::string& content, std::size_t chunk_size = 64 * 1024, const ScanLimits& limits = {}) {
  return scan(make_tar({{"f", content}, {"next", needle("next____")}}), limits, chunk_size);
}

std::string little(std::uint64_t value) {
  std::string out;
  for (int i = 0; i < 4; ++i, value >>= 8) out += static_cast<char>(value & 0xff);
  return out;
}

std::string asar(const std::string& header, const std::string& content) {
  const std::size_t padded = (header.size() + 3) / 4 * 4;
  return little(4) + little(padded + 8) + little(padded + 4) + little(header.size()) + header + std::string(padded - header.size(), '\0') +
         content;
}

json at(std::size_t offset, std::size_t size) { return {{"offset", std::to_string(offset)}, {"size", size}}; }

std::string files(const json& list) { return json{{"files", list}}.dump(); }

/// What is found in a file of that content, which is read as a whole.
Texts found_in(const std::string& content) {
  const ScannedBlob report = scan_file(content);
  for (const Diagnostic& each : report.diagnostics) FAIL_CHECK(each.message);
  Texts found = places(report);
  CHECK(std::erase(found, "next____ next") == 1);
  return found;
}

}  // namespace

TEST_CASE("packages: the files of an asar") {
  const std::string packed = compress(needle("packed__"), "gzip"), plain = needle("plain___"), zip = make_zip({{"z", needle("zipped__")}});
  const std::size_t size = packed.size() + plain.size();
  const json list{
      {"z.js.gz", at(0, packed.size())},
      {"package.json", at(packed.size(), plain.size())},
      {"node_modules", {{"files", {{"a", {{"files", {{"b.zip", at(size, zip.size())}}}}}, {"link", {{"link", "package.json"}}}}}}},
      {"beside", {{"size", 5}, {"unpacked", true}}},
      {"again", at(0, packed.size())},
      {"empty", at(size, 0)}};
  for (const std::size_t chunk : {std::size_t{501}, std::size_t{1} << 20}) {
    const ScannedBlob report = scan_file(asar(files(list), packed + plain + zip), chunk);
    CHECK(places(report) ==
          Texts{"next____ next", "packed__ f!again!again.content", "plain___ f!package.json", "zipped__ f!node_modules/a/b.zip!z"});
    for (const Diagnostic& each : report.diagnostics) FAIL_CHECK(each.message);
  }
  CHECK(found_in(make_zip({{"app.asar", asar(files({{"k.gz", at(0, packed.size())}}), packed)}})) == Texts{"packed__ f!app.asar!k.gz!k"});
  // Not its begin.
  for (const std::string& other : {little(4) + little(100) + little(96) + little(80) + "{", little(4) + needle("text____")})
    CHECK(scan_file(other).diagnostics.empty());
}

TEST_CASE("packages: damaged and lying asars are told, and the rest is read") {
  const std::string packed = compress(needle("packed__"), "gzip");
  const json good{{"a", at(0, packed.size())}};
  for (const json& list :
       {json{{"a", at(0, packed.size())}, {"b", at(1, 5)}}, json{{"a", at(0, packed.size())}, {"b", at(packed.size() - 1, 5)}},
        json{{"a", at(0, packed.size())}, {"b", at(99'999, 5)}}, json{{"a", at(0, packed.size())}, {"b", at(packed.size(), 9)}},
        json{{"a", at(0, packed.size())}, {"b", {{"offset", "-1"}, {"size", 5}}}},
        json{{"a", at(0, packed.size())}, {"b", {{"offset", 7}, {"size", 5}}}}, json{{"a", at(0, packed.size())}, {"b", {{"offset", "7"}}}},
        json{{"a", at(0, packed.size())}, {"b", 1}}}) {
    INFO(list.dump());
    const ScannedBlob report = scan_file(asar(files(list), packed));
    CHECK(coverage_of(report.diagnostics).not_opened == 1);
    CHECK(coverage_of(report.diagnostics).incomplete == 0);
    CHECK(places(report) == Texts{"next____ next", "packed__ f!a!a.content"});
  }
  std::string deep = "{}";
  for (int i = 0; i < 500; ++i) deep = R"({"files":{"d":)" + deep + "}}";
  for (const std::string& header : {"{}"s, "{\"files\":[]}"s, "{\"files\":"s, deep}) {
    const ScannedBlob report = scan_file(asar(header, packed));
    CHECK(report.diagnostics.size() == 1);
    CHECK(coverage_of(report.diagnostics).state() != CoverageState::complete);
  }
  CHECK(coverage_of(scan_file(asar(files(good), packed).substr(0, 30)).diagnostics).not_opened == 1);
}

TEST_CASE("packages: a long list of files of an asar is the layer's memory", "[memory]") {
  json list;
  for (int i = 0; i < 20'000; ++i) list["n" + std::to_string(i)] = at(0, 0);
  const std::string bytes = asar(files(list), "");
  const ScannedBlob read = scan_file(bytes);
  CHECK(read.diagnostics.empty());
  CHECK(read.memory_peak > (8 << 20));
  ScanLimits limits;
  limits.layer_memory_bytes_max = landwaiter::limits::kept_memory_bytes_min + (6 << 20);
  CHECK(mentions(scan_file(bytes, 64 * 1024, limits), "--memory"));
}

TEST_CASE("packages: zips and tars by other names") {
  const std::vector<Item> items{{"META/k.pem", needle("packaged") + std::string(500, 'x')}};
  const std::string zip = make_zip(items, "compression=deflate"), tar = make_tar(items);
  const Texts inside{"packaged f!META/k.pem"};
  // nupkg, apk (Android), wheel, jar; and Chrome's, with a header of its own.
  CHECK(found_in(zip) == inside);
  CHECK(found_in("Cr24" + little(3) + little(16) + std::string(16, 's') + zip) == inside);
  CHECK(found_in("Cr24" + little(2) + little(3) + little(5) + "key" + "signa" + zip) == inside);
  // An APK of Android has a block of signatures in front of its list of entries.
  const std::size_t central = zip.find("PK\x01\x02");
  CHECK(found_in(zip.substr(0, central) + little(24) + little(0) + std::string(8, 'b') + "APK Sig Block 42" + zip.substr(central)) ==
        inside);
  // gem: a tar of compressed parts. apk of Alpine: tars without an end, each compressed by itself.
  CHECK(found_in(make_tar({{"metadata.gz", compress("m", "gzip")}, {"data.tar.gz", compress(tar, "gzip")}})) ==
        Texts{"packaged f!data.tar.gz!META/k.pem"});
  const auto member = [](const std::string& name, const std::string& content, bool last = false) {
    return compress(last ? closed(file(name, content)) : file(name, content), "gzip");
  };
  CHECK(found_in(member(".SIGN.RSA.k", "s") + member(".PKGINFO", "p") + member("etc/k", needle("packaged"), true)) ==
        Texts{"packaged f!etc/k"});
}

}  // namespace landwaiter::detectors::test
