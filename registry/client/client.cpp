// SPDX-License-Identifier: Apache-2.0
// The OCI distribution specification, sections "Pulling" and "Content Discovery".
#include "registry/client/client.hpp"

#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "registry/auth/endpoint.hpp"
#include "registry/client/blob_reader.hpp"
#include "registry/client/media_types.hpp"
#include "registry/client/request_loop.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace landwaiter::registry {
namespace {

/// Headers that identify vendors' registries.
constexpr std::array<std::string_view, 6> kTellingHeaders{
    "Server", "X-JFrog-Version", "X-Artifactory-Id", "X-Harbor-Csrf-Token", "Docker-Distribution-Api-Version", "X-GitHub-Request-Id"};

std::string pull_scope(const std::string& repository) { return "repository:" + repository + ":pull"; }

Result<void> check_repository(const std::string& repository) {
  if (is_repository_name(repository)) return {};
  return Error(ErrorCode::invalid_argument, "not a repository name: " + landwaiter::quoted(repository));
}

Result<void> check_manifest_reference(const std::string& reference) {
  if (is_tag(reference) || Digest::parse(reference)) return {};
  return Error(ErrorCode::invalid_argument, "neither a tag nor a digest: " + landwaiter::quoted(reference));
}

Result<void> check_names(const std::string& repository, const std::string& reference) {
  auto valid = check_repository(repository);
  return valid ? check_manifest_reference(reference) : valid;
}

std::string image_name(const std::string& repository, const std::string& reference) {
  return "image " + repository + (reference.find(':') == std::string::npos ? ":" : "@") + reference;
}

Request manifest_request(const std::string& repository, const std::string& reference) {
  Request out;
  out.target = "/v2/" + repository + "/manifests/" + reference;
  out.headers.push_back({"Accept", std::string(media_types::kAcceptManifests)});
  out.scope = pull_scope(repository);
  out.subject = image_name(repository, reference);
  return out;
}

Request blob_request(const std::string& repository, const Digest& digest) {
  Request out;
  out.target = "/v2/" + repository + "/blobs/" + digest.str();
  out.scope = pull_scope(repository);
  out.subject = "blob " + digest.str() + " of repository " + repository;
  return out;
}

}  // namespace

void PageGuard::saw(std::string_view name) {
  constexpr std::size_t kRemembered = 10'000;
  const std::size_t hash = std::hash<std::string_view>{}(name);
  page_ += hash;
  any_name_ = true;
  if (earlier_names_.contains(hash) || !names_.insert(hash).second) return;
  new_name_ = true;
  if (names_.size() < kRemembered) return;
  earlier_names_ = std::exchange(names_, {});
}

/// Whether this page with the ones before it shows that the registry goes round in circles. Ends the page.
bool PageGuard::repeats() {
  constexpr std::size_t kPagesWithoutNew = 10;
  const std::size_t page = std::exchange(page_, 0);
  const bool any = std::exchange(any_name_, false);
  const bool fresh = std::exchange(new_name_, false);
  if (!any) return false;
  without_new_ = fresh ? 0 : without_new_ + 1;
  const bool known = pages_ > 0 && page == remembered_;
  if (++pages_ == remember_at_) {
    remembered_ = page;
    remember_at_ *= 2;
  }
  return known || without_new_ > kPagesWithoutNew;
}

Result<void> PageGuard::follow(const std::string& next) {
  const bool new_cursor = cursors_.insert(std::hash<std::string>{}(next)).second;
  if (repeats() || !new_cursor) {
    return Error(ErrorCode::malformed, "the registry's pages form a loop, so it is not known whether all were listed");
  }
  if (cursors_.size() > limits::pages_max) {
    return Error(ErrorCode::limit_exceeded, "the registry's list has more than " + std::to_string(limits::pages_max) + " pages");
  }
  return {};
}

struct Client::Impl : std::enable_shared_from_this<Client::Impl> {
  Impl(std::shared_ptr<Transport> t, Endpoint e, const Clock& c)
      : endpoint(std::move(e)),
        base(base_url(endpoint)),
        clock(c),
        transport(t),
        api(t, clock),
        login(make_login_source(t, endpoint, clock)) {
    if (base) loop = std::make_shared<RequestLoop>(transport, endpoint, *base, login, clock);
  }

