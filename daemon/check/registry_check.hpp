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

/// One step that reading a registry needs, and its outcome.
struct CheckStep {
  enum class Result { ok, failed, skipped };
  std::string name;  ///< "address", "tls", "api", "authentication", "catalog", "tags", "manifest", "blob", "clock", "throttling"
  Result result = Result::skipped;
  std::string seen;    ///< what was seen, or why it was skipped
  std::string advice;  ///< what to do; empty if nothing
};

std::string_view to_string(CheckStep::Result result);

/// Tests the steps of a registry scan in order and reads as little as possible: one page of each list, one manifest, the first bytes of
/// one blob. Steps that depend on a failed step are skipped. Texts contain no credential. Used once, from the io thread.
class RegistryCheck {
 public:
  /// `client` must use `wire` as its transport. An empty repository: the first in the catalog that has tags.
  RegistryCheck(std::shared_ptr<WatchedTransport> wire, std::shared_ptr<registry::Client> client, const Clock& clock,
                std::string repository);

  /// All steps, in order. Never fails: an error is a step's result.
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

  // Results of one step that another needs.
  std::optional<Error> broken_;  ///< why the first request had no answer
  std::optional<registry::Probe> probe_;
  std::shared_ptr<registry::Enumerator> enumerator_;
  bool let_in_ = false;
  std::vector<std::string> repositories_;
  std::string tag_;
  std::optional<registry::Descriptor> blob_;
};

}  // namespace landwaiter::daemon
