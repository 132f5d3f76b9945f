// SPDX-License-Identifier: Apache-2.0
#include "core/report/image_config.hpp"

#include "core/base/json.hpp"
#include "core/base/limits.hpp"
#include "tests/support/catch.hpp"

using namespace landwaiter;
using nlohmann::json;

namespace {

const std::string kDigest = "sha256:" + std::string(64, 'a');

ImageConfig parsed(const json& document) {
  auto config = parse_image_config(document.dump());
  INFO((config ? std::string() : config.error().message()));
  REQUIRE(config.has_value());
  return *std::move(config);
}

ErrorCode refused(const json& document) {
  const auto config = parse_image_config(document.dump());
  REQUIRE_FALSE(config.has_value());
  return config.error().code();
}

}  // namespace

TEST_CASE("The platform, the time and the layers of a config are read") {
  const ImageConfig config = parsed({{"os", "linux"},
                                     {"architecture", "arm"},
                                     {"variant", "v7"},
                                     {"created", "2026-01-02T03:04:05.6Z"},
                                     {"rootfs", {{"type", "layers"}, {"diff_ids", {kDigest}}}}});
  CHECK(config.platform == "linux/arm/v7");
  CHECK(config.created == "2026-01-02T03:04:05.6Z");
  REQUIRE(config.diff_ids.size() == 1);
  CHECK(config.diff_ids[0].str() == kDigest);
  const ImageConfig odd = parsed({{"created", "yesterday"}, {"os", "linux"}});
  CHECK(odd.created.empty());
  CHECK(odd.platform.empty());
  CHECK(parsed({{"os", "li\x1bnux"}, {"architecture", "a"}}).platform == "li\\x1bnux/a");
}

TEST_CASE("How containers run is read") {
  const ImageConfig config = parsed({{"config",
                                      {{"User", "1000:1000"},
                                       {"WorkingDir", "/srv"},
                                       {"Env", {"PATH=/bin", "A=b=c"}},
                                       {"Entrypoint", {"/bin/app", "--serve"}},
                                       {"Cmd", {"now"}},
                                       {"ExposedPorts", {{"443/tcp", json::object()}, {"53/udp", json::object()}}},
                                       {"Volumes", {{"/data", json::object()}}},
                                       {"Healthcheck", {{"Test", {"CMD", "true"}}}},
                                       {"Labels", {{"a", "1"}, {"b", "2"}}}}},
                                     {"history",
                                      {{{"created", "2026-01-02T03:04:05Z"}, {"created_by", "COPY x y"}},
                                       {{"created_by", "ENV A=b=c"}, {"author", "me"}, {"comment", "buildkit"}, {"empty_layer", true}}}}});
  CHECK(config.user == "1000:1000");
  CHECK(config.working_directory == "/srv");
  CHECK(config.environment == std::vector<std::string>{"PATH=/bin", "A=b=c"});
  CHECK(config.entrypoint == std::vector<std::string>{"/bin/app", "--serve"});
  CHECK(config.command == std::vector<std::string>{"now"});
  CHECK(config.exposed_ports == std::vector<std::string>{"443/tcp", "53/udp"});
  CHECK(config.volumes == std::vector<std::string>{"/data"});
  CHECK(config.health_check == std::vector<std::string>{"CMD", "true"});
  CHECK(config.labels == std::map<std::string, std::string>{{"a", "1"}, {"b", "2"}});
  REQUIRE(config.history.size() == 2);
  CHECK(config.history[0].created_by == "COPY x y");
  CHECK(config.history[0].created == "2026-01-02T03:04:05Z");
  CHECK_FALSE(config.history[0].empty_layer);
  CHECK(config.history[1].author == "me");
  CHECK(config.history[1].comment == "buildkit");
  CHECK(config.history[1].empty_layer);
}

TEST_CASE("Fields of a wrong type read as nothing") {
  const ImageConfig config = parsed({{"os", 1},
                                     {"created", json::array()},
                                     {"config",
                                      {{"User", 0},
                                       {"Env", "PATH=/bin"},
                                       {"Cmd", {1, "two", nullptr}},
                                       {"Entrypoint", nullptr},
                                       {"ExposedPorts", {1}},
                                       {"Healthcheck", "x"},
                                       {"Labels", {{"a", 1}, {"b", "2"}}}}},
                                     {"history", {1, {{"created_by", 7}, {"empty_layer", "yes"}}}}});
  CHECK(config.user.empty());
  CHECK(config.environment.empty());
  CHECK(config.command == std::vector<std::string>{"two"});
  CHECK(config.exposed_ports.empty());
  CHECK(config.labels == std::map<std::string, std::string>{{"b", "2"}});
  REQUIRE(config.history.size() == 2);
  CHECK(config.history[1].created_by.empty());
  CHECK_FALSE(config.history[1].empty_layer);
  CHECK(parsed({{"config", 1}, {"history", "x"}}).history.empty());
}

TEST_CASE("A config that cannot be used says why") {
  CHECK(parse_image_config("[]").error().code() == ErrorCode::malformed);
  CHECK(parse_image_config("{").error().code() == ErrorCode::malformed);
  CHECK(refused({{"rootfs", {{"diff_ids", 1}}}}) == ErrorCode::malformed);
  CHECK(refused({{"rootfs", {{"diff_ids", {"x"}}}}}) == ErrorCode::malformed);
  CHECK(refused({{"rootfs", {{"diff_ids", json::array_t(limits::manifest_layers_max + 1, kDigest)}}}}) == ErrorCode::limit_exceeded);
  CHECK(parse_image_config(std::string(limits::config_bytes_max + 1, ' ')).error().code() == ErrorCode::limit_exceeded);
}

TEST_CASE("Of too long a list the beginning is read, and that is known") {
  const json many = json::array_t(kConfigEntriesMax + 1, "x");
  const ImageConfig environment = parsed({{"config", {{"Env", many}, {"Cmd", {"a"}}}}, {"os", "linux"}, {"architecture", "amd64"}});
  CHECK(environment.environment.size() == kConfigEntriesMax);
  CHECK(environment.cut == "Env");
  CHECK(environment.platform == "linux/amd64");
  CHECK(environment.command.size() == 1);
  CHECK(parsed({{"config", {{"Healthcheck", {{"Test", many}}}}}}).cut == "Test");
  CHECK(parsed({{"history", many}}).cut == "history");
  json names = json::object();
  for (std::size_t i = 0; i < kConfigEntriesMax; ++i) names[std::to_string(i)] = "x";
  CHECK(parsed({{"config", {{"Labels", names}}}}).cut.empty());
  names["one more"] = "x";
  CHECK(parsed({{"config", {{"Labels", names}}}}).cut == "Labels");
  CHECK(parsed({{"config", {{"Volumes", names}}}}).cut == "Volumes");
}
