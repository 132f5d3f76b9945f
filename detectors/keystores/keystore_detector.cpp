// SPDX-License-Identifier: Apache-2.0
#include "detectors/keystores/keystore_detector.hpp"

#include "core/base/limits.hpp"
#include "core/report/attribute_names.hpp"
#include "detectors/engine/answers.hpp"
#include "detectors/formats/der.hpp"
#include "detectors/keystores/bcfks.hpp"
#include "detectors/keystores/bouncy_keystore.hpp"
#include "detectors/keystores/java_keystore.hpp"
#include "detectors/keystores/keychain.hpp"
#include "detectors/keystores/keystore_opening.hpp"
#include "detectors/keystores/nss_database.hpp"
#include "detectors/keystores/pkcs12.hpp"

#include <algorithm>
#include <optional>

namespace landwaiter::detectors {
namespace {

enum KeystoreTrigger { kJavaTrigger, kBouncyTrigger, kPkcs12Trigger, kPbes2Trigger, kSqliteTrigger, kKeychainTrigger, kIbmTrigger };

constexpr std::size_t kSqliteHead = 16, kKeychainHead = 12, kIbmHead = 16, kJavaHead = 8, kBouncyHead = 8, kPkcs12HeadMax = 5 + 3 + 5 + 11;
/// Three SEQUENCE headers and the OID.
constexpr std::size_t kPbes2HeadMax = 3 * 5 + 11;

/// Whether the bytes from here on match the trigger. The look back may end on a byte within.
bool starts_right(ByteView bytes) {
  constexpr std::uint8_t kIndefinite = 0x80;
  if (bytes.size() < 4) return false;
  const std::size_t length_bytes = bytes[1] > kIndefinite ? bytes[1] & 0x7fU : 0;
  const std::size_t at = 2 + length_bytes;
  return length_bytes <= 4 && at < bytes.size() && (bytes[at] == der::kInteger || bytes[at] == der::kSequence);
}

using ReadKeystore = Result<Keystore> (*)(ByteView);

/// Of a store, which is the last finding, and what was in it.
bool all_keys_opened(const std::vector<Finding>& findings) {
  const auto& entries = findings.back().attributes.at(attribute::entries);
  const auto is_key = [](const auto& entry) { return entry.at("kind") == "private-key"; };
  const auto opened = std::ranges::count(findings, FindingType::private_key, &Finding::type);
  return !findings.back().attributes.at(attribute::password).is_null() && opened >= std::ranges::count_if(entries, is_key);
}

/// One hit being inspected.
struct Look {
  const Window& window;
  const DetectorContext& context;
  FindingSink& sink;

  /// Requests the bytes after the window.
  bool need(std::size_t start, std::uint64_t size = limits::object_bytes_max) const { return !window.ends_file && sink.need(start, size); }

  /// True if a keystore starts at `start` and was reported, or will be.
  bool report(std::size_t start, Result<Keystore> keystore) const {
    if (!keystore) return false;
    if (keystore->cut && need(start)) return true;
    if (!keystore->problem.empty()) sink.diagnose(ErrorCode::malformed, "a " + keystore->type + " keystore: " + keystore->problem, start);
    auto findings = open(*keystore);
    if (all_keys_opened(findings)) sink.opened(start, start + keystore->whole.size());
    for (Finding& finding : findings) sink.add(std::move(finding), start);
    sink.consumed(start + keystore->whole.size());
    return true;
  }

