// SPDX-License-Identifier: Apache-2.0
#include "platform/store/vault.hpp"

#include "tests/storage/temporary_directory.hpp"
#include "tests/support/catch.hpp"

#include <sys/stat.h>

#include <fstream>

namespace landwaiter::platform {

TEST_CASE("vault: only the same key, row and bytes open it") {
  const test::TemporaryDirectory folder;
  const auto vault = Vault::open(folder.path() / "key").value();
  const Bytes box = vault.encrypt(Secret("hunter2"), "registry:1");
  CHECK(Vault::open(folder.path() / "key").value().decrypt(box, "registry:1").value().reveal() == "hunter2");
  CHECK_FALSE(vault.decrypt(box, "registry:2").has_value());
  CHECK_FALSE(Vault::open(folder.path() / "other").value().decrypt(box, "registry:1").has_value());
  for (std::size_t at = 0; at < box.size(); ++at) {
    Bytes bad = box;
    bad[at] ^= 1;
    CHECK_FALSE(vault.decrypt(bad, "registry:1").has_value());
    CHECK_FALSE(vault.decrypt(ByteView(box).first(at), "registry:1").has_value());
  }
  CHECK(vault.encrypt(Secret("hunter2"), "registry:1") != box);
}

TEST_CASE("vault: a key file that others may read, or of a wrong size, is refused") {
  const test::TemporaryDirectory folder;
  const auto file = folder.path() / "key";
  REQUIRE(Vault::open(file).has_value());
  struct stat status {};
  REQUIRE(::stat(file.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0600);
  ::chmod(file.c_str(), 0644);
  CHECK(Vault::open(file).error().code() == ErrorCode::configuration);
  ::chmod(file.c_str(), 0600);
  std::ofstream(file, std::ios::app) << "x";
  CHECK(Vault::open(file).error().code() == ErrorCode::configuration);
}

}  // namespace landwaiter::platform
