// SPDX-License-Identifier: Apache-2.0
#include "platform/store/content/retention.hpp"

#include "platform/store/content/images.hpp"
#include "platform/store/content/interned.hpp"
#include "platform/store/content/layers.hpp"
#include "platform/store/schema.hpp"
#include "platform/store/sensors.hpp"
#include "storage/compress.hpp"
#include "tests/platform/support/test_platform.hpp"
#include "tests/support/catch.hpp"

namespace landwaiter::test {
namespace {

using namespace std::chrono_literals;
using platform::Transaction;

/// A database with reports, and a time.
class Kept {
 public:
  void sensor(const std::string& id, const EngineState& engine, SystemTime seen) {
    transaction.run("INSERT INTO sensor(id,name,version,public_key,enrolled_by,created_at_us,seen_at_us) VALUES(?,'s','1',?,'t',0,0)",
                    {id, Bytes{0}});
    platform::note_sensor(transaction, id, "1", engine.states, seen);
  }
  void report(const LayerReport& report, SystemTime when) {
    const auto put = platform::put_layer_report(transaction, report, storage::zstd_compress(dump_json(report)), "s", when);
    REQUIRE(put.has_value());
  }
  void facts(const std::string& layer, const std::string& walker, SystemTime when) {
    const auto put =
        platform::put_layer_facts(transaction, digest(layer), digest(walker), {}, storage::zstd_compress(layer + walker), "s", when);
    REQUIRE(put.has_value());
  }
  bool has(const LayerReport& report) { return platform::has_layer_report(transaction, report.layer, report.of); }
  bool has_facts(const std::string& layer, const std::string& walker = "walker") {
    return platform::has_layer_facts(transaction, digest(layer), digest(walker));
  }
  /// An image of this layer that shows this engine.
  std::int64_t image(const std::string& name, const std::string& layer, const EngineState& engine, SystemTime when) {
    const std::int64_t id = platform::note_image(transaction, digest(name), when);
    transaction.run("UPDATE image SET engine_id=?, scanned_at_us=? WHERE id=?",
                    {platform::engine_id(transaction, engine), to_unix_us(when), id});
    transaction.run("INSERT INTO image_layer(image_id,position,layer_id,engine_id) VALUES(?,0,?,?)",
                    {id, platform::layer_id(transaction, digest(layer)), platform::engine_id(transaction, engine)});
    return id;
  }
  /// A whole round; the number of rows dropped.
  std::int64_t drop(SystemTime at) {
    platform::RetentionRound round;
    std::int64_t rows = 0;
    while (true) {
      const platform::Dropped dropped = platform::drop_outdated(transaction, round, {}, at);
      rows += dropped.rows;
      if (!dropped.more) return rows;
    }
  }

