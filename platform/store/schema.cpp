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

// What is known of a layer has parts: its facts (at the walker's version) and a report for each analysis (at its state). All are rows of
// layer_report, and what they are part of is an analysis_state, whose part is 'facts' or an analysis. An engine is a set of them, one of
// each part: what an image is shown with, so (layer, engine) of image_layer says who shows a report without asking image by image.
// layer_report.place says where the report's bytes are; 'row' is here.
// A finding is active while an image shows it; then its severity is the worst that is shown, and finding_variant has its words at each
// severity. last_seen_at_us is NULL as long. Its places are in the reports alone. image_finding has what was found in an image's own
// documents: no layer report holds that.
// Rows that many writers meet have no foreign keys to them: PostgreSQL would lock them for each reference. Layers, states, engines and
// findings are never deleted. Digests are bytes where they are keys of large tables.
// Decisions about findings will be a table by finding_id; packages a layer_report of their own, which is by its content the same for all
// images that share the layer.
// not_opened and incomplete: how many diagnostics say that something was not searched (core/report/coverage.hpp).
constexpr std::string_view kContent = R"sql(
CREATE TABLE analysis_state(
  id INTEGER PRIMARY KEY,
  part TEXT NOT NULL,
  state TEXT NOT NULL,
  UNIQUE(part, state)) STRICT;
