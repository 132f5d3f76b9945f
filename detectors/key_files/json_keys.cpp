// SPDX-License-Identifier: Apache-2.0
#include "detectors/key_files/json_keys.hpp"

#include "core/base/encoding.hpp"
#include "core/base/json.hpp"
#include "core/base/json_text.hpp"
#include "core/base/limits.hpp"
#include "core/base/secret.hpp"
#include "core/base/text.hpp"
#include "core/report/attribute_names.hpp"
#include "detectors/formats/json_object.hpp"
#include "detectors/keys/key_finding.hpp"
#include "detectors/keys/x509_text.hpp"

#include <openssl/obj_mac.h>

#include <algorithm>

namespace landwaiter::detectors {
namespace {

using nlohmann::json;

constexpr std::string_view kTypePrefix = "type.googleapis.com/google.crypto.tink.";
constexpr std::size_t kKeysMax = 1000;

const json* array_of(const json& object, const char* field) {
  const auto found = object.is_object() ? object.find(field) : object.end();
  return found != object.end() && found->is_array() && !found->empty() && found->size() <= kKeysMax ? &*found : nullptr;
}

/// Identifies a key inside the set and its purpose; only the type of `data` is read.
bool describe_tink_key(const json& key, const json& data, json& entries) {
  const std::string type = text_of(data, "typeUrl");
  if (!type.starts_with(kTypePrefix)) return false;
  const auto id = key.find("keyId");
  const std::string material = text_of(data, "keyMaterialType");
  entries.push_back({{"type", attribute_text(type.substr(kTypePrefix.size()))},
                     {"status", attribute_text(text_of(key, "status"))},
                     {"output_prefix", attribute_text(text_of(key, "outputPrefixType"))},
                     {"material", material.empty() ? json(nullptr) : json(attribute_text(material))},
                     {"key_id", id != key.end() && id->is_number_unsigned() ? *id : json(nullptr)}});
  return true;
}

/// {primaryKeyId, key: [{keyData: {typeUrl, value, keyMaterialType}, status, keyId, outputPrefixType}]}
bool read_clear_keyset(const json& object, json& entries) {
  const json* keys = array_of(object, "key");
  if (keys == nullptr || !object.contains("primaryKeyId")) return false;
  return std::ranges::all_of(*keys, [&](const json& key) {
    const auto data = key.is_object() ? key.find("keyData") : key.end();
    return data != key.end() && !text_of(*data, "value").empty() && describe_tink_key(key, *data, entries);
  });
}

/// {encryptedKeyset, keysetInfo: {primaryKeyId, keyInfo: [{typeUrl, status, keyId, outputPrefixType}]}}
bool read_encrypted_keyset(const json& object, json& entries) {
  const auto ciphertext = base64_decode(text_of(object, "encryptedKeyset"));
  const auto info = object.find("keysetInfo");
  const json* keys = info == object.end() ? nullptr : array_of(*info, "keyInfo");
  if (!ciphertext || ciphertext->empty() || keys == nullptr) return false;
  return std::ranges::all_of(*keys, [&](const json& key) { return key.is_object() && describe_tink_key(key, key, entries); });
}

bool is_public(const json& entry) { return entry["material"] == "ASYMMETRIC_PUBLIC" || entry["material"] == "REMOTE"; }

Finding describe_keyset(const json& object, bool encrypted, json entries, FindingSink& sink) {
  const bool only_public = !encrypted && std::ranges::all_of(entries, is_public);
  std::string canonical = dump_json(object);
  Finding finding;
  finding.type = FindingType::keystore;
  finding.id = sink.secret_id(as_bytes(canonical));
  wipe(canonical);
  finding.severity = only_public ? Severity::info : encrypted ? Severity::medium : Severity::high;
  finding.title = std::string(only_public ? "Tink keyset of public keys"
                              : encrypted ? "Tink keyset, encrypted"
                                          : "Tink keyset in the clear") +
                  ", " + std::to_string(entries.size()) + (entries.size() == 1 ? " key" : " keys");
  finding.attributes = {{attribute::format, "Tink"},
                        {attribute::encoding, "JSON"},
                        {attribute::encrypted, encrypted},
                        {"entry_count", entries.size()},
                        {attribute::entries, std::move(entries)},
                        {attribute::weaknesses, json::array()}};
  return finding;
}

/// The roles that name the key.
json roles_of(const json& root, const std::string& key_id) {
  json out = json::array();
  const auto roles = root.find("roles");
  if (roles == root.end() || !roles->is_object()) return out;
  for (const auto& [name, role] : roles->items()) {
    const json* ids = array_of(role, "keyids");
    if (ids != nullptr && std::ranges::find(*ids, json(key_id)) != ids->end() && out.size() < 32) out.push_back(attribute_text(name));
  }
  return out;
}

/// A key's value in hexadecimal: 32 bytes of Ed25519, or a point on P-256.
std::optional<PublicKey> read_tuf_key(const json& key) {
  const auto value = key.is_object() ? key.find("keyval") : key.end();
  const auto bytes = value == key.end() ? std::nullopt : hex_decode(text_of(*value, "public"));
  if (!bytes || bytes->empty()) return std::nullopt;
  const std::string type = text_of(key, "keytype");
  if (type == "ed25519") return raw_curve_public_key(oid::ed25519(), *bytes);
  const bool point = bytes->size() == 65 && (*bytes)[0] == 4;
  if (type.starts_with("ecdsa") && point) return ec_public_key(NID_X9_62_prime256v1, *bytes);
  return std::nullopt;
}

}  // namespace

void inspect_tink_keyset(const Window& window, const Hit& hit, FindingSink& sink) {
  json entries;
  bool encrypted = false;
  auto object = json_object_around(window, hit, sink, [&](const json& candidate) {
    entries = json::array();
    encrypted = candidate.contains("encryptedKeyset");
    return encrypted ? read_encrypted_keyset(candidate, entries) : read_clear_keyset(candidate, entries);
  });
  if (!object) return;
  sink.add(describe_keyset(object->value, encrypted, std::move(entries), sink), object->begin);
  sink.consumed(object->end);
  wipe_texts(object->value);
}

void inspect_tuf_root(const Window& window, const Hit& hit, FindingSink& sink) {
  const auto object = json_object_around(window, hit, sink, [](const json& candidate) {
    const auto keys = candidate.find("keys");
    return to_lower(text_of(candidate, "_type")) == "root" && keys != candidate.end() && keys->is_object() && keys->size() <= kKeysMax;
  });
  if (!object) return;
  for (const auto& [key_id, key] : object->value["keys"].items()) {
    const auto public_key = read_tuf_key(key);
    if (!public_key) continue;
    Finding finding = public_key_finding(*public_key, "hex", "TUF");
    finding.attributes["tuf_key_id"] = attribute_text(key_id);
    finding.attributes["roles"] = roles_of(object->value, key_id);
    sink.add(std::move(finding), object->begin);
  }
  sink.consumed(object->end);
}

}  // namespace landwaiter::detectors
