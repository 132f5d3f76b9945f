// SPDX-License-Identifier: Apache-2.0
// Paged lists, and the requests other than manifests and blobs, against real answers of registries and hostile ones.
#include "registry/client/client.hpp"

#include "core/base/limits.hpp"
#include "registry/http/transport.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/run_awaitable.hpp"
#include "tests/support/scripted_server.hpp"

#include <map>

using namespace landwaiter;
using namespace landwaiter::registry;
using namespace landwaiter::test;

namespace {

using Names = std::vector<std::string>;

ScriptedResponse answer(int status, std::string body = "", const std::string& link = "") {
  ScriptedResponse out;
  out.status = status;
  out.body = std::move(body);
  if (!link.empty()) out.headers.push_back({"Link", '<' + link + ">; rel=\"next\""});
  return out;
}

std::string catalog(std::size_t count, std::size_t first = 0) {
  std::string out;
  for (std::size_t i = first; i < first + count; ++i)
    out += (out.empty() ? "\"" : ",\"") + std::string("r") + std::to_string(10'000 + i) + '"';
  return R"({"repositories":[)" + out + "]}";
}

/// A registry whose answers are by target; all else is 404.
struct Lists {
  explicit Lists(std::map<std::string, ScriptedResponse> by_target)
      : server([answers = std::move(by_target)](const ScriptedRequest& request) {
          const auto found = answers.find(request.target);
          return found == answers.end() ? answer(404) : found->second;
        }) {
    client = std::make_shared<Client>(make_transport(io.get_executor(), {}), Endpoint::parse(server.host()).value(), clock);
  }
  template <class T>
  T run(boost::asio::awaitable<T> operation) {
    return run_awaitable(io, std::move(operation));
  }
  /// All names, until the end or an error.
  Names walk(std::optional<Error>* error = nullptr) {
    Names out;
    PageGuard guard;
    for (std::string cursor;;) {
      auto page = run(client->catalog(cursor));
      auto again = page && !page->next.empty() ? guard.follow(page->next) : Result<void>();
      if (!page || !again) {
        REQUIRE(error != nullptr);
        *error = page ? again.error() : page.error();
        return out;
      }
      out.insert(out.end(), page->names.begin(), page->names.end());
      if (page->next.empty()) return out;
      cursor = page->next;
    }
  }
  Names targets() const {
    Names out;
    for (const auto& request : server.requests()) out.push_back(request.target);
    return out;
  }

  ScriptedServer server;
  boost::asio::io_context io;
  RealClock clock;
  std::shared_ptr<Client> client;
};

const std::string kFirst = "/v2/_catalog?n=1000";

}  // namespace

TEST_CASE("Pagination: the Link wins over last=, relative or absolute, with any cursor", "[client][pages]") {
  // A full page, so that without the Link last= would be asked for.
  Lists lists({{kFirst, answer(200, catalog(1000), "/v2/_catalog?next_page=gAAA%3D%3D&n=1000")},
               {"/v2/_catalog?next_page=gAAA%3D%3D&n=1000", answer(200, catalog(1, 2000), "?page=3")},
               {"/v2/_catalog?page=3", answer(200, catalog(1, 3000))}});
  CHECK(lists.walk().size() == 1002);
  CHECK(lists.targets() == Names{kFirst, "/v2/_catalog?next_page=gAAA%3D%3D&n=1000", "/v2/_catalog?page=3"});

  ScriptedServer* self = nullptr;
  ScriptedServer server([&](const ScriptedRequest& request) {
    if (request.target == kFirst) return answer(200, catalog(1), self->url() + "/v2/_catalog?absolute=1");
    return answer(200, catalog(1, 5));
  });
  self = &server;
  boost::asio::io_context io;
  RealClock clock;
  const auto client = std::make_shared<Client>(make_transport(io.get_executor(), {}), Endpoint::parse(server.host()).value(), clock);
  auto first = run_awaitable(io, client->catalog(""));
  REQUIRE(first.has_value());
  auto second = run_awaitable(io, client->catalog(first->next));
  REQUIRE(second.has_value());
  CHECK(second->names == Names{"r10005"});
  CHECK(server.requests().back().target == "/v2/_catalog?absolute=1");
}

TEST_CASE("Pagination: n is 1,000, and dropped when the registry answers 400", "[client][pages]") {
  Lists lists({{kFirst, answer(400, R"({"errors":[{"code":"PAGINATION_NUMBER_INVALID"}]})")}, {"/v2/_catalog", answer(200, catalog(3))}});
  CHECK(lists.walk().size() == 3);
  CHECK(lists.targets() == Names{kFirst, "/v2/_catalog"});
}

TEST_CASE("Pagination: a registry that pages by a size of its own and loses the Link is asked on", "[client][pages]") {
  Lists lists({{kFirst, answer(400)},
               {"/v2/_catalog", answer(200, catalog(100))},
               {"/v2/_catalog?last=r10099", answer(200, catalog(100, 100))},
               {"/v2/_catalog?last=r10199", answer(200, catalog(7, 200))}});
  CHECK(lists.walk().size() == 207);
}

TEST_CASE("Pagination: a full page without a Link is asked on, and its new names are taken", "[client][pages]") {
  // An S3-backed catalog that lost its Link; the second page begins with the last name again.
  Lists lists({{kFirst, answer(200, catalog(1000))}, {kFirst + "&last=r10999", answer(200, catalog(12, 999))}});
  const Names names = lists.walk();
  CHECK(names.size() == 1011);
  CHECK(names.back() == "r11010");
  CHECK(lists.targets().size() == 2);
}

TEST_CASE("Pagination: a full page that is everything ends the walk, however the registry answers last=", "[client][pages]") {
  for (const int kind : {0, 1, 2, 3, 4}) {
    INFO(kind);
    ScriptedResponse again;
    if (kind == 0) again = answer(200, catalog(1000));  // last= is ignored
    if (kind == 1) again = answer(200, R"({"repositories":[]})");
    if (kind == 2) again = answer(200, R"({"repositories":null})");
    if (kind == 3) again = answer(404);
    if (kind == 4) again = answer(405);
    Lists lists({{kFirst, answer(200, catalog(1000))}, {kFirst + "&last=r10999", again}});
    CHECK(lists.walk().size() == 1000);
    CHECK(lists.targets().size() == 2);
  }
}

TEST_CASE("Pagination: tags/list that ignores n, is unsorted and has no Link is one page", "[client][pages]") {
  std::string tags;
  for (int i = 1500; i > 0; --i) tags += (tags.empty() ? "\"" : ",\"") + std::to_string(i) + '"';
  Lists lists({{"/v2/a/tags/list?n=1000", answer(200, R"({"name":"a","tags":[)" + tags + "]}")}});
  auto page = lists.run(lists.client->tags("a", ""));
  REQUIRE(page.has_value());
  CHECK(page->names.size() == 1500);
  CHECK(page->names.front() == "1500");
  CHECK(page->next.empty());
}

TEST_CASE("Pagination: a repository whose manifests are deleted stays listed with tags null", "[client][pages]") {
  Lists lists(
      {{"/v2/a/tags/list?n=1000", answer(200, R"({"name":"a","tags":null})")}, {"/v2/b/tags/list?n=1000", answer(200, R"({"name":"b"})")}});
  for (const char* name : {"a", "b"}) {
    auto page = lists.run(lists.client->tags(name, ""));
    REQUIRE(page.has_value());
    CHECK(page->names.empty());
    CHECK(page->next.empty());
  }
}

TEST_CASE("Pagination: page 1 again after the last page ends the walk", "[client][pages]") {
  Lists lists({{kFirst, answer(200, catalog(2), "/v2/_catalog?p=2")},
               {"/v2/_catalog?p=2", answer(200, catalog(2, 2), "/v2/_catalog?p=3")},
               {"/v2/_catalog?p=3", answer(200, catalog(2), "/v2/_catalog?p=4")}});
  CHECK(lists.walk() == Names{"r10000", "r10001", "r10002", "r10003"});
  CHECK(lists.targets().size() == 3);
}

TEST_CASE("Security: a self Link is an error, and the names before it are kept", "[client][pages]") {
  for (const std::string& link : {kFirst, std::string("?n=1000"), std::string("")}) {
    INFO(link);
    auto first = answer(200, catalog(3));
    first.headers.push_back({"Link", '<' + link + ">; rel=next"});
    Lists lists({{kFirst, first}});
    std::optional<Error> error;
    CHECK(lists.walk(&error).size() == 3);
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::malformed);
    CHECK(error->message().find("same page") != std::string::npos);
  }
}

