// SPDX-License-Identifier: Apache-2.0
#include "registry/sources/docker_daemon.hpp"

#include "tests/registry/support/local_server.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/image_builder.hpp"
#include "tests/support/process.hpp"
#include "tests/support/run_awaitable.hpp"
#include "tests/support/temp_dir.hpp"

#include <map>

using namespace landwaiter;
using namespace landwaiter::registry;
using namespace landwaiter::test;

namespace {

Variables variables(std::map<std::string, std::string> values) {
  return [values = std::move(values)](const std::string& name) -> std::optional<std::string> {
    const auto found = values.find(name);
    return found == values.end() ? std::nullopt : std::optional(found->second);
  };
}

/// What `docker save` would send of an image.
std::string saved(const TempDir& folder) {
  ImageBuilder().layer({{"a", std::string(5000, 'a')}}).write(folder / "layout", "1");
  ProcessOptions options;
  options.argv = {"skopeo", "copy", "--quiet", "oci:" + (folder / "layout").string() + ":1",
                  "docker-archive:" + (folder / "saved.tar").string() + ":example.org/shop/web:1"};
  run_checked(std::move(options));
  return read_file(folder / "saved.tar");
}

std::string not_found(const std::string& what) {
  const std::string body = R"({"message":"No such image: )" + what + "\"}";
  return "HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace

TEST_CASE("sockets are those that the environment names, or the usual ones", "[daemon]") {
  CHECK(daemon_sockets(variables({{"DOCKER_HOST", "unix:///a"}})).value() == std::vector<std::string>{"/a"});
  CHECK(daemon_sockets(variables({{"CONTAINER_HOST", "unix:///b"}, {"DOCKER_HOST", "unix:///a"}})).value() ==
        std::vector<std::string>{"/a", "/b"});
  const auto usual = daemon_sockets(variables({{"XDG_RUNTIME_DIR", "/run/user/7"}})).value();
  CHECK(usual.front() == "/var/run/docker.sock");
  CHECK(std::ranges::find(usual, "/run/user/7/podman/podman.sock") != usual.end());
  for (const std::string address : {"tcp://10.0.0.1:2375", "ssh://me@host", "npipe:////./pipe/docker", "/var/run/docker.sock"}) {
    INFO(address);
    const auto refused = daemon_sockets(variables({{"DOCKER_HOST", address}}));
    REQUIRE(refused.has_error());
    CHECK(refused.error().code() == ErrorCode::invalid_argument);
    CHECK(refused.error().message().find("docker save") != std::string::npos);
  }
}

TEST_CASE("an image is received from the program that has it", "[daemon]") {
  TempDir folder;
  const std::string archive = saved(folder);
  LocalServer docker((folder / "docker").string(), [](const std::string& target) { return not_found(target); });
  LocalServer podman((folder / "podman").string(), [&](const std::string& target) {
    if (target == "/images/example.org/shop/web:1/get" || target == "/images/sha256:" + std::string(64, 'a') + "/get" ||
        target == "/images/abcdefabcdef/get" || target == "/images/web:latest/get")
      return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(archive.size()) + "\r\n\r\n" + archive;
    return not_found(target);
  });
  const std::vector<std::string> sockets{(folder / "none").string(), docker.socket(), podman.socket()};
  for (const std::string& name :
       {std::string("example.org/shop/web:1"), "sha256:" + std::string(64, 'a'), "@sha256:" + std::string(64, 'a'),
        std::string("abcdefabcdef"), std::string("web"), "web@sha256:" + std::string(64, 'a')}) {
    INFO(name);
    auto received = receive_from_daemon(name, sockets);
    REQUIRE(received.has_value());
    CHECK((*received)->size_bytes() == archive.size());
    auto image = open_received(name, *received);
    REQUIRE(image.has_value());
    boost::asio::io_context io;
    const auto document = run_awaitable(io, (*image)->manifest(""));
    REQUIRE(document.has_value());
    CHECK(document->image->layers.size() == 1);
    CHECK((*image)->display_name() == "docker-daemon:" + name);
  }
  const auto missing = receive_from_daemon("other:2", sockets);
  REQUIRE(missing.has_error());
  CHECK(missing.error().code() == ErrorCode::not_found);
  CHECK(missing.error().message().find("No such image") != std::string::npos);
  CHECK(missing.error().message().find("docker save other:2 | landwaiter scan -") != std::string::npos);
  // Nothing that a name could do to the request.
  const std::size_t asked = docker.targets().size();
  for (const std::string name : {"a b", "a?x=1", "../../version", "a\r\nX: y", "sha256:xyz", "%2e%2e/x", "A"}) {
    INFO(name);
    CHECK(receive_from_daemon(name, sockets).error().code() == ErrorCode::invalid_argument);
  }
  CHECK(docker.targets().size() == asked);
}

TEST_CASE("what a program sends may be cut or no image", "[daemon]") {
  TempDir folder;
  std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf";
  LocalServer server((folder / "s").string(), [&](const std::string&) { return answer; });
  const auto cut = receive_from_daemon("a:1", {server.socket()});
  REQUIRE(cut.has_error());
  CHECK(cut.error().code() == ErrorCode::unavailable);
  answer = "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 20\r\n\r\n{\"message\":\"broken\"}";
  CHECK(receive_from_daemon("a:1", {server.socket()}).error().message().find("broken") != std::string::npos);
  answer = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnone";
  const auto received = receive_from_daemon("a:1", {server.socket()});
  REQUIRE(received.has_value());
  CHECK(open_received("a:1", *received).has_error());
  CHECK(receive_from_daemon("a:1", {}).error().code() == ErrorCode::not_found);
}
