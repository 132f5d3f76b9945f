// SPDX-License-Identifier: Apache-2.0
#include "daemon/check/registry_check.hpp"

#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "core/wire/registry_kinds.hpp"
#include "daemon/check/check_advice.hpp"
#include "registry/auth/endpoint.hpp"
#include "registry/http/address.hpp"

#include <algorithm>
#include <array>

namespace landwaiter::daemon {
namespace {

using StepResult = CheckStep::Result;

/// Repositories of the first page that are searched for a tag; some may be empty leftovers.
constexpr std::size_t kRepositoriesTried = 10;
/// Signed requests to clouds fail beyond five minutes.
constexpr std::chrono::seconds kClockWrong{300};
constexpr std::chrono::seconds kClockDoubtful{30};

CheckStep step(std::string name, StepResult result, std::string seen, std::string advice = "") {
  return {std::move(name), result, std::move(seen), std::move(advice)};
}

CheckStep skipped(std::string name, std::string why) { return step(std::move(name), StepResult::skipped, std::move(why)); }

/// "Bearer, realm https://auth.example.com/token".
std::string challenge_text(const std::vector<registry::Challenge>& challenges, const registry::HttpUrl& base) {
  std::string out;
  for (const registry::Challenge& challenge : challenges) {
    if (!out.empty()) out += "; ";
    out += challenge.scheme == "bearer" ? "Bearer" : challenge.scheme == "basic" ? "Basic" : printable(challenge.scheme.substr(0, 40));
    const std::string realm = challenge.parameter("realm");
    const auto url = challenge.scheme == "bearer" ? base.resolve(realm) : Result<registry::HttpUrl>(Error());
    if (url) out += ", realm " + url->display();
    else if (!realm.empty()) out += ", realm " + landwaiter::quoted(realm);
  }
  return out;
}

std::string describe(const registry::ManifestDocument& document) {
  if (document.index) return "index of " + counted(document.index->manifests.size(), "manifest", "manifests");
  std::uint64_t bytes = 0;
  for (const registry::Descriptor& layer : document.image->layers) bytes += layer.size_bytes;
  const char* kind = document.image->is_image() ? "image" : "artifact, not an image";
  return std::string(kind) + ", " + counted(document.image->layers.size(), "layer", "layers") + ", " + human_bytes(bytes);
}

}  // namespace

std::string_view to_string(CheckStep::Result result) {
  switch (result) {
    case StepResult::ok: return "ok";
    case StepResult::failed: return "failed";
    case StepResult::skipped: return "skipped";
  }
  return {};
}

RegistryCheck::RegistryCheck(std::shared_ptr<WatchedTransport> wire, std::shared_ptr<registry::Client> client, const Clock& clock,
                             std::string repository)
    : wire_(std::move(wire)), client_(std::move(client)), clock_(clock), repository_(std::move(repository)), chosen_(!repository_.empty()) {
  if (auto base = client_->base()) base_ = *std::move(base);
}

asio::awaitable<std::vector<CheckStep>> RegistryCheck::run() {
  using Check = asio::awaitable<CheckStep> (RegistryCheck::*)();
  constexpr std::array<Check, 10> checks{&RegistryCheck::check_address,        &RegistryCheck::check_tls,     &RegistryCheck::check_api,
                                         &RegistryCheck::check_authentication, &RegistryCheck::check_catalog, &RegistryCheck::check_tags,
                                         &RegistryCheck::check_manifest,       &RegistryCheck::check_blob,    &RegistryCheck::check_clock,
                                         &RegistryCheck::check_throttling};
  std::vector<CheckStep> steps;
  for (const Check check : checks) {
    steps.push_back(co_await (this->*check)());
  }
  co_return steps;
}

/// Whether the failure happened before the other side sent HTTP.
bool RegistryCheck::unconnected() const {
  return broken_ && broken_->code() != ErrorCode::malformed && broken_->code() != ErrorCode::limit_exceeded;
}

asio::awaitable<CheckStep> RegistryCheck::check_address() {
  auto probe = co_await client_->probe();
  if (probe) probe_ = *std::move(probe);
  else broken_ = probe.error();
  if (unconnected() && broken_->code() != ErrorCode::tls) {
    co_return step("address", StepResult::failed, broken_->message(), advice_for_address(*broken_));
  }
  co_return step("address", StepResult::ok, "connected to " + base_.authority());
}

/// The certificate of an untrusted server: a handshake only to read it, with a request that reveals nothing.
asio::awaitable<std::optional<registry::TlsFacts>> RegistryCheck::look_at_certificate() {
  registry::HttpRequest request;
  request.url = base_.origin() + "/v2/";
  request.unverified_origin = base_.origin();
  auto ignored = co_await wire_->send(std::move(request));
  if (!ignored) co_return std::nullopt;
  co_return wire_->tls_facts(base_.origin());
}

asio::awaitable<CheckStep> RegistryCheck::check_tls() {
  if (!base_.tls) {
    const std::string advice =
        registry::is_loopback_host(base_.host) ? "" : "credentials and layers can be read and changed in transit: use TLS";
    co_return step("tls", StepResult::skipped, "plain HTTP", advice);
  }
  if (broken_ && broken_->code() == ErrorCode::tls) {
    const auto facts = co_await look_at_certificate();
    const std::string seen = facts ? broken_->message() + "; " + describe_certificate(*facts) : broken_->message();
    co_return step("tls", StepResult::failed, seen, advice_for_tls(*broken_, facts, clock_.now(), client_->endpoint().host));
  }
  const auto facts = wire_->tls_facts(base_.origin());
  if (!facts) co_return skipped("tls", "no connection");
  std::string seen = facts->version + ", " + facts->cipher + "; " + describe_certificate(*facts);
  if (!client_->endpoint().tls_verify) seen += "; not verified, as requested";
  co_return step("tls", StepResult::ok, seen, advice_for_expiry(*facts, clock_.now()));
}

asio::awaitable<CheckStep> RegistryCheck::check_api() {
  if (unconnected()) co_return skipped("api", "no connection");
  if (broken_) co_return step("api", StepResult::failed, broken_->message(), advice_for_api(0, base_.tls));
  const std::string answer = "GET /v2/ answers with status " + std::to_string(probe_->status);
  const bool redirected = probe_->status >= 300 && probe_->status < 400;
  if (probe_->status != 200 && probe_->status != 401 && !redirected) {
    co_return step("api", StepResult::failed, answer, advice_for_api(probe_->status, base_.tls));
  }
  auto enumerator = co_await registry::open_enumerator(client_);
  if (!enumerator) co_return step("api", StepResult::failed, enumerator.error().message(), advice_for_api(probe_->status, base_.tls));
  enumerator_ = *std::move(enumerator);
  const auto kind = std::ranges::find(kRegistryKinds, enumerator_->kind(), &RegistryKind::name);
  const std::string title(kind == kRegistryKinds.end() ? enumerator_->kind() : kind->title);
  co_return step("api", StepResult::ok, answer + "; treated as: " + title);
}

asio::awaitable<CheckStep> RegistryCheck::check_authentication() {
  if (!enumerator_) co_return skipped("authentication", "no registry was found");
  const std::string who = registry::identity(client_->endpoint());
  const std::string asked = probe_->challenges.empty() ? "none required" : challenge_text(probe_->challenges, base_);
  auto pinged = co_await client_->ping();
  const bool anonymous = client_->endpoint().credentials.anonymous();
  if (!pinged) {
    co_return step("authentication", StepResult::failed, asked + ", " + who + ": " + pinged.error().message(),
                   advice_for_login(pinged.error(), anonymous));
  }
  let_in_ = true;
  const bool unasked = probe_->challenges.empty() && !anonymous;
  co_return step("authentication", StepResult::ok, asked + ", " + who + ": accepted",
                 unasked ? "the registry did not ask for the credentials: they have not been verified" : "");
}

asio::awaitable<CheckStep> RegistryCheck::check_catalog() {
  if (!let_in_) co_return skipped("catalog", "not authenticated");
  auto page = co_await enumerator_->repositories("");
  if (!page) co_return step("catalog", StepResult::failed, page.error().message(), advice_for_catalog(page.error()));
  repositories_ = page->names.strings();
  const std::string seen =
      counted(repositories_.size(), "repository", "repositories") + " on the first page" + (page->next.empty() ? "" : ", more follow");
  const bool none = repositories_.empty() && page->next.empty();
  co_return step("catalog", StepResult::ok, seen,
                 none ? "if there should be some, the account may lack permission to see them: name repositories instead" : "");
}

asio::awaitable<CheckStep> RegistryCheck::check_tags() {
  if (!let_in_) co_return skipped("tags", "not authenticated");
  if (chosen_) repositories_ = {repository_};
  if (repositories_.empty()) co_return step("tags", StepResult::skipped, "no repository is known", "name one with --repository");
  repositories_.resize(std::min(repositories_.size(), kRepositoriesTried));
  for (const std::string& repository : repositories_) {
    auto page = co_await enumerator_->tags(repository, "");
    if (!page) co_return step("tags", StepResult::failed, page.error().message(), advice_for_pull(page.error(), repository));
    if (page->entries.empty()) continue;
    repository_ = repository;
    tag_ = page->entries.front().tag;
    const std::string seen =
        counted(page->entries.size(), "tag", "tags") + " of " + repository + (page->next.empty() ? "" : " on the first page, more follow");
    co_return step("tags", StepResult::ok, seen);
  }
  co_return step("tags", StepResult::ok, "no tag in " + counted(repositories_.size(), "repository", "repositories"));
}

/// The image itself, or the first one of an index.
Awaitable<registry::ManifestDocument> RegistryCheck::image_behind(registry::ManifestDocument document) {
  for (std::size_t depth = 0; document.index && depth < limits::index_depth_max; ++depth) {
    const auto& members = document.index->manifests;
    const auto member = std::ranges::find(members, false, &registry::Descriptor::attestation);
    if (member == members.end()) break;
    auto inner = co_await client_->manifest(repository_, member->digest.str());
    if (!inner) co_return inner.error();
    document = *std::move(inner);
  }
  co_return document;
}

asio::awaitable<CheckStep> RegistryCheck::check_manifest() {
  if (tag_.empty()) co_return skipped("manifest", "no tag is known");
  auto document = co_await client_->manifest(repository_, tag_);
  // An unsupported kind of manifest is not the registry's fault.
  if (!document && document.error().code() == ErrorCode::unsupported)
    co_return step("manifest", StepResult::ok, document.error().message());
  if (!document) co_return step("manifest", StepResult::failed, document.error().message(), advice_for_pull(document.error(), repository_));
  const std::string seen = repository_ + ':' + tag_ + " is " + document->digest.str() + ": " + describe(*document);
  auto image = co_await image_behind(*std::move(document));
  if (!image)
    co_return step("manifest", StepResult::failed, seen + "; " + image.error().message(), advice_for_pull(image.error(), repository_));
  if (image->image) {
    std::vector<registry::Descriptor> blobs = image->image->layers;
    blobs.insert(blobs.begin(), image->image->config);
    const auto usable = std::ranges::find_if(blobs, [](const auto& blob) { return blob.size_bytes > 0 && !blob.data && !blob.foreign; });
    if (usable != blobs.end()) blob_ = *usable;
  }
  co_return step("manifest", StepResult::ok, seen);
}

asio::awaitable<CheckStep> RegistryCheck::check_blob() {
  if (!blob_) co_return skipped("blob", "no blob is known");
  auto part = co_await client_->open_blob_partly(repository_, *blob_);
  if (!part) co_return step("blob", StepResult::failed, part.error().message(), advice_for_blob(part.error(), repository_));
  std::string seen = "blob " + blob_->digest.str().substr(0, 19) + " comes from " + part->from;
  if (part->from != base_.origin()) seen += ", to which the registry redirects";
  if (part->partial) co_return step("blob", StepResult::ok, seen + "; ranges are supported (206): interrupted transfers resume");
  co_return step("blob", StepResult::ok, seen + "; ranges are not supported (no 206): an interrupted transfer starts over",
                 "large layers need a stable connection: make proxies pass the Range header");
}

asio::awaitable<CheckStep> RegistryCheck::check_clock() {
  const WireNotes& notes = wire_->notes(base_.origin());
  if (!notes.clock_ahead) co_return skipped("clock", "no answer had a Date header");
  const std::chrono::seconds ahead = *notes.clock_ahead;
  const std::chrono::seconds off = std::chrono::abs(ahead);
  const std::string seen =
      "the registry's clock is " + std::to_string(off.count()) + " s " + (ahead.count() < 0 ? "behind" : "ahead of") + " ours";
  const std::string advice = "correct this machine's clock or the registry's: tokens, certificates and signed requests depend on it";
  if (off > kClockWrong) co_return step("clock", StepResult::failed, seen, advice);
  co_return step("clock", StepResult::ok, seen, off > kClockDoubtful ? advice : "");
}

asio::awaitable<CheckStep> RegistryCheck::check_throttling() {
  if (!probe_) co_return skipped("throttling", "no answer");
  const WireNotes& notes = wire_->notes(base_.origin());
  std::string seen;
  for (const auto& [name, value] : notes.limits) seen += (seen.empty() ? "" : ", ") + name + ": " + value;
  if (seen.empty()) seen = "no limit reported";
  const auto remaining = notes.limits.find("RateLimit-Remaining");
  const bool spent = remaining != notes.limits.end() && (remaining->second == "0" || remaining->second.starts_with("0;"));
  const std::string advice = "wait, log in (accounts have higher limits than anonymous callers), or scan at another time";
  if (notes.throttled > 0) {
    co_return step("throttling", StepResult::failed, counted(notes.throttled, "answer", "answers") + " with status 429; " + seen, advice);
  }
  co_return step("throttling", spent ? StepResult::failed : StepResult::ok, seen, spent ? advice : "");
}

}  // namespace landwaiter::daemon
