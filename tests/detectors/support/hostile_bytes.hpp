// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace landwaiter::detectors {

/// A file that makes readers look far for little: what looks like an asset again and again, and never is one.
struct HostileBytes {
  std::string name;
  std::string bytes;
};

/// `unit` repeated, up to `size` bytes in all.
std::string repeated(std::string_view unit, std::size_t size);

/// Files of about `size` bytes, at least one for each family of readers, each the worst that is known for its reader's look-ahead.
std::vector<HostileBytes> hostile_bytes(std::size_t size);

}  // namespace landwaiter::detectors
