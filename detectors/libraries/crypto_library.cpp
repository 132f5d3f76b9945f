// SPDX-License-Identifier: Apache-2.0
#include "detectors/libraries/crypto_library.hpp"

#include "core/base/digest.hpp"
#include "core/report/assets/crypto_library.hpp"
#include "core/report/attribute_names.hpp"
#include "detectors/keys/x509_text.hpp"

#include <array>

namespace landwaiter::detectors {
namespace {

using nlohmann::json;

struct ReleaseLine {
  std::string_view library;
  std::string_view line;  ///< prefix of its versions, up to a dot, letter or end
  std::string_view date;
};

/// Release lines that ended before this day have the weakness, later ones only the date.
constexpr std::string_view kTableWritten = "2026-01-01";

/// openssl-library.org/policies/releasestrat, gnupg.org/download, Mbed-TLS BRANCHES.md, github.com/nodejs/Release.
constexpr std::array kReleaseLines{
    ReleaseLine{"OpenSSL", "0.9", "2015-12-31"},   ReleaseLine{"OpenSSL", "1.0.0", "2015-12-31"},
    ReleaseLine{"OpenSSL", "1.0.1", "2016-12-31"}, ReleaseLine{"OpenSSL", "1.0.2", "2019-12-31"},
    ReleaseLine{"OpenSSL", "1.1.0", "2019-09-11"}, ReleaseLine{"OpenSSL", "1.1.1", "2023-09-11"},
    ReleaseLine{"OpenSSL", "3.0", "2026-09-07"},   ReleaseLine{"OpenSSL", "3.1", "2025-03-14"},
    ReleaseLine{"OpenSSL", "3.2", "2025-11-23"},   ReleaseLine{"OpenSSL", "3.3", "2026-04-09"},
    ReleaseLine{"OpenSSL", "3.4", "2026-10-22"},   ReleaseLine{"OpenSSL", "3.5", "2030-04-08"},
    ReleaseLine{"libgcrypt", "1.4", "2012-12-31"}, ReleaseLine{"libgcrypt", "1.5", "2016-12-31"},
    ReleaseLine{"libgcrypt", "1.6", "2017-06-30"}, ReleaseLine{"libgcrypt", "1.7", "2019-06-30"},
    ReleaseLine{"libgcrypt", "1.8", "2024-12-31"}, ReleaseLine{"mbed TLS", "1", "2018-12-31"},
    ReleaseLine{"mbed TLS", "2.1", "2018-12-31"},  ReleaseLine{"mbed TLS", "2.7", "2021-03-12"},
    ReleaseLine{"mbed TLS", "2.16", "2021-12-31"}, ReleaseLine{"mbed TLS", "2.28", "2024-12-31"},
    ReleaseLine{"Node.js", "14", "2023-04-30"},    ReleaseLine{"Node.js", "16", "2023-09-11"},
    ReleaseLine{"Node.js", "18", "2025-04-30"},    ReleaseLine{"Node.js", "20", "2026-04-30"},
    ReleaseLine{"Node.js", "22", "2027-04-30"},
};

bool belongs(std::string_view version, std::string_view line) {
  if (!version.starts_with(line)) return false;
  return version.size() == line.size() || version[line.size()] < '0' || version[line.size()] > '9';
}

std::string id_of(const CryptoLibrary& library) {
  std::string canonical = "crypto-library";
  canonical += '\0';
  canonical += library.name;
  canonical += '\0';
  canonical += library.version.value_or("");
  return Digest::sha256_of(as_bytes(canonical)).str();
}

}  // namespace

EndOfLife end_of_life(std::string_view library, std::string_view version) {
  for (const ReleaseLine& line : kReleaseLines) {
    if (line.library == library && belongs(version, line.line)) return {line.date, line.date < kTableWritten};
  }
  return {};
}

Finding describe_library(const CryptoLibrary& library) {
  Finding finding;
  finding.type = FindingType::crypto_library;
  finding.id = id_of(library);
  finding.severity = Severity::info;
  finding.title = title_text(attribute_text(library.name + (library.version ? " " + *library.version : "")));
  const EndOfLife end = end_of_life(library.name, library.version.value_or(""));
  assets::CryptoLibrary asset;
  asset.name = attribute_text(library.name);
  asset.version = attribute_text(library.version.value_or(""));
  asset.vendor = attribute_text(library.vendor);
  asset.language = attribute_text(library.language);
  asset.confidence = library.confidence;
  asset.linkage = library.linkage;
  for (const LibraryEvidence& evidence : library.evidence) asset.evidence.push_back({evidence.kind, attribute_text(evidence.value)});
  asset.end_of_life = end.date;
  if (library.package) {
    asset.package = {attribute_text(library.package->name), attribute_text(library.package->version)};
    asset.purl = attribute_text(library.package->purl);
  }
  add_attributes(asset, finding.attributes);
  finding.attributes[attribute::weaknesses] = end.ended ? json::array({"end-of-life"}) : json::array();
  return finding;
}

}  // namespace landwaiter::detectors
