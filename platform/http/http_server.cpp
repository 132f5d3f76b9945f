// SPDX-License-Identifier: Apache-2.0
#include "platform/http/http_server.hpp"

#include "core/base/limits.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/url.hpp>

#include <list>

namespace landwaiter::platform {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace ssl = boost::asio::ssl;
using boost::system::error_code;
using tcp = asio::ip::tcp;
using PlainStream = beast::tcp_stream;
using TlsStream = beast::ssl_stream<beast::tcp_stream>;
using Parser = http::request_parser<http::string_body>;

/// How an answer is sent.
struct Manner {
  bool keep_alive = false;
  bool chunks = true;                ///< the caller knows them; for one of HTTP/1.0 the end of the connection ends a stream
  Admission* undelivered = nullptr;  ///< who must know if a body of known length is not written
};

/// What stop() needs to know about a connection.
struct Connection {
  beast::tcp_stream* stream = nullptr;
  bool busy = false;
};

bool read_target(std::string_view target, Request& request) {
  const auto url = boost::urls::parse_origin_form(target);
  if (!url) return false;
  request.path = std::string(url->encoded_path());
  for (const auto segment : url->segments()) request.segments.emplace_back(segment);
  for (const auto parameter : url->params()) request.query[std::string(parameter.key)] = std::string(parameter.value);
  return true;
}

bool is_secret_header(std::string_view lower_name) {
  return lower_name == "authorization" || lower_name == "isg-api-token" || lower_name == "landwaiter-lease" || lower_name == "cookie";
}

Secret bearer_of(std::string_view authorization) {
  const std::size_t space = authorization.find(' ');
  if (space == std::string_view::npos || !iequals(authorization.substr(0, space), "bearer")) return Secret();
  return Secret(std::string(trim(authorization.substr(space + 1))));
}

/// A buffer that sees whether a head was taken from it in which a line continues the one before (obs-fold). Whoever is before us may take
/// such a line for a field of its own, and RFC 9112 lets a server refuse it; the parser unfolds it.
class HeadBuffer : public beast::flat_buffer {
 public:
  using basic_flat_buffer::basic_flat_buffer;
  bool folded() const { return folded_; }
  void begin() { folded_ = at_line_start_ = false; }
  /// Instead of flat_buffer's, for who reads a head through this type.
  void consume(std::size_t size) {
    const std::string_view bytes(static_cast<const char*>(data().data()), std::min(size, this->size()));
    for (const char c : bytes) {
      folded_ = folded_ || (at_line_start_ && (c == ' ' || c == '\t'));
      at_line_start_ = c == '\n';
    }
    beast::flat_buffer::consume(size);
  }

