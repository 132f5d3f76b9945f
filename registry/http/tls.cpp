// SPDX-License-Identifier: Apache-2.0
#include "registry/http/tls.hpp"

#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "registry/http/openssl_pem.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/error.hpp>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>

namespace landwaiter::registry {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using boost::system::error_code;

Error configuration(const std::string& what) { return Error(ErrorCode::configuration, what); }

std::string shown(const fs::path& file) { return landwaiter::quoted(file.string(), 400); }

/// The names of a host's folder, as in docker.
std::vector<std::string> folder_names(std::string_view host, std::string_view port) {
  if (host.find_first_not_of('.') == std::string_view::npos) return {};  // "..": the host may come from an answer
  const std::string name = host.find(':') == std::string_view::npos ? std::string(host) : '[' + std::string(host) + ']';
  std::vector<std::string> out{name + ':' + std::string(port)};
  if (port == "443") out.push_back(name);
  return out;
}

Result<std::vector<fs::path>> files_of(const fs::path& folder) {
  std::vector<fs::path> out;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (out.size() >= limits::certs_directory_files_max) return Error(ErrorCode::limit_exceeded, shown(folder) + " holds too many files");
    out.push_back(at->path());
  }
  std::ranges::sort(out);
  return out;
}

Result<void> add_folder(const fs::path& folder, HostCertificates& out) {
  auto files = files_of(folder);
  if (!files) return files.error();
  const auto has = [&](const fs::path& file) { return std::ranges::binary_search(*files, file); };
  for (const fs::path& file : *files) {
    const std::string extension = file.extension().string();
    fs::path partner = file;
    if (extension == ".crt") out.authorities.push_back(file);
    if (extension == ".key" && !has(partner.replace_extension(".cert"))) {
      return configuration("the client key " + shown(file) + " has no certificate beside it: expected " + shown(partner));
    }
    if (extension != ".cert") continue;
    if (!has(partner.replace_extension(".key"))) {
      return configuration("the client certificate " + shown(file) + " has no key beside it: expected " + shown(partner) +
                           "; an authority's certificate must end with .crt");
    }
    if (!out.client) out.client = {file, partner};
  }
  return {};
}

Result<void> use_client(asio::ssl::context& context, const fs::path& certificate, const fs::path& key) {
  error_code error;
  context.use_certificate_chain_file(certificate.string(), error);
  if (error) return configuration("cannot use the client certificate " + shown(certificate) + ": " + error.message());
  SSL_CTX_set_default_passwd_cb(context.native_handle(), no_passphrase);
  context.use_private_key_file(key.string(), asio::ssl::context::pem, error);
  if (error) {
    const bool mismatch = ERR_GET_REASON(static_cast<unsigned long>(error.value())) == X509_R_KEY_VALUES_MISMATCH;
    const std::string why =
        mismatch ? "it is not the key of " + shown(certificate) : error.message() + " (it must be PEM without a passphrase)";
    return configuration("cannot use the client key " + shown(key) + ": " + why);
  }
  return {};
}

std::string authority_advice(const std::string& peer) {
  return "; if its certificate comes from a private CA, give that CA's certificate with --ca-file (ca_file) or in certs.d/" + peer +
         "/ca.crt";
}

std::string trust_failure(long verdict, const std::string& peer) {
  const std::string why = X509_verify_cert_error_string(verdict);
  switch (verdict) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return "certificate not trusted: it was issued for another name (" + why +
             "); use the name in the certificate, or have it reissued for this one";
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return "certificate not trusted: it has expired and must be renewed (or this machine's clock is wrong)";
    case X509_V_ERR_CERT_NOT_YET_VALID: return "certificate not trusted: it is not valid yet (or this machine's clock is wrong)";
    case X509_V_ERR_CERT_REVOKED: return "certificate not trusted: it was revoked";
    default: return "certificate not trusted: " + why + authority_advice(peer);
  }
}

/// What a TLS alert of the server (RFC 8446 section 6) means for the user.
std::optional<std::string> alert_meaning(int reason) {
  switch (reason) {
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
      return "it requires a client certificate: give --client-cert and --client-key, or a .cert and .key in certs.d";
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
      return "it refused the handshake: it may require a client certificate (--client-cert and --client-key, or certs.d), or TLS older "
             "than "
             "1.2";
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_TLSV1_ALERT_DECRYPT_ERROR:
    case SSL_R_TLSV1_ALERT_ACCESS_DENIED: return "it does not accept our client certificate";
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED: return "our client certificate has expired or was revoked";
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
    case SSL_R_UNSUPPORTED_PROTOCOL: return "it does not support TLS 1.2 or newer";
    default: return std::nullopt;
  }
}

