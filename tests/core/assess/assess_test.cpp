// SPDX-License-Identifier: Apache-2.0
#include "core/assess/assess.hpp"

#include "core/base/encoding.hpp"
#include "core/base/json.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <map>

using namespace landwaiter;
using nlohmann::json;

namespace {

Digest digest_of(std::string_view text) { return Digest::sha256_of(as_bytes(text)); }
SystemTime at(std::string_view date) { return *from_rfc3339(std::string(date) + "T00:00:00Z"); }

const Policy kNone = *Policy::builtin("none");
const Policy kStandard = Policy::standard();

Finding finding(FindingType type, std::string id, json attributes, std::string path = "a") {
  Finding out;
  out.type = type;
  out.id = std::move(id);
  out.title = "Certificate CN=" + out.id;
  out.attributes = std::move(attributes);
  out.severity = type == FindingType::private_key ? Severity::high : Severity::info;
  out.occurrences.push_back({std::move(path), {}, 0, digest_of("1"), std::nullopt});
  return out;
}

json server(bool self_signed = false) {
  return {{"not_before", "2025-01-01T00:00:00Z"},
          {"not_after", "2028-01-01T00:00:00Z"},
          {"usages", json::array({"server"})},
          {"self_signed", self_signed}};
}

ImageReport image(std::vector<Finding> findings) {
  ImageReport out;
  out.facts.layers = {digest_of("1"), digest_of("2"), digest_of("3")};
  out.findings = std::move(findings);
  return out;
}

/// The assessed finding.
Finding assessed(std::vector<Finding> findings, const std::string& id, std::string_view date = "2026-06-01", const Policy& policy = kNone) {
  ImageReport report = image(std::move(findings));
  assess(report, {&policy, at(date), nullptr, nullptr});
  const auto found = std::ranges::find(report.findings, id, &Finding::id);
  REQUIRE(found != report.findings.end());
  return *found;
}

const Issue* issue(const std::vector<Issue>& issues, std::string_view code) {
  const auto found = std::ranges::find(issues, code, &Issue::code);
  return found == issues.end() ? nullptr : &*found;
}

std::vector<std::string> codes(const Finding& finding) {
  std::vector<std::string> out;
  for (const Issue& each : issues_of(finding)) out.push_back(each.code);
  return out;
}

using Codes = std::vector<std::string>;

}  // namespace

TEST_CASE("time is told of certificates with the facts") {
  const json dates{{"not_before", "2024-01-01T00:00:00Z"}, {"not_after", "2024-03-01T00:00:00Z"}};
  const Finding expired = assessed({finding(FindingType::certificate, "c", dates)}, "c", "2025-11-23");
  CHECK(codes(expired) == Codes{"expired"});
  CHECK(expired.severity == Severity::medium);
  CHECK(issues_of(expired)[0].reason == "It expired 2024-03-01, 632 days ago.");

  const Finding soon = assessed({finding(FindingType::certificate, "c", dates)}, "c", "2024-02-20");
  CHECK(codes(soon) == Codes{"expiring"});
  CHECK(issues_of(soon)[0].reason == "It expires 2024-03-01, in 10 days.");
  CHECK(codes(assessed({finding(FindingType::certificate, "c", dates)}, "c", "2024-01-15")).empty());
  Policy early = kNone;
  early.expiry_warning_days = 60;
  CHECK(codes(assessed({finding(FindingType::certificate, "c", dates)}, "c", "2024-01-15", early)) == Codes{"expiring"});
  const json future{{"not_before", "2030-01-01T00:00:00Z"}, {"not_after", "2031-01-01T00:00:00Z"}};
  CHECK(codes(assessed({finding(FindingType::certificate, "c", future)}, "c")) == Codes{"not-yet-valid"});
}

