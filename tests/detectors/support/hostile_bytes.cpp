// SPDX-License-Identifier: Apache-2.0
#include "tests/detectors/support/hostile_bytes.hpp"

namespace landwaiter::detectors {
namespace {

using namespace std::string_literals;

std::string utf16(std::string_view text) {
  std::string out;
  for (const char c : text) (out += c) += '\0';
  return out;
}

std::string zeros(std::size_t count) { return std::string(count, '\0'); }

/// The head of an ELF library.
std::string elf() { return "\x7f"s + "ELF\x02\x01\x01" + zeros(9) + "\x03\0\x3e\0"s + zeros(44); }

/// An empty database of SQLite with two pages, as its header says.
std::string sqlite() {
  return "SQLite format 3\0"s + "\x02\x00\x01\x01\x00\x40\x20\x20"s + zeros(4) + "\0\0\0\x02"s + zeros(68) + "\x0d"s + zeros(7);
}

std::vector<HostileBytes> binary_files(std::size_t size) {
  const auto of = [&](const std::string& unit) { return repeated(unit, size); };
  const std::string data = "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07"s;
  const std::string pbes2 = "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d"s;
  const std::string rsa = "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\0"s;
  return {
      {"pkcs12-indefinite", of("\x30\x80\x02\x01\x03\x30\x80"s + data + "\x01")},
      {"pkcs12-large", of("\x30\x83\x01\xff\xff\x02\x01\x03\x30\x83\x01\xff\xf0"s + data + "\x01")},
      {"bcfks", of("\x30\x82\xff\xff\x30\x82\xff\xf0\x30\x40"s + pbes2)},
      {"jks", of("\xfe\xed\xfe\xed\0\0\0\x02\0\x0f\0\0\0\0\0\x02\0\x01x"s)},
      {"jceks", of("\xce\xce\xce\xce\0\0\0\x02\0\x0f\0\0\0\0\0\x03\0\x01x"s)},
      {"bks", of("\0\0\0\x02\0\0\0\x14"s + std::string(20, 'x') + "\0\0\x04\0\x01\0\x01x"s)},
      {"nss", of(sqlite())},
      {"keychain", of("kych\0\x01\0\0\0\0\0\x10\0\0\0\x14\0\0\x10\0"s)},
      {"ibm-key-database", of("7H\x04\x02\0\0\0\x01X509KEY\0"s)},
      {"keybox", of("\0\0\0\x20\x01\x01\0\0KBXf"s + zeros(20))},
      {"keybox-small-blobs", "\0\0\0\x20\x01\x01\0\0KBXf"s + zeros(20) + of("\0\0\0\x05\x02"s)},
      {"openpgp-rsa", of("\0\x11\x01\0\x01"s)},
      {"openpgp-user-ids", of("\x99\0\x2d\x04\x60\0\0\0\x01\x01\0"s + std::string(32, '\xff') + "\0\x11\x01\0\x01\xb5\x40\0"s)},
      {"certificate", of("\x30\x82\x40\0\x30\x82\x30\0\xa0\x03\x02\x01\x02\x02\x01\x01\x30\x0d"s + rsa)},
      {"crl", of("\x30\x82\x40\0\x30\x82\x30\0\x02\x01\x01\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b\x05\0\x30"s)},
      {"cms", of("\x30\x80"s + data + "\x02\xa0\x80\x30\x80\x02\x01\x01\x31")},
      {"cms-der", of("\x30\x82\x7f\0"s + data + "\x02\xa0\x82\x7e\xf0\x30\x82\x7e\xe0\x02\x01\x01\x31")},
      {"pkcs8", of("\x30\x82\x40\0\x02\x01\0\x30\x0d"s + rsa + "\x04\x82\x30\0\x30\x82\x2f\xf0\x02\x01\0\x02\x82\x01\x01"s)},
      {"spki", of("\x30\x82\x40\0\x30\x0d"s + rsa + "\x03\x82\x30\0\0\x30\x82\x2f\xf0\x02\x82\x20\0"s)},
      {"ec-key-sect571r1", of("\x30\x57\x02\x01\x01\x04\x48\x01"s + std::string(71, 'k') + "\xa0\x07\x06\x05\x2b\x81\x04\0\x27"s)},
      {"ec-pkcs8-sect571r1", of("\x30\x64\x02\x01\0\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\0\x27\x04\x4d"s
                                "\x30\x4b\x02\x01\x01\x04\x46\x01"s +
                                std::string(69, 'k'))},
      {"ed448-pkcs8", of("\x30\x47\x02\x01\0\x30\x05\x06\x03\x2b\x65\x71\x04\x3b\x04\x39"s + std::string(57, 'k'))},
      {"openssh-key", of("openssh-key-v1\0\0\0\0\x04none\0\0\0\x04none\0\0\0\0\0\0\0\x01\0\0\0\x33\0\0\0\x0bssh-ed25519"s)},
      {"go-buildinfo", of("\xff Go buildinf:\x08\x02"s + zeros(16) + "\x08go1.22.5\xff\x7f" + "dep\ta\tv1\n")},
      {"soname", elf() + of("\0libsodium.so.23\0"s)},
      {"rust-crates", elf() + of("/ring-0.1.1/src/")},
      {"version-info", "MZ"s + zeros(62) + of(utf16("OriginalFilename\0"s) + zeros(2) + utf16("crypt32.dll\0"s))},
      {"java-class", "\xca\xfe\xba\xbe\0\0\0\x34"s + of("\x01\0\x20"s + "BouncyCastle Security Provider v1")},
      {"keepass", of("\x03\xd9\xa2\x9a\x67\xfb\x4b\xb5\x01\0\x04\0"s)},
      {"keytab", "\x05\x02"s + of("\0\0\0\x20\0\x01\0\x01x\0\x01x\0\0\0\x01"s)},
      {"cryptoapi", of("\x07\x02\0\0\0\xa4\0\0RSA2\0\x40\0\0\x01\0\x01\0"s)},
  };
}

std::vector<HostileBytes> text_files(std::size_t size) {
  const auto of = [&](const std::string& unit) { return repeated(unit, size); };
  const std::string base64_line = std::string(64, 'A') + "\n";
  return {
      {"json-web-key", of("{\"kty\"")},
      {"json-web-key-members", "{" + of(R"("kty":"RSA","n":"AQAB","e":"AQAB",)") + "}"},
      {"json-web-token", " " + of("JhbGci")},
      {"json-web-token-heads", of("eyJhbGciOiJIUzI1NiJ9.")},
      {"pem-unclosed", of("-----BEGIN CERTIFICATE-----\n" + base64_line)},
      {"pem-key-unclosed", of("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n")},
      {"pem-escaped", of(R"(-----BEGIN PRIVATE KEY-----\u000aMC4CAQAwBQYDK2VwBCIEI\n)")},
      {"armor-unclosed", of("-----BEGIN PGP PRIVATE KEY BLOCK-----\nComment: x\n\n" + base64_line)},
      {"agent-key", of("(11:private-key(")},
      {"agent-key-text", of("Key: (private-key (rsa (n #00#) ")},
      {"ssh-public", of("ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQ\n")},
      {"known-hosts", of("|1|AAAA|AAAA ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA\n")},
      {"putty", of("PuTTY-User-Key-File-2: ssh-rsa\nPublic-Lines: 9999\n")},
      {"age", of("AGE-SECRET-KEY-1QQQQQQQQQQ")},
      {"wireguard", of("[Interface]\nPrivateKey = ")},
      {"signify", of("untrusted comment: minisign encrypted secret key\nRWRTY0Iy")},
      {"dnssec", of("Private-key-format: v1.3\nAlgorithm: 8 (RSASHA256)\nModulus: ")},
      {"dnskey", of("a. IN DNSKEY 257 3 8 AwEA\n")},
      {"ansible-vault", of("$ANSIBLE_VAULT;1.1;AES256\n3132\n")},
      {"tink", of(R"({"primaryKeyId":1,"key":[{"keyData":{"typeUrl":"type.googleapis.com/google.crypto.tink.)")},
      {"base64-der", of("MIIEpAIBAAKCAQEA ")},
      {"base64-long", of("MIIEpAIBAAKCAQEA")},
      {"base64-twice", of("TUlJRXBBSUJBQUtDQVFFQQ")},
      {"hexadecimal", of("308204a40201000282010100")},
      {"utf-16", "\xff\xfe"s + of(utf16("-----BEGIN CERTIFICATE-----\nMIIE"))},
      {"openssl-text", of("OpenSSL 1.1.1 1 Jan 2\0"s)},
      {"openssl-core", of("crypto/provider_core.c\0"s)},
      {"openssl-core-texts", of("crypto/provider_core.c OpenSSL 3.0.1 ")},
      {"botan-text", of("Botan 3.1.1 ")},
      {"dpkg", of("Package: openssl\nA: b\n")},
      {"apk", of("\nP:openssl\nV:1")},
      {"python-metadata", of("Metadata-Version: 2.1 ")},
      {"pom-properties", of("groupId=org.bouncycastle\n")},
      {"manifest", "Manifest-Version: 1.0\n" + of("Extension-Name: org.bouncycastle.x\n")},
      {"java-release", of("JAVA_VERSION=\"17\"\n")},
      {"package-json", "{" + of(R"("name": "jose",)") + "}"},
      {"settings-lines", "ssl_protocols TLSv1;\n" + of("a=b\n")},
      {"settings-values", of("ciphers=A:B\nssl_ciphers A:B;\n")},
      {"settings-providers", "providers = s\nMinProtocol = TLSv1\n[s]\n" + of("a=b\n")},
      {"settings-xml", "<SSLHostConfig protocols=\"TLSv1\">\n" + of("<Connector a=\"b\" ciphers=\"c\" ")},
      {"settings-parts", of("MinProtocol = TLSv1\n\0"s)},
  };
}

}  // namespace

std::string repeated(std::string_view unit, std::size_t size) {
  std::string out;
  while (out.size() + unit.size() <= size) out += unit;
  return out;
}

std::vector<HostileBytes> hostile_bytes(std::size_t size) {
  std::vector<HostileBytes> all = binary_files(size);
  for (HostileBytes& each : text_files(size)) all.push_back(std::move(each));
  return all;
}

}  // namespace landwaiter::detectors
