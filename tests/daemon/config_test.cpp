// SPDX-License-Identifier: Apache-2.0
#include "daemon/config.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"

#include <fstream>
#include <map>

using namespace landwaiter;
using namespace landwaiter::daemon;

namespace {

Environment environment(std::map<std::string, std::string> values) {
  return [values = std::move(values)](const std::string& name) -> std::optional<std::string> {
    const auto found = values.find(name);
    if (found == values.end()) return std::nullopt;
    return found->second;
  };
}

struct ConfigFile {
  explicit ConfigFile(const std::string& text) { std::ofstream(path) << text; }
  test::TempDir directory;
  std::filesystem::path path = directory.path() / "config.yml";
};

const std::string kHead =
    "scan_config:\n  plugins:\n    - container_import\n    - trigger_discover\n    - export\n  config:\n    container_import:\n"
    "      name: container\n      plugin_config:\n";

}  // namespace

TEST_CASE("environment variables are put in, and a missing one is an error that names it") {
  const Environment env = environment({{"USER_NAME", "ann"}, {"EMPTY", ""}});
  CHECK(*expand_environment("plain", env) == "plain");
  CHECK(*expand_environment("${env:USER_NAME}", env) == "ann");
  CHECK(*expand_environment("a-${env:USER_NAME}-${env:EMPTY}b", env) == "a-ann-b");
  CHECK(*expand_environment("$HOME and ${HOME}", env) == "$HOME and ${HOME}");
  CHECK(expand_environment("${env:NOT_SET}", env).error().message().find("NOT_SET") != std::string::npos);
  CHECK(expand_environment("${env:OPEN", env).error().code() == ErrorCode::configuration);
}

TEST_CASE("a container-config.yml of public images is read") {
  const ConfigFile file(kHead + "        images:\n          - \"docker://docker.io/library/alpine:latest\"\n          - \"docker://docker.io/library/nginx:latest\"\n");
  const auto import = load_container_config(file.path, environment({}));
  REQUIRE(import);
  CHECK(import->images == std::vector<std::string>{"docker://docker.io/library/alpine:latest", "docker://docker.io/library/nginx:latest"});
  CHECK(import->username.empty());
  CHECK(import->token.empty());
}

TEST_CASE("a container-config.yml takes credentials from the environment") {
  const ConfigFile file(kHead +
                        "        username: \"${env:REGISTRY_USER}\"\n        password: \"${env:REGISTRY_PASS}\"\n"
                        "        token: \"${env:REGISTRY_TOKEN}\"\n        images:\n          - \"myregistry.io/myapp:v2.1\"\n");
  const auto import = load_container_config(file.path, environment({{"REGISTRY_USER", "u"}, {"REGISTRY_PASS", "p"}, {"REGISTRY_TOKEN", "t"}}));
  REQUIRE(import);
  CHECK(import->username == "u");
  CHECK(import->password.reveal() == "p");
  CHECK(import->token.reveal() == "t");

  const auto missing = load_container_config(file.path, environment({}));
  CHECK(missing.error().message().find("REGISTRY_USER") != std::string::npos);
}

TEST_CASE("a container-config.yml may be JSON") {
  const ConfigFile file(R"({"scan_config": {"config": {"container_import": {"plugin_config": {"images": ["a/b:1"]}}}}})");
  CHECK(load_container_config(file.path, environment({}))->images == std::vector<std::string>{"a/b:1"});
}

TEST_CASE("an unreadable or malformed container-config.yml is CONFIG-404") {
  const auto message_of = [](const std::filesystem::path& path) {
    return load_container_config(path, environment({})).error().message();
  };
  CHECK(message_of("/no/such/file.yml").starts_with("CONFIG-404: Unable to read/parse configuration file /no/such/file.yml"));
  for (const std::string text : {"", "scan_config: [unclosed", "just text", "scan_config: 1", "scan_config:\n  config: {}\n", "\x01\x02"}) {
    const ConfigFile file(text);
    INFO(text);
    CHECK(message_of(file.path).starts_with("CONFIG-404"));
  }
  const ConfigFile map_of_images(kHead + "        images: {a: b}\n");
  CHECK(message_of(map_of_images.path).starts_with("CONFIG-404"));
}

TEST_CASE("no images is said in the words of the guide") {
  for (const std::string images : {"        images: []\n", "        images:\n", "        username: x\n", "        images: [\"\"]\n"}) {
    const ConfigFile file(kHead + images);
    INFO(images);
    CHECK(load_container_config(file.path, environment({})).error().message() == "no container images were stated");
  }
}

TEST_CASE("the sensor's configuration is read, with defaults") {
  const ConfigFile file("platform:\n  url: https://p.example\n  enrolment_token: ${env:TOKEN}\n");
  const auto config = load_sensor_config(file.path, environment({{"TOKEN", "secret"}}));
  REQUIRE(config);
  CHECK(config->platform_url == "https://p.example");
  CHECK(config->enrolment_token.reveal() == "secret");
  CHECK(config->jobs == 4);
  CHECK(config->platform_tls_verify);
  CHECK_FALSE(config->name.empty());
}

TEST_CASE("SENSOR_TOKEN stands in for an enrolment token") {
  const ConfigFile file("platform: {url: \"https://p.example\"}\n");
  CHECK(load_sensor_config(file.path, environment({{"SENSOR_TOKEN", "s"}}))->enrolment_token.reveal() == "s");
}

TEST_CASE("mistakes in the sensor's configuration name file and key") {
  const auto message_of = [](const std::string& text) {
    const ConfigFile file(text);
    const auto config = load_sensor_config(file.path, environment({}));
    REQUIRE_FALSE(config);
    CHECK(config.error().code() == ErrorCode::configuration);
    CHECK(config.error().message().find("config.yml") != std::string::npos);
    return config.error().message();
  };
  CHECK(message_of("jobs: 4\n").find("platform.url") != std::string::npos);
  CHECK(message_of("platform: {url: x}\njobs: 21\n").find("\"jobs\" must be a number from 1 to 20") != std::string::npos);
  CHECK(message_of("platform: {url: x}\njobs: many\n").find("jobs") != std::string::npos);
  CHECK(message_of("platform: {url: x, typo: 1}\n").find("platform.typo") != std::string::npos);
  CHECK(message_of("platform: {url: x, tls_verify: maybe}\n").find("platform.tls_verify") != std::string::npos);
  CHECK(message_of("platform: [x]\n").find("must be a map") != std::string::npos);
  CHECK(message_of("platform: {url: \"${env:NOPE}\"}\n").find("NOPE") != std::string::npos);
  CHECK(message_of("a: b: c\n").find("line 1") != std::string::npos);
}
