// SPDX-License-Identifier: Apache-2.0
#include "daemon/cli/help_text.hpp"

#include "core/os/process.hpp"
#include "core/os/terminal.hpp"
#include "daemon/output/table.hpp"
#include "daemon/settings/config.hpp"

#include <algorithm>

namespace landwaiter::daemon {
namespace {

/// Where descriptions begin, on a terminal that has room for two columns.
constexpr std::size_t kDescriptionColumn = 30;
constexpr std::size_t kTwoColumnsMin = 66;
constexpr std::size_t kDeepIndent = 6;

/// In lines of at most `width` columns, of which all but the first begin after `indent` blanks, where the first is put.
std::string wrapped(const std::string& text, std::size_t width, std::size_t indent) {
  std::string out;
  for (const std::string& line : wrap(text, width - indent)) out += (out.empty() ? "" : "\n" + std::string(indent, ' ')) + line;
  return out;
}

std::string row(const std::string& label, const std::string& description, std::size_t width, std::size_t column) {
  std::string out = "  " + label;
  const std::size_t indent = width < kTwoColumnsMin ? kDeepIndent : column;
  if (description.empty()) return out + "\n";
  if (width < kTwoColumnsMin || out.size() + 2 > indent) {
    out += "\n" + std::string(indent, ' ');
  } else {
    out += std::string(indent - out.size(), ' ');
  }
  return out + wrapped(description, width, indent) + "\n";
}

std::string commands_text(Command& command, std::size_t width) {
  std::string out;
  for (Command* each : command.commands()) out += row(each->get_name(), each->get_description(), width, kDescriptionColumn / 2);
  return out.empty() ? out : "\nCommands:\n" + out;
}

std::string arguments_text(Command& command, std::size_t width) {
  std::string out;
  for (const CLI::Option* option : positionals(command)) {
    out += row(option_names(*option), option_description(command, *option), width, kDescriptionColumn);
  }
  return out.empty() ? out : "\nArguments:\n" + out;
}

std::string options_text(Command& command, std::size_t width) {
  std::string out;
  for (const auto& [group, options] : options_by_group(command)) {
    out += "\n" + group + ":\n";
    for (const CLI::Option* option : options) {
      const std::string value = value_name(*option);
      out +=
          row(option_names(*option) + (value.empty() ? "" : " " + value), option_description(command, *option), width, kDescriptionColumn);
    }
  }
  return out;
}

std::string examples_text(const Command& command, std::size_t width) {
  std::string out;
  for (const Command::Example& example : command.examples) {
    out += "  " + wrapped(example.what + ":", width, 2) + "\n      " + example.line + "\n";
  }
  return out.empty() ? out : "\nExamples:\n" + out;
}

std::string exits_text(const Command& command, std::size_t width) {
  std::string out;
  for (const Command::ExitMeaning& exit : command.exits) {
    const std::string code = std::to_string(exit.code);
    out += "  " + code + std::string(kDeepIndent - 2 - code.size(), ' ') + wrapped(exit.meaning, width, kDeepIndent) + "\n";
  }
  return out.empty() ? out : "\nExit codes:\n" + out;
}

}  // namespace

std::size_t help_width() {
  constexpr std::size_t kColumnsMax = 100;
  const auto columns = process_environment()("COLUMNS");
  return std::min(terminal_width(terminal_columns(StandardStream::output), columns ? columns->c_str() : nullptr), kColumnsMax);
}

std::string help_text(Command& command, std::size_t width) {
  std::string out = wrapped(command.get_description(), width, 0) + "\n";
  for (const std::string& paragraph : command.details) out += "\n" + wrapped(paragraph, width, 0) + "\n";
  out += "\n" + wrapped("Usage: " + command.full_name() + " " + usage_of(command), width, 0) + "\n";
  out += arguments_text(command, width) + commands_text(command, width) + options_text(command, width);
  return out + examples_text(command, width) + exits_text(command, width);
}

}  // namespace landwaiter::daemon
