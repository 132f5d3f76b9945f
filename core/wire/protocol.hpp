// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/secret.hpp"
#include "core/report/report.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// What sensor and platform say to each other, as values with a JSON form. The authority on paths, headers and
/// status codes is platform/api/openapi.json; this header is the authority on the bodies. Unknown fields are ignored,
/// so either side may be newer. Which version is spoken is agreed upon first, see core/wire/protocol_version.hpp.
namespace landwaiter::protocol {

/// How the sensor reaches a registry.
struct RegistryTarget {
  std::string id;
  std::string name;
  std::string endpoint;  ///< "registry.example.com", "localhost:5000", optionally with "http://" or "https://"
  std::string kind;      ///< a name of core/wire/registry_kinds.hpp
  bool tls_verify = true;
  bool plain_http = false;  ///< requested explicitly; loopback hosts fall back to it anyway
};

/// Work of a list job: explicit references, or a walk of the registry. Names may be wildcards (core/wire/filter.hpp). The filters on
/// tags and times hold for a walk only, platforms for both.
struct ListWork {
  std::vector<std::string> references;            ///< "name:tag" or "name@digest" within the registry; empty means walk
  std::vector<std::string> repositories;          ///< only these; empty means all
  std::vector<std::string> exclude_repositories;  ///< but not these
  std::vector<std::string> tags;                  ///< only these; empty means all
  std::vector<std::string> exclude_tags;          ///< but not these
  std::uint64_t newest = 0;                       ///< only this many of each repository's newest tags; 0 means all
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

/// What a job asks for. Its JSON form names the kind and holds the work under that name.
using Work = std::variant<ListWork, ImageWork>;

/// The kinds of work, in the order of Work's alternatives.
enum class JobKind { list, image };
inline constexpr std::array kAllJobKinds{JobKind::list, JobKind::image};
static_assert(std::variant_size_v<Work> == kAllJobKinds.size());

std::string_view to_string(JobKind kind);
std::optional<JobKind> job_kind_from(std::string_view name);
inline JobKind kind_of(const Work& work) { return static_cast<JobKind>(work.index()); }

struct JobOptions {
  bool incremental = true;  ///< false: scan although the image is known at these states
};

struct Job {
  std::string id;
  std::string scan_id;
  int attempt = 1;
  Secret lease_token;
  std::chrono::seconds lease{60};
  RegistryTarget registry;
  std::string sealed_credentials;
  Work work;
  JobOptions options;
};

/// Asks for jobs: at most `capacity`, after a wait of at most `wait`.
struct JobRequest {
  std::uint64_t capacity = 1;
  std::chrono::seconds wait{0};
  /// The kinds that the sensor knows, by name; the platform gives no others. An older sensor does not say: then list and image.
  std::vector<std::string> kinds;
  /// Of its own for each request; the same when the request is repeated because no answer came: then the same jobs are answered, not more.
  /// It begins with Heartbeat::run. May be empty.
  std::string request_id = {};
};

/// A job that this side cannot read, as far as it can be named: by an id and a lease that allow to refuse it.
struct UnreadableJob {
  std::string id;
  Secret lease_token;
  Error error;
};

/// The answer to a JobRequest. Each job is read alone, so that one of a kind this side does not know costs no other.
struct JobBatch {
  std::vector<Job> jobs;
  std::vector<UnreadableJob> unreadable;
};

/// What a listing says about a manifest: an image is to be scanned, the others are not.
enum class ItemOutcome { image, unsupported, gone, failed, filtered };
std::string_view to_string(ItemOutcome outcome);
std::optional<ItemOutcome> item_outcome_from(std::string_view name);

/// Who says when something was pushed. An image's config says when the image was made.
enum class TimeSource { none, registry, image_config };
std::string_view to_string(TimeSource source);
std::optional<TimeSource> time_source_from(std::string_view name);

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
  ItemOutcome outcome = ItemOutcome::image;
  std::string reason;                         ///< for people, when not an image
  std::string pushed;                         ///< RFC 3339: when it was pushed, as far as the listing learned it; may be empty
  TimeSource time_source = TimeSource::none;  ///< of `pushed`
  std::string code;                           ///< the ErrorCode's name when outcome is failed, unsupported or gone
};

struct InventoryPage {
  std::string cursor;  ///< continue after this page from here
  bool last = false;   ///< the listing is complete
  std::vector<InventoryItem> items;
  std::uint64_t repositories_listed = 0;    ///< whose tags were listed, from the listing's start to `cursor`
  std::uint64_t repositories_filtered = 0;  ///< excluded by name, from the listing's start to `cursor`
};

/// A completed image job. Layer reports were uploaded before, so the platform composes the image itself.
struct ImageCompletion {
  ImageFacts facts;
  EngineState engine;
  bool unchanged = false;  ///< known at these states; nothing was read but the manifest
  std::uint64_t layers_fetched = 0;
  std::uint64_t layers_reused = 0;
};

struct JobFailure {
  bool retryable = false;
  bool handed_back = false;  ///< through no fault of the job (shutdown): the attempt is not counted
  ErrorCode code = ErrorCode::internal;
  std::string reason;
  std::chrono::seconds retry_after{0};
};

struct Enrollment {
  std::string name;
  std::string version;
  std::vector<int> protocols;  ///< versions of the protocol that the sensor speaks
  AnalysisStates states;
  std::string public_key;  ///< base64, X25519
};

struct EnrollmentAnswer {
  std::string sensor_id;
  Secret token;
  int protocol_version = 0;  ///< the one to speak
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
  std::vector<int> protocols;  ///< as in Enrollment: the sensor may have been updated since
  AnalysisStates states;
  std::vector<JobProgress> jobs;  ///< all that the sensor has; one that is not here never reached it
  Digest documents_state{};       ///< as ImageFacts::documents_state; empty from an older sensor
  std::string run = {};           ///< of this process alone: jobs that another run asked for ended with it. May be empty
};

struct HeartbeatAnswer {
  std::vector<std::string> lost;       ///< jobs whose lease is no longer this sensor's: drop them
  std::vector<std::string> cancelled;  ///< jobs to stop
  std::chrono::seconds interval{15};
  int protocol_version = 0;  ///< the one to speak from now on
};

/// Asks, for the layers of a leased image job, which of them this sensor shall read, and for which analyses.
struct LayerClaim {
  Secret lease_token;
  EngineState engine;  ///< what the sensor can produce: the facts, and a report for each state
  std::vector<Digest> layers;
  bool force = false;  ///< scan although reports exist (a scan that is not incremental)
};

struct ClaimedLayer {
  Digest layer;
  LayerParts read;  ///< what is to be read of it
};

struct LayerClaimAnswer {
  std::vector<Digest> known;          ///< the platform has their facts and all their reports
  std::vector<ClaimedLayer> claimed;  ///< yours to read now
  std::vector<Digest> busy;           ///< another job reads some of it; ask again
};

/// The problem (RFC 9457) that answers a completion when the platform lacks reports of the image's layers: it is older than they are,
/// or was restored from a backup. They are to be sent, then the completion again.
struct MissingReports {
  static constexpr std::string_view kProblem = "layer-report-missing";  ///< the part of `type` after kProblemPrefix
  std::vector<Digest> layers;
};

inline constexpr std::string_view kProblemPrefix = "urn:landwaiter:problem:";

void to_json(nlohmann::json& out, const RegistryTarget& value);
void from_json(const nlohmann::json& in, RegistryTarget& value);
void to_json(nlohmann::json& out, const ListWork& value);
/// Also accepts what an older platform sends, which knows fewer filters.
void from_json(const nlohmann::json& in, ListWork& value);
void to_json(nlohmann::json& out, const ImageWork& value);
void from_json(const nlohmann::json& in, ImageWork& value);
void to_json(nlohmann::json& out, const Job& value);
void from_json(const nlohmann::json& in, Job& value);
void to_json(nlohmann::json& out, const JobRequest& value);
void from_json(const nlohmann::json& in, JobRequest& value);
void from_json(const nlohmann::json& in, JobBatch& value);
void to_json(nlohmann::json& out, const InventoryItem& value);
void from_json(const nlohmann::json& in, InventoryItem& value);
void to_json(nlohmann::json& out, const InventoryPage& value);
void from_json(const nlohmann::json& in, InventoryPage& value);
void to_json(nlohmann::json& out, const ImageCompletion& value);
void from_json(const nlohmann::json& in, ImageCompletion& value);
void to_json(nlohmann::json& out, const JobFailure& value);
void from_json(const nlohmann::json& in, JobFailure& value);
void to_json(nlohmann::json& out, const Enrollment& value);
void from_json(const nlohmann::json& in, Enrollment& value);
void to_json(nlohmann::json& out, const EnrollmentAnswer& value);
void from_json(const nlohmann::json& in, EnrollmentAnswer& value);
void to_json(nlohmann::json& out, const Heartbeat& value);
void from_json(const nlohmann::json& in, Heartbeat& value);
void to_json(nlohmann::json& out, const HeartbeatAnswer& value);
void from_json(const nlohmann::json& in, HeartbeatAnswer& value);
void to_json(nlohmann::json& out, const LayerClaim& value);
void from_json(const nlohmann::json& in, LayerClaim& value);
void to_json(nlohmann::json& out, const ClaimedLayer& value);
void from_json(const nlohmann::json& in, ClaimedLayer& value);
void to_json(nlohmann::json& out, const LayerClaimAnswer& value);
void from_json(const nlohmann::json& in, LayerClaimAnswer& value);
/// The members of the problem that are its own, without `type`, `title`, `status` and `detail`.
void to_json(nlohmann::json& out, const MissingReports& value);
/// Rejects a problem of another type.
void from_json(const nlohmann::json& in, MissingReports& value);

}  // namespace landwaiter::protocol
