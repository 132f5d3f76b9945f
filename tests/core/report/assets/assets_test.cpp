// SPDX-License-Identifier: Apache-2.0
#include "core/report/assets/certificate.hpp"
#include "core/report/assets/common.hpp"
#include "core/report/assets/crypto_configuration.hpp"
#include "core/report/assets/crypto_library.hpp"
#include "core/report/assets/fields.hpp"
#include "core/report/assets/key.hpp"
#include "core/report/assets/keystore.hpp"
#include "core/report/assets/token.hpp"
#include "tests/support/catch.hpp"

using namespace landwaiter;
using nlohmann::json;

namespace {

/// What a type reads, written again: equal to `attributes` when it lost nothing.
template <class T>
json again(T (*read)(const Finding&), const json& attributes) {
  Finding finding;
  finding.attributes = attributes;
  json out = json::object();
  add_attributes(read(finding), out);
  return out;
}

template <class T>
json written(const T& value) {
  json out = json::object();
  add_attributes(value, out);
  return out;
}

void read_all(const Finding& finding) {
  assets::key_kind_of(finding);
  assets::key_identity_of(finding);
  assets::private_key_of(finding);
  assets::is_encrypted(finding);
  assets::matching_certificates_of(finding);
  assets::signature_of(finding);
  assets::certificate_use_of(finding);
  assets::certificate_of(finding);
  assets::certificate_links_of(finding);
  assets::is_public_root(finding);
  assets::matching_private_keys_of(finding);
  assets::token_of(finding);
  assets::token_claims_of(finding);
  assets::keystore_of(finding);
  assets::crypto_library_of(finding);
  assets::crypto_configuration_of(finding);
  assets::form_of(finding);
  assets::lifetime_of(finding).end();
  assets::weaknesses_of(finding);
  assets::publisher_of(finding);
  assets::opening_password_of(finding);
}

assets::Keystore keystore() {
  assets::Keystore store;
  store.format = "JKS";
  store.version = 2;
  store.size_bytes = 7;
  store.encryption = {{"scheme", "PBES2"}};
  store.listing = "partial";
  store.problem = "cut";
  store.password = "well-known";
  store.password_tried = true;
  store.entries = {{"a", "private-key", {{"cipher", "x"}}, {"sha256:1"}, "spki-sha256:2", "2026-01-01T00:00:00Z"},
                   {"", "certificate", nullptr, {}, "", ""}};
  return store;
}

/// A document of each type with all its fields.
std::vector<json> documents() {
  assets::CryptoLibrary library{
      "OpenSSL", "3.0.1", "v", "C", "high", "static", {{"soname", "x"}}, "2026-09-07", assets::LibraryPackage{"p", "1"}, "pkg:deb/p"};
  assets::Certificate certificate{3,
                                  "CN=a",
                                  "CN=b",
                                  "01",
                                  "2025-01-01T00:00:00Z",
                                  "2026-01-01T00:00:00Z",
                                  {"DNS:a"},
                                  {"sha256WithRSAEncryption", "SHA256"},
                                  {true, true, true, {"keyCertSign"}, {"serverAuth"}, {"server", "ca"}},
                                  "aa",
                                  "bb",
                                  "cc",
                                  "dd"};
  assets::CryptoConfiguration configuration{
      "nginx", {{"TLSv1.2"}, {"SSLv3"}, "TLSv1.0", "TLSv1.3"}, "HIGH:!aNULL", {"default"}, {{"ssl_ciphers", {"HIGH:!aNULL"}}}, true};
  return {written(library),
          written(certificate),
          written(configuration),
          written(keystore()),
          written(assets::KeyKind{"EC", 256, "prime256v1"}),
          written(assets::KeyIdentity{"a", "b", "c"}),
          written(assets::PrivateKey{"PEM", "PKCS#8", true, {{"kdf", "x"}}, "who"}),
          written(assets::Token{"JWT", "compact", "RS256"}),
          written(assets::TokenClaims{"i", {"a", "b"}, "1", "2", "3", "p"}),
          written(assets::CertificateLinks{"sha256:1", true})};
}

}  // namespace

