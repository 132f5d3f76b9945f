// SPDX-License-Identifier: Apache-2.0
#include "platform/http/tls_identity.hpp"

#include "core/base/log.hpp"

#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <boost/system/error_code.hpp>

#include <ctime>
#include <string>

namespace landwaiter::platform {
namespace {

namespace ssl = boost::asio::ssl;
using boost::system::error_code;

/// Forward secrecy and authenticated encryption; those of TLS 1.3 all have both.
constexpr const char* kCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";

Error wrong(const char* what, const std::filesystem::path& file, const std::string& reason) {
  return {ErrorCode::configuration, std::string(what) + " " + file.string() + ": " + reason};
}

Result<SystemTime> end_of(const X509* certificate) {
  std::tm broken_down{};
  if (certificate == nullptr || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &broken_down) != 1)
    return Error(ErrorCode::configuration, "its end cannot be read");
  const std::chrono::year_month_day day{std::chrono::year(broken_down.tm_year + 1900),
                                        std::chrono::month(static_cast<unsigned>(broken_down.tm_mon) + 1),
                                        std::chrono::day(static_cast<unsigned>(broken_down.tm_mday))};
  return std::chrono::sys_days(day) + std::chrono::hours(broken_down.tm_hour) + std::chrono::minutes(broken_down.tm_min) +
         std::chrono::seconds(broken_down.tm_sec);
}

Result<std::shared_ptr<TlsIdentity>> read_identity(const std::filesystem::path& certificate, const std::filesystem::path& key) {
  auto made = std::make_shared<TlsIdentity>();
  error_code failed;
  made->context.set_options(ssl::context::default_workarounds | ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1 |
                                ssl::context::no_compression | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_RENEGOTIATION,
                            failed);
  SSL_CTX* const native = made->context.native_handle();
  if (SSL_CTX_set_cipher_list(native, kCiphers) != 1) return Error(ErrorCode::internal, "no cipher for TLS");
  if (!failed) made->context.use_certificate_chain_file(certificate.string(), failed);
  if (failed) return wrong("TLS certificate", certificate, failed.message());
  // It also refuses a key that is not the certificate's.
  made->context.use_private_key_file(key.string(), ssl::context::pem, failed);
  if (failed) return wrong("TLS key", key, failed.message());
  const auto expires = end_of(SSL_CTX_get0_certificate(native));
  if (!expires) return wrong("TLS certificate", certificate, expires.error().message());
  made->expires = *expires;
  return made;
}

/// Some give keys to containers readable by all in them, so this is no error.
void warn_if_readable_by_all(const std::filesystem::path& key) {
  std::error_code failed;
  const auto modes = std::filesystem::status(key, failed).permissions();
  if (failed || (modes & std::filesystem::perms::others_read) == std::filesystem::perms::none) return;
  log_event(LogLevel::warning, "the TLS key can be read by every user of this machine: chmod o-r", {{"file", key.string()}});
}

}  // namespace

TlsFiles::Stamp TlsFiles::stamp() const {
  std::error_code missing;
  return {std::filesystem::last_write_time(certificate_, missing), std::filesystem::last_write_time(key_, missing)};
}

Result<void> TlsFiles::load() {
  if (certificate_.empty() || key_.empty())
    return Error(ErrorCode::configuration, "TLS needs a certificate and its key: give both --tls-cert and --tls-key");
  loaded_ = stamp();
  auto read = read_identity(certificate_, key_);
  if (!read) return read.error();
  warn_if_readable_by_all(key_);
  identity_ = *std::move(read);
  return {};
}

Result<bool> TlsFiles::load_if_changed() {
  if (stamp() == loaded_) return false;
  const auto loaded = load();
  if (!loaded) return loaded.error();
  return true;
}

}  // namespace landwaiter::platform
