// SPDX-License-Identifier: Apache-2.0
#include "tests/registry/support/script.hpp"

#include "core/base/limits.hpp"

#include <algorithm>

namespace landwaiter::test {

using namespace landwaiter::registry;

namespace {

std::string host_of(const ScriptedRequest& request) { return "https://" + request.header("x-original-host"); }

/// More than any script has; a walk that does not end is a failure of its own.
constexpr int kPagesMax = 200;

}  // namespace

ScriptedResponse Script::operator()(const ScriptedRequest& request) const {
  ScriptedResponse out;
  const std::string host = host_of(request);
  const auto needed = login.find(host);
  if (needed != login.end() && request.target != "/v2/" && request.header(needed->second.first) != needed->second.second) {
    out.status = 401;
    out.headers = {{"WWW-Authenticate", "Basic realm=\"scripted\""}};
    return out;
  }
  auto found = answers.find(request.method + ' ' + host + request.target);
  if (found == answers.end()) found = answers.find(request.method + ' ' + host + request.path());
  if (found != answers.end()) return found->second;
  out.status = 404;
  out.body = R"({"errors":[{"code":"NOT_SCRIPTED","message":"nothing here"}]})";
  return out;
}

void Script::json(const std::string& request, std::string body, std::vector<std::pair<std::string, std::string>> headers) {
  status(request, 200, std::move(headers), std::move(body));
}

void Script::status(const std::string& request, int code, std::vector<std::pair<std::string, std::string>> headers, std::string body) {
  ScriptedResponse out;
  out.status = code;
  out.headers = std::move(headers);
  out.body = std::move(body);
  answers[request] = std::move(out);
}

Strings Walk::told() const {
  Strings out;
  for (const TagEntry& entry : tags) {
    out.push_back(entry.tag + ' ' + (entry.digest.empty() ? "-" : entry.digest.str()) + ' ' + (entry.pushed.empty() ? "-" : entry.pushed));
  }
  return out;
}

ScriptedRegistry::ScriptedRegistry(std::vector<std::string> hosts, std::string kind, Script script, Credentials credentials)
    : hosts_(std::move(hosts)), endpoint_(Endpoint::parse(hosts_.front()).value()), server_(std::move(script)) {
  endpoint_.kind = std::move(kind);
  endpoint_.credentials = std::move(credentials);
}

Result<std::shared_ptr<Enumerator>> ScriptedRegistry::open() {
  std::map<std::string, std::string> routes{{"https://registry-1.docker.io", server_.url()}};
  for (const std::string& host : hosts_) routes["https://" + host] = server_.url();
  client_ = std::make_shared<Client>(make_routed(make_transport(io_.get_executor(), {}), std::move(routes)), endpoint_, clock_);
  return run_awaitable(io_, open_enumerator(client_));
}

std::string ScriptedRegistry::kind() {
  auto enumerator = open();
  return enumerator ? std::string((*enumerator)->kind()) : enumerator.error().message();
}

RepositoryPage ScriptedRegistry::page(std::string cursor) {
  auto enumerator = open();
  REQUIRE(enumerator.has_value());
  auto got = run_awaitable(io_, (*enumerator)->repositories(std::move(cursor)));
  INFO(got.error().message());
  REQUIRE(got.has_value());
  return *got;
}

Walk ScriptedRegistry::repositories(std::string cursor) {
  Walk out;
  PageGuard guard;
  for (int pages = 0; pages < kPagesMax; ++pages) {
    auto enumerator = open();
    REQUIRE(enumerator.has_value());
    auto got = run_awaitable(io_, (*enumerator)->repositories(cursor));
    if (!got) {
      out.error = got.error();
      return out;
    }
    for (const std::string_view name : got->names) out.names.emplace_back(name);
    out.invalid.insert(out.invalid.end(), got->invalid.begin(), got->invalid.end());
    for (const UnlistedPart& part : got->unlisted) out.unlisted.push_back(part.name + ": " + part.error.message());
    if (got->next.empty()) return out;
    REQUIRE(guard.follow(got->next).has_value());
    cursor = got->next;
    out.cursors.push_back(cursor);
  }
  FAIL("the walk does not end");
  return out;
}

Walk ScriptedRegistry::tags(const std::string& repository, std::string cursor) {
  Walk out;
  PageGuard guard;
  for (int pages = 0; pages < kPagesMax; ++pages) {
    auto enumerator = open();
    REQUIRE(enumerator.has_value());
    auto got = run_awaitable(io_, (*enumerator)->tags(repository, cursor));
    if (!got) {
      out.error = got.error();
      return out;
    }
    for (const TagEntry& entry : got->entries) {
      out.tags.push_back(entry);
      out.names.push_back(entry.tag);
    }
    out.invalid.insert(out.invalid.end(), got->invalid.begin(), got->invalid.end());
    if (got->next.empty()) return out;
    REQUIRE(guard.follow(got->next).has_value());
    cursor = got->next;
    out.cursors.push_back(cursor);
  }
  FAIL("the walk does not end");
  return out;
}

Strings ScriptedRegistry::asked() const {
  Strings out;
  for (const ScriptedRequest& request : server_.requests()) out.push_back(request.method + ' ' + host_of(request) + request.target);
  return out;
}

std::size_t ScriptedRegistry::asked_for(const std::string& part) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(asked(), [&](const std::string& request) { return request.find(part) != std::string::npos; }));
}

Strings ScriptedRegistry::sent(const std::string& host, const std::string& lower_header) const {
  Strings out;
  for (const ScriptedRequest& request : server_.requests()) {
    if (request.header("x-original-host") == host) out.push_back(request.header(lower_header));
  }
  return out;
}

std::string digest_of(char c) { return "sha256:" + std::string(64, c); }

std::string many(const std::string& prefix, std::size_t count, std::size_t first) {
  std::string out = "[";
  for (std::size_t i = first; i < first + count; ++i) {
    std::string number = std::to_string(i);
    number.insert(0, number.size() < 4 ? 4 - number.size() : 0, '0');
    out += (i == first ? "\"" : ",\"") + prefix + number + '"';
  }
  return out + ']';
}

bool mentions(const Walk& walk, const std::string& text) { return walk.error && walk.error->message().find(text) != std::string::npos; }

}  // namespace landwaiter::test
