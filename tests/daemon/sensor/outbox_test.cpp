// SPDX-License-Identifier: Apache-2.0
#include "daemon/sensor/outbox.hpp"
#include "tests/support/run_awaitable.hpp"

#include "core/base/json.hpp"
#include "storage/sqlite/sqlite_database.hpp"
#include "tests/storage/temporary_directory.hpp"
#include "tests/support/catch.hpp"

#include <array>
#include <cstring>
#include <deque>

using namespace landwaiter;
using landwaiter::test::run_awaitable;
using namespace landwaiter::daemon;
using nlohmann::json;

namespace {

Digest digest(char c) { return *Digest::parse("sha256:" + std::string(64, c)); }

class CannedResponse final : public registry::HttpResponse {
 public:
  CannedResponse(int status, std::string body) : status_(status), body_(std::move(body)) {}
  int status() const override { return status_; }
  std::optional<std::string> header(std::string_view) const override { return std::nullopt; }
  std::vector<std::string> headers(std::string_view) const override { return {}; }
  std::optional<std::uint64_t> content_length() const override { return body_.size(); }
  Awaitable<std::size_t> read(std::span<std::uint8_t> buffer) override {
    const std::size_t count = std::min(buffer.size(), body_.size());
    std::memcpy(buffer.data(), body_.data(), count);
    body_.erase(0, count);
    co_return count;
  }

 private:
  int status_;
  std::string body_;
};

/// A platform that answers completions as it is told to, takes everything else, and keeps what it was asked.
class FakePlatform final : public registry::Transport {
 public:
  Awaitable<std::unique_ptr<registry::HttpResponse>> send(registry::HttpRequest request) override {
    requests.push_back(request.method + " " + request.url.substr(std::string("http://platform").size()));
    if (request.url.ends_with("/fail")) failures.push_back(request.body.reveal());
    std::pair<int, std::string> answer{204, ""};
    if (request.method == "PUT" && request.url.find("/reports/") != std::string::npos) answer = reports;
    if (request.url.ends_with("/complete") && !completions.empty()) {
      answer = completions.front();
      completions.pop_front();
    }
    co_return std::make_unique<CannedResponse>(answer.first, answer.second);
  }

  std::deque<std::pair<int, std::string>> completions;
  std::pair<int, std::string> reports{204, ""};
  std::vector<std::string> requests;
  std::vector<std::string> failures;  ///< bodies of failed jobs
};

std::string problem(const std::string& type, const std::string& detail, const json& more = json::object()) {
  json out{{"type", type}, {"title", "Conflict"}, {"status", 409}, {"detail", detail}};
  out.update(more);
  return dump_json(out);
}

struct Fixture {
  Fixture() { uplink.set_token(Secret("token")); }

  /// Three layers are known and acknowledged long ago.
  void know_layers() {
    for (const char name : {'a', 'b', 'c'}) {
      ScannedLayer layer;
      layer.facts.layer = digest(name);
      layer.facts.walker = engine.walker;
      layer.reports.emplace_back().layer = digest(name);
      layer.reports.front().of = engine.states.front();
      auto put = [layer](storage::Store& to) { return to.put_layer(layer, SystemTime()); };
      REQUIRE(run_awaitable(io, store.run(std::move(put))));
    }
  }

  /// What the store has of the layer cannot be read any more.
  void damage(char name) {
    auto database = storage::SqliteDatabase::open(folder.path() / "landwaiter.db").value();
    storage::Transaction write(*database, storage::Transaction::Kind::write);
    CHECK(write.run("UPDATE layer_facts SET facts=x'010203' WHERE layer=?", {digest(name)}) == 1);
    CHECK(write.run("UPDATE layer_report SET report=x'010203' WHERE layer=?", {digest(name)}) == 1);
    REQUIRE(write.commit().has_value());
  }

  /// As on a full disk, but at will.
  void run_sql(std::string_view statement) {
    auto database = storage::SqliteDatabase::open(folder.path() / "landwaiter.db").value();
    storage::Transaction write(*database, storage::Transaction::Kind::write);
    write.run(statement);
    REQUIRE(write.commit().has_value());
  }

  void fail_job() {
    auto put = [this]() -> asio::awaitable<bool> {
      protocol::JobFailure failure;
      failure.handed_back = true;
      co_await outbox.put_failure("job", Secret("lease"), std::move(failure));
      co_return true;
    };
    run_awaitable(io, put());
  }

  LayerParts missing_parts(char name) {
    auto look = [this, layer = digest(name)](storage::Store& from) { return from.missing_parts(layer, engine); };
    return run_awaitable(io, store.run(std::move(look))).value();
  }

  /// The image that has the three layers is done.
  void complete_image() {
    know_layers();
    put_completion();
    send_all();
  }

