// SPDX-License-Identifier: Apache-2.0
#include "core/assess/settings_advice.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace landwaiter {
namespace {

/// What a program needs for TLS 1.2 and 1.3 only, and for suites with forward secrecy and authenticated encryption only.
struct Advice {
  std::string_view software;
  std::string_view protocols;
  std::string_view ciphers;
  std::string_view hashes{};  ///< for MD5 and SHA-1; empty: as ciphers
};

constexpr std::array kAdvice{
    Advice{"nginx", "ssl_protocols TLSv1.2 TLSv1.3;", "ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20;"},
    Advice{"Apache httpd", "SSLProtocol -all +TLSv1.2 +TLSv1.3", "SSLCipherSuite ECDHE+AESGCM:ECDHE+CHACHA20"},
    Advice{"HAProxy", "ssl-default-bind-options ssl-min-ver TLSv1.2", "ssl-default-bind-ciphers ECDHE+AESGCM:ECDHE+CHACHA20"},
    Advice{"OpenSSL", "MinProtocol = TLSv1.2", "CipherString = DEFAULT@SECLEVEL=2"},
    Advice{"Java", "jdk.tls.disabledAlgorithms=SSLv3, TLSv1, TLSv1.1, RC4, DES, 3DES_EDE_CBC, MD5withRSA, NULL, anon",
           "jdk.tls.disabledAlgorithms=SSLv3, TLSv1, TLSv1.1, RC4, DES, 3DES_EDE_CBC, MD5withRSA, NULL, anon"},
    Advice{"OpenSSH", "", "Ciphers chacha20-poly1305@openssh.com,aes256-gcm@openssh.com,aes128-gcm@openssh.com",
           "MACs hmac-sha2-512-etm@openssh.com,hmac-sha2-256-etm@openssh.com"},
    Advice{"Postfix", "smtpd_tls_mandatory_protocols = !SSLv2, !SSLv3, !TLSv1, !TLSv1.1 (and smtpd_tls_protocols alike)",
           "tls_high_cipherlist = ECDHE+AESGCM:ECDHE+CHACHA20"},
    Advice{"Dovecot", "ssl_min_protocol = TLSv1.2", "ssl_cipher_list = ECDHE+AESGCM:ECDHE+CHACHA20"},
    Advice{"PostgreSQL", "ssl_min_protocol_version = 'TLSv1.2'", "ssl_ciphers = 'ECDHE+AESGCM:ECDHE+CHACHA20'"},
    Advice{"MySQL", "tls_version = TLSv1.2,TLSv1.3", "ssl-cipher = ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384"},
    Advice{"Redis", "tls-protocols \"TLSv1.2 TLSv1.3\"", "tls-ciphers ECDHE+AESGCM:ECDHE+CHACHA20"},
    Advice{"Java properties", "ssl.enabled.protocols=TLSv1.2,TLSv1.3",
           "ssl.cipher.suites=TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"},
    Advice{"Spring Boot", "server.ssl.enabled-protocols=TLSv1.2,TLSv1.3",
           "server.ssl.ciphers=TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"},
    Advice{"Tomcat", "<SSLHostConfig protocols=\"TLSv1.2+TLSv1.3\" ...>", "<SSLHostConfig ciphers=\"ECDHE+AESGCM:ECDHE+CHACHA20\" ...>"},
    Advice{"Envoy", "tls_minimum_protocol_version: TLSv1_2", ""},
    Advice{"Go TLS", "minVersion: VersionTLS12", ""},
    Advice{"Kerberos", "", "permitted_enctypes = aes256-cts-hmac-sha384-192 aes256-cts-hmac-sha1-96 (and allow_weak_crypto = false)"},
    Advice{"GnuPG", "", "personal-cipher-preferences AES256 AES192 AES", "cert-digest-algo SHA512"},
    Advice{"crypto-policies", "update-crypto-policies --set DEFAULT", "update-crypto-policies --set DEFAULT"},
};

constexpr std::array<std::string_view, 4> kProtocolCodes{"ssl-2", "ssl-3", "tls-1.0", "tls-1.1"};
constexpr std::array<std::string_view, 8> kCipherCodes{"null-cipher", "export-cipher",    "rc4", "3des",
                                                       "des",         "anonymous-cipher", "cbc", "weak-algorithm"};
constexpr std::array<std::string_view, 2> kHashCodes{"md5", "sha1"};

template <class Codes>
bool holds(const Codes& codes, std::string_view code) {
  return std::ranges::find(codes, code) != codes.end();
}

}  // namespace

void advise_setting(std::string_view software, Issue& issue) {
  const auto known = std::ranges::find(kAdvice, software, &Advice::software);
  if (known == kAdvice.end()) return;
  std::string_view line;
  if (holds(kProtocolCodes, issue.code)) line = known->protocols;
  else if (holds(kCipherCodes, issue.code)) line = known->ciphers;
  else if (holds(kHashCodes, issue.code)) line = known->hashes.empty() ? known->ciphers : known->hashes;
  if (!line.empty()) issue.remedy = "Write: " + std::string(line);
}

}  // namespace landwaiter
