// SPDX-License-Identifier: Apache-2.0
#include "registry/http/proxy.hpp"

#include "core/base/encoding.hpp"
#include "registry/client/client.hpp"
#include "registry/http/transport.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/run_awaitable.hpp"
#include "tests/support/scripted_server.hpp"
#include "tests/support/test_authority.hpp"

using namespace landwaiter;
using namespace landwaiter::registry;
using namespace landwaiter::test;

namespace {

ProxyRules::Lookup variables(std::map<std::string, std::string> values) {
  return [values = std::move(values)](const std::string& name) -> std::optional<std::string> {
    const auto found = values.find(name);
    if (found == values.end()) return std::nullopt;
    return found->second;
  };
}

std::string chosen(const ProxyRules& rules, const std::string& url) {
  const auto proxy = rules.for_url(HttpUrl::parse(url).value());
  return proxy ? proxy->name() : "direct";
}

bool mentions(const Error& error, const std::string& text) { return error.message().find(text) != std::string::npos; }

/// A proxy that knows one name: registry.example is `target`.
ScriptedServer::Handler tunnel_to(std::uint16_t target, std::string login) {
  return [target, login](const ScriptedRequest& request) {
    ScriptedResponse out;
    if (!login.empty() && request.header("proxy-authorization") != "Basic " + base64_encode(as_bytes(login))) out.status = 407;
    else if (request.method != "CONNECT") out.status = 405;
    else if (request.target == "forbidden.example:443") out.status = 403;
    else if (request.target == "away.example:443") out.status = 502;
    else if (request.target != "registry.example:8443") out.status = 404;
    else out.tunnel_to = target;
    return out;
  };
}

ScriptedResponse answer(std::string body) {
  ScriptedResponse out;
  out.body = std::move(body);
  return out;
}

Result<std::string> fetch(const TransportOptions& options, const std::string& url, bool foreign_host = false) {
  boost::asio::io_context io;
  HttpRequest request;
  request.url = url;
  request.foreign_host = foreign_host;
  const auto transport = make_transport(io.get_executor(), options);
  auto response = run_awaitable(io, transport->send(std::move(request)));
  if (!response) return response.error();
  return run_awaitable(io, read_body(**response, 1'000'000));
}

TransportOptions through(const std::string& proxy, const std::string& no_proxy = "") {
  TransportOptions out;
  out.proxies = ProxyRules::of_url(Secret(proxy), no_proxy).value();
  return out;
}

}  // namespace

TEST_CASE("proxies come from the environment, lower case before upper case, and never for loopback", "[proxy]") {
  auto upper =
      ProxyRules::of_environment(variables({{"HTTPS_PROXY", "http://up:1"}, {"HTTP_PROXY", "plain:2"}, {"NO_PROXY", "x.example"}}), {});
  REQUIRE(upper.has_value());
  CHECK(chosen(*upper, "https://r.example/") == "http://up:1");
  CHECK(chosen(*upper, "http://r.example/") == "http://plain:2");
  CHECK(chosen(*upper, "https://x.example/") == "direct");
  for (const char* host : {"localhost", "127.0.0.1", "127.9.9.9", "[::1]", "a.localhost"}) {
    CHECK(chosen(*upper, "https://" + std::string(host) + ":5000/") == "direct");
  }
  auto both = ProxyRules::of_environment(
      variables({{"HTTPS_PROXY", "http://up:1"}, {"https_proxy", "https://low"}, {"NO_PROXY", "*"}, {"no_proxy", "y.example"}}), {});
  REQUIRE(both.has_value());
  CHECK(chosen(*both, "https://r.example/") == "https://low");
  CHECK(chosen(*both, "http://r.example/") == "direct");
  CHECK(chosen(*both, "https://y.example/") == "direct");
  auto overruled = ProxyRules::of_environment(variables({{"https_proxy", "up:1"}, {"no_proxy", "y.example"}}), "r.example");
  CHECK(chosen(*overruled, "https://r.example/") == "direct");
  CHECK(chosen(*overruled, "https://y.example/") == "http://up:1");
  auto others = ProxyRules::of_environment(variables({{"ALL_PROXY", "socks5://s:1"}, {"https_proxy", " "}, {"HTTPS_PROXY", "up:1"}}), {});
  CHECK(chosen(*others, "https://r.example/") == "http://up:1");
  CHECK(chosen(ProxyRules(), "https://r.example/") == "direct");

  auto wrong = ProxyRules::of_environment(variables({{"HTTPS_PROXY", "socks5://user:hunter2@s:1"}}), {});
  REQUIRE(wrong.has_error());
  CHECK(mentions(wrong.error(), "HTTPS_PROXY"));
  CHECK_FALSE(mentions(wrong.error(), "hunter2"));
}

