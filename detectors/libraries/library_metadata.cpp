// SPDX-License-Identifier: Apache-2.0
#include "detectors/libraries/library_metadata.hpp"

#include "core/base/json_reader.hpp"
#include "core/base/text.hpp"
#include "core/base/work_meter.hpp"
#include "detectors/formats/binary_format.hpp"

#include <algorithm>
#include <array>

namespace landwaiter::detectors {
namespace {

/// Headers of a distribution's metadata come before its description; the longest lists of classifiers have about 10 KiB.
constexpr std::size_t kHeadersMax = 32 * 1024;
/// The largest package.json of a library; installers do not read larger ones.
constexpr std::size_t kPackageJsonMax = 128 * 1024;

struct NamedPackage {
  std::string_view name;  ///< as in the metadata, in lower case
  std::string_view library;
};

constexpr std::array kPython{
    NamedPackage{"cryptography", "cryptography"},
    NamedPackage{"pycryptodome", "PyCryptodome"},
    NamedPackage{"pycryptodomex", "PyCryptodome"},
    NamedPackage{"pycrypto", "PyCrypto"},
    NamedPackage{"pynacl", "PyNaCl"},
    NamedPackage{"pyopenssl", "pyOpenSSL"},
    NamedPackage{"m2crypto", "M2Crypto"},
    NamedPackage{"paramiko", "Paramiko"},
    NamedPackage{"bcrypt", "bcrypt (Python)"},
    NamedPackage{"pyjwt", "PyJWT"},
    NamedPackage{"python-jose", "python-jose"},
    NamedPackage{"jwcrypto", "jwcrypto"},
    NamedPackage{"rsa", "Python-RSA"},
    NamedPackage{"ecdsa", "python-ecdsa"},
    NamedPackage{"argon2-cffi", "argon2-cffi"},
    NamedPackage{"authlib", "Authlib"},
    NamedPackage{"tink", "Tink"},
};

constexpr std::array<std::string_view, 22> kNpm{
    "node-forge",    "crypto-js",      "elliptic",  "jsonwebtoken", "jose",  "tweetnacl",     "libsodium-wrappers", "libsodium",
    "openpgp",       "bcrypt",         "bcryptjs",  "jsrsasign",    "sjcl",  "node-rsa",      "secp256k1",          "@noble/curves",
    "@noble/hashes", "@noble/ciphers", "node-jose", "asn1js",       "pkijs", "browserify-aes"};

struct Maven {
  std::string_view group;
  std::string_view library;
};
constexpr std::array kMaven{
    Maven{"org.bouncycastle", "Bouncy Castle"},
    Maven{"org.conscrypt", "Conscrypt"},
    Maven{"com.google.crypto.tink", "Tink"},
    Maven{"software.amazon.cryptools", "Amazon Corretto Crypto Provider"},
    Maven{"com.nimbusds", "Nimbus JOSE + JWT"},
    Maven{"io.jsonwebtoken", "JJWT"},
    Maven{"org.jasypt", "Jasypt"},
};

bool version_text(std::string_view text) {
  return !text.empty() && text.size() <= 64 && text[0] >= '0' && text[0] <= '9' &&
         std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f && c != '"' && c != '<'; });
}

/// The value of the line that starts with `key`, within `text`.
std::optional<std::string_view> property_value(std::string_view text, std::string_view key) {
  if (!charge_work(text.size())) return std::nullopt;
  for (std::size_t at = text.find(key); at != std::string_view::npos; at = text.find(key, at + 1)) {
    if (at > 0 && text[at - 1] != '\n') continue;
    const std::size_t begin = at + key.size();
    return trim(text.substr(begin, text.find('\n', begin) - begin));
  }
  return std::nullopt;
}

/// The file from its start, if the window contains it and nothing in it is binary.
std::optional<std::string_view> text_file(const Window& window, std::size_t bytes_max) {
  if (window.offset != 0) return std::nullopt;
  const std::string_view text = as_text(window.bytes).substr(0, bytes_max);
  // It is read again at each of its places that look like a library.
  if (!charge_work(text.size())) return std::nullopt;
  if (text.find('\0') != std::string_view::npos) return std::nullopt;
  return text;
}

/// Bouncy Castle's manifest says 1.72.0 where the provider says 1.72.
std::string bouncy_version(std::string_view version) {
  if (std::ranges::count(version, '.') == 2 && version.ends_with(".0")) version.remove_suffix(2);
  return std::string(version);
}

