// SPDX-License-Identifier: Apache-2.0
#include "platform/upkeep/garbage.hpp"

#include "core/base/encoding.hpp"
#include "platform/store/content/blob_garbage.hpp"
#include "platform/store/content/retention.hpp"
#include "platform/upkeep/kept_database.hpp"

#include <algorithm>
#include <chrono>
#include <span>
#include <string>
#include <vector>

namespace landwaiter::platform {
namespace {

using storage::Database;
using Kind = Transaction::Kind;

/// As the serving platform does: for who is about to read one, and for backups that name it.
constexpr std::chrono::hours kBlobStays{24};
constexpr std::size_t kBlobsAtOnce = 500;

Result<std::int64_t> count_outdated(Database& database, SystemTime now) {
  Transaction transaction(database, Kind::write);
  RetentionRound round;
  std::int64_t rows = 0;
  for (Dropped dropped{0, true}; dropped.more && !transaction.failed(); rows += dropped.rows) {
    dropped = drop_outdated(transaction, round, {}, now);
  }
  if (transaction.failed()) return transaction.commit().error();
  return rows;
}

Result<std::int64_t> drop_all_outdated(Database& database, SystemTime now) {
  RetentionRound round;
  std::int64_t rows = 0;
  for (Dropped dropped{0, true}; dropped.more; rows += dropped.rows) {
    Transaction transaction(database, Kind::write);
    dropped = drop_outdated(transaction, round, {}, now);
    auto committed = transaction.commit();
    if (!committed) return committed.error();
  }
  return rows;
}

Result<std::int64_t> remove_blobs(Database& database, BlobStore& blobs, SystemTime now) {
  std::int64_t removed = 0;
  while (true) {
    std::vector<std::string> names;
    {
      Transaction transaction(database, Kind::write);
      names = take_garbage(transaction, now - kBlobStays, kBlobsAtOnce);
      auto committed = transaction.commit();
      if (!committed) return committed.error();
    }
    if (names.empty()) return removed;
    for (const std::string& name : names) {
      auto gone = blobs.remove(name);
      if (!gone) return gone.error();
    }
    Transaction transaction(database, Kind::write);
    forget_garbage(transaction, names);
    auto committed = transaction.commit();
    if (!committed) return committed.error();
    removed += static_cast<std::int64_t>(names.size());
  }
}

/// One that is young may be about to be named.
Result<std::int64_t> find_orphans(Database& database, BlobStore& blobs, SystemTime now) {
  std::int64_t orphans = 0;
  for (unsigned first = 0; first < 256; ++first) {
    const auto byte = static_cast<std::uint8_t>(first);
    const auto listed = blobs.list(hex_encode(ByteView(&byte, 1)));
    if (!listed) return listed.error();
    std::vector<std::string> old;
    for (const BlobFacts& blob : *listed) {
      if (blob.written_at < now - kBlobStays) old.push_back(blob.name);
    }
    for (std::span<const std::string> rest(old); !rest.empty();) {
      const auto some = rest.first(std::min(rest.size(), kBlobsAtOnce));
      Transaction transaction(database, Kind::write);
      orphans += note_orphans(transaction, some, now);
      auto committed = transaction.commit();
      if (!committed) return committed.error();
      rest = rest.subspan(some.size());
    }
  }
  return orphans;
}

}  // namespace

Result<CollectedGarbage> collect_garbage(const PlatformConfig& config, bool dry_run, const Clock& clock) {
  auto database = open_kept(config);
  if (!database) return database.error();
  auto blobs = open_blob_store(config.reports, config.variables, clock);
  if (!blobs) return blobs.error();
  const SystemTime now = clock.now();
  const auto rows = dry_run ? count_outdated(**database, now) : drop_all_outdated(**database, now);
  if (!rows) return rows.error();
  CollectedGarbage out{*rows, 0, 0};
  if (dry_run || !*blobs) return out;
  const auto removed = remove_blobs(**database, **blobs, now);
  if (!removed) return removed.error();
  const auto orphans = find_orphans(**database, **blobs, now);
  if (!orphans) return orphans.error();
  out.blobs = *removed;
  out.orphans = *orphans;
  return out;
}

}  // namespace landwaiter::platform
