// SPDX-License-Identifier: Apache-2.0
// KeePass, Kerberos key tables and CryptoAPI's forms, made by pykeepass, ktutil and openssl.
#include "core/base/digest.hpp"
#include "core/base/encoding.hpp"
#include "tests/detectors/support/key_material.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>

namespace landwaiter::detectors {
namespace {

using nlohmann::json;

const FileScanner& scanner() {
  static const FileScanner scanner;
  return scanner;
}

std::string bytes_of(const std::string& hex) { return std::string(as_text(*hex_decode(hex))); }

void ktutil(const KeyFolder& folder, const std::string& file, const std::vector<std::string>& entries) {
  std::string script;
  for (const std::string& entry : entries) script += "addent -password " + entry + "\\ngeheim\\n";
  folder.sh("printf '" + script + "wkt " + file + "\\nq\\n' | ktutil");
}

/// One record in the layout of version 1.
std::string version_1_table() {
  const auto number = [](std::uint32_t value, int bytes) {
    std::string out;
    for (int i = bytes; i-- > 0;) out += static_cast<char>(value >> 8 * i);
    return out;
  };
  const auto name = [&](const std::string& text) { return number(static_cast<std::uint32_t>(text.size()), 2) + text; };
  const std::string record = number(3, 2) + name("EXAMPLE.ORG") + name("host") + name("a.example.org") + number(1'700'000'000, 4) + '\5' +
                             number(3, 2) + name("8 bytes!");
  return "\x05\x01" + number(static_cast<std::uint32_t>(record.size()), 4) + record;
}

}  // namespace

TEST_CASE("a key table lists whose keys it holds and of what kind", "[key_file]") {
  const KeyFolder folder;
  ktutil(folder, "kt",
         {"-p host/a.example.org@EXAMPLE.ORG -k 3 -e aes256-cts", "-p host/a.example.org@EXAMPLE.ORG -k 300 -e arcfour-hmac",
          "-p alice@EXAMPLE.ORG -k 1 -e aes128-cts"});
  const std::string file = folder.file("kt");
  const Finding table = only_finding(scanner(), file, FindingType::keystore);
  const std::string listed = folder.sh("klist -k -e kt");
  CHECK(table.severity == Severity::high);
  CHECK(table.id.starts_with("scrypt:"));  // its keys may be made of passwords
  CHECK(table.attributes["format"] == "keytab");
  CHECK(table.attributes["complete"] == true);
  CHECK(table.attributes["weaknesses"] == json::array({"rc4"}));
  REQUIRE(table.attributes["entries"].size() == 3);
  for (const json& entry : table.attributes["entries"]) {
    const auto kvno = std::to_string(entry["kvno"].get<unsigned>());
    CHECK(listed.find(kvno + ' ' + entry["principal"].get<std::string>()) != std::string::npos);
    CHECK(listed.find(entry["encryption_type"].get<std::string>()) != std::string::npos);
    CHECK(entry["timestamp"].get<std::string>().starts_with("20"));
  }
  CHECK(table.attributes["entries"][1]["kvno"] == 300);

  // A deleted record leaves a hole.
  const std::string hole = bytes_of("0502fffffff0") + std::string(16, '\0') + file.substr(2);
  CHECK(only_finding(scanner(), hole, FindingType::keystore).attributes["entries"].size() == 3);
  const Scanned cut = scanner().scan(file.substr(0, file.size() - 5));
  REQUIRE(cut.findings.size() == 1);
  CHECK(cut.findings[0].attributes["entries"].size() == 2);
  CHECK(cut.findings[0].attributes["complete"] == false);
}

TEST_CASE("key tables of version 1 are read", "[key_file]") {
  const Finding table = only_finding(scanner(), version_1_table(), FindingType::keystore);
  CHECK(table.attributes["format_version"] == 1);
  CHECK(table.attributes["weaknesses"] == json::array({"des"}));
  CHECK(table.attributes["entries"][0]["principal"] == "host/a.example.org@EXAMPLE.ORG");
  CHECK(table.attributes["entries"][0]["timestamp"] == "2023-11-14T22:13:20Z");
}

TEST_CASE("bytes like a key table's beginning are silent", "[key_file]") {
  const KeyFolder folder;
  ktutil(folder, "kt", {"-p host/a@EX -k 3 -e aes256-cts"});
  std::string other_type = folder.file("kt");
  other_type[2 + 4 + 2 + 4 + 6 + 3 + 4 + 4 + 1 + 1] = 99;
  check_silent(scanner(), other_type);
  check_silent(scanner(), folder.file("kt").substr(0, 60));
  std::string binary;
  for (int i = 0; i < 20'000; ++i)
    binary += bytes_of("05020000") + std::string(1, static_cast<char>(i)) + static_cast<char>(i >> 8) + bytes_of("000200") +
              static_cast<char>(1 + i % 200) + "Realm and more";
  check_silent(scanner(), binary);
  check_hostile(scanner(), folder.file("kt"), 1);
  std::string lie = folder.file("kt");
  for (std::size_t at = 2; at + 4 <= lie.size(); ++at)
    CHECK(scanner().scan(lie.substr(0, at) + "\xff\xff\xff\xff" + lie.substr(at + 4)).findings.size() <= 1);
}

TEST_CASE("a KeePass database tells its cipher and its derivation", "[key_file]") {
  const KeyFolder folder;
  folder.sh("/usr/bin/python3 -c \"import pykeepass; pykeepass.create_database('a.kdbx', password='geheim')\"");
  const json expected =
      json::parse(folder.sh("/usr/bin/python3 -c \"import pykeepass, json; k = pykeepass.PyKeePass('a.kdbx', password='geheim'); "
                            "print(json.dumps([list(k.version), k.encryption_algorithm, k.kdf_algorithm]))\""));
  const std::string file = folder.file("a.kdbx");
  const Finding store = only_finding(scanner(), file, FindingType::keystore);
  CHECK(store.severity == Severity::medium);
  CHECK(store.id.starts_with("sha256:"));
  CHECK(store.attributes["format_version"] ==
        "KDBX " + std::to_string(expected[0][0].get<int>()) + '.' + std::to_string(expected[0][1].get<int>()));
  CHECK(expected[1] == "aes256");
  CHECK(store.attributes["encryption"]["cipher"] == "aes-256-cbc");
  CHECK(expected[2] == "argon2");
  CHECK(store.attributes["encryption"]["kdf"] == "Argon2d");
  CHECK(store.attributes["encryption"]["argon2_memory_kib"] > 0);
  CHECK(store.attributes["encryption"]["argon2_passes"] > 0);
  CHECK(store.attributes["encryption"]["argon2_parallelism"] > 0);
  check_silent(scanner(), file.substr(0, 8));
  check_silent(scanner(), file.substr(0, 100));
  check_hostile(scanner(), file.substr(0, 400), 3);
}

TEST_CASE("older databases of KeePass are read, too", "[key_file]") {
  const auto field = [](int id, const std::string& value) {
    return std::string(1, static_cast<char>(id)) + static_cast<char>(value.size()) + '\0' + value;
  };
  const std::string seed(32, 's');
  const std::string kdbx = bytes_of("03d9a29a67fb4bb501000300") + field(2, bytes_of("31c1f2e6bf714350be5805216afc5aff")) + field(4, seed) +
                           field(5, seed) + field(6, bytes_of("7017000000000000")) + field(0, "\r\n\r\n") + std::string(64, 'x');
  const Finding third = only_finding(scanner(), kdbx, FindingType::keystore);
  CHECK(third.attributes["format_version"] == "KDBX 3.1");
  CHECK(third.attributes["encryption"]["kdf"] == "AES-KDF");
  CHECK(third.attributes["encryption"]["iterations"] == 6000);
  const std::string kdb = bytes_of("03d9a29a65fb4bb50300000004000300") + std::string(32, 'v') + bytes_of("0200000005000000") +
                          std::string(64, 'h') + bytes_of("f4010000") + std::string(64, 'x');
  const Finding first = only_finding(scanner(), kdb, FindingType::keystore);
  CHECK(first.attributes["format_version"] == "KDB 1");
  CHECK(first.attributes["encryption"]["cipher"] == "aes-256-cbc");
  CHECK(first.attributes["weaknesses"] == json::array({"few-iterations"}));
  check_silent(scanner(), bytes_of("03d9a29a67fb4bb501000900") + kdbx.substr(12));
}

TEST_CASE("CryptoAPI's blobs and PVK files are the keys that openssl wrote", "[key_file]") {
  const auto [arguments, kind, title] =
      GENERATE(std::tuple{"-algorithm RSA -pkeyopt rsa_keygen_bits:2048", "rsa", "RSA 2048-bit"},
               std::tuple{"-algorithm RSA -pkeyopt rsa_keygen_bits:1024 -pkeyopt rsa_keygen_pubexp:3", "rsa", "RSA 1024-bit"},
               std::tuple{"-paramfile p.pem", "dsa", "DSA 1024-bit"});
  const KeyFolder folder;
  folder.sh("openssl genpkey -genparam -algorithm DSA -pkeyopt dsa_paramgen_bits:1024 -pkeyopt dsa_paramgen_q_bits:160 -out p.pem");
  folder.sh("openssl genpkey " + std::string(arguments) + " -out k.pem");
  const std::string id = folder.openssl_id("-in k.pem"), tool = std::string("openssl ") + kind + " -in k.pem ";
  folder.sh(tool + "-outform MSBLOB -out k.blob && " + tool + "-pubout -outform MSBLOB -out k.open && " + tool +
            "-outform PVK -pvk-none -out k.pvk");
  const Finding blob = only_finding(scanner(), folder.file("k.blob"), FindingType::private_key);
  CHECK(blob.id == id);
  CHECK(blob.title == std::string(title) + " private key (PRIVATEKEYBLOB)");
  CHECK(blob.severity == Severity::high);
  const Finding open = only_finding(scanner(), folder.file("k.open"), FindingType::public_key);
  CHECK(open.id == id);
  CHECK(open.attributes["format"] == "PUBLICKEYBLOB");
  const Finding pvk = only_finding(scanner(), folder.file("k.pvk"), FindingType::private_key);
  CHECK(pvk.id == id);
  CHECK(pvk.attributes["format"] == "PVK");
  CHECK(scanner().scan(folder.file("k.pvk")).findings.size() == 1);

  std::string changed = folder.file("k.blob");
  changed[40] = static_cast<char>(changed[40] ^ 2);
  check_silent(scanner(), changed);
  check_hostile(scanner(), folder.file("k.blob").substr(0, 120), 3);
  check_hostile(scanner(), folder.file("k.open"), 13);
  std::string lie = folder.file("k.blob");
  lie.replace(12, 4, "\xf0\xff\xff\x7f");
  check_silent(scanner(), lie);
}

TEST_CASE("an encrypted PVK file is a key of which only the kind is known", "[key_file]") {
  const KeyFolder folder;
  folder.sh("openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out k.pem");
  // The strong form needs RC4, which openssl has in its legacy provider.
  folder.sh("openssl rsa -provider default -provider legacy -in k.pem -outform PVK -pvk-strong -passout pass:geheim -out k.pvk");
  const Finding key = only_finding(scanner(), folder.file("k.pvk"), FindingType::private_key);
  CHECK(key.severity == Severity::medium);
  CHECK(key.attributes["encrypted"] == true);
  CHECK(key.attributes["encryption"]["cipher"] == "rc4");
  CHECK(key.attributes["key_type"] == "RSA");
  check_hostile(scanner(), folder.file("k.pvk").substr(0, 64), 1);
  std::string lie = folder.file("k.pvk");
  lie.replace(20, 4, "\xff\xff\xff\xff");
  check_silent(scanner(), lie);
}

}  // namespace landwaiter::detectors
