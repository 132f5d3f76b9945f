// SPDX-License-Identifier: Apache-2.0
#include "registry/enumerators/vendor.hpp"

#include "core/base/clock.hpp"
#include "core/base/text.hpp"

namespace landwaiter::registry {
namespace {

using nlohmann::json;

const Secret& secret_of(const Login& login) { return login.token.empty() ? login.password : login.token; }

/// Nothing for an anonymous login.
std::vector<SecretHeader> login_headers(const Login& login, ApiLogin form) {
  const Secret& secret = secret_of(login);
  if (secret.empty()) return {};
  if (form == ApiLogin::private_token) return {{"PRIVATE-TOKEN", secret}};
  if (form == ApiLogin::bearer || login.username.empty()) return {{"Authorization", Secret("Bearer " + secret.reveal())}};
  return {{"Authorization", basic_header(login)}};
}

RepositoryPage as_repositories(ListPage list) {
  RepositoryPage out;
  out.names = std::move(list.names);
  out.invalid = std::move(list.invalid);
  out.next = std::move(list.next);
  return out;
}

}  // namespace

Awaitable<ApiAnswer> VendorApi::get(HttpUrl url, std::string subject, std::vector<Header> headers) {
  ApiRequest request;
  request.unverified_origin = unverified_origin(client_->endpoint());
  request.url = std::move(url);
  request.headers = std::move(headers);
  request.headers.push_back({"Accept", "application/json"});
  request.subject = std::move(subject);
  co_return co_await ask(std::move(request));
}

Awaitable<ApiAnswer> VendorApi::ask(ApiRequest request) {
  auto login = co_await client_->login(false);
  if (!login) co_return login.error();
  ApiRequest first = request;
  for (SecretHeader& header : login_headers(*login, form_)) first.secret_headers.push_back(std::move(header));
  first.secrets.push_back(secret_of(*login));
  auto answer = co_await client_->api().ask(std::move(first));
  if (answer || answer.error().code() != ErrorCode::unauthorized || login->anonymous()) co_return answer;
  auto renewed = co_await client_->login(true);
  if (!renewed) co_return renewed.error();
  if (secret_of(*renewed).equals(secret_of(*login).reveal())) co_return answer;
  for (SecretHeader& header : login_headers(*renewed, form_)) request.secret_headers.push_back(std::move(header));
  request.secrets.push_back(secret_of(*renewed));
  co_return co_await client_->api().ask(std::move(request));
}

Error VendorEnumerator::refused(const Error& error) const {
  if (!is_refused(error)) return error;
  // For lists that always exist, 404 means a missing permission.
  const ErrorCode code = error.code() == ErrorCode::unauthorized ? ErrorCode::unauthorized : ErrorCode::forbidden;
  return Error(code, error.message() + "; " + right());
}

Awaitable<RepositoryPage> VendorEnumerator::repositories(std::string cursor) {
  const auto walk = kind_of_cursor(cursor);
  if (!walk) co_return walk.error();
  if (has_api() && *walk != kNameListCursor) {
    const Visitor visitor = [this](std::string node, std::string token) { return visit(std::move(node), std::move(token)); };
    auto page = co_await walk_tree(std::string(kind()), cursor, visitor);
    if (page || !cursor.empty() || !is_refused(page.error())) co_return page;
    auto other = co_await v2_repositories("");
    // The API's error is the better one; most registries refuse the catalog.
    if (!other && is_refused(other.error())) co_return refused(page.error());
    // An empty catalog proves nothing if the API refused.
    if (other && other->names.empty() && other->next.empty()) co_return refused(page.error());
    if (other) fallback_ = page.error().message();
    co_return other;
  }
  auto page = co_await v2_repositories(cursor);
  if (!page && cursor.empty()) co_return refused(page.error());
  co_return page;
}

Awaitable<TagPage> VendorEnumerator::tags(std::string repository, std::string cursor) {
  const auto walk = kind_of_cursor(cursor);
  if (!walk) co_return walk.error();
  if (!is_repository_name(repository))
    co_return Error(ErrorCode::invalid_argument, "not a repository name: " + landwaiter::quoted(repository));
  if (has_tags_api() && *walk != kNameListCursor) {
    const TagVisitor visitor = [this, repository](std::string token) { return visit_tags(repository, std::move(token)); };
    auto page = co_await walk_tags(std::string(kind()), repository, cursor, visitor);
    if (page || !cursor.empty() || !is_refused(page.error())) co_return page;
  }
  co_return co_await v2_tags(std::move(repository), cursor);
}

Awaitable<Visit> VendorEnumerator::visit(std::string, std::string) {
  co_return Error(ErrorCode::internal, "this kind of registry has no API for lists");
}

Awaitable<TagVisit> VendorEnumerator::visit_tags(std::string, std::string) {
  co_return Error(ErrorCode::internal, "this kind of registry has no API for tags");
}

Awaitable<RepositoryPage> VendorEnumerator::v2_repositories(std::string cursor) {
  ListQuery query = Client::catalog_query();
  adapt(query);
  auto list = co_await client_->list(std::move(query), std::move(cursor));
  if (!list) co_return list.error();
  co_return as_repositories(std::move(*list));
}

Awaitable<TagPage> VendorEnumerator::v2_tags(std::string repository, std::string cursor) {
  auto query = Client::tags_query(repository);
  if (!query) co_return query.error();
  adapt(*query);
  auto list = co_await client_->list(std::move(*query), std::move(cursor));
  if (!list) co_return list.error();
  TagPage out;
  out.entries = TagList(std::move(list->names));
  out.invalid = std::move(list->invalid);
  out.next = std::move(list->next);
  co_return out;
}

HttpUrl VendorEnumerator::own_url(std::string target) const {
  HttpUrl out = client_->base().value();
  out.target = std::move(target);
  return out;
}

HttpUrl vendor_url(std::string host, std::string target) {
  HttpUrl out;
  out.host = std::move(host);
  out.port = "443";
  out.target = std::move(target);
  return out;
}

bool is_refused(const Error& error) {
  const ErrorCode code = error.code();
  return code == ErrorCode::unauthorized || code == ErrorCode::forbidden || code == ErrorCode::not_found || code == ErrorCode::unsupported;
}

Result<json> list_of(json document, const char* field) {
  const std::string_view name = field;
  if (!name.empty()) {
    if (!document.is_object()) return Error(ErrorCode::malformed, "the answer is not an object");
    const auto found = document.find(field);
    if (found == document.end()) return json(json::array());
    json inner = std::move(*found);
    document = std::move(inner);
  }
  if (document.is_null()) return json(json::array());
  if (!document.is_array())
    return Error(ErrorCode::malformed, name.empty() ? "the answer is not a list" : "its " + std::string(name) + " is not a list");
  return document;
}

std::string utc_of(std::string_view rfc3339) {
  const auto time = from_rfc3339(rfc3339);
  return time ? to_rfc3339(*time) : std::string();
}

std::string utc_of_milliseconds(std::int64_t since_epoch) {
  if (since_epoch <= 0 || since_epoch >= kYear10000 * 1000) return {};
  return to_rfc3339(SystemTime(std::chrono::milliseconds(since_epoch)));
}

}  // namespace landwaiter::registry
