// SPDX-License-Identifier: Apache-2.0
#include "core/os/file_tree.hpp"

#include "tests/storage/temporary_directory.hpp"
#include "tests/support/catch.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>

using namespace landwaiter;
using Kind = TreeEntry::Kind;

namespace {

std::vector<TreeEntry> all_of(const std::string& path) {
  auto tree = FileTree::open(path);
  REQUIRE(tree.has_value());
  std::vector<TreeEntry> out;
  while (auto entry = tree->next()) out.push_back(*std::move(entry));
  return out;
}

std::string content_of(TreeEntry& entry) {
  REQUIRE(entry.file.has_value());
  std::string out(entry.size_bytes + 1, '\0');
  auto size = entry.file->read({reinterpret_cast<std::uint8_t*>(out.data()), out.size()});
  REQUIRE(size.has_value());
  out.resize(*size);
  return out;
}

}  // namespace

TEST_CASE("a tree is told in the order of its names, and nothing in it is followed", "[os]") {
  test::TemporaryDirectory folder;
  const auto root = folder.path() / "root";
  std::filesystem::create_directories(root / "b" / "deep");
  std::ofstream(root / "b" / "deep" / "key") << "secret";
  std::ofstream(root / "a") << "first";
  std::ofstream(folder.path() / "outside") << "not ours";
  std::filesystem::create_hard_link(root / "a", root / "z");
  std::filesystem::create_symlink("../outside", root / "c");
  std::filesystem::create_directory_symlink("/", root / "d");
  REQUIRE(::mkfifo((root / "pipe").c_str(), 0600) == 0);

  auto entries = all_of(root.string());
  std::vector<std::string> names;
  for (const TreeEntry& entry : entries) names.push_back(entry.name);
  REQUIRE(names == std::vector<std::string>{"a", "b", "b/deep", "b/deep/key", "c", "d", "z"});
  CHECK(entries[0].kind == Kind::file);
  CHECK(entries[0].size_bytes == 5);
  CHECK(content_of(entries[0]) == "first");
  CHECK(entries[1].kind == Kind::folder);
  CHECK(content_of(entries[3]) == "secret");
  CHECK(entries[4].kind == Kind::symbolic_link);
  CHECK(entries[4].target == "../outside");
  CHECK(entries[5].kind == Kind::symbolic_link);
  CHECK(entries[6].kind == Kind::hard_link);
  CHECK(entries[6].target == "a");
}

TEST_CASE("what cannot be read in a tree is told with its reason", "[os]") {
  test::TemporaryDirectory folder;
  std::filesystem::permissions(folder.path(), std::filesystem::perms(0755));
  std::ofstream(folder.path() / "closed") << "x";
  std::filesystem::create_directories(folder.path() / "room" / "inside");
  std::filesystem::permissions(folder.path() / "closed", std::filesystem::perms::none);
  std::filesystem::permissions(folder.path() / "room", std::filesystem::perms::none);
  // Root reads everything.
  const uid_t before = ::geteuid();
  constexpr uid_t nobody = 65'534;
  if (before == 0) REQUIRE(::seteuid(nobody) == 0);
  const auto entries = all_of(folder.path().string());
  if (before == 0) REQUIRE(::seteuid(before) == 0);
  std::filesystem::permissions(folder.path() / "room", std::filesystem::perms::owner_all);
  REQUIRE(entries.size() == 2);
  for (const TreeEntry& entry : entries) CHECK(entry.problem == "Permission denied");
}

TEST_CASE("a tree ends at a bounded depth", "[os]") {
  test::TemporaryDirectory folder;
  std::filesystem::path path = folder.path();
  for (int depth = 0; depth < 300; ++depth) path /= "d";
  std::filesystem::create_directories(path);
  const auto entries = all_of(folder.path().string());
  REQUIRE(entries.size() == 256);
  CHECK(entries.back().problem.find("nested deeper") != std::string::npos);
}

TEST_CASE("only a folder is a tree", "[os]") {
  test::TemporaryDirectory folder;
  std::ofstream(folder.path() / "file") << "x";
  CHECK(FileTree::open((folder.path() / "none").string()).error().code() == ErrorCode::not_found);
  CHECK(FileTree::open((folder.path() / "file").string()).error().code() == ErrorCode::io);
}
