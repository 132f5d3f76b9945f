// SPDX-License-Identifier: Apache-2.0
#include "core/base/digest.hpp"

#include "core/base/encoding.hpp"
#include "core/base/text.hpp"
#include "core/base/work_meter.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <new>

namespace landwaiter {
namespace {

constexpr std::string_view kSha256 = "sha256:";
constexpr std::string_view kSha512 = "sha512:";

EVP_MD_CTX* evp(void* context) { return static_cast<EVP_MD_CTX*>(context); }

}  // namespace

Result<Digest> Digest::parse(std::string_view text) {
  std::size_t hex_size = 0;
  if (text.starts_with(kSha256)) hex_size = 64;
  else if (text.starts_with(kSha512)) hex_size = 128;
  else return Error(ErrorCode::malformed, "not a sha256 or sha512 digest");

  const std::string_view hex = text.substr(kSha256.size());
  const bool lower_hex = std::ranges::all_of(hex, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
  if (hex.size() != hex_size || !lower_hex) return Error(ErrorCode::malformed, "malformed digest");
  return Digest(std::string(text));
}

Digest Digest::sha256_of(ByteView bytes) {
  Hasher hasher(Algorithm::sha256);
  hasher.update(bytes);
  return hasher.finish();
}

Digest Digest::from_raw(Algorithm algorithm, ByteView hash) {
  const std::string_view prefix = algorithm == Algorithm::sha512 ? kSha512 : kSha256;
  return Digest(std::string(prefix) + hex_encode(hash));
}

std::string_view Digest::hex() const { return empty() ? std::string_view() : std::string_view(text_).substr(kSha256.size()); }

void Hasher::Free::operator()(void* context) const { EVP_MD_CTX_free(evp(context)); }

Hasher::Hasher(Digest::Algorithm algorithm) : algorithm_(algorithm), context_(EVP_MD_CTX_new()) {
  const EVP_MD* md = algorithm == Digest::Algorithm::sha512 ? EVP_sha512() : EVP_sha256();
  if (!context_ || EVP_DigestInit_ex(evp(context_.get()), md, nullptr) != 1) throw std::bad_alloc();
}

void Hasher::update(ByteView bytes) {
  constexpr std::uint64_t kUnitsPerByte = 3;
  charge_work(kUnitsPerByte * bytes.size());
  EVP_DigestUpdate(evp(context_.get()), bytes.data(), bytes.size());
}

Digest Hasher::finish() {
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> hash{};
  unsigned int size = 0;
  EVP_DigestFinal_ex(evp(context_.get()), hash.data(), &size);
  return Digest::from_raw(algorithm_, ByteView(hash).first(size));
}

VerifyingSource::VerifyingSource(ByteSource& source, Digest expected, std::uint64_t size_bytes)
    : source_(source), expected_(std::move(expected)), size_bytes_(size_bytes), hasher_(expected_.algorithm()) {}

Result<ByteView> VerifyingSource::next() {
  if (failed_) return *failed_;
  if (proven_) return ByteView{};
  auto chunk = source_.next();
  if (!chunk) {
    failed_ = chunk.error();
    return *failed_;
  }
  if (chunk->empty()) return end();
  read_bytes_ += chunk->size();
  if (read_bytes_ > size_bytes_) {
    failed_ = Error(ErrorCode::digest_mismatch,
                    expected_.str() + " is longer than the " + std::to_string(size_bytes_) + " bytes its descriptor names");
    return *failed_;
  }
  hasher_.update(*chunk);
  return *chunk;
}

Result<ByteView> VerifyingSource::end() {
  if (read_bytes_ != size_bytes_) {
    failed_ = Error(ErrorCode::digest_mismatch,
                    expected_.str() + " ended after " + std::to_string(read_bytes_) + " of " + std::to_string(size_bytes_) + " bytes");
    return *failed_;
  }
  const Digest got = hasher_.finish();
  if (got != expected_) {
    failed_ = Error(ErrorCode::digest_mismatch, "content has digest " + got.str() + " instead of " + expected_.str());
    return *failed_;
  }
  proven_ = true;
  return ByteView{};
}

Result<void> VerifyingSource::drain() {
  while (true) {
    auto chunk = next();
    if (!chunk) return chunk.error();
    if (chunk->empty()) return {};
  }
}

Bytes hmac_sha256(ByteView key, ByteView message) {
  Bytes out(32);
  unsigned int size = 0;
  // OpenSSL treats a null key as "the key of the last call" and fails, even when its length is 0.
  static constexpr std::uint8_t kEmpty = 0;
  if (!HMAC(EVP_sha256(), key.empty() ? &kEmpty : key.data(), static_cast<int>(key.size()), message.data(), message.size(), out.data(),
            &size)) {
    throw std::bad_alloc();
  }
  return out;
}

}  // namespace landwaiter
