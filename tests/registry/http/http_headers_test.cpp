// SPDX-License-Identifier: Apache-2.0
#include "registry/http/http_headers.hpp"

#include "registry/auth/auth.hpp"
#include "registry/auth/endpoint.hpp"
#include "registry/http/url.hpp"
#include "tests/support/catch.hpp"

using namespace landwaiter;
using namespace landwaiter::registry;
using std::chrono::milliseconds;

TEST_CASE("challenges are read in every form that registries send", "[headers]") {
  auto got = parse_challenges(
      {R"(Negotiate, bearer Realm="https://auth.example/token?a=\"b\"",SERVICE="r, x" , scope=pull)", R"(Basic realm="x")"});
  REQUIRE(got.size() == 3);
  CHECK(got[0].scheme == "negotiate");
  CHECK(got[1].scheme == "bearer");
  CHECK(got[1].parameter("realm") == R"(https://auth.example/token?a="b")");
  CHECK(got[1].parameter("service") == "r, x");
  CHECK(got[1].parameter("scope") == "pull");
  CHECK(got[2].scheme == "basic");
  CHECK(parse_challenges({"Basic realm=\"a\", Bearer realm=\"b\""}).size() == 2);
  CHECK(parse_challenges({"Negotiate YII==, Basic realm=\"a\""}).back().scheme == "basic");
  CHECK(parse_challenges({"", ",,,", "\"", "=", "\xff"}).empty());
  CHECK(parse_challenges({std::string(100'000, ',') + std::string(1'000, 'a')}).size() == 1);
}

TEST_CASE("the next page is found in Link headers", "[headers]") {
  const auto found = [](const std::vector<std::string>& lines) {
    const NextLink link = next_link(lines);
    return link.kind == NextLink::Kind::found ? link.target : std::string("none");
  };
  CHECK(found({R"(</v2/_catalog?last=a&n=2>; rel="next")"}) == "/v2/_catalog?last=a&n=2");
  CHECK(found({R"(<a,b>; rel=prev, <c;d>; title="x, y; rel=next"; REL="last NEXT")"}) == "c;d");
  CHECK(found({R"(<a>; rel=prev)", R"(<b>;rel=next)"}) == "b");
  CHECK(found({R"(<a>; rel=prev; rel=next)"}) == "a");
  CHECK(found({R"(<a>; rel="prev', <b>; rel='x next')"}) == "none");
  // Without brackets, in single quotes, without a semicolon, with brackets in the query, without a relation.
  CHECK(found({"/a?x=1,2;y=3; rel=next"}) == "/a?x=1,2;y=3");
  CHECK(found({"/a?x; rel='prev next', /b?y; rel=last"}) == "/a?x");
  CHECK(found({"<a> rel=next"}) == "a");
  CHECK(found({"<a?x=<b>c>; rel=next"}) == "a?x=<b>c");
  CHECK(found({"<a>; rel=prev, <b>; title=x"}) == "b");
  CHECK(found({"<a>; rel", "<b>; rel=next"}) == "b");
  CHECK(found({"<>; rel=next"}).empty());
  for (const char* other : {R"(<a>; rel="nextpage")", "", " , ", "<a>; rel=prev"}) CHECK(next_link({other}).kind == NextLink::Kind::none);
  for (const char* damaged : {"a; rel=next", "<a", "<a>x; rel=next", "next", "<a>; rel=prev, <b", "<a>; =next"}) {
    INFO(damaged);
    CHECK(next_link({damaged}).kind == NextLink::Kind::unreadable);
  }
}

TEST_CASE("Retry-After is seconds, a date, or by mistake a point in time", "[headers]") {
  const SystemTime now = *from_rfc3339("2026-11-21T12:00:00Z");
  CHECK(parse_retry_after("7", now) == milliseconds(7000));
  CHECK(parse_retry_after("Sat, 21 Nov 2026 12:00:30 GMT", now) == milliseconds(30'000));
  CHECK(parse_retry_after("Sat, 21 Nov 2026 11:00:30 GMT", now) == milliseconds(0));
  CHECK(parse_retry_after(std::to_string(to_unix_us(now) / 1'000'000 + 5), now) == milliseconds(5000));
  for (const char* odd : {"", "-1", "soon", "99999999999999999999", "Sat, 31 Feb 2026 12:00:30 GMT", "18446744073709551615"}) {
    INFO(odd);
    CHECK_FALSE(parse_retry_after(odd, now).has_value());
  }
}

TEST_CASE("Content-Range must be whole", "[headers]") {
  const auto range = parse_content_range("bytes 5-9/10");
  REQUIRE(range.has_value());
  CHECK(range->first == 5);
  CHECK(range->last == 9);
  CHECK(range->total == 10);
  for (const char* odd : {"bytes 5-9/*", "bytes 9-5/10", "bytes 5-10/10", "5-9/10", "bytes */10", "bytes -1-9/10", ""}) {
    INFO(odd);
    CHECK_FALSE(parse_content_range(odd).has_value());
  }
}

TEST_CASE("URLs are taken apart and resolved", "[url]") {
  const auto url = HttpUrl::parse("HTTPS://Registry.Example:443/v2/x?a=b c#frag");
  REQUIRE(url.has_value());
  CHECK(url->str() == "https://registry.example/v2/x?a=b%20c");
  CHECK(url->display() == "https://registry.example/v2/x");
  CHECK(url->resolve("../y?z")->str() == "https://registry.example/y?z");
  CHECK(url->resolve("//other/z")->origin() == "https://other");
  CHECK(url->resolve("/.//other/z")->str() == "https://registry.example//other/z");
  CHECK(url->at("//other/z")->str() == "https://registry.example//other/z");
  CHECK_FALSE(url->at("@other/z"));
  CHECK(HttpUrl::parse("http://[::1]:5000")->authority() == "[::1]:5000");
  for (const char* odd : {"", "/v2/", "ftp://a/", "https://user:pw@a/", "https://a:0/", "https://a:99999/", "https:///x",
                          "https://a%0d%0ab/", "https://a/\r\nx: y", "javascript:1"}) {
    INFO(odd);
    auto got = HttpUrl::parse(odd);
    REQUIRE(got.has_error());
    CHECK(got.error().code() == ErrorCode::malformed);
    CHECK(got.error().message().find("pw") == std::string::npos);
  }
}

TEST_CASE("endpoints choose plain HTTP for loopback or when asked only", "[endpoint]") {
  const auto base = [](const char* text) { return base_url(Endpoint::parse(text).value())->origin(); };
  CHECK(base("localhost:5000") == "http://localhost:5000");
  CHECK(base("127.0.0.1:5000") == "http://127.0.0.1:5000");
  CHECK(base("[::1]:5000") == "http://[::1]:5000");
  CHECK(base("https://localhost:5000/") == "https://localhost:5000");
  CHECK(base("registry.example") == "https://registry.example");
  CHECK(base("http://registry.example:5000") == "http://registry.example:5000");
  CHECK(base("docker://Registry.Example") == "https://registry.example");
  CHECK(base("docker.io") == "https://registry-1.docker.io");
  for (const char* odd : {"", "ftp://a", "https://u:secret@a", "a/b", "https://a?b", "a b", "http://"}) {
    INFO(odd);
    auto got = Endpoint::parse(odd);
    REQUIRE(got.has_error());
    CHECK(got.error().code() == ErrorCode::invalid_argument);
    CHECK(got.error().message().find("secret") == std::string::npos);
  }
}

TEST_CASE("credentials go in the clear to loopback, or where the user asked for it", "[auth]") {
  const auto home_is_plain = [](const char* registry, bool asked) {
    Endpoint endpoint = Endpoint::parse(registry).value();
    endpoint.plain_http = endpoint.plain_http || asked;
    const auto url = base_url(endpoint);
    REQUIRE(url.has_value());
    return !url->tls;
  };
  for (const char* host : {"r.example", "r.example:80", "10.0.0.1:5000", "192.0.2.1", "localhost.example", "docker.io"}) {
    INFO(host);
    CHECK_FALSE(home_is_plain(host, false));
    CHECK(home_is_plain(host, true));
    CHECK(home_is_plain(("http://" + std::string(host)).c_str(), false));
  }
  // Not a name, and not an address either.
  CHECK(base_url(Endpoint::parse("127.0.0.1.example").value()).has_error());
  CHECK(home_is_plain("localhost:5000", false));
  CHECK(home_is_plain("127.0.0.1:5000", false));

  const auto may = [](const char* base, const char* realm) {
    return check_realm(HttpUrl::parse(base).value(), HttpUrl::parse(realm).value()).has_value();
  };
  CHECK(may("https://r.example/", "https://auth.example/token"));
  CHECK(may("http://r.example/", "http://r.example:8080/token"));
  CHECK(may("http://r.example/", "https://auth.example/token"));
  CHECK(may("http://localhost:5000/", "http://127.0.0.1:5001/token"));
  CHECK_FALSE(may("https://r.example/", "http://r.example/token"));
  CHECK_FALSE(may("https://r.example/", "http://auth.example/token"));
  CHECK_FALSE(may("http://r.example/", "http://auth.example/token"));
  CHECK_FALSE(may("http://localhost:5000/", "http://auth.example/token"));
  CHECK_FALSE(may("http://localhost:5000/", "http://10.0.0.1/token"));
}

TEST_CASE("where an answer may lead", "[auth]") {
  const auto may = [](const char* base, const char* to) {
    return check_foreign_url(HttpUrl::parse(base).value(), HttpUrl::parse(to).value(), "redirect").has_value();
  };
  CHECK(may("https://r.example/", "https://storage.example/x"));
  CHECK(may("https://r.example/", "https://10.0.0.5/x"));
  CHECK(may("http://127.0.0.1:5000/", "http://127.0.0.1:6000/x"));
  CHECK(may("https://169.254.1.1/", "https://169.254.1.1:444/x"));
  CHECK_FALSE(may("https://r.example/", "http://r.example/x"));
  CHECK_FALSE(may("https://r.example/", "https://169.254.169.254/latest"));
  CHECK_FALSE(may("http://127.0.0.1:5000/", "http://169.254.169.254/latest"));
  CHECK_FALSE(may("https://r.example/", "https://127.0.0.1/x"));
  CHECK_FALSE(may("https://r.example/", "https://[::ffff:127.0.0.1]/x"));
  CHECK_FALSE(may("http://r.example/", "http://localhost/x"));
  CHECK_FALSE(may("https://10.0.0.1/", "https://[fd00:ec2::254]/x"));
  CHECK_FALSE(may("https://r.example/", "https://100.100.100.200/x"));
  CHECK_FALSE(may("https://r.example/", "https://[2002:a9fe:a9fe::]/x"));
}