 private:
  bool at_line_start_ = false;
  bool folded_ = false;
};

/// What is wrong with the head; empty if nothing is.
std::string_view read_head(const Parser& parser, Request& request) {
  const auto& message = parser.get();
  const auto hosts = message.count(http::field::host);
  if (hosts > 1 || (hosts == 0 && message.version() >= 11)) return "the request must have one Host header";
  request.method = std::string(message.method_string());
  for (const auto& field : message) {
    const std::string name = to_lower(field.name_string());
    if (name == "isg-api-token") request.token = Secret(std::string(trim(field.value())));
    if (name == "landwaiter-lease") request.lease_token = Secret(std::string(trim(field.value())));
    if (name == "authorization" && request.token.empty()) request.token = bearer_of(field.value());
    if (!is_secret_header(name)) request.headers[name] = std::string(field.value());
  }
  request.content_length = parser.content_length().value_or(0);
  return read_target(message.target(), request) ? std::string_view() : std::string_view("the request's target is not a path");
}

/// Everything but the body.
template <class BodyType>
http::response<BodyType> to_wire(const Response& response, bool keep_alive) {
  http::response<BodyType> wire;
  wire.version(11);
  wire.result(static_cast<unsigned>(response.status));
  wire.reason(reason_phrase(response.status));
  wire.set(http::field::server, "landwaiter");
  wire.set(http::field::cache_control, "no-store");
  wire.set("X-Content-Type-Options", "nosniff");
  if (!response.content_type.empty()) wire.set(http::field::content_type, response.content_type);
  for (const auto& [name, value] : response.headers) wire.set(name, value);
  wire.keep_alive(keep_alive);
  return wire;
}

Response parse_problem(const error_code& failed) {
  if (failed == http::error::body_limit) return problem(413, "the body is too large for this request");
  if (failed == http::error::header_limit || failed == http::error::buffer_overflow) return problem(431, "the header is too large");
  return problem(400, "this is not valid HTTP/1.1");
}

bool is_parse_error(const error_code& failed) {
  return failed.category() == http::make_error_code(http::error::bad_method).category() && failed != http::error::end_of_stream &&
         failed != http::error::partial_message;
}

/// A non-blocking peek: the end of the stream means that the caller is gone. (Over TLS, only an abrupt end is visible.)
bool hung_up(tcp::socket& socket) {
  error_code failed;
  char byte = 0;
  const bool was_non_blocking = socket.non_blocking();
  socket.non_blocking(true, failed);
  socket.receive(asio::buffer(&byte, 1), tcp::socket::message_peek, failed);
  error_code ignored;
  socket.non_blocking(was_non_blocking, ignored);
  return failed && failed != asio::error::would_block && failed != asio::error::try_again;
}

/// Ends a connection so that its orderly end, which here would stand for the end of a body, is not seen.
void reset(beast::tcp_stream& stream) {
  error_code ignored;
  stream.socket().set_option(asio::socket_base::linger(true, 0), ignored);
  stream.close();
}

}  // namespace

struct HttpServer::Impl : std::enable_shared_from_this<HttpServer::Impl> {
  Impl(asio::io_context& context, std::shared_ptr<HttpApplication> app)
      : io(context), application(std::move(app)), acceptor(context), grace_timer(context) {}

  asio::io_context& io;
  std::shared_ptr<HttpApplication> application;
  tcp::acceptor acceptor;
  asio::steady_timer grace_timer;
  std::optional<ssl::context> tls;
  std::list<Connection> connections;
  std::shared_ptr<BodyShare::Total> body_bytes_held = std::make_shared<BodyShare::Total>(0);
  bool stopping = false;

  Result<void> prepare_tls(const HttpServerConfig& config);
  Result<void> listen(const HttpServerConfig& config);
  asio::awaitable<void> accept_loop();
  asio::awaitable<void> serve_plain(tcp::socket socket);
  asio::awaitable<void> serve_tls(tcp::socket socket);
  template <class Stream>
  asio::awaitable<void> serve(Stream& stream, Connection& connection);
  template <class Stream>
  asio::awaitable<bool> exchange(Stream& stream, HeadBuffer& buffer, Connection& connection);
  template <class Stream>
  asio::awaitable<error_code> read_header(Stream& stream, HeadBuffer& buffer, Parser& parser);
  template <class Stream>
  asio::awaitable<error_code> read_body(Stream& stream, beast::flat_buffer& buffer, Parser& parser);
  template <class Stream>
  asio::awaitable<bool> answer(Stream& stream, Response response, Manner manner);
  template <class Stream>
  asio::awaitable<bool> answer_in_pieces(Stream& stream, Response response, Manner manner);
  void close_if_done();
};

/// Registers a connection for as long as it lives.
class Registration {
 public:
  Registration(std::list<Connection>& all, beast::tcp_stream& stream) : all_(all), at_(all.insert(all.end(), Connection{&stream, false})) {}
  ~Registration() { all_.erase(at_); }
  Registration(const Registration&) = delete;
  Registration& operator=(const Registration&) = delete;
  Connection& connection() { return *at_; }

 private:
  std::list<Connection>& all_;
  std::list<Connection>::iterator at_;
};

HttpServer::HttpServer(asio::io_context& io, std::shared_ptr<HttpApplication> application)
    : impl_(std::make_shared<Impl>(io, std::move(application))) {}

HttpServer::~HttpServer() = default;

