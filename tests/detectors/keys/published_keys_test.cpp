// SPDX-License-Identifier: Apache-2.0
// Keys that are known as published, whatever they are written in.
#include "detectors/keys/published_keys.hpp"

#include "core/base/encoding.hpp"
#include "core/report/attribute_names.hpp"
#include "tests/detectors/support/scan_bytes.hpp"
#include "tests/support/catch.hpp"

#include <string>
#include <utility>

namespace landwaiter::detectors {
namespace {

constexpr std::string_view kSecret = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
constexpr std::string_view kOpen = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

std::string bytes(std::string_view hex) { return std::string(as_text(*hex_decode(hex))); }

std::string pkcs8() { return bytes("302e020100300506032b657004220420") + bytes(kSecret); }

std::string packet(int tag, const std::string& body) {
  return std::string{static_cast<char>(0xc0 | tag), static_cast<char>(body.size())} + body;
}

}  // namespace

TEST_CASE("the first key of RFC 8032 is known as published in each encoding", "[published_keys]") {
  const FileScanner scanner;
  const std::string pem = "-----BEGIN PRIVATE KEY-----\n" + base64_encode(as_bytes(pkcs8())) + "\n-----END PRIVATE KEY-----\n";
  // RFC 8037, appendix A.1.
  const std::string jwk = R"({"kty": "OKP", "crv": "Ed25519", "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
                              "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})";
  const std::string openpgp =
      packet(5, bytes("065f5e10011b00000020") + bytes(kOpen) + std::string(1, '\0') + bytes(kSecret)) + packet(13, "a <a@example.org>");
  std::size_t encodings = 0;
  for (const std::string& file : {pem, pkcs8(), jwk, openpgp}) {
    const auto found = scanner.scan(file).of(FindingType::private_key);
    REQUIRE(found.size() == 1);
    INFO(found[0].title);
    CHECK(found[0].attributes[attribute::publisher] == "RFC 8032 example");
    CHECK(found[0].severity == Severity::low);
    CHECK(found[0].title.ends_with(", published test key of RFC 8032 example"));
    ++encodings;
  }
  CHECK(encodings == 4);
}

TEST_CASE("a key that nobody published, and the lack of one, have no publisher", "[published_keys]") {
  CHECK(publisher_of(PublicKey(), {}).empty());
  CHECK(publisher_of(PublicKey(), as_bytes(std::string_view("no key"))).empty());
  Finding finding;
  mark_published({}, finding);
  CHECK(finding.attributes[attribute::publisher].is_null());
}

}  // namespace landwaiter::detectors
