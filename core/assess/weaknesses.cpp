// SPDX-License-Identifier: Apache-2.0
#include "core/assess/weaknesses.hpp"

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

constexpr std::string_view kReissue = "Have it issued anew with SHA-256 or better.";
constexpr std::string_view kReplaceKey = "Take it out of use and make a new key with a current version of a well-known library.";
constexpr std::string_view kReencrypt = "Encrypt it anew with AES and PBKDF2 of at least 600,000 rounds, scrypt or Argon2.";
constexpr std::string_view kNewProtocol = "Allow TLS 1.2 and 1.3 only.";
constexpr std::string_view kNewCiphers = "Allow only suites with AES-GCM or ChaCha20-Poly1305 and ephemeral keys.";

constexpr std::array kWeaknesses{
    Weakness{"md2-signature", Severity::high, "It is signed over MD2, for which forgeries can be made.", kReissue},
    Weakness{"md4-signature", Severity::high, "It is signed over MD4, for which forgeries can be made in no time.", kReissue},
    Weakness{"md5-signature", Severity::high, "It is signed over MD5, for which forgeries have been made.", kReissue},
    Weakness{"sha1-signature", Severity::medium, "It is signed over SHA-1, for which collisions have been made.", kReissue},
    Weakness{"weak-cipher", Severity::medium, "It is encrypted with a cipher that is broken or too short (RC2, RC4, DES).", kReencrypt},
    Weakness{"few-iterations", Severity::low, "Its password can be guessed fast: the key is derived in too few rounds.", kReencrypt},
    Weakness{"rsa-exponent-1", Severity::critical, "Its RSA exponent is 1, so that encrypting and signing change nothing.", kReplaceKey},
    Weakness{"rsa-exponent-even", Severity::high, "Its RSA exponent is even, which no working key has.", kReplaceKey},
    Weakness{"rsa-exponent-small", Severity::low, "Its RSA exponent is so small that mistakes in padding become fatal.", kReplaceKey},
    Weakness{"rsa-small-factor", Severity::critical, "Its RSA modulus has a small factor: anybody can compute the private key.",
             kReplaceKey},
    Weakness{"rsa-fermat", Severity::critical, "Its RSA primes lie so close together that anybody can compute the private key.",
             kReplaceKey},
    Weakness{"rsa-roca", Severity::critical, "It was made by a chip with the ROCA flaw (CVE-2017-15361): the private key can be computed.",
             "Take it out of use and make a new key outside of that chip, or with its firmware updated."},
    Weakness{"explicit-curve", Severity::medium,
             "Its curve is written out instead of named, which has let attackers swap it (CVE-2020-0601).",
             "Make a new key on a named curve, such as P-256 or Ed25519."},
    Weakness{"empty-password", Severity::high, "It opens with an empty password.",
             "Set a strong password, or keep it outside of the image."},
    Weakness{"well-known-password", Severity::high, "It opens with a password that everybody tries first.",
             "Set a strong password, or keep it outside of the image; take the keys in it for known."},
    Weakness{"weak-mac", Severity::low, "What proves that it was not changed is weak.",
             "Write it anew with a current version of its program."},
    Weakness{"no-integrity", Severity::low, "Nothing proves that it was not changed.",
             "Protect it with a password, or make it readable for its owner alone."},
    Weakness{"alg-none", Severity::high, "The token is not signed (alg none): anybody can write one.",
             "Sign tokens, and refuse alg none where they are read."},
    Weakness{"no-expiry", Severity::medium, "The token never expires.", "Revoke it and issue tokens that live for hours."},
    Weakness{"weak-algorithm", Severity::medium, "Its algorithm is broken or too short for today.", "Use a current algorithm."},
    Weakness{"tls-1.0", Severity::medium, "TLS 1.0 is allowed, which RFC 8996 forbids.", kNewProtocol},
    Weakness{"tls-1.1", Severity::medium, "TLS 1.1 is allowed, which RFC 8996 forbids.", kNewProtocol},
    Weakness{"ssl-3", Severity::high, "SSL 3 is allowed, whose encryption can be undone (POODLE).", kNewProtocol},
    Weakness{"ssl-2", Severity::high, "SSL 2 is allowed, which also endangers other protocols with the same key (DROWN).", kNewProtocol},
    Weakness{"null-cipher", Severity::high, "Cipher suites without encryption are allowed.", kNewCiphers},
    Weakness{"export-cipher", Severity::high, "Export ciphers are allowed, which are broken within hours (FREAK, Logjam).", kNewCiphers},
    Weakness{"rc4", Severity::medium, "RC4 is used, which RFC 7465 forbids.", kNewCiphers},
    Weakness{"3des", Severity::medium, "Triple DES is used, whose blocks are too small (Sweet32).", kNewCiphers},
    Weakness{"des", Severity::high, "DES is used, whose key of 56 bits is found by trying.", kNewCiphers},
    Weakness{"md5", Severity::medium, "MD5 is used, for which collisions are made in seconds.", "Use SHA-256 or better."},
    Weakness{"sha1", Severity::low, "SHA-1 is used, for which collisions have been made.", "Use SHA-256 or better."},
    Weakness{"anonymous-cipher", Severity::high, "Cipher suites that do not prove who answers are allowed.", kNewCiphers},
    Weakness{"short-dh", Severity::medium, "Its Diffie-Hellman group has fewer than 2048 bits (Logjam).",
             "Use ffdhe2048 or larger, or elliptic curves."},
    Weakness{"unencrypted-key", Severity::high, "A private key in it is not encrypted.",
             "Encrypt it with a strong password, and give that to containers when they start."},
    Weakness{"ssh-1", Severity::medium, "It belongs to SSH version 1, which is broken.", "Make a new key for version 2, such as Ed25519."},
    Weakness{"short-symmetric-key", Severity::medium, "Its secret key is shorter than its algorithm asks for.",
             "Make a key with as many random bits as the hash has."},
    Weakness{"long-lived-token", Severity::low, "The token is valid for more than a year.", "Issue tokens that live for hours."},
    Weakness{"cbc", Severity::low, "Cipher suites in CBC mode are allowed, whose padding has often been attacked (Lucky 13).", kNewCiphers},
    Weakness{"end-of-life", Severity::medium, "Nobody mends this version any more.", "Update to a version that is maintained."},
};

