// SPDX-License-Identifier: Apache-2.0
#include "detectors/keystores/keystore.hpp"

#include "core/base/clock.hpp"
#include "core/base/text.hpp"
#include "core/report/assets/key.hpp"
#include "core/report/assets/keystore.hpp"
#include "core/report/attribute_names.hpp"
#include "detectors/formats/der.hpp"
#include "detectors/keys/password_encryption.hpp"
#include "detectors/keys/public_key.hpp"
#include "detectors/keys/x509_text.hpp"

#include <algorithm>

namespace landwaiter::detectors {
namespace {

using nlohmann::json;

assets::KeystoreEntry asset_of(const KeystoreEntry& entry) {
  assets::KeystoreEntry out{entry.alias, entry.kind, entry.encryption, {}, entry.key_id, entry.created};
  for (const ByteView certificate : entry.certificates) out.certificates.push_back(Digest::sha256_of(certificate).str());
  return out;
}

std::size_t count_of(const Keystore& keystore, std::string_view kind) {
  return static_cast<std::size_t>(std::ranges::count(keystore.entries, kind, &KeystoreEntry::kind));
}

std::size_t secret_keys(const Keystore& keystore) {
  return count_of(keystore, "secret-key") + count_of(keystore, "sealed") + count_of(keystore, "unknown");
}

std::string title_of(const Keystore& keystore) {
  std::string title = keystore.type + " keystore";
  std::vector<std::string> parts;
  if (const auto keys = count_of(keystore, "private-key")) parts.push_back(counted(keys, "private key", "private keys"));
  if (const auto keys = count_of(keystore, "public-key")) parts.push_back(counted(keys, "public key", "public keys"));
  if (const auto keys = secret_keys(keystore)) parts.push_back(counted(keys, "secret key", "secret keys"));
  if (const auto certificates = count_of(keystore, "certificate")) parts.push_back(counted(certificates, "certificate", "certificates"));
  if (parts.empty() && !keystore.listed) title += keystore.encryption.is_null() ? ", not listed" : ", encrypted";
  else if (parts.empty()) title += ", empty";
  else title += " with ";
  for (std::size_t i = 0; i < parts.size(); ++i) title += (i == 0 ? "" : ", ") + parts[i];
  if (!parts.empty() && !keystore.listed) title += " and an encrypted part";
  if (keystore.password) title += keystore.password->text.empty() ? ", opened without a password" : ", opened with a well-known password";
  return title;
}

/// The protection of keys matters; a store of public certificates is only an inventory entry. A well-known password protects nothing.
Severity severity_of(const Keystore& keystore) {
  const std::size_t secrets = count_of(keystore, "private-key") + secret_keys(keystore);
  if (secrets == 0 && keystore.listed) return Severity::info;
  if (secrets > 0 && keystore.password) return Severity::high;
  return keystore.weaknesses.empty() ? Severity::low : Severity::medium;
}

/// How complete the list of entries is.
std::string listing_of(const Keystore& keystore) {
  if (keystore.listed && keystore.problem.empty()) return "complete";
  return keystore.entries.empty() ? "none" : "partial";
}

}  // namespace

void Keystore::add_weakness(std::string_view code) {
  if (std::ranges::find(weaknesses, code) == weaknesses.end()) weaknesses.emplace_back(code);
}

void Keystore::add_weaknesses_of(const json& described) {
  for (const std::string& code : encryption_weaknesses(described)) add_weakness(code);
  if (!described.is_object() || !described.value("cipher", json()).is_string()) return;
  const std::string cipher = to_lower(described["cipher"].get<std::string>());
  for (const std::string_view triple : {"ede3", "tripledes", "3-key", "des-ede", "2-key"}) {
    if (cipher.find(triple) != std::string::npos) add_weakness("3des");
  }
}

Finding describe_keystore(const Keystore& keystore) {
  Finding finding;
  finding.type = FindingType::keystore;
  finding.id = Digest::sha256_of(keystore.whole).str();
  finding.severity = severity_of(keystore);
  finding.title = title_of(keystore);
  assets::Keystore asset;
  asset.format = keystore.type;
  asset.version = keystore.version;
  asset.size_bytes = keystore.whole.size();
  asset.encryption = keystore.encryption;
  asset.integrity = keystore.integrity;
  asset.problem = keystore.problem;
  asset.listing = listing_of(keystore);
  if (keystore.password) asset.password = keystore.password->kind();
  asset.password_tried = keystore.password_tried;
  for (const KeystoreEntry& entry : keystore.entries) asset.entries.push_back(asset_of(entry));
  add_attributes(asset, finding.attributes);
  finding.attributes[attribute::weaknesses] = keystore.weaknesses;
  return finding;
}

std::string java_text(ByteView modified_utf8) {
  std::string out;
  const auto surrogate = [&](std::size_t at) -> unsigned {
    if (at + 3 > modified_utf8.size() || modified_utf8[at] != 0xed) return 0;
    return 0xd000U | ((modified_utf8[at + 1] & 0x3fU) << 6U) | (modified_utf8[at + 2] & 0x3fU);
  };
  for (std::size_t i = 0; i < modified_utf8.size();) {
    const unsigned high = surrogate(i), low = surrogate(i + 3);
    if (high >= 0xd800 && high < 0xdc00 && low >= 0xdc00) {
      const unsigned point = 0x10000U + ((high - 0xd800U) << 10U) + (low - 0xdc00U);
      for (const unsigned byte :
           {0xf0U | (point >> 18U), 0x80U | ((point >> 12U) & 0x3fU), 0x80U | ((point >> 6U) & 0x3fU), 0x80U | (point & 0x3fU)}) {
        out += static_cast<char>(byte);
      }
      i += 6;
    } else if (modified_utf8[i] == 0xc0 && i + 1 < modified_utf8.size() && modified_utf8[i + 1] == 0x80) {
      out += '\0';
      i += 2;
    } else {
      out += static_cast<char>(modified_utf8[i++]);
    }
  }
  return attribute_text(out);
}

std::string java_date(std::uint64_t milliseconds) {
  if (milliseconds >= static_cast<std::uint64_t>(kYear10000) * 1000) return {};
  return to_rfc3339(from_unix_us(static_cast<std::int64_t>(milliseconds) * 1000));
}

CertificateFields certificate_fields(ByteView der) {
  ByteView certificate, tbs;
  if (!der::Reader(der).next(der::kSequence, certificate) || !der::Reader(certificate).next(der::kSequence, tbs)) return {};
  der::Reader reader(tbs);
  der::Element element, issuer, subject, spki;
  if (reader.next_is(der::kContext0) && !reader.next(element)) return {};
  const bool read = reader.next(der::kInteger, element) && reader.next(der::kSequence, element) && reader.next(der::kSequence, issuer) &&
                    reader.next(der::kSequence, element) && reader.next(der::kSequence, subject) && reader.next(der::kSequence, spki);
  if (!read) return {};
  return {.issuer = issuer.whole, .subject = subject.whole, .spki = spki.whole};
}

std::string certified_key_id(ByteView certificate) {
  const ByteView spki = certificate_fields(certificate).spki;
  const auto key = spki.empty() ? std::nullopt : read_public_key(spki);
  return key ? key->id() : std::string();
}

}  // namespace landwaiter::detectors
