// SPDX-License-Identifier: Apache-2.0
// Attacks that worked on other registry clients, by their known names. Each test fails if its defense is removed. Names "*.example" are
// played by a transport in memory, since credentials are treated otherwise between loopback addresses.
#include "core/base/encoding.hpp"
#include "core/base/limits.hpp"
#include "registry/client/blob_reader.hpp"
#include "registry/client/client.hpp"
#include "registry/http/transport.hpp"
#include "registry/sources/docker_archive.hpp"
#include "registry/sources/oci_layout.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/image_builder.hpp"
#include "tests/support/run_awaitable.hpp"
#include "tests/support/scripted_server.hpp"
#include "tests/support/temp_dir.hpp"

#include <algorithm>

using namespace landwaiter;
using namespace landwaiter::registry;
using namespace landwaiter::test;

namespace {

const std::string kAny = "sha256:" + std::string(64, 'a');
const std::string kManifest = R"({"schemaVersion":2,"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":")" + kAny +
                              R"(","size":2},"layers":[]})";
constexpr const char* kMetadata = "169.254.169.254";

struct Reply {
  int status = 200;
  std::vector<Header> headers = {};
  std::string body = {};
};

class MemoryResponse final : public HttpResponse {
 public:
  explicit MemoryResponse(Reply answer) : answer_(std::move(answer)) {}
  int status() const override { return answer_.status; }
  std::optional<std::string> header(std::string_view name) const override {
    const auto all = headers(name);
    return all.empty() ? std::nullopt : std::optional(all.front());
  }
  std::vector<std::string> headers(std::string_view name) const override {
    std::vector<std::string> out;
    for (const Header& header : answer_.headers) {
      if (header.name == name) out.push_back(header.value);
    }
    return out;
  }
  std::optional<std::uint64_t> content_length() const override { return answer_.body.size(); }
  Awaitable<std::size_t> read(std::span<std::uint8_t> buffer) override {
    const std::size_t size = std::min(buffer.size(), answer_.body.size() - offset_);
    std::copy_n(answer_.body.begin() + static_cast<std::ptrdiff_t>(offset_), size, buffer.begin());
    offset_ += size;
    co_return size;
  }

 private:
  Reply answer_;
  std::size_t offset_ = 0;
};

struct Seen {
  std::string url;
  std::string authorization;
  bool foreign_host = false;
};

/// Any host's answers, and all that was sent to whom.
class MemoryTransport final : public Transport {
 public:
  explicit MemoryTransport(std::function<Reply(const Seen&)> handler) : handler_(std::move(handler)) {}
  Awaitable<std::unique_ptr<HttpResponse>> send(HttpRequest request) override {
    Seen one{request.url, "", request.foreign_host};
    for (const SecretHeader& header : request.secret_headers) one.authorization = header.value.reveal();
    seen.push_back(one);
    std::unique_ptr<HttpResponse> out = std::make_unique<MemoryResponse>(handler_(one));
    co_return out;
  }
  std::size_t count(const std::string& text) const {
    return static_cast<std::size_t>(std::ranges::count_if(seen, [&](const Seen& one) { return one.url.find(text) != std::string::npos; }));
  }
  std::vector<Seen> seen;

 private:
  std::function<Reply(const Seen&)> handler_;
};

struct Session {
  Session(std::shared_ptr<Transport> transport, const std::string& host) { open(std::move(transport), host); }
  explicit Session(const ScriptedServer& server) { open(make_transport(io.get_executor(), {}), server.host()); }
  void open(std::shared_ptr<Transport> transport, const std::string& host) {
    Endpoint endpoint = Endpoint::parse(host).value();
    endpoint.credentials = Credentials::from_login("user", Secret("pass-w0rd-77"), Secret());
    client = std::make_shared<Client>(std::move(transport), endpoint, clock);
  }
  template <class T>
  T run(boost::asio::awaitable<T> operation) {
    return run_awaitable(io, std::move(operation));
  }
  Result<std::string> blob(const Descriptor& descriptor) { return run(Client::repository_source(client, "a")->small_blob(descriptor)); }

  boost::asio::io_context io;
  RealClock clock;
  std::shared_ptr<Client> client;
};

