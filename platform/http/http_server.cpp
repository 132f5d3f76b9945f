// SPDX-License-Identifier: Apache-2.0
#include "platform/http/http_server.hpp"

#include "core/base/limits.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "platform/http/request_head.hpp"
#include "platform/http/request_log.hpp"
#include "platform/http/tls_identity.hpp"
#include "platform/metrics/metrics.hpp"

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

#include <list>
#include <utility>

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
using SteadyClock = std::chrono::steady_clock;
using Seat = Door::Seat;

/// Somebody who is told in the log that the system has no descriptors need not hear it ten times a second.
constexpr std::chrono::minutes kAcceptWarningInterval{1};
constexpr std::chrono::milliseconds kAcceptPause{100};

/// One request on its way, and how its answer is sent.
struct Exchange {
  std::shared_ptr<Request> request = std::make_shared<Request>();
  SteadyClock::time_point began = SteadyClock::now();
  std::unique_ptr<Door::Place> place;  ///< of a caller behind a trusted proxy
  bool keep_alive = false;
  bool chunks = true;                ///< the caller knows them; for one of HTTP/1.0 the end of the connection ends a stream
  Admission* undelivered = nullptr;  ///< who must know if a body of known length is not written
  int status = 0;
  std::uint64_t bytes = 0;

  bool without_body() const { return request->method == "HEAD"; }
};

/// A listening socket.
struct Listener {
  explicit Listener(asio::io_context& io) : acceptor(io) {}
  tcp::acceptor acceptor;
  std::shared_ptr<TlsFiles> tls;  ///< empty for plain HTTP
};

/// Everything but the body.
template <class BodyType>
http::response<BodyType> to_wire(const Response& response, const Exchange& exchange, bool keep_alive) {
  http::response<BodyType> wire;
  wire.version(11);
  wire.result(static_cast<unsigned>(response.status));
  wire.reason(reason_phrase(response.status));
  wire.set(http::field::server, "landwaiter");
  wire.set(http::field::cache_control, "no-store");
  wire.set("X-Content-Type-Options", "nosniff");
  if (exchange.request->https) wire.set(http::field::strict_transport_security, "max-age=31536000");
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
      : io(context), application(std::move(app)), grace_timer(context), certificate_timer(context) {}

  asio::io_context& io;
  std::shared_ptr<HttpApplication> application;
  HttpServerConfig config;
  std::list<Listener> listeners;
  asio::steady_timer grace_timer;
  asio::steady_timer certificate_timer;
  std::shared_ptr<TlsFiles> tls;
  std::shared_ptr<Door> door;
  std::optional<RequestLog> log;
  std::shared_ptr<BodyShare::Total> body_bytes_held = std::make_shared<BodyShare::Total>(0);
  SteadyClock::time_point warned = SteadyClock::time_point::min();
  bool stopping = false;

  Result<void> listen(const std::string& address, std::uint16_t port, std::shared_ptr<TlsFiles> with);
  asio::awaitable<void> accept_loop(Listener& listener);
  asio::awaitable<void> not_accepted(error_code reason);
  void welcome(tcp::socket socket, const Listener& listener);
  asio::awaitable<void> certificate_loop();
  void certificate_changed(const Result<bool>& loaded);
  void count_connections() const;

  asio::awaitable<void> serve_plain(tcp::socket socket, std::unique_ptr<Seat> seat);
  asio::awaitable<void> serve_tls(tcp::socket socket, std::unique_ptr<Seat> seat, std::shared_ptr<TlsIdentity> identity);
  template <class Stream>
  asio::awaitable<void> serve(Stream& stream, Seat& seat, bool over_tls);
  template <class Stream>
  asio::awaitable<bool> exchange(Stream& stream, HeadBuffer& buffer, Seat& seat, bool over_tls);
  template <class Stream>
  asio::awaitable<error_code> read_header(Stream& stream, HeadBuffer& buffer, RequestParser& parser, const Seat& seat);
  template <class Stream>
  asio::awaitable<error_code> read_body(Stream& stream, HeadBuffer& buffer, RequestParser& parser);
  template <class Stream>
  asio::awaitable<bool> read_request(Stream& stream, HeadBuffer& buffer, RequestParser& parser, const Admission& admission, Exchange& turn,
                                     std::optional<Response>& refusal);
  bool find_caller(Exchange& turn, const Seat& seat, bool over_tls);
  template <class Stream>
  asio::awaitable<bool> refuse(Stream& stream, Response refusal, Exchange& turn, bool keep_alive = false);
  template <class Stream>
  asio::awaitable<bool> answer(Stream& stream, Response response, Exchange& turn);
  template <class Stream>
  asio::awaitable<bool> answer_whole(Stream& stream, Response response, Exchange& turn);
  template <class Stream>
  asio::awaitable<bool> answer_in_pieces(Stream& stream, Response response, Exchange& turn);
  void close_if_done();
};

