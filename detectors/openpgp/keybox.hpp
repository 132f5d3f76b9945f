// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"

#include <optional>
#include <vector>

namespace landwaiter::detectors {

/// GnuPG's keybox (kbx/keybox-blob.c): a sequence of blobs, the first of which has "KBXf" at offset 8. It contains only public keys.
struct Keybox {
  std::vector<ByteView> key_blocks;  ///< of its OpenPGP blobs
  std::size_t size = 0;              ///< bytes up to the first that is not a blob
  bool cut = false;                  ///< the bytes end in the middle of a blob
};

/// The keybox at the front of `bytes`; nothing if there is none.
std::optional<Keybox> read_keybox(ByteView bytes);

}  // namespace landwaiter::detectors
