// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/clock.hpp"
#include "registry/http/transport.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>

namespace landwaiter::daemon {

/// Facts from the headers of one host's answers.
struct WireNotes {
  std::optional<std::chrono::seconds> clock_ahead;  ///< how far the host's clock is ahead of ours, from the last Date
  std::map<std::string, std::string> limits;        ///< rate limit headers, made printable
  std::size_t throttled = 0;                        ///< answers with status 429
};

/// A transport that forwards everything and records facts. Used from the io thread.
class WatchedTransport final : public registry::Transport {
 public:
  WatchedTransport(std::shared_ptr<registry::Transport> inner, const Clock& clock) : inner_(std::move(inner)), clock_(clock) {}

  Awaitable<std::unique_ptr<registry::HttpResponse>> send(registry::HttpRequest request) override;
  void show_client_certificate_to(const std::string& host, const std::string& port) override {
    inner_->show_client_certificate_to(host, port);
  }
  std::optional<registry::TlsFacts> tls_facts(const std::string& origin) const override { return inner_->tls_facts(origin); }
  /// By origin, as from HttpUrl::origin.
  const WireNotes& notes(const std::string& origin) { return notes_[origin]; }

 private:
  void note(const std::string& origin, const registry::HttpResponse& response);

  std::shared_ptr<registry::Transport> inner_;
  const Clock& clock_;
  std::map<std::string, WireNotes> notes_;
};

}  // namespace landwaiter::daemon
