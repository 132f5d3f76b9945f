// SPDX-License-Identifier: Apache-2.0
// HTTP/1.1 as in RFC 9112. Beast parses answers; requests are written here, so that the text that holds a credential is wiped.
#include "registry/transport.hpp"

#include "core/limits.hpp"
#include "core/text.hpp"
#include "registry/connection_pool.hpp"
#include "registry/url.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace landwaiter::registry {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using TlsStream = asio::ssl::stream<beast::tcp_stream>;

/// Interim answers (100 Continue, 103 Early Hints) that may come before the real one.
constexpr int kInterimAnswersMax = 8;
constexpr std::size_t kWriteBytes = 256 * limits::KiB;
constexpr std::size_t kTlsFactsKept = 64;
/// A header block of the largest size plus what was read along with it.
constexpr std::size_t kBufferBytesMax = 4 * limits::http_header_bytes_max;

auto into(error_code& error) { return asio::redirect_error(asio::use_awaitable, error); }

std::string name_of(const Origin& origin) { return origin.host + ':' + origin.port; }

Error wire_error(const error_code& error, const std::string& doing, const std::string& peer) {
  const std::string text = doing + ' ' + peer + ": " + error.message();
  if (error == beast::error::timeout) return Error(ErrorCode::timeout, doing + ' ' + peer + ": no answer in time");
  if (error == asio::error::operation_aborted) return Error(ErrorCode::cancelled, doing + ' ' + peer + ": cancelled");
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return Error(ErrorCode::limit_exceeded, doing + ' ' + peer + ": its headers are larger than " + human_bytes(limits::http_header_bytes_max));
  }
  const bool ended = error == http::error::end_of_stream || error == http::error::partial_message || error == asio::error::eof ||
                     error == asio::ssl::error::stream_truncated;
  if (ended) return Error(ErrorCode::unavailable, doing + ' ' + peer + ": the connection was closed");
  if (error.category() == http::make_error_code(http::error::bad_version).category()) {
    return Error(ErrorCode::malformed, text + ": it does not speak HTTP as it should");
  }
  if (error.category() == asio::error::get_ssl_category()) return Error(ErrorCode::tls, text);
  return Error(ErrorCode::unavailable, text);
}

Error handshake_error(const error_code& error, TlsStream& stream, const Origin& origin) {
  const std::string doing = "TLS handshake with";
  const long verdict = SSL_get_verify_result(stream.native_handle());
  if (verdict != X509_V_OK) {
    const std::string why = X509_verify_cert_error_string(verdict);
    return Error(ErrorCode::tls, doing + ' ' + name_of(origin) + ": certificate not trusted: " + why +
                                     "; if the registry's certificate comes from an authority of your own, use a CA file");
  }
  Error out = wire_error(error, doing, name_of(origin));
  if (out.code() == ErrorCode::tls && ERR_GET_REASON(static_cast<unsigned long>(error.value())) == SSL_R_WRONG_VERSION_NUMBER) {
    return Error(ErrorCode::tls, out.message() + "; it may speak plain HTTP, which has to be asked for");
  }
  // A peer that hangs up in the handshake is no passing failure of the network.
  return out.code() == ErrorCode::unavailable ? Error(ErrorCode::tls, out.message()) : out;
}

std::vector<Header> copy_headers(const http::fields& fields) {
  std::vector<Header> out;
  for (const auto& field : fields) out.push_back({std::string(field.name_string()), std::string(field.value())});
  return out;
}

template <class Stream>
class StreamConnection final : public Connection {
 public:
  StreamConnection(Stream stream, std::string peer) : stream_(std::move(stream)), peer_(std::move(peer)), buffer_(kBufferBytesMax) {}

