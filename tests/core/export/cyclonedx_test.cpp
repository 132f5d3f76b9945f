// SPDX-License-Identifier: Apache-2.0
#include "core/export/cyclonedx.hpp"

#include "core/assess/decisions.hpp"
#include "core/base/json_reader.hpp"
#include "tests/core/export/samples.hpp"
#include "tests/support/catch.hpp"

#include <map>
#include <set>

using namespace landwaiter;
using exports::CycloneDxVersion;
using nlohmann::json;

namespace {

std::string hex_of(std::string_view text) { return std::string(Digest::sha256_of(as_bytes(text)).hex()); }

json bom(std::span<const ImageReport> images, CycloneDxVersion version) {
  return *parse_json(exports::cyclonedx(images, version, {"1.0", ""}), "bom", kJsonReport);
}

std::map<std::string, json> by_ref(const json& document) {
  std::map<std::string, json> out;
  for (const json& component : document["components"]) CHECK(out.emplace(component["bom-ref"].get<std::string>(), component).second);
  return out;
}

std::set<std::string> depends_on(const json& document, const std::string& ref) {
  for (const json& entry : document["dependencies"]) {
    if (entry["ref"] == ref) return entry.value("dependsOn", std::set<std::string>());
  }
  return {"no such ref"};
}

std::string property(const json& component, const std::string& name) {
  for (const json& each : component["properties"]) {
    if (each["name"] == "landwaiter:" + name) return each["value"];
  }
  return {};
}

}  // namespace

TEST_CASE("every edge leads to a component, and every component has an entry") {
  for (const auto version : {CycloneDxVersion::v1_6, CycloneDxVersion::v1_7}) {
    auto images = test::export_samples();
    for (const std::size_t count : {2U, 1U, 0U}) {
      images.resize(count);
      const json document = bom(images, version);
      auto refs = by_ref(document);
      refs.emplace(document["metadata"]["component"]["bom-ref"].get<std::string>(), json());
      std::set<std::string> entries;
      for (const json& entry : document["dependencies"]) {
        CHECK(entries.insert(entry["ref"].get<std::string>()).second);
        for (const std::string& to : entry.value("dependsOn", std::vector<std::string>())) {
          INFO(to);
          CHECK(refs.contains(to));
        }
      }
      for (const auto& [ref, component] : refs) {
        INFO(ref);
        CHECK((entries.contains(ref) || count == 0));
      }
      if (count > 0) CHECK(refs.size() > 30);
    }
  }
}

TEST_CASE("a certificate leads to its algorithm, key and issuer, in the words of either version") {
  const auto images = test::export_samples();
  const std::string ref = "certificate:sha256:" + hex_of("shop");
  const std::string key = "public-key:spki-sha256:" + hex_of("shop key");
  const std::string root = "certificate:sha256:" + hex_of("Root");
  for (const auto version : {CycloneDxVersion::v1_6, CycloneDxVersion::v1_7}) {
    const json document = bom(images, version);
    CHECK(depends_on(document, ref) == std::set<std::string>{"algorithm:SHA256withRSA", key, root});
    CHECK(depends_on(document, key) == std::set<std::string>{"algorithm:RSA-2048"});
  }
  const json old = by_ref(bom(images, CycloneDxVersion::v1_6))[ref]["cryptoProperties"]["certificateProperties"];
  CHECK(old["signatureAlgorithmRef"] == "algorithm:SHA256withRSA");
  CHECK(old["subjectPublicKeyRef"] == key);
  CHECK_FALSE(old.contains("serialNumber"));
  const json now = by_ref(bom(images, CycloneDxVersion::v1_7))[ref]["cryptoProperties"]["certificateProperties"];
  CHECK(now["serialNumber"] == "01AB");
  CHECK(now["fingerprint"]["content"] == hex_of("shop"));
  CHECK(now["certificateState"][0]["state"] == "active");
  CHECK_FALSE(now.contains("signatureAlgorithmRef"));
  const json expired =
      by_ref(bom(images, CycloneDxVersion::v1_7))["certificate:sha256:" + hex_of("old")]["cryptoProperties"]["certificateProperties"];
  CHECK(expired["certificateState"][0]["state"] == "deactivated");
}

TEST_CASE("algorithms are shared and say how strong they are") {
  const auto images = test::export_samples();
  auto components = by_ref(bom(images, CycloneDxVersion::v1_7));
  const json rsa = components["algorithm:RSA-2048"]["cryptoProperties"];
  CHECK(rsa["algorithmProperties"]["classicalSecurityLevel"] == 112);
  CHECK(rsa["algorithmProperties"]["nistQuantumSecurityLevel"] == 0);
  CHECK(rsa["oid"] == "1.2.840.113549.1.1.1");
  CHECK(components["algorithm:EC-prime256v1"]["cryptoProperties"]["algorithmProperties"]["ellipticCurve"] == "nist/P-256");
  CHECK(components["algorithm:ML-KEM-768"]["cryptoProperties"]["algorithmProperties"]["nistQuantumSecurityLevel"] == 3);
  CHECK(components["algorithm:Ed25519"]["cryptoProperties"]["algorithmProperties"]["classicalSecurityLevel"] == 128);
  CHECK(by_ref(bom(images, CycloneDxVersion::v1_6))["algorithm:EC-prime256v1"]["cryptoProperties"]["algorithmProperties"]["curve"] ==
        "prime256v1");
}

