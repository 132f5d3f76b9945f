// SPDX-License-Identifier: Apache-2.0
// The OCI distribution specification, section "Content Discovery", and Docker's /v2/_catalog.
#include "registry/enumerators/enumerators.hpp"

namespace landwaiter::registry {
namespace {

class DockerV2 final : public Enumerator {
 public:
  explicit DockerV2(std::shared_ptr<Client> client) : client_(std::move(client)) {}

  std::string_view kind() const override { return "docker-v2"; }
  bool knows_push_time() const override { return false; }

  Awaitable<RepositoryPage> repositories(std::string cursor) override {
    auto op = client_->catalog(std::move(cursor));
    auto page = co_await std::move(op);
    if (!page) co_return page.error();
    RepositoryPage out;
    out.names = std::move(page->names);
    out.invalid = std::move(page->invalid);
    out.next = std::move(page->next);
    co_return out;
  }

  Awaitable<TagPage> tags(std::string repository, std::string cursor) override {
    auto op = client_->tags(std::move(repository), std::move(cursor));
    auto page = co_await std::move(op);
    if (!page) co_return page.error();
    TagPage out;
    for (std::string& name : page->names) out.entries.push_back({std::move(name), Digest(), ""});
    out.invalid = std::move(page->invalid);
    out.next = std::move(page->next);
    co_return out;
  }

 private:
  std::shared_ptr<Client> client_;
};

}  // namespace

std::shared_ptr<Enumerator> make_docker_v2(std::shared_ptr<Client> client) { return std::make_shared<DockerV2>(std::move(client)); }

}  // namespace landwaiter::registry
