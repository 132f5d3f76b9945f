// SPDX-License-Identifier: Apache-2.0
#include "detectors/openpgp/gpg_agent_key.hpp"

#include "core/base/encoding.hpp"
#include "core/base/text.hpp"
#include "core/base/work_meter.hpp"
#include "detectors/formats/s_expression.hpp"
#include "detectors/keys/key_consistency.hpp"
#include "detectors/keys/public_key.hpp"
#include "detectors/openpgp/openpgp_key.hpp"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/objects.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace landwaiter::detectors {
namespace {

using nlohmann::json;
using openpgp::SecretPart;

std::string sha1_upper(ByteView bytes) {
  constexpr std::uint64_t kUnits = 2'000, kUnitsPerByte = 3;
  charge_work(kUnits + kUnitsPerByte * bytes.size());
  std::array<std::uint8_t, 20> digest{};
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha1(), nullptr) != 1) return {};
  std::string hex = hex_encode(digest);
  std::ranges::transform(hex, hex.begin(), [](char c) { return c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c; });
  return hex;
}

/// Libgcrypt's signed form: a leading zero before a number whose first bit is set.
Bytes signed_form(ByteView magnitude) {
  magnitude = without_zeros(magnitude);
  const std::size_t zeros = magnitude.empty() || magnitude[0] >= 0x80 ? 1 : 0;
  Bytes out(zeros + magnitude.size());
  std::ranges::copy(magnitude, out.begin() + static_cast<std::ptrdiff_t>(zeros));
  return out;
}

/// For DSA and ElGamal: SHA-1 over "(1:p<size>:<number>)" and so on.
std::string keygrip_of(const SExpression& numbers, std::string_view names) {
  std::string all;
  for (const char name : names) {
    const Bytes number = signed_form(numbers.value({&name, 1}));
    all += std::string("(1:") + name + std::to_string(number.size()) + ':' + std::string(as_text(number)) + ')';
  }
  return sha1_upper(as_bytes(all));
}

bool all_there(const SExpression& numbers, std::string_view names) {
  return std::ranges::all_of(names, [&](const char& name) { return bit_length(numbers.value({&name, 1})) != 0; });
}

bool take_rsa(const SExpression& numbers, AgentKey& key) {
  if (!all_there(numbers, "ne") || bit_length(numbers.value("n")) < 256) return false;
  key.public_key = rsa_public_key(numbers.value("n"), numbers.value("e"));
  key.keygrip = sha1_upper(signed_form(numbers.value("n")));
  if (key.secret.part != SecretPart::clear) return true;
  key.consistent = rsa_agrees(numbers.value("n"), std::array{numbers.value("p"), numbers.value("q")});
  return all_there(numbers, "d");
}

bool take_dsa(const SExpression& numbers, AgentKey& key) {
  if (!all_there(numbers, "pqgy")) return false;
  key.public_key = dsa_public_key(numbers.value("p"), numbers.value("q"), numbers.value("g"), numbers.value("y"));
  key.keygrip = keygrip_of(numbers, "pqgy");
  if (key.secret.part != SecretPart::clear) return true;
  key.consistent = discrete_log_agrees(numbers.value("p"), numbers.value("g"), numbers.value("y"), numbers.value("x"));
  return all_there(numbers, "x");
}

bool take_elgamal(const SExpression& numbers, AgentKey& key) {
  if (!all_there(numbers, "pgy")) return false;
  key.public_key = openpgp::elgamal_public_key(numbers.value("p"), numbers.value("g"), numbers.value("y"));
  key.keygrip = keygrip_of(numbers, "pgy");
  if (key.secret.part != SecretPart::clear) return true;
  key.consistent = discrete_log_agrees(numbers.value("p"), numbers.value("g"), numbers.value("y"), numbers.value("x"));
  return all_there(numbers, "x");
}