HttpServer::HttpServer(asio::io_context& io, std::shared_ptr<HttpApplication> application)
    : impl_(std::make_shared<Impl>(io, std::move(application))) {}

HttpServer::~HttpServer() = default;

Result<void> check_exposure(const HttpServerConfig& config) {
  error_code failed;
  const auto address = asio::ip::make_address(config.address, failed);
  if (failed) return Error(ErrorCode::configuration, "listen address " + landwaiter::quoted(config.address) + " is not an IP address");
  const bool tls = !config.tls_certificate.empty() || !config.tls_key.empty();
  if (tls || address.is_loopback() || config.insecure_http || !config.door.trusted_proxies.empty()) return {};
  return Error(ErrorCode::configuration,
               "plain HTTP on " + config.address +
                   " would show tokens and credentials to whoever is on the way: give a certificate (--tls-cert, --tls-key), name "
                   "the proxy that has one (--trusted-proxy), or say --insecure-http");
}

Result<void> HttpServer::Impl::listen(const std::string& address, std::uint16_t port, std::shared_ptr<TlsFiles> with) {
  error_code failed;
  const tcp::endpoint endpoint(asio::ip::make_address(address, failed), port);
  Listener& listener = listeners.emplace_back(io);
  listener.tls = std::move(with);
  tcp::acceptor& acceptor = listener.acceptor;
  if (!failed) acceptor.open(endpoint.protocol(), failed);
  if (!failed) acceptor.set_option(asio::socket_base::reuse_address(true), failed);
  if (!failed) acceptor.bind(endpoint, failed);
  if (!failed) acceptor.listen(asio::socket_base::max_listen_connections, failed);
  if (failed) {
    listeners.pop_back();
    return Error(ErrorCode::io, "cannot listen on " + address + " port " + std::to_string(port) + ": " + failed.message());
  }
  asio::co_spawn(io, accept_loop(listener), asio::detached);
  return {};
}

/// Usually out of descriptors: others must close first.
asio::awaitable<void> HttpServer::Impl::not_accepted(error_code reason) {
  const auto now = SteadyClock::now();
  if (warned == SteadyClock::time_point::min() || now - warned > kAcceptWarningInterval) {
    warned = now;
    log_event(LogLevel::warning, "cannot accept a connection", {{"error", reason.message()}, {"connections", door->connections()}});
  }
  if (config.metrics) config.metrics->connection_refused("descriptors");
  door->give_up_one();
  asio::steady_timer pause(io, kAcceptPause);
  co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, reason));
}

asio::awaitable<void> HttpServer::Impl::accept_loop(Listener& listener) {
  const auto self = shared_from_this();
  while (!stopping) {
    error_code failed;
    tcp::socket socket(io);
    co_await listener.acceptor.async_accept(socket, asio::redirect_error(asio::use_awaitable, failed));
    if (stopping || failed == asio::error::operation_aborted) co_return;
    if (failed) {
      co_await not_accepted(failed);
    } else {
      welcome(std::move(socket), listener);
    }
  }
}

