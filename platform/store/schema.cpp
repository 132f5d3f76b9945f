// SPDX-License-Identifier: Apache-2.0
#include "platform/store/schema.hpp"

#include <array>

namespace landwaiter::platform {
namespace {

// job.lease_sha256 is the lease now, or one that ran out and may be taken up again by its holder until somebody else acquires the
// job. job.ended_sha256 is the lease that ended the job or gave it back: repeating that call is answered, and changes nothing.
// job.silent_ends counts leases that ran out without a word while the sensor had other jobs too, silent_ends_alone those while it had
// nothing else. job.alone is about the lease now: its sensor gets no other job.
// job.filter_json is a protocol::ListWork; of its lists the other columns hold references and repositories.
constexpr std::string_view kControl = R"sql(
CREATE TABLE meta(name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
CREATE TABLE sensor(
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  public_key BLOB NOT NULL,
  enrolled_by TEXT NOT NULL,
  created_at_us INTEGER NOT NULL,
  seen_at_us INTEGER NOT NULL,
  documents_state TEXT NOT NULL DEFAULT '') STRICT;
CREATE TABLE sensor_state(
  sensor_id TEXT NOT NULL REFERENCES sensor(id) ON DELETE CASCADE,
  analysis TEXT NOT NULL,
  state TEXT NOT NULL,
  PRIMARY KEY(sensor_id, analysis)) STRICT, WITHOUT ROWID;
CREATE INDEX sensor_state_by_state ON sensor_state(analysis, state);
CREATE TABLE token(
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL CHECK(kind IN ('api','enrollment','sensor')),
  name TEXT NOT NULL,
  sha256 BLOB NOT NULL UNIQUE,
  sensor_id TEXT REFERENCES sensor(id) ON DELETE CASCADE,
  created_at_us INTEGER NOT NULL,
  expires_at_us INTEGER) STRICT;
CREATE INDEX token_by_sensor ON token(sensor_id);
CREATE TABLE scan(
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  kind TEXT NOT NULL CHECK(kind IN ('references','registry')),
  state TEXT NOT NULL CHECK(state IN ('queued','running','finished','failed','cancelled')),
  incremental INTEGER NOT NULL,
  priority INTEGER NOT NULL,
  labels TEXT NOT NULL,
  callback_id TEXT NOT NULL,
  auto_resolution_interval INTEGER NOT NULL,
  error TEXT NOT NULL DEFAULT '',
  warnings TEXT NOT NULL DEFAULT '[]',
  created_at_us INTEGER NOT NULL,
  started_at_us INTEGER,
  finished_at_us INTEGER) STRICT;
CREATE INDEX scan_active ON scan(priority, created_at_us) WHERE state IN ('queued','running');
CREATE TABLE registry(
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  kind TEXT NOT NULL,
  tls_verify INTEGER NOT NULL,
  plain_http INTEGER NOT NULL,
  credential BLOB,
  scan_id TEXT REFERENCES scan(id),
  deleted INTEGER NOT NULL DEFAULT 0,
  created_at_us INTEGER NOT NULL) STRICT;
CREATE UNIQUE INDEX registry_name ON registry(name) WHERE scan_id IS NULL AND deleted=0;
CREATE INDEX registry_by_scan ON registry(scan_id) WHERE scan_id IS NOT NULL;
CREATE TABLE job(
  id TEXT PRIMARY KEY,
  scan_id TEXT NOT NULL REFERENCES scan(id),
  registry_id TEXT NOT NULL REFERENCES registry(id),
  kind TEXT NOT NULL CHECK(kind IN ('list','image')),
  state TEXT NOT NULL CHECK(state IN ('queued','leased','done','failed','cancelled')),
  attempt INTEGER NOT NULL DEFAULT 0,
  not_before_us INTEGER NOT NULL DEFAULT 0,
  lease_sha256 BLOB,
  ended_sha256 BLOB,
  lease_until_us INTEGER NOT NULL DEFAULT 0,
  sensor_id TEXT REFERENCES sensor(id),
  leased_at_us INTEGER NOT NULL DEFAULT 0,
  silent_ends INTEGER NOT NULL DEFAULT 0,
  silent_ends_alone INTEGER NOT NULL DEFAULT 0,
  alone INTEGER NOT NULL DEFAULT 0,
  references_json TEXT NOT NULL DEFAULT '[]',
  repositories_json TEXT NOT NULL DEFAULT '[]',
  exclude_repositories_json TEXT NOT NULL DEFAULT '[]',
  filter_json TEXT NOT NULL DEFAULT '',
  repositories_listed INTEGER NOT NULL DEFAULT 0,
  repositories_filtered INTEGER NOT NULL DEFAULT 0,
  cursor TEXT NOT NULL DEFAULT '',
  repository TEXT NOT NULL DEFAULT '',
  digest TEXT,
  item_state TEXT NOT NULL DEFAULT 'pending',
  error TEXT NOT NULL DEFAULT '',
  bytes INTEGER NOT NULL DEFAULT 0,
  layers INTEGER NOT NULL DEFAULT 0,
  files INTEGER NOT NULL DEFAULT 0,
  findings INTEGER NOT NULL DEFAULT 0,
  created_at_us INTEGER NOT NULL,
  UNIQUE(scan_id, digest)) STRICT;
CREATE INDEX job_next ON job(scan_id, state, kind, not_before_us, id);
CREATE INDEX job_delayed ON job(not_before_us) WHERE state='queued' AND not_before_us>0;
CREATE INDEX job_of_registry ON job(registry_id) WHERE state IN ('queued','leased');
CREATE INDEX job_leased ON job(lease_until_us) WHERE state='leased';
CREATE INDEX job_listing ON job(registry_id, id) WHERE kind='list' AND state='done';
CREATE INDEX job_queued_silent ON job(silent_ends, not_before_us) WHERE state='queued' AND silent_ends>0;
CREATE INDEX job_leased_by_sensor ON job(sensor_id) WHERE state='leased';
CREATE TABLE scan_item(
  id INTEGER PRIMARY KEY,
  scan_id TEXT NOT NULL REFERENCES scan(id),
  registry_id TEXT NOT NULL REFERENCES registry(id),
  repository TEXT NOT NULL,
  tag TEXT NOT NULL,
  index_digest TEXT NOT NULL,
  digest TEXT NOT NULL,
  media_type TEXT NOT NULL,
  platform TEXT NOT NULL,
  created TEXT NOT NULL,
  size_bytes INTEGER NOT NULL,
  state TEXT NOT NULL CHECK(state IN ('pending','scanned','unchanged','filtered','unsupported','gone','failed','cancelled')),
  reason TEXT NOT NULL,
  code TEXT NOT NULL DEFAULT '',
  pushed TEXT NOT NULL DEFAULT '',
  time_source TEXT NOT NULL DEFAULT '',
  job_id TEXT REFERENCES job(id),
  UNIQUE(scan_id, registry_id, repository, tag, digest)) STRICT;
CREATE INDEX scan_item_by_state ON scan_item(scan_id, state);
CREATE INDEX scan_item_by_job ON scan_item(job_id);
)sql";

// What is known of a layer has parts: its facts (by the walker's version), and a report for each analysis (by its state). A claim is for
// one part: layer_claim.part is 'facts' or an analysis, and state the walker's or the analysis'.
// Of an image the newest is kept, for each analysis: image_state says at which state, image_layer which reports that are. image_finding
// has what was found in an image's own documents: no layer report holds that.
// not_opened and incomplete: how many diagnostics say that something was not searched (core/report/coverage.hpp).
constexpr std::string_view kContent = R"sql(
CREATE TABLE layer_facts(
  layer TEXT NOT NULL,
  walker TEXT NOT NULL,
  facts BLOB NOT NULL,
  not_opened INTEGER NOT NULL DEFAULT 0,
  incomplete INTEGER NOT NULL DEFAULT 0,
  stored_at_us INTEGER NOT NULL,
  PRIMARY KEY(layer, walker)) STRICT;
CREATE TABLE layer_report(
  id INTEGER PRIMARY KEY,
  layer TEXT NOT NULL,
  analysis TEXT NOT NULL,
  state TEXT NOT NULL,
  report BLOB NOT NULL,
  not_opened INTEGER NOT NULL DEFAULT 0,
  incomplete INTEGER NOT NULL DEFAULT 0,
  stored_at_us INTEGER NOT NULL,
  UNIQUE(layer, analysis, state)) STRICT;
CREATE TABLE layer_claim(
  layer TEXT NOT NULL,
  part TEXT NOT NULL,
  state TEXT NOT NULL,
  job_id TEXT NOT NULL REFERENCES job(id),
  PRIMARY KEY(layer, part, state)) STRICT, WITHOUT ROWID;
CREATE INDEX layer_claim_by_job ON layer_claim(job_id);
CREATE TABLE image(
  id INTEGER PRIMARY KEY,
  digest TEXT NOT NULL UNIQUE,
  reference TEXT NOT NULL,
  facts TEXT NOT NULL,
  walker TEXT NOT NULL,
  layers_fetched INTEGER NOT NULL,
  layers_reused INTEGER NOT NULL,
  documents_state TEXT NOT NULL DEFAULT '',
  documents_findings TEXT NOT NULL DEFAULT '[]',
  not_opened INTEGER NOT NULL DEFAULT 0,
  incomplete INTEGER NOT NULL DEFAULT 0,
  scanned_at_us INTEGER NOT NULL) STRICT;
CREATE INDEX image_not_searched ON image(id) WHERE not_opened>0 OR incomplete>0;
CREATE TABLE image_state(
  image_id INTEGER NOT NULL REFERENCES image(id) ON DELETE CASCADE,
  analysis TEXT NOT NULL,
  state TEXT NOT NULL,
  PRIMARY KEY(image_id, analysis)) STRICT, WITHOUT ROWID;
CREATE TABLE image_layer(
  image_id INTEGER NOT NULL REFERENCES image(id) ON DELETE CASCADE,
  analysis TEXT NOT NULL,
  position INTEGER NOT NULL,
  layer_report_id INTEGER NOT NULL REFERENCES layer_report(id),
  PRIMARY KEY(image_id, analysis, position)) STRICT, WITHOUT ROWID;
CREATE INDEX image_layer_by_report ON image_layer(layer_report_id, image_id);
CREATE TABLE finding(
  id INTEGER PRIMARY KEY,
  type TEXT NOT NULL,
  key TEXT NOT NULL,
  severity INTEGER NOT NULL,
  title TEXT NOT NULL,
  attributes TEXT NOT NULL,
  detector TEXT NOT NULL,
  first_seen_at_us INTEGER NOT NULL,
  UNIQUE(type, key)) STRICT;
CREATE INDEX finding_by_severity ON finding(severity DESC, id);
CREATE INDEX finding_by_key ON finding(key);
CREATE TABLE layer_finding(
  layer_report_id INTEGER NOT NULL REFERENCES layer_report(id) ON DELETE CASCADE,
  finding_id INTEGER NOT NULL REFERENCES finding(id),
  path TEXT NOT NULL,
  archive TEXT NOT NULL,
  offset_bytes INTEGER NOT NULL,
  PRIMARY KEY(layer_report_id, finding_id, path, archive, offset_bytes)) STRICT, WITHOUT ROWID;
CREATE INDEX layer_finding_by_finding ON layer_finding(finding_id, layer_report_id);
CREATE TABLE image_finding(
  image_id INTEGER NOT NULL REFERENCES image(id) ON DELETE CASCADE,
  finding_id INTEGER NOT NULL REFERENCES finding(id),
  document TEXT NOT NULL CHECK(document IN ('config','manifest')),
  place TEXT NOT NULL,
  offset_bytes INTEGER NOT NULL,
  PRIMARY KEY(image_id, finding_id, document, place, offset_bytes)) STRICT, WITHOUT ROWID;
CREATE INDEX image_finding_by_finding ON image_finding(finding_id, image_id);
)sql";

/// What only one process of several does: the one that holds the name, for as long as it says so again.
constexpr std::string_view kMaintenance = R"sql(
CREATE TABLE maintenance(name TEXT PRIMARY KEY, holder TEXT NOT NULL, until_us INTEGER NOT NULL) STRICT, WITHOUT ROWID;
)sql";

constexpr std::array<std::string_view, 3> kSteps{kControl, kContent, kMaintenance};

}  // namespace

std::span<const std::string_view> schema_steps() { return kSteps; }

}  // namespace landwaiter::platform
