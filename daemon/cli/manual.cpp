// SPDX-License-Identifier: Apache-2.0
#include "daemon/cli/manual.hpp"

#include <algorithm>

namespace landwaiter::daemon {
namespace {

/// Text as roff reads it: nothing in it is a request or an escape, and hyphens can be searched and copied.
std::string roff(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') out += "\\e";
    else if (c == '-') out += "\\-";
    else if (c == '\'') out += "\\(aq";
    else if (c == '"') out += "\\(dq";
    else if (c == '~') out += "\\(ti";
    else if (c == '^') out += "\\(ha";
    else if (c == '`') out += "\\(ga";
    else out += c;
  }
  return out.starts_with('.') ? "\\&" + out : out;
}

std::string page_name(const Command& command) {
  std::string name = command.full_name();
  std::ranges::replace(name, ' ', '-');
  return name;
}

std::string section(const char* name) { return std::string(".SH ") + name + "\n"; }

std::string option_entry(const Command& command, const CLI::Option& option) {
  const std::string value = value_name(option);
  std::string out = ".TP\n\\fB" + roff(option_names(option)) + "\\fR" + (value.empty() ? "" : " \\fI" + roff(value) + "\\fR") + "\n";
  return out + roff(option_description(command, option)) + "\n";
}

std::string options_part(Command& command) {
  std::string out;
  if (const auto arguments = positionals(command); !arguments.empty()) {
    out += section("ARGUMENTS");
    for (const CLI::Option* option : arguments) out += option_entry(command, *option);
  }
  out += section("OPTIONS");
  for (const auto& [group, options] : options_by_group(command)) {
    out += ".SS \"" + roff(group) + "\"\n";
    for (const CLI::Option* option : options) out += option_entry(command, *option);
  }
  return out;
}

std::string commands_part(Command& command) {
  const auto below = command.commands();
  if (below.empty()) return {};
  std::string out = section("COMMANDS");
  for (const Command* each : below) {
    out += ".TP\n\\fB" + roff(each->get_name()) + "\\fR\n" + roff(each->get_description()) + ".\n";
  }
  return out;
}

std::string examples_part(const Command& command) {
  if (command.examples.empty()) return {};
  std::string out = section("EXAMPLES");
  for (const Command::Example& example : command.examples) {
    out += (&example == &command.examples.front() ? "" : ".PP\n") + roff(example.what) + ":\n.PP\n.RS 4\n.nf\n" + roff(example.line) +
           "\n.fi\n.RE\n";
  }
  return out;
}

std::string exits_part(const Command& command) {
  if (command.exits.empty()) return {};
  std::string out = section("EXIT STATUS");
  for (const Command::ExitMeaning& exit : command.exits) {
    out += ".TP\n\\fB" + std::to_string(exit.code) + "\\fR\n" + roff(exit.meaning) + "\n";
  }
  return out;
}

std::string see_also(Command& root, const Command& command) {
  std::string out;
  const auto add = [&](const Command& each) {
    if (&each != &command) out += (out.empty() ? "" : ",\n") + (".BR " + roff(page_name(each))) + " (1)";
  };
  add(root);
  for (const Command* each : root.commands()) add(*each);
  return section("SEE ALSO") + out + "\n";
}

void add_pages(Command& root, Command& command, const std::string& version, std::vector<std::pair<std::string, std::string>>& out) {
  const std::string name = page_name(command);
  std::string upper = name;
  std::ranges::transform(upper, upper.begin(), [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  std::string page = ".TH " + roff(upper) + " 1 \"\" \"landwaiter " + roff(version) + "\" \"Landwaiter\"\n";
  page += section("NAME") + roff(name) + " \\- " + roff(command.get_description()) + "\n";
  page += section("SYNOPSIS") + "\\fB" + roff(command.full_name()) + "\\fR " + roff(usage_of(command)) + "\n";
  page += section("DESCRIPTION") + roff(command.get_description()) + ".\n";
  for (const std::string& paragraph : command.details) page += ".PP\n" + roff(paragraph) + "\n";
  page += commands_part(command) + options_part(command) + examples_part(command) + exits_part(command) + see_also(root, command);
  out.emplace_back(name + ".1", std::move(page));
  for (Command* each : command.commands()) add_pages(root, *each, version, out);
}

}  // namespace

std::vector<std::pair<std::string, std::string>> manual_pages(Command& root, const std::string& version) {
  std::vector<std::pair<std::string, std::string>> out;
  add_pages(root, root, version, out);
  return out;
}

}  // namespace landwaiter::daemon
