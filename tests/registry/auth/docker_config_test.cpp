// SPDX-License-Identifier: Apache-2.0
#include "registry/auth/docker_config.hpp"

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
  out.run_helper = [](const std::string&, const std::string&) -> Result<std::optional<HelperAnswer>> {
    return std::optional<HelperAnswer>();
  };
  return out;
}

/// A config whose helpers answer from a map of "name server", and note what they were asked.
struct WithHelpers {
  explicit WithHelpers(const std::string& text) : docker(config({{"HOME", "/h"}}, {{"/h/.docker/config.json", text}})) {
    docker.run_helper = [this](const std::string& name, const std::string& server) -> Result<std::optional<HelperAnswer>> {
      asked.push_back(name + ' ' + server);
      if (failure) return *failure;
      const auto found = answers.find(asked.back());
      if (found == answers.end()) return std::optional<HelperAnswer>();
      return std::optional<HelperAnswer>(HelperAnswer{found->second, Secret("from-helper")});
    };
  }
  DockerConfig docker;
  std::vector<std::string> asked;
  Texts answers;
  std::optional<Error> failure;
};

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
  const Texts files{
      {"/d/config.json", named("docker")}, {"/x/containers/auth.json", named("containers")}, {"/h/.docker/config.json", named("home")}};
  CHECK(find_credentials(config({{"DOCKER_AUTH_CONFIG", named("variable")}, {"HOME", "/h"}}, files), "r").username == "variable");
  CHECK(find_credentials(config({{"XDG_RUNTIME_DIR", "/x"}, {"DOCKER_CONFIG", "/d"}}, files), "r").username == "containers");
  CHECK(find_credentials(config({{"DOCKER_CONFIG", "/d"}, {"HOME", "/h"}}, files), "r").username == "docker");
  const auto broken = find_credentials(config({{"DOCKER_AUTH_CONFIG", "{\"auths\": s3cret"}, {"HOME", "/h"}}, files), "r");
  CHECK(broken.username == "home");
  REQUIRE(broken.warnings.size() == 1);
  CHECK(broken.warnings[0].find("s3cret") == std::string::npos);
}

TEST_CASE("what is no configuration holds no credentials", "[docker_config]") {
  for (const char* odd :
       {"[]", "{\"auths\":[]}", "{\"auths\":{\"r\":1}}", "{\"auths\":{\"r\":{\"auth\":\"!\"}}}", "{\"auths\":{\"r\":{\"auth\":5}}}",
        "{\"credHelpers\":[]}", "{\"credHelpers\":{\"r\":5}}", "{\"credsStore\":5}", "{\"auths\":{\"\":{},\"/\":{},\"://\":{}}}"}) {
    INFO(odd);
    CHECK_FALSE(in_file(odd, "r").found());
  }
}

TEST_CASE("a registrytoken is a token for the registry, and comes before an identitytoken", "[docker_config]") {
  CHECK(in_file(R"({"auths":{"r":{"registrytoken":"rt"}}})", "r").token.equals("rt"));
  CHECK(in_file(R"({"auths":{"r":{"registrytoken":"rt","identitytoken":"it"}}})", "r").token.equals("rt"));
}

TEST_CASE("auth that is <token>:... is an identity token", "[docker_config]") {
  // "PHRva2VuPjppdC14" is <token>:it-x
  const auto found = in_file(R"({"auths":{"r":{"auth":"PHRva2VuPjppdC14"}}})", "r");
  CHECK(found.token.equals("it-x"));
  CHECK(found.username.empty());
  CHECK(found.password.empty());
}

