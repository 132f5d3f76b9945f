// SPDX-License-Identifier: Apache-2.0
#include "registry/http/tls.hpp"

#include "registry/client/client.hpp"
#include "registry/http/transport.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/run_awaitable.hpp"
#include "tests/support/scripted_server.hpp"
#include "tests/support/test_authority.hpp"

#include <filesystem>

using namespace landwaiter;
using namespace landwaiter::registry;
using namespace landwaiter::test;
namespace fs = std::filesystem;

namespace {

ScriptedServerOptions served_by(const CertificateFiles& files, const std::string& client_ca = "") {
  ScriptedServerOptions out;
  out.certificate = files.certificate;
  out.key = files.key;
  out.client_ca = client_ca;
  return out;
}

ScriptedResponse hello(const ScriptedRequest& request) {
  ScriptedResponse out;
  out.body = "client '" + request.client_certificate + "'";
  return out;
}

/// `named`: as a URL that the user named.
Result<std::string> fetch(TlsOptions tls, const std::string& url, bool named = true) {
  boost::asio::io_context io;
  TransportOptions options;
  options.tls = std::move(tls);
  const auto transport = make_transport(io.get_executor(), options);
  const HttpUrl parsed = HttpUrl::parse(url).value();
  if (named) transport->show_client_certificate_to(parsed.host, parsed.port);
  HttpRequest request;
  request.url = url;
  auto response = run_awaitable(io, transport->send(std::move(request)));
  if (!response) return response.error();
  return run_awaitable(io, read_body(**response, 1000));
}

TlsOptions trusting(const std::string& ca_file) {
  TlsOptions out;
  out.ca_file = ca_file;
  return out;
}

/// certs.d with a folder for one host.
struct CertsDirectory {
  explicit CertsDirectory(const std::string& host) : folder(root.path() / host) { fs::create_directories(folder); }
  void put(const std::string& name, const std::string& file) const {
    fs::copy_file(file, folder / name, fs::copy_options::overwrite_existing);
  }
  TlsOptions options() const {
    TlsOptions out;
    out.certs_directories = {root.path()};
    return out;
  }
  TempDir root;
  fs::path folder;
};

void fails(const Result<std::string>& got, ErrorCode code, std::initializer_list<std::string> mentioned) {
  REQUIRE(got.has_error());
  INFO(got.error().message());
  CHECK(got.error().code() == code);
  for (const std::string& text : mentioned) CHECK(got.error().message().find(text) != std::string::npos);
}

}  // namespace

TEST_CASE("certs.d/HOST:PORT holds authorities for that host alone", "[tls]") {
  const TestAuthority authority;
  const CertificateFiles files = authority.issue({"localhost", "127.0.0.1"});
  ScriptedServer server(hello, served_by(files));
  ScriptedServer other(hello, served_by(files));
  CertsDirectory certs(server.host());
  certs.put("ca.crt", authority.ca_file());
  certs.put("notes.txt", authority.ca_file());
  CHECK(fetch(certs.options(), server.url()).has_value());
  fails(fetch(certs.options(), other.url()), ErrorCode::tls, {"certificate not trusted", "--ca-file", "certs.d/" + other.host()});
  fails(fetch(certs.options(), server.url("localhost")), ErrorCode::tls, {"certificate not trusted"});
  fails(fetch({}, server.url()), ErrorCode::tls, {"certificate not trusted"});
}

TEST_CASE("certs.d/HOST without a port is for the port of https", "[tls]") {
  const TestAuthority authority;
  const CertificateFiles client = authority.issue({"client"});
  CertsDirectory certs("r.example");
  certs.put("ca.crt", authority.ca_file());
  certs.put("c.cert", client.certificate);
  certs.put("c.key", client.key);
  const auto directories = certs.options().certs_directories;
  auto standard = find_host_certificates(directories, "r.example", "443");
  REQUIRE(standard.has_value());
  CHECK(standard->authorities == std::vector<fs::path>{certs.folder / "ca.crt"});
  REQUIRE(standard->client);
  CHECK(standard->client->second == certs.folder / "c.key");
  CHECK(find_host_certificates(directories, "r.example", "5000")->empty());
  CHECK(find_host_certificates(directories, "s.example", "443")->empty());
  CHECK(find_host_certificates({"/nonexistent"}, "r.example", "443")->empty());
  // A host that an answer named must not lead out of certs.d.
  for (const char* dots : {".", ".."}) CHECK(find_host_certificates({certs.folder / "x"}, dots, "443")->empty());
}

TEST_CASE("certs.d: a client pair is shown to its host, and a missing partner is told by name", "[tls]") {
  const TestAuthority authority;
  const CertificateFiles client = authority.issue({"sensor"});
  ScriptedServer server(hello, served_by(authority.issue({"127.0.0.1"}), authority.ca_file()));
  CertsDirectory certs(server.host());
  certs.put("ca.crt", authority.ca_file());
  certs.put("client.cert", client.certificate);
  fails(fetch(certs.options(), server.url()), ErrorCode::configuration, {"client.cert", "client.key", ".crt"});
  certs.put("client.key", client.key);
  auto got = fetch(certs.options(), server.url(), false);
  REQUIRE(got.has_value());
  CHECK(*got == "client 'sensor'");
  certs.put("client.key", authority.issue({"sensor"}).key);
  fails(fetch(certs.options(), server.url()), ErrorCode::configuration, {"client.key", "not the key of"});
  write_file(certs.folder / "client.key", "no key");
  fails(fetch(certs.options(), server.url()), ErrorCode::configuration, {"client.key", "PEM"});
  fs::remove(certs.folder / "client.cert");
  fails(fetch(certs.options(), server.url()), ErrorCode::configuration, {"client.key", "client.cert", "no certificate beside it"});
  fs::remove(certs.folder / "client.key");
  write_file(certs.folder / "broken.crt", "no certificate");
  fails(fetch(certs.options(), server.url()), ErrorCode::configuration, {"broken.crt"});
}

