// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/export/export.hpp"

namespace landwaiter::exports {

/// RFC 4180 with a header: one row for each occurrence of each finding, worst first. A field that a spreadsheet would take for a
/// formula begins with an apostrophe.
std::string csv(std::span<const ImageReport> images);

}  // namespace landwaiter::exports
