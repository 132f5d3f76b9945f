// SPDX-License-Identifier: Apache-2.0
// NSS's databases as certutil makes and lists them.
#include "detectors/keystores/nss_database.hpp"
#include "core/base/digest.hpp"
#include "detectors/formats/sqlite_reader.hpp"
#include "tests/detectors/support/keystores.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <set>

namespace landwaiter::detectors {
namespace {

using nlohmann::json;

/// A database with a root "my ca" (RSA) and "site ec" (EC), made by certutil.
class NssFolder {
 public:
  /// An empty password when `password` is empty.
  explicit NssFolder(const std::string& password) {
    write_file(folder_ / "password", password + "\n");
    write_file(folder_ / "noise", std::string(4000, 'n') + password);
    certutil("-N" + std::string(password.empty() ? " --empty-password" : " -f " + folder_ / "password"));
    certutil("-S -z " + folder_ / "noise" + " -n 'my ca' -s CN=ca.example -x -t CT,, -k rsa -g 2048 -m 5 -f " + folder_ / "password");
    certutil("-S -z " + folder_ / "noise" + " -n 'site ec' -s CN=site.example -c 'my ca' -t ,, -k ec -q nistp256 -m 7 -f " +
             folder_ / "password");
  }
  std::string certutil(const std::string& arguments) const {
    return must_run("certutil " + arguments + " -d sql:" + folder_.path().string());
  }
  std::string file(const std::string& name) const { return read_file(folder_ / name); }
  std::string certificate_id(const std::string& nickname) const {
    return Digest::sha256_of(as_bytes(certutil("-L -r -n '" + nickname + "'"))).str();
  }
  std::string key_id(const std::string& nickname) const {
    write_file(folder_ / "one.der", certutil("-L -r -n '" + nickname + "'"));
    return "spki-" + Digest::sha256_of(as_bytes(must_run("openssl x509 -inform DER -noout -pubkey -in " + folder_ / "one.der" +
                                                         " | openssl pkey -pubin -outform DER")))
                         .str();
  }
  std::string path(const std::string& name) const { return folder_ / name; }

