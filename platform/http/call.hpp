// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/assess/assess.hpp"
#include "core/base/digest.hpp"
#include "core/base/json.hpp"
#include "platform/blobs/blob_store.hpp"
#include "platform/http/http.hpp"
#include "platform/store/lease.hpp"
#include "platform/store/principal.hpp"
#include "platform/store/vault.hpp"

#include <array>
#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace landwaiter::platform {

/// Topics that long polls wait for.
enum class Topic { jobs, layers };
inline constexpr std::array kTopics{Topic::jobs, Topic::layers};

class TopicSet {
 public:
  void add(Topic topic) { bits_ |= 1U << static_cast<unsigned>(topic); }
  bool has(Topic topic) const { return (bits_ & 1U << static_cast<unsigned>(topic)) != 0; }
  void add(TopicSet others) { bits_ |= others.bits_; }
  bool empty() const { return bits_ == 0; }

 private:
  unsigned bits_ = 0;
};

/// What stood in the path where a route has {name}.
using Parameters = std::map<std::string, std::string>;

/// The body without its Content-Encoding (zstd or identity). The request's share counts it, as long as the request lives. Error:
/// limit_exceeded, malformed, unsupported; unavailable if all bodies together are too large.
Result<std::string> decoded_body(const Request& request, std::uint64_t bytes_max);

/// One call of a handler: runs on a lane, within a transaction that is committed when the handler returns a Response and rolled back
/// when it returns an Error. It may be called again from the start, with a new Call, if the database asks for that: what a handler makes
/// is made in the transaction and in the Call.
struct Call {
  const Request& request;
  const Parameters& parameters;  ///< of the path
  const Principal& who;
  const Vault& vault;
  const std::filesystem::path& state_directory;
  LeaseTerms terms;      ///< the time now, and how long leases last
  AssessContext assess;  ///< for the platform's policy and today's date
  BlobStore* blobs;      ///< where reports are that are not in the database; null if all are there
  std::uint64_t decoded_body_bytes_max;
  Transaction* transaction = nullptr;                ///< nullptr in a route's `prepare`, and where a route has no lane
  const Result<nlohmann::json>* document = nullptr;  ///< the body, where it has been read beforehand
  std::optional<Error> unready = std::nullopt;       ///< why this process should get no requests

  /// A long poll found nothing: retry when `topic` changes, for at most `wait` after the request arrived.
  struct NothingYet {
    Topic topic;
    std::chrono::milliseconds wait;
  };
  std::optional<NothingYet> nothing_yet = std::nullopt;
  TopicSet changes = {};

  /// What to do, in another transaction, if the answer does not reach the caller.
  using Undo = std::function<void(Transaction&, const LeaseTerms&)>;
  Undo undelivered = nullptr;

  /// Wakes who waits for the topic, once the transaction is committed.
  void changed(Topic topic) { changes.add(topic); }

  /// Always present: the router matched it.
  const std::string& parameter(const char* name) const { return parameters.at(name); }
  /// Empty when not given.
  std::string query(const std::string& name) const;
  /// Between 1 and limits::api_page_size_max; default 100. invalid_argument.
  Result<std::size_t> page_size() const;
  /// The page token's content; empty at the start. invalid_argument, also for a token of another list or of other filters.
  Result<std::string> page_token() const;
  /// The same for lists that continue after a number; 0 at the start.
  Result<std::int64_t> page_number() const;
  Result<Digest> digest(const char* parameter_name) const;

  /// Texts of a sensor are made printable: it reads hostile bytes, and people read what it sends.
  Result<nlohmann::json> body_json() const;
  template <class T>
  Result<T> body_as(std::string_view what) const {
    const auto read = document == nullptr ? body_json() : Result<nlohmann::json>(nullptr);
    const Result<nlohmann::json>& body = document == nullptr ? read : *document;
    if (!body) return body.error();
    return convert_json<T>(*body, what);
  }
};

/// A list with its `next_page_token` made opaque, and bound to this list and its filters.
Response page_response(const Call& call, nlohmann::json list);

/// Fields of a JSON object that may be missing; a wrong type is invalid_argument.
Result<std::string> optional_text(const nlohmann::json& object, const char* name, std::size_t bytes_max);
Result<bool> optional_flag(const nlohmann::json& object, const char* name, bool otherwise);
Result<std::int64_t> optional_number(const nlohmann::json& object, const char* name, std::int64_t otherwise, std::int64_t min,
                                     std::int64_t max);
Result<std::vector<std::string>> optional_texts(const nlohmann::json& object, const char* name, std::size_t count_max);
/// Moves a secret out of the document and wipes it there.
Result<Secret> take_secret(nlohmann::json& object, const char* name);

}  // namespace landwaiter::platform
