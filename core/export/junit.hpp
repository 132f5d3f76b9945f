// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/export/export.hpp"

#include <memory>

namespace landwaiter::exports {

/// JUnit's XML as Jenkins reads it: a test suite for each image, in which "the image is searched completely" is a test of its own, so that
/// a clean image has one that passes, and each issue of at least low severity one that fails; what is accepted is skipped, with the reason.
/// An image that could not be read is a suite with an error.
std::unique_ptr<DocumentWriter> junit_writer();

}  // namespace landwaiter::exports
