// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>

namespace landwaiter {

enum class StandardStream { output, error };

/// A person sees what is written there.
bool is_terminal(StandardStream stream);
/// How wide the terminal is; nothing when there is none, or it does not say.
std::optional<std::size_t> terminal_columns(StandardStream stream);

}  // namespace landwaiter
