// SPDX-License-Identifier: Apache-2.0
// Keystores with a well-known password: what is listed then, compared with keytool, pyjks and openssl.
#include "core/base/digest.hpp"
#include "core/base/encoding.hpp"
#include "detectors/formats/der.hpp"
#include "detectors/passwords/passwords.hpp"
#include "tests/detectors/support/keystores.hpp"
#include "tests/detectors/support/material.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <set>

namespace landwaiter::detectors {
namespace {

using nlohmann::json;

/// What pyjks lists of a keystore: "alias kind digest-of-leaf" a line. It checks the store's integrity with the password, but does not
/// decrypt the keys: it stops at an AlgorithmIdentifier without parameters, which is valid and which newer JDKs write. The keys are
/// judged by keytool and openssl.
constexpr const char* kPyjks = R"(
import sys, hashlib, jks
path, password, kind = sys.argv[1:4]
digest = lambda b: 'sha256:' + hashlib.sha256(b).hexdigest()
store = {'JKS': jks.KeyStore, 'JCEKS': jks.KeyStore, 'BKS': jks.bks.BksKeyStore}[kind].load(path, password, try_decrypt_keys=False)
for alias, e in store.entries.items():
    name = type(e).__name__
    if name == 'PrivateKeyEntry':
        print(alias, 'private-key', digest(e.cert_chain[0][1]))
    elif name == 'TrustedCertEntry' or name == 'BksTrustedCertEntry':
        print(alias, 'certificate', digest(e.cert))
    elif name == 'SecretKeyEntry':
        print(alias, 'secret-key', '-')
    elif name == 'BksSealedKeyEntry':
        print(alias, 'private-key' if e.cert_chain else 'secret-key', digest(e.cert_chain[0].cert) if e.cert_chain else '-')
    else:
        print(alias, name, '-')
)";

std::vector<std::string> sorted_lines(const std::string& text) {
  std::vector<std::string> out;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    if (end > at) out.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  std::ranges::sort(out);
  return out;
}

/// The ids of a keystore's private keys as they are in its certificates, by openssl.
std::set<std::string> ids_by_openssl(const Finding& keystore, const Keytool& keytool, const std::string& store, const std::string& type) {
  std::set<std::string> out;
  for (const char* alias : {"site k\xc3\xa9y", "second"}) {
    REQUIRE(entry_of(keystore, alias)["kind"] == "private-key");
    write_file(keytool.path("leaf.pem"),
               keytool.run(store, type, std::string("-exportcert -rfc -alias \"") + alias + '"', "LC_ALL=C.UTF-8"));
    const std::string spki =
        must_run("openssl x509 -noout -pubkey -in " + keytool.path("leaf.pem") + " | openssl pkey -pubin -outform DER");
    const std::string id = "spki-" + Digest::sha256_of(as_bytes(spki)).str();
    CHECK(entry_of(keystore, alias)["key_id"] == id);
    out.insert(id);
  }
  return out;
}

void check_nothing_secret(const Scanned& scanned, const std::string& password) {
  const std::string said = everything(scanned);
  REQUIRE(said.size() > 100);
  CHECK(said.find(password) == std::string::npos);
  for (const Password& one : well_known_passwords()) {
    // Words that reports are made of.
    const std::set<std::string_view> words{"", "password", "keystore", "secret", "android"};
    if (!words.contains(one.text)) CHECK(said.find(one.text) == std::string::npos);
  }
}

}  // namespace

