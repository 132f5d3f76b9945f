// SPDX-License-Identifier: Apache-2.0
// Keystores that are truncated, changed or inconsistent: each is handled, and nothing is reported that is not there.
#include "detectors/keystores/bcfks.hpp"
#include "detectors/keystores/java_keystore.hpp"
#include "detectors/keystores/java_serialization.hpp"
#include "detectors/keystores/pkcs12.hpp"
#include "tests/detectors/support/keystores.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>

namespace landwaiter::detectors {
namespace {

/// Does a report on these bytes name only what lies within them?
void check_sane(const Scanned& scanned, std::size_t size) {
  for (const Finding& finding : scanned.of(FindingType::keystore)) {
    CHECK(finding.attributes["size_bytes"].get<std::size_t>() <= size);
    CHECK(finding.occurrences[0].offset < size);
    CHECK(finding.attributes["entries"].size() <= size / 14 + 1);
  }
}

}  // namespace

TEST_CASE("cut and changed keystores of each kind end well", "[keystore]") {
  const std::string type = GENERATE(std::string("JKS"), "JCEKS", "PKCS12", "BKS", "UBER", "BCFKS");
  INFO(type);
  const Keytool keytool("changeit");
  keytool.run("store", type, "-genkeypair -alias one -keyalg EC -groupname secp256r1 -dname CN=one.example -validity 30 -keypass changeit");
  if (type != "JKS") keytool.run("store", type, "-genseckey -alias two -keyalg AES -keysize 128 -keypass changeit");
  const std::string file = keytool.file("store");
  REQUIRE(keystore_scanner(false).scan(file).of(FindingType::keystore).size() == 1);
  std::size_t whole = 0, cut = 0;
  for (std::size_t size = 0; size < file.size(); size += 7) {
    const Scanned scanned = keystore_scanner(false).scan(std::string_view(file).substr(0, size));
    check_sane(scanned, size);
    for (const Finding& finding : scanned.of(FindingType::keystore)) {
      // UBER has no mark of its end; all others miss something.
      if (type != "UBER") CHECK_FALSE(finding.attributes["problem"].is_null());
      ++cut;
    }
  }
  if (type == "JKS" || type == "JCEKS" || type == "BKS") CHECK(cut > 1);
  for (std::size_t at = 0; at < file.size(); at += 13) {
    std::string changed = file;
    changed[at] = static_cast<char>(0xff);
    const Scanned scanned = keystore_scanner(false).scan(changed);
    check_sane(scanned, changed.size());
    whole += scanned.of(FindingType::keystore).size();
  }
  CHECK(whole > 10);
}

TEST_CASE("a changed keystore does not open", "[keystore]") {
  const Keytool keytool("changeit");
  keytool.run("store", "JKS",
              "-genkeypair -alias one -keyalg EC -groupname secp256r1 -dname CN=one.example -validity 30 -keypass changeit");
  std::string file = keytool.file("store");
  const std::size_t alias = file.find("one");
  REQUIRE(alias != std::string::npos);
  file[alias] = 'O';
  const Scanned scanned = keystore_scanner().scan(file);
  REQUIRE(scanned.of(FindingType::keystore).size() == 1);
  // The store's own check fails; the key in it still has the password, which is what counts.
  CHECK(scanned.of(FindingType::keystore)[0].attributes["entries"][0]["alias"] == "One");
  CHECK(scanned.of(FindingType::keystore)[0].attributes["password"] == "well-known");
  const std::size_t key = file.size() - 20 - 1;
  file[key] = static_cast<char>(file[key] ^ 1);
  CHECK(keystore_scanner().scan(file).of(FindingType::keystore).size() == 1);
}

TEST_CASE("serialized objects that contain themselves are refused", "[keystore]") {
  const auto octets = [](std::initializer_list<int> bytes) { return std::string(bytes.begin(), bytes.end()); };
  // A class whose description is its own super class: a reference to a handle that is not complete.
  const std::string self = octets({0xac, 0xed, 0, 5, 0x73, 0x72, 0, 1, 'A', 0, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0x78, 0x71, 0, 0x7e, 0, 0});
  JavaObject object;
  CHECK_FALSE(skip_java_object(as_bytes(self), object));
  const std::string head = octets({0xac, 0xed, 0, 5});
  std::string arrays = head;
  // Arrays of arrays of arrays.
  arrays += octets({0x75, 0x72, 0, 2, '[', '[', 0, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0x78, 0x70, 0, 0, 0, 1});
  for (int i = 0; i < 100; ++i) arrays += octets({0x75, 0x71, 0, 0x7e, 0, 0, 0, 0, 0, 1});
  CHECK_FALSE(skip_java_object(as_bytes(arrays), object));
  // An array of 2^32 - 1 bytes.
  CHECK_FALSE(skip_java_object(
      as_bytes(head + octets({0x75, 0x72, 0, 2, '[', 'B', 0, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0x78, 0x70, 0xff, 0xff, 0xff, 0xff}) + "abc"),
      object));
}

}  // namespace landwaiter::detectors
