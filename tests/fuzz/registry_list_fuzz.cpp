// SPDX-License-Identifier: Apache-2.0
// Pages of lists keep the grammar and their limits, and what a page names as the next one is asked for at the registry's own origin or
// not at all. A cursor that was made can be read again.
#include "core/base/limits.hpp"
#include "registry/client/client.hpp"
#include "registry/enumerators/walk.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <cstdlib>

using namespace landwaiter;
using namespace landwaiter::registry;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check_page(const std::string& body, const std::string& link) {
  const HttpUrl base = HttpUrl::parse("https://registry.example/").value();
  const HttpUrl url = HttpUrl::parse("https://registry.example/v2/_catalog?n=1000").value();
  ListQuery query = Client::catalog_query();
  ListState state;
  for (int pages = 0; pages < 3; ++pages) {
    auto page = read_list(query, state, body, url, {link});
    if (!page) {
      require(!page.error().message().empty());
      return;
    }
    for (const std::string_view name : page->names) require(is_repository_name(name));
    if (page->next.empty()) return;
    auto next = ListState::parse(page->next, query);
    require(next.has_value() && next->str(query) == page->next);
    auto target = list_target(query, *next, base);
    if (!target) return;
    require(target->front() == '/' && base.at(*target).value().same_origin(base));
    state = *next;
  }
}

/// A foreign cursor is an error or leads to one visit; what comes of it is a cursor again.
void check_cursor(const std::string& cursor) {
  boost::asio::io_context io;
  const Visitor visitor = [](std::string node, std::string token) -> Awaitable<Visit> {
    Visit out;
    out.names = {node, "a"};
    out.nodes = {node + "x"};
    out.next = token + "1";
    co_return out;
  };
  boost::asio::co_spawn(io, walk_tree("harbor", cursor, visitor), [](std::exception_ptr thrown, Result<RepositoryPage> page) {
    require(!thrown);
    if (!page) return;
    for (const std::string_view name : page->names) require(is_repository_name(name));
    require(!page->next.empty() && page->next.size() <= limits::list_cursor_bytes_max);
    require(kind_of_cursor(page->next).value() == "harbor");
  });
  io.run();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t line = text.find('\n');
  const std::string body(text.substr(0, line));
  check_page(body, line == std::string_view::npos ? "" : std::string(text.substr(line + 1)));
  check_cursor(body);
  return 0;
}
