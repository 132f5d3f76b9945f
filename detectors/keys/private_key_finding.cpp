// SPDX-License-Identifier: Apache-2.0
#include "detectors/keys/private_key_finding.hpp"

#include "core/report/assets/key.hpp"
#include "core/report/attribute_names.hpp"
#include "detectors/keys/key_checks.hpp"
#include "detectors/keys/password_encryption.hpp"
#include "detectors/keys/published_keys.hpp"

#include <algorithm>
#include <iterator>

namespace landwaiter::detectors {

using nlohmann::json;

namespace {

std::string title_of(const PrivateKey& key, std::string_view encoding) {
  std::string title = key.public_key.key_type.empty() ? std::string() : describe(key.public_key) + ' ';
  title += key.encrypted ? "private key, encrypted" : "private key";
  title[0] = title[0] == 'p' ? 'P' : title[0];
  return title + " (" + std::string(encoding) + ", " + key.format + ')';
}

}  // namespace

Finding describe_private_key(const PrivateKey& key, std::string_view encoding, FindingSink& sink) {
  Finding finding;
  finding.type = FindingType::private_key;
  const bool known = !key.public_key.spki.empty();
  finding.id = known ? key.public_key.id() : sink.secret_id(key.opaque);
  finding.severity = key.encrypted ? Severity::medium : Severity::high;
  finding.title = title_of(key, encoding);
  json& attributes = finding.attributes;
  add_public_key_attributes(key.public_key, attributes);
  add_attributes(assets::PrivateKey{std::string(encoding), key.format, key.encrypted, key.encryption, {}}, attributes);
  attributes[attribute::consistent] = key.consistent;
  mark_published(publisher_of(key.public_key, key.opaque), finding);
  if (!key.ssh_fingerprint.empty()) attributes[attribute::ssh_fingerprint] = key.ssh_fingerprint;
  auto weaknesses = encryption_weaknesses(key.encryption);
  std::ranges::move(key_weaknesses(key.public_key), std::back_inserter(weaknesses));
  attributes[attribute::weaknesses] = std::move(weaknesses);
  return finding;
}

}  // namespace landwaiter::detectors
