// SPDX-License-Identifier: Apache-2.0
#include "registry/http/transport_local.hpp"

#include "tests/registry/support/local_server.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>

#include <thread>

using namespace landwaiter;
using namespace landwaiter::registry;
using namespace landwaiter::test;

namespace {

Result<std::string> whole(LocalAnswer& answer) {
  std::string out;
  std::vector<std::uint8_t> chunk(1000);
  while (true) {
    auto size = answer.read(chunk);
    if (!size) return size.error();
    if (*size == 0) return out;
    out.append(reinterpret_cast<const char*>(chunk.data()), *size);
  }
}

std::string in_chunks(const std::string& body) {
  std::string out = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (std::size_t at = 0; at < body.size(); at += 15'000) {
    const std::string part = body.substr(at, 15'000);
    char size[32];
    out += std::string(size, static_cast<std::size_t>(std::snprintf(size, sizeof(size), "%zx\r\n", part.size()))) + part + "\r\n";
  }
  return out + "0\r\n\r\n";
}

}  // namespace

TEST_CASE("a program at a socket answers with a body of any length and form", "[transport]") {
  TempDir folder;
  const std::string body(300'000, 'b');
  LocalServer server((folder / "s").string(), [&](const std::string& target) {
    if (target == "/chunked") return in_chunks(body);
    if (target == "/counted") return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    if (target == "/until-close") return "HTTP/1.1 200 OK\r\n\r\n" + body;
    return std::string("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone");
  });
  for (const char* target : {"/chunked", "/counted", "/until-close"}) {
    INFO(target);
    auto answer = get_from_local(server.socket(), target);
    REQUIRE(answer.has_value());
    CHECK((*answer)->status() == 200);
    CHECK(whole(**answer).value() == body);
  }
  auto missing = get_from_local(server.socket(), "/x");
  REQUIRE(missing.has_value());
  CHECK((*missing)->status() == 404);
  CHECK(read_text(**missing, 2) == "no");
}

TEST_CASE("a program at a socket may break off, or be none", "[transport]") {
  TempDir folder;
  std::string answer;
  LocalServer server((folder / "s").string(), [&](const std::string&) { return answer; });
  for (const std::string cut :
       {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n123", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n"}) {
    answer = cut;
    auto got = get_from_local(server.socket(), "/");
    REQUIRE(got.has_value());
    const auto body = whole(**got);
    REQUIRE(body.has_error());
    CHECK(body.error().code() == ErrorCode::unavailable);
  }
  answer = "SSH-2.0-x\r\n\r\n";
  CHECK(get_from_local(server.socket(), "/").error().code() == ErrorCode::malformed);
  answer = "";
  CHECK(get_from_local(server.socket(), "/").error().code() == ErrorCode::unavailable);
  answer = "HTTP/1.1 200 OK\r\nX: " + std::string(200'000, 'x') + "\r\n\r\n";
  CHECK(get_from_local(server.socket(), "/").error().code() == ErrorCode::limit_exceeded);
  CHECK(get_from_local((folder / "none").string(), "/").error().code() == ErrorCode::not_found);
  CHECK(get_from_local("/" + std::string(200, 'x'), "/").error().code() == ErrorCode::not_found);
  write_file(folder / "file", "x");
  CHECK(get_from_local((folder / "file").string(), "/").error().code() == ErrorCode::unavailable);
}

TEST_CASE("a program at a socket that says nothing is given up", "[transport]") {
  using boost::asio::local::stream_protocol;
  TempDir folder;
  const std::string name = (folder / "s").string();
  boost::asio::io_context io;
  stream_protocol::acceptor acceptor(io, stream_protocol::endpoint(name));
  const LocalPatience patience{.first_answer = std::chrono::milliseconds(50), .silence = std::chrono::milliseconds(50)};
  CHECK(get_from_local(name, "/", patience).error().code() == ErrorCode::timeout);

  stream_protocol::socket first(io), second(io);
  acceptor.accept(first);
  std::thread begins([&] {
    acceptor.accept(second);
    const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n123";
    boost::asio::write(second, boost::asio::buffer(head));
  });
  auto answer = get_from_local(name, "/", {.first_answer = std::chrono::minutes(1), .silence = std::chrono::milliseconds(50)});
  begins.join();
  REQUIRE(answer.has_value());
  CHECK(whole(**answer).error().code() == ErrorCode::timeout);
}
