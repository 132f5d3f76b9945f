// SPDX-License-Identifier: Apache-2.0
// Bytes that are not the requests of a well-behaved client.
#include "tests/platform/support/test_platform.hpp"
#include "tests/support/catch.hpp"

namespace landwaiter::test {

TEST_CASE("http: what is no HTTP, or too large, is refused and the server goes on") {
  TestPlatform platform;
  const auto status = [&](const std::string& bytes) { return parse_reply(send_raw(platform.port, bytes)).status; };
  CHECK(status("nonsense\r\n\r\n") == 400);
  CHECK(status("GET http://elsewhere/ HTTP/1.1\r\nHost: x\r\n\r\n") == 400);
  CHECK(status("GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n") == 400);
  CHECK(status("GET /livez HTTP/1.1\r\nX: " + std::string(200'000, 'x') + "\r\n\r\n") == 431);
  CHECK(status("POST /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n") == 405);
  CHECK(status("GET /v3/../livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n") == 404);
  CHECK(status("POST /v3/jobs/acquire HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n") == 413);
  // Who has no token does not get to send a body at all.
  CHECK(status("POST /v3/jobs/acquire HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n") == 401);
  CHECK(status("POST /v3/tokens HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + platform.api_token +
               "\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFF\r\n" + std::string(2'000'000, ' ')) == 413);
  CHECK(status("GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n") == 200);
}

TEST_CASE("http: a connection serves several requests") {
  TestPlatform platform;
  const std::string both =
      send_raw(platform.port, "GET /livez HTTP/1.1\r\nHost: x\r\n\r\nGET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  CHECK(both.find("alive") != std::string::npos);
  CHECK(both.find("ready") != std::string::npos);
  CHECK(platform.call("GET", "/livez").status == 200);
  CHECK(platform.call("GET", "/readyz").status == 200);
}

TEST_CASE("http: a method that a path does not have is named with those it has") {
  TestPlatform platform;
  const Reply reply = platform.call("DELETE", "/v3/registries", nullptr, platform.api_token);
  CHECK(reply.status == 405);
  CHECK(reply.headers.at("allow") == "GET, POST");
  CHECK(platform.call("GET", "/v3/nothing", nullptr, platform.api_token).status == 404);
}

}  // namespace landwaiter::test
