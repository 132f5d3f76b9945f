// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace landwaiter {

/// The one of `names` that was probably meant by `given`, in whatever case: up to two letters are wrong, missing, superfluous or in the
/// wrong order, but never half of them. Of several the nearest, then the first; empty if there is none.
std::string nearest(std::string_view given, std::span<const std::string> names);

/// `; did you mean "scan"?` for the end of an error; empty if no name is near.
std::string did_you_mean(std::string_view given, std::span<const std::string> names);

}  // namespace landwaiter