TEST_CASE("public roots that expired are information, and nothing is said of those that will") {
  json root{{"not_before", "2024-01-01T00:00:00Z"}, {"not_after", "2024-03-01T00:00:00Z"}, {"public_root", true}};
  const Finding expired = assessed({finding(FindingType::certificate, "c", root)}, "c");
  CHECK(codes(expired) == Codes{"expired"});
  CHECK(expired.severity == Severity::info);
  CHECK(codes(assessed({finding(FindingType::certificate, "c", root)}, "c", "2024-02-20")).empty());
}

TEST_CASE("weaknesses raise the severity and never lower it") {
  Finding weak = finding(FindingType::keystore, "k", {{"weaknesses", {"few-iterations", "empty-password", "unheard-of"}}});
  const Finding judged = assessed({weak}, "k");
  CHECK(codes(judged) == Codes{"empty-password", "unheard-of", "few-iterations"});
  CHECK(judged.severity == Severity::high);
  weak.severity = Severity::critical;
  CHECK(assessed({weak}, "k").severity == Severity::critical);
  Finding alone = finding(FindingType::keystore, "k", {{"weaknesses", json::array({"few-iterations"})}});
  CHECK(severity_with_weaknesses(alone) == Severity::low);
  alone.severity = Severity::high;
  CHECK(severity_with_weaknesses(alone) == Severity::high);
}

TEST_CASE("a key beside a valid server certificate is critical, and less when it is encrypted, expired or signed by itself") {
  const auto judged = [](const json& key, const json& certificate, std::string_view date = "2026-06-01") {
    json with_match = key;
    with_match["matching_certificates"] = json::array({"c"});
    return assessed({finding(FindingType::private_key, "k", with_match), finding(FindingType::certificate, "c", certificate)}, "k", date);
  };
  const Finding worst = judged({{"encrypted", false}}, server());
  CHECK(worst.severity == Severity::critical);
  REQUIRE(issue(issues_of(worst), "key-with-certificate"));
  CHECK(issues_of(worst)[0].reason == "The certificate CN=c is in the same image.");
  CHECK(issue(issues_of(judged({{"encrypted", true}}, server())), "key-with-certificate")->severity == Severity::medium);
  CHECK(judged({}, server(true)).severity == Severity::high);
  const Finding late = judged({}, server(), "2029-01-01");
  CHECK(issue(issues_of(late), "key-with-certificate")->severity == Severity::medium);
  CHECK(late.severity == Severity::high);
  CHECK(issue(issues_of(late), "exposed-private-key"));
}

TEST_CASE("the key of an authority is named as such") {
  json authority = server(true);
  authority["is_ca"] = true;
  authority["usages"] = json::array({"ca"});
  const Finding key = assessed({finding(FindingType::private_key, "k", {{"matching_certificates", json::array({"c"})}}),
                                finding(FindingType::certificate, "c", authority)},
                               "k");
  CHECK(key.severity == Severity::critical);
  CHECK(codes(key) == Codes{"ca-private-key"});
}

TEST_CASE("a server's own certificate is no authority, also if it is marked as one", "[assess][server]") {
  const auto judged = [](json certificate, const json& other = json()) {
    certificate.update(
        {{"not_before", "2025-01-01T00:00:00Z"}, {"not_after", "2028-01-01T00:00:00Z"}, {"is_ca", true}, {"self_signed", true}});
    std::vector<Finding> findings{finding(FindingType::private_key, "k", {{"matching_certificates", json::array({"c"})}}),
                                  finding(FindingType::certificate, "c", certificate)};
    if (!other.is_null()) findings.push_back(finding(FindingType::certificate, "d", other));
    return issues_of(assessed(findings, "k")).at(0);
  };
  const json shop{{"subject", "CN=shop"}, {"subject_alternative_names", {"DNS:shop.example.com"}}};
  const Issue own = judged(shop);
  CHECK(own.code == "key-with-certificate");
  CHECK(own.severity == Severity::high);
  CHECK(own.reason == "It is the key of the self-signed server certificate for shop.example.com (marked as an authority).");
  CHECK(own.remedy.find("server") != std::string::npos);
  CHECK(judged({{"subject", "O=Shop,CN=shop.example.com"}}).reason.find("for shop.example.com (marked") != std::string::npos);
  CHECK(judged({{"subject", "CN=x"}, {"usages", {"ca", "server"}}}).code == "key-with-certificate");
  CHECK(judged({{"subject", "CN=x"}, {"subject_alternative_names", {"IP:10.0.0.1"}}}).reason.find("for 10.0.0.1 ") != std::string::npos);
  // A real one has no host's name, may do nothing but sign, or has signed others.
  CHECK(judged({{"subject", "CN=Example Root CA,O=Example"}}).code == "ca-private-key");
  json signs = shop;
  signs["key_usage"] = json::array({"keyCertSign", "cRLSign"});
  CHECK(judged(signs).code == "ca-private-key");
  json issuer = shop;
  issuer["issuer"] = issuer["subject"];
  CHECK(judged(issuer, {{"subject", "CN=leaf"}, {"issuer", "CN=shop"}}).code == "ca-private-key");
}

