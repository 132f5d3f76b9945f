// SPDX-License-Identifier: Apache-2.0
// Whatever the bytes are: a keystore ends within them, its certificates are parts of something that is there, and what is said of it is
// fit for a report.
#include "detectors/formats/ber.hpp"
#include "detectors/formats/der.hpp"
#include "detectors/keystores/bcfks.hpp"
#include "detectors/keystores/bouncy_keystore.hpp"
#include "detectors/keystores/java_keystore.hpp"
#include "detectors/keystores/java_serialization.hpp"
#include "detectors/keystores/keystore_detector.hpp"
#include "detectors/keystores/nss_database.hpp"
#include "detectors/keystores/pkcs12.hpp"
#include "tests/fuzz/inspect.hpp"

namespace {

using namespace landwaiter;
using namespace landwaiter::detectors;

void require(bool holds) {
  if (!holds) std::abort();
}

void check(const Result<Keystore>& store, ByteView bytes) {
  if (!store) return;
  require(store->whole.size() <= bytes.size() && store->whole.data() == bytes.data());
  require(!store->type.empty() && store->entries.size() <= bytes.size());
  for (const KeystoreEntry& entry : store->entries) {
    require(!entry.kind.empty());
    for (const ByteView certificate : entry.certificates) require(!certificate.empty() && certificate.size() <= bytes.size());
  }
  const Finding finding = describe_keystore(*store);
  require(finding.id == Digest::sha256_of(store->whole).str());
  // Nothing was tried yet.
  require(finding.attributes["password"].is_null() && finding.severity != Severity::high);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  const KeystoreDetector detector(DetectorContext{.try_passwords = true});
  inspect_everywhere(detector, bytes);
  const Window window{bytes, 0, true};
  CheckingSink sink(window);
  // Where the keystores would begin with the file.
  for (const std::size_t end : {8, 16, 22, 32}) {
    for (const Trigger& trigger : detector.triggers()) {
      if (end <= bytes.size()) inspect_at(detector, window, Hit{trigger.id, end}, sink);
    }
  }
  for (const bool ends : {true, false}) check(read_bouncy_keystore(bytes, ends), bytes);
  check(read_java_keystore(bytes), bytes);
  check(read_pkcs12(bytes), bytes);
  check(read_bcfks(bytes), bytes);
  check(read_nss_database(bytes), bytes);
  JavaObject object;
  if (skip_java_object(bytes, object)) require(object.size <= bytes.size());
  if (const auto written = der_from_ber(bytes)) {
    require(written->size <= bytes.size());
    const auto again = der_from_ber(written->der);
    require(again && again->der == written->der);
  }
  return 0;
}
