// SPDX-License-Identifier: Apache-2.0
// Cryptographic libraries as distributions ship them; the package database and the programs themselves are the judges.
#include "detectors/libraries/crypto_library.hpp"

#include "core/base/digest.hpp"
#include "core/base/text.hpp"
#include "detectors/libraries/crypto_library_detector.hpp"
#include "detectors/libraries/rust_crate_detector.hpp"
#include "detectors/settings/crypto_configuration_detector.hpp"
#include "tests/detectors/support/scan_bytes.hpp"
#include "tests/detectors/support/shell.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <iostream>
#include <map>
#include <memory>
#include <set>

namespace landwaiter::detectors {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const FileScanner& scanner() {
  static const FileScanner scanner;
  return scanner;
}

std::vector<Finding> libraries_in(std::string_view bytes, std::string_view name = {}) {
  return scanner().scan(bytes, name).of(FindingType::crypto_library);
}

std::vector<Finding> libraries_of(const std::string& path) { return libraries_in(read_file(path), path); }

std::vector<Finding> named(const std::vector<Finding>& all, std::string_view library) {
  std::vector<Finding> out;
  std::ranges::copy_if(all, std::back_inserter(out), [&](const Finding& each) { return each.attributes["library"] == library; });
  return out;
}

/// "OpenSSL 3.0.19, libsodium -", for messages.
std::string listed(const std::vector<Finding>& all) {
  std::string out;
  for (const Finding& each : all) out += (out.empty() ? "" : ", ") + each.title;
  return out;
}

std::string system_library(const std::string& name) {
  for (const char* folder : {"/usr/lib/x86_64-linux-gnu/", "/usr/lib/aarch64-linux-gnu/", "/usr/lib/"}) {
    if (fs::exists(folder + name)) return fs::canonical(folder + name).string();
  }
  throw std::runtime_error(name + " is not installed; scripts/install-deps installs it");
}

std::string upstream_version(const std::string& package) {
  std::string version = must_run("dpkg-query -W -f='${source:Upstream-Version}' " + package);
  for (const char* mark : {"+dfsg", "+ds", "+git"}) version = version.substr(0, version.find(mark));
  return version;
}

struct Row {
  const char* library;
  const char* file;
  std::string version;   ///< empty: the file does not say
  const char* evidence;  ///< the kind
};

std::vector<Row> rows() {
  return {
      {"OpenSSL", "libcrypto.so.3", upstream_version("libssl3"), "version-string"},  // the command may be older than its library
      {"GnuTLS", "libgnutls.so.30", upstream_version("libgnutls30"), "version-string"},
      {"libgcrypt", "libgcrypt.so.20", upstream_version("libgcrypt20"), "version-string"},
      {"nettle", "libnettle.so.8", "", "soname"},
      {"hogweed", "libhogweed.so.6", "", "soname"},
      {"libsodium", "libsodium.so.23", upstream_version("libsodium23"), "soname"},
      {"mbed TLS", "libmbedcrypto.so.7", upstream_version("libmbedcrypto7"), "version-string"},
      {"wolfSSL", "libwolfssl.so.35", upstream_version("libwolfssl35"), "version-string"},
      {"Botan", "libbotan-2.so.19", upstream_version("libbotan-2-19"), "version-string"},
      {"LibTomCrypt", "libtomcrypt.so.1", upstream_version("libtomcrypt1"), "version-string"},
      {"Crypto++", "libcryptopp.so.8", upstream_version("libcrypto++8"), "soname"},
      {"NSS", "libnss3.so", upstream_version("libnss3"), "version-string"},
      {"NSS", "libfreeblpriv3.so", upstream_version("libnss3"), "version-string"},
      {"libssh2", "libssh2.so.1", upstream_version("libssh2-1"), "version-string"},
  };
}

/// A string as compilers put it among a program's data.
std::string in_program(const std::string& text) {
  std::string elf = std::string(
                        "\x7f"
                        "ELF\x02\x01\x01") +
                    std::string(57, '\0');
  return elf + text + std::string(1, '\0') + "next string" + std::string(9, '\0');
}

std::string wide(std::string_view text) {
  std::string out;
  for (const char c : text) (out += c) += '\0';
  return out + std::string(2, '\0');
}

}  // namespace

