// SPDX-License-Identifier: Apache-2.0
// The connections of HTTP/1.1 (RFC 9112): over TCP, over TLS, and over TLS through a proxy's tunnel. Beast parses answers.
#include "registry/http/transport_dial.hpp"

#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "registry/http/address.hpp"
#include "registry/http/transport_error.hpp"
#include "registry/http/url.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

#include <algorithm>
#include <cstring>

namespace landwaiter::registry {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;
template <class Lower>
using TlsOver = asio::ssl::stream<Lower>;

/// Interim answers (100 Continue, 103 Early Hints) allowed before the final one.
constexpr int kInterimAnswersMax = 8;
constexpr std::size_t kTlsFactsKept = 64;
constexpr std::size_t kWriteBytes = 256 * limits::KiB;
/// The largest header block plus the data read along with it.
constexpr std::size_t kBufferBytesMax = 4 * limits::http_header_bytes_max;

auto into(error_code& error) { return asio::redirect_error(asio::use_awaitable, error); }

std::vector<Header> copy_headers(const http::fields& fields) {
  std::vector<Header> out;
  for (const auto& field : fields) out.push_back({std::string(field.name_string()), std::string(field.value())});
  return out;
}

template <class Stream>
class StreamConnection final : public Connection {
 public:
  StreamConnection(std::unique_ptr<Stream> stream, std::string peer, Timeouts timeouts)
      : stream_(std::move(stream)), peer_(std::move(peer)), timeouts_(timeouts), buffer_(kBufferBytesMax) {}

  Awaitable<WireResponse> exchange(WireRequest request) override {
    done_ = reusable_ = received_ = false;
    remaining_.reset();
    waited_ = {};
    waited_bytes_ = 0;
    idle_timeout_ = request.idle_timeout;
    error_code broken = co_await write(as_bytes(request.head.reveal()));
    if (!broken) broken = co_await write(as_bytes(request.body));
    if (broken == beast::error::timeout || broken == asio::error::operation_aborted) {
      co_return wire_error(broken, "sending to", peer_);
    }
    // Also read after a failed write: the other side may have rejected the body and said why.
    const error_code unread = co_await read_header(request.head_method, request.answer_timeout);
    if (unread) {
      // The read may show why the write failed.
      if (const auto alert = alert_error(unread, peer_)) co_return *alert;
      co_return wire_error(broken ? broken : unread, "request to", peer_);
    }
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
    if (too_slow(size)) {
      reusable_ = false;
      co_return Error(ErrorCode::timeout, "reading from " + peer_ + ": it sends less than " + human_bytes(timeouts_.slow_body_bytes) +
                                              " in " + std::to_string(timeouts_.slow_body_window.count()) + " ms");
    }
    co_return size;
  }

  bool done() const override { return done_; }
  bool reusable() const override { return done_ && reusable_; }
  bool received() const override { return received_; }

  bool stale() override {
    auto& socket = beast::get_lowest_layer(*stream_).socket();
    error_code error;
    socket.non_blocking(true, error);
    if (error || buffer_.size() > 0) return true;
    char byte = 0;
    socket.receive(asio::buffer(&byte, 1), tcp::socket::message_peek, error);
    return error != asio::error::would_block && error != asio::error::try_again;
  }

 private:
  void start_timer() { beast::get_lowest_layer(*stream_).expires_after(idle_timeout_); }

  /// Measured only by the time spent waiting for the other side.
  bool too_slow(std::size_t size) {
    waited_bytes_ += size;
    if (waited_ < timeouts_.slow_body_window || done_) return false;
    const bool slow = waited_bytes_ < timeouts_.slow_body_bytes;
    waited_ = {};
    waited_bytes_ = 0;
    return slow;
  }

  asio::awaitable<error_code> write(ByteView bytes) {
    error_code error;
    while (!bytes.empty() && !error) {
      const ByteView part = bytes.first(std::min(bytes.size(), kWriteBytes));
      start_timer();
      co_await asio::async_write(*stream_, asio::buffer(part.data(), part.size()), into(error));
      bytes = bytes.subspan(part.size());
    }
    co_return error;
  }