struct ShortKey {
  std::string_view type;
  std::size_t bits = 0;
};

/// "rsa-1024": a type and a number of bits.
std::optional<ShortKey> short_key(std::string_view code) {
  constexpr std::array<std::string_view, 6> types{"rsa", "rsa-pss", "dsa", "dh", "elgamal", "ec"};
  const std::size_t dash = code.rfind('-');
  if (dash == std::string_view::npos) return std::nullopt;
  ShortKey key{code.substr(0, dash), 0};
  if (std::ranges::find(types, key.type) == types.end()) return std::nullopt;
  const std::string_view digits = code.substr(dash + 1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), key.bits);
  // A number that no detector writes is some other code ("rsa-exponent-1" has no such type before it anyway).
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return key;
}

Issue short_key_issue(std::string_view code, const ShortKey& key) {
  const bool curve = key.type == "ec";
  // What single academics have done: RSA of 829 bits was factored in 2020, logarithms on curves of 117 bits solved in 2016.
  const bool broken = key.bits < (curve ? 160 : 1024);
  Issue issue;
  issue.code = code;
  issue.severity = broken ? Severity::high : Severity::medium;
  issue.reason = "Its key has " + std::to_string(key.bits) + " bits, " +
                 (broken ? "which can be broken." : "less than the 112 bits of security that SP 800-57 asks for.");
  issue.remedy =
      curve ? "Make a new key on P-256 or a larger curve, or Ed25519." : "Make a new key of 3072 bits, or on a curve such as P-256.";
  return issue;
}

const Weakness* find_weakness(std::string_view code) {
  const auto found = std::ranges::find(kWeaknesses, code, &Weakness::code);
  return found == kWeaknesses.end() ? nullptr : &*found;
}

}  // namespace

void to_json(nlohmann::json& out, const Issue& value) {
  out = {{"code", value.code}, {"severity", to_string(value.severity)}, {"reason", value.reason}, {"remedy", value.remedy}};
}

Issue weakness_issue(std::string_view code) {
  if (const Weakness* known = find_weakness(code)) {
    return {std::string(known->code), known->severity, std::string(known->reason), std::string(known->remedy)};
  }
  if (const auto key = short_key(code)) return short_key_issue(code, *key);
  return {std::string(code), Severity::medium, "It has the weakness " + std::string(code) + ".", "Replace it by one without."};
}

bool weakness_known(std::string_view code) { return find_weakness(code) != nullptr || short_key(code).has_value(); }

std::vector<std::string_view> weakness_codes() {
  std::vector<std::string_view> out;
  for (const Weakness& weakness : kWeaknesses) out.push_back(weakness.code);
  return out;
}

}  // namespace landwaiter
