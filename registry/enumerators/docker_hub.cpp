// SPDX-License-Identifier: Apache-2.0
// Docker Hub API (docs.docker.com/reference/api/hub): "Create access token", "List repositories", "List repository tags". The registry
// itself refuses its catalog to everybody.
#include "core/base/json.hpp"
#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "registry/enumerators/enumerators.hpp"
#include "registry/enumerators/vendor.hpp"

namespace landwaiter::registry {
namespace {

using nlohmann::json;

constexpr const char* kHubHost = "hub.docker.com";
constexpr std::size_t kHubPageSize = 100;  // the API's largest

std::string paged(const std::string& path, unsigned page) {
  return path + "?page=" + std::to_string(page) + "&page_size=" + std::to_string(kHubPageSize);
}

/// {"count":..., "next": URL or null, "results": [...]}; only whether there is a next page is taken from the URL.
std::string next_page(const json& document, unsigned page, std::size_t count) {
  return count > 0 && !text_of(document, "next").empty() ? std::to_string(page + 1) : std::string();
}

class DockerHub final : public VendorEnumerator {
 public:
  explicit DockerHub(std::shared_ptr<Client> client) : VendorEnumerator(std::move(client)) {}

  std::string_view kind() const override { return "docker-hub"; }
  bool knows_push_time() const override { return true; }

 protected:
  std::string right() const override {
    return "Docker Hub lists repositories to accounts only: give a user name with a password or a personal access token (read), or name "
           "the "
           "repositories";
  }
  bool has_api() const override { return true; }
  bool has_tags_api() const override { return true; }

  Awaitable<Visit> visit(std::string name_space, std::string token) override {
    if (name_space.empty()) {
      auto op = namespaces();
      co_return co_await std::move(op);
    }
    auto page = page_number(token);
    if (!page) co_return page.error();
    const std::string subject = "Docker Hub's repositories of " + landwaiter::quoted(name_space);
    auto op = get(paged("/v2/namespaces/" + percent_encoded(name_space) + "/repositories", *page), subject);
    auto answer = co_await std::move(op);
    if (!answer) co_return answer.error();
    auto list = list_of(answer->document, "results");
    if (!list) co_return list.error().with_context(subject);
    Visit out;
    for (const json& entry : *list) {
      // Other things than images have a type of their own.
      const std::string type = text_of(entry, "repository_type");
      if (!type.empty() && type != "image") continue;
      out.names.push_back(name_space + '/' + text_of(entry, "name"));
    }
    out.next = next_page(answer->document, *page, list->size());
    co_return out;
  }

  Awaitable<TagVisit> visit_tags(std::string repository, std::string token) override {
    auto page = page_number(token);
    if (!page) co_return page.error();
    const std::size_t slash = repository.find('/');
    if (slash == std::string::npos) co_return Error(ErrorCode::not_found, "Docker Hub's repositories are within a namespace");
    const std::string subject = "Docker Hub's tags of repository " + repository;
    const std::string path =
        "/v2/namespaces/" + repository.substr(0, slash) + "/repositories/" + percent_encoded(repository.substr(slash + 1)) + "/tags";
    auto op = get(paged(path, *page), subject);
    auto answer = co_await std::move(op);
    if (!answer) co_return answer.error();
    auto list = list_of(answer->document, "results");
    if (!list) co_return list.error().with_context(subject);
    TagVisit out;
    for (const json& entry : *list) {
      auto digest = Digest::parse(text_of(entry, "digest"));
      std::string pushed = utc_of(text_of(entry, "tag_last_pushed"));
      if (pushed.empty()) pushed = utc_of(text_of(entry, "last_updated"));
      out.entries.push_back({text_of(entry, "name"), digest ? *digest : Digest(), std::move(pushed)});
    }
    out.next = next_page(answer->document, *page, list->size());
    co_return out;
  }

 private:
  Awaitable<Visit> namespaces();
  Awaitable<ApiAnswer> get(std::string target, std::string subject);
  Awaitable<Secret> session(bool renew);
  Awaitable<Secret> log_in(Login login, std::string path, const char* name_field, const char* secret_field, const char* token_field);

