// SPDX-License-Identifier: Apache-2.0
#include "tests/support/scripted_server.hpp"

#include "core/base/text.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <sstream>
#include <stdexcept>
#include <system_error>

namespace landwaiter::test {
namespace {

ScriptedRequest parse_head(const std::string& head) {
  ScriptedRequest out;
  std::istringstream lines(head);
  lines >> out.method >> out.target;
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line)) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    out.headers[to_lower(line.substr(0, colon))] = std::string(trim(line.substr(colon + 1)));
  }
  return out;
}

std::string chunk_of(std::string_view bytes) {
  std::ostringstream out;
  out << std::hex << bytes.size() << "\r\n" << bytes << "\r\n";
  return out.str();
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

}  // namespace

struct ScriptedServer::Tls {
  explicit Tls(const ScriptedServerOptions& options) : context(SSL_CTX_new(TLS_server_method())) {
    bool ok = SSL_CTX_use_certificate_chain_file(context, options.certificate.c_str()) == 1 &&
              SSL_CTX_use_PrivateKey_file(context, options.key.c_str(), SSL_FILETYPE_PEM) == 1;
    if (!options.client_ca.empty()) {
      ok = ok && SSL_CTX_load_verify_file(context, options.client_ca.c_str()) == 1;
      SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    }
    if (!ok) throw std::runtime_error("scripted server: cannot use " + options.certificate);
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
  }
  ~Tls() { SSL_CTX_free(context); }
  Tls(const Tls&) = delete;
  Tls& operator=(const Tls&) = delete;
  SSL_CTX* context;
};

/// A connection's bytes, with or without TLS.
class ScriptedServer::Wire {
 public:
  Wire(int descriptor, const Tls* tls) : descriptor_(descriptor) {
    if (!tls) return;
    ssl_ = SSL_new(tls->context);
    SSL_set_fd(ssl_, descriptor);
  }
  ~Wire() {
    if (ssl_ && ready_ && goodbye) SSL_shutdown(ssl_);
    SSL_free(ssl_);
  }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  bool accept() {
    ready_ = !ssl_ || SSL_accept(ssl_) == 1;
    if (!ready_) {
      // Closing with unread bytes would reset the connection, and the other side might not see our alert.
      ::shutdown(descriptor_, SHUT_WR);
      std::array<char, 4096> rest{};
      while (::recv(descriptor_, rest.data(), rest.size(), 0) > 0) {
      }
    }
    return ready_;
  }

  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ssl_ ? SSL_write(ssl_, bytes.data(), static_cast<int>(std::min<std::size_t>(bytes.size(), 1 << 20)))
                             : ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  /// One read's worth; false at the end.
  bool receive_some(std::string& buffer) {
    std::array<char, 16384> chunk{};
    const auto got =
        ssl_ ? SSL_read(ssl_, chunk.data(), static_cast<int>(chunk.size())) : ::recv(descriptor_, chunk.data(), chunk.size(), 0);
    if (got > 0) buffer.append(chunk.data(), static_cast<std::size_t>(got));
    return got > 0;
  }

  /// Appends to `buffer` until it holds at least `size` bytes, or `mark` when `size` is 0.
  bool receive(std::string& buffer, std::size_t size, std::string_view mark) {
    while (size > 0 ? buffer.size() < size : buffer.find(mark) == std::string::npos) {
      if (!receive_some(buffer)) return false;
      if (size == 0 && buffer.front() == '\x16') {
        send("HTTP/1.1 400 This is TLS\r\n\r\n");
        return false;
      }
    }
    return true;
  }

  std::string client_name() const {
    X509* certificate = ssl_ ? SSL_get1_peer_certificate(ssl_) : nullptr;
    if (!certificate) return {};
    std::array<char, 256> name{};
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name.data(), static_cast<int>(name.size()));
    X509_free(certificate);
    return name.data();
  }

  /// Bytes both ways between the client and a port, until one side ends.
  void tunnel(std::uint16_t port) {
    const int other = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(port);
    if (::connect(other, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) pump(other);
    ::close(other);
  }

  bool goodbye = true;  ///< end TLS properly

 private:
  void pump(int other) {
    std::array<char, 16384> chunk{};
    while (true) {
      std::array<pollfd, 2> waiting{{{descriptor_, POLLIN, 0}, {other, POLLIN, 0}}};
      const bool pending = ssl_ && SSL_pending(ssl_) > 0;
      if (!pending && ::poll(waiting.data(), waiting.size(), -1) < 0) return;
      if (pending || waiting[0].revents != 0) {
        std::string bytes;
        if (!receive_some(bytes) || ::send(other, bytes.data(), bytes.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(bytes.size())) return;
      }
      if (waiting[1].revents != 0) {
        const ssize_t got = ::recv(other, chunk.data(), chunk.size(), 0);
        if (got <= 0 || !send(std::string_view(chunk.data(), static_cast<std::size_t>(got)))) return;
      }
    }
  }

  int descriptor_;
  SSL* ssl_ = nullptr;
  bool ready_ = false;
};

std::string ScriptedRequest::header(const std::string& lower_name) const {
  const auto found = headers.find(lower_name);
  return found == headers.end() ? std::string() : found->second;
}

ScriptedServer::ScriptedServer(Handler handler, ScriptedServerOptions options)
    : handler_(std::move(handler)), options_(std::move(options)) {
  if (!options_.certificate.empty()) tls_ = std::make_unique<Tls>(options_);
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  const bool ok = ::bind(listener_, generic, size) == 0 && ::listen(listener_, 64) == 0 && ::getsockname(listener_, generic, &size) == 0;
  if (!ok) throw std::system_error(errno, std::generic_category(), "scripted server");
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_loop(); });
}

