// SPDX-License-Identifier: Apache-2.0
#include "daemon/cli/command.hpp"

#include "core/base/nearest.hpp"
#include "core/base/text.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace landwaiter::daemon {
namespace {

constexpr const char* kHelpGroup = "Help";
/// Longer lists are a page of their own.
constexpr std::size_t kChoicesShownMax = 80;

std::string listed(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

const std::vector<std::string>& words_for(const std::map<const CLI::Option*, std::vector<std::string>>& words, const CLI::Option* option) {
  static const std::vector<std::string> kNone;
  const auto found = words.find(option);
  return found == words.end() ? kNone : found->second;
}

bool repeats(const CLI::Option& option) { return option.get_items_expected_max() > 1; }

}  // namespace

Command::Command(std::string description, std::string name) : App(std::move(description), std::move(name)) {
  set_help_flag("-h,--help", "Show this help")->group(kHelpGroup);
}

Command& Command::add(const std::string& name, const std::string& description) {
  auto command = std::make_shared<Command>(description, name);
  Command& added = *command;
  add_subcommand(std::move(command));
  return added;
}

std::vector<Command*> Command::commands() {
  std::vector<Command*> out;
  for (CLI::App* each : get_subcommands([](const CLI::App* app) { return app->get_group() != kHiddenGroup; })) {
    out.push_back(dynamic_cast<Command*>(each));
  }
  return out;
}

std::string Command::full_name() const {
  const auto* parent = dynamic_cast<const Command*>(get_parent());
  return parent == nullptr ? get_name() : parent->full_name() + " " + get_name();
}

Command& Command::chosen() {
  const auto below = get_subcommands();
  return below.empty() ? *this : dynamic_cast<Command&>(*below.front()).chosen();
}

CLI::Option* Command::choose(CLI::Option* option, std::vector<std::string> names, const std::string& value_name) {
  choices_[option] = names;
  auto spelled = [names = std::move(names)](std::string& value) -> std::string {
    const auto known = std::ranges::find_if(names, [&](const std::string& name) { return iequals(name, value); });
    if (known == names.end()) {
      return landwaiter::quoted(value) + " is not one of " + listed(names) + did_you_mean(value, names);
    }
    value = *known;
    return {};
  };
  return option->transform(CLI::Validator(std::move(spelled), "", "choices"))->option_text(value_name);
}

const std::vector<std::string>& Command::choices(const CLI::Option* option) const { return words_for(choices_, option); }

const std::vector<std::string>& Command::suggestions(const CLI::Option* option) const { return words_for(suggestions_, option); }

std::string option_names(const CLI::Option& option) {
  if (option.get_positional()) {
    const std::string& text = option.get_option_text();
    return (text.empty() ? option.get_name() : text) + (repeats(option) ? "..." : "");
  }
  std::string out;
  for (const std::string& name : option.get_snames()) out += (out.empty() ? "-" : ", -") + name;
  for (const std::string& name : option.get_lnames()) out += (out.empty() ? "--" : ", --") + name;
  return out;
}

std::string value_name(const CLI::Option& option) {
  if (option.get_positional() || option.get_items_expected_max() == 0) return {};
  if (!option.get_option_text().empty()) return option.get_option_text();
  const std::string type = option.get_type_name().substr(0, option.get_type_name().find(':'));
  return type == "UINT" || type == "INT" ? "N" : "VALUE";
}

std::string option_description(const Command& command, const CLI::Option& option) {
  std::string out = option.get_description();
  const std::string names = listed(command.choices(&option));
  if (!names.empty() && names.size() <= kChoicesShownMax) out += ": " + names;
  if (repeats(option) && !option.get_positional()) out += "; may be repeated";
  return out;
}

std::vector<std::pair<std::string, std::vector<CLI::Option*>>> options_by_group(Command& command) {
  std::vector<std::pair<std::string, std::vector<CLI::Option*>>> out;
  for (CLI::Option* option : command.get_options()) {
    const std::string& group = option->get_group();
    if (option->get_positional() || group == kHiddenGroup) continue;
    auto place = std::ranges::find(out, group, [](const auto& each) { return each.first; });
    if (place == out.end()) place = out.insert(out.end(), {group, {}});
    place->second.push_back(option);
  }
  std::ranges::stable_partition(out, [](const auto& each) { return each.first != kHelpGroup; });
  return out;
}

std::vector<CLI::Option*> positionals(Command& command) {
  return command.get_options([](const CLI::Option* option) { return option->get_positional(); });
}

std::string usage_of(Command& command) {
  std::string out = "[OPTIONS]";
  for (const CLI::Option* option : positionals(command)) {
    const std::string name = option_names(*option);
    out += option->get_required() ? " " + name : " [" + name + "]";
  }
  if (!command.commands().empty()) out += command.get_require_subcommand_min() > 0 ? " COMMAND" : " [COMMAND]";
  return out;
}

}  // namespace landwaiter::daemon
