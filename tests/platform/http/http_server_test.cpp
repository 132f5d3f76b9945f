// SPDX-License-Identifier: Apache-2.0
// Bytes that are not the requests of a well-behaved client.
#include "platform/http/http_server.hpp"

#include "core/base/limits.hpp"
#include "tests/platform/support/test_platform.hpp"
#include "tests/platform/support/test_server.hpp"
#include "tests/support/catch.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <fstream>
#include <functional>

namespace landwaiter::test {
namespace {

namespace asio = boost::asio;
using platform::Body;

/// What a stream did, for the test to see from its thread.
struct Made {
  std::atomic<std::uint64_t> bytes = 0;
  std::atomic<bool> ended = false;  ///< it was destroyed
};

class Letters final : public platform::BodyStream {
 public:
  Letters(std::shared_ptr<Made> made, std::uint64_t size, bool breaks) : made_(std::move(made)), left_(size), breaks_(breaks) {}
  ~Letters() override { made_->ended = true; }
  Awaitable<std::string> next() override {
    const std::uint64_t size = std::min<std::uint64_t>(left_, limits::body_piece_bytes);
    if (size == 0 && breaks_) co_return Error(ErrorCode::io, "the disk is gone");
    left_ -= size;
    made_->bytes += size;
    co_return std::string(size, 'x');
  }

