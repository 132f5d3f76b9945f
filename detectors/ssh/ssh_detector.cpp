// SPDX-License-Identifier: Apache-2.0
#include "detectors/ssh/ssh_detector.hpp"

#include "core/base/encoding.hpp"
#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "core/report/attribute_names.hpp"
#include "detectors/keys/key_finding.hpp"
#include "detectors/keys/x509_text.hpp"
#include "detectors/ssh/ssh_certificate.hpp"
#include "detectors/ssh/ssh_file.hpp"
#include "detectors/ssh/ssh_line.hpp"

#include <algorithm>

namespace landwaiter::detectors {
namespace {

using nlohmann::json;

enum SshTrigger { kSshLine, kSshRfc4716, kSsh1Key, kSshKrl };

bool is_type_character(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '@' || c == '.'; }

/// The blob's base64; writers of JSON may put a backslash before a slash.
struct SshBlob {
  std::optional<Bytes> bytes;
  std::size_t end = 0;
};

SshBlob read_blob(std::string_view text, std::size_t begin, bool ends_file) {
  // A key of the largest size and a certificate of hundreds of principals stay below this.
  constexpr std::size_t kCharactersMax = 64 * 1024;
  std::string base64;
  std::size_t at = begin;
  for (;;) {
    const std::size_t end = base64_end(text, at, kCharactersMax);
    base64 += text.substr(at, end - at);
    at = end;
    if (base64.size() > kCharactersMax || !text.substr(at).starts_with("\\/")) break;
    ++at;
  }
  if (at == text.size() && !ends_file) return {};
  return {base64_decode(base64), at};
}

/// The type before the blob, separated only by blanks; empty if there is none.
std::string_view type_before(std::string_view text, std::size_t blob_begin) {
  constexpr std::size_t kBlanksMax = 8;
  std::size_t end = blob_begin;
  while (end > 0 && blob_begin - end < kBlanksMax && (text[end - 1] == ' ' || text[end - 1] == '\t')) --end;
  if (end == blob_begin) return {};
  constexpr std::size_t kTypeMax = 64;
  std::size_t begin = end;
  while (begin > 0 && end - begin < kTypeMax && is_type_character(text[begin - 1])) --begin;
  return text.substr(begin, end - begin);
}

/// The line before the key's type, as far as every window contains it, without the start of a string literal.
std::string_view line_before(std::string_view text, std::size_t type_begin) {
  const std::size_t from = type_begin - std::min<std::size_t>(type_begin, limits::detector_lookbehind_bytes / 2);
  const std::string_view before = text.substr(from, type_begin - from);
  const std::size_t newline = before.find_last_of(std::string_view("\n\r\0", 3));
  return newline == std::string_view::npos ? before : before.substr(newline + 1);
}

Finding describe_line_key(const SshPublicKey& key, std::string_view prefix, std::string_view file_name) {
  const bool certified = !key.certificate.is_null();
  Finding finding = public_key_finding(key.key, "text", certified ? "OpenSSH certificate" : "OpenSSH");
  finding.attributes.update(describe_ssh_line(prefix, file_name));
  finding.attributes[attribute::ssh_key_type] = attribute_text(key.type);
  finding.attributes[attribute::ssh_fingerprint] = key.fingerprint;
  finding.attributes["ssh_certificate"] = key.certificate;
  if (key.sha1_signature) add_weakness(finding, "sha1-signature");
  if (!key.expires) add_weakness(finding, "no-expiry");
  return finding;
}

void inspect_line(const Window& window, const Hit& hit, FindingSink& sink) {
  const std::string_view text = as_text(window.bytes);
  // The pattern starts with the blob: "AAAA" is the first three bytes of its type's length.
  const std::size_t blob_begin = text.substr(0, hit.end).rfind("AAAA");
  if (blob_begin == std::string_view::npos) return;
  const std::string_view type = type_before(text, blob_begin);
  if (type.empty()) return;
  const SshBlob blob = read_blob(text, blob_begin, window.ends_file);
  if (!blob.bytes) return;
  const auto key = read_ssh_key_or_certificate(*blob.bytes);
  if (!key || key->type != type) return;
  const auto type_begin = static_cast<std::size_t>(type.data() - text.data());
  sink.add(describe_line_key(*key, line_before(text, type_begin), window.name), type_begin);
  sink.consumed(blob.end);
}

}  // namespace

std::vector<Trigger> SshDetector::triggers() const {
  return {
      // The base64 of a length and the first letters of a type: ssh-rsa, ssh-dss, ssh-ed25519, ssh-ed448, ecdsa-sha2-nistp*, sk-*,
      // and the certificates of each.
      {kSshLine,
       "AAAA(?:B3NzaC1yc2E|B3NzaC1kc3M|C3NzaC1lZDI1|CXNzaC1lZDQ0|E2VjZHNhLXNo|InNrLWVjZHNh|GnNrLXNzaC1l|HHNzaC1yc2Et|HHNzaC1kc3Mt|"
       "IHNzaC1lZDI1|KGVjZHNhLXNo|K3NrLWVjZHNh|I3NrLXNzaC1l)",
       16},
      {kSshRfc4716, "---- BEGIN SSH2 PUBLIC KEY ----", 31},
      {kSsh1Key, R"(SSH PRIVATE KEY FILE FORMAT 1\.1\n\x00)", 33},
      {kSshKrl, R"(SSHKRL\n\x00)", 8},
  };
}

void SshDetector::inspect(const Window& window, const Hit& hit, FindingSink& sink) const {
  switch (hit.trigger) {
    case kSshLine: return inspect_line(window, hit, sink);
    case kSshRfc4716: return inspect_rfc4716(window, hit, sink);
    case kSsh1Key: return inspect_ssh1_private(window, hit, sink);
    default: return inspect_krl(window, hit, sink);
  }
}

}  // namespace landwaiter::detectors
