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
      for (std::size_t i = 0; page && i < page->names.size(); ++i) guard.saw(page->names[i]);
      auto again = page && !page->next.empty() ? guard.follow(page->next) : Result<void>();
      if (!page || !again) {
        REQUIRE(error != nullptr);
        *error = page ? again.error() : page.error();
        return out;
      }
      std::ranges::move(page->names.strings(), std::back_inserter(out));
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

TEST_CASE("Pagination: pages that repeat what was listed under ever new cursors end the walk", "[client][pages]") {
  // After these names, the pages from `back_to` on come again and again, each under a cursor of its own.
  const auto walk = [](std::vector<std::vector<std::string>> pages, std::size_t back_to, bool shuffled) {
    PageGuard guard;
    std::size_t count = 0;
    for (std::size_t at = 0;; at = at + 1 == pages.size() ? back_to : at + 1) {
      if (shuffled && count % 2 == 1) std::ranges::reverse(pages[at]);
      for (const std::string& name : pages[at]) guard.saw(name);
      if (auto more = guard.follow("cursor " + std::to_string(count++)); !more) {
        CHECK(more.error().code() == ErrorCode::malformed);
        CHECK(more.error().message().find("loop") != std::string::npos);
        return count;
      }
    }
  };
  CHECK(walk({{"a"}}, 0, false) == 2);
  CHECK(walk({{"a", "b"}, {"c"}, {"d"}}, 1, false) < 12);
  CHECK(walk({{"a", "b", "c"}, {"d", "e"}}, 0, true) < 12);
  // A circle that is longer than what is remembered, and a page that is.
  std::vector<std::vector<std::string>> many(3000);
  for (std::size_t i = 0; i < many.size(); ++i) {
    for (int name = 0; name < 10; ++name) many[i].push_back(std::to_string(i) + '-' + std::to_string(name));
  }
  CHECK(walk(many, 500, true) < 4 * many.size());
  std::vector<std::string> large;
  for (int i = 0; i < 50'000; ++i) large.push_back(std::to_string(i));
  CHECK(walk({large}, 0, true) == 2);
  // Pages that overlap, and the same names in other pages, are no circle while something new comes.
  PageGuard guard;
  for (int i = 0; i < 1000; ++i) {
    for (int name = i; name < i + 5; ++name) guard.saw(std::to_string(name));
    REQUIRE(guard.follow(std::to_string(i)));
  }
  // Every mixture of the same names is nothing new.
  std::size_t mixtures = 0;
  for (bool more = true; more && mixtures < 1000; ++mixtures) {
    for (int name = 0; name < 8; ++name) {
      if ((mixtures >> name & 1U) != 0) guard.saw("m" + std::to_string(name));
    }
    guard.saw("always");
    more = guard.follow("m" + std::to_string(mixtures)).has_value();
  }
  CHECK(mixtures < 200);
}

TEST_CASE("Pagination: pages without names that never end are an error", "[client][pages]") {
  std::size_t asked = 0;
  ScriptedServer server(
      [&](const ScriptedRequest&) { return answer(200, R"({"repositories":[]})", "/v2/_catalog?c=" + std::to_string(++asked)); });
  boost::asio::io_context io;
  RealClock clock;
  const auto client = std::make_shared<Client>(make_transport(io.get_executor(), {}), Endpoint::parse(server.host()).value(), clock);
  std::string cursor;
  for (int pages = 0; pages < 1000; ++pages) {
    auto page = run_awaitable(io, client->catalog(cursor));
    if (!page) {
      CHECK(page.error().message().find("had no names") != std::string::npos);
      CHECK(pages == 100);
      return;
    }
    cursor = page->next;
    REQUIRE_FALSE(cursor.empty());
  }
  FAIL("the walk does not end");
}

TEST_CASE("Pagination: a page that cannot be read is never the last", "[client][pages]") {
  const std::string second = "/v2/_catalog?p=2";
  for (const ScriptedResponse& bad :
       {answer(200, "{}"), answer(200, R"({"errors":[{"code":"DENIED"}]})"), answer(200, ""), answer(200, "<html>"),
        answer(200, R"({"repositories":)"), answer(200, R"({"repositories":"r1"})"), answer(200, R"([])"), answer(404),
        answer(404, R"({"errors":[{"code":"NOT_FOUND"}]})"), answer(405)}) {
    INFO(bad.status << ' ' << bad.body);
    Lists lists({{kFirst, answer(200, catalog(2), second)}, {second, bad}});
    std::optional<Error> error;
    CHECK(lists.walk(&error).size() == 2);
    REQUIRE(error.has_value());
    CHECK(error->code() != ErrorCode::not_found);
  }
  for (const char* header : {"</v2/_catalog?p=2; rel=next", "garbage", "<", "next"}) {
    INFO(header);
    auto first = answer(200, catalog(2));
    first.headers.push_back({"Link", header});
    Lists lists({{kFirst, first}});
    std::optional<Error> error;
    CHECK(lists.walk(&error).size() == 2);
    REQUIRE(error.has_value());
    CHECK(error->message().find("Link") != std::string::npos);
  }
  // A path that is not there does not lead back to the first page.
  Lists lost({{kFirst, answer(200, catalog(2), "/elsewhere")}, {"/v2/_catalog", answer(200, catalog(2))}});
  std::optional<Error> error;
  CHECK(lost.walk(&error).size() == 2);
  CHECK(error.has_value());
  // An answer with errors is no empty list on the first page either.
  Lists refused({{kFirst, answer(200, R"({"errors":[{"code":"DENIED"}]})")}});
  CHECK(refused.walk(&error).empty());
  CHECK(error.has_value());
}

TEST_CASE("Pagination: a Link is followed in every form in which registries send it", "[client][pages]") {
  const std::string second = "/v2/_catalog?last=r0&n=1";
  for (const std::string header :
       {"</v2/_catalog?last=r0&n=1>; rel=\"next\"", "/v2/_catalog?last=r0&n=1; rel=\"next\"", "</v2/_catalog?last=r0&n=1>;rel=next",
        "</v2/_catalog?last=r0&n=1>; REL=NEXT", "?last=r0&n=1; rel='next'", "</v2/_catalog?last=r0&n=1>", "/v2/_catalog?last=r0&n=1",
        "<?last=r0&n=1> rel=next", "</v2/>; rel=\"first\", </v2/_catalog?last=r0&n=1>; rel=\"next\"; title=\"a, b\", </v2/x>; rel=last",
        "/v2/?a=1; rel=prev, /v2/_catalog?last=r0&n=1; rel=next", "</v2/_catalog?last=r0&n=1>;\r\n rel=\"next\"",
        "< /v2/_catalog?last=r0&n=1 > ; rel = \"last\tnext\"", "</v2/_catalog?last=r0&n=1#x>; rel=next;"}) {
    INFO(header);
    auto first = answer(200, catalog(2));
    first.headers.push_back({"LINK", header});
    Lists lists({{kFirst, first}, {second, answer(200, catalog(1, 5))}});
    CHECK(lists.walk() == Names{"r10000", "r10001", "r10005"});
  }
}

TEST_CASE("Lists of another form are malformed", "[client][pages]") {
  for (const char* body :
       {"[]", "{", R"({"repositories":7})", R"({"repositories":[7]})", R"({"repositories":[{"no":"name"}]})",
        R"({"repositories":{"a":"b"}})", R"({"repositories":[["a"]]})", R"({"repositories":[null]})",
        R"({"repositories":[{"name":["a"]}]})", R"({"repositories":[{"name":{"name":"a"}}]})", R"({"repositories":["a"]}x)"}) {
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
