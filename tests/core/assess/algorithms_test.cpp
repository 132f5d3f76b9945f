// SPDX-License-Identifier: Apache-2.0
#include "core/assess/algorithms.hpp"

#include "tests/support/catch.hpp"

using namespace landwaiter;

TEST_CASE("keys have a name, a strength and an identifier") {
  const Algorithm rsa = key_algorithm("RSA", 3072, "");
  CHECK(rsa.name == "RSA-3072");
  CHECK(rsa.parameter_set == "3072");
  CHECK(rsa.classical_bits == 128U);
  CHECK(rsa.quantum_level == 0U);
  CHECK(rsa.oid == "1.2.840.113549.1.1.1");
  const Algorithm curve = key_algorithm("EC", 521, "secp521r1");
  CHECK(curve.name == "EC-secp521r1");
  CHECK(curve.curve_id == "nist/P-521");
  CHECK(curve.classical_bits == 256U);
  CHECK(key_algorithm("Ed25519", 256, "").curve_id == "other/Ed25519");
  CHECK(key_algorithm("ML-DSA-87", 0, "").quantum_level == 5U);
}

TEST_CASE("strength follows SP 800-57") {
  for (const auto& [size, bits] :
       {std::pair{512U, 0U}, {1024U, 80U}, {2047U, 80U}, {2048U, 112U}, {3072U, 128U}, {7680U, 192U}, {15360U, 256U}}) {
    INFO(size);
    CHECK(key_algorithm("RSA", size, "").classical_bits == bits);
    CHECK(key_algorithm("DH", size, "").classical_bits == bits);
  }
  CHECK_FALSE(key_algorithm("RSA", 0, "").classical_bits);
  CHECK(key_algorithm("EC", 224, "secp224r1").classical_bits == 112U);
  CHECK(key_algorithm("EC", 1'000'000'000'000, "x").classical_bits == 256U);
}

TEST_CASE("what is not known says no more than its name") {
  const Algorithm oid = key_algorithm("1.2.3.4", 77, "");
  CHECK(oid.name == "1.2.3.4-77");
  CHECK(oid.oid == "1.2.3.4");
  CHECK(oid.primitive == "unknown");
  CHECK_FALSE(oid.quantum_level);
  CHECK(key_algorithm("EC", 256, "unheard-of").curve_id.empty());
  CHECK(signature_algorithm("1.2.3.4", "").oid == "1.2.3.4");
  CHECK(jose_algorithm("X1").primitive == "unknown");
}

TEST_CASE("signatures are named by hash and scheme") {
  CHECK(signature_algorithm("sha256WithRSAEncryption", "SHA256").name == "SHA256withRSA");
  CHECK(signature_algorithm("sha256WithRSAEncryption", "SHA256").oid == "1.2.840.113549.1.1.11");
  CHECK(signature_algorithm("ecdsa-with-SHA384", "SHA384").oid == "1.2.840.10045.4.3.3");
  CHECK(signature_algorithm("rsassaPss", "SHA256").family == "RSASSA-PSS");
  CHECK(signature_algorithm("ED25519", "").name == "Ed25519");
  CHECK(signature_algorithm("dsa_with_SHA256", "SHA256").name == "SHA256withDSA");
  CHECK(jose_algorithm("HS256").family == "HMAC");
  CHECK_FALSE(jose_algorithm("HS256").quantum_level);
  CHECK(jose_algorithm("ES256").quantum_level == 0U);
}
