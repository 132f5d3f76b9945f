// SPDX-License-Identifier: Apache-2.0
#include "storage/local/scan_spool.hpp"

#include "core/base/json_reader.hpp"
#include "storage/database/migrations.hpp"
#include "storage/sqlite/sqlite_database.hpp"

#include <array>

namespace landwaiter::storage {
namespace {

using Kind = Transaction::Kind;

constexpr std::array<std::string_view, 1> kSpoolTables{R"sql(
CREATE TABLE layer(digest TEXT NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE image_name(digest TEXT NOT NULL PRIMARY KEY, came_first TEXT NOT NULL, first_in_order TEXT NOT NULL) STRICT;
CREATE TABLE image(
  reference TEXT NOT NULL,
  digest TEXT NOT NULL,
  id INTEGER PRIMARY KEY,
  facts TEXT NOT NULL,
  layers_fetched INTEGER NOT NULL,
  layers_reused INTEGER NOT NULL) STRICT;
CREATE INDEX image_in_order ON image(reference, digest, id);
CREATE TABLE failure(reference TEXT NOT NULL, message TEXT NOT NULL, id INTEGER PRIMARY KEY, code TEXT NOT NULL,
  digest TEXT NOT NULL) STRICT;
CREATE INDEX failure_in_order ON failure(reference, message, id);
)sql"};

}  // namespace

ScanSpool::ScanSpool(std::unique_ptr<Database> database) : database_(std::move(database)) {}
ScanSpool::~ScanSpool() = default;

Result<std::unique_ptr<ScanSpool>> ScanSpool::open() {
  auto database = SqliteDatabase::open_temporary();
  if (!database) return database.error();
  auto migrated = migrate(**database, kSpoolTables);
  if (!migrated) return migrated.error();
  return std::unique_ptr<ScanSpool>(new ScanSpool(*std::move(database)));
}

Result<bool> ScanSpool::first_time(const Digest& layer) {
  Transaction transaction(*database_, Kind::write);
  const auto added = transaction.run("INSERT INTO layer(digest) VALUES(?) ON CONFLICT DO NOTHING", {layer});
  auto ended = transaction.commit();
  if (!ended) return ended.error();
  return added != 0;
}

Result<bool> ScanSpool::first_name(const Digest& digest, const std::string& reference) {
  Transaction transaction(*database_, Kind::write);
  const auto added = transaction.run("INSERT INTO image_name(digest,came_first,first_in_order) VALUES(?1,?2,?2) ON CONFLICT DO NOTHING",
                                     {digest, reference});
  if (added == 0) {
    transaction.run("UPDATE image_name SET first_in_order=?2 WHERE digest=?1 AND first_in_order>?2", {digest, reference});
  }
  auto ended = transaction.commit();
  if (!ended) return ended.error();
  return added != 0;
}

Result<void> ScanSpool::settle_names() {
  Transaction transaction(*database_, Kind::write);
  transaction.run(
      "UPDATE image SET reference=(SELECT first_in_order FROM image_name WHERE image_name.digest=image.digest)"
      " WHERE EXISTS(SELECT 1 FROM image_name WHERE image_name.digest=image.digest AND came_first=image.reference)");
  transaction.run(
      "UPDATE failure SET reference=(SELECT first_in_order FROM image_name WHERE image_name.digest=failure.digest)"
      " WHERE EXISTS(SELECT 1 FROM image_name WHERE image_name.digest=failure.digest AND came_first=failure.reference)");
  return transaction.commit();
}

Result<void> ScanSpool::forget(const Digest& layer) {
  Transaction transaction(*database_, Kind::write);
  transaction.run("DELETE FROM layer WHERE digest=?", {layer});
  return transaction.commit();
}

Result<void> ScanSpool::put_image(const SpooledImage& image) {
  Transaction transaction(*database_, Kind::write);
  transaction.run(
      "INSERT INTO image(reference,digest,facts,layers_fetched,layers_reused) VALUES(?,?,?,?,?)",
      {image.facts.reference, image.facts.digest, dump_json(image.facts), bounded(image.layers_fetched), bounded(image.layers_reused)});
  return transaction.commit();
}

Result<void> ScanSpool::put_failure(const SpooledFailure& failure) {
  Transaction transaction(*database_, Kind::write);
  transaction.run("INSERT INTO failure(reference,message,code,digest) VALUES(?,?,?,?)",
                  {failure.reference, failure.error.message(), to_string(failure.error.code()), failure.image.str()});
  return transaction.commit();
}

Result<std::optional<SpooledImage>> ScanSpool::next_image(SpoolPlace& place) {
  std::optional<std::string> facts;
  SpooledImage image;
  Transaction transaction(*database_, Kind::read);
  {
    Rows rows = transaction.query(
        "SELECT reference,digest,id,facts,layers_fetched,layers_reused FROM image "
        "WHERE (reference,digest,id)>(?,?,?) ORDER BY reference,digest,id LIMIT 1",
        {place.first, place.second, place.id});
    if (rows.next()) {
      place = {rows.text(0), rows.text(1), rows.integer(2)};
      facts = rows.text(3);
      image.layers_fetched = static_cast<std::uint64_t>(rows.integer(4));
      image.layers_reused = static_cast<std::uint64_t>(rows.integer(5));
    }
  }
  auto ended = transaction.commit();
  if (!ended) return ended.error();
  if (!facts) return std::optional<SpooledImage>();
  auto read = parse_json_as<ImageFacts>(*facts, "facts of image " + place.second, kJsonStored);
  if (!read) return read.error();
  image.facts = *std::move(read);
  image.facts.reference = place.first;
  return std::optional<SpooledImage>(std::move(image));
}

Result<std::optional<SpooledFailure>> ScanSpool::next_failure(SpoolPlace& place) {
  std::optional<SpooledFailure> failure;
  Transaction transaction(*database_, Kind::read);
  {
    Rows rows = transaction.query(
        "SELECT reference,message,id,code FROM failure WHERE (reference,message,id)>(?,?,?) ORDER BY reference,message,id LIMIT 1",
        {place.first, place.second, place.id});
    if (rows.next()) {
      place = {rows.text(0), rows.text(1), rows.integer(2)};
      failure.emplace(SpooledFailure{rows.text(0), Error(error_code_from(rows.text(3)).value_or(ErrorCode::internal), rows.text(1)), {}});
    }
  }
  auto ended = transaction.commit();
  if (!ended) return ended.error();
  return failure;
}

}  // namespace landwaiter::storage