TEST_CASE("a keystore with Java's own default password is listed as keytool and pyjks list it, with its keys", "[keystore]") {
  struct Kind {
    std::string type;
    bool secret_key, pyjks;
  };
  const Kind kind = GENERATE(Kind{"JKS", false, true}, Kind{"JCEKS", true, true}, Kind{"PKCS12", true, false}, Kind{"BKS", true, true},
                             Kind{"UBER", true, false}, Kind{"BCFKS", true, false}, Kind{"BCPKCS12", false, false});
  INFO(kind.type);
  const Keytool keytool("changeit");
  keytool.make("store", kind.type, kind.secret_key);
  const std::string file = keytool.file("store");
  const Scanned scanned = keystore_scanner().scan(file, "nothing.txt");
  const Finding found = only_keystore(scanned, file);
  CHECK(found.attributes["format"] == (kind.type == "BCPKCS12" ? "PKCS12" : kind.type));
  CHECK(found.attributes["password"] == "well-known");
  CHECK(found.attributes["password_tried"] == true);
  CHECK(found.attributes["listing"] == "complete");
  CHECK(has_weakness(found, "well-known-password"));
  CHECK(found.severity == Severity::high);
  CHECK(lines_of(found) == listed_by_keytool(keytool, "store", kind.type));
  if (kind.pyjks) CHECK(lines_of(found) == sorted_lines(python(kPyjks, keytool.path("store") + " changeit " + kind.type)));

  std::set<std::string> keys, certificates;
  for (const Finding& key : scanned.of(FindingType::private_key)) {
    // Never once more as an encrypted key, which it also is for another detector.
    REQUIRE(key.attributes.contains("password"));
    CHECK(key.severity == Severity::high);
    CHECK(has_weakness(key, "well-known-password"));
    CHECK(key.attributes["keystore"] == found.id);
    CHECK(key.attributes["consistent"] == true);
    keys.insert(key.id);
  }
  CHECK(keys == ids_by_openssl(found, keytool, "store", kind.type));
  for (const Finding& certificate : scanned.of(FindingType::certificate)) certificates.insert(certificate.id);
  for (const json& entry : found.attributes["entries"]) {
    for (const json& id : entry["certificates"]) CHECK(certificates.contains(id.get<std::string>()));
  }
  CHECK(certificates.size() == 2);
  check_nothing_secret(scanned, "changeit");

  const Scanned kept = keystore_scanner(false).scan(file);
  REQUIRE(kept.of(FindingType::keystore).size() == 1);
  CHECK(kept.of(FindingType::keystore)[0].attributes["password_tried"] == false);
  CHECK(kept.of(FindingType::keystore)[0].attributes["password"].is_null());

  const Scanned behind = keystore_scanner().scan(std::string(1024 * 1024 + 17, 'x') + file + (kind.type == "UBER" ? "" : "trailer"));
  REQUIRE(behind.of(FindingType::keystore).size() == 1);
  CHECK(behind.of(FindingType::keystore)[0].id == found.id);
  CHECK(behind.of(FindingType::keystore)[0].attributes == found.attributes);
  CHECK(behind.of(FindingType::keystore)[0].occurrences[0].offset == 1024 * 1024 + 17);
}

namespace {

/// Writes a JKS again with each key's AlgorithmIdentifier in the other form: with NULL as its parameters, or without parameters.
constexpr const char* kOtherParameters = R"(
import sys, hashlib, struct
data = open(sys.argv[1], 'rb').read()
at, out, forms = 0, b'', set()
def take(n):
    global at
    at += n
    return data[at - n:at]
def sized(form):
    head = take(struct.calcsize(form))
    return head + take(struct.unpack(form, head)[0])
def read(tlv):
    n, head = tlv[1], 2
    if n & 128: head, n = 2 + (n & 127), int.from_bytes(tlv[2:2 + (n & 127)], 'big')
    return tlv[head:head + n], tlv[head + n:]
def sequence(content):
    n = len(content)
    return bytes([48]) + (bytes([n]) if n < 128 else bytes([130]) + n.to_bytes(2, 'big')) + content
out += take(8)
count = take(4)
out += count
for _ in range(struct.unpack('>I', count)[0]):
    tag = take(4)
    out += tag + sized('>H') + take(8)
    chain = b'\0\0\0\1'
    if tag == b'\0\0\0\1':
        algorithm, sealed = read(read(sized('>I')[4:])[0])
        bare = algorithm.removesuffix(b'\5\0')
        forms.add(bare == algorithm)
        key = sequence(sequence(bare + b'\5\0' if bare == algorithm else bare) + sealed)
        chain = take(4)
        out += struct.pack('>I', len(key)) + key + chain
    for _ in range(struct.unpack('>I', chain)[0]):
        out += sized('>H') + sized('>I')
assert len(forms) == 1 and at == len(data) - 20
out += hashlib.sha1(sys.argv[2].encode('utf-16-be') + b'Mighty Aphrodite' + out).digest()
open(sys.argv[1], 'wb').write(out)
print('NULL' if forms == {True} else 'none')
)";

}  // namespace