void HttpServer::Impl::welcome(tcp::socket socket, const Listener& listener) {
  error_code failed;
  const auto peer = socket.remote_endpoint(failed);
  if (failed) return;  // it has left already
  auto seat = door->enter(peer.address());
  if (!seat) {
    if (config.metrics) config.metrics->connection_refused("limit");
    return;
  }
  count_connections();
  socket.set_option(tcp::no_delay(true), failed);
  if (listener.tls) {
    asio::co_spawn(io, serve_tls(std::move(socket), std::move(seat), listener.tls->identity()), asio::detached);
  } else {
    asio::co_spawn(io, serve_plain(std::move(socket), std::move(seat)), asio::detached);
  }
}

void HttpServer::Impl::count_connections() const {
  if (config.metrics) config.metrics->connections(door->connections());
}

void HttpServer::Impl::certificate_changed(const Result<bool>& loaded) {
  if (!loaded) {
    log_event(LogLevel::error, "the certificate stays as it was: the new one cannot be used", {{"error", loaded.error().message()}});
    return;
  }
  const auto expires = tls->identity()->expires;
  if (config.metrics) config.metrics->certificate_expires(std::chrono::time_point_cast<std::chrono::seconds>(expires));
  log_event(LogLevel::info, "certificate", {{"file", config.tls_certificate.string()}, {"expires", to_rfc3339(expires)}});
}

asio::awaitable<void> HttpServer::Impl::certificate_loop() {
  const auto self = shared_from_this();
  while (!stopping) {
    error_code ignored;
    certificate_timer.expires_after(config.certificate_check_interval);
    co_await certificate_timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    if (stopping) co_return;
    const auto loaded = tls->load_if_changed();
    if (!loaded || *loaded) certificate_changed(loaded);
  }
}

asio::awaitable<void> HttpServer::Impl::serve_plain(tcp::socket socket, std::unique_ptr<Seat> seat) {
  const auto self = shared_from_this();
  {
    PlainStream stream(std::move(socket));
    seat->on_close([&stream] { stream.close(); });
    co_await serve(stream, *seat, false);
    error_code ignored;
    stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
    seat.reset();
  }
  count_connections();
  close_if_done();
}

asio::awaitable<void> HttpServer::Impl::serve_tls(tcp::socket socket, std::unique_ptr<Seat> seat, std::shared_ptr<TlsIdentity> identity) {
  const auto self = shared_from_this();
  {
    TlsStream stream(std::move(socket), identity->context);
    auto& lowest = beast::get_lowest_layer(stream);
    seat->on_close([&lowest] { lowest.close(); });
    error_code failed;
    lowest.expires_after(std::min(limits::tls_handshake_timeout, config.first_request_timeout));
    co_await stream.async_handshake(ssl::stream_base::server, asio::redirect_error(asio::use_awaitable, failed));
    if (!failed) {
      co_await serve(stream, *seat, true);
      lowest.expires_after(limits::tls_handshake_timeout);
      co_await stream.async_shutdown(asio::redirect_error(asio::use_awaitable, failed));
    }
    seat.reset();
  }
  count_connections();
  close_if_done();
}

template <class Stream>
asio::awaitable<void> HttpServer::Impl::serve(Stream& stream, Seat& seat, bool over_tls) {
  HeadBuffer buffer(limits::http_header_bytes_max + limits::blob_chunk_bytes);
  bool more = true;
  while (more && !stopping) more = co_await exchange(stream, buffer, seat, over_tls);
}

template <class Stream>
asio::awaitable<error_code> HttpServer::Impl::read_header(Stream& stream, HeadBuffer& buffer, RequestParser& parser, const Seat& seat) {
  beast::get_lowest_layer(stream).expires_after(seat.is_known() ? limits::idle_timeout : config.first_request_timeout);
  buffer.begin();
  error_code failed;
  co_await http::async_read_header(stream, buffer, parser, asio::redirect_error(asio::use_awaitable, failed));
  if (!failed && buffer.folded()) failed = http::error::bad_value;
  co_return failed;
}