TEST_CASE("a proxy that the user names is used for loopback too, but for the hosts of its own list", "[proxy]") {
  auto rules = ProxyRules::of_url(Secret("http://p.example:3128"), "127.0.0.2, r.example:5000");
  REQUIRE(rules.has_value());
  CHECK(chosen(*rules, "http://127.0.0.1:5000/") == "http://p.example:3128");
  CHECK(chosen(*rules, "https://localhost/") == "http://p.example:3128");
  CHECK(chosen(*rules, "http://127.0.0.2/") == "direct");
  CHECK(chosen(*rules, "https://r.example:5000/") == "direct");
  CHECK(chosen(*rules, "https://r.example/") == "http://p.example:3128");
}

TEST_CASE("NO_PROXY knows suffixes, leading dots, networks, addresses, ports and the star", "[proxy]") {
  struct Row {
    const char* list;
    const char* host;
    const char* port;
    bool covered;
  };
  const std::vector<Row> rows{
      {"", "a.example", "443", false},
      {"*", "a.example", "443", true},
      {"example.com", "example.com", "443", true},
      {"example.com", "www.example.com", "443", true},
      {"example.com", "notexample.com", "443", false},
      {"example.com", "example.com.evil.org", "443", false},
      {"EXAMPLE.com", "Example.COM.", "443", true},
      {".example.com", "www.example.com", "443", true},
      {".example.com", "example.com", "443", false},
      {"*.example.com", "www.example.com", "443", true},
      {"*.example.com", "example.com", "443", false},
      {"example.com:5000", "example.com", "5000", true},
      {"example.com:5000", "example.com", "443", false},
      {"10.1.2.3", "10.1.2.3", "80", true},
      {"10.1.2.3:81", "10.1.2.3", "80", false},
      {"10.0.0.0/8", "10.255.0.1", "80", true},
      {"10.0.0.0/8", "11.0.0.1", "80", false},
      {"10.0.0.0/9", "10.128.0.1", "80", false},
      {"0.0.0.0/0", "8.8.8.8", "80", true},
      {"10.0.0.0/8", "::ffff:10.1.1.1", "80", true},
      {"::ffff:10.0.0.0/104", "10.1.1.1", "80", true},
      {"10.0.0.0/8", "ten.example", "80", false},
      {"fd00::/8", "fd12::1", "80", true},
      {"fd00::/8", "fe80::1", "80", false},
      {"::1", "::1", "80", true},
      {"[::1]:443", "::1", "443", true},
      {"[::1]:443", "::1", "80", false},
      {"a.example,b.example c.example", "c.example", "80", true},
      {" , ,b.example,", "b.example", "80", true},
      {"10.0.0.0/33,a:x,[::1,.,:80,/8,fd00::/129", "a", "80", false},
      {"10.0.0.0/33", "10.0.0.0", "80", false},
      {"0.0.0.0", "1.example", "80", false},
  };
  for (const Row& row : rows) {
    INFO(row.list << " and " << row.host << ':' << row.port);
    CHECK(NoProxy(row.list).covers(row.host, row.port) == row.covered);
  }
}

TEST_CASE("a proxy's URL is read, and its login never shown", "[proxy]") {
  auto proxy = Proxy::parse(Secret("http://us%40er:p%3Aw@Proxy.example"));
  REQUIRE(proxy.has_value());
  CHECK(proxy->name() == "http://proxy.example");
  CHECK(proxy->port == "80");
  CHECK(proxy->authorization.reveal() == "Basic " + base64_encode(as_bytes("us@er:p:w")));
  CHECK(Proxy::parse(Secret("proxy.example:3128"))->name() == "http://proxy.example:3128");
  CHECK(Proxy::parse(Secret("[::1]:3128"))->host == "::1");
  for (const char* bad :
       {"", "socks5://a:hunter2@h:1", "http://a:hunter2@", "http://a:hunter2@h:99999", "http://a:hunter2@h o/", "ftp://h"}) {
    auto refused = Proxy::parse(Secret(bad));
    INFO(bad);
    REQUIRE(refused.has_error());
    CHECK(refused.error().code() == ErrorCode::invalid_argument);
    CHECK_FALSE(mentions(refused.error(), "hunter2"));
  }
}

