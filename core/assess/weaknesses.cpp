// SPDX-License-Identifier: Apache-2.0
#include "core/assess/weaknesses.hpp"

#include "core/report/assets/fields.hpp"
#include "core/report/attribute_names.hpp"
#include "core/report/attributes.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace landwaiter {
namespace {

struct Weakness {
  std::string_view code;
  Severity severity;
  std::string_view reason;
  std::string_view remedy;
};

constexpr std::string_view kReissue = "Reissue it with SHA-256 or stronger.";
constexpr std::string_view kReplaceKey = "Stop using it, and generate a new key with a current version of a well-known library.";
constexpr std::string_view kReencrypt = "Re-encrypt it with AES and PBKDF2 with at least 600,000 iterations, scrypt or Argon2.";
constexpr std::string_view kNewProtocol = "Allow TLS 1.2 and 1.3 only.";
constexpr std::string_view kNewCiphers = "Allow only suites with AES-GCM or ChaCha20-Poly1305 and ephemeral keys.";

constexpr std::array kWeaknesses{
    Weakness{"md2-signature", Severity::high, "It is signed with MD2, which can be forged.", kReissue},
    Weakness{"md4-signature", Severity::high, "It is signed with MD4, which can be forged at once.", kReissue},
    Weakness{"md5-signature", Severity::high, "It is signed with MD5, for which forgeries exist.", kReissue},
    Weakness{"sha1-signature", Severity::medium, "It is signed with SHA-1, for which collisions exist.", kReissue},
    Weakness{"weak-cipher", Severity::medium, "It is encrypted with a cipher that is broken or too short (RC2, RC4, DES).", kReencrypt},
    Weakness{"few-iterations", Severity::low, "Its password can be guessed quickly: the key is derived with too few iterations.",
             kReencrypt},
    Weakness{"rsa-exponent-1", Severity::critical, "Its RSA exponent is 1: encrypting and signing change nothing.", kReplaceKey},
    Weakness{"rsa-exponent-even", Severity::high, "Its RSA exponent is even, which no working key has.", kReplaceKey},
    Weakness{"rsa-exponent-small", Severity::low, "Its RSA exponent is so small that padding errors become exploitable.", kReplaceKey},
    Weakness{"rsa-small-factor", Severity::critical, "Its RSA modulus has a small factor: anyone can compute the private key.",
             kReplaceKey},
    Weakness{"rsa-fermat", Severity::critical, "Its RSA primes are so close together that anyone can compute the private key.",
             kReplaceKey},
    Weakness{"rsa-roca", Severity::critical, "It was made by a chip with the ROCA flaw (CVE-2017-15361): the private key can be computed.",
             "Stop using it, and generate a new key outside of that chip, or after updating its firmware."},
    Weakness{"explicit-curve", Severity::medium,
             "Its curve is written out instead of named, which has let attackers swap it (CVE-2020-0601).",
             "Generate a new key on a named curve, such as P-256 or Ed25519."},
    Weakness{"empty-password", Severity::high, "It opens with an empty password.", "Set a strong password, or keep it out of the image."},
    Weakness{"well-known-password", Severity::high, "It opens with a well-known password.",
             "Set a strong password, or keep it out of the image; treat the keys in it as compromised."},
    Weakness{"weak-mac", Severity::low, "Its integrity protection is weak.", "Write it again with a current version of its program."},
    Weakness{"no-integrity", Severity::low, "It has no integrity protection.",
             "Protect it with a password, or make it readable only by its owner."},
    Weakness{"alg-none", Severity::high, "The token is not signed (alg none): anyone can forge one.",
             "Sign tokens, and reject alg none where they are verified."},
    Weakness{"no-expiry", Severity::medium, "The token never expires.", "Revoke it, and issue tokens that expire within hours."},
    Weakness{"weak-algorithm", Severity::medium, "Its algorithm is broken, or its key is too short.", "Use a current algorithm."},
    Weakness{"tls-1.0", Severity::medium, "TLS 1.0 is allowed, which RFC 8996 forbids.", kNewProtocol},
    Weakness{"tls-1.1", Severity::medium, "TLS 1.1 is allowed, which RFC 8996 forbids.", kNewProtocol},
    Weakness{"ssl-3", Severity::high, "SSL 3 is allowed, whose encryption can be broken (POODLE).", kNewProtocol},
    Weakness{"ssl-2", Severity::high, "SSL 2 is allowed, which also endangers other protocols with the same key (DROWN).", kNewProtocol},
    Weakness{"null-cipher", Severity::high, "Cipher suites without encryption are allowed.", kNewCiphers},
    Weakness{"export-cipher", Severity::high, "Export ciphers are allowed, which can be broken within hours (FREAK, Logjam).", kNewCiphers},
    Weakness{"rc4", Severity::medium, "RC4 is used, which RFC 7465 forbids.", kNewCiphers},
    Weakness{"3des", Severity::medium, "Triple DES is used, whose blocks are too small (Sweet32).", kNewCiphers},
    Weakness{"des", Severity::high, "DES is used, whose 56-bit key can be found by brute force.", kNewCiphers},
    Weakness{"md5", Severity::medium, "MD5 is used, for which collisions can be found in seconds.", "Use SHA-256 or stronger."},
    Weakness{"sha1", Severity::low, "SHA-1 is used, for which collisions exist.", "Use SHA-256 or stronger."},
    Weakness{"anonymous-cipher", Severity::high, "Anonymous cipher suites are allowed, which do not authenticate the server.", kNewCiphers},
    Weakness{"short-dh", Severity::medium, "Its Diffie-Hellman group has fewer than 2048 bits (Logjam).",
             "Use ffdhe2048 or larger, or elliptic curves."},
    Weakness{"unencrypted-key", Severity::high, "It contains an unencrypted private key.",
             "Encrypt it with a strong password, and pass that to containers at run time."},
    Weakness{"ssh-1", Severity::medium, "It belongs to SSH version 1, which is broken.",
             "Generate a new key for version 2, such as Ed25519."},
    Weakness{"short-symmetric-key", Severity::medium, "Its secret key is shorter than its algorithm requires.",
             "Generate a key with at least as many random bits as the hash has."},
    Weakness{"long-lived-token", Severity::low, "The token is valid for more than a year.", "Issue tokens that expire within hours."},
    Weakness{"cbc", Severity::low, "Cipher suites in CBC mode are allowed, whose padding has often been attacked (Lucky 13).", kNewCiphers},
    Weakness{"end-of-life", Severity::medium, "This version no longer receives fixes.", "Update to a maintained version."},
};

struct ShortKey {
  std::string_view type;
  std::size_t bits = 0;
};

constexpr std::array<ShortKeyKind, 5> kShortKeyKinds{{{"rsa", 2048}, {"dsa", 2048}, {"dh", 2048}, {"elgamal", 2048}, {"ec", 224}}};

/// "rsa-1024": a type and a number of bits, fewer than it needs.
std::optional<ShortKey> short_key(std::string_view code) {
  const std::size_t dash = code.rfind('-');
  if (dash == std::string_view::npos) return std::nullopt;
  ShortKey key{code.substr(0, dash), 0};
  const auto kind = std::ranges::find(kShortKeyKinds, key.type, &ShortKeyKind::type);
  if (kind == kShortKeyKinds.end()) return std::nullopt;
  const std::string_view digits = code.substr(dash + 1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), key.bits);
  // A suffix that is not a number belongs to another code ("rsa-exponent-1" has no such type before it anyway).
  if (digits.empty() || digits.front() == '0' || key.bits >= kind->bits_needed || error != std::errc() ||
      end != digits.data() + digits.size())
    return std::nullopt;
  return key;
}

