// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/secret.hpp"
#include "core/report/report.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

/// What sensor and platform say to each other, as values with a JSON form. The authority on paths, headers and
/// status codes is platform/api/openapi.json; this header is the authority on the bodies. Unknown fields are ignored,
/// so either side may be newer.
namespace landwaiter::protocol {

inline constexpr int version = 1;

/// How the sensor reaches a registry.
struct RegistryTarget {
  std::string id;
  std::string name;
  std::string endpoint;  ///< "registry.example.com", "localhost:5000", optionally with "http://" or "https://"
  std::string kind;      ///< a name of core/wire/registry_kinds.hpp
  bool tls_verify = true;
  bool plain_http = false;  ///< asked for explicitly; loopback hosts fall back to it anyway
};

enum class JobKind { list, image };

/// Work of a list job: explicit references, or a walk of the registry. Names may be wildcards (core/wire/filter.hpp). The filters on
/// tags and times hold for a walk only, platforms for both.
struct ListWork {
  std::vector<std::string> references;            ///< "name:tag" or "name@digest" within the registry; empty means walk
  std::vector<std::string> repositories;          ///< only these; empty means all
  std::vector<std::string> exclude_repositories;  ///< but not these
  std::vector<std::string> tags;                  ///< only these; empty means all
  std::vector<std::string> exclude_tags;          ///< but not these
  std::uint64_t newest = 0;                       ///< only so many of each repository's tags, the newest; 0 means all
  std::string pushed_after;                       ///< RFC 3339: only what was pushed then or later; empty means any time
  std::string pushed_before;                      ///< RFC 3339: only what was pushed before
  std::vector<std::string> platforms;             ///< "linux/amd64"; empty means all
  std::string cursor;                             ///< where an earlier attempt stopped; empty at the start
};

/// Work of an image job: one image manifest.
struct ImageWork {
  std::string repository;
  std::vector<std::string> tags;
  Digest digest;
};

struct JobOptions {
  bool incremental = true;  ///< false: scan although (digest, detector state) is known
};

struct Job {
  std::string id;
  JobKind kind = JobKind::image;
  std::string scan_id;
  int attempt = 1;
  Secret lease_token;
  std::chrono::seconds lease{60};
  RegistryTarget registry;
  std::string sealed_credentials;
  ListWork list;    ///< when kind is list
  ImageWork image;  ///< when kind is image
  JobOptions options;
};

/// One manifest that a listing saw. Every one ends in exactly one state (ItemState).
struct InventoryItem {
  std::string repository;
  std::string tag;      ///< empty when listed by digest
  Digest index_digest;  ///< of the index that the tag names; empty when it names a manifest directly
  Digest digest;        ///< of the image manifest; empty when it could not be read
  std::string media_type;
  std::string platform;          ///< "linux/amd64"
  std::string created;           ///< RFC 3339, may be empty
  std::uint64_t size_bytes = 0;  ///< compressed size of all layers
  std::string outcome;           ///< "image" (to be scanned), "unsupported", "gone", "failed", "filtered"
  std::string reason;            ///< for people, when not "image"
  std::string pushed;            ///< RFC 3339: when it was pushed, as far as the listing learned it; may be empty
  std::string time_source;       ///< of `pushed`: "registry", or "image config" (then it is when the image was made); empty with it
  std::string code;              ///< the ErrorCode's name when outcome is "failed", "unsupported" or "gone"
};

struct InventoryPage {
  std::string cursor;  ///< continue after this page from here
  bool last = false;   ///< the listing is complete
  std::vector<InventoryItem> items;
  std::uint64_t repositories_listed = 0;    ///< whose tags were listed, from the listing's start to `cursor`
  std::uint64_t repositories_filtered = 0;  ///< left out by their names, from the listing's start to `cursor`
};

/// A completed image job. Layer reports were uploaded before, so the platform composes the image itself.
struct ImageCompletion {
  ImageFacts facts;
  Digest detector_state;
  bool unchanged = false;  ///< known at this detector state; nothing was read but the manifest
  std::uint64_t layers_fetched = 0;
  std::uint64_t layers_reused = 0;
};

struct JobFailure {
  bool retryable = false;
  bool handed_back = false;  ///< not the job's fault (shutdown): the attempt is not counted
  ErrorCode code = ErrorCode::internal;
  std::string reason;
  std::chrono::seconds retry_after{0};
};

struct Enrolment {
  std::string name;
  std::string version;
  Digest detector_state;
  std::string public_key;  ///< base64, X25519
};

struct EnrolmentAnswer {
  std::string sensor_id;
  Secret token;
  Secret identity_key;  ///< hex; keys the hashes of assets that have no public identity; one for the whole fleet
  int protocol_version = version;
  std::chrono::seconds heartbeat_interval{15};
};

struct JobProgress {
  std::string job_id;
  Secret lease_token;
  std::uint64_t bytes = 0;
  std::uint64_t layers = 0;
  std::uint64_t files = 0;
  std::uint64_t findings = 0;
};

struct Heartbeat {
  std::string version;
  Digest detector_state;
  std::vector<JobProgress> jobs;
};

struct HeartbeatAnswer {
  std::vector<std::string> lost;       ///< jobs whose lease is no longer this sensor's: drop them
  std::vector<std::string> cancelled;  ///< jobs to stop
  bool drain = false;
  bool pause = false;
  std::chrono::seconds interval{15};
};

/// Asks, for the layers of a leased image job, which of them this sensor shall read.
struct LayerClaim {
  Secret lease_token;
  Digest detector_state;
  std::vector<Digest> layers;
  bool force = false;  ///< scan although a report exists (a scan that is not incremental)
};

struct LayerClaimAnswer {
  std::vector<Digest> known;    ///< the platform has their reports
  std::vector<Digest> claimed;  ///< yours to read now
  std::vector<Digest> busy;     ///< another job reads them; ask again
};

/// The problem (RFC 9457) that answers a completion when the platform lacks reports of the image's layers: it is older than they are,
/// or was restored from a backup. They are to be sent, then the completion again.
struct MissingReports {
  static constexpr std::string_view problem = "layer-report-missing";  ///< the part of `type` behind problem_prefix
  std::vector<Digest> layers;
};

inline constexpr std::string_view problem_prefix = "urn:landwaiter:problem:";

void to_json(nlohmann::json& out, const RegistryTarget& value);
void from_json(const nlohmann::json& in, RegistryTarget& value);
void to_json(nlohmann::json& out, const ListWork& value);
/// Also takes what an older platform sends, which knows fewer filters.
void from_json(const nlohmann::json& in, ListWork& value);
void to_json(nlohmann::json& out, const Job& value);
void from_json(const nlohmann::json& in, Job& value);
void to_json(nlohmann::json& out, const InventoryItem& value);
void from_json(const nlohmann::json& in, InventoryItem& value);
void to_json(nlohmann::json& out, const InventoryPage& value);
void from_json(const nlohmann::json& in, InventoryPage& value);
void to_json(nlohmann::json& out, const ImageCompletion& value);
void from_json(const nlohmann::json& in, ImageCompletion& value);
void to_json(nlohmann::json& out, const JobFailure& value);
void from_json(const nlohmann::json& in, JobFailure& value);
void to_json(nlohmann::json& out, const Enrolment& value);
void from_json(const nlohmann::json& in, Enrolment& value);
void to_json(nlohmann::json& out, const EnrolmentAnswer& value);
void from_json(const nlohmann::json& in, EnrolmentAnswer& value);
void to_json(nlohmann::json& out, const Heartbeat& value);
void from_json(const nlohmann::json& in, Heartbeat& value);
void to_json(nlohmann::json& out, const HeartbeatAnswer& value);
void from_json(const nlohmann::json& in, HeartbeatAnswer& value);
void to_json(nlohmann::json& out, const LayerClaim& value);
void from_json(const nlohmann::json& in, LayerClaim& value);
void to_json(nlohmann::json& out, const LayerClaimAnswer& value);
void from_json(const nlohmann::json& in, LayerClaimAnswer& value);
/// The members of the problem that are its own, without `type`, `title`, `status` and `detail`.
void to_json(nlohmann::json& out, const MissingReports& value);
/// Rejects a problem of another type.
void from_json(const nlohmann::json& in, MissingReports& value);

}  // namespace landwaiter::protocol
