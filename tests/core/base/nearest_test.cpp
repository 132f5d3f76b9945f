// SPDX-License-Identifier: Apache-2.0
#include "core/base/nearest.hpp"

#include "tests/support/catch.hpp"

#include <array>

using namespace landwaiter;

TEST_CASE("one edit is a letter missing, too many, exchanged or swapped", "[text]") {
  CHECK(edit_distance("password", "password") == 0);
  CHECK(edit_distance("pasword", "password") == 1);
  CHECK(edit_distance("passwordd", "password") == 1);
  CHECK(edit_distance("passw0rd", "password") == 1);
  CHECK(edit_distance("psasword", "password") == 1);
  CHECK(edit_distance("PASSWORD", "password") == 0);
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("abc", "") == 3);
}

TEST_CASE("the nearest name is close in relation to its length", "[text]") {
  constexpr std::array<std::string_view, 4> known{"oci", "docker-archive", "oci-archive", "username"};
  CHECK(nearest("dokcer-archive", known) == "docker-archive");
  CHECK(nearest("dokcer-archvie", known) == "docker-archive");
  CHECK(nearest("oic", known) == "oci");
  CHECK(nearest("xyz", known).empty());
  CHECK(nearest("oxx", known).empty());  // two of three letters differ: it is another word
  CHECK(nearest("user", known).empty());
  CHECK(nearest(std::string(10'000, 'a'), known).empty());
  CHECK(did_you_mean("usrname", known) == "; did you mean \"username\"?");
  CHECK(did_you_mean("anything", known).empty());
}
