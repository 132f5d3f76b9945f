// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace landwaiter::detectors {

/// What stands between a directive's name and its value.
enum class Separator { none, blank, equals, colon };

/// A line of a configuration file that is no comment. The views are parts of the text that was read.
struct ConfigLine {
  std::string_view section;  ///< of the last "[section]" line; empty before the first
  std::string_view key;
  Separator separator = Separator::none;
  std::string_view value;  ///< without blanks around it, and without a comment behind it
  std::size_t offset = 0;  ///< of the key
};

/// The text with the ends of continued lines (a backslash, then the line's end) overwritten by blanks: offsets stay. Comment
/// lines do not go on.
std::string join_continuations(std::string_view text);

/// Comments begin with "#", ";", "!" or "//", at a line's start or, "#" alone, behind a blank.
std::vector<ConfigLine> config_lines(std::string_view text);

struct XmlAttribute {
  std::string_view name;
  std::string_view value;  ///< as written, entities included
  std::size_t offset = 0;
};
/// The attributes of all start tags of these names that stand in no comment.
std::vector<XmlAttribute> xml_attributes(std::string_view text, std::initializer_list<std::string_view> tags);

}  // namespace landwaiter::detectors
