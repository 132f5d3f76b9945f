// SPDX-License-Identifier: Apache-2.0
#include "platform/store/vault.hpp"

#include "platform/store/ids.hpp"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace landwaiter::platform {
namespace {

constexpr std::size_t kKeyBytes = crypto_aead_xchacha20poly1305_ietf_KEYBYTES;
constexpr std::size_t kNonceBytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t kTagBytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
static_assert(kSealKeyBytes == crypto_box_PUBLICKEYBYTES);

/// Closes a descriptor.
struct File {
  int descriptor;
  ~File() {
    if (descriptor >= 0) ::close(descriptor);
  }
};

Error key_error(const std::filesystem::path& file, std::string_view what) {
  return {ErrorCode::configuration, "master key " + file.string() + ": " + std::string(what)};
}

/// Written beside its place and linked there whole: a kill never leaves a short key, and two starters agree on one.
Result<void> make_key(const std::filesystem::path& file) {
  const std::filesystem::path fresh = file.string() + ".new." + std::to_string(::getpid());
  Bytes key = random_bytes(kKeyBytes);
  const File out{::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600)};
  bool written = out.descriptor >= 0 && ::write(out.descriptor, key.data(), key.size()) == static_cast<ssize_t>(key.size()) &&
                 ::fsync(out.descriptor) == 0;
  int reason = errno;
  sodium_memzero(key.data(), key.size());
  if (written && ::link(fresh.c_str(), file.c_str()) != 0 && errno != EEXIST) {
    reason = errno;
    written = false;
  }
  ::unlink(fresh.c_str());
  if (!written) return key_error(file, std::strerror(reason));
  return {};
}

Result<Secret> read_key(const std::filesystem::path& file) {
  const File in{::open(file.c_str(), O_RDONLY | O_CLOEXEC)};
  if (in.descriptor < 0) return key_error(file, std::strerror(errno));
  struct stat status {};
  if (::fstat(in.descriptor, &status) != 0) return key_error(file, std::strerror(errno));
  if ((status.st_mode & 0077U) != 0) return key_error(file, "others than its owner may read or write it; chmod 0600");
  std::string key(kKeyBytes, '\0');
  if (status.st_size != static_cast<off_t>(kKeyBytes) || ::read(in.descriptor, key.data(), key.size()) != static_cast<ssize_t>(kKeyBytes)) {
    return key_error(file, "must hold exactly " + std::to_string(kKeyBytes) + " bytes");
  }
  return Secret(std::move(key));
}

const unsigned char* raw(std::string_view text) { return as_bytes(text).data(); }

}  // namespace

Result<Vault> Vault::open(const std::filesystem::path& key_file) {
  if (::access(key_file.c_str(), F_OK) != 0 && errno == ENOENT) {
    auto made = make_key(key_file);
    if (!made) return made.error();
  }
  auto key = read_key(key_file);
  if (!key) return key.error();
  return Vault(*std::move(key));
}

Bytes Vault::encrypt(const Secret& plain, std::string_view context) const {
  Bytes out = random_bytes(kNonceBytes);
  const std::string& text = plain.reveal();
  out.resize(kNonceBytes + text.size() + kTagBytes);
  unsigned long long size = 0;
  crypto_aead_xchacha20poly1305_ietf_encrypt(out.data() + kNonceBytes, &size, raw(text), text.size(), raw(context), context.size(), nullptr,
                                             out.data(), raw(key_.reveal()));
  return out;
}

Result<Secret> Vault::decrypt(ByteView encrypted, std::string_view context) const {
  const Error failed(ErrorCode::io, "stored secret " + std::string(context) + " cannot be decrypted: wrong master key, or damaged");
  if (encrypted.size() < kNonceBytes + kTagBytes) return failed;
  std::string text(encrypted.size() - kNonceBytes - kTagBytes, '\0');
  unsigned long long size = 0;
  const int opened = crypto_aead_xchacha20poly1305_ietf_decrypt(reinterpret_cast<unsigned char*>(text.data()), &size, nullptr,
                                                                encrypted.data() + kNonceBytes, encrypted.size() - kNonceBytes,
                                                                raw(context), context.size(), encrypted.data(), raw(key_.reveal()));
  if (opened != 0) return failed;
  return Secret(std::move(text));
}

Result<Bytes> seal_to(ByteView public_key, const Secret& plain) {
  if (public_key.size() != kSealKeyBytes) return Error(ErrorCode::invalid_argument, "a public key must have 32 bytes");
  const std::string& text = plain.reveal();
  Bytes out(text.size() + crypto_box_SEALBYTES);
  if (crypto_box_seal(out.data(), raw(text), text.size(), public_key.data()) != 0) {
    return Error(ErrorCode::invalid_argument, "this public key cannot be sealed to");  // a point of small order
  }
  return out;
}

}  // namespace landwaiter::platform
