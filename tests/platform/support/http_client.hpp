// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace landwaiter::test {

struct HttpReply {
  int status = 0;                              ///< 0: the connection was closed without an answer
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;                            ///< its chunks joined
  bool whole = true;                           ///< false: the chunks broke off
};

/// Sends these very bytes on a new connection to loopback and reads until the other side closes it.
/// Empty when there is no connection.
std::string send_raw(std::uint16_t port, std::string_view bytes);

/// What was sent in chunks; nothing when they break off before the last.
std::optional<std::string> join_chunks(std::string_view chunks);

/// The first answer in such bytes.
HttpReply parse_reply(const std::string& bytes);

}  // namespace landwaiter::test
