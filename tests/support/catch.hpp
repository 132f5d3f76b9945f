// SPDX-License-Identifier: Apache-2.0
#pragma once

#ifdef LANDWAITER_CATCH2_V3
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif
