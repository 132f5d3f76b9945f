// SPDX-License-Identifier: Apache-2.0
#include "core/base/digest.hpp"
#include "core/base/encoding.hpp"
#include "tests/detectors/support/everywhere.hpp"
#include "tests/detectors/support/material.hpp"
#include "tests/detectors/support/shell.hpp"

#include <algorithm>
#include <cctype>

namespace landwaiter::detectors {
namespace {

using nlohmann::json;

struct Made {
  Material material;
  std::string key_pem, certificate_pem, certificate_der, key_id, certificate_id;

  Made() {
    material.key("k", "-algorithm RSA -pkeyopt rsa_keygen_bits:2048");
    material.certificate("k", "-subj /CN=encoded -days 10");
    key_pem = material.file("k.pem");
    certificate_pem = material.file("k.crt");
    certificate_der = material.openssl("x509 -in k.crt -outform DER");
    key_id = material.key_id("k.pem");
    certificate_id = Digest::sha256_of(as_bytes(certificate_der)).str();
  }
};

const Made& made() {
  static const Made made;
  return made;
}
const FileScanner& scanner() {
  static const FileScanner scanner;
  return scanner;
}

std::string in_lines(const std::string& text, std::size_t width, const std::string& end) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += width) out += text.substr(at, width) + end;
  return out;
}

std::string url_alphabet(std::string text) {
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  while (text.ends_with('=')) text.pop_back();
  return text;
}

std::string in_utf16(const std::string& text, bool little) {
  std::string out;
  for (const char c : text) out += little ? std::string{c, '\0'} : std::string{'\0', c};
  return out;
}

void check_key_in(const std::string& file, const json& wrapped) {
  INFO(file.substr(0, 80));
  const Scanned scanned = scanner().scan(file);
  const auto keys = scanned.of(FindingType::private_key);
  REQUIRE(keys.size() == 1);
  CHECK(keys[0].id == made().key_id);
  CHECK(keys[0].attributes["wrapped_in"] == wrapped);
  CHECK(scanned.diagnostics.empty());
}

}  // namespace

TEST_CASE("PEM in base64 is found at every alignment, in lines and in one piece", "[encoded]") {
  for (const char* before : {"", "x", "xy", "xyz", "some text\n"}) {
    INFO(before);
    const std::string base64 = base64_encode(as_bytes(before + made().key_pem));
    check_key_in(base64, json::array({"base64"}));
    check_key_in("data:\n  tls.key: " + base64 + "\n  other: TWFu\n", json::array({"base64"}));
    check_key_in("{\"key\":\"" + base64 + "\"}", json::array({"base64"}));
    check_key_in(in_lines(base64, 76, "\n"), json::array({"base64"}));
    check_key_in(in_lines(base64, 64, "\r\n"), json::array({"base64"}));
    check_key_in("\"" + in_lines(base64, 64, "\\n") + "\"", json::array({"base64"}));
    check_key_in("key: |\n    " + in_lines(base64, 60, "\n    "), json::array({"base64"}));
    check_key_in("key=" + url_alphabet(base64),
                 json::array({url_alphabet(base64).find_first_of("-_") == std::string::npos ? "base64" : "base64url"}));
  }
}

TEST_CASE("base64 in base64 is found", "[encoded]") {
  const std::string once = base64_encode(as_bytes(made().key_pem));
  for (const char* before : {"", "a", "ab", "data:\n  tls.key: "}) {
    INFO(before);
    check_key_in(base64_encode(as_bytes(before + once)), json::array({"base64", "base64"}));
    check_key_in(in_lines(base64_encode(as_bytes(before + once + "\n")), 76, "\n"), json::array({"base64", "base64"}));
  }
}

