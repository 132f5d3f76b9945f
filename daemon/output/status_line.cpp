// SPDX-License-Identifier: Apache-2.0
#include "daemon/output/status_line.hpp"

#include "core/os/terminal.hpp"
#include "daemon/output/text_width.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace landwaiter::daemon {
namespace {

constexpr std::chrono::seconds kSeldom{30}, kOften{5};
constexpr std::size_t kColumnsDefault = 80;
/// Of a line in a log.
constexpr std::size_t kLogColumns = 200;

void write_to_error(const std::string& text) {
  std::fputs(text.c_str(), stderr);
  std::fflush(stderr);
}

}  // namespace

ProgressMode progress_mode(ProgressWish wish, bool terminal) {
  if (wish == ProgressWish::none) return ProgressMode::off;
  return terminal ? ProgressMode::redrawn : ProgressMode::lines;
}

StatusLine::StatusLine(ProgressWish wish, const Clock& clock)
    : StatusLine(progress_mode(wish, is_terminal(StandardStream::error)), wish == ProgressWish::often ? kOften : kSeldom, clock,
                 write_to_error, [] { return terminal_columns(StandardStream::error); }) {}

StatusLine::StatusLine(ProgressMode mode, std::chrono::seconds between, const Clock& clock, Write write, Columns columns)
    : mode_(mode), between_(between), clock_(clock), last_(clock.steady_now()), write_(std::move(write)), columns_(std::move(columns)) {}

void StatusLine::draw(const std::function<std::string(std::size_t)>& text) {
  if (mode_ == ProgressMode::off) return;
  if (mode_ == ProgressMode::lines) {
    if (clock_.steady_now() - last_ < between_) return;
    last_ = clock_.steady_now();
    return write_("landwaiter: " + text(kLogColumns) + "\n");
  }
  // The last column stays free: some terminals go to the next line with it.
  const std::size_t columns = columns_().value_or(kColumnsDefault);
  const std::size_t width = std::max<std::size_t>(columns, 2) - 1;
  // The cursor returns to the line's begin: from there to the screen's end is what the next call erases, however often it was wrapped.
  write_("\x1b[J" + shortened(text(width), width) + "\r");
  drawn_ = true;
}

void StatusLine::clear() {
  if (std::exchange(drawn_, false)) write_("\x1b[J");
}

}  // namespace landwaiter::daemon
