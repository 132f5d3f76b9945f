// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/json_text.hpp"
#include "registry/enumerators/walk.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace landwaiter::registry {

/// How a vendor's API accepts the registry's login.
enum class ApiLogin {
  basic,          ///< name and password; a token without a name as Bearer
  bearer,         ///< token or password as Bearer
  private_token,  ///< token or password in GitLab's own header
};

/// Requests to a vendor's API. Lives as long as the enumerator.
class VendorApi {
 public:
  VendorApi(std::shared_ptr<Client> client, ApiLogin form) : client_(std::move(client)), form_(form) {}

  /// GET of JSON. A rejected login is renewed once. `subject` is for people. Any status but 200 is an error.
  Awaitable<ApiAnswer> get(HttpUrl url, std::string subject, std::vector<Header> headers = {});
  /// Any request; the login is added.
  Awaitable<ApiAnswer> ask(ApiRequest request);

 private:
  std::shared_ptr<Client> client_;
  ApiLogin form_;
};

/// Lists by a vendor's API if permitted, otherwise as in the distribution specification. A kind without its own API does not override
/// visit() and visit_tags().
class VendorEnumerator : public Enumerator {
 public:
  explicit VendorEnumerator(std::shared_ptr<Client> client) : client_(std::move(client)) {}

  bool knows_push_time() const override { return false; }
  std::string fallback() const final {
    return fallback_.empty() ? fallback_ : "listed by /v2/_catalog, which may not name all repositories: " + fallback_;
  }
  Awaitable<RepositoryPage> repositories(std::string cursor) final;
  Awaitable<TagPage> tags(std::string repository, std::string cursor) final;

 protected:
  /// The permission that listing needs, in the vendor's terms: completes "... refused; ".
  virtual std::string right() const = 0;
  virtual bool has_api() const { return false; }
  virtual bool has_tags_api() const { return false; }
  virtual Awaitable<Visit> visit(std::string node, std::string token);
  virtual Awaitable<TagVisit> visit_tags(std::string repository, std::string token);
  /// Lists of the distribution specification, with the registry's peculiarities.
  virtual Awaitable<RepositoryPage> v2_repositories(std::string cursor);
  virtual Awaitable<TagPage> v2_tags(std::string repository, std::string cursor);
  virtual void adapt(ListQuery&) const {}

  Client& client() { return *client_; }
  const std::shared_ptr<Client>& shared_client() const { return client_; }
  const Endpoint& endpoint() const { return client_->endpoint(); }
  /// On the registry's own host. open_enumerator() has checked that it has one.
  HttpUrl own_url(std::string target) const;

 private:
  Error refused(const Error& error) const;

  std::shared_ptr<Client> client_;
  std::string fallback_;  ///< what the kind's own API answered
};

/// On a vendor's common host, always by TLS.
HttpUrl vendor_url(std::string host, std::string target);
/// 401, 403, 404 or a method that is not there: another listing method may work.
bool is_refused(const Error& error);
/// The array `field` of the answer, or the answer itself for "". Absent and null are empty. Error malformed.
Result<nlohmann::json> list_of(nlohmann::json document, const char* field);
/// A vendor's push time as RFC 3339 in UTC; empty if invalid.
std::string utc_of(std::string_view rfc3339);
std::string utc_of_milliseconds(std::int64_t since_epoch);

}  // namespace landwaiter::registry
