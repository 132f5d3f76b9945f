// SPDX-License-Identifier: Apache-2.0
// Interrupted layers, from unreliable connections and from hostile registries.
#include "registry/client/blob_reader.hpp"

#include "core/base/limits.hpp"
#include "registry/client/client.hpp"
#include "registry/http/transport.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/run_awaitable.hpp"
#include "tests/support/scripted_server.hpp"

#include <algorithm>
#include <random>

using namespace landwaiter;
using namespace landwaiter::registry;
using namespace landwaiter::test;
using limits::MiB;

namespace {

std::string some_bytes(std::size_t size) {
  std::minstd_rand random(1);
  std::string out(size, '\0');
  for (char& c : out) c = static_cast<char>(random() >> 8);
  return out;
}

std::size_t first_byte(const ScriptedRequest& request) {
  const std::string range = request.header("range");
  return range.empty() ? 0 : std::stoul(range.substr(6));
}

/// The whole, or what Range asks for.
ScriptedResponse serve(const ScriptedRequest& request, const std::string& content) {
  ScriptedResponse out;
  const std::size_t from = first_byte(request);
  out.body = content.substr(from);
  if (request.header("range").empty()) return out;
  out.status = 206;
  const std::string size = std::to_string(content.size());
  out.headers.emplace_back("Content-Range", "bytes " + std::to_string(from) + '-' + std::to_string(content.size() - 1) + '/' + size);
  return out;
}

boost::asio::awaitable<Result<Digest>> digest_of(std::shared_ptr<Client> client, Descriptor descriptor) {
  auto opening = client->open_blob("a", descriptor);
  auto reader = co_await std::move(opening);
  if (!reader) co_return reader.error();
  Hasher hasher(Digest::Algorithm::sha256);
  std::vector<std::uint8_t> chunk(limits::blob_chunk_bytes);
  while (true) {
    auto reading = (*reader)->read(chunk);
    auto size = co_await std::move(reading);
    if (!size) co_return size.error();
    if (*size == 0) co_return hasher.finish();
    hasher.update(ByteView(chunk.data(), *size));
  }
}

Result<Digest> read_from(const ScriptedServer& server, Descriptor descriptor) {
  boost::asio::io_context io;
  RealClock clock;
  const auto client = std::make_shared<Client>(make_transport(io.get_executor(), {}), Endpoint::parse(server.host()).value(), clock);
  return run_awaitable(io, digest_of(client, std::move(descriptor)));
}

Result<Digest> read_from(const ScriptedServer& server, const std::string& content) {
  Descriptor descriptor;
  descriptor.digest = Digest::sha256_of(as_bytes(content));
  descriptor.size_bytes = content.size();
  return read_from(server, std::move(descriptor));
}

}  // namespace

TEST_CASE("200 random disconnections end with the right digest, and with less than a tenth read again", "[blob_reader]") {
  // A layer of some 300 MiB that nobody holds in memory: a block of a prime size again and again, so that no offset looks like another.
  const std::string block = some_bytes(1'000'003);
  const auto part = [&](std::uint64_t from, std::uint64_t size) {
    std::string out;
    while (out.size() < size) out += block.substr((from + out.size()) % block.size(), size - out.size());
    return out;
  };
  std::minstd_rand random(7);
  std::uniform_int_distribution<std::uint64_t> gap(7 * MiB / 10, 23 * MiB / 10);
  std::vector<std::uint64_t> ends{gap(random)};
  while (ends.size() < 201) ends.push_back(ends.back() + gap(random));
  const std::uint64_t size = ends.back();
  ScriptedServer server([&](const ScriptedRequest& request) {
    ScriptedResponse out;
    const std::uint64_t from = first_byte(request);
    const std::uint64_t end = *std::ranges::upper_bound(ends, from);
    out.body = part(from, end - from);
    if (end < size) out.content_length = size - from;
    if (from > 0) {
      out.status = 206;
      out.headers.emplace_back("Content-Range",
                               "bytes " + std::to_string(from) + '-' + std::to_string(size - 1) + '/' + std::to_string(size));
    }
    return out;
  });
  Hasher hasher(Digest::Algorithm::sha256);
  for (std::uint64_t at = 0; at < size; at += 4 * MiB) hasher.update(as_bytes(part(at, std::min(4 * MiB, size - at))));
  Descriptor descriptor;
  descriptor.digest = hasher.finish();
  descriptor.size_bytes = size;
  auto got = read_from(server, descriptor);
  REQUIRE(got.has_value());
  CHECK(*got == descriptor.digest);
  CHECK(server.requests().size() == 201);
  CHECK(server.body_bytes() >= size);
  CHECK(server.body_bytes() < size + size / 10);
}