  asio::awaitable<error_code> read_header(bool head_method, std::chrono::milliseconds timeout) {
    error_code error;
    // Once for all: interim answers must not prolong the wait.
    beast::get_lowest_layer(*stream_).expires_after(timeout);
    for (int i = 0; i < kInterimAnswersMax; ++i) {
      parser_.emplace();
      parser_->header_limit(limits::http_header_bytes_max);
      parser_->body_limit(boost::none);
      parser_->skip(head_method);
      co_await http::async_read_header(*stream_, buffer_, *parser_, into(error));
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

  /// A body of known length is read from the socket directly into the caller's buffer.
  asio::awaitable<std::size_t> read_counted(std::span<std::uint8_t> buffer, error_code& error) {
    const std::size_t wanted = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), *remaining_));
    std::size_t size = std::min(wanted, buffer_.size());
    if (size > 0) {
      std::memcpy(buffer.data(), buffer_.data().data(), size);
      buffer_.consume(size);
    } else {
      start_timer();
      const auto since = std::chrono::steady_clock::now();
      size = co_await stream_->async_read_some(asio::buffer(buffer.data(), wanted), into(error));
      waited_ += std::chrono::steady_clock::now() - since;
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
      const auto since = std::chrono::steady_clock::now();
      co_await http::async_read_some(*stream_, buffer_, *parser_, into(error));
      waited_ += std::chrono::steady_clock::now() - since;
      if (error == http::error::need_buffer) error = {};
      size = buffer.size() - body.size;
    }
    done_ = parser_->is_done();
    co_return size;
  }

  std::unique_ptr<Stream> stream_;
  std::string peer_;
  Timeouts timeouts_;
  beast::flat_buffer buffer_;
  std::optional<http::response_parser<http::buffer_body>> parser_;
  std::chrono::milliseconds idle_timeout_{limits::idle_timeout};
  std::optional<std::uint64_t> remaining_;
  std::chrono::steady_clock::duration waited_{};  ///< for the body, since waited_bytes_ was last checked
  std::uint64_t waited_bytes_ = 0;
  bool done_ = false;
  bool reusable_ = false;
  bool received_ = false;
};

/// The addresses that a connection may not use.
enum class Forbidden { none, special, special_and_private };

bool is_forbidden(AddressKind kind, Forbidden forbidden) {
  if (kind == AddressKind::special) return forbidden != Forbidden::none;
  return kind == AddressKind::private_network && forbidden == Forbidden::special_and_private;
}

Error refused_address(const std::string& host, AddressKind kind) {
  const std::string start = "refused to connect to " + host + ", where another host sent us: it is ";
  if (kind == AddressKind::special) return Error(ErrorCode::malformed, start + "a local, metadata or other special-purpose address");
  return Error(ErrorCode::malformed, start + "in a private network, which foreign_private_addresses (--foreign-private-addresses) denies");
}

/// Shared with the resolver's thread, which cannot be interrupted: if it is late, nobody is waiting any more.
struct Resolving {
  explicit Resolving(const asio::any_io_executor& executor) : timer(executor), resolver(executor) {}
  asio::steady_timer timer;
  tcp::resolver resolver;
  tcp::resolver::results_type found;
  error_code error;
  bool done = false;
};

Awaitable<std::vector<tcp::endpoint>> resolve(std::string host, std::string port, Forbidden forbidden, std::chrono::milliseconds patience) {
  const auto state = std::make_shared<Resolving>(co_await asio::this_coro::executor);
  state->timer.expires_after(patience);
  state->resolver.async_resolve(host, port, [state](const error_code& error, tcp::resolver::results_type found) {
    state->done = true;
    state->error = error;
    state->found = std::move(found);
    state->timer.cancel();
  });
  error_code waited;
  co_await state->timer.async_wait(into(waited));
  if (!state->done && waited) co_return Error(ErrorCode::cancelled, "resolving " + host + ": cancelled");
  if (!state->done) co_return Error(ErrorCode::timeout, "resolving the name " + host + ": no answer in time");
  if (state->error) co_return Error(ErrorCode::unavailable, "cannot resolve the name " + host + ": " + state->error.message());
  std::vector<tcp::endpoint> out;
  for (const auto& entry : state->found) {
    const AddressKind kind = address_kind(entry.endpoint().address());
    if (is_forbidden(kind, forbidden)) co_return refused_address(host, kind);
    out.push_back(entry.endpoint());
  }
  if (out.size() > limits::addresses_tried_max) out.resize(limits::addresses_tried_max);
  co_return out;
}

