// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/clock.hpp"
#include "core/base/result.hpp"

#include <boost/asio/ssl/context.hpp>

#include <filesystem>
#include <memory>

namespace landwaiter::platform {

/// The server's certificate and key, for TLS 1.2 and newer.
struct TlsIdentity {
  boost::asio::ssl::context context{boost::asio::ssl::context::tls_server};
  SystemTime expires;  ///< the certificate
};

/// Certificate and key in PEM files, which can be replaced while the server runs. Connections keep what they began with. Lives on the io
/// thread.
class TlsFiles {
 public:
  TlsFiles(std::filesystem::path certificate, std::filesystem::path key) : certificate_(std::move(certificate)), key_(std::move(key)) {}

  /// Reads the files and checks that they belong together. After an error the identity stays. Errors: configuration.
  Result<void> load();
  /// load() if a file is another one than at the last load(), even if that failed. True: the identity is a new one.
  Result<bool> load_if_changed();
  /// nullptr before load() succeeded.
  const std::shared_ptr<TlsIdentity>& identity() const { return identity_; }

 private:
  struct Stamp {
    std::filesystem::file_time_type certificate, key;
    bool operator==(const Stamp&) const = default;
  };
  Stamp stamp() const;

  std::filesystem::path certificate_;
  std::filesystem::path key_;
  Stamp loaded_;
  std::shared_ptr<TlsIdentity> identity_;
};

}  // namespace landwaiter::platform
