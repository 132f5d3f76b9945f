// SPDX-License-Identifier: Apache-2.0
// The layout as described in libyal's dtformats ("MacOS keychain database file format"): a header, an array of tables, in each an array
// of records; numbers are big-endian. A record has its size, five more numbers, an offset for each attribute, and its data.
#include "detectors/keystores/keychain.hpp"

#include "detectors/formats/der.hpp"
#include "detectors/keys/x509_text.hpp"

#include <algorithm>

namespace landwaiter::detectors {
namespace {

using nlohmann::json;

constexpr std::uint32_t kKeychainMagic = 0x6b796368, kKeychainVersion = 0x00010000;
constexpr std::size_t kKeychainHeaderBytes = 20, kTableHeaderBytes = 28, kRecordHeaderBytes = 24;
constexpr std::size_t kTablesMax = 1000;

/// CSSM_DL_DB_RECORD_: the record types of tables.
enum RecordType : std::uint32_t {
  kPublicKeyRecord = 15,
  kPrivateKeyRecord = 16,
  kSymmetricKeyRecord = 17,
  kCertificateRecord = 0x80001000
};
/// The index of a record's name attribute, and the number of a certificate's attributes.
constexpr std::size_t kKeyName = 1, kCertificateName = 2, kCertificateAttributes = 9;

std::uint32_t u32_at(ByteView bytes, std::size_t at) {
  std::uint32_t out = 0;
  if (at + sizeof out > bytes.size()) return 0;
  (void)ByteReader(bytes.subspan(at)).u32_be(out);
  return out;
}

ByteView from(ByteView bytes, std::size_t at) { return at <= bytes.size() ? bytes.subspan(at) : ByteView(); }

/// An attribute's offset is from the record's start, and odd if the attribute exists; there are a size and the text.
std::string record_name(ByteView record, std::size_t attribute) {
  const std::uint32_t offset = u32_at(record, kRecordHeaderBytes + 4 * attribute);
  ByteView text;
  if ((offset & 1U) == 0 || !ByteReader(from(record, offset - 1)).u32_prefixed(text)) return {};
  const auto end = std::ranges::find(text, std::uint8_t{0});
  return attribute_text(as_text(text.first(static_cast<std::size_t>(end - text.begin()))));
}

class KeychainReader {
 public:
  KeychainReader(ByteView tables, Keystore& out) : tables_(tables), out_(out) {}

  bool read() {
    const std::uint32_t count = u32_at(tables_, 4);
    if (count == 0 || count > kTablesMax || count > tables_.size() / kTableHeaderBytes) return false;
    for (std::uint32_t i = 0; i < count; ++i) {
      const ByteView table = from(tables_, u32_at(tables_, 8 + 4 * std::size_t{i}));
      if (table.size() < kTableHeaderBytes || !read_table(table)) out_.problem = "a table cannot be read";
    }
    return true;
  }

 private:
  bool read_table(ByteView table) {
    const std::uint32_t type = u32_at(table, 4), offsets = u32_at(table, 24);
    const bool known = type == kPublicKeyRecord || type == kPrivateKeyRecord || type == kSymmetricKeyRecord || type == kCertificateRecord;
    if (!known) return true;
    if (offsets > (table.size() - kTableHeaderBytes) / sizeof(std::uint32_t)) return false;
    for (std::uint32_t i = 0; i < offsets; ++i) {
      // Zero and odd numbers are free slots.
      const std::uint32_t at = u32_at(table, kTableHeaderBytes + 4 * std::size_t{i});
      if (at == 0 || (at & 1U) != 0) continue;
      if (out_.entries.size() >= kKeystoreEntriesMax || !read_record(type, from(table, at))) return false;
    }
    return true;
  }

  bool read_record(std::uint32_t type, ByteView bytes) {
    const std::uint32_t size = u32_at(bytes, 0);
    if (size < kRecordHeaderBytes || size > bytes.size()) return false;
    const ByteView record = bytes.first(size);
    KeystoreEntry entry;
    entry.alias = record_name(record, type == kCertificateRecord ? kCertificateName : kKeyName);
    if (type == kCertificateRecord) {
      entry.kind = "certificate";
      const auto der = der::whole_element(from(record, kRecordHeaderBytes + 4 * kCertificateAttributes));
      if (der && der->front() == der::kSequence) entry.certificates.push_back(*der);
    } else {
      entry.kind = type == kPrivateKeyRecord ? "private-key" : type == kPublicKeyRecord ? "public-key" : "secret-key";
      if (type != kPublicKeyRecord) entry.encryption = json{{"scheme", "keychain"}, {"cipher", "des-ede3-cbc"}};
      out_.add_weaknesses_of(entry.encryption);
    }
    out_.entries.push_back(std::move(entry));
    return true;
  }

  ByteView tables_;
  Keystore& out_;
};

}  // namespace

std::optional<std::uint64_t> keychain_size(ByteView bytes) {
  const std::uint32_t tables = u32_at(bytes, 12);
  if (u32_at(bytes, 0) != kKeychainMagic || u32_at(bytes, 4) != kKeychainVersion || tables < kKeychainHeaderBytes - 4 ||
      tables > bytes.size())
    return std::nullopt;
  // After the tables is the number of the last change.
  constexpr std::uint64_t kChangeBytes = 4;
  const std::uint32_t size = u32_at(bytes, tables);
  if (size < kTableHeaderBytes) return std::nullopt;
  return std::uint64_t{tables} + size + kChangeBytes;
}

Result<Keystore> read_keychain(ByteView bytes) {
  const Error no(ErrorCode::malformed, "not a keychain");
  const auto size = keychain_size(bytes);
  if (!size) return no;
  Keystore out;
  out.type = "keychain";
  out.version = kKeychainVersion >> 16U;
  out.whole = bytes.first(static_cast<std::size_t>(std::min<std::uint64_t>(*size, bytes.size())));
  if (!KeychainReader(out.whole.subspan(u32_at(bytes, 12)), out).read()) return no;
  if (out.whole.size() < *size && out.problem.empty()) out.problem = "its end is missing";
  return out;
}

Result<Keystore> read_ibm_key_database(ByteView bytes) {
  constexpr std::size_t kHead = 16;
  const std::string_view text = as_text(bytes.first(std::min(bytes.size(), kHead)));
  const bool magic = text.size() == kHead && text.starts_with("7H") && text[3] == 2 && text.substr(8) == std::string_view("X509KEY\0", 8);
  if (!magic || (text[2] != 4 && text[2] != 6)) return Error(ErrorCode::malformed, "not an IBM key database");
  Keystore out;
  out.type = "IBM KDB";
  out.version = static_cast<unsigned>(text[2]);
  out.listed = false;
  out.whole = bytes;
  return out;
}

}  // namespace landwaiter::detectors
