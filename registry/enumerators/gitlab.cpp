// SPDX-License-Identifier: Apache-2.0
// GitLab REST API v4, "List all projects" and "List registry repositories". It is on the host of the registry's token realm; the registry
// itself refuses its catalog.
#include "core/base/text.hpp"
#include "registry/auth/auth.hpp"
#include "registry/enumerators/enumerators.hpp"
#include "registry/enumerators/vendor.hpp"
#include "registry/http/address.hpp"

#include <algorithm>
#include <optional>

namespace landwaiter::registry {
namespace {

using nlohmann::json;

class GitLab final : public VendorEnumerator {
 public:
  explicit GitLab(std::shared_ptr<Client> client) : VendorEnumerator(std::move(client)), api_(shared_client(), ApiLogin::private_token) {}

  std::string_view kind() const override { return "gitlab"; }

 protected:
  std::string right() const override {
    return "GitLab: give a personal, group or project access token with the scopes read_api and read_registry, of a member with the role "
           "Reporter";
  }
  bool has_api() const override { return true; }

  /// Nodes are the projects' numbers.
  Awaitable<Visit> visit(std::string project, std::string token) override {
    auto page = page_number(token);
    if (!page) co_return page.error();
    const std::string subject =
        project.empty() ? "GitLab's projects" : "registry repositories of GitLab's project " + landwaiter::quoted(project);
    std::string target = "/api/v4/projects?membership=1&simple=true";
    if (!project.empty()) target = "/api/v4/projects/" + percent_encoded(project) + "/registry/repositories?tags=false";
    target += "&per_page=100&page=" + std::to_string(*page);
    auto answer = co_await get(std::move(target), subject);
    Visit out;
    // A project without a registry answers this way, and has no images.
    if (!answer && !project.empty() && (answer.error().code() == ErrorCode::not_found || answer.error().code() == ErrorCode::forbidden))
      co_return out;
    if (!answer) co_return answer.error();
    auto list = list_of(std::move(answer->document), "");
    if (!list) co_return list.error().with_context(subject);
    for (const json& entry : *list) {
      const auto id = entry.is_object() ? entry.find("id") : entry.end();
      if (!project.empty()) out.names.push_back(text_of(entry, "path"));
      else if (id != entry.end() && id->is_number_unsigned()) out.nodes.push_back(std::to_string(id->get<std::uint64_t>()));
    }
    const std::string next = answer->response->header("X-Next-Page").value_or("");
    if (!next.empty() && !list->empty()) out.next = std::to_string(*page + 1);
    co_return out;
  }

 private:
  Awaitable<HttpUrl> home();

  Awaitable<ApiAnswer> get(std::string target, std::string subject) {
    auto login = co_await client().login(false);
    if (!login) co_return login.error();
    if (login->anonymous()) co_return Error(ErrorCode::unauthorized, subject + " cannot be listed anonymously");
    auto url = co_await home();
    if (!url) co_return url.error().with_context(subject);
    auto base = client().base();
    ApiRequest request;
    request.foreign_host = is_foreign_host(*base, *url);
    request.unverified_origin = unverified_origin(endpoint());
    request.url = std::move(*url);
    request.url.target = std::move(target);
    request.headers.push_back({"Accept", "application/json"});
    request.subject = std::move(subject);
    co_return co_await api_.ask(std::move(request));
  }

  VendorApi api_;
  std::optional<HttpUrl> home_;
};

/// The realm's host receives a token for all of GitLab: it must pass the same checks as for a login.
Awaitable<HttpUrl> GitLab::home() {
  if (home_) co_return *home_;
  auto probe = co_await client().probe();
  if (!probe) co_return probe.error();
  const auto base = client().base();
  const auto challenge = std::ranges::find(probe->challenges, "bearer", &Challenge::scheme);
  if (challenge == probe->challenges.end())
    co_return Error(ErrorCode::not_found, "the registry names no token realm, which is needed to find GitLab");
  auto realm = base->resolve(challenge->parameter("realm"));
  if (!realm) co_return realm.error().with_context("the registry's realm");
  auto allowed = check_realm(*base, *realm);
  if (!allowed) co_return allowed.error();
  home_ = *realm;
  co_return *realm;
}

}  // namespace

std::shared_ptr<Enumerator> make_gitlab(std::shared_ptr<Client> client) { return std::make_shared<GitLab>(std::move(client)); }

}  // namespace landwaiter::registry
