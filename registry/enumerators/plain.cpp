// SPDX-License-Identifier: Apache-2.0
// Registries that are listed as the OCI distribution specification says ("Content Discovery", and Docker's /v2/_catalog), each with its
// own peculiarities.
#include "registry/enumerators/enumerators.hpp"
#include "registry/enumerators/vendor.hpp"

#include <algorithm>
#include <array>

namespace landwaiter::registry {
namespace {

struct Ways {
  std::string_view kind;
  std::string_view right;
  bool own_path = false;  ///< see ListQuery
  bool probe = true;
};

constexpr std::array<Ways, 4> kWays{{
    {"docker-v2", "the account needs the right to list the catalog (token scope registry:catalog:*)"},
    // A synthesized `last` is answered with 405.
    {"ecr-public",
     "Amazon ECR Public lists its catalog only to its owner: name the repositories, or use an IAM identity with "
     "ecr-public:GetAuthorizationToken and ecr-public:DescribeRepositories",
     false, false},
    // OpenShift documentation, "Accessing the registry".
    {"openshift", "OpenShift: the account needs the cluster role registry-viewer to list the catalog, and image-puller in each project"},
    // Connectors' Links name /repository/<name>/v2/, which only the main port serves; group repositories send no Link.
    {"nexus", "Nexus: the account needs nx-repository-view-docker-<repository>-browse and -read", true, true},
}};

class Plain final : public VendorEnumerator {
 public:
  Plain(std::shared_ptr<Client> client, const Ways& ways) : VendorEnumerator(std::move(client)), ways_(ways) {}
  std::string_view kind() const override { return ways_.kind; }

 protected:
  std::string right() const override { return std::string(ways_.right); }
  void adapt(ListQuery& query) const override {
    query.own_path = ways_.own_path;
    query.probe = ways_.probe;
  }

 private:
  const Ways& ways_;
};

}  // namespace

std::shared_ptr<Enumerator> make_plain(std::string_view kind, std::shared_ptr<Client> client) {
  const auto ways = std::ranges::find(kWays, kind, &Ways::kind);
  return ways == kWays.end() ? nullptr : std::make_shared<Plain>(std::move(client), *ways);
}

}  // namespace landwaiter::registry
