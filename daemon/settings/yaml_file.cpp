// SPDX-License-Identifier: Apache-2.0
#include "daemon/settings/yaml_file.hpp"

#include <charconv>
#include <filesystem>
#include <fstream>

namespace landwaiter::daemon::yaml {
namespace {

/// They are written by hand.
constexpr std::size_t kBytesMax = 1024 * 1024;
constexpr std::size_t kListMax = 1000;
/// Nothing that is read here is nested deeper, and yaml-cpp recurses.
constexpr std::size_t kDepthMax = 32;

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

void fail(const YAML::Node& node, const std::string& what) { throw Fault{node.Mark().line + 1, what}; }

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

std::vector<std::string> texts(const YAML::Node& node, const std::string& field) {
  if (node.IsScalar()) return {scalar(node, field)};
  if (!node.IsSequence() || node.size() == 0 || node.size() > kListMax)
    fail(node, "field " + field + " must be a string or a list of strings");
  std::vector<std::string> out;
  for (const auto& each : node) out.push_back(scalar(each, field));
  return out;
}

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

FindingType type(const YAML::Node& node, const std::string& field) {
  const std::string text = scalar(node, field);
  const auto out = finding_type_from(text);
  if (!out) fail(node, "field " + field + " has an unknown type " + landwaiter::quoted(text));
  return *out;
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

std::string shown_name(const std::string& key) {
  constexpr std::size_t kNameBytesMax = 40;
  const bool name = key.size() <= kNameBytesMax && std::ranges::all_of(key, [](char c) {
                      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
                    });
  return name ? landwaiter::quoted(key) : "(not shown: it is no name)";
}

Error error_at(const std::string& name, int line, const std::string& what) {
  return {ErrorCode::configuration, name + ": line " + std::to_string(line) + ": " + what};
}

Result<std::string> text_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  // One more than check_size() takes; a device has no end.
  std::string text(kBytesMax + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!in.is_open() || in.bad() || (in.gcount() == 0 && !in.eof())) return Error(ErrorCode::configuration, file + ": cannot be read");
  text.resize(static_cast<std::size_t>(in.gcount()));
  return text;
}

Result<std::string> file_here(const std::string& name) {
  std::error_code unknown;
  const auto link = std::filesystem::symlink_status(name, unknown).type();
  if (link == std::filesystem::file_type::not_found) return std::string();
  // A folder is what a container has in place of a file that was not there, and a pipe would be waited for.
  if (std::filesystem::is_regular_file(name, unknown)) return name;
  return Error(ErrorCode::configuration, name + " in the current folder is not a file");
}

Result<void> check_size(std::string_view text, const std::string& name) {
  if (text.size() > kBytesMax) return Error(ErrorCode::configuration, name + ": is longer than a file of settings may be");
  if (depth_of(text) > kDepthMax) return Error(ErrorCode::configuration, name + ": is nested deeper than a file of settings may be");
  return {};
}

}  // namespace landwaiter::daemon::yaml