CREATE TABLE engine(id INTEGER PRIMARY KEY, states TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE engine_state(
  engine_id INTEGER NOT NULL,
  state_id INTEGER NOT NULL,
  PRIMARY KEY(engine_id, state_id)) STRICT, WITHOUT ROWID;
CREATE INDEX engine_state_by_state ON engine_state(state_id, engine_id);
CREATE TABLE layer(id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE) STRICT;
CREATE TABLE layer_report(
  id INTEGER PRIMARY KEY,
  layer_id INTEGER NOT NULL,
  state_id INTEGER NOT NULL,
  sensor_id TEXT NOT NULL,
  stored_at_us INTEGER NOT NULL,
  not_opened INTEGER NOT NULL,
  incomplete INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  place TEXT NOT NULL DEFAULT 'row',
  report BLOB,
  UNIQUE(layer_id, state_id)) STRICT;
CREATE INDEX layer_report_by_state ON layer_report(state_id, id);
CREATE TABLE layer_claim(
  layer_id INTEGER NOT NULL,
  state_id INTEGER NOT NULL,
  job_id TEXT NOT NULL,
  PRIMARY KEY(layer_id, state_id)) STRICT, WITHOUT ROWID;
CREATE INDEX layer_claim_by_job ON layer_claim(job_id);
CREATE TABLE image(
  id INTEGER PRIMARY KEY,
  digest BLOB NOT NULL UNIQUE,
  engine_id INTEGER,
  layers_fetched INTEGER NOT NULL DEFAULT 0,
  layers_reused INTEGER NOT NULL DEFAULT 0,
  findings INTEGER NOT NULL DEFAULT 0,
  not_opened INTEGER NOT NULL DEFAULT 0,
  incomplete INTEGER NOT NULL DEFAULT 0,
  first_seen_at_us INTEGER NOT NULL,
  last_seen_at_us INTEGER NOT NULL,
  scanned_at_us INTEGER,
  reference TEXT NOT NULL DEFAULT '',
  documents_state TEXT NOT NULL DEFAULT '',
  facts TEXT NOT NULL DEFAULT '{}',
  documents_findings TEXT NOT NULL DEFAULT '[]') STRICT;
CREATE INDEX image_scanned ON image(id) WHERE scanned_at_us IS NOT NULL;
CREATE INDEX image_not_searched ON image(id) WHERE scanned_at_us IS NOT NULL AND (not_opened>0 OR incomplete>0);
CREATE INDEX image_by_last_seen ON image(last_seen_at_us);
CREATE TABLE repository(
  id INTEGER PRIMARY KEY,
  registry_id TEXT NOT NULL,
  name TEXT NOT NULL,
  UNIQUE(registry_id, name)) STRICT;
CREATE TABLE tag(
  id INTEGER PRIMARY KEY,
  repository_id INTEGER NOT NULL REFERENCES repository(id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  platform TEXT NOT NULL,
  image_id INTEGER NOT NULL,
  pushed TEXT NOT NULL,
  first_seen_at_us INTEGER NOT NULL,
  last_seen_at_us INTEGER NOT NULL,
  UNIQUE(repository_id, name, platform)) STRICT;
CREATE INDEX tag_by_image ON tag(image_id);
CREATE INDEX tag_by_last_seen ON tag(last_seen_at_us);
CREATE TABLE tag_move(
  id INTEGER PRIMARY KEY,
  tag_id INTEGER NOT NULL REFERENCES tag(id) ON DELETE CASCADE,
  moved_at_us INTEGER NOT NULL,
  from_image_id INTEGER NOT NULL,
  to_image_id INTEGER NOT NULL) STRICT;
CREATE INDEX tag_move_by_tag ON tag_move(tag_id, id);
CREATE TABLE image_layer(
  image_id INTEGER NOT NULL REFERENCES image(id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  layer_id INTEGER NOT NULL,
  engine_id INTEGER NOT NULL,
  PRIMARY KEY(image_id, position)) STRICT, WITHOUT ROWID;
CREATE INDEX image_layer_by_layer ON image_layer(layer_id, engine_id, image_id);
CREATE TABLE finding(
  id INTEGER PRIMARY KEY,
  type TEXT NOT NULL,
  key TEXT NOT NULL,
  severity INTEGER NOT NULL,
  active INTEGER NOT NULL DEFAULT 0,
  first_seen_at_us INTEGER NOT NULL,
  last_seen_at_us INTEGER,
  UNIQUE(type, key)) STRICT;
CREATE INDEX finding_by_severity ON finding(severity, id) WHERE active=1;
CREATE INDEX finding_by_type ON finding(type, severity, id) WHERE active=1;
CREATE INDEX finding_by_key ON finding(key);
CREATE TABLE finding_variant(
  finding_id INTEGER NOT NULL,
  severity INTEGER NOT NULL,
  state_id INTEGER NOT NULL,
  title TEXT NOT NULL,
  attributes TEXT NOT NULL,
  detector TEXT NOT NULL,
  PRIMARY KEY(finding_id, severity)) STRICT;
CREATE TABLE layer_finding(
  layer_report_id INTEGER NOT NULL REFERENCES layer_report(id) ON DELETE CASCADE,
  finding_id INTEGER NOT NULL,
  severity INTEGER NOT NULL,
  places INTEGER NOT NULL,
  first_path TEXT NOT NULL,
  PRIMARY KEY(layer_report_id, finding_id)) STRICT, WITHOUT ROWID;
CREATE INDEX layer_finding_by_finding ON layer_finding(finding_id, severity, layer_report_id);
CREATE TABLE image_finding(
  image_id INTEGER NOT NULL REFERENCES image(id) ON DELETE CASCADE,
  finding_id INTEGER NOT NULL,
  severity INTEGER NOT NULL,
  places INTEGER NOT NULL,
  PRIMARY KEY(image_id, finding_id)) STRICT, WITHOUT ROWID;
CREATE INDEX image_finding_by_finding ON image_finding(finding_id, severity, image_id);
CREATE TABLE finding_registry(
  registry_id TEXT NOT NULL,
  finding_id INTEGER NOT NULL,
  PRIMARY KEY(registry_id, finding_id)) STRICT, WITHOUT ROWID;
)sql";

/// What only one process of several does: the one that holds the name, for as long as it says so again.
constexpr std::string_view kMaintenance = R"sql(
CREATE TABLE maintenance(name TEXT PRIMARY KEY, holder TEXT NOT NULL, until_us INTEGER NOT NULL) STRICT, WITHOUT ROWID;
)sql";

constexpr std::array<std::string_view, 3> kSteps{kControl, kContent, kMaintenance};

}  // namespace

std::span<const std::string_view> schema_steps() { return kSteps; }

}  // namespace landwaiter::platform
