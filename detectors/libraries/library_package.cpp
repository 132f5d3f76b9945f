// SPDX-License-Identifier: Apache-2.0
#include "detectors/libraries/library_package.hpp"

#include "core/base/text.hpp"
#include "core/base/work_meter.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace landwaiter::detectors {
namespace {

/// Entries of package databases are a few KiB; descriptions and lists of conffiles are the bulk.
constexpr std::size_t kStanzaMax = 64 * 1024;
constexpr std::size_t kNameMax = 64;

struct PackageName {
  std::string_view base;  ///< without a trailing soname number
  PackagedLibrary library;
};

constexpr std::array kPackages{
    PackageName{"openssl", {"OpenSSL", "C"}},
    PackageName{"openssl-libs", {"OpenSSL", "C"}},
    PackageName{"openssl-fips-provider", {"OpenSSL", "C"}},
    PackageName{"compat-openssl", {"OpenSSL", "C"}},
    PackageName{"libopenssl", {"OpenSSL", "C"}},
    PackageName{"libssl", {"OpenSSL", "C"}},
    PackageName{"libcrypto", {"OpenSSL", "C"}},
    PackageName{"libressl", {"LibreSSL", "C"}},
    PackageName{"aws-lc", {"AWS-LC", "C"}},
    PackageName{"gnutls", {"GnuTLS", "C"}},
    PackageName{"libgnutls", {"GnuTLS", "C"}},
    PackageName{"libgcrypt", {"libgcrypt", "C"}},
    PackageName{"nettle", {"nettle", "C"}},
    PackageName{"libnettle", {"nettle", "C"}},
    PackageName{"libhogweed", {"hogweed", "C"}},
    PackageName{"libsodium", {"libsodium", "C"}},
    PackageName{"mbedtls", {"mbed TLS", "C"}},
    PackageName{"libmbedcrypto", {"mbed TLS", "C"}},
    PackageName{"libmbedtls", {"mbed TLS", "C"}},
    PackageName{"libmbedx509", {"mbed TLS", "C"}},
    PackageName{"wolfssl", {"wolfSSL", "C"}},
    PackageName{"libwolfssl", {"wolfSSL", "C"}},
    PackageName{"botan", {"Botan", "C++"}},
    PackageName{"botan-libs", {"Botan", "C++"}},
    PackageName{"libbotan", {"Botan", "C++"}},
    PackageName{"libtomcrypt", {"LibTomCrypt", "C"}},
    PackageName{"crypto++", {"Crypto++", "C++"}},
    PackageName{"cryptopp", {"Crypto++", "C++"}},
    PackageName{"libcrypto++", {"Crypto++", "C++"}},
    PackageName{"libcryptopp", {"Crypto++", "C++"}},
    PackageName{"nss", {"NSS", "C"}},
    PackageName{"nss-softokn", {"NSS", "C"}},
    PackageName{"nss-softokn-freebl", {"NSS", "C"}},
    PackageName{"libnss", {"NSS", "C"}},
    PackageName{"libfreebl", {"NSS", "C"}},
    PackageName{"libsoftokn", {"NSS", "C"}},
    PackageName{"mozilla-nss", {"NSS", "C"}},
    PackageName{"libssh2-", {"libssh2", "C"}},
    PackageName{"libssh2", {"libssh2", "C"}},
    PackageName{"libssh", {"libssh", "C"}},
    PackageName{"liboqs", {"liboqs", "C"}},
    PackageName{"libbcprov-java", {"Bouncy Castle", "Java"}},
    PackageName{"bouncycastle", {"Bouncy Castle", "Java"}},
    PackageName{"python3-cryptography", {"cryptography", "Python"}},
    PackageName{"py3-cryptography", {"cryptography", "Python"}},
    PackageName{"python3-openssl", {"pyOpenSSL", "Python"}},
    PackageName{"py3-openssl", {"pyOpenSSL", "Python"}},
    PackageName{"python3-nacl", {"PyNaCl", "Python"}},
    PackageName{"py3-pynacl", {"PyNaCl", "Python"}},
    PackageName{"python3-pycryptodome", {"PyCryptodome", "Python"}},
    PackageName{"py3-pycryptodome", {"PyCryptodome", "Python"}},
    PackageName{"python3-pycryptodomex", {"PyCryptodome", "Python"}},
    PackageName{"py3-pycryptodomex", {"PyCryptodome", "Python"}},
    PackageName{"python3-m2crypto", {"M2Crypto", "Python"}},
    PackageName{"python3-paramiko", {"Paramiko", "Python"}},
    PackageName{"py3-paramiko", {"Paramiko", "Python"}},
    PackageName{"nodejs", {"Node.js", "C++"}},
};

/// Prefixes of the names, for the triggers.
constexpr std::string_view kBeginnings =
    "(?:openssl|compat-openssl|libopenssl|libssl|libcrypto|libressl|aws-lc|gnutls|libgnutls|libgcrypt|nettle|libnettle|libhogweed|"
    "libsodium|mbedtls"
    "|libmbed|wolfssl|libwolfssl|botan|libbotan|libtomcrypt|crypto\\+\\+|cryptopp|nss|libnss[0-9]|libfreebl|libsoftokn|mozilla-nss|libssh|"
    "liboqs"
    "|libbcprov-java|bouncycastle|python3-cryptography|py3-cryptography|python3-openssl|py3-openssl|python3-nacl|py3-pynacl|python3-"
    "pycryptodome"
    "|py3-pycryptodome|python3-m2crypto|python3-paramiko|py3-paramiko|nodejs|openjdk-|java-)";

/// "1:3.0.19-1~deb12u1" is 3.0.19: upstream's version without epoch and revision; "+dfsg" and similar suffixes mean that files were
/// removed.
std::string upstream(std::string_view version) {
  if (const std::size_t colon = version.find(':'); colon != std::string_view::npos) version.remove_prefix(colon + 1);
  version = version.substr(0, version.rfind('-'));
  for (const std::string_view mark : {"+dfsg", "~dfsg", "+ds", ".dfsg", "+git", "+really"}) version = version.substr(0, version.find(mark));
  return std::string(version);
}

/// The characters that purl requires to be escaped in names and versions.
std::string purl_text(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       std::string_view(".-_~").find(c) != std::string_view::npos;
    if (plain) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
  return out;
}

struct PackageFacts {
  std::string_view name, version, architecture;
  std::string_view type, vendor;  ///< of the purl
};

CryptoLibrary describe_package(const PackagedLibrary& known, const PackageFacts& facts) {
  CryptoLibrary library;
  library.name = known.library;
  library.language = known.language;
  library.version = upstream(facts.version);
  library.evidence = {{"package", std::string(facts.name) + ' ' + std::string(facts.version)}};
  std::string purl = "pkg:" + std::string(facts.type) + '/';
  if (!facts.vendor.empty()) purl += std::string(facts.vendor) + '/';
  purl += purl_text(facts.name) + '@' + purl_text(facts.version);
  if (!facts.architecture.empty()) purl += "?arch=" + purl_text(facts.architecture);
  library.package = LibraryPackage{std::string(facts.name), std::string(facts.version), std::move(purl)};
  return library;
}

/// The text up to an empty line, one field per line; continuation lines belong to unused fields.
std::map<std::string_view, std::string_view> fields_of(std::string_view text, std::string_view separator) {
  std::map<std::string_view, std::string_view> fields;
  constexpr std::uint64_t kUnitsPerByte = 4, kFieldUnits = 150;
  text = text.substr(0, kStanzaMax);
  if (!charge_work(text.size())) return fields;
  text = text.substr(0, std::min(text.find("\n\n"), text.find('\0')));
  charge_work(kUnitsPerByte * text.size());
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::size_t at = line.find(separator);
    if (!charge_work(kFieldUnits)) break;
    if (at == std::string_view::npos || line[0] == ' ' || line[0] == '\t') continue;
    fields.emplace(line.substr(0, at), trim(line.substr(at + separator.size())));
  }
  return fields;
}

