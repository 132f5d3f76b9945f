// SPDX-License-Identifier: Apache-2.0
#include "storage/postgres/placeholders.hpp"

#include "tests/support/catch.hpp"

namespace landwaiter::storage {

TEST_CASE("placeholders are numbered as SQLite numbers them") {
  CHECK(numbered_placeholders("SELECT ?, ? FROM t WHERE a=?") == "SELECT $1, $2 FROM t WHERE a=$3");
  CHECK(numbered_placeholders("?2,?,?1,?") == "$2,$3,$1,$4");
  CHECK(numbered_placeholders("a='?' AND b=? AND c='it''s ?' AND d=?") == "a='?' AND b=$1 AND c='it''s ?' AND d=$2");
  CHECK(numbered_placeholders("none") == "none");
}

}  // namespace landwaiter::storage