Descriptor descriptor_of(const std::string& content) {
  Descriptor out;
  out.digest = Digest::sha256_of(as_bytes(content));
  out.size_bytes = content.size();
  return out;
}

ScriptedResponse status(int code, std::vector<std::pair<std::string, std::string>> headers = {}, std::string body = "") {
  ScriptedResponse out;
  out.status = code;
  out.headers = std::move(headers);
  out.body = std::move(body);
  return out;
}

std::string bearer(const std::string& realm) { return "Bearer realm=\"" + realm + "\",service=\"s\""; }
std::string basic_header() { return "Basic " + base64_encode(as_bytes("user:pass-w0rd-77")); }
bool mentions(const Error& error, const std::string& text) { return error.message().find(text) != std::string::npos; }

}  // namespace

TEST_CASE("security: a foreign layer's URL is never asked, and gets no credentials (CVE-2020-15157)", "[security]") {
  ScriptedServer elsewhere([&](const ScriptedRequest&) { return status(401, {{"WWW-Authenticate", bearer("/steal")}}); });
  const std::string manifest =
      R"({"schemaVersion":2,"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":")" + kAny +
      R"(","size":2},"layers":[{"mediaType":"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip","digest":")" + kAny +
      R"(","size":5,"urls":[")" + elsewhere.url() + R"(/layer"]}]})";
  ScriptedServer server([&](const ScriptedRequest& request) {
    if (request.header("authorization").empty()) return status(401, {{"WWW-Authenticate", "Basic realm=\"x\""}});
    return request.path() == "/v2/a/manifests/1" ? status(200, {}, manifest) : status(404);
  });
  Session session(server);
  auto document = session.run(session.client->manifest("a", "1"));
  REQUIRE(document.has_value());
  REQUIRE(document->image->layers.at(0).foreign);
  auto blob = session.run(session.client->open_blob("a", document->image->layers[0]));
  REQUIRE(blob.has_error());
  CHECK(blob.error().code() == ErrorCode::not_found);
  CHECK(elsewhere.requests().empty());
}

TEST_CASE("security: a host that a blob is redirected to and that answers 401 with a realm gets no credentials (GHSA-qvqc-4c52-x6qp)",
          "[security]") {
  ScriptedServer elsewhere([&](const ScriptedRequest&) { return status(401, {{"WWW-Authenticate", bearer("/steal")}}); });
  ScriptedServer server([&](const ScriptedRequest&) { return status(307, {{"Location", elsewhere.url() + "/layer"}}); });
  Session session(server);
  auto got = session.blob(descriptor_of("layer"));
  REQUIRE(got.has_error());
  CHECK(got.error().code() == ErrorCode::unauthorized);
  REQUIRE(elsewhere.requests().size() == 1);
  CHECK(elsewhere.requests()[0].path() == "/layer");
  CHECK(elsewhere.requests()[0].header("authorization").empty());
}

TEST_CASE("security: a realm that is a metadata or another local address gets nothing (GHSA-xf85-363p-868w)", "[security]") {
  for (const char* realm : {"https://169.254.169.254/t", "https://127.0.0.1/t", "https://localhost/t", "https://[::1]/t",
                            "https://0.0.0.0/t", "https://[::ffff:169.254.169.254]/t", "https://[fe80::1]/t"}) {
    INFO(realm);
    const auto wire = std::make_shared<MemoryTransport>([&](const Seen&) { return Reply{401, {{"WWW-Authenticate", bearer(realm)}}, ""}; });
    Session session(wire, "registry.example");
    auto got = session.run(session.client->manifest("a", "1"));
    REQUIRE(got.has_error());
    CHECK(got.error().code() == ErrorCode::malformed);
    CHECK(wire->seen.size() == 1);
  }
}

