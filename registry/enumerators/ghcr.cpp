// SPDX-License-Identifier: Apache-2.0
// GitHub REST API, "List packages for the authenticated user's namespace", "List packages for an organization", "List organizations for
// the authenticated user" and "List package versions". The registry has no catalog.
#include "core/base/text.hpp"
#include "registry/enumerators/enumerators.hpp"
#include "registry/enumerators/vendor.hpp"
#include "registry/http/http_headers.hpp"

namespace landwaiter::registry {
namespace {

using nlohmann::json;

constexpr const char* kGitHubHost = "api.github.com";
/// Nodes: the user's own packages, the list of organizations, and "orgs/NAME".
constexpr std::string_view kAnyGitHubUser = "user";

class Ghcr final : public VendorEnumerator {
 public:
  explicit Ghcr(std::shared_ptr<Client> client) : VendorEnumerator(std::move(client)), api_(shared_client(), ApiLogin::bearer) {}

  std::string_view kind() const override { return "ghcr"; }
  bool knows_push_time() const override { return true; }

 protected:
  std::string right() const override {
    return "GitHub: give a personal access token (classic) with the scopes read:packages and read:org, authorized for single sign-on where "
           "an "
           "organization requires it, or name the repositories";
  }
  bool has_api() const override { return true; }
  bool has_tags_api() const override { return true; }

  Awaitable<Visit> visit(std::string node, std::string token) override {
    if (node.empty()) {
      co_return co_await organizations(std::move(token));
    }
    const std::string subject =
        node == kAnyGitHubUser ? "GitHub's packages of the user" : "GitHub's packages of " + landwaiter::quoted(node);
    auto path = '/' + node + "/packages?package_type=container";
    auto answer = co_await get(std::move(path), token, subject);
    if (!answer) co_return answer.error();
    auto list = list_of(std::move(answer->document), "");
    if (!list) co_return list.error().with_context(subject);
    Visit out;
    for (const json& entry : *list) {
      const auto owner = entry.is_object() ? entry.find("owner") : entry.end();
      // Logins may contain capitals, repository names may not.
      const std::string login = owner == entry.end() ? std::string() : to_lower(text_of(*owner, "login"));
      out.names.push_back(login + '/' + text_of(entry, "name"));
    }
    auto next = next_page(*answer->response, token);
    if (!next) co_return next.error();
    out.next = std::move(*next);
    co_return out;
  }

  /// A token is "orgs 3" or "users 3": which of the two the owner is, and the page.
  Awaitable<TagVisit> visit_tags(std::string repository, std::string token) override {
    const std::size_t space = token.find(' ');
    std::string of = token.empty() ? "orgs" : token.substr(0, space);
    const std::string page = space == std::string::npos ? std::string() : token.substr(space + 1);
    if (of != "orgs" && of != "users") co_return Error(ErrorCode::invalid_argument, "the cursor is not one of this registry's lists");
    const std::size_t slash = repository.find('/');
    if (slash == std::string::npos) co_return Error(ErrorCode::not_found, "GitHub's repositories are below an owner");
    const std::string subject = "GitHub's versions of " + repository;
    const std::string path = '/' + repository.substr(0, slash) + "/packages/container/" + percent_encoded(repository.substr(slash + 1)) +
                             "/versions?state=active";
    auto target = '/' + of + path;
    auto answer = co_await get(std::move(target), page, subject);
    if (!answer && token.empty() && answer.error().code() == ErrorCode::not_found) {
      of = "users";
      target = '/' + of + path;
      answer = co_await get(std::move(target), page, subject);
    }
    if (!answer) co_return answer.error();
    auto list = list_of(std::move(answer->document), "");
    if (!list) co_return list.error().with_context(subject);
    TagVisit out;
    for (const json& version : *list) add_tags(version, out);
    auto next = next_page(*answer->response, page);
    if (!next) co_return next.error();
    if (!next->empty()) out.next = of + ' ' + *next;
    co_return out;
  }

 private:
  Awaitable<Visit> organizations(std::string token) {
    const std::string subject = "GitHub's organizations";
    auto answer = co_await get("/user/orgs?", token, subject);
    Visit out;
    if (token.empty()) out.nodes.emplace_back(kAnyGitHubUser);
    if (!answer && token.empty() && answer.error().code() == ErrorCode::forbidden) {
      // Without read:org only the user's own packages remain.
      out.unlisted.push_back({"organizations", Error(ErrorCode::forbidden, answer.error().message() + "; " + right())});
      co_return out;
    }
    if (!answer) co_return answer.error();
    auto list = list_of(std::move(answer->document), "");
    if (!list) co_return list.error().with_context(subject);
    for (const json& entry : *list) {
      if (const std::string login = text_of(entry, "login"); !login.empty()) out.nodes.push_back("orgs/" + percent_encoded(login));
    }
    auto next = next_page(*answer->response, token);
    if (!next) co_return next.error();
    out.next = std::move(*next);
    co_return out;
  }

  Awaitable<ApiAnswer> get(std::string target, std::string token, std::string subject) {
    auto page = page_number(token);
    if (!page) co_return page.error();
    auto login = co_await client().login(false);
    if (!login) co_return login.error();
    if (login->anonymous()) co_return Error(ErrorCode::unauthorized, subject + " cannot be listed anonymously");
    target += (target.ends_with('?') ? "per_page=100&page=" : "&per_page=100&page=") + std::to_string(*page);
    std::vector<Header> headers;
    headers.push_back({"X-GitHub-Api-Version", "2022-11-28"});
    co_return co_await api_.get(vendor_url(kGitHubHost, std::move(target)), std::move(subject), std::move(headers));
  }

  /// Only the existence of a Link is used: following its URL would send it the token.
  static Result<std::string> next_page(const HttpResponse& response, const std::string& token) {
    if (next_link(response.headers("Link")).kind == NextLink::Kind::none) return std::string();
    auto page = page_number(token);
    if (!page) return page.error();
    return std::to_string(*page + 1);
  }

  static void add_tags(const json& version, TagVisit& out) {
    auto digest = Digest::parse(text_of(version, "name"));
    const std::string pushed = utc_of(text_of(version, "updated_at"));
    const json::json_pointer place("/metadata/container/tags");
    if (!version.is_object() || !version.contains(place) || !version.at(place).is_array()) return;
    for (const json& tag : version.at(place)) {
      if (tag.is_string()) out.entries.push_back({tag.get<std::string>(), digest ? *digest : Digest(), pushed});
    }
  }

  VendorApi api_;
};

}  // namespace

std::shared_ptr<Enumerator> make_ghcr(std::shared_ptr<Client> client) { return std::make_shared<Ghcr>(std::move(client)); }

}  // namespace landwaiter::registry
