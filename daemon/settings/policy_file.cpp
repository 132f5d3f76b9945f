// SPDX-License-Identifier: Apache-2.0
#include "daemon/settings/policy_file.hpp"

#include "core/base/nearest.hpp"
#include "core/base/text.hpp"
#include "daemon/settings/yaml_file.hpp"

#include <filesystem>

namespace landwaiter::daemon {
namespace {

using namespace yaml;

constexpr std::size_t kRulesMax = 1000;
constexpr std::uint64_t kDaysMax = 36'500;
PolicyMatch match(const YAML::Node& node) {
  PolicyMatch out;
  each_field(node, "match", [&](const std::string& key, const YAML::Node& value) {
    if (key == "type") out.types = types(value, key);
    else if (key == "key_type") out.key_types = texts(value, key);
    else if (key == "size_below") out.size_below = number(value, key, 1'000'000);
    else if (key == "curve") out.curves = texts(value, key);
    else if (key == "signature_hash") out.signature_hashes = texts(value, key);
    else if (key == "expires_within_days") out.expires_within_days = number(value, key, kDaysMax);
    else if (key == "weakness") out.weaknesses = texts(value, key);
    else if (key == "public_roots") out.public_roots = flag(value, key);
    else return false;
    return true;
  });
  if (out.empty()) fail(node, "match must have at least one field");
  return out;
}

bool is_code(std::string_view text) {
  constexpr std::size_t kCodeMax = 100;
  return text.size() <= kCodeMax && text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-.") == std::string_view::npos;
}

PolicyRule rule(const YAML::Node& node) {
  PolicyRule out;
  each_field(node, "rule", [&](const std::string& key, const YAML::Node& value) {
    if (key == "code") out.code = scalar(value, key);
    else if (key == "match") out.match = match(value);
    else if (key == "severity") out.severity = severity(value, key);
    else if (key == "reason") out.reason = printable(scalar(value, key));
    else if (key == "remedy") out.remedy = printable(scalar(value, key));
    else if (key == "from") out.from = instant(value, key);
    else if (key == "until") out.until = instant(value, key);
    else return false;
    return true;
  });
  if (out.code.empty() || !is_code(out.code)) fail(node, "field code is required: lower-case letters, digits, dots and hyphens");
  if (out.match.empty()) fail(node, "field match is required");
  if (out.reason.empty()) fail(node, "field reason is required");
  return out;
}

void base(const YAML::Node& node, const std::string& key, Policy& out) {
  const std::string name = scalar(node, key);
  const auto known = Policy::builtin(name);
  if (!known) fail(node, "field extends names an unknown policy " + landwaiter::quoted(name));
  out.rules.insert(out.rules.begin(), known->rules.begin(), known->rules.end());
}

Policy policy(const YAML::Node& node) {
  Policy out;
  out.name = "custom";
  each_field(node, "the policy", [&](const std::string& key, const YAML::Node& value) {
    if (key == "name") out.name = printable(scalar(value, key));
    else if (key == "extends") base(value, key, out);
    else if (key == "expiry_warning_days") out.expiry_warning_days = number(value, key, kDaysMax);
    else if (key == "quantum") out.quantum = flag(value, key);
    else if (key == "rules") {
      if (!value.IsSequence() || value.size() > kRulesMax)
        fail(value, "field rules must be a list of at most " + std::to_string(kRulesMax));
      for (const auto& each : value) out.rules.push_back(rule(each));
    } else return false;
    return true;
  });
  return out;
}

}  // namespace

Result<Policy> parse_policy(std::string_view text, const std::string& name) { return yaml::read<Policy>(text, name, policy); }

Result<Policy> load_policy(const std::string& name_or_file) {
  if (auto known = Policy::builtin(name_or_file)) return *std::move(known);
  if (name_or_file.find_first_of("./") == std::string::npos) {
    std::string names;
    for (const std::string& name : Policy::builtin_names()) names += (names.empty() ? "" : ", ") + name;
    const std::string text = "there is no policy " + landwaiter::quoted(name_or_file) + "; there are " + names;
    std::error_code unknown;
    const bool is_file = std::filesystem::is_regular_file(name_or_file, unknown);
    return Error(ErrorCode::configuration, text + (is_file ? "; a file's name needs a slash: --policy ./" + printable(name_or_file)
                                                           : ", and your own files" + did_you_mean(name_or_file, Policy::builtin_names())));
  }
  const auto text = yaml::text_of(name_or_file);
  return text ? parse_policy(*text, name_or_file) : text.error();
}

}  // namespace landwaiter::daemon
