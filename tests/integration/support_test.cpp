// SPDX-License-Identifier: Apache-2.0
// The tests' own tools against the real programs: what they build is what skopeo and docker-registry accept.
#include "core/base/json.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/docker_registry.hpp"
#include "tests/support/image_builder.hpp"

#include <algorithm>
#include <stdexcept>

using namespace landwaiter;
using namespace landwaiter::test;

TEST_CASE("built images of every compression are pushed and pulled unchanged", "[integration]") {
  TempDir folder;
  DockerRegistry registry;
  const auto image = ImageBuilder()
                         .layer({{"etc/a", "one"}, {"etc/b", "two"}}, Compression::gzip)
                         .layer({whiteout("etc/a"), {"link", "", EntryType::symlink, "etc/b"}}, Compression::zstd)
                         .layer({opaque_whiteout("etc"), {"hard", "", EntryType::hardlink, "etc/b"}}, Compression::none)
                         .write(folder / "layout", "1");
  push(folder / "layout", "1", registry.host() + "/a/b:1");
  for (const Digest& layer : image.layers) CHECK(std::filesystem::exists(registry.blob_file(layer.str())));
  CHECK(std::filesystem::exists(registry.blob_file(image.manifest.str())));

  ProcessOptions inspect;
  inspect.argv = {"skopeo", "inspect", "--tls-verify=false", "docker://" + registry.host() + "/a/b:1"};
  const auto shown = nlohmann::json::parse(run_checked(inspect).output);
  CHECK(shown["Digest"] == image.manifest.str());

  const auto log = registry.access_log();
  CHECK(std::ranges::any_of(log, [](const auto& l) { return l.method == "PUT" && l.path == "/v2/a/b/manifests/1" && l.status == 201; }));
  registry.mark_access_log();
  CHECK(registry.access_log().empty());
}

TEST_CASE("a registry with a password refuses a wrong one", "[integration]") {
  TempDir folder;
  DockerRegistry registry({"user", "pass"});
  ImageBuilder().layer({{"a", "b"}}).write(folder / "layout", "1");
  CHECK_THROWS_AS(push(folder / "layout", "1", registry.host() + "/a:1", {"user:wrong", false}), std::runtime_error);
  push(folder / "layout", "1", registry.host() + "/a:1", {"user:pass", false});
}

TEST_CASE("an index is pushed with all its platforms", "[integration]") {
  TempDir folder;
  DockerRegistry registry;
  const auto amd = ImageBuilder().layer({{"a", "amd"}}).write(folder / "layout", "amd");
  const auto arm = ImageBuilder().platform("linux/arm/v7").layer({{"a", "arm"}}).write(folder / "layout", "arm");
  const Digest index = write_index(folder / "layout", "all", {amd, arm});
  push(folder / "layout", "all", registry.host() + "/a:all", {"", true});
  CHECK(std::filesystem::exists(registry.blob_file(index.str())));
}

TEST_CASE("processes report how they ended", "[integration]") {
  ProcessOptions options;
  options.argv = {"sh", "-c", "cat; echo \"$MARK\" >&2; exit 3"};
  options.environment = {{"MARK", "seen"}};
  options.input = "hello";
  const auto result = run(options);
  CHECK(result.exit_code == 3);
  CHECK(result.output == "hello");
  CHECK(result.errors == "seen\n");

  ProcessOptions sleeper;
  sleeper.argv = {"sleep", "1000"};
  Process process(sleeper);
  CHECK(process.running());
  CHECK(process.stop() == 128 + SIGTERM);
}
