// SPDX-License-Identifier: Apache-2.0
#include "daemon/flags/command_line.hpp"

#include "core/base/nearest.hpp"
#include "core/base/text.hpp"
#include "core/os/process.hpp"
#include "daemon/cli/completion.hpp"
#include "daemon/cli/help_text.hpp"
#include "daemon/cli/manual.hpp"
#include "daemon/cli/parse_error.hpp"
#include "daemon/commands/sensor_command.hpp"
#include "daemon/commands/version_command.hpp"
#include "daemon/flags/check_flags.hpp"
#include "daemon/flags/convert_flags.hpp"
#include "daemon/flags/list_flags.hpp"
#include "daemon/flags/option_values.hpp"
#include "daemon/flags/reference_flags.hpp"
#include "daemon/flags/scan_flags.hpp"
#include "daemon/output/output.hpp"

#include <algorithm>
#include <iostream>
#include <span>
#include <string>
#include <string_view>

namespace landwaiter::daemon {
namespace {

/// An option takes one value and is repeated for more: otherwise it would take the images behind it for further values.
void take_single_values(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) {
    if (!option->get_positional() && option->get_items_expected_max() > 1) option->allow_extra_args(false);
  }
  for (CLI::App* command : app.get_subcommands({})) take_single_values(*command);
}

int show(const std::string& text) {
  std::cout << text;
  return std::cout.flush() ? exit_done : fail_usage(Error(ErrorCode::io, "standard output: cannot be written"));
}

int show_help(Command& command) { return show(help_text(command, help_width())); }

/// All commands with their options, and what these are parsed into.
class CommandLine {
 public:
  CommandLine() : program_("Finds cryptographic assets in container images, without pulling them to disk", "landwaiter") {
    program_.require_subcommand(1);
    program_.set_version_flag("--version", std::string(), "Show the version and what it was made of")->group("Help");
    scan_.add_to(program_);
    convert_.add_to(program_);
    list_.add_to(program_);
    check_.add_to(program_);
    add_sensor();
    reference_.add_to(program_);
    add_version();
    add_completion();
    add_manual();
    add_help();
    program_.examples = {
        {"Scan an image", "landwaiter scan registry.example.com/team/shop:1.4"},
        {"Scan an archive", "landwaiter scan docker-archive:shop.tar"},
        {"Test whether a registry can be scanned", "landwaiter registry check harbor.example.com"},
        {"The help of a command", "landwaiter help scan"},
    };
    program_.exits = {{exit_done, "done"},
                      {exit_rule_met, "a --fail-on rule is met"},
                      {exit_usage, "the command line, a configuration file or an output is wrong"},
                      {exit_some_failed, "something could not be read, or not completely"},
                      {exit_stopped, "stopped by a signal"}};
    take_single_values(program_);
  }

  int run(int argc, char** argv) {
    for (const std::string_view word : std::span(argv, static_cast<std::size_t>(argc))) {
      if (word == "--") break;
      // The parser would take the next word for its value: --output=$UNSET image writes over the image.
      if (!word.starts_with("--") || !word.ends_with('=')) continue;
      return fail_usage(Error(ErrorCode::invalid_argument, std::string(word.substr(0, word.size() - 1)) + " has no value after its \"=\""));
    }
    try {
      program_.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
      return show_help(program_.chosen());
    } catch (const CLI::CallForVersion&) {
      return run_version();
    } catch (const CLI::ParseError& error) {
      return fail_usage(Error(ErrorCode::invalid_argument, parse_error_text(program_, error)));
    }
    Command& command = program_.chosen();
    if (command.get_option_no_throw("--settings") != nullptr) {
      const auto completed = complete_options(program_, command, process_environment());
      if (!completed) return fail_usage(completed.error());
    }
    return command.run();
  }