int reason_of(const error_code& error) { return ERR_GET_REASON(static_cast<unsigned long>(error.value())); }

}  // namespace

Result<HostCertificates> find_host_certificates(const std::vector<fs::path>& directories, std::string_view host, std::string_view port) {
  HostCertificates out;
  for (const fs::path& directory : directories) {
    for (const std::string& name : folder_names(host, port)) {
      auto added = add_folder(directory / name, out);
      if (!added) return added.error();
    }
  }
  return out;
}

Result<TlsContexts::Context> TlsContexts::for_host(const std::string& host, const std::string& port, bool named_by_user) {
  const bool shows = named_by_user && !options_.client_cert_file.empty();
  const std::string key = host + ' ' + port + (shows ? " shown" : "");
  const auto known = hosts_.find(key);
  if (known != hosts_.end()) return known->second;
  auto own = find_host_certificates(options_.certs_directories, host, port);
  if (!own) return own.error();
  Context made;
  if (own->empty() && plain_[shows]) {
    made = *plain_[shows];
  } else {
    auto fresh = make(*own, shows);
    if (!fresh) return fresh.error();
    made = *fresh;
    if (own->empty()) plain_[shows] = made;
  }
  if (hosts_.size() >= limits::tls_hosts_cached_max) hosts_.clear();
  hosts_.emplace(key, made);
  return made;
}

Result<TlsContexts::Context> TlsContexts::make(const HostCertificates& host, bool named_by_user) const {
  const auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
  error_code error;
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  context->set_verify_mode(asio::ssl::verify_peer, error);
  if (!error) context->set_default_verify_paths(error);
  if (error) return configuration("cannot prepare TLS: " + error.message());
  std::vector<fs::path> authorities = host.authorities;
  if (!options_.ca_file.empty()) authorities.emplace_back(options_.ca_file);
  for (const fs::path& file : authorities) {
    context->load_verify_file(file.string(), error);
    if (error) return configuration("cannot read the CA file " + shown(file) + ": " + error.message());
  }
  if (named_by_user && options_.client_key_file.empty()) return configuration("a client certificate needs its key: give both files");
  Result<void> used;
  if (host.client) used = use_client(*context, host.client->first, host.client->second);
  else if (named_by_user) used = use_client(*context, options_.client_cert_file, options_.client_key_file);
  if (!used) return used.error();
  return context;
}

bool name_peer(SSL* ssl, const std::string& host) {
  error_code not_an_address;
  asio::ip::make_address(host, not_an_address);
  if (!not_an_address) return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str()) == 1;
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return SSL_set_tlsext_host_name(ssl, host.c_str()) == 1 && SSL_set1_host(ssl, host.c_str()) == 1;
}

Error handshake_error(const error_code& error, const SSL* ssl, const std::string& peer) {
  const std::string doing = "TLS handshake with " + peer + ": ";
  const long verdict = SSL_get_verify_result(ssl);
  if (verdict != X509_V_OK) return Error(ErrorCode::tls, doing + trust_failure(verdict, peer));
  if (error.category() != asio::error::get_ssl_category()) return Error(ErrorCode::tls, doing + "the connection was closed");
  const int reason = reason_of(error);
  const bool no_tls = reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST || reason == SSL_R_PACKET_LENGTH_TOO_LONG;
  if (no_tls) return Error(ErrorCode::tls, doing + "it does not answer with TLS; if it speaks plain HTTP, that must be requested");
  return Error(ErrorCode::tls, doing + alert_meaning(reason).value_or(error.message()));
}

std::optional<Error> alert_error(const error_code& error, const std::string& peer) {
  if (error.category() != asio::error::get_ssl_category()) return std::nullopt;
  const auto meaning = alert_meaning(reason_of(error));
  if (!meaning) return std::nullopt;
  return Error(ErrorCode::tls, "TLS with " + peer + ": " + *meaning);
}

}  // namespace landwaiter::registry
