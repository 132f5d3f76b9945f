// SPDX-License-Identifier: Apache-2.0
#include "detectors/key_files/wireguard_key.hpp"

#include "core/base/encoding.hpp"
#include "core/base/limits.hpp"
#include "core/base/secret.hpp"
#include "core/base/text.hpp"
#include "detectors/keys/key_finding.hpp"

#include <algorithm>

namespace landwaiter::detectors {
namespace {

constexpr std::size_t kKeyCharacters = 44;

bool is_wireguard_section(std::string_view header) {
  const std::string name = to_lower(header);
  for (const char* known : {"[interface]", "[peer]", "[wireguard]", "[wireguardpeer]"}) {
    if (name == known) return true;
  }
  return name.starts_with("[wireguard-peer.");
}

/// The section that contains the place: the last line before it that starts with a bracket.
bool in_wireguard_section(std::string_view text, std::size_t at) {
  constexpr std::size_t kHeaderMax = 128;
  const std::size_t from = at - std::min(at, limits::detector_lookbehind_bytes);
  std::string_view before = text.substr(from, at - from);
  for (;;) {
    const std::size_t bracket = before.rfind('[');
    if (bracket == std::string_view::npos) return false;
    const bool line_start = bracket == 0 ? from == 0 : std::string_view("\n\0 \t", 4).find(before[bracket - 1]) != std::string_view::npos;
    if (line_start) {
      const std::string_view header = text.substr(from + bracket, kHeaderMax);
      return is_wireguard_section(header.substr(0, header.find(']') + 1));
    }
    before = before.substr(0, bracket);
  }
}

Finding describe_key(std::string_view name, ByteView bytes, const PublicKey& public_key, FindingSink& sink) {
  if (name.starts_with("private")) {
    StoredKey key;
    key.public_key = public_key;
    key.format = "WireGuard";
    return private_key_finding(key, "base64", sink);
  }
  if (name.starts_with("preshared")) return secret_key_finding(bytes, nullptr, "WireGuard", sink);
  return public_key_finding(public_key, "base64", "WireGuard");
}

}  // namespace

void inspect_wireguard_key(const Window& window, const Hit& hit, FindingSink& sink) {
  const std::string_view text = as_text(window.bytes);
  if (hit.end < kKeyCharacters || base64_end(text, hit.end, 1) != hit.end) return;
  const std::size_t value = hit.end - kKeyCharacters;
  // The name and the blanks of the pattern.
  constexpr std::size_t kBeforeMax = 40;
  const std::size_t from = value - std::min(value, kBeforeMax);
  const std::size_t line = from + text.substr(from, value - from).find_last_of("\n\r") + 1;
  const std::string name = to_lower(trim(text.substr(line, text.find_first_of("=.", line) - line)));
  const bool peer_header = name == "[wireguard-peer";
  const bool known =
      name == "privatekey" || name == "private-key" || name == "presharedkey" || name == "preshared-key" || name == "publickey";
  if (!peer_header && (!known || !in_wireguard_section(text, line))) return;
  auto decoded = base64_decode(text.substr(value, kKeyCharacters));
  if (!decoded || decoded->size() != 32 || !looks_random(*decoded)) return;
  const WipedBytes bytes(*std::move(decoded));
  const auto public_key =
      name.starts_with("private") ? raw_curve_public_half(oid::x25519(), bytes.view()) : raw_curve_public_key(oid::x25519(), bytes.view());
  if (!public_key) return;
  sink.add(describe_key(name, bytes.view(), *public_key, sink), value);
  sink.consumed(hit.end);
}

}  // namespace landwaiter::detectors
