// SPDX-License-Identifier: Apache-2.0
#include "detectors/keystore.hpp"

#include "core/clock.hpp"
#include "detectors/x509_text.hpp"

#include <algorithm>

namespace landwaiter::detectors {
namespace {

using nlohmann::json;

json entry_json(const KeystoreEntry& entry) {
  json out{{"alias", entry.alias}, {"kind", entry.kind}, {"encryption", entry.encryption}, {"certificates", json::array()}};
  out["created"] = entry.created.empty() ? json(nullptr) : json(entry.created);
  for (const ByteView certificate : entry.certificates) out["certificates"].push_back(Digest::sha256_of(certificate).str());
  return out;
}

std::size_t count_of(const Keystore& keystore, std::string_view kind) {
  return static_cast<std::size_t>(std::ranges::count(keystore.entries, kind, &KeystoreEntry::kind));
}

std::string counted(std::size_t count, std::string_view one, std::string_view many) {
  return std::to_string(count) + ' ' + std::string(count == 1 ? one : many);
}

std::string title_of(const Keystore& keystore) {
  std::string title = keystore.type + " keystore";
  if (!keystore.encryption.is_null() && keystore.entries.empty()) return title + ", encrypted as a whole";
  std::vector<std::string> parts;
  if (const auto keys = count_of(keystore, "private-key")) parts.push_back(counted(keys, "private key", "private keys"));
  if (const auto keys = count_of(keystore, "secret-key") + count_of(keystore, "sealed")) parts.push_back(counted(keys, "secret key", "secret keys"));
  if (const auto certificates = count_of(keystore, "certificate")) parts.push_back(counted(certificates, "certificate", "certificates"));
  if (parts.empty()) return title + ", empty";
  title += " with ";
  for (std::size_t i = 0; i < parts.size(); ++i) title += (i == 0 ? "" : ", ") + parts[i];
  return title;
}

/// What protects keys counts; a store of public certificates is an inventory's entry only.
Severity severity_of(const Keystore& keystore) {
  const bool keys = count_of(keystore, "certificate") != keystore.entries.size() || !keystore.encryption.is_null();
  if (!keys) return Severity::info;
  return keystore.weaknesses.empty() ? Severity::low : Severity::medium;
}

}  // namespace

Finding describe_keystore(const Keystore& keystore) {
  Finding finding;
  finding.type = FindingType::keystore;
  finding.id = Digest::sha256_of(keystore.whole).str();
  finding.severity = severity_of(keystore);
  finding.title = title_of(keystore);
  json& attributes = finding.attributes;
  attributes["keystore_type"] = keystore.type;
  attributes["version"] = keystore.version ? json(*keystore.version) : json(nullptr);
  attributes["size_bytes"] = keystore.whole.size();
  attributes["encryption"] = keystore.encryption;
  attributes["integrity"] = keystore.integrity;
  attributes["weaknesses"] = keystore.weaknesses;
  attributes["problem"] = keystore.problem.empty() ? json(nullptr) : json(keystore.problem);
  attributes["entries"] = json::array();
  for (const KeystoreEntry& entry : keystore.entries) attributes["entries"].push_back(entry_json(entry));
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
      for (const unsigned byte : {0xf0U | (point >> 18U), 0x80U | ((point >> 12U) & 0x3fU), 0x80U | ((point >> 6U) & 0x3fU), 0x80U | (point & 0x3fU)}) {
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
  constexpr std::uint64_t kYear9999 = 253'402'300'799'000;
  if (milliseconds > kYear9999) return {};
  return to_rfc3339(from_unix_us(static_cast<std::int64_t>(milliseconds) * 1000));
}

}  // namespace landwaiter::detectors
