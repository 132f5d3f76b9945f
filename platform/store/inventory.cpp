// SPDX-License-Identifier: Apache-2.0
#include "platform/store/inventory.hpp"

#include "core/base/limits.hpp"
#include "platform/store/content/images.hpp"
#include "platform/store/dialect.hpp"
#include "platform/store/ids.hpp"
#include "platform/store/paging.hpp"
#include "platform/store/queue/scan_counts.hpp"
#include "platform/store/scans.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <string_view>
#include <tuple>
#include <vector>

namespace landwaiter::platform {
namespace {

using protocol::ItemOutcome;

constexpr std::size_t kMediaTypeBytesMax = 255;  // RFC 6838, section 4.2: 127 on each side of the slash
constexpr std::size_t kShortTextBytesMax = 100;  // platforms, times, codes
/// Reasons are for people: what is longer is cut, as it may quote what a registry said.
constexpr std::size_t kItemReasonBytesMax = 2000;
constexpr std::size_t kCursorBytesMax = 16 * 1024;

/// Names are keys of indexes, which have bounds of their own.
Result<void> check(const protocol::InventoryItem& item) {
  const auto too_long = [](std::string_view what, const std::string& text, std::size_t bytes_max) {
    return text.size() <= bytes_max
               ? Result<void>()
               : Error(ErrorCode::invalid_argument, "an item's " + std::string(what) + " has " + std::to_string(text.size()) +
                                                        " bytes; at most " + std::to_string(bytes_max) + " are taken");
  };
  for (const Result<void>& checked :
       {too_long("repository", item.repository, limits::repository_name_bytes_max), too_long("tag", item.tag, limits::tag_bytes_max),
        too_long("media_type", item.media_type, kMediaTypeBytesMax), too_long("platform", item.platform, kShortTextBytesMax),
        too_long("created", item.created, kShortTextBytesMax), too_long("pushed", item.pushed, kShortTextBytesMax),
        too_long("code", item.code, kShortTextBytesMax)}) {
    if (!checked) return checked;
  }
  return {};
}

Result<void> check(const protocol::InventoryPage& page) {
  if (page.items.size() > limits::inventory_page_items_max) {
    return Error(ErrorCode::limit_exceeded, "a page may have at most " + std::to_string(limits::inventory_page_items_max) + " items");
  }
  for (const protocol::InventoryItem& item : page.items) {
    if (item.outcome == ItemOutcome::image && item.digest.empty()) return Error(ErrorCode::malformed, "an image without a digest");
    auto bounded = check(item);
    if (!bounded) return bounded;
  }
  if (page.cursor.size() > kCursorBytesMax) return Error(ErrorCode::limit_exceeded, "the cursor is too long");
  return {};
}

/// An item's state, and the job it waits for.
struct Standing {
  ItemState state = ItemState::pending;
  std::string reason = {};
  std::optional<std::string> job_id = {};
  std::string code = {};
};

/// Of an item that is not to be scanned: what the listing said is final.
ItemState final_state(ItemOutcome outcome) {
  switch (outcome) {
    case ItemOutcome::unsupported: return ItemState::unsupported;
    case ItemOutcome::gone: return ItemState::gone;
    case ItemOutcome::filtered: return ItemState::filtered;
    default: return ItemState::failed;
  }
}

/// The turn of the listing's next image: behind its others, but not before where its lane stands.
std::int64_t next_turn(Transaction& transaction, const LeasedJob& job) {
  return transaction.number(
      "SELECT CASE WHEN listing.turn>lane.turn THEN listing.turn ELSE lane.turn+1 END FROM listing, lane WHERE job_id=? AND lane.id=?",
      {job.id, job.lane_id});
}

/// A tag is noted as seen no more often than this: a listing of a million tags must not write a million rows each time.
constexpr std::chrono::hours kTagSeenGrain{6};

/// What the registry holds now, beside what this scan saw of it.
class CurrentInventory {
 public:
  CurrentInventory(Transaction& transaction, std::string_view registry_id, SystemTime now)
      : transaction_(transaction), registry_id_(registry_id), now_us_(to_unix_us(now)), now_(now) {}

