// SPDX-License-Identifier: Apache-2.0
#include "core/base/glob.hpp"

#include "tests/support/catch.hpp"

#include <string>

using landwaiter::matches_glob;

TEST_CASE("a star stays within a folder, two stars do not", "[glob]") {
  CHECK(matches_glob("etc/ssl/a.pem", "etc/ssl/a.pem"));
  CHECK(matches_glob("etc/ssl/a.pem", "etc/ssl/*.pem"));
  CHECK(matches_glob("etc/ssl/a.pem", "etc/**"));
  CHECK(matches_glob("etc/ssl/a.pem", "**/a.pem"));
  CHECK(matches_glob("a.pem", "**/a.pem"));
  CHECK(matches_glob("a/b", "a/**/b"));
  CHECK(matches_glob("a/x/y/b", "a/**/b"));
  CHECK(matches_glob("a/xb", "a/?b"));
  CHECK(matches_glob("", ""));
  CHECK(matches_glob("", "**"));
  CHECK_FALSE(matches_glob("etc/ssl/a.pem", "etc/*.pem"));
  CHECK_FALSE(matches_glob("etc/ssl/a.pem", "ssl/a.pem"));
  CHECK_FALSE(matches_glob("etc/ssl/a.pem", "etc/ssl/a.pe"));
  CHECK_FALSE(matches_glob("etc/ssl/a.pem", "etc/ssl?a.pem"));
  CHECK_FALSE(matches_glob("xa.pem", "**/a.pem"));
  CHECK_FALSE(matches_glob("a/xb", "a/**/b"));
  CHECK_FALSE(matches_glob("a", ""));
}

TEST_CASE("what is special in other patterns stands for itself", "[glob]") {
  CHECK(matches_glob("a[1].{pem}", "a[1].{pem}"));
  CHECK(matches_glob("a\\b", "a\\b"));
  CHECK_FALSE(matches_glob("a1", "a[1]"));
}

TEST_CASE("many stars take no time that grows beyond pattern and path", "[glob]") {
  std::string pattern;
  for (int i = 0; i < 100; ++i) pattern += "*a";
  CHECK_FALSE(matches_glob(std::string(5'000, 'a') + "b", pattern));
  CHECK(matches_glob(std::string(5'000, 'a'), pattern));
}
