// SPDX-License-Identifier: Apache-2.0
#include "detectors/jose/jwt.hpp"

#include "core/base/encoding.hpp"
#include "core/base/json_reader.hpp"
#include "core/base/secret.hpp"
#include "core/base/work_meter.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace landwaiter::detectors {
namespace {

using nlohmann::json;

/// Headers are below 1 KiB, or somewhat larger with a certificate chain.
constexpr std::size_t kHeaderLookBack = 4 * 1024;
/// Proxies reject headers above 64 KiB, and tokens are made to be sent in one.
constexpr std::size_t kTokenBytesMax = 64 * 1024;

struct SignatureSize {
  std::string_view algorithm;
  std::size_t min;
  std::size_t max;
};

/// RFC 7518, 3.1; RFC 8037; RFC 8812; ML-DSA for JOSE. RSA: moduli of 512 to 16,384 bits.
constexpr std::array<SignatureSize, 21> kSignatureSizes{
    {{"none", 0, 0},      {"HS256", 32, 32},   {"HS384", 48, 48},         {"HS512", 64, 64},         {"RS256", 64, 2048},
     {"RS384", 64, 2048}, {"RS512", 64, 2048}, {"PS256", 64, 2048},       {"PS384", 64, 2048},       {"PS512", 64, 2048},
     {"ES256", 64, 64},   {"ES256K", 64, 64},  {"ES384", 96, 96},         {"ES512", 132, 132},       {"EdDSA", 64, 114},
     {"Ed25519", 64, 64}, {"Ed448", 114, 114}, {"ML-DSA-44", 2420, 2420}, {"ML-DSA-65", 3309, 3309}, {"ML-DSA-87", 4627, 4627},
     {"RS1", 64, 2048}}};

/// For an unknown algorithm: longer than a word, shorter than any signature.
constexpr SignatureSize kOtherSignature{"", 28, 50'000};

bool plausible_signature(std::string_view algorithm, std::size_t bytes) {
  const auto found = std::ranges::find(kSignatureSizes, algorithm, &SignatureSize::algorithm);
  const SignatureSize& size = found == kSignatureSizes.end() ? kOtherSignature : *found;
  return bytes >= size.min && bytes <= size.max;
}

struct SealSize {
  std::string_view encryption;
  std::size_t vector;
  std::size_t tag;
};

/// RFC 7518, 5.1.
constexpr std::array<SealSize, 6> kSealSizes{{{"A128CBC-HS256", 16, 16},
                                              {"A192CBC-HS384", 16, 24},
                                              {"A256CBC-HS512", 16, 32},
                                              {"A128GCM", 12, 16},
                                              {"A192GCM", 12, 16},
                                              {"A256GCM", 12, 16}}};

bool plausible_seal(std::string_view encryption, std::size_t vector, std::size_t tag) {
  const auto found = std::ranges::find(kSealSizes, encryption, &SealSize::encryption);
  if (found != kSealSizes.end()) return vector == found->vector && tag == found->tag;
  return vector >= 8 && vector <= 32 && tag >= 12 && tag <= 64;
}

std::vector<std::string_view> parts_of(std::string_view token) {
  std::vector<std::string_view> parts;
  constexpr std::size_t kPartsMax = 6;
  while (parts.size() < kPartsMax) {
    const std::size_t dot = token.find('.');
    parts.push_back(token.substr(0, dot));
    if (dot == std::string_view::npos) break;
    token.remove_prefix(dot + 1);
  }
  return parts;
}

/// A part that is a JSON object, otherwise null.
json object_in(std::string_view part) {
  auto bytes = base64url_decode(part);
  if (!bytes) return nullptr;
  const std::string_view text = as_text(*bytes);
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  json out;
  if (first != std::string_view::npos && text[first] == '{') {
    auto parsed = parse_json(text, "token", kJsonObject);
    if (parsed && parsed->is_object()) out = *std::move(parsed);
  }
  wipe(*bytes);
  return out;
}

bool has_text(const json& header, const char* name) {
  constexpr std::size_t kNameBytesMax = 64;
  const auto found = header.find(name);
  if (found == header.end() || !found->is_string()) return false;
  const auto& value = found->get_ref<const std::string&>();
  return !value.empty() && value.size() <= kNameBytesMax && std::ranges::all_of(value, [](char c) { return c > 0x20 && c < 0x7f; });
}

bool read_signed(const std::vector<std::string_view>& parts, Token& token) {
  const auto signature = base64url_decode(parts[2]);
  if (!signature || !plausible_signature(token.header["alg"].get_ref<const std::string&>(), signature->size())) return false;
  token.detached = parts[1].empty();
  token.claims = object_in(parts[1]);
  token.format = token.claims.is_object() ? TokenFormat::jwt : TokenFormat::jws;
  if (token.claims.is_object()) return true;
  // Only its header would make an unsigned one of these a token, and nobody creates these on purpose.
  if (signature->empty()) return false;
  auto payload = base64url_decode(parts[1]);
  if (payload) wipe(*payload);
  return payload.has_value() || token.header.value("b64", json(true)) == false;
}

bool read_encrypted(const std::vector<std::string_view>& parts, Token& token) {
  const auto key = base64url_decode(parts[1]), vector = base64url_decode(parts[2]), text = base64url_decode(parts[3]),
             tag = base64url_decode(parts[4]);
  if (!key || !vector || !text || !tag || text->empty()) return false;
  token.format = TokenFormat::jwe;
  return plausible_seal(token.header["enc"].get_ref<const std::string&>(), vector->size(), tag->size());
}

std::string text_member(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

std::optional<CompactToken> find_compact(std::string_view text, std::size_t at, bool whole) {
  if (at >= text.size() || !is_base64url(text[at])) return std::nullopt;
  std::size_t begin = at;
  if (!charge_work(kHeaderLookBack)) return std::nullopt;
  while (begin > 0 && is_base64url(text[begin - 1])) {
    if (at - --begin > kHeaderLookBack) return std::nullopt;
  }
  if (begin > 0 && text[begin - 1] == '.') return std::nullopt;
  // Escapes of other formats whose characters are in the alphabet: \n in JSON, %3D in a URL.
  if (begin > 0 && text[begin - 1] == '\\' && std::string_view("nrt").find(text[begin]) != std::string_view::npos) ++begin;
  else if (begin > 0 && text[begin - 1] == '%') begin += 2;
  if (begin > at) return std::nullopt;
  std::size_t end = at;
  while (end < text.size() && (is_base64url(text[end]) || text[end] == '.')) {
    if (++end - begin > kTokenBytesMax) {
      charge_work(2 * kTokenBytesMax);
      return std::nullopt;
    }
  }
  if (!charge_work(2 * (end - begin)) || (end == text.size() && !whole)) return std::nullopt;
  return CompactToken{.begin = begin, .end = end, .whole = text.substr(begin, end - begin)};
}

std::optional<Token> read_compact(std::string_view compact) {
  constexpr std::uint64_t kUnitsPerByte = 6;
  if (!charge_work(kUnitsPerByte * compact.size())) return std::nullopt;
  const auto parts = parts_of(compact);
  if (parts.size() != 3 && parts.size() != 5) return std::nullopt;
  Token token;
  token.header = object_in(parts[0]);
  if (!token.header.is_object() || !has_text(token.header, "alg")) return std::nullopt;
  const bool encrypted = has_text(token.header, "enc");
  if (encrypted != (parts.size() == 5)) return std::nullopt;
  const bool read = encrypted ? read_encrypted(parts, token) : read_signed(parts, token);
  if (!read) return std::nullopt;
  return token;
}

std::optional<std::string> compact_of(const json& object, const json& around) {
  const std::string header = text_member(object, "protected");
  if (object.contains("ciphertext")) {
    std::string key = text_member(object, "encrypted_key");
    const auto recipients = object.find("recipients");
    const bool one = recipients != object.end() && recipients->is_array() && recipients->size() == 1 && (*recipients)[0].is_object();
    if (one) key = text_member((*recipients)[0], "encrypted_key");
    return header + '.' + key + '.' + text_member(object, "iv") + '.' + text_member(object, "ciphertext") + '.' +
           text_member(object, "tag");
  }
  if (!object.contains("signature")) return std::nullopt;
  const std::string payload = object.contains("payload") ? text_member(object, "payload") : text_member(around, "payload");
  return header + '.' + payload + '.' + text_member(object, "signature");
}

}  // namespace landwaiter::detectors
