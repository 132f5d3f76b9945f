// SPDX-License-Identifier: Apache-2.0
#include "core/report/attributes.hpp"

#include "tests/support/catch.hpp"

using namespace landwaiter;
using nlohmann::json;

TEST_CASE("attributes of the right type are read, others are nothing") {
  const json facts{
      {"text", "t"}, {"flag", true}, {"count", 7}, {"texts", json::array({"a", 1, "b", nullptr})}, {"time", "2026-01-01T00:00:00Z"},
      {"minus", -1}, {"half", 0.5}};
  CHECK(text_attribute(facts, "text") == "t");
  CHECK(text_attribute(facts, "count").empty());
  CHECK(flag_attribute(facts, "flag"));
  CHECK_FALSE(flag_attribute(facts, "count"));
  CHECK(count_attribute(facts, "count") == 7U);
  for (const char* name : {"minus", "half", "text", "none"}) CHECK_FALSE(count_attribute(facts, name));
  CHECK(texts_attribute(facts, "texts") == std::vector<std::string>{"a", "b"});
  CHECK(texts_attribute(facts, "text").empty());
  CHECK(time_attribute(facts, "time"));
  CHECK_FALSE(time_attribute(facts, "text"));
}

TEST_CASE("attributes need not be an object") {
  for (const json& odd : {json(nullptr), json(7), json("x"), json::array({1})}) {
    CHECK(text_attribute(odd, "x").empty());
    CHECK_FALSE(flag_attribute(odd, "x"));
    CHECK_FALSE(count_attribute(odd, "x"));
    CHECK(texts_attribute(odd, "x").empty());
  }
}
