// SPDX-License-Identifier: Apache-2.0
#include "platform/store/content/blob_garbage.hpp"

namespace landwaiter::platform {
namespace {

/// A condition on a name: a row of layer_report has it.
constexpr std::string_view kNamed = "EXISTS(SELECT 1 FROM layer_report r WHERE r.place=blob_garbage.name AND r.place<>'row')";

}  // namespace

void note_blob_is_gone(Transaction& transaction, std::int64_t report_id, SystemTime now) {
  transaction.run(
      "INSERT INTO blob_garbage(name,gone_at_us) SELECT place,? FROM layer_report WHERE id=? AND place<>'row'"
      " ON CONFLICT(name) DO UPDATE SET gone_at_us=excluded.gone_at_us",
      {to_unix_us(now), report_id});
}

Result<void> use_blob(Transaction& transaction, std::string_view name) {
  transaction.run("DELETE FROM blob_garbage WHERE name=? AND removing=0", {name});
  if (transaction.number("SELECT count(*) FROM blob_garbage WHERE name=?", {name}) == 0) return {};
  return Error(ErrorCode::unavailable, "an equal report is being removed at this moment: send it again");
}

std::vector<std::string> take_garbage(Transaction& transaction, SystemTime gone_before, std::size_t count_max) {
  // What a row of another layer names still, or again, is kept.
  transaction.run("DELETE FROM blob_garbage WHERE removing=0 AND gone_at_us<? AND " + std::string(kNamed), {to_unix_us(gone_before)});
  transaction.run(
      "UPDATE blob_garbage SET removing=1 WHERE removing=0 AND name IN"
      " (SELECT name FROM blob_garbage WHERE removing=0 AND gone_at_us<? ORDER BY gone_at_us LIMIT ?) AND NOT " +
          std::string(kNamed),
      {to_unix_us(gone_before), count_max});
  std::vector<std::string> names;
  Rows rows = transaction.query("SELECT name FROM blob_garbage WHERE removing=1 LIMIT ?", {count_max});
  while (rows.next()) names.push_back(rows.text(0));
  return names;
}

void forget_garbage(Transaction& transaction, std::span<const std::string> names) {
  for (const std::string& name : names) transaction.run("DELETE FROM blob_garbage WHERE name=? AND removing=1", {name});
}

std::int64_t note_orphans(Transaction& transaction, std::span<const std::string> names, SystemTime now) {
  std::int64_t noted = 0;
  for (const std::string& name : names) {
    noted += transaction.run(
        "INSERT INTO blob_garbage(name,gone_at_us) SELECT ?1,?2 WHERE NOT EXISTS(SELECT 1 FROM layer_report WHERE place=?1 AND "
        "place<>'row')"
        " ON CONFLICT(name) DO NOTHING",
        {name, to_unix_us(now)});
  }
  return noted;
}

}  // namespace landwaiter::platform