TEST_CASE("security: a realm never takes credentials from https to http (GHSA-9m43-p3cx-w8j5)", "[security]") {
  for (const char* host : {"https://registry.example", "http://registry.example"}) {
    for (const char* realm : {"http://auth.example/t", "http://registry.example/t"}) {
      INFO(host << " " << realm);
      const auto wire = std::make_shared<MemoryTransport>([&](const Seen& seen) {
        if (seen.url.find("/t") != std::string::npos) return Reply{200, {}, R"({"token":"t"})"};
        return Reply{seen.authorization == "Bearer t" ? 200 : 401, {{"WWW-Authenticate", bearer(realm)}}, kManifest};
      });
      Session session(wire, host);
      auto got = session.run(session.client->manifest("a", "1"));
      // The registry's own realm is reached the way the registry is; another host's must be https.
      const bool own = std::string(realm) == "http://registry.example/t";
      CHECK(got.has_value() == own);
      CHECK(wire->count("/t?") == (own ? 1 : 0));
      for (const Seen& seen : wire->seen) CHECK(seen.url.starts_with(std::string(host) + '/'));
    }
  }
}

TEST_CASE("security: a token service that redirects to a metadata address is not followed (go-containerregistry PR 2292)", "[security]") {
  const auto wire = std::make_shared<MemoryTransport>([&](const Seen& seen) {
    if (seen.url.starts_with("https://auth.example/"))
      return Reply{307, {{"Location", std::string("http://") + kMetadata + "/latest"}}, ""};
    if (seen.url.find(kMetadata) != std::string::npos) return Reply{200, {}, R"({"token":"t"})"};
    return Reply{401, {{"WWW-Authenticate", bearer("https://auth.example/token")}}, ""};
  });
  Session session(wire, "registry.example");
  CHECK(session.run(session.client->manifest("a", "1")).has_error());
  CHECK(wire->count("https://auth.example/token") == 1);
  CHECK(wire->count(kMetadata) == 0);
}

TEST_CASE("security: a name that resolves to a local address is refused when it is connected to", "[security]") {
  // The client asks for the check with the realm and with hosts of redirects, and not with the registry itself ...
  const std::string content = "layer";
  const auto wire = std::make_shared<MemoryTransport>([&](const Seen& seen) {
    if (seen.url.starts_with("https://auth.example/")) return Reply{200, {}, R"({"token":"t"})"};
    if (seen.url.starts_with("https://storage.example/")) return Reply{200, {}, content};
    if (seen.authorization != "Bearer t") return Reply{401, {{"WWW-Authenticate", bearer("https://auth.example/token")}}, ""};
    return Reply{307, {{"Location", "https://storage.example/layer"}}, ""};
  });
  Session session(wire, "registry.example");
  CHECK(session.blob(descriptor_of(content)).has_value());
  REQUIRE(wire->seen.size() == 4);
  for (const Seen& seen : wire->seen) CHECK(seen.foreign_host == !seen.url.starts_with("https://registry.example/"));
  // ... and the transport checks the address behind a name.
  ScriptedServer server([](const ScriptedRequest&) { return status(200); });
  boost::asio::io_context io;
  HttpRequest request;
  request.url = "http://localhost:" + std::to_string(server.port()) + "/";
  request.foreign_host = true;
  auto refused = run_awaitable(io, make_transport(io.get_executor(), {})->send(request));
  REQUIRE(refused.has_error());
  CHECK(refused.error().code() == ErrorCode::malformed);
  CHECK(server.connections() == 0);
}

TEST_CASE("security: credentials dropped at a redirect to another host do not come back (go-containerregistry PR 2349)", "[security]") {
  const std::string content = "layer";
  for (const bool by_token : {false, true}) {
    INFO(by_token);
    const std::string wanted = by_token ? "Bearer t" : basic_header();
    const auto wire = std::make_shared<MemoryTransport>([&](const Seen& seen) {
      if (seen.url.starts_with("https://registry.example/token")) return Reply{200, {}, R"({"token":"t"})"};
      if (seen.url == "https://registry.example/back") return Reply{200, {}, content};
      if (seen.url.starts_with("https://storage.example/")) return Reply{302, {{"Location", "https://registry.example/back"}}, ""};
      if (seen.authorization == wanted) return Reply{307, {{"Location", "https://storage.example/layer"}}, ""};
      return Reply{401, {{"WWW-Authenticate", by_token ? bearer("/token") : "Basic"}}, ""};
    });
    Session session(wire, "registry.example");
    CHECK(session.blob(descriptor_of(content)).has_value());
    REQUIRE(wire->count("storage.example") == 1);
    REQUIRE(wire->count("/back") == 1);
    for (const Seen& seen : wire->seen) {
      if (seen.url.find("storage.example") != std::string::npos || seen.url.ends_with("/back")) CHECK(seen.authorization.empty());
    }
  }
}

