// SPDX-License-Identifier: Apache-2.0
// Quay API v1, "getLoggedInUser", "listRepos" and "listRepoTags", with an OAuth token; with a user's or robot's password the catalog,
// which lists what the account may pull.
#include "core/base/text.hpp"
#include "registry/enumerators/enumerators.hpp"
#include "registry/enumerators/vendor.hpp"

namespace landwaiter::registry {
namespace {

using nlohmann::json;

class Quay final : public VendorEnumerator {
 public:
  explicit Quay(std::shared_ptr<Client> client) : VendorEnumerator(std::move(client)), api_(shared_client(), ApiLogin::bearer) {}

  std::string_view kind() const override { return "quay"; }
  bool knows_push_time() const override { return has_token(); }

 protected:
  std::string right() const override {
    return "Quay: the OAuth token needs the scopes \"View all visible repositories\" and \"Read user information\", a robot account Read "
           "on "
           "the repositories";
  }
  bool has_api() const override { return has_token(); }
  bool has_tags_api() const override { return has_token(); }

  /// Nodes are namespaces: the user's own and those of the organizations.
  Awaitable<Visit> visit(std::string name_space, std::string token) override {
    if (name_space.empty()) {
      co_return co_await namespaces();
    }
    const std::string subject = "Quay's repositories of " + landwaiter::quoted(name_space);
    std::string target = "/api/v1/repository?namespace=" + percent_encoded(name_space);
    if (!token.empty()) target += "&next_page=" + percent_encoded(token);
    auto answer = co_await api_.get(own_url(std::move(target)), subject);
    if (!answer) co_return answer.error();
    Visit out;
    out.next = text_of(answer->document, "next_page");
    auto list = list_of(std::move(answer->document), "repositories");
    if (!list) co_return list.error().with_context(subject);
    for (const json& entry : *list) {
      const std::string what = text_of(entry, "kind");
      if (what.empty() || what == "image") out.names.push_back(text_of(entry, "namespace") + '/' + text_of(entry, "name"));
    }
    co_return out;
  }

  Awaitable<TagVisit> visit_tags(std::string repository, std::string token) override {
    auto page = page_number(token);
    if (!page) co_return page.error();
    const std::string subject = "Quay's tags of repository " + repository;
    const std::string target = "/api/v1/repository/" + repository + "/tag/?onlyActiveTags=true&limit=100&page=" + std::to_string(*page);
    auto answer = co_await api_.get(own_url(target), subject);
    if (!answer) co_return answer.error();
    const auto more = answer->document.is_object() ? answer->document.find("has_additional") : answer->document.end();
    const bool has_more = more != answer->document.end() && more->is_boolean() && more->get<bool>();
    auto list = list_of(std::move(answer->document), "tags");
    if (!list) co_return list.error().with_context(subject);
    TagVisit out;
    for (const json& entry : *list) {
      auto digest = Digest::parse(text_of(entry, "manifest_digest"));
      out.entries.push_back({text_of(entry, "name"), digest ? *digest : Digest(), started(entry)});
    }
    if (has_more && !out.entries.empty()) out.next = std::to_string(*page + 1);
    co_return out;
  }

 private:
  bool has_token() const { return !endpoint().credentials.token.empty(); }

  static std::string started(const json& entry) {
    const auto seconds = entry.is_object() ? entry.find("start_ts") : entry.end();
    if (seconds == entry.end() || !seconds->is_number_unsigned()) return {};
    const auto value = seconds->get<std::uint64_t>();
    return value > 253'402'300'799 ? std::string() : utc_of_milliseconds(static_cast<std::int64_t>(value) * 1000);
  }

  Awaitable<Visit> namespaces() {
    const std::string subject = "Quay's user";
    auto url = own_url("/api/v1/user/");
    auto answer = co_await api_.get(std::move(url), subject);
    if (!answer) co_return answer.error();
    Visit out;
    if (std::string name = text_of(answer->document, "username"); !name.empty()) out.nodes.push_back(std::move(name));
    auto list = list_of(std::move(answer->document), "organizations");
    if (!list) co_return list.error().with_context(subject);
    for (const json& entry : *list) {
      if (std::string name = text_of(entry, "name"); !name.empty()) out.nodes.push_back(std::move(name));
    }
    co_return out;
  }

  VendorApi api_;
};

}  // namespace

std::shared_ptr<Enumerator> make_quay(std::shared_ptr<Client> client) { return std::make_shared<Quay>(std::move(client)); }

}  // namespace landwaiter::registry
