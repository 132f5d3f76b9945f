// SPDX-License-Identifier: Apache-2.0
#include "tests/platform/support/test_platform.hpp"

#include "core/base/encoding.hpp"
#include "core/wire/protocol.hpp"
#include "platform/store/schema.hpp"
#include "storage/database/migrations.hpp"
#include "storage/postgres/postgres_database.hpp"
#include "storage/sqlite/sqlite_database.hpp"
#include "tests/storage/support/test_engine.hpp"
#include "tests/support/catch.hpp"

#include <sodium.h>

#include <boost/asio/post.hpp>

#include <cstdlib>
#include <fstream>

namespace landwaiter::test {
namespace {

/// For the check against the OpenAPI document.
void record(const std::string& method, const std::string& path, const Reply& reply) {
  static const char* const file = std::getenv("LANDWAITER_TEST_EXCHANGES");
  static bool fresh = true;
  if (file == nullptr) return;
  std::ofstream out(file, fresh ? std::ios::trunc : std::ios::app);
  fresh = false;
  out << dump_json({{"method", method}, {"path", path.substr(0, path.find('?'))}, {"status", reply.status}, {"body", reply.body}}) << "\n";
}

std::string facts_path(const Digest& layer) { return "/v3/layers/" + layer.str() + "/facts/" + engine_at().walker.str(); }

LayerFacts facts_of(const Digest& layer) {
  LayerFacts facts;
  facts.layer = layer;
  facts.walker = engine_at().walker;
  facts.written.seal();
  facts.stats.files = 1;
  return facts;
}

}  // namespace

std::string report_path(const LayerReport& report) {
  return "/v3/layers/" + report.layer.str() + "/reports/" + std::string(to_string(report.of.analysis)) + "/" + report.of.state.str();
}

EngineState engine_at(const std::string& state) { return {digest("walker"), {{Analysis::cryptography, digest(state)}}}; }

EngineState engine_with_secrets(const std::string& secrets) {
  EngineState engine = engine_at();
  engine.states.push_back({Analysis::secrets, digest(secrets)});
  return engine;
}

LayerFacts layer_facts(const std::string& layer) { return facts_of(digest(layer)); }

LayerReport secrets_report(const std::string& layer, const std::string& state) {
  LayerReport report;
  report.layer = digest(layer);
  report.of = {Analysis::secrets, digest(state)};
  Finding finding;
  finding.type = FindingType::token;
  finding.id = "secret of " + state;
  finding.title = finding.id;
  finding.occurrences.push_back({.path = "etc/secret", .archive = {}, .offset = 0, .layer = {}, .deleted_by = {}});
  finding.detector = "secrets/1";
  report.findings.push_back(std::move(finding));
  return report;
}

std::unique_ptr<storage::Database> platform_database() {
  auto database = test_engine().fresh_database();
  REQUIRE(storage::migrate(*database, platform::schema_steps()).has_value());
  return database;
}

std::unique_ptr<storage::Database> TestPlatform::connect() const {
  if (!settings_.database.empty()) return storage::open_postgres({.address = settings_.database}).value();
  return storage::SqliteDatabase::open(config().state_directory / "platform.db").value();
}

TestPlatform::TestPlatform() : TestPlatform(Settings()) {}

TestPlatform::TestPlatform(Settings settings) : settings_(std::move(settings)) {
  if (settings_.database.empty() && test_engine().name == "postgres") settings_.database = fresh_postgres_address();
  master_key_ = folder_.path() / "state" / "master.key";
  start();
  api_token = platform::issue_token(config(), platform::TokenKind::api, "test", std::nullopt, clock).value().reveal();
}

TestPlatform::TestPlatform(const TestPlatform& first, Settings settings) : settings_(std::move(settings)) {
  settings_.database = first.settings_.database;
  master_key_ = first.master_key_;
  api_token = first.api_token;
  start();
}

TestPlatform::~TestPlatform() {
  if (platform_) kill();
}

platform::PlatformConfig TestPlatform::config() const {
  platform::PlatformConfig config;
  config.state_directory = folder_.path() / "state";
  config.database = settings_.database;
  config.master_key_file = master_key_;
  config.reap_interval = settings_.reap_interval;
  config.stop_delay = settings_.stop_delay;
  config.metrics.emplace();
  if (settings_.reports_in_folder) config.reports.place = reports_folder().string();
  config.database_time = false;
  return config;
}

void TestPlatform::start() {
  io_ = std::make_unique<boost::asio::io_context>();
  auto created = platform::Platform::create(config(), clock);
  INFO((created ? std::string() : created.error().message()));
  REQUIRE(created.has_value());
  platform_ = *std::move(created);
  const auto started = platform_->start(*io_);
  INFO((started ? std::string() : started.error().message()));
  REQUIRE(started.has_value());
  port = platform_->port();
  metrics_port = platform_->metrics_port();
  thread_ = std::thread([this] { io_->run(); });
}

void TestPlatform::kill() {
  io_->stop();
  thread_.join();
  platform_.reset();
  io_.reset();
}

void TestPlatform::kill_and_restart() {
  kill();
  start();
}

void TestPlatform::begin_to_stop() {
  boost::asio::post(*io_, [this] { platform_->stop(); });
}

void TestPlatform::stop_gracefully() {
  begin_to_stop();
  thread_.join();  // run() returns when nothing is left
  platform_.reset();
  io_.reset();
}

Reply TestPlatform::call_text(const std::string& method, const std::string& path, const std::string& body, const std::string& token,
                              const Headers& headers) {
  std::string request = method + " " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
  if (!token.empty()) request += "Authorization: Bearer " + token + "\r\n";
  for (const auto& [name, value] : headers) request += name + ": " + value + "\r\n";
  request += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  const HttpReply raw = parse_reply(send_raw(port, request));
  Reply reply{raw.status, raw.body, nullptr, raw.headers};
  const auto type = raw.headers.find("content-type");
  const bool is_json = type == raw.headers.end() || type->second.find("json") != std::string::npos;
  if (!raw.body.empty() && is_json) reply.body = json::parse(raw.body);
  if (is_json) record(method, path, reply);
  return reply;
}

Reply TestPlatform::call(const std::string& method, const std::string& path, const json& body, const std::string& token,
                         const Headers& headers) {
  return call_text(method, path, body.is_null() ? std::string() : dump_json(body), token, headers);
}

std::string TestPlatform::new_token(const std::string& kind) {
  const Reply reply = post("/v3/tokens", {{"kind", kind}, {"name", "of a test"}});
  REQUIRE(reply.status == 201);
  return reply.body["token"];
}

TestSensor TestPlatform::enroll(const std::string& name, const std::string& state) { return enroll(name, engine_at(state).states); }

TestSensor TestPlatform::enroll(const std::string& name, const AnalysisStates& states) {
  REQUIRE(sodium_init() >= 0);
  Bytes public_key(crypto_box_PUBLICKEYBYTES), secret_key(crypto_box_SECRETKEYBYTES);
  crypto_box_keypair(public_key.data(), secret_key.data());
  protocol::Enrollment enrollment{name, "1", {2}, states, base64_encode(public_key)};
  const Reply reply = call("POST", "/v3/sensors/enroll", enrollment, new_token("enrollment"));
  INFO(reply.text);
  REQUIRE(reply.status == 201);
  return {reply.body["sensor_id"], reply.body["token"], std::string(as_text(public_key)), std::string(as_text(secret_key))};
}

std::string TestPlatform::scan_images(const std::vector<std::string>& images, bool incremental) {
  const Reply reply =
      call("POST", "/v3/scan/create",
           {{"sensorName", "s"}, {"sensorType", "Container"}, {"sensorConfig", {{"images", images}}}, {"incrementalScan", incremental}}, "",
           {{"isg-api-token", api_token}});
  INFO(reply.text);
  REQUIRE(reply.status == 201);
  CHECK(reply.body["status"] == "queued");
  return reply.body["scanId"];
}

json TestPlatform::acquire(const TestSensor& sensor, int capacity) {
  const Reply reply = call("POST", "/v3/jobs/acquire", {{"capacity", capacity}, {"wait_s", 0}}, sensor.token);
  INFO(reply.text);
  if (reply.status == 204) return json::array();
  REQUIRE(reply.status == 200);
  return reply.body["jobs"];
}

Reply TestPlatform::job_call(const TestSensor& sensor, const json& job, const std::string& verb, const json& body) {
  return call("POST", "/v3/jobs/" + job["id"].get<std::string>() + "/" + verb, body, sensor.token,
              {{"Landwaiter-Lease", job["lease_token"].get<std::string>()}});
}

Reply TestPlatform::put_layer(const TestSensor& sensor, const LayerReport& report) {
  Reply reply = call("PUT", facts_path(report.layer), facts_of(report.layer), sensor.token);
  if (reply.status != 204) return reply;
  return put_report(sensor, report);
}

Reply TestPlatform::put_facts(const TestSensor& sensor, const std::string& layer) {
  return call("PUT", facts_path(digest(layer)), layer_facts(layer), sensor.token);
}

Reply TestPlatform::put_report(const TestSensor& sensor, const LayerReport& report) {
  return call("PUT", report_path(report), report, sensor.token);
}

Digest digest(std::string_view text) { return Digest::sha256_of(as_bytes(text)); }

LayerReport layer_report(const std::string& layer, const std::string& state) {
  LayerReport report;
  report.layer = digest(layer);
  report.of = {Analysis::cryptography, digest(state)};
  for (const std::string& name : {std::string("shared certificate"), "certificate of " + layer}) {
    Finding finding;
    finding.id = digest(name).str();
    finding.severity = Severity::low;
    finding.title = name;
    finding.occurrences.push_back({.path = "etc/" + layer + ".pem", .archive = {}, .offset = 3, .layer = {}, .deleted_by = {}});
    finding.detector = "x509/1";
    report.findings.push_back(std::move(finding));
  }
  return report;
}

json claim_body(const json& job, const std::vector<std::string>& layers, bool force, const EngineState& engine) {
  protocol::LayerClaim claim{Secret(job["lease_token"].get<std::string>()), engine, {}, force};
  for (const std::string& layer : layers) claim.layers.push_back(digest(layer));
  return claim;
}

json item(const std::string& repository, const std::string& tag, const std::string& image, const std::string& outcome) {
  protocol::InventoryItem item;
  item.repository = repository;
  item.tag = tag;
  if (!image.empty()) item.digest = digest(image);
  item.platform = "linux/amd64";
  if (outcome != "image") item.reason = "because";
  json out = item;
  out["outcome"] = outcome;  // also one that there is not
  return out;
}

json page(const std::vector<json>& items, bool last, const std::string& cursor) {
  return {{"cursor", cursor}, {"last", last}, {"items", items}};
}

json completion(const std::string& image, const std::vector<std::string>& layers, bool unchanged, const EngineState& engine) {
  protocol::ImageCompletion completion;
  completion.facts.reference = "localhost:5000/" + image;
  completion.facts.digest = digest(image);
  completion.facts.platform = "linux/amd64";
  for (const std::string& layer : layers) completion.facts.layers.push_back(digest(layer));
  completion.engine = engine;
  completion.unchanged = unchanged;
  completion.layers_fetched = layers.size();
  return completion;
}

json failure(bool retryable, const std::string& code, bool handed_back) {
  return {{"retryable", retryable}, {"handed_back", handed_back}, {"code", code}, {"reason", "the reason"}, {"retry_after_s", 0}};
}

bool becomes(const std::function<bool()>& true_now) {
  for (int i = 0; i < 3000 && !true_now(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  return true_now();
}

bool adds_up(const json& counts) {
  std::int64_t sum = 0;
  for (const auto& [state, count] : counts.items()) {
    if (state != "listed") sum += count.get<std::int64_t>();
  }
  return counts["listed"] == sum;
}

}  // namespace landwaiter::test
