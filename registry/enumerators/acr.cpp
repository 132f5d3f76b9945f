// SPDX-License-Identifier: Apache-2.0
// Azure Container Registry REST API, "Repository - Get List" (as /v2/_catalog) and "Tag - Get List" (/acr/v1/{name}/_tags).
#include "registry/enumerators/enumerators.hpp"
#include "registry/enumerators/vendor.hpp"

namespace landwaiter::registry {
namespace {

class Acr final : public VendorEnumerator {
 public:
  explicit Acr(std::shared_ptr<Client> client) : VendorEnumerator(std::move(client)) {}

  std::string_view kind() const override { return "acr"; }
  bool knows_push_time() const override { return true; }

 protected:
  std::string right() const override {
    return "Azure: the identity needs the role AcrPull with \"Container Registry Repository Catalog Lister\", or a token's scope map "
           "metadata/read for *";
  }

  /// A token whose scope map lists repositories gets an empty catalog instead of a refusal.
  Awaitable<RepositoryPage> v2_repositories(std::string cursor) override {
    const bool first = cursor.empty();
    auto page = co_await VendorEnumerator::v2_repositories(std::move(cursor));
    if (page && first && page->names.empty() && page->invalid.empty() && page->next.empty()) {
      page->unlisted.push_back(
          {"the catalog", Error(ErrorCode::forbidden, "registry " + endpoint().host + " lists no repository; if it has some: " + right())});
    }
    co_return page;
  }

  /// With time and digest if the metadata may be read, otherwise the plain tag list.
  Awaitable<TagPage> v2_tags(std::string repository, std::string cursor) override {
    auto query = Client::tags_query(repository);
    if (!query) co_return query.error();
    query->path = "/acr/v1/" + repository + "/_tags";
    query->with_document = true;
    query->scope = "repository:" + repository + ":metadata_read";
    const bool plain = !cursor.empty() && !ListState::parse(cursor, *query);
    if (!plain) {
      auto page = co_await client().list(*query, cursor);
      if (page) co_return with_attributes(std::move(*page));
      if (!cursor.empty() || !is_refused(page.error())) co_return page.error();
    }
    co_return co_await VendorEnumerator::v2_tags(std::move(repository), std::move(cursor));
  }

 private:
  static TagPage with_attributes(ListPage page) {
    std::map<std::string, const nlohmann::json*, std::less<>> attributes;
    const auto list = page.document.find("tags");
    if (list != page.document.end() && list->is_array()) {
      for (const nlohmann::json& entry : *list) attributes.emplace(text_of(entry, "name"), &entry);
    }
    TagPage out;
    for (const std::string_view name : page.names) {
      const nlohmann::json none;
      const auto found = attributes.find(name);
      const nlohmann::json& entry = found == attributes.end() ? none : *found->second;
      auto digest = Digest::parse(text_of(entry, "digest"));
      out.entries.push_back({std::string(name), digest ? *digest : Digest(), utc_of(text_of(entry, "lastUpdateTime"))});
    }
    out.invalid = std::move(page.invalid);
    out.next = std::move(page.next);
    return out;
  }
};

}  // namespace

std::shared_ptr<Enumerator> make_acr(std::shared_ptr<Client> client) { return std::make_shared<Acr>(std::move(client)); }

}  // namespace landwaiter::registry
