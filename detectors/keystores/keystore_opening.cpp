// SPDX-License-Identifier: Apache-2.0
#include "detectors/keystores/keystore_opening.hpp"

#include "core/report/attribute_names.hpp"
#include "detectors/certificates/certificate.hpp"
#include "detectors/formats/der.hpp"
#include "detectors/keys/private_key_finding.hpp"

#include <algorithm>
#include <functional>

namespace landwaiter::detectors {
namespace {

class Opener {
 public:
  Opener(Keystore& keystore, FindingSink& sink, Guesser& guesser) : keystore_(keystore), sink_(sink), guesser_(guesser) {}

  std::vector<Finding> run() {
    open_store();
    open_keys();
    const bool locked =
        keystore_.lock || std::ranges::any_of(keystore_.entries, [](const auto& entry) { return static_cast<bool>(entry.lock); });
    if (locked) keystore_.password_tried = keystore_.password.has_value() || !guesser_.held_back();
    if (!locked && (!keystore_.encryption.is_null() || !keystore_.integrity.is_null())) keystore_.password_tried = false;
    if (keystore_.password) keystore_.add_weakness(keystore_.password->weakness());
    for (const PrivateKey& key : keystore_.keys) report_own_key(key);
    for (const KeystoreEntry& entry : keystore_.entries) {
      for (const ByteView certificate : entry.certificates) report_certificate(certificate);
    }
    return std::move(findings_);
  }

 private:
  void open_store() {
    auto opened = guesser_.open_with_any(keystore_.lock);
    if (!opened) return;
    keystore_.password = opened->first;
    keystore_.opened.push_back(std::move(opened->second));
    if (keystore_.list) keystore_.list(keystore_, keystore_.opened.back().view(), *keystore_.password, guesser_);
  }

  /// Keys usually have the store's password. If that is unknown, the first key represents all.
  void open_keys() {
    std::optional<Password> known = keystore_.password;
    bool first = true;
    for (KeystoreEntry& entry : keystore_.entries) {
      if (!entry.lock) continue;
      auto opened = known ? guesser_.open(entry.lock, *known) : std::nullopt;
      if (opened) {
        open_key(entry, *known, opened->view());
      } else if (std::exchange(first, false)) {
        auto found = guesser_.open_with_any(entry.lock);
        if (!found) continue;
        known = found->first;
        open_key(entry, *known, found->second.view());
      }
    }
    if (known && !keystore_.password) keystore_.password = known;
  }

  void open_key(KeystoreEntry& entry, const Password& password, ByteView opened) {
    const ByteView der = entry.private_key_in != nullptr ? entry.private_key_in(entry, opened) : opened;
    const auto key = der.empty() ? Result<PrivateKey>(Error(ErrorCode::malformed, "no private key")) : read_pkcs8(der);
    if (!key) return;
    Finding finding = describe_private_key(*key, "DER", sink_);
    if (!key->public_key.spki.empty()) entry.key_id = key->public_key.id();
    finding.attributes[attribute::encrypted] = true;
    finding.attributes[attribute::encryption] = entry.encryption;
    add_password(finding, password);
    findings_.push_back(std::move(finding));
  }

  void report_own_key(const PrivateKey& key) {
    Finding finding = describe_private_key(key, "DER", sink_);
    if (keystore_.password) {
      if (finding.attributes[attribute::publisher].is_null()) finding.severity = Severity::high;
      add_password(finding, *keystore_.password);
    }
    findings_.push_back(std::move(finding));
  }

  void add_password(Finding& finding, const Password& password) const {
    finding.attributes[attribute::password] = password.kind();
    finding.attributes[attribute::weaknesses].push_back(password.weakness());
    finding.title += ", in a " + keystore_.type + " keystore that opens with a well-known password";
  }

  /// Certificates in the file are found there by their own detector.
  void report_certificate(ByteView certificate) {
    const ByteView whole = keystore_.whole;
    const std::less<const std::uint8_t*> before;
    if (!before(certificate.data(), whole.data()) && before(certificate.data(), whole.data() + whole.size())) return;
    auto finding = describe_certificate(certificate, "DER");
    if (finding) findings_.push_back(*std::move(finding));
  }

  Keystore& keystore_;
  FindingSink& sink_;
  Guesser& guesser_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> open_keystore(Keystore& keystore, FindingSink& sink, Guesser& guesser) {
  return Opener(keystore, sink, guesser).run();
}

}  // namespace landwaiter::detectors
