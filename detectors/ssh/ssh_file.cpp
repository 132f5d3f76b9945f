// SPDX-License-Identifier: Apache-2.0
#include "detectors/ssh/ssh_file.hpp"

#include "core/base/digest.hpp"
#include "core/base/encoding.hpp"
#include "core/base/limits.hpp"
#include "core/report/attribute_names.hpp"
#include "detectors/keys/key_finding.hpp"
#include "detectors/keys/x509_text.hpp"
#include "detectors/ssh/ssh_certificate.hpp"
#include "detectors/ssh/ssh_key.hpp"

#include <array>
#include <string>

namespace landwaiter::detectors {
namespace {

using nlohmann::json;

/// RFC 4716, 3: lines of at most 72 bytes; some writers are lax.
constexpr std::size_t kSshLineMax = 1024;
constexpr std::string_view kEnd4716 = "---- END SSH2 PUBLIC KEY ----";

/// Skips the headers, whose lines continue after a backslash, and collects the body up to the END line.
std::optional<std::string> read_4716_body(std::string_view text, std::size_t& at) {
  constexpr std::size_t kLinesMax = 1024;
  std::string body;
  bool continued = false;
  for (std::size_t i = 0; i < kLinesMax && at < text.size(); ++i) {
    if (text.substr(at).starts_with(kEnd4716)) {
      at += kEnd4716.size();
      return body;
    }
    const std::string_view line = take_line(text, at, kSshLineMax);
    const bool header = continued || line.find(':') != std::string_view::npos;
    continued = header && line.ends_with('\\');
    if (header) continue;
    if (base64_end(line, 0, line.size()) != line.size()) return std::nullopt;
    body += line;
  }
  return std::nullopt;
}

/// SSH-1's number: 16 bits of length in bits, then the magnitude.
bool read_mpint1(ByteReader& reader, ByteView& out) {
  std::uint16_t bits = 0;
  return reader.u16_be(bits) && bits <= limits::key_bits_max && reader.view((bits + 7U) / 8, out) && bit_length(out) == bits;
}

/// SSH-1's cipher numbers; null for those that were never used in files.
json ssh1_cipher(std::uint8_t number) {
  switch (number) {
    case 1: return "idea-cfb";
    case 2: return "des-cbc";
    case 3: return "3des-cbc (SSH-1)";
    case 6: return "blowfish-cbc";
    default: return nullptr;
  }
}

struct Krl {
  std::uint64_t version = 0;
  std::uint64_t generated = 0;
  std::size_t sections = 0;
  std::size_t signatures = 0;
  std::array<std::size_t, 6> of_type{};  ///< by number of the section
  std::size_t end = 0;
};

/// One section; its type's number is 1 to 5, or 255 for an extension.
bool read_section(ByteReader& reader, Krl& krl) {
  std::uint8_t type = 0;
  ByteView data;
  ByteReader ahead = reader;
  if (!ahead.u8(type) || (type != 255 && (type < 1 || type > 5)) || !ahead.u32_prefixed(data)) return false;
  // A signature is the key and, outside the section's own string, the signature itself.
  if (type == 4) {
    ByteView signature;
    if (!read_ssh_public_key(data) || !ahead.u32_prefixed(signature)) return false;
    ++krl.signatures;
  }
  if (type <= 5) ++krl.of_type[type];
  ++krl.sections;
  reader = ahead;
  return true;
}

/// `bytes` start after the magic.
std::optional<Krl> read_krl(ByteView bytes) {
  constexpr std::size_t kSectionsMax = 4096;
  ByteReader reader(bytes);
  std::uint32_t format = 0;
  std::uint64_t flags = 0;
  ByteView reserved, comment;
  Krl krl;
  if (!reader.u32_be(format) || format != 1 || !reader.u64_be(krl.version) || !reader.u64_be(krl.generated) || !reader.u64_be(flags))
    return std::nullopt;
  if (!reader.u32_prefixed(reserved) || !reader.u32_prefixed(comment)) return std::nullopt;
  while (krl.sections < kSectionsMax && read_section(reader, krl)) {
  }
  krl.end = reader.offset();
  return krl;
}

}  // namespace

void inspect_rfc4716(const Window& window, const Hit& hit, FindingSink& sink) {
  constexpr std::string_view kBegin = "---- BEGIN SSH2 PUBLIC KEY ----";
  const std::string_view text = as_text(window.bytes);
  if (hit.end < kBegin.size()) return;
  std::size_t at = hit.end;
  if (!take_line(text, at, kSshLineMax).empty()) return;
  const auto body = read_4716_body(text, at);
  const auto blob = body ? base64_decode(*body) : std::nullopt;
  const auto key = blob ? read_ssh_key_or_certificate(*blob) : std::nullopt;
  if (!key) return;
  Finding finding = public_key_finding(key->key, "RFC 4716", "SSH");
  finding.attributes[attribute::ssh_key_type] = attribute_text(key->type);
  finding.attributes[attribute::ssh_fingerprint] = key->fingerprint;
  finding.attributes["ssh_certificate"] = key->certificate;
  finding.attributes[attribute::role] = nullptr;
  sink.add(std::move(finding), hit.end - kBegin.size());
  sink.consumed(at);
}

void inspect_ssh1_private(const Window& window, const Hit& hit, FindingSink& sink) {
  constexpr std::size_t kMagicSize = 33;
  if (hit.end < kMagicSize) return;
  ByteReader reader(window.bytes.subspan(hit.end));
  std::uint8_t cipher = 0;
  std::uint32_t reserved = 0, bits = 0;
  ByteView n, e, comment;
  if (!reader.u8(cipher) || !reader.u32_be(reserved) || reserved != 0 || !reader.u32_be(bits)) return;
  if (!read_mpint1(reader, n) || !read_mpint1(reader, e) || !reader.u32_prefixed(comment) || bit_length(n) != bits || bits < 256) return;
  const std::size_t section_begin = reader.offset();
  std::uint16_t check = 0, again = 0;
  if (cipher == 0 && (!reader.u16_be(check) || !reader.u16_be(again) || check != again)) return;
  if (cipher != 0 && ssh1_cipher(cipher).is_null()) return;
  StoredKey key;
  key.public_key = rsa_public_key(n, e);
  key.format = "SSH-1";
  key.encrypted = cipher != 0;
  if (key.encrypted) key.encryption = {{"scheme", "SSH-1"}, {"cipher", ssh1_cipher(cipher)}, {"kdf", "MD5"}, {"iterations", 1U}};
  Finding finding = private_key_finding(key, "binary", sink);
  // The protocol has a checksum that attackers can manipulate, and no current program supports it.
  add_weakness(finding, "ssh-1");
  sink.add(std::move(finding), hit.end - kMagicSize);
  sink.consumed(hit.end + section_begin);
}

void inspect_krl(const Window& window, const Hit& hit, FindingSink& sink) {
  constexpr std::size_t kMagicSize = 8;
  if (hit.end < kMagicSize) return;
  const std::size_t begin = hit.end - kMagicSize;
  const auto krl = read_krl(window.bytes.subspan(hit.end));
  if (!krl) return;
  const std::size_t end = hit.end + krl->end;
  // Its size is not stored: more bytes are requested if a section seems to continue after the window.
  if (!window.ends_file && end < window.bytes.size() && sink.need(begin, limits::object_bytes_max)) return;
  Finding finding;
  finding.type = FindingType::crl;
  finding.id = Digest::sha256_of(window.bytes.subspan(begin, end - begin)).str();
  finding.title = "Revocation list of SSH keys" + std::string(krl->signatures > 0 ? ", signed" : "");
  finding.attributes = {{attribute::format, "OpenSSH KRL"},
                        {attribute::encoding, "binary"},
                        {"crl_number", krl->version},
                        {attribute::this_update, unix_time_text(krl->generated)},
                        {"sections", krl->sections},
                        {"certificate_sections", krl->of_type[1]},
                        {"key_sections", krl->of_type[2] + krl->of_type[3] + krl->of_type[5]},
                        {"signed", krl->signatures > 0},
                        {attribute::weaknesses, json::array()}};
  sink.add(std::move(finding), begin);
  sink.consumed(end);
}

}  // namespace landwaiter::detectors
