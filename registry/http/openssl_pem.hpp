// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/bio.h>

#include <memory>

namespace landwaiter::registry {

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
};
using BioPtr = std::unique_ptr<BIO, FreeBio>;

/// A pem_password_cb. Without it OpenSSL would ask the terminal for the passphrase of an encrypted key.
inline int no_passphrase(char*, int, int, void*) { return -1; }

}  // namespace landwaiter::registry