  Awaitable<Document> fetch_page(ListQuery query, ListState* state);

  Endpoint endpoint;
  Result<HttpUrl> base;  ///< an error if the endpoint's host is invalid
  const Clock& clock;
  std::shared_ptr<Transport> transport;
  ApiClient api;
  std::shared_ptr<LoginSource> login;
  std::shared_ptr<RequestLoop> loop;  ///< set when `base` is
};

/// Requests a page, and once more in a simpler form if the registry does not understand. Records in `state` if `n` is not supported.
Awaitable<Document> Client::Impl::fetch_page(ListQuery query, ListState* state) {
  const auto self = shared_from_this();
  auto target = list_target(query, *state, *base);
  if (!target) co_return target.error().with_context("registry " + endpoint.host + ", " + query.subject);
  Request request;
  request.target = *target;
  request.scope = query.scope;
  request.subject = query.subject;
  const bool first = state->target.empty();
  const bool elsewhere = target->substr(0, target->find('?')) != query.path;
  if (first) request.expected = {200, 400};
  else if (state->probe) request.expected = {200, 400, 404, 405};
  else if (elsewhere && target->find('?') != std::string::npos) request.expected = {200, 400, 404};
  auto document = co_await loop->fetch(request, limits::list_bytes_max);
  if (!document || document->status == 200 || state->probe) co_return document;
  // Some registries allow fewer than the specification's 1,000, and none requires `n`. Behind proxies and on separate ports, some name a
  // path that is not served there; the list's own path is.
  state->sized = state->sized && !first;
  request.target = first ? query.path : query.path + target->substr(std::min(target->find('?'), target->size()));
  request.expected = {200};
  co_return co_await loop->fetch(std::move(request), limits::list_bytes_max);
}

Client::Client(std::shared_ptr<Transport> transport, Endpoint endpoint, const Clock& clock)
    : impl_(std::make_shared<Impl>(std::move(transport), std::move(endpoint), clock)) {}
Client::~Client() = default;

const Endpoint& Client::endpoint() const { return impl_->endpoint; }
Result<HttpUrl> Client::base() const { return impl_->base; }
ApiClient& Client::api() { return impl_->api; }
const std::shared_ptr<Transport>& Client::transport() const { return impl_->transport; }
const Clock& Client::clock() const { return impl_->clock; }

Awaitable<Login> Client::login(bool renew) {
  const auto impl = impl_;
  co_return co_await impl->login->get(renew);
}

Awaitable<Probe> Client::probe() {
  const auto impl = impl_;
  if (!impl->base) co_return impl->base.error();
  HttpRequest request;
  request.url = impl->base->origin() + "/v2/";
  request.unverified_origin = unverified_origin(impl->endpoint);
  auto response = co_await impl->transport->send(std::move(request));
  if (!response) co_return response.error().with_context("registry " + impl->endpoint.host);
  Probe out;
  out.status = (*response)->status();
  out.challenges = parse_challenges((*response)->headers("WWW-Authenticate"));
  for (const std::string_view name : kTellingHeaders) {
    for (std::string& value : (*response)->headers(name)) out.headers.push_back({std::string(name), std::move(value)});
  }
  // Read to its end, so the connection can be reused; the content does not matter.
  co_await read_body(**response, limits::error_body_bytes_max);
  co_return out;
}

Awaitable<void> Client::ping() {
  const auto impl = impl_;
  if (!impl->base) co_return impl->base.error();
  Request request;
  request.target = "/v2/";
  request.subject = "its API";
  auto answer = co_await impl->loop->perform(std::move(request));
  if (!answer) co_return answer.error();
  co_return Result<void>();
}

ListQuery Client::catalog_query() {
  ListQuery out;
  out.path = "/v2/_catalog";
  out.field = "repositories";
  out.valid = is_repository_name;
  out.scope = "registry:catalog:*";
  out.subject = "the catalog";
  return out;
}

