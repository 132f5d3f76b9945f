// SPDX-License-Identifier: Apache-2.0
#include "core/report/distribution.hpp"

#include "core/base/limits.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

namespace landwaiter {
namespace {

using nlohmann::json;

/// Every text with its name in JSON: what is written, read and measured is one list.
constexpr std::array<std::pair<const char*, std::string Distribution::*>, 5> kDistributionTexts{{
    {"id", &Distribution::id},
    {"version_id", &Distribution::version_id},
    {"codename", &Distribution::codename},
    {"title", &Distribution::title},
    {"reader", &Distribution::reader},
}};

auto rank(const Distribution& distribution) {
  const Occurrence& where = distribution.where;
  return std::tuple<std::size_t, const std::string&, const std::vector<std::string>&>(where.archive.size(), where.path, where.archive);
}

}  // namespace

Result<void> check_distribution(const Distribution& distribution) {
  if (distribution.id.empty()) return Error(ErrorCode::malformed, "a distribution without id");
  for (const auto& [name, text] : kDistributionTexts) {
    if ((distribution.*text).size() <= limits::package_text_bytes_max) continue;
    return Error(ErrorCode::limit_exceeded, "a distribution with a text of more than " + std::to_string(limits::package_text_bytes_max) +
                                                " bytes (package_text_bytes_max)");
  }
  return {};
}

void prefer(std::optional<Distribution>& known, Distribution other) {
  if (!known || !(rank(*known) < rank(other))) known = std::move(other);
}

void to_json(json& out, const Distribution& value) {
  out = json{{"where", value.where}};
  for (const auto& [name, text] : kDistributionTexts) out[name] = value.*text;
}

void from_json(const json& in, Distribution& value) {
  for (const auto& [name, text] : kDistributionTexts) in.at(name).get_to(value.*text);
  in.at("where").get_to(value.where);
  const auto checked = check_distribution(value);
  if (!checked) throw json::other_error::create(501, checked.error().message(), nullptr);
}

}  // namespace landwaiter
