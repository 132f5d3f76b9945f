// SPDX-License-Identifier: Apache-2.0
// Google Identity, "Using OAuth 2.0 for Server to Server Applications"; RFC 7515 and RFC 7523.
#include "registry/auth/google_login.hpp"

#include "core/base/encoding.hpp"
#include "core/base/json_reader.hpp"
#include "core/base/json_text.hpp"
#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "registry/auth/cloud_login.hpp"
#include "registry/http/form.hpp"
#include "registry/http/openssl_pem.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <algorithm>
#include <array>

namespace landwaiter::registry {
namespace {

constexpr std::string_view kGoogleUser = "oauth2accesstoken";
constexpr std::string_view kTokenUrl = "https://oauth2.googleapis.com/token";
/// Read-only, for Artifact Registry and for Container Registry's data in Cloud Storage.
constexpr std::string_view kScope =
    "https://www.googleapis.com/auth/cloud-platform.read-only https://www.googleapis.com/auth/devstorage.read_only";
/// Hosts that key files have named over the years; tokens are always requested at kTokenUrl.
constexpr std::array<std::string_view, 3> kTokenHosts{"oauth2.googleapis.com", "www.googleapis.com", "accounts.google.com"};
constexpr std::chrono::hours kGoogleTokenLifetime(1);
constexpr std::chrono::minutes kGoogleRenewEarly(5);

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using KeyPtr = std::unique_ptr<EVP_PKEY, FreeKey>;

Result<KeyPtr> read_key(const Secret& pem) {
  const Error none(ErrorCode::malformed, "the Google key's private_key is not an RSA key in PEM");
  const BioPtr bio(BIO_new_mem_buf(pem.reveal().data(), static_cast<int>(pem.reveal().size())));
  if (!bio) return none;
  KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  if (!key || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA) return none;
  if (EVP_PKEY_get_bits(key.get()) > static_cast<int>(limits::key_bits_max)) return none;
  return key;
}

Result<Bytes> sign_rs256(const Secret& pem, std::string_view text) {
  auto key = read_key(pem);
  if (!key) return key.error();
  const Error failed(ErrorCode::malformed, "the Google key's private_key cannot sign");
  const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
  std::size_t size = 0;
  const auto* data = reinterpret_cast<const unsigned char*>(text.data());
  if (!context || EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key->get()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, data, text.size()) != 1) {
    return failed;
  }
  Bytes out(size);
  if (EVP_DigestSign(context.get(), out.data(), &size, data, text.size()) != 1) return failed;
  out.resize(size);
  return out;
}

class GoogleExchange : public std::enable_shared_from_this<GoogleExchange> {
 public:
  GoogleExchange(std::shared_ptr<Transport> transport, GoogleKey key, const Clock& clock)
      : api_(std::make_shared<ApiClient>(std::move(transport), clock)), key_(std::move(key)), clock_(clock) {}

  Awaitable<Token> fetch();

 private:
  Result<ApiRequest> request() const;

  std::shared_ptr<ApiClient> api_;
  GoogleKey key_;
  const Clock& clock_;
  std::chrono::seconds skew_{0};  ///< Google's clock minus ours, once it is known
};

Result<ApiRequest> GoogleExchange::request() const {
  auto url = HttpUrl::parse(kTokenUrl);
  if (!url) return url.error();
  auto assertion = sign_google_assertion(key_, clock_.now() + skew_);
  if (!assertion) return assertion.error();
  Form form;
  form.add("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer").add("assertion", assertion->reveal());
  ApiRequest out;
  out.url = *url;
  out.headers.push_back({"Content-Type", "application/x-www-form-urlencoded"});
  out.body = form.secret();
  out.secrets = {std::move(*assertion)};
  out.subject = "the access token of the Google service account " + landwaiter::quoted(key_.client_email);
  return out;
}

Result<Token> read_token(ApiAnswer& answer, const std::string& subject, SteadyTime asked_at) {
  auto text = take_secret(answer.document, "access_token", subject);
  if (!text) return text.error();
  auto lifetime = std::chrono::duration_cast<std::chrono::seconds>(kGoogleTokenLifetime);
  if (const auto found = answer.document.find("expires_in"); found != answer.document.end() && found->is_number()) {
    const double seconds = std::clamp(found->get<double>(), 0.0, static_cast<double>(limits::token_lifetime_max.count()));
    lifetime = std::chrono::seconds(static_cast<std::int64_t>(seconds));
  }
  Token out;
  out.text = std::move(*text);
  out.good_until = asked_at + lifetime;
  out.use_until = out.good_until - std::min<std::chrono::seconds>(kGoogleRenewEarly, lifetime / 2);
  return out;
}

Awaitable<Token> GoogleExchange::fetch() {
  const auto self = shared_from_this();
  for (int tries = 0; tries < 2; ++tries) {
    auto wire = request();
    if (!wire) co_return wire.error();
    const auto asked_at = clock_.steady_now();
    auto answer = co_await ask_cloud(api_, *wire);
    if (!answer) co_return answer.error();
    if (answer->status == 200) co_return read_token(*answer, wire->subject, asked_at);
    const auto skew = clock_skew(*answer, clock_.now() + skew_);
    if (!skew || tries > 0) co_return cloud_refusal(*answer, *wire);
    skew_ += *skew;
  }
  co_return Error(ErrorCode::internal, "Google returned no token");
}

}  // namespace

