// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/dispatcher.hpp"
#include "platform/http/call.hpp"
#include "platform/http/http_server.hpp"
#include "platform/http/lane.hpp"
#include "platform/http/router.hpp"
#include "platform/http/static_files.hpp"
#include "platform/http/wakeup.hpp"
#include "platform/resources.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <array>
#include <functional>
#include <memory>
#include <optional>

namespace landwaiter::platform {

/// The life of a call: admitted by its token, prepared without the database, then a transaction on a lane; a long poll waits for a topic
/// to change and asks again. Lives on the io thread.
class Requests final : public HttpApplication, public std::enable_shared_from_this<Requests> {
 public:
  /// `changed` is told what a call has changed, when that is committed: for other processes.
  Requests(std::shared_ptr<Resources> resources, boost::asio::any_io_executor io, std::function<void(TopicSet)> changed);

  /// Holds rounds for those that wait for jobs, until stop().
  void start();
  boost::asio::awaitable<Verdict> admit(std::shared_ptr<Request> head) override;
  /// Wakes those that wait for these topics.
  void wake(TopicSet changes);
  /// The same, also in other processes.
  void publish(TopicSet changes);
  /// Long polls are answered.
  void stop();

 private:
  struct Admitted;
  struct Turn;
  struct JobWaiter;
  using AdmittedPtr = std::shared_ptr<Admitted>;
  using RequestPtr = std::shared_ptr<Request>;

  boost::asio::awaitable<Result<std::optional<Principal>>> find_principal(RequestPtr head);
  boost::asio::awaitable<Result<void>> prepare(RequestPtr request, AdmittedPtr admitted);
  boost::asio::awaitable<Turn> take_turn(RequestPtr request, AdmittedPtr admitted);
  boost::asio::awaitable<Response> answer(RequestPtr request, AdmittedPtr admitted);
  boost::asio::awaitable<Response> answer_by_turns(RequestPtr request, AdmittedPtr admitted);
  boost::asio::awaitable<Response> answer_in_rounds(RequestPtr request, AdmittedPtr admitted);
  boost::asio::awaitable<void> round(Dispatcher::Waiters waiters);
  boost::asio::awaitable<void> dispatch();
  boost::asio::awaitable<void> undo(Call::Undo what);
  void discard(AdmittedPtr admitted);
  Call make_call(const Request& request, const Admitted& admitted, Transaction* transaction) const;
  Wakeup& wakeup(Topic topic) { return wakeups_[static_cast<std::size_t>(topic)]; }

  std::shared_ptr<Resources> resources_;
  boost::asio::any_io_executor io_;
  std::function<void(TopicSet)> changed_;
  Router router_;
  StaticFiles files_;
  std::array<Wakeup, kTopics.size()> wakeups_;
  Dispatcher dispatcher_;
};

}  // namespace landwaiter::platform
