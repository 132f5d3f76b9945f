// SPDX-License-Identifier: Apache-2.0
// Each encoding of a key against each other one: all have the identity that openssl computes.
#include "core/base/encoding.hpp"
#include "detectors/formats/der.hpp"
#include "detectors/keys/key_identity.hpp"
#include "detectors/keys/public_key.hpp"
#include "tests/detectors/support/key_material.hpp"
#include "tests/detectors/support/keystores.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <vector>

namespace landwaiter::detectors {
namespace {

/// A command that prints an encoding of the key in k.pem, and the type of the finding in it.
struct Form {
  const char* command;
  FindingType type;
};

constexpr FindingType kPrivate = FindingType::private_key, kPublic = FindingType::public_key, kCertificate = FindingType::certificate,
                      kRequest = FindingType::certificate_request;

constexpr std::array kAll{
    Form{"openssl pkcs8 -topk8 -nocrypt -in k.pem", kPrivate},
    Form{"openssl pkcs8 -topk8 -nocrypt -in k.pem -outform DER", kPrivate},
    Form{"openssl pkcs8 -topk8 -nocrypt -in k.pem -outform DER | base64 -w0", kPrivate},
    Form{"openssl pkcs8 -topk8 -nocrypt -in k.pem -outform DER | od -An -v -tx1 | tr -d ' \\n'", kPrivate},
    Form{"openssl pkey -in k.pem -pubout", kPublic},
    Form{"openssl pkey -in k.pem -pubout -outform DER", kPublic},
};

/// For keys that sign.
constexpr std::array kSigning{
    Form{"openssl req -x509 -key k.pem -subj /CN=a", kCertificate},
    Form{"openssl req -x509 -key k.pem -subj /CN=a -outform DER", kCertificate},
    Form{"openssl req -new -key k.pem -subj /CN=a", kRequest},
    Form{"openssl req -new -key k.pem -subj /CN=a -outform DER", kRequest},
    Form{"openssl req -x509 -key k.pem -subj /CN=a -out c.pem; openssl pkcs12 -export -inkey k.pem -in c.pem -passout pass:changeit",
         kPrivate},
    Form{"openssl pkcs12 -export -legacy -inkey k.pem -in c.pem -passout pass:changeit", kPrivate},
    Form{"openssl pkcs12 -export -keypbe NONE -certpbe NONE -nomac -inkey k.pem -in c.pem -passout pass:", kPrivate},
};

/// For keys that OpenSSH has: k is its private file, k.pub its public one.
constexpr std::array kSsh{
    Form{"cat k", kPrivate},
    Form{"cat k.pub", kPublic},
    Form{"echo \"host.example $(cat k.pub)\"", kPublic},
    Form{"ssh-keygen -e -f k.pub", kPublic},
    Form{"cp k e && ssh-keygen -q -p -N long-enough -f e && cat e", kPrivate},
    Form{"puttygen k -O private -o p2 --ppk-param version=2 && cat p2", kPrivate},
    Form{"puttygen k -O private -o p3 && cat p3", kPrivate},
    Form{"echo long-enough > w && puttygen k -O private -o p4 --new-passphrase w --ppk-param memory=64,passes=1 && cat p4", kPrivate},
    Form{"puttygen k -O private -o p5 --new-passphrase w --ppk-param version=2 && cat p5", kPrivate},
};

constexpr std::array kRsa{
    Form{"openssl rsa -in k.pem -traditional", kPrivate},
    Form{"openssl rsa -in k.pem -traditional -outform DER", kPrivate},
    Form{"openssl rsa -in k.pem -traditional -outform DER | base64 -w0", kPrivate},
    Form{"openssl rsa -in k.pem -RSAPublicKey_out", kPublic},
    Form{"openssl rsa -in k.pem -RSAPublicKey_out -outform DER", kPublic},
    Form{"openssl rsa -in k.pem -outform PVK -pvk-none", kPrivate},
    Form{"openssl rsa -in k.pem -outform MSBLOB", kPrivate},
    Form{"openssl rsa -in k.pem -pubout -outform MSBLOB", kPublic},
};

/// $AS says how the point is written, and the curve.
constexpr std::array kEc{
    Form{"openssl ec -in k.pem $AS", kPrivate},
    Form{"openssl ec -in k.pem $AS -outform DER", kPrivate},
    Form{"openssl ec -in k.pem $AS -outform DER | base64 -w0", kPrivate},
    Form{"openssl ec -in k.pem $AS -outform DER | od -An -v -tx1 | tr -d ' \\n'", kPrivate},
    Form{"openssl ec -in k.pem $AS -no_public", kPrivate},
    Form{"openssl ec -in k.pem $AS | openssl pkcs8 -topk8 -nocrypt", kPrivate},
    Form{"openssl ec -in k.pem $AS | openssl pkcs8 -topk8 -nocrypt -outform DER", kPrivate},
    Form{"openssl ec -in k.pem $AS -pubout", kPublic},
    Form{"openssl ec -in k.pem $AS -pubout -outform DER", kPublic},
    Form{"openssl ec -in k.pem $AS -out f.pem; openssl req -x509 -key f.pem -subj /CN=a", kCertificate},
    Form{"openssl req -new -key f.pem -subj /CN=a -outform DER", kRequest},
};

const FileScanner& scanner() {
  static const FileScanner scanner;
  return scanner;
}

/// The key of that type is found, and no other one.
void check_form(const std::string& file, FindingType type, const std::string& id) {
  std::size_t found = 0;
  for (const Finding& finding : scanner().scan(file).findings) {
    const auto hash = finding.attributes.find("spki_sha256");
    if (hash == finding.attributes.end() || hash->is_null()) continue;
    INFO(finding.title);
    CHECK("spki-sha256:" + hash->get<std::string>() == id);
    if (finding.type == kPrivate || finding.type == kPublic) CHECK(finding.id == id);
    if (finding.type == type) ++found;
  }
  CHECK(found == 1);
}

template <class Forms>
std::size_t check_forms(const KeyFolder& folder, const Forms& forms, const std::string& id, const std::string& before = {}) {
  for (const Form& form : forms) {
    INFO(before << form.command);
    check_form(folder.sh(before + form.command), form.type, id);
  }
  return forms.size();
}

std::string numbered(std::size_t value, std::size_t bytes) {
  std::string out;
  for (std::size_t i = bytes; i-- > 0;) out += static_cast<char>(value >> 8 * i & 0xff);
  return out;
}

std::string mpi(ByteView number) {
  number = without_zeros(number);
  return numbered(bit_length(number), 2) + std::string(as_text(number));
}

/// Public keys of all versions that have this algorithm, each with a name behind it: in armor, and also without it if such a key can be a
/// primary one.
std::vector<std::string> openpgp(unsigned algorithm, const std::string& numbers, std::initializer_list<int> versions) {
  std::vector<std::string> out;
  for (const int version : versions) {
    std::string body = static_cast<char>(version) + numbered(1'600'000'001, 4) + static_cast<char>(algorithm);
    if (version > 4) body += numbered(numbers.size(), 4);
    body += numbers;
    const std::string name = "Somebody <a@example.org>";
    const std::string packets = "\xc6\xff" + numbered(body.size(), 4) + body + "\xcd" + static_cast<char>(name.size()) + name;
    constexpr std::array kEncrypting{18U, 25U, 26U};
    if (std::ranges::find(kEncrypting, algorithm) == kEncrypting.end()) out.push_back(packets);
    out.push_back("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n" + base64_encode(as_bytes(packets)) + "\n-----END PGP PUBLIC KEY BLOCK-----\n");
  }
  return out;
}

void check_openpgp(const std::vector<std::string>& files, const std::string& id) {
  for (const std::string& file : files) check_form(file, kPublic, id);
}

/// The content of the BIT STRING of a key's SubjectPublicKeyInfo.
Bytes public_bits(const KeyFolder& folder) {
  const std::string spki = folder.sh("openssl pkey -in k.pem -pubout -outform DER");
  const ByteView bits = spki_key(as_bytes(spki));
  REQUIRE_FALSE(bits.empty());
  return {bits.begin(), bits.end()};
}

/// JSON Web Keys, public and private: as they should be, with padding, with a zero in front of each number, and without the zeros that
/// belong there.
void check_json_keys(const KeyFolder& folder, const std::string& id) {
  constexpr const char* kScript = R"(
import base64, json, sys
from jwcrypto import jwk
key = jwk.JWK.from_pem(open(sys.argv[1], 'rb').read())
private, how = sys.argv[2] == 'private', sys.argv[3]
members = json.loads(key.export(private_key=private))
members.pop('kid', None)
for name, value in members.items():
    if name in ('kty', 'crv'): continue
    data = base64.urlsafe_b64decode(value + '=' * (-len(value) % 4))
    if how == 'zero': data = b'\0' + data
    if how == 'bare': data = data.lstrip(b'\0')
    text = base64.urlsafe_b64encode(data).decode()
    members[name] = text if how == 'padded' else text.rstrip('=')
print(json.dumps(members))
)";
  for (const char* half : {"public", "private"}) {
    for (const char* how : {"plain", "padded", "zero", "bare"}) {
      INFO(half << ' ' << how);
      const std::string json = python(kScript, folder.path("k.pem") + ' ' + half + ' ' + how);
      check_form(json, half == std::string_view("public") ? kPublic : kPrivate, id);
    }
  }
}

std::string base64url(ByteView bytes, bool padded) {
  std::string text = base64_encode(bytes);
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  if (!padded) text.resize(std::min(text.size(), text.find('=')));
  return text;
}

void make_ssh_files(const KeyFolder& folder) {
  folder.sh("cp k.pem k && chmod 600 k && ssh-keygen -q -p -N '' -f k && ssh-keygen -y -f k > k.pub");
}

/// Stores that keytool makes from a PKCS#12 file.
void check_java_stores(const KeyFolder& folder, const std::string& id) {
  folder.sh("openssl req -x509 -key k.pem -subj /CN=a -out c.pem");
  folder.sh("openssl pkcs12 -export -name a -inkey k.pem -in c.pem -passout pass:changeit -out s.p12");
  for (const char* type : {"JKS", "JCEKS", "PKCS12"}) {
    INFO(type);
    folder.sh(
        "rm -f s; keytool -importkeystore -noprompt -srckeystore s.p12 -srcstorepass changeit -destkeystore s -deststorepass changeit "
        "-deststoretype " +
        std::string(type));
    check_form(folder.file("s"), kPrivate, id);
  }
}

}  // namespace

TEST_CASE("each form of an RSA key has the same identity", "[key_identity_pairs]") {
  const KeyFolder folder;
  folder.sh("openssl genrsa -out k.pem 2048");
  const std::string id = folder.openssl_id("-in k.pem");
  make_ssh_files(folder);
  CHECK(check_forms(folder, kAll, id) + check_forms(folder, kSigning, id) + check_forms(folder, kSsh, id) + check_forms(folder, kRsa, id) ==
        30);
  check_json_keys(folder, id);
  check_java_stores(folder, id);
  const Bytes bits = public_bits(folder);
  der::Reader numbers(*der::only_content(bits, der::kSequence));
  ByteView n, e;
  REQUIRE((numbers.unsigned_integer(n) && numbers.unsigned_integer(e)));
  check_openpgp(openpgp(1, mpi(n) + mpi(e), {4, 5, 6}), id);
}

TEST_CASE("an RSA key is the same under each of its algorithm's names", "[key_identity_pairs]") {
  const KeyFolder folder;
  folder.sh("openssl genrsa -out k.pem 2048");
  const std::string id = folder.openssl_id("-in k.pem");
  const std::string pkcs1 = folder.sh("openssl rsa -in k.pem -traditional -outform DER");
  const Bytes bits = public_bits(folder);
  std::size_t names = 0;
  // rsaEncryption, RSAES-OAEP, RSASSA-PSS, and the name that X.509 once gave to it.
  for (const char* oid : {"2a864886f70d010101", "2a864886f70d010107", "2a864886f70d01010a", "55080101"}) {
    INFO(oid);
    const Bytes type = der::write(der::kOid, {*hex_decode(oid)});
    const Bytes algorithm = der::write(der::kSequence, {type});
    const Bytes octets = der::write(der::kOctetString, {as_bytes(pkcs1)});
    const Bytes private_key = der::write(der::kSequence, {Bytes{2, 1, 0}, algorithm, octets});
    const Bytes bit_string = der::write_bit_string(bits);
    const Bytes public_key = der::write(der::kSequence, {algorithm, bit_string});
    for (const bool pem : {false, true}) {
      if (!pem && oid == std::string_view("55080101")) continue;
      const auto file = [&](const char* label, const Bytes& der) {
        const std::string begin = "-----BEGIN " + std::string(label) + "-----\n", end = "\n-----END " + std::string(label) + "-----\n";
        return pem ? begin + base64_encode(der) + end : std::string(as_text(der));
      };
      check_form(file("PRIVATE KEY", private_key), kPrivate, id);
      check_form(file("PUBLIC KEY", public_key), kPublic, id);
    }
    ++names;
  }
  CHECK(names == 4);
}

TEST_CASE("each form of an EC key has the same identity, with its curve's name or numbers", "[key_identity_pairs]") {
  struct Curve {
    const char* name;
    bool in_ssh, in_json;
    const char* oid;  ///< for OpenPGP
  };
  const Curve curve = GENERATE(Curve{"prime256v1", true, true, "2a8648ce3d030107"}, Curve{"secp521r1", true, true, "2b81040023"},
                               Curve{"secp256k1", false, true, "2b8104000a"}, Curve{"brainpoolP384r1", false, false, "2b240303020801010b"},
                               Curve{"secp224r1", false, false, nullptr}, Curve{"sect283k1", false, false, nullptr});
  INFO(curve.name);
  const KeyFolder folder;
  folder.sh("openssl ecparam -name " + std::string(curve.name) + " -genkey -noout -out k.pem");
  const std::string id = folder.openssl_id("-in k.pem");
  CHECK(check_forms(folder, kAll, id) + check_forms(folder, kSigning, id) == 13);
  for (const char* naming : {"named_curve", "explicit"}) {
    for (const char* form : {"uncompressed", "compressed", "hybrid"}) {
      const std::string as = "AS='-conv_form " + std::string(form) + " -param_enc " + naming + "'; ";
      CHECK(check_forms(folder, kEc, id, as) == 11);
    }
  }
  if (curve.in_json) check_json_keys(folder, id);
  if (curve.in_ssh) {
    make_ssh_files(folder);
    CHECK(check_forms(folder, kSsh, id) == 9);
    check_java_stores(folder, id);
  }
  if (curve.oid == nullptr) return;
  const Bytes oid = *hex_decode(curve.oid);
  const std::string numbers = static_cast<char>(oid.size()) + std::string(as_text(oid)) + mpi(public_bits(folder));
  check_openpgp(openpgp(19, numbers, {4, 5, 6}), id);
  check_openpgp(openpgp(18, numbers + std::string("\x03\x01\x08\x07", 4), {4, 5, 6}), id);
}

TEST_CASE("an EC key is the same if a coordinate begins with a zero", "[key_identity_pairs]") {
  constexpr const char* kScript = R"(
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric import ec
while True:
    key = ec.generate_private_key(ec.SECP256R1())
    if key.public_key().public_numbers().x >> 248 == 0: break
print(key.private_bytes(form.Encoding.PEM, form.PrivateFormat.TraditionalOpenSSL, form.NoEncryption()).decode())
)";
  const KeyFolder folder;
  folder.write("k.pem", python(kScript, {}));
  CHECK(public_bits(folder)[1] == 0);
  check_json_keys(folder, folder.openssl_id("-in k.pem"));
}

