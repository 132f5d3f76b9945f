// SPDX-License-Identifier: Apache-2.0
#include "detectors/passwords/password_crypto.hpp"

#include "detectors/formats/der.hpp"
#include "tests/support/catch.hpp"

namespace landwaiter::detectors {
namespace {

constexpr std::size_t kMiB = 1024 * 1024;

/// SEQUENCE { OID, SEQUENCE { salt, iterations } }.
Bytes algorithm(const Bytes& oid, const Bytes& iterations) {
  const Bytes salt(8, 's');
  const Bytes parameters = der::write(der::kSequence, {der::write(der::kOctetString, {salt}), der::write(der::kInteger, {iterations})});
  return der::write(der::kSequence, {der::write(der::kOid, {oid}), parameters});
}

std::uint64_t rounds(const Bytes& oid, const Bytes& iterations, std::size_t size) {
  const Bytes ciphertext(size, 'c');
  const Lock lock = encryption_lock(algorithm(oid, iterations), ciphertext);
  REQUIRE(lock);
  return lock.rounds;
}

const Bytes kPkcs12TripleDes{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x01, 0x03};
const Bytes kPkcs12Rc2{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x01, 0x05};
const Bytes kJceks{0x2b, 0x06, 0x01, 0x04, 0x01, 0x2a, 0x02, 0x13, 0x01};

}  // namespace

TEST_CASE("A guess costs what its hash does, for each part of the key", "[passwords]") {
  CHECK(pkcs12_rounds("SHA1", 1000, 20) == 1000);
  CHECK(pkcs12_rounds("SHA1", 1000, 21) == 2000);
  CHECK(pkcs12_rounds("SHA512", 1000, 64) == 2000);
  CHECK(pkcs12_rounds("SHA3-256", 1000, 32) == 4000);
  CHECK(pbkdf2_rounds("SHA256", 1000, 32) == 3000);
  CHECK(pbkdf2_rounds("SHA256", 1000, 64) == 6000);
  CHECK(pbkdf2_rounds("MD5", 1000, 32) == 8000);
  CHECK(pbkdf2_rounds("SHA3-512", 1000, 64) == 8000);
  CHECK(pbkdf2_rounds("no such hash", 1000, 64) == 0);
}

TEST_CASE("A guess costs what decrypting does, for each byte", "[passwords]") {
  const Bytes one{1};
  CHECK(rounds(kPkcs12TripleDes, one, kMiB) - rounds(kPkcs12TripleDes, one, 3) >= kMiB / 4);
  CHECK(rounds(kPkcs12Rc2, one, kMiB) - rounds(kPkcs12Rc2, one, 8) >= kMiB / 16);
  CHECK(rounds(kJceks, one, kMiB) - rounds(kJceks, one, 8) >= kMiB / 4);
}

TEST_CASE("The key of a JCEKS keystore takes two runs of its iterations", "[passwords]") {
  const Bytes javas_default{0x03, 0x0d, 0x40};  // 200,000
  CHECK(rounds(kJceks, javas_default, 64) == 400'000 + triple_des_rounds(64));
}

}  // namespace landwaiter::detectors