TEST_CASE("public keys of a distribution's keyrings are no work for who uses it", "[assess][keyring]") {
  const json weak{{"key_type", "DSA"}, {"key_size_bits", 1024}, {"weaknesses", {"dsa-1024"}}};
  for (const std::string path : {"usr/share/keyrings/debian-archive-removed-keys.gpg", "etc/apt/trusted.gpg", "etc/apt/trusted.gpg.d/a.gpg",
                                 "etc/pki/rpm-gpg/RPM-GPG-KEY-a", "usr/share/pacman/keyrings/archlinux.gpg", "etc/apk/keys/a.rsa.pub"}) {
    INFO(path);
    Finding key = finding(FindingType::public_key, "p", weak, path);
    key.severity = Severity::medium;
    const Finding judged = assessed({key}, "p");
    CHECK(judged.severity == Severity::info);
    REQUIRE(codes(judged) == Codes{"dsa-1024"});
    CHECK(issues_of(judged)[0].severity == Severity::info);
    CHECK(issues_of(judged)[0].remedy.find("update the package") != std::string::npos);
    // One that lies elsewhere, too, or in an archive there, or a private key is somebody's own.
    Finding elsewhere = key;
    elsewhere.occurrences.push_back({"root/key.gpg", {}, 0, digest_of("1"), std::nullopt});
    CHECK(assessed({elsewhere}, "p").severity == Severity::medium);
    Finding inside = key;
    inside.occurrences[0].archive = {"key.gpg"};
    CHECK(assessed({inside}, "p").severity == Severity::medium);
    CHECK(assessed({finding(FindingType::private_key, "p", weak, path)}, "p").severity == Severity::high);
  }
  CHECK(assessed({finding(FindingType::public_key, "p", weak, "home/a/usr/share/keyrings/a.gpg")}, "p").severity == Severity::medium);
}

TEST_CASE("a setting's remedy is the line to write", "[assess][settings]") {
  const auto remedies = [](const std::string& software, const json& weaknesses) {
    std::map<std::string, std::string> out;
    const Finding judged =
        assessed({finding(FindingType::crypto_configuration, "s", {{"software", software}, {"weaknesses", weaknesses}})}, "s");
    for (const Issue& each : issues_of(judged)) out[each.code] = each.remedy;
    return out;
  };
  auto nginx = remedies("nginx", {"tls-1.0", "tls-1.1", "rc4", "3des"});
  CHECK(nginx.size() == 4);
  CHECK(nginx["tls-1.0"] == "Write: ssl_protocols TLSv1.2 TLSv1.3;");
  CHECK(nginx["tls-1.1"] == nginx["tls-1.0"]);
  CHECK(nginx["rc4"] == "Write: ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20;");
  CHECK(remedies("Apache httpd", {"ssl-3"})["ssl-3"] == "Write: SSLProtocol -all +TLSv1.2 +TLSv1.3");
  CHECK(remedies("OpenSSH", {"md5"})["md5"].starts_with("Write: MACs "));
  CHECK(remedies("Unheard-of", {"tls-1.0"})["tls-1.0"] == "Allow TLS 1.2 and 1.3 only.");
}