TEST_CASE("Security: endless Links that lead round and round end", "[client][pages]") {
  // Empty pages give no name to know them by; their cursors do.
  Lists lists({{kFirst, answer(200, R"({"repositories":[]})", "/v2/_catalog?a")},
               {"/v2/_catalog?a", answer(200, R"({"repositories":[]})", "/v2/_catalog?b")},
               {"/v2/_catalog?b", answer(200, R"({"repositories":[]})", "/v2/_catalog?a")}});
  std::optional<Error> error;
  CHECK(lists.walk(&error).empty());
  REQUIRE(error.has_value());
  CHECK(error->code() == ErrorCode::malformed);
  CHECK(lists.targets().size() < 6);
}

TEST_CASE("Security: a Link to another host is refused, and the names before it are kept", "[client][pages]") {
  for (const char* link : {"http://127.0.0.1:1/v2/_catalog?last=c", "//evil.example/v2/", "https://", "https://127.0.0.1/", "ftp://a/",
                           "http://u:p@127.0.0.1/"}) {
    INFO(link);
    Lists lists({{kFirst, answer(200, catalog(2), link)}});
    std::optional<Error> error;
    CHECK(lists.walk(&error).size() == 2);
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::malformed);
    CHECK(lists.targets().size() == 1);
  }
}

