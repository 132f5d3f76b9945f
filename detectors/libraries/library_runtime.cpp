// SPDX-License-Identifier: Apache-2.0
#include "detectors/libraries/library_runtime.hpp"

#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "core/base/work_meter.hpp"
#include "detectors/formats/binary_format.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace landwaiter::detectors {
namespace {

/// A program of a thousand modules has build information of 100 KiB; the window promises 128 KiB.
constexpr std::size_t kBuildInfoMax = 120 * 1024;

struct NamedModule {
  std::string_view name;
  std::string_view library;
};

constexpr std::array kGoModules{
    NamedModule{"golang.org/x/crypto", "golang.org/x/crypto"},
    NamedModule{"filippo.io/edwards25519", "filippo.io/edwards25519"},
    NamedModule{"filippo.io/age", "filippo.io/age"},
    NamedModule{"github.com/cloudflare/circl", "CIRCL"},
    NamedModule{"github.com/ProtonMail/go-crypto", "ProtonMail go-crypto"},
    NamedModule{"github.com/golang-jwt/jwt", "golang-jwt"},
    NamedModule{"github.com/go-jose/go-jose", "go-jose"},
    NamedModule{"github.com/lestrrat-go/jwx", "jwx"},
    NamedModule{"github.com/google/tink/go", "Tink"},
    NamedModule{"github.com/tink-crypto/tink-go", "Tink"},
    NamedModule{"github.com/microsoft/go-crypto-openssl", "go-crypto-openssl"},
    NamedModule{"github.com/golang-fips/openssl", "golang-fips/openssl"},
    NamedModule{"github.com/square/go-jose", "go-jose"},
    NamedModule{"gopkg.in/square/go-jose.v2", "go-jose"},
};

constexpr std::array<std::string_view, 40> kCrates{"ring",
                                                   "rustls",
                                                   "openssl",
                                                   "openssl-sys",
                                                   "boring",
                                                   "boring-sys",
                                                   "aws-lc-rs",
                                                   "aws-lc-sys",
                                                   "sodiumoxide",
                                                   "libsodium-sys",
                                                   "orion",
                                                   "sha1",
                                                   "sha2",
                                                   "sha3",
                                                   "md-5",
                                                   "aes",
                                                   "aes-gcm",
                                                   "chacha20",
                                                   "chacha20poly1305",
                                                   "rsa",
                                                   "dsa",
                                                   "ecdsa",
                                                   "p256",
                                                   "p384",
                                                   "k256",
                                                   "ed25519-dalek",
                                                   "curve25519-dalek",
                                                   "x25519-dalek",
                                                   "hmac",
                                                   "pbkdf2",
                                                   "argon2",
                                                   "scrypt",
                                                   "bcrypt",
                                                   "blake2",
                                                   "blake3",
                                                   "des",
                                                   "secp256k1",
                                                   "ml-kem",
                                                   "pqcrypto",
                                                   "snow"};

constexpr std::array kDlls{
    NamedModule{"bcrypt.dll", "Windows CNG"},       NamedModule{"bcryptprimitives.dll", "Windows CNG"},
    NamedModule{"ncrypt.dll", "Windows CNG"},       NamedModule{"crypt32.dll", "Windows CryptoAPI"},
    NamedModule{"secur32.dll", "Windows Schannel"}, NamedModule{"schannel.dll", "Windows Schannel"},
};

struct Assembly {
  std::string_view beginning;  ///< of OriginalFilename, in lower case
  std::string_view library;
  std::string_view language;
};
constexpr std::array kAssemblies{
    Assembly{"bouncycastle.", "Bouncy Castle C#", "C#"}, Assembly{"system.security.cryptography", ".NET cryptography", "C#"},
    Assembly{"nsec.cryptography", "NSec", "C#"},         Assembly{"sodium.core", "Sodium.Core", "C#"},
    Assembly{"bcrypt.dll", "Windows CNG", "C"},          Assembly{"bcryptprimitives.dll", "Windows CNG", "C"},
    Assembly{"ncrypt.dll", "Windows CNG", "C"},          Assembly{"crypt32.dll", "Windows CryptoAPI", "C"},
    Assembly{"schannel.dll", "Windows Schannel", "C"},   Assembly{"libcrypto", "OpenSSL", "C"},
};

/// A string after its length, as in encoding/binary's Uvarint; here with at most two bytes of length.
bool varint_string(std::string_view& rest, std::string_view& out) {
  std::size_t length = 0;
  for (unsigned shift = 0; shift < 28; shift += 7) {
    if (rest.empty()) return false;
    const auto byte = static_cast<unsigned char>(rest[0]);
    rest.remove_prefix(1);
    length |= static_cast<std::size_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) != 0) continue;
    if (length > rest.size() || length > kBuildInfoMax) return false;
    out = rest.substr(0, length);
    rest.remove_prefix(length);
    return true;
  }
  return false;
}

