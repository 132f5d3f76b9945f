// SPDX-License-Identifier: Apache-2.0
#include "detectors/key_files/keytab.hpp"

#include "core/base/limits.hpp"
#include "core/report/attribute_names.hpp"
#include "detectors/keys/key_finding.hpp"
#include "detectors/keys/x509_text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace landwaiter::detectors {
namespace {

using nlohmann::json;

/// IANA's "Kerberos Encryption Type Numbers" as far as keys of them are stored.
struct EncryptionType {
  std::uint16_t number;
  std::uint16_t key_bytes;
  std::string_view name;
  std::string_view weakness;
};

constexpr std::array<EncryptionType, 12> kTypes{{{1, 8, "des-cbc-crc", "des"},
                                                 {2, 8, "des-cbc-md4", "des"},
                                                 {3, 8, "des-cbc-md5", "des"},
                                                 {16, 24, "des3-cbc-sha1", "3des"},
                                                 {17, 16, "aes128-cts-hmac-sha1-96", ""},
                                                 {18, 32, "aes256-cts-hmac-sha1-96", ""},
                                                 {19, 16, "aes128-cts-hmac-sha256-128", ""},
                                                 {20, 32, "aes256-cts-hmac-sha384-192", ""},
                                                 {23, 16, "arcfour-hmac", "rc4"},
                                                 {24, 16, "arcfour-hmac-exp", "rc4"},
                                                 {25, 16, "camellia128-cts-cmac", ""},
                                                 {26, 32, "camellia256-cts-cmac", ""}}};

/// A 16-bit length and that much text.
bool read_name(ByteReader& reader, std::string& out) {
  constexpr std::size_t kNameMax = 256;
  std::uint16_t size = 0;
  ByteView bytes;
  if (!reader.u16_be(size) || size == 0 || size > kNameMax || !reader.view(size, bytes)) return false;
  if (!std::ranges::all_of(bytes, [](std::uint8_t c) { return c >= 0x20 && c != 0x7f; })) return false;
  out = as_text(bytes);
  return true;
}

bool read_principal(ByteReader& reader, std::uint8_t version, std::string& out) {
  constexpr std::size_t kComponentsMax = 16;
  std::uint16_t components = 0;
  std::string realm, part;
  if (!reader.u16_be(components)) return false;
  // Version 1 counts the realm.
  if (version == 1 && components > 0) --components;
  if (components == 0 || components > kComponentsMax || !read_name(reader, realm)) return false;
  for (std::size_t i = 0; i < components; ++i) {
    if (!read_name(reader, part)) return false;
    out += (i == 0 ? "" : "/") + part;
  }
  out += '@' + realm;
  return true;
}

/// The content of one record; nothing if it is not one.
std::optional<json> read_record(ByteView record, std::uint8_t version, std::vector<std::string_view>& weaknesses) {
  ByteReader reader(record);
  std::string principal;
  std::uint32_t name_type = 0, time = 0, long_version = 0;
  std::uint8_t short_version = 0;
  std::uint16_t type = 0, size = 0;
  ByteView key;
  if (!read_principal(reader, version, principal)) return std::nullopt;
  if (version == 2 && !reader.u32_be(name_type)) return std::nullopt;
  if (!reader.u32_be(time) || !reader.u8(short_version) || !reader.u16_be(type) || !reader.u16_be(size) || !reader.view(size, key))
    return std::nullopt;
  const auto known = std::ranges::find(kTypes, type, &EncryptionType::number);
  if (known == kTypes.end() || known->key_bytes != size) return std::nullopt;
  // The key version in 32 bits, if the record has room for it and it is not zero; further bytes are leftovers from replaced records.
  const bool has_long = reader.remaining() >= 4 && reader.u32_be(long_version) && long_version != 0;
  if (!known->weakness.empty()) weaknesses.push_back(known->weakness);
  return json{{"principal", attribute_text(principal)},
              {"kvno", has_long ? long_version : short_version},
              {"encryption_type", known->name},
              {"timestamp", unix_time_text(time)}};
}

struct Table {
  json entries = json::array();
  std::vector<std::string_view> weaknesses;
  std::size_t end = 0;
};

/// `bytes` start after the two bytes of the version.
Table read_table(ByteView bytes, std::uint8_t version) {
  constexpr std::size_t kEntriesMax = 10'000;
  Table table;
  ByteReader reader(bytes);
  while (table.entries.size() < kEntriesMax) {
    std::uint32_t raw = 0;
    ByteView record;
    if (!reader.u32_be(raw) || raw == 0) break;
    // A record that was deleted has its size negated.
    const bool deleted = (raw & 0x80000000U) != 0;
    if (!reader.view(deleted ? std::size_t{0U - raw} : raw, record)) break;
    if (!deleted) {
      auto entry = read_record(record, version, table.weaknesses);
      if (!entry) break;
      table.entries.push_back(*std::move(entry));
    }
    table.end = reader.offset();
  }
  return table;
}

}  // namespace

void inspect_keytab(const Window& window, const Hit& hit, FindingSink& sink) {
  // The patterns' part after the version: a size, a count, a length.
  constexpr std::size_t kPatternMax = 16;
  for (std::size_t back = kPatternMax; back >= 6; --back) {
    if (back > hit.end) continue;
    const std::size_t begin = hit.end - back;
    if (window.bytes[begin] != 5 || (window.bytes[begin + 1] != 1 && window.bytes[begin + 1] != 2)) continue;
    const std::uint8_t version = window.bytes[begin + 1];
    Table table = read_table(window.bytes.subspan(begin + 2), version);
    if (table.entries.empty()) continue;
    const ByteView whole = window.bytes.subspan(begin, 2 + table.end);
    // A record may continue after the window, and the table's size is not stored.
    const bool near_end = window.bytes.size() - begin - whole.size() < 0x10000 && whole.size() > 0x10000;
    if (!window.ends_file && near_end && sink.need(begin, limits::object_bytes_max)) return;
    const bool begins_file = window.offset + begin == 0;
    const bool zeros = std::ranges::all_of(window.bytes.subspan(begin + whole.size()), [](std::uint8_t byte) { return byte == 0; });
    Finding finding;
    finding.type = FindingType::keystore;
    finding.id = sink.secret_id(whole, true);  // keys are often made of passwords
    finding.severity = Severity::high;
    finding.title = "Kerberos key table, " + std::to_string(table.entries.size()) + (table.entries.size() == 1 ? " key" : " keys");
    finding.attributes = {{attribute::format, "keytab"},
                          {attribute::format_version, version},
                          {attribute::encoding, "binary"},
                          {attribute::encrypted, false},
                          {"complete", !begins_file || zeros},
                          {"entry_count", table.entries.size()},
                          {attribute::entries, std::move(table.entries)}};
    finding.attributes[attribute::weaknesses] = json::array();
    for (const std::string_view weakness : table.weaknesses) add_weakness(finding, weakness);
    sink.add(std::move(finding), begin);
    sink.consumed(begin + whole.size());
    return;
  }
}

}  // namespace landwaiter::detectors
