// SPDX-License-Identifier: Apache-2.0
// The client against Debian's docker-registry, with images that skopeo pushed.
#include "core/base/digest.hpp"
#include "core/base/limits.hpp"
#include "core/report/image_config.hpp"
#include "registry/client/client.hpp"
#include "registry/http/transport.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/docker_registry.hpp"
#include "tests/support/image_builder.hpp"
#include "tests/support/run_awaitable.hpp"

#include <algorithm>

using namespace landwaiter;
using namespace landwaiter::registry;
using namespace landwaiter::test;

namespace {

struct Session {
  explicit Session(const DockerRegistry& server, std::string user = "", std::string password = "") {
    Endpoint endpoint = Endpoint::parse(server.host()).value();
    endpoint.credentials = Credentials::from_login(std::move(user), Secret(std::move(password)), Secret());
    client = std::make_shared<Client>(make_transport(io.get_executor(), {}), endpoint, clock);
  }
  template <class T>
  T run(boost::asio::awaitable<T> operation) {
    return run_awaitable_alone(io, std::move(operation));
  }

  boost::asio::io_context io;
  RealClock clock;
  std::shared_ptr<Client> client;
};

boost::asio::awaitable<Result<std::string>> drain(std::unique_ptr<BlobReader> reader) {
  std::string out;
  std::vector<std::uint8_t> chunk(100'000);
  while (true) {
    auto size = co_await reader->read(chunk);
    if (!size) co_return size.error();
    if (*size == 0) co_return out;
    out.append(reinterpret_cast<const char*>(chunk.data()), *size);
  }
}

BuiltImage push_image(const TempDir& folder, const DockerRegistry& server, const std::string& name, const std::string& tag,
                      const std::string& credentials = "") {
  const auto image =
      ImageBuilder().layer({{"f", std::string(300'000, 'x')}}, Compression::none).label(name + tag).write(folder / "layout", tag);
  push(folder / "layout", tag, server.host() + '/' + name + ':' + tag, {credentials, false});
  return image;
}

}  // namespace

TEST_CASE("a real registry is listed, and its images are read", "[integration][client]") {
  TempDir folder;
  DockerRegistry server;
  const BuiltImage first = push_image(folder, server, "team/app", "1");
  push_image(folder, server, "team/app", "2");
  push_image(folder, server, "base", "1");
  Session session(server);

  REQUIRE(session.run(session.client->ping()).has_value());
  auto catalog = session.run(session.client->catalog(""));
  REQUIRE(catalog.has_value());
  CHECK(catalog->names == std::vector<std::string>{"base", "team/app"});
  CHECK(catalog->next.empty());
  auto tags = session.run(session.client->tags("team/app", ""));
  REQUIRE(tags.has_value());
  auto names = tags->names.strings();
  std::ranges::sort(names);
  CHECK(names == std::vector<std::string>{"1", "2"});

  auto head = session.run(session.client->head_manifest("team/app", "1"));
  REQUIRE(head.has_value());
  CHECK(head->digest == first.manifest);
  auto document = session.run(session.client->manifest("team/app", "1"));
  REQUIRE(document.has_value());
  CHECK(document->digest == first.manifest);
  REQUIRE(document->image.has_value());
  auto pinned = session.run(session.client->manifest("team/app", first.manifest.str()));
  REQUIRE(pinned.has_value());
  CHECK(pinned->body == document->body);

  const auto source = Client::repository_source(session.client, "team/app");
  auto config = session.run(source->small_blob(document->image->config));
  REQUIRE(config.has_value());
  auto parsed = parse_image_config(*config);
  REQUIRE(parsed.has_value());
  CHECK(parsed->platform == "linux/amd64");
  CHECK(parsed->diff_ids == first.diff_ids);
  auto reader = session.run(source->open_blob(document->image->layers.at(0)));
  REQUIRE(reader.has_value());
  auto bytes = session.run(drain(std::move(*reader)));
  REQUIRE(bytes.has_value());
  CHECK(Digest::sha256_of(as_bytes(*bytes)) == first.layers.at(0));
}

TEST_CASE("what a real registry has not is not found", "[integration][client]") {
  TempDir folder;
  DockerRegistry server;
  const BuiltImage image = push_image(folder, server, "app", "1");
  Session session(server);
  for (const std::string reference : {"2", "sha256:0000000000000000000000000000000000000000000000000000000000000000"}) {
    auto document = session.run(session.client->manifest("app", reference));
    REQUIRE(document.has_error());
    CHECK(document.error().code() == ErrorCode::not_found);
    CHECK(document.error().message().find(server.host()) != std::string::npos);
    auto head = session.run(session.client->head_manifest("app", reference));
    REQUIRE(head.has_error());
    CHECK(head.error().code() == ErrorCode::not_found);
  }
  Descriptor gone;
  gone.digest = Digest::sha256_of({});
  auto blob = session.run(session.client->open_blob("app", gone));
  REQUIRE(blob.has_error());
  CHECK(blob.error().code() == ErrorCode::not_found);
  auto tags = session.run(session.client->tags("none", ""));
  REQUIRE(tags.has_error());
  CHECK(tags.error().code() == ErrorCode::not_found);
}

TEST_CASE("a password opens a real registry, and a wrong one is told apart", "[integration][client]") {
  TempDir folder;
  DockerRegistry server({"user", "pass-word-7"});
  const BuiltImage image = push_image(folder, server, "a/b", "1", "user:pass-word-7");
  {
    Session session(server, "user", "pass-word-7");
    auto document = session.run(session.client->manifest("a/b", "1"));
    REQUIRE(document.has_value());
    CHECK(document->digest == image.manifest);
    CHECK(session.run(session.client->catalog("")).has_value());
  }
  {
    Session session(server, "user", "wrong-word-8");
    auto document = session.run(session.client->manifest("a/b", "1"));
    REQUIRE(document.has_error());
    CHECK(document.error().code() == ErrorCode::unauthorized);
    const std::string text = document.error().message();
    INFO(text);
    CHECK(text.find("401 Unauthorized from registry " + server.host() + " for image a/b:1 (as user \"user\"): check the username") == 0);
    CHECK(text.find("wrong-word-8") == std::string::npos);
  }
  {
    Session session(server);
    auto document = session.run(session.client->manifest("a/b", "1"));
    REQUIRE(document.has_error());
    CHECK(document.error().code() == ErrorCode::unauthorized);
    CHECK(document.error().message().find("(anonymously)") != std::string::npos);
  }
}

TEST_CASE("a registry that is not there is unavailable", "[integration][client]") {
  TempDir folder;
  DockerRegistry server;
  Session session(server);
  server.stop();
  auto pinged = session.run(session.client->ping());
  REQUIRE(pinged.has_error());
  CHECK(pinged.error().code() == ErrorCode::unavailable);
}

TEST_CASE("more tags and repositories than one page holds", "[integration][client]") {
  TempDir folder;
  DockerRegistry server;
  const auto image = ImageBuilder().layer({{"f", "x"}}).write(folder / "layout", "1");
  push(folder / "layout", "1", server.host() + "/r0:1");
  // The registry's own files: pushing 1,100 images would take minutes.
  const auto repositories = server.storage() / "docker/registry/v2/repositories";
  for (int i = 1; i < 1100; ++i) {
    std::filesystem::copy(repositories / "r0", repositories / ("r" + std::to_string(i)), std::filesystem::copy_options::recursive);
  }
  Session session(server);
  std::vector<std::string> names;
  PageGuard guard;
  std::string cursor;
  int pages = 0;
  do {
    auto page = session.run(session.client->catalog(cursor));
    REQUIRE(page.has_value());
    std::ranges::move(page->names.strings(), std::back_inserter(names));
    cursor = page->next;
    REQUIRE(guard.follow(cursor).has_value());
    ++pages;
  } while (!cursor.empty());
  CHECK(pages == 2);
  std::ranges::sort(names);
  CHECK(std::ranges::unique(names).empty());
  CHECK(names.size() == 1100);
}
