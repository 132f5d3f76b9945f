// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/export/export.hpp"

#include <memory>

namespace landwaiter::exports {

/// SARIF 2.1.0 (OASIS), within what GitHub takes: a run for each of the first 18 images, one for all others, and one for the images that
/// could not be read; a result for each issue of at least low severity, a rule for each issue code. What was not searched is a notification
/// of the run, which was not successful if a search ended early.
std::unique_ptr<DocumentWriter> sarif_writer(const Options& options);
std::string sarif(std::span<const ImageReport> images, const Options& options);

}  // namespace landwaiter::exports
