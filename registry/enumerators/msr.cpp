// SPDX-License-Identifier: Apache-2.0
// Mirantis Secure Registry (Docker Trusted Registry) API v0, "ListRepositories" and "ListRepoTags". Pages are linked by the header
// X-Next-Page-Start.
#include "registry/enumerators/enumerators.hpp"
#include "registry/enumerators/vendor.hpp"

namespace landwaiter::registry {
namespace {

using nlohmann::json;

class Msr final : public VendorEnumerator {
 public:
  explicit Msr(std::shared_ptr<Client> client) : VendorEnumerator(std::move(client)), api_(shared_client(), ApiLogin::basic) {}

  std::string_view kind() const override { return "msr"; }
  bool knows_push_time() const override { return true; }

 protected:
  std::string right() const override {
    return "MSR: the account needs \"read only\" access to the repositories, by a team or as their owner";
  }
  bool has_api() const override { return true; }
  bool has_tags_api() const override { return true; }

  Awaitable<Visit> visit(std::string, std::string token) override {
    const std::string subject = "MSR's repositories";
    auto url = own_url("/api/v0/repositories?pageSize=100" + from(token));
    auto answer = co_await api_.get(std::move(url), subject);
    if (!answer) co_return answer.error();
    Visit out;
    out.next = answer->response->header("X-Next-Page-Start").value_or("");
    auto list = list_of(std::move(answer->document), "repositories");
    if (!list) co_return list.error().with_context(subject);
    for (const json& entry : *list) out.names.push_back(text_of(entry, "namespace") + '/' + text_of(entry, "name"));
    co_return out;
  }

  Awaitable<TagVisit> visit_tags(std::string repository, std::string token) override {
    const std::string subject = "MSR's tags of repository " + repository;
    auto url = own_url("/api/v0/repositories/" + repository + "/tags?pageSize=100" + from(token));
    auto answer = co_await api_.get(std::move(url), subject);
    if (!answer) co_return answer.error();
    TagVisit out;
    out.next = answer->response->header("X-Next-Page-Start").value_or("");
    auto list = list_of(std::move(answer->document), "");
    if (!list) co_return list.error().with_context(subject);
    for (const json& entry : *list) {
      auto digest = Digest::parse(text_of(entry, "digest"));
      std::string pushed = utc_of(text_of(entry, "updatedAt"));
      if (pushed.empty()) pushed = utc_of(text_of(entry, "createdAt"));
      out.entries.push_back({text_of(entry, "name"), digest ? *digest : Digest(), std::move(pushed)});
    }
    co_return out;
  }

 private:
  static std::string from(const std::string& token) { return token.empty() ? std::string() : "&pageStart=" + percent_encoded(token); }

  VendorApi api_;
};

}  // namespace

std::shared_ptr<Enumerator> make_msr(std::shared_ptr<Client> client) { return std::make_shared<Msr>(std::move(client)); }

}  // namespace landwaiter::registry
