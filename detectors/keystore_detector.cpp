// SPDX-License-Identifier: Apache-2.0
#include "detectors/keystore_detector.hpp"

#include "detectors/java_keystore.hpp"
#include "detectors/keystore.hpp"
#include "detectors/pkcs12.hpp"

namespace landwaiter::detectors {
namespace {

enum TriggerId { kJava, kBouncy, kPkcs12, kPbes2 };

constexpr std::size_t kJavaHead = 8, kBouncyHead = 32, kPkcs12HeadMax = 5 + 3 + 5 + 11;
/// Three SEQUENCE headers and the OID.
constexpr std::size_t kPbes2HeadMax = 3 * 5 + 11;

using Read = Result<Keystore> (*)(ByteView);

/// True when a keystore begins at `start` and was reported.
bool report(const Window& window, std::size_t start, Result<Keystore> keystore, FindingSink& sink) {
  if (!keystore) return false;
  if (!keystore->problem.empty() && !window.ends_file && start + keystore->whole.size() + 1024 > window.bytes.size()) {
    keystore->problem += "; the keystore is larger than is read at once";
  }
  if (!keystore->problem.empty()) sink.diagnose(ErrorCode::malformed, "a " + keystore->type + " keystore: " + keystore->problem, start);
  const std::size_t end = start + keystore->whole.size();
  sink.add(describe_keystore(*keystore), start);
  sink.consumed(end);
  return true;
}

/// Tries each SEQUENCE that begins before the hit, the outermost first. Its length is not asked here: it may be indefinite.
void inspect_sequences(const Window& window, const Hit& hit, std::size_t look_back, Read read, FindingSink& sink) {
  const std::size_t first = hit.end - std::min(hit.end, look_back);
  for (std::size_t start = first; start < hit.end; ++start) {
    if (window.bytes[start] == 0x30 && report(window, start, read(window.bytes.subspan(start)), sink)) return;
  }
}

}  // namespace

std::vector<Trigger> KeystoreDetector::triggers() const {
  return {
      {kJava, R"((?:\xfe\xed\xfe\xed|\xce\xce\xce\xce)\x00\x00\x00[\x01\x02])", kJavaHead},
      // Version, a salt of 20 bytes, and the count that Bouncy Castle draws from 1,024 to 2,047.
      {kBouncy, R"(\x00\x00\x00[\x01\x02]\x00\x00\x00\x14[\x00-\xff]{20}\x00\x00[\x04-\x07][\x00-\xff])", kBouncyHead},
      // SEQUENCE { INTEGER 3, SEQUENCE { OID data or signedData
      {kPkcs12,
       R"(\x30(?:\x80|[\x20-\x7f]|\x81[\x00-\xff]|\x82[\x00-\xff]{2}|\x83[\x00-\xff]{3})\x02\x01\x03)"
       R"(\x30(?:\x80|[\x10-\x7f]|\x81[\x00-\xff]|\x82[\x00-\xff]{2}|\x83[\x00-\xff]{3})\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07[\x01\x02])",
       kPkcs12HeadMax},
      // SEQUENCE { SEQUENCE { SEQUENCE { OID PBES2: one level deeper than an encrypted key
      {kPbes2,
       R"(\x30(?:\x81[\x00-\xff]|\x82[\x00-\xff]{2}|\x83[\x00-\xff]{3})\x30(?:\x81[\x00-\xff]|\x82[\x00-\xff]{2}|\x83[\x00-\xff]{3})\x30(?:[\x20-\x7f]|\x81[\x00-\xff]))"
       R"(\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d)",
       kPbes2HeadMax},
  };
}

void KeystoreDetector::inspect(const Window& window, const Hit& hit, FindingSink& sink) const {
  switch (hit.trigger) {
    case kJava: {
      const std::size_t start = hit.end - kJavaHead;
      report(window, start, read_java_keystore(window.bytes.subspan(start)), sink);
      return;
    }
    case kBouncy: {
      const std::size_t start = hit.end - kBouncyHead;
      report(window, start, read_bouncy_keystore(window.bytes.subspan(start), window.ends_file), sink);
      return;
    }
    case kPkcs12: inspect_sequences(window, hit, kPkcs12HeadMax, read_pkcs12, sink); return;
    default: inspect_sequences(window, hit, kPbes2HeadMax, read_bcfks, sink); return;
  }
}

}  // namespace landwaiter::detectors