 private:
  std::shared_ptr<Made> made_;
  std::uint64_t left_;
  bool breaks_;
};

/// Answers every request with a body that the test makes.
class Served : public TestServer {
 public:
  explicit Served(const std::function<Body()>& make) : TestServer([make](const platform::Request&) { return text_response(make()); }) {}
};

/// A caller that asks for one answer, and reads at its own pace.
class Asker : public Visitor {
 public:
  explicit Asker(std::uint16_t port) : Visitor(port) { say("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); }
};

/// Memory of this process that is in use.
std::uint64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t total = 0, resident = 0;
  statm >> total >> resident;
  return resident * 4096;
}

/// AddressSanitizer keeps what was freed for a while, so memory says nothing there.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LANDWAITER_ADDRESS_SANITIZER
#endif
#endif
#if defined(LANDWAITER_ADDRESS_SANITIZER) || defined(__SANITIZE_ADDRESS__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

std::string request(const std::string& version) { return "GET / HTTP/" + version + "\r\nHost: x\r\nConnection: close\r\n\r\n"; }

}  // namespace

TEST_CASE("http: a streamed body of 100 MB arrives whole, and takes no memory") {
  constexpr std::uint64_t kSize = 100 * limits::MiB;
  const auto made = std::make_shared<Made>();
  Served served([&] { return std::make_unique<Letters>(made, kSize, false); });
  Asker caller(served.port);
  std::uint64_t read = 0, grown = 0;
  const std::uint64_t before = resident_bytes();
  for (std::size_t got = caller.read(); got > 0; got = caller.read()) {
    read += got;
    grown = std::max(grown, std::max(before, resident_bytes()) - before);
  }
  CHECK(made->bytes == kSize);
  CHECK(read > kSize);                 // with the head and the chunks' sizes,
  CHECK(read < kSize + kSize / 1000);  // which are small
  if (!kSanitized) CHECK(grown < 16 * limits::MiB);
  CHECK(becomes([&] { return made->ended.load(); }));
}

TEST_CASE("http: a caller that does not read stops the stream, and one that leaves ends it") {
  constexpr std::uint64_t kSize = 1000 * limits::MiB;
  const auto made = std::make_shared<Made>();
  Served served([&] { return std::make_unique<Letters>(made, kSize, false); });
  Asker caller(served.port);
  REQUIRE(caller.read() > 0);
  // What is made fills the sockets' buffers, and then it waits.
  std::uint64_t seen = 0;
  CHECK(becomes([&] {
    const std::uint64_t now = made->bytes;
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    seen = made->bytes;
    return seen == now;
  }));
  CHECK(seen < 64 * limits::MiB);
  CHECK_FALSE(made->ended);
  caller.close();
  CHECK(becomes([&] { return made->ended.load(); }));
  CHECK(made->bytes < kSize);
}

TEST_CASE("http: a stream in chunks ends with the last one, and one that fails does not") {
  for (const bool breaks : {false, true}) {
    const auto made = std::make_shared<Made>();
    Served served([&] { return std::make_unique<Letters>(made, 150'000, breaks); });
    const HttpReply reply = parse_reply(send_raw(served.port, request("1.1")));
    CHECK(reply.status == 200);
    CHECK(reply.headers.at("transfer-encoding") == "chunked");
    CHECK_FALSE(reply.headers.contains("content-length"));
    CHECK(reply.whole == !breaks);
    CHECK(reply.body == std::string(breaks ? 0 : 150'000, 'x'));
    CHECK(made->ended);
  }
}

TEST_CASE("http: a connection goes on after a stream") {
  const auto made = std::make_shared<Made>();
  Served served([&] { return std::make_unique<Letters>(made, 10, false); });
  const std::string both = send_raw(served.port, "GET / HTTP/1.1\r\nHost: x\r\n\r\n" + request("1.1"));
  const std::string end = "a\r\nxxxxxxxxxx\r\n0\r\n\r\n";
  const std::size_t first = both.find(end);
  REQUIRE(first != std::string::npos);
  CHECK(both.find(end, first + 1) != std::string::npos);
  CHECK(made->bytes == 20);
}

TEST_CASE("http: a caller of HTTP/1.0 gets a stream without chunks, up to the end of the connection") {
  const auto made = std::make_shared<Made>();
  Served served([&] { return std::make_unique<Letters>(made, 150'000, false); });
  const HttpReply reply = parse_reply(send_raw(served.port, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
  CHECK(reply.status == 200);
  CHECK_FALSE(reply.headers.contains("transfer-encoding"));
  CHECK(reply.headers.at("connection") == "close");
  CHECK(reply.body == std::string(150'000, 'x'));
}

TEST_CASE("http: a stream without chunks that fails does not end like a whole one") {
  const auto made = std::make_shared<Made>();
  Served served([&] { return std::make_unique<Letters>(made, 150'000, true); });
  asio::io_context io;
  asio::ip::tcp::socket socket(io);
  socket.connect({asio::ip::make_address("127.0.0.1"), served.port});
  asio::write(socket, asio::buffer(std::string("GET / HTTP/1.0\r\n\r\n")));
  std::string answer;
  boost::system::error_code ended;
  asio::read(socket, asio::dynamic_buffer(answer), ended);
  CHECK(ended == asio::error::connection_reset);
}

TEST_CASE("http: shared bytes are sent with their length, to any number of callers") {
  const auto asset = std::make_shared<const std::string>("body { color: teal }");
  Served served([&] { return Body(asset); });
  for (int i = 0; i < 3; ++i) {
    const HttpReply reply = parse_reply(send_raw(served.port, request("1.1")));
    CHECK(reply.headers.at("content-length") == "20");
    CHECK(reply.body == *asset);
  }
}

TEST_CASE("http: what is no HTTP, or too large, is refused and the server goes on") {
  TestPlatform platform;
  const auto status = [&](const std::string& bytes) { return parse_reply(send_raw(platform.port, bytes)).status; };
  CHECK(status("nonsense\r\n\r\n") == 400);
  CHECK(status("GET http://elsewhere/ HTTP/1.1\r\nHost: x\r\n\r\n") == 400);
  CHECK(status("GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n") == 400);
  CHECK(status("GET /livez HTTP/1.1\r\nX: " + std::string(200'000, 'x') + "\r\n\r\n") == 431);
  CHECK(status("POST /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n") == 405);
  CHECK(status("GET /v3/../livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n") == 404);
  CHECK(status("POST /v3/jobs/acquire HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n") == 413);
  // Who has no token does not get to send a body at all.
  CHECK(status("POST /v3/jobs/acquire HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n") == 401);
  CHECK(status("POST /v3/tokens HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + platform.api_token +
               "\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFF\r\n" + std::string(2'000'000, ' ')) == 413);
  CHECK(status("GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n") == 200);
}

TEST_CASE("http: a head that others may read in another way is refused") {
  TestPlatform platform;
  const auto status = [&](const std::string& fields) {
    return parse_reply(send_raw(platform.port, "GET /v3/registries HTTP/1.1\r\n" + fields + "Connection: close\r\n\r\n")).status;
  };
  const std::string token = "Authorization: Bearer " + platform.api_token + "\r\n";
  CHECK(status("Host: x\r\n" + token) == 200);
  CHECK(status("Host:\r\n" + token) == 200);
  CHECK(status(token) == 400);
  CHECK(status("Host: x\r\nHost: x\r\n" + token) == 400);
  CHECK(status("Host: x\r\nAuthorization: Bearer\r\n " + platform.api_token + "\r\n") == 400);
  CHECK(status("Host: x\r\n" + token + "X: a\r\n\tb\r\n") == 400);
  CHECK(status("Host: x\r\n" + token + "X: a\r\n \r\n") == 400);
  CHECK(parse_reply(send_raw(platform.port, "GET /livez HTTP/1.0\r\n\r\n")).status == 200);
  // Of a second request, too; and a body may have lines that begin with a blank.
  const std::string first = "POST /v3/tokens HTTP/1.1\r\nHost: x\r\n" + token + "Content-Length: 6\r\n\r\n{\r\n }\n";
  CHECK(send_raw(platform.port, first + "GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").find("alive") != std::string::npos);
  CHECK(send_raw(platform.port, first + "GET /livez HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n").find("alive") == std::string::npos);
}

TEST_CASE("http: a connection serves several requests") {
  TestPlatform platform;
  const std::string both =
      send_raw(platform.port, "GET /livez HTTP/1.1\r\nHost: x\r\n\r\nGET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  CHECK(both.find("alive") != std::string::npos);
  CHECK(both.find("ready") != std::string::npos);
  CHECK(platform.call("GET", "/livez").status == 200);
  CHECK(platform.call("GET", "/readyz").status == 200);
}

TEST_CASE("http: a method that a path does not have is named with those it has") {
  TestPlatform platform;
  const Reply reply = platform.call("DELETE", "/v3/registries", nullptr, platform.api_token);
  CHECK(reply.status == 405);
  CHECK(reply.headers.at("allow") == "GET, POST");
  CHECK(platform.call("GET", "/v3/nothing", nullptr, platform.api_token).status == 404);
}

}  // namespace landwaiter::test
