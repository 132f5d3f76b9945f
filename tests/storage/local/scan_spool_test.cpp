// SPDX-License-Identifier: Apache-2.0
#include "storage/local/scan_spool.hpp"

#include "tests/support/catch.hpp"

using namespace landwaiter;
using namespace landwaiter::storage;

namespace {

Digest digest(char c) { return *Digest::parse("sha256:" + std::string(64, c)); }

SpooledImage image(std::string reference, char c) {
  SpooledImage out;
  out.facts.reference = std::move(reference);
  out.facts.digest = digest(c);
  out.facts.layers = {digest('1'), digest('2'), digest('1')};
  out.layers_fetched = 3;
  return out;
}

}  // namespace

TEST_CASE("spool: images come back by reference, digest and arrival") {
  auto spool = *ScanSpool::open();
  for (const auto& [reference, c] : {std::pair{"b:1", 'a'}, {"a:2", 'c'}, {"a:2", 'b'}, {"a:2", 'b'}, {"", 'f'}}) {
    REQUIRE(spool->put_image(image(reference, c)));
  }
  std::string order;
  SpoolPlace place;
  while (true) {
    const auto next = spool->next_image(place);
    REQUIRE(next);
    if (!*next) break;
    order += (**next).facts.reference + "/" + (**next).facts.digest.hex().substr(0, 1).data()[0] + " ";
    CHECK((**next).facts.layers == image("", 'a').facts.layers);
    CHECK((**next).layers_fetched == 3);
  }
  CHECK(order == "/f a:2/b a:2/b a:2/c b:1/a ");
}

TEST_CASE("spool: failures come back by reference and message") {
  auto spool = *ScanSpool::open();
  REQUIRE(spool->put_failure({"b", Error(ErrorCode::io, "x")}));
  REQUIRE(spool->put_failure({"a", Error(ErrorCode::not_found, "y")}));
  REQUIRE(spool->put_failure({"a", Error(ErrorCode::unauthorized, "x")}));
  std::string order;
  SpoolPlace place;
  while (true) {
    const auto next = spool->next_failure(place);
    REQUIRE(next);
    if (!*next) break;
    order += (**next).reference + " " + std::string(to_string((**next).error.code())) + " " + (**next).error.message() + "; ";
  }
  CHECK(order == "a unauthorized x; a not_found y; b io x; ");
}

TEST_CASE("spool: a layer is seen once, until it is forgotten") {
  auto spool = *ScanSpool::open();
  CHECK(*spool->first_time(digest('a')));
  CHECK_FALSE(*spool->first_time(digest('a')));
  CHECK(*spool->first_time(digest('b')));
  REQUIRE(spool->forget(digest('a')));
  CHECK(*spool->first_time(digest('a')));
  CHECK_FALSE(*spool->first_time(digest('b')));
}

TEST_CASE("spool: an image with several names is under the first in order, whichever came first") {
  auto spool = *ScanSpool::open();
  CHECK(*spool->first_name(digest('a'), "r/m:2"));
  REQUIRE(spool->put_image(image("r/m:2", 'a')));
  CHECK_FALSE(*spool->first_name(digest('a'), "r/z:1"));
  CHECK_FALSE(*spool->first_name(digest('a'), "r/b:9"));
  CHECK_FALSE(*spool->first_name(digest('a'), "r/c:1"));
  CHECK(*spool->first_name(digest('b'), "r/d:1"));
  REQUIRE(spool->put_image(image("r/d:1", 'b')));
  // Asked for by its name: what the registry has beside it changes nothing.
  REQUIRE(spool->put_image(image("r/q:1", 'a')));
  // So is an image that could not be read.
  CHECK(*spool->first_name(digest('c'), "r/y:1"));
  CHECK_FALSE(*spool->first_name(digest('c'), "r/x:1"));
  REQUIRE(spool->put_failure({"r/y:1", Error(ErrorCode::io, "broken"), digest('c')}));
  REQUIRE(spool->put_failure({"r/p:1", Error(ErrorCode::io, "broken"), digest('c')}));
  REQUIRE(spool->put_failure({"r/o", Error(ErrorCode::io, "no digest")}));
  REQUIRE(spool->settle_names());
  std::string failures;
  SpoolPlace at;
  for (auto next = spool->next_failure(at); next && *next; next = spool->next_failure(at)) failures += (**next).reference + " ";
  CHECK(failures == "r/o r/p:1 r/x:1 ");
  std::string order;
  SpoolPlace place;
  for (auto next = spool->next_image(place); next && *next; next = spool->next_image(place)) order += (**next).facts.reference + " ";
  CHECK(order == "r/b:9 r/d:1 r/q:1 ");
}
