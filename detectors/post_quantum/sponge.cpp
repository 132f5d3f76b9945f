// SPDX-License-Identifier: Apache-2.0
#include "detectors/post_quantum/sponge.hpp"

#include "detectors/formats/openssl_ptr.hpp"

#include <openssl/evp.h>

#include <memory>
#include <stdexcept>

namespace landwaiter::detectors {
namespace {

const EVP_MD* method_of(Sponge function) {
  switch (function) {
    case Sponge::sha3_256: return EVP_sha3_256();
    case Sponge::sha3_512: return EVP_sha3_512();
    case Sponge::shake128: return EVP_shake128();
    default: return EVP_shake256();
  }
}

}  // namespace

Bytes sponge(Sponge function, std::initializer_list<ByteView> parts, std::size_t size) {
  const std::unique_ptr<EVP_MD_CTX, OpensslFree<EVP_MD_CTX_free>> context(EVP_MD_CTX_new());
  bool good = context && EVP_DigestInit_ex(context.get(), method_of(function), nullptr) == 1;
  for (const ByteView part : parts) good = good && EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1;
  const bool any_size = function == Sponge::shake128 || function == Sponge::shake256;
  Bytes out(any_size ? size : function == Sponge::sha3_256 ? 32 : 64);
  good = good &&
         (any_size ? EVP_DigestFinalXOF(context.get(), out.data(), size) : EVP_DigestFinal_ex(context.get(), out.data(), nullptr)) == 1;
  if (!good) throw std::runtime_error("OpenSSL cannot compute SHA-3");
  return out;
}

}  // namespace landwaiter::detectors