 private:
  TemporaryFolder folder_;
};

}  // namespace

TEST_CASE("NSS databases are listed as certutil lists them, keys by their public half", "[keystore]") {
  struct Kind {
    std::string password;
    json expected;
    Severity severity;
  };
  const Kind kind = GENERATE(Kind{"", "empty", Severity::high}, Kind{"changeit", "well-known", Severity::high},
                             Kind{"Kept-to-1tself", nullptr, Severity::low});
  const NssFolder nss(kind.password);
  const std::string certificates = nss.file("cert9.db"), keys = nss.file("key4.db");
  const Scanned public_part = keystore_scanner().scan(certificates);
  const Finding cert9 = only_keystore(public_part, certificates);
  CHECK(cert9.attributes["format"] == "NSS");
  CHECK(cert9.severity == Severity::info);
  CHECK(lines_of(cert9) == std::vector<std::string>{"my ca certificate " + nss.certificate_id("my ca"),
                                                    "site ec certificate " + nss.certificate_id("site ec")});
  std::set<std::string> found;
  for (const Finding& finding : public_part.of(FindingType::certificate)) found.insert(finding.id);
  CHECK(found == std::set<std::string>{nss.certificate_id("my ca"), nss.certificate_id("site ec")});

  const Scanned private_part = keystore_scanner().scan(keys, "key4.db");
  const Finding key4 = only_keystore(private_part, keys);
  CHECK(key4.attributes["password"] == kind.expected);
  CHECK(key4.attributes["password_tried"] == true);
  CHECK(key4.severity == (kind.password == "Kept-to-1tself" && !key4.attributes["weaknesses"].empty() ? Severity::medium : kind.severity));
  REQUIRE(key4.attributes["entries"].size() == 2);
  std::set<std::string> listed, reported;
  for (const json& entry : key4.attributes["entries"]) {
    CHECK(entry["kind"] == "private-key");
    CHECK(entry["encryption"]["scheme"] == "PBES2");
    listed.insert(entry["key_id"].get<std::string>());
  }
  for (const Finding& key : private_part.of(FindingType::private_key)) {
    if (key.attributes["format"] != "NSS") continue;
    CHECK(key.severity == (kind.expected.is_null() ? Severity::medium : Severity::high));
    reported.insert(key.id);
  }
  const std::set<std::string> expected{nss.key_id("my ca"), nss.key_id("site ec")};
  CHECK(listed == expected);
  CHECK(reported == expected);
  if (!kind.password.empty()) CHECK(everything(private_part).find(kind.password) == std::string::npos);

  const Scanned behind = keystore_scanner().scan(std::string(1024 * 1024 + 17, 'x') + keys + "trailer");
  REQUIRE(behind.of(FindingType::keystore).size() == 1);
  CHECK(behind.of(FindingType::keystore)[0].attributes == key4.attributes);
  CHECK(behind.of(FindingType::keystore)[0].occurrences[0].offset == 1024 * 1024 + 17);
}

TEST_CASE("broken and foreign databases do no harm", "[keystore]") {
  const NssFolder nss("");
  const std::string good = nss.file("key4.db");
  std::size_t read = 0;
  for (std::size_t at = 0; at < good.size(); at += 211) {
    std::string bad = good;
    for (std::size_t i = at; i < std::min(at + 8, bad.size()); ++i) bad[i] = static_cast<char>(bad[i] ^ 0xff);
    const auto store = read_nss_database(as_bytes(bad));
    if (!store) continue;
    ++read;
    CHECK(store->entries.size() <= 40);
  }
  CHECK(read > 50);
  for (std::size_t size = 0; size < good.size(); size += 509) {
    const auto store = read_nss_database(as_bytes(good).first(size));
    if (store) CHECK_FALSE(store->problem.empty());
  }
  const auto make = [&](const std::string& name, const std::string& sql) {
    must_run("sqlite3 " + nss.path(name) + " " + shell_quoted(sql));
    return nss.file(name);
  };
  // What SQLite would compute when it reads.
  for (const std::string& sql :
       {std::string("CREATE TABLE nssPublic (id, a0 AS (zeroblob(1000000)), a11); INSERT INTO nssPublic(id) VALUES (1);"),
        std::string(
            "CREATE TABLE x (a); CREATE VIEW nssPublic AS WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c) SELECT i FROM c;"
            "CREATE TABLE y (\"CREATE TABLE nssPublic\");"),
        std::string("CREATE VIRTUAL TABLE nssPublic USING fts5(a0, a11); CREATE TABLE y (\"CREATE TABLE nssPublic\");")}) {
    const std::string file = make("hostile" + std::to_string(sql.size()) + ".db", sql);
    CHECK_FALSE(read_nss_database(as_bytes(file)));
  }
  const std::string foreign = make("foreign.db", "CREATE TABLE notes (id, text); INSERT INTO notes VALUES (1, 'a');");
  const Scanned scanned = keystore_scanner().scan(foreign);
  CHECK(scanned.hits > 0);
  CHECK(scanned.findings.empty());
  CHECK(scanned.diagnostics.empty());
  // Two rows that share the pages of one value: together they are larger than the file.
  std::string shared = make("shared.db",
                            "PRAGMA page_size=4096; CREATE TABLE nssPublic (a0, a3, a11); INSERT INTO nssPublic VALUES (x'00000001', 'x', "
                            "zeroblob(100000)), (x'00000001', 'y', zeroblob(90000));");
  CHECK(read_nss_database(as_bytes(shared))->problem.empty());
  const auto leaf = shared.begin() + 4096;  // the table's only page: both cells become the first
  std::copy(leaf + 8, leaf + 10, leaf + 10);
  shared.resize(shared.size() - 22 * 4096);
  shared[31] = static_cast<char>(shared.size() / 4096);
  const auto twice = read_nss_database(as_bytes(shared));
  REQUIRE(twice);
  CHECK_FALSE(twice->problem.empty());
  CHECK(twice->entries.size() <= 2);
  // Many rows end with the budget, not the patience.
  const std::string many = make("many.db",
                                "CREATE TABLE nssPublic (id, a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10); WITH RECURSIVE c(i) AS (SELECT "
                                "1 UNION ALL SELECT i + 1 FROM c LIMIT 200000) "
                                "INSERT INTO nssPublic(id, a0) SELECT i, x'00000002' FROM c;");
  const auto bounded = read_nss_database(as_bytes(many));
  REQUIRE(bounded);
  CHECK_FALSE(bounded->problem.empty());
}

}  // namespace landwaiter::detectors