  /// What is in the store, and last the store. A copy is not opened again, unless there was not enough for all guesses.
  std::vector<Finding> open(Keystore& keystore) const {
    std::string key = answer_key("keystore " + keystore.type + " " + keystore.problem, keystore.whole);
    if (const auto* known = known_answer(key)) return *known;
    Guesser guesser(context.try_passwords, [this](std::uint64_t rounds) { return sink.spend(rounds); });
    std::vector<Finding> findings = open_keystore(keystore, sink, guesser);
    Finding store = describe_keystore(keystore);
    for (Finding& inside : findings) inside.attributes[attribute::keystore] = store.id;
    findings.push_back(std::move(store));
    if (!guesser.held_back() || !guesser.allowed()) keep_answer(std::move(key), findings);
    return findings;
  }
};

/// Tries each SEQUENCE that starts before the hit, the outermost first. Its length may be indefinite.
void inspect_sequences(const Look& look, const Hit& hit, std::size_t look_back, ReadKeystore read) {
  const ByteView bytes = look.window.bytes;
  for (std::size_t start = hit.end - std::min(hit.end, look_back); start < hit.end; ++start) {
    if (bytes[start] != der::kSequence) continue;
    const ByteView rest = bytes.subspan(start);
    const auto promised = der::promised_size(rest);
    if (promised && *promised > rest.size() && starts_right(rest) && look.need(start, *promised)) return;
    constexpr std::uint8_t kIndefinite = 0x80;
    auto keystore = read(rest);
    if (!keystore && rest.size() > 1 && rest[1] == kIndefinite && starts_right(rest) && look.need(start)) return;
    if (look.report(start, std::move(keystore))) return;
  }
}

void inspect_bouncy(const Look& look, std::size_t start) {
  const ByteView rest = look.window.bytes.subspan(start);
  auto keystore = read_bouncy_keystore(rest, look.window.ends_file);
  if (!keystore && !look.window.ends_file && may_be_uber(rest) && look.need(start)) return;
  look.report(start, std::move(keystore));
}

/// A format whose header has its size.
void inspect_sized(const Look& look, std::size_t start, std::optional<std::uint64_t> (*size_of)(ByteView), ReadKeystore read) {
  const ByteView rest = look.window.bytes.subspan(start);
  const auto size = size_of(rest);
  if (!size || (*size > rest.size() && look.need(start, *size))) return;
  look.report(start, read(rest));
}

}  // namespace

std::vector<Trigger> KeystoreDetector::triggers() const {
  return {
      {kJavaTrigger, R"((?:\xfe\xed\xfe\xed|\xce\xce\xce\xce)\x00\x00\x00[\x01\x02])", kJavaHead},
      // Version, and a salt of 20 bytes; the count after it excludes random data.
      {kBouncyTrigger, R"(\x00\x00\x00[\x01\x02]\x00\x00\x00\x14)", kBouncyHead},
      // SEQUENCE { INTEGER 3, SEQUENCE { OID data or signedData
      {kPkcs12Trigger,
       R"(\x30(?:\x80|[\x20-\x7f]|\x81[\x00-\xff]|\x82[\x00-\xff]{2}|\x83[\x00-\xff]{3})\x02\x01\x03)"
       R"(\x30(?:\x80|[\x10-\x7f]|\x81[\x00-\xff]|\x82[\x00-\xff]{2}|\x83[\x00-\xff]{3}))"
       R"(\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07[\x01\x02])",
       kPkcs12HeadMax},
      // SEQUENCE { SEQUENCE { SEQUENCE { OID PBES2: one level deeper than an encrypted key
      {kPbes2Trigger,
       R"(\x30(?:\x81[\x00-\xff]|\x82[\x00-\xff]{2}|\x83[\x00-\xff]{3}))"
       R"(\x30(?:\x81[\x00-\xff]|\x82[\x00-\xff]{2}|\x83[\x00-\xff]{3})\x30(?:[\x20-\x7f]|\x81[\x00-\xff]))"
       R"(\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d)",
       kPbes2HeadMax},
      {kSqliteTrigger, R"(SQLite format 3\x00)", kSqliteHead},
      {kKeychainTrigger, R"(kych\x00\x01\x00\x00\x00\x00\x00\x10)", kKeychainHead},
      {kIbmTrigger, R"(\x37\x48[\x04\x06]\x02[\x00-\xff]{4}X509KEY\x00)", kIbmHead},
  };
}

void KeystoreDetector::inspect(const Window& window, const Hit& hit, FindingSink& sink) const {
  const Look look{window, context_, sink};
  const auto start = [&](std::size_t head) { return hit.end - std::min(hit.end, head); };
  switch (hit.trigger) {
    case kJavaTrigger: look.report(start(kJavaHead), read_java_keystore(window.bytes.subspan(start(kJavaHead)))); return;
    case kBouncyTrigger: inspect_bouncy(look, start(kBouncyHead)); return;
    case kPkcs12Trigger: inspect_sequences(look, hit, kPkcs12HeadMax, read_pkcs12); return;
    case kPbes2Trigger: inspect_sequences(look, hit, kPbes2HeadMax, read_bcfks); return;
    case kSqliteTrigger: inspect_sized(look, start(kSqliteHead), nss_database_size, read_nss_database); return;
    case kKeychainTrigger: inspect_sized(look, start(kKeychainHead), keychain_size, read_keychain); return;
    default:
      // It has no length: the rest of the file belongs to it.
      if (!look.need(start(kIbmHead))) look.report(start(kIbmHead), read_ibm_key_database(window.bytes.subspan(start(kIbmHead))));
      return;
  }
}

}  // namespace landwaiter::detectors
