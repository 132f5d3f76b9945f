// SPDX-License-Identifier: Apache-2.0
// OpenPGP keys that are cut, that lie about their sizes, or are made by hand in forms that gpg does not write.
#include "detectors/formats/s_expression.hpp"
#include "detectors/openpgp/openpgp_armor.hpp"
#include "detectors/openpgp/openpgp_keyblock.hpp"
#include "tests/detectors/support/gnupg.hpp"
#include "tests/detectors/support/material.hpp"
#include "tests/detectors/support/scan_bytes.hpp"
#include "tests/support/catch.hpp"

namespace landwaiter::detectors {
namespace {

std::string octets(std::initializer_list<int> values) {
  std::string out;
  for (const int value : values) out += static_cast<char>(value);
  return out;
}

std::string packet(int tag, const std::string& body) {
  return octets({0xc0 | tag, 0xff, 0, 0, static_cast<int>(body.size() >> 8), static_cast<int>(body.size() & 0xff)}) + body;
}

/// The last 32 octets of the DER form: RFC 8410 ends both halves of Ed25519 keys with the octets themselves.
std::string tail32(const std::string& der) { return der.substr(der.size() - 32); }

struct RawKey {
  std::string secret, open, id;
};

RawKey raw_key() {
  const Material material;
  material.key("k", "-algorithm ED25519");
  return {tail32(material.openssl("pkey -in k.pem -outform DER")), tail32(material.openssl("pkey -in k.pem -pubout -outform DER")),
          material.key_id("k.pem")};
}

const std::string kTime = octets({0x63, 0x87, 0x7f, 0xe3});

std::string version6(const RawKey& key, const std::string& protection) {
  return packet(5, "\x06" + kTime + octets({27, 0, 0, 0, 32}) + key.open + protection) + packet(13, "Somebody <a@example.org>");
}

}  // namespace

TEST_CASE("private keys of version 6 and 4 with native Ed25519", "[openpgp]") {
  const FileScanner scanner;
  const RawKey key = raw_key();
  std::uint32_t sum = 0;
  for (const char c : key.secret) sum += static_cast<unsigned char>(c);
  const std::string sum_octets = octets({static_cast<int>(sum >> 8 & 0xff), static_cast<int>(sum & 0xff)});
  const std::string version4 =
      packet(5, "\x04" + kTime + octets({27}) + key.open + octets({0}) + key.secret + sum_octets) + packet(13, "a");
  for (const std::string& file : {version6(key, octets({0}) + key.secret), version4}) {
    const Scanned scanned = scanner.scan("x" + file + "y");
    REQUIRE(scanned.findings.size() == 1);
    CHECK(scanned.findings[0].type == FindingType::private_key);
    CHECK(scanned.findings[0].id == key.id);
    CHECK(scanned.findings[0].attributes["consistent"] == true);
    CHECK(scanned.findings[0].severity == Severity::high);
  }
  SECTION("numbers of another key are no key between other bytes") {
    const RawKey other = raw_key();
    CHECK(scanner.scan(version6(key, octets({0}) + other.secret)).findings.empty());
  }
  SECTION("Argon2 and AEAD") {
    // Usage, count, cipher, AEAD, length of the specifier, specifier 4, salt, passes, lanes, memory, nonce, ciphertext.
    const std::string protection =
        octets({253, 0x26, 9, 2, 20, 4}) + std::string(16, 's') + octets({1, 4, 21}) + std::string(15, 'n') + std::string(48, 'c');
    const Scanned scanned = scanner.scan(version6(key, protection));
    REQUIRE(scanned.findings.size() == 1);
    const auto& encryption = scanned.findings[0].attributes["encryption"];
    CHECK(scanned.findings[0].severity == Severity::medium);
    CHECK(encryption["kdf"] == "Argon2id");
    CHECK(encryption["argon2_memory_kib_log2"] == 21);
    CHECK(encryption["cipher"] == "AES-256");
    CHECK(encryption["integrity"] == "OCB");
  }
  SECTION("weak protection") {
    // Of version 4: no count, no length. 3DES, salted once by MD5, a sum of 16 bits.
    const std::string body = "\x04" + kTime + octets({27}) + key.open + octets({255, 2, 1, 1}) + std::string(8, 's') + std::string(8, 'i') +
                             std::string(34, 'c');
    const Scanned scanned = scanner.scan(packet(5, body) + packet(13, "a"));
    REQUIRE(scanned.findings.size() == 1);
    CHECK(scanned.findings[0].attributes["weaknesses"] == nlohmann::json::array({"3des", "few-iterations", "md5", "no-integrity"}));
  }
  SECTION("on a card") {
    const std::string body =
        "\x04" + kTime + octets({27}) + key.open + octets({255, 0, 101, 0}) + "GNU" + octets({2, 16}) + std::string(16, 'n');
    const Scanned scanned = scanner.scan(packet(5, body) + packet(13, "a"));
    REQUIRE(scanned.findings.size() == 1);
    CHECK(scanned.findings[0].type == FindingType::public_key);
    CHECK(scanned.findings[0].attributes["private_part"] == "on-card");
    CHECK(scanned.findings[0].id == key.id);
  }
}

TEST_CASE("bytes that are laid out like a key are none without more", "[openpgp]") {
  const FileScanner scanner;
  const RawKey key = raw_key();
  const std::string open = "\x04" + kTime + octets({27}) + key.open;
  const std::string name = packet(13, "Somebody"), cipher_text(40, 'c');
  REQUIRE(scanner.scan("x" + packet(6, open) + name).findings.size() == 1);
  // What follows is nothing, no text, a photograph alone, a signature over a document.
  for (const std::string& after :
       {std::string(), packet(13, octets({1, 2, 3})), packet(17, "abc"), packet(2, octets({4, 0, 27, 8, 0, 0, 0, 0, 1, 1})),
        packet(2, octets({4, 0x13, 27, 99, 0, 0, 0, 0, 1, 1}))}) {
    CHECK(scanner.scan("x" + packet(6, open) + after).findings.empty());
  }
  CHECK(scanner.scan("x" + packet(6, open) + packet(2, octets({4, 0x1f, 27, 8, 0, 0, 0, 0, 1, 1}))).findings.size() == 1);
  CHECK(scanner.scan(packet(6, open)).findings.size() == 1);  // a file of one packet
  // Protected as nobody does: by a cipher alone, by one without a name, hashed by one without a name.
  for (const std::string& protection : {octets({9}) + std::string(16, 'i'), octets({254, 77, 3, 8}) + std::string(8, 's') + octets({96}),
                                        octets({254, 9, 3, 77}) + std::string(8, 's') + octets({96}) + std::string(16, 'i')}) {
    CHECK(scanner.scan("x" + packet(5, open + protection + cipher_text) + name).findings.empty());
  }
}

TEST_CASE("cut and lying OpenPGP material harms nothing", "[openpgp]") {
  const GnuPg home;
  home.generate("Key-Type: RSA\nKey-Length: 1024\nSubkey-Type: RSA\nSubkey-Length: 1024\nName-Real: Short\n");
  const FileScanner scanner;
  const std::string key = home.gpg("--export-secret-keys");
  const Scanned whole = scanner.scan(key);
  REQUIRE(whole.findings.size() == 2);
  CHECK(whole.findings[0].attributes["weaknesses"] == nlohmann::json::array({"rsa-1024"}));
  for (std::size_t size = 0; size < key.size(); ++size) {
    const Scanned cut = scanner.scan(std::string_view(key).substr(0, size));
    CHECK(cut.findings.size() <= 2);
    CHECK(cut.diagnostics.empty());
  }
  const std::string armor = home.gpg("--armor --export-secret-keys");
  const std::size_t armor_end = armor.rfind("-----");
  for (std::size_t size = 0; size < armor_end; size += 7) CHECK(scanner.scan(std::string_view(armor).substr(0, size)).findings.empty());
  const std::string box = read_file(home.home() + "/pubring.kbx");
  for (std::size_t size = 0; size < box.size(); size += 7) CHECK(scanner.scan(std::string_view(box).substr(0, size)).findings.size() <= 2);
  // Each byte another: no length, count or type may lead astray.
  for (std::size_t at = 0; at < key.size(); at += 3) {
    std::string changed = key;
    changed[at] = static_cast<char>(0xff);
    CHECK(scanner.scan(changed).findings.size() <= 2);
    std::string changed_box = box;
    if (at < box.size()) changed_box[at] = static_cast<char>(0xff);
    CHECK(scanner.scan(changed_box).findings.size() <= 2);
  }
}

TEST_CASE("packets with lengths of all forms", "[openpgp]") {
  using namespace openpgp;
  const std::string bytes = octets({0xca, 3}) + "PGP" + octets({0xa8, 3}) + "PGP" + octets({0xd1, 0xe1}) + "ab" + octets({0x01}) + "c" +
                            octets({0xcd, 0xc0, 0x00}) + std::string(192, 'u') + octets({0xcd, 0xff, 0xff, 0xff, 0xff, 0xff}) + "x";
  PacketReader reader(as_bytes(bytes));
  Packet packet;
  std::vector<std::pair<int, std::size_t>> seen;
  while (reader.next(packet) == ReadState::packet) seen.emplace_back(packet.tag, packet.body.size());
  CHECK(seen == std::vector<std::pair<int, std::size_t>>{{kMarker, 3}, {kMarker, 3}, {kUserAttribute, 0}, {kUserId, 192}});
  CHECK(reader.next(packet) == ReadState::cut);
  CHECK(PacketReader(as_bytes("x")).next(packet) == ReadState::invalid);
  CHECK(PacketReader({}).next(packet) == ReadState::end);
  CHECK(crc24(as_bytes("")) == 0xb704ce);
  CHECK(crc24(as_bytes("123456789")) == 0x21cf02);
}

TEST_CASE("S-expressions are bounded", "[openpgp]") {
  std::size_t size = 0;
  const std::string text = "(3:rsa(1:n3:\x01)x)(e #01 00\n 01#)(c \"NIST P-256\")) rest";
  const auto simple = read_s_expression(as_bytes(text), size);
  REQUIRE(simple);
  CHECK(size == text.find(" rest"));
  CHECK(simple->value("n").size() == 3);
  CHECK(simple->value("e").size() == 3);
  CHECK(as_text(simple->value("c")) == "NIST P-256");
  const auto escaped = read_s_expression(as_bytes(R"((elg(g "\v\"\\\x41")))"), size);
  REQUIRE(escaped);
  CHECK(as_text(escaped->value("g")) == "\v\"\\A");
  for (const char* broken : {R"((a "b))", R"((a "b\"))", R"((a "\q"))", R"((a "\x4"))", "(a \"\\"})
    CHECK_FALSE(read_s_expression(as_bytes(broken), size));
  CHECK_FALSE(read_s_expression(as_bytes(std::string(100'000, '(')), size));
  CHECK_FALSE(read_s_expression(as_bytes("(4294967295:a)"), size));
  CHECK_FALSE(read_s_expression(as_bytes("(99999999999999999999999:a)"), size));
  CHECK_FALSE(read_s_expression(as_bytes("(a #0g#)"), size));
  std::string many = "(";
  for (int i = 0; i < 1000; ++i) many += "a ";
  CHECK_FALSE(read_s_expression(as_bytes(many + ")"), size));
}

}  // namespace landwaiter::detectors