  void put_completion() {
    protocol::ImageCompletion completion;
    completion.facts.digest = digest('e');
    completion.facts.layers = {digest('a'), digest('b'), digest('c')};
    completion.engine = engine;
    REQUIRE(run_awaitable(io, outbox.put_completion("job", Secret("lease"), completion)));
  }

  /// Until nothing is left that can be sent now.
  void send_all() {
    std::stop_source stop;
    stop.request_stop();
    auto run = [this](std::stop_token token) -> asio::awaitable<bool> {
      co_await outbox.run(token);
      co_return true;
    };
    run_awaitable(io, run(stop.get_token()));
  }

  /// What is sent of one layer.
  static std::vector<std::string> layer_requests(char name) {
    const std::string path = "PUT /v3/layers/" + digest(name).str();
    return {path + "/facts/" + digest('9').str(), path + "/reports/cryptography/" + digest('f').str()};
  }

  const EngineState engine{digest('9'), {{Analysis::cryptography, digest('f')}}};
  asio::io_context io;
  RealClock clock;
  test::TemporaryDirectory folder;
  StoreThread store{storage::Store::open(folder.path()).value()};
  std::shared_ptr<FakePlatform> platform = std::make_shared<FakePlatform>();
  Uplink uplink{platform, "http://platform"};
  std::vector<std::string> ended;
  Outbox outbox{io.get_executor(), store, uplink, engine, clock, [this](const std::string& job) { ended.push_back(job); }};
};

}  // namespace

TEST_CASE("of a completion's layers only those go again whose reports the platform lacks") {
  Fixture fixture;
  // The type and the list decide: the text is in another language, as it may be behind a proxy of tomorrow.
  fixture.platform->completions = {
      {409, problem("urn:landwaiter:problem:layer-report-missing", "es fehlt etwas", {{"missing", {digest('b').str()}}})}};
  fixture.complete_image();
  const auto layer = Fixture::layer_requests('b');
  CHECK(fixture.platform->requests ==
        std::vector<std::string>{"POST /v3/jobs/job/complete", layer[0], layer[1], "POST /v3/jobs/job/complete"});
  CHECK(fixture.ended == std::vector<std::string>{"job"});
}

TEST_CASE("a conflict of another type sends no layer, whatever its text says") {
  Fixture fixture;
  fixture.platform->completions = {{409, problem("urn:landwaiter:problem:stale-lease", "layer report missing: not really")}};
  fixture.complete_image();
  CHECK(fixture.platform->requests == std::vector<std::string>{"POST /v3/jobs/job/complete"});
  CHECK(fixture.ended == std::vector<std::string>{"job"});
}

TEST_CASE("a platform that keeps asking for reports ends the job instead of looping") {
  Fixture fixture;
  const auto asks = std::pair(409, problem("urn:landwaiter:problem:layer-report-missing", "", {{"missing", {digest('d').str()}}}));
  fixture.platform->completions = {asks, asks};
  fixture.complete_image();
  CHECK(fixture.platform->requests.size() == 2);  // a report that is not here cannot be sent
  CHECK(fixture.ended == std::vector<std::string>{"job"});
}

TEST_CASE("a stored part that cannot be read is forgotten, and what waits behind it is sent") {
  Fixture fixture;
  fixture.know_layers();
  fixture.damage('a');
  LayerParts parts;
  parts.facts = true;
  parts.analyses = {Analysis::cryptography};
  CHECK(fixture.missing_parts('a').none());
  for (const char name : {'a', 'b'}) REQUIRE(run_awaitable(fixture.io, fixture.outbox.put_stored(digest(name), parts)));
  fixture.send_all();
  CHECK(fixture.platform->requests == Fixture::layer_requests('b'));
  CHECK(fixture.missing_parts('a') == parts);
  CHECK(fixture.missing_parts('b').none());
}

TEST_CASE("a completion whose layer cannot be read any more ends the job instead of waiting for it") {
  Fixture fixture;
  const auto asks = std::pair(409, problem("urn:landwaiter:problem:layer-report-missing", "", {{"missing", {digest('a').str()}}}));
  fixture.platform->completions = {asks, asks};
  fixture.know_layers();
  fixture.damage('a');
  fixture.put_completion();
  fixture.send_all();
  CHECK(fixture.platform->requests == std::vector<std::string>(2, "POST /v3/jobs/job/complete"));
  CHECK(fixture.platform->failures.empty());  // the lease runs out, and the next attempt reads the layer
  CHECK(fixture.missing_parts('a').facts);
  CHECK(fixture.ended == std::vector<std::string>{"job"});
}

