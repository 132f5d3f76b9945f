// SPDX-License-Identifier: Apache-2.0
// Keys and tokens made by python3-jwcrypto and python3-jwt; openssl says what the keys' identities are.
#include "core/base/encoding.hpp"
#include "core/base/json.hpp"
#include "core/base/limits.hpp"
#include "detectors/formats/json_search.hpp"
#include "detectors/jose/jwt.hpp"
#include "tests/detectors/support/material.hpp"
#include "tests/detectors/support/scan_bytes.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>

namespace landwaiter::detectors {
namespace {

using nlohmann::json;

/// Debian's own interpreter: its modules are installed for no other.
json python(const std::string& program) {
  auto out = run("/usr/bin/python3 -c " + shell_quoted(program));
  if (!out) throw std::runtime_error("python3-jwcrypto or python3-jwt is missing, or failed");
  return json::parse(*out);
}

const json& keys() {
  static const json made = python(R"(
import json
from jwcrypto import jwk
out = []
for name, kind in (("RSA", dict(kty="RSA", size=2048)), ("EC prime256v1", dict(kty="EC", crv="P-256")),
                   ("EC secp384r1", dict(kty="EC", crv="P-384")),
                   ("EC secp521r1", dict(kty="EC", crv="P-521")), ("EC secp256k1", dict(kty="EC", crv="secp256k1")),
                   ("Ed25519", dict(kty="OKP", crv="Ed25519")),
                   ("Ed448", dict(kty="OKP", crv="Ed448")), ("X25519", dict(kty="OKP", crv="X25519")),
                   ("X448", dict(kty="OKP", crv="X448"))):
    key = jwk.JWK.generate(kid="the " + name, use="sig", **kind)
    out.append(dict(name=name, private=key.export_private(), public=key.export_public(), pem=key.export_to_pem().decode()))
print(json.dumps(out)))");
  return made;
}

std::string id_by_openssl(const std::string& pem) {
  const Material material;
  write_file(material.path("p.pem"), pem);
  return "spki-sha256:" + material.openssl("pkey -pubin -in p.pem -pubout -outform DER | openssl dgst -sha256 -r").substr(0, 64);
}

std::string part(const std::string& text) { return base64url_encode(as_bytes(text)); }

/// With a signature of the size that HS256 makes.
std::string token_of(const std::string& header, const std::string& claims) {
  return part(header) + '.' + part(claims) + '.' + part(std::string(32, 's'));
}

/// No part of a token may be in what is said of it.
void check_discreet(const Finding& finding, const std::string& token) {
  const std::string said = finding.title + dump_json(finding.attributes) + finding.id;
  for (std::size_t at = 0; at + 12 <= token.size(); at += 12) CHECK(said.find(token.substr(at, 12)) == std::string::npos);
}

Finding only_token(const FileScanner& scanner, const std::string& file) {
  const Scanned scanned = scanner.scan(file);
  REQUIRE(scanned.findings.size() == 1);
  CHECK(scanned.diagnostics.empty());
  CHECK(scanned.findings[0].type == FindingType::token);
  return scanned.findings[0];
}

}  // namespace

TEST_CASE("JSON Web Keys have the identity that openssl gives them", "[jose]") {
  const FileScanner scanner;
  REQUIRE(keys().size() == 9);
  for (const json& key : keys()) {
    const std::string name = key["name"];
    INFO(name);
    const std::string id = id_by_openssl(key["pem"]);
    for (const char* half : {"private", "public"}) {
      const Scanned scanned = scanner.scan(key[half].get<std::string>());
      REQUIRE(scanned.findings.size() == 1);
      const Finding& finding = scanned.findings[0];
      const bool secret = std::string(half) == "private";
      CHECK(finding.type == (secret ? FindingType::private_key : FindingType::public_key));
      CHECK(finding.severity == (secret ? Severity::high : Severity::info));
      CHECK(finding.id == id);
      CHECK(finding.title.starts_with(name));
      CHECK(finding.attributes["kid"] == "the " + name);
      CHECK(finding.attributes["use"] == "sig");
      if (secret) CHECK(finding.attributes["consistent"] == true);
      const json object = json::parse(key[half].get<std::string>());
      if (secret) CHECK(dump_json(finding.attributes).find(object["d"].get<std::string>()) == std::string::npos);
    }
  }
}

TEST_CASE("JSON Web Keys are found in sets, in any order, in text and in strings", "[jose]") {
  const FileScanner scanner;
  json set = {{"keys", json::array()}};
  for (const json& key : keys()) set["keys"].push_back(json::parse(key["private"].get<std::string>()));
  const std::string other(limits::window_bytes - 300, 'x');
  const std::string string_in_string = json({{"a", json({{"b", set.dump()}}).dump()}}).dump();
  for (const std::string& form : {set.dump(), set.dump(2), "const KEYS = " + set.dump(1, '\t') + ";", json({{"jwks", set.dump()}}).dump(),
                                  string_in_string, other + set.dump(4) + other}) {
    const Scanned scanned = scanner.scan(form);
    CHECK(scanned.of(FindingType::private_key).size() == keys().size());
    CHECK(scanned.findings.size() == keys().size());
  }
  // Objects before the name, of the same key and around it.
  const json first = json::parse(keys()[0]["private"].get<std::string>());
  std::string ordered = R"({"oth":[],"x":{"y":{"z":"}"}},)";
  for (const auto& [name, value] : first.items()) ordered += json(name).dump() + ':' + value.dump() + ',';
  ordered.back() = '}';
  CHECK(scanner.scan(R"({"outer":{"kid":"{\"}", "jwk": )" + ordered + "}}").findings.size() == 1);
  const std::string symmetric = R"({"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T","alg":"HS256","key_ops":["sign"]})";
  const Scanned scanned = scanner.scan(symmetric);
  REQUIRE(scanned.findings.size() == 1);
  CHECK(scanned.findings[0].type == FindingType::secret_key);
  CHECK(scanned.findings[0].id.starts_with("hmac-sha256:"));
  CHECK(scanned.findings[0].attributes["key_size_bits"] == 264);
  CHECK(scanned.findings[0].attributes["key_ops"] == json::array({"sign"}));
  CHECK(scanner.scan(R"({"kty":"oct","k":"c2hvcnRzaG9ydA"})").findings[0].attributes["weaknesses"] == json::array({"short-symmetric-key"}));
}

