// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/async.hpp"
#include "core/wire/protocol.hpp"
#include "registry/http/transport.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace landwaiter::daemon {

/// The sensor's side of the protocol, one function per request. Each is one attempt; callers decide when to retry. Errors: conflict for a
/// stale lease (409), unauthorized, unsupported when the platform speaks no version of the protocol that this sensor does, transient ones
/// when the platform is unreachable. Lives on the io thread.
class Uplink {
 public:
  /// With `tls_verify` false the platform's certificate is not verified.
  Uplink(std::shared_ptr<registry::Transport> transport, std::string base_url, bool tls_verify = true);

  /// The sensor's bearer token, once enrolled.
  void set_token(Secret token) { token_ = std::move(token); }

  Awaitable<protocol::EnrollmentAnswer> enroll(protocol::Enrollment enrollment, Secret enrollment_token);
  /// Long poll: up to `capacity` jobs of the kinds that this version knows, or none after `wait`. A call that got no answer is repeated
  /// with the same `request_id`.
  Awaitable<protocol::JobBatch> acquire(std::size_t capacity, std::chrono::seconds wait, std::string request_id);
  Awaitable<protocol::HeartbeatAnswer> heartbeat(protocol::Heartbeat heartbeat);
  Awaitable<void> inventory(std::string job_id, Secret lease, protocol::InventoryPage page);
  /// Long poll while all layers are busy elsewhere.
  Awaitable<protocol::LayerClaimAnswer> claim(std::string job_id, protocol::LayerClaim claim, std::chrono::seconds wait);
  /// `facts` is a LayerFacts as JSON.
  Awaitable<void> put_facts(Digest layer, Digest walker, std::string facts);
  /// `report` is a LayerReport as JSON.
  Awaitable<void> put_report(Digest layer, AnalysisState of, std::string report);
  /// `completion` is an ImageCompletion as JSON. Returns the layers whose reports the platform lacks: none when it took the completion,
  /// otherwise it wants their reports first.
  Awaitable<std::vector<Digest>> complete(std::string job_id, Secret lease, std::string completion);
  /// `failure` is a JobFailure as JSON.
  Awaitable<void> fail(std::string job_id, Secret lease, std::string failure);

 private:
  struct Call {
    std::string method;
    std::string path;
    std::string body;
    Secret bearer;
    Secret lease;
    std::chrono::seconds wait{0};
  };
  struct Answer {
    int status = 0;
    std::string body;
    std::optional<std::chrono::milliseconds> retry_after;
  };
  Awaitable<Answer> exchange(Call call);
  Awaitable<Answer> send(Call call);
  Awaitable<void> tell(Call call);
  Awaitable<void> put(std::string path, std::string body);
  Call end_of_job(std::string job_id, const char* how, Secret lease, std::string body) const;

  std::shared_ptr<registry::Transport> transport_;
  std::string base_url_;
  std::string unverified_origin_;
  Secret token_;
};

/// For a log line: whether the platform is away, or answers and refuses.
const char* trouble_with_platform(const Error& error);

}  // namespace landwaiter::daemon
