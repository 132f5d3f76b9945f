// SPDX-License-Identifier: Apache-2.0
// The check against a scripted registry with one defect at a time.
#include "daemon/commands/check_command.hpp"
#include "tests/support/run_awaitable.hpp"

#include "core/base/encoding.hpp"
#include "core/base/json.hpp"
#include "daemon/check/check_advice.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/process.hpp"
#include "tests/support/scripted_server.hpp"

#include <map>
#include <thread>

using namespace landwaiter;
using landwaiter::test::run_awaitable;
using namespace landwaiter::daemon;
using test::ScriptedRequest;
using test::ScriptedResponse;
using test::ScriptedServer;
using Step = CheckStep::Result;

namespace {

const std::string kConfig = R"({"os":"linux","architecture":"amd64"})";
const std::string kSecret = "pass-w0rd-77";

std::string manifest_text() {
  return R"({"schemaVersion":2,"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":")" +
         Digest::sha256_of(as_bytes(kConfig)).str() + R"(","size":)" + std::to_string(kConfig.size()) + R"(},"layers":[]})";
}

ScriptedResponse answer(int status, std::string body = "", std::vector<std::pair<std::string, std::string>> headers = {}) {
  ScriptedResponse out;
  out.status = status;
  out.headers = std::move(headers);
  out.body = std::move(body);
  return out;
}

std::string range_of_config(const ScriptedRequest& request) {
  return request.header("range") == "bytes=0-" + std::to_string(kConfig.size() - 1)
             ? "bytes 0-" + std::to_string(kConfig.size() - 1) + '/' + std::to_string(kConfig.size())
             : "";
}

/// A registry that is in order, with one repository.
ScriptedResponse good(const ScriptedRequest& request) {
  const std::string path = request.path();
  if (path == "/v2/") return answer(200, "{}", {{"Docker-Distribution-Api-Version", "registry/2.0"}});
  if (path == "/v2/_catalog") return answer(200, R"({"repositories":["empty","team/app"]})");
  if (path == "/v2/empty/tags/list") return answer(200, R"({"name":"empty","tags":null})");
  if (path == "/v2/team/app/tags/list") return answer(200, R"({"name":"team/app","tags":["v1","v2"]})");
  if (path == "/v2/team/app/manifests/v1") return answer(200, manifest_text());
  const std::string range = range_of_config(request);
  if (path.starts_with("/v2/team/app/blobs/") && !range.empty()) return answer(206, kConfig, {{"Content-Range", range}});
  return answer(404);
}

using Steps = std::map<std::string, CheckStep>;

struct CheckSetup {
  std::string user;
  std::string password;
  std::string repository;
  bool tls_verify = true;
  std::string ca_file;
};

std::vector<CheckStep> check(const std::string& url, const CheckSetup& setup = {}) {
  asio::io_context io;
  RealClock clock;
  registry::TransportOptions options;
  options.tls.ca_file = setup.ca_file;
  const auto wire = std::make_shared<WatchedTransport>(registry::make_transport(io.get_executor(), options), clock);
  registry::Endpoint endpoint = registry::Endpoint::parse(url).value();
  endpoint.tls_verify = setup.tls_verify;
  endpoint.credentials = Credentials::from_login(setup.user, Secret(setup.password), Secret());
  auto client = std::make_shared<registry::Client>(wire, endpoint, clock);
  RegistryCheck all(wire, client, clock, setup.repository);
  return run_awaitable(io, all.run());
}

Steps by_name(const std::vector<CheckStep>& list) {
  Steps out;
  for (const CheckStep& step : list) out[step.name] = step;
  REQUIRE(out.size() == 10);
  return out;
}

