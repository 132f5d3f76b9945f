// SPDX-License-Identifier: Apache-2.0
#include "platform/store/content/retention.hpp"

#include "platform/store/content/blob_garbage.hpp"
#include "platform/store/content/finding_index.hpp"
#include "platform/store/content/images.hpp"
#include "platform/store/content/interned.hpp"

#include <set>
#include <vector>

namespace landwaiter::platform {
namespace {

/// Rows that one batch looks at or drops: some milliseconds of the writer's time.
constexpr std::size_t kReportsAtOnce = 500;
constexpr std::size_t kTagsAtOnce = 200;
constexpr std::size_t kImagesAtOnce = 20;
constexpr std::size_t kTokensAtOnce = 200;
/// An image job may be about to use a report that no image shows.
constexpr std::chrono::hours kYoung{24};

std::int64_t us_before(SystemTime now, std::chrono::hours age) { return to_unix_us(now - age); }

/// The states that sensors have who were seen since; sensors do not say which walker they have.
std::set<std::int64_t> live_states(Transaction& transaction, std::int64_t since_us) {
  std::set<std::int64_t> live;
  Rows rows = transaction.query(
      "SELECT DISTINCT a.id FROM sensor_state s JOIN sensor ON sensor.id=s.sensor_id"
      " JOIN analysis_state a ON a.part=s.analysis AND a.state=s.state WHERE sensor.seen_at_us>=?",
      {since_us});
  while (rows.next()) live.insert(rows.integer(0));
  return live;
}

/// A row of layer_report that may be outdated.
struct Candidate {
  ReportKey key;
  bool is_facts = false;
  std::int64_t stored_at_us = 0;
};

class ReportSweep {
 public:
  ReportSweep(Transaction& transaction, const RetentionTerms& terms, SystemTime now)
      : transaction_(transaction),
        now_(now),
        before_us_(us_before(now, kYoung)),
        live_(live_states(transaction, us_before(now, terms.reports))) {}

  Dropped run(std::int64_t& after) {
    Dropped dropped;
    const std::vector<Candidate> some = next(after);
    for (const Candidate& one : some) {
      after = one.key.id;
      if (one.stored_at_us >= before_us_ || is_needed(one)) continue;
      note_blob_is_gone(transaction_, one.key.id, now_);
      dropped.rows += transaction_.run("DELETE FROM layer_report WHERE id=?", {one.key.id});
    }
    dropped.more = some.size() == kReportsAtOnce;
    if (!dropped.more) after = 0;
    return dropped;
  }

 private:
  std::vector<Candidate> next(std::int64_t after) {
    std::vector<Candidate> some;
    Rows rows = transaction_.query(
        "SELECT r.id,r.layer_id,r.state_id,r.stored_at_us,CASE WHEN a.part=?3 THEN 1 ELSE 0 END FROM layer_report r"
        " JOIN analysis_state a ON a.id=r.state_id WHERE r.id>?1 ORDER BY r.id LIMIT ?2",
        {after, kReportsAtOnce, kFactsPart});
    while (rows.next()) {
      some.push_back({{rows.integer(0), rows.integer(1), rows.integer(2)}, rows.integer(4) != 0, rows.integer(3)});
    }
    return some;
  }

  bool is_needed(const Candidate& one) {
    if (!one.is_facts && live_.contains(one.key.state_id)) return true;
    if (is_shown(transaction_, one.key.layer_id, one.key.state_id)) return true;
    return one.is_facts && is_newest_of_live(one);
  }

  /// Whether the facts are the layer's newest, and one of its reports is what a live sensor would make.
  bool is_newest_of_live(const Candidate& facts) {
    bool live = false;
    Rows rows = transaction_.query(
        "SELECT r.state_id,r.stored_at_us,CASE WHEN a.part=?2 THEN 1 ELSE 0 END FROM layer_report r"
        " JOIN analysis_state a ON a.id=r.state_id WHERE r.layer_id=?1",
        {facts.key.layer_id, kFactsPart});
    while (rows.next()) {
      if (rows.integer(2) != 0 && rows.integer(1) > facts.stored_at_us) return false;
      live = live || live_.contains(rows.integer(0));
    }
    return live;
  }

  Transaction& transaction_;
  SystemTime now_;
  std::int64_t before_us_;
  std::set<std::int64_t> live_;
};

std::int64_t drop_tags(Transaction& transaction, std::int64_t before_us) {
  return transaction.run("DELETE FROM tag WHERE id IN (SELECT id FROM tag WHERE last_seen_at_us<? ORDER BY last_seen_at_us LIMIT ?)",
                         {before_us, kTagsAtOnce});
}

std::int64_t drop_images(Transaction& transaction, std::int64_t before_us, SystemTime now) {
  std::vector<std::int64_t> ids;
  {
    Rows rows = transaction.query(
        "SELECT id FROM image WHERE last_seen_at_us<? AND NOT EXISTS(SELECT 1 FROM tag WHERE tag.image_id=image.id)"
        " ORDER BY last_seen_at_us LIMIT ?",
        {before_us, kImagesAtOnce});
    while (rows.next()) ids.push_back(rows.integer(0));
  }
  for (const std::int64_t id : ids) delete_image(transaction, id, now);
  return static_cast<std::int64_t>(ids.size());
}

std::int64_t drop_tokens(Transaction& transaction, std::int64_t before_us) {
  return transaction.run("DELETE FROM token WHERE id IN (SELECT id FROM token WHERE expires_at_us<? ORDER BY expires_at_us LIMIT ?)",
                         {before_us, kTokensAtOnce});
}

}  // namespace

Dropped drop_outdated(Transaction& transaction, RetentionRound& round, const RetentionTerms& terms, SystemTime now) {
  Dropped dropped = ReportSweep(transaction, terms, now).run(round.after_report);
  const std::int64_t tags = drop_tags(transaction, us_before(now, terms.inventory));
  const std::int64_t images = drop_images(transaction, us_before(now, terms.inventory), now);
  const std::int64_t tokens = drop_tokens(transaction, us_before(now, terms.tokens));
  dropped.rows += tags + images + tokens;
  dropped.more = dropped.more || tags + images + tokens > 0;
  return dropped;
}

}  // namespace landwaiter::platform