TEST_CASE("https goes through a proxy's tunnel, whose name the proxy resolves", "[proxy]") {
  const TestAuthority authority;
  const CertificateFiles files = authority.issue({"registry.example", "127.0.0.1"});
  ScriptedServerOptions tls;
  tls.certificate = files.certificate;
  tls.key = files.key;
  ScriptedServer target(
      [](const ScriptedRequest& request) { return answer("from " + request.header("host") + request.header("proxy-authorization")); }, tls);
  for (const bool encrypted : {false, true}) {
    INFO(encrypted);
    ScriptedServer proxy(tunnel_to(target.port(), "user:hunter2"), encrypted ? tls : ScriptedServerOptions());
    const std::string place = (encrypted ? "https://user:hunter2@" : "http://user:hunter2@") + proxy.host();
    TransportOptions options = through(place);
    options.tls.ca_file = authority.ca_file();
    auto got = fetch(options, "https://registry.example:8443/v2/");
    REQUIRE(got.has_value());
    CHECK(*got == "from registry.example:8443");
    const ScriptedRequest connect = proxy.requests().at(0);
    CHECK(connect.target == "registry.example:8443");
    CHECK(connect.header("host") == "registry.example:8443");

    auto forbidden = fetch(options, "https://forbidden.example/");
    REQUIRE(forbidden.has_error());
    CHECK(forbidden.error().code() == ErrorCode::configuration);
    CHECK(mentions(forbidden.error(), "proxy " + options.proxies.for_url(HttpUrl::parse("https://a/").value())->name()));
    auto away = fetch(options, "https://away.example/");
    REQUIRE(away.has_error());
    CHECK(away.error().code() == ErrorCode::unavailable);
    CHECK(mentions(away.error(), "502"));

    options.proxies =
        ProxyRules::of_url(Secret((encrypted ? "https://user:wrong-pw@" : "http://user:wrong-pw@") + proxy.host()), "").value();
    auto refused = fetch(options, "https://registry.example:8443/");
    REQUIRE(refused.has_error());
    CHECK(refused.error().code() == ErrorCode::configuration);
    CHECK(mentions(refused.error(), "407"));
    CHECK(mentions(refused.error(), proxy.host()));
    CHECK_FALSE(mentions(refused.error(), "wrong-pw"));
  }
}

TEST_CASE("http goes to a proxy with the whole URL", "[proxy]") {
  int status = 200;
  ScriptedServer proxy([&](const ScriptedRequest& request) {
    ScriptedResponse out = answer(request.target + ' ' + request.header("host") + ' ' + request.header("proxy-authorization"));
    out.status = status;
    return out;
  });
  const TransportOptions options = through("http://u:p@" + proxy.host());
  auto got = fetch(options, "http://registry.example:5000/v2/a?n=1");
  REQUIRE(got.has_value());
  CHECK(*got == "http://registry.example:5000/v2/a?n=1 registry.example:5000 Basic " + base64_encode(as_bytes("u:p")));
  status = 407;
  auto refused = fetch(options, "http://registry.example:5000/");
  REQUIRE(refused.has_error());
  CHECK(refused.error().code() == ErrorCode::configuration);
  CHECK(mentions(refused.error(), proxy.host()));
}

TEST_CASE("hosts of the no-proxy list get no proxy login, and no request through it", "[proxy]") {
  ScriptedServer proxy([](const ScriptedRequest&) { return answer("proxy"); });
  ScriptedServer server(
      [](const ScriptedRequest& request) { return answer("direct " + request.target + request.header("proxy-authorization")); });
  auto got = fetch(through("http://u:p@" + proxy.host(), "127.0.0.1"), server.url() + "/x");
  REQUIRE(got.has_value());
  CHECK(*got == "direct /x");
  CHECK(proxy.requests().empty());
}

TEST_CASE("a proxy is not asked for a local address that an answer named, in any way to write it", "[proxy]") {
  ScriptedServer proxy([](const ScriptedRequest&) { return answer("metadata"); });
  const TransportOptions options = through(proxy.url());
  for (const char* host : {"169.254.169.254", "127.0.0.1", "localhost", "localhost.", "127.1", "2130706433", "0x7f.1", "0251.254.169.254",
                           "0", "[::]", "[::1]", "[fe80::1]", "[::ffff:169.254.169.254]", "[64:ff9b::a9fe:a9fe]"}) {
    INFO(host);
    auto refused = fetch(options, "http://" + std::string(host) + "/latest/meta-data", true);
    REQUIRE(refused.has_error());
    CHECK(refused.error().code() == ErrorCode::malformed);
  }
  CHECK(proxy.requests().empty());
  CHECK(fetch(options, "http://elsewhere.example/", true).has_value());
}

TEST_CASE("a proxy that is away or sends nonsense is named", "[proxy]") {
  const std::string nobody = "127.0.0.1:" + std::to_string(free_port());
  auto away = fetch(through("http://u:hunter2@" + nobody), "https://registry.example/");
  REQUIRE(away.has_error());
  CHECK(away.error().code() == ErrorCode::unavailable);
  CHECK(mentions(away.error(), "proxy http://" + nobody));
  CHECK_FALSE(mentions(away.error(), "hunter2"));
  ScriptedServer proxy([](const ScriptedRequest&) {
    ScriptedResponse out;
    out.hang_up = true;
    return out;
  });
  auto silent = fetch(through(proxy.url()), "https://registry.example/");
  REQUIRE(silent.has_error());
  CHECK(silent.error().code() == ErrorCode::unavailable);
  CHECK(mentions(silent.error(), proxy.url()));
}
