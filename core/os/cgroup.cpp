// SPDX-License-Identifier: Apache-2.0
#include "core/os/cgroup.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>
#include <string>

namespace landwaiter {
namespace {

/// Version 1 says LONG_MAX rounded down to a page for "none". No machine has a quarter of it.
constexpr std::uint64_t kNoLimit = 1ULL << 61U;

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    if (end > 0) out.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

std::string_view first_word(std::string_view text) { return text.substr(0, std::min(text.find_first_of(" \n"), text.size())); }

template <class Number>
std::optional<Number> number(std::string_view text) {
  Number value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// mountinfo writes spaces, tabs, line ends and backslashes as "\040".
std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::string_view octal = text.substr(i + 1, 3);
    if (text[i] == '\\' && octal.size() == 3 && octal.find_first_not_of("01234567") == std::string_view::npos) {
      out += static_cast<char>((octal[0] - '0') * 64 + (octal[1] - '0') * 8 + (octal[2] - '0'));
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

/// "4:memory:/a/b", or "0::/a/b" for version 2.
struct Membership {
  std::vector<std::string_view> controllers;
  std::string_view path;
};

std::vector<Membership> parse_memberships(std::string_view text) {
  std::vector<Membership> out;
  for (const std::string_view line : split(text, '\n')) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    out.push_back({split(line.substr(first + 1, second - first - 1), ','), line.substr(second + 1)});
  }
  return out;
}

struct Mount {
  std::string root;   ///< the group that is seen at `point`
  std::string point;  ///< where
  bool unified = false;
  std::vector<std::string_view> options;  ///< of version 1, its controllers among them
};

/// "35 31 0:32 ROOT POINT rw,relatime [more] - cgroup SOURCE rw,memory"
std::optional<Mount> parse_mount(std::string_view line) {
  const std::size_t dash = line.find(" - ");
  if (dash == std::string_view::npos) return std::nullopt;
  const auto place = split(line.substr(0, dash), ' ');
  const auto kind = split(line.substr(dash + 3), ' ');
  if (place.size() < 5 || kind.size() < 3 || (kind[0] != "cgroup" && kind[0] != "cgroup2")) return std::nullopt;
  return Mount{unescaped(place[3]), unescaped(place[4]), kind[0] == "cgroup2", split(kind[2], ',')};
}

bool belong_together(const Membership& membership, const Mount& mount) {
  if (membership.controllers.empty()) return mount.unified;
  return !mount.unified && std::ranges::any_of(membership.controllers, [&](std::string_view controller) {
    return (controller == "memory" || controller == "cpu") && std::ranges::find(mount.options, controller) != mount.options.end();
  });
}

/// The group's folders below the mount, deepest first, and the mount itself.
void add_folders(const Membership& membership, const Mount& mount, std::vector<ControlGroup>& out) {
  const std::filesystem::path below = std::filesystem::path(membership.path).lexically_relative(mount.root);
  const bool seen = !below.empty() && *below.begin() != ".." && below != ".";
  const std::filesystem::path point(mount.point);
  for (std::filesystem::path at = seen ? below : std::filesystem::path(); !at.empty(); at = at.parent_path())
    out.push_back({point / at, mount.unified});
  out.push_back({point, mount.unified});
}

std::string content(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

template <class Number>
void lower(std::optional<Number>& limit, const std::optional<Number>& other) {
  if (other) limit = limit ? std::min(*limit, *other) : *other;
}

}  // namespace

std::vector<ControlGroup> control_groups(std::string_view memberships, std::string_view mounts) {
  const auto groups = parse_memberships(memberships);
  std::vector<ControlGroup> out;
  for (const std::string_view line : split(mounts, '\n')) {
    const auto mount = parse_mount(line);
    if (!mount) continue;
    for (const Membership& membership : groups) {
      if (belong_together(membership, *mount)) add_folders(membership, *mount, out);
    }
  }
  return out;
}

std::optional<std::uint64_t> memory_limit_of(std::string_view text) {
  const auto bytes = number<std::uint64_t>(first_word(text));
  return bytes && *bytes < kNoLimit ? bytes : std::nullopt;
}

std::optional<double> cpu_limit_of(std::string_view text) {
  const std::string_view quota = first_word(text);
  return cpu_limit_of(quota, text.substr(std::min(quota.size() + 1, text.size())));
}

std::optional<double> cpu_limit_of(std::string_view quota, std::string_view period) {
  const auto time = number<std::int64_t>(first_word(quota));
  const auto every = number<std::int64_t>(first_word(period));
  if (!time || !every || *time <= 0 || *every <= 0) return std::nullopt;
  return static_cast<double>(*time) / static_cast<double>(*every);
}

ResourceLimits resource_limits() {
  ResourceLimits limits;
  for (const ControlGroup& group : control_groups(content("/proc/self/cgroup"), content("/proc/self/mountinfo"))) {
    lower(limits.memory_bytes, memory_limit_of(content(group.folder / (group.unified ? "memory.max" : "memory.limit_in_bytes"))));
    lower(limits.cpus, group.unified
                           ? cpu_limit_of(content(group.folder / "cpu.max"))
                           : cpu_limit_of(content(group.folder / "cpu.cfs_quota_us"), content(group.folder / "cpu.cfs_period_us")));
  }
  return limits;
}

}  // namespace landwaiter
