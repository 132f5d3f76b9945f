// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/clock.hpp"
#include "core/wire/credentials.hpp"
#include "registry/client/client.hpp"
#include "registry/http/transport.hpp"
#include "tests/support/routed_transport.hpp"
#include "tests/support/run_awaitable.hpp"
#include "tests/support/scripted_server.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace landwaiter::test {

/// Stands still until it is advanced, at 2015-08-30T12:36:00Z.
class FakeClock final : public Clock {
 public:
  SystemTime now() const override { return wall; }
  SteadyTime steady_now() const override { return steady; }
  void advance(std::chrono::seconds duration) {
    wall += duration;
    steady += duration;
  }
  SystemTime wall = from_unix_us(1'440'938'160'000'000);
  SteadyTime steady{std::chrono::hours(1000)};
};

/// A client with its own clock whose requests for some origins go to scripted servers.
struct AuthSession {
  AuthSession(std::string host, Credentials credentials, std::map<std::string, std::string> routes = {}) {
    registry::Endpoint endpoint = registry::Endpoint::parse(host).value();
    endpoint.credentials = std::move(credentials);
    transport = make_routed(registry::make_transport(io.get_executor(), {}), std::move(routes));
    client = std::make_shared<registry::Client>(transport, std::move(endpoint), clock);
  }
  template <class T>
  T run(boost::asio::awaitable<T> operation) {
    return run_awaitable(io, std::move(operation));
  }
  Result<registry::Page> catalog() { return run(client->catalog("")); }
  Result<registry::ManifestDocument> manifest(const std::string& repository) { return run(client->manifest(repository, "1")); }
  bool asked(const std::string& part) const {
    return std::ranges::any_of(transport->urls(), [&](const std::string& url) { return url.find(part) != std::string::npos; });
  }

  boost::asio::io_context io;
  FakeClock clock;
  std::shared_ptr<RoutedTransport> transport;
  std::shared_ptr<registry::Client> client;
};

inline const std::string kEmptyImage =
    R"({"schemaVersion":2,"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:)" + std::string(64, 'a') +
    R"(","size":2},"layers":[]})";

inline ScriptedResponse answer(int status, std::vector<std::pair<std::string, std::string>> headers = {}, std::string body = "") {
  ScriptedResponse out;
  out.status = status;
  out.headers = std::move(headers);
  out.body = std::move(body);
  return out;
}
inline ScriptedResponse found(std::string body) { return answer(200, {}, std::move(body)); }
/// What a registry answers whose realm is `realm`.
inline ScriptedResponse challenged(const std::string& realm, const std::string& more = "") {
  return answer(401, {{"WWW-Authenticate", "Bearer realm=\"" + realm + "\",service=\"svc\"" + more}});
}
/// A catalog or an image, whichever was asked for.
inline ScriptedResponse content(const ScriptedRequest& request) {
  return found(request.path().ends_with("_catalog") ? R"({"repositories":["a"]})" : kEmptyImage);
}

inline bool mentions(const Error& error, const std::string& text) { return error.message().find(text) != std::string::npos; }
inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }
inline std::vector<ScriptedRequest> with_path(const ScriptedServer& server, const std::string& path) {
  std::vector<ScriptedRequest> out = server.requests();
  std::erase_if(out, [&](const ScriptedRequest& request) { return request.path() != path; });
  return out;
}
inline Credentials user(std::string name = "u", std::string password = "pass-w0rd") {
  return Credentials::basic(std::move(name), Secret(std::move(password)));
}
inline Credentials token(std::string text) { return Credentials::from_login("", Secret(), Secret(std::move(text))); }

}  // namespace landwaiter::test