template <class Stream>
asio::awaitable<error_code> HttpServer::Impl::read_body(Stream& stream, HeadBuffer& buffer, RequestParser& parser) {
  const auto give_up = SteadyClock::now() + limits::api_body_timeout;
  error_code failed;
  while (!parser.is_done() && !failed) {
    beast::get_lowest_layer(stream).expires_at(std::min(give_up, SteadyClock::now() + limits::api_silence_timeout));
    co_await http::async_read_some(stream, buffer, parser, asio::redirect_error(asio::use_awaitable, failed));
  }
  co_return failed;
}

/// False when the connection ends.
template <class Stream>
asio::awaitable<bool> HttpServer::Impl::answer(Stream& stream, Response response, Exchange& turn) {
  turn.status = response.status;
  const bool in_pieces = std::holds_alternative<std::unique_ptr<BodyStream>>(response.body) && !turn.without_body();
  bool more = false;
  if (in_pieces) {
    more = co_await answer_in_pieces(stream, std::move(response), turn);
  } else {
    more = co_await answer_whole(stream, std::move(response), turn);
  }
  const Request& request = *turn.request;
  const auto now = SteadyClock::now();
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(now - turn.began);
  log->served({request.method, request.path, request.route, request.caller, request.peer, turn.status, took, turn.bytes}, now);
  co_return more;
}

template <class Stream>
asio::awaitable<bool> HttpServer::Impl::refuse(Stream& stream, Response refusal, Exchange& turn, bool keep_alive) {
  turn.keep_alive = keep_alive;
  co_return co_await answer(stream, std::move(refusal), turn);
}

template <class Stream>
asio::awaitable<bool> HttpServer::Impl::answer_whole(Stream& stream, Response response, Exchange& turn) {
  beast::get_lowest_layer(stream).expires_after(limits::api_body_timeout);
  error_code failed;
  const auto* whole = std::get_if<std::string>(&response.body);
  const auto* shared = std::get_if<SharedBytes>(&response.body);
  const std::string_view bytes = shared != nullptr ? std::string_view(**shared) : whole != nullptr ? std::string_view(*whole) : "";
  if (turn.without_body()) {
    auto wire = to_wire<http::empty_body>(response, turn, turn.keep_alive);
    if (shared != nullptr || whole != nullptr) wire.content_length(bytes.size());
    co_await http::async_write(stream, wire, asio::redirect_error(asio::use_awaitable, failed));
  } else {
    auto wire = to_wire<http::span_body<const char>>(response, turn, turn.keep_alive);
    wire.body() = {bytes.data(), bytes.size()};
    wire.prepare_payload();
    co_await http::async_write(stream, wire, asio::redirect_error(asio::use_awaitable, failed));
    turn.bytes = failed ? 0 : bytes.size();
  }
  if (failed && turn.undelivered != nullptr) turn.undelivered->undelivered();
  co_return turn.keep_alive && !failed;
}