  /// Several images of a tag may be for one platform, as Windows' versions are: the tag then stands for one of them, always the same.
  void note(const std::vector<protocol::InventoryItem>& items) {
    std::map<std::tuple<std::string_view, std::string_view, std::string_view>, Digest> named;
    for (const protocol::InventoryItem& item : items) {
      if (item.outcome != ItemOutcome::image) continue;
      Digest& digest = named[{item.repository, item.tag, item.platform}];
      if (digest.empty() || item.digest < digest) digest = item.digest;
    }
    for (const protocol::InventoryItem& item : items) {
      if (item.outcome != ItemOutcome::image) continue;
      const std::int64_t image = note_image(transaction_, item.digest, now_);
      const bool has_tag = !item.tag.empty() && named[{item.repository, item.tag, item.platform}] == item.digest;
      if (!has_tag || note_tag(item, image)) note_registry(transaction_, item.digest, registry_id_);
    }
  }

 private:
  std::int64_t repository(const std::string& name) {
    if (repository_ != 0 && name == repository_name_) return repository_;
    transaction_.run("INSERT INTO repository(registry_id,name) VALUES(?,?) ON CONFLICT DO NOTHING", {registry_id_, name});
    repository_ = transaction_.number("SELECT id FROM repository WHERE registry_id=? AND name=?", {registry_id_, name});
    repository_name_ = name;
    return repository_;
  }

  /// True if the tag did not name this image before.
  bool note_tag(const protocol::InventoryItem& item, std::int64_t image) {
    std::int64_t tag = 0, before = 0, seen_us = 0;
    const std::int64_t repository_id = repository(item.repository);
    {
      Rows rows = transaction_.query("SELECT id,image_id,last_seen_at_us FROM tag WHERE repository_id=? AND name=? AND platform=?",
                                     {repository_id, item.tag, item.platform});
      if (rows.next()) {
        tag = rows.integer(0);
        before = rows.integer(1);
        seen_us = rows.integer(2);
      }
    }
    if (before == image && seen_us >= now_us_ - std::chrono::microseconds(kTagSeenGrain).count()) return false;
    transaction_.run(
        "INSERT INTO tag(repository_id,name,platform,image_id,pushed,first_seen_at_us,last_seen_at_us) VALUES(?1,?2,?3,?4,?5,?6,?6)"
        " ON CONFLICT(repository_id,name,platform) DO UPDATE SET image_id=excluded.image_id, pushed=excluded.pushed,"
        " last_seen_at_us=excluded.last_seen_at_us",
        {repository_id, item.tag, item.platform, image, item.pushed, now_us_});
    if (tag != 0 && before != image) {
      transaction_.run("INSERT INTO tag_move(tag_id,moved_at_us,from_image_id,to_image_id) VALUES(?,?,?,?)", {tag, now_us_, before, image});
    }
    return before != image;
  }

  Transaction& transaction_;
  std::string_view registry_id_;
  std::int64_t now_us_;
  SystemTime now_;
  std::string repository_name_;
  std::int64_t repository_ = 0;
};

class PageWriter {
 public:
  PageWriter(Transaction& transaction, const LeasedJob& job, const SensorKeys& sensor, SystemTime now)
      : transaction_(transaction), job_(job), sensor_(sensor), now_(now), turn_(next_turn(transaction, job)) {}

  void write(const protocol::InventoryItem& item) {
    if (exists(item)) return;
    // A tag that failed in an earlier attempt and now works is one item, not two.
    if (!item.digest.empty()) {
      Rows rows = transaction_.query(
          "DELETE FROM scan_item WHERE scan_id=? AND registry_id=? AND repository=? AND tag=? AND digest='' AND tag<>'' RETURNING state",
          {job_.scan_id, job_.registry_id, item.repository, item.tag});
      while (rows.next()) tally_.add(job_.scan_id, rows.text(0), -1);
    }
    const Standing standing =
        item.outcome == ItemOutcome::image
            ? image_standing(item)
            : Standing{.state = final_state(item.outcome), .reason = shortened(item.reason, kItemReasonBytesMax), .code = item.code};
    transaction_.run(
        "INSERT INTO "
        "scan_item(scan_id,registry_id,repository,tag,index_digest,digest,media_type,platform,created,size_bytes,state,reason,job_id,"
        "pushed,time_source,code) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        {job_.scan_id, job_.registry_id, item.repository, item.tag, item.index_digest, item.digest, item.media_type, item.platform,
         item.created, storage::bounded(item.size_bytes), to_string(standing.state), standing.reason, standing.job_id, item.pushed,
         to_string(item.time_source), standing.code});
    tally_.add(job_.scan_id, standing.state, 1);
  }

