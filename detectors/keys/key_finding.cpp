// SPDX-License-Identifier: Apache-2.0
#include "detectors/keys/key_finding.hpp"

#include "core/base/clock.hpp"
#include "core/base/encoding.hpp"
#include "core/base/text.hpp"
#include "core/report/assets/key.hpp"
#include "core/report/attribute_names.hpp"
#include "detectors/formats/der.hpp"
#include "detectors/keys/key_checks.hpp"
#include "detectors/keys/password_encryption.hpp"
#include "detectors/keys/private_key_math.hpp"
#include "detectors/keys/published_keys.hpp"

#include <algorithm>
#include <array>
#include <ctime>

namespace landwaiter::detectors {
namespace {

using nlohmann::json;

std::string capital(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text;
}

std::string title_of(const PublicKey& key, std::string_view what) {
  return capital(key.key_type.empty() ? std::string(what) : describe(key) + ' ' + std::string(what));
}

}  // namespace

Finding private_key_finding(const StoredKey& key, std::string_view encoding, FindingSink& sink) {
  Finding finding;
  finding.type = FindingType::private_key;
  finding.id = key.public_key.spki.empty() ? sink.secret_id(key.opaque) : key.public_key.id();
  finding.severity = key.encrypted ? Severity::medium : Severity::high;
  finding.title = title_of(key.public_key, key.encrypted ? "private key, encrypted (" : "private key (") + key.format + ')';
  json& attributes = finding.attributes;
  add_public_key_attributes(key.public_key, attributes);
  add_attributes(assets::PrivateKey{std::string(encoding), key.format, key.encrypted, key.encryption, {}}, attributes);
  attributes[attribute::weaknesses] = encryption_weaknesses(key.encryption);
  for (const std::string& weakness : key_weaknesses(key.public_key)) add_weakness(finding, weakness);
  mark_published(publisher_of(key.public_key, key.opaque), finding);
  return finding;
}

Finding public_key_finding(const PublicKey& key, std::string_view encoding, std::string_view format) {
  Finding finding;
  finding.type = FindingType::public_key;
  finding.id = key.id();
  finding.severity = Severity::info;
  finding.title = title_of(key, "public key (") + std::string(format) + ')';
  add_public_key_attributes(key, finding.attributes);
  finding.attributes[attribute::encoding] = encoding;
  finding.attributes[attribute::format] = format;
  finding.attributes[attribute::weaknesses] = json::array();
  for (const std::string& weakness : key_weaknesses(key)) add_weakness(finding, weakness);
  return finding;
}

Finding secret_key_finding(ByteView secret, const json& algorithm, std::string_view format, FindingSink& sink) {
  Finding finding;
  finding.type = FindingType::secret_key;
  finding.id = sink.secret_id(secret);
  finding.severity = Severity::high;
  finding.title = (algorithm.is_string() ? algorithm.get<std::string>() + " secret key (" : "Secret key (") + std::string(format) + ')';
  finding.attributes = {{attribute::algorithm, algorithm}, {attribute::key_size_bits, secret.size() * 8},
                        {attribute::encoding, "base64"},   {attribute::format, format},
                        {attribute::encrypted, false},     {attribute::weaknesses, json::array()}};
  return finding;
}

void add_weakness(Finding& finding, std::string_view code) {
  json& list = finding.attributes[attribute::weaknesses];
  if (!list.is_array()) list = json::array();
  if (std::ranges::find(list, json(code)) == list.end()) list.push_back(code);
}

std::optional<PublicKey> raw_curve_public_key(ByteView oid, ByteView key) {
  const Bytes type = der::write(der::kOid, {oid});
  return public_key_with(der::write(der::kSequence, {type}), key);
}

std::optional<PublicKey> raw_curve_public_half(ByteView oid, ByteView secret) {
  const RawKeyKind* kind = raw_key_kind(oid);
  return kind == nullptr ? std::nullopt : raw_public_key(*kind, secret);
}

bool looks_random(ByteView bytes) {
  std::array<bool, 256> seen{};
  for (const std::uint8_t byte : bytes) seen[byte] = true;
  const auto different = static_cast<std::size_t>(std::ranges::count(seen, true));
  // On average, 30 of 32 random bytes are different, and 15 of 16.
  return different >= std::min<std::size_t>(bytes.size() / 2, 32);
}

json unix_time_text(std::uint64_t seconds) {
  if (seconds >= static_cast<std::uint64_t>(kYear10000)) return nullptr;
  return to_rfc3339(from_unix_us(static_cast<std::int64_t>(seconds) * 1'000'000));
}

std::size_t base64_end(std::string_view text, std::size_t at, std::size_t size_max) {
  const std::size_t stop = at + std::min(size_max, text.size() - std::min(at, text.size()));
  while (at < stop && is_base64(text[at])) ++at;
  for (int padding = 0; at < stop && text[at] == '=' && padding < 2; ++padding) ++at;
  return at;
}

std::string_view take_line(std::string_view text, std::size_t& at, std::size_t size_max) {
  const std::string_view rest = text.substr(std::min(at, text.size()), size_max);
  const std::size_t end = rest.find('\n');
  std::string_view line = rest.substr(0, end);
  at += end == std::string_view::npos ? rest.size() : end + 1;
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::optional<std::string_view> line_value(std::string_view line, std::string_view name) {
  if (!line.starts_with(name) || !line.substr(name.size()).starts_with(':')) return std::nullopt;
  return trim(line.substr(name.size() + 1));
}

}  // namespace landwaiter::detectors
