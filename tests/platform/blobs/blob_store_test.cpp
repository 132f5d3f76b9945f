// SPDX-License-Identifier: Apache-2.0
#include "platform/blobs/blob_store.hpp"

#include "platform/blobs/blob_place.hpp"
#include "platform/blobs/folder_blobs.hpp"
#include "tests/platform/support/bucket_server.hpp"
#include "tests/storage/temporary_directory.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

namespace landwaiter::test {
namespace {

using platform::BlobStore;

Bytes bytes_of(std::string_view text) {
  const ByteView view = as_bytes(text);
  return {view.begin(), view.end()};
}

/// What every place promises.
void check_place(BlobStore& blobs) {
  INFO(blobs.place());
  const Bytes one = bytes_of("one report");
  const auto name = blobs.put(one);
  INFO((name ? "" : name.error().message()));
  REQUIRE(name.has_value());
  CHECK(*name == platform::blob_name(one));
  CHECK(blobs.get(*name).value() == one);
  CHECK(blobs.put(one).value() == *name);
  const auto empty = blobs.put(Bytes());
  REQUIRE(empty.has_value());
  CHECK(blobs.get(*empty).value().empty());

  const auto missing = blobs.get(platform::blob_name(bytes_of("never put")));
  REQUIRE_FALSE(missing.has_value());
  CHECK(missing.error().code() == ErrorCode::not_found);
  CHECK(missing.error().message().find(blobs.place()) != std::string::npos);

  // Names of one 256th, and no others.
  std::set<std::string> put{*name};
  for (int i = 0; i < 300; ++i) put.insert(blobs.put(bytes_of("report " + std::to_string(i))).value());
  const std::string digits = name->substr(0, 2);
  std::set<std::string> expected;
  std::ranges::copy_if(put, std::inserter(expected, expected.end()), [&](const std::string& each) { return each.starts_with(digits); });
  std::set<std::string> listed;
  const auto list = blobs.list(digits);
  INFO((list ? "" : list.error().message()));
  REQUIRE(list.has_value());
  for (const platform::BlobFacts& facts : *list) {
    listed.insert(facts.name);
    CHECK(facts.written_at > from_rfc3339("2020-01-01T00:00:00Z").value());
  }
  CHECK(listed == expected);

  CHECK(blobs.remove(*name).has_value());
  CHECK(blobs.remove(*name).has_value());
  CHECK(blobs.get(*name).error().code() == ErrorCode::not_found);
  CHECK(blobs.list(digits).value().size() + 1 == expected.size());
  for (const char* bad : {"", "../../etc/passwd", "ab/cd/abcd.zst", "/etc/passwd"}) {
    CHECK(blobs.get(bad).error().code() == ErrorCode::invalid_argument);
    CHECK(blobs.remove(bad).error().code() == ErrorCode::invalid_argument);
    CHECK_FALSE(blobs.list(bad).has_value());
  }
}

}  // namespace

TEST_CASE("blobs: every place keeps, gives back, lists and removes") {
  const TemporaryDirectory folder;
  const auto in_folder = platform::open_folder_blobs(folder.path() / "reports").value();
  check_place(*in_folder);
  const BucketServer server;
  const auto in_bucket = server.open("prefix/of/reports");
  check_place(*in_bucket);
  const auto without_prefix = server.open("");
  check_place(*without_prefix);
}

TEST_CASE("blobs: a name is the digest of the bytes, and nothing else is a name") {
  const std::string name = platform::blob_name(bytes_of("x"));
  CHECK(name == "2d/71/2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881.zst");
  CHECK(platform::is_blob_name(name));
  CHECK_FALSE(platform::is_blob_name("2d/72/" + name.substr(6)));
  CHECK_FALSE(platform::is_blob_name(name.substr(0, name.size() - 1)));
  CHECK_FALSE(platform::is_blob_name("2D/71/2D711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881.zst"));
}

TEST_CASE("blobs: files are private, and a damaged one is told") {
  const TemporaryDirectory folder;
  const auto blobs = platform::open_folder_blobs(folder.path() / "reports").value();
  const std::string name = blobs->put(bytes_of("one report")).value();
  const auto file = folder.path() / "reports" / name;
  CHECK((std::filesystem::status(file).permissions() & std::filesystem::perms(0777)) == std::filesystem::perms(0600));
  CHECK(std::distance(std::filesystem::directory_iterator(file.parent_path()), std::filesystem::directory_iterator()) == 1);
  std::ofstream(file) << "other bytes";
  const auto damaged = blobs->get(name);
  REQUIRE_FALSE(damaged.has_value());
  CHECK(damaged.error().code() == ErrorCode::digest_mismatch);
  CHECK(damaged.error().message().find(name + " is damaged") != std::string::npos);
  // Names of others do not disturb.
  std::ofstream(file.parent_path() / "README") << "hello";
  CHECK(blobs->list(name.substr(0, 2)).value().size() == 1);
}

}  // namespace landwaiter::test
