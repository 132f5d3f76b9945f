// SPDX-License-Identifier: Apache-2.0
#include "detectors/openpgp_detector.hpp"

#include "core/json_text.hpp"
#include "core/limits.hpp"
#include "detectors/gpg_agent_key.hpp"
#include "detectors/keybox.hpp"
#include "detectors/openpgp_armor.hpp"
#include "detectors/openpgp_finding.hpp"

#include <algorithm>
#include <array>

namespace landwaiter::detectors {
namespace {

using openpgp::KeyBlock;
using openpgp::SecretPart;

enum TriggerId { kArmor, kPackets, kKeybox, kAgentKey };

/// From the version to the trigger's end: version, time, algorithm, two bytes.
constexpr std::size_t kTriggerBody = 8;
/// A key with its certifications; the largest on key servers, of people who were in the press, have some 10 MiB, others' stay
/// below 1 MiB.
constexpr std::size_t kKeyBlockBytesMax = 2 * 1024 * 1024;
/// From here on the numbers of algorithms are strings of octets (RFC 9580, 9.1).
constexpr unsigned kNativeAlgorithmsFirst = 25;
/// Key blocks in one armor: a distribution's keyring has 1,000.
constexpr std::size_t kArmoredKeysMax = 5000;
/// A keybox's header blob: length, type, version, flags, "KBXf".
constexpr std::size_t kKeyboxMagicEnd = 12;
/// An expression with a 16,384-bit RSA key in hexadecimal takes 30 KiB.
constexpr std::size_t kAgentKeyBytesMax = 64 * 1024;

/// The sizes that the header of a packet as large as a key can have.
constexpr std::array<std::size_t, 4> kHeaderSizes{2, 3, 5, 6};

void report(const KeyBlock& block, std::string_view encoding, const DetectorContext& context, std::size_t begin, bool at_packet,
            FindingSink& sink) {
  auto findings = openpgp::describe_key_block(block, encoding, context);
  for (std::size_t i = 0; i < findings.size(); ++i) {
    sink.add(std::move(findings[i]), at_packet ? begin + block.members[i].begin : begin);
  }
}

/// All keys of an armored body; false when there is none.
bool report_all(ByteView body, const DetectorContext& context, std::size_t begin, FindingSink& sink) {
  bool found = false;
  for (std::size_t i = 0; i < kArmoredKeysMax && !body.empty(); ++i) {
    const auto block = openpgp::read_key_block(body);
    if (block) {
      report(*block, "armor", context, begin, false, sink);
      found = true;
      body = body.subspan(block->size);
      continue;
    }
    // A marker, or a key that is not understood: what follows may be.
    openpgp::PacketReader reader(body);
    openpgp::Packet packet;
    if (reader.next(packet) != openpgp::ReadState::packet) break;
    body = body.subspan(reader.offset());
  }
  return found;
}

/// A cipher and a hash with names, and more than one hash of a passphrase, as no writer of these algorithms has it.
bool protection_is_known(const nlohmann::json& encryption) {
  const std::string cipher = text_of(encryption, "cipher");
  return !cipher.empty() && !cipher.starts_with("cipher ") && !text_of(encryption, "hash").starts_with("hash ") &&
         text_of(encryption, "kdf") != "S2K simple";
}

/// Bytes between others: nothing but the numbers tells that they are a key, so these must be right.
bool convincing(const KeyBlock& block, bool fills_file) {
  const openpgp::Key& key = block.members.front().key;
  if (!key.exact || !key.consistent) return false;
  // Any 32 octets are a point, and any a ciphertext: then how it is protected must be known in full.
  const bool unchecked = key.algorithm >= kNativeAlgorithmsFirst && key.secret.part == SecretPart::encrypted;
  if (unchecked && !protection_is_known(key.secret.encryption)) return false;
  return block.confirmed || fills_file;
}

}  // namespace

std::vector<Trigger> OpenPgpDetector::triggers() const {
  // A primary key's packet header in the legacy format or OpenPGP's, version, time since 1987, algorithm, and the first
  // bytes of what the algorithm has: a count of bits up to 16,384, an object identifier, a count of bytes.
  const std::string header =
      R"((?:[\x94\x98][\x20-\xff]|[\x95\x99][\x00-\x1f][\x00-\xff]|[\x96\x9a]\x00[\x00\x01][\x00-\xff]{2})"
      R"(|[\xc5\xc6](?:[\x20-\xbf]|[\xc0-\xdf][\x00-\xff]|\xff\x00[\x00\x01][\x00-\xff]{2})))";
  const std::string version4 =
      R"(\x04[\x20-\x9f][\x00-\xff]{3}(?:[\x01\x03\x11][\x01-\x40][\x00-\xff]|[\x13\x16][\x03-\x0a]\x2b|\x13\x08\x2a|[\x1b\x1c][\x00-\xff]{2}))";
  const std::string later = R"([\x05\x06][\x20-\x9f][\x00-\xff]{3}[\x01\x11\x13\x16\x1b-\x22]\x00\x00)";
  return {
      {kArmor, "-----BEGIN PGP (?:PUBLIC|PRIVATE|SECRET) KEY BLOCK-----", 38},
      {kPackets, header + "(?:" + version4 + "|" + later + ")", 6 + kTriggerBody},
      {kKeybox, R"(\x00\x00\x00\x20\x01\x01[\x00-\xff]{2}KBXf)", kKeyboxMagicEnd},
      {kAgentKey, R"(\((?:11:private-key|21:protected-private-key|20:shadowed-private-key)\()", 26},
      {kAgentKey + 1, R"(Key: \((?:protected-|shadowed-)?private-key )", 28},
  };
}

void OpenPgpDetector::inspect(const Window& window, const Hit& hit, FindingSink& sink) const {
  switch (hit.trigger) {
    case kArmor: return inspect_armor(window, hit, sink);
    case kPackets: return inspect_packets(window, hit, sink);
    case kKeybox: return inspect_keybox(window, hit, sink);
    default: return inspect_agent_key(window, hit, sink);
  }
}

void OpenPgpDetector::inspect_armor(const Window& window, const Hit& hit, FindingSink& sink) const {
  const openpgp::Armor armor = openpgp::read_armor(window.bytes, hit.end, window.ends_file);
  if (armor.state == pem::State::bare) return;
  if (armor.state == pem::State::beyond_window) {
    if (sink.need(armor.begin, openpgp::kArmorBytesMax)) return;
    return sink.diagnose(ErrorCode::limit_exceeded, "an armored OpenPGP key is longer than is read", armor.begin);
  }
  if (armor.state == pem::State::damaged) {
    return sink.diagnose(ErrorCode::malformed, "an armored OpenPGP key cannot be read: " + armor.problem, armor.begin);
  }
  sink.consumed(armor.end);
  if (armor.checksum_wrong) sink.diagnose(ErrorCode::malformed, "an armored OpenPGP key has another checksum than it says", armor.begin);
  if (!report_all(armor.body.view(), context_, armor.begin, sink) && !armor.checksum_wrong) {
    sink.diagnose(ErrorCode::malformed, "an armored OpenPGP block does not hold a key that can be read", armor.begin);
  }
}

void OpenPgpDetector::inspect_packets(const Window& window, const Hit& hit, FindingSink& sink) const {
  for (const std::size_t header : kHeaderSizes) {
    if (hit.end < header + kTriggerBody) continue;
    const std::size_t begin = hit.end - header - kTriggerBody;
    const ByteView rest = window.bytes.subspan(begin, std::min(window.bytes.size() - begin, kKeyBlockBytesMax));
    const auto block = openpgp::read_key_block(rest);
    if (!block) continue;
    const bool fills_file = window.offset + begin == 0 && window.ends_file && block->size == window.bytes.size();
    if (!convincing(*block, fills_file)) continue;
    const bool could_go_on = block->cut && !(window.ends_file && begin + rest.size() == window.bytes.size());
    if (could_go_on && sink.need(begin, kKeyBlockBytesMax)) return;
    report(*block, "binary", context_, begin, true, sink);
    return sink.consumed(begin + block->size);
  }
}

void OpenPgpDetector::inspect_keybox(const Window& window, const Hit& hit, FindingSink& sink) const {
  if (hit.end < kKeyboxMagicEnd) return;
  const std::size_t begin = hit.end - kKeyboxMagicEnd;
  const ByteView rest = window.bytes.subspan(begin);
  const auto box = read_keybox(rest);
  if (!box) return;
  const bool could_go_on = !window.ends_file && (box->cut || box->size == rest.size());
  if (could_go_on && sink.need(begin, limits::object_bytes_max)) return;
  for (const ByteView bytes : box->key_blocks) {
    const auto block = openpgp::read_key_block(bytes);
    if (!block) continue;
    const auto at = static_cast<std::size_t>(bytes.data() - window.bytes.data());
    report(*block, "keybox", context_, at, true, sink);
  }
  sink.consumed(begin + box->size);
}

void OpenPgpDetector::inspect_agent_key(const Window& window, const Hit& hit, FindingSink& sink) const {
  // The expression's own parenthesis: the last but one of the canonical form, the last of the other.
  const std::string_view before = as_text(window.bytes.first(hit.end));
  const std::size_t begin = before.substr(0, before.size() - (before.ends_with('(') ? 1 : 0)).rfind('(');
  if (begin == std::string_view::npos) return;
  const auto key = read_agent_key(window.bytes.subspan(begin, std::min(window.bytes.size() - begin, kAgentKeyBytesMax)));
  if (!key) return;
  Finding finding = openpgp::describe_key(key->public_key, key->secret, {}, context_);
  finding.title += " (GnuPG agent)";
  finding.attributes["encoding"] = before.ends_with('(') ? "canonical S-expression" : "S-expression";
  finding.attributes["format"] = "GnuPG agent";
  finding.attributes["keygrip"] = key->keygrip.empty() ? nlohmann::json(nullptr) : nlohmann::json(key->keygrip);
  if (finding.type == FindingType::private_key) finding.attributes["consistent"] = key->consistent;
  sink.add(std::move(finding), begin);
  sink.consumed(begin + key->size);
}

}  // namespace landwaiter::detectors
