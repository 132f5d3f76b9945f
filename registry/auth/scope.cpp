// SPDX-License-Identifier: Apache-2.0
#include "registry/auth/scope.hpp"

#include "core/base/text.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

namespace landwaiter::registry {
namespace {

struct Scope {
  std::string_view type;
  std::string_view name;     ///< may contain colons
  std::string_view actions;  ///< separated by commas
};

std::optional<Scope> parse_scope(std::string_view text) {
  const std::size_t first = text.find(':');
  const std::size_t last = text.rfind(':');
  if (first == std::string_view::npos || first == last) return std::nullopt;
  return Scope{text.substr(0, first), text.substr(first + 1, last - first - 1), text.substr(last + 1)};
}

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(at), text.size());
    if (end > 0) out.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

bool is_catalog(const Scope& scope) { return scope.type == "registry" && scope.name == "catalog"; }

/// Actions that only read; Azure has its own for tags and manifests. "*" is everything for a repository.
bool only_reads(const Scope& scope, std::string_view action) {
  constexpr std::array<std::string_view, 2> reading{"pull", "metadata_read"};
  if (is_catalog(scope)) return action == "*";
  return scope.type == "repository" && std::ranges::find(reading, action) != reading.end();
}

}  // namespace

std::string describe_scope(std::string_view text) {
  const auto scope = parse_scope(text);
  if (!scope) return "use the registry";
  if (is_catalog(*scope)) return "list the catalog";
  return printable(scope->actions) + " " + printable(scope->type) + " " + printable(scope->name);
}

std::string permitted_scope(std::string_view wanted, std::string_view challenged) {
  const auto own = parse_scope(wanted);
  if (!own) return {};
  std::vector<std::string_view> actions;
  for (const std::string_view text : split(challenged, ' ')) {
    const auto scope = parse_scope(text);
    if (!scope || scope->type != own->type || scope->name != own->name) continue;
    for (const std::string_view action : split(scope->actions, ',')) {
      if (only_reads(*scope, action) && std::ranges::find(actions, action) == actions.end()) actions.push_back(action);
    }
  }
  const auto known = split(own->actions, ',');
  const auto asked = [&](std::string_view action) { return std::ranges::find(known, action) != known.end(); };
  if (std::ranges::all_of(actions, asked)) return {};
  std::string out = std::string(own->type) + ':' + std::string(own->name) + ':';
  for (std::size_t i = 0; i < actions.size(); ++i) out.append(i == 0 ? "" : ",").append(actions[i]);
  return out;
}

}  // namespace landwaiter::registry
