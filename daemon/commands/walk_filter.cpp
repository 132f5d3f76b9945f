// SPDX-License-Identifier: Apache-2.0
#include "daemon/commands/walk_filter.hpp"

#include "core/base/limits.hpp"
#include "core/wire/filter.hpp"

#include <CLI/CLI.hpp>

namespace landwaiter::daemon {

std::vector<std::string> usual_platforms() {
  return {"linux/amd64", "linux/arm64", "linux/arm/v7", "linux/386", "linux/ppc64le", "linux/s390x", "linux/riscv64", "windows/amd64"};
}

void WalkFilter::add_to(CLI::App& command) {
  command.add_option("--repository", work.repositories, "Only these repositories; * and ? are wildcards")->option_text("GLOB");
  command.add_option("--exclude-repository", work.exclude_repositories, "Skip these repositories")->option_text("GLOB");
  command.add_option("--tag", work.tags, "Only these tags; * and ? are wildcards")->option_text("GLOB");
  command.add_option("--exclude-tag", work.exclude_tags, "Skip these tags")->option_text("GLOB");
  command.add_option("--newest", work.newest, "Only the newest N tags of each repository")
      ->option_text("N")
      ->check(CLI::Range(std::size_t{1}, limits::newest_max));
  command
      .add_option("--pushed", pushed,
                  "Only images pushed in this window: today, yesterday, last-7-days, last-14-days, last-30-days, N (days), or "
                  "FROM..TO (dates or timestamps)")
      ->option_text("WINDOW");
  command.add_option("--utc-offset", utc_offset, "Time zone in which the days of --pushed begin, like +02:00 (default: UTC)")
      ->option_text("OFFSET");
}

bool WalkFilter::chooses() const {
  const bool names = !work.repositories.empty() || !work.exclude_repositories.empty() || !work.tags.empty() || !work.exclude_tags.empty();
  return names || work.newest > 0 || !pushed.empty() || !utc_offset.empty();
}

Result<protocol::ListWork> WalkFilter::at(SystemTime now) const {
  protocol::ListWork out = work;
  for (const std::string& platform : work.platforms) {
    auto valid = check_platform(platform);
    if (!valid) return valid.error().with_context("--platform");
  }
  if (pushed.empty() && !utc_offset.empty())
    return Error(ErrorCode::invalid_argument, "--utc-offset says when the days of --pushed begin, and there is no --pushed");
  if (pushed.empty()) return out;
  const auto offset = parse_offset(utc_offset.empty() ? "UTC" : utc_offset);
  if (!offset) return offset.error().with_context("--utc-offset");
  const auto window = parse_window(pushed, now, *offset);
  if (!window) return window.error().with_context("--pushed");
  if (window->after) out.pushed_after = to_rfc3339(*window->after);
  if (window->before) out.pushed_before = to_rfc3339(*window->before);
  return out;
}

}  // namespace landwaiter::daemon
