// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/result.hpp"
#include "core/base/secret.hpp"
#include "platform/http/body.hpp"
#include "platform/http/body_share.hpp"
#include "platform/http/wiping_allocator.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace landwaiter::platform {

/// A request for the handlers. Everything in it is untrusted.
struct Request {
  std::string method;
  std::string path;                            ///< as received, without query: for logs
  std::vector<std::string> segments;           ///< of the path, percent-decoded
  std::map<std::string, std::string> query;    ///< percent-decoded; the last one of a name wins
  std::map<std::string, std::string> headers;  ///< names in lower case; without credentials
  Secret token;                                ///< of `Authorization: Bearer` or `isg-api-token`
  Secret lease_token;                          ///< of `Landwaiter-Lease`
  std::uint64_t content_length = 0;            ///< as announced
  WipedText body;                              ///< not decoded yet
  std::shared_ptr<BodyShare> share;            ///< counts the body, decoded or not; may be empty
  std::function<bool()> peer_gone;             ///< the caller hung up; may be empty; for the io thread
  std::string peer;                            ///< the caller's address; behind a trusted proxy, the one that it names
  bool https = false;                          ///< between the caller and us, or a trusted proxy
  // The application says who it is, and what fits, for the log.
  std::string caller;  ///< the id of a valid token's holder
  std::string route;

  std::string header(const std::string& lower_name) const;
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;
  Body body;
};

Response json_response(const nlohmann::json& body, int status = 200);
Response empty_response(int status = 204);

/// RFC 9457. `type` is the part after "urn:landwaiter:problem:", empty for about:blank; `extra` members are added.
Response problem(int status, std::string_view detail, std::string_view type = "", const nlohmann::json& extra = nullptr);
/// The problem document for an Error: 400 for caller mistakes, 401, 403, 404, 409, 413, 429, 503 and 500 accordingly. Details of io and
/// internal errors stay in the log.
Response problem_of(const Error& error);

std::string_view reason_phrase(int status);

}  // namespace landwaiter::platform
