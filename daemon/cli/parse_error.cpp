// SPDX-License-Identifier: Apache-2.0
#include "daemon/cli/parse_error.hpp"

#include "core/base/nearest.hpp"
#include "core/base/text.hpp"

#include <algorithm>

namespace landwaiter::daemon {
namespace {

std::vector<std::string> command_names(Command& command) {
  std::vector<std::string> names;
  for (const Command* each : command.commands()) names.push_back(each->get_name());
  return names;
}

std::string unknown_option(const std::string& given, Command& command) {
  const std::string name = given.substr(0, given.find('='));
  return command.full_name() + " has no option " + landwaiter::quoted(name) + did_you_mean(name, option_spellings(command));
}

std::string missing_command(Command& command) {
  std::string names;
  for (const std::string& name : command_names(command)) names += (names.empty() ? "" : ", ") + name;
  return command.full_name() + " needs a command: " + names;
}

/// CLI11 says it in its own words: "--format: At Most 1 required but received 2", "--policy: 1 required TEXT missing".
std::string mismatch(const std::string& message) {
  const std::string option = message.substr(0, message.find(':'));
  const bool missing = message.find("missing") != std::string::npos || message.find("received 0") != std::string::npos;
  return option + (missing ? " needs a value" : " is given more than once");
}

std::string what_is_wrong(Command& command, const CLI::ParseError& error) {
  const auto rest = command.remaining();
  const auto option = std::ranges::find_if(rest, [](const std::string& each) { return each.size() > 1 && each[0] == '-'; });
  if (option != rest.end()) return unknown_option(*option, command);
  if (!rest.empty() && !command.commands().empty()) {
    return command.full_name() + " has no command " + landwaiter::quoted(rest.front()) + did_you_mean(rest.front(), command_names(command));
  }
  if (!rest.empty()) return landwaiter::quoted(rest.front()) + " is one argument too many";
  if (error.get_name() == "ArgumentMismatch") return mismatch(error.what());
  if (error.get_name() == "RequiredError" && !command.commands().empty()) return missing_command(command);
  return printable(error.what());
}

}  // namespace

std::vector<std::string> option_spellings(Command& command) {
  std::vector<std::string> out;
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_positional() || option->get_group() == kHiddenGroup) continue;
    for (const std::string& name : option->get_snames()) out.push_back("-" + name);
    for (const std::string& name : option->get_lnames()) out.push_back("--" + name);
  }
  return out;
}

std::string parse_error_text(Command& root, const CLI::ParseError& error) {
  Command& command = root.chosen();
  return what_is_wrong(command, error) + " (see " + command.full_name() + " --help)";
}

}  // namespace landwaiter::daemon
