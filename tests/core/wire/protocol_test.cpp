// SPDX-License-Identifier: Apache-2.0
#include "core/wire/protocol.hpp"

#include "core/base/json_reader.hpp"
#include "core/base/limits.hpp"
#include "tests/support/catch.hpp"

using namespace landwaiter;
using namespace landwaiter::protocol;
using nlohmann::json;

namespace {

Digest digest_of(std::string_view text) { return Digest::sha256_of(as_bytes(text)); }

EngineState engine() { return {digest_of("w"), {{Analysis::cryptography, digest_of("c")}, {Analysis::secrets, digest_of("s")}}}; }

/// Value -> text -> value -> text: equal texts, and no field of the example left at its default.
template <class T>
void check_round_trip(const T& value) {
  const std::string text = dump_json(json(value));
  INFO(text);
  const auto read = parse_json_as<T>(text, "message", kJsonRequest);
  REQUIRE(read);
  CHECK(dump_json(json(*read)) == text);
  CHECK(text != dump_json(json(T{})));
}

template <class T>
void check_refused(json document, const char* pointer, const json& value) {
  document[json::json_pointer(pointer)] = value;
  INFO(document.dump());
  const auto read = convert_json<T>(document, "message");
  REQUIRE_FALSE(read);
  CHECK(read.error().code() == ErrorCode::malformed);
}

Job image_job() {
  Job job;
  job.id = "j1";
  job.scan_id = "s1";
  job.attempt = 3;
  job.lease_token = Secret("lease");
  job.lease = std::chrono::seconds(90);
  job.registry = {"r1", "name", "localhost:5000", "docker-v2", false, true};
  job.sealed_credentials = "c2VhbGVk";
  job.work = ImageWork{"library/a", {"1", "2"}, digest_of("i")};
  job.options.incremental = false;
  return job;
}

}  // namespace

TEST_CASE("Every message goes through JSON unchanged") {
  check_round_trip(image_job());
  Job list = image_job();
  list.work = ListWork{{"a:1"}, {"b*"}, {"c"}, {"1*"}, {"2"}, 3, "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", {"linux/amd64"}, "cursor"};
  check_round_trip(list);
  const auto listed = parse_json_as<Job>(dump_json(json(list)), "job", kJsonRequest);
  REQUIRE(listed);
  REQUIRE(kind_of(listed->work) == JobKind::list);
  CHECK(std::get<ListWork>(listed->work).newest == 3);
  CHECK(std::get<ListWork>(listed->work).exclude_tags == std::vector<std::string>{"2"});
  check_round_trip(JobRequest{7, std::chrono::seconds(45), {"list", "image", "later"}, "id"});
  const InventoryItem item{"a",       "1",    digest_of("x"),       digest_of("i"), "type", "linux/amd64", "2024", 5, ItemOutcome::failed,
                           "because", "2025", TimeSource::registry, "tls"};
  check_round_trip(item);
  check_round_trip(InventoryPage{"cursor", true, {item, item}, 4, 5});
  ImageFacts facts;
  facts.digest = digest_of("i");
  facts.layers = {digest_of("1")};
  const auto completion =
      parse_json_as<ImageCompletion>(dump_json(json(ImageCompletion{facts, engine(), true, 3, 4})), "completion", kJsonRequest);
  REQUIRE(completion);
  CHECK(completion->facts.layers == facts.layers);
  CHECK(completion->unchanged);
  CHECK(completion->layers_reused == 4);
  check_round_trip(JobFailure{true, true, ErrorCode::timeout, "slow", std::chrono::seconds(7)});
  check_round_trip(Enrollment{"n", "0.1", {2, 3}, engine().states, "key"});
  check_round_trip(EnrollmentAnswer{"id", Secret("token"), 1, std::chrono::seconds(3)});
  check_round_trip(Heartbeat{"0.1", {2}, engine().states, {{"j", Secret("l"), 1, 2, 3, 4}}, digest_of("d")});
  check_round_trip(HeartbeatAnswer{{"a"}, {"b"}, std::chrono::seconds(9), 2});
  check_round_trip(LayerClaim{Secret("l"), engine(), {digest_of("1"), digest_of("2")}, true});
  check_round_trip(LayerClaimAnswer{{digest_of("1")}, {{digest_of("2"), {true, {Analysis::secrets}}}}, {digest_of("3")}});
}