TEST_CASE("a client certificate is shown to hosts that the user named, not to where they redirect", "[tls]") {
  const TestAuthority authority;
  const CertificateFiles files = authority.issue({"localhost", "127.0.0.1"});
  const CertificateFiles client = authority.issue({"sensor"});
  TlsOptions tls = trusting(authority.ca_file());
  tls.client_cert_file = client.certificate;
  tls.client_key_file = client.key;
  ScriptedServer strict(hello, served_by(files, authority.ca_file()));
  CHECK(*fetch(tls, strict.url()) == "client 'sensor'");
  fails(fetch(tls, strict.url(), false), ErrorCode::tls, {"client certificate", "--client-cert"});
  fails(fetch(trusting(authority.ca_file()), strict.url()), ErrorCode::tls, {"client certificate", "--client-cert"});
  ScriptedServer lax(hello, served_by(files));
  CHECK(*fetch(tls, lax.url()) == "client ''");

  // The registry redirects its blob to a host that wants a certificate as well.
  ScriptedServer registry(
      [&](const ScriptedRequest&) {
        ScriptedResponse out;
        out.status = 307;
        out.headers = {{"Location", strict.url("localhost") + "/blob"}};
        return out;
      },
      served_by(files, authority.ca_file()));
  boost::asio::io_context io;
  RealClock clock;
  TransportOptions options;
  options.tls = tls;
  Endpoint endpoint = Endpoint::parse("https://" + registry.host()).value();
  const auto home = std::make_shared<Client>(make_transport(io.get_executor(), options), endpoint, clock);
  const std::size_t before = strict.requests().size();
  auto refused = run_awaitable(io, home->manifest("a", "1"));
  REQUIRE(refused.has_error());
  INFO(refused.error().message());
  CHECK(refused.error().code() == ErrorCode::tls);
  CHECK(registry.requests().size() == 1);
  CHECK(registry.requests().at(0).client_certificate == "sensor");
  CHECK(strict.requests().size() == before);
}

TEST_CASE("a certificate of another authority is refused by the server in words", "[tls]") {
  const TestAuthority authority;
  const TestAuthority stranger;
  ScriptedServer server(hello, served_by(authority.issue({"127.0.0.1"}), authority.ca_file()));
  const CertificateFiles client = stranger.issue({"sensor"});
  TlsOptions tls = trusting(authority.ca_file());
  tls.client_cert_file = client.certificate;
  tls.client_key_file = client.key;
  fails(fetch(tls, server.url()), ErrorCode::tls, {"does not accept our client certificate"});
  tls.client_key_file.clear();
  fails(fetch(tls, server.url()), ErrorCode::configuration, {"needs its key"});
}

TEST_CASE("failures of TLS say what to do", "[tls]") {
  const TestAuthority authority;
  ScriptedServer named(hello, served_by(authority.issue({"other.example"})));
  fails(fetch(trusting(authority.ca_file()), named.url()), ErrorCode::tls, {"another name"});
  fails(fetch(trusting(authority.ca_file()), named.url("localhost")), ErrorCode::tls, {"another name"});
  ScriptedServer expired(hello, served_by(authority.issue_expired({"127.0.0.1"})));
  fails(fetch(trusting(authority.ca_file()), expired.url()), ErrorCode::tls, {"expired", "clock"});
  ScriptedServer plain(hello);
  fails(fetch({}, "https://" + plain.host()), ErrorCode::tls, {"plain HTTP"});
  ScriptedServerOptions dropping = served_by(authority.issue({"127.0.0.1"}));
  dropping.dropped_connections = {1};
  ScriptedServer drops(hello, dropping);
  fails(fetch(trusting(authority.ca_file()), drops.url()), ErrorCode::tls, {"closed"});
  CHECK(fetch(trusting(authority.ca_file()), drops.url()).has_value());
}

TEST_CASE("a truncated TLS stream is an error unless the length was met", "[tls]") {
  const TestAuthority authority;
  ScriptedResponse answer;
  ScriptedServer server([&](const ScriptedRequest&) { return answer; }, served_by(authority.issue({"127.0.0.1"})));
  const TlsOptions tls = trusting(authority.ca_file());
  answer.body = "whole body";
  answer.cut_tls = true;
  CHECK(*fetch(tls, server.url()) == "whole body");
  answer.until_close = true;
  fails(fetch(tls, server.url()), ErrorCode::unavailable, {"closed"});
  answer.cut_tls = false;
  CHECK(*fetch(tls, server.url()) == "whole body");
  answer.until_close = false;
  answer.break_after = 5;
  fails(fetch(tls, server.url()), ErrorCode::unavailable, {"closed"});
}