/// Tries the addresses in turn, each with its own timeout: after a dead one may come a live one.
Awaitable<std::unique_ptr<beast::tcp_stream>> connect(std::vector<tcp::endpoint> endpoints, std::string peer,
                                                      std::chrono::milliseconds patience) {
  error_code error = asio::error::host_not_found;
  for (const tcp::endpoint& endpoint : endpoints) {
    auto stream = std::make_unique<beast::tcp_stream>(co_await asio::this_coro::executor);
    stream->expires_after(patience);
    co_await stream->async_connect(endpoint, into(error));
    if (error == asio::error::operation_aborted) break;
    if (error) continue;
    stream->socket().set_option(tcp::no_delay(true), error);
    co_return stream;
  }
  co_return wire_error(error, "connecting to", peer);
}

Awaitable<std::unique_ptr<beast::tcp_stream>> dial(std::string host, std::string port, Forbidden forbidden, Timeouts timeouts) {
  const std::string peer = host + ':' + port;
  auto endpoints = co_await resolve(host, port, forbidden, timeouts.resolve);
  if (!endpoints) co_return endpoints.error();
  co_return co_await connect(*std::move(endpoints), peer, timeouts.connect);
}

struct TlsPeer {
  std::string host;
  std::string name;  ///< for people
  bool verify = true;
  std::shared_ptr<asio::ssl::context> context;
};

template <class Lower>
Awaitable<std::unique_ptr<TlsOver<Lower>>> secure(std::unique_ptr<Lower> lower, TlsPeer peer, std::chrono::milliseconds patience) {
  auto tls = std::make_unique<TlsOver<Lower>>(std::move(*lower), *peer.context);
  if (!name_peer(tls->native_handle(), peer.host)) co_return Error(ErrorCode::tls, "cannot name the TLS peer " + peer.host);
  if (!peer.verify) SSL_set_verify(tls->native_handle(), SSL_VERIFY_NONE, nullptr);
  beast::get_lowest_layer(*tls).expires_after(patience);
  error_code error;
  co_await tls->async_handshake(asio::ssl::stream_base::client, into(error));
  if (error == beast::error::timeout || error == asio::error::operation_aborted)
    co_return wire_error(error, "TLS handshake with", peer.name);
  if (error) co_return handshake_error(error, tls->native_handle(), peer.name);
  co_return tls;
}

/// The error for a proxy's refusal of a tunnel; the registry has said nothing yet.
Error tunnel_refused(unsigned status, const Proxy& proxy, const std::string& target) {
  const std::string start = "proxy " + proxy.name() + " answers " + std::to_string(status) + " to CONNECT " + target + ": ";
  if (status == 407) return proxy_login_refused(proxy);
  if (status >= 500 || status == 429) return Error(ErrorCode::unavailable, start + "it cannot reach that host now");
  return Error(ErrorCode::configuration,
               start + "it does not allow access to that host; have it allowed, or add the host to the no-proxy list");
}

/// CONNECT (RFC 9110 section 9.3.6); afterwards the stream is connected to the origin.
template <class Stream>
Awaitable<std::unique_ptr<Stream>> tunnel(std::unique_ptr<Stream> stream, Origin origin, std::shared_ptr<const Proxy> proxy,
                                          std::string user_agent, std::chrono::milliseconds patience) {
  const std::string target = (origin.host.find(':') == std::string::npos ? origin.host : '[' + origin.host + ']') + ':' + origin.port;
  std::string head;
  head.reserve(target.size() * 2 + user_agent.size() + proxy->authorization.reveal().size() + 100);
  head.append("CONNECT ")
      .append(target)
      .append(" HTTP/1.1\r\nHost: ")
      .append(target)
      .append("\r\nUser-Agent: ")
      .append(user_agent)
      .append("\r\n");
  if (!proxy->authorization.empty()) head.append("Proxy-Authorization: ").append(proxy->authorization.reveal()).append("\r\n");
  head += "\r\n";
  error_code error;
  beast::get_lowest_layer(*stream).expires_after(patience);
  co_await asio::async_write(*stream, asio::buffer(head), into(error));
  wipe(head);
  beast::flat_buffer buffer(kBufferBytesMax);
  http::response_parser<http::empty_body> parser;
  parser.header_limit(limits::http_header_bytes_max);
  parser.skip(true);
  if (!error) co_await http::async_read_header(*stream, buffer, parser, into(error));
  if (error) co_return wire_error(error, "asking for a tunnel to " + target + " from", "proxy " + proxy->name());
  const unsigned status = parser.get().result_int();
  if (status / 100 != 2) co_return tunnel_refused(status, *proxy, target);
  if (buffer.size() > 0)
    co_return Error(ErrorCode::malformed, "proxy " + proxy->name() + " sends data before the tunnel to " + target + " is used");
  co_return stream;
}

}  // namespace

