// SPDX-License-Identifier: Apache-2.0
#include "daemon/output/text_width.hpp"

#include "tests/support/catch.hpp"

using namespace landwaiter::daemon;

TEST_CASE("wide characters take two columns, combining ones none") {
  CHECK(width_of("abc") == 3);
  CHECK(width_of("éa") == 2);
  CHECK(width_of("e\u0301") == 1);
  CHECK(width_of("証明書") == 6);
  CHECK(width_of("🔑") == 2);
  CHECK(width_of("a\u200bb") == 2);
  CHECK(width_of("\xff\xfe") == 2);
  CHECK(width_of("") == 0);
}

TEST_CASE("texts are cut to columns, not to bytes, and never within a character") {
  CHECK(fitting("証明書", 5) == "証明");
  CHECK(fitting("e\u0301x", 1) == "e\u0301");
  CHECK(shortened("証明書の鍵", 8) == "証明...");
  CHECK(shortened("short", 8) == "short");
  CHECK(shortened("longer", 2) == "lo");
  CHECK(shortened_left("registry/team/shop:1", 9) == "...shop:1");
  CHECK(shortened_left("証明書の鍵", 7) == "...の鍵");
  CHECK(shortened_left("abcde\u0301xyz", 6) == "...xyz");
  CHECK(padded("証", 4) == "証  ");
  CHECK(padded("long", 2) == "long");
}

TEST_CASE("lines break at spaces, and within words that are too long") {
  CHECK(wrap("one two three", 7) == std::vector<std::string>{"one two", "three"});
  CHECK(wrap("one two three", 8) == std::vector<std::string>{"one two", "three"});
  CHECK(wrap("abcdefgh", 3) == std::vector<std::string>{"abc", "def", "gh"});
  CHECK(wrap("", 3) == std::vector<std::string>{""});
  CHECK(wrap("éééé", 2) == std::vector<std::string>{"éé", "éé"});
  CHECK(wrap("a b", 0) == std::vector<std::string>{"a", "b"});
  CHECK(wrap("証明書", 4) == std::vector<std::string>{"証明", "書"});
  CHECK(wrap("証", 1) == std::vector<std::string>{"証"});
}