TEST_CASE("what a later layer deletes is still there, with the layers' numbers") {
  Finding key = finding(FindingType::private_key, "k", {{"encrypted", false}}, "etc/key.pem");
  key.occurrences[0].deleted_by = digest_of("3");
  const Finding judged = assessed({key}, "k");
  const std::vector<Issue> issues = issues_of(judged);
  const Issue* deleted = issue(issues, "deleted-but-present");
  REQUIRE(deleted);
  CHECK(deleted->reason.starts_with("layer 3 ("));
  CHECK(deleted->reason.find("etc/key.pem") != std::string::npos);
  CHECK(deleted->reason.find("layer 1 (") != std::string::npos);
  Finding harmless = finding(FindingType::certificate, "c", json::object());
  harmless.occurrences[0].deleted_by = digest_of("3");
  CHECK(codes(assessed({harmless}, "c")).empty());
}

TEST_CASE("what quantum computers break is information, unless the policy is silent") {
  const Finding rsa = finding(FindingType::public_key, "p", {{"key_type", "RSA"}, {"key_size_bits", 4096}});
  const Finding judged = assessed({rsa}, "p", "2026-06-01", kStandard);
  CHECK(codes(judged) == Codes{"quantum-vulnerable"});
  CHECK(judged.severity == Severity::info);
  CHECK(codes(assessed({rsa}, "p")).empty());
}

TEST_CASE("a root in a trust store that no public program includes is pointed out") {
  const json root{{"is_ca", true}, {"self_signed", true}};
  for (const std::string path : {"etc/ssl/certs/x.pem", "usr/local/share/ca-certificates/x.crt", "usr/lib/jvm/lib/security/cacerts",
                                 "opt/certifi/cacert.pem", "etc/pki/ca-trust/x"}) {
    INFO(path);
    CHECK(codes(assessed({finding(FindingType::certificate, "c", root, path)}, "c")) == Codes{"unusual-root"});
  }
  CHECK(codes(assessed({finding(FindingType::certificate, "c", root, "srv/ca.pem")}, "c")).empty());
  json known = root;
  known["public_root"] = true;
  CHECK(codes(assessed({finding(FindingType::certificate, "c", known, "etc/ssl/certs/x.pem")}, "c")).empty());
  CHECK(codes(assessed({finding(FindingType::certificate, "c", {{"is_ca", true}}, "etc/ssl/certs/x.pem")}, "c")).empty());
}

TEST_CASE("what has at least low severity says why") {
  Finding token = finding(FindingType::token, "t", json::object());
  token.severity = Severity::high;
  CHECK(codes(assessed({token}, "t")) == Codes{"exposed-secret"});
  Finding other = finding(FindingType::crl, "o", json::object());
  other.severity = Severity::low;
  CHECK(codes(assessed({other}, "o")) == Codes{"weak"});
  CHECK(codes(assessed({finding(FindingType::token, "t", {{"expires", "2030-01-01T00:00:00Z"}})}, "t")) == Codes{"token-not-expired"});
  CHECK(codes(assessed({finding(FindingType::token, "t", {{"expires", "2020-01-01T00:00:00Z"}})}, "t")).empty());
  CHECK(codes(assessed({finding(FindingType::crypto_library, "l", {{"end_of_life", "2023-09-11"}})}, "l")) == Codes{"end-of-life"});
  CHECK(codes(assessed({finding(FindingType::crypto_library, "l", {{"end_of_life", "2033-09-11"}})}, "l")).empty());
  const json weak{{"end_of_life", "2033-09-11"}, {"weaknesses", json::array({"end-of-life"})}};
  CHECK(codes(assessed({finding(FindingType::crypto_library, "l", weak)}, "l")).empty());
}

