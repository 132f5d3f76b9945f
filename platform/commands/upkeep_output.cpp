// SPDX-License-Identifier: Apache-2.0
#include "platform/commands/upkeep_output.hpp"

#include "core/os/files.hpp"

#include <iostream>
#include <map>
#include <memory>

namespace landwaiter::platform {
namespace {

constexpr std::int64_t kRowsBetween = 100'000;
constexpr std::size_t kPassphraseBytesMax = 4096;

}  // namespace

UpkeepProgress told_progress() {
  const auto told = std::make_shared<std::map<std::string, std::int64_t>>();
  return [told](const std::string& what, std::int64_t done) {
    const std::int64_t step = done / kRowsBetween;
    if (step == 0 || (*told)[what] == step) return;
    (*told)[what] = step;
    std::cerr << what << ": " << done << " so far\n";
  };
}

std::string size_text(const std::vector<storage::TableSum>& tables) {
  std::int64_t rows = 0;
  for (const storage::TableSum& table : tables) rows += table.rows;
  return std::to_string(rows) + " rows in " + std::to_string(tables.size()) + " tables";
}

Result<Secret> read_passphrase(const std::string& file) {
  if (file.empty()) return Secret();
  const auto text = read_private_file(file, kPassphraseBytesMax);
  if (!text) return Error(ErrorCode::configuration, text.error().message());
  Secret passphrase(text->reveal().substr(0, text->reveal().find_first_of("\r\n")));
  if (passphrase.empty()) return Error(ErrorCode::configuration, file + ": its first line is empty, and a passphrase is wanted");
  return passphrase;
}

}  // namespace landwaiter::platform