TEST_CASE("an asset that is written and read is the same") {
  const auto all = documents();
  CHECK(again(assets::crypto_library_of, all[0]) == all[0]);
  CHECK(again(assets::certificate_of, all[1]) == all[1]);
  CHECK(again(assets::crypto_configuration_of, all[2]) == all[2]);
  CHECK(again(assets::keystore_of, all[3]) == all[3]);
  CHECK(again(assets::key_kind_of, all[4]) == all[4]);
  CHECK(again(assets::key_identity_of, all[5]) == all[5]);
  CHECK(again(assets::private_key_of, all[6]) == all[6]);
  CHECK(again(assets::token_of, all[7]) == all[7]);
  CHECK(again(assets::token_claims_of, all[8]) == all[8]);
  CHECK(again(assets::certificate_links_of, all[9]) == all[9]);
}

TEST_CASE("what is not known is null, and what has no meaning is left out") {
  CHECK(written(assets::KeyKind{}) == json{{"key_type", nullptr}, {"key_size_bits", nullptr}, {"curve", nullptr}});
  CHECK(written(assets::KeyIdentity{}) == json{{"key_hash", nullptr}, {"spki_sha256", nullptr}});
  CHECK(written(assets::CertificateLinks{}) == json{{"issued_by", nullptr}, {"chain_complete", false}});
  CHECK_FALSE(written(assets::CryptoLibrary{}).contains("purl"));
  CHECK(written(assets::CryptoConfiguration{})["settings"]["ciphers"].is_null());
  CHECK(written(assets::Keystore{})["entries"] == json::array());
}

TEST_CASE("attributes of any shape are read without a throw, and what is of another type reads as nothing") {
  const std::vector<json> values{nullptr,
                                 true,
                                 -1,
                                 1.5,
                                 std::uint64_t{1} << 63U,
                                 "text",
                                 "",
                                 json::array(),
                                 json::array({1, nullptr, json::array(), json::object()}),
                                 json::object(),
                                 json{{"kind", 7}, {"x", json::array()}}};
  std::size_t read = 0;
  Finding finding;
  for (const json& value : values) {
    finding.attributes = value;  // need not even be an object
    read_all(finding);
  }
  for (const json& document : documents()) {
    for (const auto& [name, ignored] : document.items()) {
      for (const json& value : values) {
        finding.attributes = document;
        finding.attributes[name] = value;
        read_all(finding);
        ++read;
      }
    }
  }
  for (const char* part : {"protocols", "ciphers", "providers", "directives"}) {
    for (const json& value : values) {
      finding.attributes = {{"settings", {{part, value}}}};
      read_all(finding);
    }
  }
  CHECK(read > 500);
  finding.attributes = {{"key_type", 7}, {"key_size_bits", -5}, {"curve", json::array()}};
  const assets::KeyKind kind = assets::key_kind_of(finding);
  CHECK((kind.type.empty() && kind.size_bits == 0 && kind.curve.empty()));
  finding.attributes = {{"entries", json::array({7, json::object(), {{"kind", "certificate"}, {"certificates", {"a", 7}}}})}};
  const auto entries = assets::keystore_of(finding).entries;
  REQUIRE(entries.size() == 3);
  CHECK(entries[2].certificates == std::vector<std::string>{"a"});
}

TEST_CASE("only the kind of a password is given away") {
  Finding finding;
  for (const char* kind : {"none", "empty", "well-known"}) {
    finding.attributes["password"] = kind;
    CHECK(assets::opening_password_of(finding) == kind);
  }
  finding.attributes["password"] = "hunter2";
  CHECK(assets::opening_password_of(finding).empty());
}

TEST_CASE("an asset ends when its certificate or token does") {
  Finding finding;
  CHECK_FALSE(assets::lifetime_of(finding).end());
  finding.attributes["expires"] = "2026-01-01T00:00:00Z";
  CHECK(assets::lifetime_of(finding).end() == from_rfc3339("2026-01-01T00:00:00Z"));
  finding.attributes["not_after"] = "2027-01-01T00:00:00Z";
  CHECK(assets::lifetime_of(finding).end() == from_rfc3339("2027-01-01T00:00:00Z"));
}
