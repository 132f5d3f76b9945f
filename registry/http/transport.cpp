// SPDX-License-Identifier: Apache-2.0
// HTTP/1.1 as in RFC 9112. Requests are serialized here, so that text with credentials can be wiped.
#include "registry/http/transport.hpp"

#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "registry/http/bandwidth.hpp"
#include "registry/http/connection_pool.hpp"
#include "registry/http/transport_dial.hpp"
#include "registry/http/url.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <set>

namespace landwaiter::registry {
namespace {

namespace asio = boost::asio;

class HttpTransport final : public Transport, public std::enable_shared_from_this<HttpTransport> {
 public:
  HttpTransport(asio::any_io_executor executor, TransportOptions options)
      : options_(std::move(options)),
        dialer_(options_),
        bandwidth_(std::make_shared<Bandwidth>(options_.bandwidth_bytes_per_s)),
        pool_(std::make_shared<ConnectionPool>(std::move(executor), options_.connections_per_host)) {}

  Awaitable<std::unique_ptr<HttpResponse>> send(HttpRequest request) override;
  std::optional<TlsFacts> tls_facts(const std::string& origin) const override { return dialer_.tls_facts(origin); }
  void show_client_certificate_to(const std::string& host, const std::string& port) override { named_by_user_.emplace(host, port); }

 private:
  Result<Secret> request_head(const HttpRequest& request, const HttpUrl& url, const Proxy* plain_proxy) const;
  Origin origin_of(const HttpRequest& request, const HttpUrl& url, const Proxy* proxy) const;

  TransportOptions options_;
  Dialer dialer_;
  std::shared_ptr<Bandwidth> bandwidth_;
  std::shared_ptr<ConnectionPool> pool_;
  std::set<std::pair<std::string, std::string>> named_by_user_;
};

Origin HttpTransport::origin_of(const HttpRequest& request, const HttpUrl& url, const Proxy* proxy) const {
  Origin out;
  out.tls = url.tls;
  out.host = url.host;
  out.port = url.port;
  out.tls_verify = request.unverified_origin != url.origin();
  out.client_certificate = url.tls && named_by_user_.contains({url.host, url.port});
  if (proxy) out.proxy = proxy->name();
  out.foreign_host = request.foreign_host;
  return out;
}

bool has_line_break(std::string_view text) { return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos; }

Result<Secret> HttpTransport::request_head(const HttpRequest& request, const HttpUrl& url, const Proxy* plain_proxy) const {
  // A proxy without a tunnel gets the whole URL (RFC 9112 section 3.2.2) and its credentials.
  const std::string target = plain_proxy ? url.str() : url.target;
  std::vector<SecretHeader> secrets = request.secret_headers;
  if (plain_proxy && !plain_proxy->authorization.empty()) secrets.push_back({"Proxy-Authorization", plain_proxy->authorization});
  std::string head = request.method + ' ' + target + " HTTP/1.1\r\nHost: " + url.authority() + "\r\n";
  std::vector<Header> headers = request.headers;
  const auto add_default = [&](const char* name, const std::string& value) {
    const bool given = std::ranges::any_of(headers, [&](const Header& h) { return iequals(h.name, name); });
    if (!given) headers.push_back({name, value});
  };
  add_default("User-Agent", options_.user_agent);
  // A layer must arrive with the bytes of its digest; a proxy must not compress it.
  add_default("Accept-Encoding", "identity");
  add_default("Accept", "*/*");
  const bool has_body = !request.body.empty() || request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
  if (has_body) headers.push_back({"Content-Length", std::to_string(request.body.reveal().size())});
  bool clean = !has_line_break(request.method);
  std::size_t secret_bytes = 0;
  for (const SecretHeader& header : secrets) {
    clean = clean && !has_line_break(header.name) && !has_line_break(header.value.reveal());
    secret_bytes += header.name.size() + header.value.reveal().size() + 4;
  }
  for (const Header& header : headers) {
    clean = clean && !has_line_break(header.name) && !has_line_break(header.value);
    head += header.name + ": " + header.value + "\r\n";
  }
  if (!clean) return Error(ErrorCode::invalid_argument, "a request header contains a line break");
  // Reserved in advance: growing would leave copies of the credentials in memory.
  std::string whole;
  whole.reserve(head.size() + secret_bytes + 2);
  whole += head;
  for (const SecretHeader& header : secrets) whole.append(header.name).append(": ").append(header.value.reveal()).append("\r\n");
  whole += "\r\n";
  Secret out(whole);
  wipe(whole);
  return out;
}

class PooledResponse final : public HttpResponse {
 public:
  PooledResponse(WireResponse head, ConnectionPool::Lease lease, std::shared_ptr<Bandwidth> bandwidth)
      : head_(std::move(head)), lease_(std::move(lease)), bandwidth_(std::move(bandwidth)) {
    end_if_done();
  }

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
    auto size = co_await lease_.connection->read(buffer.first(bandwidth_->read_bytes_max(buffer.size())));
    if (!size) {
      failed_ = size.error();
      lease_.give_back();
      co_return *failed_;
    }
    end_if_done();
    const auto now = std::chrono::steady_clock::now();
    const auto until = bandwidth_->book(*size, now);
    if (until > now) {
      asio::steady_timer timer(co_await asio::this_coro::executor, until);
      boost::system::error_code cancelled;
      co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
      if (cancelled) co_return Error(ErrorCode::cancelled, "cancelled while keeping to the bandwidth limit");
    }
    co_return *size;
  }

