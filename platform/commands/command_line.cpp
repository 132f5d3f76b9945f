// SPDX-License-Identifier: Apache-2.0
#include "platform/commands/command_line.hpp"

#include "core/os/terminal.hpp"
#include "daemon/cli/help_text.hpp"
#include "daemon/cli/manual.hpp"
#include "daemon/cli/parse_error.hpp"
#include "daemon/output/output.hpp"
#include "daemon/output/table.hpp"
#include "platform/commands/backup_command.hpp"
#include "platform/commands/exit_code.hpp"
#include "platform/commands/gc_command.hpp"
#include "platform/commands/migrate_command.hpp"
#include "platform/commands/migrate_to_command.hpp"
#include "platform/commands/restore_command.hpp"
#include "platform/commands/serve_command.hpp"
#include "platform/commands/token_command.hpp"
#include "platform/commands/verify_command.hpp"

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <string>

namespace landwaiter::platform {
namespace {

/// Wider lines are hard to read.
constexpr std::size_t kHelpColumnsMax = 100;

int show(const std::string& text) {
  std::cout << text;
  return std::cout.flush() ? exit_done : fail(Error(ErrorCode::io, "standard output: cannot be written"));
}

/// All commands with their options, and what these are parsed into.
class CommandLine {
 public:
  CommandLine() : program_("Landwaiter's platform: API, queue and findings for registry sensors", "landwaiter-platform") {
    program_.require_subcommand(1);
    program_.set_version_flag("--version", std::string("landwaiter-platform " LANDWAITER_VERSION), "Show the version")->group("Help");
    serve_.add_to(program_);
    token_.add_to(program_);
    migrate_.add_to(program_);
    backup_.add_to(program_);
    restore_.add_to(program_);
    verify_.add_to(program_);
    gc_.add_to(program_);
    migrate_to_.add_to(program_);
    add_manual();
    program_.exits = {{exit_done, "done"}, {exit_usage, "usage or configuration"}, {exit_failed, "cannot run"}};
  }

  int run(int argc, char** argv) {
    try {
      program_.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
      const std::size_t width = daemon::terminal_width(terminal_columns(StandardStream::output), std::getenv("COLUMNS"));
      return show(daemon::help_text(program_.chosen(), std::min(width, kHelpColumnsMax)));
    } catch (const CLI::CallForVersion&) {
      return show("landwaiter-platform " LANDWAITER_VERSION "\n");
    } catch (const CLI::ParseError& error) {
      return fail(Error(ErrorCode::invalid_argument, daemon::parse_error_text(program_, error)), exit_usage);
    }
    return program_.chosen().run();
  }

 private:
  /// For packages: not a command for people.
  void add_manual() {
    daemon::Command& command = program_.add("manual", "Write the manual pages");
    command.group(daemon::kHiddenGroup);
    command.add_option("folder", manual_folder_, "Where to")->option_text("DIR")->required();
    command.run = [this] {
      for (const auto& [name, page] : daemon::manual_pages(program_, LANDWAITER_VERSION)) {
        auto written = daemon::write_output(manual_folder_ + "/" + name, page);
        if (!written) return fail(written.error());
      }
      return static_cast<int>(exit_done);
    };
  }

  daemon::Command program_;
  ServeCommand serve_;
  TokenCommand token_;
  MigrateCommand migrate_;
  BackupCommand backup_;
  RestoreCommand restore_;
  VerifyCommand verify_;
  GcCommand gc_;
  MigrateToCommand migrate_to_;
  std::string manual_folder_;
};

}  // namespace

int run_command_line(int argc, char** argv) { return CommandLine().run(argc, argv); }

}  // namespace landwaiter::platform