Result<ListQuery> Client::tags_query(const std::string& repository) {
  auto valid = check_repository(repository);
  if (!valid) return valid.error();
  ListQuery out;
  out.path = "/v2/" + repository + "/tags/list";
  out.field = "tags";
  out.valid = is_tag;
  out.scope = pull_scope(repository);
  out.subject = "tags of repository " + repository;
  return out;
}

Awaitable<ListPage> Client::list(ListQuery query, std::string cursor) {
  const auto impl = impl_;
  if (!impl->base) co_return impl->base.error();
  const std::string where = "registry " + impl->endpoint.host + ", " + query.subject;
  auto state = ListState::parse(cursor, query);
  if (!state) co_return state.error().with_context(where);
  auto document = co_await impl->fetch_page(query, &*state);
  if (!document && document.error().code() == ErrorCode::not_found && !state->target.empty()) {
    // The list itself is there, so this says nothing about the rest of it.
    co_return Error(ErrorCode::malformed, document.error().message() + ": its list names a next page that it does not have");
  }
  if (!document) co_return document.error();
  if (document->status != 200) co_return ListPage();
  const auto read = [&] { return read_list(query, *state, std::move(document->body), document->url, document->links); };
  auto page = co_await impl->transport->documents().run(document->body.size(), read);
  if (!page) co_return page.error().with_context(where);
  co_return page;
}

Awaitable<Page> Client::catalog(std::string cursor) {
  auto page = co_await list(catalog_query(), std::move(cursor));
  if (!page) co_return page.error();
  Page out = std::move(*page);
  co_return out;
}

Awaitable<Page> Client::tags(std::string repository, std::string cursor) {
  const auto impl = impl_;
  auto query = tags_query(repository);
  if (!query) co_return query.error();
  auto page = co_await list(std::move(*query), std::move(cursor));
  if (!page) co_return page.error();
  Page out = std::move(*page);
  co_return out;
}

Awaitable<ManifestDocument> Client::manifest(std::string repository, std::string reference) {
  const auto impl = impl_;
  if (!impl->base) co_return impl->base.error();
  auto valid = check_names(repository, reference);
  if (!valid) co_return valid.error();
  Request request = manifest_request(repository, reference);
  const std::string where = "registry " + impl->endpoint.host + ", " + request.subject;
  auto document = co_await impl->loop->fetch(std::move(request), limits::manifest_bytes_max);
  if (!document) co_return document.error();
  const auto read = [&]() -> Result<ManifestDocument> {
    Digest digest = Digest::sha256_of(as_bytes(document->body));
    if (auto pinned = Digest::parse(reference)) {
      auto proven = prove(document->body, *pinned);
      if (!proven) return proven.error();
      digest = *pinned;
    }
    return parse_manifest(std::move(document->body), document->content_type, digest);
  };
  auto parsed = co_await impl->transport->documents().run(document->body.size(), read);
  if (!parsed) co_return parsed.error().with_context(where);
  co_return parsed;
}

Awaitable<ManifestHead> Client::head_manifest(std::string repository, std::string reference) {
  const auto impl = impl_;
  if (!impl->base) co_return impl->base.error();
  auto valid = check_names(repository, reference);
  if (!valid) co_return valid.error();
  Request request = manifest_request(repository, reference);
  request.method = "HEAD";
  request.expected = {200, 403, 404, 405};
  auto answer = co_await impl->loop->perform(std::move(request));
  if (!answer) co_return answer.error();
  ManifestHead out;
  const HttpResponse& response = *answer->response;
  auto digest = Digest::parse(response.header("Docker-Content-Digest").value_or(""));
  if (response.status() != 200 || !digest || !response.content_length()) {
    // Old registries do not support HEAD for manifests or leave its headers empty, and only a GET explains a refusal.
    answer->response.reset();
    auto document = co_await manifest(std::move(repository), std::move(reference));
    if (!document) co_return document.error();
    out.digest = document->digest;
    out.media_type = document->image ? document->image->media_type : document->index->media_type;
    out.size_bytes = document->body.size();
    co_return out;
  }
  out.digest = *digest;
  const std::string type = response.header("Content-Type").value_or("");
  out.media_type = to_lower(trim(std::string_view(type).substr(0, type.find(';'))));
  out.size_bytes = response.content_length().value_or(0);
  co_return out;
}

