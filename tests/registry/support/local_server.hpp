// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace landwaiter::test {

/// Listens at a unix socket and answers each request's target with the bytes that the handler gives, head and all. Stops when destroyed.
class LocalServer {
 public:
  using Handler = std::function<std::string(const std::string& target)>;

  LocalServer(std::string socket, Handler handler) : path_(std::move(socket)), handler_(std::move(handler)) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    if (path_.size() >= sizeof(name.sun_path)) throw std::runtime_error("the socket's name is too long");
    std::memcpy(name.sun_path, path_.data(), path_.size());
    listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::bind(listener_, reinterpret_cast<const sockaddr*>(&name), sizeof(name)) != 0 || ::listen(listener_, 8) != 0)
      throw std::runtime_error("cannot listen at " + path_);
    thread_ = std::thread([this] { serve(); });
  }
  ~LocalServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  LocalServer(const LocalServer&) = delete;
  LocalServer& operator=(const LocalServer&) = delete;

  const std::string& socket() const { return path_; }
  std::vector<std::string> targets() const {
    const std::lock_guard lock(guard_);
    return targets_;
  }

 private:
  void serve() {
    while (true) {
      const int peer = ::accept(listener_, nullptr, nullptr);
      if (peer < 0) return;
      std::string head;
      char byte = 0;
      while (!head.ends_with("\r\n\r\n") && ::read(peer, &byte, 1) == 1) head += byte;
      const std::size_t from = head.find(' ') + 1;
      const std::string target = head.substr(from, head.find(' ', from) - from);
      {
        const std::lock_guard lock(guard_);
        targets_.push_back(target);
      }
      const std::string answer = handler_(target);
      for (std::size_t at = 0; at < answer.size();) {
        const ssize_t size = ::send(peer, answer.data() + at, answer.size() - at, MSG_NOSIGNAL);
        if (size <= 0) break;
        at += static_cast<std::size_t>(size);
      }
      ::close(peer);
    }
  }

  std::string path_;
  Handler handler_;
  int listener_ = -1;
  mutable std::mutex guard_;
  std::vector<std::string> targets_;
  std::thread thread_;
};

}  // namespace landwaiter::test