TEST_CASE("keys of a JKS are read whether their AlgorithmIdentifier has parameters or not", "[keystore]") {
  const Keytool keytool("changeit");
  keytool.make("store", "JKS", false);
  const std::string written = keytool.file("store");
  const Finding as_written = only_keystore(keystore_scanner().scan(written), written);
  const std::string form = python(kOtherParameters, keytool.path("store") + " changeit");
  INFO("parameters: " << form);
  const std::string other = keytool.file("store");
  REQUIRE(other != written);
  const Scanned scanned = keystore_scanner().scan(other);
  const Finding found = only_keystore(scanned, other);
  CHECK(found.attributes["entries"] == as_written.attributes["entries"]);
  CHECK(found.attributes["listing"] == "complete");
  CHECK(lines_of(found) == listed_by_keytool(keytool, "store", "JKS"));
  std::set<std::string> keys;
  for (const Finding& key : scanned.of(FindingType::private_key)) {
    REQUIRE(key.attributes.contains("password"));
    keys.insert(key.id);
  }
  CHECK(keys == ids_by_openssl(found, keytool, "store", "JKS"));
}

TEST_CASE("PKCS #12 by openssl opens with a well-known password, whatever its algorithms", "[keystore]") {
  const Material material;
  material.key("ca", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256");
  material.certificate("ca", "-days 9 -subj /CN=issuer.example");
  material.key("k", "-algorithm RSA -pkeyopt rsa_keygen_bits:2048");
  material.openssl("req -new -key " + material.path("k.pem") + " -subj /CN=leaf.example -out " + material.path("k.csr"));
  material.openssl("x509 -req -days 9 -in " + material.path("k.csr") + " -CA " + material.path("ca.crt") + " -CAkey " +
                   material.path("ca.pem") + " -CAcreateserial -out " + material.path("k.crt"));
  const auto digest = [&](const std::string& name) {
    return Digest::sha256_of(as_bytes(material.openssl("x509 -outform DER -in " + material.path(name)))).str();
  };
  struct Case {
    std::string options, password, kind;
    std::vector<std::string> weaknesses;
  };
  const Case one =
      GENERATE(Case{"", "changeit", "well-known", {}}, Case{"-legacy", "password", "well-known", {"weak-cipher", "3des"}},
               Case{"-legacy -nomac -certpbe PBE-SHA1-RC2-40", "secret", "well-known", {"weak-cipher", "3des", "no-integrity"}},
               Case{"-nomac -certpbe AES-256-CBC", "tomcat", "well-known", {"no-integrity"}},
               Case{"-macalg SHA512 -iter 100", "notasecret", "well-known", {"few-iterations"}}, Case{"", "", "empty", {}},
               Case{"-legacy", "", "empty", {"3des"}},
               Case{"-legacy -certpbe PBE-SHA1-RC4-128 -keypbe PBE-SHA1-RC2-128", "android", "well-known", {"weak-cipher"}},
               Case{"-legacy -certpbe PBE-MD5-DES -keypbe PBE-SHA1-DES", "12345678", "well-known", {"weak-cipher"}},
               Case{"-certpbe AES-128-CBC -keypbe AES-192-CBC", "changeme", "well-known", {}},
               Case{"-certpbe NONE -keypbe NONE -nomac", "", "", {"no-integrity", "unencrypted-key"}},
               Case{"-certpbe NONE -nomac", "storepass", "well-known", {"no-integrity"}});
  INFO(one.options << " with " << one.password);
  material.openssl("pkcs12 -export -inkey " + material.path("k.pem") + " -in " + material.path("k.crt") + " -certfile " +
                   material.path("ca.crt") + " -name leaf -passout pass:" + one.password + ' ' + one.options + " -out " +
                   material.path("k.p12"));
  const std::string file = material.file("k.p12");
  const Scanned scanned = keystore_scanner().scan(file);
  const Finding found = only_keystore(scanned, file);
  CHECK(found.attributes["password"] == (one.kind.empty() ? json(nullptr) : json(one.kind)));
  for (const std::string& weakness : one.weaknesses) CHECK(has_weakness(found, weakness));
  CHECK(has_weakness(found, "no-integrity") == (one.options.find("-nomac") != std::string::npos));
  CHECK(found.attributes["listing"] == "complete");
  REQUIRE(found.attributes["entries"].size() == 1);
  const json& key = found.attributes["entries"][0];
  CHECK(key["alias"] == "leaf");
  CHECK(key["certificates"] == json::array({digest("k.crt"), digest("ca.crt")}));
  CHECK(key["key_id"] == material.key_id("k.pem"));
  const auto keys = scanned.of(FindingType::private_key);
  REQUIRE(keys.size() == 1);
  CHECK(keys[0].id == material.key_id("k.pem"));
  CHECK(keys[0].severity == Severity::high);
  // Copies are answered from memory, also behind each other in one file.
  CHECK(keystore_scanner().scan(file + file).of(FindingType::private_key).size() == 1);
  CHECK(scanned.of(FindingType::certificate).size() == 2);
  const std::string pkcs8 = hex_encode(as_bytes(material.openssl("pkcs8 -topk8 -nocrypt -outform DER -in " + material.path("k.pem"))));
  CHECK(everything(scanned).find(pkcs8.substr(pkcs8.size() - 64)) == std::string::npos);
}

namespace {

/// Adds a MacData to a PFX without one: PBMAC1 (RFC 9579) or that of RFC 7292 with any count of iterations.
constexpr const char* kAddMac = R"(
import sys, hashlib, hmac
path, kind, password, iterations = sys.argv[1], sys.argv[2], sys.argv[3].encode(), int(sys.argv[4])
def length(n):
    if n < 128: return bytes([n])
    b = n.to_bytes((n.bit_length() + 7) // 8, 'big')
    return bytes([128 + len(b)]) + b
tlv = lambda tag, *parts: bytes([tag]) + length(len(b''.join(parts))) + b''.join(parts)
def read(data):
    n, at = data[1], 2
    if n & 128: at, n = 2 + (n & 127), int.from_bytes(data[2:2 + (n & 127)], 'big')
    return data[at:at + n], data[at + n:]
integer = lambda n: tlv(2, n.to_bytes(n.bit_length() // 8 + 1, 'big'))
oid = bytes.fromhex
body, _ = read(open(path, 'rb').read())
safe = read(body[3:])[0]              # behind INTEGER 3: OID, [0] { OCTETS }
content = read(read(read(safe)[1])[0])[0]
salt = b'0123456789abcdef'
if kind == 'pbmac1':
    key = hashlib.pbkdf2_hmac('sha512', password, salt, iterations, 32)
    kdf = tlv(48, oid('06092a864886f70d01050c'), tlv(48, tlv(4, salt), integer(iterations), integer(32),
                                                     tlv(48, oid('06082a864886f70d020b0500'))))
    algorithm = tlv(48, oid('06092a864886f70d01050e'), tlv(48, kdf, tlv(48, oid('06082a864886f70d02090500'))))
    digest = hmac.new(key, content, 'sha256').digest()
    mac = tlv(48, tlv(48, algorithm, tlv(4, digest)), tlv(4, b'NOT USED'), integer(1))
else:
    mac = tlv(48, tlv(48, tlv(48, oid('06096086480165030402010500')), tlv(4, bytes(32))), tlv(4, salt), integer(iterations))
sys.stdout.buffer.write(tlv(48, body, mac))
)";

/// Writes DER again as BER: indefinite lengths, OCTET STRINGs in pieces of 100 bytes below the first levels.
constexpr const char* kBer = R"(
import sys
def items(data):
    at = 0
    while at < len(data):
        tag, n, head = data[at], data[at + 1], 2
        if n & 128: head, n = 2 + (n & 127), int.from_bytes(data[at + 2:at + 2 + (n & 127)], 'big')
        yield tag, data[at + head:at + head + n]
        at += head + n
def length(n): return bytes([n]) if n < 128 else bytes([130]) + n.to_bytes(2, 'big')
def write(tag, content):
    if tag & 32: return bytes([tag, 128]) + b''.join(write(t, c) for t, c in items(content)) + b'\0\0'
    if tag == 4 and len(content) > 100:
        pieces = [content[i:i + 100] for i in range(0, len(content), 100)]
        return bytes([36, 128]) + b''.join(b'\x04' + length(len(piece)) + piece for piece in pieces) + b'\0\0'
    return bytes([tag]) + length(len(content)) + content
(tag, content), = items(open(sys.argv[1], 'rb').read())
sys.stdout.buffer.write(write(tag, content))
)";

std::string small_p12(const Material& material, const std::string& options) {
  material.key("k", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256");
  material.certificate("k", "-days 9 -subj /CN=small.example");
  material.openssl("pkcs12 -export -inkey " + material.path("k.pem") + " -in " + material.path("k.crt") + " -name small " + options +
                   " -out " + material.path("k.p12"));
  return material.file("k.p12");
}

}  // namespace

TEST_CASE("PBMAC1 is checked, and counts beyond the budget are not tried", "[keystore]") {
  const Material material;
  small_p12(material, "-nomac -certpbe AES-256-CBC -passout pass:changeit");
  const std::string with_pbmac1 = python(kAddMac, material.path("k.p12") + " pbmac1 changeit 2048");
  const Finding opened = only_keystore(keystore_scanner().scan(with_pbmac1), with_pbmac1);
  CHECK(opened.attributes["integrity"] == json({{"algorithm", "PBMAC1"}, {"mac", "hmacWithSHA256"}, {"iterations", 2048}}));
  CHECK(opened.attributes["password"] == "well-known");
  CHECK(entry_of(opened, "small")["key_id"] == material.key_id("k.pem"));

  small_p12(material, "-nomac -certpbe AES-256-CBC -passout pass:kept-to-itself");
  const std::string other = python(kAddMac, material.path("k.p12") + " pbmac1 kept-to-itself 2048");
  const Finding closed = only_keystore(keystore_scanner().scan(other), other);
  CHECK(closed.attributes["password"].is_null());
  CHECK(closed.attributes["password_tried"] == true);
  CHECK(closed.attributes["listing"] == "partial");
  CHECK_FALSE(has_weakness(closed, "well-known-password"));

  const std::string costly = python(kAddMac, material.path("k.p12") + " plain - 2147483647");
  const Finding untried = only_keystore(keystore_scanner().scan(costly), costly);
  CHECK(untried.attributes["password_tried"] == false);
  CHECK(untried.attributes["integrity"]["iterations"] == 2147483647);
}

TEST_CASE("PKCS #12 in BER is read like its DER, its certificates reported although they lie in pieces", "[keystore]") {
  const Material material;
  small_p12(material, "-certpbe NONE -passout pass:changeit");
  const std::string ber = python(kBer, material.path("k.p12"));
  REQUIRE(ber.substr(0, 2) == std::string("\x30\x80", 2));
  const Scanned scanned = keystore_scanner().scan(ber + "behind");
  const auto found = scanned.of(FindingType::keystore);
  REQUIRE(found.size() == 1);
  CHECK(found[0].id == Digest::sha256_of(as_bytes(ber)).str());
  CHECK(found[0].attributes["password"] == "well-known");
  CHECK(entry_of(found[0], "small")["key_id"] == material.key_id("k.pem"));
  const std::string certificate = Digest::sha256_of(as_bytes(material.openssl("x509 -outform DER -in " + material.path("k.crt")))).str();
  const auto certificates = scanned.of(FindingType::certificate);
  REQUIRE(certificates.size() == 1);
  CHECK(certificates[0].id == certificate);
}

TEST_CASE("trust stores larger than a window are read to their end", "[keystore]") {
  const Material material;
  std::string bundle;
  for (const char* name : {"a", "b", "c"}) {
    material.key(name, "-algorithm RSA -pkeyopt rsa_keygen_bits:2048");
    std::string names;
    for (int i = 0; i < 700; ++i)
      names += (i == 0 ? "DNS:" : ",DNS:") + std::string(name) + std::to_string(i) + ".some-long-name-to-fill.example";
    material.certificate(name, "-days 9 -subj /CN=" + std::string(name) + " -addext subjectAltName=" + names);
    bundle += material.file(std::string(name) + ".crt");
  }
  write_file(material.path("bundle.pem"), bundle);
  constexpr const char* kMake = R"(
import sys, ssl, jks
certs = [ssl.PEM_cert_to_DER_cert(p + '-----END CERTIFICATE-----\n')
         for p in open(sys.argv[1]).read().split('-----END CERTIFICATE-----\n')[:-1]]
jks.KeyStore.new(sys.argv[3], [jks.TrustedCertEntry.new('entry %d' % i, certs[i % 3]) for i in range(12)]).save(sys.argv[2], 'changeit')
)";
  python(kMake, material.path("bundle.pem") + ' ' + material.path("trust.jks") + " jks");
  std::string file = material.file("trust.jks");
  REQUIRE(file.size() > 256 * 1024);
  for (const std::size_t before : {0, 17, 1024 * 1024 + 17, 1024 * 1024 - 5}) {
    const Scanned scanned = keystore_scanner().scan(std::string(before, 'x') + file + std::string(300'000, 'y'));
    REQUIRE(scanned.of(FindingType::keystore).size() == 1);
    const Finding found = scanned.of(FindingType::keystore)[0];
    CHECK(found.id == Digest::sha256_of(as_bytes(file)).str());
    CHECK(found.attributes["entries"].size() == 12);
    CHECK(found.attributes["password"] == "well-known");
    CHECK(found.severity == Severity::info);
    CHECK(found.occurrences[0].offset == before);
    CHECK(scanned.diagnostics.empty());
  }
  std::string many;
  for (int i = 0; i < 4; ++i) many += bundle;
  write_file(material.path("many.pem"), many);
  material.openssl("pkcs12 -export -nokeys -in " + material.path("many.pem") + " -passout pass:changeit -out " +
                   material.path("trust.p12"));
  file = material.file("trust.p12");
  REQUIRE(file.size() > 256 * 1024);
  const Scanned scanned = keystore_scanner().scan(std::string(1024 * 1024 + 17, 'x') + file + std::string(300'000, 'y'));
  REQUIRE(scanned.of(FindingType::keystore).size() == 1);
  CHECK(scanned.of(FindingType::keystore)[0].id == Digest::sha256_of(as_bytes(file)).str());
  CHECK(scanned.of(FindingType::keystore)[0].attributes["entries"].size() == 12);
}

}  // namespace landwaiter::detectors
