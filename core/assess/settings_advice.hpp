// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/assess/weaknesses.hpp"

#include <string_view>

namespace landwaiter {

/// For a weakness in a program's settings: replaces the general remedy by the line to write there, "Write: ssl_protocols TLSv1.2 TLSv1.3;".
/// Leaves it alone for programs and weaknesses that it does not know.
void advise_setting(std::string_view software, Issue& issue);

}  // namespace landwaiter
