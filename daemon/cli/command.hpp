// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace landwaiter::daemon {

/// A command or option that exists but is not for people.
inline constexpr const char* kHiddenGroup = "";

/// One command of the program, or the program itself, with what its help says beyond its options. An option that takes a value has the
/// value's name as its option_text(): "FILE" or "DIR" in it is what a shell completes.
class Command : public CLI::App {
 public:
  struct Example {
    std::string what;
    std::string line;
  };
  struct ExitMeaning {
    int code;
    std::string meaning;
  };

  Command(std::string description, std::string name);

  /// A command below this one, which owns it.
  Command& add(const std::string& name, const std::string& description);
  /// Those that are for people, in the order in which they were added.
  std::vector<Command*> commands();
  /// "landwaiter registry check"
  std::string full_name() const;
  /// The command that a command line named, as far as it was understood.
  Command& chosen();

  /// The options that are added from here on belong to this group.
  void begin_group(const char* group) { option_defaults()->group(group); }
  /// The option takes one of these, in any case. A list that is short is part of its help.
  CLI::Option* choose(CLI::Option* option, std::vector<std::string> names, const std::string& value_name);
  /// The option takes anything, and a shell completes these.
  void suggest(const CLI::Option* option, std::vector<std::string> words) { suggestions_[option] = std::move(words); }
  const std::vector<std::string>& suggestions(const CLI::Option* option) const;
  /// Empty for an option that takes anything.
  const std::vector<std::string>& choices(const CLI::Option* option) const;

  std::vector<std::string> details;  ///< paragraphs
  std::vector<Example> examples;
  std::vector<ExitMeaning> exits;
  std::function<int()> run;  ///< returns an ExitCode; empty if it only has commands

 private:
  std::map<const CLI::Option*, std::vector<std::string>> choices_, suggestions_;
};

/// "-o, --output" of an option, or a positional's name.
std::string option_names(const CLI::Option& option);
/// "FILE", "N"; empty for a flag.
std::string value_name(const CLI::Option& option);
/// The description and, if they are few, the choices.
std::string option_description(const Command& command, const CLI::Option& option);
/// The options that help shows, by their groups, in order; that of `--help` comes last.
std::vector<std::pair<std::string, std::vector<CLI::Option*>>> options_by_group(Command& command);
std::vector<CLI::Option*> positionals(Command& command);
/// "[OPTIONS] [IMAGE...]"
std::string usage_of(Command& command);

}  // namespace landwaiter::daemon
