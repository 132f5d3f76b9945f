// SPDX-License-Identifier: Apache-2.0
#include "detectors/keytab.hpp"

#include "core/limits.hpp"
#include "detectors/key_finding.hpp"
#include "detectors/x509_text.hpp"

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

enum class Order { big, little };

/// Numbers in the byte order of the file.
class Reader {
 public:
  Reader(ByteView bytes, Order order) : reader_(bytes), order_(order) {}
  [[nodiscard]] bool u16(std::uint16_t& out) { return order_ == Order::big ? reader_.u16_be(out) : reader_.u16_le(out); }
  [[nodiscard]] bool u32(std::uint32_t& out) { return order_ == Order::big ? reader_.u32_be(out) : reader_.u32_le(out); }
  [[nodiscard]] bool u8(std::uint8_t& out) { return reader_.u8(out); }
  [[nodiscard]] bool view(std::size_t size, ByteView& out) { return reader_.view(size, out); }
  /// A 16-bit length and that much text.
  [[nodiscard]] bool name(std::string& out) {
    std::uint16_t size = 0;
    ByteView bytes;
    if (!u16(size) || size == 0 || size > 256 || !reader_.view(size, bytes)) return false;
    if (!std::ranges::all_of(bytes, [](std::uint8_t c) { return c >= 0x20 && c != 0x7f; })) return false;
    out = as_text(bytes);
    return true;
  }
  std::size_t offset() const { return reader_.offset(); }
  std::size_t remaining() const { return reader_.remaining(); }

 private:
  ByteReader reader_;
  Order order_;
};

struct Format {
  std::uint8_t version;
  Order order;
};

bool read_principal(Reader& reader, std::uint8_t version, std::string& out) {
  constexpr std::size_t kComponentsMax = 16;
  std::uint16_t components = 0;
  std::string realm, part;
  if (!reader.u16(components)) return false;
  // Version 1 counts the realm.
  if (version == 1 && components > 0) --components;
  if (components == 0 || components > kComponentsMax || !reader.name(realm)) return false;
  for (std::size_t i = 0; i < components; ++i) {
    if (!reader.name(part)) return false;
    out += (i == 0 ? "" : "/") + part;
  }
  out += '@' + realm;
  return true;
}

/// What one record holds; nothing when it is none.
std::optional<json> read_record(ByteView record, Format format, std::vector<std::string_view>& weaknesses) {
  Reader reader(record, format.order);
  std::string principal;
  std::uint32_t name_type = 0, time = 0, long_version = 0;
  std::uint8_t short_version = 0;
  std::uint16_t type = 0, size = 0;
  ByteView key;
  if (!read_principal(reader, format.version, principal)) return std::nullopt;
  if (format.version == 2 && !reader.u32(name_type)) return std::nullopt;
  if (!reader.u32(time) || !reader.u8(short_version) || !reader.u16(type) || !reader.u16(size) || !reader.view(size, key))
    return std::nullopt;
  const auto known = std::ranges::find(kTypes, type, &EncryptionType::number);
  if (known == kTypes.end() || known->key_bytes != size) return std::nullopt;
  // The number of the key in 32 bits, when the record has room for it and it is not zero; more is left over from records that were
  // replaced.
  const bool has_long = reader.remaining() >= 4 && reader.u32(long_version) && long_version != 0;
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

/// `bytes` begin behind the two bytes of the version.
Table read_table(ByteView bytes, Format format) {
  constexpr std::size_t kEntriesMax = 10'000;
  Table table;
  Reader reader(bytes, format.order);
  while (table.entries.size() < kEntriesMax) {
    std::uint32_t raw = 0;
    ByteView record;
    if (!reader.u32(raw) || raw == 0) break;
    // A record that was deleted has its size negated.
    const bool deleted = (raw & 0x80000000U) != 0;
    if (!reader.view(deleted ? std::size_t{0U - raw} : raw, record)) break;
    if (!deleted) {
      auto entry = read_record(record, format, table.weaknesses);
      if (!entry) break;
      table.entries.push_back(*std::move(entry));
    }
    table.end = reader.offset();
  }
  return table;
}

std::optional<Format> format_before(ByteView bytes, std::size_t begin) {
  if (bytes[begin + 1] == 2) return Format{2, Order::big};
  // The size of the first record is below 64 KiB, so its upper half tells the byte order.
  if (bytes.size() - begin < 6) return std::nullopt;
  return Format{1, bytes[begin + 2] == 0 && bytes[begin + 3] == 0 ? Order::big : Order::little};
}

}  // namespace

void inspect_keytab(const Window& window, const Hit& hit, FindingSink& sink, const DetectorContext& context) {
  // What the patterns have behind the version: a size, a count, a length.
  constexpr std::size_t kPatternMax = 16;
  for (std::size_t back = kPatternMax; back >= 6; --back) {
    if (back > hit.end) continue;
    const std::size_t begin = hit.end - back;
    if (window.bytes[begin] != 5 || (window.bytes[begin + 1] != 1 && window.bytes[begin + 1] != 2)) continue;
    const auto format = format_before(window.bytes, begin);
    if (!format) continue;
    Table table = read_table(window.bytes.subspan(begin + 2), *format);
    if (table.entries.empty()) continue;
    const ByteView whole = window.bytes.subspan(begin, 2 + table.end);
    // A record may go on behind the window, and the table's size stands nowhere.
    const bool near_end = window.bytes.size() - begin - whole.size() < 0x10000 && whole.size() > 0x10000;
    if (!window.ends_file && near_end && sink.need(begin, limits::object_bytes_max)) return;
    const bool begins_file = window.offset + begin == 0;
    const bool zeros = std::ranges::all_of(window.bytes.subspan(begin + whole.size()), [](std::uint8_t byte) { return byte == 0; });
    Finding finding;
    finding.type = FindingType::keystore;
    finding.id = keyed_id(context, whole);
    finding.severity = Severity::high;
    finding.title = "Kerberos key table, " + std::to_string(table.entries.size()) + (table.entries.size() == 1 ? " key" : " keys");
    finding.attributes = {{"format", "keytab"},
                          {"format_version", format->version},
                          {"encoding", "binary"},
                          {"encrypted", false},
                          {"complete", !begins_file || zeros},
                          {"entry_count", table.entries.size()},
                          {"entries", std::move(table.entries)}};
    finding.attributes["weaknesses"] = json::array();
    for (const std::string_view weakness : table.weaknesses) add_weakness(finding, weakness);
    sink.add(std::move(finding), begin);
    sink.consumed(begin + whole.size());
    return;
  }
}

}  // namespace landwaiter::detectors