Steps steps(const std::string& url, const CheckSetup& setup = {}) { return by_name(check(url, setup)); }

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// Shows a certificate for "localhost" that nobody signed, and answers everything with a page.
struct TlsServer {
  TlsServer() {
    test::ProcessOptions make;
    make.argv = {"openssl",
                 "req",
                 "-x509",
                 "-newkey",
                 "ec",
                 "-pkeyopt",
                 "ec_paramgen_curve:P-256",
                 "-nodes",
                 "-days",
                 "10",
                 "-subj",
                 "/CN=check.example/O=Somebody",
                 "-addext",
                 "subjectAltName=DNS:localhost",
                 "-keyout",
                 key(),
                 "-out",
                 certificate()};
    test::run_checked(std::move(make));
    test::ProcessOptions serve;
    serve.argv = {"openssl", "s_server", "-quiet", "-www",       "-accept", "127.0.0.1:" + std::to_string(port),
                  "-key",    key(),      "-cert",  certificate()};
    process = std::make_unique<test::Process>(std::move(serve));
  }
  std::string key() const { return (folder / "key.pem").string(); }
  std::string certificate() const { return (folder / "cert.pem").string(); }
  std::string url(const std::string& host) const { return "https://" + host + ':' + std::to_string(port); }
  /// Until it listens.
  Steps steps_of(const std::string& host, const CheckSetup& setup) const {
    for (int i = 0;; ++i) {
      Steps got = steps(url(host), setup);
      if (got["address"].result == Step::ok || i > 500 * test::patience_factor()) return got;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }

  test::TempDir folder;
  std::uint16_t port = test::free_port();
  std::unique_ptr<test::Process> process;
};

}  // namespace

TEST_CASE("a registry in order passes every step, in order", "[check]") {
  ScriptedServer server(good);
  const auto list = check(server.host());
  std::vector<std::string> names;
  for (const CheckStep& step : list) names.push_back(step.name);
  CHECK(names ==
        std::vector<std::string>{"address", "tls", "api", "authentication", "catalog", "tags", "manifest", "blob", "clock", "throttling"});
  Steps got = by_name(list);
  for (const char* name : {"address", "api", "authentication", "catalog", "tags", "manifest", "blob", "throttling"}) {
    INFO(name << ": " << got[name].seen);
    CHECK(got[name].result == Step::ok);
    CHECK(got[name].advice.empty());
  }
  CHECK(got["tls"].result == Step::skipped);
  CHECK(has(got["tls"].seen, "plain HTTP"));
  CHECK(has(got["api"].seen, "Docker Registry"));
  CHECK(has(got["catalog"].seen, "2 repositories"));
  CHECK(has(got["tags"].seen, "2 tags of team/app"));
  CHECK(has(got["manifest"].seen, "team/app:v1 is " + Digest::sha256_of(as_bytes(manifest_text())).str() + ": image"));
  CHECK(has(got["blob"].seen, "206"));
  CHECK(got["clock"].result == Step::skipped);  // this server sends no Date
}

TEST_CASE("an address where nobody answers is told at once, and the rest is skipped", "[check]") {
  Steps got = steps("127.0.0.1:" + std::to_string(test::free_port()));
  CHECK(got["address"].result == Step::failed);
  CHECK(has(got["address"].advice, "firewall"));
  for (auto& [name, step] : got) {
    if (name != "address") CHECK(step.result == Step::skipped);
  }
  CHECK(has(steps("http://name.invalid")["address"].seen, "name.invalid"));
}

TEST_CASE("a refused login tells scheme, registry and account, and no password", "[check]") {
  ScriptedServer server([](const ScriptedRequest& request) {
    if (request.header("authorization").empty()) return answer(401, "", {{"WWW-Authenticate", "Basic realm=\"the \\\"realm\\\"\""}});
    return answer(401, R"({"errors":[{"code":"UNAUTHORIZED","message":")" + request.header("authorization") + "\"}]}",
                  {{"WWW-Authenticate", "Basic"}});
  });
  const auto anonymous = steps(server.host()).at("authentication");
  CHECK(anonymous.result == Step::failed);
  CHECK(has(anonymous.seen, "Basic"));
  CHECK(has(anonymous.seen, "anonymously"));
  CHECK(has(anonymous.advice, "--password-stdin"));

  const auto list = check(server.host(), {"robot$x", kSecret, "", true, ""});
  Steps got = by_name(list);
  CHECK(got["authentication"].result == Step::failed);
  CHECK(has(got["authentication"].seen, "401 Unauthorized from registry " + server.host()));
  CHECK(has(got["authentication"].seen, "robot$x"));
  CHECK(has(got["authentication"].advice, "robot account"));
  CHECK(got["catalog"].result == Step::skipped);
  for (const std::string& text : {render_check_table(list), render_check_json("x", list)}) {
    CHECK_FALSE(has(text, kSecret));
    CHECK_FALSE(has(text, base64_encode(as_bytes("robot$x:" + kSecret))));
  }
}

