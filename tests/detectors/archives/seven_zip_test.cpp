// SPDX-License-Identifier: Apache-2.0
// 7z archives: as libarchive writes them, and made by hand.
#include "core/base/limits.hpp"
#include "core/report/coverage.hpp"
#include "detectors/archives/seven_zip_header.hpp"
#include "tests/detectors/support/walker_support.hpp"
#include "tests/support/catch.hpp"

#include <lzma.h>

#include <functional>

namespace landwaiter::detectors::test {
namespace {

using namespace std::literals;
using Texts = std::vector<std::string>;

/// Of less than 2^14.
std::string number(std::uint64_t value) {
  if (value < 0x80) return std::string(1, static_cast<char>(value));
  return std::string{static_cast<char>(0x80 | value >> 8), static_cast<char>(value & 0xff)};
}

std::string checksum(std::string_view bytes) { return little(seven_zip::checksum_of(as_bytes(bytes)), 4); }

std::string archive_of(const std::string& packed, const std::string& header) {
  const std::string where = little(packed.size(), 8) + little(header.size(), 8) + checksum(header);
  return "7z\xbc\xaf\x27\x1c\0\x04"s + checksum(where) + where + packed + header;
}

std::string coder(const std::string& id, const std::string& properties = "") {
  const std::size_t flags = id.size() | (properties.empty() ? 0U : 0x20U);
  return static_cast<char>(flags) + id + (properties.empty() ? "" : number(properties.size()) + properties);
}

/// The folder's coders are one behind the other, the one that gives the content first.
std::string streams_of(std::size_t packed, const Texts& coders, std::size_t unpacked, const std::string& more = "", std::size_t at = 0) {
  std::string out = "\x06" + number(at) + "\x01\x09" + number(packed) + "\0\x07\x0b\x01\0"s + number(coders.size());
  for (const std::string& each : coders) out += each;
  for (std::size_t i = 0; i + 1 < coders.size(); ++i) out += number(i) + number(i + 1);
  out += '\x0c';
  for (std::size_t i = 0; i < coders.size(); ++i) out += number(unpacked);
  return out + '\0' + more + '\0';
}

std::string names(const Texts& all) {
  std::string text(1, '\0');
  for (const std::string& name : all) {
    for (const char c : name + '\0') (text += c) += '\0';
  }
  return "\x11" + number(text.size()) + text;
}

std::string files_of(const Texts& all, const std::string& more = "") { return "\x05" + number(all.size()) + names(all) + more + '\0'; }

/// One file.
std::string seven_zip_of(const std::string& packed, const Texts& coders, std::size_t unpacked) {
  return archive_of(packed, "\x01\x04" + streams_of(packed.size(), coders, unpacked) + files_of({"k"}) + '\0');
}

const std::string kCopy = coder("\0"s);
const std::string kAes = coder("\x06\xf1\x07\x01", "\x13\x00\x01\x02"s);

/// As 7-Zip packs: without an end mark.
std::string lzma(const std::string& content, lzma_vli before, std::string& properties) {
  lzma_options_lzma options{};
  REQUIRE_FALSE(lzma_lzma_preset(&options, 1));
  options.dict_size = 1 << 16;
  const std::array<lzma_filter, 3> filters{
      {{before == LZMA_VLI_UNKNOWN ? LZMA_FILTER_LZMA1EXT : before, before == LZMA_VLI_UNKNOWN ? &options : nullptr},
       {before == LZMA_VLI_UNKNOWN ? LZMA_VLI_UNKNOWN : LZMA_FILTER_LZMA1EXT, &options},
       {LZMA_VLI_UNKNOWN, nullptr}}};
  properties.assign(5, '\0');
  const lzma_filter plain{LZMA_FILTER_LZMA1, &options};
  REQUIRE(lzma_properties_encode(&plain, reinterpret_cast<std::uint8_t*>(properties.data())) == LZMA_OK);
  std::string out(content.size() + 1000, '\0');
  std::size_t size = 0;
  lzma_set_ext_size(options, content.size());
  REQUIRE(lzma_raw_buffer_encode(filters.data(), nullptr, reinterpret_cast<const std::uint8_t*>(content.data()), content.size(),
                                 reinterpret_cast<std::uint8_t*>(out.data()), &size, out.size()) == LZMA_OK);
  out.resize(size);
  return out;
}

}  // namespace

TEST_CASE("7z: files of all methods that libarchive writes") {
  const std::vector<Item> items{{"a/k", needle("first___") + std::string(3000, 'x')},
                                {"empty", ""},
                                {"d", "", Item::Kind::directory},
                                {"big", noise(300'000) + needle("second__")},
                                {"\xc3\xa9", needle("third___")}};
  for (const std::string method : {"store", "deflate", "bzip2", "lzma1", "lzma2"}) {
    INFO(method);
    const std::string bytes = make_archive(items, "7zip", "compression=" + method);
    for (const std::size_t chunk : {std::size_t{999}, std::size_t{1} << 20}) {
      const ScannedBlob report = scan_one_file(bytes, {}, chunk);
      CHECK(places(report) == Texts{"first___ f!a/k", "next____ next", "second__ f!big", "third___ f!\xc3\xa9"});
      for (const Diagnostic& each : report.diagnostics) FAIL_CHECK(each.message);
    }
  }
  const ScannedBlob ppmd = scan_one_file(make_archive(items, "7zip", "compression=ppmd"));
  CHECK(coverage_of(ppmd.diagnostics).not_opened > 0);
  CHECK(mentions(ppmd, "PPMd"));
  // In others, and with others in it.
  const std::string inner = make_archive({{"k", needle("inner___")}}, "7zip");
  CHECK(places(scan_one_file(make_archive({{"o.7z", inner}}, "7zip"))) == Texts{"inner___ f!o.7z!k", "next____ next"});
  CHECK(places(scan_one_file(compress(inner, "gzip"))) == Texts{"inner___ f!f.content!k", "next____ next"});
  CHECK(places(scan_one_file(make_archive({{"k.gz", compress(needle("inner___"), "gzip")}}, "7zip") +
                             make_zip({{"z", needle("zipped__")}}))) == Texts{"inner___ f!k.gz!k", "next____ next", "zipped__ f!z"});
}

TEST_CASE("7z: behind the program that unpacks it") {
  const std::string bytes = make_archive({{"k", needle("packed__") + std::string(300, 'x')}}, "7zip");
  for (const std::size_t before :
       {std::size_t{1}, std::size_t{255}, std::size_t{256}, std::size_t{64 * 1024 - 3}, std::size_t{2'000'000}}) {
    const ScannedBlob report = scan_one_file("MZ" + noise(before) + bytes);
    CHECK(places(report) == Texts{"next____ next", "packed__ f!k"});
    CHECK(report.diagnostics.empty());
  }
  CHECK(scan_one_file("x7z\xbc\xaf\x27\x1c is the mark of a 7z" + noise(100)).diagnostics.empty());
}

TEST_CASE("7z: filters in front of LZMA give all bytes to the last one") {
  for (const lzma_vli before : {LZMA_VLI_UNKNOWN, LZMA_FILTER_X86, LZMA_FILTER_ARM}) {
    std::string properties;
    const std::string content = noise(5000) + needle("filtered");
    const std::string packed = lzma(content, before, properties);
    Texts coders{coder("\x03\x01\x01", properties)};
    if (before == LZMA_FILTER_X86) coders.insert(coders.begin(), coder("\x03\x03\x01\x03"));
    if (before == LZMA_FILTER_ARM) coders.insert(coders.begin(), coder("\x07"));
    const ScannedBlob report = scan_one_file(seven_zip_of(packed, coders, content.size()));
    CHECK(places(report) == Texts{"filtered f!k", "next____ next"});
    CHECK(report.diagnostics.empty());
  }
}

TEST_CASE("7z: what is encrypted or packed otherwise is told") {
  const std::string content = noise(100);
  for (const Texts& coders : {Texts{kAes}, Texts{kCopy, kAes}, Texts{coder("\x21", "\x10"), kAes}}) {
    const ScannedBlob report = scan_one_file(seven_zip_of(content, coders, 50));
    CHECK(complaints(report) == Texts{"unsupported f!k"});
    CHECK(mentions(report, "encrypted"));
  }
  const ScannedBlob list = scan_one_file(archive_of(content, "\x17" + streams_of(content.size(), {kCopy, kAes}, 50)));
  CHECK(complaints(list) == Texts{"unsupported f"});
  CHECK(mentions(list, "encrypted"));
  CHECK(complaints(scan_one_file(seven_zip_of(content, {coder("\x04\x01\x09")}, 50))) == Texts{"unsupported f!k"});
  CHECK(complaints(scan_one_file(seven_zip_of(content, {coder("\x66\x66")}, 50))) == Texts{"unsupported f!k"});
  CHECK(complaints(scan_one_file(seven_zip_of(content, {coder("\x03", "\0"s)}, 50))) == Texts{"unsupported f!k"});
  CHECK(coverage_of(list.diagnostics).incomplete == 0);
}

TEST_CASE("7z: a header that is packed again and again") {
  const auto pack_header = [](const std::string& packed, const std::string& header) {
    return archive_of(packed + header, "\x17" + streams_of(header.size(), {kCopy}, header.size(), "", packed.size()));
  };
  const std::string content = needle("content_"),
                    header = "\x01\x04" + streams_of(content.size(), {kCopy}, content.size()) + files_of({"k"}) + '\0';
  CHECK(places(scan_one_file(pack_header(content, header))) == Texts{"content_ f!k", "next____ next"});
  // It is its own header.
  const std::string itself = "\x17" + streams_of(19, {kCopy}, 19);
  CHECK(complaints(scan_one_file(archive_of("", itself))) == Texts{"malformed f"});
  CHECK(complaints(scan_one_file(archive_of(itself, itself))) == Texts{"malformed f"});
}

TEST_CASE("7z: damaged and lying archives are told, and cost nothing") {
  const std::string content = needle("content_") + noise(2000);
  const std::string good = make_archive({{"k", content}, {"l", needle("other___")}}, "7zip", "compression=lzma1");
  std::vector<std::string> damaged;
  for (const std::size_t size : {std::size_t{6}, std::size_t{31}, std::size_t{32}, std::size_t{200}, good.size() - 1})
    damaged.push_back(good.substr(0, size));
  for (const std::size_t at : {std::size_t{9}, std::size_t{13}, std::size_t{40}, std::size_t{1000}, good.size() - 3}) {
    damaged.push_back(good);
    damaged.back()[at] = static_cast<char>(damaged.back()[at] ^ 0x55);
  }
  const std::string one = streams_of(content.size(), {kCopy}, content.size());
  const auto lying = [&](const std::string& header) { damaged.push_back(archive_of(content, header)); };
  lying("\x01\x04\x06\0\x01\x09"s + "\xff" + std::string(8, '\x7f'));            // a stream of 2^63 bytes
  lying("\x01\x04" + streams_of(3000, {kCopy}, 3000) + files_of({"k"}) + '\0');  // beyond the archive
  lying("\x01\x04" + one + "\x05\xc0\xff\xff");                                  // as many files
  lying("\x01\x04" + one + files_of({"k", "l"}) + '\0');                         // more files than content
  lying("\x01\x04" + one + "\x05\x01\x11\x03\0a\0"s + "\0\0"s);                  // a name without end
  lying("\x01\x04" + one + '\0');                                                // content without a file
  lying("\x01\x04\x06\0\0\0\x07\x0b\xc0\xff\xff\0"s);                            // as many folders
  lying("\x01\x04\x06\0\x01\x09\x05\0\x07\x0b\x01\0\x02\x01\0\x01\0\x05\x05\x0c\x05\x05\0\0"s + files_of({"k"}) + '\0');  // pairs of others
  lying("\x01\x04\x06\0\x01\x09\x05\0\x07\x0b\x01\0\x02\x01\0\x01\0\0\0\x0c\x05\x05\0\0"s + files_of({"k"}) + '\0');
  lying("\x01\x04" + streams_of(content.size(), {kCopy}, content.size(), "\x08\x0d\x02\x09" + number(5000) + '\0') + files_of({"k", "l"}) +
        '\0');
  lying("\x02");
  for (const std::string& bytes : damaged) {
    INFO(bytes.substr(0, 40) << " " << bytes.size());
    const ScannedBlob report = scan_one_file(bytes);
    CHECK(coverage_of(report.diagnostics).not_opened > 0);
    CHECK(coverage_of(report.diagnostics).incomplete == 0);
    CHECK(places(report).back().find("next____") != std::string::npos);
  }
  CHECK(coverage_of(scan_one_file(archive_of("", "")).diagnostics).not_opened == 0);  // an empty one
}

TEST_CASE("7z: what is held and unpacked is the layer's memory", "[memory]") {
  const std::string bytes = make_archive({{"k", noise(3 << 20) + needle("needle__")}}, "7zip", "compression=lzma2");
  CHECK(places(scan_one_file(bytes)) == Texts{"needle__ f!k", "next____ next"});
  ScanLimits limits;
  limits.layer_memory_bytes_max = landwaiter::limits::kept_memory_bytes_min + (4 << 20);
  const ScannedBlob small = scan_one_file(bytes, limits);
  CHECK(mentions(small, "--memory"));
  CHECK(coverage_of(small.diagnostics).not_opened == 1);
  CHECK(small.memory_peak <= limits.layer_memory_bytes_max);
  // A dictionary of 4 GiB for a few bytes cannot be asked for.
  const std::string content = needle("content_");
  std::string properties;
  const std::string packed = lzma(content, LZMA_VLI_UNKNOWN, properties);
  properties.replace(1, 4, "\xff\xff\xff\xff");
  CHECK(places(scan_one_file(seven_zip_of(packed, {coder("\x03\x01\x01", properties)}, content.size()))) ==
        Texts{"content_ f!k", "next____ next"});
  // For very many it is refused.
  const std::string huge =
      archive_of(packed, "\x01\x04\x06\0\x01\x09"s + number(packed.size()) + "\0\x07\x0b\x01\0\x01"s + coder("\x03\x01\x01", properties) +
                             "\x0c\xf8" + little(1 << 30, 5) + "\0\0"s + files_of({"k"}) + '\0');
  const ScannedBlob refused = scan_one_file(huge);
  CHECK(mentions(refused, "--memory"));
  CHECK(refused.memory_peak <= landwaiter::limits::layer_memory_bytes_max);
}

}  // namespace landwaiter::detectors::test