TEST_CASE("what was compressed before base64 is found, also twice encoded as Helm does", "[encoded]") {
  for (const std::string program : {"gzip", "zstd", "xz", "bzip2"}) {
    INFO(program);
    TemporaryFolder folder;
    const std::string plain = folder / "k", packed = folder / "k.packed";
    write_file(plain, "config: |\n" + made().key_pem);
    must_run(program + " -c < " + shell_quoted(plain) + " > " + shell_quoted(packed));
    const std::string base64 = base64_encode(as_bytes(read_file(packed)));
    const json once = json::array({"base64", program}), twice = json::array({"base64", "base64", program});
    check_key_in("write_files:\n- encoding: gz+b64\n  content: " + base64 + "\n", once);
    check_key_in("{\"user_data_base64\":\"" + base64 + "\"}", once);
    check_key_in("content: |\n    " + in_lines(base64, 60, "\n    "), once);
    for (const char* before : {"", "-", "--", "release: "}) {
      const std::string again = base64_encode(as_bytes(before + base64));
      check_key_in("data:\n  release: " + again + "\n", twice);
      check_key_in(in_lines(again, 76, "\n"), twice);
    }
  }
  CHECK(scanner().scan("H4sI" + base64_encode(as_bytes(std::string(300, 'x')))).diagnostics.empty());
}

