// SPDX-License-Identifier: Apache-2.0
// Artifact Registry API v1, projects.locations.repositories.list and .packages.list; Resource Manager API v1, projects.list, where the
// login names no project. The registry's own catalog is always empty.
#include "core/base/text.hpp"
#include "registry/enumerators/enumerators.hpp"
#include "registry/enumerators/google_tags.hpp"

#include <algorithm>

namespace landwaiter::registry {
namespace {

using nlohmann::json;

constexpr const char* kApi = "artifactregistry.googleapis.com";
constexpr const char* kProjects = "cloudresourcemanager.googleapis.com";

/// "us-central1" for "https://us-central1-docker.pkg.dev".
std::string location_of(const std::string& host) { return host.substr(0, host.find("-docker.pkg.dev")); }

std::string page_query(const std::string& token) {
  return "?pageSize=1000" + (token.empty() ? std::string() : "&pageToken=" + percent_encoded(token));
}

std::string after_last(const std::string& text, std::string_view mark) {
  const std::size_t at = text.rfind(mark);
  return at == std::string::npos ? std::string() : text.substr(at + mark.size());
}

/// Package names have their slashes escaped.
std::string unescaped(std::string text) {
  for (const std::string_view slash : {"%2F", "%2f"}) {
    for (std::size_t at = text.find(slash); at != std::string::npos; at = text.find(slash, at)) text.replace(at, slash.size(), "/");
  }
  return text;
}

/// Projects of a domain are "example.com:project", and a path in names.
std::string as_path(std::string project) {
  std::ranges::replace(project, ':', '/');
  return project;
}

class ArtifactRegistry final : public GoogleEnumerator {
 public:
  explicit ArtifactRegistry(std::shared_ptr<Client> client)
      : GoogleEnumerator(std::move(client)), api_(shared_client(), ApiLogin::bearer) {}
  std::string_view kind() const override { return "artifact-registry"; }

 protected:
  std::string right() const override {
    return "Google: the service account needs the role Artifact Registry Reader in its project; give its key as Google credentials, or "
           "name the repositories";
  }

  /// Nodes are the API's own resource names: projects/P and projects/P/locations/L/repositories/R.
  Awaitable<Visit> visit(std::string node, std::string token) override {
    if (node.empty()) {
      co_return co_await projects(std::move(token));
    }
    if (node.find("/repositories/") == std::string::npos) {
      co_return co_await docker_repositories(std::move(node), std::move(token));
    }
    co_return co_await packages(std::move(node), std::move(token));
  }

 private:
  Awaitable<Visit> projects(std::string token);
  Awaitable<Visit> docker_repositories(std::string project, std::string token);
  Awaitable<Visit> packages(std::string repository, std::string token);

  VendorApi api_;
};

Awaitable<Visit> ArtifactRegistry::projects(std::string token) {
  Visit out;
  // A key is not a token: the registry accepts it as a password, but the API must never see it.
  if (endpoint().credentials.username.starts_with("_json_key")) {
    co_return Error(ErrorCode::unauthorized, "Artifact Registry's API does not accept a _json_key login");
  }
  if (const std::string own = project(); !own.empty()) {
    out.nodes.push_back("projects/" + own);
    co_return out;
  }
  const std::string subject = "Google's list of projects";
  const std::string target = "/v1/projects" + page_query(token);
  auto answer = co_await api_.get(vendor_url(kProjects, target), subject);
  if (!answer) co_return answer.error();
  out.next = text_of(answer->document, "nextPageToken");
  auto list = list_of(std::move(answer->document), "projects");
  if (!list) co_return list.error().with_context(subject);
  for (const json& entry : *list) {
    const std::string id = text_of(entry, "projectId");
    if (!id.empty() && text_of(entry, "lifecycleState") != "DELETE_REQUESTED") out.nodes.push_back("projects/" + id);
  }
  co_return out;
}

Awaitable<Visit> ArtifactRegistry::docker_repositories(std::string project, std::string token) {
  const std::string subject = "Artifact Registry's repositories of " + landwaiter::quoted(project);
  const std::string parent =
      "/v1/projects/" + percent_encoded(after_last(project, "projects/")) + "/locations/" + location_of(endpoint().host);
  const std::string target = parent + "/repositories" + page_query(token);
  auto answer = co_await api_.get(vendor_url(kApi, target), subject);
  if (!answer) co_return answer.error();
  Visit out;
  out.next = text_of(answer->document, "nextPageToken");
  auto list = list_of(std::move(answer->document), "repositories");
  if (!list) co_return list.error().with_context(subject);
  for (const json& entry : *list) {
    // A virtual repository shows the content of others.
    if (text_of(entry, "format") != "DOCKER" || text_of(entry, "mode") == "VIRTUAL_REPOSITORY") continue;
    const std::string name = after_last(text_of(entry, "name"), "/repositories/");
    if (!name.empty()) out.nodes.push_back(project + "/repositories/" + name);
  }
  co_return out;
}

Awaitable<Visit> ArtifactRegistry::packages(std::string repository, std::string token) {
  const std::string subject = "Artifact Registry's images of " + landwaiter::quoted(repository);
  const std::size_t middle = repository.find("/repositories/");
  const std::string project = repository.substr(std::string_view("projects/").size(), middle - std::string_view("projects/").size());
  const std::string name = after_last(repository, "/repositories/");
  const std::string parent =
      "/v1/projects/" + percent_encoded(project) + "/locations/" + location_of(endpoint().host) + "/repositories/" + percent_encoded(name);
  const std::string target = parent + "/packages" + page_query(token);
  auto answer = co_await api_.get(vendor_url(kApi, target), subject);
  if (!answer) co_return answer.error();
  Visit out;
  out.next = text_of(answer->document, "nextPageToken");
  auto list = list_of(std::move(answer->document), "packages");
  if (!list) co_return list.error().with_context(subject);
  for (const json& entry : *list) {
    const std::string package = unescaped(after_last(text_of(entry, "name"), "/packages/"));
    if (!package.empty()) out.names.push_back(as_path(project) + '/' + name + '/' + package);
  }
  co_return out;
}

}  // namespace

std::shared_ptr<Enumerator> make_artifact_registry(std::shared_ptr<Client> client) {
  return std::make_shared<ArtifactRegistry>(std::move(client));
}

}  // namespace landwaiter::registry