Result<void> HttpServer::Impl::prepare_tls(const HttpServerConfig& config) {
  if (config.tls_certificate.empty() && config.tls_key.empty()) return {};
  error_code failed;
  tls.emplace(ssl::context::tls_server);
  tls->set_options(ssl::context::default_workarounds | ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1 | ssl::context::no_compression,
                   failed);
  if (!failed) tls->use_certificate_chain_file(config.tls_certificate.string(), failed);
  if (failed) return Error(ErrorCode::configuration, "TLS certificate " + config.tls_certificate.string() + ": " + failed.message());
  tls->use_private_key_file(config.tls_key.string(), ssl::context::pem, failed);
  if (failed) return Error(ErrorCode::configuration, "TLS key " + config.tls_key.string() + ": " + failed.message());
  return {};
}

Result<void> HttpServer::Impl::listen(const HttpServerConfig& config) {
  error_code failed;
  const auto address = asio::ip::make_address(config.address, failed);
  if (failed) return Error(ErrorCode::configuration, "listen address " + landwaiter::quoted(config.address) + " is not an IP address");
  const tcp::endpoint endpoint(address, config.port);
  acceptor.open(endpoint.protocol(), failed);
  if (!failed) acceptor.set_option(asio::socket_base::reuse_address(true), failed);
  if (!failed) acceptor.bind(endpoint, failed);
  if (!failed) acceptor.listen(asio::socket_base::max_listen_connections, failed);
  if (failed) {
    return Error(ErrorCode::io, "cannot listen on " + config.address + " port " + std::to_string(config.port) + ": " + failed.message());
  }
  return {};
}

asio::awaitable<void> HttpServer::Impl::accept_loop() {
  const auto self = shared_from_this();
  asio::steady_timer pause(io);
  while (!stopping) {
    error_code failed;
    tcp::socket socket(io);
    co_await acceptor.async_accept(socket, asio::redirect_error(asio::use_awaitable, failed));
    if (stopping || failed == asio::error::operation_aborted) co_return;
    if (failed) {
      // Usually out of descriptors: others must close first.
      log_event(LogLevel::warning, "cannot accept a connection", {{"error", failed.message()}});
      pause.expires_after(std::chrono::milliseconds(100));
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, failed));
      continue;
    }
    if (connections.size() >= limits::api_connections_max) continue;  // closes it
    socket.set_option(tcp::no_delay(true), failed);
    if (tls) {
      asio::co_spawn(io, serve_tls(std::move(socket)), asio::detached);
    } else {
      asio::co_spawn(io, serve_plain(std::move(socket)), asio::detached);
    }
  }
}

asio::awaitable<void> HttpServer::Impl::serve_plain(tcp::socket socket) {
  const auto self = shared_from_this();
  PlainStream stream(std::move(socket));
  Registration registration(connections, stream);
  co_await serve(stream, registration.connection());
  error_code ignored;
  stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
}

asio::awaitable<void> HttpServer::Impl::serve_tls(tcp::socket socket) {
  const auto self = shared_from_this();
  TlsStream stream(std::move(socket), *tls);
  Registration registration(connections, beast::get_lowest_layer(stream));
  error_code failed;
  beast::get_lowest_layer(stream).expires_after(limits::tls_handshake_timeout);
  co_await stream.async_handshake(ssl::stream_base::server, asio::redirect_error(asio::use_awaitable, failed));
  if (failed) co_return;
  co_await serve(stream, registration.connection());
  beast::get_lowest_layer(stream).expires_after(limits::tls_handshake_timeout);
  co_await stream.async_shutdown(asio::redirect_error(asio::use_awaitable, failed));
}

template <class Stream>
asio::awaitable<void> HttpServer::Impl::serve(Stream& stream, Connection& connection) {
  HeadBuffer buffer(limits::http_header_bytes_max + limits::blob_chunk_bytes);
  bool more = true;
  while (more && !stopping) more = co_await exchange(stream, buffer, connection);
  close_if_done();
}

template <class Stream>
asio::awaitable<error_code> HttpServer::Impl::read_header(Stream& stream, HeadBuffer& buffer, Parser& parser) {
  beast::get_lowest_layer(stream).expires_after(limits::idle_timeout);
  buffer.begin();
  error_code failed;
  co_await http::async_read_header(stream, buffer, parser, asio::redirect_error(asio::use_awaitable, failed));
  if (!failed && buffer.folded()) failed = http::error::bad_value;
  co_return failed;
}