  Awaitable<WireResponse> exchange(WireRequest request) override {
    done_ = reusable_ = received_ = false;
    remaining_.reset();
    idle_timeout_ = request.idle_timeout;
    error_code broken = co_await write(as_bytes(request.head.reveal()));
    if (!broken) broken = co_await write(as_bytes(request.body));
    if (broken == beast::error::timeout || broken == asio::error::operation_aborted) {
      co_return wire_error(broken, "sending to", peer_);
    }
    // Also after a broken write: the other side may have refused the body and said why.
    const error_code unread = co_await read_header(request.head_method);
    if (unread) co_return wire_error(broken ? broken : unread, "request to", peer_);
    co_return begin_body(!broken);
  }

  Awaitable<std::size_t> read(std::span<std::uint8_t> buffer) override {
    if (done_ || buffer.empty()) co_return std::size_t{0};
    error_code error;
    std::size_t size = 0;
    if (remaining_) size = co_await read_counted(buffer, error);
    else size = co_await read_parsed(buffer, error);
    if (error) {
      reusable_ = false;
      co_return wire_error(error, "reading from", peer_);
    }
    co_return size;
  }

  bool done() const override { return done_; }
  bool reusable() const override { return done_ && reusable_; }
  bool received() const override { return received_; }

  bool stale() override {
    auto& socket = beast::get_lowest_layer(stream_).socket();
    error_code error;
    socket.non_blocking(true, error);
    if (error || buffer_.size() > 0) return true;
    char byte = 0;
    socket.receive(asio::buffer(&byte, 1), tcp::socket::message_peek, error);
    return error != asio::error::would_block && error != asio::error::try_again;
  }

 private:
  void start_timer() { beast::get_lowest_layer(stream_).expires_after(idle_timeout_); }

  asio::awaitable<error_code> write(ByteView bytes) {
    error_code error;
    while (!bytes.empty() && !error) {
      const ByteView part = bytes.first(std::min(bytes.size(), kWriteBytes));
      start_timer();
      co_await asio::async_write(stream_, asio::buffer(part.data(), part.size()), into(error));
      bytes = bytes.subspan(part.size());
    }
    co_return error;
  }

  asio::awaitable<error_code> read_header(bool head_method) {
    error_code error;
    for (int i = 0; i < kInterimAnswersMax; ++i) {
      parser_.emplace();
      parser_->header_limit(limits::http_header_bytes_max);
      parser_->body_limit(boost::none);
      parser_->skip(head_method);
      start_timer();
      co_await http::async_read_header(stream_, buffer_, *parser_, into(error));
      received_ = received_ || buffer_.size() > 0 || parser_->got_some();
      if (error || parser_->get().result_int() >= 200) co_return error;
    }
    co_return http::make_error_code(http::error::bad_status);
  }

  WireResponse begin_body(bool sent) {
    WireResponse out;
    out.status = static_cast<int>(parser_->get().result_int());
    out.headers = copy_headers(parser_->get());
    if (const auto length = parser_->content_length()) out.content_length = *length;
    reusable_ = sent && parser_->keep_alive();
    done_ = parser_->is_done();
    if (!done_ && !parser_->chunked() && out.content_length) remaining_ = *out.content_length;
    return out;
  }

  /// A body of known length goes from the socket into the caller's buffer, past the parser.
  asio::awaitable<std::size_t> read_counted(std::span<std::uint8_t> buffer, error_code& error) {
    const std::size_t wanted = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), *remaining_));
    std::size_t size = std::min(wanted, buffer_.size());
    if (size > 0) {
      std::memcpy(buffer.data(), buffer_.data().data(), size);
      buffer_.consume(size);
    } else {
      start_timer();
      size = co_await stream_.async_read_some(asio::buffer(buffer.data(), wanted), into(error));
    }
    *remaining_ -= size;
    done_ = *remaining_ == 0;
    if (done_) error = {};
    co_return size;
  }

  /// A chunked body, or one that ends with the connection.
  asio::awaitable<std::size_t> read_parsed(std::span<std::uint8_t> buffer, error_code& error) {
    std::size_t size = 0;
    while (size == 0 && !parser_->is_done() && !error) {
      auto& body = parser_->get().body();
      body.data = buffer.data();
      body.size = buffer.size();
      body.more = true;
      start_timer();
      co_await http::async_read_some(stream_, buffer_, *parser_, into(error));
      if (error == http::error::need_buffer) error = {};
      size = buffer.size() - body.size;
    }
    done_ = parser_->is_done();
    co_return size;
  }

  Stream stream_;
  std::string peer_;
  beast::flat_buffer buffer_;
  std::optional<http::response_parser<http::buffer_body>> parser_;
  std::chrono::milliseconds idle_timeout_{limits::idle_timeout};
  std::optional<std::uint64_t> remaining_;
  bool done_ = false;
  bool reusable_ = false;
  bool received_ = false;
};

