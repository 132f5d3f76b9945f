// SPDX-License-Identifier: Apache-2.0
#include "core/base/secret.hpp"

#include "tests/support/catch.hpp"

#include <array>
#include <cstddef>
#include <new>
#include <sstream>

using namespace landwaiter;

namespace {

const std::string kLong = "a password that is too long for the small-string buffer";

/// The location of a secret's characters, to check that they are gone. Only for storage that is still alive.
std::string bytes_at(const char* data, std::size_t size) { return std::string(data, size); }

}  // namespace

TEST_CASE("A secret prints as stars and an empty one as nothing") {
  std::ostringstream out;
  out << Secret("hunter2") << '|' << Secret();
  CHECK(out.str() == "***|");
}

TEST_CASE("A secret is compared by content") {
  const Secret secret("abc");
  CHECK(secret.equals("abc"));
  CHECK_FALSE(secret.equals("abd"));
  CHECK_FALSE(secret.equals("ab"));
  CHECK_FALSE(secret.equals("abcd"));
  CHECK_FALSE(secret.equals(""));
  CHECK(Secret().equals(""));
  CHECK(Secret().empty());
}

TEST_CASE("A secret is redacted as it is and percent-encoded") {
  const Secret secret("a+b/c%d=");
  CHECK(redact("x a+b/c%d= y a+b/c%d=", secret) == "x *** y ***");
  CHECK(redact("?t=a%2Bb%2Fc%25d%3D&", secret) == "?t=***&");
  CHECK(redact("?t=a%2bb/c%25d%3d", secret) == "?t=***");
  CHECK(redact("%61%2B%62%2F%63%25%64%3D", secret) == "***");
  CHECK(redact("a+b/c%d a%2Bb%2", secret) == "a+b/c%d a%2Bb%2");
  CHECK(redact("100%", Secret("100%25")) == "100%");
  CHECK(redact("100%25 is more", Secret("100%25")) == "*** is more");
  CHECK(redact("abc", Secret("abc")) == "abc");  // three letters are in many a text
  CHECK(redact("%61bcd%61bcd abcd", Secret("abcd")) == "****** ***");
  CHECK(redact("abcabcab abcabcab", Secret("abcab")) == "***cab ***cab");
}

TEST_CASE("Redaction is linear in text and secret: these would take days if each place were compared to the end") {
  const std::string run(4'000'000, 'a');
  CHECK(redact(run, Secret("b" + run.substr(0, 2'000'000))) == run);
  CHECK(redact(run, Secret(run.substr(0, 2'000'000) + "b")) == run);
  CHECK(redact(run, Secret(run + "a")) == run);
  CHECK(redact("%" + run, Secret(run.substr(0, 2'000'000) + "b")) == "%" + run);
  CHECK(redact(run + "b", Secret(run.substr(1'000'000) + "b")) == run.substr(0, 1'000'000) + "***");
}

TEST_CASE("wipe overwrites the whole capacity of a string") {
  std::string text = kLong;
  const char* data = text.data();
  const std::size_t capacity = text.capacity();
  text.resize(3);
  wipe(text);
  CHECK(text.empty());
  REQUIRE(text.data() == data);  // still owned by text, so looking at it is allowed
  CHECK(bytes_at(data, capacity) == std::string(capacity, '\0'));
}

TEST_CASE("A destroyed secret leaves nothing in its own memory") {
  alignas(Secret) std::array<unsigned char, sizeof(Secret)> storage{};
  Secret* secret = new (storage.data()) Secret("sw0rdfish");  // short: kept inside the object
  const auto holds = [&] {
    const std::string all(reinterpret_cast<const char*>(storage.data()), storage.size());
    return all.find("w0rdfis") != std::string::npos;
  };
  REQUIRE(holds());
  secret->~Secret();
  CHECK_FALSE(holds());
}

TEST_CASE("A secret that is moved from is empty and wiped") {
  for (const std::string& value : {std::string("short"), kLong}) {
    Secret from(value);
    const char* data = from.reveal().data();
    const Secret to(std::move(from));
    CHECK(to.equals(value));
    CHECK(from.empty());
    CHECK(from.reveal().data() == data);
    CHECK(bytes_at(data, value.size()) == std::string(value.size(), '\0'));

    Secret second(value);
    Secret target("something that was there before and is long enough to be allocated");
    target = std::move(second);
    CHECK(target.equals(value));
    CHECK(second.empty());
  }
}

TEST_CASE("Copies are independent and assignment survives itself") {
  Secret one(kLong);
  Secret two = one;
  CHECK(two.equals(kLong));
  one = Secret("other");
  CHECK(two.equals(kLong));
  Secret& alias = two;
  two = alias;
  CHECK(two.equals(kLong));
  two = std::move(alias);
  CHECK(two.equals(kLong));
}

TEST_CASE("Parts become one secret") {
  CHECK(concat({}).empty());
  CHECK(concat({"Basic ", "", kLong}).equals("Basic " + std::string(kLong)));
}
