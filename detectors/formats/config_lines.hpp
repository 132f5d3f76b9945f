// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace landwaiter::detectors {

/// The separator between a directive's name and its value.
enum class Separator { none, blank, equals, colon };

/// A line of a configuration file that is not a comment. The views point into the text.
struct ConfigLine {
  std::string_view section;  ///< from the last "[section]" line; empty before the first
  std::string_view key;
  Separator separator = Separator::none;
  std::string_view value;  ///< without surrounding blanks and trailing comment
  std::size_t offset = 0;  ///< of the key
};

/// The text with the ends of continued lines (a backslash and the line break) overwritten by blanks: offsets are preserved. Comment lines
/// do not continue.
std::string join_continuations(std::string_view text);

/// Comments start with "#", ";", "!" or "//" at a line's start or, only for "#", after a blank.
std::vector<ConfigLine> config_lines(std::string_view text);

struct XmlAttribute {
  std::string_view name;
  std::string_view value;  ///< as written, entities included
  std::size_t offset = 0;
};
/// The attributes of all start tags with these names outside comments.
std::vector<XmlAttribute> xml_attributes(std::string_view text, std::initializer_list<std::string_view> tags);

}  // namespace landwaiter::detectors