Awaitable<std::vector<tcp::endpoint>> resolve(Origin origin) {
  tcp::resolver resolver(co_await asio::this_coro::executor);
  error_code error;
  const auto found = co_await resolver.async_resolve(origin.host, origin.port, into(error));
  if (error == asio::error::operation_aborted) co_return Error(ErrorCode::cancelled, "resolving " + origin.host + ": cancelled");
  if (error) co_return Error(ErrorCode::unavailable, "cannot resolve the name " + origin.host + ": " + error.message());
  std::vector<tcp::endpoint> out;
  for (const auto& entry : found) {
    if (origin.no_local_address && is_local_address(entry.endpoint().address())) {
      co_return Error(ErrorCode::malformed, "refused to connect to " + origin.host + ", which is a local address, on another host's word");
    }
    out.push_back(entry.endpoint());
  }
  co_return out;
}

Awaitable<std::unique_ptr<beast::tcp_stream>> connect(Origin origin) {
  auto endpoints = co_await resolve(origin);
  if (!endpoints) co_return endpoints.error();
  auto stream = std::make_unique<beast::tcp_stream>(co_await asio::this_coro::executor);
  stream->expires_after(limits::connect_timeout);
  error_code error;
  co_await stream->async_connect(*endpoints, into(error));
  if (error) co_return wire_error(error, "connecting to", name_of(origin));
  stream->socket().set_option(tcp::no_delay(true), error);
  co_return stream;
}

/// Empty when the context is ready.
std::optional<Error> prepare(asio::ssl::context& context, const TransportOptions& options) {
  error_code error;
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  context.set_verify_mode(asio::ssl::verify_peer, error);
  if (!error) context.set_default_verify_paths(error);
  if (error) return Error(ErrorCode::configuration, "cannot prepare TLS: " + error.message());
  if (options.ca_file.empty()) return std::nullopt;
  context.load_verify_file(options.ca_file, error);
  if (error) return Error(ErrorCode::configuration, "cannot read the CA file " + landwaiter::quoted(options.ca_file) + ": " + error.message());
  return std::nullopt;
}

/// Whom the certificate must name, and the name sent ahead so that the right certificate is chosen (RFC 6066 section 3).
bool name_peer(SSL* ssl, const std::string& host) {
  error_code not_an_address;
  asio::ip::make_address(host, not_an_address);
  if (!not_an_address) return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str()) == 1;
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return SSL_set_tlsext_host_name(ssl, host.c_str()) == 1 && SSL_set1_host(ssl, host.c_str()) == 1;
}

class HttpTransport final : public Transport, public std::enable_shared_from_this<HttpTransport> {
 public:
  HttpTransport(asio::any_io_executor executor, TransportOptions options)
      : options_(std::move(options)),
        tls_(asio::ssl::context::tls_client),
        broken_(prepare(tls_, options_)),
        pool_(std::make_shared<ConnectionPool>(std::move(executor), options_.connections_per_host)) {}

  Awaitable<std::unique_ptr<HttpResponse>> send(HttpRequest request) override;

