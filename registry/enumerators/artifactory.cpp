// SPDX-License-Identifier: Apache-2.0
// Artifactory REST API, "Get Repositories", "List Docker Repositories" and "Artifactory Query Language (AQL)".
#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "registry/enumerators/enumerators.hpp"
#include "registry/enumerators/vendor.hpp"

#include <map>

namespace landwaiter::registry {
namespace {

using nlohmann::json;

constexpr std::string_view kContext = "/artifactory";

class Artifactory final : public VendorEnumerator {
 public:
  explicit Artifactory(std::shared_ptr<Client> client) : VendorEnumerator(std::move(client)), api_(shared_client(), ApiLogin::basic) {}

  std::string_view kind() const override { return "artifactory"; }
  bool knows_push_time() const override { return true; }

 protected:
  std::string right() const override { return "Artifactory: the account needs Read on the Docker repositories"; }
  bool has_api() const override { return true; }

  /// Some versions' Links drop the repository's key from the path.
  void adapt(ListQuery& query) const override { query.own_path = true; }

  Awaitable<Visit> visit(std::string key, std::string token) override;
  Awaitable<TagPage> v2_tags(std::string repository, std::string cursor) override;

 private:
  Awaitable<Visit> roots(std::string token);
  Awaitable<Visit> keys();
  Awaitable<std::map<std::string, std::string>> push_times(std::string key, std::string image);

  VendorApi api_;
  bool no_times_ = false;  ///< this account may not use the query language
};

/// Nodes are the API's base with a key: "/artifactory/api/docker/KEY". A host or port that is mapped to one repository has its own
/// catalog, without keys in names; where the key is part of the path there is no such catalog, and the API lists the keys.
Awaitable<Visit> Artifactory::visit(std::string node, std::string token) {
  if (node.empty()) {
    co_return co_await roots(std::move(token));
  }
  ListQuery query = Client::catalog_query();
  adapt(query);
  query.path = node + "/v2/_catalog";
  const std::string key = node.substr(node.rfind('/') + 1);
  query.subject = "the catalog of " + landwaiter::quoted(key);
  auto list = co_await client().list(std::move(query), std::move(token));
  if (!list) co_return list.error();
  Visit out;
  for (const std::string_view name : list->names) out.names.push_back(key + '/' + std::string(name));
  out.invalid = std::move(list->invalid);
  out.next = std::move(list->next);
  co_return out;
}

Awaitable<Visit> Artifactory::roots(std::string token) {
  const bool first = token.empty();
  ListQuery query = Client::catalog_query();
  adapt(query);
  auto list = co_await client().list(std::move(query), std::move(token));
  Visit out;
  if (list && (!first || !list->names.empty() || !list->next.empty())) {
    out.names = list->names.strings();
    out.invalid = std::move(list->invalid);
    out.next = std::move(list->next);
    co_return out;
  }
  if (!list && (!first || (!is_refused(list.error()) && list.error().code() != ErrorCode::malformed))) co_return list.error();
  auto found = co_await keys();
  // An existing but empty catalog means a repository without images.
  if (!found && list && is_refused(found.error())) co_return out;
  co_return found;
}

Awaitable<Visit> Artifactory::keys() {
  const std::string subject = "Artifactory's list of Docker repositories";
  std::string context(kContext);
  const std::string target = "/api/repositories?packageType=docker";
  auto url = own_url(context + target);
  auto answer = co_await api_.get(std::move(url), subject);
  if (!answer && answer.error().code() == ErrorCode::not_found) {
    context.clear();
    answer = co_await api_.get(own_url(target), subject);
  }
  if (!answer) co_return answer.error();
  auto list = list_of(std::move(answer->document), "");
  if (!list) co_return list.error().with_context(subject);
  Visit out;
  for (const json& entry : *list) {
    const std::string key = text_of(entry, "key");
    // A virtual repository shows the content of others. Old versions do not filter by package type.
    const std::string package = text_of(entry, "packageType");
    if (text_of(entry, "type") == "VIRTUAL" || (!package.empty() && !iequals(package, "docker"))) continue;
    if (is_repository_name(key) && key.find('/') == std::string::npos) out.nodes.push_back(context + "/api/docker/" + key);
    else if (!key.empty())
      out.unlisted.push_back({printable(key), Error(ErrorCode::unsupported, "its key cannot be part of an image's name")});
  }
  co_return out;
}

Awaitable<TagPage> Artifactory::v2_tags(std::string repository, std::string cursor) {
  auto page = co_await VendorEnumerator::v2_tags(repository, std::move(cursor));
  const std::size_t slash = repository.find('/');
  if (!page || page->entries.empty() || slash == std::string::npos || no_times_) co_return page;
  auto times = co_await push_times(repository.substr(0, slash), repository.substr(slash + 1));
  if (!times) {
    // Then only the times are missing.
    no_times_ = no_times_ || is_refused(times.error());
    co_return page;
  }
  for (std::size_t i = 0; i < page->entries.size(); ++i) {
    const auto found = times->find(page->entries[i].tag);
    if (found != times->end()) page->entries.set_pushed(i, found->second);
  }
  co_return page;
}

/// A tag is a folder with a manifest in it. The names have been validated; they contain neither quotes nor wildcards.
Awaitable<std::map<std::string, std::string>> Artifactory::push_times(std::string key, std::string image) {
  const json names = json::array({json::object({{"name", "manifest.json"}}), json::object({{"name", "list.manifest.json"}})});
  const json filter{{"repo", key}, {"path", json::object({{"$match", image + "/*"}})}, {"$or", names}};
  ApiRequest request;
  request.method = "POST";
  request.url = own_url(std::string(kContext) + "/api/search/aql");
  request.headers.push_back({"Content-Type", "text/plain"});
  request.body = Secret("items.find(" + dump_json(filter) + R"().include("repo","path","name","created"))");
  request.subject = "Artifactory's push times of " + image;
  request.unverified_origin = unverified_origin(endpoint());
  auto answer = co_await api_.ask(std::move(request));
  if (!answer) co_return answer.error();
  auto list = list_of(std::move(answer->document), "results");
  if (!list) co_return list.error();
  std::map<std::string, std::string> out;
  for (const json& item : *list) {
    const std::string path = text_of(item, "path");
    // Excludes images below this one.
    if (!path.starts_with(image + '/')) continue;
    out[path.substr(image.size() + 1)] = utc_of(text_of(item, "created"));
  }
  co_return out;
}

}  // namespace

std::shared_ptr<Enumerator> make_artifactory(std::shared_ptr<Client> client) { return std::make_shared<Artifactory>(std::move(client)); }

}  // namespace landwaiter::registry
