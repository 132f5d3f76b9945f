// SPDX-License-Identifier: Apache-2.0
#include "registry/http/transport.hpp"

#include "core/base/limits.hpp"
#include "registry/http/address.hpp"
#include "registry/http/url.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/process.hpp"
#include "tests/support/run_awaitable.hpp"
#include "tests/support/scripted_server.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <thread>

using namespace landwaiter;
using namespace landwaiter::registry;
using namespace landwaiter::test;

namespace {

struct Exchange {
  int status = 0;
  std::string body;
};

boost::asio::awaitable<Result<Exchange>> exchange(std::shared_ptr<Transport> transport, HttpRequest request) {
  auto response = co_await transport->send(std::move(request));
  if (!response) co_return response.error();
  auto body = co_await read_body(**response, 1'000'000);
  if (!body) co_return body.error();
  Exchange out;
  out.status = (*response)->status();
  out.body = *body;
  co_return out;
}

HttpRequest get(const std::string& url) {
  HttpRequest out;
  out.url = url;
  return out;
}

/// A self-signed certificate for "localhost" and a server that shows it; any program that speaks TLS would do.
struct TlsServer {
  TlsServer() {
    ProcessOptions make;
    make.argv = {"openssl",
                 "req",
                 "-x509",
                 "-newkey",
                 "ec",
                 "-pkeyopt",
                 "ec_paramgen_curve:P-256",
                 "-nodes",
                 "-days",
                 "2",
                 "-subj",
                 "/CN=localhost",
                 "-addext",
                 "subjectAltName=DNS:localhost",
                 "-keyout",
                 key(),
                 "-out",
                 certificate()};
    run_checked(std::move(make));
    ProcessOptions serve;
    serve.argv = {"openssl", "s_server", "-quiet", "-www",       "-accept", "127.0.0.1:" + std::to_string(port),
                  "-key",    key(),      "-cert",  certificate()};
    process = std::make_unique<Process>(std::move(serve));
  }
  std::string key() const { return (folder / "key.pem").string(); }
  std::string certificate() const { return (folder / "cert.pem").string(); }