/// One word of a version or name.
bool is_word(std::string_view text) {
  return !text.empty() && text.size() <= 128 && std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

std::string_view field(const std::map<std::string_view, std::string_view>& fields, std::string_view name) {
  const auto found = fields.find(name);
  return found == fields.end() ? std::string_view() : found->second;
}

bool vendor_is(std::string_view text, std::string_view vendor) { return to_lower(text).find(vendor) != std::string::npos; }

bool java_runtime(std::string_view package) {
  const bool debian = package.starts_with("openjdk-") || package.starts_with("openjdk");
  return (debian && (package.ends_with("-jre-headless") || package.ends_with("-jre"))) ||
         (package.starts_with("java-") && package.ends_with("-openjdk-headless"));
}

/// The text of one zero-ended string of an rpm store.
bool next_string(std::string_view& rest, std::string_view& out) {
  const std::size_t end = rest.substr(0, 128).find('\0');
  if (end == std::string_view::npos) return false;
  out = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return is_word(out);
}

/// From an index to the line's end; empty if that is farther than any name.
std::string_view line_behind(std::string_view text, std::size_t begin) {
  const std::string_view line = text.substr(begin, kNameMax + 1);
  const std::size_t end = line.find_first_of("\r\n");
  return end == std::string_view::npos ? std::string_view() : line.substr(0, end);
}

}  // namespace

