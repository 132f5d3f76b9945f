// SPDX-License-Identifier: Apache-2.0
// Cpio archives, as libarchive writes them and as nobody does.
#include "detectors/archives/cpio.hpp"
#include "core/report/coverage.hpp"
#include "tests/detectors/support/walker_support.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>

namespace landwaiter::detectors::test {
namespace {

using namespace std::literals;
using Texts = std::vector<std::string>;

ScannedBlob scan_file(const std::string& content, std::size_t chunk_size = 64 * 1024) {
  return scan(make_tar({{"f", content}, {"next", needle("next____")}}), {}, chunk_size);
}

struct Numbers {
  unsigned mode = 0100644;
  std::optional<std::uint32_t> name_bytes = {};
  std::optional<std::uint32_t> content_bytes = {};
};

/// The new ASCII format.
std::string member(const std::string& name, const std::string& content, const Numbers& numbers = {}) {
  std::array<char, 128> header{};
  std::snprintf(header.data(), header.size(), "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", 1U, numbers.mode, 0U, 0U, 1U,
                0U, numbers.content_bytes.value_or(static_cast<std::uint32_t>(content.size())), 0U, 0U, 0U, 0U,
                numbers.name_bytes.value_or(static_cast<std::uint32_t>(name.size() + 1)), 0U);
  std::string out = header.data() + name + '\0';
  out.resize((out.size() + 3) / 4 * 4);
  out += content;
  out.resize((out.size() + 3) / 4 * 4);
  return out;
}

std::string trailer() { return member("TRAILER!!!", "", {.mode = 0}); }

/// A chunk of bytes and no more.
class Chunks final : public ByteSource {
 public:
  Chunks(std::string bytes, std::size_t size) : bytes_(std::move(bytes)), size_(size) {}
  Result<ByteView> next() override {
    const ByteView left = as_bytes(bytes_).subspan(at_);
    const ByteView chunk = left.first(std::min(size_, left.size()));
    at_ += chunk.size();
    return chunk;
  }

