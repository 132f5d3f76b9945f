// SPDX-License-Identifier: Apache-2.0
// Keys in armor of any file, DSA keys of any size, and the post-quantum algorithms.
#include "core/base/digest.hpp"
#include "core/base/encoding.hpp"
#include "detectors/post_quantum/sponge.hpp"
#include "tests/detectors/support/gnupg.hpp"
#include "tests/detectors/support/scan_bytes.hpp"
#include "tests/support/catch.hpp"

namespace landwaiter::detectors {
namespace {

const FileScanner& scanner() {
  static const FileScanner scanner;
  return scanner;
}

std::string numbered(std::size_t value, std::size_t bytes) {
  std::string out;
  for (std::size_t i = bytes; i-- > 0;) out += static_cast<char>(value >> 8 * i & 0xff);
  return out;
}

std::string octets(std::size_t size, std::uint8_t seed) {
  return std::string(as_text(sponge(Sponge::shake256, {ByteView(&seed, 1)}, size)));
}

/// With a length of four octets (RFC 9580, 4.2.1).
std::string packet(int tag, const std::string& body) {
  return std::string{static_cast<char>(0xc0 | tag), '\xff'} + numbered(body.size(), 4) + body;
}

/// A number of exactly that many bits.
std::string mpi(std::size_t bits, std::uint8_t seed) {
  std::string number = octets((bits + 7) / 8, seed);
  const std::size_t top = (bits - 1) % 8;
  number[0] = static_cast<char>((static_cast<unsigned char>(number[0]) & ((1U << top) - 1)) | 1U << top);
  return numbered(bits, 2) + number;
}

const std::string kTime = "\x5f\x5e\x10\x01";
const std::string kUser = packet(13, "Somebody <a@example.org>");

}  // namespace

TEST_CASE("keys in armor of any file are found, and other files in it searched", "[openpgp]") {
  const GnuPg home;
  home.generate("Key-Type: RSA\nKey-Length: 2048\nSubkey-Type: RSA\nSubkey-Length: 2048\nName-Real: Test\n");
  const std::string folder = home.home();
  for (const bool secret : {false, true}) {
    home.gpg("--output " + folder + "/k --export" + (secret ? "-secret-keys" : ""));
    const std::string armored = home.gpg("--output - --enarmor " + folder + "/k");
    REQUIRE(armored.starts_with("-----BEGIN PGP ARMORED FILE-----"));
    const Scanned scanned = scanner().scan("text before\n" + armored);
    CHECK(scanned.of(secret ? FindingType::private_key : FindingType::public_key).size() == 2);
    CHECK(scanned.diagnostics.empty());
  }
  const std::string key = must_run("openssl genpkey -algorithm ED25519");
  write_file(folder + "/f", "some settings\n" + key);
  CHECK(scanner().scan(home.gpg("--output - --enarmor " + folder + "/f")).of(FindingType::private_key).size() == 1);
  write_file(folder + "/f", std::string(300, 'n'));
  const Scanned other = scanner().scan(home.gpg("--output - --enarmor " + folder + "/f"));
  CHECK(other.findings.empty());
  CHECK(other.diagnostics.empty());
}

TEST_CASE("binary DSA keys of any size", "[openpgp]") {
  std::size_t sizes = 0;
  for (const unsigned bits : {768U, 1017U, 1024U, 1536U, 2047U, 3072U, 4096U, 7680U, 15360U}) {
    INFO(bits);
    const std::string body = "\x04" + kTime + "\x11" + mpi(bits, 1) + mpi(256, 2) + mpi(bits - 3, 3) + mpi(bits - 1, 4);
    for (const std::string& file : {packet(6, body), "more" + packet(6, body) + kUser}) {
      const auto found = scanner().scan(file).of(FindingType::public_key);
      REQUIRE(found.size() == 1);
      CHECK(found[0].title.starts_with("DSA " + std::to_string(bits) + "-bit public key (OpenPGP)"));
    }
    CHECK(scanner().scan("more" + packet(6, body)).findings.empty());
    ++sizes;
  }
  CHECK(sizes == 9);
}

TEST_CASE("post-quantum keys and subkeys", "[openpgp]") {
  struct Kind {
    unsigned algorithm;
    std::size_t public_bytes;
    std::size_t secret_bytes;
    const char* name;
  };
  const Kind kind =
      GENERATE(Kind{30, 1984, 64, "ML-DSA-65+Ed25519"}, Kind{31, 2649, 89, "ML-DSA-87+Ed448"}, Kind{32, 32, 64, "SLH-DSA-SHAKE-128s"},
               Kind{33, 32, 64, "SLH-DSA-SHAKE-128f"}, Kind{34, 64, 128, "SLH-DSA-SHAKE-256s"}, Kind{35, 1216, 96, "ML-KEM-768+X25519"},
               Kind{36, 1624, 120, "ML-KEM-1024+X448"});
  INFO(kind.name);
  const std::string secret = octets(kind.secret_bytes, 7);
  const bool hash_based = kind.algorithm >= 32 && kind.algorithm <= 34;
  const std::string numbers = hash_based ? secret.substr(kind.public_bytes) : octets(kind.public_bytes, 8);
  const std::string algorithm(1, static_cast<char>(kind.algorithm));
  const std::string six = "\x06" + kTime + algorithm + numbered(kind.public_bytes, 4) + numbers;
  const std::string four = "\x04" + kTime + algorithm + numbers;
  const auto check = [&](const std::string& file, FindingType type, std::size_t count) {
    const auto found = scanner().scan(file).of(type);
    REQUIRE(found.size() == count);
    CHECK(found.back().attributes["algorithm"] == kind.name);
    if (hash_based) CHECK(found.back().id.starts_with("spki-sha256:"));
    return found.back();
  };
  const std::string primary = packet(6, "\x06" + kTime + "\x1b" + numbered(32, 4) + octets(32, 5)) + kUser;
  const std::string id = check(primary + packet(14, six), FindingType::public_key, 2).id;
  CHECK(check(primary + packet(14, four), FindingType::public_key, 2).id == id);
  // In clear, version 6 without a checksum and version 4 with one.
  unsigned sum = 0;
  for (const char octet : secret) sum += static_cast<unsigned char>(octet);
  const Finding of_six = check(primary + packet(7, six + '\0' + secret), FindingType::private_key, 1);
  const Finding of_four = check(primary + packet(7, four + '\0' + secret + numbered(sum & 0xffff, 2)), FindingType::private_key, 1);
  // One key, public or private, of whatever version.
  CHECK(of_six.id == id);
  CHECK(of_four.id == id);
  if (hash_based) CHECK(of_six.attributes["consistent"] == true);
  if (kind.algorithm > 34) return;
  check("before" + packet(6, six) + kUser, FindingType::public_key, 1);
  CHECK(scanner().scan("before" + packet(6, six)).findings.empty());
}

}  // namespace landwaiter::detectors
