// SPDX-License-Identifier: Apache-2.0
// Docker Hub API (docs.docker.com/reference/api/hub): "Create access token", "List repositories", "List repository tags". The registry
// itself always refuses its catalog.
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
    return "Docker Hub lists repositories only to accounts: give a user name with a password or a personal access token (read), or name "
           "the "
           "repositories";
  }
  bool has_api() const override { return true; }
  bool has_tags_api() const override { return true; }

  Awaitable<Visit> visit(std::string name_space, std::string token) override {
    if (name_space.empty()) {
      co_return co_await namespaces();
    }
    auto page = page_number(token);
    if (!page) co_return page.error();
    const std::string subject = "Docker Hub's repositories of " + landwaiter::quoted(name_space);
    const std::string path = "/v2/namespaces/" + percent_encoded(name_space) + "/repositories";
    auto answer = co_await get(paged(path, *page), subject);
    if (!answer) co_return answer.error();
    auto list = list_of(answer->document, "results");
    if (!list) co_return list.error().with_context(subject);
    Visit out;
    for (const json& entry : *list) {
      // Content other than images has its own type.
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
    auto answer = co_await get(paged(path, *page), subject);
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
  auto login = co_await client().login(false);
  if (!login) co_return login.error();
  if (login->anonymous()) co_return Error(ErrorCode::unauthorized, "Docker Hub's namespaces cannot be listed anonymously");
  auto answer = co_await get("/v2/repositories/namespaces", "Docker Hub's namespaces");
  Visit out;
  if (answer) {
    auto list = list_of(std::move(answer->document), "namespaces");
    if (!list) co_return list.error().with_context("Docker Hub's namespaces");
    for (const json& name : *list) {
      if (name.is_string()) out.nodes.push_back(name.get<std::string>());
    }
    co_return out;
  }
  // Access tokens of organizations may read repositories without this permission; their name is the organization's.
  const bool closed = answer.error().code() == ErrorCode::forbidden || answer.error().code() == ErrorCode::not_found;
  if (!closed || login->username.empty()) co_return answer.error();
  out.nodes.push_back(login->username);
  co_return out;
}

/// Anonymous without a login: public repositories show their tags to everyone.
Awaitable<ApiAnswer> DockerHub::get(std::string target, std::string subject) {
  for (bool renew = false;; renew = true) {
    auto token = co_await session(renew);
    if (!token) co_return token.error().with_context(subject);
    ApiRequest request;
    request.url = vendor_url(kHubHost, target);
    request.subject = subject;
    if (!token->empty()) request.secret_headers.push_back({"Authorization", Secret("Bearer " + token->reveal())});
    auto answer = co_await client().api().ask(std::move(request));
    if (answer || answer.error().code() != ErrorCode::unauthorized || renew || token->empty()) co_return answer;
  }
}

Awaitable<Secret> DockerHub::session(bool renew) {
  if (!renew && !session_.empty()) co_return session_;
  auto login = co_await client().login(renew);
  if (!login) co_return login.error();
  if (login->anonymous()) co_return Secret();
  if (login->username.empty())
    co_return Error(ErrorCode::unauthorized, "Docker Hub accepts an access token only together with its user name");
  auto token = co_await log_in(*login, "/v2/auth/token", "identifier", "secret", "access_token");
  if (!token && token.error().code() == ErrorCode::not_found) {
    token = co_await log_in(*login, "/v2/users/login", "username", "password", "token");
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
  auto answer = co_await client().api().ask(std::move(request));
  if (!answer) co_return answer.error();
  std::string token = text_of(answer->document, token_field);
  if (token.empty()) co_return Error(ErrorCode::malformed, "Docker Hub's answer to the login has no token");
  co_return Secret(std::move(token));
}

}  // namespace

std::shared_ptr<Enumerator> make_docker_hub(std::shared_ptr<Client> client) { return std::make_shared<DockerHub>(std::move(client)); }

}  // namespace landwaiter::registry