 private:
  void end_if_done() {
    if (lease_.connection->done()) lease_.give_back();
  }

  WireResponse head_;
  ConnectionPool::Lease lease_;
  std::shared_ptr<Bandwidth> bandwidth_;
  std::optional<Error> failed_;
};

/// Otherwise it would look as if --insecure had been ignored.
Error exception_does_not_apply(const Error& error, const std::string& unverified_origin) {
  return Error(error.code(), error.message() + "; --insecure (tls_verify: false) is only for " + unverified_origin + " itself");
}

Awaitable<std::unique_ptr<HttpResponse>> HttpTransport::send(HttpRequest request) {
  const auto self = shared_from_this();
  auto url = HttpUrl::parse(request.url);
  if (!url) co_return url.error();
  const auto proxy = options_.proxies.for_url(*url);
  const Proxy* plain_proxy = url->tls ? nullptr : proxy.get();
  auto head = request_head(request, *url, plain_proxy);
  if (!head) co_return head.error();
  const Origin origin = origin_of(request, *url, proxy.get());
  const auto idle = request.idle_timeout.count() > 0 ? request.idle_timeout : options_.timeouts.idle;
  const auto answer_timeout = request.answer_timeout.count() > 0 ? std::min(request.answer_timeout, idle) : idle;

  for (bool fresh = false;; fresh = true) {
    auto lease = co_await pool_->acquire(origin, fresh);
    if (!lease) co_return lease.error();
    const bool reused = lease->connection != nullptr;
    if (!reused) {
      auto opened = co_await dialer_.open(origin, proxy);
      if (!opened && opened.error().code() == ErrorCode::tls && origin.tls_verify && !request.unverified_origin.empty()) {
        co_return exception_does_not_apply(opened.error(), request.unverified_origin);
      }
      if (!opened) co_return opened.error();
      lease->connection = std::move(*opened);
    }
    WireRequest wire{*head, request.body.reveal(), request.method == "HEAD", idle, answer_timeout};
    auto answer = co_await lease->connection->exchange(std::move(wire));
    if (answer && answer->status == 407 && plain_proxy) co_return proxy_login_refused(*plain_proxy);
    if (answer) {
      std::unique_ptr<HttpResponse> out = std::make_unique<PooledResponse>(std::move(*answer), std::move(*lease), bandwidth_);
      co_return out;
    }
    // The other side may have just closed an idle connection, which says nothing about the host: try again on a new one.
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