TEST_CASE("a break is free after 1 MiB, and bounded before", "[blob_reader]") {
  std::string content = some_bytes(16 * MiB);
  std::size_t step = 0;
  ScriptedServer server([&](const ScriptedRequest& request) {
    ScriptedResponse out = serve(request, content);
    out.break_after = std::min(step, out.body.size());
    if (*out.break_after == out.body.size()) out.break_after.reset();
    return out;
  });
  step = MiB;
  CHECK(read_from(server, content).has_value());
  CHECK(server.requests().size() == 16);
  // Crumbs add up to a MiB before the tries are spent.
  content.resize(2 * MiB);
  step = MiB / 4;
  CHECK(read_from(server, content).has_value());
  step = MiB / 64;
  const std::size_t before = server.requests().size();
  auto given_up = read_from(server, content);
  REQUIRE(given_up.has_error());
  CHECK(given_up.error().code() == ErrorCode::unavailable);
  CHECK(given_up.error().message().find("was interrupted too often") != std::string::npos);
  CHECK(server.requests().size() - before == 1 + limits::resume_attempts_max);
}

TEST_CASE("all reconnections of a blob are bounded", "[blob_reader]") {
  // Endless progress, a MiB at a time, would block a worker forever.
  CHECK(limits::resume_total_max >= 200);
  CHECK(limits::resume_total_max * limits::resume_progress_bytes >= limits::GiB / 2);
  CHECK(limits::resume_total_max <= 10'000);
}

TEST_CASE("a resumption must answer with exactly the rest: 200, other ranges and none are refused", "[blob_reader]") {
  const std::string content = some_bytes(3 * MiB);
  const std::string size = std::to_string(content.size());
  const std::string last = std::to_string(content.size() - 1);
  const std::string half = std::to_string(content.size() / 2);
  struct Row {
    const char* what;
    int status;
    std::vector<std::string> ranges;
    bool good;
  };
  const std::string right = "bytes " + half + '-' + last + '/' + size;
  const std::vector<Row> rows{
      {"right", 206, {right}, true},
      {"200", 200, {}, false},
      {"200 with a range", 200, {right}, false},
      {"no range", 206, {}, false},
      {"two ranges", 206, {right, right}, false},
      {"starts elsewhere", 206, {"bytes 0-" + last + '/' + size}, false},
      {"starts a byte later", 206, {"bytes " + std::to_string(content.size() / 2 + 1) + '-' + last + '/' + size}, false},
      {"ends early", 206, {"bytes " + half + '-' + std::to_string(content.size() - 2) + '/' + size}, false},
      {"another total", 206, {"bytes " + half + '-' + last + '/' + std::to_string(content.size() + 1)}, false},
      {"unknown total", 206, {"bytes " + half + '-' + last + "/*"}, false},
      {"unsatisfied", 206, {"bytes */" + size}, false},
      {"another unit", 206, {"lines " + half + '-' + last + '/' + size}, false},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    ScriptedServer server([&](const ScriptedRequest& request) {
      ScriptedResponse out;
      if (request.header("range").empty()) {
        out.body = content;
        out.break_after = content.size() / 2;
        return out;
      }
      CHECK(request.header("range") == "bytes=" + half + '-');
      out.status = row.status;
      for (const std::string& range : row.ranges) out.headers.emplace_back("Content-Range", range);
      out.body = row.status == 200 ? content : content.substr(content.size() / 2);
      return out;
    });
    auto got = read_from(server, content);
    CHECK(got.has_value() == row.good);
    if (!row.good) CHECK(got.error().code() == ErrorCode::digest_mismatch);
  }
}

TEST_CASE("a resumption asks the registry again: presigned URLs and tokens may have expired", "[blob_reader]") {
  const std::string content = some_bytes(4 * MiB);
  std::string valid_signature;
  ScriptedServer storage([&](const ScriptedRequest& request) {
    ScriptedResponse out = serve(request, content);
    if (request.target != "/blob?signature=" + valid_signature) {
      out = {};
      out.status = 403;
    } else if (out.body.size() > 2 * MiB) {
      out.break_after = MiB + 100;
    }
    return out;
  });
  std::size_t blobs = 0;
  std::size_t tokens = 0;
  ScriptedServer server([&](const ScriptedRequest& request) {
    ScriptedResponse out;
    if (request.path() == "/token") {
      out.body = R"({"token":"t)" + std::to_string(++tokens) + R"("})";
    } else if (request.header("authorization") != "Bearer t" + std::to_string(blobs + 1)) {
      out.status = 401;
      out.headers = {{"WWW-Authenticate", R"(Bearer realm="/token",service="s",scope="repository:a:pull")"}};
    } else {
      // Each token and each signature is good for one answer.
      valid_signature = std::to_string(++blobs);
      out.status = 307;
      out.headers = {{"Location", storage.url() + "/blob?signature=" + valid_signature}};
      out.body = "moved";
    }
    return out;
  });
  auto got = read_from(server, content);
  REQUIRE(got.has_value());
  CHECK(*got == Digest::sha256_of(as_bytes(content)));
  CHECK(blobs == 3);
  CHECK(tokens == 3);
  for (const ScriptedRequest& request : storage.requests()) CHECK(request.header("authorization").empty());
  // The bodies of redirects and refusals are read, so that one connection serves them all.
  CHECK(server.connections() == 1);
}