TEST_CASE("places, issues and the other types of assets") {
  auto components = by_ref(bom(test::export_samples(), CycloneDxVersion::v1_6));
  const json key = components["private-key:spki-sha256:" + hex_of("shop key")];
  const json& places = key["evidence"]["occurrences"];
  REQUIRE(places.size() == 2);
  CHECK(places[0] == json{{"location", "config env[3] (TLS_KEY)"}, {"offset", 8}, {"additionalContext", "the image's config"}});
  CHECK(places[1]["location"] == "srv/app.war > WEB-INF/key.pem");
  CHECK(places[1]["offset"] == 17);
  CHECK(places[1]["additionalContext"].get<std::string>().find("deleted by layer sha256:") != std::string::npos);
  CHECK(property(key, "severity") == "critical");
  CHECK(property(key, "issue:key-with-certificate").starts_with("critical: "));
  CHECK(components["keystore:sha256:" + hex_of("store")]["type"] == "file");
  CHECK(property(components["keystore:sha256:" + hex_of("store")], "opens-with") == "well-known");
  CHECK(components["crypto-library:sha256:" + hex_of("lib")]["purl"] == "pkg:deb/debian/libssl3@3.0.22");
  const json nginx = components["crypto-configuration:sha256:" + hex_of("nginx")]["cryptoProperties"]["protocolProperties"];
  CHECK(nginx["type"] == "tls");
  CHECK(nginx["version"] == "TLSv1.0, TLSv1.2");
  CHECK(nginx["cipherSuites"] == json::array({{{"name", "HIGH"}}, {{"name", "3DES"}}}));
  const json sshd = components["crypto-configuration:sha256:" + hex_of("sshd")]["cryptoProperties"]["protocolProperties"];
  CHECK(sshd["type"] == "ssh");
  CHECK(sshd["cipherSuites"] == json::array({{{"name", "aes256-gcm@openssh.com"}}, {{"name", "aes128-cbc"}}}));
  const json without = components["crypto-configuration:sha256:" + hex_of("sshd2")]["cryptoProperties"]["protocolProperties"];
  CHECK(without["type"] == "ssh");
  CHECK_FALSE(without.contains("cipherSuites"));
  const json java = components["crypto-configuration:sha256:" + hex_of("java")];
  CHECK(java["type"] == "file");
  CHECK(property(java, "settings").find("keystore.type") != std::string::npos);
  const json parameters = components["crypto-configuration:sha256:" + hex_of("dh")]["cryptoProperties"]["relatedCryptoMaterialProperties"];
  CHECK(parameters["size"] == 1024);
  CHECK(parameters["algorithmRef"] == "algorithm:DH-1024");
  const json token = components["token:hmac-sha256:" + hex_of("jwt")]["cryptoProperties"]["relatedCryptoMaterialProperties"];
  CHECK(token["expirationDate"] == "2026-11-30T22:00:00Z");
}

TEST_CASE("an image that could not be read is a property of the document") {
  const auto writer = exports::cyclonedx_writer(CycloneDxVersion::v1_6, {"1.0", ""});
  std::string text = writer->fail({"a:1", "404 not found"});
  text += writer->finish();
  const json document = *parse_json(text, "bom", kJsonReport);
  CHECK(property(document["metadata"], "failed") == "a:1: 404 not found");
}

TEST_CASE("what is accepted says so") {
  auto images = test::export_samples();
  Decisions({{.id = "spki-sha256:" + hex_of("shop key"), .reason = "Known.", .origin = "i.yml:1"}}, {}).apply(images[0], {});
  const json key = by_ref(bom(images, CycloneDxVersion::v1_6))["private-key:spki-sha256:" + hex_of("shop key")];
  CHECK(property(key, "accepted") == "Known. (i.yml:1)");
  CHECK(property(key, "accepted:key-with-certificate") == "Known. (i.yml:1)");
}

TEST_CASE("no value of material is in a document, whatever attributes hold") {
  auto images = test::export_samples();
  for (ImageReport& image : images) {
    for (Finding& finding : image.findings) {
      if (!finding.attributes.is_object()) continue;
      for (const char* name : {"modulus", "value", "secret", "private_exponent", "passphrase", "d", "key_material"})
        finding.attributes[name] = "CANARY";
      if (finding.type != FindingType::keystore) finding.attributes["password"] = "CANARY";
    }
  }
  for (const auto version : {CycloneDxVersion::v1_6, CycloneDxVersion::v1_7}) {
    const std::string text = exports::cyclonedx(images, version, {});
    CHECK(text.find("CANARY") == std::string::npos);
    CHECK(text.find("\"value\": \"\"") == std::string::npos);
  }
}

TEST_CASE("the serial number belongs to the content") {
  auto images = test::export_samples();
  const auto serial = [&] { return bom(images, CycloneDxVersion::v1_6)["serialNumber"].get<std::string>(); };
  const std::string first = serial();
  CHECK(first.starts_with("urn:uuid:"));
  CHECK(first.size() == 45);
  CHECK(first[9 + 14] == '8');
  CHECK(serial() == first);
  images[0].findings[0].title += "!";
  CHECK(serial() != first);
}