TEST_CASE("assessing twice changes nothing, and neither does the order of findings") {
  std::vector<Finding> findings{finding(FindingType::private_key, "k",
                                        {{"matching_certificates", json::array({"c"})},
                                         {"key_type", "RSA"},
                                         {"key_size_bits", 1024},
                                         {"weaknesses", json::array({"rsa-1024"})}}),
                                finding(FindingType::certificate, "c", server()),
                                finding(FindingType::token, "t", {{"weaknesses", json::array({"alg-none"})}})};
  findings[0].occurrences[0].deleted_by = digest_of("2");
  ImageReport first = image(findings);
  assess(first, {&kStandard, at("2026-06-01"), nullptr, nullptr});
  const std::string text = dump_json(first);
  assess(first, {&kStandard, at("2026-06-01"), nullptr, nullptr});
  CHECK(dump_json(first) == text);
  std::ranges::reverse(findings);
  ImageReport second = image(findings);
  assess(second, {&kStandard, at("2026-06-01"), nullptr, nullptr});
  CHECK(dump_json(second) == text);
}

TEST_CASE("known compromised keys are critical") {
  std::string records;
  for (int i = 0; i < 50; ++i) records += std::string(14, 'a') + static_cast<char>(i * 2) + static_cast<char>(i);
  const auto list = Blocklist::over(as_bytes(records), nullptr, "list");
  REQUIRE(list);
  const auto hash = [](int last) { return hex_encode(as_bytes(std::string(14, 'a') + static_cast<char>(last))); };
  for (int i = 0; i < 50; ++i) CHECK((*list)->find(hash(i * 2)) == static_cast<unsigned>(i));
  for (int i = 0; i < 50; ++i) CHECK_FALSE((*list)->find(hash(i * 2 + 1)));
  for (const std::string& wrong : {std::string(), std::string(30, 'z'), hash(0) + "00", hash(0).substr(2)})
    CHECK_FALSE((*list)->find(wrong));

  std::vector<ImageReport> images{image({finding(FindingType::public_key, "p", {{"key_hash", hash(14)}})})};
  assess_all(images, kNone, at("2026-06-01"), list->get());
  CHECK(codes(images[0].findings[0]) == Codes{"known-compromised"});
  CHECK(images[0].findings[0].severity == Severity::critical);
}

TEST_CASE("bytes that are no blocklist are refused") {
  const auto accepted = [&](const std::string& bytes) { return Blocklist::over(as_bytes(bytes), nullptr, "list").has_value(); };
  CHECK_FALSE(accepted(""));
  CHECK_FALSE(accepted(std::string(15, 'a')));
  CHECK_FALSE(accepted(std::string(16, 'b') + std::string(16, 'a')));
  CHECK(accepted(std::string(16, 'a') + std::string(16, 'b')));
}

TEST_CASE("certificates are linked to their issuers") {
  const auto certificate = [](const std::string& id, const std::string& subject, const std::string& issuer, json more = json::object()) {
    json attributes{{"subject", subject},        {"issuer", issuer},           {"is_ca", true}, {"self_signed", subject == issuer},
                    {"subject_key_id", nullptr}, {"authority_key_id", nullptr}};
    attributes.update(more);
    return finding(FindingType::certificate, id, attributes);
  };
  ImageReport report =
      image({certificate("leaf", "L", "I", {{"authority_key_id", "02"}, {"is_ca", false}}),
             certificate("old", "I", "R", {{"subject_key_id", "01"}}), certificate("new", "I", "R", {{"subject_key_id", "02"}}),
             certificate("root", "R", "R"), certificate("orphan", "O", "X"), certificate("loop1", "A", "B"), certificate("loop2", "B", "A"),
             certificate("from-leaf", "Z", "L")});
  assess(report, {&kNone, at("2026-06-01"), nullptr, nullptr});
  std::map<std::string, json> by_id;
  for (const Finding& each : report.findings) by_id[each.id] = each.attributes;
  CHECK(by_id["leaf"]["issued_by"] == "new");
  CHECK(by_id["leaf"]["chain_complete"] == true);
  CHECK(by_id["new"]["issued_by"] == "root");
  CHECK(by_id["root"]["issued_by"] == "root");
  CHECK(by_id["root"]["chain_complete"] == true);
  CHECK(by_id["orphan"]["issued_by"].is_null());
  CHECK(by_id["orphan"]["chain_complete"] == false);
  CHECK(by_id["loop1"]["issued_by"] == "loop2");
  CHECK(by_id["loop1"]["chain_complete"] == false);
  CHECK(by_id["from-leaf"]["issued_by"].is_null());
}

