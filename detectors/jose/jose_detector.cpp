// SPDX-License-Identifier: Apache-2.0
#include "detectors/jose/jose_detector.hpp"

#include "core/base/digest.hpp"
#include "core/base/json.hpp"
#include "core/base/secret.hpp"
#include "core/report/attribute_names.hpp"
#include "detectors/certificates/certificate.hpp"
#include "detectors/formats/json_search.hpp"
#include "detectors/jose/jwk.hpp"
#include "detectors/jose/jwt_finding.hpp"
#include "detectors/keys/key_checks.hpp"
#include "detectors/keys/published_keys.hpp"
#include "detectors/keys/x509_text.hpp"

namespace landwaiter::detectors {
namespace {

using nlohmann::json;

enum JoseTrigger { kJwkTrigger, kTokenTrigger, kProtectedTrigger };

/// RFC 7518, 3.2 requires as many bits as the hash has; below this it is weak by any standard (SP 800-131A).
constexpr std::size_t kSymmetricBitsMin = 112;

std::size_t backslashes_before(std::string_view text, std::size_t at) {
  std::size_t count = 0;
  while (count < at && text[at - count - 1] == '\\') ++count;
  return count;
}

json operations_of(const json& object) {
  constexpr std::size_t kOperationsMax = 16;
  const auto found = object.find("key_ops");
  if (found == object.end() || !found->is_array()) return nullptr;
  json out = json::array();
  for (const json& operation : *found) {
    if (operation.is_string() && out.size() < kOperationsMax) out.push_back(attribute_text(operation.get_ref<const std::string&>()));
  }
  return out;
}

std::string id_of(const Jwk& key, FindingSink& sink) { return key.symmetric ? sink.secret_id(key.secret.view()) : key.public_key.id(); }

Finding describe_jwk(const Jwk& key, const json& object, FindingSink& sink) {
  Finding finding;
  finding.type = key.symmetric ? FindingType::secret_key : key.is_private ? FindingType::private_key : FindingType::public_key;
  finding.id = id_of(key, sink);
  finding.severity = key.symmetric || key.is_private ? Severity::high : Severity::info;
  const std::string bits = std::to_string(key.public_key.size_bits) + "-bit";
  finding.title = key.symmetric ? "Symmetric key, " + bits + " (JWK)"
                                : describe(key.public_key) + (key.is_private ? " private" : " public") + " key (JWK)";
  json& attributes = finding.attributes;
  add_public_key_attributes(key.public_key, attributes);
  attributes[attribute::encoding] = "JSON";
  attributes[attribute::format] = "JWK";
  attributes[attribute::kid] = text_or_null(object, "kid");
  attributes["use"] = text_or_null(object, "use");
  attributes[attribute::algorithm] = text_or_null(object, "alg");
  attributes["key_ops"] = operations_of(object);
  attributes["x5t"] = text_or_null(object, "x5t");
  attributes["x5t_s256"] = text_or_null(object, "x5t#S256");
  attributes["certificates"] = key.certificates.size();
  json& weaknesses = attributes[attribute::weaknesses] = json::array();
  for (std::string& weakness : key_weaknesses(key.public_key)) weaknesses.push_back(std::move(weakness));
  if (key.symmetric && key.public_key.size_bits < kSymmetricBitsMin) weaknesses.push_back("short-symmetric-key");
  if (key.is_private) {
    attributes[attribute::encrypted] = false;
    attributes[attribute::encryption] = nullptr;
    attributes[attribute::consistent] = key.consistent;
    mark_published(publisher_of(key.public_key, {}), finding);
  }
  return finding;
}

}  // namespace

std::vector<Trigger> JoseDetector::triggers() const {
  return {
      {kJwkTrigger, R"("kty\\{0,7}")", 12},
      // "alg" in base64, at each of its three offsets within a group of three bytes.
      {kTokenTrigger, "(?:ImFsZyI|JhbGci|iYWxnI)", 7},
      // A protected header by itself; compact ones are followed by a dot and found by their content.
      {kProtectedTrigger, R"("protected\\{0,7}"\s{0,4}:\s{0,4}\\{0,7}"e[yw])", 42},
  };
}

void JoseDetector::inspect(const Window& window, const Hit& hit, FindingSink& sink) const {
  switch (hit.trigger) {
    case kJwkTrigger: return inspect_key(window, hit, sink);
    case kTokenTrigger: return inspect_token(window, hit, sink);
    default: return inspect_token_in_json(window, hit, sink);
  }
}

void JoseDetector::inspect_key(const Window& window, const Hit& hit, FindingSink& sink) const {
  const std::string_view text = as_text(window.bytes);
  const std::size_t name = text.substr(0, hit.end).rfind("\"kty");
  if (name == std::string_view::npos) return;
  auto found = enclosing_object(text, name, backslashes_before(text, name));
  if (!found) return;
  const auto key = read_jwk(found->object);
  if (key) {
    sink.add(describe_jwk(*key, found->object, sink), found->begin);
    for (const Bytes& certificate : key->certificates) {
      if (auto finding = describe_certificate(certificate, "JWK")) sink.add(*std::move(finding), found->begin);
    }
  }
  wipe_texts(found->object);
}

void JoseDetector::inspect_token(const Window& window, const Hit& hit, FindingSink& sink) const {
  const auto compact = find_compact(as_text(window.bytes), hit.end - 1, window.ends_file);
  if (!compact) return;
  auto token = read_compact(compact->whole);
  if (!token) return;
  sink.add(describe_token(*token, compact->whole, "compact", sink), compact->begin);
  sink.consumed(compact->end);
  wipe_texts(token->claims);
}

void JoseDetector::inspect_token_in_json(const Window& window, const Hit& hit, FindingSink& sink) const {
  const std::string_view text = as_text(window.bytes);
  const std::size_t name = text.substr(0, hit.end).rfind("\"protected");
  if (name == std::string_view::npos) return;
  const std::size_t backslashes = backslashes_before(text, name);
  auto found = enclosing_object(text, name, backslashes);
  if (!found) return;
  // One of several signatures: the payload is a member of the object around their list.
  auto around = found->object.contains("payload") ? std::nullopt : enclosing_object(text, found->begin, backslashes);
  auto compact = compact_of(found->object, around ? around->object : json());
  auto token = compact ? read_compact(*compact) : std::nullopt;
  if (token) {
    sink.add(describe_token(*token, *compact, "JSON", sink), found->begin);
    wipe_texts(token->claims);
  }
  if (compact) wipe(*compact);
  wipe_texts(found->object);
  if (around) wipe_texts(around->object);
}

}  // namespace landwaiter::detectors
