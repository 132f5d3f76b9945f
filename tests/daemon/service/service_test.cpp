// SPDX-License-Identifier: Apache-2.0
#include "daemon/service/service.hpp"

#include "daemon/service/stop_signals.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"

#include <boost/asio/post.hpp>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <string>
#include <vector>

using namespace landwaiter;
using namespace landwaiter::daemon;

namespace {

/// What systemd listens on.
class NotifySocket {
 public:
  NotifySocket() : descriptor_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof(address.sun_path) - 1);
    REQUIRE(::bind(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
    ::setenv("NOTIFY_SOCKET", path_.c_str(), 1);
  }
  ~NotifySocket() {
    ::unsetenv("NOTIFY_SOCKET");
    ::close(descriptor_);
  }
  std::vector<std::string> heard() {
    std::vector<std::string> all;
    std::array<char, 512> text{};
    for (ssize_t size = 0; (size = ::recv(descriptor_, text.data(), text.size(), 0)) >= 0;) {
      all.emplace_back(text.data(), static_cast<std::size_t>(size));
    }
    return all;
  }

 private:
  test::TempDir folder_;
  std::string path_ = (folder_ / "notify").string();
  int descriptor_;
};

}  // namespace

TEST_CASE("systemd hears when the service is ready, alive and stopping", "[service]") {
  NotifySocket systemd;
  boost::asio::io_context io;
  const auto host = make_service_host(io);
  host->ready();
  host->alive("2 jobs running");
  host->stopping();
  CHECK(systemd.heard() == std::vector<std::string>{"READY=1", "WATCHDOG=1\nSTATUS=2 jobs running", "STOPPING=1"});
}

TEST_CASE("a host asks to stop by signals, again and again, until it is told to forget", "[service]") {
  for (const bool systemd : {false, true}) {
    std::optional<NotifySocket> socket;
    if (systemd) socket.emplace();
    boost::asio::io_context io;
    const auto host = make_service_host(io);
    int asked = 0;
    host->on_stop([&] {
      ++asked;
      if (asked == 1) std::raise(SIGTERM);
      if (asked == 2) host->forget_stop();
    });
    boost::asio::post(io, [] { std::raise(SIGINT); });
    io.run();
    CHECK(asked == 2);
    if (socket) CHECK(socket->heard().empty());
  }
}

TEST_CASE("after the first request a command can leave the second to the system", "[service]") {
  struct sigaction before {};
  struct sigaction after {};
  int asked = 0;
  boost::asio::io_context io;
  StopSignals signals(io.get_executor(), StopSignals::Second::ends_process, [&] { ++asked; });
  REQUIRE(::sigaction(SIGINT, nullptr, &before) == 0);
  CHECK(before.sa_handler != SIG_DFL);
  boost::asio::post(io, [] { std::raise(SIGINT); });
  io.run();
  REQUIRE(::sigaction(SIGINT, nullptr, &after) == 0);
  CHECK(asked == 1);
  CHECK(after.sa_handler == SIG_DFL);
}
