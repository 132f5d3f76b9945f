// SPDX-License-Identifier: Apache-2.0
#include "tests/platform/support/http_client.hpp"

#include "core/base/text.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <charconv>
#include <sstream>
#include <utility>

namespace landwaiter::test {

namespace asio = boost::asio;

std::string send_raw(std::uint16_t port, std::string_view bytes) {
  asio::io_context io;
  asio::ip::tcp::socket socket(io);
  boost::system::error_code ignored;  // the server may be stopping, or refuse before it read all
  socket.connect({asio::ip::make_address("127.0.0.1"), port}, ignored);
  asio::write(socket, asio::buffer(bytes), ignored);
  std::string answer;
  asio::read(socket, asio::dynamic_buffer(answer), ignored);
  return answer;
}

HttpReply parse_reply(const std::string& bytes) {
  HttpReply reply;
  const std::size_t end = bytes.find("\r\n\r\n");
  if (end == std::string::npos) return reply;
  std::istringstream head(bytes.substr(0, end));
  std::string line;
  std::getline(head, line);
  reply.status = std::stoi(line.substr(line.find(' ') + 1));
  while (std::getline(head, line)) {
    const std::size_t colon = line.find(':');
    if (colon != std::string::npos) reply.headers[to_lower(line.substr(0, colon))] = std::string(trim(line.substr(colon + 1)));
  }
  reply.body = bytes.substr(end + 4);
  const auto encoding = reply.headers.find("transfer-encoding");
  if (encoding != reply.headers.end() && encoding->second == "chunked") {
    auto joined = join_chunks(reply.body);
    reply.whole = joined.has_value();
    reply.body = std::move(joined).value_or("");
  }
  return reply;
}

std::optional<std::string> join_chunks(std::string_view chunks) {
  std::string out;
  while (true) {
    const std::size_t line = chunks.find("\r\n");
    if (line == std::string_view::npos) return std::nullopt;
    std::size_t size = 0;
    const auto parsed = std::from_chars(chunks.data(), chunks.data() + line, size, 16);
    chunks.remove_prefix(line + 2);
    if (parsed.ec != std::errc() || chunks.size() < size + 2) return std::nullopt;
    out += chunks.substr(0, size);
    chunks.remove_prefix(size + 2);
    if (size == 0) return out;
  }
}

}  // namespace landwaiter::test