TEST_CASE("attributes that hold anything break nothing") {
  for (const json& odd :
       {json(nullptr), json(7), json::array({1, nullptr}),
        json{{"weaknesses", 7}, {"not_after", json::object()}, {"matching_certificates", {1, 2}}, {"issues", "x"}, {"end_of_life", 3}}}) {
    for (int i = 0; i <= static_cast<int>(FindingType::misconfiguration); ++i) {
      Finding each = finding(static_cast<FindingType>(i), "x", odd);
      each.severity = Severity::info;
      CHECK(codes(assessed({each}, "x", "2026-06-01", kStandard)).empty());
    }
  }
}

TEST_CASE("a trust store's well-known password is no alarm, a key store's is") {
  const auto store = [](const char* kind, const char* listing = "complete") {
    return json{{"weaknesses", json::array({"well-known-password"})},
                {"listing", listing},
                {"entries", json::array({json{{"alias", "a"}, {"kind", kind}}})}};
  };
  CHECK(assessed({finding(FindingType::keystore, "k", store("certificate"))}, "k").severity == Severity::info);
  CHECK(assessed({finding(FindingType::keystore, "k", store("certificate", "partial"))}, "k").severity ==
        Severity::high);  // who knows what follows
  CHECK(assessed({finding(FindingType::keystore, "k", store("private-key"))}, "k").severity == Severity::high);
}

TEST_CASE("a published key that is in use is judged by its place") {
  const json published{{"publisher", "a test suite"}, {"encrypted", false}, {"matching_certificates", json::array({"c"})}};
  const auto severity = [&](const std::string& path, std::vector<Finding> more = {}) {
    Finding key = finding(FindingType::private_key, "k", published, path);
    key.severity = Severity::low;
    more.push_back(std::move(key));
    return assessed(std::move(more), "k").severity;
  };
  for (const char* path : {"usr/lib/libx.so", "app/node_modules/x/test/key.pem", "srv/key.pem", "usr/share/etc/key.pem"}) {
    INFO(path);
    CHECK(severity(path) == Severity::low);
  }
  for (const char* path :
       {"etc/nginx/ssl/server.key", "etc/ssl/private/key.pem", "usr/local/etc/key", "root/.ssh/id_rsa", "run/secrets/tls"}) {
    INFO(path);
    CHECK(severity(path) == Severity::high);
  }
  const json settings{{"software", "nginx"}, {"settings", {{"directives", {{"ssl_certificate_key", json::array({"/srv/key.pem"})}}}}}};
  CHECK(severity("srv/key.pem", {finding(FindingType::crypto_configuration, "s", settings)}) == Severity::high);
  CHECK(severity("srv/other.pem", {finding(FindingType::crypto_configuration, "s", settings)}) == Severity::low);
  // With the certificate that a server shows, it is as bad as any.
  CHECK(severity("etc/ssl/private/key.pem", {finding(FindingType::certificate, "c", server())}) == Severity::critical);
  CHECK(severity("usr/lib/libx.so", {finding(FindingType::certificate, "c", server())}) == Severity::low);
}

TEST_CASE("a key that a program carries to test itself stays low, however weak") {
  const json weak{{"weaknesses", json::array({"rsa-512"})}, {"key_type", "RSA"}, {"key_size_bits", 512}};
  json published = weak;
  published["publisher"] = "openssl speed";
  CHECK(assessed({finding(FindingType::private_key, "k", weak)}, "k").severity == Severity::high);
  Finding carried = finding(FindingType::private_key, "k", published);
  carried.severity = Severity::low;  // as its detector says
  CHECK(assessed({carried}, "k").severity == Severity::low);
}