 private:
  void add_sensor() {
    Command& command = program_.add("sensor", "Run the sensor: take jobs from a platform until SIGTERM");
    command.add_option("--config", sensor_config_, "The sensor's YAML configuration")->option_text("FILE")->required();
    command.details = {"Any value of the configuration may be ${env:NAME}: packaging/sensor.yml lists them all."};
    command.examples = {
        {"In the foreground", "landwaiter sensor --config /etc/landwaiter/sensor.yml"},
        {"With a secret of its configuration from the environment", "ENROLLMENT_TOKEN=$(cat token) landwaiter sensor --config sensor.yml"},
        {"To its end, with the jobs at hand finished or handed back", "kill -TERM $(pidof landwaiter)"}};
    command.exits = {{exit_done, "stopped by a signal, with everything handed back"},
                     {exit_usage, "the command line or the configuration is wrong, or the platform refused the sensor"}};
    command.run = [this] { return run_sensor(sensor_config_, process_environment()); };
  }

  void add_version() {
    Command& command = program_.add("version", "Show the version and what it was made of");
    command.examples = {{"For a report of a fault", "landwaiter version"}};
    command.exits = {{exit_done, "the version was written"}};
    command.run = [] { return run_version(); };
  }

  void add_completion() {
    Command& command = program_.add("completion", "Write a script that completes commands, options and values in a shell");
    command.choose(command.add_option("shell", shell_, "The shell")->required(), completion_shells(), "SHELL");
    command.examples = {{"In this bash", "source <(landwaiter completion bash)"},
                        {"In each bash from now on", "echo 'source <(landwaiter completion bash)' >> ~/.bashrc"},
                        {"In zsh", "landwaiter completion zsh > \"${fpath[1]}/_landwaiter\""},
                        {"In fish", "landwaiter completion fish > ~/.config/fish/completions/landwaiter.fish"}};
    command.exits = {{exit_done, "the script was written"}, {exit_usage, "the command line is wrong"}};
    command.run = [this] { return show(completion_script(program_, shell_)); };
  }

  /// For packages and for installing: not a command for people.
  void add_manual() {
    Command& command = program_.add("manual", "Write the manual pages");
    command.group(kHiddenGroup);
    command.add_option("folder", manual_folder_, "Where to")->option_text("DIR")->required();
    command.run = [this] {
      for (const auto& [name, page] : manual_pages(program_, LANDWAITER_VERSION)) {
        auto written = write_output(manual_folder_ + "/" + name, page);
        if (!written) return fail_usage(written.error());
      }
      return static_cast<int>(exit_done);
    };
  }

  void add_help() {
    Command& command = program_.add("help", "Show the help of a command");
    command.add_option("command", help_of_, "The command, such as scan, or registry check")->option_text("COMMAND");
    command.examples = {{"All commands", "landwaiter help"},
                        {"One of them", "landwaiter help scan"},
                        {"A command below another", "landwaiter help registry check"},
                        {"In lines of 80 columns, for a mail", "COLUMNS=80 landwaiter help scan"}};
    command.exits = {{exit_done, "the help was written"}, {exit_usage, "there is no such command"}};
    command.run = [this] { return run_help(); };
  }

  int run_help() {
    Command* command = &program_;
    for (const std::string& name : help_of_) {
      const auto below = command->commands();
      const auto found = std::ranges::find(below, name, [](const Command* each) { return each->get_name(); });
      if (found == below.end()) {
        std::vector<std::string> names;
        for (const Command* each : below) names.push_back(each->get_name());
        return fail_usage(Error(ErrorCode::invalid_argument,
                                command->full_name() + " has no command " + landwaiter::quoted(name) + did_you_mean(name, names)));
      }
      command = *found;
    }
    return show_help(*command);
  }

  Command program_;
  ScanFlags scan_;
  ConvertFlags convert_;
  ListFlags list_;
  CheckFlags check_;
  ReferenceFlags reference_;
  std::string sensor_config_;
  std::vector<std::string> help_of_;
  std::string shell_;
  std::string manual_folder_;
};

}  // namespace

int run_command_line(int argc, char** argv) { return CommandLine().run(argc, argv); }

}  // namespace landwaiter::daemon
