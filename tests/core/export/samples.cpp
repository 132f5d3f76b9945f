// SPDX-License-Identifier: Apache-2.0
#include "tests/core/export/samples.hpp"

#include "core/assess/assess.hpp"
#include "core/report/assets/certificate.hpp"
#include "core/report/assets/crypto_configuration.hpp"
#include "core/report/assets/crypto_library.hpp"
#include "core/report/assets/key.hpp"
#include "core/report/assets/keystore.hpp"
#include "core/report/assets/token.hpp"
#include "core/report/attribute_names.hpp"

namespace landwaiter::test {
namespace {

using nlohmann::json;

Digest digest_of(std::string_view text) { return Digest::sha256_of(as_bytes(text)); }
std::string hex_of(std::string_view text) { return std::string(digest_of(text).hex()); }

Finding finding(FindingType type, std::string id, std::string title, json attributes, std::string path,
                std::vector<std::string> archive = {}) {
  Finding out;
  out.type = type;
  out.id = std::move(id);
  out.title = std::move(title);
  out.attributes = std::move(attributes);
  out.severity = type == FindingType::private_key || type == FindingType::token ? Severity::high : Severity::info;
  out.detector = "sample/1";
  out.occurrences.push_back({std::move(path), std::move(archive), 17, digest_of("layer 1"), std::nullopt});
  return out;
}

/// What detectors write of every asset, beside the facts of its type.
void set_form(Finding& finding, const char* encoding, json weaknesses = json::array()) {
  finding.attributes[attribute::encoding] = encoding;
  finding.attributes[attribute::weaknesses] = std::move(weaknesses);
}

/// `more` replaces attributes: another key, other dates, or what a hostile sensor sends.
Finding certificate(const std::string& name, const std::string& issuer, const json& more) {
  assets::Certificate facts;
  facts.version = 3;
  facts.subject = "CN=" + name;
  facts.issuer = "CN=" + issuer;
  facts.serial = "01AB";
  facts.not_before = "2025-01-01T00:00:00Z";
  facts.not_after = "2027-01-01T00:00:00Z";
  facts.subject_alternative_names = {"DNS:" + name};
  facts.signature = {"sha256WithRSAEncryption", "SHA256"};
  facts.use = {name == issuer,       name == issuer, name == issuer ? std::optional(false) : std::nullopt,
               {"digitalSignature"}, {"serverAuth"}, {"server"}};
  facts.subject_key_id = "0102";
  facts.fingerprint_sha256 = hex_of(name);
  Finding out =
      finding(FindingType::certificate, "sha256:" + hex_of(name), "Certificate CN=" + name, json::object(), "etc/" + name + ".pem");
  add_attributes(facts, out.attributes);
  add_attributes(assets::KeyKind{"RSA", 2048, ""}, out.attributes);
  add_attributes(assets::KeyIdentity{"", "", hex_of(name + " key")}, out.attributes);
  set_form(out, "PEM");
  assets::set_matching_private_keys({}, out);
  out.attributes.update(more);
  return out;
}

Finding public_key(const std::string& name, std::string title, const assets::KeyKind& kind) {
  Finding out = finding(FindingType::public_key, "spki-sha256:" + hex_of(name), std::move(title), json::object(), name);
  add_attributes(kind, out.attributes);
  add_attributes(assets::KeyIdentity{"", "", hex_of(name)}, out.attributes);
  set_form(out, "PEM");
  return out;
}

Finding private_key(std::string id, std::string title, const assets::KeyKind& kind, const assets::KeyIdentity& identity,
                    const assets::PrivateKey& key, std::string path, std::vector<std::string> archive = {}) {
  Finding out = finding(FindingType::private_key, std::move(id), std::move(title), json::object(), std::move(path), std::move(archive));
  add_attributes(kind, out.attributes);
  add_attributes(identity, out.attributes);
  set_form(out, "PEM");
  add_attributes(key, out.attributes);
  return out;
}

std::vector<Finding> keys() {
  std::vector<Finding> out;
  Finding pair = private_key("spki-sha256:" + hex_of("shop key"), "RSA private key, 2048 bits", {"RSA", 2048, ""},
                             {"", "AQAB", hex_of("shop key")}, {"PEM", "PKCS#8", false, nullptr, ""}, "srv/app.war", {"WEB-INF/key.pem"});
  assets::set_matching_certificates({"sha256:" + hex_of("shop")}, pair);
  pair.occurrences[0].deleted_by = digest_of("layer 2");
  pair.occurrences.push_back({"env[3] (TLS_KEY)", {}, 8, {}, std::nullopt, Where::config});
  out.push_back(pair);
  const json encryption{{"scheme", "PBES2"}, {"cipher", "aes-256-cbc"}};
  out.push_back(private_key("hmac-sha256:" + hex_of("x"), "Encrypted private key", {}, {},
                            {"PEM", "encrypted PKCS#8", true, encryption, ""}, "k2.pem"));
  out.push_back(public_key("ec", "EC public key", {"EC", 256, "prime256v1"}));
  out.push_back(public_key("odd", "Public key of an unheard-of kind", {"1.2.3.4", 0, ""}));
  for (const char* type : {"Ed25519", "X25519", "Ed448", "X448", "DSA", "DH", "RSA-PSS", "ML-KEM-768", "ML-DSA-65"})
    out.push_back(public_key(type, type, {type, 0, ""}));
  Finding secret = finding(FindingType::secret_key, "hmac-sha256:" + hex_of("s"), "AES key",
                           {{attribute::algorithm, "AES"}, {attribute::key_size_bits, 256}}, "s");
  secret.attributes[attribute::encrypted] = false;
  set_form(secret, "base64");
  out.push_back(std::move(secret));
  return out;
}

std::vector<Finding> tokens() {
  std::vector<Finding> out;
  Finding good = finding(FindingType::token, "hmac-sha256:" + hex_of("jwt"), "JWT", json::object(), "t");
  set_form(good, "compact");
  add_attributes(assets::Token{"JWT", "compact", "RS256"}, good.attributes);
  add_attributes(assets::TokenClaims{"i", {}, "2026-01-01T00:00:00Z", "", "2026-12-01T00:00:00+02:00", ""}, good.attributes);
  out.push_back(std::move(good));
  Finding open = finding(FindingType::token, "hmac-sha256:" + hex_of("none"), "JWT without signature", json::object(), "t2");
  set_form(open, "compact", {"alg-none", "no-expiry"});
  add_attributes(assets::Token{"JWT", "compact", "none"}, open.attributes);
  add_attributes(assets::TokenClaims{}, open.attributes);
  out.push_back(std::move(open));
  return out;
}

Finding configuration(const std::string& name, const assets::CryptoConfiguration& settings, std::string path) {
  Finding out = finding(FindingType::crypto_configuration, "sha256:" + hex_of(name), "Cryptographic settings of " + settings.software,
                        json::object(), std::move(path));
  add_attributes(settings, out.attributes);
  out.attributes[attribute::weaknesses] = json::array();
  return out;
}

std::vector<Finding> configurations() {
  std::vector<Finding> out;
  assets::CryptoConfiguration nginx{"nginx", {{"TLSv1.0", "TLSv1.2"}, {}, "", ""}, "HIGH:3DES:!aNULL:+RC4:@STRENGTH", {}, {}, false};
  nginx.directives["ssl_ciphers"] = {nginx.ciphers};
  out.push_back(configuration("nginx", nginx, "etc/nginx/nginx.conf"));
  out.back().attributes[attribute::weaknesses] = {"3des", "tls-1.0"};
  const std::string ssh(assets::CryptoConfiguration::kOpenSsh);
  const std::string allowed = "aes256-gcm@openssh.com,aes128-cbc";
  out.push_back(configuration("sshd", {ssh, {}, allowed, {}, {{"Ciphers", {allowed}}}, false}, "etc/ssh/sshd_config"));
  const std::string without = "-3des-cbc,aes128-cbc";
  out.push_back(configuration("sshd2", {ssh, {}, without, {}, {{"Ciphers", {without}}}, false}, "etc/ssh/sshd_config.d/a"));
  out.push_back(configuration("java", {"Java", {}, "", {}, {{"keystore.type", {"pkcs12"}}}, false}, "java.security"));
  Finding parameters = finding(FindingType::crypto_configuration, "sha256:" + hex_of("dh"), "Diffie-Hellman parameters of 1024 bits",
                               {{attribute::format, "DH parameters"}}, "dh.pem");
  add_attributes(assets::KeyKind{"DH", 1024, ""}, parameters.attributes);
  set_form(parameters, "PEM", {"short-dh"});
  out.push_back(std::move(parameters));
  return out;
}

Finding keystore() {
  assets::Keystore store;
  store.format = "JKS";
  store.version = 2;
  store.size_bytes = 1000;
  store.listing = "complete";
  store.password = "well-known";
  store.password_tried = true;
  store.entries = {{"a", "certificate", nullptr, {"sha256:" + hex_of("shop"), "sha256:none"}, "", ""}};
  Finding out = finding(FindingType::keystore, "sha256:" + hex_of("store"), "JKS keystore", json::object(), "store.jks");
  add_attributes(store, out.attributes);
  out.attributes[attribute::weaknesses] = {"well-known-password"};
  return out;
}

Finding library() {
  assets::CryptoLibrary openssl;
  openssl.name = "OpenSSL";
  openssl.version = "3.0.22";
  openssl.language = "C";
  openssl.confidence = "high";
  openssl.linkage = "shared";
  openssl.evidence = {{"soname", "libcrypto.so.3"}, {"version-string", "OpenSSL 3.0.22"}};
  openssl.end_of_life = "2026-09-07";
  openssl.package = assets::LibraryPackage{"libssl3", "3.0.22"};
  openssl.purl = "pkg:deb/debian/libssl3@3.0.22";
  Finding out = finding(FindingType::crypto_library, "sha256:" + hex_of("lib"), "OpenSSL 3.0.22", json::object(), "usr/lib/libcrypto.so.3");
  add_attributes(openssl, out.attributes);
  out.attributes[attribute::weaknesses] = json::array();
  return out;
}

std::vector<Finding> others() {
  std::vector<Finding> out{keystore(), library()};
  for (const FindingType type : {FindingType::certificate_request, FindingType::crl, FindingType::ocsp_response, FindingType::signed_data,
                                 FindingType::secret, FindingType::package, FindingType::misconfiguration}) {
    const std::string name(to_string(type));
    out.push_back(finding(type, "sha256:" + hex_of(name), name, json::object(), "x/" + name));
    add_attributes(assets::Signature{"ecdsa-with-SHA256", "SHA256"}, out.back().attributes);
    if (type == FindingType::certificate_request) add_attributes(assets::KeyKind{"EC", 0, "unheard-of"}, out.back().attributes);
  }
  out.push_back(finding(FindingType::certificate, "=cmd|' /C calc'!A0", "=HYPERLINK(\"http://x\", \"y\")\nsecond line", nullptr,
                        "+danger, \"quoted\" ü %"));
  return out;
}

ImageReport image(std::string reference, std::vector<Finding> findings) {
  ImageReport out;
  out.facts.reference = std::move(reference);
  out.facts.digest = digest_of(out.facts.reference);
  out.facts.platform = "linux/amd64";
  out.facts.created = "2026-01-01T00:00:00Z";
  out.facts.layers = {digest_of("layer 1"), digest_of("layer 2")};
  out.findings = std::move(findings);
  return out;
}

}  // namespace

std::vector<ImageReport> export_samples() {
  std::vector<Finding> findings{
      certificate("shop", "Root", {{"matching_private_keys", json::array({"spki-sha256:" + hex_of("shop key")})}}),
      certificate("Root", "Root",
                  {{"signature_algorithm", "ecdsa-with-SHA384"},
                   {"signature_hash", "SHA384"},
                   {"key_type", "EC"},
                   {"key_size_bits", 384},
                   {"curve", "secp384r1"}}),
      certificate("old", "Nobody",
                  {{"not_after", "2020-01-01T00:00:00Z"},
                   {"signature_hash", "SHA1"},
                   {"signature_algorithm", "sha1WithRSAEncryption"},
                   {"weaknesses", {"sha1-signature", "rsa-1024"}},
                   {"key_size_bits", 1024}}),
      certificate(
          "odd", "Nobody",
          {{"not_after", nullptr}, {"not_before", "2029-01-01T00:00:00Z"}, {"signature_algorithm", "1.2.3.4"}, {"spki_sha256", 7}})};
  for (const auto& group : {keys(), tokens(), configurations(), others()}) {
    for (const Finding& each : group) findings.push_back(each);
  }
  std::vector<ImageReport> images;
  images.push_back(image("localhost:5000/a:1", findings));
  images.push_back(image("localhost:5000/b:1", {findings[0], findings[1], findings[5]}));
  assess_all(images, *Policy::builtin("nist-ir-8547"), *from_rfc3339("2026-06-01T00:00:00Z"), nullptr);
  return images;
}

}  // namespace landwaiter::test
