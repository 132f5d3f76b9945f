// SPDX-License-Identifier: Apache-2.0
#include "daemon/settings/config.hpp"

#include "core/base/limits.hpp"
#include "daemon/settings/network.hpp"
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
  const ConfigFile file(kHead +
                        "        images:\n          - \"docker://docker.io/library/alpine:latest\"\n          - "
                        "\"docker://docker.io/library/nginx:latest\"\n");
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
  const auto import =
      load_container_config(file.path, environment({{"REGISTRY_USER", "u"}, {"REGISTRY_PASS", "p"}, {"REGISTRY_TOKEN", "t"}}));
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
  const auto message_of = [](const std::filesystem::path& path) { return load_container_config(path, environment({})).error().message(); };
  CHECK(message_of("/no/such/file.yml").starts_with("CONFIG-404: Unable to read/parse configuration file /no/such/file.yml"));
  for (const std::string text : {"", "scan_config: [unclosed", "just text", "scan_config: 1", "scan_config:\n  config: {}\n", "\x01\x02"}) {
    const ConfigFile file(text);
    INFO(text);
    CHECK(message_of(file.path).starts_with("CONFIG-404"));
  }
  const ConfigFile map_of_images(kHead + "        images: {a: b}\n");
  CHECK(message_of(map_of_images.path).starts_with("CONFIG-404"));
}

TEST_CASE("a container-config.yml of another form is told the field that it lacks, and the form") {
  struct Case {
    std::string text, missing;
  };
  const std::vector<Case> cases{
      {"images:\n  - nginx\n", "(scan_config is missing)"},
      {"scan_config:\n  images: [nginx]\n", "(scan_config.config is missing)"},
      {"scan_config: {config: {container_import: {images: [nginx]}}}\n", "(scan_config.config.container_import.plugin_config is missing)"},
  };
  for (const Case& one : cases) {
    const ConfigFile file(one.text);
    INFO(one.text);
    const std::string said = load_container_config(file.path, environment({})).error().message();
    CHECK(said.find(one.missing) != std::string::npos);
    CHECK(said.find("images: [REF, ...]") != std::string::npos);
    CHECK(said.find("YAML syntax") == std::string::npos);
  }
}

TEST_CASE("the container-config.yml to copy is read") {
  const auto import = load_container_config(LANDWAITER_PACKAGING_FOLDER "/container-config.yml", environment({}));
  REQUIRE(import);
  CHECK(import->images.size() == 2);
}

TEST_CASE("no images is said in the words of the guide") {
  for (const std::string images : {"        images: []\n", "        images:\n", "        username: x\n", "        images: [\"\"]\n"}) {
    const ConfigFile file(kHead + images);
    INFO(images);
    CHECK(load_container_config(file.path, environment({})).error().message() == "no container images were stated");
  }
}

TEST_CASE("the sensor's configuration is read, with defaults") {
  const ConfigFile file("platform:\n  url: https://p.example\n  enrollment_token: ${env:TOKEN}\n");
  const auto config = load_sensor_config(file.path, environment({{"TOKEN", "secret"}}));
  REQUIRE(config);
  CHECK(config->platform_url == "https://p.example");
  CHECK(config->enrollment_token.reveal() == "secret");
  CHECK(config->jobs == 4);
  CHECK(config->platform_tls_verify);
  CHECK_FALSE(config->name.empty());
}

