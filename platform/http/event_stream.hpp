// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/http/http.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace landwaiter::platform {

struct EventLimits {
  /// Each is a connection that stays open; a sensor's must find a place beside them.
  std::size_t streams_max = 512;
  std::size_t streams_per_peer_max = 16;
  /// Kept for who comes back: some minutes, as a topic has at most one a second. Who missed more reads everything again.
  std::size_t events_kept = 1024;
  /// Shorter than the patience of any proxy on the way; it also shows that a caller has gone.
  std::chrono::milliseconds heartbeat = std::chrono::seconds(15);
};

/// Server-sent events (text/event-stream) for any number of callers: hints that something has changed, which it is worth reading again.
/// Lives on the io thread.
class EventHub {
 public:
  explicit EventHub(boost::asio::any_io_executor executor, EventLimits limits = {});
  ~EventHub();
  EventHub(const EventHub&) = delete;
  EventHub& operator=(const EventHub&) = delete;

  /// To all streams. `topic` is a word of ours, `data` one line.
  void publish(std::string_view topic, std::string_view data);
  /// The answer that streams what is published from now on; after what its Last-Event-ID missed, or else an event `reset` if that is no
  /// longer known. 429 or 503 if there are too many streams.
  Response open(const Request& request);
  /// All streams end, and there will be no more.
  void close();
  std::size_t streams() const;

 private:
  struct State;
  class Stream;
  std::shared_ptr<State> state_;
};

}  // namespace landwaiter::platform
