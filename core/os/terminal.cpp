// SPDX-License-Identifier: Apache-2.0
#include "core/os/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

namespace landwaiter {
namespace {

int descriptor_of(StandardStream stream) { return stream == StandardStream::output ? STDOUT_FILENO : STDERR_FILENO; }

}  // namespace

bool is_terminal(StandardStream stream) { return ::isatty(descriptor_of(stream)) != 0; }

std::optional<std::size_t> terminal_columns(StandardStream stream) {
  winsize size{};
  if (!is_terminal(stream) || ::ioctl(descriptor_of(stream), TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return std::nullopt;
  return size.ws_col;
}

}  // namespace landwaiter
