// SPDX-License-Identifier: Apache-2.0
#include "detectors/engine/secret_ids.hpp"

#include "core/base/digest.hpp"
#include "core/base/memory_meter.hpp"
#include "tests/support/catch.hpp"

using namespace landwaiter;
using namespace landwaiter::detectors;

namespace {

double bits(std::string_view text) { return guesses_bits(as_bytes(text)); }

std::string random_text(std::size_t size) { return std::string(Digest::sha256_of(as_bytes("random")).hex().substr(0, size)); }

}  // namespace

TEST_CASE("what has 128 bits is strong, and what people choose or repeat is not", "[secret_ids]") {
  CHECK(bits(random_text(32)) >= 128);
  CHECK(bits("\x12\x81\xa4\xff\x10\x77\x93\x05\xbb\xe1\x4c\x60\x2f\xd8\x39\x9a") >= 128);
  CHECK(bits("eyJhbGciOiJIUzI1NiJ9.e30.XmNK3GpH3Ys_7wsYBfq4C3M6goz71I7dTgUkuIa5lyQ") >= 128);
  CHECK(bits(random_text(16)) < 128);
  CHECK(bits("s3cret") < 128);
  CHECK(bits("password password password password password") < 128);
  CHECK(bits("correct horse battery staple") < 128);
  CHECK(bits(std::string(64, '\0')) < 128);
  CHECK(bits(std::string("0123456789012345678901234567890")) < 128);
  CHECK(bits("") == 0);
}

TEST_CASE("ids are the same everywhere, by a fast hash of the strong and a slow one of the rest", "[secret_ids]") {
  SecretIds one, two;
  one.begin_layer();
  two.begin_layer();
  const std::string strong = random_text(40), weak = "s3cret";
  // Made by Python's hmac and hashlib: they must never change.
  CHECK(one.of(as_bytes(strong), false) == "hmac-sha256:667e4f9038a7330c0b042d4d349567f1abbcce82395c21b562fea887c9a05e47");
  CHECK(one.of(as_bytes(weak), false) == "scrypt:648ebd41de9c6fdf54144d65c86974d0090bb0b9988864a792eb135ad3203a40");
  CHECK(two.of(as_bytes(weak), false) == one.of(as_bytes(weak), false));
  CHECK(one.of(as_bytes(strong), true)->starts_with("scrypt:"));
}

TEST_CASE("a layer gets few slow ids, each once", "[secret_ids]") {
  SecretIds ids;
  ids.begin_layer();
  std::size_t given = 0;
  while (ids.of(as_bytes("weak" + std::to_string(given)), false)) ++given;
  CHECK(given == 8);
  CHECK(ids.of(as_bytes("weak3"), false).has_value());
  CHECK(ids.of(as_bytes(random_text(64)), false).has_value());
  ids.begin_layer();
  CHECK(ids.of(as_bytes("weak9"), false).has_value());
}

TEST_CASE("a slow id is not made when the layer's memory does not allow it", "[secret_ids]") {
  SecretIds ids;
  ids.begin_layer();
  MemoryMeter meter;
  meter.begin(1 << 20);
  const MemoryScope scope(meter);
  CHECK_FALSE(ids.of(as_bytes("weak"), false).has_value());
  CHECK(meter.used() == 0);
  meter.begin(64 << 20);
  CHECK(ids.of(as_bytes("weak"), false).has_value());
  CHECK(meter.used() == 0);
}

TEST_CASE("an id of a place is of path, entry, offset and encodings", "[secret_ids]") {
  const auto settled = [](const std::string& path, std::uint64_t offset, const std::vector<std::string>& encodings) {
    Finding finding;
    finding.id = id_of_place(offset, encodings);
    CHECK(is_id_of_place(finding));
    finding.occurrences.push_back({path, {"entry"}, offset, {}, std::nullopt});
    settle_id_of_place(finding);
    CHECK_FALSE(is_id_of_place(finding));
    CHECK(finding.id.size() == std::string("place-sha256:").size() + 64);
    return finding.id;
  };
  const std::string base = settled("etc/a", 7, {});
  CHECK(settled("etc/a", 7, {}) == base);
  CHECK(settled("etc/b", 7, {}) != base);
  CHECK(settled("etc/a", 8, {}) != base);
  CHECK(settled("etc/a", 7, {"base64"}) != base);
}