/// Makes a piece only when the one before has left, so a slow caller costs one piece of memory.
template <class Stream>
asio::awaitable<bool> HttpServer::Impl::answer_in_pieces(Stream& stream, Response response, Exchange& turn) {
  const auto source = std::get<std::unique_ptr<BodyStream>>(std::move(response.body));
  const bool keep_alive = turn.keep_alive && turn.chunks;
  auto wire = to_wire<http::empty_body>(response, turn, keep_alive);
  wire.chunked(turn.chunks);
  http::response_serializer<http::empty_body> serializer(wire);
  // Somebody who reads slowly, but never stops, must not hold what the pieces are made of forever.
  const auto give_up = source->endless() ? SteadyClock::time_point::max() : SteadyClock::now() + limits::api_body_timeout;
  const auto patience = [&] { return std::min(give_up, SteadyClock::now() + limits::api_silence_timeout); };
  error_code failed;
  beast::get_lowest_layer(stream).expires_at(patience());
  co_await http::async_write_header(stream, serializer, asio::redirect_error(asio::use_awaitable, failed));
  while (!failed) {
    beast::get_lowest_layer(stream).expires_never();
    const auto piece = co_await source->next();
    if (!piece) {
      log_event(LogLevel::error, "an answer broke off", {{"error", piece.error().message()}});
      if (!turn.chunks) reset(beast::get_lowest_layer(stream));
      co_return false;
    }
    beast::get_lowest_layer(stream).expires_at(patience());
    if (piece->empty()) break;
    if (turn.chunks) {
      const auto chunk = http::make_chunk(asio::buffer(*piece));
      co_await asio::async_write(stream, chunk, asio::redirect_error(asio::use_awaitable, failed));
    } else {
      co_await asio::async_write(stream, asio::buffer(*piece), asio::redirect_error(asio::use_awaitable, failed));
    }
    if (!failed) turn.bytes += piece->size();
  }
  if (!failed && turn.chunks) {
    const auto end = http::make_chunk_last();
    co_await asio::async_write(stream, end, asio::redirect_error(asio::use_awaitable, failed));
  }
  co_return keep_alive && !failed;
}

/// False if there are too many requests of this caller.
bool HttpServer::Impl::find_caller(Exchange& turn, const Seat& seat, bool over_tls) {
  Request& request = *turn.request;
  const auto caller = door->caller(seat.peer(), over_tls, request.header("x-forwarded-for"), request.header("x-forwarded-proto"));
  request.peer = caller.address.to_string();
  request.https = caller.https;
  if (caller.address == seat.peer()) return true;
  turn.place = door->pass_on(caller.address);
  return turn.place != nullptr;
}

/// One request and its answer; false when the connection ends.
template <class Stream>
asio::awaitable<bool> HttpServer::Impl::exchange(Stream& stream, HeadBuffer& buffer, Seat& seat, bool over_tls) {
  seat.waits(true);
  RequestParser parser;
  parser.header_limit(limits::http_header_bytes_max);
  parser.body_limit(limits::api_body_bytes_max);
  error_code failed = co_await read_header(stream, buffer, parser, seat);
  seat.waits(false);
  if (failed && !is_parse_error(failed)) co_return false;
  Exchange turn;
  turn.request->peer = seat.peer().to_string();
  if (failed) {
    auto refusal = parse_problem(failed);
    co_return co_await refuse(stream, std::move(refusal), turn);
  }
  beast::get_lowest_layer(stream).expires_never();

  const auto request = turn.request;
  if (const auto fault = read_head(parser, *request); !fault.empty()) {
    auto refusal = problem(400, std::string(fault));
    co_return co_await refuse(stream, std::move(refusal), turn);
  }
  if (!find_caller(turn, seat, over_tls)) {
    auto refusal = problem(429, "there are too many requests of " + request->peer + " at once");
    co_return co_await refuse(stream, std::move(refusal), turn);
  }
  auto verdict = co_await application->admit(request);
  if (!request->caller.empty()) seat.known();
  if (verdict.refusal) {
    // An unread body may follow; the connection can be kept only if there is none.
    const bool bodiless = !parser.chunked() && request->content_length == 0;
    auto refusal = std::move(*verdict.refusal);
    const bool keep_alive = bodiless && parser.keep_alive() && !stopping;
    co_return co_await refuse(stream, std::move(refusal), turn, keep_alive);
  }
  std::optional<Response> unread;
  bool more = co_await read_request(stream, buffer, parser, *verdict.admission, turn, unread);
  if (unread) co_return co_await refuse(stream, *std::move(unread), turn);
  if (!more) co_return false;

  request->peer_gone = [&socket = beast::get_lowest_layer(stream).socket()] { return hung_up(socket); };
  auto response = co_await verdict.admission->handle(request);
  request->peer_gone = nullptr;
  turn.keep_alive = parser.keep_alive() && !stopping;
  turn.chunks = parser.get().version() >= 11;
  turn.undelivered = verdict.admission.get();
  co_return co_await answer(stream, std::move(response), turn);
}

