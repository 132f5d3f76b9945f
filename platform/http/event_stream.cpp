// SPDX-License-Identifier: Apache-2.0
#include "platform/http/event_stream.hpp"

#include "core/base/encoding.hpp"

#include <openssl/rand.h>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

namespace landwaiter::platform {
namespace {

constexpr std::size_t kRunBytes = 6;

/// Names this life of the hub, so that nobody takes the ids of another one for its own.
std::string new_run() {
  std::array<std::uint8_t, kRunBytes> bytes{};
  RAND_bytes(bytes.data(), static_cast<int>(bytes.size()));
  return base64url_encode(bytes);
}

std::string event_text(const std::string& id, std::string_view topic, std::string_view data) {
  std::string text = "id: " + id + "\nevent: ";
  text.append(topic).append("\ndata: ");
  // A line's end would begin another field.
  for (const char c : data) text += c == '\n' || c == '\r' ? ' ' : c;
  return text + "\n\n";
}

}  // namespace

struct EventHub::State {
  State(boost::asio::any_io_executor on, EventLimits given) : executor(std::move(on)), limits(given) {}

  struct Event {
    std::uint64_t id = 0;
    std::string text;  ///< as it is sent
  };

  boost::asio::any_io_executor executor;
  EventLimits limits;
  std::string run = new_run();
  std::uint64_t last = 0;
  std::deque<Event> kept;
  std::map<std::string, std::size_t> by_peer;
  std::size_t streams = 0;
  std::map<const void*, boost::asio::steady_timer*> waiting;
  bool closed = false;

  std::string id_of(std::uint64_t number) const { return run + "-" + std::to_string(number); }
  /// What was the last that its caller got; nothing for an id of another life or one that is too long ago.
  std::optional<std::uint64_t> after(std::string_view last_event_id) const;
  void wake() const {
    for (const auto& [stream, timer] : waiting) timer->cancel();
  }
};

std::optional<std::uint64_t> EventHub::State::after(std::string_view last_event_id) const {
  if (!last_event_id.starts_with(run + "-")) return std::nullopt;
  last_event_id.remove_prefix(run.size() + 1);
  std::uint64_t number = 0;
  const auto read = std::from_chars(last_event_id.data(), last_event_id.data() + last_event_id.size(), number);
  if (read.ec != std::errc() || read.ptr != last_event_id.data() + last_event_id.size() || number > last) return std::nullopt;
  const bool all_kept = number == last || (!kept.empty() && kept.front().id <= number + 1);
  return all_kept ? std::optional(number) : std::nullopt;
}

class EventHub::Stream final : public BodyStream {
 public:
  Stream(std::shared_ptr<State> state, std::string peer, std::string_view last_event_id)
      : state_(std::move(state)), peer_(std::move(peer)), timer_(state_->executor), seen_(state_->last) {
    ++state_->streams;
    ++state_->by_peer[peer_];
    if (last_event_id.empty()) return;
    const auto known = state_->after(last_event_id);
    if (known) seen_ = *known;
    else greeting_ += event_text(state_->id_of(seen_), "reset", "{}");
  }

  ~Stream() override {
    state_->waiting.erase(this);
    --state_->streams;
    const auto at = state_->by_peer.find(peer_);
    if (--at->second == 0) state_->by_peer.erase(at);
  }

  bool endless() const override { return true; }

  Awaitable<std::string> next() override {
    // A first piece at once, so that the caller sees that it is heard.
    if (!greeting_.empty()) co_return std::exchange(greeting_, "");
    if (!state_->closed && seen_ == state_->last) {
      state_->waiting[this] = &timer_;
      boost::system::error_code woken;
      timer_.expires_after(state_->limits.heartbeat);
      co_await timer_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, woken));
      state_->waiting.erase(this);
    }
    if (state_->closed) co_return std::string();
    if (seen_ == state_->last) co_return std::string(": still here\n\n");
    co_return take();
  }

 private:
  std::string take() {
    std::string piece;
    // Who reads so slowly that some are dropped has to read everything again.
    if (!state_->kept.empty() && state_->kept.front().id > seen_ + 1) {
      seen_ = state_->last;
      return event_text(state_->id_of(seen_), "reset", "{}");
    }
    for (const State::Event& event : state_->kept) {
      if (event.id <= seen_) continue;
      if (!piece.empty() && piece.size() + event.text.size() > landwaiter::limits::body_piece_bytes) break;
      piece += event.text;
      seen_ = event.id;
    }
    return piece;
  }

  std::shared_ptr<State> state_;
  std::string peer_;
  boost::asio::steady_timer timer_;
  std::uint64_t seen_;
  std::string greeting_ = "retry: 3000\n\n";
};

EventHub::EventHub(boost::asio::any_io_executor executor, EventLimits limits)
    : state_(std::make_shared<State>(std::move(executor), limits)) {}

EventHub::~EventHub() { close(); }

void EventHub::publish(std::string_view topic, std::string_view data) {
  const std::uint64_t id = ++state_->last;
  state_->kept.push_back({id, event_text(state_->id_of(id), topic, data)});
  if (state_->kept.size() > state_->limits.events_kept) state_->kept.pop_front();
  state_->wake();
}

Response EventHub::open(const Request& request) {
  if (state_->closed) return problem(503, "the platform is stopping");
  if (state_->streams >= state_->limits.streams_max) return problem(503, "too many callers listen for events");
  const auto peer = state_->by_peer.find(request.peer);
  if (peer != state_->by_peer.end() && peer->second >= state_->limits.streams_per_peer_max)
    return problem(429, "too many callers of your address listen for events");
  Response response;
  response.content_type = "text/event-stream";
  // A proxy that collects an answer before it passes it on would keep the events.
  response.headers.emplace_back("X-Accel-Buffering", "no");
  response.body = std::make_unique<Stream>(state_, request.peer, request.header("last-event-id"));
  return response;
}

void EventHub::close() {
  state_->closed = true;
  state_->wake();
}

std::size_t EventHub::streams() const { return state_->streams; }

}  // namespace landwaiter::platform