  TempDir folder;
  std::uint16_t port = free_port();
  std::unique_ptr<Process> process;
};

/// Until the server listens.
Result<Exchange> patient(const TransportOptions& options, const std::string& url, bool tls_verify = true) {
  for (int i = 0;; ++i) {
    boost::asio::io_context io;
    HttpRequest request = get(url);
    if (!tls_verify) request.unverified_origin = HttpUrl::parse(url).value().origin();
    auto got = run_awaitable(io, exchange(make_transport(io.get_executor(), options), request));
    if (got || got.error().code() != ErrorCode::unavailable || i > 500 * patience_factor()) return got;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

}  // namespace

TEST_CASE("requests are sent with their method, headers and body", "[transport]") {
  ScriptedServer server([](const ScriptedRequest& request) {
    ScriptedResponse out;
    out.status = 201;
    out.body =
        request.method + ' ' + request.target + ' ' + request.header("x-a") + ' ' + request.header("authorization") + ' ' + request.body;
    return out;
  });
  boost::asio::io_context io;
  HttpRequest request;
  request.method = "POST";
  request.url = server.url() + "/p?q=1#f";
  request.headers.push_back({"X-A", "b"});
  request.secret_headers.push_back({"Authorization", Secret("Bearer t")});
  request.body = Secret(std::string(700'000, 'z'));
  auto got = run_awaitable(io, exchange(make_transport(io.get_executor(), {}), request));
  REQUIRE(got.has_value());
  CHECK(got->status == 201);
  CHECK(got->body == "POST /p?q=1 b Bearer t " + request.body.reveal());

  request.headers.push_back({"X-B", "c\r\nX-Injected: d"});
  auto refused = run_awaitable(io, exchange(make_transport(io.get_executor(), {}), request));
  CHECK(refused.error().code() == ErrorCode::invalid_argument);
}

TEST_CASE("a connection is kept, and one that the server closed costs nothing", "[transport]") {
  bool close = false;
  ScriptedServer server([&](const ScriptedRequest& request) {
    ScriptedResponse out;
    out.body = request.method == "HEAD" ? "ignored" : "x";
    out.chunked = request.path() == "/chunked";
    out.close = close;
    return out;
  });
  boost::asio::io_context io;
  const auto transport = make_transport(io.get_executor(), {});
  for (const char* path : {"/", "/chunked", "/"}) REQUIRE(run_awaitable(io, exchange(transport, get(server.url() + path))).has_value());
  HttpRequest head = get(server.url());
  head.method = "HEAD";
  CHECK(run_awaitable(io, exchange(transport, head))->body.empty());
  CHECK(server.connections() == 1);
  close = true;
  for (int i = 0; i < 5; ++i) CHECK(run_awaitable(io, exchange(transport, get(server.url()))).has_value());
  CHECK(server.connections() >= 5);
}

TEST_CASE("connections to a host are bounded, and waiting requests get their turn", "[transport]") {
  ScriptedServer server([](const ScriptedRequest&) {
    ScriptedResponse out;
    out.body = std::string(100'000, 'x');
    return out;
  });
  boost::asio::io_context io;
  TransportOptions options;
  options.connections_per_host = 2;
  const auto transport = make_transport(io.get_executor(), options);
  int done = 0;
  for (int i = 0; i < 30; ++i) {
    boost::asio::co_spawn(io, exchange(transport, get(server.url())), [&](std::exception_ptr, auto result) {
      if (result) ++done;
    });
  }
  io.run();
  CHECK(done == 30);
  CHECK(server.connections() == 2);
}

TEST_CASE("an abandoned answer gives its connection up", "[transport]") {
  ScriptedServer server([](const ScriptedRequest&) {
    ScriptedResponse out;
    out.body = std::string(5'000'000, 'x');
    return out;
  });
  boost::asio::io_context io;
  TransportOptions options;
  options.connections_per_host = 1;
  const auto transport = make_transport(io.get_executor(), options);
  for (int i = 0; i < 3; ++i) {
    auto response = run_awaitable(io, transport->send(get(server.url())));
    REQUIRE(response.has_value());
  }
  CHECK(server.connections() == 3);
}

TEST_CASE("silence, hanging up and nonsense are told apart", "[transport]") {
  std::atomic<int> mode = 0;
  ScriptedServer server([&](const ScriptedRequest&) {
    ScriptedResponse out;
    if (mode == 0) out.hang_up = true;
    if (mode == 1) out.status = 99999;
    if (mode == 2) {
      out.body = "abcdef";
      out.break_after = 3;
    }
    while (mode == 3 || mode == 4) std::this_thread::sleep_for(std::chrono::milliseconds(5));  // silent until the client has given up
    return out;
  });
  boost::asio::io_context io;
  const auto transport = make_transport(io.get_executor(), {});
  const auto code = [&](int how) {
    mode = how;
    HttpRequest request = get(server.url());
    if (how == 3) request.idle_timeout = std::chrono::milliseconds(20);
    if (how == 4) request.answer_timeout = std::chrono::milliseconds(20);
    auto got = run_awaitable(io, exchange(transport, request));
    mode = -1;
    REQUIRE(got.has_error());
    return got.error().code();
  };
  CHECK(code(0) == ErrorCode::unavailable);
  CHECK(code(1) == ErrorCode::malformed);
  CHECK(code(2) == ErrorCode::unavailable);
  CHECK(code(3) == ErrorCode::timeout);
  CHECK(code(4) == ErrorCode::timeout);
  CHECK(run_awaitable(io, exchange(transport, get("ftp://a/"))).error().code() == ErrorCode::malformed);
  CHECK(run_awaitable(io, exchange(transport, get("http://name.invalid/"))).error().code() == ErrorCode::unavailable);
  HttpRequest guarded = get("http://localhost:" + std::to_string(server.port()));
  guarded.foreign_host = true;
  CHECK(run_awaitable(io, exchange(transport, guarded)).error().code() == ErrorCode::malformed);
}

TEST_CASE("a server that drips is given up, one that is slow at times is not", "[transport]") {
  ScriptedResponse answer;
  ScriptedServer server([&](const ScriptedRequest&) { return answer; });
  boost::asio::io_context io;
  TransportOptions options;
  options.timeouts.slow_body_window = std::chrono::milliseconds(100);
  options.timeouts.slow_body_bytes = 1000;
  const auto transport = make_transport(io.get_executor(), options);
  answer.body = std::string(100'000, 'x');
  answer.drip_bytes = 1;
  answer.drip_pause = std::chrono::milliseconds(1);
  for (const bool chunked : {false, true}) {
    answer.chunked = chunked;
    auto got = run_awaitable(io, exchange(transport, get(server.url())));
    REQUIRE(got.has_error());
    CHECK(got.error().code() == ErrorCode::timeout);
    CHECK(got.error().message().find("sends less than") != std::string::npos);
  }
  // Pauses as well, but more than enough in each window, which is long, so that a busy machine's own pauses stay far below it.
  options.timeouts.slow_body_window = std::chrono::seconds(2);
  const auto patient_transport = make_transport(io.get_executor(), options);
  answer.chunked = false;
  answer.drip_bytes = 10'000;
  answer.drip_pause = std::chrono::milliseconds(250);
  CHECK(run_awaitable(io, exchange(patient_transport, get(server.url()))).has_value());
}

TEST_CASE("header_limit: a presigned Location of 20 KiB passes, 64 KiB of headers do not", "[transport]") {
  ScriptedResponse answer;
  ScriptedServer server([&](const ScriptedRequest&) { return answer; });
  boost::asio::io_context io;
  const auto transport = make_transport(io.get_executor(), {});
  const std::string location = "https://storage.example/blob?X-Amz-Signature=" + std::string(20'000, 'a');
  answer.headers = {{"Location", location}, {"Link", '<' + std::string(9'000, 'b') + ">; rel=next"}};
  auto got = run_awaitable(io, transport->send(get(server.url())));
  REQUIRE(got.has_value());
  CHECK((*got)->header("location") == location);
  answer.headers = {{"X-Large", std::string(limits::http_header_bytes_max, 'x')}};
  CHECK(run_awaitable(io, exchange(transport, get(server.url()))).error().code() == ErrorCode::limit_exceeded);
  answer.headers.assign(5000, {"X-Many", "a value"});
  CHECK(run_awaitable(io, exchange(transport, get(server.url()))).error().code() == ErrorCode::limit_exceeded);
}

TEST_CASE("body_limit: bodies beyond Beast's 8 MiB arrive whole, counted, chunked or until the end", "[transport]") {
  ScriptedResponse answer;
  answer.body = std::string(20'000'000, 'y');
  ScriptedServer server([&](const ScriptedRequest&) { return answer; });
  boost::asio::io_context io;
  const auto transport = make_transport(io.get_executor(), {});
  const auto length = [&]() -> boost::asio::awaitable<Result<std::size_t>> {
    auto response = co_await transport->send(get(server.url()));
    if (!response) co_return response.error();
    auto body = co_await read_body(**response, 30'000'000);
    if (!body) co_return body.error();
    co_return body->size();
  };
  for (int i = 0; i < 3; ++i) {
    answer.chunked = i == 1;
    answer.until_close = i == 2;
    auto got = run_awaitable(io, length());
    REQUIRE(got.has_value());
    CHECK(*got == answer.body.size());
  }
}

TEST_CASE("HEAD: an answer that promises a body and sends none leaves the connection usable", "[transport]") {
  ScriptedServer server([](const ScriptedRequest&) {
    ScriptedResponse out;
    out.body = "0123456789";
    return out;
  });
  boost::asio::io_context io;
  const auto transport = make_transport(io.get_executor(), {});
  HttpRequest head = get(server.url());
  head.method = "HEAD";
  for (int i = 0; i < 3; ++i) {
    auto response = run_awaitable(io, transport->send(head));
    REQUIRE(response.has_value());
    CHECK((*response)->content_length() == 10);
    CHECK(run_awaitable(io, exchange(transport, get(server.url())))->body == "0123456789");
  }
  CHECK(server.connections() == 1);
}

TEST_CASE("a bandwidth limit loses nothing", "[transport]") {
  ScriptedServer server([](const ScriptedRequest&) {
    ScriptedResponse out;
    out.body = std::string(300'000, 'z');
    return out;
  });
  boost::asio::io_context io;
  TransportOptions options;
  options.bandwidth_bytes_per_s = 3'000'000;
  const auto transport = make_transport(io.get_executor(), options);
  std::size_t done = 0;
  for (int i = 0; i < 3; ++i) {
    boost::asio::co_spawn(io, exchange(transport, get(server.url())),
                          [&](std::exception_ptr, auto result) { done += result ? result->body.size() : 0; });
  }
  io.run();
  CHECK(done == 900'000);
}

TEST_CASE("DNS: a name that resolves to a local address is refused at the connection", "[transport]") {
  ScriptedServer server([](const ScriptedRequest&) { return ScriptedResponse(); });
  boost::asio::io_context io;
  const auto transport = make_transport(io.get_executor(), {});
  CHECK(run_awaitable(io, exchange(transport, get(server.url("localhost")))).has_value());
  // Kept connections of the unguarded kind do not serve guarded requests.
  for (const char* host : {"localhost", "127.0.0.1", "127.1", "2130706433", "localhost."}) {
    INFO(host);
    HttpRequest guarded = get(server.url(host));
    guarded.foreign_host = true;
    auto got = run_awaitable(io, exchange(transport, guarded));
    REQUIRE(got.has_error());
    CHECK(got.error().code() == ErrorCode::malformed);
    CHECK(got.error().message().find("special-purpose address") != std::string::npos);
  }
  CHECK(server.requests().size() == 1);
}

TEST_CASE("private networks are refused to foreign hosts if the options deny them", "[transport]") {
  boost::asio::io_context io;
  TransportOptions options;
  options.deny_foreign_private = true;
  const auto transport = make_transport(io.get_executor(), options);
  for (const char* host : {"10.0.0.1", "172.31.0.1", "192.168.0.1", "[fd12::1]", "[::ffff:10.0.0.1]", "10.1"}) {
    INFO(host);
    HttpRequest foreign = get(std::string("http://") + host + "/");
    foreign.foreign_host = true;
    auto got = run_awaitable(io, exchange(transport, foreign));
    REQUIRE(got.has_error());
    CHECK(got.error().code() == ErrorCode::malformed);
    CHECK(got.error().message().find("foreign_private_addresses") != std::string::npos);
  }
}

TEST_CASE("DNS: a name's spelling does not reveal that its address is local; it is refused once it is resolved", "[transport]") {
  std::array<char, 256> own_name{};
  REQUIRE(gethostname(own_name.data(), own_name.size() - 1) == 0);
  boost::asio::io_context io;
  std::size_t refused = 0;
  for (const std::string& name : {std::string("ip6-localhost"), std::string("ip6-loopback"), std::string(own_name.data())}) {
    INFO(name);
    boost::asio::ip::tcp::resolver resolver(io);
    boost::system::error_code unknown;
    const auto found = resolver.resolve(name, "80", unknown);
    const bool local = !unknown && std::any_of(found.begin(), found.end(), [](const auto& one) {
      return address_kind(one.endpoint().address()) == AddressKind::special;
    });
    if (!local || host_kind(name) == AddressKind::special) continue;
    HttpRequest guarded = get("http://" + name + ":9/");
    guarded.foreign_host = true;
    auto got = run_awaitable(io, exchange(make_transport(io.get_executor(), {}), guarded));
    REQUIRE(got.has_error());
    CHECK(got.error().code() == ErrorCode::malformed);
    ++refused;
  }
  // Debian's /etc/hosts has the first two, and where it does not, the machine's own name is there for a loopback address.
  CHECK(refused > 0);
}

TEST_CASE("TLS trusts known authorities and the right name only", "[transport]") {
  const TlsServer server;
  const std::string port = std::to_string(server.port);
  TransportOptions with_ca;
  with_ca.tls.ca_file = server.certificate();
  auto trusted = patient(with_ca, "https://localhost:" + port + "/");
  REQUIRE(trusted.has_value());
  CHECK(trusted->status == 200);

  auto unknown = patient({}, "https://localhost:" + port + "/");
  REQUIRE(unknown.has_error());
  CHECK(unknown.error().code() == ErrorCode::tls);
  CHECK(unknown.error().message().find("certificate not trusted") != std::string::npos);
  CHECK(unknown.error().message().find("--ca-file") != std::string::npos);

  auto other_name = patient(with_ca, "https://127.0.0.1:" + port + "/");
  REQUIRE(other_name.has_error());
  CHECK(other_name.error().code() == ErrorCode::tls);

  CHECK(patient({}, "https://127.0.0.1:" + port + "/", false).has_value());

  TransportOptions no_file;
  no_file.tls.ca_file = "/nonexistent/ca.pem";
  CHECK(patient(no_file, "https://localhost:" + port + "/").error().code() == ErrorCode::configuration);
}
