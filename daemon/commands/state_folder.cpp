// SPDX-License-Identifier: Apache-2.0
#include "daemon/commands/state_folder.hpp"

#include "core/os/files.hpp"

#include <iostream>

namespace landwaiter::daemon {

StateFolder StateFolder::choose(const std::string& named, bool none, const Environment& environment) {
  if (none) return {};
  if (!named.empty()) return {named, false};
  if (const auto chosen = environment("LANDWAITER_STATE")) return {*chosen, false};
  // An empty value means the default (XDG Base Directory Specification).
  if (const auto state = environment("XDG_STATE_HOME"); state && !state->empty()) {
    return {std::filesystem::path(*state) / "landwaiter", true};
  }
  return {std::filesystem::path(environment("HOME").value_or("/root")) / ".local/state/landwaiter", true};
}

Result<std::unique_ptr<storage::Store>> StateFolder::open() {
  if (directory.empty()) return std::unique_ptr<storage::Store>();
  auto store = storage::Store::open(directory);
  if (!is_default) return store;
  Result<void> usable = store ? try_space(directory) : Result<void>(store.error());
  if (usable) usable = (*store)->probe();
  if (usable) return store;
  std::cerr << "landwaiter: " << usable.error().message()
            << "; nothing is remembered for the next time: --state DIR names another folder, --no-state asks for none\n";
  directory.clear();
  return std::unique_ptr<storage::Store>();
}

}  // namespace landwaiter::daemon
