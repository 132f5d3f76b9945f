// SPDX-License-Identifier: Apache-2.0
#include "daemon/scan/blob_channel.hpp"

#include "core/base/limits.hpp"
#include "tests/support/catch.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <thread>

using namespace landwaiter;
using namespace landwaiter::daemon;
namespace asio = boost::asio;

namespace {

/// Gives `size_bytes` counting bytes in pieces of `piece_bytes`, then the end or an error.
class CountingReader final : public registry::BlobReader {
 public:
  CountingReader(std::size_t size_bytes, std::size_t piece_bytes, bool fails)
      : left_(size_bytes), piece_bytes_(piece_bytes), fails_(fails) {}

  Awaitable<std::size_t> read(std::span<std::uint8_t> buffer) override {
    if (left_ == 0 && fails_) co_return Error(ErrorCode::unavailable, "connection reset");
    const std::size_t count = std::min({left_, piece_bytes_, buffer.size()});
    for (std::size_t i = 0; i < count; ++i) buffer[i] = next_++;
    left_ -= count;
    co_return count;
  }

 private:
  std::size_t left_;
  std::size_t piece_bytes_;
  bool fails_;
  std::uint8_t next_ = 0;
};

struct Outcome {
  std::size_t bytes = 0;
  bool in_order = true;
  std::optional<Error> error;
};

Outcome consume(BlobChannel& channel) {
  Outcome outcome;
  std::uint8_t expected = 0;
  while (true) {
    const auto chunk = channel.next();
    if (!chunk) {
      outcome.error = chunk.error();
      return outcome;
    }
    if (chunk->empty()) return outcome;
    for (const std::uint8_t byte : *chunk) outcome.in_order = outcome.in_order && byte == expected++;
    outcome.bytes += chunk->size();
  }
}

Outcome carry(std::size_t size_bytes, std::size_t piece_bytes, bool fails) {
  asio::io_context io;
  BlobChannel channel(io.get_executor(), {});
  asio::co_spawn(io, channel.pump(std::make_unique<CountingReader>(size_bytes, piece_bytes, fails)), asio::detached);
  Outcome outcome;
  std::thread worker([&] { outcome = consume(channel); });
  io.run();
  worker.join();
  return outcome;
}

}  // namespace

TEST_CASE("a blob passes whole and in order, whatever its size and pieces") {
  const std::size_t chunk = limits::blob_chunk_bytes;
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, chunk - 1, chunk, chunk + 1, chunk * 20 + 17}) {
    for (const std::size_t piece : {std::size_t{1000}, std::size_t{65536}, chunk * 2}) {
      const Outcome outcome = carry(size, piece, false);
      INFO(size << " in pieces of " << piece);
      CHECK(outcome.bytes == size);
      CHECK(outcome.in_order);
      CHECK_FALSE(outcome.error);
    }
  }
}

TEST_CASE("what came before a transfer's error is delivered, then the error, and again") {
  const Outcome outcome = carry(limits::blob_chunk_bytes + 5, 4096, true);
  CHECK(outcome.bytes == limits::blob_chunk_bytes + 5);
  REQUIRE(outcome.error);
  CHECK(outcome.error->code() == ErrorCode::unavailable);
}

TEST_CASE("a worker that gives up ends the transfer") {
  asio::io_context io;
  BlobChannel channel(io.get_executor(), {});
  asio::co_spawn(io, channel.pump(std::make_unique<CountingReader>(1'000'000'000, 65536, false)), asio::detached);
  std::thread worker([&] {
    CHECK(channel.next());
    channel.abandon();
  });
  io.run();  // returns only when the pump has ended
  worker.join();
}

TEST_CASE("a stop wakes a worker that waits for a registry which sends nothing") {
  asio::io_context io;
  std::stop_source stop;
  BlobChannel channel(io.get_executor(), stop.get_token());
  std::optional<Error> error;
  std::thread worker([&] {
    const auto chunk = channel.next();  // nothing pumps: only the stop can end this
    if (!chunk) error = chunk.error();
  });
  stop.request_stop();
  worker.join();
  REQUIRE(error);
  CHECK(error->code() == ErrorCode::cancelled);
  CHECK(channel.next().error().code() == ErrorCode::cancelled);
}
