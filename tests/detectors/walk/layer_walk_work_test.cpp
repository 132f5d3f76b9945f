// SPDX-License-Identifier: Apache-2.0
// What opening hostile layers costs, by the walk's own count, so that it is the same on every machine.
#include "core/base/limits.hpp"
#include "detectors/archives/seven_zip_header.hpp"
#include "detectors/walk/layer_scanner.hpp"
#include "tests/detectors/support/walker_support.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <functional>

namespace landwaiter::detectors::test {
namespace {

using namespace std::string_literals;

constexpr std::size_t kBytes = 256 * 1024;

/// A layer that makes the walk do much for little.
struct HostileLayer {
  std::string name;
  std::string tar;
  bool refused = false;  ///< costs more than such a layer brings
};

std::string repeated(std::string_view unit) {
  std::string out;
  while (out.size() + unit.size() <= kBytes) out += unit;
  return out;
}

/// `make(i)` for all numbers that fit.
template <class Make>
std::string numbered(Make make) {
  std::string out;
  for (int i = 0; out.size() < kBytes; ++i) out += make(std::to_string(i));
  return closed(std::move(out));
}

std::string record(std::string_view key, std::string_view value) {
  const std::size_t rest = key.size() + value.size() + 3;
  std::size_t digits = 1;
  while (std::to_string(rest + digits).size() != digits) ++digits;
  return std::to_string(rest + digits) + " " + std::string(key) + "=" + std::string(value) + "\n";
}

/// One entry with an extended header of these records, again and again.
std::string extended(const std::string& records, char type = 'x', const std::string& entry = file("f", "")) {
  const std::string one = tar_header("pax", octal(records.size()), type) + tar_blocks(records) + entry;
  std::string out = one;
  while (out.size() < kBytes) out += one;
  return closed(std::move(out));
}

std::string many_records(const std::function<std::string(const std::string&)>& make, std::size_t bytes = 100'000) {
  std::string out;
  for (int i = 0; out.size() < bytes; ++i) out += make(std::to_string(i));
  return out;
}

constexpr std::size_t kTextBytes = 100'000;

std::string listed_users() {
  std::string text;
  for (int i = 0; text.size() < kTextBytes; ++i) text += "user:u" + std::to_string(i) + ":rwx:" + std::to_string(i) + ",";
  return text;
}

std::string accents() {
  std::string text;
  while (text.size() < kTextBytes) text += "\xc3\xa9/";
  return text;
}

/// Format 1.0 of GNU: the map is in the data. `unit` stands between the holes.
std::string holes(std::string_view unit, std::uint64_t distance) {
  constexpr std::size_t kBlocks = 3000;
  std::string map = std::to_string(kBlocks) + "\n", data;
  for (std::size_t i = 0; i < kBlocks; ++i) {
    map += std::to_string(i * distance) + "\n" + std::to_string(unit.size()) + "\n";
    data += unit;
  }
  const std::string content = tar_blocks(map) + data;
  const std::string records = record("GNU.sparse.major", "1") + record("GNU.sparse.minor", "0") + record("GNU.sparse.name", "s") +
                              record("GNU.sparse.realsize", std::to_string(kBlocks * distance + unit.size()));
  return extended(records, 'x', tar_header("s", octal(content.size())) + tar_blocks(content));
}

std::string map_of_holes() {
  std::string map;
  for (int i = 0; map.size() < 100'000; ++i) map += (i == 0 ? "" : ",") + std::to_string(i) + ",0";
  return extended(record("GNU.sparse.map", map) + record("GNU.sparse.size", "40000"));
}

std::string long_names(const std::string& name, std::size_t times) {
  const std::string one = tar_header("././@LongLink", octal(name.size()), 'L') + tar_blocks(name);
  std::string out;
  while (out.size() < kBytes) {
    for (std::size_t i = 0; i < times; ++i) out += one;
    out += file("f", "");
  }
  return closed(std::move(out));
}

std::string in_file(const std::string& name, std::string content) { return closed(file(name, content)); }

/// Little-endian.
std::string number(std::uint64_t value, std::size_t bytes) {
  std::string out;
  for (std::size_t i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
  return out;
}

std::string zip_header(std::string_view name, std::string_view extra, std::uint16_t flags = 0, std::uint16_t method = 0) {
  return "PK\x03\x04"s + number(20, 2) + number(flags, 2) + number(method, 2) + std::string(16, '\0') +
         number(static_cast<std::uint32_t>(name.size()), 2) + number(static_cast<std::uint32_t>(extra.size()), 2) + std::string(name) +
         std::string(extra);
}

std::string files_of(const std::string& content) {
  return numbered([&](const std::string& i) { return file(i, content); });
}

std::string zipped(const std::string& content) {
  std::vector<Item> items;
  for (std::size_t i = 0; i * (content.size() + 120) < kBytes; ++i) items.push_back({std::to_string(i), content});
  return in_file("a.zip", make_zip(items, "compression=store"));
}

std::string nested(const std::string& filter) {
  std::string bytes = "x";
  for (int depth = 0; depth < 8; ++depth) bytes = compress(bytes, filter);
  return zipped(bytes);
}

std::vector<HostileLayer> headers() {
  const auto link = [](const std::string& name, std::string_view target) {
    std::string header = tar_header(name, octal(0), '1');
    std::ranges::copy(target, header.begin() + 157);
    return header;
  };
  return {
      {"empty files", numbered([](const std::string& i) { return file(i, ""); })},
      {"directories", numbered([](const std::string& i) { return tar_header("a/a/a/a/a/a/a/a/a/a/a/a/a/a/" + i, octal(0), '5'); })},
      {"hard links to one file", numbered([&](const std::string& i) { return link("l" + i, "f"); })},
      {"hard links in a chain", numbered([&](const std::string& i) { return link(i + "1", i); })},
      {"whiteouts", numbered([](const std::string& i) { return file("a/.wh." + i, ""); })},
      {"opaque directories", numbered([](const std::string& i) { return file(i + "/.wh..wh..opq", ""); })},
      {"pax, many keys", extended(many_records([](const std::string& i) { return record("k" + i, "v"); }))},
      {"pax, one key many times", extended(many_records([](const std::string&) { return record("path", "a"); }))},
      {"pax, a long path", extended(record("path", accents())), true},
      {"pax, a long link", extended(record("linkpath", accents()), 'x', tar_header("l", octal(0), '2')), true},
      {"pax, a long user", extended(record("uname", accents())), true},
      {"pax, access control", extended(record("SCHILY.acl.access", listed_users())), true},
      {"pax, default access", extended(record("SCHILY.acl.default", listed_users())), true},
      {"pax, attributes", extended(many_records([](const std::string& i) { return record("SCHILY.xattr.user." + i, "v"); }))},
      {"pax, encoded attributes", extended(many_records([](const std::string& i) { return record("LIBARCHIVE.xattr.user." + i, "dg"); }))},
      {"pax, global", extended(many_records([](const std::string& i) { return record("k" + i, "v"); }), 'g', "")},
      {"sparse, a map in pax", map_of_holes()},
      {"sparse, holes", holes("x", 100'000), true},
      {"sparse, hits before holes", holes("NEEDLE:", 1'000'000), true},
      {"sparse, small holes", holes("x", 3000), true},
      {"GNU, long names", long_names(std::string(100'000, 'a') + '\0', 1)},
      {"GNU, many long names for one", long_names("a\0"s, 50)},
  };
}

std::vector<HostileLayer> compressed() {
  const auto members = [](const std::string& filter, std::string_view content) {
    return in_file("m." + filter, repeated(compress(content, filter)));
  };
  const std::string empty_frame = "\x28\xb5\x2f\xfd\x20\0\x01\0\0"s, skippable = "\x50\x2a\x4d\x18\0\0\0\0"s;
  const std::string gzip_head = "\x1f\x8b\x08\0\0\0\0\0\0\x03"s, named = "\x1f\x8b\x08\x08\0\0\0\0\0\x03"s;
  return {
      {"gzip members", members("gzip", "x")},
      {"gzip members, empty", members("gzip", "")},
      {"gzip, empty blocks", in_file("m.gz", gzip_head + repeated("\0\0\0\xff\xff"s))},
      {"gzip, a long name", in_file("m.gz", named + std::string(kBytes, 'n'))},
      {"xz streams", members("xz", "x")},
      {"bzip2 streams", members("bzip2", "x"), true},
      {"bzip2 streams, empty", in_file("m.bz2", repeated("BZh9\x17\x72\x45\x38\x50\x90\0\0\0\0"s)), true},
      {"zstd frames", members("zstd", "x")},
      {"zstd frames, empty", in_file("m.zst", compress("x", "zstd") + repeated(empty_frame))},
      {"zstd, skippable frames", in_file("m.zst", compress("x", "zstd") + repeated(skippable))},
      {"files of gzip", files_of(compress("x", "gzip"))},
      {"files of zstd", files_of(compress("x", "zstd"))},
      {"gzip in gzip", nested("gzip"), true},
      {"zstd in zstd", nested("zstd"), true},
      {"xz in a zip", zipped(compress("x", "xz")), true},
      {"bzip2 in a zip", zipped(compress("x", "bzip2")), true},
  };
}

/// A header of the new ASCII format; the name follows.
std::string cpio_member(unsigned name_bytes, unsigned content_bytes) {
  std::array<char, 128> text{};
  std::snprintf(text.data(), text.size(), "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", 1U, 0100644U, 0U, 0U, 1U, 0U,
                content_bytes, 0U, 0U, 0U, 0U, name_bytes, 0U);
  return text.data();
}

std::vector<HostileLayer> archives() {
  const std::string descriptor_flag = zip_header("a", "", 8);
  return {
      {"zip, many entries", in_file("a.zip", repeated(zip_header("a", "")))},
      {"zip, long names", in_file("a.zip", repeated(zip_header(std::string(60'000, 'n'), "")))},
      {"zip, extra fields", in_file("a.zip", repeated(zip_header("a", std::string(15'000, 'e') + std::string(45'000, '\0'))))},
      {"zip, no end of an entry", in_file("a.zip", descriptor_flag + repeated("PK\x07\x08")), true},
      {"zip, entries without end", in_file("a.zip", repeated(descriptor_flag + "PK\x07\x08PK\x07")), true},
      {"zip, bzip2", in_file("a.zip", repeated(zip_header("a", "", 8, 12) + compress("x", "bzip2")))},
      {"tars", files_of(closed(file("a", "")))},
      {"zips", files_of(make_zip({{"a", ""}}))},
      {"tars in a zip", zipped(closed(file("a", "")))},
      {"damaged headers", closed(repeated(tar_header("a", "zzzzzzzzzzz")))},
      {"cpio, many entries", in_file("a.cpio", repeated(cpio_member(2, 0) + "a\0"s))},
      {"cpio, long names", in_file("a.cpio", repeated(cpio_member(60'000, 0) + std::string(60'000, 'n') + "\0\0"s))},
      {"cpio, what is nearly a header", in_file("a.cpio", cpio_member(2, 0) + "a\0"s + repeated("070701")), true},
      {"cpio, what begins like a header", in_file("a.cpio", cpio_member(2, 0) + "a\0"s + repeated("\xc7\x71")), true},
  };
}

/// An object of a git pack; `base` is what a delta says of its own.
std::string git_object(unsigned type, const std::string& content, const std::string& base = "") {
  std::string out;
  std::size_t size = content.size();
  unsigned byte = type << 4 | (size & 15);
  for (size >>= 4; size > 0; size >>= 7) {
    out += static_cast<char>(byte | 0x80);
    byte = size & 0x7f;
  }
  return (out += static_cast<char>(byte)) + base + zlib_of(content);
}

/// `first`, and then the same object again and again.
std::string git_pack(const std::string& first, const std::string& object) {
  const std::uint32_t count = static_cast<std::uint32_t>(kBytes / object.size());
  std::string out = "PACK\0\0\0\x02"s;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>((count + 1) >> shift);
  out += first;
  for (std::uint32_t i = 0; i < count; ++i) out += object;
  return in_file("p.pack", out + std::string(20, '#'));
}

/// A database of one full page after the header: cells of `bytes_here` bytes in each other, which go on in pages that never come.
std::string database(std::size_t cells, std::size_t bytes_here, const std::string& size) {
  constexpr std::size_t kPage = 65'536, kFirstCell = 1'000, kDistance = 8;
  std::string head = "SQLite format 3\0\0\x01\x01\x01\0\x40\x20\x20"s, page = "\x0d\0\0\x7f\xff\0\0\0"s;
  head.resize(kPage);
  page.resize(kPage);
  const auto put = [&](std::size_t at, std::uint64_t value, std::size_t bytes) {
    for (std::size_t i = bytes; i-- > 0; value >>= 8) page[at + i] = static_cast<char>(value);
  };
  for (std::size_t i = 0; i < cells; ++i) {
    const std::size_t at = kFirstCell + kDistance * i;
    put(8 + 2 * i, at, 2);
    page.replace(at, size.size() + 1, size + "\x01");
    if (bytes_here > 0) put(at + size.size() + 1 + bytes_here, 1'000'000 + i, 4);
  }
  std::string out = head;
  while (out.size() < kBytes) out += page;
  return in_file("a.db", out);
}

/// A 7z archive of so many folders of one file each, or of one folder of so many files; all packed bytes are the same few.
std::string seven_zip_of(std::uint32_t folders, std::uint32_t files, const std::string& coder, const std::string& packed,
                         std::uint32_t unpacked) {
  const auto count = [](std::uint32_t value) { return "\xf0" + number(value, 4); };
  const auto times = [](std::uint32_t n, const std::string& text) {
    std::string out;
    for (std::uint32_t i = 0; i < n; ++i) out += text;
    return out;
  };
  std::string header = "\x01\x04\x06\0"s + count(folders) + "\x09" + times(folders, count(static_cast<std::uint32_t>(packed.size()))) +
                       "\0\x07\x0b"s + count(folders) + '\0' + times(folders, "\x01" + coder) + "\x0c" + times(folders, count(unpacked)) +
                       '\0';
  const std::uint32_t of_each = files / folders;
  header += "\x08\x0d" + times(folders, count(of_each)) + "\x09" + times(folders * (of_each - 1), "\0"s) + "\0\0"s;
  const std::string names = '\0' + times(files, "a\0\0\0"s);
  header += "\x05" + count(files) + "\x11" + count(static_cast<std::uint32_t>(names.size())) + names + "\0\0"s;
  const std::string content = times(folders, packed);
  const auto checksum = [](const std::string& text) { return number(seven_zip::checksum_of(as_bytes(text)), 4); };
  const std::string where =
      number(static_cast<std::uint32_t>(content.size()), 8) + number(static_cast<std::uint32_t>(header.size()), 8) + checksum(header);
  return in_file("a.7z", "7z\xbc\xaf\x27\x1c\0\x04"s + checksum(where) + where + content + header);
}

std::string asar(const std::string& list) {
  const std::string header = "{\"files\":" + list + "}" + std::string((8 - list.size() % 4) % 4 + 1, ' ');
  const std::size_t size = header.size() / 4 * 4;
  return in_file("app.asar", number(4, 4) + number(size + 8, 4) + number(size + 4, 4) + number(size, 4) + header.substr(0, size) +
                                 std::string(kBytes / 2, 'c'));
}

/// So many files of one byte, and so many folders that all have these blocks.
std::string cabinet(std::size_t files, std::size_t folders, unsigned method, const std::string& block, std::size_t blocks) {
  std::string folder_list, file_list, data;
  const std::size_t files_at = 36 + 8 * folders, data_at = files_at + 18 * files;
  for (std::size_t i = 0; i < folders; ++i) folder_list += number(data_at, 4) + number(blocks, 2) + number(method, 2);
  for (std::size_t i = 0; i < files; ++i) file_list += number(1, 4) + number(i, 4) + std::string(8, '\0') + "a"s + '\0';
  for (std::size_t i = 0; i < blocks; ++i) data += block;
  return in_file("a.cab", "MSCF"s + number(0, 4) + number(data_at + data.size(), 4) + number(0, 4) + number(files_at, 4) + number(0, 4) +
                              "\x03\x01" + number(folders, 2) + number(files, 2) + std::string(6, '\0') + folder_list + file_list + data);
}

std::vector<HostileLayer> packages() {
  std::string many, deep = "{}", zeros = compress(std::string(32'768, '\0'), "gzip");
  for (int i = 0; many.size() < kBytes / 2; ++i)
    many += (i == 0 ? "{\"" : ",\"") + std::to_string(i) + "\":{\"size\":1,\"offset\":\"" + std::to_string(i) + "\"}";
  std::string last = "{\"" + std::string(4'000, 'n') + "\":{\"files\":";
  for (int i = 0; i < 8'000; ++i) last += (i == 0 ? "{\"" : ",\"") + std::to_string(i) + "\":{}";
  deep = last + "}}}";
  zeros = "CK" + zeros.substr(10, zeros.size() - 18);
  const std::string block = number(0, 4) + number(zeros.size(), 2) + number(32'768, 2) + zeros;
  const std::string plain = number(0, 4) + number(9, 2) + number(9, 2) + "123456789";
  return {
      {"asar, small files", asar(many + "}")},
      {"asar, long paths", asar(deep), true},
      {"cab, small files", cabinet(12'000, 1, 0, plain, 1)},
      {"cab, folders of the same blocks", cabinet(1, 2'000, 0, plain, 10'000), true},
      {"cab, blocks of zeros", cabinet(1, 1, 1, block, 4'000), true},
  };
}

std::vector<HostileLayer> stores() {
  const std::string base = git_object(3, std::string(60'000, 'b')), by_name(20, '\xaa');
  const std::string hello = git_object(3, "hello world\n");
  const std::string name_of_hello = "\x3b\x18\xe5\x12\xdb\xa7\x9e\x4c\x83\x00\xdd\x08\xae\xb3\x7f\x8e\x72\x8b\x8d\xad"s;
  std::string copies = "\x0c\xe0\xa7\x12", instructions = "\xe0\xd4\x03\x01";  // of 300,000 and of 1 byte
  for (int i = 0; i < 25'000; ++i) copies += "\x90\x0c";
  for (int i = 0; i < 200'000; ++i) instructions += "\x90\x01";
  const std::string lzma = "\x23\x03\x01\x01\x05\x5d\0\0\x01\0"s, lzma_zeros = std::string(13, '\0');
  return {
      {"git, small objects", git_pack("", git_object(3, "x")), true},
      {"git, deltas to nothing", git_pack(base, git_object(7, "\x01\x01", by_name)), true},
      {"git, many instructions", git_pack(base, git_object(7, instructions, by_name)), true},
      {"git, many copies", git_pack(hello, git_object(7, copies, name_of_hello)), true},
      {"SQLite, small cells", database(400, 0, "\x01")},
      {"SQLite, cells in each other", database(256, 60'000, "\x87\xd4\x5c")},
      {"7z, small files", seven_zip_of(1, 40'000, "\x01\0"s, "x", 1), true},
      {"7z, copied folders", seven_zip_of(6'000, 6'000, "\x01\0"s, "x", 1), true},
      {"7z, packed folders", seven_zip_of(6'000, 6'000, lzma, lzma_zeros, 100), true},
      {"7z, deflated folders", seven_zip_of(6'000, 6'000, "\x03\x04\x01\x08", "\x01\x01\0\xfe\xffx"s, 1), true},
  };
}

std::vector<HostileLayer> all_layers() {
  std::vector<HostileLayer> all = headers();
  for (auto* more : {&compressed, &archives, &stores, &packages}) std::ranges::move((*more)(), std::back_inserter(all));
  return all;
}

bool says_so(const ScannedBlob& scanned) {
  return std::ranges::any_of(scanned.diagnostics, [](const Diagnostic& diagnostic) {
    return diagnostic.effect == Effect::incomplete && diagnostic.message.find("walk_work_base") != std::string::npos;
  });
}

}  // namespace

TEST_CASE("what opening hostile layers costs is bounded by their size", "[work]") {
  // The dearest single operation is a header of limits::tar_header_bytes_max.
  constexpr std::uint64_t kBase = 1'000'000, kOneOperation = 600'000'000;
  ScanLimits limits;
  limits.walk_work_base = kBase;
  const auto layers = all_layers();
  REQUIRE(layers.size() > 40);
  std::size_t charged = 0;
  for (const HostileLayer& layer : layers) {
    INFO(layer.name);
    const ScannedBlob scanned = scan(layer.tar, limits);
    INFO(scanned.work << " for " << layer.tar.size());
    charged += scanned.work > 0 ? 1 : 0;
    CHECK(scanned.work <= kBase + kOneOperation + limits.walk_work_per_byte * layer.tar.size());
    CHECK(says_so(scanned) == layer.refused);
  }
  CHECK(charged > 40);  // all but headers of a block
}

TEST_CASE("cells of SQLite that lie in each other cost what is copied of them", "[work]") {
  CHECK(scan(database(256, 60'000, "\x87\xd4\x5c")).work > std::uint64_t{250} * 60'000);
  CHECK(scan(database(256, 0, "\x01")).work < 100'000);
}

TEST_CASE("what follows hostile bytes is read again when enough bytes came", "[work]") {
  ScanLimits limits;
  limits.walk_work_base = 30'000;
  const std::string gzip = compress(needle("aaaaaaaa"), "gzip");
  const std::string tar = closed(file("a.gz", gzip) + file("b.gz", gzip) + file("c.gz", gzip));
  const ScannedBlob some = scan(tar, limits);
  CHECK(some.findings.size() == 1);
  limits.walk_work_per_byte = 0;
  const ScannedBlob one = scan(tar, limits);
  CHECK(says_so(one));
  REQUIRE(one.findings.size() == 1);
  CHECK(one.findings[0].occurrences.size() == 1);
}

}  // namespace landwaiter::detectors::test
