// SPDX-License-Identifier: Apache-2.0
#include "core/base/digest.hpp"

#include "core/base/encoding.hpp"
#include "tests/support/catch.hpp"

#include <unordered_set>

using namespace landwaiter;

namespace {

// FIPS 180-2, appendix B.1 and C.1.
const std::string kAbc256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const std::string kAbc512 =
    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f";

/// Fails at the given call, ends after the text otherwise.
class FailingSource final : public ByteSource {
 public:
  Result<ByteView> next() override { return Error(ErrorCode::unavailable, "reset by peer"); }
};

std::string read_all(ByteSource& source) {
  std::string out;
  while (true) {
    auto chunk = source.next();
    if (!chunk || chunk->empty()) return out;
    out += as_text(*chunk);
  }
}

}  // namespace

TEST_CASE("Digests have their published values") {
  CHECK(Digest::sha256_of(as_bytes("abc")).hex() == kAbc256);
  Hasher hasher(Digest::Algorithm::sha512);
  hasher.update(as_bytes("a"));
  hasher.update({});
  hasher.update(as_bytes("bc"));
  CHECK(hasher.finish().str() == "sha512:" + kAbc512);
  // RFC 4231, test case 2.
  CHECK(hex_encode(hmac_sha256(as_bytes("Jefe"), as_bytes("what do ya want for nothing?"))) ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  CHECK(hex_encode(hmac_sha256({}, {})) == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST_CASE("A well-formed digest is parsed and keeps its text") {
  const auto small = Digest::parse("sha256:" + kAbc256);
  REQUIRE(small);
  CHECK(small->str() == "sha256:" + kAbc256);
  CHECK(small->hex() == kAbc256);
  CHECK(small->algorithm() == Digest::Algorithm::sha256);
  CHECK(*small == Digest::sha256_of(as_bytes("abc")));
  const auto large = Digest::parse("sha512:" + kAbc512);
  REQUIRE(large);
  CHECK(large->algorithm() == Digest::Algorithm::sha512);
  CHECK_FALSE(large->empty());
  CHECK(Digest().empty());
  CHECK(Digest() != *small);
  CHECK(Digest().hex().empty());
  CHECK(std::unordered_set<Digest>{*small, *large, *small}.size() == 2);
}

TEST_CASE("Anything else is no digest") {
  std::string upper = kAbc256;
  upper[0] = 'B';
  std::string slash = kAbc256;
  slash[5] = '/';
  std::string nul = kAbc256;
  nul[63] = '\0';
  const std::vector<std::string> texts{"",
                                       "sha256:",
                                       "sha256",
                                       kAbc256,
                                       "SHA256:" + kAbc256,
                                       "md5:d41d8cd98f00b204e9800998ecf8427e",
                                       "sha256:" + kAbc256.substr(1),
                                       "sha256:" + kAbc256 + "0",
                                       "sha256:" + upper,
                                       "sha256:" + slash,
                                       "sha256:" + nul,
                                       "sha512:" + kAbc256,
                                       "sha256:" + kAbc512,
                                       " sha256:" + kAbc256,
                                       "sha256:../../../../etc/passwd"};
  for (const std::string& text : texts) {
    INFO(text);
    const auto digest = Digest::parse(text);
    REQUIRE_FALSE(digest);
    CHECK(digest.error().code() == ErrorCode::malformed);
  }
}

TEST_CASE("A rejected digest is quoted in a bounded, printable form") {
  const auto digest = Digest::parse("sha256:\x1b[2J" + std::string(100'000, 'a'));
  REQUIRE_FALSE(digest);
  CHECK(digest.error().message().size() < 400);
  CHECK(digest.error().message().find('\x1b') == std::string::npos);
}

TEST_CASE("VerifyingSource lets the right content through and proves it") {
  const std::string text(10'000, 'x');
  MemorySource memory(as_bytes(text), 999);
  VerifyingSource source(memory, Digest::sha256_of(as_bytes(text)), text.size());
  CHECK_FALSE(source.proven());
  CHECK(read_all(source) == text);
  CHECK(source.proven());
  CHECK(source.bytes_read() == text.size());
  REQUIRE(source.next());
  CHECK(source.next()->empty());
}

TEST_CASE("VerifyingSource proves an empty blob and a drained one") {
  MemorySource nothing({});
  VerifyingSource empty(nothing, Digest::sha256_of({}), 0);
  CHECK(empty.next()->empty());
  CHECK(empty.proven());

  MemorySource memory(as_bytes("abcdef"), 1);
  VerifyingSource source(memory, Digest::sha256_of(as_bytes("abcdef")), 6);
  CHECK(as_text(*source.next()) == "a");
  CHECK(source.drain());
  CHECK(source.proven());
}

TEST_CASE("VerifyingSource refuses content that is short, long or wrong, and goes on refusing") {
  const Digest abc = Digest::sha256_of(as_bytes("abc"));
  const auto check = [](std::string_view content, const Digest& digest, std::uint64_t size, std::string_view said) {
    MemorySource memory(as_bytes(content), 2);
    VerifyingSource source(memory, digest, size);
    const auto drained = source.drain();
    REQUIRE_FALSE(drained);
    CHECK(drained.error().code() == ErrorCode::digest_mismatch);
    INFO(drained.error().message());
    CHECK(drained.error().message().find(said) != std::string::npos);
    CHECK_FALSE(source.proven());
    CHECK_FALSE(source.next());
    CHECK_FALSE(source.next());
  };
  SECTION("short") { check("ab", abc, 3, "2 of 3 bytes"); }
  SECTION("long") { check("abcd", abc, 3, "longer than the 3 bytes"); }
  SECTION("long, though a prefix is right") { check("abc", abc, 2, "longer"); }
  SECTION("wrong") { check("abd", abc, 3, "instead of"); }
  SECTION("empty where something was promised") { check("", abc, 3, "0 of 3"); }
  SECTION("no digest was promised") { check("abc", Digest(), 3, "instead of"); }
}

TEST_CASE("VerifyingSource stops at the first byte too many, not at the end of an endless source") {
  class Endless final : public ByteSource {
   public:
    Result<ByteView> next() override { return ++calls, as_bytes("0123456789"); }
    int calls = 0;
  } endless;
  VerifyingSource source(endless, Digest::sha256_of({}), 25);
  CHECK_FALSE(source.drain());
  CHECK(endless.calls == 3);
}

TEST_CASE("VerifyingSource keeps an error of its source") {
  FailingSource failing;
  VerifyingSource source(failing, Digest::sha256_of({}), 0);
  for (int i = 0; i < 2; ++i) {
    const auto chunk = source.next();
    REQUIRE_FALSE(chunk);
    CHECK(chunk.error().code() == ErrorCode::unavailable);
  }
  CHECK_FALSE(source.proven());
}

TEST_CASE("what stands in a digest's place is not repeated: it may be a secret") {
  for (const char* text : {"-----BEGIN PRIVATE KEY-----\nMC4CAQ", "sha256:hunter2", "sha512:hunter2"}) {
    const auto digest = Digest::parse(text);
    REQUIRE_FALSE(digest.has_value());
    CHECK(digest.error().message().find("MC4CAQ") == std::string::npos);
    CHECK(digest.error().message().find("hunter2") == std::string::npos);
  }
}
