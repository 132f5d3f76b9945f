// SPDX-License-Identifier: Apache-2.0
#include "registry/http/tls_facts.hpp"

#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "registry/http/openssl_pem.hpp"

#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <ctime>
#include <memory>

namespace landwaiter::registry {
namespace {

struct FreeCertificate {
  void operator()(X509* certificate) const { X509_free(certificate); }
};

std::string distinguished_name(const X509_NAME* name) {
  const BioPtr out(BIO_new(BIO_s_mem()));
  if (!out || X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) < 0) return {};
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(out.get(), &bytes);
  if (size <= 0) return {};
  return printable(std::string_view(bytes, static_cast<std::size_t>(size)).substr(0, limits::attribute_bytes_max));
}

SystemTime time_of(const ASN1_TIME* time) {
  std::tm broken_down{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &broken_down) != 1) return {};
  return std::chrono::sys_seconds(std::chrono::seconds(::timegm(&broken_down)));
}

}  // namespace

TlsFacts read_tls_facts(const ssl_st* connection) {
  TlsFacts out;
  out.version = SSL_get_version(connection);
  out.cipher = SSL_get_cipher_name(connection);
  const std::unique_ptr<X509, FreeCertificate> certificate(SSL_get1_peer_certificate(connection));
  if (!certificate) return out;
  out.subject = distinguished_name(X509_get_subject_name(certificate.get()));
  out.issuer = distinguished_name(X509_get_issuer_name(certificate.get()));
  out.not_after = time_of(X509_get0_notAfter(certificate.get()));
  return out;
}

}  // namespace landwaiter::registry