TEST_CASE("a chain in a JSON Web Key is reported, too", "[jose]") {
  const Material material;
  material.key("k", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256");
  material.certificate("k", "-subj /CN=chained -days 10");
  json key = json::parse(keys()[1]["public"].get<std::string>());
  key["x5c"] = json::array({base64_encode(as_bytes(material.openssl("x509 -in k.crt -outform DER")))});
  key["x5t#S256"] = "abc";
  const Scanned scanned = FileScanner().scan(key.dump());
  // The chain is base64 in text, too, and found as such; reports join what is the same.
  const auto certificates = scanned.of(FindingType::certificate);
  REQUIRE_FALSE(certificates.empty());
  for (const Finding& certificate : certificates) CHECK(certificate.attributes["subject"] == "CN=chained");
  REQUIRE(scanned.of(FindingType::public_key).size() == 1);
  CHECK(scanned.of(FindingType::public_key)[0].attributes["certificates"] == 1);
  CHECK(scanned.of(FindingType::public_key)[0].attributes["x5t_s256"] == "abc");
}

TEST_CASE("ML-DSA keys in JSON", "[jose]") {
  const std::string pub = base64url_encode(Bytes(1312, 7)), priv = base64url_encode(Bytes(32, 9));
  const Scanned scanned = FileScanner().scan(json({{"kty", "AKP"}, {"alg", "ML-DSA-44"}, {"pub", pub}, {"priv", priv}}).dump());
  REQUIRE(scanned.findings.size() == 1);
  CHECK(scanned.findings[0].type == FindingType::private_key);
  CHECK(scanned.findings[0].attributes["key_type"] == "ML-DSA-44");
  CHECK(scanned.findings[0].id.starts_with("spki-sha256:"));
}

TEST_CASE("signed tokens of every algorithm", "[jose]") {
  const json tokens = python(R"(
import json, jwt
from jwcrypto import jwk
keys = {a: jwk.JWK.generate(**k).export_to_pem(private_key=True, password=None).decode() for a, k in
        dict(RS=dict(kty="RSA", size=2048), ES256=dict(kty="EC", crv="P-256"), ES384=dict(kty="EC", crv="P-384"),
             ES512=dict(kty="EC", crv="P-521"),
             ES256K=dict(kty="EC", crv="secp256k1"), EdDSA=dict(kty="OKP", crv="Ed25519")).items()}
claims = {"iss": "https://issuer.example", "sub": "somebody secret", "aud": ["a", "b"], "iat": 1700000000, "nbf": 1700000000,
          "exp": 1700003600, "role": "x"}
out = {}
for alg in ("HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "ES256K", "EdDSA"):
    key = "k" * 64 if alg[0] == "H" else keys["RS"] if alg[1] == "S" and alg[0] in "RP" else keys[alg]
    out[alg] = jwt.encode(claims, key, algorithm=alg, headers={"kid": "key of " + alg})
print(json.dumps(out)))");
  const FileScanner scanner;
  REQUIRE(tokens.size() == 14);
  for (const auto& [algorithm, value] : tokens.items()) {
    INFO(algorithm);
    const std::string token = value.get<std::string>();
    for (const std::string& file :
         {token, "Authorization: Bearer " + token + "\r\n", "{\"t\":\"" + token + "\"}", "a\\n" + token + "\\n", "?t=" + token + "&u",
          "id_token%3D" + token + "%26", std::string(limits::window_bytes - 50, ' ') + token + " "}) {
      const Finding finding = only_token(scanner, file);
      check_discreet(finding, token);
      CHECK(finding.severity == Severity::medium);
      CHECK(finding.id == only_token(scanner, token).id);
      CHECK(finding.occurrences[0].offset == file.find(token));
    }
    const Finding finding = only_token(scanner, token);
    const json& attributes = finding.attributes;
    CHECK(finding.title == "JWT " + algorithm + " by https://issuer.example");
    CHECK(attributes["algorithm"] == algorithm);
    CHECK(attributes["symmetric"] == algorithm.starts_with("HS"));
    CHECK(attributes["typ"] == "JWT");
    CHECK(attributes["kid"] == "key of " + algorithm);
    CHECK(attributes["audience"] == json::array({"a", "b"}));
    CHECK(attributes["has_subject"] == true);
    CHECK(attributes["issued_at"] == "2023-11-14T22:13:20Z");
    CHECK(attributes["expires"] == "2023-11-14T23:13:20Z");
    CHECK(attributes["claim_names"] == json::array({"aud", "exp", "iat", "iss", "nbf", "role", "sub"}));
    CHECK(attributes["weaknesses"].empty());
    CHECK(dump_json(attributes).find("somebody") == std::string::npos);
  }
}

TEST_CASE("encrypted tokens", "[jose]") {
  const json tokens = python(R"(
import json
from jwcrypto import jwk, jwe
rsa = jwk.JWK.generate(kty="RSA", size=2048); ec = jwk.JWK.generate(kty="EC", crv="P-256")
def oct(bits): return jwk.JWK.generate(kty="oct", size=bits)
out = []
for alg, enc, key in (("RSA-OAEP", "A256GCM", rsa), ("RSA-OAEP-256", "A128CBC-HS256", rsa), ("ECDH-ES", "A128GCM", ec),
                      ("ECDH-ES+A256KW", "A192CBC-HS384", ec),
                      ("dir", "A256CBC-HS512", oct(512)), ("A128KW", "A192GCM", oct(128)), ("A256GCMKW", "A256GCM", oct(256))):
    token = jwe.JWE(b"hidden", json.dumps({"alg": alg, "enc": enc}))
    token.add_recipient(key)
    out.append([alg, enc, token.serialize(compact=True), token.serialize(compact=False)])
print(json.dumps(out)))");
  const FileScanner scanner;
  REQUIRE(tokens.size() == 7);
  for (const json& one : tokens) {
    INFO(one.dump());
    const Finding finding = only_token(scanner, "x " + one[2].get<std::string>() + " y");
    CHECK(finding.attributes["format"] == "JWE");
    CHECK(finding.attributes["algorithm"] == one[0]);
    CHECK(finding.attributes["encryption_algorithm"] == one[1]);
    CHECK(finding.severity == Severity::medium);
    check_discreet(finding, one[2]);
    const Finding same = only_token(scanner, one[3]);
    CHECK(same.attributes["encoding"] == "JSON");
    CHECK(same.id == finding.id);
  }
}

TEST_CASE("signatures in JSON", "[jose]") {
  const json forms = python(R"(
import json
from jwcrypto import jwk, jws
key = jwk.JWK.generate(kty="EC", crv="P-256")
def signed(payload, count):
    token = jws.JWS(payload)
    for i in range(count): token.add_signature(key, None, json.dumps({"alg": "ES256"}))
    return token
claims = json.dumps({"iss": "me", "exp": 1700000000})
one = signed(claims, 1)
print(json.dumps([one.serialize(True), one.serialize(False), signed(claims, 2).serialize(False), signed("text", 1).serialize(True)])))");
  const FileScanner scanner;
  const Finding compact = only_token(scanner, forms[0]);
  CHECK(only_token(scanner, forms[1]).id == compact.id);
  CHECK(only_token(scanner, json({{"inner", forms[1]}}).dump()).id == compact.id);
  const Scanned two = scanner.scan(forms[2].get<std::string>());
  REQUIRE(two.findings.size() == 2);
  CHECK(two.findings[0].attributes["issuer"] == "me");
  const Finding text = only_token(scanner, forms[3]);
  CHECK(text.attributes["format"] == "JWS");
  CHECK(text.severity == Severity::info);
}

TEST_CASE("headers as different writers lay them out", "[jose]") {
  const FileScanner scanner;
  for (const char* header :
       {R"({"alg":"HS256"})", R"({ "alg" : "HS256" })", "{\n  \"alg\": \"HS256\"\n}", "{\r\n \"alg\":\"HS256\"}", "{\t\"alg\":\"HS256\"}",
        R"({"typ":"JWT","alg":"HS256"})", R"({"typ":"JWT",  "alg":"HS256"})", R"({"typ":"JWT", "alg":"HS256"})", R"( {"alg":"HS256"})"}) {
    INFO(header);
    CHECK(only_token(scanner, token_of(header, R"({"exp":1})")).attributes["algorithm"] == "HS256");
  }
}

TEST_CASE("what is wrong with a token, and whose it is", "[jose]") {
  const FileScanner scanner;
  const auto weaknesses = [&](const std::string& token) { return only_token(scanner, token).attributes["weaknesses"]; };
  CHECK(weaknesses(part(R"({"alg":"none"})") + '.' + part(R"({"exp":1700000000})") + '.') == json::array({"alg-none"}));
  CHECK(weaknesses(token_of(R"({"alg":"HS256"})", R"({"iss":"x"})")) == json::array({"no-expiry"}));
  CHECK(weaknesses(token_of(R"({"alg":"HS256"})", R"({"iat":1600000000,"exp":1700000000.5})")) == json::array({"long-lived-token"}));
  const Finding absurd = only_token(scanner, token_of(R"({"alg":"HS256"})", R"({"iat":-1e300,"exp":1e300,"nbf":"soon","aud":{},"iss":7})"));
  for (const char* name : {"expires", "issued_at", "not_before", "audience", "issuer"}) CHECK(absurd.attributes[name].is_null());

  const char* bound = R"({"aud":["https://kubernetes.default.svc"],"exp":1,"kubernetes.io":{"namespace":"prod","pod":{"name":"p"},)"
                      R"("serviceaccount":{"name":"builder","uid":"u"}}})";
  const char* legacy = R"({"iss":"kubernetes/serviceaccount","kubernetes.io/serviceaccount/namespace":"prod",)"
                       R"("kubernetes.io/serviceaccount/service-account.name":"builder"})";
  for (const char* claims : {bound, legacy}) {
    const Finding finding = only_token(scanner, token_of(R"({"alg":"HS256","kid":"k"})", claims));
    CHECK(finding.attributes["kubernetes_service_account"] == "prod/builder");
    CHECK(finding.title == "JWT HS256 of Kubernetes service account prod/builder");
  }
  // The example of jwt.io.
  const Finding example =
      only_token(scanner,
                 "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ"
                 ".SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c");
  CHECK(example.severity == Severity::info);
  CHECK(example.attributes["publisher"] == "jwt.io");
  CHECK(example.title == "JWT HS256, published example");
}

TEST_CASE("what only looks like JSON Web Keys and tokens is silent", "[jose]") {
  const FileScanner scanner;
  const std::string header = part(R"({"alg":"HS256"})"), claims = part(R"({"exp":1})"), signature = part(std::string(32, 's'));
  const std::string good = header + '.' + claims + '.' + signature;
  REQUIRE(scanner.scan(good).findings.size() == 1);
  for (const std::string& text :
       {"." + good,
        good + ".",
        good + ".x",
        "a" + good,
        good + "a",
        header + '.' + claims,
        header + ".." + part("short"),
        header,
        header + '.' + claims + '.' + part(std::string(31, 's')),
        part(R"(["alg"])") + '.' + claims + '.' + signature,
        part(R"({"alg":5})") + '.' + claims + '.' + signature,
        part(R"({"alg":"HS256")") + '.' + claims + '.' + signature,
        part(R"({"alg":"none"})") + ".YWJj.",
        part(R"({"alg":"dir","enc":"A128GCM"})") + "..YWJj.YWJj.YWJj",
        header + '.' + claims + '.' + claims + '.' + claims + '.' + signature,
        std::string(
            "switch(e.alg){case\"none\":return a.b.c}//# sourceMappingURL=data:application/json;base64,eyJ2ZXJzaW9uIjozLCJhbGciOiJhIn0="),
        std::string(R"({"kty":"RSA","n":"...","e":"AQAB"})"),
        std::string(R"({"kty":"RSA"})"),
        std::string(R"("kty")"),
        std::string(R"(if (!("kty" in key)) { throw })"),
        std::string(R"({"kty":{"enum":["RSA","EC"]}})"),
        std::string(R"({"kty":"OKP","crv":"Ed25519","x":"AAAA"})"),
        std::string(R"({"kty":"oct","k":"AA"})")}) {
    INFO(text);
    const Scanned scanned = scanner.scan(text);
    CHECK(scanned.findings.empty());
    CHECK(scanned.diagnostics.empty());
  }
}

TEST_CASE("hostile JSON and tokens harm nothing", "[jose]") {
  const FileScanner scanner;
  const std::string key = keys()[0]["private"];
  for (std::size_t size = 0; size < key.size(); size += 3) CHECK(scanner.scan(std::string_view(key).substr(0, size)).findings.empty());
  const std::string token = token_of(R"({"alg":"HS256"})", R"({"exp":1})");
  for (std::size_t size = 0; size < token.size(); ++size) CHECK(scanner.scan(std::string_view(token).substr(0, size)).findings.empty());
  // Deep, and many braces before and behind.
  CHECK(scanner.scan(std::string(100'000, '{') + "\"kty\":1").findings.empty());
  CHECK(scanner.scan("{\"kty\":" + std::string(100'000, '[')).findings.empty());
  std::string many;
  for (int i = 0; i < 5'000; ++i) many += "{\"kty\":\"RSA\",";
  CHECK(scanner.scan(many).findings.empty());
  const std::string deep = std::string(200, '[') + std::string(200, ']');
  CHECK(scanner.scan(token_of("{\"alg\":\"HS256\",\"x\":" + deep + "}", "{}")).findings.empty());
  CHECK_FALSE(read_compact(std::string(1'000'000, '.')));
  CHECK_FALSE(enclosing_object("\"kty", 0, 0));
  CHECK_FALSE(find_compact("a", 1, true));
}

}  // namespace landwaiter::detectors