TEST_CASE("each form of a key of RFC 8032 and RFC 7748 has the same identity", "[key_identity_pairs]") {
  struct Kind {
    const char* name;
    bool signs, in_ssh;
    unsigned native;  ///< OpenPGP's number
    const char* legacy_oid;
  };
  const Kind kind = GENERATE(Kind{"ED25519", true, true, 27, "2b06010401da470f01"}, Kind{"ED448", true, false, 28, nullptr},
                             Kind{"X25519", false, false, 25, "2b060104019755010501"}, Kind{"X448", false, false, 26, nullptr});
  INFO(kind.name);
  const KeyFolder folder;
  folder.sh("openssl genpkey -algorithm " + std::string(kind.name) + " -out k.pem");
  const std::string id = folder.openssl_id("-in k.pem");
  CHECK(check_forms(folder, kAll, id) == 6);
  if (kind.signs) CHECK(check_forms(folder, kSigning, id) == 7);
  const Bytes bits = public_bits(folder);
  // With the public key behind it (RFC 5958).
  const std::string pkcs8 = folder.sh("openssl pkcs8 -topk8 -nocrypt -in k.pem -outform DER");
  const ByteView fields = *der::only_content(as_bytes(pkcs8), der::kSequence);
  const ByteView secret = as_bytes(pkcs8).last(bits.size());
  for (const bool padded : {false, true}) {
    const std::string curve = std::string(kind.name).replace(1, kind.signs ? 1 : 0, kind.signs ? "d" : "");
    const std::string open = R"({"kty":"OKP","crv":")" + curve + R"(","x":")" + base64url(bits, padded);
    check_form(open + "\"}", kPublic, id);
    check_form(open + R"(","d":")" + base64url(secret, padded) + "\"}", kPrivate, id);
  }
  const Bytes beside = der::write(0x81, {Bytes{0}, bits});
  check_form(std::string(as_text(der::write(der::kSequence, {Bytes{2, 1, 1}, fields.subspan(3), beside}))), kPrivate, id);
  check_openpgp(openpgp(kind.native, std::string(as_text(bits)), {4, 6}), id);
  if (kind.legacy_oid != nullptr) {
    const Bytes oid = *hex_decode(kind.legacy_oid);
    Bytes point{0x40};
    point.insert(point.end(), bits.begin(), bits.end());
    const std::string numbers = static_cast<char>(oid.size()) + std::string(as_text(oid)) + mpi(point);
    if (kind.signs) check_openpgp(openpgp(22, numbers, {4, 5}), id);
    else check_openpgp(openpgp(18, numbers + std::string("\x03\x01\x08\x07", 4), {4, 5}), id);
  }
}

TEST_CASE("an Ed25519 key of OpenSSH has one identity in each of its programs", "[key_identity_pairs]") {
  const KeyFolder folder;
  folder.sh("ssh-keygen -q -t ed25519 -N '' -f k");
  constexpr const char* kScript = R"(
import hashlib, sys
from cryptography.hazmat.primitives import serialization as form
key = form.load_ssh_public_key(open(sys.argv[1], 'rb').read())
print(hashlib.sha256(key.public_bytes(form.Encoding.DER, form.PublicFormat.SubjectPublicKeyInfo)).hexdigest(), end='')
)";
  const std::string id = "spki-sha256:" + python(kScript, folder.path("k.pub"));
  CHECK(check_forms(folder, kSsh, id) == 9);
  folder.sh("ssh-keygen -q -t ecdsa -N '' -f ca && ssh-keygen -q -s ca -I x -n x k.pub");
  const auto found = scanner().scan(folder.file("k-cert.pub")).findings;
  REQUIRE_FALSE(found.empty());
  CHECK("spki-sha256:" + found[0].attributes["spki_sha256"].get<std::string>() == id);
}

}  // namespace landwaiter::detectors