template <class Stream>
asio::awaitable<error_code> HttpServer::Impl::read_body(Stream& stream, beast::flat_buffer& buffer, Parser& parser) {
  const auto give_up = std::chrono::steady_clock::now() + limits::api_body_timeout;
  error_code failed;
  while (!parser.is_done() && !failed) {
    beast::get_lowest_layer(stream).expires_at(std::min(give_up, std::chrono::steady_clock::now() + limits::api_silence_timeout));
    co_await http::async_read_some(stream, buffer, parser, asio::redirect_error(asio::use_awaitable, failed));
  }
  co_return failed;
}

/// False when the connection ends.
template <class Stream>
asio::awaitable<bool> HttpServer::Impl::answer(Stream& stream, Response response, Manner manner) {
  if (std::holds_alternative<std::unique_ptr<BodyStream>>(response.body)) {
    co_return co_await answer_in_pieces(stream, std::move(response), manner);
  }
  const auto* shared = std::get_if<SharedBytes>(&response.body);
  const std::string& bytes = shared != nullptr ? **shared : std::get<std::string>(response.body);
  auto wire = to_wire<http::span_body<const char>>(response, manner.keep_alive);
  wire.body() = {bytes.data(), bytes.size()};
  wire.prepare_payload();
  beast::get_lowest_layer(stream).expires_after(limits::api_body_timeout);
  error_code failed;
  co_await http::async_write(stream, wire, asio::redirect_error(asio::use_awaitable, failed));
  if (failed && manner.undelivered != nullptr) manner.undelivered->undelivered();
  co_return manner.keep_alive && !failed;
}

/// Makes a piece only when the one before has left, so a slow caller costs one piece of memory.
template <class Stream>
asio::awaitable<bool> HttpServer::Impl::answer_in_pieces(Stream& stream, Response response, Manner manner) {
  const auto source = std::get<std::unique_ptr<BodyStream>>(std::move(response.body));
  const bool keep_alive = manner.keep_alive && manner.chunks;
  auto wire = to_wire<http::empty_body>(response, keep_alive);
  wire.chunked(manner.chunks);
  http::response_serializer<http::empty_body> serializer(wire);
  // Somebody who reads slowly, but never stops, must not hold what the pieces are made of forever.
  const auto give_up = std::chrono::steady_clock::now() + limits::api_body_timeout;
  const auto patience = [&] { return std::min(give_up, std::chrono::steady_clock::now() + limits::api_silence_timeout); };
  error_code failed;
  beast::get_lowest_layer(stream).expires_at(patience());
  co_await http::async_write_header(stream, serializer, asio::redirect_error(asio::use_awaitable, failed));
  while (!failed) {
    beast::get_lowest_layer(stream).expires_never();
    const auto piece = co_await source->next();
    if (!piece) {
      log_event(LogLevel::error, "an answer broke off", {{"error", piece.error().message()}});
      if (!manner.chunks) reset(beast::get_lowest_layer(stream));
      co_return false;
    }
    beast::get_lowest_layer(stream).expires_at(patience());
    if (piece->empty()) break;
    if (manner.chunks) {
      const auto chunk = http::make_chunk(asio::buffer(*piece));
      co_await asio::async_write(stream, chunk, asio::redirect_error(asio::use_awaitable, failed));
    } else {
      co_await asio::async_write(stream, asio::buffer(*piece), asio::redirect_error(asio::use_awaitable, failed));
    }
  }
  if (!failed && manner.chunks) {
    const auto end = http::make_chunk_last();
    co_await asio::async_write(stream, end, asio::redirect_error(asio::use_awaitable, failed));
  }
  co_return keep_alive && !failed;
}

