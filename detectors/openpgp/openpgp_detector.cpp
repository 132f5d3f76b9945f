// SPDX-License-Identifier: Apache-2.0
#include "detectors/openpgp/openpgp_detector.hpp"

#include "core/base/json_text.hpp"
#include "core/base/limits.hpp"
#include "core/base/work_meter.hpp"
#include "core/report/attribute_names.hpp"
#include "detectors/keys/published_keys.hpp"
#include "detectors/openpgp/gpg_agent_key.hpp"
#include "detectors/openpgp/keybox.hpp"
#include "detectors/openpgp/openpgp_armor.hpp"
#include "detectors/openpgp/openpgp_finding.hpp"

#include <algorithm>
#include <array>

namespace landwaiter::detectors {
namespace {

using openpgp::KeyBlock;
using openpgp::SecretPart;

/// From kPackets on, the numbers of kPacketTriggers.
enum OpenPgpTrigger { kArmor, kKeybox, kAgentCanonical, kAgentExtended, kRsaPackets, kRsaOldPackets, kPackets };

/// The part of a primary key's packet (RFC 9580, 5.5.2) after version and time: the algorithm, and the start of its numbers.
struct PacketTrigger {
  std::string_view pattern;
  std::size_t length;
  std::size_t from_algorithm;  ///< bytes from the algorithm to the end of the match
};
/// Version and time.
constexpr std::size_t kBeforeAlgorithm = 5;
constexpr std::array kPacketTriggers{
    PacketTrigger{R"(\x16\x09\x2b\x06\x01\x04\x01\xda\x47\x0f\x01)", 11, 11},  // EdDSA on Ed25519, the old way
    PacketTrigger{R"(\x16\x03\x2b\x65\x71)", 5, 5},                            // and on Ed448
    PacketTrigger{R"(\x13\x08\x2a\x86\x48\xce\x3d\x03\x01\x07)", 10, 10},      // ECDSA on P-256
    PacketTrigger{R"(\x13\x05\x2b\x81\x04\x00[\x0a\x22\x23])", 7, 7},          // secp256k1, P-384, P-521
    PacketTrigger{R"(\x13\x09\x2b\x24\x03\x03\x02\x08\x01\x01)", 10, 10},      // Brainpool
    PacketTrigger{R"(\x11[\x02\x04\x08\x0c]\x00[\x80-\xff])", 4, 4},           // DSA of 512, 1024, 2048 or 3072 bits
    PacketTrigger{R"(\x04[\x20-\x9f][\x00-\xff]{3}\x11[\x01-\x40])", 7, 2},    // and of any size, after version 4 and a likely time
    PacketTrigger{R"((?:[\x19\x1b]\x00\x00\x00\x20|\x1a\x00\x00\x00\x38|\x1c\x00\x00\x00\x39))", 5, 5},  // version 6: X25519 and similar
    PacketTrigger{R"(\x06[\x00-\xff]{4}(?:\x1e\x00\x00\x07\xc0|\x1f\x00\x00\x0a\x59|[\x20\x21]\x00\x00\x00\x20|\x22\x00\x00\x00\x40))", 10,
                  5},  // ML-DSA with Ed25519 or Ed448, SLH-DSA
    // Version 5 of GnuPG, and version 6 of ECDSA, with a length before the numbers: the same curves.
    PacketTrigger{R"(\x05[\x00-\xff]{4}\x16\x00{3}[\x20-\xff]\x09\x2b\x06\x01\x04\x01\xda\x47\x0f\x01)", 20, 15},
    PacketTrigger{R"(\x05[\x00-\xff]{4}\x16\x00{3}[\x20-\xff]\x03\x2b\x65\x71)", 14, 9},
    PacketTrigger{R"([\x05\x06][\x00-\xff]{4}\x13\x00{3}[\x20-\xff]\x08\x2a\x86\x48\xce\x3d\x03\x01\x07)", 19, 14},
    PacketTrigger{R"([\x05\x06][\x00-\xff]{4}\x13\x00{3}[\x20-\xff]\x05\x2b\x81\x04\x00[\x0a\x22\x23])", 16, 11},
    PacketTrigger{R"([\x05\x06][\x00-\xff]{4}\x13\x00{3}[\x20-\xff]\x09\x2b\x24\x03\x03\x02\x08\x01\x01)", 19, 14},
    PacketTrigger{R"([\x26\x3f-\x9f]\x04[\x20-\x9f][\x00-\xff]{3}[\x1b\x1c])", 7, 1},  // version 4: Ed25519, Ed448, after their size
};
/// RSA's other number, after the modulus: the count of its bits, and 65,537. Old keys have 17, 37 or 41; there the next packet, a user id
/// or a signature, excludes random data.
constexpr std::string_view kRsaExponentPattern = R"(\x00\x11\x01\x00\x01)";
constexpr std::string_view kRsaOldExponentPattern = R"(\x00(?:\x05\x11|\x06[\x25\x29])[\x88\x89\xb4])";
constexpr std::size_t kRsaExponentBytes = 5, kRsaOldExponentBytes = 4;
constexpr std::size_t kRsaModulusBytesMin = 64, kRsaModulusBytesMax = 2048;
/// A key with its certifications; the largest on key servers, of well-known people, have about 10 MiB, others are below 1 MiB.
constexpr std::size_t kKeyBlockBytesMax = 2 * 1024 * 1024;
/// From this algorithm number on, values are octet strings (RFC 9580, 9.1).
constexpr unsigned kNativeAlgorithmsFirst = 25;
/// Key blocks in one armor: a distribution's keyring has 1,000.
constexpr std::size_t kArmoredKeysMax = 5000;
/// What `gpg --enarmor` makes of any file.
constexpr std::string_view kAnyFile = "ARMORED FILE";
/// A keybox's header blob: length, type, version, flags, "KBXf".
constexpr std::size_t kKeyboxMagicEnd = 12;
/// An expression with a 16,384-bit RSA key in hexadecimal takes 30 KiB.
constexpr std::size_t kAgentKeyBytesMax = 64 * 1024;

/// The sizes that the header of a packet as large as a key can have.
constexpr std::array<std::size_t, 4> kHeaderSizes{2, 3, 5, 6};

void report(const KeyBlock& block, std::string_view encoding, std::size_t begin, bool at_packet, FindingSink& sink) {
  auto findings = openpgp::describe_key_block(block, encoding);
  for (std::size_t i = 0; i < findings.size(); ++i) {
    sink.add(std::move(findings[i]), at_packet ? begin + block.members[i].begin : begin);
  }
}

/// All keys of an armored body; false if there is none.
bool report_all(ByteView body, std::size_t begin, FindingSink& sink) {
  bool found = false;
  for (std::size_t i = 0; i < kArmoredKeysMax && !body.empty(); ++i) {
    const auto block = openpgp::read_key_block(body);
    if (block) {
      report(*block, "armor", begin, false, sink);
      found = true;
      body = body.subspan(block->size);
      continue;
    }
    // A marker, or an unsupported key: the next one may be supported.
    openpgp::PacketReader reader(body);
    openpgp::Packet packet;
    if (reader.next(packet) != openpgp::ReadState::packet) break;
    body = body.subspan(reader.offset());
  }
  return found;
}

/// A known cipher and hash, and more than a single hash of the passphrase, as every implementation of these algorithms writes.
bool protection_is_known(const nlohmann::json& encryption) {
  const std::string cipher = text_of(encryption, "cipher");
  return !cipher.empty() && !cipher.starts_with("cipher ") && !text_of(encryption, "hash").starts_with("hash ") &&
         text_of(encryption, "kdf") != "S2K simple";
}

/// Bytes inside other data: only the numbers show that they are a key, so these must be right.
bool convincing(const KeyBlock& block, bool fills_file) {
  const openpgp::Key& key = block.members.front().key;
  if (!key.exact || !key.consistent) return false;
  // Any 32 octets are a point, and any octets a ciphertext: then the protection must be fully known.
  const bool unchecked = key.algorithm >= kNativeAlgorithmsFirst && key.secret.part == SecretPart::encrypted;
  if (unchecked && !protection_is_known(key.secret.encryption)) return false;
  return block.confirmed || fills_file;
}

}  // namespace

std::vector<Trigger> OpenPgpDetector::triggers() const {
  std::vector<Trigger> out{
      {kArmor, "-----BEGIN PGP (?:(?:PUBLIC|PRIVATE|SECRET) KEY BLOCK|ARMORED FILE)-----", 38},
      {kKeybox, R"(\x00\x00\x00\x20\x01\x01[\x00-\xff]{2}KBXf)", kKeyboxMagicEnd},
      {kAgentCanonical, R"(\((?:11:private-key|21:protected-private-key|20:shadowed-private-key)\()", 26},
      {kAgentExtended, R"(Key: \((?:protected-|shadowed-)?private-key )", 28},
      {kRsaPackets, std::string(kRsaExponentPattern), kRsaExponentBytes},
      {kRsaOldPackets, std::string(kRsaOldExponentPattern), kRsaOldExponentBytes},
  };
  for (std::size_t i = 0; i < kPacketTriggers.size(); ++i) {
    out.push_back({static_cast<int>(kPackets + i), std::string(kPacketTriggers[i].pattern), kPacketTriggers[i].length});
  }
  return out;
}

void OpenPgpDetector::inspect(const Window& window, const Hit& hit, FindingSink& sink) const {
  switch (hit.trigger) {
    case kArmor: return inspect_armor(window, hit, sink);
    case kKeybox: return inspect_keybox(window, hit, sink);
    case kAgentCanonical:
    case kAgentExtended: return inspect_agent_key(window, hit, sink);
    case kRsaPackets:
    case kRsaOldPackets: return inspect_rsa_packets(window, hit, sink);
    default: {
      const std::size_t behind = kPacketTriggers.at(static_cast<std::size_t>(hit.trigger - kPackets)).from_algorithm;
      if (hit.end >= behind + kBeforeAlgorithm) inspect_packet(window, hit.end - behind - kBeforeAlgorithm, sink);
    }
  }
}

void OpenPgpDetector::inspect_armor(const Window& window, const Hit& hit, FindingSink& sink) const {
  const openpgp::Armor armor = openpgp::read_armor(window.bytes, hit.end, window.ends_file);
  if (armor.state == pem::State::bare) return;
  if (armor.state == pem::State::beyond_window) {
    if (sink.need(armor.begin, openpgp::kArmorBytesMax)) return;
    return sink.diagnose(ErrorCode::limit_exceeded, "an armored OpenPGP key is too large to be read", armor.begin);
  }
  if (armor.state == pem::State::damaged) {
    return sink.diagnose(ErrorCode::malformed, "an armored OpenPGP key cannot be read: " + armor.problem, armor.begin);
  }
  sink.consumed(armor.end);
  if (armor.checksum_wrong) sink.diagnose(ErrorCode::malformed, "an armored OpenPGP key does not match its checksum", armor.begin);
  if (report_all(armor.body.view(), armor.begin, sink) || armor.checksum_wrong) return;
  if (armor.label == kAnyFile) {
    const ByteView body = armor.body.view();
    sink.decoded("armor", Bytes(body.begin(), body.end()), armor.begin, armor.end);
  } else {
    sink.diagnose(ErrorCode::malformed, "an armored OpenPGP block does not hold a key that can be read", armor.begin);
  }
}

/// The exponent marks the end of the modulus; at its start, its bit count must match its size, and the algorithm must precede it.
void OpenPgpDetector::inspect_rsa_packets(const Window& window, const Hit& hit, FindingSink& sink) const {
  constexpr std::size_t kCountBytes = 2, kVersion6CountBytes = 4;
  const std::size_t modulus_end = hit.end - std::min(hit.end, hit.trigger == kRsaPackets ? kRsaExponentBytes : kRsaOldExponentBytes);
  if (!charge_work(2 * kRsaModulusBytesMax)) return;
  for (std::size_t size = kRsaModulusBytesMin; size <= kRsaModulusBytesMax; ++size) {
    if (modulus_end < size + kCountBytes + kBeforeAlgorithm + 1) return;
    const std::size_t count = modulus_end - size - kCountBytes;
    const std::size_t bits = static_cast<std::size_t>(window.bytes[count]) << 8 | window.bytes[count + 1];
    if ((bits + 7) / 8 != size) continue;
    for (const std::size_t between : {std::size_t{0}, kVersion6CountBytes}) {
      const std::size_t before = kBeforeAlgorithm + 1 + between;
      if (count < before) continue;
      const std::uint8_t algorithm = window.bytes[count - between - 1];
      if (algorithm >= 1 && algorithm <= 3 && inspect_packet(window, count - before, sink)) return;
    }
  }
}

/// Tries each header size before the version.
bool OpenPgpDetector::inspect_packet(const Window& window, std::size_t version, FindingSink& sink) const {
  for (const std::size_t header : kHeaderSizes) {
    if (version < header) continue;
    const std::size_t begin = version - header;
    const ByteView rest = window.bytes.subspan(begin, std::min(window.bytes.size() - begin, kKeyBlockBytesMax));
    const auto block = openpgp::read_key_block(rest);
    if (!block) continue;
    const bool fills_file = window.offset + begin == 0 && window.ends_file && block->size == window.bytes.size();
    if (!convincing(*block, fills_file)) continue;
    const bool could_go_on = block->cut && !(window.ends_file && begin + rest.size() == window.bytes.size());
    if (could_go_on && sink.need(begin, kKeyBlockBytesMax)) return true;
    report(*block, "binary", begin, true, sink);
    sink.consumed(begin + block->size);
    return true;
  }
  return false;
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
    report(*block, "keybox", at, true, sink);
  }
  sink.consumed(begin + box->size);
}