TEST_CASE("a token service is named without its query, and told apart when it is away", "[check]") {
  bool away = false;
  ScriptedServer server([&](const ScriptedRequest& request) {
    if (request.path() == "/token") return away ? answer(503) : answer(200, R"({"token":"tok-s3cret"})");
    if (request.header("authorization") == "Bearer tok-s3cret") return good(request);
    return answer(401, "", {{"WWW-Authenticate", "Bearer realm=\"/token?state=hidden-s3cret\",service=\"s\""}});
  });
  Steps got = steps(server.host());
  CHECK(got["authentication"].result == Step::ok);
  CHECK(has(got["authentication"].seen, "Bearer, realm http://" + server.host() + "/token"));
  CHECK_FALSE(has(got["authentication"].seen, "s3cret"));
  CHECK(got["blob"].result == Step::ok);

  ScriptedServer fishing([&](const ScriptedRequest&) {
    return answer(401, "", {{"WWW-Authenticate", "Bearer realm=\"http://169.254.169.254/token\",service=\"s\""}});
  });
  const auto refused = steps(fishing.host()).at("authentication");
  CHECK(refused.result == Step::failed);
  CHECK(has(refused.advice, "realm"));
}

TEST_CASE("an account that may not list is told which right it lacks, and a named repository is still tried", "[check]") {
  ScriptedServer server([](const ScriptedRequest& request) {
    return request.path() == "/v2/_catalog" ? answer(403, R"({"errors":[{"code":"DENIED","message":"no"}]})") : good(request);
  });
  Steps got = steps(server.host());
  CHECK(got["catalog"].result == Step::failed);
  CHECK(has(got["catalog"].seen, "403"));
  CHECK(has(got["catalog"].advice, "registry:catalog:*"));
  CHECK(has(got["catalog"].advice, "--repository"));
  CHECK(got["tags"].result == Step::skipped);
  CHECK(has(got["tags"].advice, "--repository"));
  Steps named = steps(server.host(), {"", "", "team/app", true, ""});
  CHECK(named["catalog"].result == Step::failed);
  CHECK(named["tags"].result == Step::ok);
  CHECK(named["manifest"].result == Step::ok);
  CHECK(named["blob"].result == Step::ok);
}

TEST_CASE("what is no registry, and a repository that is not there, are told", "[check]") {
  ScriptedServer website([](const ScriptedRequest&) { return answer(404, "<html>"); });
  Steps got = steps(website.host());
  CHECK(got["address"].result == Step::ok);
  CHECK(got["api"].result == Step::failed);
  CHECK(has(got["api"].seen, "404"));
  CHECK(got["authentication"].result == Step::skipped);

  ScriptedServer server(good);
  Steps absent = steps(server.host(), {"", "", "no/such", true, ""});
  CHECK(absent["tags"].result == Step::failed);
  CHECK(has(absent["tags"].seen, "no/such"));
  CHECK(has(absent["tags"].advice, "name"));
  CHECK(absent["manifest"].result == Step::skipped);
}

TEST_CASE("a manifest that the registry has lost, and a blob, fail their steps", "[check]") {
  std::string lost = "/manifests/";
  ScriptedServer server([&](const ScriptedRequest& request) { return has(request.path(), lost) ? answer(404) : good(request); });
  Steps got = steps(server.host());
  CHECK(got["manifest"].result == Step::failed);
  CHECK(got["blob"].result == Step::skipped);
  lost = "/blobs/";
  got = steps(server.host());
  CHECK(got["manifest"].result == Step::ok);
  CHECK(got["blob"].result == Step::failed);
  CHECK(has(got["blob"].advice, "push the image again"));
}

TEST_CASE("a schema 1 manifest says nothing against the registry", "[check]") {
  ScriptedServer server([&](const ScriptedRequest& request) {
    return has(request.path(), "/manifests/") ? answer(200, R"({"schemaVersion":1,"fsLayers":[]})", {{"Content-Type", "text/plain"}})
                                              : good(request);
  });
  Steps got = steps(server.host());
  CHECK(got["manifest"].result == Step::ok);
  CHECK(has(got["manifest"].seen, "schema 1"));
  CHECK(got["blob"].result == Step::skipped);
}

