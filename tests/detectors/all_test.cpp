// SPDX-License-Identifier: Apache-2.0
#include "detectors/all.hpp"

#include "core/base/digest.hpp"
#include "core/base/encoding.hpp"
#include "core/base/limits.hpp"
#include "tests/support/catch.hpp"

#include <filesystem>
#include <set>

namespace landwaiter::detectors {

TEST_CASE("names are unique, versions positive, triggers bounded and numbered once", "[all]") {
  const auto detectors = make_all_detectors(DetectorContext{});
  REQUIRE_FALSE(detectors.empty());
  std::set<std::string_view> names;
  for (const auto& detector : detectors) {
    CHECK(names.insert(detector->name()).second);
    CHECK(detector->version() > 0);
    std::set<int> ids;
    for (const Trigger& trigger : detector->triggers()) {
      CHECK(ids.insert(trigger.id).second);
      CHECK(trigger.max_length > 0);
      CHECK(trigger.max_length <= limits::detector_lookbehind_bytes);
    }
  }
}

TEST_CASE("each detector and each file reader in the folder is in its list", "[all]") {
  std::size_t detectors = 0, readers = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(LANDWAITER_DETECTORS_FOLDER)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with("_detector.hpp")) ++detectors;
    if (name.ends_with("_file_reader.hpp")) ++readers;
  }
  CHECK(detectors > 10);
  CHECK(make_all_detectors(DetectorContext{}).size() == detectors);
  CHECK(make_all_file_readers().size() == readers);
}

}  // namespace landwaiter::detectors
