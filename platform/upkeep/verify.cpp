// SPDX-License-Identifier: Apache-2.0
#include "platform/upkeep/verify.hpp"

#include "core/base/text.hpp"
#include "platform/store/schema.hpp"
#include "platform/store/sensors.hpp"
#include "platform/store/vault.hpp"
#include "platform/upkeep/kept_database.hpp"
#include "storage/postgres/postgres_database.hpp"

#include <chrono>
#include <iterator>
#include <system_error>

namespace landwaiter::platform {
namespace {

void check_pages(Transaction& transaction, std::vector<std::string>& problems) {
  if (transaction.dialect() != storage::Dialect::sqlite) return;
  Rows rows = transaction.query("PRAGMA integrity_check(20)");
  while (rows.next()) {
    if (rows.text(0) != "ok") problems.push_back("the database's file: " + printable(rows.text(0)));
  }
}

void check_key(const PlatformConfig& config, Transaction& transaction, std::vector<std::string>& problems) {
  std::error_code unknown;
  const auto file = master_key_file(config);
  // Vault::open() would make one.
  if (!std::filesystem::exists(file, unknown)) {
    problems.push_back(file.string() + ": is not there: what is stored encrypted cannot be read");
    return;
  }
  const auto vault = Vault::open(file);
  const auto fits = vault ? check_master_key(transaction, *vault) : Result<void>(vault.error());
  if (!fits) problems.push_back(fits.error().message());
}

}  // namespace

Result<Verified> verify_kept(const PlatformConfig& config, const UpkeepProgress& progress) {
  auto database = open_kept(config);
  if (!database) return database.error();
  Transaction transaction(**database, Transaction::Kind::read);
  Verified out;
  check_pages(transaction, out.problems);
  auto sums = storage::table_sums(transaction, progress);
  if (!sums) return sums.error();
  out.tables = *std::move(sums);
  auto broken = storage::broken_references(transaction);
  out.problems.insert(out.problems.end(), std::make_move_iterator(broken.begin()), std::make_move_iterator(broken.end()));
  check_key(config, transaction, out.problems);
  auto ended = transaction.commit();
  if (!ended) return ended.error();
  return out;
}

Result<std::vector<storage::TableSum>> move_to(const PlatformConfig& config, const Secret& address, const UpkeepProgress& progress) {
  auto from = open_kept(config);
  if (!from) return from.error();
  auto to = storage::open_postgres({.address = address, .statement_time_max = std::chrono::milliseconds(0)});
  if (!to) return to.error();
  return storage::copy_database(**from, **to, schema_steps(), progress);
}

}  // namespace landwaiter::platform
