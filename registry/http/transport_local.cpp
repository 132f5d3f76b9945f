// SPDX-License-Identifier: Apache-2.0
#include "registry/http/transport_local.hpp"

#include "core/base/limits.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/none.hpp>

#include <algorithm>

namespace landwaiter::registry {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::local::stream_protocol;
using boost::system::error_code;

/// What a sockaddr_un takes.
constexpr std::size_t kSocketNameMax = 107;
constexpr std::size_t kBufferBytes = 256 * limits::KiB;

Error reason(const error_code& error) {
  if (error == boost::system::errc::no_such_file_or_directory) return {ErrorCode::not_found, "there is no such socket"};
  if (error == boost::system::errc::permission_denied) return {ErrorCode::forbidden, "permission denied"};
  if (error == boost::system::errc::connection_refused) return {ErrorCode::unavailable, "nobody listens there"};
  if (error == http::error::partial_message || error == http::error::end_of_stream || error == asio::error::eof)
    return {ErrorCode::unavailable, "the connection was closed before the end"};
  if (error == asio::error::timed_out) return {ErrorCode::timeout, "it does not answer"};
  if (error == http::error::header_limit) return {ErrorCode::limit_exceeded, "its headers are too large"};
  if (error.category() == http::make_error_code(http::error::bad_version).category())
    return {ErrorCode::malformed, "what answers is no HTTP: " + error.message()};
  return {ErrorCode::unavailable, error.message()};
}

class SocketAnswer final : public LocalAnswer {
 public:
  explicit SocketAnswer(const LocalPatience& patience) : patience_(patience), socket_(io_), buffer_(kBufferBytes) {
    // An image may have any size.
    parser_.body_limit(boost::none);
    parser_.header_limit(static_cast<std::uint32_t>(limits::http_header_bytes_max));
  }

  Result<void> ask(const std::string& name, const std::string& target) {
    error_code error;
    socket_.connect(stream_protocol::endpoint(name), error);
    if (error) return reason(error);
    http::request<http::empty_body> request(http::verb::get, target, 11);
    request.set(http::field::host, "localhost");
    request.set(http::field::user_agent, "landwaiter/" LANDWAITER_VERSION);
    request.set(http::field::connection, "close");
    http::write(socket_, request, error);
    if (!error) {
      auto read = [this](auto done) { http::async_read_header(socket_, buffer_, parser_, std::move(done)); };
      error = within(patience_.first_answer, std::move(read));
    }
    return error ? Result<void>(reason(error)) : Result<void>();
  }

  int status() const override { return static_cast<int>(parser_.get().result_int()); }

  Result<std::size_t> read(std::span<std::uint8_t> buffer) override {
    while (!parser_.is_done() && !buffer.empty()) {
      auto& body = parser_.get().body();
      body.data = buffer.data();
      body.size = buffer.size();
      body.more = true;
      auto read = [this](auto done) { http::async_read_some(socket_, buffer_, parser_, std::move(done)); };
      const error_code error = within(patience_.silence, std::move(read));
      const std::size_t size = buffer.size() - body.size;
      if (error && error != http::error::need_buffer) return reason(error);
      if (size > 0) return size;
    }
    return std::size_t{0};
  }

 private:
  /// Waits for an operation, which ends with the connection if it takes longer.
  template <class Start>
  error_code within(std::chrono::milliseconds time_max, Start start) {
    error_code result = asio::error::timed_out;
    bool ended = false;
    start([&](const error_code& error, std::size_t) {
      if (!ended) result = error;
    });
    io_.restart();
    io_.run_for(time_max);
    ended = true;
    error_code ignored;
    if (result == asio::error::timed_out) socket_.close(ignored);
    io_.restart();
    io_.run();
    return result;
  }

  LocalPatience patience_;
  asio::io_context io_;
  stream_protocol::socket socket_;
  beast::flat_buffer buffer_;
  http::response_parser<http::buffer_body> parser_;
};

}  // namespace

Result<std::unique_ptr<LocalAnswer>> get_from_local(const std::string& socket, const std::string& target, const LocalPatience& patience) {
  if (socket.empty() || socket.size() > kSocketNameMax) return Error(ErrorCode::not_found, "a socket's name has at most 107 bytes");
  auto answer = std::make_unique<SocketAnswer>(patience);
  auto asked = answer->ask(socket, target);
  if (!asked) return asked.error();
  return std::unique_ptr<LocalAnswer>(std::move(answer));
}

std::string read_text(LocalAnswer& answer, std::size_t bytes_max) {
  std::string text(bytes_max, '\0');
  std::size_t filled = 0;
  while (filled < text.size()) {
    auto size = answer.read({reinterpret_cast<std::uint8_t*>(text.data()) + filled, text.size() - filled});
    if (!size || *size == 0) break;
    filled += *size;
  }
  text.resize(filled);
  return text;
}

}  // namespace landwaiter::registry