std::string dpkg_pattern() { return "Package: " + std::string(kBeginnings); }
std::string apk_pattern() { return "\\nP:" + std::string(kBeginnings); }
std::string rpm_pattern() { return "C\\x00" + std::string(kBeginnings); }

std::optional<PackagedLibrary> library_of_package(std::string_view package) {
  if (java_runtime(package)) return PackagedLibrary{"Java Cryptography Architecture", "Java"};
  const auto exact = [](std::string_view name) { return std::ranges::find(kPackages, name, &PackageName::base); };
  auto found = exact(package);
  if (found == kPackages.end()) {
    // libssl3t64, libbotan-2-19, libssh2-1, libopenssl1_1, libnss3
    if (package.ends_with("t64")) package.remove_suffix(3);
    if (package.starts_with("libssh2")) package = "libssh2";
    const std::size_t last = package.find_last_not_of("0123456789._-");
    found = last == std::string_view::npos ? kPackages.end() : exact(package.substr(0, last + 1));
  }
  if (found == kPackages.end()) return std::nullopt;
  return found->library;
}

std::optional<FoundLibrary> read_dpkg(const Window& window, const Hit& hit) {
  const std::string_view text = as_text(window.bytes);
  const std::size_t from = hit.end - std::min(hit.end, kPackagePatternLength);
  const std::size_t begin = text.substr(0, hit.end).rfind("Package: ");
  if (begin == std::string_view::npos || begin < from || (begin > 0 && text[begin - 1] != '\n')) return std::nullopt;
  if (!library_of_package(line_behind(text, begin + std::string_view("Package: ").size()))) return std::nullopt;
  const auto fields = fields_of(text.substr(begin), ": ");
  const PackageFacts facts{field(fields, "Package"), field(fields, "Version"), field(fields, "Architecture"), "deb",
                           vendor_is(field(fields, "Maintainer"), "ubuntu") ? "ubuntu" : "debian"};
  const auto known = library_of_package(facts.name);
  if (!known || !is_word(facts.version) || !is_word(facts.architecture)) return std::nullopt;
  // Distroless images have files of one stanza without a status; lists of available packages have none either.
  if (const std::string_view status = field(fields, "Status"); !status.empty() && !status.ends_with(" installed")) return std::nullopt;
  if (fields.contains("Filename") || (!fields.contains("Status") && !fields.contains("Maintainer"))) return std::nullopt;
  return FoundLibrary{describe_package(*known, facts), begin};
}

std::optional<FoundLibrary> read_apk(const Window& window, const Hit& hit) {
  const std::string_view text = as_text(window.bytes);
  const std::size_t begin = text.substr(0, hit.end).rfind("\nP:");
  if (begin == std::string_view::npos || hit.end - begin > kPackagePatternLength) return std::nullopt;
  if (!library_of_package(line_behind(text, begin + std::string_view("\nP:").size()))) return std::nullopt;
  const auto fields = fields_of(text.substr(begin + 1), ":");
  const bool wolfi = vendor_is(field(fields, "U"), "wolfi") || vendor_is(field(fields, "m"), "wolfi");
  const PackageFacts facts{field(fields, "P"), field(fields, "V"), field(fields, "A"), "apk", wolfi ? "wolfi" : "alpine"};
  const auto known = library_of_package(facts.name);
  if (!known || !is_word(facts.version) || !is_word(facts.architecture)) return std::nullopt;
  return FoundLibrary{describe_package(*known, facts), begin + 1};
}

std::optional<FoundLibrary> read_rpm(const Window& window, const Hit& hit) {
  const std::string_view text = as_text(window.bytes);
  constexpr std::string_view kLocale("C\0", 2);
  const std::size_t begin = text.substr(0, hit.end).rfind(kLocale);
  if (begin == std::string_view::npos || hit.end - begin > kPackagePatternLength) return std::nullopt;
  std::string_view rest = text.substr(begin + kLocale.size());
  std::string_view name, version, release;
  if (!next_string(rest, name) || name.size() > kNameMax || !next_string(rest, version) || !next_string(rest, release)) return std::nullopt;
  const auto known = library_of_package(name);
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (!known || !digit(version[0]) || !digit(release[0])) return std::nullopt;
  const std::string whole = std::string(version) + '-' + std::string(release);
  return FoundLibrary{describe_package(*known, {name, whole, {}, "rpm", {}}), begin + kLocale.size()};
}

}  // namespace landwaiter::detectors
