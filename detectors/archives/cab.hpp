// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"

#include <cstdint>

namespace landwaiter::detectors::cab {

/// What is needed to know how long a cabinet is ("Microsoft Cabinet Format", 2.1).
inline constexpr std::size_t kStartBytes = 36;
Result<std::uint64_t> size_of(ByteView start);

/// What libarchive takes at most for a whole cabinet: a window, and its lists of folders and files, which it makes at once.
std::uint64_t memory_of(ByteView start);

/// Charges the thread's meter for all that the folders of a cabinet can unpack to, as their blocks say: reading it unpacks each at most
/// once.
Result<void> pay_for(ByteView cabinet);

}  // namespace landwaiter::detectors::cab