  std::optional<TlsFacts> tls_facts(const std::string& origin) const override {
    const auto found = tls_facts_.find(origin);
    return found == tls_facts_.end() ? std::nullopt : std::optional(found->second);
  }

 private:
  void remember_tls(const Origin& origin, const SSL* ssl);
  Awaitable<std::unique_ptr<Connection>> open(Origin origin);
  Result<Secret> request_head(const HttpRequest& request, const HttpUrl& url) const;

  TransportOptions options_;
  asio::ssl::context tls_;
  std::optional<Error> broken_;
  std::shared_ptr<ConnectionPool> pool_;
  std::map<std::string, TlsFacts> tls_facts_;
};

void HttpTransport::remember_tls(const Origin& origin, const SSL* ssl) {
  // Redirects can name any number of hosts; facts of all but the latest few serve nobody.
  if (tls_facts_.size() >= kTlsFactsKept) tls_facts_.clear();
  tls_facts_[HttpUrl{origin.tls, origin.host, origin.port, "/"}.origin()] = read_tls_facts(ssl);
}

Awaitable<std::unique_ptr<Connection>> HttpTransport::open(Origin origin) {
  auto stream = co_await connect(origin);
  if (!stream) co_return stream.error();
  std::unique_ptr<Connection> out;
  if (!origin.tls) {
    out = std::make_unique<StreamConnection<beast::tcp_stream>>(std::move(**stream), name_of(origin));
    co_return out;
  }
  if (broken_) co_return *broken_;
  TlsStream tls(std::move(**stream), tls_);
  if (!name_peer(tls.native_handle(), origin.host)) co_return Error(ErrorCode::tls, "cannot name the TLS peer " + origin.host);
  if (!origin.tls_verify) SSL_set_verify(tls.native_handle(), SSL_VERIFY_NONE, nullptr);
  beast::get_lowest_layer(tls).expires_after(limits::tls_handshake_timeout);
  error_code error;
  co_await tls.async_handshake(asio::ssl::stream_base::client, into(error));
  if (error) co_return handshake_error(error, tls, origin);
  remember_tls(origin, tls.native_handle());
  out = std::make_unique<StreamConnection<TlsStream>>(std::move(tls), name_of(origin));
  co_return out;
}

bool has_line_break(std::string_view text) { return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos; }

Result<Secret> HttpTransport::request_head(const HttpRequest& request, const HttpUrl& url) const {
  std::string head = request.method + ' ' + url.target + " HTTP/1.1\r\nHost: " + url.authority() + "\r\n";
  std::vector<Header> headers = request.headers;
  const auto add_default = [&](const char* name, const std::string& value) {
    const bool given = std::ranges::any_of(headers, [&](const Header& h) { return iequals(h.name, name); });
    if (!given) headers.push_back({name, value});
  };
  add_default("User-Agent", options_.user_agent);
  // A layer must arrive as its digest was made; a proxy that compresses on the way would spoil it.
  add_default("Accept-Encoding", "identity");
  add_default("Accept", "*/*");
  const bool has_body = !request.body.empty() || request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
  if (has_body) headers.push_back({"Content-Length", std::to_string(request.body.reveal().size())});
  bool clean = !has_line_break(request.method);
  std::size_t secret_bytes = 0;
  for (const SecretHeader& header : request.secret_headers) {
    clean = clean && !has_line_break(header.name) && !has_line_break(header.value.reveal());
    secret_bytes += header.name.size() + header.value.reveal().size() + 4;
  }
  for (const Header& header : headers) {
    clean = clean && !has_line_break(header.name) && !has_line_break(header.value);
    head += header.name + ": " + header.value + "\r\n";
  }
  if (!clean) return Error(ErrorCode::invalid_argument, "a request header holds a line break");
  // Reserved at once: growing would leave copies of the credentials behind.
  std::string whole;
  whole.reserve(head.size() + secret_bytes + 2);
  whole += head;
  for (const SecretHeader& header : request.secret_headers) whole.append(header.name).append(": ").append(header.value.reveal()).append("\r\n");
  whole += "\r\n";
  Secret out(whole);
  wipe(whole);
  return out;
}

