// SPDX-License-Identifier: Apache-2.0
#include "core/report/analysis.hpp"

#include "core/base/json.hpp"
#include "tests/support/catch.hpp"

using namespace landwaiter;
using nlohmann::json;

namespace {

Digest digest_of(std::string_view text) { return Digest::sha256_of(as_bytes(text)); }

Result<AnalysisStates> read(const json& states) {
  AnalysisStates out;
  auto done = read_json_fields("states", [&] { out = states_from_json(json{{"states", states}}, "states"); });
  if (!done) return done.error();
  return out;
}

}  // namespace

TEST_CASE("analyses have names") {
  for (const Analysis analysis : kAllAnalyses) CHECK(analysis_from(to_string(analysis)) == analysis);
  CHECK_FALSE(analysis_from("Secrets"));
  CHECK_FALSE(analysis_from(""));
}

TEST_CASE("states go through JSON in order, and analyses of a newer version are left out") {
  const AnalysisStates states{{Analysis::cryptography, digest_of("c")}, {Analysis::secrets, digest_of("s")}};
  CHECK(read(states_to_json(states)).value() == states);
  json newer = states_to_json(states);
  newer["astrology"] = "of any form";
  CHECK(read(newer).value() == states);
  CHECK(read(json::object()).value().empty());
  for (const json& wrong : {json::array(), json(nullptr), json{{"secrets", ""}}, json{{"secrets", 1}}}) {
    INFO(wrong);
    CHECK(read(wrong).error().code() == ErrorCode::malformed);
  }
}

TEST_CASE("states are looked up and compared by analysis and digest") {
  const AnalysisStates both{{Analysis::cryptography, digest_of("c")}, {Analysis::secrets, digest_of("s")}};
  REQUIRE(state_of(both, Analysis::secrets) != nullptr);
  CHECK(*state_of(both, Analysis::secrets) == digest_of("s"));
  CHECK(state_of(both, Analysis::packages) == nullptr);
}

TEST_CASE("parts of a layer are those of an engine, divided by what others have") {
  EngineState engine;
  engine.states = {{Analysis::cryptography, digest_of("c")}, {Analysis::secrets, digest_of("s")}};
  const LayerParts all = all_parts(engine);
  CHECK(all.facts);
  CHECK(all.analyses == std::vector<Analysis>{Analysis::cryptography, Analysis::secrets});
  LayerParts missing;
  missing.analyses = {Analysis::secrets};
  CHECK(split(all, missing, true) == missing);
  const LayerParts known = split(all, missing, false);
  CHECK(known.facts);
  CHECK(known.analyses == std::vector<Analysis>{Analysis::cryptography});
  CHECK(LayerParts().none());
  CHECK_FALSE(missing.none());
}