/// The start of what the trigger matched: the last place of one of its words before the hit's end.
std::size_t match_begin(const Window& window, const Hit& hit, std::string_view word) {
  const std::size_t from = hit.end - std::min(hit.end, kJavaLength + word.size());
  const std::size_t at = as_text(window.bytes).substr(from, hit.end - from).rfind(word);
  return at == std::string_view::npos ? at : from + at;
}

}  // namespace

std::optional<FoundLibrary> read_python_metadata(const Window& window, const Hit& hit) {
  const std::size_t begin = match_begin(window, hit, "Metadata-Version: ");
  if (begin == std::string_view::npos) return std::nullopt;
  std::string_view text = as_text(window.bytes).substr(begin, kHeadersMax);
  if (!charge_work(2 * text.size())) return std::nullopt;
  text = text.substr(0, std::min(text.find("\n\n"), text.find("\n\r\n")));
  if (text.find('\0') != std::string_view::npos || (begin > 0 && window.bytes[begin - 1] >= 0x20)) return std::nullopt;
  const auto name = property_value(text, "Name: ");
  const auto version = property_value(text, "Version: ");
  if (!name || !version || !version_text(*version)) return std::nullopt;
  std::string plain = to_lower(*name);
  std::ranges::replace(plain, '_', '-');
  const auto known = std::ranges::find(kPython, plain, &NamedPackage::name);
  if (known == kPython.end()) return std::nullopt;
  return found_library(known->library, *version, "Python", {"metadata", plain + ' ' + std::string(*version)}, begin);
}

std::string npm_pattern() {
  std::string names;
  for (const std::string_view name : kNpm) names += (names.empty() ? "" : "|") + std::string(name);
  return "\"name\": ?\"(?:" + names + ")\"";
}

std::optional<FoundLibrary> read_package_json(const Window& window, const Hit& hit) {
  if (window.offset != 0 || !window.ends_file || window.bytes.size() > kPackageJsonMax) return std::nullopt;
  const auto document = parse_json(as_text(window.bytes), "package.json", kJsonObject);
  if (!document || !document->is_object()) return std::nullopt;
  const auto text = [&](const char* key) {
    const auto value = document->find(key);
    return value != document->end() && value->is_string() ? value->get<std::string>() : std::string();
  };
  const std::string name = text("name"), version = text("version");
  if (std::ranges::find(kNpm, name) == kNpm.end() || !version_text(version)) return std::nullopt;
  const std::size_t offset = hit.end - std::min(hit.end, std::size_t{1});
  return found_library(name + " (npm)", version, "JavaScript", {"metadata", name + ' ' + version}, offset);
}

std::optional<FoundLibrary> read_manifest(const Window& window, const Hit& hit) {
  const auto text = text_file(window, kHeadersMax);
  if (!text || !text->starts_with("Manifest-Version: ") || hit.end == 0) return std::nullopt;
  // Digests of entries follow the first empty line.
  const std::string_view main = text->substr(0, std::min({text->size(), text->find("\n\n"), text->find("\n\r\n")}));
  auto version = property_value(main, "Implementation-Version: ");
  if (!version) version = property_value(main, "Bundle-Version: ");
  const auto bundle = property_value(main, "Bundle-SymbolicName: ").value_or("");
  const auto extension = property_value(main, "Extension-Name: ").value_or("");
  charge_work(3 * main.size());
  const bool bouncy = extension.starts_with("org.bouncycastle.") || main.find("org.bouncycastle") != std::string_view::npos ||
                      main.find("BouncyCastle.org") != std::string_view::npos;
  if (!version || !version_text(*version) || !bouncy) return std::nullopt;
  const bool fips = bundle.find("fips") != std::string_view::npos || main.find("(FIPS") != std::string_view::npos;
  const std::string value = std::string(extension.empty() ? bundle : extension) + ' ' + std::string(*version);
  return found_library(fips ? "Bouncy Castle FIPS" : "Bouncy Castle", bouncy_version(*version), "Java", {"manifest", value}, 0);
}

