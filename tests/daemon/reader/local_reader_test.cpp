// SPDX-License-Identifier: Apache-2.0
#include "daemon/reader/local_reader.hpp"

#include "tests/support/catch.hpp"

#include <new>
#include <stdexcept>

using namespace landwaiter;
using namespace landwaiter::daemon;

TEST_CASE("an exception while a layer is read is that layer's error, which names it") {
  const Digest layer = Digest::sha256_of(as_bytes("layer"));
  const auto memory = guarded<ScannedLayer>("layer " + layer.str(), []() -> Result<ScannedLayer> { throw std::bad_alloc(); });
  REQUIRE(memory.has_error());
  CHECK(memory.error().code() == ErrorCode::limit_exceeded);
  CHECK(memory.error().message().find(layer.str() + " needs more memory") != std::string::npos);
  const auto bug =
      guarded<ScannedLayer>("layer " + layer.str(), []() -> Result<ScannedLayer> { throw std::out_of_range("no such entry"); });
  REQUIRE(bug.has_error());
  CHECK(bug.error().code() == ErrorCode::internal);
  CHECK(bug.error().message().find(layer.str()) != std::string::npos);
  CHECK(bug.error().message().find("no such entry") != std::string::npos);
}
