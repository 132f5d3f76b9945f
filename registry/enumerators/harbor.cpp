// SPDX-License-Identifier: Apache-2.0
// Harbor API 2.0 (api/v2.0/swagger.yaml): listProjects, listRepositories, listArtifacts. The catalog needs a system administrator, these
// only a project member.
#include "core/base/text.hpp"
#include "registry/enumerators/enumerators.hpp"
#include "registry/enumerators/vendor.hpp"
#include "registry/http/http_headers.hpp"

#include <charconv>

namespace landwaiter::registry {
namespace {

constexpr std::size_t kHarborPageSize = 100;  // the API's largest

/// By X-Total-Count, by Link, or, where a proxy drops both, because the page is full.
std::string next_page(const HttpResponse& response, unsigned page, std::size_t count) {
  const std::string total_text = response.header("X-Total-Count").value_or("");
  std::size_t total = 0;
  const auto [end, error] = std::from_chars(total_text.data(), total_text.data() + total_text.size(), total);
  bool more = count >= kHarborPageSize;
  if (error == std::errc() && end == total_text.data() + total_text.size() && !total_text.empty()) more = page * kHarborPageSize < total;
  else if (next_link(response.headers("Link")).kind != NextLink::Kind::none) more = true;
  return more && count > 0 ? std::to_string(page + 1) : std::string();
}

class Harbor final : public VendorEnumerator {
 public:
  explicit Harbor(std::shared_ptr<Client> client) : VendorEnumerator(std::move(client)), api_(shared_client(), ApiLogin::basic) {}

  std::string_view kind() const override { return "harbor"; }
  bool knows_push_time() const override { return true; }

 protected:
  std::string right() const override {
    return "Harbor: the account needs to be a member of the projects, or a robot account with \"list repository\" and \"list artifact\"";
  }
  bool has_api() const override { return true; }
  bool has_tags_api() const override { return true; }

  Awaitable<Visit> visit(std::string project, std::string token) override {
    auto page = page_number(token);
    if (!page) co_return page.error();
    std::string path = "/api/v2.0/projects";
    if (!project.empty()) path += '/' + percent_encoded(project) + "/repositories";
    const std::string subject = project.empty() ? "Harbor's projects" : "repositories of Harbor's project " + landwaiter::quoted(project);
    auto answer = co_await ask(std::move(path), *page, subject);
    if (!answer) co_return answer.error();
    auto list = list_of(std::move(answer->document), "");
    if (!list) co_return list.error().with_context(subject);
    Visit out;
    for (const nlohmann::json& entry : *list) {
      std::string name = text_of(entry, "name");
      if (!name.empty()) (project.empty() ? out.nodes : out.names).push_back(std::move(name));
    }
    out.next = next_page(*answer->response, *page, list->size());
    co_return out;
  }

  Awaitable<TagVisit> visit_tags(std::string repository, std::string token) override {
    auto page = page_number(token);
    if (!page) co_return page.error();
    const std::size_t slash = repository.find('/');
    if (slash == std::string::npos) co_return Error(ErrorCode::not_found, "Harbor's repositories are within a project");
    // Escaped twice: the first is undone before the path is taken apart, so that a slash in the name survives.
    std::string path = "/api/v2.0/projects/" + percent_encoded(repository.substr(0, slash)) + "/repositories/" +
                       percent_encoded(percent_encoded(repository.substr(slash + 1))) + "/artifacts";
    const std::string subject = "artifacts of repository " + repository;
    auto answer = co_await ask(std::move(path), *page, subject);
    if (!answer) co_return answer.error();
    auto list = list_of(std::move(answer->document), "");
    if (!list) co_return list.error().with_context(subject);
    TagVisit out;
    for (const nlohmann::json& artifact : *list) add_tags(artifact, out);
    out.next = next_page(*answer->response, *page, list->size());
    co_return out;
  }

 private:
  Awaitable<ApiAnswer> ask(std::string path, unsigned page, std::string subject) {
    std::string query = "?page=" + std::to_string(page) + "&page_size=" + std::to_string(kHarborPageSize);
    if (path.ends_with("/artifacts")) query += "&with_tag=true&with_accessory=false";
    auto url = own_url(path + query);
    co_return co_await api_.get(std::move(url), std::move(subject));
  }

  static void add_tags(const nlohmann::json& artifact, TagVisit& out) {
    auto digest = Digest::parse(text_of(artifact, "digest"));
    const std::string pushed = utc_of(text_of(artifact, "push_time"));
    const auto tags = artifact.is_object() ? artifact.find("tags") : artifact.end();
    if (tags == artifact.end() || !tags->is_array()) return;  // without a tag, only its digest names it
    for (const nlohmann::json& tag : *tags) {
      const std::string own = utc_of(text_of(tag, "push_time"));
      out.entries.push_back({text_of(tag, "name"), digest ? *digest : Digest(), own.empty() ? pushed : own});
    }
  }

  VendorApi api_;
};

}  // namespace

std::shared_ptr<Enumerator> make_harbor(std::shared_ptr<Client> client) { return std::make_shared<Harbor>(std::move(client)); }

}  // namespace landwaiter::registry