bool version_like(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

/// One line of "dep\tgolang.org/x/crypto\tv0.17.0\th1:...": the module, without a major version in its path.
void add_module(std::string_view line, std::size_t offset, std::vector<FoundLibrary>& out) {
  line.remove_prefix(4);
  const std::string_view path = line.substr(0, line.find('\t'));
  const std::string_view rest = line.substr(std::min(line.size(), path.size() + 1));
  const std::string_view version = rest.substr(0, rest.find('\t'));
  std::string_view bare = path;
  if (const std::size_t slash = path.rfind("/v"); slash != std::string_view::npos && slash + 3 == path.size()) bare = path.substr(0, slash);
  const auto known = std::ranges::find(kGoModules, bare, &NamedModule::name);
  if (known == kGoModules.end() || !version_like(version)) return;
  auto module = found_library(known->library, version.starts_with('v') ? version.substr(1) : version, "Go",
                              {"buildinfo", std::string(path) + ' ' + std::string(version)}, offset);
  module.library.linkage = "static";
  out.push_back(std::move(module));
}

void read_modules(std::string_view info, std::size_t offset, CryptoLibrary& go, std::vector<FoundLibrary>& out) {
  constexpr std::uint64_t kLineUnits = 300;  // a module is compared with all that are known
  if (!charge_work(info.size())) return;
  while (!info.empty() && charge_work(kLineUnits)) {
    const std::string_view line = info.substr(0, info.find('\n'));
    info.remove_prefix(std::min(info.size(), line.size() + 1));
    if (line.starts_with("dep\t")) add_module(line, offset, out);
    if (!line.starts_with("build\t")) continue;
    const std::string_view setting = line.substr(6);
    if (setting.starts_with("GOFIPS140=") ||
        (setting.starts_with("GOEXPERIMENT=") && setting.find("boringcrypto") != std::string_view::npos)) {
      go.evidence.push_back({"buildinfo", std::string(setting.substr(0, 128))});
      if (!setting.starts_with("GOFIPS140=")) go.vendor = "BoringCrypto";
    }
  }
}

std::string narrow(std::string_view utf16) {
  std::string out;
  for (std::size_t i = 0; i + 1 < utf16.size() && out.size() < 128; i += 2) {
    if (utf16[i] == 0 && utf16[i + 1] == 0) break;
    if (utf16[i + 1] != 0 || utf16[i] < 0x20 || utf16[i] > 0x7e) return {};
    out += utf16[i];
  }
  return out;
}

/// The value of a String structure whose key (UTF-16, zero-ended) ends at `key_end`; padding to 32 bits is zeros.
std::string version_value(std::string_view bytes, std::size_t key_end) {
  while (key_end + 1 < bytes.size() && bytes[key_end] == 0 && bytes[key_end + 1] == 0) key_end += 2;
  return narrow(bytes.substr(std::min(bytes.size(), key_end), 256));
}

std::string version_field(std::string_view around, std::string_view key) {
  std::string wide;
  for (const char c : key) (wide += c) += '\0';
  wide += std::string(2, '\0');
  const std::size_t at = around.find(wide);
  return at == std::string_view::npos ? std::string() : version_value(around, at + wide.size());
}

}  // namespace

std::vector<FoundLibrary> read_go_buildinfo(const Window& window, const Hit& hit) {
  std::vector<FoundLibrary> out;
  if (hit.end < kGoLength) return out;
  const std::size_t begin = hit.end - kGoLength;
  std::string_view rest = as_text(window.bytes).substr(begin);
  constexpr std::size_t kHeader = 32;
  constexpr unsigned char kInline = 2;
  if (rest.size() < kHeader || (static_cast<unsigned char>(rest[15]) & kInline) == 0) return out;
  rest = rest.substr(kHeader, kBuildInfoMax);
  std::string_view version, info;
  if (!varint_string(rest, version) || !version.starts_with("go") || !version_like(version.substr(0, version.find(' ')))) return out;
  if (!varint_string(rest, info)) info = {};
  // "go1.22.5 X:boringcrypto": experiments follow the version.
  const std::string_view number = version.substr(2, version.find(' ') - 2);
  auto go = found_library("Go crypto", number, "Go", {"buildinfo", std::string(version.substr(0, 128))}, begin);
  go.library.linkage = "static";
  go.library.confidence = "medium";
  if (version.find("boringcrypto") != std::string_view::npos) go.library.vendor = "BoringCrypto";
  read_modules(info, begin, go.library, out);
  out.insert(out.begin(), std::move(go));
  return out;
}

std::optional<FoundLibrary> read_pe_import(const Window& window, const Hit& hit) {
  if (binary_kind(window.head) != BinaryKind::pe || hit.end < 2) return std::nullopt;
  const std::size_t from = hit.end - std::min(hit.end, kImportLength);
  const std::string text = to_lower(as_text(window.bytes.subspan(from, hit.end - from - 1)));
  for (const NamedModule& dll : kDlls) {
    if (!text.ends_with(dll.name)) continue;
    // A name in an import table follows the terminating zero of another, or an empty hint.
    const std::size_t begin = hit.end - 1 - dll.name.size();
    if (begin == 0 || window.bytes[begin - 1] != 0) continue;
    auto out = found_library(dll.library, {}, "C", {"import", std::string(dll.name)}, begin);
    out.library.vendor = "Microsoft";
    out.library.linkage = "shared";
    out.library.confidence = "medium";
    return out;
  }
  return std::nullopt;
}

