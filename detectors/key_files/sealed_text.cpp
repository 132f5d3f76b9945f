// SPDX-License-Identifier: Apache-2.0
#include "detectors/key_files/sealed_text.hpp"

#include "core/base/encoding.hpp"
#include "core/base/json_reader.hpp"
#include "core/base/json_text.hpp"
#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "core/report/attribute_names.hpp"
#include "detectors/formats/pem.hpp"
#include "detectors/keys/key_finding.hpp"
#include "detectors/keys/x509_text.hpp"

#include <algorithm>

namespace landwaiter::detectors {
namespace {

using nlohmann::json;

/// A small whole number of a field, or null.
json count_of(const json& object, const char* field) {
  const auto found = object.is_object() ? object.find(field) : object.end();
  return found != object.end() && found->is_number_unsigned() ? *found : json(nullptr);
}

/// go-securesystemslib's encrypted form: {kdf: {name, params: {N, r, p}, salt}, cipher: {name, nonce}, ciphertext}.
std::optional<StoredKey> read_secretbox(ByteView body, std::string_view label) {
  const auto document = parse_json(as_text(body), "encrypted key", kJsonObject);
  if (!document || !document->is_object() || !document->contains("kdf") || !document->contains("cipher")) return std::nullopt;
  const json& kdf = (*document)["kdf"];
  const json& cipher = (*document)["cipher"];
  const auto ciphertext = base64_decode(text_of(*document, "ciphertext"));
  if (!ciphertext || ciphertext->size() < 32 || text_of(kdf, "name").empty()) return std::nullopt;
  const json parameters = kdf.contains("params") ? kdf["params"] : json::object();
  StoredKey key;
  key.format = label.find("COSIGN") != std::string_view::npos ? "cosign" : "Sigstore";
  key.encrypted = true;
  key.opaque = body;
  key.encryption = {{"scheme", "go-securesystemslib"},
                    {"cipher", attribute_text(text_of(cipher, "name"))},
                    {"kdf", attribute_text(text_of(kdf, "name"))},
                    {"scrypt_n", count_of(parameters, "N")},
                    {"scrypt_r", count_of(parameters, "r")},
                    {"scrypt_p", count_of(parameters, "p")}};
  return key;
}

/// The hexadecimal digits of the lines after `at`, each with at most the same indentation.
std::string hex_lines(std::string_view text, std::size_t& at, std::size_t size_max) {
  constexpr std::size_t kLineMax = 256;
  std::string out;
  while (at < text.size() && out.size() < size_max) {
    std::size_t next = at;
    const std::string_view line = trim(take_line(text, next, kLineMax));
    const auto hexadecimal = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
    if (line.empty() || !std::ranges::all_of(line, hexadecimal)) break;
    out += line;
    at = std::min(next, text.size());
  }
  return out;
}

/// The decoded lines: salt, HMAC, ciphertext, each in hexadecimal on its own line, and all of that in hexadecimal again.
bool is_vault(std::string_view hex) {
  const auto inner = hex_decode(hex);
  if (!inner) return false;
  const std::string_view text = as_text(*inner);
  const std::size_t first = text.find('\n'), second = text.find('\n', first == std::string_view::npos ? first : first + 1);
  if (first != 64 || second != 129) return false;
  const auto ciphertext = hex_decode(text.substr(130));
  return hex_decode(text.substr(0, 64)) && hex_decode(text.substr(65, 64)) && ciphertext && !ciphertext->empty() &&
         ciphertext->size() % 16 == 0;
}

}  // namespace

void inspect_cosign_key(const Window& window, const Hit& hit, FindingSink& sink) {
  const pem::Block block = pem::read_block(window.bytes, hit.end, window.ends_file);
  if (block.state == pem::State::bare) return;
  const auto key = block.state == pem::State::decoded ? read_secretbox(block.body.view(), block.label) : std::nullopt;
  if (!key) {
    sink.diagnose(ErrorCode::malformed, "a PEM block labeled " + attribute_text(block.label) + " cannot be read", block.begin);
    return;
  }
  sink.add(private_key_finding(*key, "PEM", sink), block.begin);
  sink.consumed(block.end);
}

void inspect_ansible_vault(const Window& window, const Hit& hit, FindingSink& sink) {
  constexpr std::string_view kMark = "$ANSIBLE_VAULT;";
  constexpr std::size_t kLabelMax = 256;
  const std::string_view text = as_text(window.bytes);
  const std::size_t begin = text.substr(0, hit.end).rfind(kMark);
  if (begin == std::string_view::npos) return;
  std::size_t at = hit.end;
  const std::string_view rest = trim(take_line(text, at, kLabelMax));
  if (!rest.empty() && !rest.starts_with(';')) return;
  const std::string hex = hex_lines(text, at, limits::object_bytes_max);
  // A longer one continues after the window; its size is not stored.
  if (at == text.size() && !window.ends_file && sink.need(begin, limits::object_bytes_max)) return;
  if (!is_vault(hex)) return;
  Finding finding;
  finding.type = FindingType::secret;
  finding.id = sink.secret_id(as_bytes(hex));
  finding.severity = Severity::info;
  finding.title = "Secret encrypted with Ansible Vault";
  finding.attributes = {
      {attribute::format, "Ansible Vault"},
      {attribute::encoding, "hex"},
      {attribute::format_version, attribute_text(text.substr(begin + kMark.size(), 3))},
      {"vault_id", rest.size() > 1 ? json(attribute_text(rest.substr(1))) : json(nullptr)},
      {attribute::encrypted, true},
      {attribute::encryption,
       {{"scheme", "Ansible Vault"}, {"cipher", "aes-256-ctr"}, {"kdf", "PBKDF2"}, {"prf", "hmacWithSHA256"}, {"iterations", 10000U}}},
      {attribute::weaknesses, json::array()}};
  sink.add(std::move(finding), begin);
  sink.consumed(at);
}

}  // namespace landwaiter::detectors