class PooledResponse final : public HttpResponse {
 public:
  PooledResponse(WireResponse head, ConnectionPool::Lease lease) : head_(std::move(head)), lease_(std::move(lease)) { end_if_done(); }

  int status() const override { return head_.status; }
  std::optional<std::uint64_t> content_length() const override { return head_.content_length; }

  std::optional<std::string> header(std::string_view name) const override {
    for (const Header& header : head_.headers) {
      if (iequals(header.name, name)) return header.value;
    }
    return std::nullopt;
  }

  std::vector<std::string> headers(std::string_view name) const override {
    std::vector<std::string> out;
    for (const Header& header : head_.headers) {
      if (iequals(header.name, name)) out.push_back(header.value);
    }
    return out;
  }

  Awaitable<std::size_t> read(std::span<std::uint8_t> buffer) override {
    if (failed_) co_return *failed_;
    if (!lease_.connection) co_return std::size_t{0};
    auto size = co_await lease_.connection->read(buffer);
    if (!size) {
      failed_ = size.error();
      lease_.give_back();
      co_return *failed_;
    }
    end_if_done();
    co_return *size;
  }

 private:
  void end_if_done() {
    if (lease_.connection->done()) lease_.give_back();
  }

  WireResponse head_;
  ConnectionPool::Lease lease_;
  std::optional<Error> failed_;
};

Awaitable<std::unique_ptr<HttpResponse>> HttpTransport::send(HttpRequest request) {
  const auto self = shared_from_this();
  auto url = HttpUrl::parse(request.url);
  if (!url) co_return url.error();
  auto head = request_head(request, *url);
  if (!head) co_return head.error();
  const Origin origin{url->tls, url->host, url->port, request.tls_verify, request.no_local_address};
  const auto idle = request.idle_timeout.count() > 0 ? request.idle_timeout : limits::idle_timeout;

  for (bool fresh = false;; fresh = true) {
    auto lease = co_await pool_->acquire(origin, fresh);
    if (!lease) co_return lease.error();
    const bool reused = lease->connection != nullptr;
    if (!reused) {
      auto opened = co_await open(origin);
      if (!opened) co_return opened.error();
      lease->connection = std::move(*opened);
    }
    WireRequest wire{*head, request.body.reveal(), request.method == "HEAD", idle};
    auto answer = co_await lease->connection->exchange(std::move(wire));
    if (answer) {
      std::unique_ptr<HttpResponse> out = std::make_unique<PooledResponse>(std::move(*answer), std::move(*lease));
      co_return out;
    }
    // A kept connection that the other side closed at the same moment says nothing about the host: once more, on a new one.
    const bool closed_under_us = reused && !lease->connection->received() && answer.error().code() == ErrorCode::unavailable;
    if (!closed_under_us) co_return answer.error();
  }
}

}  // namespace

Awaitable<std::string> read_body(HttpResponse& response, std::uint64_t bytes_max) {
  const auto too_large = [&] { return Error(ErrorCode::limit_exceeded, "the answer is larger than " + human_bytes(bytes_max)); };
  const std::uint64_t promised = response.content_length().value_or(0);
  if (promised > bytes_max) co_return too_large();
  std::string out;
  std::vector<std::uint8_t> chunk(16 * limits::KiB);
  while (true) {
    auto size = co_await response.read(chunk);
    if (!size) co_return size.error();
    if (*size == 0) co_return out;
    if (out.size() + *size > bytes_max) co_return too_large();
    out.append(reinterpret_cast<const char*>(chunk.data()), *size);
  }
}

std::shared_ptr<Transport> make_transport(asio::any_io_executor executor, TransportOptions options) {
  return std::make_shared<HttpTransport>(std::move(executor), std::move(options));
}

}  // namespace landwaiter::registry
