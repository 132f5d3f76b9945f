// SPDX-License-Identifier: Apache-2.0
#include "core/wire/protocol.hpp"

#include "core/base/enum_names.hpp"
#include "core/base/json.hpp"
#include "core/base/limits.hpp"
#include "core/base/text.hpp"

namespace landwaiter::protocol {
namespace {

using nlohmann::json;

/// An absent digest travels as "".
void read_digest(const json& in, const char* name, Digest& out) {
  const auto text = in.at(name).get<std::string>();
  out = Digest();
  if (text.empty()) return;
  auto digest = Digest::parse(text);
  if (!digest) throw json::other_error::create(501, std::string(name) + ": " + digest.error().message(), nullptr);
  out = *digest;
}

json write_digests(const std::vector<Digest>& digests) {
  json out = json::array();
  for (const Digest& digest : digests) out.push_back(digest.str());
  return out;
}

void read_digests(const json& in, const char* name, std::vector<Digest>& out) {
  out.clear();
  for (const json& text : in.at(name)) read_digest(json{{name, text}}, name, out.emplace_back());
}

void read_secret(const json& in, const char* name, Secret& out) { out = Secret(in.at(name).get<std::string>()); }

void read_seconds(const json& in, const char* name, std::chrono::seconds& out) {
  const std::uint64_t count = read_count(in, name);
  const auto longest = static_cast<std::uint64_t>(limits::protocol_duration_max.count());
  if (count > longest) throw json::other_error::create(501, std::string(name) + " is too long", nullptr);
  out = std::chrono::seconds(count);
}

constexpr EnumNames<JobKind, 2> kJobKinds{{{JobKind::list, "list"}, {JobKind::image, "image"}}};

constexpr EnumNames<ItemOutcome, 5> kOutcomes{{
    {ItemOutcome::image, "image"},
    {ItemOutcome::unsupported, "unsupported"},
    {ItemOutcome::gone, "gone"},
    {ItemOutcome::failed, "failed"},
    {ItemOutcome::filtered, "filtered"},
}};

constexpr EnumNames<TimeSource, 3> kTimeSources{
    {{TimeSource::none, ""}, {TimeSource::registry, "registry"}, {TimeSource::image_config, "image config"}}};

/// A value that this side does not know must not be taken for another one.
template <class Value, std::size_t size>
Value read_name(const json& field, const EnumNames<Value, size>& names, std::string_view what) {
  const auto& name = field.get_ref<const std::string&>();
  const auto value = value_of(names, name);
  if (!value) throw json::other_error::create(501, "unknown " + std::string(what) + ' ' + landwaiter::quoted(name.substr(0, 40)), nullptr);
  return *value;
}

std::string text_or_empty(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

template <class T>
void read_optional(const json& in, const char* name, T& out) {
  if (in.contains(name) && !in[name].is_null()) in[name].get_to(out);
}

void read_optional_count(const json& in, const char* name, std::uint64_t& out) {
  if (in.contains(name) && !in[name].is_null()) read_count(in, name, out);
}

/// The first form of the protocol did not say which it was.
void read_protocols(const json& in, std::vector<int>& out) {
  out = {1};
  read_optional(in, "protocols", out);
}

/// Whoever speaks another version may not have them, and must get as far as being refused with a reason.
void read_states(const json& in, AnalysisStates& out) {
  out.clear();
  if (in.contains("states")) out = states_from_json(in, "states");
}

}  // namespace

std::string_view to_string(JobKind kind) { return name_of(kJobKinds, kind); }
std::optional<JobKind> job_kind_from(std::string_view name) { return value_of(kJobKinds, name); }
std::string_view to_string(ItemOutcome outcome) { return name_of(kOutcomes, outcome); }
std::optional<ItemOutcome> item_outcome_from(std::string_view name) { return value_of(kOutcomes, name); }
std::string_view to_string(TimeSource source) { return name_of(kTimeSources, source); }
std::optional<TimeSource> time_source_from(std::string_view name) { return value_of(kTimeSources, name); }

void to_json(json& out, const RegistryTarget& value) {
  out = json{{"id", value.id},
             {"name", value.name},
             {"endpoint", value.endpoint},
             {"kind", value.kind},
             {"tls_verify", value.tls_verify},
             {"plain_http", value.plain_http}};
}

void from_json(const json& in, RegistryTarget& value) {
  in.at("id").get_to(value.id);
  in.at("name").get_to(value.name);
  in.at("endpoint").get_to(value.endpoint);
  in.at("kind").get_to(value.kind);
  read_optional(in, "tls_verify", value.tls_verify);
  read_optional(in, "plain_http", value.plain_http);
}

void to_json(json& out, const ListWork& value) {
  out = json{{"references", value.references},
             {"repositories", value.repositories},
             {"exclude_repositories", value.exclude_repositories},
             {"tags", value.tags},
             {"exclude_tags", value.exclude_tags},
             {"newest", value.newest},
             {"pushed_after", value.pushed_after},
             {"pushed_before", value.pushed_before},
             {"platforms", value.platforms},
             {"cursor", value.cursor}};
}

void from_json(const json& in, ListWork& value) {
  in.at("references").get_to(value.references);
  in.at("repositories").get_to(value.repositories);
  read_optional(in, "exclude_repositories", value.exclude_repositories);
  read_optional(in, "tags", value.tags);
  read_optional(in, "exclude_tags", value.exclude_tags);
  read_optional_count(in, "newest", value.newest);
  read_optional(in, "pushed_after", value.pushed_after);
  read_optional(in, "pushed_before", value.pushed_before);
  read_optional(in, "platforms", value.platforms);
  in.at("cursor").get_to(value.cursor);
}

void to_json(json& out, const ImageWork& value) {
  out = json{{"repository", value.repository}, {"tags", value.tags}, {"digest", value.digest.str()}};
}

void from_json(const json& in, ImageWork& value) {
  in.at("repository").get_to(value.repository);
  in.at("tags").get_to(value.tags);
  read_digest(in, "digest", value.digest);
}

void to_json(json& out, const Job& value) {
  const std::string kind(to_string(kind_of(value.work)));
  out = json{{"id", value.id},
             {"kind", kind},
             {"scan_id", value.scan_id},
             {"attempt", value.attempt},
             {"lease_token", value.lease_token.reveal()},
             {"lease_s", value.lease.count()},
             {"registry", value.registry},
             {"sealed_credentials", value.sealed_credentials},
             {"options", {{"incremental", value.options.incremental}}}};
  std::visit([&](const auto& work) { out[kind] = work; }, value.work);
}

void from_json(const json& in, Job& value) {
  in.at("id").get_to(value.id);
  in.at("scan_id").get_to(value.scan_id);
  in.at("attempt").get_to(value.attempt);
  read_secret(in, "lease_token", value.lease_token);
  read_seconds(in, "lease_s", value.lease);
  in.at("registry").get_to(value.registry);
  in.at("sealed_credentials").get_to(value.sealed_credentials);
  read_optional(in.at("options"), "incremental", value.options.incremental);
  switch (read_name(in.at("kind"), kJobKinds, "kind of job")) {
    case JobKind::list: value.work = in.at("list").get<ListWork>(); break;
    case JobKind::image: value.work = in.at("image").get<ImageWork>(); break;
  }
}

void to_json(json& out, const JobRequest& value) {
  out = json{{"capacity", value.capacity}, {"wait_s", value.wait.count()}, {"kinds", value.kinds}, {"request_id", value.request_id}};
}

void from_json(const json& in, JobRequest& value) {
  read_optional_count(in, "capacity", value.capacity);
  if (in.contains("wait_s") && !in["wait_s"].is_null()) read_seconds(in, "wait_s", value.wait);
  read_optional(in, "kinds", value.kinds);
  read_optional(in, "request_id", value.request_id);
}

void from_json(const json& in, JobBatch& value) {
  value = JobBatch();
  for (const json& one : in.at("jobs").get_ref<const json::array_t&>()) {
    auto job = convert_json<Job>(one, "job");
    if (job) {
      value.jobs.push_back(*std::move(job));
    } else {
      value.unreadable.push_back({text_or_empty(one, "id"), Secret(text_or_empty(one, "lease_token")), job.error()});
    }
  }
}

void to_json(json& out, const InventoryItem& value) {
  out = json{{"repository", value.repository},
             {"tag", value.tag},
             {"index_digest", value.index_digest.str()},
             {"digest", value.digest.str()},
             {"media_type", value.media_type},
             {"platform", value.platform},
             {"created", value.created},
             {"size_bytes", value.size_bytes},
             {"outcome", to_string(value.outcome)},
             {"reason", value.reason},
             {"pushed", value.pushed},
             {"time_source", to_string(value.time_source)},
             {"code", value.code}};
}

void from_json(const json& in, InventoryItem& value) {
  in.at("repository").get_to(value.repository);
  in.at("tag").get_to(value.tag);
  read_digest(in, "index_digest", value.index_digest);
  read_digest(in, "digest", value.digest);
  in.at("media_type").get_to(value.media_type);
  in.at("platform").get_to(value.platform);
  in.at("created").get_to(value.created);
  read_count(in, "size_bytes", value.size_bytes);
  value.outcome = read_name(in.at("outcome"), kOutcomes, "outcome");
  in.at("reason").get_to(value.reason);
  read_optional(in, "pushed", value.pushed);
  // It only explains `pushed`: a source that this side does not know yet must not cost the whole page.
  value.time_source = time_source_from(in.value("time_source", std::string())).value_or(TimeSource::none);
  read_optional(in, "code", value.code);
}

void to_json(json& out, const InventoryPage& value) {
  out = json{{"cursor", value.cursor},
             {"last", value.last},
             {"items", value.items},
             {"repositories_listed", value.repositories_listed},
             {"repositories_filtered", value.repositories_filtered}};
}

void from_json(const json& in, InventoryPage& value) {
  in.at("cursor").get_to(value.cursor);
  in.at("last").get_to(value.last);
  in.at("items").get_to(value.items);
  read_optional_count(in, "repositories_listed", value.repositories_listed);
  read_optional_count(in, "repositories_filtered", value.repositories_filtered);
}

void to_json(json& out, const ImageCompletion& value) {
  out = json{{"facts", value.facts},         {"walker", value.engine.walker.str()},    {"states", states_to_json(value.engine.states)},
             {"unchanged", value.unchanged}, {"layers_fetched", value.layers_fetched}, {"layers_reused", value.layers_reused}};
}

void from_json(const json& in, ImageCompletion& value) {
  in.at("facts").get_to(value.facts);
  read_digest(in, "walker", value.engine.walker);
  value.engine.states = states_from_json(in, "states");
  in.at("unchanged").get_to(value.unchanged);
  read_count(in, "layers_fetched", value.layers_fetched);
  read_count(in, "layers_reused", value.layers_reused);
}

void to_json(json& out, const JobFailure& value) {
  out = json{{"retryable", value.retryable},
             {"handed_back", value.handed_back},
             {"code", to_string(value.code)},
             {"reason", value.reason},
             {"retry_after_s", value.retry_after.count()}};
}

void from_json(const json& in, JobFailure& value) {
  in.at("retryable").get_to(value.retryable);
  read_optional(in, "handed_back", value.handed_back);
  value.code = error_code_from(in.at("code").get<std::string>()).value_or(ErrorCode::internal);
  in.at("reason").get_to(value.reason);
  read_seconds(in, "retry_after_s", value.retry_after);
}

void to_json(json& out, const Enrollment& value) {
  out = json{{"name", value.name},
             {"version", value.version},
             {"protocols", value.protocols},
             {"states", states_to_json(value.states)},
             {"public_key", value.public_key}};
}

void from_json(const json& in, Enrollment& value) {
  in.at("name").get_to(value.name);
  in.at("version").get_to(value.version);
  read_protocols(in, value.protocols);
  read_states(in, value.states);
  in.at("public_key").get_to(value.public_key);
}

void to_json(json& out, const EnrollmentAnswer& value) {
  out = json{{"sensor_id", value.sensor_id},
             {"token", value.token.reveal()},
             {"protocol_version", value.protocol_version},
             {"heartbeat_interval_s", value.heartbeat_interval.count()}};
}

void from_json(const json& in, EnrollmentAnswer& value) {
  in.at("sensor_id").get_to(value.sensor_id);
  read_secret(in, "token", value.token);
  in.at("protocol_version").get_to(value.protocol_version);
  read_seconds(in, "heartbeat_interval_s", value.heartbeat_interval);
}

void to_json(json& out, const JobProgress& value) {
  out = json{{"job_id", value.job_id}, {"lease_token", value.lease_token.reveal()},
             {"bytes", value.bytes},   {"layers", value.layers},
             {"files", value.files},   {"findings", value.findings}};
}

void from_json(const json& in, JobProgress& value) {
  in.at("job_id").get_to(value.job_id);
  read_secret(in, "lease_token", value.lease_token);
  read_count(in, "bytes", value.bytes);
  read_count(in, "layers", value.layers);
  read_count(in, "files", value.files);
  read_count(in, "findings", value.findings);
}

void to_json(json& out, const Heartbeat& value) {
  out = json{{"version", value.version},
             {"protocols", value.protocols},
             {"states", states_to_json(value.states)},
             {"documents_state", value.documents_state.str()},
             {"run", value.run},
             {"jobs", value.jobs}};
}

void from_json(const json& in, Heartbeat& value) {
  in.at("version").get_to(value.version);
  read_protocols(in, value.protocols);
  read_states(in, value.states);
  if (in.contains("documents_state")) read_digest(in, "documents_state", value.documents_state);
  read_optional(in, "run", value.run);
  in.at("jobs").get_to(value.jobs);
}

void to_json(json& out, const HeartbeatAnswer& value) {
  out = json{{"lost", value.lost},
             {"cancelled", value.cancelled},
             {"interval_s", value.interval.count()},
             {"protocol_version", value.protocol_version}};
}

void from_json(const json& in, HeartbeatAnswer& value) {
  in.at("lost").get_to(value.lost);
  in.at("cancelled").get_to(value.cancelled);
  read_seconds(in, "interval_s", value.interval);
  read_optional(in, "protocol_version", value.protocol_version);
}

void to_json(json& out, const LayerClaim& value) {
  out = json{{"lease_token", value.lease_token.reveal()},
             {"walker", value.engine.walker.str()},
             {"states", states_to_json(value.engine.states)},
             {"layers", write_digests(value.layers)},
             {"force", value.force}};
}

void from_json(const json& in, LayerClaim& value) {
  read_secret(in, "lease_token", value.lease_token);
  read_digest(in, "walker", value.engine.walker);
  value.engine.states = states_from_json(in, "states");
  read_digests(in, "layers", value.layers);
  read_optional(in, "force", value.force);
}

void to_json(json& out, const ClaimedLayer& value) {
  json analyses = json::array();
  for (const Analysis analysis : value.read.analyses) analyses.push_back(to_string(analysis));
  out = json{{"layer", value.layer.str()}, {"analyses", std::move(analyses)}, {"facts", value.read.facts}};
}

void from_json(const json& in, ClaimedLayer& value) {
  read_digest(in, "layer", value.layer);
  value.read.analyses.clear();
  for (const json& name : in.at("analyses")) {
    // An analysis that was not requested is ignored.
    if (const auto analysis = analysis_from(name.get<std::string>())) value.read.analyses.push_back(*analysis);
  }
  in.at("facts").get_to(value.read.facts);
}

void to_json(json& out, const LayerClaimAnswer& value) {
  out = json{{"known", write_digests(value.known)}, {"claimed", value.claimed}, {"busy", write_digests(value.busy)}};
}

void from_json(const json& in, LayerClaimAnswer& value) {
  read_digests(in, "known", value.known);
  in.at("claimed").get_to(value.claimed);
  read_digests(in, "busy", value.busy);
}

void to_json(json& out, const MissingReports& value) { out = json{{"missing", write_digests(value.layers)}}; }

void from_json(const json& in, MissingReports& value) {
  const auto type = in.at("type").get<std::string>();
  if (type != std::string(kProblemPrefix) + std::string(MissingReports::kProblem)) {
    throw json::other_error::create(501, "another problem: \"" + type.substr(0, 80) + '"', nullptr);
  }
  read_digests(in, "missing", value.layers);
}

}  // namespace landwaiter::protocol
