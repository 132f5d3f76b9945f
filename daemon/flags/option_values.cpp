// SPDX-License-Identifier: Apache-2.0
#include "daemon/flags/option_values.hpp"

#include "core/base/nearest.hpp"
#include "core/base/text.hpp"
#include "core/os/process.hpp"
#include "daemon/flags/option_groups.hpp"
#include "daemon/settings/settings_file.hpp"
#include "daemon/settings/yaml_file.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <iostream>
#include <set>

namespace landwaiter::daemon {
namespace {

/// Secrets and what reads them, what no file or variable can mean, and LANDWAITER_STATE, which also quickstart knows.
constexpr std::array<std::string_view, 8> kOnlyGiven{"username", "password-stdin", "token-stdin", "token",
                                                     "help",     "settings",       "version",     "state"};
/// Beside the options of kLoginGroup and kNetworkGroup, what decides where credentials go and what is written.
constexpr std::array<std::string_view, 5> kNotOfFolder{"registry", "config", "output", "state", "containerd-root"};

template <class List>
bool holds(const List& list, std::string_view name) {
  return std::ranges::find(list, name) != std::end(list);
}

std::string name_of(const CLI::Option& option) { return option.get_lnames().empty() ? std::string() : option.get_lnames().front(); }

bool is_flag(const CLI::Option& option) { return option.get_expected_min() == 0; }
bool may_be_repeated(const CLI::Option& option) { return option.get_items_expected_max() > 1; }

/// "LANDWAITER_FAIL_ON".
std::string variable_of(const std::string& option) {
  std::string out = "LANDWAITER_";
  for (const char c : option) out += c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return out;
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> out;
  for (std::size_t comma = text.find(','); comma != std::string_view::npos; comma = text.find(',')) {
    out.emplace_back(trim(text.substr(0, comma)));
    text.remove_prefix(comma + 1);
  }
  out.emplace_back(trim(text));
  return out;
}

std::optional<bool> truth(const std::string& text) {
  for (const char* yes : {"true", "yes", "on", "1"})
    if (iequals(text, yes)) return true;
  for (const char* no : {"false", "no", "off", "0"})
    if (iequals(text, no)) return false;
  return std::nullopt;
}

/// As if it stood on the command line. `where` is whose value it is.
Result<void> give(CLI::Option& option, const std::vector<std::string>& values, const std::string& where) {
  const auto wrong = [&where](const std::string& what) { return Error(ErrorCode::invalid_argument, where + ": " + what); };
  if (values.empty()) return wrong("it has no value");
  if (values.size() > 1 && !may_be_repeated(option)) return wrong("it takes one value");
  try {
    if (is_flag(option)) {
      const auto given = truth(values.front());
      if (!given) return wrong("it is true or false, not " + landwaiter::quoted(values.front()));
      if (!*given) return {};
      option.add_result(option.get_flag_value(name_of(option), "true"));
    } else {
      option.add_result(values);
    }
    option.run_callback();
  } catch (const CLI::Error& error) {
    return wrong(printable(error.what()));
  }
  return {};
}

Result<void> from_environment(CLI::App& command, const Environment& environment) {
  for (CLI::Option* option : command.get_options()) {
    const std::string name = name_of(*option);
    if (name.empty() || holds(kOnlyGiven, name) || !option->empty()) continue;
    const std::string variable = variable_of(name);
    const auto value = environment(variable);
    if (!value || value->empty()) continue;
    auto given = give(*option, may_be_repeated(*option) ? split(*value) : std::vector<std::string>{*value}, "the variable " + variable);
    if (!given) return given;
  }
  return {};
}

void collect_names(CLI::App& app, std::set<std::string>& names) {
  for (const CLI::Option* option : app.get_options()) {
    const std::string name = name_of(*option);
    if (!name.empty() && !holds(kOnlyGiven, name)) names.insert(name);
  }
  for (CLI::App* command : app.get_subcommands({})) collect_names(*command, names);
}

/// Whether a file that somebody else may have written can set it.
bool is_safe(const CLI::Option& option) {
  const std::string group = option.get_group();
  return group != kLoginGroup && group != kNetworkGroup && !holds(kNotOfFolder, name_of(option));
}

Result<void> from_file(CLI::App& app, CLI::App& command, const std::string& file, bool named) {
  const auto settings = load_settings(file);
  if (!settings) return settings.error();
  std::set<std::string> names;
  collect_names(app, names);
  const std::vector<std::string_view> known(names.begin(), names.end());
  for (const Setting& setting : *settings) {
    const std::string where = file + ": option " + landwaiter::quoted(setting.option);
    const auto wrong = [&where](const std::string& what) { return Error(ErrorCode::configuration, where + what); };
    if (holds(kOnlyGiven, setting.option)) return wrong(" cannot be set in a file");
    if (!names.contains(setting.option)) return wrong(" is unknown" + did_you_mean(setting.option, known));
    CLI::Option* option = command.get_option_no_throw("--" + setting.option);
    if (option == nullptr) continue;
    if (!named && !is_safe(*option)) {
      return wrong(
          " decides where credentials go or what is written, which the file of the current folder may not: name the file by "
          "--settings ./" +
          std::string(kSettingsFile) + " if it is your own");
    }
    if (!option->empty()) continue;
    auto given = give(*option, setting.values, where);
    if (!given) return given;
  }
  return {};
}

/// As at the command line, where it is checked before the values here are there.
Result<void> check_needs(const CLI::App& command) {
  for (const CLI::Option* option : command.get_options()) {
    if (option->empty()) continue;
    for (const CLI::Option* needed : option->get_needs()) {
      if (needed->empty()) return Error(ErrorCode::invalid_argument, "--" + name_of(*option) + " needs --" + name_of(*needed));
    }
  }
  return {};
}

}  // namespace

void add_settings_option(CLI::App& command) {
  command.add_option("--settings", "YAML file with values of options (default: landwaiter.yml, if it exists); docs/settings.md")
      ->option_text("FILE")
      ->check(CLI::ExistingFile);
}

void warn_of_variables(CLI::App& app) {
  std::set<std::string> names;
  collect_names(app, names);
  std::set<std::string> known;
  for (const std::string& name : names) known.insert(variable_of(name));
  for (const std::string_view name : kOnlyGiven) known.insert(variable_of(std::string(name)));
  const std::vector<std::string_view> list(known.begin(), known.end());
  for (const std::string& variable : variable_names("LANDWAITER_")) {
    // Others of that prefix may be anybody's.
    const std::string meant = known.contains(variable) ? std::string() : did_you_mean(variable, list);
    if (!meant.empty()) std::cerr << "landwaiter: no option has the variable " << printable(variable) << meant << "\n";
  }
}

Result<void> complete_options(CLI::App& app, CLI::App& command, const Environment& environment) {
  warn_of_variables(app);
  auto completed = from_environment(command, environment);
  if (!completed) return completed;
  const CLI::Option* settings = command.get_option_no_throw("--settings");
  if (settings == nullptr) return {};
  std::string file = settings->empty() ? environment(variable_of("settings")).value_or("") : settings->as<std::string>();
  const bool named = !file.empty();
  if (!named) {
    auto here = yaml::file_here(kSettingsFile);
    if (!here) return here.error();
    file = *std::move(here);
  }
  if (!file.empty()) completed = from_file(app, command, file, named);
  return completed ? check_needs(command) : completed;
}

}  // namespace landwaiter::daemon