TEST_CASE("containers' auth.json: in the user's configuration too, and in REGISTRY_AUTH_FILE", "[docker_config]") {
  const auto named = [](const std::string& name) { return R"({"auths":{"r":{"username":")" + name + R"(","password":"p"}}})"; };
  const Texts files{{"/h/.config/containers/auth.json", named("config")},
                    {"/c/containers/auth.json", named("xdg")},
                    {"/f", named("file")},
                    {"/h/.docker/config.json", named("docker")}};
  CHECK(find_credentials(config({{"HOME", "/h"}}, files), "r").username == "config");
  CHECK(find_credentials(config({{"HOME", "/h"}, {"XDG_CONFIG_HOME", "/c"}}, files), "r").username == "xdg");
  CHECK(find_credentials(config({{"HOME", "/h"}, {"REGISTRY_AUTH_FILE", "/f"}}, files), "r").username == "file");
  CHECK(find_credentials(config({{"HOME", "/h"}, {"XDG_CONFIG_HOME", "/none"}}, files), "r").username == "docker");
}

TEST_CASE("containers' auth.json: the longest namespace that the repository is in counts", "[docker_config]") {
  const std::string text =
      R"({"auths":{"r.example":{"username":"host","password":"p"},"r.example/team":{"username":"team","password":"p"},)"
      R"("r.example/team/app":{"username":"app","password":"p"},"docker.io/library":{"username":"hub","password":"p"}}})";
  const auto who = [&](const std::string& repository, const std::string& host = "r.example") {
    return find_credentials(config(kHome, {{"/h/.docker/config.json", text}}), host, repository).username;
  };
  CHECK(who("") == "host");
  CHECK(who("other") == "host");
  CHECK(who("teamwork/x") == "host");
  CHECK(who("team") == "team");
  CHECK(who("team/x") == "team");
  CHECK(who("team/app/x") == "app");
  CHECK(who("library/alpine", "docker.io") == "hub");
  CHECK(who("other/alpine", "docker.io").empty());
  CHECK(who("team/x", "evil.example").empty());
  CHECK(find_credentials(config(kHome, {{"/h/.docker/config.json", text}}), "r.example", "team/x").key_path == "team");
}

TEST_CASE("credHelpers: the helper of the registry is asked, before credsStore and before what stands in the file", "[docker_config]") {
  WithHelpers with(R"({"credHelpers":{"r.example":"own"},"credsStore":"all","auths":{"r.example":{"username":"file","password":"p"},)"
                   R"("s.example":{"username":"file","password":"p"}}})");
  with.answers = {{"own r.example", "helped"}, {"all https://index.docker.io/v1/", "hub"}};
  const auto found = find_credentials(with.docker, "r.example");
  CHECK(found.username == "helped");
  CHECK(found.password.equals("from-helper"));
  CHECK(with.asked == std::vector<std::string>{"own r.example"});
  CHECK(find_credentials(with.docker, "s.example").username == "file");
  CHECK(with.asked.back() == "all s.example");
  CHECK(find_credentials(with.docker, "docker.io").username == "hub");
}

TEST_CASE("credHelpers: the name <token> says that the secret is an identity token", "[docker_config]") {
  WithHelpers with(R"({"credsStore":"all"})");
  with.answers = {{"all r", "<token>"}};
  const auto found = find_credentials(with.docker, "r");
  CHECK(found.token.equals("from-helper"));
  CHECK(found.username.empty());
  CHECK(found.password.empty());
}

TEST_CASE("credHelpers: one that fails, or whose name is none, is a warning and the rest is still read", "[docker_config]") {
  WithHelpers with(R"({"credsStore":"all","auths":{"r":{"username":"file","password":"p"}}})");
  with.failure = Error(ErrorCode::io, "the credential helper docker-credential-all: it failed");
  const auto found = find_credentials(with.docker, "r");
  CHECK(found.username == "file");
  REQUIRE(found.warnings.size() == 1);
  CHECK(found.warnings[0] == "/h/.docker/config.json: the credential helper docker-credential-all: it failed");
  WithHelpers odd(R"({"credHelpers":{"r":"../../bin/sh"}})");
  const auto none = find_credentials(odd.docker, "r");
  CHECK_FALSE(none.found());
  CHECK(none.warnings.size() == 1);
  CHECK(odd.asked.empty());
  CHECK(find_credentials(odd.docker, "s").warnings.empty());
}
