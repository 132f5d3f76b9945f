// SPDX-License-Identifier: Apache-2.0
#include "registry/docker_config.hpp"

#include "tests/support/catch.hpp"

#include <map>

using namespace landwaiter;
using namespace landwaiter::registry;

namespace {

using Texts = std::map<std::string, std::string>;

DockerConfig config(Texts environment, Texts files) {
  DockerConfig out;
  out.environment = [environment](const std::string& name) -> std::optional<std::string> {
    const auto found = environment.find(name);
    if (found == environment.end()) return std::nullopt;
    return found->second;
  };
  out.read_file = [files](const std::string& path) -> Result<std::optional<std::string>> {
    const auto found = files.find(path);
    if (found == files.end()) return std::optional<std::string>();
    return std::optional<std::string>(found->second);
  };
  return out;
}

const Texts kHome{{"HOME", "/h"}};

DockerCredentials in_file(const std::string& text, std::string_view host) {
  return find_credentials(config(kHome, {{"/h/.docker/config.json", text}}), host);
}

}  // namespace

TEST_CASE("docker's credentials are found by host", "[docker_config]") {
  // "dXNlcjpwYTpzcw==" is user:pa:ss
  const auto found = in_file(R"({"auths":{"https://r.example/v1/":{"auth":"dXNlcjpwYTpzcw=="},"other":{"auth":"eDp5"}}})", "r.example");
  CHECK(found.username == "user");
  CHECK(found.password.equals("pa:ss"));
  CHECK(found.token.empty());
  CHECK_FALSE(in_file(R"({"auths":{"r.example":{"auth":"dXNlcjpwYTpzcw=="}}})", "evil-r.example").found());
  CHECK_FALSE(in_file(R"({"auths":{"r.example":{"auth":"dXNlcjpwYTpzcw=="}}})", "r.example:444").found());
  CHECK_FALSE(in_file(R"({"auths":{"r.example/team":{"auth":"dXNlcjpwYTpzcw=="}}})", "r.example").found());
  CHECK(in_file(R"({"auths":{"https://index.docker.io/v1/":{"username":"u","password":"p"}}})", "docker.io").username == "u");
}

TEST_CASE("identity tokens are tokens", "[docker_config]") {
  const auto plain = in_file(R"({"auths":{"r":{"auth":"dTo=","identitytoken":"it"}}})", "r");
  CHECK(plain.token.equals("it"));
  const auto by_name = in_file(R"({"auths":{"r":{"username":"<token>","password":"it"}}})", "r");
  CHECK(by_name.token.equals("it"));
  CHECK(by_name.username.empty());
  Endpoint endpoint = Endpoint::parse("r").value();
  apply(by_name, endpoint);
  CHECK(endpoint.credentials.token.equals("it"));
  Endpoint own = Endpoint::parse("r").value();
  own.credentials = Credentials::basic("me", Secret());
  apply(by_name, own);
  CHECK(own.credentials.token.empty());
}

TEST_CASE("the places are asked in order, and a broken one is passed over with a warning", "[docker_config]") {
  const std::string entry = R"({"auths":{"r":{"username":"NAME","password":"p"}}})";
  const auto named = [&](const std::string& name) { return std::string(entry).replace(entry.find("NAME"), 4, name); };
  const Texts files{{"/d/config.json", named("docker")}, {"/x/containers/auth.json", named("containers")}, {"/h/.docker/config.json", named("home")}};
  CHECK(find_credentials(config({{"DOCKER_AUTH_CONFIG", named("variable")}, {"HOME", "/h"}}, files), "r").username == "variable");
  CHECK(find_credentials(config({{"XDG_RUNTIME_DIR", "/x"}, {"DOCKER_CONFIG", "/d"}}, files), "r").username == "containers");
  CHECK(find_credentials(config({{"DOCKER_CONFIG", "/d"}, {"HOME", "/h"}}, files), "r").username == "docker");
  const auto broken = find_credentials(config({{"DOCKER_AUTH_CONFIG", "{\"auths\": s3cret"}, {"HOME", "/h"}}, files), "r");
  CHECK(broken.username == "home");
  REQUIRE(broken.warnings.size() == 1);
  CHECK(broken.warnings[0].find("s3cret") == std::string::npos);
}

TEST_CASE("helpers are not run, and that is said", "[docker_config]") {
  const auto got = in_file(R"({"credHelpers":{"r":"ecr-login"}})", "r");
  CHECK_FALSE(got.found());
  CHECK(got.warnings.size() == 1);
  CHECK(in_file(R"({"credHelpers":{"r":"ecr-login"}})", "s").warnings.empty());
  for (const char* odd : {"[]", "{\"auths\":[]}", "{\"auths\":{\"r\":1}}", "{\"auths\":{\"r\":{\"auth\":\"!\"}}}", "{\"auths\":{\"r\":{\"auth\":5}}}"}) {
    INFO(odd);
    CHECK_FALSE(in_file(odd, "r").found());
  }
}
