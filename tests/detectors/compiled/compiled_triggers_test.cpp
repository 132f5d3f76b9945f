// SPDX-License-Identifier: Apache-2.0
#include "detectors/compiled/compiled_triggers.hpp"

#include "detectors/all.hpp"
#include "detectors/engine/engine.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>

using namespace landwaiter;
using namespace landwaiter::detectors;

namespace {

std::vector<Prefilter::Match> matches(const Prefilter& prefilter, std::size_t patterns, std::string_view text) {
  std::vector<Prefilter::Match> found;
  std::vector<Prefilter::Group> groups{{.wanted = true, .room = 1000}};
  prefilter.scan(as_bytes(text), prefilter.make_scratch(), found, std::vector<std::uint8_t>(patterns, 0), groups);
  std::ranges::sort(found);
  return found;
}

}  // namespace

TEST_CASE("the programs have the triggers of today's detectors compiled in", "[compiled]") {
  const auto patterns = patterns_of(make_all_detectors(DetectorContext{}));
  const auto loaded = Prefilter::load(patterns, compiled_triggers());
  REQUIRE(loaded.has_value());

  // Whoever uses other detectors' triggers must not get these.
  auto others = patterns;
  others.back().max_length += 1;
  CHECK_FALSE(Prefilter::load(others, compiled_triggers()).has_value());
  std::swap(others.front(), others.back());
  CHECK_FALSE(Prefilter::load(others, compiled_triggers()).has_value());

  SECTION("and they find what triggers compiled at the start find") {
    const std::string text = "-----BEGIN PRIVATE KEY----- ssh-rsa AAAAB3NzaC1yc2E \"kty\": \"RSA\" PuTTY-User-Key-File-3: 0\x82\x04\x00";
    const auto compiled = Prefilter::compile(patterns).value();
    CHECK_FALSE(matches(*loaded, patterns.size(), text).empty());
    CHECK(matches(*loaded, patterns.size(), text) == matches(compiled, patterns.size(), text));
  }
}

TEST_CASE("a damaged database is not used", "[compiled]") {
  const auto patterns = patterns_of(make_all_detectors(DetectorContext{}));
  const Prefilter::Compiled whole = compiled_triggers();
  CHECK_FALSE(Prefilter::load(patterns, {whole.patterns, whole.database.first(whole.database.size() / 2)}).has_value());
  CHECK_FALSE(Prefilter::load(patterns, {whole.patterns, {}}).has_value());
  Bytes damaged(whole.database.begin(), whole.database.end());
  damaged[damaged.size() / 2] ^= 1;
  CHECK_FALSE(Prefilter::load(patterns, {whole.patterns, damaged}).has_value());
}
