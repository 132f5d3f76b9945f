// SPDX-License-Identifier: Apache-2.0
#include "platform/http/router.hpp"

#include <sstream>

namespace landwaiter::platform {
namespace {

std::vector<std::string> split(const std::string& path) {
  std::vector<std::string> segments;
  std::istringstream in(path.substr(1));
  for (std::string segment; std::getline(in, segment, '/');) segments.push_back(segment);
  return segments;
}

bool matches(const std::vector<std::string>& pattern, const std::vector<std::string>& segments, Parameters& parameters) {
  if (pattern.size() != segments.size()) return false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i].starts_with('{')) {
      if (segments[i].empty()) return false;
      parameters[pattern[i].substr(1, pattern[i].size() - 2)] = segments[i];
    } else if (pattern[i] != segments[i]) {
      return false;
    }
  }
  return true;
}

}  // namespace

Router::Router(std::vector<Route> routes) : routes_(std::move(routes)) {
  for (const Route& route : routes_) patterns_.push_back(split(route.path));
}

Router::Match Router::match(const std::string& method, const std::vector<std::string>& segments) const {
  Match result;
  for (std::size_t i = 0; i < routes_.size(); ++i) {
    Parameters parameters;
    if (!matches(patterns_[i], segments, parameters)) continue;
    if (routes_[i].method == method) return {&routes_[i], std::move(parameters), ""};
    result.allow += (result.allow.empty() ? "" : ", ") + routes_[i].method;
  }
  return result;
}

}  // namespace landwaiter::platform