  std::unique_ptr<storage::Database> database = platform_database();
  SystemTime now = from_unix_us(1'800'000'000'000'000);
  Transaction transaction{*database, Transaction::Kind::write};
};

}  // namespace

TEST_CASE("retention: what images show and what sensors would make now is kept, for each analysis alone") {
  Kept kept;
  kept.sensor("s", engine_with_secrets("rules 2"), kept.now);
  const SystemTime old = kept.now - 48h;
  for (const char* layer : {"l", "shown"}) kept.facts(layer, "walker", old);
  kept.facts("young", "walker", kept.now - 1h);
  kept.report(layer_report("l"), old);
  kept.report(secrets_report("l", "rules 1"), old);
  kept.report(secrets_report("l", "rules 2"), old);
  kept.report(secrets_report("shown", "rules 1"), old);
  kept.report(layer_report("young", "state 0"), kept.now - 1h);
  kept.image("image", "shown", engine_with_secrets("rules 1"), kept.now);

  CHECK(kept.drop(kept.now) == 1);
  CHECK(kept.has(layer_report("l")));
  CHECK_FALSE(kept.has(secrets_report("l", "rules 1")));
  CHECK(kept.has(secrets_report("l", "rules 2")));
  CHECK(kept.has(secrets_report("shown", "rules 1")));
  CHECK(kept.has(layer_report("young", "state 0")));
  CHECK(kept.has_facts("l"));  // its reports are of live states: without facts they would be of no use
  CHECK(kept.has_facts("shown"));
  CHECK(kept.has_facts("young"));
  CHECK(kept.drop(kept.now) == 0);
  CHECK(kept.drop(kept.now + 48h) == 2);
  CHECK_FALSE(kept.has(layer_report("young", "state 0")));
  CHECK_FALSE(kept.has_facts("young"));
  CHECK(kept.transaction.commit().has_value());
}

TEST_CASE("retention: nothing is kept for a sensor that is gone, but the newest facts with the reports of a live one") {
  Kept kept;
  kept.sensor("gone", engine_at("state 1"), kept.now - 15 * 24h);
  kept.sensor("away", engine_at("state 2"), kept.now - 13 * 24h);
  const SystemTime old = kept.now - 48h;
  kept.report(layer_report("l", "state 1"), old);
  kept.report(layer_report("l", "state 2"), old);
  kept.report(layer_report("of a gone sensor", "state 1"), old);
  kept.facts("l", "walker 1", old);
  kept.facts("l", "walker 2", old + 1h);
  kept.facts("of a gone sensor", "walker 1", old);

  CHECK(kept.drop(kept.now) == 4);
  CHECK_FALSE(kept.has(layer_report("l", "state 1")));
  CHECK(kept.has(layer_report("l", "state 2")));
  CHECK_FALSE(kept.has(layer_report("of a gone sensor", "state 1")));
  CHECK_FALSE(kept.has_facts("l", "walker 1"));
  CHECK(kept.has_facts("l", "walker 2"));
  CHECK_FALSE(kept.has_facts("of a gone sensor", "walker 1"));
  CHECK(kept.drop(kept.now + 48h) == 2);  // the other is gone too by then
  CHECK_FALSE(kept.has(layer_report("l", "state 2")));
  CHECK_FALSE(kept.has_facts("l", "walker 2"));
  CHECK(kept.transaction.commit().has_value());
}

TEST_CASE("retention: an image goes when nobody saw it and no tag names it, and its findings are active no longer") {
  Kept kept;
  const auto count = [&](const char* sql) { return kept.transaction.number(sql); };
  kept.report(layer_report("l"), kept.now);
  const std::int64_t untagged = kept.image("untagged", "l", engine_at(), kept.now - 91 * 24h);
  const std::int64_t tagged = kept.image("tagged", "m", engine_at(), kept.now - 91 * 24h);
  kept.image("seen", "n", engine_at(), kept.now - 89 * 24h);
  kept.transaction.run("UPDATE finding SET active=1");
  kept.transaction.run("INSERT INTO repository(registry_id,name) VALUES('r','app')");
  kept.transaction.run(
      "INSERT INTO tag(repository_id,name,platform,image_id,pushed,first_seen_at_us,last_seen_at_us)"
      " SELECT id,'1','linux/amd64',?,'',?,? FROM repository",
      {tagged, to_unix_us(kept.now), to_unix_us(kept.now)});
  CHECK(kept.drop(kept.now) == 1);
  CHECK(count("SELECT count(*) FROM image") == 2);
  CHECK(kept.transaction.number("SELECT count(*) FROM image WHERE id=?", {untagged}) == 0);
  CHECK(count("SELECT count(*) FROM finding WHERE active=1") == 0);
  CHECK(count("SELECT count(*) FROM finding WHERE last_seen_at_us IS NOT NULL") == 2);
  CHECK(kept.drop(kept.now + 91 * 24h) > 0);
  CHECK(count("SELECT count(*) FROM tag") == 0);
  CHECK(count("SELECT count(*) FROM image") == 0);
  CHECK(count("SELECT count(*) FROM image_layer") == 0);
  CHECK(kept.transaction.commit().has_value());
}

}  // namespace landwaiter::test
