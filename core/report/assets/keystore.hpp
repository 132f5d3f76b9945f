// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/report/finding.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace landwaiter::assets {

struct KeystoreEntry {
  std::string alias;                      ///< empty when it has none, or it is encrypted
  std::string kind;                       ///< "private-key", "public-key", "certificate", "secret-key", "sealed", "unknown"
  nlohmann::json encryption;              ///< of a key; null when not known
  std::vector<std::string> certificates;  ///< ids ("sha256:<hex>"); of a key its chain, leaf first
  std::string key_id;                     ///< "spki-sha256:<hex>" of a key; empty when not known
  std::string created;                    ///< RFC 3339; empty when the format does not say
};

/// A keystore whose entries are read: Java's, PKCS #12, NSS.
struct Keystore {
  std::string format;  ///< "JKS", "PKCS12"
  std::optional<std::uint64_t> version;
  std::uint64_t size_bytes = 0;
  nlohmann::json encryption;  ///< of the whole or a part; null when there is none
  nlohmann::json integrity;   ///< {algorithm, iterations}; null when nothing proves that it was not changed
  std::string problem;        ///< why the list of entries ends early; empty when it is whole
  std::string listing;        ///< "complete", "partial", "none"
  std::string password;       ///< the kind of the well-known password that opens it; empty when none does
  std::optional<bool> password_tried;
  std::vector<KeystoreEntry> entries;
};

void add_attributes(const Keystore& value, nlohmann::json& attributes);
Keystore keystore_of(const Finding& finding);

}  // namespace landwaiter::assets
