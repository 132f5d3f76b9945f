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

TEST_CASE("spool: a digest is seen once for each purpose, and again when forgotten") {
  using Seen = ScanSpool::Seen;
  auto spool = *ScanSpool::open();
  CHECK(*spool->first_time(Seen::image, digest('a')));
  CHECK_FALSE(*spool->first_time(Seen::image, digest('a')));
  CHECK(*spool->first_time(Seen::layer, digest('a')));
  REQUIRE(spool->forget(Seen::layer, digest('a')));
  CHECK(*spool->first_time(Seen::layer, digest('a')));
  CHECK_FALSE(*spool->first_time(Seen::image, digest('a')));
}
