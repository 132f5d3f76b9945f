// SPDX-License-Identifier: Apache-2.0
#include "registry/client/reference.hpp"

#include "registry/http/host.hpp"
#include "tests/support/catch.hpp"

#include <array>

using landwaiter::ErrorCode;
using landwaiter::registry::AddressedReference;
using landwaiter::registry::is_host;
using landwaiter::registry::is_repository_name;
using landwaiter::registry::is_tag;
using landwaiter::registry::Reference;
using landwaiter::registry::without_login;

namespace {

const std::string kHex(64, 'a');
const std::string kDigest = "sha256:" + kHex;

struct Case {
  std::string text;
  std::string host;
  std::string repository;
  std::string tag;
  std::string digest;
};

}  // namespace

TEST_CASE("a reference is completed as Docker does", "[reference]") {
  const std::array cases{
      Case{"alpine", "docker.io", "library/alpine", "latest", ""},
      Case{"alpine:3.20", "docker.io", "library/alpine", "3.20", ""},
      Case{"docker://alpine", "docker.io", "library/alpine", "latest", ""},
      Case{"grafana/grafana", "docker.io", "grafana/grafana", "latest", ""},
      Case{"index.docker.io/alpine", "docker.io", "library/alpine", "latest", ""},
      Case{"docker.io/a/b:c", "docker.io", "a/b", "c", ""},
      Case{"localhost/a", "localhost", "a", "latest", ""},
      Case{"localhost:5000/a/b:1", "localhost:5000", "a/b", "1", ""},
      Case{"a:5000/b", "a:5000", "b", "latest", ""},
      Case{"a:5000", "docker.io", "library/a", "5000", ""},
      Case{"[::1]:5000/a", "[::1]:5000", "a", "latest", ""},
      Case{"[fe80::1]/a@" + kDigest, "[fe80::1]", "a", "", kDigest},
      Case{"r.example.com/a:t@" + kDigest, "r.example.com", "a", "t", kDigest},
      Case{"UPPER/a", "UPPER", "a", "latest", ""},
      Case{"Registry.Example.COM:5000/a", "registry.example.com:5000", "a", "latest", ""},
      Case{"registry-1.docker.io/alpine", "docker.io", "library/alpine", "latest", ""},
      Case{"x/a__b.c-d---e/f_g", "docker.io", "x/a__b.c-d---e/f_g", "latest", ""},
  };
  for (const Case& c : cases) {
    INFO(c.text);
    auto got = Reference::parse(c.text);
    REQUIRE(got.has_value());
    CHECK(got->host == c.host);
    CHECK(got->repository == c.repository);
    CHECK(got->tag == c.tag);
    CHECK(got->digest.str() == c.digest);
    auto again = Reference::parse(got->str());
    REQUIRE(again.has_value());
    CHECK(again->str() == got->str());
    CHECK(got->manifest_reference() == (c.digest.empty() ? c.tag : c.digest));
  }
}

TEST_CASE("what is no reference is refused with a reason", "[reference]") {
  const std::array<std::string, 22> cases{"",
                                          "docker://",
                                          ":a",
                                          "/a",
                                          "a/",
                                          "a//b",
                                          "A",
                                          "a/B",
                                          "a:",
                                          "a:-x",
                                          "a@",
                                          "a@sha256:12",
                                          "a@md5:" + kHex,
                                          kHex,  // an image id
                                          "host:99999/a",
                                          "host:0/a",
                                          "[::1/a",
                                          "[::g]/a",
                                          "a___b",
                                          "-a",
                                          "https://host/a",
                                          "a:" + std::string(129, 'x')};
  for (const std::string& text : cases) {
    INFO(text);
    auto got = Reference::parse(text);
    REQUIRE(got.has_error());
    CHECK(got.error().code() == ErrorCode::invalid_argument);
    CHECK_FALSE(got.error().message().empty());
  }
}

TEST_CASE("a password in a name is refused and not repeated", "[reference]") {
  for (const std::string text : {"https://me:se@cr/et@registry.example/app:1", "me:se@cr/et@registry.example/app:1",
                                 "me:se@cr/et@registry.example", "docker://me:se@cr/et@registry.example/app@sha256:abc"}) {
    const auto refused = Reference::parse(text);
    REQUIRE(refused.has_error());
    CHECK(refused.error().code() == ErrorCode::invalid_argument);
    CHECK(refused.error().message().find("it must not contain credentials") != std::string::npos);
    CHECK(refused.error().message().find("***@registry.example") != std::string::npos);
    for (const char* part : {"me:", "se@", "cr/et"}) CHECK(refused.error().message().find(part) == std::string::npos);
  }
  for (const std::string& text : {std::string("alpine"), "localhost:5000/a/b:1@" + kDigest}) CHECK(without_login(text) == text);
}

TEST_CASE("names, tags and hosts keep their bounds", "[reference]") {
  CHECK(is_repository_name(std::string(255, 'a')));
  CHECK_FALSE(is_repository_name(std::string(256, 'a')));
  CHECK_FALSE(is_repository_name("../etc"));
  CHECK_FALSE(is_repository_name("a/../b"));
  CHECK_FALSE(is_repository_name("a?b"));
  CHECK(is_tag(std::string(128, 'T')));
  CHECK_FALSE(is_tag(".a"));
  CHECK_FALSE(is_tag("a/b"));
  CHECK(is_host("10.0.0.1:5000"));
  CHECK_FALSE(is_host("user@host"));
  CHECK_FALSE(is_host("host/path"));
  CHECK_FALSE(is_host("host..name"));
  CHECK_FALSE(is_host("[::1]x"));
}

TEST_CASE("a reference may say how its registry is reached", "[reference]") {
  struct Case {
    std::string text, address, name;
  };
  const std::vector<Case> cases{
      {"https://localhost:5000/a/b:1", "https://localhost:5000", "localhost:5000/a/b:1"},
      {"http://10.0.0.1/a", "http://10.0.0.1", "10.0.0.1/a:latest"},
      {"HTTPS://Registry/shop@" + kDigest, "https://registry", "registry/shop@" + kDigest},
      {"https://[::1]:5000/a:1", "https://[::1]:5000", "[::1]:5000/a:1"},
      {"https://index.docker.io/alpine", "https://docker.io", "docker.io/library/alpine:latest"},
      {"localhost:5000/a", "localhost:5000", "localhost:5000/a:latest"},
      {"docker://localhost:5000/a", "localhost:5000", "localhost:5000/a:latest"},
      {"alpine", "docker.io", "docker.io/library/alpine:latest"},
  };
  for (const Case& one : cases) {
    INFO(one.text);
    const auto got = AddressedReference::parse(one.text);
    REQUIRE(got);
    CHECK(got->address == one.address);
    CHECK(got->reference.str() == one.name);
  }
  for (const std::string text : {"https://", "https:///a", "https://host", "https://host/", "http://a b/c", "https://host/A",
                                 "ftp://host/a", "https://host/a:1:2"}) {
    INFO(text);
    CHECK(AddressedReference::parse(text).has_error());
  }
  const auto secret = AddressedReference::parse("https://me:se/cret@host/a");
  REQUIRE(secret.has_error());
  CHECK(secret.error().message().find("cret") == std::string::npos);
}
