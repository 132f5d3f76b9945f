// SPDX-License-Identifier: Apache-2.0
#include "detectors/engine/file_scan.hpp"

#include "tests/detectors/support/walker_support.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>

using namespace landwaiter;
using namespace landwaiter::detectors;
using namespace landwaiter::detectors::test;

namespace {

constexpr std::size_t kWindow = limits::window_bytes + limits::detector_lookahead_bytes + limits::detector_lookbehind_bytes;

struct Rig {
  Rig() { memory.begin_layer(kAllAnalyses, limits); }

  ScanLimits limits;
  const Engine::Impl& engine = needle_engine()->impl();
  FileScanMemory memory{engine};
  FileScan scan{engine, memory, limits};

  void push(std::string_view bytes, std::size_t piece) {
    for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) scan.push(as_bytes(bytes.substr(0, piece)));
  }
  std::vector<std::uint64_t> offsets() {
    std::vector<std::uint64_t> out;
    for (const Finding& finding : scan.found(Analysis::cryptography).findings) {
      for (const Occurrence& occurrence : finding.occurrences) out.push_back(occurrence.offset);
    }
    return out;
  }
};

}  // namespace

TEST_CASE("a trigger is delivered once with its context, wherever the windows' borders are") {
  const std::string filler(3 * kWindow, '.');
  const std::string mark = needle("12345678");
  Rig rig;
  const auto check_at = [&](std::size_t at, std::size_t size, std::size_t piece) {
    INFO("needle at " << at << " of " << size << " in pieces of " << piece);
    std::string file = filler.substr(0, size);
    file.replace(at, mark.size(), mark);
    rig.scan.reset("a-file");
    rig.push(file, piece);
    rig.scan.finish();
    CHECK(rig.offsets() == std::vector<std::uint64_t>{at});
    CHECK(rig.scan.found(Analysis::cryptography).diagnostics.empty());
  };
  const std::size_t size = 2 * kWindow + 12345;
  // Around the end of the first full buffer, of the region that waits for bytes to look ahead at, and of the file.
  for (const std::size_t border : {kWindow, kWindow - limits::detector_lookahead_bytes, std::size_t{limits::window_bytes}}) {
    for (std::size_t at = border - 30; at < border + 30; ++at) check_at(at, size, 100'000);
  }
  for (std::size_t at = 0; at < 10; ++at) check_at(at, size, 65'536);
  for (std::size_t back = mark.size(); back < mark.size() + 10; ++back) check_at(size - back, size, 4096);
  for (std::size_t end = kWindow - 20; end < kWindow + 20; ++end) check_at(end - mark.size(), end, 1 << 20);
  for (std::size_t at = 1000; at + mark.size() < size; at += 99'991) check_at(at, size, 77'777);
}

TEST_CASE("a whole file and one in pieces give the same") {
  std::string file = noise(300'000);
  for (std::size_t at = 5; at + 20 < file.size(); at += 29'989) file.replace(at, 15, needle(std::to_string(10'000'000 + at)));
  Rig rig;
  rig.scan.whole(as_bytes(file));
  const auto whole = rig.offsets();
  REQUIRE(whole.size() > 5);
  for (const std::size_t piece : {1, 1000, 299'999}) {
    rig.scan.reset("a-file");
    rig.push(file, piece);
    rig.scan.finish();
    CHECK(rig.offsets() == whole);
  }
}

TEST_CASE("findings carry detector and file offset") {
  Rig rig;
  rig.scan.whole(as_bytes("some text " + needle("abcdefgh") + " more"));
  REQUIRE(rig.scan.found(Analysis::cryptography).findings.size() == 1);
  CHECK(rig.scan.found(Analysis::cryptography).findings[0].detector == "needle/3");
  CHECK(rig.scan.found(Analysis::cryptography).findings[0].occurrences.at(0).offset == 10);
}

TEST_CASE("hits within consumed bytes are not delivered, also across windows") {
  Rig rig;
  const std::string file = needle("consumes") + needle("inside__") + std::string(100, '.') + needle("outside_");
  rig.scan.whole(as_bytes(file));
  CHECK(rig.offsets() == std::vector<std::uint64_t>{0, 130});
  rig.scan.reset("a-file");
  rig.push(std::string(kWindow - limits::detector_lookahead_bytes - 20, '.') + file + std::string(kWindow, '.'), 1 << 16);
  rig.scan.finish();
  CHECK(rig.offsets().size() == 2);
}

TEST_CASE("a file of nothing but triggers stops costing at the limit") {
  std::string file;
  while (file.size() < 3 * kWindow) file += needle("repeated");
  Rig rig;
  rig.limits.triggers_per_file_max = 1000;
  rig.push(file, 1 << 16);
  rig.scan.finish();
  CHECK(rig.scan.found(Analysis::cryptography).findings.size() == 1);
  CHECK(rig.offsets().size() <= 1000);
  CHECK(rig.offsets().size() > 900);
  REQUIRE(rig.scan.found(Analysis::cryptography).diagnostics.size() == 1);
  CHECK(rig.scan.found(Analysis::cryptography).diagnostics[0].code == ErrorCode::limit_exceeded);
  CHECK(rig.scan.found(Analysis::cryptography).diagnostics[0].message.find("triggers_per_file_max") != std::string::npos);

  SECTION("and the next file is searched as ever") {
    rig.scan.reset("a-file");
    rig.scan.whole(as_bytes(needle("nextfile")));
    CHECK(rig.scan.found(Analysis::cryptography).findings.size() == 1);
  }
}

TEST_CASE("findings of one file are limited with one diagnostic") {
  std::string file;
  for (int i = 10; i < 100; ++i) file += needle("number" + std::to_string(i)) + needle("repeated");
  Rig rig;
  rig.limits.findings_per_file_max = 10;
  rig.scan.whole(as_bytes(file));
  CHECK(rig.scan.found(Analysis::cryptography).findings.size() == 10);
  REQUIRE(rig.scan.found(Analysis::cryptography).diagnostics.size() == 1);
  CHECK(rig.scan.found(Analysis::cryptography).diagnostics[0].message.find("findings_per_file_max") != std::string::npos);
  CHECK(rig.offsets().size() == 9 + 90);  // copies of a known one cost only their places
}

TEST_CASE("holes count as zeros without being zeros") {
  Rig rig;
  const std::string mark = needle("12345678");
  for (const std::uint64_t hole : {std::uint64_t{1}, std::uint64_t{100'000}, std::uint64_t{10'000'000}, std::uint64_t{1} << 60}) {
    INFO("hole of " << hole);
    rig.scan.reset("a-file");
    rig.push(mark, 100);
    rig.scan.skip(hole);
    rig.push(mark, 100);
    rig.push(std::string(2 * kWindow, '.') + mark, 1 << 16);
    rig.scan.skip(hole);
    rig.scan.finish();
    const std::uint64_t second = mark.size() + hole;
    CHECK(rig.offsets() == std::vector<std::uint64_t>{0, second, second + mark.size() + 2 * kWindow});
    CHECK(rig.scan.found(Analysis::cryptography).diagnostics.empty());
  }
  SECTION("a hole first") {
    rig.scan.reset("a-file");
    rig.scan.skip(std::uint64_t{1} << 40);
    rig.push(mark, 3);
    rig.scan.finish();
    CHECK(rig.offsets() == std::vector<std::uint64_t>{std::uint64_t{1} << 40});
  }
}

namespace {

using Lines = std::vector<std::optional<std::uint64_t>>;

Lines lines_in(Rig& rig) {
  Lines out;
  for (const Finding& finding : rig.scan.found(Analysis::cryptography).findings) {
    for (const Occurrence& occurrence : finding.occurrences) out.push_back(occurrence.line);
  }
  return out;
}

Lines lines_of(std::string_view file, std::size_t piece) {
  Rig rig;
  rig.scan.reset("a-file");
  rig.push(file, piece);
  rig.scan.finish();
  return lines_in(rig);
}

}  // namespace

TEST_CASE("a place in a text has its line, however the file arrives") {
  std::string file;
  Lines expected;
  // Beyond two windows, with some places near each other and some far apart.
  for (std::uint64_t line = 1; file.size() < 3 * kWindow; ++line) {
    if (line % 10'000 < 3) {
      file += needle("samesame") + "\n";
      expected.emplace_back(line);
    } else {
      file += std::string(line % 90, 'x') + "\n";
    }
  }
  REQUIRE(expected.size() > 10);
  for (const std::size_t piece : {std::size_t{1000}, std::size_t{77'777}, 4 * kWindow}) CHECK(lines_of(file, piece) == expected);
  Rig rig;
  rig.scan.whole(as_bytes(std::string_view(file).substr(0, 600'000)));
  const Lines whole = lines_in(rig);
  CHECK(whole == Lines(expected.begin(), expected.begin() + static_cast<std::ptrdiff_t>(whole.size())));
}

TEST_CASE("files that are no text have no lines") {
  const std::string mark = needle("12345678");
  CHECK(lines_of("\n\n" + mark, 100) == Lines{3});
  CHECK(lines_of(std::string("a\0\n", 3) + mark, 100) == Lines{std::nullopt});
  CHECK(lines_of("0\x82\x01\x0a" + mark, 100) == Lines{std::nullopt});
  // A script with an archive behind it: what comes before the first zero is text.
  const std::string script = "#!/bin/sh\n" + mark + "\n" + std::string(limits::file_head_bytes, 'x') + std::string(1, '\0') + mark;
  for (const std::size_t piece : {std::size_t{7}, std::size_t{100'000}}) CHECK(lines_of(script, piece) == Lines{2, std::nullopt});
  Rig rig;
  rig.scan.reset("a-file");
  rig.push("\n" + mark + std::string(limits::file_head_bytes, 'x'), 100);
  rig.scan.skip(10'000'000);
  rig.push(mark, 100);
  rig.scan.finish();
  CHECK(lines_in(rig) == Lines{2, std::nullopt});
  // What one file said does not reach into the next.
  rig.scan.reset("another");
  rig.scan.whole(as_bytes("\n\n\n" + mark));
  CHECK(lines_in(rig) == Lines{4});
}
