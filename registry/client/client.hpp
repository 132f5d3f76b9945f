// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/clock.hpp"
#include "registry/auth/api_client.hpp"
#include "registry/auth/endpoint.hpp"
#include "registry/auth/login.hpp"
#include "registry/client/image_source.hpp"
#include "registry/client/name_list.hpp"
#include "registry/client/reference.hpp"
#include "registry/http/http_headers.hpp"
#include "registry/http/url.hpp"

#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

namespace landwaiter::registry {

/// Stops endless paging: feed it each page's names, then its `next` before following it. Its memory has a bound.
class PageGuard {
 public:
  void saw(std::string_view name);
  /// Error malformed if the cursor came before, or if pages under ever new cursors repeat the names of earlier ones; limit_exceeded
  /// beyond limits::pages_max.
  Result<void> follow(const std::string& next);

 private:
  using Hashes = std::unordered_set<std::size_t>;  ///< a false alarm occurs once in 2^40 listings

  bool repeats();

  Hashes cursors_;
  Hashes names_;           ///< the newest
  Hashes earlier_names_;   ///< as many before them
  std::size_t page_ = 0;   ///< sum of this page's names, whatever their order
  bool any_name_ = false;  ///< of this page
  bool new_name_ = false;
  std::size_t without_new_ = 0;  ///< pages with names, but no new one, in a row
  // A circle of any length comes back to the page that is remembered here, sooner or later: after 1, 2, 4, 8, ... pages, that is the
  // newest.
  std::size_t remembered_ = 0;
  std::size_t pages_ = 0;
  std::size_t remember_at_ = 1;
};

/// Whether a manifest is the one that is already known.
struct ManifestHead {
  Digest digest;  ///< as stated by the registry, or of the body if not stated
  std::string media_type;
  std::uint64_t size_bytes = 0;
};

/// The unauthenticated answer to GET /v2/.
struct Probe {
  int status = 0;
  std::vector<Challenge> challenges;
  std::vector<Header> headers;  ///< only those that identify registries; names as listed in client.cpp
};

/// How a registry serves a range of a blob.
struct PartialBlob {
  bool partial = false;  ///< it answered with the requested range, so an interrupted transfer can resume
  std::string from;      ///< the origin that the bytes came from, after redirects
};

/// A registry of the OCI distribution specification. Each verb only fills a request; one loop (registry/client/request_loop) does auth,
/// retries, redirects and throttling for all. Errors name the registry and the repository; unauthorized and forbidden name the account,
/// never a secret. Lives on the io thread; several coroutines may use it at once.
class Client {
 public:
  Client(std::shared_ptr<Transport> transport, Endpoint endpoint, const Clock& clock);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// GET /v2/ without credentials: what the registry says about itself, whatever its status.
  Awaitable<Probe> probe();
  /// GET /v2/: checks that this is a registry and that the login works.
  Awaitable<void> ping();
  /// GET /v2/_catalog; `cursor` is "" or an earlier page's `next`. A Link to another host is an error of the page it points to.
  Awaitable<Page> catalog(std::string cursor);
  /// GET /v2/<repository>/tags/list. `tags: null` is an empty page.
  Awaitable<Page> tags(std::string repository, std::string cursor);
  static ListQuery catalog_query();
  /// Error invalid_argument for an invalid repository name.
  static Result<ListQuery> tags_query(const std::string& repository);
  /// Any list of that form below the registry's origin, with the registry's own authentication.
  Awaitable<ListPage> list(ListQuery query, std::string cursor);
  /// By tag or digest; a body that does not match a given digest is digest_mismatch.
  Awaitable<ManifestDocument> manifest(std::string repository, std::string reference);
  Awaitable<ManifestHead> head_manifest(std::string repository, std::string reference);
  Awaitable<std::unique_ptr<BlobReader>> open_blob(std::string repository, Descriptor descriptor);
  /// Requests the start of a blob (Range, RFC 9110 section 14), at most 1 KiB, and reads no more than that.
  Awaitable<PartialBlob> open_blob_partly(std::string repository, Descriptor descriptor);
  /// A repository as an ImageSource. `client` must outlive it.
  static std::unique_ptr<ImageSource> repository_source(std::shared_ptr<Client> client, std::string repository);

  const Endpoint& endpoint() const;
  /// The API's base URL. Error: invalid_argument if the endpoint's host is invalid.
  Result<HttpUrl> base() const;
  /// For requests to a vendor's own API with the registry's login.
  ApiClient& api();
  const std::shared_ptr<Transport>& transport() const;
  const Clock& clock() const;
  Awaitable<Login> login(bool renew);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace landwaiter::registry