Error proxy_login_refused(const Proxy& proxy) {
  const std::string what = proxy.authorization.empty() ? "requires a user name and password: give them in its URL"
                                                       : "rejects the user name or password in its URL";
  return Error(ErrorCode::configuration, "407 Proxy Authentication Required: proxy " + proxy.name() + ' ' + what);
}

void Dialer::remember(const Origin& origin, const ssl_st* connection) {
  // Redirects can name any number of hosts; only the most recent facts are useful.
  if (tls_facts_.size() >= kTlsFactsKept) tls_facts_.clear();
  tls_facts_[HttpUrl{origin.tls, origin.host, origin.port, "/"}.origin()] = read_tls_facts(connection);
}

std::optional<TlsFacts> Dialer::tls_facts(const std::string& origin) const {
  const auto found = tls_facts_.find(origin);
  return found == tls_facts_.end() ? std::nullopt : std::optional(found->second);
}

template <class Lower>
Awaitable<std::unique_ptr<Connection>> Dialer::finish(std::unique_ptr<Lower> lower, Origin origin) {
  std::unique_ptr<Connection> out;
  if (!origin.tls) {
    out = std::make_unique<StreamConnection<Lower>>(std::move(lower), origin.name(), timeouts_);
    co_return out;
  }
  auto context = tls_.for_host(origin.host, origin.port, origin.client_certificate);
  if (!context) co_return context.error();
  TlsPeer peer{origin.host, origin.host + ':' + origin.port, origin.tls_verify, *context};
  auto tls = co_await secure<Lower>(std::move(lower), std::move(peer), timeouts_.tls_handshake);
  if (!tls) co_return tls.error();
  remember(origin, (*tls)->native_handle());
  out = std::make_unique<StreamConnection<TlsOver<Lower>>>(*std::move(tls), origin.name(), timeouts_);
  co_return out;
}

template <class Lower>
Awaitable<std::unique_ptr<Connection>> Dialer::finish_tunnel(std::unique_ptr<Lower> lower, Origin origin,
                                                             std::shared_ptr<const Proxy> proxy) {
  if (origin.tls) {
    auto through = co_await tunnel<Lower>(std::move(lower), origin, proxy, user_agent_, timeouts_.idle);
    if (!through) co_return through.error();
    lower = *std::move(through);
  }
  co_return co_await finish<Lower>(std::move(lower), std::move(origin));
}

Awaitable<std::unique_ptr<Connection>> Dialer::open(Origin origin, std::shared_ptr<const Proxy> proxy) {
  // Through a proxy nothing more can be checked.
  auto forbidden = Forbidden::none;
  if (origin.foreign_host) forbidden = deny_foreign_private_ ? Forbidden::special_and_private : Forbidden::special;
  const AddressKind written = host_kind(origin.host);
  if (is_forbidden(written, forbidden)) co_return refused_address(origin.host, written);
  if (proxy) forbidden = Forbidden::none;
  std::string host = proxy ? proxy->host : origin.host;
  std::string port = proxy ? proxy->port : origin.port;
  auto stream = co_await dial(std::move(host), std::move(port), forbidden, timeouts_);
  if (!stream) co_return proxy ? stream.error().with_context("proxy " + proxy->name()) : stream.error();
  if (!proxy) {
    co_return co_await finish<beast::tcp_stream>(*std::move(stream), std::move(origin));
  }
  if (!proxy->tls) {
    co_return co_await finish_tunnel<beast::tcp_stream>(*std::move(stream), std::move(origin), proxy);
  }
  auto context = tls_.for_host(proxy->host, proxy->port, false);
  if (!context) co_return context.error();
  TlsPeer peer{proxy->host, "proxy " + proxy->name(), true, *context};
  auto secured = co_await secure<beast::tcp_stream>(*std::move(stream), std::move(peer), timeouts_.tls_handshake);
  if (!secured) co_return secured.error();
  co_return co_await finish_tunnel<TlsOver<beast::tcp_stream>>(*std::move(secured), std::move(origin), proxy);
}

}  // namespace landwaiter::registry
