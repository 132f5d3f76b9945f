// SPDX-License-Identifier: Apache-2.0
#include "detectors/openpgp/openpgp_finding.hpp"

#include "core/base/clock.hpp"
#include "core/base/digest.hpp"
#include "core/base/text.hpp"
#include "core/report/attribute_names.hpp"
#include "detectors/keys/key_checks.hpp"
#include "detectors/keys/published_keys.hpp"
#include "detectors/keys/x509_text.hpp"

namespace landwaiter::detectors::openpgp {
namespace {

using nlohmann::json;

bool is_private(SecretPart part) { return part == SecretPart::clear || part == SecretPart::encrypted; }

json private_part_name(SecretPart part) {
  switch (part) {
    case SecretPart::absent: return "absent";
    case SecretPart::on_card: return "on-card";
    default: return nullptr;
  }
}

std::string time_of(std::int64_t seconds) { return to_rfc3339(from_unix_us(seconds * 1'000'000)); }

std::vector<std::string> weaknesses_of(const PublicKey& key) {
  constexpr std::size_t kBitsMin = 2048;
  if (key.key_type == "ElGamal" && key.size_bits < kBitsMin) return {"elgamal-" + std::to_string(key.size_bits)};
  return key_weaknesses(key);
}

std::string name_of(const PublicKey& key) {
  const bool sized = key.key_type == "ElGamal" && key.size_bits != 0;
  return sized ? key.key_type + ' ' + std::to_string(key.size_bits) + "-bit" : describe(key);
}

void add_signature(const Member& member, json& attributes) {
  const SelfSignature signature = self_signature(member);
  const bool present = signature.hash != 0;
  attributes[attribute::expires] =
      signature.lifetime ? json(time_of(std::int64_t{member.key.created} + *signature.lifetime)) : json(nullptr);
  attributes[attribute::usage] = signature.flags ? json(usage_names(*signature.flags)) : json(nullptr);
  attributes["self_signature_hash"] = present ? json(hash_name(signature.hash)) : json(nullptr);
  attributes[attribute::revoked] = member.revoked;
  if (signature.hash == 1) attributes[attribute::weaknesses].push_back("md5-signature");
  if (signature.hash == 2) attributes[attribute::weaknesses].push_back("sha1-signature");
}

std::string owner(const std::vector<std::string>& user_ids) { return user_ids.empty() ? std::string() : user_ids.front(); }

Finding describe_member(const KeyBlock& block, const Member& member, std::string_view encoding) {
  const Key& key = member.key;
  Finding finding = describe_key(key.public_key, key.secret, key.public_numbers());
  json& attributes = finding.attributes;
  attributes[attribute::encoding] = encoding;
  attributes[attribute::format] = "OpenPGP v" + std::to_string(key.version);
  attributes[attribute::algorithm] = algorithm_name(key.algorithm);
  attributes[attribute::role] = member.primary ? "primary" : "subkey";
  attributes[attribute::fingerprint] = key.fingerprint;
  attributes[attribute::key_id] = key.key_id;
  attributes["primary_fingerprint"] = block.members.front().key.fingerprint;
  attributes[attribute::created] = time_of(key.created);
  json& names = attributes["user_ids"] = json::array();
  for (const std::string& user_id : block.user_ids) {
    names.push_back(attribute_text(user_id));
    // Subkeys name one owner, not all of them: otherwise a report would grow with the product of both.
    if (!member.primary) break;
  }
  if (is_private(key.secret.part)) attributes[attribute::consistent] = key.consistent;
  add_signature(member, attributes);
  finding.title += " (OpenPGP" + std::string(member.primary ? "" : " subkey") + ')';
  if (const std::string who = owner(block.user_ids); !who.empty()) finding.title += " of " + title_text(printable(who));
  if (is_private(key.secret.part)) mark_published(publisher_of(key.public_key, key.public_numbers()), finding);
  return finding;
}

}  // namespace

Finding describe_key(const PublicKey& key, const Protection& secret, ByteView identity) {
  Finding finding;
  const bool has_private = is_private(secret.part);
  const bool encrypted = secret.part == SecretPart::encrypted;
  finding.type = has_private ? FindingType::private_key : FindingType::public_key;
  finding.id = key.spki.empty() ? Digest::sha256_of(identity).str() : key.id();
  finding.severity = !has_private ? Severity::info : encrypted ? Severity::medium : Severity::high;
  finding.title = name_of(key) + (has_private ? " private key" : " public key") + (encrypted ? ", encrypted" : "");
  json& attributes = finding.attributes;
  add_public_key_attributes(key, attributes);
  if (has_private) {
    attributes[attribute::encrypted] = encrypted;
    attributes[attribute::encryption] = secret.encryption;
  } else if (secret.part != SecretPart::none) {
    attributes["private_part"] = private_part_name(secret.part);
  }
  json& weaknesses = attributes[attribute::weaknesses] = protection_weaknesses(secret.encryption);
  for (std::string& weakness : weaknesses_of(key)) weaknesses.push_back(std::move(weakness));
  return finding;
}

std::vector<Finding> describe_key_block(const KeyBlock& block, std::string_view encoding) {
  std::vector<Finding> findings;
  for (const Member& member : block.members) findings.push_back(describe_member(block, member, encoding));
  return findings;
}

}  // namespace landwaiter::detectors::openpgp