TEST_CASE("Pagination: names that break the grammar are told apart, and each name comes once", "[client][pages]") {
  Lists lists({{kFirst, answer(200, R"({"repositories":["a","../b","a","c/d","E","\u001b[2J"]})")}});
  auto page = lists.run(lists.client->catalog(""));
  REQUIRE(page.has_value());
  CHECK(page->names == Names{"a", "c/d"});
  CHECK(page->invalid == Names{"../b", "E", "\\x1b[2J"});
}

TEST_CASE("Pagination: duplicate names across pages, where a page begins with the last one's end", "[client][pages]") {
  Lists lists({{kFirst, answer(200, catalog(3), "/v2/_catalog?p=2")}, {"/v2/_catalog?p=2", answer(200, catalog(3, 2))}});
  CHECK(lists.walk() == Names{"r10000", "r10001", "r10002", "r10003", "r10004"});
}

TEST_CASE("Pagination: walks end at their guard", "[client][pages]") {
  PageGuard guard;
  CHECK(guard.follow("a").has_value());
  CHECK(guard.follow("b").has_value());
  CHECK(guard.follow("a").error().code() == ErrorCode::malformed);
  PageGuard endless;
  for (std::size_t i = 0; i < limits::pages_max; ++i) REQUIRE(endless.follow(std::to_string(i)).has_value());
  CHECK(endless.follow("more").error().code() == ErrorCode::limit_exceeded);
}

TEST_CASE("Lists of another form are malformed", "[client][pages]") {
  for (const char* body : {"[]", "{", R"({"repositories":7})", R"({"repositories":[7]})", R"({"repositories":[{"no":"name"}]})",
                           R"({"repositories":{"a":"b"}})"}) {
    INFO(body);
    Lists lists({{kFirst, answer(200, body)}});
    auto page = lists.run(lists.client->catalog(""));
    REQUIRE(page.has_error());
    CHECK(page.error().code() == ErrorCode::malformed);
    CHECK(page.error().message().find("the catalog") != std::string::npos);
  }
}

namespace {

/// A registry with one manifest that answers HEAD in a way of its own.
struct Heads {
  explicit Heads(ScriptedResponse head)
      : server([head, this](const ScriptedRequest& request) {
          if (request.method == "HEAD") return head;
          return get_status == 200 ? answer(200, manifest) : answer(get_status, R"({"errors":[{"code":"DENIED","message":"the reason"}]})");
        }) {
    client = std::make_shared<Client>(make_transport(io.get_executor(), {}), Endpoint::parse(server.host()).value(), clock);
  }
  Result<ManifestHead> head() { return run_awaitable(io, client->head_manifest("a", "1")); }

  std::string manifest = R"({"schemaVersion":2,"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:)" +
                         std::string(64, 'a') + R"(","size":2},"layers":[]})";
  int get_status = 200;
  ScriptedServer server;
  boost::asio::io_context io;
  RealClock clock;
  std::shared_ptr<Client> client;
};