  /// Writes what is left to write; true if jobs were queued.
  bool finish() {
    tally_.add(job_.scan_id, counters::kJobs, queued_jobs_);
    tally_.write(transaction_);
    if (queued_jobs_ > 0) transaction_.run("UPDATE listing SET turn=? WHERE job_id=?", {turn_, job_.id});
    return queued_jobs_ > 0;
  }

 private:
  bool exists(const protocol::InventoryItem& item) {
    return transaction_.number("SELECT count(*) FROM scan_item WHERE scan_id=? AND registry_id=? AND repository=? AND tag=? AND digest=?",
                               {job_.scan_id, job_.registry_id, item.repository, item.tag, item.digest}) != 0;
  }

  Standing image_standing(const protocol::InventoryItem& item) {
    if (job_.incremental && is_scanned(transaction_, item.digest, sensor_.states, sensor_.documents_state)) {
      return {.state = ItemState::unchanged};
    }
    if (auto known = standing_of_job(item.digest)) return *std::move(known);
    const std::string id = new_id(now_);
    const bool is_new = transaction_.run(
                            "INSERT INTO job(id,scan_id,registry_id,lane_id,kind,class,rank,turn,state,repository,digest,created_at_us)"
                            " VALUES(?,?,?,?,'image',?,?,?,'queued',?,?,?) ON CONFLICT(scan_id,digest) DO NOTHING",
                            {id, job_.scan_id, job_.registry_id, job_.lane_id, job_.job_class, job_.rank, turn_, item.repository,
                             item.digest, to_unix_us(now_)}) == 1;
    // Another listing of this scan has queued it meanwhile.
    if (!is_new) return standing_of_job(item.digest).value_or(Standing());
    ++turn_;
    ++queued_jobs_;
    return {.state = ItemState::pending, .job_id = id};
  }

  /// By the scan's job for this image, which cannot end before this page is stored: it would not see the item.
  std::optional<Standing> standing_of_job(const Digest& digest) {
    Rows rows = transaction_.query(locking(transaction_, "SELECT id,item_state,error FROM job WHERE scan_id=? AND digest=?", "job"),
                                   {job_.scan_id, digest});
    if (!rows.next()) return std::nullopt;
    const ItemState state = item_state_from(rows.text(1)).value_or(ItemState::pending);
    return Standing{.state = state, .reason = state == ItemState::pending ? std::string() : rows.text(2), .job_id = rows.text(0)};
  }

  Transaction& transaction_;
  const LeasedJob& job_;
  const SensorKeys& sensor_;
  SystemTime now_;
  std::int64_t turn_;
  std::int64_t queued_jobs_ = 0;
  Tally tally_;
};

}  // namespace

Result<bool> store_inventory(Transaction& transaction, const LeasedJob& job, const protocol::InventoryPage& page, const SensorKeys& sensor,
                             SystemTime now) {
  auto good = check(page);
  if (!good) return good.error();
  CurrentInventory(transaction, job.registry_id, now).note(page.items);
  PageWriter writer(transaction, job, sensor, now);
  for (const protocol::InventoryItem& item : page.items) writer.write(item);
  const bool queued = writer.finish();
  constexpr std::uint64_t kCountMax = 1ULL << 40U;
  transaction.run("UPDATE listing SET cursor=?, repositories_listed=?, repositories_filtered=? WHERE job_id=?",
                  {page.cursor, std::min(page.repositories_listed, kCountMax), std::min(page.repositories_filtered, kCountMax), job.id});
  if (page.last) note_listing(transaction, job.id);
  if (page.last) end_job(transaction, job, JobEnd(), now);
  return queued;
}

}  // namespace landwaiter::platform
