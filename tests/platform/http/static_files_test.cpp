// SPDX-License-Identifier: Apache-2.0
#include "platform/http/static_files.hpp"

#include "tests/platform/support/http_client.hpp"
#include "tests/platform/support/test_platform.hpp"
#include "tests/platform/support/test_server.hpp"
#include "tests/support/catch.hpp"

#include <memory>
#include <string>

namespace landwaiter::test {
namespace {

using platform::coding_quality;
using platform::names_tag;
using platform::StaticFile;
using platform::StaticFiles;

std::shared_ptr<const std::string> shared(const char* text) { return std::make_shared<const std::string>(text); }

StaticFiles small_page() {
  StaticFile index{"/", "text/html; charset=utf-8", shared("<html>"), nullptr, nullptr, false};
  StaticFile script{"/assets/app-1a2b3c.js", "text/javascript", shared("let a = 1"), shared("BR"), shared("GZ"), true};
  return StaticFiles({index, script});
}

/// A server of the page; what is none of it is 404.
class Page {
 public:
  HttpReply get(const std::string& path, const std::string& fields = "", const std::string& method = "GET") {
    return parse_reply(send_raw(server_.port, method + " " + path + " HTTP/1.1\r\nHost: x\r\n" + fields + "Connection: close\r\n\r\n"));
  }

 private:
  static Respond respond() {
    const auto files = std::make_shared<const StaticFiles>(small_page());
    return [files](const platform::Request& request) {
      auto found = files->answer(request);
      return found ? *std::move(found) : platform::problem(404, "not found");
    };
  }
  TestServer server_{respond()};
};

}  // namespace

TEST_CASE("static files: a coding that the caller wants most, and knows") {
  CHECK(coding_quality("gzip, br", "br") == 1);
  CHECK(coding_quality("gzip;q=0.5, BR;q=0.2", "br") == 0.2);
  CHECK(coding_quality("gzip ; q=0.5", "gzip") == 0.5);
  CHECK(coding_quality("gzip", "br") == 0);
  CHECK(coding_quality("*", "br") == 1);
  CHECK(coding_quality("br;q=0, *", "br") == 0);
  CHECK(coding_quality("", "gzip") == 0);
  CHECK(coding_quality("", "identity") == 1);
  CHECK(coding_quality("*;q=0", "identity") == 0);
  CHECK(coding_quality("gzip;q=x", "gzip") == 0);
  CHECK(coding_quality("gzip;q=7", "gzip") == 1);

  Page served;
  const auto coding = [&](const std::string& accepted) {
    const HttpReply reply = served.get("/assets/app-1a2b3c.js", accepted.empty() ? "" : "Accept-Encoding: " + accepted + "\r\n");
    CHECK(reply.status == 200);
    CHECK(reply.headers.at("vary") == "Accept-Encoding");
    return (reply.headers.contains("content-encoding") ? reply.headers.at("content-encoding") + " " : std::string()) + reply.body;
  };
  CHECK(coding("") == "let a = 1");
  CHECK(coding("gzip") == "gzip GZ");
  CHECK(coding("gzip, deflate, br") == "br BR");
  CHECK(coding("gzip, br;q=0.5") == "gzip GZ");
  CHECK(coding("zstd") == "let a = 1");
}

TEST_CASE("static files: each representation has a tag of its own, and who has it gets no body") {
  Page served;
  const std::string path = "/assets/app-1a2b3c.js";
  const std::string plain = served.get(path).headers.at("etag");
  const std::string packed = served.get(path, "Accept-Encoding: br\r\n").headers.at("etag");
  CHECK(plain.starts_with('"'));
  CHECK(plain != packed);
  const auto known = [&](const std::string& tags, const std::string& more = "") {
    return served.get(path, "If-None-Match: " + tags + "\r\n" + more);
  };
  const HttpReply same = known(plain);
  CHECK(same.status == 304);
  CHECK(same.body.empty());
  CHECK(same.headers.at("etag") == plain);
  CHECK_FALSE(same.headers.contains("content-type"));
  CHECK(known("\"other\", W/" + plain).status == 304);
  CHECK(known("*").status == 304);
  CHECK(known(packed).status == 200);
  CHECK(known(packed, "Accept-Encoding: br\r\n").status == 304);
  CHECK_FALSE(names_tag("", "\"a\""));
  CHECK_FALSE(names_tag("\"ab\"", "\"a\""));
}

TEST_CASE("static files: what may be kept, and what a page may do") {
  Page served;
  CHECK(served.get("/assets/app-1a2b3c.js").headers.at("cache-control") == "public, max-age=31536000, immutable");
  const HttpReply index = served.get("/");
  CHECK(index.headers.at("cache-control") == "no-cache");
  CHECK(index.headers.at("content-type") == "text/html; charset=utf-8");
  CHECK(index.headers.at("content-security-policy").starts_with("default-src 'none'; script-src 'self'"));
  CHECK(index.headers.at("x-content-type-options") == "nosniff");
  CHECK(index.headers.at("referrer-policy") == "no-referrer");
  CHECK(index.headers.at("cross-origin-opener-policy") == "same-origin");
}

TEST_CASE("static files: HEAD tells the length and sends nothing") {
  Page served;
  const HttpReply reply = served.get("/assets/app-1a2b3c.js", "", "HEAD");
  CHECK(reply.status == 200);
  CHECK(reply.headers.at("content-length") == "9");
  CHECK(reply.body.empty());
  CHECK(served.get("/assets/app-1a2b3c.js", "", "POST").status == 404);
}

TEST_CASE("static files: a page's own paths get the page, and a missing file none") {
  Page served;
  for (const char* path : {"/scans", "/scans/7?tab=items", "/images/sha256:abc"}) CHECK(served.get(path).body == "<html>");
  for (const char* path : {"/v3", "/v3/scans", "/assets/gone-1.js", "/robots.txt", "/livez/x", "/metrics", "/../assets"}) {
    INFO(path);
    CHECK(served.get(path).status == 404);
  }
}

TEST_CASE("static files: a platform without a page says where the API is") {
  TestPlatform platform;
  const HttpReply reply = parse_reply(send_raw(platform.port, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
  CHECK(reply.status == 200);
  CHECK(reply.body.find("/v3/openapi.json") != std::string::npos);
  CHECK(parse_reply(send_raw(platform.port, "GET /scans HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")).status == 404);
}

}  // namespace landwaiter::test
