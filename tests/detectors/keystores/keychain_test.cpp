// SPDX-License-Identifier: Apache-2.0
// Keychains exist on macOS only: these are written here after the format's description, with openssl's certificates in them.
#include "detectors/keystores/keychain.hpp"
#include "core/base/digest.hpp"
#include "tests/detectors/support/keystores.hpp"
#include "tests/detectors/support/material.hpp"
#include "tests/support/catch.hpp"

namespace landwaiter::detectors {
namespace {

std::string number(std::uint32_t value) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
  return out;
}

std::string text(const std::string& value) { return number(static_cast<std::uint32_t>(value.size())) + value; }

/// A record whose attribute number `name_at` is the name; the data stands behind the attributes, the name at the end.
std::string record(std::size_t attributes, std::size_t name_at, const std::string& name, const std::string& data) {
  const std::size_t name_offset = 24 + 4 * attributes + data.size();
  std::string offsets;
  for (std::size_t i = 0; i < attributes; ++i) offsets += number(i == name_at ? static_cast<std::uint32_t>(name_offset + 1) : 0);
  const std::string body =
      number(1) + number(0) + number(0) + number(static_cast<std::uint32_t>(data.size())) + number(0) + offsets + data + text(name);
  return number(static_cast<std::uint32_t>(body.size() + 4)) + body;
}

std::string table(std::uint32_t type, const std::string& one_record) {
  // Two places, of which one is free.
  const std::uint32_t first = 28 + 8;
  const std::string body =
      number(type) + number(1) + number(first) + number(0) + number(0) + number(2) + number(first) + number(0) + one_record;
  return number(static_cast<std::uint32_t>(body.size() + 4)) + body;
}

std::string keychain(const std::vector<std::string>& tables) {
  std::string offsets, bodies;
  const std::size_t first = 8 + 4 * tables.size();
  for (const std::string& one : tables) {
    offsets += number(static_cast<std::uint32_t>(first + bodies.size()));
    bodies += one;
  }
  const std::string all = number(static_cast<std::uint32_t>(tables.size())) + offsets + bodies;
  return "kych" + number(0x10000) + number(16) + number(20) + number(0) + number(static_cast<std::uint32_t>(all.size() + 4)) + all +
         number(7);
}

/// Padded so that the data stays at a multiple of four, as its name must.
std::string padded(std::string bytes) {
  while (bytes.size() % 4 != 0) bytes += '\0';
  return bytes;
}

}  // namespace

TEST_CASE("a keychain is listed without its password", "[keystore]") {
  const Material material;
  material.key("k", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256");
  material.certificate("k", "-days 9 -subj /CN=keychain.example");
  const std::string der = material.openssl("x509 -outform DER -in " + material.path("k.crt"));
  const std::string file =
      keychain({table(0x80001000, record(9, 2, "a certificate", padded(der))), table(16, record(12, 1, "a key", padded("sealed"))),
                table(0x80000000, record(9, 2, "somebody@example", padded("secret")))});
  const Scanned scanned = keystore_scanner().scan("before" + file + "behind");
  REQUIRE(scanned.of(FindingType::keystore).size() == 1);
  const Finding found = scanned.of(FindingType::keystore)[0];
  CHECK(found.id == Digest::sha256_of(as_bytes(file)).str());
  CHECK(found.attributes["format"] == "keychain");
  CHECK(lines_of(found) ==
        std::vector<std::string>{"a certificate certificate " + Digest::sha256_of(as_bytes(der)).str(), "a key private-key -"});
  CHECK(scanned.of(FindingType::certificate).size() == 1);
  CHECK(everything(scanned).find("somebody") == std::string::npos);
  for (std::size_t size = 0; size < file.size(); size += 3) {
    const auto cut = read_keychain(as_bytes(file).first(size));
    if (cut) CHECK_FALSE(cut->problem.empty());
  }
  for (std::size_t at = 0; at < 200; ++at) {
    std::string lie = file;
    lie[at] = static_cast<char>(0xff);
    const auto read = read_keychain(as_bytes(lie));
    if (read) CHECK(read->whole.size() <= lie.size());
  }
}

TEST_CASE("an IBM key database is named by its header", "[keystore]") {
  const std::string file = std::string("7H\x04\x02\0\0\0\0X509KEY\0", 16) + std::string(5000, 'k');
  const Finding found = only_keystore(keystore_scanner().scan(file), file);
  CHECK(found.attributes["format"] == "IBM KDB");
  CHECK(found.attributes["version"] == 4);
  CHECK(found.attributes["listing"] == "none");
  CHECK(keystore_scanner().scan(std::string("7H\x05\x02\0\0\0\0X509KEY\0", 16) + std::string(50, 'k')).findings.empty());
}

}  // namespace landwaiter::detectors
