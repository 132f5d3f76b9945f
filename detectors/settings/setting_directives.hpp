// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

namespace landwaiter::detectors {

/// The kind of a directive's value.
enum class Meaning {
  protocols,    ///< a list, see add_protocols
  minimum,      ///< one protocol
  maximum,      ///< one protocol
  ciphers,      ///< a list of TLS ciphers
  algorithms,   ///< a list of algorithms that is not TLS's ciphers
  java_tls,     ///< jdk.tls.disabledAlgorithms
  haproxy,      ///< HAProxy options with protocols
  provider,     ///< a provider's name
  weak_switch,  ///< "true" permits weak algorithms
  word,         ///< kept unchanged
  path,         ///< a file of a certificate, key or parameters
  password,     ///< only its presence is kept
};

/// The syntax of key and value.
enum class Syntax {
  equals,     ///< key = value
  blank,      ///< key value
  semicolon,  ///< key value;
  colon,      ///< key: value
  any,        ///< key value, key=value
};

struct Directive {
  std::string_view key;
  std::string_view software;
  Syntax syntax;
  Meaning meaning;
};
std::span<const Directive> setting_directives();

/// Directive names that trigger reading a file.
inline constexpr std::string_view kSettingPattern =
    "(?:ssl_protocols|ssl_ciphers|SSLProtocol|SSLCipherSuite|MinProtocol|CipherString|ssl-default-bind|ssl-min-ver|KexAlgorithms|"
    "HostKeyAlgorithms"
    "|PubkeyAccepted|\\nCiphers [a-z+^-]|\\nMACs "
    "[a-z+^-]|jdk\\.tls\\.disabledAlgorithms|jdk\\.certpath\\.disabledAlgorithms|security\\.provider\\.1=|smtpd_tls_|smtp_tls_"
    "|ssl_min_protocol|ssl_cipher_list|tls_version[ =]|tls-version[ "
    "=]|tls_ciphersuites|tls-protocols|tls-ciphers|ssl\\.enabled\\.protocols|ssl\\.cipher\\.suites"
    "|server\\.ssl\\.enabled-protocols|server\\.ssl\\.ciphers|tls_minimum_protocol_version|[mM]inVersion: "
    "\"?VersionTLS|permitted_enctypes|allow_weak_crypto"
    "|default_tgs_enctypes|default_tkt_enctypes|being the crypto policy "
    "to|SSLHostConfig|sslEnabledProtocols|personal-cipher-preferences|cert-digest-algo"
    "|[ \\t]ssl crt |tls-disabled-version|activate ?= ?1)";
inline constexpr std::size_t kSettingLength = 34;

}  // namespace landwaiter::detectors
