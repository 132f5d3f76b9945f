// SPDX-License-Identifier: Apache-2.0
#include "core/os/fork_server.hpp"

#include "tests/support/catch.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>

using namespace landwaiter;
using namespace std::chrono_literals;

namespace {

ForkServerOptions options() { return {.program = LANDWAITER_FORK_PROGRAM, .arguments = {}, .shared_bytes = 4096, .ready_time_max = 60s}; }

std::unique_ptr<ForkServer> started() { return ForkServer::start(options(), as_bytes("tests")).value(); }

/// What the child says next; "" when it is gone.
std::string heard(ForkedChild& child) {
  Bytes buffer(kMessageBytesMax);
  const auto received = child.socket.receive(buffer, 60s).value();
  REQUIRE(received.has_value());
  const ByteView message = ByteView(buffer).first(received->size_bytes);
  if (const auto end = child_end(message)) return end->text + (end->out_of_time ? ", out of time" : "");
  return std::string(as_text(message));
}

std::string ask(ForkServer& server, std::string_view order) {
  auto child = server.fork().value();
  REQUIRE(child.socket.send(as_bytes(order)).has_value());
  return heard(child);
}

}  // namespace

TEST_CASE("a fork server prepares once and answers to its setup", "[fork_server]") {
  CHECK(started()->answer() == "ready for tests");
  const auto failed = ForkServer::start(options(), as_bytes("fail"));
  REQUIRE(failed.has_error());
  CHECK(failed.error().code() == ErrorCode::configuration);
  CHECK(failed.error().message() == "asked to fail");
  const auto left = ForkServer::start(options(), as_bytes("leave"));
  REQUIRE(left.has_error());
  CHECK(left.error().code() == ErrorCode::unavailable);
  auto missing = options();
  missing.program = "/nonexistent/program";
  CHECK(ForkServer::start(missing, as_bytes("tests")).has_error());
}

TEST_CASE("children have their connection, shared memory, and nothing else of anybody", "[fork_server]") {
  ::setenv("LANDWAITER_TEST_SECRET", "canary", 1);
  const int ours = ::open("/dev/null", O_RDONLY);  // without close-on-exec
  auto server = started();
  auto sibling = server->fork().value();
  auto child = server->fork().value();
  child.memory.bytes()[0] = 41;
  REQUIRE(child.socket.send(as_bytes("shared")).has_value());
  CHECK(heard(child) == "done");
  CHECK(child.memory.bytes()[1] == 42);
  CHECK(sibling.memory.bytes()[1] == 0);

  const std::string descriptors = ask(*server, "descriptors");
  CHECK(descriptors.starts_with("0 1 2 "));
  CHECK(std::count(descriptors.begin(), descriptors.end(), ' ') == 3);
  CHECK(ask(*server, "environment").find("canary") == std::string::npos);
  ::close(ours);
  ::unsetenv("LANDWAITER_TEST_SECRET");
}

#ifdef LANDWAITER_ISOLATE_READERS  // not with sanitizers, whose runtime the sandbox stops
TEST_CASE("a confined child can compute and talk, and nothing else", "[fork_server][sandbox]") {
  auto server = started();
  const std::string forbidden = "Operation not permitted";
  for (const char* const order : {"open", "socket", "fork", "exec", "code", "share", "kill"}) {
    CAPTURE(order);
    CHECK(ask(*server, order) == forbidden);
  }
  CHECK(ask(*server, "some memory") == "done");
  CHECK(ask(*server, "much memory") == "no memory");
}
#endif

TEST_CASE("how a child ended is told on its connection", "[fork_server]") {
  auto server = started();
#ifdef LANDWAITER_ISOLATE_READERS
  CHECK(ask(*server, "spin") == "used up its CPU time (signal 24), out of time");
  CHECK(ask(*server, "abort") == "crashed (signal 11)");
#endif
  auto killed = server->fork().value();
  server->kill(killed.id);
  CHECK(heard(killed) == "was killed (signal 9)");
  CHECK(heard(killed).empty());
  server->kill(killed.id);
  CHECK(ask(*server, "pid") != "");
}

TEST_CASE("a heartbeat is sent while a child waits", "[fork_server]") {
  auto server = started();
  auto child = server->fork().value();
  REQUIRE(child.socket.send(as_bytes("beat")).has_value());
  CHECK(heard(child) == "b");
  CHECK(heard(child) == "b");
  REQUIRE(child.socket.send(as_bytes("wake")).has_value());
  CHECK(heard(child) == "woken");
}

TEST_CASE("children end with their server, and a server with its owner", "[fork_server]") {
  auto server = started();
  auto asked = server->fork().value();
  REQUIRE(asked.socket.send(as_bytes("pid")).has_value());
  const int child_of_it = std::stoi(heard(asked));
  CHECK(child_of_it > 0);
  auto waiting = server->fork().value();
  server.reset();
  CHECK(heard(waiting).empty());
}

TEST_CASE("a wait for a message ends with a wake, or in time", "[fork_server]") {
  auto [ours, theirs] = MessageSocket::make_pair().value();
  auto wake = WakeSignal::make().value();
  Bytes buffer(kMessageBytesMax);
  CHECK_FALSE(ours.receive(buffer, 0ms).value().has_value());
  CHECK_FALSE(ours.receive(buffer, 1ms).value().has_value());
  wake.wake();
  CHECK_FALSE(ours.receive(buffer, 60s, wake.descriptor()).value().has_value());
  const Bytes longest(kMessageBytesMax, 'x');
  REQUIRE(theirs.send(longest).has_value());
  CHECK(ours.receive(buffer, 60s).value()->size_bytes == longest.size());
  // Dropped, not waited for, when there is no room.
  for (int i = 0; i < 100; ++i) theirs.send_if_room(longest);
  CHECK(ours.receive(buffer, 60s).value()->size_bytes == longest.size());
  theirs.close();
  while (ours.receive(buffer, 60s).value()->size_bytes > 0) {
  }
  const auto sent = ours.send(longest);
  REQUIRE(sent.has_error());
  CHECK(sent.error().code() == ErrorCode::unavailable);
  CHECK(ours.send_within(longest, 60s).error().code() == ErrorCode::unavailable);
}

TEST_CASE("a message that nobody takes is given up in time, or with a wake", "[fork_server]") {
  auto [ours, theirs] = MessageSocket::make_pair().value();
  auto wake = WakeSignal::make().value();
  const Bytes longest(kMessageBytesMax, 'x');
  std::size_t sent = 0;
  while (ours.send_within(longest, 1ms).value()) ++sent;
  CHECK(sent > 0);
  wake.wake();
  CHECK_FALSE(ours.send_within(longest, 60s, wake.descriptor()).value());
  Bytes buffer(kMessageBytesMax);
  for (std::size_t i = 0; i < sent; ++i) CHECK(theirs.receive(buffer, 60s).value()->size_bytes == longest.size());
  CHECK(ours.send_within(longest, 60s).value());
}
