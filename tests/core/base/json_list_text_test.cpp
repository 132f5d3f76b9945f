// SPDX-License-Identifier: Apache-2.0
#include "core/base/json_list_text.hpp"

#include "tests/support/catch.hpp"

using namespace landwaiter;
using nlohmann::json;

TEST_CASE("a list written value by value has the bytes of the whole document") {
  const std::vector<json> values{json::object(), json::array(), 1, "a\nb\t\"", nullptr, {{"a", json::array({1, {{"b", json::array()}}})}}};
  for (std::size_t count = 0; count <= values.size(); ++count) {
    INFO(count);
    JsonListText list;
    std::string text = "{\n  \"list\": ";
    for (std::size_t i = 0; i < count; ++i) text += list.add(values[i]);
    text += list.end() + "\n}";
    CHECK(text == dump_json_pretty({{"list", std::vector<json>(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(count))}}));
  }
}