TEST_CASE("a platform is spoken to in the clear on loopback, or if the configuration allows it") {
  const auto config_of = [](const std::string& platform) {
    const ConfigFile file("platform: {" + platform + "}\n");
    return load_sensor_config(file.path, environment({}));
  };
  for (const char* host : {"192.0.2.1:8480", "platform.example", "10.0.0.1", "localhost.example", "[fd00::1]:8480"}) {
    INFO(host);
    const std::string url = "url: \"http://" + std::string(host) + "\"";
    const auto refused = config_of(url);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message().find("\"platform.url\" is plain http") != std::string::npos);
    CHECK(refused.error().message().find("platform.allow_plain_http: true") != std::string::npos);
    CHECK_FALSE(config_of(url + ", allow_plain_http: false"));
    CHECK(config_of(url + ", allow_plain_http: true"));
  }
  for (const char* url : {"http://127.0.0.1:8480", "http://localhost:8480", "http://[::1]:8480", "HTTPS://platform.example"}) {
    INFO(url);
    CHECK(config_of("url: \"" + std::string(url) + "\""));
  }
  for (const char* url : {"platform.example", "ftp://platform.example"}) {
    CHECK(config_of("url: \"" + std::string(url) + "\"").error().message().find("must be an address such as") != std::string::npos);
  }
}