std::optional<FoundLibrary> read_pom_properties(const Window& window, const Hit& hit) {
  const auto text = text_file(window, kHeadersMax);
  if (!text || hit.end == 0) return std::nullopt;
  const auto group = property_value(*text, "groupId=");
  const auto artifact = property_value(*text, "artifactId=");
  const auto version = property_value(*text, "version=");
  if (!group || !artifact || !version || !version_text(*version)) return std::nullopt;
  const auto known = std::ranges::find(kMaven, *group, &Maven::group);
  if (known == kMaven.end()) return std::nullopt;
  const bool bouncy = known->library == "Bouncy Castle";
  const bool fips = bouncy && artifact->find("fips") != std::string_view::npos;
  return found_library(fips ? "Bouncy Castle FIPS" : known->library, bouncy ? bouncy_version(*version) : std::string(*version), "Java",
                       {"metadata", std::string(*group) + ':' + std::string(*artifact) + ':' + std::string(*version)}, hit.end - 1);
}

std::optional<FoundLibrary> read_conscrypt_properties(const Window& window, const Hit& hit) {
  const auto text = text_file(window, kHeadersMax);
  if (!text || hit.end == 0) return std::nullopt;
  std::string version;
  for (const std::string_view part : {"major", "minor", "patch"}) {
    const auto number = property_value(*text, "org.conscrypt.version." + std::string(part) + '=');
    if (!number || !version_text(*number)) return std::nullopt;
    version += (version.empty() ? "" : ".") + std::string(*number);
  }
  return found_library("Conscrypt", version, "Java", {"metadata", "org.conscrypt " + version}, hit.end - 1);
}

std::optional<FoundLibrary> read_java_release(const Window& window, const Hit& hit) {
  const auto text = text_file(window, kHeadersMax);
  if (!text || hit.end == 0) return std::nullopt;
  const auto unquoted = [&](std::string_view key) {
    const std::string_view value = property_value(*text, key).value_or("");
    return value.size() > 2 && value.front() == '"' && value.back() == '"' ? value.substr(1, value.size() - 2) : std::string_view();
  };
  const std::string_view version = unquoted("JAVA_VERSION=");
  // The file's other lines, which scripts that set such a variable do not have.
  if (!version_text(version) || (!property_value(*text, "OS_ARCH=") && !property_value(*text, "MODULES="))) return std::nullopt;
  auto out =
      found_library("Java Cryptography Architecture", version, "Java", {"metadata", "JAVA_VERSION " + std::string(version)}, hit.end - 1);
  out.library.vendor = unquoted("IMPLEMENTOR=");
  return out;
}

std::optional<FoundLibrary> read_bouncy_class(const Window& window, const Hit& hit) {
  if (binary_kind(window.head) != BinaryKind::java_class) return std::nullopt;
  std::size_t begin = match_begin(window, hit, "BouncyCastle ");
  if (begin == std::string_view::npos) begin = match_begin(window, hit, "Bouncy Castle ");
  // CONSTANT_Utf8: tag 1, u16 length (JVM specification, 4.4.7).
  if (begin == std::string_view::npos || begin < 3 || window.bytes[begin - 3] != 1) return std::nullopt;
  const std::size_t length = static_cast<std::size_t>(window.bytes[begin - 2]) << 8 | window.bytes[begin - 1];
  if (length > 128 || length > window.bytes.size() - begin) return std::nullopt;
  const std::string_view text = as_text(window.bytes.subspan(begin, length));
  // "... v1.72", "... (FIPS edition) v1.0.2.4", "... Version 1.0.14"
  const std::string_view version = text.substr(text.rfind(' ') + 1);
  const std::string_view number = version.starts_with('v') ? version.substr(1) : version;
  if (!version_text(number)) return std::nullopt;
  const bool fips = text.find("FIPS") != std::string_view::npos;
  const bool jsse = text.find("JSSE") != std::string_view::npos;
  return found_library(jsse   ? "Bouncy Castle JSSE"
                       : fips ? "Bouncy Castle FIPS"
                              : "Bouncy Castle",
                       bouncy_version(number), "Java", {"class", std::string(text)}, begin);
}

std::optional<FoundLibrary> read_tink_class(const Window& window, const Hit& hit) {
  // Any class that uses Tink names its registry; the registry itself is in a file of that name, with any prefix.
  if (hit.end == 0 || binary_kind(window.head) != BinaryKind::java_class || !window.name.ends_with("crypto/tink/Registry.class"))
    return std::nullopt;
  auto out = found_library("Tink", {}, "Java", {"class", "com.google.crypto.tink.Registry"}, hit.end - 1);
  out.library.confidence = "medium";
  return out;
}

}  // namespace landwaiter::detectors
