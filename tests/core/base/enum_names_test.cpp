// SPDX-License-Identifier: Apache-2.0
#include "core/base/enum_names.hpp"

#include "tests/support/catch.hpp"

using namespace landwaiter;

namespace {

enum class Color { red, green, blue };
constexpr EnumNames<Color, 2> kColors{{{Color::red, "red"}, {Color::green, "Green"}}};

}  // namespace

TEST_CASE("A table of names serves both ways, and knows no more than it holds") {
  CHECK(name_of(kColors, Color::green) == "Green");
  CHECK(name_of(kColors, Color::blue) == "unknown");
  CHECK(value_of(kColors, "red") == Color::red);
  for (const char* name : {"", "RED", "green", "unknown", "red "}) CHECK_FALSE(value_of(kColors, name));
  static_assert(name_of(kColors, Color::red) == "red");
}
