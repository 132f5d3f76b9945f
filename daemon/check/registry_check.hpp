// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/async.hpp"
#include "daemon/check/watched_transport.hpp"
#include "registry/client/client.hpp"
#include "registry/enumerators/enumerator.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace landwaiter::daemon {

/// One thing that reading a registry needs, tried out.
struct CheckStep {
  enum class Result { ok, failed, skipped };
  std::string name;  ///< "address", "tls", "api", "authentication", "catalog", "tags", "manifest", "blob", "clock", "throttling"
  Result result = Result::skipped;
  std::string seen;    ///< what was there, or why it was skipped
  std::string advice;  ///< what to do; empty when nothing is
};

std::string_view to_string(CheckStep::Result result);

/// Tries what a scan of a registry does, one step after the other, and reads as little as tells: one page of each list, one manifest, the
/// first bytes of one blob. What a failed step was needed for is skipped. Texts hold no credential. Used once, from the io thread.
class RegistryCheck {
 public:
  /// `client` must speak through `wire`. An empty repository: the first that the catalog names and that has tags.
  RegistryCheck(std::shared_ptr<WatchedTransport> wire, std::shared_ptr<registry::Client> client, const Clock& clock,
                std::string repository);

  /// All steps, in order. Never fails: what goes wrong is a step's result.
  asio::awaitable<std::vector<CheckStep>> run();

 private:
  asio::awaitable<CheckStep> check_address();
  asio::awaitable<CheckStep> check_tls();
  asio::awaitable<CheckStep> check_api();
  asio::awaitable<CheckStep> check_authentication();
  asio::awaitable<CheckStep> check_catalog();
  asio::awaitable<CheckStep> check_tags();
  asio::awaitable<CheckStep> check_manifest();
  asio::awaitable<CheckStep> check_blob();
  asio::awaitable<CheckStep> check_clock();
  asio::awaitable<CheckStep> check_throttling();

  bool unconnected() const;
  asio::awaitable<std::optional<registry::TlsFacts>> look_at_certificate();
  Awaitable<registry::ManifestDocument> image_behind(registry::ManifestDocument document);

  std::shared_ptr<WatchedTransport> wire_;
  std::shared_ptr<registry::Client> client_;
  const Clock& clock_;
  std::string repository_;
  bool chosen_;  ///< the user named the repository
  registry::HttpUrl base_;

  // What one step found and another needs.
  std::optional<Error> broken_;  ///< why the first request had no answer
  std::optional<registry::Probe> probe_;
  std::shared_ptr<registry::Enumerator> enumerator_;
  bool let_in_ = false;
  std::vector<std::string> repositories_;
  std::string tag_;
  std::optional<registry::Descriptor> blob_;
};

}  // namespace landwaiter::daemon
