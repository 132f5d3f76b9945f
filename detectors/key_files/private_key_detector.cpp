// SPDX-License-Identifier: Apache-2.0
#include "detectors/key_files/private_key_detector.hpp"

#include "core/base/text.hpp"
#include "core/report/assets/key.hpp"
#include "core/report/attribute_names.hpp"
#include "detectors/engine/answers.hpp"
#include "detectors/formats/der.hpp"
#include "detectors/formats/der_search.hpp"
#include "detectors/formats/pem.hpp"
#include "detectors/keys/password_encryption.hpp"
#include "detectors/keys/private_key.hpp"
#include "detectors/keys/private_key_finding.hpp"
#include "detectors/ssh/ssh_key.hpp"
#include "detectors/ssh/ssh_line.hpp"

#include <algorithm>
#include <array>
#include <iterator>

namespace landwaiter::detectors {
namespace {

using nlohmann::json;

enum PrivateKeyTrigger { kPrivateKeyPem, kPkcs1, kSec1, kPkcs8, kEncryptedTrigger };

/// The longest of the patterns before its last byte, and for encrypted keys the two headers before the OID.
constexpr std::size_t kPrivateKeyLookBack = 22;

using ReadKey = Result<PrivateKey> (*)(ByteView);
constexpr ReadKey kReadSec1 = [](ByteView der) { return read_sec1(der); };

struct PemLabel {
  std::string_view label;
  std::string_view key_type;  ///< what the label says about an encrypted body
  ReadKey read;
};

const std::array<PemLabel, 6>& pem_labels() {
  static const std::array<PemLabel, 6> labels{{{"PRIVATE KEY", "", &read_pkcs8},
                                               {"RSA PRIVATE KEY", "RSA", &read_pkcs1},
                                               {"EC PRIVATE KEY", "EC", kReadSec1},
                                               {"DSA PRIVATE KEY", "DSA", &read_dsa_private},
                                               {"ENCRYPTED PRIVATE KEY", "", &read_encrypted_pkcs8},
                                               {"ANY PRIVATE KEY", "", &read_pkcs8}}};
  return labels;
}

constexpr std::string_view kOpenSsh = "OPENSSH PRIVATE KEY";

/// The reader for the label, then the others: tools mislabel keys, and a key is a key under any label.
Result<PrivateKey> read_der_key(const PemLabel& label, ByteView body) {
  auto key = label.read(body);
  if (key) return key;
  for (const PemLabel& other : pem_labels()) {
    auto second = other.read(body);
    if (second && second->consistent) return second;
  }
  return key;
}

/// OpenSSL's own encryption of PKCS#1, SEC1 and DSA bodies (RFC 1421 headers): nothing inside can be read. The key is made
/// from the password with one round of MD5.
PrivateKey traditional_encrypted(const pem::Block& block, std::string_view key_type) {
  PrivateKey key;
  key.format = "traditional encrypted";
  key.encrypted = true;
  key.opaque = block.body.view();
  key.public_key.key_type = key_type;
  const std::string_view dek = block.header("DEK-Info").value_or("");
  const std::string cipher = printable(dek.substr(0, std::min<std::size_t>(dek.find(','), 64)));
  key.encryption = json{{"scheme", "PEM"}, {"kdf", "EVP_BytesToKey-MD5"}, {"iterations", 1}};
  key.encryption["cipher"] = cipher.empty() ? json(nullptr) : json(cipher);
  return key;
}

Result<std::vector<PrivateKey>> read_pem_keys(const pem::Block& block) {
  if (block.label == kOpenSsh) return read_openssh_private(block.body.view());
  const auto& labels = pem_labels();
  const auto label = std::ranges::find(labels, block.label, &PemLabel::label);
  const bool encrypted = block.header("Proc-Type").value_or("").find("ENCRYPTED") != std::string_view::npos;
  std::vector<PrivateKey> keys;
  if (encrypted) {
    keys.push_back(traditional_encrypted(block, label->key_type));
    return keys;
  }
  const auto body = der::whole_element(block.body.view());
  if (!body) return Error(ErrorCode::malformed, "not DER");
  auto key = read_der_key(*label, *body);
  if (!key) return key.error();
  keys.push_back(*std::move(key));
  return keys;
}

bool is_known_label(std::string_view label) {
  return label == kOpenSsh || std::ranges::find(pem_labels(), label, &PemLabel::label) != pem_labels().end();
}

/// Whether raw bytes that parse as this key may be reported. Only if everything that can be checked is right.
bool convincing(const PrivateKey& key) {
  if (!key.consistent || !key.looks_random) return false;
  return key.encrypted || !key.public_key.spki.empty() || key.public_key.key_type == "DH";
}

Result<PrivateKey> read_by_trigger(int trigger, ByteView element) {
  switch (trigger) {
    case kPkcs1: {
      auto key = read_pkcs1(element);
      return key ? key : read_dsa_private(element);
    }
    case kSec1: return read_sec1(element);
    case kPkcs8: return read_pkcs8(element);
    default: return read_encrypted_pkcs8(element);
  }
}

}  // namespace

std::vector<Trigger> PrivateKeyDetector::triggers() const {
  return {
      {kPrivateKeyPem, "-----BEGIN (?:[A-Z0-9]{2,12} )?PRIVATE KEY-----", 40},
      // SEQUENCE { INTEGER 0 or 1, INTEGER of 256 bits or more
      {kPkcs1, R"(\x30(?:\x82[\x00-\xff]{2}|\x81[\x00-\xff])\x02\x01[\x00\x01]\x02[\x20-\x82])", 9},
      // SEQUENCE { INTEGER 1, OCTET STRING of a scalar's size
      {kSec1, R"(\x30(?:\x82[\x00-\xff]{2}|\x81[\x00-\xff]|[\x10-\x7f])\x02\x01\x01\x04[\x08-\x48])", 9},
      // SEQUENCE { INTEGER 0 or 1, SEQUENCE { OID of the arcs that have keys
      {kPkcs8,
       R"(\x30(?:\x82[\x00-\xff]{2}|\x81[\x00-\xff]|[\x20-\x7f])\x02\x01[\x00\x01]\x30(?:[\x05-\x7f]|\x81[\x00-\xff]|\x82[\x00-\xff]{2}))"
       R"(\x06[\x03-\x0b](?:\x2a[\x81\x85\x86]|\x2b[\x06\x65\x81]|\x60\x86))",
       15},
      // The OIDs of PBES1, PBES2, PKCS #12 and Java key protection.
      {kEncryptedTrigger,
       R"(\x06(?:\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05[\x01\x03\x04\x06\x0a\x0b\x0d]|\x0a\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01[\x01-\x06])"
       R"(|\x0a\x2b\x06\x01\x04\x01\x2a\x02\x11\x01\x01|\x09\x2b\x06\x01\x04\x01\x2a\x02\x13\x01))",
       12},
  };
}

void PrivateKeyDetector::inspect(const Window& window, const Hit& hit, FindingSink& sink) const {
  if (hit.trigger == kPrivateKeyPem) inspect_pem(window, hit, sink);
  else inspect_der(window, hit, sink);
}

void PrivateKeyDetector::inspect_pem(const Window& window, const Hit& hit, FindingSink& sink) const {
  const pem::Block block = pem::read_block(window.bytes, hit.end, window.ends_file);
  if (block.state == pem::State::bare || !is_known_label(block.label)) return;
  if (block.state == pem::State::beyond_window) {
    sink.diagnose(ErrorCode::limit_exceeded, "a private key in PEM is too large to be read", block.begin);
    return;
  }
  if (block.state == pem::State::damaged) {
    sink.diagnose(ErrorCode::malformed, "a private key in PEM cannot be read: " + block.problem, block.begin);
    return;
  }
  sink.consumed(block.end);
  const auto read = [&] {
    std::vector<Finding> out;
    const auto keys = read_pem_keys(block);
    for (std::size_t i = 0; keys && i < keys->size(); ++i) out.push_back(describe_private_key((*keys)[i], "PEM", sink));
    return out;
  };
  std::string kind = "private key PEM " + std::string(block.label);
  for (const char* name : {"Proc-Type", "DEK-Info"}) kind += "\n" + std::string(block.header(name).value_or(""));
  auto findings = answer_for(kind, block.body.view(), read);
  if (findings.empty()) {
    sink.diagnose(ErrorCode::malformed, "a PEM block labeled " + std::string(block.label) + " does not hold a key that can be read",
                  block.begin);
    return;
  }
  for (Finding& finding : findings) {
    if (names_host_key(window.name)) finding.attributes[attribute::role] = "host-key";
    sink.add(std::move(finding), block.begin);
  }
}

void PrivateKeyDetector::inspect_der(const Window& window, const Hit& hit, FindingSink& sink) const {
  // NSS encrypts each attribute of a key separately, in the form of an encrypted key; its databases have their own reader.
  constexpr std::string_view kSqlite = "SQLite format 3";
  if (hit.trigger == kEncryptedTrigger && as_text(window.head).starts_with(kSqlite)) return;
  any_sequence_before(window, hit, kPrivateKeyLookBack, [&](std::size_t start, ByteView element) {
    const auto read = [&] {
      std::vector<Finding> out;
      const auto key = read_by_trigger(hit.trigger, element);
      if (key && convincing(*key)) out.push_back(describe_private_key(*key, "DER", sink));
      return out;
    };
    auto findings = answer_for("private key " + std::to_string(hit.trigger), element, read);
    if (findings.empty()) return false;
    sink.add(std::move(findings.front()), start);
    sink.consumed(start + element.size());
    return true;
  });
}

}  // namespace landwaiter::detectors
