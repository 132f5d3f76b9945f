// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/clock.hpp"

#include <string>

struct ssl_st;

namespace landwaiter::registry {

/// What a TLS handshake showed, for people. The names are the peer's word, made printable.
struct TlsFacts {
  std::string version;  ///< "TLSv1.3"
  std::string cipher;
  std::string subject;  ///< of the peer's certificate, as RFC 2253 writes names; empty when it has none
  std::string issuer;
  SystemTime not_after{};  ///< when the certificate ends
};

/// Of a connection whose handshake is done.
TlsFacts read_tls_facts(const ssl_st* connection);

}  // namespace landwaiter::registry