TEST_CASE("what zlib packed at any level is found in base64 and hexadecimal", "[encoded]") {
  const std::string python = "python3 -c 'import sys,zlib;sys.stdout.buffer.write(zlib.compress(sys.stdin.buffer.read(),%))' < ";
  // The level is in the header: 78 01, 78 5e, 78 9c, 78 da.
  for (const char level : {'0', '1', '3', '6', '9'}) {
    INFO(level);
    TemporaryFolder folder;
    const std::string plain = folder / "k", packed = folder / "k.z";
    write_file(plain, "config: |\n" + made().key_pem);
    std::string command = python;
    command[command.find('%')] = level;
    must_run(command + shell_quoted(plain) + " > " + shell_quoted(packed));
    const std::string bytes = read_file(packed), base64 = base64_encode(as_bytes(bytes)), url = url_alphabet(base64);
    const json once = json::array({"base64", "zlib"}), twice = json::array({"base64", "base64", "zlib"});
    const json in_url = json::array({url.find_first_of("-_") == std::string::npos ? "base64" : "base64url", "zlib"});
    check_key_in(base64, once);
    check_key_in("<config>" + base64 + "</config>", once);
    check_key_in("{\"state\":\"\\n" + base64 + "\"}", once);
    check_key_in("content: |\n    " + in_lines(base64, 60, "\n    "), once);
    check_key_in(std::string(3 << 20, '.') + "\n" + in_lines(base64, 76, "\r\n"), once);
    check_key_in("https://diagrams.example/#" + url, in_url);
    check_key_in("SAMLRequest=" + url + "&RelayState=1", in_url);
    check_key_in("data:\n  state: " + base64_encode(as_bytes(base64)) + "\n", twice);
    check_key_in("SELECT decode('" + hex_encode(as_bytes(bytes)) + "');", json::array({"hex", "zlib"}));
    std::string upper = hex_encode(as_bytes(bytes));
    std::ranges::transform(upper, upper.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    check_key_in("X'" + upper + "'", json::array({"hex", "zlib"}));
    // Level 0 packs nothing: the key itself is there in base64.
    if (level != '0') CHECK(scanner().scan("x" + base64).of(FindingType::private_key).empty());
  }
  // What only begins like it is no zlib, and nothing is said of it.
  for (const std::string& text : {"eJx" + std::string(300, 'x'), "eAEB" + std::string(300, 'A'), "789c" + std::string(300, 'f')}) {
    const Scanned scanned = scanner().scan("v: " + text + "\n");
    CHECK(scanned.findings.empty());
    CHECK(scanned.diagnostics.empty());
  }
}

TEST_CASE("a gzip in hexadecimal is found, and archives that are not opened in a text are told", "[encoded]") {
  TemporaryFolder folder;
  const std::string plain = folder / "k", packed = folder / "k.gz";
  write_file(plain, made().key_pem);
  must_run("gzip -c < " + shell_quoted(plain) + " > " + shell_quoted(packed));
  const std::string hex = hex_encode(as_bytes(read_file(packed)));
  const json in_hex = json::array({"hex", "gzip"});
  check_key_in("INSERT INTO t VALUES('\\x" + hex + "');", in_hex);
  check_key_in("blob = 0x" + hex, in_hex);
  CHECK(scanner().scan("ab" + hex).of(FindingType::private_key).empty());
  CHECK(scanner().scan("1f8b08" + std::string(300, '0')).diagnostics.size() <= 1);

  using namespace std::string_literals;
  for (const std::string& archive :
       {"7z\xbc\xaf\x27\x1c\0\x04"s, "MSCF\0\0\0\0"s, "PACK\0\0\0\x02"s, "xar!\0\x1c\0\x01"s, "Rar!\x1a\x07\x01\0"s}) {
    const Scanned told = scanner().scan("d: " + base64_encode(as_bytes(archive + std::string(300, 'x'))) + "\n");
    REQUIRE(told.diagnostics.size() == 1);
    CHECK(told.diagnostics[0].code == ErrorCode::unsupported);
    CHECK(told.diagnostics[0].message.ends_with("in a text is not opened"));
  }
}

TEST_CASE("a zip in base64 is found, also twice encoded", "[encoded]") {
  const auto little = [](std::size_t value, int size) {
    std::string out;
    for (; size > 0; --size, value >>= 8) out += static_cast<char>(value & 0xff);
    return out;
  };
  const auto entry = [&](const std::string& name, const std::string& content, int method = 8, int flags = 0) {
    TemporaryFolder folder;
    const std::string plain = folder / "k", packed = folder / "k.gz";
    write_file(plain, content);
    must_run("gzip -nc < " + shell_quoted(plain) + " > " + shell_quoted(packed));
    const std::string gzip = read_file(packed), body = method == 8 ? gzip.substr(10, gzip.size() - 18) : content;
    return "PK\x03\x04" + little(20, 2) + little(static_cast<std::size_t>(flags), 2) + little(static_cast<std::size_t>(method), 2) +
           std::string(8, '\0') + little(body.size(), 4) + little(content.size(), 4) + little(name.size(), 2) + little(0, 2) + name + body;
  };
  const std::string end = "PK\x05\x06" + std::string(18, '\0');
  const json in_zip = json::array({"base64", "zip"});
  for (const std::string& zip : {entry("k", made().key_pem), entry("a", "text") + entry("b/k", "x\n" + made().key_pem) + entry("c", "text"),
                                 entry("k", made().key_pem, 8, 8) + "PK\x07\x08" + std::string(12, 'd') + entry("z", "")}) {
    const std::string base64 = base64_encode(as_bytes(zip + end));
    check_key_in("lambda: " + base64 + "\n", in_zip);
    check_key_in("{\"ZipFile\":\"" + base64 + "\"}", in_zip);
    check_key_in("zip: |\n    " + in_lines(url_alphabet(base64), 60, "\n    "),
                 json::array({url_alphabet(base64) == base64 ? "base64" : "base64url", "zip"}));
    for (const char* before : {"", "-", "--"})
      check_key_in("d: " + base64_encode(as_bytes(before + base64)) + "\n", json::array({"base64", "base64", "zip"}));
  }
  check_key_in("d: " + base64_encode(as_bytes(entry("k", made().key_pem, 0) + end)), json::array({"base64"}));
  const std::string secret = entry("k", made().key_pem, 8, 1) + entry("l", std::string(300, 'l'));
  const Scanned told = scanner().scan("d: " + base64_encode(as_bytes(secret + end)));
  CHECK(told.of(FindingType::private_key).empty());
  REQUIRE(told.diagnostics.size() == 1);
  CHECK(told.diagnostics[0].code == ErrorCode::unsupported);
}

TEST_CASE("keys that stand below each other without padding do not run into each other", "[encoded]") {
  for (const std::size_t pad : {0u, 1u, 2u}) {
    std::string base64 = base64_encode(as_bytes(made().key_pem + std::string(pad, '\n')));
    while (base64.ends_with('=')) base64.pop_back();
    const std::string certificate = base64_encode(as_bytes(made().certificate_pem));
    const Scanned scanned = scanner().scan(base64 + '\n' + certificate + '\n');
    CHECK(scanned.of(FindingType::private_key).size() == 1);
    CHECK(scanned.of(FindingType::certificate).size() == 1);
  }
}

TEST_CASE("DER in base64 without armor is found", "[encoded]") {
  const std::string base64 = base64_encode(as_bytes(made().certificate_der));
  const Finding plain = found_everywhere(scanner(), base64, FindingType::certificate, made().certificate_id);
  CHECK(plain.attributes["wrapped_in"] == json::array({"base64"}));
  CHECK(plain.attributes["encoding"] == "DER");
  for (const std::string& text :
       {"{\"x5c\":[\"" + base64 + "\"]}", "<ds:X509Certificate>\n" + in_lines(base64, 64, "&#13;\n") + "</ds:X509Certificate>",
        "userCertificate;binary:: " + base64.substr(0, 50) + "\n " + in_lines(base64.substr(50), 75, "\n "), "\\n" + base64 + "\\n",
        "\"" + in_lines(base64, 64, "\\n") + "\"", "c=" + url_alphabet(base64)}) {
    INFO(text.substr(0, 40));
    CHECK(scanner().scan(text).of(FindingType::certificate).size() == 1);
  }
  check_cut_is_silent(scanner(), base64.substr(0, base64.size() - 4), FindingType::certificate, 7);
}

TEST_CASE("every kind of object in DER has a trigger for its base64 and its hexadecimal", "[encoded]") {
  const Material material;
  material.key("rsa", "-algorithm RSA -pkeyopt rsa_keygen_bits:2048");
  material.key("rsa1024", "-algorithm RSA -pkeyopt rsa_keygen_bits:1024");
  for (const char* curve : {"P-256", "P-384", "P-521"})
    material.key(curve, std::string("-algorithm EC -pkeyopt ec_paramgen_curve:") + curve);
  material.key("ed", "-algorithm ED25519");
  std::size_t objects = 0;
  const auto check = [&](FindingType type, const std::string& command, bool hexadecimal) {
    INFO(command);
    const std::string der = material.openssl(command);
    const auto direct = scanner().scan(der).of(type);
    REQUIRE(direct.size() == 1);
    const auto in_base64 = scanner().scan("v=" + base64_encode(as_bytes(der)) + ";").of(type);
    REQUIRE(in_base64.size() == 1);
    CHECK(in_base64[0].id == direct[0].id);
    ++objects;
    if (!hexadecimal) return;
    for (std::string text : {hex_encode(as_bytes(der)), in_lines(hex_encode(as_bytes(der)), 60, "\n")}) {
      CHECK(scanner().scan("<" + text + ">").of(type).size() == 1);
      std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
      CHECK(scanner().scan("<" + text + ">").of(type).size() == 1);
    }
  };
  for (const char* key : {"rsa", "rsa1024", "P-256", "P-384", "P-521", "ed"}) {
    const std::string name = key;
    const bool rsa = name == "rsa";
    check(FindingType::private_key, "pkcs8 -topk8 -nocrypt -in " + name + ".pem -outform DER", rsa);
    check(FindingType::private_key, "pkcs8 -topk8 -passout pass:x -in " + name + ".pem -outform DER", rsa);
    check(FindingType::public_key, "pkey -in " + name + ".pem -pubout -outform DER", name != "rsa1024" && name != "ed" && name != "P-521");
    check(FindingType::certificate, "req -x509 -key " + name + ".pem -subj /CN=a -days 9 -outform DER", rsa);
    check(FindingType::certificate_request, "req -new -key " + name + ".pem -subj /CN=a -outform DER", rsa);
    const std::string traditional = name.starts_with("rsa") ? "rsa -traditional" : "ec";
    if (name != "ed") check(FindingType::private_key, traditional + " -in " + name + ".pem -outform DER", rsa);
  }
  check(FindingType::public_key, "rsa -in rsa.pem -RSAPublicKey_out -outform DER", true);
  check(FindingType::public_key, "rsa -in rsa1024.pem -RSAPublicKey_out -outform DER", false);
  CHECK(objects == 37);
}

TEST_CASE("the body of a PEM block is not read once more", "[encoded]") {
  const Scanned scanned = scanner().scan(made().certificate_pem);
  REQUIRE(scanned.findings.size() == 1);
  CHECK_FALSE(scanned.findings[0].attributes.contains("wrapped_in"));
  // What follows a block is not its body.
  const std::string base64 = base64_encode(as_bytes(made().certificate_der));
  CHECK(scanner().scan("-----BEGIN X-----\nAAAA\n-----END X-----\n" + base64).of(FindingType::certificate).size() == 1);
}

TEST_CASE("PEM in UTF-16 is found in either byte order", "[encoded]") {
  for (const bool little : {true, false}) {
    const std::string text = in_utf16("\n" + made().key_pem + made().certificate_pem, little);
    check_key_in(text, json::array({little ? "utf-16le" : "utf-16be"}));
    check_key_in((little ? "\xff\xfe" : "\xfe\xff") + text, json::array({little ? "utf-16le" : "utf-16be"}));
    const auto certificates = scanner().scan(text).of(FindingType::certificate);
    REQUIRE(certificates.size() == 1);
    CHECK(certificates[0].id == made().certificate_id);
  }
  check_key_in(in_utf16(made().key_pem, true), json::array({"utf-16le"}));
  check_key_in(std::string(1 << 20, '.') + in_utf16(made().key_pem, true), json::array({"utf-16le"}));
}

TEST_CASE("PEM in hexadecimal is found", "[encoded]") {
  check_key_in("key = " + hex_encode(as_bytes(made().key_pem)), json::array({"hex"}));
  check_key_in(in_lines(hex_encode(as_bytes(made().key_pem)), 60, "\n"), json::array({"hex"}));
}

TEST_CASE("a bundle in base64 that is larger than a window is read as a whole", "[encoded]") {
  std::string bundle;
  constexpr int kCount = 300;
  for (int i = 0; i < kCount; ++i) bundle += made().certificate_pem;
  bundle += made().key_pem;
  REQUIRE(base64_encode(as_bytes(bundle)).size() > 400'000);
  for (const std::size_t before : {std::size_t{0}, std::size_t{1} << 20}) {
    const Scanned scanned = scanner().scan(std::string(before, '.') + base64_encode(as_bytes(bundle)) + '\n' + std::string(1 << 21, '.'));
    CHECK(scanned.of(FindingType::certificate).size() == 1);
    CHECK(scanned.of(FindingType::private_key).size() == 1);  // the last of the bundle
  }
}

TEST_CASE("PEM in addresses and forms is found", "[encoded]") {
  const Material material;
  material.key("k", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256");
  const std::string pem = material.file("k.pem");
  const auto encoded = [&](std::string_view kept, std::string_view space) {
    std::string out;
    for (const char c : pem) {
      const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || kept.find(c) != std::string_view::npos;
      out += plain ? std::string(1, c) : c == ' ' ? std::string(space) : '%' + hex_encode(Bytes{static_cast<std::uint8_t>(c)});
    }
    return out;
  };
  for (const std::string& value : {encoded("-", "%20"), encoded("-", "+"), encoded("-+/=", "%20"), encoded("-", "%2520")}) {
    INFO(value);
    const auto keys = scanner().scan("https://example.org/a?x=1&key=" + value + "&y=2\nmore").of(FindingType::private_key);
    REQUIRE(keys.size() == 1);
    CHECK(keys[0].id == material.key_id("k.pem"));
    CHECK(scanner().scan("key=" + value).of(FindingType::private_key).size() == 1);
  }
}

TEST_CASE("what only looks encoded is silent", "[encoded]") {
  const std::string base64 = base64_encode(as_bytes(made().certificate_der));
  std::string longer = base64;
  while (longer.ends_with('=')) longer.pop_back();
  for (const std::string& text :
       {std::string("LS0tLS1CRUdJTiA="), std::string("LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUUuLi4="), "AAAA" + longer + "AAAA",
        longer + "AAAA", "MIIC" + std::string(500, 'A'), "MIICCjCC" + std::string(900, 'B'), std::string(3000, 'M'),
        std::string("/u3+7QAAAAIAAAAA"), "3082010a30820" + std::string(4000, '0'), in_utf16("-----BEGIN CERTIFICATE-----", true)}) {
    INFO(text.substr(0, 40));
    const Scanned scanned = scanner().scan(text);
    CHECK(scanned.findings.empty());
    CHECK(scanned.diagnostics.empty());
  }
}

}  // namespace landwaiter::detectors