TEST_CASE("A job of each kind keeps its own work") {
  const auto image = parse_json_as<Job>(dump_json(json(image_job())), "job", kJsonRequest);
  REQUIRE(image);
  REQUIRE(kind_of(image->work) == JobKind::image);
  CHECK(std::get<ImageWork>(image->work).digest == digest_of("i"));
  CHECK(std::get<ImageWork>(image->work).tags == std::vector<std::string>{"1", "2"});
  CHECK_FALSE(image->options.incremental);
  CHECK_FALSE(image->registry.tls_verify);
  CHECK(image->registry.plain_http);
  CHECK(image->lease == std::chrono::seconds(90));
  CHECK(image->lease_token.equals("lease"));
}

TEST_CASE("What an older peer sends is understood: no filters, no times, no counts") {
  const auto work = parse_json_as<ListWork>(R"({"references":["a:1"],"repositories":[],"cursor":""})", "work", kJsonRequest);
  REQUIRE(work);
  CHECK(work->references.size() == 1);
  CHECK(work->newest == 0);
  json document = InventoryPage{"cursor", true, {InventoryItem{}}, 4, 5};
  document.erase("repositories_listed");
  document.erase("repositories_filtered");
  for (const char* name : {"pushed", "time_source", "code"}) document["items"][0].erase(name);
  const auto page = convert_json<InventoryPage>(document, "page");
  REQUIRE(page);
  CHECK(page->items.size() == 1);
  CHECK(page->repositories_listed == 0);
  const auto beat = parse_json_as<Heartbeat>(R"({"version":"0.1","jobs":[]})", "heartbeat", kJsonRequest);
  REQUIRE(beat);
  CHECK(beat->documents_state.empty());
}

TEST_CASE("A sensor that does not say which protocol it speaks speaks the first, and its states are not asked for") {
  json document = Enrollment{"n", "0.1", {2}, engine().states, "key"};
  document.erase("protocols");
  document.erase("states");
  const auto enrollment = convert_json<Enrollment>(document, "enrollment");
  REQUIRE(enrollment);
  CHECK(enrollment->protocols == std::vector<int>{1});
  CHECK(enrollment->states.empty());
}

TEST_CASE("Unknown fields are ignored, an unknown kind of job is not") {
  json document = image_job();
  document["color"] = "blue";
  document["registry"]["extra"] = {1, 2};
  CHECK(convert_json<Job>(document, "job"));
  check_refused<Job>(document, "/kind", "dance");
  check_refused<Job>(document, "/kind", 1);
}

TEST_CASE("Each name of a closed set is read back, and others are not") {
  for (const JobKind kind : kAllJobKinds) CHECK(job_kind_from(to_string(kind)) == kind);
  for (const auto outcome : {ItemOutcome::image, ItemOutcome::unsupported, ItemOutcome::gone, ItemOutcome::failed, ItemOutcome::filtered}) {
    CHECK(item_outcome_from(to_string(outcome)) == outcome);
  }
  for (const auto source : {TimeSource::none, TimeSource::registry, TimeSource::image_config}) {
    CHECK(time_source_from(to_string(source)) == source);
  }
  CHECK_FALSE(job_kind_from("dance"));
  CHECK_FALSE(item_outcome_from(""));
  check_refused<InventoryItem>(InventoryItem{}, "/outcome", "melted");
  // Where a time comes from is told beside it: a source of a newer version costs nothing but itself.
  json item = InventoryItem{};
  item["pushed"] = "2026-01-01T00:00:00Z";
  item["time_source"] = "label";
  const auto read = convert_json<InventoryItem>(item, "item");
  REQUIRE(read);
  CHECK(read->time_source == TimeSource::none);
  CHECK(read->pushed == "2026-01-01T00:00:00Z");
}