 private:
  std::string bytes_;
  std::size_t size_, at_ = 0;
};

std::string letter(EntryType type) {
  switch (type) {
    case EntryType::file: return "-";
    case EntryType::directory: return "d";
    case EntryType::symbolic_link: return "l";
    case EntryType::character_device: return "c";
    default: return "?";
  }
}

/// "type name size mode -> link", an entry each, and how it ended.
Texts listing(const std::string& archive, std::size_t chunk_size = 1000) {
  Chunks chunks(archive, chunk_size);
  PeekSource source(chunks);
  Cpio cpio(source);
  Texts out;
  while (true) {
    const EntryReader::Step step = cpio.next();
    if (step == EntryReader::Step::end) return out;
    if (step == EntryReader::Step::damaged) out.push_back(cpio.error().message());
    if (step == EntryReader::Step::failed) {
      out.push_back(cpio.error().message());
      return out;
    }
    if (step != EntryReader::Step::entry) continue;
    const ArchiveEntry& entry = cpio.entry();
    std::array<char, 16> mode{};
    std::snprintf(mode.data(), mode.size(), "%o", cpio.metadata()->mode);
    const std::string link = cpio.symbolic_link();
    out.push_back(letter(entry.type) + ' ' + entry.name.substr(0, 40) + ' ' + std::to_string(entry.size_bytes) + ' ' + mode.data() +
                  (link.empty() ? "" : " -> " + link));
  }
}

}  // namespace

TEST_CASE("cpio: each format that there is, in chunks of any size") {
  for (const char* format : {"newc", "odc", "bin", "pwb"}) {
    const std::string archive =
        make_archive({{"a", needle("first___")}, {"dir/odd", needle("second__") + "x"}, {"last", needle("third___")}}, format);
    for (const std::size_t chunk : {1UL, 7UL, 100UL, 64'000UL}) {
      CAPTURE(format, chunk);
      const ScannedBlob report = scan_file(archive, chunk);
      CHECK(places(report) == Texts{"first___ f!a", "next____ next", "second__ f!dir/odd", "third___ f!last"});
      CHECK(report.diagnostics.empty());
    }
  }
}

TEST_CASE("cpio: what a header says") {
  const std::string target = "/usr/bin/target";
  const std::string archive = member("bin/su", "12345", {.mode = 0104755}) + member("dir", "", {.mode = 0040755}) +
                              member("link", target, {.mode = 0120777}) + member("null", "", {.mode = 0020666}) + trailer();
  CHECK(listing(archive) == Texts{"- bin/su 5 4755", "d dir 0 755", "l link 15 777 -> /usr/bin/target", "c null 0 666"});
}

TEST_CASE("cpio: a name that is said to be longer than any is no header, and costs no memory") {
  for (const std::uint32_t size : {0xffff'ffffU, 0xc000'0000U, 0x1'0001U, 0U, 1U}) {
    CAPTURE(size);
    const std::string archive = member("a", needle("first___")) + member("b", needle("hidden__"), {.name_bytes = size}) +
                                member("c", needle("third___")) + trailer();
    const ScannedBlob report = scan_file(archive);
    CHECK(places(report) == Texts{"first___ f!a", "hidden__ f", "next____ next", "third___ f!c"});
    CHECK(complaints(report) == Texts{"malformed f"});
    CHECK(coverage_of(report.diagnostics).not_opened == 1);
  }
  // Longer than any path, but a header: the name is cut.
  const ScannedBlob report = scan_file(member(std::string(60'000, 'n'), needle("first___")) + trailer());
  CHECK(mentions(report, "name is cut"));
}

TEST_CASE("cpio: content that is said to be longer than the file") {
  const ScannedBlob report = scan_file(member("a", needle("first___"), {.content_bytes = 0xffff'fff0U}) + trailer());
  CHECK(places(report) == Texts{"first___ f!a", "next____ next"});
  CHECK(complaints(report) == Texts{"malformed f"});
}

TEST_CASE("cpio: what should have no bytes and has some is searched") {
  for (const unsigned mode : {0040755U, 0020644U, 0060644U, 0010644U, 0000644U, 0140755U}) {
    CAPTURE(mode);
    CHECK(places(scan_file(member("d", needle("hidden__"), {.mode = mode}) + trailer())) == Texts{"hidden__ f!d", "next____ next"});
  }
  const std::string target = std::string(5000, 'l') + needle("hidden__");
  CHECK(places(scan_file(member("d", target, {.mode = 0120777}) + trailer())) == Texts{"hidden__ f!d", "next____ next"});
}

TEST_CASE("cpio: bytes of the trailer and behind it are not passed over") {
  const std::string archive = member("a", "") + member("TRAILER!!!", needle("hidden__"), {.mode = 0});
  const ScannedBlob report = scan_file(archive);
  CHECK(places(report) == Texts{"hidden__ f", "next____ next"});
  CHECK(complaints(report) == Texts{"malformed f"});
}

TEST_CASE("cpio: bytes between two files are told, and those without a trailer") {
  const std::string first = member("a", needle("first___")), second = member("b", needle("second__"));
  for (const std::string& junk : {"JUNKJUNK"s, "0707"s, "070701"s, "07070107070107070"s, std::string(3000, '0'), "\xc7\x71\xc7\x71"s}) {
    CAPTURE(junk.substr(0, 20));
    const ScannedBlob report = scan_file(first + junk + second + trailer());
    CHECK(places(report) == Texts{"first___ f!a", "next____ next", "second__ f!b"});
    CHECK(complaints(report) == Texts{"malformed f"});
  }
  CHECK(listing(first + second).back() == "cpio archive is damaged: it ends without a trailer");
  CHECK(listing(first + "JUNK").back() == "cpio archive is damaged: it ends with bytes that are no header of a file");
  CHECK(listing(first + second.substr(0, 111)).back() == "cpio archive is damaged: it ends within a header");
  CHECK(listing(first + second.substr(0, 60)).back() == "cpio archive is damaged: it ends with bytes that are no header of a file");
}

}  // namespace landwaiter::detectors::test
