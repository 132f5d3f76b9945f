// SPDX-License-Identifier: Apache-2.0
#include "registry/client/name_list.hpp"

#include "registry/client/client.hpp"
#include "tests/support/catch.hpp"

using namespace landwaiter;
using namespace landwaiter::registry;

namespace {

using Names = std::vector<std::string>;

Result<ListPage> read(std::string body, ListQuery query = Client::tags_query("a").value(), const ListState& state = {},
                      const std::vector<std::string>& links = {}) {
  const HttpUrl url = HttpUrl::parse("https://registry.example/v2/a/tags/list?n=1000").value();
  return read_list(query, state, std::move(body), url, links);
}

std::string target_of(const std::string& next) {
  const ListQuery query = Client::tags_query("a").value();
  const auto target = list_target(query, ListState::parse(next, query).value(), HttpUrl::parse("https://registry.example/").value());
  return target ? *target : std::string("refused");
}

}  // namespace

TEST_CASE("names are taken out of a page wherever they are in it, and all else is passed over", "[pages]") {
  CHECK(read(R"({"x":{"tags":["no"]},"tags":["b","a"],"y":[["tags"],{"tags":["no"]}],"z":{"a":[1,null,true,1.5,{}]}})")->names ==
        Names{"b", "a"});
  CHECK(read(R"({"tags":[{"name":"a","more":{"name":"no"}},"b",{"x":["name"],"name":"c"},{"name":"no","name":"d"}]})")->names ==
        Names{"a", "b", "c", "d"});
  CHECK(read(R"({"tags":["no"],"tags":["a"]})")->names == Names{"a"});
  CHECK(read(R"({"tags":["no"],"tags":null})")->names.empty());
  CHECK(read(R"({"name":"a"})")->names.empty());
  CHECK(read(R"({"tags":["a","b","a","\u0063","c"]})")->names == Names{"a", "b", "c"});
  CHECK(read(R"({"tags":["a"]})")->document.is_null());
  ListQuery whole = Client::tags_query("a").value();
  whole.with_document = true;
  CHECK(read(R"({"tags":["a"],"manifest":{}})", whole)->document.contains("manifest"));
}

TEST_CASE("a page may be long, but has a bound", "[pages]") {
  std::string body = R"({"tags":[)";
  // Against the order, so that repeated ones are looked for.
  for (std::size_t i = kPageNamesMax; i > 0; --i) body += '"' + std::to_string(i) + "\",";
  const auto page = read(body + R"("1"]})");
  CHECK(page.has_error());
  body.back() = ']';
  const auto full = read(body + '}');
  REQUIRE(full.has_value());
  CHECK(full->names.size() == kPageNamesMax);
  CHECK(full->names.front() == std::to_string(kPageNamesMax));
  CHECK(read(std::string(1000, '[')).has_error());
  CHECK(read(R"({"x":)" + std::string(1000, '[')).error().code() == ErrorCode::limit_exceeded);
}

TEST_CASE("a link within the registry's own host is followed over TLS, as the list was", "[pages]") {
  for (const char* link :
       {"<https://registry.example/v2/a/tags/list?p=2>; rel=next", "<http://registry.example/v2/a/tags/list?p=2>; rel=next",
        "<http://registry.example:5000/v2/a/tags/list?p=2>; rel=next", "//registry.example/v2/a/tags/list?p=2; rel=next"}) {
    INFO(link);
    CHECK(target_of(read(R"({"tags":["a"]})", Client::tags_query("a").value(), {}, {link})->next) == "/v2/a/tags/list?p=2");
  }
  for (const char* link : {"<https://other.example/v2/a/tags/list?p=2>; rel=next", "<http://other.example/v2/a/tags/list?p=2>; rel=next",
                           "<https://registry.example:8443/v2/a/tags/list?p=2>; rel=next",
                           "https://registry.example.evil.example/v2/a/tags/list?p=2; rel=next"}) {
    INFO(link);
    auto page = read(R"({"tags":["a"]})", Client::tags_query("a").value(), {}, {link});
    CHECK(page->names == Names{"a"});
    CHECK(target_of(page->next) == "refused");
  }
}
