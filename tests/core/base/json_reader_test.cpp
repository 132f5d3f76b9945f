// SPDX-License-Identifier: Apache-2.0
#include "core/base/json_reader.hpp"

#include "core/base/work_meter.hpp"
#include "tests/support/catch.hpp"

using namespace landwaiter;
using nlohmann::json;

namespace {

constexpr JsonLimits kPlenty{2'000'001, 64 << 20};

std::string repeated(std::string_view entry, std::size_t count) {
  std::string out = "[";
  for (std::size_t i = 0; i < count; ++i) out.append(i == 0 ? "" : ",").append(entry);
  return out + ']';
}

}  // namespace

TEST_CASE("a million objects in one list cost four steps each") {
  JsonCost cost;
  const auto read = parse_json(repeated(R"({"a":1})", 1'000'000), "it", kPlenty, &cost);
  REQUIRE(read);
  CHECK(read->size() == 1'000'000);
  CHECK(cost.nodes == 2'000'001);
  CHECK(cost.steps == 4'000'002);
}

TEST_CASE("reading stops at the first limit and says which and where") {
  const auto message = [](std::string_view text, const JsonLimits& limits) {
    const auto read = parse_json(text, "it", limits);
    REQUIRE_FALSE(read);
    CHECK(read.error().code() == ErrorCode::limit_exceeded);
    return read.error().message();
  };
  CHECK(parse_json("[[1],2]", "it", JsonLimits{4, 7, 2}));
  CHECK(message("[[1],2]", {3, 7, 2}) == "it has more than 3 values, at byte 7");
  CHECK(message("[[1],2]", {4, 7, 1}) == "it is nested too deep, at byte 2");
  CHECK(message("[[1],2]", {4, 6, 2}) == "it has more than 6 bytes");
  CHECK(message(R"({"a":1,"a":2})", {2, 100, 2}).find("values") != std::string::npos);
  // What comes after the limit is not looked at.
  JsonCost cost;
  CHECK_FALSE(parse_json(repeated("{}", 1'000'000), "it", kJsonManifest, &cost));
  CHECK(cost.nodes == kJsonManifest.nodes + 1);
}

TEST_CASE("documents are read as nlohmann reads them") {
  for (const char* text : {R"({"a":{"x":1},"a":{"y":2}})", R"({"a":[1],"a":2,"":null})", "18446744073709551615", "18446744073709551616",
                           "-9223372036854775808", "-9223372036854775809", "1e308", "-0", "0.1", R"("\ud83d\ude00\u0000")", "[[],{},[{}]]",
                           "\xef\xbb\xbf[true]", " \t\r\n7 ", "[[[1,{\"b\":[2,3]},4],5],6]"}) {
    INFO(text);
    const auto read = parse_json(text, "it", kPlenty);
    REQUIRE(read);
    CHECK(*read == json::parse(text));
    CHECK(read->dump() == json::parse(text).dump());
  }
  for (const char* text : {"1e999", "\"\xff\"", "[1", "{\"a\"}", "\xef\xbb", "[1]]", "", R"("\ud800")"}) {
    INFO(text);
    const auto read = parse_json(text, "it", kPlenty);
    REQUIRE_FALSE(read);
    CHECK(read.error().code() == ErrorCode::malformed);
  }
}

TEST_CASE("values are counted in a document as while it is read") {
  for (const char* text : {"7", "[]", R"({"a":[1,{"b":null}],"c":"d"})"}) {
    INFO(text);
    JsonCost cost;
    CHECK(count_nodes(parse_json(text, "it", kJsonFields, &cost).value()) == cost.nodes);
  }
}

TEST_CASE("reading is work that a detector has to have earned") {
  WorkMeter meter;
  const WorkScope scope(meter);
  meter.begin(1000);
  CHECK(parse_json("[1]", "it", kJsonFields));
  CHECK(parse_json(repeated("1", 100), "it", kJsonFields).error().code() == ErrorCode::limit_exceeded);
}
