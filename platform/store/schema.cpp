// SPDX-License-Identifier: Apache-2.0
#include "platform/store/schema.hpp"

#include <array>

namespace landwaiter::platform {
namespace {

// A job is open until it has ended_at_us: queued, delayed (until not_before_us), suspect (it may be what ends sensors: leased alone) or
// leased. While it is leased it has a row in lease; whoever deletes that row ends the lease, so two who want to cannot both.
// job.ran_out_sha256 is a lease that ran out and may be taken up again by its holder until somebody else acquires the job.
// job.ended_sha256 is the lease that ended the job or gave it back: repeating that call is answered, and changes nothing.
// job.silent_ends counts leases that ran out without a word while the sensor had other jobs too, silent_ends_alone those while it had
// nothing else; job.ran_out_together and ran_out_alone are what was counted of the lease that ran out last, to be taken back.
// A lane is one registry host, however many registries and scans name it. Jobs of a lane go by class (0 interactive, 1 a walk), then
// rank (less is earlier), then turn: scans of one rank count their jobs from where the lane stood when they came, so they share evenly.
// listing.filter_json is a protocol::ListWork; of its lists the other columns hold references and repositories.
// scan_count plus scan_delta is what a scan's items and jobs are, by state; changes are added to scan_delta, where writers do not meet.
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
  finished_at_us INTEGER,
  settled INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE INDEX scan_active ON scan(id) WHERE state IN ('queued','running');
CREATE INDEX scan_unsettled ON scan(id) WHERE state='cancelled' AND settled=0;
CREATE TABLE scan_count(
  scan_id TEXT NOT NULL REFERENCES scan(id) ON DELETE CASCADE,
  counter TEXT NOT NULL,
  n INTEGER NOT NULL,
  PRIMARY KEY(scan_id, counter)) STRICT, WITHOUT ROWID;
CREATE TABLE scan_delta(
  id INTEGER PRIMARY KEY,
  scan_id TEXT NOT NULL REFERENCES scan(id) ON DELETE CASCADE,
  counter TEXT NOT NULL,
  n INTEGER NOT NULL) STRICT;
CREATE INDEX scan_delta_by_scan ON scan_delta(scan_id);
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
CREATE TABLE lane(
  id INTEGER PRIMARY KEY,
  endpoint TEXT NOT NULL UNIQUE,
  jobs_max INTEGER NOT NULL,
  paused INTEGER NOT NULL DEFAULT 0,
  weight INTEGER NOT NULL DEFAULT 1 CHECK(weight>0),
  turn INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE job(
  id TEXT PRIMARY KEY,
  scan_id TEXT NOT NULL REFERENCES scan(id),
  registry_id TEXT NOT NULL REFERENCES registry(id),
  lane_id INTEGER NOT NULL REFERENCES lane(id),
  kind TEXT NOT NULL CHECK(kind IN ('list','image')),
  class INTEGER NOT NULL,
  rank INTEGER NOT NULL,
  turn INTEGER NOT NULL,
  state TEXT NOT NULL CHECK(state IN ('queued','delayed','suspect','leased','done','failed','cancelled')),
  attempt INTEGER NOT NULL DEFAULT 0,
  not_before_us INTEGER NOT NULL DEFAULT 0,
  leased_at_us INTEGER NOT NULL DEFAULT 0,
  silent_ends INTEGER NOT NULL DEFAULT 0,
  silent_ends_alone INTEGER NOT NULL DEFAULT 0,
  ran_out_together INTEGER NOT NULL DEFAULT 0,
  ran_out_alone INTEGER NOT NULL DEFAULT 0,
  ran_out_sha256 BLOB,
  ended_sha256 BLOB,
  repository TEXT NOT NULL DEFAULT '',
  digest TEXT,
  item_state TEXT NOT NULL DEFAULT 'pending',
  error TEXT NOT NULL DEFAULT '',
  created_at_us INTEGER NOT NULL,
  ended_at_us INTEGER,
  UNIQUE(scan_id, digest)) STRICT;
CREATE INDEX job_next ON job(lane_id, class, kind, rank, turn, id) WHERE state='queued';
CREATE INDEX job_delayed ON job(not_before_us, id) WHERE state='delayed';
CREATE INDEX job_suspect ON job(not_before_us, id) WHERE state='suspect';
CREATE INDEX job_open ON job(scan_id, id) WHERE ended_at_us IS NULL;
CREATE INDEX job_open_of_registry ON job(registry_id) WHERE ended_at_us IS NULL;
CREATE INDEX job_ended ON job(ended_at_us) WHERE ended_at_us IS NOT NULL;
CREATE TABLE listing(
  job_id TEXT PRIMARY KEY REFERENCES job(id) ON DELETE CASCADE,
  registry_id TEXT NOT NULL REFERENCES registry(id),
  scan_id TEXT NOT NULL REFERENCES scan(id),
  references_json TEXT NOT NULL,
  repositories_json TEXT NOT NULL,
  exclude_repositories_json TEXT NOT NULL,
  filter_json TEXT NOT NULL,
  repositories_listed INTEGER NOT NULL DEFAULT 0,
  repositories_filtered INTEGER NOT NULL DEFAULT 0,
  cursor TEXT NOT NULL DEFAULT '',
  turn INTEGER NOT NULL DEFAULT 0,
  done INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE INDEX listing_by_scan ON listing(scan_id);
CREATE INDEX listing_done ON listing(registry_id, job_id) WHERE done=1;
CREATE TABLE lease(
  job_id TEXT PRIMARY KEY REFERENCES job(id),
  scan_id TEXT NOT NULL REFERENCES scan(id),
  sensor_id TEXT NOT NULL REFERENCES sensor(id),
  lane_id INTEGER NOT NULL REFERENCES lane(id),
  class INTEGER NOT NULL,
  kind TEXT NOT NULL,
  sha256 BLOB NOT NULL,
  request_id TEXT NOT NULL,
  leased_at_us INTEGER NOT NULL,
  until_us INTEGER NOT NULL,
  alone INTEGER NOT NULL,
  bytes INTEGER NOT NULL DEFAULT 0,
  layers INTEGER NOT NULL DEFAULT 0,
  files INTEGER NOT NULL DEFAULT 0,
  findings INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE INDEX lease_until ON lease(until_us);
CREATE INDEX lease_by_sensor ON lease(sensor_id);
CREATE INDEX lease_by_scan ON lease(scan_id);
CREATE INDEX lease_by_lane ON lease(lane_id, class);
CREATE TABLE platform_process(
  id TEXT PRIMARY KEY,
  version TEXT NOT NULL,
  started_at_us INTEGER NOT NULL,
  seen_at_us INTEGER NOT NULL) STRICT;
CREATE TABLE outage(
  since_us INTEGER NOT NULL UNIQUE,
  until_us INTEGER NOT NULL) STRICT;
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
CREATE INDEX scan_item_by_scan ON scan_item(scan_id, id);
CREATE INDEX scan_item_by_state ON scan_item(scan_id, state, id);
CREATE INDEX scan_item_by_job ON scan_item(job_id);
)sql";

// What is known of a layer has parts: its facts (at the walker's version) and a report for each analysis (at its state). All are rows of
// layer_report, and what they are part of is an analysis_state, whose part is 'facts' or an analysis. An engine is a set of them, one of
// each part: what an image is shown with, so (layer, engine) of image_layer says who shows a report without asking image by image.
// layer_report.place says where the report's bytes are: 'row' is here, anything else is a blob's name. blob_garbage has the blobs that no
// row names any more; while one is being removed, no new row may name it.
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
CREATE INDEX layer_report_by_place ON layer_report(place) WHERE place<>'row';
CREATE TABLE blob_garbage(
  name TEXT NOT NULL PRIMARY KEY,
  gone_at_us INTEGER NOT NULL,
  removing INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE INDEX blob_garbage_by_time ON blob_garbage(removing, gone_at_us);
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
