// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/engine/detector.hpp"
#include "detectors/engine/file_reader.hpp"

#include <memory>
#include <vector>

namespace landwaiter::detectors {

/// The one list of detectors. Adding a detector means adding its line in all.cpp; a test checks that every detector in the folder is
/// listed and that names are unique.
std::vector<std::unique_ptr<const Detector>> make_all_detectors(const DetectorContext& context);

/// The one list of file readers, in the same way: the header of each ends in _file_reader.hpp.
std::vector<std::unique_ptr<const FileReader>> make_all_file_readers();

}  // namespace landwaiter::detectors
