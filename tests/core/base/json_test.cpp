// SPDX-License-Identifier: Apache-2.0
#include "core/base/json.hpp"

#include "core/base/json_reader.hpp"
#include "core/base/limits.hpp"
#include "tests/support/catch.hpp"

using namespace landwaiter;
using nlohmann::json;

namespace {

std::string nested(std::size_t depth, char open, char close) { return std::string(depth, open) + std::string(depth, close); }

std::string nested_objects(std::size_t depth) {
  std::string out;
  for (std::size_t i = 0; i < depth; ++i) out += R"({"a":)";
  return out + "1" + std::string(depth, '}');
}

struct Pair {
  int a = 0;
  std::string b;
};

void from_json(const json& in, Pair& value) {
  in.at("a").get_to(value.a);
  in.at("b").get_to(value.b);
}

}  // namespace

TEST_CASE("JSON is parsed whole or not at all") {
  const auto good = parse_json(R"({"a":[1,2,{"b":null}]})", "test", kJsonFields);
  REQUIRE(good);
  CHECK((*good)["a"][2]["b"].is_null());
  for (const char* text : {"", " ", "{", "{}x", "{} {}", "[1,]", "{\"a\":1,}", "// c\n{}", "nul", "\"\xff\"", "\"\\ud800\"", "'a'", "1e999",
                           "NaN", "\"a\nb\"", "[1 2]", "{1:2}"}) {
    INFO(text);
    const auto bad = parse_json(text, "the document", kJsonFields);
    REQUIRE_FALSE(bad);
    CHECK(bad.error().code() == ErrorCode::malformed);
    CHECK(bad.error().message().find("the document") != std::string::npos);
  }
}

TEST_CASE("JSON nesting is bounded at the limit exactly") {
  CHECK(parse_json(nested(limits::json_depth_max, '[', ']'), "test", kJsonFields));
  CHECK(parse_json(nested_objects(limits::json_depth_max), "test", kJsonFields));
  for (const std::string& text : {nested(limits::json_depth_max + 2, '[', ']'), nested_objects(limits::json_depth_max + 2),
                                  nested(1'000'000, '[', ']'), nested_objects(200'000)}) {
    const auto deep = parse_json(text, "test", kJsonFields);
    REQUIRE_FALSE(deep);
    CHECK(deep.error().code() == ErrorCode::limit_exceeded);
  }
  // Without an end, too.
  CHECK_FALSE(parse_json(std::string(1'000'000, '['), "test", kJsonFields));
}

TEST_CASE("A missing or mistyped field is an error with the document's name, not an exception") {
  CHECK(parse_json_as<Pair>(R"({"a":1,"b":"x","c":[]})", "pair", kJsonFields)->b == "x");
  for (const char* text : {R"({"a":1})", R"({"a":"1","b":"x"})", R"({"a":1,"b":2})", "[]", "null", "7"}) {
    INFO(text);
    const auto bad = parse_json_as<Pair>(text, "pair", kJsonFields);
    REQUIRE_FALSE(bad);
    CHECK(bad.error().code() == ErrorCode::malformed);
    CHECK(bad.error().message().starts_with("pair"));
  }
}

TEST_CASE("A count is a whole number that is not negative") {
  CHECK(read_count(json::parse(R"({"n":0})"), "n") == 0);
  CHECK(read_count(json::parse(R"({"n":18446744073709551615})"), "n") == ~std::uint64_t{0});
  CHECK(read_count(json{{"n", 5}}, "n") == 5);
  for (const char* text : {R"({"n":-1})", R"({"n":1.5})", R"({"n":1e300})", R"({"n":"1"})", R"({"n":true})", R"({"n":null})", R"({})",
                           R"([])", R"({"n":18446744073709551616})"}) {
    INFO(text);
    const json document = json::parse(text);
    CHECK_FALSE(read_json_fields("test", [&] { (void)read_count(document, "n"); }));
  }
}

TEST_CASE("Writing survives bytes that are no UTF-8") {
  const json value{{"path", "a\xff"}};
  CHECK(dump_json(value) == "{\"path\":\"a\xef\xbf\xbd\"}");
  CHECK(dump_json_pretty(json{{"a", 1}}) == "{\n  \"a\": 1\n}");
}

TEST_CASE("the texts of a document can be overwritten") {
  auto document = parse_json(R"({"a":"hunter2","b":[{"c":"hunter2"},"hunter2",1]})", "x", kJsonFields).value();
  wipe_texts(document);
  CHECK(dump_json(document) == R"({"a":"","b":[{"c":""},"",1]})");
}
