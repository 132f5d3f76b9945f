// SPDX-License-Identifier: Apache-2.0
// What the engine finds in files that the programs of the field made, through every export and the policy: a fact that a detector
// writes must come out on the other side, or stand in the list of those that are not exported.
#include "core/assess/assess.hpp"
#include "core/base/json_reader.hpp"
#include "core/export/csv.hpp"
#include "core/export/cyclonedx.hpp"
#include "core/export/sarif.hpp"
#include "core/report/attribute_names.hpp"
#include "core/report/compose.hpp"
#include "daemon/output/table.hpp"
#include "tests/detectors/support/key_material.hpp"
#include "tests/detectors/support/keystores.hpp"
#include "tests/detectors/support/material.hpp"
#include "tests/support/catch.hpp"

#include <map>
#include <set>

namespace landwaiter::detectors {
namespace {

using exports::CycloneDxVersion;
using nlohmann::json;

/// Attributes that CycloneDX does not carry, and why. The JSON report has them all.
const std::map<std::string, std::string>& not_exported() {
  static const std::map<std::string, std::string> reasons{
      {"ca", "says how a line of authorized_keys or known_hosts uses the key, not what the key is"},
      {"options", "the same"},
      {"certificates", "a count of what are components of their own"},
      {"crls", "the same"},
      {"claim_names", "names of claims may be a company's own"},
      {"header_names", "the same"},
      {"has_subject", "whether there is a claim that is not shown either"},
      {"crl_urls", "addresses of an authority, also inside a company"},
      {"issuer_urls", "the same"},
      {"ocsp_urls", "the same"},
      {"has_sct", "is of use to verifiers alone"},
      {"policies", "the same"},
      {"primary_fingerprint", "a subkey's tie to its primary key, which has its own component"},
      {"user_ids", "names and addresses of people"},
      {"recipients", "a list of objects, for which CycloneDX has no place"},
      {"recipients_count", "stands in the title"},
      {"signers", "a list of objects, for which CycloneDX has no place"},
      {"signers_count", "the length of that list"},
      {"revoked_certificates", "a count that is of use to verifiers alone"},
      {"self_signature_hash", "its weakness is an issue when it has one"},
      {"symmetric", "follows from the algorithm"},
      {"typ", "a token's own word for its format"},
      {"use", "JSON web keys' word for what usages say of others"},
  };
  return reasons;
}

struct File {
  std::string path;
  std::string content;
};

std::vector<File> settings_files() {
  return {{"etc/nginx/nginx.conf",
           "server {\n  ssl_protocols TLSv1 TLSv1.2;\n  ssl_ciphers 'HIGH:3DES:!aNULL';\n  ssl_certificate_key /etc/k.pem;\n}\n"},
          {"etc/ssh/sshd_config", "Port 22\nCiphers aes256-gcm@openssh.com,aes128-cbc\nMACs hmac-sha1\nKexAlgorithms curve25519-sha256\n"},
          {"usr/lib/jvm/java.security",
           "security.provider.1=SUN\nsecurity.provider.2=SunRsaSign\nkeystore.type=pkcs12\njdk.certpath.disabledAlgorithms=MD2, MD5\n"},
          {"etc/ssl/openssl.cnf",
           "providers = p\n[p]\ndefault = d\n[d]\nactivate = 1\n[s]\nMinProtocol = TLSv1.1\nCipherString = DEFAULT@SECLEVEL=1:RC4-SHA\n"},
          {"opt/kafka/server.properties", "ssl.enabled.protocols=TLSv1.2,TLSv1.3\nssl.keystore.password=hunter2\n"}};
}

void add_x509(const Material& made, std::vector<File>& files) {
  made.key("rsa", "-algorithm RSA -pkeyopt rsa_keygen_bits:1024");
  made.key("ec", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256");
  made.key("ed", "-algorithm ED25519");
  made.certificate("rsa",
                   "-subj /CN=old.example -sha1 -days 10 -addext subjectAltName=DNS:old.example -addext extendedKeyUsage=serverAuth "
                   "-addext keyUsage=digitalSignature -addext crlDistributionPoints=URI:http://x/crl -addext certificatePolicies=1.2.3.4 "
                   "-addext 'authorityInfoAccess=OCSP;URI:http://x/ocsp,caIssuers;URI:http://x/ca'");
  made.openssl("req -new -key ec.pem -subj /CN=leaf.example -out leaf.csr");
  made.openssl("x509 -req -in leaf.csr -CA rsa.crt -CAkey rsa.pem -CAcreateserial -sha1 -days 400 -out leaf.crt");
  made.openssl("pkcs8 -topk8 -in ec.pem -passout pass:long-and-strange -out sealed.pem");
  made.openssl("pkey -in ed.pem -pubout -out ed.pub");
  made.openssl("dhparam -dsaparam -out dh.pem 512");
  write_file(made.path("index.txt"), "");
  write_file(made.path("ca.cnf"),
             "[ca]\ndefault_ca=d\n[d]\ndatabase=" + made.path("index.txt") + "\ndefault_md=sha256\ndefault_crl_days=5\n");
  made.openssl("ca -gencrl -config ca.cnf -keyfile rsa.pem -cert rsa.crt -out list.crl");
  write_file(made.path("message"), "text");
  made.openssl("cms -sign -in message -signer leaf.crt -inkey ec.pem -outform DER -out signature.p7s");
  made.openssl("cms -encrypt -in message -aes-256-cbc -outform DER -out message.p7m rsa.crt");
  for (const char* name : {"rsa.pem", "ec.pem", "rsa.crt", "leaf.crt", "leaf.csr", "sealed.pem", "ed.pub", "dh.pem", "list.crl",
                           "signature.p7s", "message.p7m"}) {
    files.push_back({std::string("srv/tls/") + name, made.file(name)});
  }
}

void add_keys(const KeyFolder& made, std::vector<File>& files) {
  made.sh("ssh-keygen -q -t ed25519 -N '' -C somebody@host -f host && ssh-keygen -q -t rsa -b 2048 -N secret -f sealed");
  made.sh("age-keygen -o age.txt 2>/dev/null");
  made.sh(
      "/usr/bin/python3 -c \"from jwcrypto import jwk; print(jwk.JWK.generate(kty='EC', crv='P-256', kid='k1', use='sig').export())\" > "
      "key.jwk");
  made.sh(
      "/usr/bin/python3 -c \"import jwt, time; now = int(time.time()); print(jwt.encode({'iss': 'issuer', 'aud': ['a', 'b'], 'sub': 's', "
      "'iat': now, 'nbf': now, 'exp': now + 900000}, 'k' * 32))\" > jwt.txt");
  made.sh(
      "mkdir -m 700 gnupg && gpg --homedir gnupg --batch --quiet --pinentry-mode loopback --passphrase '' --quick-gen-key "
      "tester@example.org rsa2048 sign 1y && "
      "gpg --homedir gnupg --batch --armor --export-secret-keys > secret.asc && gpg --homedir gnupg --batch --armor --export > public.asc; "
      "gpgconf --homedir gnupg --kill all");
  for (const char* name : {"host", "host.pub", "sealed", "age.txt", "key.jwk", "jwt.txt", "secret.asc", "public.asc"})
    files.push_back({std::string("root/keys/") + name, made.file(name)});
  files.push_back({"root/.ssh/authorized_keys", "no-pty " + made.file("host.pub")});
}

/// As much of a binary as shows what it is, with a text in it.
std::string elf_with(const std::string& text) {
  return std::string(
             "\x7f"
             "ELF\x02\x01\x01",
             7) +
         std::string(57, '\0') + text + '\0';
}

std::vector<File> corpus() {
  std::vector<File> files = settings_files();
  const Material x509;
  add_x509(x509, files);
  const KeyFolder keys;
  add_keys(keys, files);
  const Keytool keytool("changeit");
  keytool.make("store.jks", "JKS", false);
  keytool.make("store.p12", "PKCS12", true);
  for (const char* name : {"store.jks", "store.p12"}) files.push_back({std::string("opt/app/") + name, keytool.file(name)});
  files.push_back({"usr/lib/libcrypto.so.3", elf_with("SSLv3 part of OpenSSL 1.0.2k-fips  26 Jan 2017")});
  files.push_back({"var/lib/dpkg/status",
                   "Package: libssl3\nStatus: install ok installed\nMaintainer: Debian OpenSSL Team\nArchitecture: amd64\nSource: "
                   "openssl\nVersion: 3.0.11-1~deb12u2\nDescription: x\n\n"});
  return files;
}

ImageReport report_of(const std::vector<File>& files) {
  const FileScanner scanner;
  const Digest digest = Digest::sha256_of(as_bytes("layer"));
  const AnalysisState state{Analysis::cryptography, digest};
  LayerReport report;
  report.layer = digest;
  report.of = state;
  for (const File& file : files) {
    Scanned scanned = scanner.scan(file.content, file.path);
    INFO(file.path);
    CHECK_FALSE(scanned.findings.empty());
    for (Finding& finding : scanned.findings) {
      for (Occurrence& place : finding.occurrences) place.path = file.path;
      report.findings.push_back(std::move(finding));
    }
  }
  ImageFacts facts;
  facts.reference = "localhost:5000/app:1";
  facts.digest = Digest::sha256_of(as_bytes("image"));
  facts.layers = {digest};
  ScannedLayer layer;
  layer.facts.layer = digest;
  layer.facts.walker = digest;
  layer.reports.push_back(std::move(report));
  return compose(std::move(facts), {state}, {{digest, std::move(layer)}});
}

const ImageReport& image() {
  static const ImageReport report = [] {
    std::vector<ImageReport> images{report_of(corpus())};
    assess_all(images, Policy::standard(), RealClock().now(), nullptr);
    return std::move(images.front());
  }();
  return report;
}

std::string ref_of(const Finding& finding) { return std::string(to_string(finding.type)) + ":" + finding.id; }

std::map<std::string, json> components(CycloneDxVersion version) {
  const json document = *parse_json(exports::cyclonedx(std::span(&image(), 1), version, {}), "bom", kJsonReport);
  std::map<std::string, json> out;
  for (const json& component : document["components"]) out[component["bom-ref"].get<std::string>()] = component;
  return out;
}

std::optional<std::string> property(const json& component, const std::string& name) {
  for (const json& each : component.value("properties", json::array())) {
    if (each["name"] == "landwaiter:" + name) return each["value"].get<std::string>();
  }
  return std::nullopt;
}

bool says_nothing(const json& value) {
  return value.is_null() || (value.is_string() && value.get_ref<const std::string&>().empty()) ||
         ((value.is_array() || value.is_object()) && value.empty());
}

/// Does the component have the fact?
bool carries(const json& component, const std::string& name, const json& value) {
  if (name == attribute::purl) return json(component.value("purl", "")) == value;
  if (name == attribute::password) return property(component, "opens-with") == value.get<std::string>();
  if (name == attribute::entries) return property(component, name).has_value();
  if (name == attribute::issues)
    return std::ranges::all_of(
        value, [&](const json& issue) { return property(component, "issue:" + issue["code"].get<std::string>()).has_value(); });
  const auto shown = property(component, name);
  return shown && (!value.is_string() || *shown == value.get<std::string>());
}

const Finding& first_of(FindingType type, std::string_view title_part) {
  for (const Finding& finding : image().findings) {
    if (finding.type == type && finding.title.find(title_part) != std::string::npos) return finding;
  }
  throw std::runtime_error("no such finding: " + std::string(title_part));
}

std::size_t matched(const PolicyMatch& match) {
  return static_cast<std::size_t>(
      std::ranges::count_if(image().findings, [&](const Finding& finding) { return match.met_by(finding, RealClock().now()); }));
}

}  // namespace

TEST_CASE("the corpus has findings of nearly every type", "[export_contract]") {
  std::set<FindingType> types;
  for (const Finding& finding : image().findings) types.insert(finding.type);
  for (const FindingType type : {FindingType::certificate, FindingType::certificate_request, FindingType::crl, FindingType::signed_data,
                                 FindingType::private_key, FindingType::public_key, FindingType::keystore, FindingType::token,
                                 FindingType::crypto_library, FindingType::crypto_configuration}) {
    INFO(to_string(type));
    CHECK(types.contains(type));
  }
}

TEST_CASE("CycloneDX carries each attribute that a detector writes, or says why not", "[export_contract]") {
  std::set<std::string> left_out;
  for (const auto version : {CycloneDxVersion::v1_6, CycloneDxVersion::v1_7}) {
    const auto all = components(version);
    for (const Finding& finding : image().findings) {
      const auto component = all.find(ref_of(finding));
      REQUIRE(component != all.end());
      for (const auto& [name, value] : finding.attributes.items()) {
        if (says_nothing(value)) continue;
        INFO(finding.title << ": " << name << " = " << dump_json(value));
        const bool listed = not_exported().contains(name);
        if (listed) left_out.insert(name);
        CHECK(carries(component->second, name, value) != listed);
      }
    }
  }
  for (const auto& [name, reason] : not_exported()) {
    INFO(name << " is listed, and nothing in the corpus has it");
    CHECK(left_out.contains(name));
    CHECK_FALSE(reason.empty());
  }
}

TEST_CASE("settings of TLS and SSH are protocols with their suites", "[export_contract]") {
  const auto all = components(CycloneDxVersion::v1_6);
  const auto protocol_of = [&](std::string_view software) {
    return all.at(ref_of(first_of(FindingType::crypto_configuration, software)))["cryptoProperties"]["protocolProperties"];
  };
  const json nginx = protocol_of("of nginx");
  CHECK(nginx["type"] == "tls");
  CHECK(nginx["version"] == "TLSv1.0, TLSv1.2");
  CHECK(nginx["cipherSuites"] == json::array({{{"name", "HIGH"}}, {{"name", "3DES"}}}));
  const json sshd = protocol_of("of OpenSSH");
  CHECK(sshd["type"] == "ssh");
  CHECK(sshd["cipherSuites"] == json::array({{{"name", "aes256-gcm@openssh.com"}}, {{"name", "aes128-cbc"}}}));
  const json openssl = protocol_of("of OpenSSL");
  CHECK(openssl["version"] == "TLSv1.1");
  CHECK(openssl["cipherSuites"] == json::array({{{"name", "DEFAULT"}}, {{"name", "RC4-SHA"}}}));
  const json java = all.at(ref_of(first_of(FindingType::crypto_configuration, "of Java")));
  CHECK(java["type"] == "file");
}

TEST_CASE("keys, libraries and keystores lead to what belongs to them", "[export_contract]") {
  const json document = *parse_json(exports::cyclonedx(std::span(&image(), 1), CycloneDxVersion::v1_7, {}), "bom", kJsonReport);
  std::map<std::string, std::set<std::string>> edges;
  for (const json& entry : document["dependencies"])
    edges[entry["ref"].get<std::string>()] = entry.value("dependsOn", std::set<std::string>());
  const Finding& leaf = first_of(FindingType::certificate, "leaf.example");
  const Finding& root = first_of(FindingType::certificate, "old.example");
  CHECK(edges[ref_of(leaf)].contains(ref_of(root)));
  CHECK_FALSE(edges[ref_of(root)].contains("algorithm:RSA-1024"));  // by way of its public key
  CHECK(edges["public-key:spki-sha256:" + root.attributes[attribute::spki_sha256].get<std::string>()].contains("algorithm:RSA-1024"));
  const Finding& key = first_of(FindingType::private_key, "RSA 1024");
  CHECK(edges[ref_of(key)].contains("algorithm:RSA-1024"));
  const Finding& store = first_of(FindingType::keystore, "JKS");
  std::size_t held = 0;
  for (const Finding& finding : image().findings) {
    if (finding.type != FindingType::private_key || finding.attributes.value(attribute::keystore, "") != store.id) continue;
    CHECK(edges[ref_of(store)].contains(ref_of(finding)));
    ++held;
  }
  CHECK(held == 2);
  const auto all = components(CycloneDxVersion::v1_6);
  CHECK(all.at(ref_of(first_of(FindingType::crypto_library, "OpenSSL 3.0.11")))["purl"].get<std::string>().starts_with(
      "pkg:deb/debian/libssl3@3.0.11"));
  CHECK(all.at(ref_of(first_of(FindingType::token, "JWT HS256")))["cryptoProperties"]["relatedCryptoMaterialProperties"].contains(
      "expirationDate"));
}

TEST_CASE("SARIF, CSV and the table have what asks for action", "[export_contract]") {
  const json sarif = *parse_json(exports::sarif(std::span(&image(), 1), {}), "sarif", kJsonReport);
  std::set<std::pair<std::string, std::string>> results;
  for (const json& result : sarif["runs"][0]["results"])
    results.emplace(result["properties"]["id"].get<std::string>(), result["ruleId"].get<std::string>());
  const std::string csv = exports::csv(std::span(&image(), 1));
  const std::string table = daemon::findings_text(image(), {false, 1'000, true});
  std::size_t issues = 0;
  for (const Finding& finding : image().findings) {
    INFO(finding.title);
    CHECK(csv.find(finding.id) != std::string::npos);
    for (const Issue& issue : issues_of(finding)) {
      CHECK(csv.find(issue.code) != std::string::npos);
      if (issue.severity < Severity::low) continue;
      CHECK(results.contains({finding.id, issue.code}));
      CHECK(table.find(issue.reason.substr(0, 20)) != std::string::npos);
      ++issues;
    }
  }
  CHECK(issues > 10);
}

TEST_CASE("each kind of policy rule meets what detectors write", "[export_contract]") {
  PolicyMatch match;
  match.key_types = {"RSA"};
  CHECK(matched(match) > 0);
  match.size_below = 2048;
  CHECK(matched(match) > 0);
  match = {};
  match.curves = {"prime256v1"};
  CHECK(matched(match) > 0);
  match = {};
  match.signature_hashes = {"SHA1"};
  CHECK(matched(match) > 0);
  match = {};
  match.types = {FindingType::certificate};
  match.expires_within_days = 30;
  CHECK(matched(match) > 0);
  match.types = {FindingType::token};
  CHECK(matched(match) > 0);
  match = {};
  match.weaknesses = {"3des"};
  CHECK(matched(match) > 0);
}

TEST_CASE("every weakness in the corpus has its reason and remedy", "[export_contract]") {
  std::set<std::string> codes;
  for (const Finding& finding : image().findings) {
    for (const json& code : finding.attributes.value(attribute::weaknesses, json::array())) codes.insert(code.get<std::string>());
  }
  for (const std::string& code : codes) {
    INFO(code);
    CHECK(weakness_known(code));
  }
  CHECK(codes.size() > 5);
}

}  // namespace landwaiter::detectors
