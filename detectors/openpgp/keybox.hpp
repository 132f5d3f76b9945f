// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"

#include <optional>
#include <vector>

namespace landwaiter::detectors {

/// GnuPG's keybox (kbx/keybox-blob.c): blobs one after the other, the first of which says "KBXf" at offset 8. It holds public
/// keys alone.
struct Keybox {
  std::vector<ByteView> key_blocks;  ///< of its OpenPGP blobs
  std::size_t size = 0;              ///< bytes up to the first that is no blob
  bool cut = false;                  ///< the bytes end in the middle of a blob
};

/// The keybox that begins at the front of `bytes`; nothing when none does.
std::optional<Keybox> read_keybox(ByteView bytes);

}  // namespace landwaiter::detectors
