// SPDX-License-Identifier: Apache-2.0
#include "platform/http/request_head.hpp"

#include "core/base/text.hpp"

#include <boost/url.hpp>

#include <algorithm>

namespace landwaiter::platform {
namespace {

namespace http = boost::beast::http;

bool read_target(std::string_view target, Request& request) {
  const auto url = boost::urls::parse_origin_form(target);
  if (!url) return false;
  request.path = std::string(url->encoded_path());
  // Bytes that are no text, and control characters, are in no name; PostgreSQL would refuse them.
  bool readable = true;
  const auto text = [&readable](std::string decoded) {
    readable = readable && printable(decoded) == decoded;
    return decoded;
  };
  for (const auto segment : url->segments()) request.segments.push_back(text(segment));
  for (const auto parameter : url->params()) request.query[text(std::string(parameter.key))] = text(std::string(parameter.value));
  return readable;
}

bool is_secret_header(std::string_view lower_name) {
  return lower_name == "authorization" || lower_name == "isg-api-token" || lower_name == "landwaiter-lease" || lower_name == "cookie";
}

Secret bearer_of(std::string_view authorization) {
  const std::size_t space = authorization.find(' ');
  if (space == std::string_view::npos || !iequals(authorization.substr(0, space), "bearer")) return Secret();
  return Secret(std::string(trim(authorization.substr(space + 1))));
}

}  // namespace

void HeadBuffer::consume(std::size_t size) {
  const std::string_view bytes(static_cast<const char*>(data().data()), std::min(size, this->size()));
  for (const char c : bytes) {
    folded_ = folded_ || (at_line_start_ && (c == ' ' || c == '\t'));
    at_line_start_ = c == '\n';
  }
  basic_flat_buffer::consume(size);
}

std::string_view read_head(const RequestParser& parser, Request& request) {
  const auto& message = parser.get();
  const auto hosts = message.count(http::field::host);
  if (hosts > 1 || (hosts == 0 && message.version() >= 11)) return "the request must have one Host header";
  request.method = std::string(message.method_string());
  for (const auto& field : message) {
    const std::string name = to_lower(field.name_string());
    if (name == "isg-api-token") request.token = Secret(std::string(trim(field.value())));
    if (name == "landwaiter-lease") request.lease_token = Secret(std::string(trim(field.value())));
    if (name == "authorization" && request.token.empty()) request.token = bearer_of(field.value());
    if (!is_secret_header(name)) request.headers[name] = std::string(field.value());
  }
  request.content_length = parser.content_length().value_or(0);
  return read_target(message.target(), request) ? std::string_view() : std::string_view("the request's target is not a path");
}

}  // namespace landwaiter::platform
