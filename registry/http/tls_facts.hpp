// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/clock.hpp"

#include <string>

struct ssl_st;

namespace landwaiter::registry {

/// Facts from a TLS handshake, for people. The names come from the peer, made printable.
struct TlsFacts {
  std::string version;  ///< "TLSv1.3"
  std::string cipher;
  std::string subject;  ///< of the peer's certificate, in RFC 2253 notation; empty if there is none
  std::string issuer;
  SystemTime not_after{};  ///< when the certificate expires
};

/// For a connection whose handshake has finished.
TlsFacts read_tls_facts(const ssl_st* connection);

}  // namespace landwaiter::registry
