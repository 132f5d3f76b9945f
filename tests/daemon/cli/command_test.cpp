// SPDX-License-Identifier: Apache-2.0
#include "daemon/cli/command.hpp"

#include "daemon/cli/completion.hpp"
#include "daemon/cli/help_text.hpp"
#include "daemon/cli/manual.hpp"
#include "daemon/cli/parse_error.hpp"
#include "tests/support/catch.hpp"

#include <sstream>

namespace landwaiter::daemon {
namespace {

/// A program with a command of each form.
struct Tree {
  Command program{"Does things", "tool"};
  std::string format = "table";
  std::string kind;
  std::string file;
  std::vector<std::string> images, rules;
  bool quiet = false;

  Tree() {
    program.require_subcommand(1);
    Command& scan = program.add("scan", "Look at images");
    scan.begin_group("Images");
    scan.add_option("images", images, "Images to look at")->option_text("IMAGE");
    scan.add_option("--file,-o", file, "Write it's [result] to: a \\ file")->option_text("FILE");
    scan.begin_group("Output");
    scan.choose(scan.add_option("--format,-f", format, "Format of the result"), {"table", "json"}, "FORMAT");
    std::vector<std::string> kinds;
    for (int i = 0; i < 30; ++i) kinds.push_back("kind-" + std::to_string(i));
    scan.choose(scan.add_option("--kind", kind, "Kind of registry, see tool kinds"), kinds, "KIND");
    scan.add_option("--rule", rules, "A rule")->option_text("RULE")->allow_extra_args(false);
    scan.add_flag("--quiet,-q", quiet, "Say nothing");
    scan.examples = {{"One image", "tool scan image"}};
    scan.exits = {{0, "done"}, {130, "stopped by a signal, which is what a shell tells of Ctrl-C in its own way, at some length"}};
    Command& registry = program.add("registry", "Work with a registry");
    registry.require_subcommand(1);
    registry.add("check", "Test it");
    program.add("secret", "Hidden").group(kHiddenGroup);
  }

  std::string error_of(const std::string& line) {
    try {
      program.parse(line);
    } catch (const CLI::ParseError& error) {
      return parse_error_text(program, error);
    }
    return {};
  }
};

TEST_CASE("A value of a list is taken in any case", "[cli]") {
  Tree tree;
  tree.program.parse("scan -f JSON --rule a --rule b one two");
  CHECK(tree.format == "json");
  CHECK(tree.rules == std::vector<std::string>{"a", "b"});
  CHECK(tree.images == std::vector<std::string>{"one", "two"});
  CHECK(tree.program.chosen().full_name() == "tool scan");
}

TEST_CASE("What is wrong with a command line", "[cli]") {
  CHECK(Tree().error_of("scna x") == "tool has no command \"scna\"; did you mean \"scan\"? (see tool --help)");
  CHECK(Tree().error_of("nothing") == "tool has no command \"nothing\" (see tool --help)");
  CHECK(Tree().error_of("") == "tool needs a command: scan, registry (see tool --help)");
  CHECK(Tree().error_of("registry") == "tool registry needs a command: check (see tool registry --help)");
  CHECK(Tree().error_of("registry chek") == "tool registry has no command \"chek\"; did you mean \"check\"? (see tool registry --help)");
  CHECK(Tree().error_of("scan --fromat json x") ==
        "tool scan has no option \"--fromat\"; did you mean \"--format\"? (see tool scan --help)");
  CHECK(Tree().error_of("scan --fromat=json x") ==
        "tool scan has no option \"--fromat\"; did you mean \"--format\"? (see tool scan --help)");
  CHECK(Tree().error_of("scan --format jsno x") ==
        "--format: \"jsno\" is not one of table, json; did you mean \"json\"? (see tool scan --help)");
  CHECK(Tree().error_of("scan --format json --format json x") == "--format is given more than once (see tool scan --help)");
  CHECK(Tree().error_of("scan --format") == "--format needs a value (see tool scan --help)");
  CHECK(Tree().error_of("registry check x") == "\"x\" is one argument too many (see tool registry check --help)");
  CHECK(Tree().error_of("scan --rule a x").empty());
}

TEST_CASE("Help fits the terminal and shows nothing of the parser", "[cli]") {
  Tree tree;
  Command& scan = *tree.program.commands().front();
  for (const std::size_t width : {40U, 60U, 80U, 100U}) {
    const std::string help = help_text(scan, width);
    std::istringstream lines(help);
    std::size_t count = 0;
    for (std::string line; std::getline(lines, line); ++count) CHECK(line.size() <= width);
    CHECK(count > 20);
    for (const char* artifact : {"TEXT", "{", "REQUIRED", " ...", "kind-7"}) CHECK(help.find(artifact) == std::string::npos);
  }
  const std::string help = help_text(scan, 80);
  CHECK(help.find("Usage: tool scan [OPTIONS] [IMAGE...]\n") != std::string::npos);
  CHECK(help.find("  -f, --format FORMAT         Format of the result: table, json\n") != std::string::npos);
  CHECK(help.find("  --kind KIND                 Kind of registry, see tool kinds\n") != std::string::npos);
  CHECK(help.find("  --rule RULE                 A rule; may be repeated\n") != std::string::npos);
  CHECK(help.find("\nExamples:\n  One image:\n      tool scan image\n") != std::string::npos);
  CHECK(help.find("\nExit codes:\n  0   done\n") != std::string::npos);
  CHECK(help_text(tree.program, 80).find("secret") == std::string::npos);
}

TEST_CASE("Completions have every command, option and value that is shown", "[cli]") {
  for (const std::string& shell : completion_shells()) {
    INFO(shell);
    Tree tree;
    const std::string script = completion_script(tree.program, shell);
    for (const char* part : {"scan", "registry", "check", "format", "kind-29", "quiet"}) CHECK(script.find(part) != std::string::npos);
    CHECK(script.find("secret") == std::string::npos);
  }
}

TEST_CASE("A manual page for each command, in which nothing of a text is a request", "[cli]") {
  Tree tree;
  tree.program.commands().front()->details = {".so /etc/passwd and 'this' with a \\ backslash"};
  const auto pages = manual_pages(tree.program, "1.2.3");
  std::vector<std::string> names;
  for (const auto& [name, page] : pages) names.push_back(name);
  CHECK(names == std::vector<std::string>{"tool.1", "tool-scan.1", "tool-registry.1", "tool-registry-check.1"});
  const std::string& page = pages[1].second;
  CHECK(page.find("\n\\&.so /etc/passwd and \\(aqthis\\(aq with a \\e backslash\n") != std::string::npos);
  CHECK(page.find("\\fB\\-f, \\-\\-format\\fR \\fIFORMAT\\fR\nFormat of the result: table, json\n") != std::string::npos);
  CHECK(page.find(".SH EXIT STATUS\n.TP\n\\fB0\\fR\ndone\n") != std::string::npos);
}

}  // namespace
}  // namespace landwaiter::daemon
