// SPDX-License-Identifier: Apache-2.0
#include "detectors/key_files/keepass.hpp"

#include "core/base/digest.hpp"
#include "core/base/encoding.hpp"
#include "core/report/attribute_names.hpp"
#include "detectors/keys/password_encryption.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <optional>
#include <string>
#include <utility>

namespace landwaiter::detectors {
namespace {

using nlohmann::json;

struct Database {
  std::string version;
  json encryption = json::object();
  std::size_t end = 0;  ///< of the header
};

std::uint64_t little_endian(ByteView bytes) {
  std::uint64_t out = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) out = out << 8 | bytes[i];
  return out;
}

std::string uuid_name(ByteView uuid, const auto& table) {
  const std::string hex = hex_encode(uuid);
  for (const auto& [value, name] : table) {
    if (value == hex) return std::string(name);
  }
  return hex;
}

std::string cipher_name(ByteView uuid) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kCiphers{{{"31c1f2e6bf714350be5805216afc5aff", "aes-256-cbc"},
                                                                                   {"d6038a2b8b6f4cb5a524339a31dbb59a", "chacha20"},
                                                                                   {"ad68f29f576f4bb9a36ad47af965346c", "twofish-cbc"}}};
  return uuid_name(uuid, kCiphers);
}

std::string kdf_name(ByteView uuid) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kKdfs{{{"c9d9f39a628a4460bf740d08c18a4fea", "AES-KDF"},
                                                                                {"7c02bb8279a74ac0927d114a00648238", "AES-KDF"},
                                                                                {"ef636ddf8c29444b91f7a9a403e30a0c", "Argon2d"},
                                                                                {"9e298b1956db4773b23dfc3ec6f0a1e6", "Argon2id"}}};
  return uuid_name(uuid, kKdfs);
}

/// KDBX 4's list of typed names and values for key derivation.
bool read_kdf_parameters(ByteView bytes, json& out) {
  constexpr std::size_t kItemsMax = 64;
  ByteReader reader(bytes);
  std::uint16_t version = 0;
  if (!reader.u16_le(version) || version >> 8 != 1) return false;
  for (std::size_t i = 0; i < kItemsMax; ++i) {
    std::uint8_t type = 0;
    std::uint32_t size = 0;
    ByteView name, value;
    if (!reader.u8(type)) return false;
    if (type == 0) return true;
    if (!reader.u32_le(size) || !reader.view(size, name) || !reader.u32_le(size) || !reader.view(size, value)) return false;
    const std::string_view key = as_text(name);
    if (key == "$UUID" && value.size() == 16) out["kdf"] = kdf_name(value);
    if (value.size() > 8) continue;
    if (key == "R") out["iterations"] = little_endian(value);
    if (key == "I") out["argon2_passes"] = little_endian(value);
    if (key == "M") out["argon2_memory_kib"] = little_endian(value) / 1024;
    if (key == "P") out["argon2_parallelism"] = little_endian(value);
  }
  return false;
}

bool read_field(std::uint8_t id, ByteView value, Database& out) {
  enum Field : std::uint8_t { kCipher = 2, kRounds = 6, kKdf = 11 };
  if (id > 12) return false;
  if (id == kCipher) {
    if (value.size() != 16) return false;
    out.encryption["cipher"] = cipher_name(value);
  } else if (id == kRounds) {
    if (value.size() != 8) return false;
    out.encryption["kdf"] = "AES-KDF";
    out.encryption["iterations"] = little_endian(value);
  } else if (id == kKdf) {
    return read_kdf_parameters(value, out.encryption);
  }
  return true;
}

/// After the signatures: minor and major version, then fields of a type, a size (16 bits, from version 4 on 32) and a value.
std::optional<Database> read_kdbx(ByteView bytes) {
  constexpr std::size_t kFieldsMax = 32;
  ByteReader reader(bytes);
  std::uint16_t minor = 0, major = 0;
  if (!reader.u16_le(minor) || !reader.u16_le(major) || major < 2 || major > 4 || minor > 99) return std::nullopt;
  Database out;
  out.version = "KDBX " + std::to_string(major) + '.' + std::to_string(minor);
  for (std::size_t i = 0; i < kFieldsMax; ++i) {
    std::uint8_t id = 0;
    std::uint16_t short_size = 0;
    std::uint32_t size = 0;
    ByteView value;
    if (!reader.u8(id)) return std::nullopt;
    const bool sized = major >= 4 ? reader.u32_le(size) : reader.u16_le(short_size);
    if (!sized || !reader.view(major >= 4 ? size : short_size, value)) return std::nullopt;
    out.end = reader.offset();
    if (id == 0) return out.encryption.contains("cipher") && out.encryption.contains("kdf") ? std::optional(std::move(out)) : std::nullopt;
    if (!read_field(id, value, out)) return std::nullopt;
  }
  return std::nullopt;
}

/// Version 1: a fixed header of 124 bytes.
std::optional<Database> read_kdb(ByteView bytes) {
  ByteReader reader(bytes);
  std::uint32_t flags = 0, version = 0, groups = 0, entries = 0, rounds = 0;
  const bool read = reader.u32_le(flags) && reader.u32_le(version) && reader.skip(16 + 16) && reader.u32_le(groups) &&
                    reader.u32_le(entries) && reader.skip(32 + 32) && reader.u32_le(rounds);
  constexpr std::uint32_t kCountMax = 1'000'000;
  if (!read || version >> 16 != 3 || (flags & ~0xfU) != 0 || groups > kCountMax || entries > kCountMax) return std::nullopt;
  Database out;
  out.version = "KDB 1";
  out.encryption = {{"cipher", (flags & 2) != 0   ? "aes-256-cbc"
                               : (flags & 8) != 0 ? "twofish-cbc"
                               : (flags & 4) != 0 ? "rc4"
                                                  : "unknown"},
                    {"kdf", "AES-KDF"},
                    {"iterations", rounds}};
  out.end = reader.offset();
  return out;
}

}  // namespace

void inspect_keepass(const Window& window, const Hit& hit, FindingSink& sink) {
  constexpr std::size_t kSignatures = 8;
  if (hit.end < kSignatures) return;
  const std::size_t begin = hit.end - kSignatures;
  const ByteView rest = window.bytes.subspan(hit.end);
  auto database = window.bytes[begin + 4] == 0x65 ? read_kdb(rest) : read_kdbx(rest);
  if (!database) return;
  const std::size_t size = kSignatures + database->end;
  database->encryption["scheme"] = "KeePass";
  Finding finding;
  finding.type = FindingType::keystore;
  finding.id = Digest::sha256_of(window.bytes.subspan(begin, size)).str();
  finding.severity = Severity::medium;
  finding.title = "KeePass password database (" + database->version + ')';
  finding.attributes = {{attribute::format, "KeePass"},
                        {attribute::format_version, database->version},
                        {attribute::encoding, "binary"},
                        {attribute::encrypted, true},
                        {attribute::encryption, database->encryption},
                        {attribute::weaknesses, encryption_weaknesses(database->encryption)}};
  sink.add(std::move(finding), begin);
  sink.consumed(begin + size);
}

}  // namespace landwaiter::detectors
