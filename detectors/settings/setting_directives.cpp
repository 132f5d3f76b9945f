// SPDX-License-Identifier: Apache-2.0
#include "detectors/settings/setting_directives.hpp"

#include "core/report/assets/crypto_configuration.hpp"

#include <array>

namespace landwaiter::detectors {
namespace {

constexpr std::string_view kOpenSsh = assets::CryptoConfiguration::kOpenSsh;

constexpr std::array kDirectives{
    // ngx_http_ssl_module
    Directive{"ssl_protocols", "nginx", Syntax::semicolon, Meaning::protocols},
    Directive{"ssl_ciphers", "nginx", Syntax::semicolon, Meaning::ciphers},
    Directive{"ssl_certificate", "nginx", Syntax::semicolon, Meaning::path},
    Directive{"ssl_certificate_key", "nginx", Syntax::semicolon, Meaning::path},
    Directive{"ssl_dhparam", "nginx", Syntax::semicolon, Meaning::path},
    Directive{"ssl_ecdh_curve", "nginx", Syntax::semicolon, Meaning::word},
    // mod_ssl
    Directive{"SSLProtocol", "Apache httpd", Syntax::blank, Meaning::protocols},
    Directive{"SSLCipherSuite", "Apache httpd", Syntax::blank, Meaning::ciphers},
    Directive{"SSLCertificateFile", "Apache httpd", Syntax::blank, Meaning::path},
    Directive{"SSLCertificateKeyFile", "Apache httpd", Syntax::blank, Meaning::path},
    // HAProxy configuration manual, 3.1 and 5.1
    Directive{"ssl-default-bind-options", "HAProxy", Syntax::blank, Meaning::haproxy},
    Directive{"ssl-default-server-options", "HAProxy", Syntax::blank, Meaning::haproxy},
    Directive{"ssl-default-bind-ciphers", "HAProxy", Syntax::blank, Meaning::ciphers},
    Directive{"ssl-default-bind-ciphersuites", "HAProxy", Syntax::blank, Meaning::ciphers},
    Directive{"ssl-default-server-ciphers", "HAProxy", Syntax::blank, Meaning::ciphers},
    Directive{"ssl-dh-param-file", "HAProxy", Syntax::blank, Meaning::path},
    Directive{"bind", "HAProxy", Syntax::blank, Meaning::haproxy},
    // config(5) of OpenSSL
    Directive{"MinProtocol", "OpenSSL", Syntax::equals, Meaning::minimum},
    Directive{"TLS.MinProtocol", "OpenSSL", Syntax::equals, Meaning::minimum},
    Directive{"MaxProtocol", "OpenSSL", Syntax::equals, Meaning::maximum},
    Directive{"TLS.MaxProtocol", "OpenSSL", Syntax::equals, Meaning::maximum},
    Directive{"CipherString", "OpenSSL", Syntax::equals, Meaning::ciphers},
    Directive{"Ciphersuites", "OpenSSL", Syntax::equals, Meaning::ciphers},
    Directive{"SignatureAlgorithms", "OpenSSL", Syntax::equals, Meaning::word},
    Directive{"fips_mode", "OpenSSL", Syntax::equals, Meaning::word},
    Directive{"default_properties", "OpenSSL", Syntax::equals, Meaning::word},
    // java.security
    Directive{"keystore.type", "Java", Syntax::equals, Meaning::word},
    Directive{"securerandom.source", "Java", Syntax::equals, Meaning::word},
    Directive{"crypto.policy", "Java", Syntax::equals, Meaning::word},
    Directive{"jdk.tls.disabledAlgorithms", "Java", Syntax::equals, Meaning::java_tls},
    Directive{"jdk.certpath.disabledAlgorithms", "Java", Syntax::equals, Meaning::word},
    Directive{"jdk.jar.disabledAlgorithms", "Java", Syntax::equals, Meaning::word},
    // sshd_config(5), ssh_config(5)
    Directive{"Ciphers", kOpenSsh, Syntax::any, Meaning::ciphers},
    Directive{"MACs", kOpenSsh, Syntax::any, Meaning::algorithms},
    Directive{"KexAlgorithms", kOpenSsh, Syntax::any, Meaning::algorithms},
    Directive{"HostKeyAlgorithms", kOpenSsh, Syntax::any, Meaning::algorithms},
    Directive{"PubkeyAcceptedAlgorithms", kOpenSsh, Syntax::any, Meaning::algorithms},
    Directive{"PubkeyAcceptedKeyTypes", kOpenSsh, Syntax::any, Meaning::algorithms},
    Directive{"CASignatureAlgorithms", kOpenSsh, Syntax::any, Meaning::algorithms},
    // postconf(5)
    Directive{"smtpd_tls_protocols", "Postfix", Syntax::equals, Meaning::protocols},
    Directive{"smtpd_tls_mandatory_protocols", "Postfix", Syntax::equals, Meaning::protocols},
    Directive{"smtp_tls_protocols", "Postfix", Syntax::equals, Meaning::protocols},
    Directive{"smtp_tls_mandatory_protocols", "Postfix", Syntax::equals, Meaning::protocols},
    Directive{"smtpd_tls_ciphers", "Postfix", Syntax::equals, Meaning::word},
    Directive{"smtpd_tls_mandatory_ciphers", "Postfix", Syntax::equals, Meaning::word},
    Directive{"smtpd_tls_security_level", "Postfix", Syntax::equals, Meaning::word},
    Directive{"smtpd_tls_cert_file", "Postfix", Syntax::equals, Meaning::path},
    Directive{"smtpd_tls_key_file", "Postfix", Syntax::equals, Meaning::path},
    Directive{"tls_high_cipherlist", "Postfix", Syntax::equals, Meaning::ciphers},
    // Dovecot, PostgreSQL, MySQL, Redis
    Directive{"ssl_min_protocol", "Dovecot", Syntax::equals, Meaning::minimum},
    Directive{"ssl_cipher_list", "Dovecot", Syntax::equals, Meaning::ciphers},
    Directive{"ssl_protocols", "Dovecot", Syntax::equals, Meaning::protocols},
    Directive{"ssl_min_protocol_version", "PostgreSQL", Syntax::equals, Meaning::minimum},
    Directive{"ssl_max_protocol_version", "PostgreSQL", Syntax::equals, Meaning::maximum},
    Directive{"ssl_ciphers", "PostgreSQL", Syntax::equals, Meaning::ciphers},
    Directive{"tls_version", "MySQL", Syntax::equals, Meaning::protocols},
    Directive{"tls-version", "MySQL", Syntax::equals, Meaning::protocols},
    Directive{"ssl-cipher", "MySQL", Syntax::equals, Meaning::ciphers},
    Directive{"tls_ciphersuites", "MySQL", Syntax::equals, Meaning::ciphers},
    Directive{"tls-protocols", "Redis", Syntax::blank, Meaning::protocols},
    Directive{"tls-ciphers", "Redis", Syntax::blank, Meaning::ciphers},
    Directive{"tls-ciphersuites", "Redis", Syntax::blank, Meaning::ciphers},
    // Kafka and others with the same JSSE settings; Spring Boot
    Directive{"ssl.enabled.protocols", "Java properties", Syntax::equals, Meaning::protocols},
    Directive{"ssl.cipher.suites", "Java properties", Syntax::equals, Meaning::ciphers},
    Directive{"ssl.keystore.password", "Java properties", Syntax::equals, Meaning::password},
    Directive{"ssl.truststore.password", "Java properties", Syntax::equals, Meaning::password},
    Directive{"ssl.key.password", "Java properties", Syntax::equals, Meaning::password},
    Directive{"server.ssl.enabled-protocols", "Spring Boot", Syntax::equals, Meaning::protocols},
    Directive{"server.ssl.ciphers", "Spring Boot", Syntax::equals, Meaning::ciphers},
    Directive{"server.ssl.key-store-password", "Spring Boot", Syntax::equals, Meaning::password},
    // Envoy; Traefik, Kubernetes and others with Go's constants
    Directive{"tls_minimum_protocol_version", "Envoy", Syntax::colon, Meaning::minimum},
    Directive{"tls_maximum_protocol_version", "Envoy", Syntax::colon, Meaning::maximum},
    Directive{"minVersion", "Go TLS", Syntax::colon, Meaning::minimum},
    Directive{"tlsMinVersion", "Go TLS", Syntax::colon, Meaning::minimum},
    Directive{"maxVersion", "Go TLS", Syntax::colon, Meaning::maximum},
    // krb5.conf(5)
    Directive{"permitted_enctypes", "Kerberos", Syntax::equals, Meaning::algorithms},
    Directive{"default_tgs_enctypes", "Kerberos", Syntax::equals, Meaning::algorithms},
    Directive{"default_tkt_enctypes", "Kerberos", Syntax::equals, Meaning::algorithms},
    Directive{"allow_weak_crypto", "Kerberos", Syntax::equals, Meaning::weak_switch},
    // gpg(1), GnuTLS's system-wide configuration
    Directive{"personal-cipher-preferences", "GnuPG", Syntax::blank, Meaning::algorithms},
    Directive{"personal-digest-preferences", "GnuPG", Syntax::blank, Meaning::algorithms},
    Directive{"cipher-algo", "GnuPG", Syntax::blank, Meaning::algorithms},
    Directive{"digest-algo", "GnuPG", Syntax::blank, Meaning::algorithms},
    Directive{"cert-digest-algo", "GnuPG", Syntax::blank, Meaning::algorithms},
    Directive{"tls-disabled-version", "GnuTLS", Syntax::equals, Meaning::word},
    Directive{"tls-disabled-cipher", "GnuTLS", Syntax::equals, Meaning::word},
    Directive{"insecure-hash", "GnuTLS", Syntax::equals, Meaning::word},
};

}  // namespace

std::span<const Directive> setting_directives() { return kDirectives; }

}  // namespace landwaiter::detectors