TEST_CASE("security: a redirect to a metadata address or from https to http is refused", "[security]") {
  for (const char* target : {"http://169.254.169.254/x", "https://169.254.169.254/x", "http://storage.example/x", "https://[::1]/x"}) {
    INFO(target);
    const auto wire = std::make_shared<MemoryTransport>([&](const Seen&) { return Reply{307, {{"Location", target}}, ""}; });
    Session session(wire, "registry.example");
    auto got = session.blob(descriptor_of("x"));
    REQUIRE(got.has_error());
    CHECK(got.error().code() == ErrorCode::malformed);
    CHECK(wire->seen.size() == 1);
  }
}

TEST_CASE("security: a Link to another host is not followed (GHSA-h7vf-4x9w-h99v)", "[security]") {
  ScriptedServer elsewhere([&](const ScriptedRequest&) { return status(200, {}, R"({"repositories":["x"]})"); });
  std::string link;
  ScriptedServer server([&](const ScriptedRequest&) {
    return status(200, {{"Link", "<" + link + ">; rel=\"next\""}}, R"({"repositories":["a"],"tags":["1"]})");
  });
  Session session(server);
  for (const std::string& bad :
       {elsewhere.url() + "/v2/_catalog?last=a", "//" + elsewhere.host() + "/v2/", "https://" + server.host() + "/v2/"}) {
    INFO(bad);
    link = bad;
    // What the first page holds counts; the page that it leads to is refused.
    auto catalog = session.run(session.client->catalog(""));
    REQUIRE(catalog.has_value());
    CHECK(session.run(session.client->catalog(catalog->next)).error().code() == ErrorCode::malformed);
    auto tags = session.run(session.client->tags("a", ""));
    REQUIRE(tags.has_value());
    CHECK(session.run(session.client->tags("a", tags->next)).error().code() == ErrorCode::malformed);
  }
  // A cursor that somebody kept is no way out either.
  CHECK(session.run(session.client->catalog(elsewhere.url() + "/v2/_catalog")).has_error());
  CHECK(elsewhere.requests().empty());
}

TEST_CASE("security: a page that links to itself, and pages in a circle or without end, end (GHSA-298f-872v-2rcx)", "[security]") {
  ScriptedServer server([&](const ScriptedRequest& request) {
    const std::string next = request.target == "/v2/_catalog?last=a" ? "/v2/_catalog?last=b" : "/v2/_catalog?last=a";
    const std::string link = request.path() == "/v2/a/tags/list" ? request.target : next;
    return status(200, {{"Link", "<" + link + ">; rel=\"next\""}}, R"({"repositories":["a"],"tags":["1"]})");
  });
  Session session(server);
  auto tags = session.run(session.client->tags("a", ""));
  REQUIRE(tags.has_value());
  CHECK(session.run(session.client->tags("a", tags->next)).error().code() == ErrorCode::malformed);
  PageGuard guard;
  std::string cursor;
  std::optional<Error> ended;
  for (int pages = 0; pages < 10 && !ended; ++pages) {
    auto page = session.run(session.client->catalog(cursor));
    if (!page) {
      ended = page.error();
      break;
    }
    cursor = page->next;
    if (auto fresh = guard.follow(cursor); !fresh) ended = fresh.error();
  }
  REQUIRE(ended.has_value());
  CHECK(ended->code() == ErrorCode::malformed);

  PageGuard endless;
  Result<void> last;
  for (std::size_t i = 0; i <= limits::pages_max && last; ++i) last = endless.follow("page " + std::to_string(i));
  REQUIRE(last.has_error());
  CHECK(last.error().code() == ErrorCode::limit_exceeded);
}

