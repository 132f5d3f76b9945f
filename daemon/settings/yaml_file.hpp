// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/clock.hpp"
#include "core/base/result.hpp"
#include "core/base/text.hpp"
#include "core/report/finding.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Reading YAML files that users write by hand, each field by hand. Whatever is not as it must be throws a Fault with its line, which
/// read() makes an Error of; nobody else meets one.
namespace landwaiter::daemon::yaml {

struct Fault {
  int line = 0;
  std::string what;
};

[[noreturn]] void fail(const YAML::Node& node, const std::string& what);

std::string scalar(const YAML::Node& node, const std::string& field);
std::uint64_t number(const YAML::Node& node, const std::string& field, std::uint64_t max);
bool flag(const YAML::Node& node, const std::string& field);
/// One string, or a list of strings.
std::vector<std::string> texts(const YAML::Node& node, const std::string& field);
/// "2027-01-01", or a full timestamp.
SystemTime instant(const YAML::Node& node, const std::string& field);
Severity severity(const YAML::Node& node, const std::string& field);
FindingType type(const YAML::Node& node, const std::string& field);
/// One type, or a list of them.
std::vector<FindingType> types(const YAML::Node& node, const std::string& field);

/// What was read may be somebody's secret rather than settings: then it is not shown.
std::string shown_name(const std::string& key);

/// Calls `read` with name and value of each field; one that it does not know (false) or that comes twice is a fault.
template <class Read>
void each_field(const YAML::Node& node, const std::string& what, Read read) {
  if (!node.IsMap()) fail(node, what + " must be a map");
  std::vector<std::string> seen;
  for (const auto& entry : node) {
    const std::string key = scalar(entry.first, "name");
    if (std::ranges::find(seen, key) != seen.end()) fail(entry.first, "field " + shown_name(key) + " appears twice");
    seen.push_back(key);
    if (!read(key, entry.second)) fail(entry.first, "unknown field " + shown_name(key) + " in " + what);
  }
}

/// The file's text, of one that is too long a part that check_size() refuses. Error: configuration.
Result<std::string> text_of(const std::string& file);
/// The name of a file that is read if the current folder has it; empty if it has nothing of that name. Error: configuration, if it is no
/// file.
Result<std::string> file_here(const std::string& name);

/// Neither too long nor too deep.
Result<void> check_size(std::string_view text, const std::string& name);
Error error_at(const std::string& name, int line, const std::string& what);

/// What `from` makes of the document in `text`. Errors: configuration, naming `name` (the file), the line and the field.
template <class T, class Read>
Result<T> read(std::string_view text, const std::string& name, Read from) {
  auto sized = check_size(text, name);
  if (!sized) return sized.error();
  try {
    return from(YAML::Load(std::string(text)));
  } catch (const Fault& fault) {
    return error_at(name, fault.line, fault.what);
  } catch (const YAML::Exception& error) {
    return error_at(name, error.mark.line + 1, error.msg);
  }
}

}  // namespace landwaiter::daemon::yaml
