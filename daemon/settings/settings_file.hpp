// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/result.hpp"

#include <string>
#include <vector>

namespace landwaiter::daemon {

/// What a settings file gives one option: one value, or several where an option may be repeated. `true` and `false` are those of a flag.
struct Setting {
  std::string option;  ///< without dashes in front: "fail-on"
  std::vector<std::string> values;
};

/// A YAML map of options' names and values. Error: configuration, naming the file, the line and the option.
Result<std::vector<Setting>> load_settings(const std::string& file);
Result<std::vector<Setting>> parse_settings(std::string_view text, const std::string& name);

}  // namespace landwaiter::daemon