TEST_CASE("security: a pinned digest that returns other bytes is a mismatch, whatever headers say (CVE-2025-24882)", "[security]") {
  const Digest pinned = Digest::sha256_of(as_bytes(kManifest));
  const std::string other = kManifest + " ";
  ScriptedServer server([&](const ScriptedRequest& request) {
    if (request.path().find("/blobs/") != std::string::npos) return status(200, {{"Docker-Content-Digest", pinned.str()}}, "layeR");
    return status(200, {{"Docker-Content-Digest", pinned.str()}}, other);
  });
  Session session(server);
  auto got = session.run(session.client->manifest("a", pinned.str()));
  REQUIRE(got.has_error());
  CHECK(got.error().code() == ErrorCode::digest_mismatch);
  // By tag the body is what counts: many registries get the header wrong.
  auto tagged = session.run(session.client->manifest("a", "1"));
  REQUIRE(tagged.has_value());
  CHECK(tagged->digest == Digest::sha256_of(as_bytes(other)));
  auto blob = session.blob(descriptor_of("layer"));
  REQUIRE(blob.has_error());
  CHECK(blob.error().code() == ErrorCode::digest_mismatch);
}

TEST_CASE("security: a manifest pinned by sha512 is proven by sha512", "[security]") {
  Hasher hasher(Digest::Algorithm::sha512);
  hasher.update(as_bytes(kManifest));
  const Digest pinned = hasher.finish();
  std::string body = kManifest;
  ScriptedServer server([&](const ScriptedRequest&) { return status(200, {}, body); });
  Session session(server);
  auto good = session.run(session.client->manifest("a", pinned.str()));
  REQUIRE(good.has_value());
  CHECK(good->digest == pinned);
  body += " ";
  CHECK(session.run(session.client->manifest("a", pinned.str())).error().code() == ErrorCode::digest_mismatch);
}

TEST_CASE("security: a digest that would lead elsewhere in a path is no digest (CVE-2024-3727)", "[security]") {
  TempDir folder;
  write_file(folder / "secret", "not for you");
  const std::vector<std::string> bad{"sha256:../../../secret",
                                     "sha256:" + std::string(64, '/'),
                                     "sha256:" + std::string(63, 'a') + "/",
                                     "../" + kAny,
                                     kAny + "/..",
                                     "sha256:",
                                     "sha1:" + std::string(40, 'a'),
                                     "sha256:" + std::string(64, 'A'),
                                     kAny + "\n"};
  ScriptedServer server([&](const ScriptedRequest&) { return status(200, {}, kManifest); });
  Session session(server);
  for (const std::string& digest : bad) {
    INFO(digest);
    CHECK(Digest::parse(digest).has_error());
    CHECK(session.run(session.client->manifest("a", digest)).error().code() == ErrorCode::invalid_argument);
    std::string layers = kManifest;
    layers.replace(layers.find(kAny), kAny.size(), digest == kAny + "\n" ? kAny + "\\n" : digest);
    CHECK(parse_manifest(layers, "", Digest()).error().code() == ErrorCode::malformed);
  }
  CHECK(server.requests().empty());
  std::filesystem::create_directories(folder / "layout/blobs/sha256");
  write_file(folder / "layout/oci-layout", R"({"imageLayoutVersion":"1.0.0"})");
  write_file(folder / "layout/index.json", R"({"manifests":[{"digest":"sha256:../../../secret","size":11}]})");
  CHECK(open_oci_layout((folder / "layout").string(), "").error().code() == ErrorCode::malformed);
  write_file(folder / "saved.tar", make_tar({{"manifest.json", R"([{"Config":"../secret","RepoTags":null,"Layers":["../secret"]}])"}}));
  CHECK(open_docker_archive((folder / "saved.tar").string(), "").error().code() == ErrorCode::not_found);
}

