// SPDX-License-Identifier: Apache-2.0
#include "platform/notifier.hpp"

#include "core/base/log.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>

#include <array>
#include <chrono>
#include <utility>

namespace landwaiter::platform {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

/// At most one in so long, for all that a process changes.
constexpr auto kInterval = 50ms;
constexpr auto kReconnectPause = 2s;
constexpr std::string_view kProof = "proof";
constexpr std::array<std::pair<Topic, std::string_view>, kTopics.size()> kNames{{{Topic::jobs, "jobs"}, {Topic::layers, "layers"}}};

/// "PROCESS WORD ..."
std::string payload_of(const std::string& process, TopicSet topics) {
  std::string text = process;
  for (const auto& [topic, name] : kNames) {
    if (topics.has(topic)) text += ' ' + std::string(name);
  }
  return text;
}

bool has_word(std::string_view text, std::string_view word) {
  const std::size_t at = text.find(' ' + std::string(word));
  return at != std::string_view::npos && (at + 1 + word.size() == text.size() || text[at + 1 + word.size()] == ' ');
}

TopicSet topics_in(std::string_view payload) {
  TopicSet topics;
  for (const auto& [topic, name] : kNames) {
    if (has_word(payload, name)) topics.add(topic);
  }
  return topics;
}

TopicSet all_of_them() {
  TopicSet all;
  for (const auto& [topic, name] : kNames) all.add(topic);
  return all;
}

}  // namespace

Notifier::Notifier(asio::any_io_executor io, Config config, std::function<void(TopicSet)> heard)
    : io_(io), config_(std::move(config)), heard_(std::move(heard)), between_(io), proof_(io) {
  lane_.emplace(LaneOptions{.name = "notify", .threads = 1, .waiting_max = 4, .wait_max = 2s}, config_.connect);
}

void Notifier::end() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  ended_now_.notify_all();
  listening_.stop();
  if (thread_.joinable()) thread_.join();
  lane_.reset();
}

void Notifier::start() {
  thread_ = std::thread([this] { listen_until_end(); });
}

void Notifier::stop() {
  stopping_ = true;
  between_.wake();
  proof_.wake();
}

void Notifier::publish(TopicSet changes) {
  pending_.add(changes);
  if (pending_.empty() || sending_ || stopping_) return;
  sending_ = true;
  asio::co_spawn(io_, send_pending(), asio::detached);
}

asio::awaitable<void> Notifier::send_pending() {
  const auto self = shared_from_this();
  while (!pending_.empty() && !stopping_) {
    std::string payload = payload_of(config_.process, std::exchange(pending_, TopicSet()));
    co_await send(std::move(payload));
    co_await between_.sleep(kInterval);
  }
  sending_ = false;
}

asio::awaitable<bool> Notifier::send(std::string payload) {
  Lane::Body notify = [payload = std::move(payload)](Transaction& transaction) -> Result<void> {
    transaction.run("SELECT pg_notify(?,?)", {kChannel, payload});
    return {};
  };
  auto sent = co_await lane_->run(storage::Access::light_write, std::move(notify));
  co_return sent.has_value();
}

/// A listener that is connected may still hear nothing.
asio::awaitable<void> Notifier::prove() {
  const auto self = shared_from_this();
  hears_ = false;
  std::string payload = config_.process + ' ' + std::string(kProof);
  const bool sent = co_await send(std::move(payload));
  if (!hears_ && !stopping_) co_await proof_.sleep(config_.proof_time);
  if (hears_ || stopping_ || !sent) co_return;
  log_event(LogLevel::warning, "notifications of other processes do not come through, so it looks for their changes every second",
            {{"perhaps", "a pooler stands before the database; give an address without it"}});
}

void Notifier::take(const std::string& payload) {
  if (payload.starts_with(config_.process + ' ')) {
    if (!has_word(payload, kProof)) return;
    hears_ = true;
    proof_.wake();
    return;
  }
  const TopicSet topics = topics_in(payload);
  if (!topics.empty()) heard_(topics);
}

void Notifier::on_io(std::function<void(Notifier&)> what) {
  asio::post(io_, [weak = weak_from_this(), what = std::move(what)] {
    const auto self = weak.lock();
    if (self && !self->stopping_) what(*self);
  });
}

void Notifier::listen_until_end() {
  bool told = false;
  while (!ended_) {
    auto listener = config_.listen();
    if (listener) {
      told = false;
      on_io([](Notifier& self) {
        self.heard_(all_of_them());  // what came meanwhile
        asio::co_spawn(self.io_, self.prove(), asio::detached);
      });
      listen_while_connected(**listener);
    } else if (!std::exchange(told, true)) {
      log_event(LogLevel::warning, "notifications of other processes cannot be heard", {{"error", listener.error().message()}});
    }
    std::unique_lock lock(mutex_);
    ended_now_.wait_for(lock, kReconnectPause, [this] { return ended_.load(); });
  }
}

void Notifier::listen_while_connected(storage::PostgresListener& listener) {
  asio::posix::stream_descriptor socket(listening_, listener.socket());
  // The socket is the listener's.
  const std::shared_ptr<void> leave(nullptr, [&](void*) { socket.release(); });
  while (!ended_) {
    auto came = listener.heard();
    if (!came) return;
    for (std::string& payload : *came) {
      on_io([payload = std::move(payload)](Notifier& self) { self.take(payload); });
    }
    listening_.restart();
    if (ended_) return;
    socket.async_wait(asio::posix::stream_descriptor::wait_read, [](const boost::system::error_code&) {});
    listening_.run();
  }
}

}  // namespace landwaiter::platform
