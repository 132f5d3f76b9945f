// SPDX-License-Identifier: Apache-2.0
#include "detectors/openpgp/openpgp_keyblock.hpp"

#include "core/base/encoding.hpp"
#include "core/base/text.hpp"
#include "core/base/work_meter.hpp"

#include <array>

namespace landwaiter::detectors::openpgp {
namespace {

/// Signature types (RFC 9580, 5.2.1).
enum SignatureType : std::uint8_t {
  kCertificationFirst = 0x10,
  kCertificationLast = 0x13,
  kSubkeyBinding = 0x18,
  kDirectKey = 0x1f,
  kKeyRevocation = 0x20,
  kSubkeyRevocation = 0x28,
};

/// Subpackets (RFC 9580, 5.2.3.7).
enum Subpacket : std::uint8_t { kCreationTime = 2, kKeyExpiration = 9, kIssuerKeyId = 16, kKeyFlags = 27, kIssuerFingerprint = 33 };

struct Signature {
  std::uint8_t version = 0;
  std::uint8_t type = 0;
  SelfSignature says;
  std::string issuer;  ///< key id, or the fingerprint if given; empty if neither is
};

bool read_subpacket_length(ByteReader& reader, std::uint32_t& out) {
  std::uint8_t first = 0, second = 0;
  if (!reader.u8(first)) return false;
  if (first == 255) return reader.u32_be(out);
  out = first;
  if (first < 192) return true;
  if (!reader.u8(second)) return false;
  out = (static_cast<std::uint32_t>(first - 192) << 8) + second + 192;
  return true;
}

void take_subpacket(std::uint8_t type, ByteView content, bool hashed, Signature& out) {
  ByteReader reader(content);
  std::uint32_t value = 0;
  std::uint8_t octet = 0;
  switch (type) {
    case kIssuerKeyId:
      if (content.size() == 8 && out.issuer.empty()) out.issuer = hex_encode(content);
      return;
    case kIssuerFingerprint:
      if (content.size() == 21 || content.size() == 33) out.issuer = hex_encode(content.subspan(1));
      return;
    default: break;
  }
  // Anyone can add to the unsigned part.
  if (!hashed) return;
  if (type == kCreationTime && reader.u32_be(value)) out.says.made = value;
  if (type == kKeyExpiration && reader.u32_be(value) && value != 0) out.says.lifetime = value;
  if (type == kKeyFlags && reader.u8(octet)) out.says.flags = octet;
}

bool read_subpackets(ByteView area, bool hashed, Signature& out) {
  ByteReader reader(area);
  while (!reader.empty()) {
    std::uint32_t size = 0;
    std::uint8_t type = 0;
    ByteView content;
    if (!read_subpacket_length(reader, size) || size == 0 || !reader.u8(type) || !reader.view(size - 1, content)) return false;
    take_subpacket(type & 0x7f, content, hashed, out);
  }
  return true;
}

bool read_area(ByteReader& reader, std::uint8_t version, ByteView& area) {
  std::uint16_t two = 0;
  std::uint32_t four = 0;
  if (version == 6) return reader.u32_be(four) && reader.view(four, area);
  return reader.u16_be(two) && reader.view(two, area);
}

/// Version 3 (RFC 4880, 5.2.2) has no subpackets.
bool read_old_signature(ByteReader& reader, Signature& out) {
  std::uint8_t hashed = 0, algorithm = 0, hash = 0;
  ByteView issuer;
  if (!reader.u8(hashed) || hashed != 5 || !reader.u8(out.type) || !reader.u32_be(out.says.made) || !reader.view(8, issuer)) return false;
  if (!reader.u8(algorithm) || !reader.u8(hash)) return false;
  out.issuer = hex_encode(issuer);
  out.says.hash = hash;
  return true;
}

std::optional<Signature> read_signature(const Packet& packet) {
  ByteReader reader(packet.body);
  Signature out;
  std::uint8_t algorithm = 0, hash = 0;
  if (!packet.in_one || !reader.u8(out.version) || out.version < 2 || out.version > 6) return std::nullopt;
  if (out.version < 4) return read_old_signature(reader, out) ? std::optional(out) : std::nullopt;
  ByteView hashed, unhashed;
  if (!reader.u8(out.type) || !reader.u8(algorithm) || !reader.u8(hash)) return std::nullopt;
  if (!read_area(reader, out.version, hashed) || !read_area(reader, out.version, unhashed)) return std::nullopt;
  out.says.hash = hash;
  if (!read_subpackets(hashed, true, out) || !read_subpackets(unhashed, false, out)) return std::nullopt;
  return out;
}

/// Whether the signature was made by this key. One that names no key (version 2 keys' and some of version 6) may be.
bool made_by(const Signature& signature, const Key& key) {
  return signature.issuer.empty() || signature.issuer == key.fingerprint || signature.issuer == key.key_id;
}

void take_newer(const SelfSignature& says, SelfSignature& known) {
  if (known.hash == 0 || says.made >= known.made) known = says;
}

/// A key has several at the same time, for example one per revoker, without other facts.
void take_direct(const SelfSignature& says, SelfSignature& known) {
  const bool newer = known.hash == 0 || says.made >= known.made;
  const SelfSignature before = known;
  if (newer) known = says;
  const SelfSignature& older = newer ? before : says;
  if (!known.lifetime) known.lifetime = older.lifetime;
  if (!known.flags) known.flags = older.flags;
}

void take_signature(const Signature& signature, KeyBlock& block) {
  Member& primary = block.members.front();
  Member& last = block.members.back();
  if (!made_by(signature, primary.key)) return;
  const bool certifies = signature.type >= kCertificationFirst && signature.type <= kCertificationLast;
  if (certifies) take_newer(signature.says, primary.signature);
  else if (signature.type == kDirectKey) take_direct(signature.says, primary.direct_signature);
  else if (signature.type == kSubkeyBinding && !last.primary) take_newer(signature.says, last.signature);
  else if (signature.type == kKeyRevocation) primary.revoked = true;
  else if (signature.type == kSubkeyRevocation && !last.primary) last.revoked = true;
}

/// Signature types that appear in a key (RFC 9580, 5.2.1), with known algorithms.
bool is_of_a_key(const Signature& signature) {
  const bool type = (signature.type >= kCertificationFirst && signature.type <= kCertificationLast) || signature.type == kSubkeyBinding ||
                    signature.type == kDirectKey || signature.type == kKeyRevocation || signature.type == kSubkeyRevocation;
  return type && !hash_name(signature.says.hash).starts_with("hash ");
}

/// Copies of a name, and looking whether people can read it.
constexpr std::uint64_t kUserIdUnits = 300, kUnitsPerByte = 10;

/// False if the packet cannot be part of a key.
bool take_packet(const Packet& packet, std::size_t begin, KeyBlock& block) {
  switch (packet.tag) {
    case kSignature: {
      const auto signature = read_signature(packet);
      if (!signature) return false;
      take_signature(*signature, block);
      block.confirmed = block.confirmed || is_of_a_key(*signature);
      return true;
    }
    case kUserId:
      if (!packet.in_one || !charge_work(kUserIdUnits + kUnitsPerByte * packet.body.size())) return false;
      if (block.user_ids.size() < kUserIdsMax) block.user_ids.emplace_back(as_text(packet.body));
      block.confirmed = block.confirmed || (!packet.body.empty() && printable(as_text(packet.body)) == as_text(packet.body));
      return true;
    case kPublicSubkey:
    case kSecretSubkey: {
      auto key = read_key(packet);
      if (block.members.size() > kSubkeysMax) return false;
      // An unsupported subkey is recorded, so what follows it is not attributed to another key.
      if (!key) return packet.in_one && !packet.body.empty() && packet.body[0] >= 2 && packet.body[0] <= 6;
      block.confirmed = block.confirmed || (key->exact && key->consistent);
      block.members.push_back(
          {.key = *std::move(key), .primary = false, .begin = begin, .signature = {}, .direct_signature = {}, .revoked = false});
      return true;
    }
    case kUserAttribute:
    case kTrust:
    case kMarker:
    case kPadding: return true;
    default: return false;
  }
}

}  // namespace

std::optional<KeyBlock> read_key_block(ByteView bytes) {
  PacketReader reader(bytes);
  Packet packet;
  if (reader.next(packet) != ReadState::packet || !is_primary_key(packet.tag)) return std::nullopt;
  auto primary = read_key(packet);
  if (!primary) return std::nullopt;
  KeyBlock block;
  block.members.push_back(
      {.key = *std::move(primary), .primary = true, .begin = 0, .signature = {}, .direct_signature = {}, .revoked = false});
  block.size = reader.offset();
  while (true) {
    const std::size_t begin = reader.offset();
    const ReadState state = reader.next(packet);
    block.cut = state == ReadState::cut;
    if (state != ReadState::packet || is_primary_key(packet.tag) || !take_packet(packet, begin, block)) break;
    block.size = reader.offset();
  }
  return block;
}

SelfSignature self_signature(const Member& member) {
  const SelfSignature& direct = member.direct_signature;
  if (member.signature.hash == 0) return direct;
  SelfSignature both = member.signature;
  if (!both.lifetime) both.lifetime = direct.lifetime;
  if (!both.flags) both.flags = direct.flags;
  return both;
}

std::vector<std::string> usage_names(unsigned flags) {
  constexpr std::array kNames{"certify", "sign", "encrypt-communications", "encrypt-storage", "split", "authenticate", "", "shared"};
  std::vector<std::string> names;
  for (std::size_t bit = 0; bit < kNames.size(); ++bit) {
    if ((flags >> bit & 1) != 0 && kNames[bit][0] != '\0') names.emplace_back(kNames[bit]);
  }
  return names;
}

}  // namespace landwaiter::detectors::openpgp
