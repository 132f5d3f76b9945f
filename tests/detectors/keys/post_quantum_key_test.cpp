// SPDX-License-Identifier: Apache-2.0
#include "detectors/keys/post_quantum_key.hpp"

#include "core/base/digest.hpp"
#include "core/base/encoding.hpp"
#include "detectors/formats/der.hpp"
#include "detectors/post_quantum/ml_dsa.hpp"
#include "detectors/post_quantum/ml_kem.hpp"
#include "detectors/post_quantum/sponge.hpp"
#include "tests/detectors/support/material.hpp"
#include "tests/detectors/support/scan_bytes.hpp"
#include "tests/support/catch.hpp"

#include <numeric>

namespace landwaiter::detectors {
namespace {

const FileScanner& scanner() {
  static const FileScanner scanner;
  return scanner;
}

/// 0, 1, 2, ... as in the examples of the RFCs.
Bytes counted(std::size_t size) {
  Bytes out(size);
  std::iota(out.begin(), out.end(), std::uint8_t{0});
  return out;
}

/// Octets that look random and are the same in each run.
Bytes octets(std::size_t size, std::uint8_t seed = 1) { return sponge(Sponge::shake256, {ByteView(&seed, 1)}, size); }

Bytes joined(std::initializer_list<ByteView> parts) {
  Bytes out;
  for (const ByteView part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

Bytes algorithm_of(std::string_view oid_hex) {
  const Bytes oid = der::write(der::kOid, {*hex_decode(oid_hex)});
  return der::write(der::kSequence, {oid});
}

std::string pkcs8(std::string_view oid_hex, ByteView inner) {
  const Bytes version{2, 1, 0}, algorithm = algorithm_of(oid_hex), key = der::write(der::kOctetString, {inner});
  return std::string(as_text(der::write(der::kSequence, {version, algorithm, key})));
}

std::string spki(std::string_view oid_hex, ByteView bits) {
  const Bytes algorithm = algorithm_of(oid_hex), key = der::write_bit_string(bits);
  return std::string(as_text(der::write(der::kSequence, {algorithm, key})));
}

std::string pem(std::string_view label, std::string_view body) {
  std::string out = "-----BEGIN " + std::string(label) + "-----\n";
  const std::string text = base64_encode(as_bytes(body));
  for (std::size_t at = 0; at < text.size(); at += 64) out += text.substr(at, 64) + '\n';
  return out + "-----END " + std::string(label) + "-----\n";
}

Finding only_key(std::string_view file, FindingType type = FindingType::private_key) {
  const Scanned scanned = scanner().scan(file);
  REQUIRE(scanned.findings.size() == 1);
  CHECK(scanned.diagnostics.empty());
  CHECK(scanned.findings[0].type == type);
  return scanned.findings[0];
}

constexpr std::string_view kMlDsa44 = "608648016503040311", kMlKem768 = "608648016503040402";

/// What the expanded key holds beside the public part, made here from the standard's text. What is not looked at, t0, is zeros.
Bytes expanded_ml_dsa(const ml_dsa::Set& set, ByteView seed) {
  const std::array<std::uint8_t, 2> sizes{static_cast<std::uint8_t>(set.k), static_cast<std::uint8_t>(set.l)};
  const Bytes start = sponge(Sponge::shake256, {seed, sizes}, 128);
  const Bytes hash = sponge(Sponge::shake256, {ml_dsa::public_of_seed(set, seed)}, 64);
  Bytes out = joined({ByteView(start).first(32), ByteView(start).subspan(96), hash});
  const std::size_t bits = set.eta == 2 ? 3 : 4;
  for (std::size_t poly = 0; poly < set.k + set.l; ++poly) {
    const std::array<std::uint8_t, 2> index{static_cast<std::uint8_t>(poly), 0};
    const Bytes stream = sponge(Sponge::shake256, {ByteView(start).subspan(32, 64), index}, 2000);
    Bytes packed(32 * bits);
    std::size_t count = 0;
    for (std::size_t i = 0; count < 256; ++i) {
      const int half = stream.at(i / 2) >> (4 * (i % 2)) & 15;
      if (half >= (set.eta == 2 ? 15 : 9)) continue;
      const int value = set.eta == 2 ? half % 5 : half;  // eta minus the coefficient
      for (std::size_t bit = 0; bit < bits; ++bit) {
        const std::size_t at = count * bits + bit;
        packed[at / 8] = static_cast<std::uint8_t>(packed[at / 8] | (value >> bit & 1) << at % 8);
      }
      ++count;
    }
    out.insert(out.end(), packed.begin(), packed.end());
  }
  out.resize(set.expanded_bytes());
  return out;
}

Bytes expanded_ml_kem(const ml_kem::Set& set, ByteView seed) {
  const Bytes key = ml_kem::public_of_seed(set, seed);
  const Bytes hash = sponge(Sponge::sha3_256, {key}, 32);
  return joined({octets(384 * set.k), key, hash, seed.subspan(32)});
}

}  // namespace

TEST_CASE("the public half of a lattice key follows from its seed, and from its expanded form", "[post_quantum]") {
  struct Vector {
    const char* name;
    const char* oid;
    const char* spki_sha256;  ///< of the seed 00 01 02 ..., by other implementations
  };
  const Vector vector =
      GENERATE(Vector{"ML-DSA-44", "608648016503040311", "837832708c5236d951581f1fddf2b79991b3424a0486d16da1ddad0fd69701be"},
               Vector{"ML-DSA-65", "608648016503040312", "b8b62131bfbe84433efb2273d7f5b87f7a22854a2cfd366fc2aead86d837c52d"},
               Vector{"ML-DSA-87", "608648016503040313", "07e57c4f14dbad1267f621ec3777b4e2e6c4fbc4c22fbb87510ff8e0b3c6a642"},
               Vector{"ML-KEM-512", "608648016503040401", "0e3c8b89b54202d2545f7aba2e2aaa3cffa7b6191919ad738fab35b4f313cf71"},
               Vector{"ML-KEM-768", "608648016503040402", "c23e23dd3d485a9256cda09358a4a286e00b373db10761eadf99f710649ca31c"},
               Vector{"ML-KEM-1024", "608648016503040403", "d2b7480ae006a14b37c1e8a8e45ea39022e32a9b1a7b90d594c84d869c6ac420"});
  INFO(vector.name);
  const auto* dsa = ml_dsa::find_set(vector.name);
  const auto* kem = ml_kem::find_set(vector.name);
  const Bytes seed = counted(dsa != nullptr ? 32 : 64);
  const Bytes expanded = dsa != nullptr ? expanded_ml_dsa(*dsa, seed) : expanded_ml_kem(*kem, seed);
  const Bytes public_bits = dsa != nullptr ? ml_dsa::public_of_seed(*dsa, seed) : ml_kem::public_of_seed(*kem, seed);
  const std::string public_der = spki(vector.oid, public_bits);
  CHECK(Digest::sha256_of(as_bytes(public_der)).hex() == vector.spki_sha256);

  const Bytes seed_octets = der::write(der::kOctetString, {seed}), expanded_octets = der::write(der::kOctetString, {expanded});
  const std::vector<Bytes> forms{
      der::write(0x80, {seed}),       expanded_octets, der::write(der::kSequence, {seed_octets, expanded_octets}), seed, expanded,
      joined({expanded, public_bits})};
  for (const Bytes& form : forms) {
    INFO("a form of " << form.size() << " bytes");
    const std::string der = pkcs8(vector.oid, form);
    for (const std::string& file : {der,
                                    "\x7f"
                                    "ELF and more " +
                                        der + std::string(100, '\0'),
                                    pem("PRIVATE KEY", der), base64_encode(as_bytes(der))}) {
      const Finding finding = only_key(file);
      CHECK(finding.id == "spki-sha256:" + std::string(vector.spki_sha256));
      CHECK(finding.attributes["key_type"] == vector.name);
      CHECK(finding.attributes["consistent"] == true);
      CHECK(finding.title.starts_with(std::string(vector.name) + " private key"));
    }
  }
  CHECK(only_key(public_der, FindingType::public_key).id == "spki-sha256:" + std::string(vector.spki_sha256));
  CHECK(only_key(base64_encode(as_bytes(public_der)), FindingType::public_key).id == "spki-sha256:" + std::string(vector.spki_sha256));
}

TEST_CASE("every parameter set of SLH-DSA has its public half at the end", "[post_quantum]") {
  std::size_t sets = 0;
  for (unsigned last = 20; last <= 31; ++last, ++sets) {
    const std::size_t n = std::array<std::size_t, 3>{16, 24, 32}.at((last - 20) % 6 / 2);
    const std::string oid = "6086480165030403" + hex_encode(Bytes{static_cast<std::uint8_t>(last)});
    INFO(oid);
    const Bytes numbers = octets(4 * n);
    const std::string public_der = spki(oid, ByteView(numbers).subspan(2 * n));
    const std::string id = "spki-sha256:" + std::string(Digest::sha256_of(as_bytes(public_der)).hex());
    for (const Bytes& form : {numbers, der::write(der::kOctetString, {numbers})}) {
      CHECK(only_key(pkcs8(oid, form)).id == id);
      CHECK(only_key(pem("PRIVATE KEY", pkcs8(oid, form))).id == id);
    }
    CHECK(only_key(pkcs8(oid, numbers)).attributes["key_type"].get<std::string>().starts_with("SLH-DSA-"));
    CHECK(only_key(public_der, FindingType::public_key).id == id);
  }
  CHECK(sets == 12);
}

TEST_CASE("a composite key is one key, joined with its public part", "[post_quantum]") {
  const Material material;
  material.key("rsa", "-algorithm RSA -pkeyopt rsa_keygen_bits:2048");
  material.key("ec", "-algorithm EC -pkeyopt ec_paramgen_curve:P-384");
  const std::string rsa = material.openssl("pkey -in rsa.pem -traditional -outform DER");
  const std::string rsa_public = material.openssl("rsa -in rsa.pem -RSAPublicKey_out -outform DER");
  const std::string ec = material.openssl("pkey -in ec.pem -traditional -outform DER");
  const std::string ec_spki = material.openssl("pkey -in ec.pem -pubout -outform DER");
  const Bytes bare = octets(32);

  const auto ed = scanner().scan(joined({*hex_decode("302e020100300506032b657004220420"), bare}));
  REQUIRE(ed.findings.size() == 1);

  struct Case {
    const char* oid;
    const char* lattice;
    Bytes private_half, public_half;
    const char* name;
  };
  const auto bytes = [](std::string_view text) { return Bytes(text.begin(), text.end()); };
  const std::vector<Case> cases{
      {"2b06010505070625", "ML-DSA-44", bytes(rsa), bytes(rsa_public), "MLDSA44-RSA2048-PSS-SHA256"},
      {"2b0601050507062e", "ML-DSA-65", bytes(ec), bytes(ec_spki.substr(ec_spki.size() - 97)), "MLDSA65-ECDSA-P384-SHA512"},
      {"2b0601050507063c", "ML-KEM-768", bytes(ec), bytes(ec_spki.substr(ec_spki.size() - 97)), "MLKEM768-ECDH-P384-SHA3-256"}};
  for (const Case& each : cases) {
    INFO(each.name);
    const auto* dsa = ml_dsa::find_set(each.lattice);
    const Bytes seed = octets(dsa != nullptr ? 32 : 64, 9);
    const Bytes first = dsa != nullptr ? ml_dsa::public_of_seed(*dsa, seed) : ml_kem::public_of_seed(*ml_kem::find_set(each.lattice), seed);
    const std::string der = pkcs8(each.oid, joined({seed, each.private_half}));
    const std::string public_der = spki(each.oid, joined({first, each.public_half}));
    const std::string id = "spki-sha256:" + std::string(Digest::sha256_of(as_bytes(public_der)).hex());
    for (const std::string& file : {der, "more " + der, pem("PRIVATE KEY", der)}) {
      const Finding finding = only_key(file);
      CHECK(finding.id == id);
      CHECK(finding.attributes["key_type"] == each.name);
    }
    CHECK(only_key(public_der, FindingType::public_key).id == id);
    CHECK(only_key(pem("PUBLIC KEY", public_der), FindingType::public_key).id == id);
  }
  // Ed25519's half is bare octets.
  const Bytes seed = octets(32, 9);
  const Finding finding = only_key(pkcs8("2b06010505070627", joined({seed, bare})));
  CHECK(finding.attributes["key_type"] == "MLDSA44-Ed25519-SHA512");
  CHECK(finding.attributes["spki_sha256"].is_string());
}

TEST_CASE("what is no key of these is none", "[post_quantum]") {
  const auto* set = ml_dsa::find_set("ML-DSA-44");
  Bytes expanded = expanded_ml_dsa(*set, counted(32));
  expanded[200] ^= 1;
  CHECK(scanner().scan(pkcs8(kMlDsa44, der::write(der::kOctetString, {expanded}))).findings.empty());
  CHECK(scanner().scan(pkcs8(kMlDsa44, der::write(0x80, {Bytes(32)}))).findings.empty());
  CHECK(scanner().scan(pkcs8(kMlDsa44, der::write(0x80, {as_bytes("a text that has 32 bytes in all.")}))).findings.empty());
  CHECK(scanner().scan(pkcs8(kMlDsa44, octets(33))).findings.empty());
  CHECK(scanner().scan(pkcs8(kMlKem768, octets(63))).findings.empty());
  // Two halves of different keys.
  const Bytes seed = der::write(der::kOctetString, {octets(32)}),
              other = der::write(der::kOctetString, {expanded_ml_dsa(*set, counted(32))});
  CHECK(scanner().scan(pkcs8(kMlDsa44, der::write(der::kSequence, {seed, other}))).findings.empty());
  // Under a label it is a doubtful key.
  CHECK(only_key(pem("PRIVATE KEY", pkcs8(kMlDsa44, octets(60)))).attributes["consistent"] == false);
}

}  // namespace landwaiter::detectors
