// SPDX-License-Identifier: Apache-2.0
#include "platform/upkeep/backup.hpp"

#include "core/base/json_reader.hpp"
#include "core/base/json_text.hpp"
#include "core/os/files.hpp"
#include "platform/resources.hpp"
#include "platform/store/schema.hpp"
#include "platform/upkeep/kept_database.hpp"
#include "platform/upkeep/sealed_key.hpp"
#include "storage/database/migrations.hpp"
#include "storage/postgres/postgres_database.hpp"
#include "storage/sqlite/sqlite_database.hpp"

#include <nlohmann/json.hpp>

#include <system_error>
#include <utility>

namespace landwaiter::platform {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using storage::Database;
using storage::SqliteDatabase;
using storage::TableSum;
using Kind = Transaction::Kind;

constexpr const char* kDatabaseName = "platform.db";
constexpr const char* kKeyName = "master.key.sealed";
constexpr const char* kManifestName = "manifest.json";
constexpr std::int64_t kFormat = 1;
constexpr std::size_t kKeyBytesMax = 4096;

Result<void> want_empty(const fs::path& folder) {
  std::error_code error;
  if (fs::exists(folder, error) && !fs::is_empty(folder, error)) {
    return Error(ErrorCode::conflict, folder.string() + ": is not empty; name a folder that is not there yet");
  }
  return make_private_directory(folder);
}

Result<std::vector<TableSum>> sums_of(Database& database, const UpkeepProgress& progress) {
  Transaction transaction(database, Kind::read);
  auto sums = storage::table_sums(transaction, progress);
  if (!sums) return sums;
  auto ended = transaction.commit();
  if (!ended) return ended.error();
  return sums;
}

Result<std::unique_ptr<SqliteDatabase>> open_copy(const fs::path& file) { return SqliteDatabase::open(file, {.survive_power_cut = true}); }

/// All tables at one moment, in a SQLite file.
Result<std::vector<TableSum>> copy_tables(Database& database, const fs::path& file, const UpkeepProgress& progress) {
  if (auto* sqlite = dynamic_cast<SqliteDatabase*>(&database)) {
    auto copied = sqlite->copy_to(file, [&](std::int64_t pages) {
      if (progress) progress("pages", pages);
    });
    if (!copied) return copied.error();
    auto copy = open_copy(file);
    if (!copy) return copy.error();
    return sums_of(**copy, {});
  }
  auto copy = open_copy(file);
  if (!copy) return copy.error();
  return storage::copy_database(database, **copy, schema_steps(), progress);
}

Result<void> add_key(const PlatformConfig& config, const fs::path& folder, const Secret& passphrase) {
  const auto key = read_private_file(master_key_file(config), kKeyBytesMax);
  if (!key) return key.error();
  const auto sealed = seal_key(*key, passphrase);
  if (!sealed) return sealed.error();
  return write_private_file(folder / kKeyName, as_text(*sealed));
}

Result<void> write_manifest(const BackupManifest& manifest, const fs::path& folder) {
  json tables = json::array();
  for (const TableSum& sum : manifest.tables) tables.push_back({{"table", sum.table}, {"rows", sum.rows}, {"sum", sum.sum}});
  const json document{{"format", kFormat},          {"program", manifest.program},
                      {"source", manifest.source},  {"made_at", to_rfc3339(manifest.made_at)},
                      {"schema", manifest.schema},  {"master_key", manifest.has_key},
                      {"tables", std::move(tables)}};
  return write_private_file(folder / kManifestName, document.dump(1) + "\n");
}

Result<void> check_integrity(Database& database) {
  Transaction transaction(database, Transaction::Kind::read);
  std::string said;
  {
    Rows rows = transaction.query("PRAGMA integrity_check(1)");
    if (rows.next()) said = rows.text(0);
  }
  auto ended = transaction.commit();
  if (!ended) return ended;
  if (said == "ok") return {};
  return Error(ErrorCode::digest_mismatch, "is damaged: " + said);
}

/// The backup's file, copied to where it may be opened, and proved.
Result<std::unique_ptr<SqliteDatabase>> take_over(const fs::path& folder, const fs::path& file, const BackupManifest& manifest,
                                                  const UpkeepProgress& progress) {
  std::error_code error;
  fs::copy_file(folder / kDatabaseName, file, fs::copy_options::overwrite_existing, error);
  if (error)
    return Error(ErrorCode::io, (folder / kDatabaseName).string() + ": cannot be copied to " + file.string() + ": " + error.message());
  fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write, error);
  auto copy = open_copy(file);
  if (!copy) return copy.error();
  // Sums of tables do not see a damaged index.
  auto whole = check_integrity(**copy);
  if (!whole) return whole.error().with_context(folder.string());
  const auto run = storage::steps_run(**copy, schema_steps());
  if (!run) return run.error();
  const auto sums = sums_of(**copy, progress);
  if (!sums) return sums.error();
  const std::string differs = storage::difference(*sums, manifest.tables);
  if (!differs.empty() || *run != manifest.schema) {
    return Error(ErrorCode::digest_mismatch, folder.string() + ": is damaged: " + (differs.empty() ? "another schema" : differs));
  }
  return copy;
}

