// SPDX-License-Identifier: Apache-2.0
#include "detectors/keys/key_octets.hpp"

#include "core/base/encoding.hpp"
#include "tests/detectors/support/material.hpp"
#include "tests/detectors/support/scan_bytes.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>

namespace landwaiter::detectors {
namespace {

const FileScanner& scanner() {
  static const FileScanner scanner;
  return scanner;
}

/// The constant parts of keys, as programs that write them contain them.
const std::vector<std::string>& prefixes() {
  static const std::vector<std::string> hex{"302e020100300506032b657004220420",  // PKCS #8 of Ed25519
                                            "302e020100300506032b656e04220420",  // X25519
                                            "3047020100300506032b6571043b0439",  // Ed448
                                            "304102010030130607"                 // P-256 without its point
                                            "2a8648ce3d020106082a8648ce3d030107042730250201010420",
                                            "308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420",
                                            "3034020100300b060960864801650304031104228020",  // ML-DSA-44
                                            "302a300506032b6570032100",
                                            "302a300506032b656e032100",  // public keys
                                            "3059301306072a8648ce3d020106082a8648ce3d030107034200"};
  return hex;
}

}  // namespace

TEST_CASE("a program's table of the prefixes of keys holds no key", "[private_key]") {
  std::vector<std::string> order = prefixes();
  std::ranges::sort(order);
  std::size_t tables = 0;
  // Each prefix is followed by each other one.
  for (std::size_t turn = 0; turn < order.size(); ++turn) {
    for (const std::size_t padding : {std::size_t{0}, std::size_t{1}, std::size_t{4}}) {
      std::string table =
          "\x7f"
          "ELF";
      for (std::size_t i = 0; i < order.size(); ++i) {
        const Bytes prefix = *hex_decode(order[(i * (turn + 1)) % order.size()]);
        table += std::string(as_text(prefix)) + std::string(padding, '\0');
      }
      const Scanned scanned = scanner().scan(table + std::string(200, '\x01'));
      for (const Finding& finding : scanned.findings) FAIL_CHECK(finding.title << " in table " << turn);
      ++tables;
    }
  }
  CHECK(tables == 3 * order.size());
}

TEST_CASE("an EC key without its point must look random", "[private_key]") {
  const Bytes prefix = *hex_decode(
      "304102010030130607"
      "2a8648ce3d020106082a8648ce3d030107"
      "042730250201010420");
  const std::string start(as_text(prefix));
  CHECK(scanner().scan(start + "this program writes keys to files").findings.empty());
  CHECK(scanner().scan(start + std::string(32, '\x01') + "more").findings.empty());
  const Material material;
  material.key("k", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256");
  const std::string bare = material.openssl("ec -in k.pem -no_public -outform DER");
  const Scanned scanned = scanner().scan(start + "this program writes keys to files" + bare);
  REQUIRE(scanned.findings.size() == 1);
  CHECK(scanned.findings[0].id == material.key_id("k.pem"));
}

}  // namespace landwaiter::detectors
