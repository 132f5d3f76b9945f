// SPDX-License-Identifier: Apache-2.0
#include "tests/core/export/samples.hpp"

#include "core/assess/assess.hpp"

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

Finding certificate(const std::string& name, const std::string& issuer, json more) {
  json attributes{{"subject", "CN=" + name},
                  {"issuer", "CN=" + issuer},
                  {"serial", "01AB"},
                  {"not_before", "2025-01-01T00:00:00Z"},
                  {"not_after", "2027-01-01T00:00:00Z"},
                  {"subject_alternative_names", json::array({"DNS:" + name})},
                  {"key_type", "RSA"},
                  {"key_size_bits", 2048},
                  {"curve", nullptr},
                  {"spki_sha256", hex_of(name + " key")},
                  {"signature_algorithm", "sha256WithRSAEncryption"},
                  {"signature_hash", "SHA256"},
                  {"self_signed", name == issuer},
                  {"is_ca", name == issuer},
                  {"usages", json::array({"server"})},
                  {"key_usage", json::array({"digitalSignature"})},
                  {"extended_key_usage", json::array({"serverAuth"})},
                  {"fingerprint_sha256", hex_of(name)},
                  {"weaknesses", json::array()},
                  {"encoding", "PEM"},
                  {"subject_key_id", "0102"},
                  {"authority_key_id", nullptr},
                  {"matching_private_keys", json::array()}};
  attributes.update(more);
  return finding(FindingType::certificate, "sha256:" + hex_of(name), "Certificate CN=" + name, attributes, "etc/" + name + ".pem");
}

std::vector<Finding> keys() {
  std::vector<Finding> out;
  Finding pair = finding(FindingType::private_key, "spki-sha256:" + hex_of("shop key"), "RSA private key, 2048 bits",
                         {{"key_type", "RSA"},
                          {"key_size_bits", 2048},
                          {"encrypted", false},
                          {"encoding", "PEM"},
                          {"spki_sha256", hex_of("shop key")},
                          {"matching_certificates", json::array({"sha256:" + hex_of("shop")})},
                          {"modulus", "AQAB"}},
                         "srv/app.war", {"WEB-INF/key.pem"});
  pair.occurrences[0].deleted_by = digest_of("layer 2");
  out.push_back(pair);
  out.push_back(finding(FindingType::private_key, "hmac-sha256:" + hex_of("x"), "Encrypted private key",
                        {{"encrypted", true}, {"format", "PKCS #8"}}, "k2.pem"));
  out.push_back(finding(FindingType::public_key, "spki-sha256:" + hex_of("ec"), "EC public key",
                        {{"key_type", "EC"}, {"key_size_bits", 256}, {"curve", "prime256v1"}, {"spki_sha256", hex_of("ec")}}, "p.pem"));
  out.push_back(finding(FindingType::public_key, "spki-sha256:" + hex_of("odd"), "Public key of an unheard-of kind",
                        {{"key_type", "1.2.3.4"}}, "odd"));
  for (const char* type : {"Ed25519", "X25519", "Ed448", "X448", "DSA", "DH", "RSA-PSS", "ML-KEM-768", "ML-DSA-65"}) {
    out.push_back(finding(FindingType::public_key, std::string("spki-sha256:") + hex_of(type), type,
                          {{"key_type", type}, {"key_size_bits", 0}}, type));
  }
  out.push_back(
      finding(FindingType::secret_key, "hmac-sha256:" + hex_of("s"), "AES key", {{"key_type", "AES"}, {"key_size_bits", 256}}, "s"));
  return out;
}

