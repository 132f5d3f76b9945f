// SPDX-License-Identifier: Apache-2.0
#include "core/base/text_list.hpp"

#include "tests/support/catch.hpp"

using namespace landwaiter;

TEST_CASE("a list of texts keeps them in order, the empty ones too") {
  TextList list{"a", "", "bcd"};
  CHECK(list.size() == 3);
  CHECK(list.front() == "a");
  CHECK(list[1].empty());
  CHECK(list.back() == "bcd");
  CHECK(list == std::vector<std::string>{"a", "", "bcd"});
  CHECK(list.strings() == std::vector<std::string>{"a", "", "bcd"});
  CHECK(std::ranges::find(list, std::string_view("bcd")) - list.begin() == 2);
  static_assert(std::random_access_iterator<TextList::Iterator>);

  list.keep_if([](std::size_t index, std::string_view text) { return index == 1 || text == "bcd"; });
  CHECK(list == std::vector<std::string>{"", "bcd"});
  list.push_back("e");
  CHECK(list == std::vector<std::string>{"", "bcd", "e"});
  list.keep_if([](std::size_t, std::string_view) { return false; });
  CHECK(list.empty());
  list.clear();
  CHECK(list.begin() == list.end());
}