Awaitable<std::unique_ptr<BlobReader>> Client::open_blob(std::string repository, Descriptor descriptor) {
  const auto impl = impl_;
  if (!impl->base) co_return impl->base.error();
  auto valid = check_repository(repository);
  if (!valid) co_return valid.error();
  if (descriptor.digest.empty()) co_return Error(ErrorCode::invalid_argument, "a blob must be requested by its digest");
  if (descriptor.size_bytes > limits::layer_bytes_max) {
    co_return Error(ErrorCode::limit_exceeded, "blob " + descriptor.digest.str() + " claims " + human_bytes(descriptor.size_bytes));
  }
  Request request = blob_request(repository, descriptor.digest);
  co_return co_await open_http_blob(impl->loop, std::move(request), std::move(descriptor));
}

Awaitable<PartialBlob> Client::open_blob_partly(std::string repository, Descriptor descriptor) {
  const auto impl = impl_;
  if (!impl->base) co_return impl->base.error();
  auto valid = check_repository(repository);
  if (!valid) co_return valid.error();
  if (descriptor.digest.empty() || descriptor.size_bytes == 0) co_return Error(ErrorCode::invalid_argument, "an empty blob has no parts");
  const std::uint64_t last = std::min<std::uint64_t>(descriptor.size_bytes, limits::KiB) - 1;
  Request request = blob_request(repository, descriptor.digest);
  request.headers.push_back({"Range", "bytes=0-" + std::to_string(last)});
  request.expected = {200, 206};
  auto answer = co_await impl->loop->perform(std::move(request));
  if (!answer) co_return answer.error();
  const auto values = answer->response->headers("Content-Range");
  const auto range = values.size() == 1 ? parse_content_range(values[0]) : std::nullopt;
  const bool right = range && range->first == 0 && range->last == last && range->total == descriptor.size_bytes;
  PartialBlob out;
  out.partial = answer->response->status() == 206 && right;
  out.from = answer->url.origin();
  std::vector<std::uint8_t> buffer(static_cast<std::size_t>(last) + 1);
  auto size = co_await answer->response->read(buffer);
  if (!size) co_return size.error().with_context("registry " + impl->endpoint.host + ", blob " + descriptor.digest.str());
  if (*size == 0)
    co_return Error(ErrorCode::unavailable, "registry " + impl->endpoint.host + ", blob " + descriptor.digest.str() + ": no data arrived");
  co_return out;
}

namespace {

class RepositorySource final : public ImageSource {
 public:
  RepositorySource(std::shared_ptr<Client> client, std::string repository)
      : client_(std::move(client)), repository_(std::move(repository)) {}

  Awaitable<ManifestDocument> manifest(std::string reference) override {
    co_return co_await client_->manifest(repository_, std::move(reference));
  }

  Awaitable<std::string> small_blob(Descriptor descriptor) override {
    if (descriptor.size_bytes > limits::config_bytes_max) {
      co_return Error(ErrorCode::limit_exceeded, descriptor.digest.str() + " has more than " + human_bytes(limits::config_bytes_max));
    }
    auto reader = co_await client_->open_blob(repository_, descriptor);
    if (!reader) co_return reader.error();
    co_return co_await read_proven(std::move(*reader), std::move(descriptor), limits::config_bytes_max);
  }

  Awaitable<std::unique_ptr<BlobReader>> open_blob(Descriptor descriptor) override {
    co_return co_await client_->open_blob(repository_, std::move(descriptor));
  }

  std::string display_name() const override { return client_->endpoint().host + '/' + repository_; }
  std::string origin() const override { return client_->endpoint().host; }

 private:
  std::shared_ptr<Client> client_;
  std::string repository_;
};

}  // namespace

std::unique_ptr<ImageSource> Client::repository_source(std::shared_ptr<Client> client, std::string repository) {
  return std::make_unique<RepositorySource>(std::move(client), std::move(repository));
}

}  // namespace landwaiter::registry
