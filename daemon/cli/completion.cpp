// SPDX-License-Identifier: Apache-2.0
#include "daemon/cli/completion.hpp"

#include <algorithm>

namespace landwaiter::daemon {
namespace {

enum class Takes { nothing, anything, choice, file, folder };

/// What a shell offers for a value, besides files.
const std::vector<std::string>& words_for(const Command& command, const CLI::Option& option) {
  const auto& choices = command.choices(&option);
  return choices.empty() ? command.suggestions(&option) : choices;
}

Takes what_it_takes(const Command& command, const CLI::Option& option) {
  const std::string value = option.get_positional() ? option.get_option_text() : value_name(option);
  if (value.empty()) return Takes::nothing;
  if (!command.choices(&option).empty()) return Takes::choice;
  // An image may be a file, a layout or an archive.
  if (value.find("FILE") != std::string::npos || value == "IMAGE") return Takes::file;
  if (!command.suggestions(&option).empty()) return Takes::choice;
  return value.find("DIR") != std::string::npos ? Takes::folder : Takes::anything;
}

std::string joined(const std::vector<std::string>& words, const char* between = " ") {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : between) + word;
  return out;
}

std::vector<std::string> spellings(const CLI::Option& option) {
  std::vector<std::string> out;
  for (const std::string& name : option.get_snames()) out.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) out.push_back("--" + name);
  return out;
}

std::vector<CLI::Option*> shown_options(Command& command) {
  std::vector<CLI::Option*> out;
  for (const auto& [group, options] : options_by_group(command)) out.insert(out.end(), options.begin(), options.end());
  return out;
}

bool completes_files(Command& command) {
  return std::ranges::any_of(positionals(command), [&](const CLI::Option* each) { return what_it_takes(command, *each) == Takes::file; });
}

/// What may stand where no option does.
std::vector<std::string> words_of(Command& command) {
  std::vector<std::string> out;
  for (const CLI::Option* each : positionals(command)) {
    for (const std::string& choice : command.choices(each)) out.push_back(choice);
  }
  for (const Command* each : command.commands()) out.push_back(each->get_name());
  return out;
}

/// The command and all below it.
std::vector<Command*> all_of(Command& command) {
  std::vector<Command*> out{&command};
  for (Command* each : command.commands()) {
    const auto below = all_of(*each);
    out.insert(out.end(), below.begin(), below.end());
  }
  return out;
}

/// In single quotes, where bash and zsh expand nothing.
std::string quoted_for_posix(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string quoted_for_fish(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  return out + "'";
}

std::string bash_values(Command& command) {
  std::string out;
  for (const CLI::Option* option : shown_options(command)) {
    const Takes takes = what_it_takes(command, *option);
    if (takes == Takes::nothing) continue;
    std::vector<std::string> patterns;
    for (const std::string& name : spellings(*option)) patterns.push_back(quoted_for_posix(command.full_name() + " " + name));
    out += "    " + joined(patterns, " | ") + ")\n";
    const auto& offered = words_for(command, *option);
    const std::string words_set = offered.empty() ? "" : "words=" + quoted_for_posix(joined(offered)) + " ";
    if (takes == Takes::choice) out += "      " + words_set + ";;\n";
    if (takes == Takes::file) out += "      " + words_set + "files=-f ;;\n";
    if (takes == Takes::folder) out += "      files=-d ;;\n";
    if (takes == Takes::anything) out += "      return ;;\n";
  }
  return out;
}

std::string bash_words(Command& command) {
  std::vector<std::string> options;
  for (const CLI::Option* option : shown_options(command)) {
    for (std::string& name : spellings(*option)) options.push_back(std::move(name));
  }
  std::string out = "      " + quoted_for_posix(command.full_name()) + ")\n        options=" + quoted_for_posix(joined(options)) + "\n";
  out += "        words=" + quoted_for_posix(joined(words_of(command))) + "\n";
  if (completes_files(command)) out += "        files=-f\n";
  return out + "        ;;\n";
}

std::string bash_script(Command& root) {
  std::string paths;
  std::string values;
  std::string words;
  for (Command* command : all_of(root)) {
    if (command != &root) paths += (paths.empty() ? "" : " | ") + quoted_for_posix(command->full_name());
    values += bash_values(*command);
    words += bash_words(*command);
  }
  const std::string name = root.get_name();
  return "# Completion of " + name + R"( for bash.
_)" + name +
         R"(() {
  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} path=)" +
         name + R"( options='' words='' files='' i
  COMPREPLY=()
  # bash takes --option=value for three words.
  if [[ $current == = ]]; then
    current=
  elif [[ $before == = ]]; then
    before=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$path ${COMP_WORDS[i]}" in
      )" +
         paths + R"() path="$path ${COMP_WORDS[i]}" ;;
    esac
  done
  case "$path $before" in
)" + values +
         R"(    *)
      case $path in
)" + words +
         R"(      esac
      ;;
  esac
  [[ $current == -* ]] && words=$options files=
  if [[ -n $files ]]; then
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen "$files" -W "$words" -- "$current")
  else
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  fi
}
complete -F _)" +
         name + " " + name + "\n";
}

