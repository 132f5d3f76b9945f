// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/http/http.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <string_view>

namespace landwaiter::platform {

/// Reads one request, into memory that is wiped.
using RequestParser =
    boost::beast::http::request_parser<boost::beast::http::basic_string_body<char, std::char_traits<char>, WipingAllocator<char>>,
                                       WipingAllocator<char>>;

/// A buffer that sees whether a head was taken from it in which a line continues the one before (obs-fold). Whoever is before us may take
/// such a line for a field of its own, and RFC 9112 lets a server refuse it; the parser unfolds it.
class HeadBuffer : public boost::beast::basic_flat_buffer<WipingAllocator<char>> {
 public:
  using basic_flat_buffer::basic_flat_buffer;
  bool folded() const { return folded_; }
  void begin() { folded_ = at_line_start_ = false; }
  /// Instead of flat_buffer's, for who reads a head through this type.
  void consume(std::size_t size);

 private:
  bool at_line_start_ = false;
  bool folded_ = false;
};

/// What is wrong with the head; empty if nothing is.
std::string_view read_head(const RequestParser& parser, Request& request);

}  // namespace landwaiter::platform