/// Libgcrypt's names: "NIST P-256", "brainpoolP256r1", "secp256k1", "Ed25519", "Curve25519", "Ed448", "X448".
ByteView curve_oid(std::string_view name) {
  if (name == "Ed25519") return oid::ed25519();
  if (name == "Curve25519" || name == "X25519") return oid::x25519();
  if (name == "Ed448") return oid::ed448();
  if (name == "X448") return oid::x448();
  const std::string text(name.substr(0, 40));
  const int nid = name.starts_with("NIST ") ? EC_curve_nist2nid(text.c_str() + 5) : OBJ_sn2nid(text.c_str());
  const ASN1_OBJECT* object = nid == NID_undef ? nullptr : OBJ_nid2obj(nid);
  return object == nullptr ? ByteView() : ByteView(OBJ_get0_data(object), OBJ_length(object));
}

bool take_curve(const SExpression& numbers, AgentKey& key) {
  const ByteView oid_content = curve_oid(as_text(numbers.value("curve")));
  const ByteView point = numbers.value("q");
  if (oid_content.empty() || point.empty()) return false;
  auto public_key = openpgp::curve_public_key(oid_content, point);
  if (!public_key) return false;
  key.public_key = std::move(*public_key);
  if (key.secret.part != SecretPart::clear) return true;
  const ByteView scalar = numbers.value("d");
  if (scalar.empty()) return false;
  // X25519's is a number; Ed25519's a string of octets, which may have an extra leading zero, like numbers.
  const bool number = key.public_key.key_type == "X25519";
  key.consistent = curve_agrees(key.public_key, scalar, number) || curve_agrees(key.public_key, without_zeros(scalar), number);
  return true;
}

bool take_numbers(const SExpression& numbers, AgentKey& key) {
  if (!numbers.list || numbers.items.empty()) return false;
  std::string_view algorithm = numbers.items[0].text();
  if (algorithm.starts_with("openpgp-")) algorithm.remove_prefix(8);
  if (algorithm == "rsa") return take_rsa(numbers, key);
  if (algorithm == "dsa") return take_dsa(numbers, key);
  if (algorithm == "elg") return take_elgamal(numbers, key);
  if (algorithm == "ecc" || algorithm == "ecdsa" || algorithm == "ecdh" || algorithm == "eddsa") return take_curve(numbers, key);
  return false;
}

/// (protected MODE ((sha1 SALT COUNT) IV) CIPHERTEXT)
json describe_protection(const SExpression& numbers) {
  json out{{"scheme", "GnuPG agent"}, {"cipher", nullptr}};
  const SExpression* fields = numbers.find("protected");
  if (fields == nullptr || fields->items.size() < 2) return out;
  const std::string mode = printable(fields->items[1].text().substr(0, 64));
  out["mode"] = mode;
  if (mode.ends_with("-aes") || mode.ends_with("-aes-cbc")) out["cipher"] = "AES-128";
  out["integrity"] = mode.find("-ocb-") != std::string::npos ? "OCB" : "SHA-1";
  if (fields->items.size() < 3 || fields->items[2].items.empty()) return out;
  const SExpression& kdf = fields->items[2].items[0];
  if (!kdf.list || kdf.items.size() != 3) return out;
  out["kdf"] = "S2K iterated and salted";
  out["hash"] = kdf.items[0].text() == "sha1" ? json("SHA-1") : json(printable(kdf.items[0].text().substr(0, 64)));
  const std::string_view count = kdf.items[2].text();
  std::uint64_t value = 0;
  const auto parsed = std::from_chars(count.data(), count.data() + count.size(), value);
  if (parsed.ec == std::errc() && parsed.ptr == count.data() + count.size()) out["count_bytes"] = value;
  return out;
}

}  // namespace

std::optional<AgentKey> read_agent_key(ByteView bytes) {
  AgentKey key;
  const auto expression = read_s_expression(bytes, key.size);
  if (!expression || expression->items.size() < 2) return std::nullopt;
  const std::string_view kind = expression->items[0].text();
  const SExpression& numbers = expression->items[1];
  if (kind == "private-key") key.secret.part = SecretPart::clear;
  else if (kind == "protected-private-key") key.secret.part = SecretPart::encrypted;
  else if (kind == "shadowed-private-key") key.secret.part = SecretPart::on_card;
  else return std::nullopt;
  if (!take_numbers(numbers, key)) return std::nullopt;
  if (key.secret.part == SecretPart::encrypted) key.secret.encryption = describe_protection(numbers);
  return key;
}

}  // namespace landwaiter::detectors
