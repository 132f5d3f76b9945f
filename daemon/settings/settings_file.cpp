// SPDX-License-Identifier: Apache-2.0
#include "daemon/settings/settings_file.hpp"

#include "daemon/settings/yaml_file.hpp"

namespace landwaiter::daemon {
namespace {

using namespace yaml;

std::vector<Setting> all_settings(const YAML::Node& node) {
  std::vector<Setting> out;
  if (node.IsNull()) return out;
  each_field(node, "the settings", [&out](const std::string& key, const YAML::Node& value) {
    out.push_back({key, texts(value, key)});
    return true;
  });
  return out;
}

}  // namespace

Result<std::vector<Setting>> parse_settings(std::string_view text, const std::string& name) {
  return yaml::read<std::vector<Setting>>(text, name, all_settings);
}

Result<std::vector<Setting>> load_settings(const std::string& file) {
  const auto text = yaml::text_of(file);
  return text ? parse_settings(*text, file) : text.error();
}

}  // namespace landwaiter::daemon
