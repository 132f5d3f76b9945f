// SPDX-License-Identifier: Apache-2.0
#include "detectors/libraries/library_strings.hpp"

#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "core/base/work_meter.hpp"
#include "detectors/formats/binary_format.hpp"

#include <algorithm>
#include <array>

namespace landwaiter::detectors {
namespace {

/// LibTomCrypt's text continues with its build options, 2 KiB.
constexpr std::size_t kTextMax = 4 * limits::KiB;
/// How far after its core's file name OpenSSL's version text is searched, and how much is gathered to inspect its context. Linkers that
/// sort strings by hash put the two anywhere in a program's read-only data.
constexpr std::size_t kCoreSearch = 384 * limits::KiB;
constexpr std::size_t kCoreGather = kCoreSearch + limits::detector_lookahead_bytes;

constexpr std::string_view kNoFiles = "";
constexpr std::string_view kOpenSsl = "OpenSSL";
constexpr std::string_view kLibreSsl = "LibreSSL";

constexpr std::array kRules{
    StringRule{R"(OpenSSL [0-9]\.[0-9]{1,2}\.[0-9])", 14, "OpenSSL ", kOpenSsl, "C", "", true, "libcrypto,libssl,libeay32,ssleay32"},
    StringRule{R"(LibreSSL [0-9]\.[0-9])", 12, "LibreSSL ", kLibreSsl, "C", "", true, "libcrypto,libssl,libtls"},
    StringRule{"This is Libgcrypt [0-9]", 19, "This is Libgcrypt ", "libgcrypt", "C", " - ", true, "libgcrypt"},
    StringRule{"Enabled GnuTLS [0-9]", 16, "Enabled GnuTLS ", "GnuTLS", "C", " logging", true, "libgnutls"},
    StringRule{"[mM]bed TLS [0-9]\\.", 11, "mbed TLS ", "mbed TLS", "C", "", true, "libmbedcrypto,libmbedtls,libmbedx509"},
    StringRule{"PolarSSL [0-9]\\.", 11, "PolarSSL ", "mbed TLS", "C", "", true, "libpolarssl"},
    StringRule{"wolfSSL [0-9]\\.", 10, "wolfSSL ", "wolfSSL", "C", "", true, "libwolfssl"},
    StringRule{R"(Botan [0-9]\.[0-9]{1,3}\.)", 12, "Botan ", "Botan", "C++", " (", true, "libbotan"},
    StringRule{R"(LibTomCrypt [0-9]\.)", 14, "LibTomCrypt ", "LibTomCrypt", "C", " (", true, "libtomcrypt"},
    StringRule{"Version: NSS [0-9]", 14, "Version: NSS ", "NSS", "C", "", true, "libnss,libssl3,libsmime3,libfreebl,libsoftokn"},
    StringRule{R"(SSH-2\.0-libssh2_[0-9])", 17, "SSH-2.0-libssh2_", "libssh2", "C", "", true, "libssh2"},
    StringRule{R"(SSH-2\.0-libssh_[0-9])", 16, "SSH-2.0-libssh_", "libssh", "C", "", true, "libssh"},
    StringRule{R"(node\.js/v[0-9]{1,2}\.)", 13, "node.js/v", "Node.js", "C++", "", true, kNoFiles},
    StringRule{R"(BORINGSSL_self_test\x00)", 20, "BORINGSSL_self_test", "BoringSSL", "C", "", false, kNoFiles},
    StringRule{R"(CryptoNative_EvpSha256\x00)", 23, "CryptoNative_EvpSha256", ".NET cryptography", "C#", "", false,
               "libSystem.Security.Cryptography"},
    StringRule{R"(AppleCryptoNative_DigestCreate\x00)", 31, "AppleCryptoNative_DigestCreate", ".NET cryptography", "C#", "", false,
               "libSystem.Security.Cryptography"},
};

bool is_string_byte(char c) { return (c >= 0x20 && c < 0x7f) || c == '\n' || c == '\t'; }
bool version_byte(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '-' || c == '_' || c == '+';
}

/// The text from `begin` to its terminating zero byte; empty if it ends differently.
std::string_view c_string(ByteView bytes, std::size_t begin) {
  const std::string_view rest = as_text(bytes).substr(begin, kTextMax);
  const auto end = std::ranges::find_if_not(rest, is_string_byte);
  if (!charge_work(static_cast<std::uint64_t>(end - rest.begin()))) return {};
  if (end == rest.end() || *end != '\0') return {};
  return rest.substr(0, static_cast<std::size_t>(end - rest.begin()));
}

std::string first_line(std::string_view text) { return std::string(trim(text.substr(0, text.find('\n')))); }

std::string_view version_of(std::string_view text) {
  const auto end = std::ranges::find_if_not(text, version_byte);
  std::string_view version = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  while (!version.empty() && (version.back() == '.' || version.back() == '-')) version.remove_suffix(1);
  return version;
}

/// The bytes around `at` that every window contains, however the file was split.
ByteView around(ByteView bytes, std::size_t at) {
  const std::size_t begin = at - std::min(at, limits::detector_lookbehind_bytes);
  return bytes.subspan(begin, std::min(bytes.size(), at + limits::detector_lookahead_bytes) - begin);
}

std::string linkage_of(const StringRule& rule, const Window& window) {
  const BinaryKind kind = binary_kind(window.head);
  if (kind == BinaryKind::none) return "unknown";
  const std::string_view name = window.name.substr(window.name.rfind('/') + 1);
  std::string_view files = rule.files;
  while (!files.empty()) {
    const std::size_t comma = std::min(files.find(','), files.size());
    if (name.starts_with(files.substr(0, comma))) return "shared";
    files.remove_prefix(std::min(files.size(), comma + 1));
  }
  if (kind == BinaryKind::elf && elf_is_program(window.head)) return "static";
  return "unknown";
}

bool has_date(std::string_view text) {
  constexpr std::array kMonths{" Jan ", " Feb ", " Mar ", " Apr ", " May ", " Jun ", " Jul ", " Aug ", " Sep ", " Oct ", " Nov ", " Dec "};
  charge_work(kMonths.size() * text.size());
  return std::ranges::any_of(kMonths, [&](std::string_view month) {
    const std::size_t at = text.find(month);
    return at != std::string_view::npos && text.size() >= at + 9 && (text[at + 5] == '1' || text[at + 5] == '2');
  });
}

/// Whether the other texts of OpenSSL_version(3) are near, or the text itself says what it is part of.
bool library_is_here(std::string_view text, ByteView bytes, std::size_t begin) {
  constexpr std::string_view kPart = "part of ";
  if (begin >= kPart.size() && as_text(bytes.subspan(begin - kPart.size(), kPart.size())) == kPart) return true;
  // "built with OpenSSL 3.0.2 15 Mar 2022 (running with": a program's sentence continues, or has started.
  if (text.find("(running") != std::string_view::npos) return false;
  const std::string_view near = as_text(around(bytes, begin));
  if (!charge_work(2 * near.size())) return false;
  return near.find("OPENSSLDIR: ") != std::string_view::npos || near.find("compiler: information not available") != std::string_view::npos;
}

/// "OpenSSL 1.1.1 (compatible; AWS-LC 1.69.0)".
bool read_compatible(std::string_view text, CryptoLibrary& library) {
  constexpr std::string_view kMark = "(compatible; ";
  const std::size_t at = text.find(kMark);
  if (at == std::string_view::npos) return false;
  std::string_view fork = text.substr(at + kMark.size());
  library.version.reset();
  if (fork.starts_with("BoringSSL")) {
    library.name = "BoringSSL";
    library.vendor = "Google";
    return true;
  }
  constexpr std::string_view kAws = "AWS-LC ";
  if (!fork.starts_with(kAws)) return false;
  fork.remove_prefix(kAws.size());
  library.name = "AWS-LC";
  library.vendor = "Amazon";
  if (fork.starts_with("FIPS ")) fork.remove_prefix(5);
  if (const std::string_view version = version_of(fork); !version.empty()) library.version = version;
  return true;
}

bool accept_openssl(std::string_view text, ByteView bytes, std::size_t begin, CryptoLibrary& library) {
  if (library.name == kOpenSsl && read_compatible(text, library)) return true;
  if (library.name == kOpenSsl && !has_date(text)) return false;
  return library_is_here(text, bytes, begin);
}

CryptoLibrary openssl_of(std::string_view version, const Window& window) {
  CryptoLibrary library;
  library.name = kOpenSsl;
  library.version = version;
  library.language = "C";
  library.linkage = linkage_of(kRules[0], window);
  return library;
}

/// "openssl-version\0" "3.0.19\0": next to each other where the linker keeps the order of strings.
std::optional<FoundLibrary> bare_version(const Window& window, std::size_t core) {
  constexpr std::string_view kParameter("openssl-version\0", 16);
  const std::string_view near = as_text(window.bytes).substr(core, 256);
  const std::size_t at = near.find(kParameter);
  if (at == std::string_view::npos) return std::nullopt;
  const std::size_t begin = core + at + kParameter.size();
  const std::string_view text = c_string(window.bytes, begin);
  if (text.empty() || version_of(text) != text || text[0] < '3' || text[0] > '9' || std::ranges::count(text, '.') < 2) return std::nullopt;
  CryptoLibrary library = openssl_of(text, window);
  library.evidence = {{"version-string", std::string(text)}, {"source-path", "crypto/provider_core.c"}};
  return FoundLibrary{std::move(library), begin};
}

/// The version text after the core's file name, if it is not evidence by itself.
std::optional<FoundLibrary> distant_version(const Window& window, std::size_t core) {
  const std::string_view text = as_text(window.bytes).substr(0, std::min(window.bytes.size(), core + kCoreSearch));
  if (!charge_work(text.size() - core)) return std::nullopt;
  for (std::size_t at = text.find("OpenSSL ", core); at != std::string_view::npos; at = text.find("OpenSSL ", at + 1)) {
    const std::string_view whole = c_string(window.bytes, at);
    const std::string_view version = whole.size() > 8 ? version_of(whole.substr(8)) : std::string_view();
    if (version.empty() || version[0] < '3' || version[0] > '9' || std::ranges::count(version, '.') < 2 || !has_date(whole)) continue;
    if (library_is_here(whole, window.bytes, at)) return std::nullopt;
    CryptoLibrary library = openssl_of(version, window);
    library.evidence = {{"version-string", first_line(whole)}, {"source-path", "crypto/provider_core.c"}};
    return FoundLibrary{std::move(library), at};
  }
  return std::nullopt;
}

}  // namespace

FoundLibrary found_library(std::string_view name, std::string_view version, std::string_view language, LibraryEvidence evidence,
                           std::size_t offset) {
  FoundLibrary out;
  out.offset = offset;
  out.library.name = name;
  if (!version.empty()) out.library.version = version;
  out.library.language = language;
  out.library.evidence.push_back(std::move(evidence));
  return out;
}

std::span<const StringRule> string_rules() { return kRules; }

std::optional<FoundLibrary> read_version_string(const StringRule& rule, const Window& window, const Hit& hit) {
  // The match ends somewhere in the version: its start is the last place of the literal before.
  const std::size_t from = hit.end - std::min(hit.end, rule.max_length);
  const std::string_view tail = rule.literal.substr(1);  // "mbed" and "Mbed"
  const std::size_t found = as_text(window.bytes).substr(from, hit.end - from).rfind(tail);
  if (found == std::string_view::npos || from + found == 0) return std::nullopt;
  const std::size_t begin = from + found - 1;
  const std::string_view text = c_string(window.bytes, begin);
  if (text.size() < rule.literal.size()) return std::nullopt;
  FoundLibrary out;
  out.offset = begin;
  CryptoLibrary& library = out.library;
  library.name = rule.library;
  library.language = rule.language;
  library.linkage = linkage_of(rule, window);
  if (!rule.versioned) {
    if (binary_kind(window.head) == BinaryKind::none || text != rule.literal) return std::nullopt;
    library.evidence = {{"symbol", std::string(text)}};
    library.confidence = "medium";
    return out;
  }
  const std::string_view rest = text.substr(rule.literal.size());
  const std::string_view version = version_of(rest);
  if (version.find('.') == std::string_view::npos || !rest.substr(version.size()).starts_with(rule.after)) return std::nullopt;
  library.version = version;
  if (rule.library == kOpenSsl || rule.library == kLibreSsl) {
    if (!accept_openssl(text, window.bytes, begin, library)) return std::nullopt;
  }
  library.evidence = {{"version-string", first_line(text)}};
  return out;
}

std::optional<FoundLibrary> read_openssl_core(const Window& window, const Hit& hit, FindingSink& sink) {
  const std::size_t core = hit.end - std::min(hit.end, kOpenSslCoreLength);
  if (auto found = bare_version(window, core)) return found;
  if (window.bytes.size() - core < kCoreGather && sink.need(core, kCoreGather)) return std::nullopt;
  return distant_version(window, core);
}

}  // namespace landwaiter::detectors