TEST_CASE("each library of the table is found in the file that is it, with the version its package has", "[crypto_library]") {
  std::size_t missed = 0;
  for (const Row& row : rows()) {
    const std::string path = system_library(row.file);
    const auto all = libraries_of(path);
    const auto found = named(all, row.library);
    INFO(row.library << " in " << path << ", expected " << row.version << ", found: " << listed(all));
    CHECK(found.size() >= 1);
    CHECK(all.size() == found.size());  // and no other: GnuTLS needs nettle and is not nettle
    if (found.empty()) {
      ++missed;
      continue;
    }
    const json& attributes = found[0].attributes;
    CHECK(attributes["version"] == (row.version.empty() ? json(nullptr) : json(row.version)));
    CHECK(attributes["evidence"][0]["kind"] == row.evidence);
    CHECK(attributes["linkage"] == "shared");
    CHECK(std::ranges::all_of(found, [&](const Finding& each) { return each.id == found[0].id; }));
    std::cout << row.library << " | " << row.file << " | " << attributes["evidence"].dump() << " | " << found[0].title << '\n';
  }
  CHECK(missed == 0);
}

TEST_CASE("Node.js and the OpenSSL in it", "[crypto_library]") {
  const std::string path = fs::canonical(must_run("printf %s \"$(command -v node)\"")).string();
  const auto all = libraries_of(path);
  INFO(listed(all));
  const auto node = named(all, "Node.js");
  REQUIRE(node.size() >= 1);
  CHECK("v" + node[0].attributes["version"].get<std::string>() + "\n" == must_run("node --version"));
  const bool shared = !must_run("ldd " + path + " | grep libcrypto || true").empty();
  const auto openssl = named(all, "OpenSSL");
  CHECK(openssl.empty() == shared);
  if (!openssl.empty()) CHECK(openssl[0].attributes["version"].get<std::string>() + "\n" == must_run("node -p process.versions.openssl"));
}

TEST_CASE("OpenSSL linked into a stripped program is found; a program that was only built against it is not", "[crypto_library]") {
  const TemporaryFolder folder;
  write_file(folder / "hash.c",
             "#include <openssl/evp.h>\nint main(void){unsigned char h[64];unsigned n;EVP_MD_CTX*c=EVP_MD_CTX_new();"
             "EVP_DigestInit(c,EVP_sha256());EVP_DigestFinal(c,h,&n);return h[0]!=0xe3;}\n");
  write_file(folder / "version.c",
             "#include <openssl/crypto.h>\n#include <stdio.h>\nint main(void){puts(OpenSSL_version(OPENSSL_VERSION));"
             "puts(\"built with \" OPENSSL_VERSION_TEXT);return 0;}\n");
  const std::string root = folder.path().string();
  for (const char* program : {"hash", "version"}) {
    INFO(program);
    const std::string file = root + '/' + program;
    must_run("cc -static -o " + file + ' ' + file + ".c -lcrypto -ldl -lpthread && strip " + file);
    const auto all = libraries_of(file);
    REQUIRE(all.size() >= 1);
    CHECK(named(all, "OpenSSL").size() == all.size());
    CHECK(all[0].attributes["linkage"] == "static");
    const std::string version = all[0].attributes["version"];
    // The static library may be older or newer than the shared one.
    const std::string archive = must_run("strings -n 9 " + system_library("libcrypto.a") + " | grep -m1 -oE '^OpenSSL [0-9.]+ '");
    CHECK(archive == "OpenSSL " + version + " \n");
  }
  must_run("cc -o " + root + "/shared " + root + "/version.c -lcrypto && strip " + root + "/shared");
  CHECK(libraries_of(root + "/shared").empty());
  CHECK(libraries_of(fs::canonical("/usr/sbin/nginx").string()).empty());
}