void OpenPgpDetector::inspect_agent_key(const Window& window, const Hit& hit, FindingSink& sink) const {
  // The expression's own parenthesis: the second to last in the canonical form, the last in the other.
  const std::string_view before = as_text(window.bytes.first(hit.end));
  const std::size_t begin = before.substr(0, before.size() - (before.ends_with('(') ? 1 : 0)).rfind('(');
  if (begin == std::string_view::npos) return;
  const auto key = read_agent_key(window.bytes.subspan(begin, std::min(window.bytes.size() - begin, kAgentKeyBytesMax)));
  if (!key) return;
  Finding finding = openpgp::describe_key(key->public_key, key->secret, {});
  finding.title += " (GnuPG agent)";
  finding.attributes[attribute::encoding] = before.ends_with('(') ? "canonical S-expression" : "S-expression";
  finding.attributes[attribute::format] = "GnuPG agent";
  finding.attributes["keygrip"] = key->keygrip.empty() ? nlohmann::json(nullptr) : nlohmann::json(key->keygrip);
  if (finding.type == FindingType::private_key) {
    finding.attributes[attribute::consistent] = key->consistent;
    mark_published(publisher_of(key->public_key, {}), finding);
  }
  sink.add(std::move(finding), begin);
  sink.consumed(begin + key->size);
}

}  // namespace landwaiter::detectors