TEST_CASE("A job that cannot be read costs no other, and is named so that it can be refused") {
  json strange = image_job();
  strange["id"] = "j2";
  strange["kind"] = "check";
  json nameless = strange;
  nameless["id"] = 7;
  const auto batch = convert_json<JobBatch>({{"jobs", {strange, image_job(), nameless, "no job"}}}, "jobs");
  REQUIRE(batch);
  REQUIRE(batch->jobs.size() == 1);
  CHECK(batch->jobs[0].id == "j1");
  REQUIRE(batch->unreadable.size() == 3);
  CHECK(batch->unreadable[0].id == "j2");
  CHECK(batch->unreadable[0].lease_token.equals("lease"));
  CHECK(batch->unreadable[0].error.message().find("unknown kind of job \"check\"") != std::string::npos);
  CHECK(batch->unreadable[1].id.empty());
  CHECK(batch->unreadable[2].lease_token.empty());
  CHECK_FALSE(convert_json<JobBatch>({{"jobs", 3}}, "jobs"));
  CHECK_FALSE(convert_json<JobBatch>(json::array(), "jobs"));
}

TEST_CASE("A request for jobs of before kinds were named has none") {
  const auto request = parse_json_as<JobRequest>(R"({"capacity":4,"wait_s":45})", "request", kJsonRequest);
  REQUIRE(request);
  CHECK(request->capacity == 4);
  CHECK(request->wait == std::chrono::seconds(45));
  CHECK(request->kinds.empty());
  CHECK(parse_json_as<JobRequest>("{}", "request", kJsonRequest).value().capacity == 1);
}

TEST_CASE("Wrong fields are malformed") {
  check_refused<JobRequest>(JobRequest{}, "/capacity", -1);
  check_refused<JobRequest>(JobRequest{}, "/wait_s", "soon");
  check_refused<JobRequest>(JobRequest{}, "/kinds", {1, 2});
  check_refused<Job>(image_job(), "/lease_s", -1);
  check_refused<Job>(image_job(), "/lease_s", 9.5);
  check_refused<Job>(image_job(), "/lease_s", std::numeric_limits<std::int64_t>::max());
  check_refused<Job>(image_job(), "/image/digest", "sha256:x");
  check_refused<Job>(image_job(), "/registry", nullptr);
  check_refused<InventoryItem>(InventoryItem{}, "/size_bytes", -5);
  check_refused<InventoryPage>(InventoryPage{}, "/items", "none");
  check_refused<InventoryPage>(InventoryPage{}, "/repositories_listed", -1);
  check_refused<ListWork>(ListWork{}, "/newest", -1);
  check_refused<ListWork>(ListWork{}, "/tags", "x");
  check_refused<HeartbeatAnswer>(HeartbeatAnswer{}, "/interval_s", -3);
  check_refused<LayerClaim>(LayerClaim{}, "/layers", {"sha256:1"});
  check_refused<JobFailure>(JobFailure{}, "/retry_after_s", 1e18);
}

TEST_CASE("The longest duration can be added to a time point") {
  json document = image_job();
  document["lease_s"] = limits::protocol_duration_max.count();
  const auto job = convert_json<Job>(document, "job");
  REQUIRE(job);
  const auto now = std::chrono::steady_clock::time_point{};
  CHECK(now + job->lease > now);
}

TEST_CASE("A failure with a code of a newer version is still a failure") {
  json document = JobFailure{};
  document["code"] = "quantum_decoherence";
  const auto failure = convert_json<JobFailure>(document, "failure");
  REQUIRE(failure);
  CHECK(failure->code == ErrorCode::internal);
}