ScriptedServer::~ScriptedServer() {
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  ::close(listener_);
  {
    const std::lock_guard lock(mutex_);
    for (const int descriptor : open_) ::shutdown(descriptor, SHUT_RDWR);
  }
  for (std::thread& thread : threads_) thread.join();
}

std::vector<ScriptedRequest> ScriptedServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void ScriptedServer::accept_loop() {
  while (true) {
    const int descriptor = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (descriptor < 0) return;
    const int on = 1;
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    const std::size_t number = ++connections_;
    if (options_.dropped_connections.contains(number)) {
      ::close(descriptor);
      continue;
    }
    const std::lock_guard lock(mutex_);
    open_.push_back(descriptor);
    threads_.emplace_back([this, descriptor, number] { serve(descriptor, number); });
  }
}

void ScriptedServer::serve(int descriptor, std::size_t number) {
  {
    Wire wire(descriptor, tls_.get());
    if (wire.accept()) converse(wire, number);
  }
  const std::lock_guard lock(mutex_);
  std::erase(open_, descriptor);
  ::close(descriptor);
}

void ScriptedServer::converse(Wire& wire, std::size_t number) {
  std::string buffer;
  while (wire.receive(buffer, 0, "\r\n\r\n")) {
    const std::size_t end = buffer.find("\r\n\r\n") + 4;
    ScriptedRequest request = parse_head(buffer.substr(0, end));
    buffer.erase(0, end);
    const std::string length = request.header("content-length");
    const std::size_t size = length.empty() ? 0 : std::stoul(length);
    if (size > 0 && !wire.receive(buffer, size, {})) return;
    request.body = buffer.substr(0, size);
    buffer.erase(0, size);
    request.connection = number;
    request.client_certificate = wire.client_name();
    if (!answer(wire, request)) return;
  }
}

bool ScriptedServer::answer(Wire& wire, const ScriptedRequest& request) {
  ScriptedResponse response;
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
    requests_.back().number = requests_.size();
    response = handler_(requests_.back());
  }
  wire.goodbye = !response.cut_tls;
  if (response.hang_up) return false;
  const bool no_body = response.status == 204 || response.status == 304 || response.tunnel_to > 0;
  std::ostringstream head;
  head << "HTTP/1.1 " << response.status << " Scripted\r\n";
  for (const auto& [name, value] : response.headers) head << name << ": " << value << "\r\n";
  if (response.chunked) head << "Transfer-Encoding: chunked\r\n";
  else if (!no_body && !response.until_close)
    head << "Content-Length: " << response.content_length.value_or(response.body.size()) << "\r\n";
  head << "\r\n";
  if (!wire.send(head.str())) return false;
  if (response.tunnel_to > 0) {
    wire.tunnel(response.tunnel_to);
    return false;
  }
  if (no_body || request.method == "HEAD") return !response.close;
  return send_body(wire, response) && !response.close && !response.until_close && !response.cut_tls;
}

bool ScriptedServer::send_body(Wire& wire, const ScriptedResponse& response) {
  std::string_view body = response.body;
  body = body.substr(0, response.break_after.value_or(body.size()));
  const std::size_t piece = response.drip_bytes > 0 ? response.drip_bytes : std::max<std::size_t>(1, body.size());
  for (; !body.empty(); body.remove_prefix(std::min(piece, body.size()))) {
    if (response.drip_pause.count() > 0) std::this_thread::sleep_for(response.drip_pause);
    const std::string_view part = body.substr(0, piece);
    if (!wire.send(response.chunked ? chunk_of(part) : std::string(part))) return false;
    body_bytes_ += part.size();
  }
  if (response.break_after || response.content_length) return false;
  return !response.chunked || wire.send("0\r\n\r\n");
}

}  // namespace landwaiter::test
