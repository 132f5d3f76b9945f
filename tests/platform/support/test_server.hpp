// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/http/http_server.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

namespace landwaiter::test {

/// What an answer is for a request. Who sends a token counts as its bearer.
using Respond = std::function<platform::Response(const platform::Request&)>;

/// A server with one answer for all requests, on its own thread, until the end of the scope.
class TestServer {
 public:
  explicit TestServer(Respond respond, platform::HttpServerConfig config = {});
  ~TestServer();
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  /// Runs it on the server's thread, and waits for it.
  void on_thread(const std::function<void(platform::HttpServer&)>& work);
  std::size_t connections();
  boost::asio::any_io_executor executor() { return io_.get_executor(); }
  std::uint16_t port = 0;

 private:
  boost::asio::io_context io_;
  platform::HttpServer server_;
  std::thread thread_;
};

platform::Response text_response(platform::Body body);
/// Text "ok".
platform::Response say_ok(const platform::Request& request);

/// A connection that says what the test wants, when it wants.
class Visitor {
 public:
  explicit Visitor(std::uint16_t port);
  void say(const std::string& bytes);
  /// Bytes that came; 0 at the connection's end.
  std::size_t read();
  /// What came up to the connection's end.
  std::string read_all();
  /// Until `end` came; empty if the connection ended before.
  std::string read_until(const std::string& end);
  void close();

 private:
  boost::asio::io_context io_;
  boost::asio::ip::tcp::socket socket_;
  std::array<char, 65536> buffer_{};
};

}  // namespace landwaiter::test