std::vector<Finding> others() {
  std::vector<Finding> out;
  out.push_back(finding(FindingType::keystore, "sha256:" + hex_of("store"), "JKS keystore",
                        {{"format", "JKS"},
                         {"version", 2},
                         {"password", "well-known"},
                         {"weaknesses", json::array({"well-known-password"})},
                         {"entries", json::array({{{"alias", "a"},
                                                   {"kind", "certificate"},
                                                   {"certificates", json::array({"sha256:" + hex_of("shop"), "sha256:none"})}}})}},
                        "store.jks"));
  out.push_back(finding(FindingType::token, "hmac-sha256:" + hex_of("jwt"), "JWT",
                        {{"format", "JWT"},
                         {"algorithm", "RS256"},
                         {"issuer", "i"},
                         {"issued_at", "2026-01-01T00:00:00Z"},
                         {"expires", "2026-12-01T00:00:00+02:00"},
                         {"not_before", nullptr}},
                        "t"));
  out.push_back(finding(FindingType::token, "hmac-sha256:" + hex_of("none"), "JWT without signature",
                        {{"algorithm", "none"}, {"weaknesses", {"alg-none", "no-expiry"}}}, "t2"));
  out.push_back(finding(FindingType::crypto_library, "sha256:" + hex_of("lib"), "OpenSSL 3.0.22",
                        {{"library", "OpenSSL"},
                         {"version", "3.0.22"},
                         {"evidence", {"soname", "string"}},
                         {"confidence", "high"},
                         {"purl", "pkg:deb/debian/libssl3@3.0.22"}},
                        "usr/lib/libcrypto.so.3"));
  const auto settings = [](const char* software, json enabled, json ciphers, json directives) {
    const json protocols{{"enabled", std::move(enabled)}, {"disabled", json::array()}, {"minimum", nullptr}, {"maximum", nullptr}};
    return json{
        {"software", software},
        {"password_in_configuration", false},
        {"weaknesses", json::array()},
        {"settings",
         {{"protocols", protocols}, {"ciphers", std::move(ciphers)}, {"providers", json::array()}, {"directives", std::move(directives)}}}};
  };
  out.push_back(finding(
      FindingType::crypto_configuration, "sha256:" + hex_of("nginx"), "Cryptographic settings of nginx",
      settings("nginx", {"TLSv1.0", "TLSv1.2"}, "HIGH:3DES:!aNULL:+RC4:@STRENGTH", {{"ssl_ciphers", {"HIGH:3DES:!aNULL:+RC4:@STRENGTH"}}}),
      "etc/nginx/nginx.conf"));
  out.push_back(
      finding(FindingType::crypto_configuration, "sha256:" + hex_of("sshd"), "Cryptographic settings of OpenSSH",
              settings("OpenSSH", json::array(), "aes256-gcm@openssh.com,aes128-cbc", {{"Ciphers", {"aes256-gcm@openssh.com,aes128-cbc"}}}),
              "etc/ssh/sshd_config"));
  out.push_back(finding(FindingType::crypto_configuration, "sha256:" + hex_of("sshd2"), "Cryptographic settings of OpenSSH",
                        settings("OpenSSH", json::array(), "-3des-cbc,aes128-cbc", {{"Ciphers", {"-3des-cbc,aes128-cbc"}}}),
                        "etc/ssh/sshd_config.d/a"));
  out.push_back(finding(FindingType::crypto_configuration, "sha256:" + hex_of("java"), "Cryptographic settings of Java",
                        settings("Java", json::array(), nullptr, {{"keystore.type", {"pkcs12"}}}), "java.security"));
  out.push_back(
      finding(FindingType::crypto_configuration, "sha256:" + hex_of("dh"), "Diffie-Hellman parameters of 1024 bits",
              {{"encoding", "PEM"}, {"format", "DH parameters"}, {"key_type", "DH"}, {"key_size_bits", 1024}, {"weaknesses", {"short-dh"}}},
              "dh.pem"));
  for (const FindingType type : {FindingType::certificate_request, FindingType::crl, FindingType::ocsp_response, FindingType::signed_data,
                                 FindingType::secret, FindingType::package, FindingType::misconfiguration}) {
    const std::string name(to_string(type));
    out.push_back(finding(type, "sha256:" + hex_of(name), name, {{"key_type", "EC"}, {"curve", "unheard-of"}}, "x/" + name));
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
  for (Finding& each : keys()) findings.push_back(std::move(each));
  for (Finding& each : others()) findings.push_back(std::move(each));
  std::vector<ImageReport> images;
  images.push_back(image("localhost:5000/a:1", findings));
  images.push_back(image("localhost:5000/b:1", {findings[0], findings[1], findings[5]}));
  assess_all(images, *Policy::builtin("nist-ir-8547"), *from_rfc3339("2026-06-01T00:00:00Z"), nullptr);
  return images;
}

}  // namespace landwaiter::test
