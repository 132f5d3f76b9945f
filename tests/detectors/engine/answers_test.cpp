// SPDX-License-Identifier: Apache-2.0
#include "detectors/engine/answers.hpp"

#include "core/base/work_meter.hpp"
#include "tests/support/catch.hpp"

namespace landwaiter::detectors {
namespace {

std::vector<Finding> answer(std::string id, std::size_t size = 0) {
  Finding finding;
  finding.id = std::move(id);
  finding.title = std::string(size, 't');
  return {finding};
}

}  // namespace

TEST_CASE("answers are kept for the objects that were used last", "[answers]") {
  Answers answers;
  for (std::size_t i = 0; i < Answers::kEntriesMax; ++i) answers.keep(std::to_string(i), answer("a"));
  REQUIRE(answers.find("0") != nullptr);
  answers.keep("new", answer("n"));
  CHECK(answers.find("0") != nullptr);
  CHECK(answers.find("1") == nullptr);
  CHECK(answers.find("2") != nullptr);
  REQUIRE(answers.find("new") != nullptr);
  CHECK(answers.find("new")->front().id == "n");
  answers.clear();
  CHECK(answers.find("new") == nullptr);
}

TEST_CASE("answers take a bounded number of bytes", "[answers]") {
  constexpr std::size_t kSize = Answers::kBytesMax / 10;
  Answers answers;
  for (int i = 0; i < 20; ++i) answers.keep(std::to_string(i), answer("a", kSize));
  std::size_t kept = 0;
  for (int i = 0; i < 20; ++i) kept += answers.find(std::to_string(i)) != nullptr ? 1 : 0;
  CHECK(kept > 5);
  CHECK(kept <= 10);
  answers.keep("huge", answer("a", Answers::kBytesMax));
  CHECK(answers.find("huge") == nullptr);
}

TEST_CASE("an object is read once by each reader, and again if the work was spent meanwhile", "[answers]") {
  Answers answers;
  WorkMeter meter;
  meter.begin(1'000'000);
  const AnswersScope scope(answers);
  const WorkScope work(meter);
  int reads = 0;
  const auto read = [&](std::string_view reader, std::string_view object, std::uint64_t cost) {
    return answer_for(reader, as_bytes(object), [&] {
      charge_work(cost);
      return answer(std::to_string(++reads));
    });
  };
  CHECK(read("a", "x", 0).front().id == "1");
  CHECK(read("a", "x", 0).front().id == "1");
  CHECK(read("b", "x", 0).front().id == "2");
  CHECK(read("a", "y", 0).front().id == "3");
  CHECK(read("a", "z", 2'000'000).front().id == "4");
  meter.begin(1'000'000);
  CHECK(read("a", "z", 0).front().id == "5");
  CHECK(read("a", "z", 0).front().id == "5");
}

}  // namespace landwaiter::detectors
