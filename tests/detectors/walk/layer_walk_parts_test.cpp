// SPDX-License-Identifier: Apache-2.0
// Archives that do not begin where their file does, formats that are containers of others, and those that are not opened.
#include "core/report/coverage.hpp"
#include "tests/detectors/support/walker_support.hpp"
#include "tests/support/catch.hpp"

#include <array>
#include <cstdio>

using namespace landwaiter;
using namespace landwaiter::detectors;
using namespace landwaiter::detectors::test;
using namespace std::literals;

namespace {

using Texts = std::vector<std::string>;

/// Scans a layer of that file, in several sizes of chunks, which must not matter.
ScannedBlob scan_file(const std::string& content, const ScanLimits& limits = {}) {
  const std::string layer = make_tar({{"f", content}, {"next", needle("next____")}});
  ScannedBlob out = scan(layer, limits, layer.size());
  for (const std::size_t chunk : {std::size_t{1000}, std::size_t{64} * 1024}) {
    if (layer.size() / chunk > 2000) continue;
    const ScannedBlob other = scan(layer, limits, chunk);
    CHECK(places(other) == places(out));
    CHECK(complaints(other) == complaints(out));
  }
  return out;
}

Texts found_in(const std::string& content) {
  const ScannedBlob report = scan_file(content);
  for (const Diagnostic& diagnostic : report.diagnostics) {
    INFO(diagnostic.message);
    CHECK(report.diagnostics.empty());
  }
  Texts found = places(report);
  CHECK(std::erase(found, "next____ next") == 1);
  return found;
}

std::string zip(const std::string& text, const std::string& name = "k") {
  return make_zip({{name, needle(text) + std::string(200, 'x')}}, "compression=deflate");
}

std::string ar_member(std::string name, const std::string& content, const std::string& before = "") {
  name.resize(16, ' ');
  std::array<char, 64> size{};
  std::snprintf(size.data(), size.size(), "%-10zu", before.size() + content.size());
  const std::string body = before + content;
  return name + "0           0     0     100644  " + size.data() + "`\n" + body + (body.size() % 2 != 0 ? "\n" : "");
}

std::string ar(const Texts& members) {
  std::string out = "!<arch>\n";
  for (const std::string& member : members) out += member;
  return out;
}

/// The new ASCII format.
std::string cpio_entry(const std::string& name, const std::string& content, unsigned mode = 0100644) {
  std::array<char, 128> header{};
  std::snprintf(header.data(), header.size(), "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x", 1U, mode, 0U, 0U, 1U, 0U,
                content.size(), 0U, 0U, 0U, 0U, name.size() + 1, 0U);
  std::string out = header.data() + name + '\0';
  out.resize((out.size() + 3) / 4 * 4);
  out += content;
  out.resize((out.size() + 3) / 4 * 4);
  return out;
}

std::string cpio(const std::string& name, const std::string& content) {
  return cpio_entry(name, content) + cpio_entry("TRAILER!!!", "", 0);
}

std::string rpm_header(std::uint32_t entries, std::uint32_t data) {
  std::string out = "\x8e\xad\xe8\x01\0\0\0\0"s;
  for (const std::uint32_t number : {entries, data}) {
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(number >> shift & 0xff);
  }
  return out + std::string(entries * 16 + data, 'h');
}

std::string rpm(const std::string& payload) {
  std::string out = "\xed\xab\xee\xdb" + std::string(92, '\0') + rpm_header(3, 21);
  out.resize((out.size() + 7) / 8 * 8);
  return out + rpm_header(70, 70'001) + payload;
}

}  // namespace

TEST_CASE("parts: a zip behind any prefix") {
  const std::string archive = zip("zipped__");
  const Texts expected{"zipped__ f!k"};
  CHECK(found_in("JM\x01\0"s + archive) == expected);
  CHECK(found_in("\x7f"
                 "ELF" +
                 noise(300'000) + archive) == expected);
  CHECK(found_in("#!/bin/sh\nexec java -jar \"$0\"\n" + archive) == expected);
  CHECK(found_in(std::string(5'000'000, 'x') + archive) == expected);
  for (const std::size_t before :
       {std::size_t{1}, std::size_t{996}, std::size_t{997}, std::size_t{998}, std::size_t{65'534}, std::size_t{65'535}})
    CHECK(found_in(std::string(before, 'x') + archive) == expected);
  CHECK(found_in("MZ" + noise(1000) + archive + "signature") == expected);
  CHECK(found_in("x" + archive + noise(5000) + zip("second__", "l")) == Texts{"second__ f!l", "zipped__ f!k"});
  CHECK(found_in(archive + zip("second__", "l")) == Texts{"second__ f!l", "zipped__ f!k"});
  // In an archive, too, and around one.
  CHECK(found_in(zip("outer___", "o") + "x" + make_zip({{"in", noise(100) + archive}}, "compression=store")) ==
        Texts{"outer___ f!o", "zipped__ f!in!k"});
  CHECK(found_in(needle("before__") + archive + needle("after___")) == Texts{"after___ f", "before__ f", "zipped__ f!k"});
}

TEST_CASE("parts: a self-extracting script") {
  const std::string script = "#!/bin/sh\n(cd /; tail -n +4 \"$0\" | tar x)\nexit 0\n";
  for (const std::string filter : {"gzip", "xz", "zstd", "bzip2"}) {
    INFO(filter);
    CHECK(found_in(script + compress(make_tar({{"a/k", needle("payload_")}}), filter)) == Texts{"payload_ f!a/k"});
    CHECK(found_in(script + std::string(65'000, '#') + "\n" + compress(needle("payload_"), filter)) == Texts{"payload_ f!f.content"});
  }
  CHECK(found_in(script + "BZh is a magic\nx^2\n]\n" + needle("text____")) == Texts{"text____ f"});
}

TEST_CASE("parts: what only looks like a zip costs nothing and hides nothing") {
  const std::string marks = "PK\x03\x04 is a mark, as is PK\x05\x06 and PK\x01\x02";
  CHECK(found_in("x" + marks + needle("text____")) == Texts{"text____ f"});
  const std::string decoy =
      "PK\x03\x04\x14\0\0\0\x08\0\0\0\0\0\0\0\0\0\x10\0\0\0\x10\0\0\0\x01\0\0\0"
      "d"s +
      noise(40);
  const ScannedBlob one = scan_file("x" + decoy + zip("zipped__"));
  CHECK(places(one) == Texts{"next____ next", "zipped__ f!k"});
  // A file of nothing but decoys ends in time, and says so.
  std::string many;
  for (int i = 0; i < 20'000; ++i)
    many +=
        "PK\x03\x04\x14\0\0\0\x63\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0"
        "d"s;
  CHECK(places(scan_file("x" + many + needle("behind__"))) == Texts{"behind__ f", "next____ next"});
}

TEST_CASE("parts: a zip without readable local headers is told by its end") {
  std::string archive = zip("zipped__");
  archive.replace(0, 4, "ZZZZ");
  const ScannedBlob report = scan_file("x" + archive);
  CHECK(complaints(report) == Texts{"unsupported f"});
  CHECK(coverage_of(report.diagnostics).not_opened == 1);
}

TEST_CASE("parts: members of an ar archive are opened where they begin") {
  const std::string data = compress(make_tar({{"./etc/k", needle("packed__")}}), "xz");
  const std::string control = compress(make_tar({{"./control", needle("control_")}}), "gzip");
  CHECK(found_in(ar({ar_member("debian-binary", "2.0\n"), ar_member("control.tar.gz", control), ar_member("data.tar.xz/", data)})) ==
        Texts{"control_ f!control", "packed__ f!etc/k"});
  CHECK(found_in(ar({ar_member("//", "a-very-long-name.o/\n"), ar_member("/0", needle("stored__")), ar_member("#1/8", data, "long.xz\0"s),
                     ar_member("odd", "odd"), ar_member("z", zip("zipped__"))})) ==
        Texts{"packed__ f!etc/k", "stored__ f", "zipped__ f!k"});
  // An archive in an archive, and one that is said to be longer than its member.
  CHECK(found_in(ar({ar_member("i", ar({ar_member("odd", "odd"), ar_member("d", data)})), ar_member("z", zip("zipped__"))})) ==
        Texts{"packed__ f!etc/k", "zipped__ f!k"});
  const ScannedBlob cut = scan_file(ar({ar_member("d", data.substr(0, data.size() - 20)), ar_member("c", control)}));
  CHECK(places(cut) == Texts{"control_ f!control", "next____ next", "packed__ f!etc/k"});
  CHECK(complaints(cut) == Texts{"malformed f"});
}

TEST_CASE("parts: a damaged ar archive says so, and keeps what could be read") {
  const std::string first = ar_member("a", compress(make_tar({{"k", needle("packed__")}}), "xz"));
  const std::string next = ar_member("b", compress(needle("hidden__"), "gzip"));
  const auto with = [&](std::size_t at, std::string_view text) {
    std::string changed = next;
    return changed.replace(at, text.size(), text);
  };
  const std::string end = zip("zipped__"), half = next.substr(0, 80);  // its content takes what follows for its own
  for (const std::string& damaged :
       {with(48, "9999999999"), with(48, "-1        "), with(48, "1 2       "), with(48, "          "), with(58, "XX"), with(0, "#1/9999 "),
        with(48, "3         "), next.substr(0, 59), next.substr(0, 30), half, "x"s, "\n\n!"s}) {
    INFO(damaged);
    const ScannedBlob report = scan_file(ar({first, damaged}));
    CHECK(coverage_of(report.diagnostics).not_opened > 0);
    CHECK(coverage_of(report.diagnostics).incomplete == 0);
    CHECK(mentions(report, "damaged"));
    CHECK(places(report).size() >= 2);
    if (damaged != half) CHECK(places(scan_file(ar({first, damaged}) + end)).back() == "zipped__ f!k");
  }
  for (const std::string& whole : {ar({}), ar({first, "\n"}), ar({first, std::string(600, '\0')})})
    CHECK(scan_file(whole).diagnostics.empty());
}

TEST_CASE("parts: bytes behind an archive that are neither padding nor an archive are told") {
  const std::string packed = compress(needle("packed__"), "gzip");
  const std::string first = cpio("a", needle("first___")), tar = make_tar({{"a", needle("first___")}});
  for (const std::string& archive : {first, first + std::string(512, '\0'), tar}) {
    for (const std::string& rest : {"JUNK" + packed, "x"s, "0707" + packed}) {
      const ScannedBlob plain = scan_file(archive + rest);
      CHECK(complaints(plain) == Texts{"malformed f"});
      CHECK(coverage_of(plain.diagnostics).not_opened == 1);
      CHECK(complaints(scan_file(compress(archive + rest, "gzip"))) == Texts{"malformed f"});
      CHECK(mentions(plain, "behind the end of this"));
      CHECK(places(plain).front() == "first___ f!a");
    }
    CHECK(scan_file(archive + std::string(700, '\0') + packed).diagnostics.empty());
    CHECK(scan_file(ar({ar_member("a", archive), ar_member("b", packed)})).diagnostics.empty());
  }
}

TEST_CASE("parts: cpio archives, alone, compressed and one after the other") {
  const std::string early = cpio("kernel/x86/microcode", needle("early___"));
  CHECK(found_in(early) == Texts{"early___ f!kernel/x86/microcode"});
  for (const std::string filter : {"gzip", "xz", "zstd", "bzip2"}) {
    const std::string main = compress(cpio("etc/k", needle("main____")), filter);
    CHECK(found_in(main) == Texts{"main____ f!etc/k"});
    // Members of one compression would be one run of bytes.
    const std::string last = compress(cpio("l", needle("last____")), filter == "gzip" ? "xz" : "gzip");
    CHECK(found_in(early + std::string(512, '\0') + main + std::string(300, '\0') + last) ==
          Texts{"early___ f!kernel/x86/microcode", "last____ f!l", "main____ f!etc/k"});
  }
  const ScannedBlob cut = scan_file(cpio_entry("a", needle("whole___")) + cpio_entry("b", std::string(1000, 'x')).substr(0, 500));
  CHECK(places(cut) == Texts{"next____ next", "whole___ f!a"});
  CHECK(complaints(cut) == Texts{"malformed f"});
}

TEST_CASE("parts: RPM packages") {
  for (const std::string filter : {"gzip", "xz", "zstd", "bzip2", "lzma"}) {
    CHECK(found_in(rpm(compress(cpio("./etc/k", needle("packed__")), filter))) == Texts{"packed__ f!etc/k"});
  }
  CHECK(found_in(rpm(cpio("./etc/k", needle("packed__")))) == Texts{"packed__ f!etc/k"});
  CHECK(complaints(scan_file(rpm(noise(1000)))) == Texts{"malformed f"});
  CHECK(complaints(scan_file(rpm(noise(1000)).substr(0, 300))) == Texts{"malformed f"});
}

TEST_CASE("parts: what follows an archive is opened as well") {
  const std::string tar = make_tar({{"a", needle("in_tar__")}});
  const std::string gz = compress(needle("gzipped_"), "gzip");
  CHECK(found_in(tar + gz) == Texts{"gzipped_ f!f.content", "in_tar__ f!a"});
  CHECK(found_in(gz + compress(needle("xz______"), "xz")) == Texts{"gzipped_ f!f.content", "xz______ f!f.content"});
  CHECK(found_in(compress(tar + gz, "xz")) == Texts{"gzipped_ f!f.content!f.content.content", "in_tar__ f!a"});
  CHECK(found_in(compress(needle("gzipped_") + std::string(100, 'x'), "lzma")) == Texts{"gzipped_ f!f.content"});
}

TEST_CASE("parts: formats that are not opened are told, by their bytes") {
  std::string iso(40'000, '\0'), ext(40'960, '\0');
  iso.replace(32'769, 5, "CD001");
  iso.resize(40'960);
  ext.replace(1024, 4, "\x10\0\0\0"s);
  ext.replace(1024 + 56, 4, "\x53\xef\x01\0"s);
  const Texts known{"Rar!\x1a\x07\x01\0"s,
                    "xar!\0\x1c"s,
                    "# v2 git bundle\n",
                    "\x04\x22\x4d\x18",
                    "\x1f\x9d\x90"
                    "abc",
                    "hsqs",
                    "QFI\xfb",
                    "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
                    "MSWIM\0\0\0"s,
                    "\x20\x20-lh5-" + std::string(13, 'x') + "\x01"};
  for (const std::string& magic : known) {
    INFO(magic);
    const ScannedBlob report = scan_file(magic + noise(1000) + needle("stored__"));
    CHECK(places(report) == Texts{"next____ next", "stored__ f"});
    CHECK(complaints(report) == Texts{"unsupported f"});
    CHECK(coverage_of(report.diagnostics).state() == CoverageState::not_opened);
  }
  for (const std::string& image : {iso, ext}) {
    CHECK(complaints(scan_file(image)) == Texts{"unsupported f"});
    CHECK(complaints(scan_file(compress(image, "gzip"))) == Texts{"unsupported f!f.content"});
  }
  for (const std::string& other :
       {"7zip is a program"s, "Rar!"s, "MSCF"s, "x\x9c is no zlib"s, "070701 is a number"s, "]\0\0\x80\0 lzma?"s}) {
    INFO(other);
    CHECK(found_in(other + needle("text____")) == Texts{"text____ f"});
  }
}

TEST_CASE("parts: a zip's name that is not in its charset is shown as it is") {
  const auto renamed = [](std::string archive, const std::string& name) {
    for (std::size_t at = archive.find("NAME"); at != std::string::npos; at = archive.find("NAME", at + 1)) archive.replace(at, 4, name);
    return archive;
  };
  for (const std::string options : {"compression=store", "compression=deflate"}) {
    std::string archive = make_zip({{"NAME", needle("one_____")}, {"x/NAME", needle("two_____")}}, options);
    CHECK(found_in(renamed(archive, "cl\x82!")) == Texts{"one_____ f!cl\\x82!", "two_____ f!x/cl\\x82!"});
    // As if it were UTF-8.
    for (std::size_t at = archive.find("PK\x03\x04"); at != std::string::npos; at = archive.find("PK\x03\x04", at + 1))
      archive[at + 7] |= 8;
    CHECK(found_in(renamed(archive, "cl\x82!")) == Texts{"one_____ f!cl\\x82!", "two_____ f!x/cl\\x82!"});
    CHECK(found_in(renamed(archive, "\x93\xfa\xff\xfe")) == Texts{"one_____ f!\\x93\\xfa\\xff\\xfe", "two_____ f!x/\\x93\\xfa\\xff\\xfe"});
  }
}
