// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace landwaiter::test {

struct ScriptedRequest {
  std::string method;
  std::string target;                          ///< path and query
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;
  std::string path() const { return target.substr(0, target.find('?')); }
  std::string header(const std::string& lower_name) const;
};

struct ScriptedResponse {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
  std::optional<std::size_t> break_after = {};  ///< hang up after so many bytes of the body; Content-Length promises all of it
  std::size_t drip_bytes = 0;                   ///< send the body in pieces of so many bytes, each in a packet of its own
  bool chunked = false;
  bool hang_up = false;                         ///< close without any answer
  bool close = false;                           ///< close after the answer, without saying so
};

/// A small HTTP/1.1 server on 127.0.0.1 that answers what the handler says. The handler runs on the server's threads, one for
/// each connection, under a lock. Stops when destroyed.
class ScriptedServer {
 public:
  using Handler = std::function<ScriptedResponse(const ScriptedRequest&)>;

  explicit ScriptedServer(Handler handler);
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  std::uint16_t port() const { return port_; }
  std::string host() const { return "127.0.0.1:" + std::to_string(port_); }
  std::string url() const { return "http://" + host(); }
  /// All requests so far, in order.
  std::vector<ScriptedRequest> requests() const;
  std::size_t connections() const { return connections_; }

 private:
  void accept_loop();
  void serve(int descriptor);
  bool answer(int descriptor, const ScriptedRequest& request);

  Handler handler_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<std::size_t> connections_ = 0;
  mutable std::mutex mutex_;
  std::vector<ScriptedRequest> requests_;
  std::vector<int> open_;
  std::list<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace landwaiter::test
