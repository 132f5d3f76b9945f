// SPDX-License-Identifier: Apache-2.0
#include "platform/upkeep/verify.hpp"

#include "core/base/text.hpp"
#include "core/os/files.hpp"
#include "platform/resources.hpp"
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

/// Page by page, each in a transaction of its own: the place may be slow, and PostgreSQL ends one that waits.
Result<void> check_blobs(storage::Database& database, BlobStore* blobs, const UpkeepProgress& progress,
                         std::vector<std::string>& problems) {
  constexpr std::int64_t kAtOnce = 500;
  std::string after;
  std::int64_t done = 0;
  while (true) {
    std::vector<std::string> names;
    Transaction transaction(database, Transaction::Kind::read);
    {
      Rows rows = transaction.query("SELECT DISTINCT place FROM layer_report WHERE place<>'row' AND place>? ORDER BY place LIMIT ?",
                                    {after, kAtOnce});
      while (rows.next()) names.push_back(rows.text(0));
    }
    auto ended = transaction.commit();
    if (!ended || names.empty()) return ended;
    if (blobs == nullptr) {
      problems.emplace_back("there are reports outside of the database: name their place with --reports");
      return {};
    }
    for (const std::string& name : names) {
      const auto bytes = blobs->get(name);
      if (!bytes) problems.push_back(bytes.error().message());
    }
    after = names.back();
    done += static_cast<std::int64_t>(names.size());
    if (progress) progress("reports", done);
  }
}

}  // namespace

Result<Verified> verify_kept(const PlatformConfig& config, const Clock& clock, const UpkeepProgress& progress) {
  auto database = open_kept(config);
  if (!database) return database.error();
  const auto blobs = open_blob_store(config.reports, config.variables, clock);
  if (!blobs) return blobs.error();
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
  auto checked = check_blobs(**database, blobs->get(), progress, out.problems);
  if (!checked) return checked.error();
  return out;
}

Result<std::vector<storage::TableSum>> move_to(const PlatformConfig& config, const Secret& address, const UpkeepProgress& progress) {
  auto from = open_kept(config);
  if (!from) return from.error();
  auto to = storage::open_postgres({.address = address, .statement_time_max = std::chrono::milliseconds(0)});
  if (!to) return to.error();
  auto copied = storage::copy_database(**from, **to, schema_steps(), progress);
  if (!copied || !config.database.empty()) return copied;
  const auto marked = create_private_file(moved_mark(config), "to " + (*to)->name() + "\n");
  if (!marked) return marked.error();
  return copied;
}

}  // namespace landwaiter::platform
