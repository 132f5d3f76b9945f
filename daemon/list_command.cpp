// SPDX-License-Identifier: Apache-2.0
#include "core/json.hpp"
#include "core/text.hpp"
#include "daemon/connect.hpp"
#include "daemon/listing.hpp"
#include "daemon/output.hpp"
#include "daemon/scan_command.hpp"

#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <iostream>

namespace landwaiter::daemon {
namespace {

using protocol::InventoryItem;
using registry::Awaitable;

/// "docker://HOST/REPOSITORY" lists one repository; everything else names a registry.
struct ListTarget {
  std::string host;
  std::string repository;
};

ListTarget parse_target(std::string text) {
  constexpr std::string_view scheme = "docker://";
  if (!text.starts_with(scheme)) return {text, ""};
  text.erase(0, scheme.size());
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos) return {text, ""};
  return {text.substr(0, slash), text.substr(slash + 1)};
}

std::string render_list_table(const std::vector<InventoryItem>& items) {
  Table table({"REPOSITORY", "TAG", "PLATFORM", "SIZE", "DIGEST", "STATE"});
  for (const InventoryItem& item : items) {
    table.add({item.repository, item.tag, item.platform.empty() ? "-" : item.platform,
               item.size_bytes == 0 ? "-" : human_bytes(item.size_bytes), item.digest.empty() ? "-" : item.digest.str(),
               item.reason.empty() ? item.outcome : item.outcome + ": " + item.reason});
  }
  return table.render();
}

Awaitable<void> collect(asio::any_io_executor executor, std::shared_ptr<registry::Client> client, std::string repository,
                        std::vector<InventoryItem>& items) {
  protocol::ListWork work;
  if (!repository.empty()) work.repositories.push_back(repository);
  auto deliver = [&items](protocol::InventoryPage page) -> Awaitable<void> {
    std::ranges::move(page.items, std::back_inserter(items));
    co_return Result<void>();
  };
  RegistryWalk walk(executor, client, work, deliver, std::stop_token());
  if (repository.empty()) {
    auto running = walk.run();
    co_return co_await std::move(running);
  }
  auto running = walk.run_repository(repository);
  co_return co_await std::move(running);
}

}  // namespace

int run_list(ListOptions options, const Environment& environment) {
  const RealClock clock;
  asio::io_context io(1);
  Connector connector(io.get_executor(), options.connection, environment, clock);
  const ListTarget target = parse_target(options.registry);
  auto client = connector.client(target.host, target.repository);
  if (!client) {
    std::cerr << "landwaiter: " << client.error().message() << "\n";
    return exit_usage;
  }
  std::vector<InventoryItem> items;
  Result<void> listed;
  auto finished = [&](std::exception_ptr failure, Result<void> result) {
    if (failure) std::rethrow_exception(failure);
    listed = std::move(result);
  };
  asio::co_spawn(io, collect(io.get_executor(), *client, target.repository, items), finished);
  io.run();

  const std::string text = options.format == "json" ? dump_json_pretty({{"registry", target.host}, {"items", items}}) + "\n"
                                                    : render_list_table(items);
  auto written = write_output(options.output, text);
  if (!written) {
    std::cerr << "landwaiter: " << written.error().message() << "\n";
    return exit_usage;
  }
  if (!listed) std::cerr << "landwaiter: " << listed.error().message() << "\n";
  const bool some_failed = std::ranges::any_of(items, [](const InventoryItem& item) { return item.outcome == "failed"; });
  return listed && !some_failed ? exit_done : exit_some_failed;
}

}  // namespace landwaiter::daemon
