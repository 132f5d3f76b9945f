// SPDX-License-Identifier: Apache-2.0
#include "platform/http/event_stream.hpp"

#include "tests/platform/support/http_client.hpp"
#include "tests/platform/support/test_platform.hpp"
#include "tests/platform/support/test_server.hpp"
#include "tests/support/catch.hpp"

#include <memory>
#include <string>
#include <vector>

namespace landwaiter::test {
namespace {

using platform::EventHub;
using platform::EventLimits;

/// A server of events, whose hub is used on the server's thread alone.
class Events {
 public:
  explicit Events(EventLimits limits = {}) : hub_(std::make_unique<EventHub>(server_.executor(), limits)) {}
  ~Events() {
    server_.on_thread([&](platform::HttpServer&) { hub_.reset(); });
  }
  Events(const Events&) = delete;
  Events& operator=(const Events&) = delete;

  void publish(const std::string& topic, const std::string& data) {
    server_.on_thread([&](platform::HttpServer&) { hub_->publish(topic, data); });
  }
  void close() {
    server_.on_thread([&](platform::HttpServer&) { hub_->close(); });
  }
  std::size_t streams() {
    std::size_t count = 0;
    server_.on_thread([&](platform::HttpServer&) { count = hub_->streams(); });
    return count;
  }
  std::unique_ptr<Visitor> listen(const std::string& last_event_id = "") {
    auto visitor = std::make_unique<Visitor>(server_.port);
    visitor->say("GET /events HTTP/1.1\r\nHost: x\r\n" + (last_event_id.empty() ? "" : "Last-Event-ID: " + last_event_id + "\r\n") +
                 "Connection: close\r\n\r\n");
    return visitor;
  }

 private:
  TestServer server_{[this](const platform::Request& request) { return hub_->open(request); }};
  std::unique_ptr<EventHub> hub_;
};

std::string id_in(const std::string& text) {
  const std::size_t at = text.rfind("id: ");
  REQUIRE(at != std::string::npos);
  return text.substr(at + 4, text.find('\n', at) - at - 4);
}

}  // namespace

TEST_CASE("events: each listener hears what is published, in order") {
  Events events;
  const auto first = events.listen();
  const std::string head = first->read_until("retry: 3000\n\n");
  CHECK(head.find("text/event-stream") != std::string::npos);
  const auto second = events.listen();
  REQUIRE_FALSE(second->read_until("retry").empty());
  events.publish("scans", "{\"id\":1}");
  events.publish("sensors", "two\nlines");
  for (Visitor* const listener : {first.get(), second.get()}) {
    const std::string heard = listener->read_until("data: two lines\n\n");
    CHECK(heard.find("event: scans\ndata: {\"id\":1}\n\n") != std::string::npos);
  }
}

TEST_CASE("events: who comes back hears what it missed") {
  Events events;
  auto listener = events.listen();
  REQUIRE_FALSE(listener->read_until("retry").empty());
  events.publish("scans", "1");
  const std::string id = id_in(listener->read_until("data: 1\n\n"));
  listener->close();
  events.publish("scans", "2");
  events.publish("scans", "3");
  listener = events.listen(id);
  const std::string heard = listener->read_until("data: 3\n\n");
  CHECK(heard.find("data: 2\n\n") != std::string::npos);
  CHECK(heard.find("data: 1\n\n") == std::string::npos);
  CHECK(heard.find("reset") == std::string::npos);
}

TEST_CASE("events: who missed too much, or comes from another life, reads everything again") {
  EventLimits limits;
  limits.events_kept = 2;
  Events events(limits);
  auto listener = events.listen();
  REQUIRE_FALSE(listener->read_until("retry").empty());
  events.publish("scans", "1");
  const std::string old = id_in(listener->read_until("data: 1\n\n"));
  for (const char* data : {"2", "3", "4"}) events.publish("scans", data);
  for (const std::string& unknown : {old, std::string("other-1"), std::string("1"), old + "0", std::string("x")}) {
    INFO(unknown);
    listener = events.listen(unknown);
    CHECK_FALSE(listener->read_until("event: reset\n").empty());
  }
}

TEST_CASE("events: a silent stream says that it lives, and notices who has left") {
  EventLimits limits;
  limits.heartbeat = std::chrono::milliseconds(10);
  Events events(limits);
  auto listener = events.listen();
  CHECK_FALSE(listener->read_until(": still here\n\n").empty());
  CHECK(events.streams() == 1);
  listener->close();
  CHECK(becomes([&] { return events.streams() == 0; }));
}

TEST_CASE("events: so many listeners of one address, and so many in all") {
  EventLimits limits;
  limits.streams_per_peer_max = 2;
  Events events(limits);
  std::vector<std::unique_ptr<Visitor>> listeners;
  for (int i = 0; i < 2; ++i) {
    listeners.push_back(events.listen());
    REQUIRE_FALSE(listeners.back()->read_until("retry").empty());
  }
  CHECK(parse_reply(events.listen()->read_all()).status == 429);
  limits.streams_max = 0;
  Events full(limits);
  CHECK(parse_reply(full.listen()->read_all()).status == 503);
}

TEST_CASE("events: streams end whole when the hub closes, and no new one begins") {
  Events events;
  const auto listener = events.listen();
  REQUIRE_FALSE(listener->read_until("retry: 3000\n\n\r\n").empty());
  events.close();
  CHECK(listener->read_all().ends_with("0\r\n\r\n"));
  CHECK(events.streams() == 0);
  CHECK(parse_reply(events.listen()->read_all()).status == 503);
}

}  // namespace landwaiter::test
