// SPDX-License-Identifier: Apache-2.0
#include "platform/http/door.hpp"

#include "platform/http/http_server.hpp"
#include "tests/platform/support/http_client.hpp"
#include "tests/platform/support/test_platform.hpp"
#include "tests/platform/support/test_server.hpp"
#include "tests/support/catch.hpp"

#include <sys/resource.h>

#include <boost/asio/ip/address.hpp>

#include <memory>
#include <string>
#include <vector>

namespace landwaiter::test {
namespace {

using boost::asio::ip::make_address;
using platform::AddressRange;
using platform::Door;
using platform::DoorConfig;
using platform::HttpServerConfig;

AddressRange range(const char* text) { return AddressRange::parse(text).value(); }
bool contains(const char* text, const char* address) { return range(text).contains(make_address(address)); }

std::shared_ptr<Door> door_for(std::size_t all, std::size_t per_peer, std::vector<AddressRange> trusted = {}) {
  DoorConfig config;
  config.trusted_proxies = std::move(trusted);
  config.connections_max = all;
  config.connections_per_peer_max = per_peer;
  return std::make_shared<Door>(config);
}

std::string asking(const std::string& fields = "") { return "GET /a HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n"; }
const std::string kClosing = asking("Connection: close\r\n");

HttpServerConfig with_door(std::size_t all, std::size_t per_peer = 1000, std::vector<AddressRange> trusted = {}) {
  HttpServerConfig config;
  config.door.connections_max = all;
  config.door.connections_per_peer_max = per_peer;
  config.door.trusted_proxies = std::move(trusted);
  config.first_request_timeout = std::chrono::hours(1);
  return config;
}

}  // namespace

TEST_CASE("door: ranges of addresses") {
  CHECK(contains("10.0.0.0/8", "10.255.0.1"));
  CHECK_FALSE(contains("10.0.0.0/8", "11.0.0.1"));
  CHECK(contains("192.0.2.128/25", "192.0.2.200"));
  CHECK_FALSE(contains("192.0.2.128/25", "192.0.2.1"));
  CHECK(contains("192.0.2.1", "192.0.2.1"));
  CHECK_FALSE(contains("192.0.2.1", "192.0.2.2"));
  CHECK(contains("192.0.2.0/24", "::ffff:192.0.2.7"));
  CHECK(contains("0.0.0.0/0", "8.8.8.8"));
  CHECK_FALSE(contains("0.0.0.0/0", "2001:db8::1"));
  CHECK(contains("fd00::/8", "fdff::1"));
  CHECK_FALSE(contains("fd00::/8", "fe80::1"));
  for (const char* wrong : {"", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8x", "host", "fd00::/129", "10.0.0/8", "10.0.0.0/-1"}) {
    CHECK_FALSE(AddressRange::parse(wrong));
  }
}

TEST_CASE("door: a peer has so many connections and no more, and loopback and trusted proxies any number") {
  const auto door = door_for(100, 2, {range("198.51.100.0/24")});
  std::vector<std::unique_ptr<Door::Seat>> seats;
  const auto enters = [&](const char* peer) {
    auto seat = door->enter(make_address(peer));
    const bool entered = seat != nullptr;
    if (entered) seats.push_back(std::move(seat));
    return entered;
  };
  CHECK(enters("192.0.2.1"));
  CHECK(enters("::ffff:192.0.2.1"));
  CHECK_FALSE(enters("192.0.2.1"));
  CHECK(enters("192.0.2.2"));
  // One customer has the whole network of 64 bits.
  CHECK(enters("2001:db8::1"));
  CHECK(enters("2001:db8::2"));
  CHECK_FALSE(enters("2001:db8::3"));
  CHECK(enters("2001:db8:0:1::1"));
  for (int i = 0; i < 5; ++i) CHECK((enters("127.0.0.1") && enters("::1") && enters("198.51.100.7")));
  seats.erase(seats.begin());
  CHECK(enters("192.0.2.1"));
  CHECK_FALSE(enters("192.0.2.1"));
}

TEST_CASE("door: for a newcomer the connection goes that waited longest, those with a token last") {
  const auto door = door_for(3, 10);
  std::string closed;
  const auto enter = [&](const char* name) {
    auto seat = door->enter(make_address("192.0.2.1"));
    REQUIRE(seat);
    seat->on_close([&closed, name] { closed += name; });
    return seat;
  };
  auto a = enter("a");
  auto b = enter("b");
  auto c = enter("c");
  a->known();
  b->waits(false);
  b->waits(true);  // after c now
  auto d = enter("d");
  CHECK(closed == "c");
  c.reset();
  d->waits(false);
  auto e = enter("e");
  CHECK(closed == "cb");
  b.reset();
  e->waits(false);
  auto f = enter("f");
  CHECK(closed == "cba");
  f->waits(false);
  CHECK_FALSE(door->enter(make_address("192.0.2.9")));  // all are busy, but for one that is leaving already
  CHECK(closed == "cba");
}

TEST_CASE("door: whom a trusted proxy names is the caller, and nobody else's word counts") {
  const auto door = door_for(10, 10, {range("10.0.0.0/8")});
  const auto caller = [&](const char* peer, const char* forwarded) {
    return door->caller(make_address(peer), false, forwarded, "https").address.to_string();
  };
  CHECK(caller("10.0.0.1", "192.0.2.1") == "192.0.2.1");
  CHECK(caller("10.0.0.1", "203.0.113.5, 192.0.2.1") == "192.0.2.1");
  CHECK(caller("10.0.0.1", "203.0.113.5, 192.0.2.1, 10.0.0.2") == "192.0.2.1");
  CHECK(caller("10.0.0.1", "10.0.0.3, 10.0.0.2") == "10.0.0.3");
  CHECK(caller("10.0.0.1", "[2001:db8::1]:4711") == "2001:db8::1");
  CHECK(caller("10.0.0.1", "192.0.2.1:4711") == "192.0.2.1");
  CHECK(caller("10.0.0.1", "") == "10.0.0.1");
  CHECK(caller("10.0.0.1", "unknown") == "10.0.0.1");
  CHECK(caller("10.0.0.1", "192.0.2.1, nonsense") == "10.0.0.1");
  CHECK(caller("192.0.2.9", "203.0.113.5") == "192.0.2.9");
  CHECK(door->caller(make_address("10.0.0.1"), false, "", "https").https);
  CHECK_FALSE(door->caller(make_address("10.0.0.1"), false, "", "http").https);
  CHECK_FALSE(door->caller(make_address("192.0.2.9"), false, "", "https").https);
  CHECK(door->caller(make_address("192.0.2.9"), true, "", "").https);
}

TEST_CASE("door: silent connections lock nobody out") {
  TestServer server(say_ok, with_door(20));
  std::vector<std::unique_ptr<Visitor>> silent;
  for (int i = 0; i < 110; ++i) {
    silent.push_back(std::make_unique<Visitor>(server.port));
    if (i % 2 == 0) silent.back()->say("GET / HT");
  }
  for (int i = 0; i < 30; ++i) CHECK(parse_reply(send_raw(server.port, kClosing)).status == 200);
  CHECK(silent.front()->read() == 0);
  CHECK(server.connections() <= 21);
}

TEST_CASE("door: silent connections do not push out who has a token") {
  TestServer server(say_ok, with_door(20));
  Visitor sensor(server.port);
  sensor.say(asking("Authorization: Bearer s\r\n"));
  REQUIRE_FALSE(sensor.read_until("ok").empty());
  std::vector<std::unique_ptr<Visitor>> silent;
  for (int i = 0; i < 110; ++i) silent.push_back(std::make_unique<Visitor>(server.port));
  CHECK(parse_reply(send_raw(server.port, kClosing)).status == 200);
  sensor.say(asking("Authorization: Bearer s\r\n"));
  CHECK_FALSE(sensor.read_until("ok").empty());
}

TEST_CASE("door: a connection that says nothing ends, and one with a token may think longer") {
  HttpServerConfig config = with_door(20);
  config.first_request_timeout = std::chrono::milliseconds(50);
  TestServer server(say_ok, config);
  Visitor silent(server.port);
  CHECK(silent.read() == 0);
  Visitor slow(server.port);
  slow.say("GET / HTTP/1.1\r\n");
  CHECK(slow.read() == 0);
  Visitor other(server.port);
  other.say(asking());
  CHECK_FALSE(other.read_until("ok").empty());
  CHECK(other.read() == 0);
  Visitor sensor(server.port);
  sensor.say(asking("Authorization: Bearer s\r\n"));
  REQUIRE_FALSE(sensor.read_until("ok").empty());
  Visitor later(server.port);
  CHECK(later.read() == 0);  // so much time has gone
  sensor.say(asking("Authorization: Bearer s\r\n"));
  CHECK_FALSE(sensor.read_until("ok").empty());
}

TEST_CASE("door: callers behind a trusted proxy have a limit each, and are told apart") {
  const auto say_peer = [](const platform::Request& got) { return text_response(got.peer + (got.https ? " https" : "")); };
  TestServer server(say_peer, with_door(20, 1, {range("127.0.0.1")}));
  const auto reply = [&](const std::string& fields) {
    return parse_reply(send_raw(server.port, asking(fields + "Connection: close\r\n")));
  };
  CHECK(reply("").body == "127.0.0.1");
  CHECK(reply("X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\n").body == "192.0.2.1 https");
  CHECK(reply("X-Forwarded-Proto: https\r\n").headers.at("strict-transport-security").starts_with("max-age="));
  CHECK_FALSE(reply("").headers.contains("strict-transport-security"));
  Visitor half(server.port);
  half.say("POST / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 192.0.2.1\r\nContent-Length: 2\r\n\r\n1");
  CHECK(becomes([&] { return reply("X-Forwarded-For: 192.0.2.1\r\n").status == 429; }));
  CHECK(reply("X-Forwarded-For: 192.0.2.2\r\n").status == 200);
  half.say("2");
  CHECK_FALSE(half.read_until("192.0.2.1").empty());
  CHECK(becomes([&] { return reply("X-Forwarded-For: 192.0.2.1\r\n").status == 200; }));
}

TEST_CASE("door: plain HTTP is for loopback, unless somebody answers for it") {
  const auto allowed = [](const char* address, auto change) {
    HttpServerConfig config;
    config.address = address;
    change(config);
    return platform::check_exposure(config).has_value();
  };
  const auto nothing = [](HttpServerConfig&) {};
  for (const char* inside : {"127.0.0.1", "127.1.2.3", "::1"}) CHECK(allowed(inside, nothing));
  for (const char* outside : {"0.0.0.0", "::", "192.0.2.1", "10.0.0.1"}) {
    CHECK_FALSE(allowed(outside, nothing));
    CHECK(allowed(outside, [](HttpServerConfig& config) { config.insecure_http = true; }));
    CHECK(allowed(outside, [](HttpServerConfig& config) { config.tls_certificate = config.tls_key = "x.pem"; }));
    CHECK(allowed(outside, [](HttpServerConfig& config) { config.door.trusted_proxies = {range("10.0.0.1")}; }));
  }
  HttpServerConfig open;
  open.address = "0.0.0.0";
  const auto refused = platform::check_exposure(open);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == ErrorCode::configuration);
  CHECK(refused.error().message().find("--insecure-http") != std::string::npos);
  CHECK_FALSE(allowed("localhost", nothing));
}

TEST_CASE("door: without descriptors the server goes on once there are some") {
  // UndefinedBehaviorSanitizer needs a descriptor to look at an object, and calls it broken when there is none.
#if defined(__has_feature)
#if __has_feature(undefined_behavior_sanitizer)
  return;
#endif
#endif
  TestServer server(say_ok, with_door(1000));
  REQUIRE(parse_reply(send_raw(server.port, kClosing)).status == 200);
  std::vector<std::unique_ptr<Visitor>> silent;
  silent.reserve(100);
  for (int i = 0; i < 20; ++i) silent.push_back(std::make_unique<Visitor>(server.port));
  REQUIRE(becomes([&] { return server.connections() == 20; }));
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  Visitor waiting(server.port);
  REQUIRE(becomes([&] { return server.connections() == 21; }));
  // No further descriptor in this process: what is open stays. The next caller's own is opened before.
  boost::asio::io_context io;
  boost::asio::ip::tcp::socket next(io, boost::asio::ip::tcp::v4());
  const rlimit none{static_cast<rlim_t>(next.native_handle()) + 1, before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  boost::system::error_code failed;
  next.connect({make_address("127.0.0.1"), server.port}, failed);
  CHECK_FALSE(failed);
  // The server gives up one that waits, and has a descriptor for it.
  CHECK(becomes([&] { return server.connections() < 21; }));
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  next.close();
  CHECK(parse_reply(send_raw(server.port, kClosing)).status == 200);
}

}  // namespace landwaiter::test