Issue short_key_issue(std::string_view code, const ShortKey& key) {
  const bool curve = key.type == "ec";
  // What academic groups have done: RSA of 829 bits was factored in 2020, logarithms on curves of 117 bits solved in 2016.
  const bool broken = key.bits < (curve ? 160 : 1024);
  Issue issue;
  issue.code = code;
  issue.severity = broken ? Severity::high : Severity::medium;
  issue.reason = "Its key has " + std::to_string(key.bits) + " bits, " +
                 (broken ? "which can be broken." : "less than the 112 bits of security that SP 800-57 requires.");
  issue.remedy = curve ? "Generate a new key on P-256 or a larger curve, or Ed25519."
                       : "Generate a new key of 3072 bits, or on a curve such as P-256.";
  return issue;
}

const Weakness* find_weakness(std::string_view code) {
  const auto found = std::ranges::find(kWeaknesses, code, &Weakness::code);
  return found == kWeaknesses.end() ? nullptr : &*found;
}

}  // namespace

void to_json(nlohmann::json& out, const Acceptance& value) {
  out = {{"reason", value.reason}, {"by", value.by}};
  if (!value.until.empty()) out["until"] = value.until;
}

std::optional<Acceptance> acceptance_in(const nlohmann::json& owner) {
  const nlohmann::json& accepted = assets::member_or_null(owner, attribute::accepted);
  if (!accepted.is_object()) return std::nullopt;
  return Acceptance{text_attribute(accepted, "reason"), text_attribute(accepted, "by"), text_attribute(accepted, "until")};
}

void to_json(nlohmann::json& out, const Issue& value) {
  out = {{"code", value.code}, {"severity", to_string(value.severity)}, {"reason", value.reason}, {"remedy", value.remedy}};
  if (value.accepted) out[attribute::accepted] = *value.accepted;
}

Issue weakness_issue(std::string_view code) {
  if (const Weakness* known = find_weakness(code)) {
    return {std::string(known->code), known->severity, std::string(known->reason), std::string(known->remedy)};
  }
  if (const auto key = short_key(code)) return short_key_issue(code, *key);
  return {std::string(code), Severity::medium, "It has the weakness " + std::string(code) + ".",
          "Replace it with one that does not have it."};
}

bool weakness_known(std::string_view code) { return find_weakness(code) != nullptr || short_key(code).has_value(); }

std::span<const ShortKeyKind> short_key_kinds() { return kShortKeyKinds; }

std::vector<std::string_view> weakness_codes() {
  std::vector<std::string_view> out;
  for (const Weakness& weakness : kWeaknesses) out.push_back(weakness.code);
  return out;
}

}  // namespace landwaiter