bool is_google_host(std::string_view host) {
  constexpr std::string_view container_registry = ".gcr.io";
  constexpr std::string_view artifact_registry = "-docker.pkg.dev";
  host = without_https_port(host);
  if (host == container_registry.substr(1)) return true;
  for (const std::string_view suffix : {container_registry, artifact_registry}) {
    if (host.ends_with(suffix)) return is_label(host.substr(0, host.size() - suffix.size()));
  }
  return false;
}

Result<GoogleKey> parse_google_key(const Secret& text) {
  auto document = parse_json(text.reveal(), "the Google key", kJsonFields);
  if (!document) return document.error();
  if (!document->is_object()) return Error(ErrorCode::malformed, "the Google key is not a JSON object");
  GoogleKey out;
  out.client_email = text_of(*document, "client_email");
  out.private_key_id = text_of(*document, "private_key_id");
  out.private_key = Secret(text_of(*document, "private_key"));
  const std::string token_url = text_of(*document, "token_uri");
  wipe_texts(*document);
  if (out.client_email.empty() || out.private_key.empty()) {
    return Error(ErrorCode::malformed, "the Google key needs client_email and private_key: give a service account's key file");
  }
  if (!token_url.empty()) {
    const auto url = HttpUrl::parse(token_url);
    if (!url || !url->tls || std::ranges::find(kTokenHosts, url->host) == kTokenHosts.end()) {
      const std::string host = landwaiter::quoted(url ? url->host : "an invalid URL");
      return Error(ErrorCode::invalid_argument, "the Google key requests its tokens from " + host + ", which is not Google's");
    }
  }
  return out;
}

Result<Secret> sign_google_assertion(const GoogleKey& key, SystemTime now) {
  const std::int64_t issued_at = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  nlohmann::json header{{"alg", "RS256"}, {"typ", "JWT"}};
  if (!key.private_key_id.empty()) header["kid"] = key.private_key_id;
  const nlohmann::json claims{{"iss", key.client_email},
                              {"scope", kScope},
                              {"aud", kTokenUrl},
                              {"iat", issued_at},
                              {"exp", issued_at + std::chrono::seconds(kGoogleTokenLifetime).count()}};
  const std::string text = base64url_encode(as_bytes(dump_json(header))) + '.' + base64url_encode(as_bytes(dump_json(claims)));
  auto signature = sign_rs256(key.private_key, text);
  if (!signature) return signature.error();
  return concat({text, ".", base64url_encode(*signature)});
}

std::shared_ptr<LoginSource> make_google_login(std::shared_ptr<Transport> transport, const Endpoint& endpoint, const Clock& clock) {
  auto allowed = check_cloud_endpoint(endpoint, is_google_host(endpoint.host), "Google's registries");
  if (!allowed) return make_refused_login(allowed.error());
  auto key = parse_google_key(endpoint.credentials.google_key_json);
  if (!key) return make_refused_login(key.error());
  CloudLoginForm form;
  form.username = kGoogleUser;
  form.secrets = {endpoint.credentials.google_key_json, key->private_key};
  const auto exchange = std::make_shared<GoogleExchange>(std::move(transport), std::move(*key), clock);
  TokenCache::Fetch fetch = [exchange] { return exchange->fetch(); };
  return make_cloud_login(std::move(form), std::move(fetch), clock);
}

}  // namespace landwaiter::registry
