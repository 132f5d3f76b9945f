// SPDX-License-Identifier: Apache-2.0
#include "detectors/engine/engine.hpp"

#include "tests/detectors/support/walker_support.hpp"
#include "tests/support/catch.hpp"

using namespace landwaiter;
using namespace landwaiter::detectors;
using namespace landwaiter::detectors::test;

namespace {

struct Description {
  std::string name = "one";
  int version = 1;
  std::vector<Trigger> triggers = {{1, "abc", 3}};
  Analysis analysis = Analysis::cryptography;
};

class Described final : public Detector {
 public:
  explicit Described(Description description) : description_(std::move(description)) {}
  std::string_view name() const override { return description_.name; }
  int version() const override { return description_.version; }
  Analysis analysis() const override { return description_.analysis; }
  std::vector<Trigger> triggers() const override { return description_.triggers; }
  void inspect(const Window&, const Hit&, FindingSink&) const override {}

 private:
  Description description_;
};

std::vector<std::unique_ptr<const Detector>> described(const std::vector<Description>& all) {
  std::vector<std::unique_ptr<const Detector>> detectors;
  for (const Description& one : all) detectors.push_back(std::make_unique<Described>(one));
  return detectors;
}

Result<std::shared_ptr<const Engine>> create(const std::vector<Description>& all) {
  return Engine::create(DetectorContext{}, described(all));
}

std::string state(const std::vector<Description>& all) { return create(all).value()->states()[0].state.str(); }

}  // namespace

TEST_CASE("an analysis' state tells every difference that changes findings") {
  const std::string base = state({{}});
  CHECK(state({{}}) == base);
  CHECK(state({{.name = "two"}}) != base);
  CHECK(state({{.version = 2}}) != base);
  CHECK(state({{.triggers = {{2, "abc", 3}}}}) != base);
  CHECK(state({{.triggers = {{1, "abd", 3}}}}) != base);
  CHECK(state({{.triggers = {{1, "abc", 4}}}}) != base);
  CHECK(state({{}, {.name = "two"}}) != base);
  const auto careful = Engine::create(DetectorContext{.try_passwords = false}, described({{}})).value();
  CHECK(careful->states()[0].state.str() != base);
}

TEST_CASE("each analysis that has a detector has a state of its own, which the others' detectors do not change") {
  CHECK(create({}).value()->states().empty());
  const Description crypto;
  const Description secrets{.name = "s", .analysis = Analysis::secrets};
  const Description packages{.name = "p", .analysis = Analysis::packages};
  const auto all = create({crypto, secrets, packages}).value();
  REQUIRE(all->states().size() == 3);
  CHECK(all->states()[0].analysis == Analysis::cryptography);
  CHECK(all->states()[1].analysis == Analysis::secrets);
  CHECK(all->states()[2].analysis == Analysis::packages);
  CHECK(all->states()[0].state.str() == state({crypto}));

  Description newer = secrets;
  newer.version = 2;
  newer.triggers = {{1, "a longer trigger", 16}};
  const auto after = create({newer, packages, crypto}).value();
  CHECK(after->states()[0] == all->states()[0]);
  CHECK(after->states()[1] != all->states()[1]);
  CHECK(after->states()[2] == all->states()[2]);
  CHECK(after->walker() == all->walker());

  // Packages are in no keystore.
  const auto careful = Engine::create(DetectorContext{.try_passwords = false}, described({crypto, secrets, packages})).value();
  CHECK(careful->states()[0] != all->states()[0]);
  CHECK(careful->states()[1] != all->states()[1]);
  CHECK(careful->states()[2] == all->states()[2]);
}

TEST_CASE("triggers that the engine cannot keep its promises for are refused") {
  const auto refused = [](Trigger trigger) {
    auto engine = create({{.triggers = {std::move(trigger)}}});
    return !engine && engine.error().code() == ErrorCode::invalid_argument;
  };
  CHECK(refused({1, "a(", 10}));
  CHECK(refused({1, "abcd", 3}));
  CHECK(refused({1, "ab+", 3}));
  CHECK(refused({1, "a*", 3}));
  CHECK(refused({1, "a.{5000}", 5001}));
  CHECK_FALSE(refused({1, "a.{0,5}b", 7}));
}

TEST_CASE("detectors have different names") {
  auto engine = create({{}, {.version = 2}});
  REQUIRE_FALSE(engine.has_value());
  CHECK(engine.error().message().find("one") != std::string::npos);
}
