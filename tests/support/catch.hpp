// SPDX-License-Identifier: Apache-2.0
#pragma once

#ifdef LANDWAITER_CATCH2_V3
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

#include "core/base/result.hpp"

/// So that CHECK(result) and REQUIRE(result) compile and say what went wrong, whatever the value's type.
template <class T>
struct Catch::StringMaker<landwaiter::Result<T>> {
  static std::string convert(const landwaiter::Result<T>& result) {
    if (result) return "a value";
    return "error " + std::string(landwaiter::to_string(result.error().code())) + ": " + result.error().message();
  }
};