  Secret session_;  ///< a token of the Hub's API, for about ten minutes
};

Awaitable<Visit> DockerHub::namespaces() {
  auto logging_in = client().login(false);
  auto login = co_await std::move(logging_in);
  if (!login) co_return login.error();
  if (login->anonymous()) co_return Error(ErrorCode::unauthorized, "Docker Hub's namespaces were asked for anonymously");
  auto op = get("/v2/repositories/namespaces", "Docker Hub's namespaces");
  auto answer = co_await std::move(op);
  Visit out;
  if (answer) {
    auto list = list_of(std::move(answer->document), "namespaces");
    if (!list) co_return list.error().with_context("Docker Hub's namespaces");
    for (const json& name : *list) {
      if (name.is_string()) out.nodes.push_back(name.get<std::string>());
    }
    co_return out;
  }
  // Access tokens of organisations may read repositories without this right; their name is the organisation's.
  const bool closed = answer.error().code() == ErrorCode::forbidden || answer.error().code() == ErrorCode::not_found;
  if (!closed || login->username.empty()) co_return answer.error();
  out.nodes.push_back(login->username);
  co_return out;
}

/// Anonymously where there is no login: public repositories show their tags to everybody.
Awaitable<ApiAnswer> DockerHub::get(std::string target, std::string subject) {
  for (bool renew = false;; renew = true) {
    auto starting = session(renew);
    auto token = co_await std::move(starting);
    if (!token) co_return token.error().with_context(subject);
    ApiRequest request;
    request.url = vendor_url(kHubHost, target);
    request.subject = subject;
    if (!token->empty()) request.secret_headers.push_back({"Authorization", Secret("Bearer " + token->reveal())});
    auto op = client().api().ask(std::move(request));
    auto answer = co_await std::move(op);
    if (answer || answer.error().code() != ErrorCode::unauthorized || renew || token->empty()) co_return answer;
  }
}

Awaitable<Secret> DockerHub::session(bool renew) {
  if (!renew && !session_.empty()) co_return session_;
  auto logging_in = client().login(renew);
  auto login = co_await std::move(logging_in);
  if (!login) co_return login.error();
  if (login->anonymous()) co_return Secret();
  if (login->username.empty())
    co_return Error(ErrorCode::unauthorized, "Docker Hub takes an access token only together with its user name");
  auto op = log_in(*login, "/v2/auth/token", "identifier", "secret", "access_token");
  auto token = co_await std::move(op);
  if (!token && token.error().code() == ErrorCode::not_found) {
    auto older = log_in(*login, "/v2/users/login", "username", "password", "token");
    token = co_await std::move(older);
  }
  if (token) session_ = *token;
  co_return token;
}

Awaitable<Secret> DockerHub::log_in(Login login, std::string path, const char* name_field, const char* secret_field,
                                    const char* token_field) {
  const Secret& secret = login.token.empty() ? login.password : login.token;
  std::string body = dump_json(json{{name_field, login.username}, {secret_field, secret.reveal()}});
  ApiRequest request;
  request.method = "POST";
  request.url = vendor_url(kHubHost, std::move(path));
  request.headers.push_back({"Content-Type", "application/json"});
  request.body = Secret(body);
  wipe(body);
  request.secrets.push_back(secret);
  request.subject = "the login to Docker Hub";
  request.bytes_max = limits::token_bytes_max;
  auto op = client().api().ask(std::move(request));
  auto answer = co_await std::move(op);
  if (!answer) co_return answer.error();
  std::string token = text_of(answer->document, token_field);
  if (token.empty()) co_return Error(ErrorCode::malformed, "Docker Hub's answer to the login holds no token");
  co_return Secret(std::move(token));
}

}  // namespace

std::shared_ptr<Enumerator> make_docker_hub(std::shared_ptr<Client> client) { return std::make_shared<DockerHub>(std::move(client)); }

}  // namespace landwaiter::registry
