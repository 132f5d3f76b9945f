// SPDX-License-Identifier: Apache-2.0
#include "platform/upkeep/sealed_key.hpp"

#include "tests/support/catch.hpp"

namespace landwaiter::platform {

TEST_CASE("sealed key: opens with its passphrase, and not when a byte of it changed") {
  const Secret key("a master key of 32 bytes, or so..");
  const Secret passphrase("correct horse");
  const PassphraseCost cheap{1, 8192};
  const Bytes sealed = seal_key(key, passphrase, cheap).value();
  CHECK(open_sealed_key(sealed, passphrase).value().equals(key.reveal()));
  CHECK(seal_key(key, passphrase, cheap).value() != sealed);
  CHECK(open_sealed_key(sealed, Secret("correct horse ")).error().code() == ErrorCode::unauthorized);
  // Bytes of the cost are left out: they would make it work long, or are refused.
  for (std::size_t i = 33; i < sealed.size(); ++i) {
    Bytes changed = sealed;
    changed[i] ^= 1U;
    INFO(i);
    CHECK(open_sealed_key(changed, passphrase).error().code() == ErrorCode::unauthorized);
  }
}

TEST_CASE("sealed key: what is none, and what would cost too much, is refused") {
  const Bytes sealed = seal_key(Secret("key"), Secret("p"), {1, 8192}).value();
  CHECK(open_sealed_key(Bytes(), Secret("p")).error().code() == ErrorCode::malformed);
  CHECK(open_sealed_key(ByteView(sealed).first(60), Secret("p")).error().code() == ErrorCode::malformed);
  for (const std::size_t byte : {18U, 29U}) {  // of operations, of memory
    Bytes costly = sealed;
    costly[byte] = 255;
    CHECK(open_sealed_key(costly, Secret("p")).error().code() == ErrorCode::limit_exceeded);
  }
}

}  // namespace landwaiter::platform
