// SPDX-License-Identifier: Apache-2.0
// gcr.io: the catalog if it has entries, otherwise the `child` lists of tags/list, starting from the service account's project.
#include "core/base/text.hpp"
#include "registry/enumerators/enumerators.hpp"
#include "registry/enumerators/google_tags.hpp"

namespace landwaiter::registry {
namespace {

using nlohmann::json;

bool holds(const json& document, const char* field) {
  const auto found = document.is_object() ? document.find(field) : document.end();
  return found != document.end() && found->is_structured() && !found->empty();
}

class Gcr final : public GoogleEnumerator {
 public:
  using GoogleEnumerator::GoogleEnumerator;
  std::string_view kind() const override { return "gcr"; }

 protected:
  std::string right() const override {
    return "Google: give a service account's key of the project, with the role Artifact Registry Reader (or Storage Object Viewer)";
  }

  Awaitable<Visit> visit(std::string node, std::string token) override {
    if (node.empty()) {
      co_return co_await roots(std::move(token));
    }
    auto query = Client::tags_query(node);
    if (!query) co_return query.error();
    adapt(*query);
    query->with_document = true;
    const bool first = token.empty();
    auto list = co_await client().list(*query, std::move(token));
    if (!list) co_return list.error();
    Visit out;
    // Folders have only children; anything with manifests is a repository, even without tags.
    if (first && (!list->names.empty() || holds(list->document, "manifest"))) out.names.push_back(node);
    out.next = list->next;
    auto children = list_of(std::move(list->document), "child");
    if (!children) co_return children.error().with_context(query->subject);
    for (const json& child : *children) {
      if (!child.is_string()) continue;
      std::string below = node + '/' + child.get<std::string>();
      if (is_repository_name(below)) out.nodes.push_back(std::move(below));
      else out.invalid.push_back(printable(below.substr(0, limits::repository_name_bytes_max)));
    }
    co_return out;
  }

 private:
  /// The catalog also lists everything below, so its names are used directly.
  Awaitable<Visit> roots(std::string token) {
    ListQuery query = Client::catalog_query();
    adapt(query);
    const bool first = token.empty();
    auto list = co_await client().list(std::move(query), std::move(token));
    if (!list && (!first || !is_refused(list.error()))) co_return list.error();
    Visit out;
    if (list && (!first || !list->names.empty() || !list->next.empty())) {
      out.names = list->names.strings();
      out.invalid = std::move(list->invalid);
      out.next = std::move(list->next);
      co_return out;
    }
    std::string root = project();
    if (root.empty()) {
      if (!list) co_return list.error();
      co_return Error(ErrorCode::forbidden, "registry " + endpoint().host + " lists no repository in its catalog");
    }
    // Projects of a domain are "example.com:project", and a path in names.
    if (const std::size_t colon = root.find(':'); colon != std::string::npos) root[colon] = '/';
    out.nodes.push_back(std::move(root));
    co_return out;
  }
};

}  // namespace

std::shared_ptr<Enumerator> make_gcr(std::shared_ptr<Client> client) { return std::make_shared<Gcr>(std::move(client)); }

}  // namespace landwaiter::registry