TEST_CASE("a report that the platform refuses is the reason why its job fails, once") {
  const int status = GENERATE(413, 422);
  Fixture fixture;
  fixture.platform->reports = {status, problem("about:blank", "too many findings in one layer")};
  fixture.platform->completions = {{409, problem("urn:landwaiter:problem:layer-report-missing", "", {{"missing", {digest('b').str()}}})}};
  fixture.complete_image();
  REQUIRE(fixture.platform->failures.size() == 1);
  const json failure = json::parse(fixture.platform->failures[0]);
  CHECK(failure["retryable"] == false);
  const std::string reason = failure["reason"];
  CHECK(reason.find("cryptography report of layer " + digest('b').str()) != std::string::npos);
  CHECK(reason.ends_with(std::to_string(status) + ": too many findings in one layer"));
  CHECK(fixture.ended == std::vector<std::string>{"job"});
}

TEST_CASE("a platform that does not accept the token is said to be there") {
  CHECK(std::string(trouble_with_platform(Error(ErrorCode::unavailable, ""))) == "platform is unreachable");
  CHECK(std::string(trouble_with_platform(Error(ErrorCode::unauthorized, ""))).find("token") != std::string::npos);
  CHECK(std::string(trouble_with_platform(Error(ErrorCode::forbidden, ""))).find("refuses") != std::string::npos);
  Fixture fixture;
  Uplink& uplink = fixture.uplink;
  fixture.platform->completions = {{401, problem("about:blank", "unknown token")}};
  const auto refused = run_awaitable(fixture.io, uplink.complete("job", Secret("lease"), "{}"));
  REQUIRE(refused.has_error());
  CHECK(refused.error().code() == ErrorCode::unauthorized);
  CHECK(refused.error().message().find("revoked") != std::string::npos);
  CHECK(refused.error().message().find("delete sensor.key") != std::string::npos);
}

TEST_CASE("a completion that the platform refuses is reported as the job's failure, which is not repeated") {
  const auto [status, code] = GENERATE(std::pair(400, "invalid_argument"), std::pair(413, "limit_exceeded"));
  Fixture fixture;
  fixture.platform->completions = {{status, problem("about:blank", "too many layers in one image")}};
  fixture.complete_image();
  CHECK(fixture.platform->requests == std::vector<std::string>{"POST /v3/jobs/job/complete", "POST /v3/jobs/job/fail"});
  REQUIRE(fixture.platform->failures.size() == 1);
  const json failure = json::parse(fixture.platform->failures[0]);
  CHECK(failure["retryable"] == false);
  CHECK(failure["code"] == code);
  CHECK(failure["reason"].get<std::string>().ends_with(std::to_string(status) + ": too many layers in one image"));
  CHECK(fixture.ended == std::vector<std::string>{"job"});
}

TEST_CASE("a failure that cannot be stored is sent from memory, once") {
  Fixture fixture;
  fixture.run_sql("CREATE TRIGGER full BEFORE INSERT ON outbox BEGIN SELECT RAISE(FAIL, 'disk full'); END");
  fixture.fail_job();
  fixture.send_all();
  CHECK(fixture.platform->requests == std::vector<std::string>{"POST /v3/jobs/job/fail"});
  CHECK(fixture.ended == std::vector<std::string>{"job"});
  fixture.send_all();
  CHECK(fixture.platform->requests.size() == 1);
}

TEST_CASE("what cannot be acknowledged is sent again later, and not in a loop") {
  Fixture fixture;
  fixture.run_sql("CREATE TRIGGER full BEFORE DELETE ON outbox BEGIN SELECT RAISE(FAIL, 'disk full'); END");
  fixture.complete_image();
  CHECK(fixture.platform->requests == std::vector<std::string>{"POST /v3/jobs/job/complete"});
  CHECK(fixture.ended == std::vector<std::string>{"job"});
  fixture.run_sql("DROP TRIGGER full");
  fixture.send_all();
  CHECK(fixture.platform->requests.size() == 2);
  fixture.send_all();
  CHECK(fixture.platform->requests.size() == 2);
}

TEST_CASE("a damaged part waits where nothing can be forgotten") {
  Fixture fixture;
  fixture.know_layers();
  fixture.damage('a');
  LayerParts parts;
  parts.facts = true;
  REQUIRE(run_awaitable(fixture.io, fixture.outbox.put_stored(digest('a'), parts)));
  fixture.run_sql("CREATE TRIGGER full BEFORE DELETE ON layer_facts BEGIN SELECT RAISE(FAIL, 'disk full'); END");
  fixture.send_all();
  CHECK(fixture.platform->requests.empty());
  fixture.run_sql("DROP TRIGGER full");
  fixture.send_all();
  CHECK_FALSE(fixture.missing_parts('a').none());
}
