// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/result.hpp"

#include <boost/asio/ssl/context.hpp>

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace landwaiter::registry {

struct TlsOptions {
  std::string ca_file;           ///< PEM, trusted for all hosts in addition to the system's roots; empty for none
  std::string client_cert_file;  ///< PEM, sent to hosts that the user named; with its key, or both empty
  std::string client_key_file;
  /// Folders with a subfolder per host, as in docker: "registry.example:5000", or "registry.example" for port 443. In it, each *.crt is a
  /// CA trusted for that host, each *.cert a client certificate for it, with the *.key of the same name. Folders that are missing or not
  /// readable are skipped. The first pair in all folders is used.
  std::vector<std::filesystem::path> certs_directories;
};

/// What certs.d says about one host.
struct HostCertificates {
  std::vector<std::filesystem::path> authorities;
  std::optional<std::pair<std::filesystem::path, std::filesystem::path>> client;  ///< certificate and key
  bool empty() const { return authorities.empty() && !client; }
};
/// Errors: configuration, when one file of a pair is missing; limit_exceeded.
Result<HostCertificates> find_host_certificates(const std::vector<std::filesystem::path>& directories, std::string_view host,
                                                std::string_view port);

/// TLS settings by host, each created once: a client certificate or CA meant for one host is never used for another. At least TLS 1.2.
/// Changed files take effect in the next process. Used from one thread.
class TlsContexts {
 public:
  explicit TlsContexts(TlsOptions options) : options_(std::move(options)) {}
  /// `named_by_user`: the options' client certificate may be sent. Error: configuration, naming the file and what is wrong with it.
  Result<std::shared_ptr<boost::asio::ssl::context>> for_host(const std::string& host, const std::string& port, bool named_by_user);

 private:
  using Context = std::shared_ptr<boost::asio::ssl::context>;
  Result<Context> make(const HostCertificates& host, bool named_by_user) const;

  TlsOptions options_;
  std::map<std::string, Context> hosts_;
  std::optional<Context> plain_[2];  ///< for hosts without their own settings; the second sends the client certificate
};

/// The name that the certificate must have, also sent as SNI (RFC 6066 section 3).
bool name_peer(SSL* ssl, const std::string& host);

/// The error for a failed handshake with `peer`, with advice.
Error handshake_error(const boost::system::error_code& error, const SSL* ssl, const std::string& peer);
/// The error for an alert after the handshake, if `error` is one: TLS 1.3 rejects a client this late.
std::optional<Error> alert_error(const boost::system::error_code& error, const std::string& peer);

}  // namespace landwaiter::registry