/// The body of a request that the application takes. False if the caller left; or there is a `refusal`.
template <class Stream>
asio::awaitable<bool> HttpServer::Impl::read_request(Stream& stream, HeadBuffer& buffer, RequestParser& parser, const Admission& admission,
                                                     Exchange& turn, std::optional<Response>& refusal) {
  Request& request = *turn.request;
  const std::uint64_t body_bytes_max = std::min(admission.body_bytes_max(), limits::api_body_bytes_max);
  request.share = std::make_shared<BodyShare>(body_bytes_held);
  if (request.content_length > body_bytes_max) refusal = problem(413, "the body is too large for this request");
  if (!refusal && !request.share->resize(parser.chunked() ? body_bytes_max : request.content_length))
    refusal = problem(503, "too many large requests at once");
  if (refusal) co_return false;
  parser.body_limit(body_bytes_max);
  error_code failed;
  if (iequals(request.header("expect"), "100-continue")) {
    http::response<http::empty_body> go_on(http::status::continue_, 11);
    co_await http::async_write(stream, go_on, asio::redirect_error(asio::use_awaitable, failed));
    if (failed) co_return false;
  }
  failed = co_await read_body(stream, buffer, parser);
  if (failed && is_parse_error(failed)) refusal = parse_problem(failed);
  if (failed) co_return false;
  beast::get_lowest_layer(stream).expires_never();
  request.body = std::move(parser.get().body());
  request.share->resize(request.body.size());
  co_return true;
}

void HttpServer::Impl::close_if_done() {
  if (stopping && door->connections() == 0) grace_timer.cancel();
}

Result<void> HttpServer::start(const HttpServerConfig& config) {
  const auto exposed = check_exposure(config);
  if (!exposed) return exposed;
  impl_->config = config;
  impl_->door = std::make_shared<Door>(config.door);
  impl_->log.emplace(config.access_log, config.metrics);
  if (!config.tls_certificate.empty() || !config.tls_key.empty()) {
    impl_->tls = std::make_shared<TlsFiles>(config.tls_certificate, config.tls_key);
    const auto loaded = impl_->tls->load();
    if (!loaded) return loaded;
    impl_->certificate_changed(true);
  }
  const auto listening = impl_->listen(config.address, config.port, impl_->tls);
  if (!listening) return listening;
  if (impl_->tls) asio::co_spawn(impl_->io, impl_->certificate_loop(), asio::detached);
  return {};
}

Result<std::uint16_t> HttpServer::listen_inside() {
  const auto listening = impl_->listen("127.0.0.1", 0, nullptr);
  if (!listening) return listening.error();
  error_code failed;
  return impl_->listeners.back().acceptor.local_endpoint(failed).port();
}

std::uint16_t HttpServer::port() const {
  if (impl_->listeners.empty()) return 0;
  error_code failed;
  const auto endpoint = impl_->listeners.front().acceptor.local_endpoint(failed);
  return failed ? std::uint16_t{0} : endpoint.port();
}

void HttpServer::reload_certificate() {
  if (!impl_->tls) return;
  const auto loaded = impl_->tls->load();
  impl_->certificate_changed(loaded ? Result<bool>(true) : Result<bool>(loaded.error()));
}

void HttpServer::stop(std::chrono::milliseconds grace) {
  if (impl_->stopping) return;
  impl_->stopping = true;
  error_code ignored;
  for (Listener& listener : impl_->listeners) listener.acceptor.close(ignored);
  impl_->certificate_timer.cancel();
  if (!impl_->door) return;
  impl_->door->close_waiting();
  if (impl_->door->connections() == 0) return;
  impl_->grace_timer.expires_after(grace);
  impl_->grace_timer.async_wait([self = impl_](const error_code& failed) {
    if (!failed) self->door->close_all();
  });
}

bool HttpServer::stopping() const { return impl_->stopping; }
std::size_t HttpServer::connections() const { return impl_->door ? impl_->door->connections() : 0; }

}  // namespace landwaiter::platform
