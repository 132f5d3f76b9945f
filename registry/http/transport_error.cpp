// SPDX-License-Identifier: Apache-2.0
#include "registry/http/transport_error.hpp"

#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "registry/http/tls.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/error.hpp>

namespace landwaiter::registry {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

Error wire_error(const boost::system::error_code& error, const std::string& doing, const std::string& peer) {
  const std::string start = doing + ' ' + peer + ": ";
  if (error == beast::error::timeout) return Error(ErrorCode::timeout, start + "no answer in time");
  if (error == asio::error::operation_aborted) return Error(ErrorCode::cancelled, start + "cancelled");
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return Error(ErrorCode::limit_exceeded, start + "its headers are larger than " + human_bytes(limits::http_header_bytes_max));
  }
  const bool ended = error == http::error::end_of_stream || error == http::error::partial_message || error == asio::error::eof ||
                     error == asio::ssl::error::stream_truncated;
  if (ended) return Error(ErrorCode::unavailable, start + "the connection was closed");
  if (error.category() == http::make_error_code(http::error::bad_version).category()) {
    return Error(ErrorCode::malformed, start + error.message() + ": its HTTP is invalid");
  }
  if (const auto alert = alert_error(error, peer)) return *alert;
  if (error.category() == asio::error::get_ssl_category()) return Error(ErrorCode::tls, start + error.message());
  return Error(ErrorCode::unavailable, start + error.message());
}

}  // namespace landwaiter::registry