Result<void> restore_key(const PlatformConfig& config, const fs::path& folder, const BackupManifest& manifest, const Secret& passphrase) {
  if (passphrase.empty()) return {};
  if (!manifest.has_key) return Error(ErrorCode::not_found, folder.string() + ": has no master key");
  const auto sealed = read_small_file(folder / kKeyName);
  if (!sealed) return sealed.error();
  const auto key = open_sealed_key(as_bytes(*sealed), passphrase);
  if (!key) return key.error().with_context((folder / kKeyName).string());
  const auto made = create_private_file(master_key_file(config), key->reveal());
  if (!made) return made.error();
  const auto there = read_private_file(master_key_file(config), kKeyBytesMax);
  if (!there) return there.error();
  if (there->equals(key->reveal())) return {};
  return Error(ErrorCode::conflict, master_key_file(config).string() + ": is another master key than that of the backup; move it away");
}

Result<void> place_tables(const PlatformConfig& config, std::unique_ptr<SqliteDatabase> copy, const fs::path& file,
                          const UpkeepProgress& progress) {
  std::error_code error;
  if (config.database.empty()) {
    copy.reset();  // with its log written back
    fs::rename(file, database_file(config), error);
    if (error) return Error(ErrorCode::io, database_file(config).string() + ": cannot be made: " + error.message());
    return {};
  }
  auto target = connect_to_kept(config);
  if (!target) return target.error();
  const auto copied = storage::copy_database(*copy, **target, schema_steps(), progress);
  if (!copied) return copied.error();
  copy.reset();
  fs::remove(file, error);
  return {};
}

}  // namespace

Result<BackupManifest> back_up(const PlatformConfig& config, const fs::path& folder, const Secret& passphrase, const Clock& clock,
                               const UpkeepProgress& progress) {
  auto database = open_kept(config);
  if (!database) return database.error();
  auto ready = want_empty(folder);
  if (!ready) return ready.error();
  BackupManifest manifest{
      LANDWAITER_VERSION, (*database)->name(), clock.now(), static_cast<std::int64_t>(schema_steps().size()), !passphrase.empty(), {}};
  auto copied = copy_tables(**database, folder / kDatabaseName, progress);
  if (!copied) return copied.error();
  manifest.tables = *std::move(copied);
  if (manifest.has_key) {
    auto added = add_key(config, folder, passphrase);
    if (!added) return added.error();
  }
  auto written = write_manifest(manifest, folder);
  if (!written) return written.error();
  return manifest;
}

Result<BackupManifest> read_backup(const fs::path& folder) {
  const fs::path file = folder / kManifestName;
  std::error_code error;
  if (!fs::exists(file, error)) return Error(ErrorCode::not_found, folder.string() + ": is no backup, or one that was not finished");
  const auto text = read_small_file(file);
  if (!text) return text.error();
  const auto document = parse_json(*text, file.string(), kJsonFields);
  if (!document) return document.error();
  BackupManifest out;
  const auto made_at = from_rfc3339(text_of(*document, "made_at"));
  const auto number = [](const json& of, const char* name) {
    const auto found = of.find(name);
    return found != of.end() && found->is_number_integer() ? found->get<std::int64_t>() : std::int64_t{-1};
  };
  const auto tables = document->find("tables");
  if (!document->is_object() || !made_at || tables == document->end() || !tables->is_array()) {
    return Error(ErrorCode::malformed, file.string() + ": is not a backup's manifest");
  }
  if (number(*document, "format") != kFormat) {
    return Error(ErrorCode::unsupported, file.string() + ": a format that this program does not know; use the one that made it (" +
                                             text_of(*document, "program") + ")");
  }
  out.program = text_of(*document, "program");
  out.source = text_of(*document, "source");
  out.made_at = *made_at;
  out.schema = number(*document, "schema");
  out.has_key = document->value("master_key", json()) == json(true);
  for (const json& table : *tables) {
    if (!table.is_object()) continue;
    out.tables.push_back({text_of(table, "table"), number(table, "rows"), text_of(table, "sum")});
  }
  return out;
}

Result<RestoredFacts> restore(const PlatformConfig& config, const fs::path& folder, const Secret& passphrase,
                              const UpkeepProgress& progress) {
  auto manifest = read_backup(folder);
  if (!manifest) return manifest.error();
  auto made = make_private_directory(config.state_directory);
  if (!made) return made.error();
  std::error_code error;
  if (config.database.empty() && fs::exists(database_file(config), error)) {
    return Error(ErrorCode::conflict, config.state_directory.string() + ": holds a platform already; name an empty folder");
  }
  const fs::path file = config.state_directory / "platform.db.restoring";
  auto copy = take_over(folder, file, *manifest, progress);
  if (!copy) return copy.error();
  auto key = restore_key(config, folder, *manifest, passphrase);
  if (!key) return key.error();
  auto placed = place_tables(config, *std::move(copy), file, progress);
  if (!placed) return placed.error();
  return RestoredFacts{*std::move(manifest), !fs::exists(master_key_file(config), error)};
}

}  // namespace landwaiter::platform