TEST_CASE("SENSOR_TOKEN stands in for an enrollment token") {
  const ConfigFile file("platform: {url: \"https://p.example\"}\n");
  CHECK(load_sensor_config(file.path, environment({{"SENSOR_TOKEN", "s"}}))->enrollment_token.reveal() == "s");
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

TEST_CASE("a worker's memory is read, and too little is refused", "[config]") {
  CHECK(*parse_memory("48M") == 48 * limits::MiB);
  CHECK(*parse_memory("1G") == limits::GiB);
  for (const char* bad : {"", "0", "1M", "23M", "65G", "much", "-1", "48 MB"}) {
    INFO(bad);
    REQUIRE_FALSE(parse_memory(bad));
    CHECK(parse_memory(bad).error().message().find("24M to 64G") != std::string::npos);
  }
  const ConfigFile file("memory: 100M\nplatform: {url: \"https://p.example\", enrollment_token: x}\n");
  CHECK(load_sensor_config(file.path, environment({}))->memory_bytes == 100 * limits::MiB);
  const ConfigFile little("memory: 1M\nplatform: {url: \"https://p.example\"}\n");
  CHECK(load_sensor_config(little.path, environment({})).error().message().find("\"memory\"") != std::string::npos);
}

TEST_CASE("the floor of a layer's rate is the user's, and below a limit for all downloads", "[network]") {
  const auto floor = [](const char* own, const char* limit, std::size_t workers) {
    NetworkSettings settings;
    settings.min_layer_rate = own;
    settings.limit_rate = limit;
    return rate_floor(settings, workers);
  };
  CHECK(floor("", "", 4)->bytes_per_s == 256 * 1024);
  CHECK(floor("64K", "", 4)->bytes_per_s == 64 * 1024);
  CHECK(floor(" 0 ", "", 4)->bytes_per_s == 0);
  CHECK(floor("0", "10M", 4)->bytes_per_s == 0);
  CHECK(floor("", "100M", 4)->bytes_per_s == 256 * 1024);
  CHECK(floor("", "80K", 4)->bytes_per_s == 10 * 1024);
  CHECK(floor("slow", "", 4).error().message().find("min_layer_rate") != std::string::npos);
  const ConfigFile file("platform: {url: \"https://p.example\"}\nregistry: {min_layer_rate: slow}\n");
  CHECK(load_sensor_config(file.path, environment({})).error().message().find("min_layer_rate") != std::string::npos);
}

TEST_CASE("the sensor's ways to registries and platform are read", "[network]") {
  const ConfigFile file(
      "platform:\n  url: https://p.example\n  ca_file: /p.pem\n  proxy: http://pp.example:1\n  no_proxy: p.example\n  client_cert_file: "
      "/p.cert\n"
      "  client_key_file: /p.key\n"
      "registry:\n  ca_file: /r.pem\n  client_cert_file: /r.cert\n  client_key_file: /r.key\n  certs_directories: [/certs, "
      "\"${env:CERTS}\"]\n"
      "  proxy: http://user:${env:PW}@rp.example:2\n  no_proxy: 10.0.0.0/8\n  limit_rate: 20M\n  connections: 9\n  "
      "foreign_private_addresses: deny\n");
  const auto config = load_sensor_config(file.path, environment({{"PW", "hunter2"}, {"CERTS", "/more"}}));
  REQUIRE(config);
  CHECK(config->platform_network.ca_file == "/p.pem");
  CHECK(config->platform_network.proxy.reveal() == "http://pp.example:1");
  CHECK(config->registry_network.certs_directories == std::vector<std::string>{"/certs", "/more"});
  CHECK(config->registry_network.client_key_file == "/r.key");

  const auto registry = transport_options(config->registry_network, environment({{"HOME", "/srv/ann"}}), true);
  REQUIRE(registry);
  CHECK(registry->tls.ca_file == "/r.pem");
  CHECK(registry->bandwidth_bytes_per_s == 20 * 1024 * 1024);
  CHECK(registry->connections_per_host == 9);
  CHECK(registry->deny_foreign_private);
  CHECK(config->secret_variables == std::vector<std::string>{"PW", "SENSOR_TOKEN"});
  CHECK(registry->tls.certs_directories == std::vector<std::filesystem::path>{"/certs", "/more", "/srv/ann/.config/containers/certs.d",
                                                                              "/srv/ann/.docker/certs.d", "/etc/containers/certs.d",
                                                                              "/etc/docker/certs.d"});
  const auto proxied = registry->proxies.for_url(*registry::HttpUrl::parse("https://r.example/"));
  REQUIRE(proxied);
  CHECK(proxied->name() == "http://rp.example:2");
  CHECK_FALSE(registry->proxies.for_url(*registry::HttpUrl::parse("https://10.1.1.1/")));
}

TEST_CASE("without a proxy of its own the environment's variables count", "[network]") {
  const Environment env = environment({{"https_proxy", "http://e.example:3"}, {"NO_PROXY", "n.example"}});
  NetworkSettings settings;
  const auto url = [](const char* text) { return *registry::HttpUrl::parse(text); };
  auto made = transport_options(settings, env, false);
  REQUIRE(made);
  CHECK(made->proxies.for_url(url("https://r.example/"))->name() == "http://e.example:3");
  CHECK_FALSE(made->proxies.for_url(url("https://n.example/")));
  CHECK(made->tls.certs_directories.empty());
  settings.no_proxy = "*";
  CHECK_FALSE(transport_options(settings, env, false)->proxies.for_url(url("https://r.example/")));
  settings = {};
  settings.proxy = Secret("http://own.example:4");
  CHECK(transport_options(settings, env, false)->proxies.for_url(url("https://n.example/"))->name() == "http://own.example:4");
}

TEST_CASE("mistakes about the network are told when the configuration is read, without the password", "[network]") {
  for (const char* text :
       {"registry: {proxy: \"socks5://u:hunter2@h:1\"}", "registry: {limit_rate: fast}", "registry: {foreign_private_addresses: no}",
        "registry: {client_cert_file: /a}", "platform_: 1", "registry: {certs_directories: /a}", "registry: {certs_directories: [[a]]}",
        "registry: {connections: 65}", "registry: {no_such: 1}"}) {
    INFO(text);
    const ConfigFile file("platform: {url: \"https://p.example\"}\n" + std::string(text) + '\n');
    const auto config = load_sensor_config(file.path, environment({}));
    REQUIRE_FALSE(config);
    CHECK(config.error().code() == ErrorCode::configuration);
    CHECK(config.error().message().find("hunter2") == std::string::npos);
  }
}

TEST_CASE("rates are bytes per second with K, M or G", "[network]") {
  CHECK(*parse_rate("1500") == 1500);
  CHECK(*parse_rate(" 10k ") == 10'240);
  CHECK(*parse_rate("3M") == 3 * 1024 * 1024);
  CHECK(*parse_rate("1G") == 1024 * 1024 * 1024);
  for (const char* bad : {"", "0", "-1", "M", "1.5M", "1T", "1 M", "1MB", "99999999999999999999", "9999999999999999"}) {
    INFO(bad);
    REQUIRE_FALSE(parse_rate(bad));
    CHECK(parse_rate(bad).error().code() == ErrorCode::invalid_argument);
  }
}
