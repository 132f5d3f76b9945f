// SPDX-License-Identifier: Apache-2.0
// Stores of other programs whose content does not lie in their file as it is: git's objects and SQLite's long rows.
#include "core/report/coverage.hpp"
#include "detectors/archives/git_objects.hpp"
#include "detectors/archives/sqlite_rows.hpp"
#include "tests/detectors/support/walker_support.hpp"
#include "tests/support/catch.hpp"

#include <sqlite3.h>

#include <optional>
#include <set>

using namespace landwaiter;
using namespace landwaiter::detectors;
using namespace landwaiter::detectors::test;
using namespace std::literals;

namespace {

using Texts = std::vector<std::string>;

ScannedBlob scan_file(const std::string& content, std::size_t chunk_size = 64 * 1024) {
  return scan(make_tar({{"f", content}, {"next", needle("next____")}}), {}, chunk_size);
}

std::string object(unsigned type, const std::string& content, const std::string& base = "") {
  std::string out;
  std::size_t size = content.size();
  unsigned byte = type << 4 | (size & 15);
  for (size >>= 4; size > 0; size >>= 7) {
    out += static_cast<char>(byte | 0x80);
    byte = size & 0x7f;
  }
  out += static_cast<char>(byte);
  return out + base + zlib_of(content);
}

std::string pack(const Texts& objects, std::optional<unsigned> count = std::nullopt) {
  std::string out = "PACK\0\0\0\x02\0\0\0"s + static_cast<char>(count.value_or(static_cast<unsigned>(objects.size())));
  for (const std::string& each : objects) out += each;
  return out + std::string(20, '#');
}

/// A database with these rows, one after the other, and then without those of `gone`.
std::string database(int page_size, const Texts& rows, const Texts& statements = {}) {
  sqlite3* connection = nullptr;
  REQUIRE(sqlite3_open(":memory:", &connection) == SQLITE_OK);
  const auto run = [&](const std::string& sql) { REQUIRE(sqlite3_exec(connection, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK); };
  run("PRAGMA page_size=" + std::to_string(page_size) + "; CREATE TABLE t(a);");
  for (const std::string& row : rows) run("INSERT INTO t VALUES('" + row + "')");
  for (const std::string& statement : statements) run(statement);
  sqlite3_int64 size = 0;
  unsigned char* bytes = sqlite3_serialize(connection, "main", &size, 0);
  std::string out(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  sqlite3_free(bytes);
  sqlite3_close(connection);
  return out;
}

/// A text with needles so close that some of them lie over a border of pages, wherever these are.
std::string long_row(const std::string& name, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string number = std::to_string(100 + i);
    out += needle(name + number) + "-";
  }
  return out;
}

/// How many of the needles of a long_row were found; broken ones are others.
std::size_t found_of(const ScannedBlob& report, const std::string& name, std::size_t count = 1) {
  std::set<std::string> ids;
  for (const Finding& finding : report.findings) ids.insert(finding.id);
  std::size_t found = ids.count("needle:" + name);
  for (std::size_t i = 0; i < count; ++i) found += ids.count("needle:" + name + std::to_string(100 + i));
  return found;
}

}  // namespace

TEST_CASE("stores: loose objects of git") {
  const ScannedBlob report = scan_file(zlib_of("blob 15\0"s + needle("loose___")));
  CHECK(places(report) == Texts{"loose___ f!f.content", "next____ next"});
  CHECK(complaints(report).empty());
  const ScannedBlob cut = scan_file(zlib_of("blob\0" + needle("loose___") + noise(2000)).substr(0, 1000));
  CHECK(complaints(cut) == Texts{"malformed f"});
}

TEST_CASE("stores: objects of a git pack, and what deltas add") {
  const std::string inserted = needle("inserted") + std::string(100, 'x');
  const std::string delta = "\x90\x01\x90\x02"s + "\x91\x05\x10" + static_cast<char>(inserted.size()) + inserted + "\x80";
  const std::string whole =
      pack({object(1, needle("commit__")), object(3, needle("blob____") + std::string(5000, 'y')), object(6, delta, "\x81\x05"),
            object(7, delta, std::string(20, '\xaa')), object(2, "tree"), object(4, "tag")});
  for (const std::size_t chunk : {std::size_t{7}, std::size_t{1000}, whole.size() * 2}) {
    const ScannedBlob report = scan_file(whole, chunk);
    CHECK(places(report) == Texts{"blob____ f!blob 2", "commit__ f!commit 1", "inserted f!delta 3", "inserted f!delta 4", "next____ next"});
    REQUIRE(report.diagnostics.size() == 1);
    INFO(report.diagnostics[0].message);
    CHECK(report.diagnostics[0].message.starts_with("2 objects of this git pack"));
  }
  CHECK(complaints(scan_file(pack({object(3, needle("blob____"))}))).empty());
  for (const std::string& damaged : {whole.substr(0, 100), whole.substr(0, 10), pack({object(5, "x")}), pack({"\x35not deflated"}),
                                     pack({}) + "x", pack({std::string(30, '\xff')})}) {
    const ScannedBlob report = scan_file(damaged + needle("behind__"));
    CHECK(found_of(report, "behind__") == 1);
    CHECK(coverage_of(report.diagnostics).incomplete == 0);
  }
}

TEST_CASE("stores: a git pack that is not what it says is told") {
  const std::string one = object(3, needle("one_____")), two = object(3, needle("two_____"));
  const std::string whole = pack({one, two});
  std::string longer = two, shorter = two;
  longer[0] = static_cast<char>(longer[0] - 1);
  shorter[0] = static_cast<char>(shorter[0] + 1);
  for (const std::string& damaged : {pack({one, two}, 1), pack({one, two}, 0), pack({one, two}, 3), whole.substr(0, whole.size() - 1),
                                     whole.substr(0, whole.size() - 20), whole.substr(0, whole.size() - 25), whole + "x",
                                     whole + std::string(13, '\0'), pack({one, longer}), pack({one, shorter})}) {
    const ScannedBlob report = scan_file(damaged);
    CHECK(complaints(report) == Texts{"malformed f"});
    CHECK(coverage_of(report.diagnostics).not_opened == 1);
    CHECK(found_of(report, "next____") == 1);
  }
  CHECK(found_of(scan_file(pack({one, two}, 1)), "one_____") == 1);
  CHECK(found_of(scan_file(pack({one, two}, 3)), "two_____") == 1);
  CHECK(complaints(scan_file(whole + std::string(12, '#'))).empty());  // a checksum of SHA-256
  for (const std::string& cut : {"\x03\x05\xff"s,
                                 "\x03\x05\x08"
                                 "abc"s,
                                 "\x03\x05\x91"s, "\x03\x05\0"s, "\xff"s}) {
    const ScannedBlob report = scan_file(pack({one, object(7, cut, std::string(20, '\xaa'))}));
    CHECK(complaints(report) == Texts{"malformed f!delta 2", "unsupported f"});
    CHECK(found_of(report, "one_____") == 1);
  }
}

TEST_CASE("stores: differences to objects of the same git pack are put together") {
  const std::string base = object(3, "NEED" + std::string(300, '-') + "LE:copied__");
  const std::string size = "\xbb\x02"s;                                        // 315
  const std::string copied = size + "\x0f" + "\x90\x04" + "\x93\x30\x01\x0b";  // 4 from the begin, 11 from 304
  const std::string again = "\x0f\x10\x90\x0f\x01!"s;
  const auto back = [](std::size_t bytes) {
    return bytes < 128 ? std::string(1, static_cast<char>(bytes))
                       : std::string{static_cast<char>(0x80 | ((bytes >> 7) - 1)), static_cast<char>(bytes & 0x7f)};
  };
  const std::string second = object(6, copied, back(base.size()));
  const std::string third = object(6, again, back(second.size()));
  for (const std::size_t chunk : {std::size_t{7}, std::size_t{64} * 1024}) {
    const ScannedBlob report = scan_file(pack({base, second, third}), chunk);
    CHECK(places(report) == Texts{"copied__ f!blob 2", "copied__ f!blob 3", "next____ next"});
    CHECK(complaints(report).empty());
  }
  // By name: git's own, of "blob 12" and this text.
  const ScannedBlob named = scan_file(
      pack({object(3, "hello world\n"), object(7, "\x0c\x14\x90\x05\x0f" + needle("inserted"),
                                               "\x3b\x18\xe5\x12\xdb\xa7\x9e\x4c\x83\x00\xdd\x08\xae\xb3\x7f\x8e\x72\x8b\x8d\xad"s)}));
  CHECK(places(named) == Texts{"inserted f!blob 2", "next____ next"});
  for (const Diagnostic& each : named.diagnostics) FAIL_CHECK(each.message);
  // Of what a damaged one inserts, all is found.
  for (const std::string& damaged :
       {size + "\x20\x0f" + needle("inserted") + "\x93\xff\xff\x0b", size + "\x0f\x0f" + needle("inserted") + "\x01",
        "\x05\x0f\x0f" + needle("inserted"), size + "\x05\x0f" + needle("inserted")}) {
    const ScannedBlob report = scan_file(pack({base, object(6, damaged, back(base.size()))}));
    CHECK(found_of(report, "inserted") == 1);
    CHECK(complaints(report) == Texts{"malformed f!blob 2"});
  }
}

TEST_CASE("stores: a delta's inserts do not depend on how it is cut") {
  const std::string delta =
      "\x90\x01\x90\x02\x03"
      "abc"
      "\xff\1\2\3\4\5\6\7\x02"
      "de\x81\x09\x01"
      "f"s;
  for (std::size_t cut = 0; cut <= delta.size(); ++cut) {
    DeltaInserts inserts;
    std::string out;
    for (std::string piece : {delta.substr(0, cut), delta.substr(cut)}) {
      const auto size = inserts.filter(std::span(reinterpret_cast<std::uint8_t*>(piece.data()), piece.size()));
      out += piece.substr(0, size);
    }
    CHECK(out == "abcdef");
  }
}

TEST_CASE("stores: long rows of SQLite are put together, whatever the pages' order") {
  Texts rows;
  for (int i = 0; i < 40; ++i)
    rows.push_back(std::string(static_cast<std::size_t>(i) * 37, 'f') +
                   long_row(std::string("a") + static_cast<char>('A' + i) + "___", 150));
  for (const int page : {512, 1024, 4096, 65536}) {
    INFO(page);
    const std::string bytes = database(page, rows);
    for (const std::size_t chunk : {std::size_t{1000}, std::size_t{256} * 1024}) {
      const ScannedBlob report = scan_file(bytes, chunk);
      for (int i = 0; i < 40; ++i) CHECK(found_of(report, std::string("a") + static_cast<char>('A' + i) + "___", 150) == 150);
      CHECK(complaints(report).empty());
    }
    // Pages that were free are used in another order.
    const std::string reused =
        database(page, rows, {"DELETE FROM t WHERE rowid%3=0", "INSERT INTO t VALUES('" + long_row("late_", 900) + "')"});
    CHECK(found_of(scan_file(reused), "late_", 900) == 900);
  }
}

TEST_CASE("stores: a size of the database that SQLite would not believe is not believed") {
  std::string bytes = database(512, {long_row("back_", 200)});
  CHECK(found_of(scan_file(bytes), "back_", 200) == 200);
  bytes.replace(28, 4, "\0\0\0\x01"s);  // one page
  bytes.replace(92, 4, "\0\0\0\x77"s);  // not the change counter
  CHECK(found_of(scan_file(bytes), "back_", 200) == 200);
}

TEST_CASE("stores: hostile databases end in time, and are told") {
  const std::string good = database(1024, {long_row("a____", 300), long_row("b____", 300)});
  std::string loop = good;
  for (std::size_t page = 1; page * 1024 < loop.size(); ++page) {
    if (loop[page * 1024] == 0) loop.replace(page * 1024, 4, "\0\0\0\x02"s);
  }
  CHECK(coverage_of(scan_file(loop).diagnostics).not_opened == 1);
  std::string cells = good;  // every cell is the same one
  for (std::size_t at = 1024 + 8; at < 1024 + 500; at += 2) cells.replace(at, 2, cells.substr(1024 + 8, 2));
  cells.replace(1024 + 3, 2, "\xff\xff");
  CHECK(found_of(scan_file(cells), "a____", 300) + found_of(scan_file(cells), "b____", 300) > 300);
  for (const std::size_t size : {std::size_t{20}, std::size_t{99}, std::size_t{1500}, std::size_t{5000}}) {
    const ScannedBlob cut = scan_file(good.substr(0, size) + needle("behind__"));
    CHECK(coverage_of(cut.diagnostics).incomplete == 0);
    CHECK(found_of(cut, "behind__") == 1);
  }
  std::string odd = good;
  odd[16] = odd[17] = 3;
  CHECK(complaints(scan_file(odd)) == Texts{"malformed f"});
  const ScannedBlob huge = scan_file(database(4096, {std::string(3'000'000, 'x')}));
  CHECK(coverage_of(huge.diagnostics).not_opened == 1);
  CHECK(found_of(scan_file(good + make_zip({{"k", needle("zipped__")}}, "compression=deflate")), "zipped__") == 1);
}