std::optional<FoundLibrary> read_framework(const Window& window, const Hit& hit) {
  if (binary_kind(window.head) != BinaryKind::mach_o || hit.end == 0) return std::nullopt;
  const std::string_view text = as_text(window.bytes).substr(0, hit.end);
  struct Path {
    std::string_view end, library, file;
  };
  constexpr std::array kPaths{Path{"libcommonCrypto.dylib", "Apple CommonCrypto", "libcommonCrypto.dylib"},
                              Path{"CryptoKit.framework/", "Apple CryptoKit", "CryptoKit.framework"},
                              Path{"Security.framework/", "Apple Security", "Security.framework"}};
  const auto path = std::ranges::find_if(kPaths, [&](const Path& each) { return text.ends_with(each.end); });
  if (path == kPaths.end()) return std::nullopt;
  auto out = found_library(path->library, {}, "C", {"import", std::string(path->file)}, hit.end - path->end.size());
  out.library.vendor = "Apple";
  out.library.linkage = "shared";
  return out;
}

std::optional<FoundLibrary> read_version_info(const Window& window, const Hit& hit) {
  const std::string_view bytes = as_text(window.bytes);
  const std::string original = version_value(bytes, hit.end);
  const std::string lower = to_lower(original);
  const auto known = std::ranges::find_if(kAssemblies, [&](const Assembly& each) { return lower.starts_with(each.beginning); });
  if (known == kAssemblies.end() || hit.end == 0) return std::nullopt;
  // The whole resource is a few KiB; its fields may come before or after.
  const std::size_t from = hit.end - std::min<std::size_t>(hit.end, limits::detector_lookbehind_bytes);
  const std::string_view around = bytes.substr(from, 2 * limits::detector_lookbehind_bytes);
  if (!charge_work(2 * around.size())) return std::nullopt;
  std::string version = version_field(around, "ProductVersion");
  if (version.empty()) version = version_field(around, "FileVersion");
  // "2.2.1+3b2a..." and "10.0.19041.1 (WinBuild.160101.0800)": the rest is a commit or a build name.
  version = version.substr(0, version.find_first_of("+ "));
  if (!version.empty() && !version_like(version)) version.clear();
  auto out =
      found_library(known->library, version, known->language, {"metadata", original + (version.empty() ? "" : " " + version)}, hit.end - 1);
  out.library.linkage = "shared";
  return out;
}

std::string rust_pattern() {
  std::string names;
  for (const std::string_view name : kCrates) names += (names.empty() ? "" : "|") + std::string(name);
  return "/(?:" + names + R"()-[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}[-+.0-9a-z]{0,16}/src/)";
}

std::vector<FoundLibrary> read_rust_crates(const Window& window, const Hit& hit, std::size_t& searched_end) {
  std::vector<FoundLibrary> out;
  searched_end = hit.end;
  if (binary_kind(window.head) == BinaryKind::none) return out;
  searched_end = std::min(window.bytes.size(), hit.end + limits::detector_lookahead_bytes);
  const std::string_view text = as_text(window.bytes).substr(0, searched_end);
  constexpr std::string_view kSources = "/src/";
  charge_work(searched_end - hit.end);
  std::set<std::string_view> seen;
  const std::size_t from = hit.end - std::min(hit.end, kSources.size());
  for (std::size_t at = text.find(kSources, from); at != std::string_view::npos; at = text.find(kSources, at + 1)) {
    constexpr std::uint64_t kUnits = 400;
    if (!charge_work(kUnits)) break;
    const std::string_view before = text.substr(at - std::min(at, kRustLength), std::min(at, kRustLength));
    const std::size_t slash = before.rfind('/');
    if (slash == std::string_view::npos) continue;
    const std::string_view folder = before.substr(slash + 1);
    const auto known = std::ranges::find_if(kCrates, [&](std::string_view name) {
      return folder.size() > name.size() + 1 && folder.starts_with(name) && folder[name.size()] == '-' && folder[name.size() + 1] >= '0' &&
             folder[name.size() + 1] <= '9';
    });
    if (known == kCrates.end() || !seen.insert(folder).second) continue;
    const std::string_view version = folder.substr(known->size() + 1);
    if (!version_like(version)) continue;
    auto crate = found_library(std::string(*known) + " (Rust)", version, "Rust", {"source-path", std::string(folder)}, at - folder.size());
    crate.library.linkage = "static";
    out.push_back(std::move(crate));
  }
  return out;
}

}  // namespace landwaiter::detectors
