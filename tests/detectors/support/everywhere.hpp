// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/detectors/support/scan_bytes.hpp"
#include "tests/support/catch.hpp"

#include <string>
#include <vector>

namespace landwaiter::detectors {

/// The one finding of this type and id in a file, checked to be at `offset`.
inline Finding found_at(const Scanned& scanned, FindingType type, const std::string& id, std::uint64_t offset) {
  std::vector<Finding> found;
  for (const Finding& finding : scanned.of(type)) {
    if (finding.id == id) found.push_back(finding);
  }
  REQUIRE(found.size() == 1);
  CHECK(found[0].occurrences[0].offset == offset);
  return found[0];
}

/// Scans an object alone, between other bytes and behind 1 MiB of them: it is found once each time, where it is, and described alike.
inline Finding found_everywhere(const FileScanner& scanner, const std::string& object, FindingType type, const std::string& id) {
  const Finding plain = found_at(scanner.scan(object), type, id, 0);
  const std::string text = "other bytes = ";
  CHECK(found_at(scanner.scan(text + object + "\n; and more"), type, id, text.size()).attributes == plain.attributes);
  for (const std::size_t before : {std::size_t{1} << 20, (std::size_t{1} << 20) + 128 * 1024 - 7}) {
    const std::string far(before, '.');
    CHECK(found_at(scanner.scan(far + object + '\n' + far), type, id, before).attributes == plain.attributes);
  }
  return plain;
}

/// Cut short at every `step`th byte, nothing of this type is claimed.
inline void check_cut_is_silent(const FileScanner& scanner, const std::string& object, FindingType type, std::size_t step = 1) {
  std::size_t cuts = 0;
  for (std::size_t size = 0; size < object.size(); size += step, ++cuts) {
    INFO("cut to " << size);
    CHECK(scanner.scan(object.substr(0, size)).of(type).empty());
  }
  CHECK(cuts > 10);
}

}  // namespace landwaiter::detectors
