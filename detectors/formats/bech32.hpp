// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace landwaiter::detectors {

struct Bech32 {
  std::string prefix;  ///< lower case
  Bytes bytes;
};

/// Decodes Bech32 (BIP 173) of any length, as age uses it: all upper or all lower case, checksum verified, padding zero.
std::optional<Bech32> bech32_decode(std::string_view text);

}  // namespace landwaiter::detectors