TEST_CASE("texts with a library's name and version are found in programs, wherever they lie", "[crypto_library]") {
  const std::string near = std::string(1, '\0') + "OPENSSLDIR: \"/etc/ssl\"";
  const std::vector<std::tuple<std::string, std::string, json>> golden{
      {"OpenSSL 1.0.2u  20 Dec 2019" + near, "OpenSSL", "1.0.2u"},
      {"SSLv3 part of OpenSSL 1.0.2k-fips  26 Jan 2017", "OpenSSL", "1.0.2k-fips"},
      {"OpenSSL 1.1.1k  FIPS 25 Mar 2021" + near, "OpenSSL", "1.1.1k"},
      {"OpenSSL 3.2.0-beta1 26 Oct 2023" + near, "OpenSSL", "3.2.0-beta1"},
      {"OpenSSL 1.1.1 (compatible; AWS-LC 1.69.0)", "AWS-LC", "1.69.0"},
      {"OpenSSL 1.1.1 (compatible; AWS-LC FIPS 2.0.0)", "AWS-LC", "2.0.0"},
      {"OpenSSL 1.1.1 (compatible; BoringSSL)", "BoringSSL", nullptr},
      {"LibreSSL 3.8.2" + near, "LibreSSL", "3.8.2"},
      {"Mbed TLS 3.6.0", "mbed TLS", "3.6.0"},
      {"SSH-2.0-libssh_0.10.6", "libssh", "0.10.6"},
      {"BORINGSSL_self_test", "BoringSSL", nullptr},
      {"CryptoNative_EvpSha256", ".NET cryptography", nullptr},
  };
  for (const auto& [text, library, version] : golden) {
    INFO(text);
    for (const std::string& file : {in_program(text), in_program(std::string(1'200'000, '\1') + '\0' + text),
                                    in_program(std::string(1'048'570, 'x') + '\0' + text)}) {
      const auto found = libraries_in(file);
      REQUIRE(found.size() == 1);
      CHECK(found[0].attributes["library"] == library);
      CHECK(found[0].attributes["version"] == version);
    }
  }
}

TEST_CASE("texts that speak of libraries are silent", "[crypto_library]") {
  std::string page;
  for (const char* line : {"OpenSSL 3.0.19 27 Jan 2026",
                           "OPENSSLDIR: \"/usr/lib/ssl\"",
                           "This is Libgcrypt 1.10.1 - The GNU Crypto Library",
                           "Enabled GnuTLS 3.7.9 logging...",
                           "mbed TLS 2.28.3",
                           "wolfSSL 5.5.4",
                           "Botan 2.19.3 (unreleased)",
                           "LibTomCrypt 1.18.2 (www)",
                           "Version: NSS 3.87.1",
                           "SSH-2.0-libssh2_1.10.0",
                           "BouncyCastle Security Provider v1.72",
                           "libsodium.so.23",
                           "bcrypt.dll",
                           "/ring-0.17.8/src/lib.rs",
                           "\xff Go buildinf:",
                           "BORINGSSL_self_test",
                           "Package: openssl",
                           "JAVA_VERSION=\"17.0.1\"",
                           "Metadata-Version: 2.1",
                           "\"name\": \"node-forge\"",
                           "groupId=org.bouncycastle"}) {
    page += std::string(line) + '\n';
  }
  const Scanned scanned = scanner().scan(page);
  CHECK(scanned.hits > 15);
  CHECK(listed(scanned.of(FindingType::crypto_library)).empty());
  CHECK(scanned.diagnostics.empty());
}