ScriptedResponse head_with(bool digest, bool length) {
  ScriptedResponse out;
  out.headers.push_back({"Content-Type", "application/vnd.oci.image.manifest.v1+json; charset=utf-8"});
  if (digest) out.headers.push_back({"Docker-Content-Digest", "sha256:" + std::string(64, 'b')});
  out.body = std::string(77, 'x');
  out.chunked = !length;
  return out;
}

}  // namespace

TEST_CASE("HEAD: digest, type and size in one request", "[client][head]") {
  Heads registry(head_with(true, true));
  auto head = registry.head();
  REQUIRE(head.has_value());
  CHECK(head->digest.str() == "sha256:" + std::string(64, 'b'));
  CHECK(head->media_type == "application/vnd.oci.image.manifest.v1+json");
  CHECK(head->size_bytes == 77);
  CHECK(registry.server.requests().size() == 1);
}

TEST_CASE("HEAD: without digest or length, on 404 (old Nexus) and 405, GET tells", "[client][head]") {
  for (const ScriptedResponse& kind : {head_with(false, true), head_with(true, false), answer(404), answer(405)}) {
    Heads registry(kind);
    auto head = registry.head();
    REQUIRE(head.has_value());
    CHECK(head->digest == Digest::sha256_of(as_bytes(registry.manifest)));
    CHECK(head->size_bytes == registry.manifest.size());
    CHECK(registry.server.requests().size() == 2);
  }
}

TEST_CASE("HEAD: on 403, GET tells the reason", "[client][head]") {
  Heads registry(answer(403));
  registry.get_status = 403;
  auto head = registry.head();
  REQUIRE(head.has_error());
  CHECK(head.error().code() == ErrorCode::forbidden);
  CHECK(head.error().message().find("the reason") != std::string::npos);
}

TEST_CASE("Deleted while listed: MANIFEST_UNKNOWN, Harbor's UNKNOWN and a bare 404 are not found", "[client][head]") {
  for (const char* body : {R"({"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]})",
                           R"({"errors":[{"code":"UNKNOWN","message":"artifact library/a:1 not found"}]})", ""}) {
    INFO(body);
    Lists lists({{"/v2/a/manifests/1", answer(404, body)}});
    auto head = lists.run(lists.client->head_manifest("a", "1"));
    REQUIRE(head.has_error());
    CHECK(head.error().code() == ErrorCode::not_found);
  }
}

TEST_CASE("The probe tells challenges and telling headers, whatever the status, and sends no login", "[client][probe]") {
  ScriptedServer server([](const ScriptedRequest&) {
    ScriptedResponse out = answer(503, "busy");
    out.headers = {{"WWW-Authenticate", "Bearer realm=\"https://a/b\",service=\"s\""},
                   {"WWW-Authenticate", "Basic"},
                   {"Server", "Nexus/3"},
                   {"X-Other", "y"}};
    return out;
  });
  boost::asio::io_context io;
  RealClock clock;
  Endpoint endpoint = Endpoint::parse(server.host()).value();
  endpoint.credentials = Credentials::basic("u", Secret("pass-word-7"));
  const auto client = std::make_shared<Client>(make_transport(io.get_executor(), {}), endpoint, clock);
  auto probe = run_awaitable(io, client->probe());
  REQUIRE(probe.has_value());
  CHECK(probe->status == 503);
  REQUIRE(probe->challenges.size() == 2);
  CHECK(probe->challenges[0].parameter("service") == "s");
  REQUIRE(probe->headers.size() == 1);
  CHECK(probe->headers[0].value == "Nexus/3");
  CHECK(server.requests().at(0).header("authorization").empty());
}