/// What stands in brackets or between colons of a specification of zsh's _arguments.
std::string zsh_text(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string zsh_action(const Command& command, const CLI::Option& option) {
  switch (what_it_takes(command, option)) {
    case Takes::choice: return "(" + joined(words_for(command, option)) + ")";
    case Takes::file: {
      const auto& offered = words_for(command, option);
      return offered.empty() ? "_files" : "{_alternative \"values:value:(" + joined(offered) + ")\" \"files:file:_files\"}";
    }
    case Takes::folder: return "_files -/";
    case Takes::anything: return " ";
    case Takes::nothing: break;
  }
  return {};
}

std::string zsh_function_name(const Command& command) {
  std::string name = "_" + command.full_name();
  std::ranges::replace(name, ' ', '_');
  return name;
}

std::string zsh_options(Command& command) {
  std::string out;
  for (const CLI::Option* option : shown_options(command)) {
    const auto names = spellings(*option);
    const bool repeats = option->get_items_expected_max() > 1;
    const std::string value = value_name(*option);
    for (const std::string& name : names) {
      std::string text = repeats ? "*" : "(" + joined(names) + ")";
      text += name + (value.empty() ? "" : name.starts_with("--") ? "=" : "+") + "[" + zsh_text(option_description(command, *option)) + "]";
      if (!value.empty()) text += ":" + zsh_text(value) + ":" + zsh_action(command, *option);
      out += " \\\n    " + quoted_for_posix(text);
    }
  }
  return out;
}

std::string zsh_function(Command& command) {
  std::string out = zsh_function_name(command) + "() {\n";
  if (const auto below = command.commands(); !below.empty()) {
    out += "  local curcontext=\"$curcontext\" state line\n  local -a names\n";
    out +=
        "  _arguments -C" + zsh_options(command) + " \\\n    '1:command:->command' '*::argument:->rest'\n  case $state in\n    command)\n";
    out += "      names=(";
    for (const Command* each : below) out += "\n        " + quoted_for_posix(each->get_name() + ":" + zsh_text(each->get_description()));
    out += ")\n      _describe -t commands command names ;;\n    rest)\n      case $words[1] in\n";
    for (const Command* each : below) out += "        " + each->get_name() + ") " + zsh_function_name(*each) + " ;;\n";
    return out + "      esac ;;\n  esac\n}\n";
  }
  out += "  _arguments -s" + zsh_options(command);
  for (const CLI::Option* option : positionals(command)) {
    const std::string many = option->get_items_expected_max() > 1 ? "*" : "";
    out += " \\\n    " + quoted_for_posix(many + ":" + zsh_text(option->get_option_text()) + ":" + zsh_action(command, *option));
  }
  return out + "\n}\n";
}

std::string zsh_script(Command& root) {
  std::string out = "#compdef " + root.get_name() + "\n# Completion of " + root.get_name() + " for zsh.\n";
  for (Command* command : all_of(root)) out += zsh_function(*command);
  const std::string name = zsh_function_name(root);
  // In a folder of $fpath it is the body of a function, otherwise a script that is read.
  return out + "if [[ $funcstack[1] == " + name + " ]]; then\n  " + name + " \"$@\"\nelse\n  compdef " + name + " " + root.get_name() +
         "\nfi\n";
}

std::string fish_options(Command& command, const std::string& begin) {
  std::string out;
  for (const CLI::Option* option : shown_options(command)) {
    out += begin;
    for (const std::string& name : option->get_snames()) out += " -s " + name;
    for (const std::string& name : option->get_lnames()) out += " -l " + name;
    switch (what_it_takes(command, *option)) {
      case Takes::choice: out += " -x -a " + quoted_for_fish(joined(words_for(command, *option))); break;
      case Takes::file: {
        const auto& offered = words_for(command, *option);
        out += " -r -F" + (offered.empty() ? "" : " -a " + quoted_for_fish(joined(offered)));
        break;
      }
      case Takes::folder: out += " -x -a '(__fish_complete_directories)'"; break;
      case Takes::anything: out += " -x"; break;
      case Takes::nothing: break;
    }
    out += " -d " + quoted_for_fish(option_description(command, *option)) + "\n";
  }
  return out;
}

std::string fish_script(Command& root) {
  const std::string name = root.get_name();
  std::string paths;
  std::string completions;
  for (Command* command : all_of(root)) {
    if (command != &root) paths += " " + quoted_for_fish(command->full_name());
    const std::string at = "test (__" + name + "_path) = \"" + command->full_name() + "\"";
    const std::string begin = "complete -c " + name + " -n " + quoted_for_fish(at);
    for (const Command* each : command->commands()) {
      completions += begin + " -a " + each->get_name() + " -d " + quoted_for_fish(each->get_description()) + "\n";
    }
    if (completes_files(*command)) completions += begin + " -F\n";
    for (const CLI::Option* each : positionals(*command)) {
      if (const auto& choices = command->choices(each); !choices.empty()) {
        completions += begin + " -a " + quoted_for_fish(joined(choices)) + "\n";
      }
    }
    completions += fish_options(*command, begin);
  }
  return "# Completion of " + name + " for fish.\nfunction __" + name + "_path\n    set -l path " + name +
         "\n    for word in (commandline -opc)[2..-1]\n        switch \"$path $word\"\n            case" + paths +
         "\n                set path \"$path $word\"\n        end\n    end\n    echo $path\nend\ncomplete -c " + name + " -f\n" +
         completions;
}

}  // namespace

const std::vector<std::string>& completion_shells() {
  static const std::vector<std::string> kShells{"bash", "fish", "zsh"};
  return kShells;
}

std::string completion_script(Command& root, const std::string& shell) {
  if (shell == "bash") return bash_script(root);
  return shell == "fish" ? fish_script(root) : zsh_script(root);
}

}  // namespace landwaiter::daemon