TEST_CASE("documentation and licenses of this machine name no library", "[crypto_library]") {
  std::size_t files = 0;
  for (const char* folder : {"/usr/share/doc", "/usr/share/man", "/usr/include/openssl", "/usr/share/perl", "/usr/share/common-licenses"}) {
    if (!fs::exists(folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(folder, fs::directory_options::skip_permission_denied)) {
      if (!entry.is_regular_file() || entry.is_symlink() || files > 20'000) continue;
      const bool packed = entry.path().extension() == ".gz";
      const std::string name = entry.path().string();
      // zcat for each of thousands would take minutes: those of the subject only.
      const bool subject =
          name.find("ssl") != std::string::npos || name.find("crypt") != std::string::npos || name.find("tls") != std::string::npos;
      if (packed && !subject) continue;
      const std::string content = packed ? run("zcat " + shell_quoted(name)).value_or("") : read_file(entry.path());
      ++files;
      INFO(name);
      CHECK(listed(libraries_in(content, name)).empty());
    }
  }
  REQUIRE(files > 100);
  std::cout << files << " files of documentation\n";
}

TEST_CASE("Bouncy Castle by class, by manifest, and under another package's name", "[crypto_library]") {
  const std::string jar = "/usr/share/java/bcprov.jar";
  const std::string name = "org/bouncycastle/jce/provider/BouncyCastleProvider.class";
  const std::string content = must_run("unzip -p " + jar + ' ' + name);
  const std::string version = upstream_version("libbcprov-java");
  const auto by_class = libraries_in(content, name);
  const auto manifest = libraries_in(must_run("unzip -p " + jar + " META-INF/MANIFEST.MF"), "META-INF/MANIFEST.MF");
  REQUIRE(by_class.size() == 1);
  REQUIRE(manifest.size() == 1);
  CHECK(by_class[0].title == "Bouncy Castle " + version);
  CHECK(manifest[0].id == by_class[0].id);
  CHECK(manifest[0].attributes["evidence"][0]["kind"] == "manifest");
  CHECK(by_class[0].attributes["evidence"][0]["kind"] == "class");
  CHECK(libraries_in(content, "shaded/com/example/jce/provider/BouncyCastleProvider.class").at(0).id == by_class[0].id);
  const std::string fips_text = "BouncyCastle Security Provider (FIPS edition) v1.0.2.4";
  const std::string fips =
      std::string("\xca\xfe\xba\xbe\0\0\0\x34\0\x05\x01\0", 12) + static_cast<char>(fips_text.size()) + fips_text + "\x07";
  CHECK(listed(libraries_in(fips)) == "Bouncy Castle FIPS 1.0.2.4");
  const std::string registry = std::string("\xca\xfe\xba\xbe\0\0\0\x34\0\x05\x01\0\x21", 13) + "com/google/crypto/tink/Registry\x07";
  CHECK(listed(libraries_in(registry, "com/google/crypto/tink/Registry.class")) == "Tink");
  CHECK(libraries_in(registry, "com/example/User.class").empty());
}

TEST_CASE("what build tools write beside Java libraries, and a JDK of its version", "[crypto_library]") {
  CHECK(listed(libraries_in("#Generated by Maven\nversion=1.77\ngroupId=org.bouncycastle\nartifactId=bcprov-jdk18on\n")) ==
        "Bouncy Castle 1.77");
  CHECK(listed(libraries_in("artifactId=nimbus-jose-jwt\ngroupId=com.nimbusds\nversion=9.37.3\n")) == "Nimbus JOSE + JWT 9.37.3");
  CHECK(listed(libraries_in("org.conscrypt.version.major=2\norg.conscrypt.version.minor=5\norg.conscrypt.version.patch=2\n")) ==
        "Conscrypt 2.5.2");
  std::size_t runtimes = 0;
  for (const auto& entry : fs::directory_iterator("/usr/lib/jvm")) {
    const fs::path release = entry.path() / "release";
    if (entry.is_symlink() || !fs::exists(release)) continue;
    const auto found = libraries_of(release.string());
    INFO(release.string());
    REQUIRE(found.size() == 1);
    CHECK(found[0].attributes["library"] == "Java Cryptography Architecture");
    CHECK_FALSE(found[0].attributes["vendor"].is_null());
    const std::string said = must_run((entry.path() / "bin/java").string() + " -version 2>&1");
    CHECK(said.find('"' + found[0].attributes["version"].get<std::string>() + '"') != std::string::npos);
    ++runtimes;
  }
  CHECK(runtimes > 0);
}

TEST_CASE("Python packages by their metadata", "[crypto_library]") {
  const std::string listing = must_run(
      "/usr/bin/python3 -c \"import importlib.metadata as m\nfor n in ['cryptography','pyOpenSSL','pycryptodomex','jwcrypto']:\n  "
      "d=m.distribution(n)\n"
      "  print(d.version, next(p for p in ['METADATA','PKG-INFO'] if d.read_text(p)), d._path)\"");
  std::istringstream lines(listing);
  std::string version, file, path;
  std::vector<std::string> seen;
  while (lines >> version >> file >> path) {
    const auto found = libraries_of(path + '/' + file);
    INFO(path);
    REQUIRE(found.size() == 1);
    CHECK(found[0].attributes["version"] == version);
    CHECK(found[0].attributes["language"] == "Python");
    seen.push_back(found[0].attributes["library"]);
  }
  CHECK(seen == std::vector<std::string>{"cryptography", "pyOpenSSL", "PyCryptodome", "jwcrypto"});
  CHECK(listed(libraries_in("Metadata-Version: 2.1\nName: PyNaCl\nVersion: 1.5.0\n\nBody\n")) == "PyNaCl 1.5.0");
  CHECK(libraries_in("Metadata-Version: 2.1\nName: requests\nVersion: 2.31.0\n\nName: cryptography\nVersion: 1.0\n").empty());
}

TEST_CASE("npm packages by package.json", "[crypto_library]") {
  CHECK(listed(libraries_in(R"({"name": "node-forge", "version": "1.3.1", "main": "lib/index.js"})")) == "node-forge (npm) 1.3.1");
  CHECK(listed(libraries_in("{\n  \"version\":\"6.5.4\",\n  \"name\":\"elliptic\"\n}\n")) == "elliptic (npm) 6.5.4");
  CHECK(libraries_in(R"({"name": "mine", "version": "1.0.0", "author": {"name": "jose"}})").empty());
  CHECK(libraries_in(R"({"name": "jose", "version": "1.0.0")").empty());
}

TEST_CASE("Go programs by their build information", "[crypto_library]") {
  std::size_t programs = 0;
  for (const char* file : {"/usr/bin/docker-registry", "/usr/bin/skopeo", "/usr/bin/umoci"}) {
    if (!fs::exists(file)) continue;
    const auto found = named(libraries_of(file), "Go crypto");
    INFO(file);
    REQUIRE(found.size() == 1);
    const std::string version = found[0].attributes["version"];
    CHECK(must_run(std::string("strings -n 4 ") + file + " | grep -m1 -oE 'go1\\.[0-9]+(\\.[0-9]+)?' ") == "go" + version + "\n");
    ++programs;
  }
  CHECK(programs > 0);
  const std::string mark(16, '\x30');
  const std::string info =
      mark +
      "path\tx\nmod\tx\t(devel)\t\ndep\tgolang.org/x/crypto\tv0.17.0\th1:abc=\ndep\tgithub.com/golang-jwt/jwt/v5\tv5.2.0\th1:x=\n"
      "build\tGOEXPERIMENT=boringcrypto\nbuild\tGOFIPS140=v1.0.0\n" +
      mark;
  std::string program = std::string("\xff Go buildinf:\x08\x02", 16) + std::string(16, '\0') + "\x08go1.24.1";
  program += static_cast<char>(0x80 | (info.size() & 0x7f));
  program += static_cast<char>(info.size() >> 7);
  program += info;
  const auto found = libraries_in(in_program(program));
  CHECK(listed(found) == "Go crypto 1.24.1, golang.org/x/crypto 0.17.0, golang-jwt 5.2.0");
  CHECK(found.at(0).attributes["vendor"] == "BoringCrypto");
  CHECK(found.at(0).attributes["evidence"].size() == 3);
}

TEST_CASE("Rust's crates by source paths", "[crypto_library]") {
  std::string program;
  for (int i = 0; i < 50; ++i) {
    program +=
        "/cargo/registry/src/index.crates.io-1949cf8c6b5b557f/ring-0.17.8/src/aead.rs/root/.cargo/registry/src/github.com-1ecc6299db9ec823/"
        "rustls-0.23.37/src/conn.rs";
    program += "attempt to add with overflow/registry/tokio-rustls-0.26.4/src/common.rs";
  }
  CHECK(listed(libraries_in(in_program(program))) == "ring (Rust) 0.17.8, rustls (Rust) 0.23.37");
  CHECK(libraries_in(program).empty());
}

TEST_CASE("package databases: dpkg, apk, rpm", "[crypto_library]") {
  CHECK_FALSE(libraries_of("/var/lib/dpkg/status").empty());
  for (const char* package :
       {"openssl", "libssl3", "libgnutls30", "libgcrypt20", "libnettle8", "libhogweed6", "libsodium23", "libmbedcrypto7", "libwolfssl35",
        "libbotan-2-19", "libtomcrypt1", "libcrypto++8", "libnss3", "libssh2-1", "libbcprov-java", "python3-cryptography"}) {
    const std::string version = must_run(std::string("dpkg-query -W -f='${Version}' ") + package);
    // Each alone: those of one library are one finding.
    const auto found = libraries_in(must_run(std::string("dpkg-query -s ") + package) + "\n");
    INFO(package);
    REQUIRE(found.size() == 1);
    const auto entry = found.begin();
    CHECK(entry->attributes["package"]["name"] == package);
    CHECK(entry->attributes["package"]["version"] == version);
    CHECK(entry->attributes["version"] == upstream_version(package));
    CHECK(entry->attributes["purl"].get<std::string>().starts_with("pkg:deb/debian/"));
  }
  CHECK(libraries_in("Package: libssl3\nStatus: deinstall ok config-files\nMaintainer: x\nArchitecture: amd64\nVersion: 3.0.19-1\n\n")
            .empty());
  CHECK(libraries_in("Package: libssl-doc\nStatus: install ok installed\nMaintainer: x\nArchitecture: all\nVersion: 3.0.19-1\n\n").empty());
  const auto apk = libraries_in(
      "C:Q1abc=\nP:libcrypto3\nV:3.1.4-r5\nA:x86_64\nU:https://www.openssl.org/\no:openssl\n\nC:Q1=\nP:musl\nV:1.2\nA:x86_64\n\n");
  REQUIRE(listed(apk) == "OpenSSL 3.1.4");
  CHECK(apk[0].attributes["purl"] == "pkg:apk/alpine/libcrypto3@3.1.4-r5?arch=x86_64");
  CHECK(apk[0].attributes["weaknesses"] == json::array({"end-of-life"}));
}

TEST_CASE("an rpm database that rpm itself made", "[crypto_library]") {
  const TemporaryFolder folder;
  const std::string root = folder.path().string();
  write_file(folder / "x.spec",
             "Name: openssl-libs\nVersion: 3.0.7\nRelease: 24.el9\nSummary: s\nLicense: l\nBuildArch: noarch\n%description\nd\n%files\n");
  must_run("cd " + root + " && rpmbuild -bb --define '_topdir " + root + "' --define '_dbpath " + root + "/build' x.spec");
  must_run("rpm --dbpath " + root + "/db --initdb && rpm --dbpath " + root + "/db --nodeps --justdb -i $(find " + root +
           "/RPMS -name '*.rpm')");
  const auto found = libraries_of(root + "/db/rpmdb.sqlite");
  REQUIRE(found.size() >= 1);
  CHECK(found[0].title == "OpenSSL 3.0.7");
  CHECK(found[0].attributes["purl"] == "pkg:rpm/openssl-libs@3.0.7-24.el9");
}

TEST_CASE("Windows and Apple programs by what they import, assemblies by their VERSIONINFO", "[crypto_library]") {
  const std::string pe = "MZ" + std::string(200, '\0');
  const std::string zero(1, '\0');
  CHECK(listed(libraries_in(pe + "KERNEL32.dll" + zero + zero + "bcrypt.dll" + zero + zero)) == "Windows CNG");
  CHECK(libraries_in("bcrypt.dll" + zero).empty());
  const std::string mach("\xcf\xfa\xed\xfe\x07\0\0\x01\0\0\0\0", 12);
  CHECK(listed(libraries_in(mach + "/System/Library/Frameworks/Security.framework/Versions/A/Security" + zero)) == "Apple Security");
  const std::string info = pe + wide("VS_VERSION_INFO") + wide("OriginalFilename") + wide("BouncyCastle.Cryptography.dll") + "\x30" + zero +
                           "\1" + zero + wide("ProductVersion") + zero + zero + wide("2.2.1+9a5b2d") + zero;
  CHECK(listed(libraries_in(info)) == "Bouncy Castle C# 2.2.1");
}

TEST_CASE("ids name library and version; ended release lines are weak by the table alone", "[crypto_library]") {
  CryptoLibrary library;
  library.name = "OpenSSL";
  library.version = "1.1.1w";
  const Finding finding = describe_library(library);
  CHECK(finding.id == Digest::sha256_of(as_bytes(std::string("crypto-library\0OpenSSL\0001.1.1w", 29))).str());
  CHECK(finding.severity == Severity::info);
  CHECK(finding.attributes["end_of_life"] == "2023-09-11");
  CHECK(finding.attributes["weaknesses"] == json::array({"end-of-life"}));
  CHECK(end_of_life("OpenSSL", "3.5.1").date == "2030-04-08");
  CHECK_FALSE(end_of_life("OpenSSL", "3.5.1").ended);
  CHECK(end_of_life("mbed TLS", "2.28.3").ended);
  CHECK(end_of_life("mbed TLS", "2.281").date.empty());
  CHECK(end_of_life("OpenSSL", "").date.empty());
}

TEST_CASE("the programs of this machine: triggers are rare, and each library found is one that is installed or linked in",
          "[crypto_library]") {
  std::vector<std::unique_ptr<const Detector>> detectors;
  detectors.push_back(std::make_unique<CryptoConfigurationDetector>());
  detectors.push_back(std::make_unique<CryptoLibraryDetector>());
  detectors.push_back(std::make_unique<RustCrateDetector>());
  const FileScanner alone(std::move(detectors));
  std::size_t files = 0, bytes = 0, hits = 0, diagnostics = 0;
  std::map<std::string, std::set<std::string>> where;
  for (const char* folder : {"/usr/lib", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/bin", "/usr/sbin"}) {
    if (!fs::is_directory(folder)) continue;
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (!entry.is_regular_file() || entry.is_symlink() || entry.file_size() > 64'000'000) continue;
      const std::string content = read_file(entry.path());
      const Scanned scanned = alone.scan(content, entry.path().string());
      ++files;
      bytes += content.size();
      hits += scanned.hits;
      diagnostics += scanned.diagnostics.size();
      for (const Finding& each : scanned.of(FindingType::crypto_library)) where[each.title].insert(entry.path().filename().string());
      INFO(entry.path().string());
      CHECK(scanned.of(FindingType::crypto_configuration).empty());
    }
  }
  REQUIRE(files > 100);
  CHECK(diagnostics == 0);
  CHECK(hits < bytes / 10'000);
  std::cout << files << " programs and libraries, " << bytes / 1'000'000 << " MB, " << hits << " hits\n";
  for (const auto& [title, names] : where) std::cout << "  " << title << ": " << names.size() << " files, " << *names.begin() << '\n';
}

TEST_CASE("truncated and lying programs report nothing they do not hold", "[crypto_library]") {
  const std::string sodium = read_file(system_library("libsodium.so.23"));
  std::size_t cuts = 0;
  for (std::size_t size = 0; size < 350'000; size += 4099) {
    const auto found = libraries_in(std::string_view(sodium).substr(0, size));
    INFO(size);
    CHECK(found.empty());  // its dynamic section comes later
    ++cuts;
  }
  CHECK(cuts > 50);
  std::string lying = sodium;
  for (std::size_t i = 32; i < 4096; i += 8) {
    for (std::size_t j = 0; j < 8; ++j) lying[i + j] = '\xff';
    libraries_in(lying);
  }
  const std::string go = std::string("\xff Go buildinf:\x08\x02", 16) + std::string(16, '\0') + "\xff\xff\xff\xff\x0f" + "go1.24";
  CHECK(libraries_in(in_program(go)).empty());
}

}  // namespace landwaiter::detectors