TEST_CASE("security: a document that is an image to one client and an index to another is refused (CVE-2021-41190)", "[security]") {
  const std::string image_type = "application/vnd.oci.image.manifest.v1+json";
  const std::string index_type = "application/vnd.oci.image.index.v1+json";
  const std::string list_type = "application/vnd.docker.distribution.manifest.list.v2+json";
  const std::string index = R"({"schemaVersion":2,"manifests":[]})";
  const auto with = [](std::string document, const std::string& member) { return document.insert(1, member + ","); };
  const auto code = [](const std::string& body, const std::string& sent_as) {
    auto got = parse_manifest(body, sent_as, Digest());
    return got ? std::optional<ErrorCode>() : std::optional(got.error().code());
  };
  CHECK(code(with(kManifest, R"("manifests":[])"), image_type) == ErrorCode::malformed);
  CHECK(code(with(index, R"("layers":[])"), index_type) == ErrorCode::malformed);
  CHECK(code(with(kManifest, "\"mediaType\":\"" + index_type + '"'), "") == ErrorCode::malformed);
  CHECK(code(with(index, "\"mediaType\":\"" + image_type + '"'), "") == ErrorCode::malformed);
  for (const std::string& type : {index_type, list_type, index_type + "; charset=utf-8"})
    CHECK(code(kManifest, type) == ErrorCode::malformed);
  CHECK(code(index, image_type) == ErrorCode::malformed);
  CHECK_FALSE(code(kManifest, image_type).has_value());
  CHECK_FALSE(code(index, list_type).has_value());
}

TEST_CASE("security: a huge manifest is given up at its limit (CVE-2020-1702)", "[security]") {
  bool chunked = false;
  ScriptedServer server([&](const ScriptedRequest&) {
    ScriptedResponse out = status(200, {}, kManifest + std::string(limits::manifest_bytes_max, ' '));
    out.chunked = chunked;
    return out;
  });
  Session session(server);
  for (const bool in_chunks : {false, true}) {
    chunked = in_chunks;
    CHECK(session.run(session.client->manifest("a", "1")).error().code() == ErrorCode::limit_exceeded);
  }
}

TEST_CASE("security: a huge token answer is given up at its limit (CVE-2023-25153)", "[security]") {
  ScriptedServer server([&](const ScriptedRequest& request) {
    if (request.path() == "/token") return status(200, {}, R"({"token":"t","pad":")" + std::string(limits::token_bytes_max, 'x') + "\"}");
    if (request.header("authorization") == "Bearer t") return status(200, {}, kManifest);
    return status(401, {{"WWW-Authenticate", bearer("/token")}});
  });
  Session session(server);
  auto got = session.run(session.client->manifest("a", "1"));
  REQUIRE(got.has_error());
  CHECK(got.error().code() == ErrorCode::limit_exceeded);
}

TEST_CASE("security: of an error's body only the first 8 KiB are read (CVE-2023-25153)", "[security]") {
  std::size_t size = 0;
  ScriptedServer server([&](const ScriptedRequest&) {
    return status(404, {}, R"({"errors":[{"code":"X","message":"it says why"}],"pad":")" + std::string(size, 'x') + "\"}");
  });
  Session session(server);
  auto small = session.run(session.client->manifest("a", "1"));
  REQUIRE(small.has_error());
  CHECK(mentions(small.error(), "it says why"));
  size = limits::error_body_bytes_max;
  auto large = session.run(session.client->manifest("a", "1"));
  REQUIRE(large.has_error());
  CHECK(large.error().code() == ErrorCode::not_found);
  CHECK_FALSE(mentions(large.error(), "it says why"));
}

TEST_CASE("security: what a registry echoes of a password, its encodings or a token is in no error text", "[security]") {
  for (const bool by_token : {false, true}) {
    INFO(by_token);
    ScriptedServer server([&](const ScriptedRequest& request) {
      if (request.path() == "/token") return status(200, {}, R"({"token":"tok-secret-4711"})");
      const std::string given = request.header("authorization");
      if (given.empty()) return status(401, {{"WWW-Authenticate", by_token ? bearer("/token") : "Basic"}});
      return status(403, {}, R"({"errors":[{"code":"DENIED","message":"you sent )" + given + R"( and pass-w0rd-77"}]})");
    });
    Session session(server);
    auto got = session.run(session.client->manifest("a", "1"));
    REQUIRE(got.has_error());
    CHECK(got.error().code() == ErrorCode::forbidden);
    REQUIRE(mentions(got.error(), "you sent"));
    CHECK_FALSE(mentions(got.error(), "pass-w0rd-77"));
    CHECK_FALSE(mentions(got.error(), basic_header().substr(6)));
    CHECK_FALSE(mentions(got.error(), "tok-secret-4711"));
  }
}
