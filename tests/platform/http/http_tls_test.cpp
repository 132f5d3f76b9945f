// SPDX-License-Identifier: Apache-2.0
#include "platform/http/tls_identity.hpp"

#include "platform/http/http_server.hpp"
#include "platform/metrics/metrics.hpp"
#include "tests/platform/support/http_client.hpp"
#include "tests/platform/support/metrics_text.hpp"
#include "tests/platform/support/test_platform.hpp"
#include "tests/platform/support/test_server.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/test_authority.hpp"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

namespace landwaiter::test {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using platform::HttpServerConfig;
using platform::TlsFiles;

/// A certificate and its key under names that stay.
struct Pair {
  explicit Pair(const CertificateFiles& first) { put(first.certificate, first.key); }
  /// As a program that renews certificates does: a new file for each, and a later time.
  void put(const std::string& new_certificate, const std::string& new_key) {
    fs::copy_file(new_certificate, certificate, fs::copy_options::overwrite_existing);
    fs::copy_file(new_key, key, fs::copy_options::overwrite_existing);
    later += std::chrono::seconds(10);
    fs::last_write_time(certificate, later);
    fs::last_write_time(key, later);
  }
  TempDir folder;
  fs::path certificate = folder.path() / "tls.crt";
  fs::path key = folder.path() / "tls.key";
  fs::file_time_type later = fs::file_time_type::clock::now();
};

HttpServerConfig served(const Pair& pair, const std::shared_ptr<platform::Metrics>& metrics = nullptr) {
  HttpServerConfig config;
  config.tls_certificate = pair.certificate;
  config.tls_key = pair.key;
  config.metrics = metrics;
  config.certificate_check_interval = std::chrono::hours(1);
  return config;
}

struct Answer {
  std::string certificate;  ///< a digest of the server's; empty without a connection
  HttpReply reply;
};

/// Does not care who answers.
Answer ask(std::uint16_t port, int version_max = TLS1_3_VERSION, const char* ciphers = nullptr) {
  Answer answer;
  asio::io_context io;
  asio::ssl::context context(asio::ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(context.native_handle(), 0);
  SSL_CTX_set_max_proto_version(context.native_handle(), version_max);
  if (ciphers != nullptr) REQUIRE(SSL_CTX_set_cipher_list(context.native_handle(), ciphers) == 1);
  asio::ssl::stream<asio::ip::tcp::socket> stream(io, context);
  stream.next_layer().connect({asio::ip::make_address("127.0.0.1"), port});
  boost::system::error_code failed;
  stream.handshake(asio::ssl::stream_base::client, failed);
  if (failed) return answer;
  X509* const certificate = SSL_get1_peer_certificate(stream.native_handle());
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  X509_digest(certificate, EVP_sha256(), digest.data(), &size);
  answer.certificate.assign(digest.begin(), digest.begin() + size);
  X509_free(certificate);
  asio::write(stream, asio::buffer(std::string("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")), failed);
  std::string bytes;
  asio::read(stream, asio::dynamic_buffer(bytes), failed);
  answer.reply = parse_reply(bytes);
  return answer;
}

}  // namespace

TEST_CASE("http over TLS: 1.2 and newer, with good ciphers, and the browser is told to stay with it") {
  const TestAuthority authority;
  const Pair pair(authority.issue({"first"}));
  TestServer server(say_ok, served(pair));
  const Answer answer = ask(server.port);
  CHECK(answer.reply.status == 200);
  CHECK(answer.reply.headers.at("strict-transport-security") == "max-age=31536000");
  CHECK(ask(server.port, TLS1_2_VERSION).reply.status == 200);
  CHECK(ask(server.port, TLS1_2_VERSION, "AES128-SHA:@SECLEVEL=0").reply.status == 0);
  CHECK(ask(server.port, TLS1_1_VERSION, "ALL:@SECLEVEL=0").reply.status == 0);
  CHECK(parse_reply(send_raw(server.port, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")).status == 0);
}

TEST_CASE("http over TLS: a new certificate is used, and a wrong one changes nothing") {
  const TestAuthority authority;
  const CertificateFiles first = authority.issue({"first"}), second = authority.issue({"second"});
  Pair pair(first);
  const auto metrics = std::make_shared<platform::Metrics>();
  TestServer server(say_ok, served(pair, metrics));
  const std::string before = ask(server.port).certificate;
  CHECK(MetricsText(metrics->text()).value("landwaiter_tls_certificate_expires_seconds") > 1.7e9);
  const auto reload = [&] {
    server.on_thread([](platform::HttpServer& running) { running.reload_certificate(); });
    return ask(server.port).certificate;
  };
  pair.put(first.certificate, second.key);
  CHECK(reload() == before);
  std::ofstream(pair.certificate) << "nonsense";
  CHECK(reload() == before);
  fs::remove(pair.certificate);
  CHECK(reload() == before);
  pair.put(second.certificate, second.key);
  const std::string after = reload();
  CHECK_FALSE(after.empty());
  CHECK(after != before);
}

TEST_CASE("http over TLS: files that change are read without being asked") {
  const TestAuthority authority;
  const CertificateFiles first = authority.issue({"first"}), second = authority.issue({"second"});
  Pair pair(first);
  HttpServerConfig config = served(pair);
  config.certificate_check_interval = std::chrono::milliseconds(10);
  TestServer server(say_ok, config);
  const std::string before = ask(server.port).certificate;
  pair.put(second.certificate, second.key);
  CHECK(becomes([&] { return ask(server.port).certificate != before; }));

  TlsFiles files(pair.certificate, pair.key);
  CHECK(files.load());
  CHECK_FALSE(files.load_if_changed().value());
  pair.put(first.certificate, first.key);
  CHECK(files.load_if_changed().value());
  pair.put(first.certificate, second.key);
  CHECK_FALSE(files.load_if_changed());
  CHECK_FALSE(files.load_if_changed().value());  // told once
}

TEST_CASE("http over TLS: a listener inside the process needs no certificate") {
  const TestAuthority authority;
  const Pair pair(authority.issue({"first"}));
  TestServer server(say_ok, served(pair));
  std::uint16_t inside = 0;
  server.on_thread([&](platform::HttpServer& running) { inside = running.listen_inside().value(); });
  CHECK(inside != server.port);
  CHECK(parse_reply(send_raw(inside, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")).status == 200);
  CHECK(ask(server.port).reply.status == 200);
}

TEST_CASE("http over TLS: what cannot be used is told at the start") {
  const TestAuthority authority;
  const CertificateFiles first = authority.issue({"first"}), second = authority.issue({"second"});
  const auto error = [](const std::string& certificate, const std::string& key) {
    const auto loaded = TlsFiles(certificate, key).load();
    REQUIRE_FALSE(loaded);
    CHECK(loaded.error().code() == ErrorCode::configuration);
    return loaded.error().message();
  };
  CHECK(error("", first.key).find("--tls-cert") != std::string::npos);
  CHECK(error(first.certificate, second.key).find(second.key) != std::string::npos);
  CHECK(error("/nowhere.pem", first.key).find("/nowhere.pem") != std::string::npos);
}

}  // namespace landwaiter::test
