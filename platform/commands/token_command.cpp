// SPDX-License-Identifier: Apache-2.0
#include "platform/commands/token_command.hpp"

#include "platform/commands/exit_code.hpp"

#include <chrono>
#include <iostream>
#include <optional>

namespace landwaiter::platform {

void TokenCommand::add_to(daemon::Command& program) {
  daemon::Command& command = program.add("token", "Manage tokens");
  command.require_subcommand(1);
  daemon::Command& creating = command.add("create", "Create a token and print it once");
  place_.add_to(creating);
  creating.begin_group("Token");
  creating.choose(creating.add_option("--kind", kind_,
                                      "api is for people and programs (the default), enrollment enrolls "
                                      "one sensor, sensor enrolls any number of sensors"),
                  {"api", "enrollment", "sensor"}, "KIND");
  creating.add_option("--name", name_, "Description of its use")->option_text("TEXT");
  creating.add_option("--expires-in-s", expires_in_s_, "Seconds until it expires (default for enrollment: one day)");
  creating.examples = {{"For a sensor to enroll with", "landwaiter-platform token create --kind enrollment --name 'harbor, Berlin'"}};
  creating.exits = {{exit_done, "the token was printed"}, {exit_usage, "the command line is wrong"}, {exit_failed, "it was not created"}};
  creating.run = [this] { return create(); };
}

int TokenCommand::create() {
  const auto kind = token_kind_from(kind_);
  if (!kind) return fail(Error(ErrorCode::invalid_argument, "--kind must be api, enrollment or sensor"), exit_usage);
  PlatformConfig config;
  place_.apply_to(config);
  const RealClock clock;
  std::optional<std::chrono::seconds> lifetime;
  if (expires_in_s_ > 0) lifetime = std::chrono::seconds(expires_in_s_);
  // An unused enrollment token is a risk.
  if (!lifetime && *kind == TokenKind::enrollment) lifetime = std::chrono::hours(24);
  auto token = issue_token(config, *kind, name_.empty() ? kind_ : name_, lifetime, clock);
  if (!token) return fail(token.error());
  if (!(std::cout << token->reveal() << std::endl)) return fail(Error(ErrorCode::io, "standard output: the token cannot be written"));
  return exit_done;
}

}  // namespace landwaiter::platform