TEST_CASE("a registry without ranges is told: transfers cannot be resumed", "[check]") {
  for (const char* range : {"", "bytes 1-2/3"}) {
    ScriptedServer server([&](const ScriptedRequest& request) {
      if (!has(request.path(), "/blobs/")) return good(request);
      return *range == '\0' ? answer(200, kConfig) : answer(206, kConfig, {{"Content-Range", range}});
    });
    const auto blob = steps(server.host()).at("blob");
    CHECK(blob.result == Step::ok);
    CHECK(has(blob.seen, "an interrupted transfer starts over"));
    CHECK(has(blob.advice, "Range"));
  }
}

TEST_CASE("blobs that come from another host are told, also when it is not reached", "[check]") {
  ScriptedServer storage([&](const ScriptedRequest& request) {
    return answer(206, kConfig, {{"Content-Range", range_of_config(request)}});
  });
  std::string target = storage.url();
  ScriptedServer server([&](const ScriptedRequest& request) {
    return has(request.path(), "/blobs/") ? answer(307, "", {{"Location", target + "/b?signature=s3cret"}}) : good(request);
  });
  auto blob = steps(server.host()).at("blob");
  CHECK(blob.result == Step::ok);
  CHECK(has(blob.seen, storage.url() + ", to which the registry redirects"));
  CHECK_FALSE(has(blob.seen, "s3cret"));
  target = "http://169.254.169.254";
  blob = steps(server.host()).at("blob");
  CHECK(blob.result == Step::failed);
  CHECK_FALSE(has(blob.seen, "s3cret"));
  CHECK(has(advice_for_blob(Error(ErrorCode::unavailable, "x"), "r"), "reach that host"));
}

TEST_CASE("an index is followed to one of its images", "[check]") {
  const std::string inner = manifest_text();
  const std::string digest = Digest::sha256_of(as_bytes(inner)).str();
  const std::string attestation = "sha256:" + std::string(64, '0');
  const auto member = [](const std::string& of, const std::string& platform) {
    return R"({"mediaType":"application/vnd.oci.image.manifest.v1+json","size":5,"digest":")" + of + R"(","platform":{"os":")" + platform +
           R"(","architecture":")" + platform + "\"}}";
  };
  ScriptedServer server([&](const ScriptedRequest& request) {
    if (request.path().ends_with("/manifests/v1")) {
      return answer(200, R"({"schemaVersion":2,"manifests":[)" + member(attestation, "unknown") + "," + member(digest, "linux") + "]}");
    }
    return request.path().ends_with(digest) && has(request.path(), "/manifests/") ? answer(200, inner) : good(request);
  });
  Steps got = steps(server.host());
  CHECK(has(got["manifest"].seen, "index of 2 manifests"));
  CHECK(got["blob"].result == Step::ok);
}

TEST_CASE("the clock and the limits that the registry tells are read", "[check]") {
  std::string date = "Sat, 21 Nov 2020 12:00:30 GMT";
  ScriptedServer server([&](const ScriptedRequest& request) {
    ScriptedResponse out = good(request);
    out.headers.push_back({"Date", date});
    if (has(request.path(), "/manifests/")) out.headers.push_back({"RateLimit-Remaining", "0;w=21600"});
    return out;
  });
  Steps got = steps(server.host());
  CHECK(got["clock"].result == Step::failed);
  CHECK(has(got["clock"].seen, "behind ours"));
  CHECK(has(got["clock"].advice, "clock"));
  CHECK(got["throttling"].result == Step::failed);
  CHECK(has(got["throttling"].seen, "RateLimit-Remaining: 0;w=21600"));
  date = "yesterday";
  CHECK(steps(server.host())["clock"].result == Step::skipped);

  ScriptedServer busy([&](const ScriptedRequest& request) {
    return request.path() == "/v2/_catalog" ? answer(429, "", {{"Retry-After", "7200"}}) : good(request);
  });
  got = steps(busy.host());
  CHECK(got["catalog"].result == Step::failed);
  CHECK(got["throttling"].result == Step::failed);
  CHECK(has(got["throttling"].seen, "429"));
  CHECK(has(got["throttling"].seen, "Retry-After: 7200"));
}

TEST_CASE("credentials that nobody asked for are told", "[check]") {
  ScriptedServer server(good);
  const auto got = steps(server.host(), {"u", kSecret, "", true, ""}).at("authentication");
  CHECK(got.result == Step::ok);
  CHECK(has(got.advice, "did not ask"));
}

