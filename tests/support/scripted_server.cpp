// SPDX-License-Identifier: Apache-2.0
#include "tests/support/scripted_server.hpp"

#include "core/text.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <sstream>
#include <system_error>

namespace landwaiter::test {
namespace {

bool send_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

/// Appends to `buffer` until it holds at least `size` bytes, or `mark` when `size` is 0.
bool receive(int descriptor, std::string& buffer, std::size_t size, std::string_view mark) {
  while (size > 0 ? buffer.size() < size : buffer.find(mark) == std::string::npos) {
    char chunk[4096];
    const ssize_t got = ::recv(descriptor, chunk, sizeof(chunk), 0);
    if (got <= 0) return false;
    buffer.append(chunk, static_cast<std::size_t>(got));
  }
  return true;
}

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

}  // namespace

std::string ScriptedRequest::header(const std::string& lower_name) const {
  const auto found = headers.find(lower_name);
  return found == headers.end() ? std::string() : found->second;
}

ScriptedServer::ScriptedServer(Handler handler) : handler_(std::move(handler)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
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
    ++connections_;
    const std::lock_guard lock(mutex_);
    open_.push_back(descriptor);
    threads_.emplace_back([this, descriptor] { serve(descriptor); });
  }
}

void ScriptedServer::serve(int descriptor) {
  std::string buffer;
  while (receive(descriptor, buffer, 0, "\r\n\r\n")) {
    const std::size_t end = buffer.find("\r\n\r\n") + 4;
    ScriptedRequest request = parse_head(buffer.substr(0, end));
    buffer.erase(0, end);
    const std::string length = request.header("content-length");
    const std::size_t size = length.empty() ? 0 : std::stoul(length);
    if (size > 0 && !receive(descriptor, buffer, size, {})) break;
    request.body = buffer.substr(0, size);
    buffer.erase(0, size);
    if (!answer(descriptor, request)) break;
  }
  const std::lock_guard lock(mutex_);
  std::erase(open_, descriptor);
  ::close(descriptor);
}

bool ScriptedServer::answer(int descriptor, const ScriptedRequest& request) {
  ScriptedResponse response;
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
    response = handler_(request);
  }
  if (response.hang_up) return false;
  std::ostringstream head;
  head << "HTTP/1.1 " << response.status << " Scripted\r\n";
  for (const auto& [name, value] : response.headers) head << name << ": " << value << "\r\n";
  const bool no_body = response.status == 204 || response.status == 304;
  if (response.chunked) head << "Transfer-Encoding: chunked\r\n";
  else if (!no_body) head << "Content-Length: " << response.body.size() << "\r\n";
  head << "\r\n";
  if (!send_all(descriptor, head.str())) return false;
  if (no_body || request.method == "HEAD") return !response.close;

  std::string_view body = response.body;
  body = body.substr(0, response.break_after.value_or(body.size()));
  const std::size_t piece = response.drip_bytes > 0 ? response.drip_bytes : std::max<std::size_t>(1, body.size());
  for (; !body.empty(); body.remove_prefix(std::min(piece, body.size()))) {
    const std::string_view part = body.substr(0, piece);
    if (!send_all(descriptor, response.chunked ? chunk_of(part) : std::string(part))) return false;
  }
  if (response.break_after) return false;
  if (response.chunked && !send_all(descriptor, "0\r\n\r\n")) return false;
  return !response.close;
}

}  // namespace landwaiter::test
