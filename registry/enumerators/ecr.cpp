// SPDX-License-Identifier: Apache-2.0
// Amazon ECR API Reference, "DescribeRepositories" and "DescribeImages", with an AWS key; the catalog with any other login. ECR User
// Guide, "Private registry authentication": Basic as AWS. The catalog's links are opaque, and n above 1,000 is refused.
#include "core/base/clock.hpp"
#include "core/base/text.hpp"
#include "registry/auth/aws_api.hpp"
#include "registry/enumerators/enumerators.hpp"
#include "registry/enumerators/vendor.hpp"

namespace landwaiter::registry {
namespace {

using nlohmann::json;

/// Both operations' own bound.
constexpr int kPageItems = 1000;

class Ecr final : public VendorEnumerator {
 public:
  explicit Ecr(std::shared_ptr<Client> client) : VendorEnumerator(std::move(client)) {
    if (endpoint().credentials.kind != Credentials::Kind::aws) return;
    auto api = AwsApi::open(shared_client()->transport(), endpoint(), shared_client()->clock());
    if (api) api_ = *std::move(api);
  }

  std::string_view kind() const override { return "ecr"; }
  bool knows_push_time() const override { return has_api(); }

 protected:
  std::string right() const override {
    return "Amazon ECR: the IAM identity needs ecr:GetAuthorizationToken, ecr:DescribeRepositories and ecr:DescribeImages";
  }
  bool has_api() const override { return api_ != nullptr; }
  bool has_tags_api() const override { return has_api(); }

  Awaitable<Visit> visit(std::string, std::string token) override {
    json body = request(token);
    auto answer = co_await api_->call("DescribeRepositories", std::move(body));
    if (!answer) co_return answer.error();
    Visit out;
    out.next = text_of(answer->document, "nextToken");
    auto list = list_of(std::move(answer->document), "repositories");
    if (!list) co_return list.error().with_context("Amazon ECR's repositories");
    for (const json& entry : *list) out.names.push_back(text_of(entry, "repositoryName"));
    co_return out;
  }

  Awaitable<TagVisit> visit_tags(std::string repository, std::string token) override {
    json body = request(token);
    body["repositoryName"] = repository;
    body["filter"] = json{{"tagStatus", "TAGGED"}};
    auto answer = co_await api_->call("DescribeImages", std::move(body));
    if (!answer) co_return answer.error();
    TagVisit out;
    out.next = text_of(answer->document, "nextToken");
    auto images = list_of(std::move(answer->document), "imageDetails");
    if (!images) co_return images.error().with_context("Amazon ECR's images of repository " + repository);
    for (const json& image : *images) {
      const auto digest = Digest::parse(text_of(image, "imageDigest"));
      auto tags = list_of(image, "imageTags");
      if (!tags) co_return tags.error().with_context("Amazon ECR's images of repository " + repository);
      for (const json& tag : *tags) {
        if (tag.is_string()) out.entries.push_back({tag.get<std::string>(), digest ? *digest : Digest(), pushed(image)});
      }
    }
    co_return out;
  }

 private:
  json request(const std::string& token) const {
    json body{{"registryId", api_->host().account}, {"maxResults", kPageItems}};
    if (!token.empty()) body["nextToken"] = token;
    return body;
  }

  /// Seconds since 1970, with a fraction.
  static std::string pushed(const json& image) {
    const auto at = image.is_object() ? image.find("imagePushedAt") : image.end();
    if (at == image.end() || !at->is_number()) return {};
    const double seconds = at->get<double>();
    return seconds > 0 && seconds < static_cast<double>(kYear10000) ? utc_of_milliseconds(static_cast<std::int64_t>(seconds * 1000))
                                                                    : std::string();
  }

  std::shared_ptr<AwsApi> api_;
};

}  // namespace

std::shared_ptr<Enumerator> make_ecr(std::shared_ptr<Client> client) { return std::make_shared<Ecr>(std::move(client)); }

}  // namespace landwaiter::registry
