// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace landwaiter::test {

struct ScriptedRequest {
  std::string method;
  std::string target;                          ///< path and query as sent; an absolute URL when we are somebody's proxy
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;
  std::size_t number = 0;          ///< of this server's requests, from 1
  std::size_t connection = 0;      ///< of this server's connections, from 1
  std::string client_certificate;  ///< its common name; empty when none was shown
  std::string path() const { return target.substr(0, target.find('?')); }
  std::string header(const std::string& lower_name) const;
};

struct ScriptedResponse {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
  std::optional<std::size_t> break_after = {};       ///< hang up after so many bytes of the body; Content-Length promises all of it
  std::optional<std::uint64_t> content_length = {};  ///< promise this instead of the body's size, and hang up after the body
  std::size_t drip_bytes = 0;                        ///< send the body in pieces of so many bytes, each in a packet of its own
  std::chrono::milliseconds drip_pause{0};           ///< before each piece
  bool chunked = false;
  bool until_close = false;     ///< no length: the body ends with the connection
  bool hang_up = false;         ///< close without any answer
  bool close = false;           ///< close after the answer, without saying so
  bool cut_tls = false;         ///< close without TLS's own goodbye, as an attacker on the way could
  std::uint16_t tunnel_to = 0;  ///< after a 200 without a body, be a tunnel to that port of 127.0.0.1
};

struct ScriptedServerOptions {
  std::string certificate;  ///< PEM files; with them the server speaks TLS
  std::string key;
  std::string client_ca;                      ///< want a client certificate of this authority
  std::set<std::size_t> dropped_connections;  ///< numbers of those closed as soon as they are there
};

/// A small HTTP/1.1 server on 127.0.0.1, with or without TLS, that answers what the handler says and fails as it says. The handler
/// runs on the server's threads, one for each connection, under a lock. Stops when destroyed.
class ScriptedServer {
 public:
  using Handler = std::function<ScriptedResponse(const ScriptedRequest&)>;

  explicit ScriptedServer(Handler handler, ScriptedServerOptions options = {});
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  std::uint16_t port() const { return port_; }
  std::string host() const { return "127.0.0.1:" + std::to_string(port_); }
  std::string url() const { return scheme() + host(); }
  /// The same by another name that leads here: "localhost".
  std::string url(const std::string& name) const { return scheme() + name + ':' + std::to_string(port_); }
  /// All requests so far, in order.
  std::vector<ScriptedRequest> requests() const;
  std::size_t connections() const { return connections_; }
  /// Bytes of bodies that were sent.
  std::uint64_t body_bytes() const { return body_bytes_; }

 private:
  class Wire;
  struct Tls;
  std::string scheme() const { return tls_ ? "https://" : "http://"; }
  void accept_loop();
  void serve(int descriptor, std::size_t number);
  void converse(Wire& wire, std::size_t number);
  bool answer(Wire& wire, const ScriptedRequest& request);
  bool send_body(Wire& wire, const ScriptedResponse& response);

  Handler handler_;
  ScriptedServerOptions options_;
  std::unique_ptr<Tls> tls_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<std::size_t> connections_ = 0;
  std::atomic<std::uint64_t> body_bytes_ = 0;
  mutable std::mutex mutex_;
  std::vector<ScriptedRequest> requests_;
  std::vector<int> open_;
  std::list<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace landwaiter::test