/// One request and its answer; false when the connection ends.
template <class Stream>
asio::awaitable<bool> HttpServer::Impl::exchange(Stream& stream, HeadBuffer& buffer, Connection& connection) {
  constexpr Manner closing{false, true};
  connection.busy = false;
  Parser parser;
  parser.header_limit(limits::http_header_bytes_max);
  parser.body_limit(limits::api_body_bytes_max);
  error_code failed = co_await read_header(stream, buffer, parser);
  connection.busy = true;
  if (failed && !is_parse_error(failed)) co_return false;
  if (failed) {
    auto refusal = parse_problem(failed);
    co_return co_await answer(stream, std::move(refusal), closing);
  }
  beast::get_lowest_layer(stream).expires_never();

  const auto request = std::make_shared<Request>();
  if (const auto fault = read_head(parser, *request); !fault.empty()) {
    auto refusal = problem(400, std::string(fault));
    co_return co_await answer(stream, std::move(refusal), closing);
  }
  auto verdict = co_await application->admit(request);
  if (verdict.refusal) {
    // An unread body may follow; the connection can be kept only if there is none.
    const bool bodiless = !parser.chunked() && request->content_length == 0;
    auto refusal = std::move(*verdict.refusal);
    const Manner manner{bodiless && parser.keep_alive() && !stopping, true};
    co_return co_await answer(stream, std::move(refusal), manner);
  }
  const std::uint64_t body_bytes_max = std::min(verdict.admission->body_bytes_max(), limits::api_body_bytes_max);
  request->share = std::make_shared<BodyShare>(body_bytes_held);
  if (request->content_length > body_bytes_max) {
    auto refusal = problem(413, "the body is too large for this request");
    co_return co_await answer(stream, std::move(refusal), closing);
  }
  if (!request->share->resize(parser.chunked() ? body_bytes_max : request->content_length)) {
    auto refusal = problem(503, "too many large requests at once");
    co_return co_await answer(stream, std::move(refusal), closing);
  }
  parser.body_limit(body_bytes_max);
  if (iequals(request->header("expect"), "100-continue")) {
    http::response<http::empty_body> go_on(http::status::continue_, 11);
    co_await http::async_write(stream, go_on, asio::redirect_error(asio::use_awaitable, failed));
    if (failed) co_return false;
  }
  failed = co_await read_body(stream, buffer, parser);
  if (failed && !is_parse_error(failed)) co_return false;
  if (failed) {
    auto refusal = parse_problem(failed);
    co_return co_await answer(stream, std::move(refusal), closing);
  }
  beast::get_lowest_layer(stream).expires_never();

  request->body = std::move(parser.get().body());
  request->share->resize(request->body.size());
  request->peer_gone = [&socket = beast::get_lowest_layer(stream).socket()] { return hung_up(socket); };
  auto response = co_await verdict.admission->handle(request);
  request->peer_gone = nullptr;
  const Manner manner{parser.keep_alive() && !stopping, parser.get().version() >= 11, verdict.admission.get()};
  co_return co_await answer(stream, std::move(response), manner);
}

void HttpServer::Impl::close_if_done() {
  // The caller's own registration is still in the list.
  if (stopping && connections.size() <= 1) grace_timer.cancel();
}

Result<void> HttpServer::start(const HttpServerConfig& config) {
  auto prepared = impl_->prepare_tls(config);
  if (!prepared) return prepared;
  auto listening = impl_->listen(config);
  if (!listening) return listening;
  asio::co_spawn(impl_->io, impl_->accept_loop(), asio::detached);
  return {};
}

std::uint16_t HttpServer::port() const {
  error_code failed;
  const auto endpoint = impl_->acceptor.local_endpoint(failed);
  return failed ? std::uint16_t{0} : endpoint.port();
}

void HttpServer::stop(std::chrono::milliseconds grace) {
  if (impl_->stopping) return;
  impl_->stopping = true;
  error_code ignored;
  impl_->acceptor.close(ignored);
  for (const Connection& connection : impl_->connections) {
    if (!connection.busy) connection.stream->close();
  }
  if (impl_->connections.empty()) return;
  impl_->grace_timer.expires_after(grace);
  impl_->grace_timer.async_wait([self = impl_](const error_code& failed) {
    if (failed) return;
    for (const Connection& connection : self->connections) connection.stream->close();
  });
}

bool HttpServer::stopping() const { return impl_->stopping; }
std::size_t HttpServer::connections() const { return impl_->connections.size(); }

}  // namespace landwaiter::platform
