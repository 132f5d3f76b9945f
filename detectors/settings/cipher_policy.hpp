// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace landwaiter::detectors {

/// Protocol and cipher settings of many programs in a common form.

enum class Protocol { ssl2, ssl3, tls10, tls11, tls12, tls13 };
inline constexpr std::array kProtocols{Protocol::ssl2, Protocol::ssl3, Protocol::tls10, Protocol::tls11, Protocol::tls12, Protocol::tls13};

std::string_view to_string(Protocol protocol);  ///< "TLSv1.0"
/// "TLSv1", "TLSv1.0", "tls1_0", "TLSV10", "VersionTLS10"; nothing for any other word.
std::optional<Protocol> protocol_from(std::string_view word);

struct ProtocolSettings {
  std::set<Protocol> enabled;
  std::set<Protocol> disabled;
  std::optional<Protocol> minimum;
  std::optional<Protocol> maximum;

  bool empty() const { return enabled.empty() && disabled.empty() && !minimum && !maximum; }
};

/// Adds a list: "TLSv1.2 TLSv1.3", "TLSv1.2,TLSv1.3", "all -SSLv3", "!SSLv2, !SSLv3", ">=TLSv1.2", "TLSv1.2+TLSv1.3" with or without
/// quotation marks. With only exclusions, all others are enabled. False, adding nothing, if a word is not a protocol.
bool add_protocols(std::string_view list, ProtocolSettings& out);

/// Weakness codes of what is enabled: "ssl-3", "tls-1.0". A minimum enables everything up to the maximum.
void add_protocol_weaknesses(const ProtocolSettings& protocols, std::set<std::string>& out);

/// The same for a list of ciphers, suites or algorithms: OpenSSL's cipher list (openssl-ciphers(1)), suites by their IANA names, SSH's
/// algorithms with +, - and ^ in front (sshd_config(5)), Kerberos's encryption types, GnuPG's preferences. What is excluded ("!RC4",
/// "-3des-cbc") is not enabled.
void add_cipher_weaknesses(std::string_view list, std::set<std::string>& out);

/// The same for java.security's jdk.tls.disabledAlgorithms: everything that is not in that list is enabled.
void add_java_tls_weaknesses(std::string_view disabled, std::set<std::string>& out);

/// Whether the text has only characters of cipher lists, and is not a sentence.
bool is_cipher_list(std::string_view text);

}  // namespace landwaiter::detectors
