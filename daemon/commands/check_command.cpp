// SPDX-License-Identifier: Apache-2.0
#include "daemon/commands/check_command.hpp"

#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "daemon/commands/connector.hpp"
#include "daemon/commands/exit_code.hpp"
#include "daemon/output/output.hpp"
#include "registry/client/reference.hpp"

#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <iostream>

namespace landwaiter::daemon {
namespace {

bool some_failed(const std::vector<CheckStep>& steps) {
  return std::ranges::find(steps, CheckStep::Result::failed, &CheckStep::result) != steps.end();
}

/// The repository as this registry knows it: "alpine" is "library/alpine" on Docker Hub.
Result<std::string> complete(const std::string& repository, const std::string& host) {
  if (repository.empty()) return repository;
  if (!registry::is_repository_name(repository))
    return Error(ErrorCode::invalid_argument, "not a repository name: " + landwaiter::quoted(repository));
  const bool short_name = host == "docker.io" && repository.find('/') == std::string::npos;
  return short_name ? "library/" + repository : repository;
}

}  // namespace

std::string render_check_json(const std::string& registry, const std::vector<CheckStep>& steps) {
  nlohmann::json list = nlohmann::json::array();
  for (const CheckStep& step : steps) {
    list.push_back({{"name", step.name}, {"result", to_string(step.result)}, {"seen", step.seen}, {"advice", step.advice}});
  }
  return dump_json_pretty({{"registry", registry}, {"ok", !some_failed(steps)}, {"steps", std::move(list)}}) + "\n";
}

std::string render_check_table(const std::vector<CheckStep>& steps) {
  Table table({"CHECK", "RESULT", "SEEN"});
  for (const CheckStep& step : steps) {
    table.add({step.name, std::string(to_string(step.result)), step.seen});
    if (!step.advice.empty()) table.add({"", "", "-> " + step.advice});
  }
  return table.render();
}

int run_check(CheckOptions options, const Environment& environment) {
  const RealClock clock;
  asio::io_context io(1);
  Connector connector(io.get_executor(), options.connection, environment, clock);
  const auto wire = std::make_shared<WatchedTransport>(connector.transport(), clock);
  connector.use(wire);
  auto client = connector.client(options.registry, options.repository);
  if (!client) return fail_usage(client.error());
  auto base = (*client)->base();
  if (!base) return fail_usage(base.error());
  auto repository = complete(options.repository, (*client)->endpoint().host);
  if (!repository) return fail_usage(repository.error());

  RegistryCheck check(wire, *client, clock, *std::move(repository));
  std::vector<CheckStep> steps;
  auto finished = [&](std::exception_ptr failure, std::vector<CheckStep> result) {
    if (failure) std::rethrow_exception(failure);
    steps = std::move(result);
  };
  asio::co_spawn(io, check.run(), finished);
  io.run();

  const std::string text = options.format == "json" ? render_check_json(base->origin(), steps) : render_check_table(steps);
  auto written = write_output(options.output, text);
  if (!written) return fail_usage(written.error());
  return some_failed(steps) ? exit_some_failed : exit_done;
}

}  // namespace landwaiter::daemon
