// SPDX-License-Identifier: Apache-2.0
#include "tests/platform/support/test_server.hpp"

#include "tests/support/catch.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include <future>
#include <utility>

namespace landwaiter::test {
namespace {

namespace asio = boost::asio;

class OneAnswer final : public platform::HttpApplication {
 public:
  explicit OneAnswer(Respond respond) : respond_(std::move(respond)) {}
  asio::awaitable<Verdict> admit(std::shared_ptr<platform::Request> head) override {
    head->caller = head->token.reveal();
    Verdict verdict;
    verdict.admission = std::make_shared<Taken>(respond_);
    co_return verdict;
  }

 private:
  struct Taken final : platform::Admission {
    explicit Taken(const Respond& how) : respond(how) {}
    std::uint64_t body_bytes_max() const override { return 1 << 20; }
    asio::awaitable<platform::Response> handle(std::shared_ptr<platform::Request> request) override { co_return respond(*request); }
    const Respond& respond;
  };
  Respond respond_;
};

}  // namespace

TestServer::TestServer(Respond respond, platform::HttpServerConfig config) : server_(io_, std::make_shared<OneAnswer>(std::move(respond))) {
  const auto started = server_.start(config);
  INFO((started ? std::string() : started.error().message()));
  REQUIRE(started.has_value());
  port = server_.port();
  thread_ = std::thread([this] { io_.run(); });
}

TestServer::~TestServer() {
  io_.stop();
  thread_.join();
}

void TestServer::on_thread(const std::function<void(platform::HttpServer&)>& work) {
  std::promise<void> done;
  asio::post(io_, [&] {
    work(server_);
    done.set_value();
  });
  done.get_future().wait();
}

std::size_t TestServer::connections() {
  std::size_t count = 0;
  on_thread([&](platform::HttpServer& server) { count = server.connections(); });
  return count;
}

platform::Response text_response(platform::Body body) {
  platform::Response response;
  response.content_type = "text/plain";
  response.body = std::move(body);
  return response;
}

platform::Response say_ok(const platform::Request&) { return text_response(std::string("ok")); }

Visitor::Visitor(std::uint16_t port) : socket_(io_) { socket_.connect({asio::ip::make_address("127.0.0.1"), port}); }

void Visitor::say(const std::string& bytes) {
  boost::system::error_code ignored;
  asio::write(socket_, asio::buffer(bytes), ignored);
}

std::size_t Visitor::read() {
  boost::system::error_code ended;
  return socket_.read_some(asio::buffer(buffer_), ended);
}

std::string Visitor::read_all() {
  std::string all;
  boost::system::error_code ended;
  asio::read(socket_, asio::dynamic_buffer(all), ended);
  return all;
}

std::string Visitor::read_until(const std::string& end) {
  std::string all;
  boost::system::error_code ended;
  asio::read_until(socket_, asio::dynamic_buffer(all), end, ended);
  return ended ? std::string() : all;
}

void Visitor::close() { socket_.close(); }

}  // namespace landwaiter::test
