// SPDX-License-Identifier: Apache-2.0
#include "detectors/walk/entry_path.hpp"

#include "core/base/limits.hpp"
#include "tests/support/catch.hpp"

using namespace landwaiter;
using namespace landwaiter::detectors;

TEST_CASE("names from archives become plain paths") {
  CHECK(entry_path("etc/ssl/a.pem").text == "etc/ssl/a.pem");
  CHECK(entry_path("./etc//ssl/./a.pem").text == "etc/ssl/a.pem");
  CHECK(entry_path("///etc/").text == "etc");
  CHECK(entry_path("./").text.empty());
  CHECK(entry_path("").text.empty());
  CHECK(entry_path("...").text == "...");
  CHECK_FALSE(entry_path("...").dot_dot);
  CHECK(entry_path("a/../../b").text == "a/../../b");
  CHECK(entry_path("a/../../b").dot_dot);
  CHECK(entry_path("caf\xc3\xa9").text == "caf\xc3\xa9");
  CHECK(entry_path("caf\xe9\n").text == "caf\\xe9\\x0a");
}

TEST_CASE("overlong names are cut and say so") {
  const EntryPath path = entry_path(std::string(10000, 'a'));
  CHECK(path.cut);
  CHECK(path.text.size() == limits::path_bytes_max);
  CHECK_FALSE(entry_path(std::string(limits::path_bytes_max, 'a')).cut);
}

TEST_CASE("whiteouts name what they hide") {
  std::string subject;
  CHECK(entry_meaning("etc/.wh.passwd", subject) == EntryMeaning::whiteout);
  CHECK(subject == "etc/passwd");
  CHECK(entry_meaning(".wh.bin", subject) == EntryMeaning::whiteout);
  CHECK(subject == "bin");
  CHECK(entry_meaning("etc/ssl/.wh..wh..opq", subject) == EntryMeaning::opaque_directory);
  CHECK(subject == "etc/ssl");
  CHECK(entry_meaning(".wh..wh..opq", subject) == EntryMeaning::opaque_directory);
  CHECK(subject.empty());
  CHECK(entry_meaning("a/.wh..hidden", subject) == EntryMeaning::whiteout);
  CHECK(subject == "a/.hidden");
  CHECK(entry_meaning(".wh..wh.plnk", subject) == EntryMeaning::aufs_metadata);
  CHECK(entry_meaning("a/.wh.", subject) == EntryMeaning::content);
  CHECK(entry_meaning(".wh.dir/file", subject) == EntryMeaning::content);
}

TEST_CASE("the content of a compressed file has a name") {
  CHECK(uncompressed_name("usr/a.pem.gz") == "a.pem");
  CHECK(uncompressed_name("A.PEM.XZ") == "A.PEM");
  CHECK(uncompressed_name("dir.gz/blob") == "blob.content");
  CHECK(uncompressed_name("a/.gz") == ".gz.content");
}
