// SPDX-License-Identifier: Apache-2.0
#include "detectors/key_files/age_key.hpp"

#include "core/base/secret.hpp"
#include "core/report/attribute_names.hpp"
#include "detectors/formats/bech32.hpp"
#include "detectors/keys/key_finding.hpp"
#include "detectors/keys/x509_text.hpp"

#include <algorithm>

namespace landwaiter::detectors {
namespace {

using nlohmann::json;

bool is_alphanumeric(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

/// Capital letters, digits and dashes, from `begin` on.
std::string_view capitals(std::string_view text, std::size_t begin) {
  // Post-quantum and plugin identities have at most a few hundred characters.
  constexpr std::size_t kSizeMax = 4096;
  const std::size_t stop = std::min(text.size(), begin + kSizeMax);
  std::size_t end = begin;
  const auto allowed = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'; };
  while (end < stop && allowed(text[end])) ++end;
  return text.substr(begin, end - begin);
}

constexpr std::string_view kPlugin = "age-plugin-";

Finding plugin_identity(const Bech32& decoded, FindingSink& sink) {
  StoredKey key;
  key.format = "age";
  key.opaque = decoded.bytes;
  Finding finding = private_key_finding(key, "Bech32", sink);
  std::string plugin = decoded.prefix.substr(kPlugin.size());
  while (plugin.ends_with('-')) plugin.pop_back();
  finding.severity = Severity::medium;
  finding.attributes[attribute::encrypted] = nullptr;
  finding.attributes["plugin"] = attribute_text(plugin);
  finding.title = title_text("age identity of the plugin " + attribute_text(plugin));
  return finding;
}

std::optional<Finding> describe_identity(const Bech32& decoded, FindingSink& sink) {
  if (decoded.prefix.starts_with(kPlugin) && decoded.prefix.size() > kPlugin.size() + 1 && !decoded.bytes.empty())
    return plugin_identity(decoded, sink);
  StoredKey key;
  key.format = "age";
  key.opaque = decoded.bytes;
  if (decoded.prefix == "age-secret-key-") {
    auto public_key = raw_curve_public_half(oid::x25519(), decoded.bytes);
    if (!public_key) return std::nullopt;
    key.public_key = std::move(*public_key);
  } else if (decoded.prefix == "age-secret-key-pq-" && decoded.bytes.size() == 32) {
    // The seed of a hybrid of ML-KEM-768 and X25519, for which there is no SubjectPublicKeyInfo.
    key.public_key.key_type = "MLKEM768-X25519";
  } else {
    return std::nullopt;
  }
  return private_key_finding(key, "Bech32", sink);
}

}  // namespace

void inspect_age_identity(const Window& window, const Hit& hit, FindingSink& sink) {
  const std::string_view text = as_text(window.bytes);
  const std::size_t begin = text.substr(0, hit.end).rfind("AGE-");
  if (begin == std::string_view::npos || (begin > 0 && is_alphanumeric(text[begin - 1]))) return;
  const std::string_view identity = capitals(text, begin);
  auto decoded = bech32_decode(identity);
  if (!decoded) return;
  auto finding = describe_identity(*decoded, sink);
  wipe(decoded->bytes);
  if (!finding) return;
  sink.add(*std::move(finding), begin);
  sink.consumed(begin + identity.size());
}

void inspect_age_recipient(const Window& window, const Hit& hit, FindingSink& sink) {
  constexpr std::size_t kSize = 62;
  const std::string_view text = as_text(window.bytes);
  if (hit.end < kSize) return;
  const std::size_t begin = hit.end - kSize;
  const bool apart = (begin == 0 || !is_alphanumeric(text[begin - 1])) && (hit.end == text.size() || !is_alphanumeric(text[hit.end]));
  const auto decoded = apart ? bech32_decode(text.substr(begin, kSize)) : std::nullopt;
  if (!decoded || decoded->prefix != "age") return;
  const auto key = raw_curve_public_key(oid::x25519(), decoded->bytes);
  if (!key) return;
  sink.add(public_key_finding(*key, "Bech32", "age"), begin);
}

}  // namespace landwaiter::detectors
