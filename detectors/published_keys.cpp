// SPDX-License-Identifier: Apache-2.0
#include "detectors/published_keys.hpp"

#include "core/digest.hpp"

#include <algorithm>
#include <array>

namespace landwaiter::detectors {
namespace {

struct PublishedKey {
  std::string_view sha256;  ///< of the SubjectPublicKeyInfo, or of the whole PKCS#8 where that cannot be derived
  std::string_view publisher;
};

constexpr std::array kPublished{
    // cmd/age-keygen of age: the example in its help.
    PublishedKey{"fa7e72ea3c76af472cdbce377c70f175f145be824da53db522232cf373df61de", "age-keygen's help"},
    // apps/testrsa.h of OpenSSL: `openssl speed rsa`, 512 to 15,360 bits.
    PublishedKey{"7055066ee3969c25d66c1b891c252e83db653ae6834cd60e49250a4af73a97fe", "openssl speed"},
    PublishedKey{"0ea7caf9dd07fd79fe22ceb5efbbd7d4445d231e92ee1bf3b2a022eaffb00495", "openssl speed"},
    PublishedKey{"a6fdc2c6d07aa877e3ac360c2ce5efb69ab7dce2fd8df3c1bce0564b17114bc2", "openssl speed"},
    PublishedKey{"01e67e56244b43b668e2b9a697daaafcfb501fa78de2fcc4aa32bdae6dd94af6", "openssl speed"},
    PublishedKey{"adadc3246bb4830551c6da143d7462727967bda53059ae6f152323b0aba69595", "openssl speed"},
    PublishedKey{"d2d8c7d1de1e118e810c15eb7f8d9560a433e15cd55eac52aade81d6669cf133", "openssl speed"},
    PublishedKey{"cebf59a465ccd9c42a7f7f6a789cc741d43cacbc502587ed1c5f0f4e445f1c39", "openssl speed"},
    // lib/crypto-selftests-pk.c of GnuTLS: run when the library is loaded in FIPS mode.
    PublishedKey{"5a9214aa789ffe021992636dd17ca313f340948e604d4122735160f3d46688a0", "GnuTLS self-test"},
    PublishedKey{"dd0701715ac41b7b96a2c8fe7a762b0ee05215f4f21c44d9458f1d2e2d57427d", "GnuTLS self-test"},
    PublishedKey{"5bd7bad40971be901e68d9b97405c3a3e996adbede885869b270185ad499108e", "GnuTLS self-test"},
    PublishedKey{"c305f632b9f12913e548002d5e48435fccfb7a54f4e6f2255c055d9b99794b69", "GnuTLS self-test"},
    PublishedKey{"965237ca6ba836733f2b6436d66516dc01ef2d58825d3b4aa6b9061a76c7a9ce", "GnuTLS self-test"},
    PublishedKey{"6e1900f654edb2e599930c8a287c7263ea170f010826630893227e7cec221586", "GnuTLS self-test"},
    PublishedKey{"215fde895c12883e29036f5bd38c22467657f3cabbc77d7e9e328ab5f4ae39f2", "GnuTLS self-test"},
    PublishedKey{"87e288dc7dbc29a24241b596ec8c84f949d9f09f34fc0cf69242481fb2274770", "GnuTLS self-test"},
    PublishedKey{"d245e52c341a76645e1b0e56c58dc964cd4f3ecaea64a9c6d6db9897d4948a8a", "GnuTLS self-test"},
    PublishedKey{"0294b4406902e33bb02f89eaf4c691328790d7a9cd01b873d68edac994f310a1", "GnuTLS self-test"},
};

}  // namespace

std::string_view publisher_of(const PrivateKey& key) {
  if (key.encrypted) return {};
  const bool derived = !key.public_key.spki.empty();
  const Digest digest = Digest::sha256_of(derived ? ByteView(key.public_key.spki) : key.opaque);
  const auto found = std::ranges::find(kPublished, digest.hex(), &PublishedKey::sha256);
  return found == kPublished.end() ? std::string_view() : found->publisher;
}

}  // namespace landwaiter::detectors
