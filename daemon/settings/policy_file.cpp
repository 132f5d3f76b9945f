// SPDX-License-Identifier: Apache-2.0
#include "daemon/settings/policy_file.hpp"

#include "core/base/text.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>

namespace landwaiter::daemon {
namespace {

/// A policy is written by hand.
constexpr std::size_t kPolicyBytesMax = 1024 * 1024;
constexpr std::size_t kRulesMax = 1000;
constexpr std::size_t kListMax = 1000;
constexpr std::uint64_t kDaysMax = 36'500;
/// Policies are never nested deeper, and yaml-cpp recurses.
constexpr std::size_t kDepthMax = 32;

/// Thrown only within this file, so readers need not propagate errors by hand.
struct Fault {
  int line = 0;
  std::string what;
};

[[noreturn]] void fail(const YAML::Node& node, const std::string& what) { throw Fault{node.Mark().line + 1, what}; }

std::string scalar(const YAML::Node& node, const std::string& field) {
  if (!node.IsScalar() || node.Scalar().empty()) fail(node, "field " + field + " must be a string");
  return node.Scalar();
}

std::uint64_t number(const YAML::Node& node, const std::string& field, std::uint64_t max) {
  const std::string text = scalar(node, field);
  std::uint64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size() || out > max)
    fail(node, "field " + field + " must be a number from 0 to " + std::to_string(max));
  return out;
}

bool flag(const YAML::Node& node, const std::string& field) {
  const std::string text = scalar(node, field);
  if (text != "true" && text != "false") fail(node, "field " + field + " must be true or false");
  return text == "true";
}

/// One string, or a list of strings.
std::vector<std::string> texts(const YAML::Node& node, const std::string& field) {
  if (node.IsScalar()) return {scalar(node, field)};
  if (!node.IsSequence() || node.size() == 0 || node.size() > kListMax)
    fail(node, "field " + field + " must be a string or a list of strings");
  std::vector<std::string> out;
  for (const auto& each : node) out.push_back(scalar(each, field));
  return out;
}

/// "2027-01-01", or a full timestamp.
SystemTime instant(const YAML::Node& node, const std::string& field) {
  std::string text = scalar(node, field);
  constexpr std::size_t kDateSize = 10;
  if (text.size() == kDateSize) text += "T00:00:00Z";
  const auto time = from_rfc3339(text);
  if (!time) fail(node, "field " + field + " must be a date like 2027-01-01");
  return *time;
}

Severity severity(const YAML::Node& node, const std::string& field) {
  const auto out = severity_from(scalar(node, field));
  if (!out) fail(node, "field " + field + " must be info, low, medium, high or critical");
  return *out;
}

template <class Read>
void each_field(const YAML::Node& node, const std::string& what, Read read) {
  if (!node.IsMap()) fail(node, what + " must be a map");
  std::vector<std::string> seen;
  for (const auto& entry : node) {
    const std::string key = scalar(entry.first, "name");
    if (std::ranges::find(seen, key) != seen.end()) fail(entry.first, "field " + landwaiter::quoted(key) + " appears twice");
    seen.push_back(key);
    if (!read(key, entry.second)) fail(entry.first, "unknown field " + landwaiter::quoted(key) + " in " + what);
  }
}

std::vector<FindingType> types(const YAML::Node& node, const std::string& field) {
  std::vector<FindingType> out;
  for (const std::string& text : texts(node, field)) {
    const auto type = finding_type_from(text);
    if (!type) fail(node, "field " + field + " has an unknown type " + landwaiter::quoted(text));
    out.push_back(*type);
  }
  return out;
}

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

/// Counts all indentation and brackets: an upper bound of YAML's depth.
std::size_t depth_of(std::string_view text) {
  std::size_t open = 0, deepest = 0, markers = 0;
  bool line_start = true;
  for (const char c : text) {
    if (c == '\n') {
      line_start = true;
      markers = 0;
      continue;
    }
    if (line_start && (c == '-' || c == '?' || c == ':')) ++markers;
    else if (c != ' ') line_start = false;
    if (c == '[' || c == '{') ++open;
    if ((c == ']' || c == '}') && open > 0) --open;
    deepest = std::max({deepest, open, markers});
  }
  return deepest;
}

}  // namespace

Result<Policy> parse_policy(std::string_view text, const std::string& name) {
  const auto error_at = [&](int line, const std::string& what) {
    return Error(ErrorCode::configuration, name + ": line " + std::to_string(line) + ": " + what);
  };
  if (text.size() > kPolicyBytesMax) return Error(ErrorCode::configuration, name + ": is longer than a policy may be");
  if (depth_of(text) > kDepthMax) return Error(ErrorCode::configuration, name + ": is nested deeper than a policy may be");
  try {
    return policy(YAML::Load(std::string(text)));
  } catch (const Fault& fault) {
    return error_at(fault.line, fault.what);
  } catch (const YAML::Exception& error) {
    return error_at(error.mark.line + 1, error.msg);
  }
}

Result<Policy> load_policy(const std::string& name_or_file) {
  if (auto known = Policy::builtin(name_or_file)) return *std::move(known);
  if (name_or_file.find_first_of("./") == std::string::npos) {
    std::string names;
    for (const std::string& name : Policy::builtin_names()) names += (names.empty() ? "" : ", ") + name;
    return Error(ErrorCode::configuration,
                 "there is no policy " + landwaiter::quoted(name_or_file) + "; there are " + names + ", and your own files");
  }
  std::ifstream in(name_or_file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in || text.str().empty()) return Error(ErrorCode::configuration, name_or_file + ": cannot be read");
  return parse_policy(text.str(), name_or_file);
}

}  // namespace landwaiter::daemon