TEST_CASE("plain HTTP on a TLS port and TLS on a plain port are told with what to write", "[check]") {
  const Error wrong_version(ErrorCode::tls, "TLS handshake with x: wrong version number; if it speaks plain HTTP, that must be requested");
  CHECK(has(advice_for_tls(wrong_version, std::nullopt, SystemTime{}, "x"), "--plain-http"));
  // What Go's servers answer there.
  ScriptedServer go([](const ScriptedRequest&) { return answer(400, "Client sent an HTTP request to an HTTPS server.\n"); });
  const auto api = steps(go.host()).at("api");
  CHECK(api.result == Step::failed);
  CHECK(has(api.advice, "https://"));
  const TlsServer server;
  server.steps_of("localhost", {"", "", "", false, ""});
  const auto other = steps("http://localhost:" + std::to_string(server.port));
  CHECK((other.at("api").result == Step::failed || other.at("address").result == Step::failed));
}

TEST_CASE("a certificate is shown, and one that is not trusted with who signed it and what to do", "[check]") {
  const TlsServer server;
  Steps wrong = server.steps_of("localhost", {});
  CHECK(wrong["address"].result == Step::ok);
  CHECK(wrong["tls"].result == Step::failed);
  CHECK(has(wrong["tls"].seen, "CN=check.example"));
  CHECK(has(wrong["tls"].seen, "self-signed"));
  CHECK(has(wrong["tls"].advice, "--ca-file"));
  CHECK(has(wrong["tls"].advice, "certs.d"));
  CHECK(wrong["api"].result == Step::skipped);

  Steps right = server.steps_of("localhost", {"", "", "", true, server.certificate()});
  INFO(right["tls"].seen);
  CHECK(right["tls"].result == Step::ok);
  CHECK(has(right["tls"].seen, "TLSv1."));
  CHECK(has(right["tls"].seen, "O=Somebody"));
  CHECK(has(right["tls"].seen, "valid until 20"));
  CHECK(has(right["tls"].advice, "expires in 9 days"));
  CHECK(right["catalog"].result == Step::failed);  // it answers with a page

  Steps name = server.steps_of("127.0.0.1", {"", "", "", true, server.certificate()});
  CHECK(name["tls"].result == Step::failed);
  CHECK(has(name["tls"].advice, "not for the name 127.0.0.1"));

  Steps unverified = server.steps_of("localhost", {"", "", "", false, ""});
  CHECK(unverified["tls"].result == Step::ok);
  CHECK(has(unverified["tls"].seen, "not verified"));
}

TEST_CASE("an expired certificate is told as such", "[check]") {
  registry::TlsFacts facts;
  facts.subject = facts.issuer = "CN=x";
  const SystemTime now = from_rfc3339("2026-01-01T00:00:00Z").value();
  facts.not_after = now - std::chrono::hours(1);
  const Error error(ErrorCode::tls, "certificate not trusted: certificate has expired");
  CHECK(has(advice_for_tls(error, facts, now, "h"), "expired"));
  facts.not_after = now + std::chrono::days(31);
  CHECK(advice_for_expiry(facts, now).empty());
  facts.not_after = now + std::chrono::days(29);
  CHECK(has(advice_for_expiry(facts, now), "29 days"));
}

TEST_CASE("the outcome is a table and a document", "[check]") {
  const std::vector<CheckStep> list{{"address", Step::ok, "connected", ""}, {"tls", Step::failed, "no trust", "use a CA file"}};
  const auto document = nlohmann::json::parse(render_check_json("https://r.example", list));
  CHECK(document["registry"] == "https://r.example");
  CHECK(document["ok"] == false);
  REQUIRE(document["steps"].size() == 2);
  CHECK(document["steps"][1] == nlohmann::json{{"name", "tls"}, {"result", "failed"}, {"seen", "no trust"}, {"advice", "use a CA file"}});
  const std::string table = render_check_table(list);
  CHECK(has(table, "CHECK    RESULT  SEEN\n"));
  CHECK(has(table, "tls      failed  no trust\n                 -> use a CA file\n"));
  const auto fine = nlohmann::json::parse(render_check_json("x", {{"address", Step::ok, "", ""}, {"clock", Step::skipped, "", ""}}));
  CHECK(fine["ok"] == true);
}
