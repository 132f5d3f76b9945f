// SPDX-License-Identifier: Apache-2.0
#include "registry/auth/cloud_login.hpp"

#include "core/base/json.hpp"
#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "registry/http/http_headers.hpp"
#include "registry/http/status_error.hpp"

#include <algorithm>
#include <array>

namespace landwaiter::registry {
namespace {

class CloudLogin final : public LoginSource, public std::enable_shared_from_this<CloudLogin> {
 public:
  CloudLogin(CloudLoginForm form, TokenCache::Fetch fetch, const Clock& clock)
      : form_(std::move(form)), fetch_(std::move(fetch)), clock_(clock), cache_(std::make_shared<TokenCache>(clock)) {}

  Awaitable<Login> get(bool renew) override {
    const auto self = shared_from_this();
    const bool lately = fetched_at_ && clock_.steady_now() < *fetched_at_ + limits::login_renew_pause;
    if (renew && !lately) cache_->drop("");
    TokenCache::Fetch fetch = fetch_;
    auto got = co_await cache_->get("", std::move(fetch));
    if (!got) co_return got.error();
    if (got->fresh) fetched_at_ = clock_.steady_now();
    co_return login_of(*got);
  }

  void append_secrets(std::vector<Secret>& secrets) const override {
    secrets.insert(secrets.end(), form_.secrets.begin(), form_.secrets.end());
    std::vector<Secret> given;
    cache_->append_to(given);
    for (const Secret& secret : given) {
      Token token;
      token.text = secret;
      registry::append_secrets(login_of(token), secrets);
    }
  }

 private:
  Login login_of(const Token& token) const {
    Login out;
    out.username = form_.username;
    (form_.as_token ? out.token : out.password) = token.text;
    out.use_until = token.use_until;
    return out;
  }

  CloudLoginForm form_;
  TokenCache::Fetch fetch_;
  const Clock& clock_;
  std::shared_ptr<TokenCache> cache_;
  std::optional<SteadyTime> fetched_at_;
};

class RefusedLogin final : public LoginSource {
 public:
  explicit RefusedLogin(Error reason) : reason_(std::move(reason)) {}
  Awaitable<Login> get(bool) override { co_return reason_; }
  void append_secrets(std::vector<Secret>&) const override {}

 private:
  Error reason_;
};

bool names_missing_right(std::string_view text) {
  constexpr std::array<std::string_view, 3> words{"AccessDenied", "access_denied", "not authorized to perform"};
  return std::ranges::any_of(words, [&](std::string_view word) { return text.find(word) != std::string_view::npos; });
}

}  // namespace

std::shared_ptr<LoginSource> make_cloud_login(CloudLoginForm form, TokenCache::Fetch fetch, const Clock& clock) {
  return std::make_shared<CloudLogin>(std::move(form), std::move(fetch), clock);
}

std::shared_ptr<LoginSource> make_refused_login(Error reason) { return std::make_shared<RefusedLogin>(std::move(reason)); }

bool is_label(std::string_view text) {
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return !text.empty() && text.size() <= 63 && std::ranges::all_of(text, fits);
}

std::string_view without_https_port(std::string_view host) {
  if (host.ends_with(":443")) host.remove_suffix(4);
  return host;
}

Result<void> check_cloud_endpoint(const Endpoint& endpoint, bool whole_host, std::string_view cloud) {
  const std::string kind(to_string(endpoint.credentials.kind));
  if (!whole_host) {
    return Error(ErrorCode::invalid_argument, "credentials of kind " + kind + " are only given to " + std::string(cloud) + ", and " +
                                                  landwaiter::quoted(endpoint.host) + " is not one of them");
  }
  if (endpoint.plain_http) {
    return Error(ErrorCode::invalid_argument, "credentials of kind " + kind + " are not sent to " + endpoint.host + " over plain http");
  }
  return {};
}

Awaitable<ApiAnswer> ask_cloud(std::shared_ptr<ApiClient> api, ApiRequest request) {
  request.method = "POST";
  request.expected = {200, 400, 401, 403};
  request.bytes_max = limits::token_bytes_max;
  co_return co_await api->ask(std::move(request));
}

Error cloud_refusal(const ApiAnswer& answer, const ApiRequest& request) {
  std::string said = answer.document.is_null() ? std::string() : message_of_body(dump_json(answer.document));
  const bool forbidden = answer.status == 403 || names_missing_right(said);
  for (const SecretHeader& header : request.secret_headers) said = redact(std::move(said), header.value);
  for (const Secret& secret : request.secrets) said = redact(std::move(said), secret);
  std::string text = name_of_status(answer.status) + " from " + request.url.authority() + " for " + request.subject;
  if (!said.empty()) text += ": " + landwaiter::quoted(said, 300);
  return Error(forbidden ? ErrorCode::forbidden : ErrorCode::unauthorized, std::move(text));
}

std::optional<std::chrono::seconds> clock_skew(const ApiAnswer& answer, SystemTime now) {
  const auto date = parse_http_date(answer.response->header("Date").value_or(""));
  if (!date) return std::nullopt;
  const auto ahead = std::chrono::duration_cast<std::chrono::seconds>(*date - now);
  if (std::chrono::abs(ahead) <= limits::clock_skew_max) return std::nullopt;
  return ahead;
}

Result<Secret> take_secret(nlohmann::json& object, const char* name, std::string_view subject) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  const bool text = found != object.end() && found->is_string() && !found->get_ref<const std::string&>().empty();
  if (!text) return Error(ErrorCode::malformed, std::string(subject) + ": the answer holds no " + name);
  Secret out(found->get<std::string>());
  wipe_texts(*found);
  return out;
}

}  // namespace landwaiter::registry
