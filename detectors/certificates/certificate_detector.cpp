// SPDX-License-Identifier: Apache-2.0
#include "detectors/certificates/certificate_detector.hpp"

#include "detectors/certificates/certificate.hpp"
#include "detectors/formats/der.hpp"
#include "detectors/formats/der_search.hpp"
#include "detectors/formats/pem.hpp"

#include <algorithm>

namespace landwaiter::detectors {
namespace {

enum CertificateTrigger { kCertificatePem, kDerVersioned, kDerVersion1 };

/// Two SEQUENCE headers of up to five bytes, and what follows them in the pattern.
constexpr std::size_t kCertificateLookBack = 5 + 5 + 6;

/// SEQUENCE { tbs, algorithm, signature } where tbs is [0] version?, serial and five SEQUENCEs: enough to distinguish a certificate from
/// a request, a revocation list and random data.
bool has_certificate_shape(ByteView element) {
  const auto fields = der::only_content(element, der::kSequence);
  if (!fields) return false;
  der::Reader outer(*fields);
  ByteView tbs, algorithm, signature, ignored;
  if (!outer.next(der::kSequence, tbs) || !outer.next(der::kSequence, algorithm)) return false;
  if (!outer.next(der::kBitString, signature) || !outer.empty() || signature.empty()) return false;
  der::Reader reader(tbs);
  if (reader.next_is(der::kContext0) && !reader.next(der::kContext0, ignored)) return false;
  if (!reader.next(der::kInteger, ignored)) return false;
  constexpr int kSequences = 5;  // signature, issuer, validity, subject, subjectPublicKeyInfo
  for (int i = 0; i < kSequences; ++i) {
    if (!reader.next(der::kSequence, ignored)) return false;
  }
  return true;
}

void report_pem(const pem::Block& block, FindingSink& sink) {
  // A trusted certificate is followed by OpenSSL's own trust settings.
  const auto element = der::whole_element(block.body.view());
  auto finding = element ? describe_certificate(*element, "PEM") : Result<Finding>(Error(ErrorCode::malformed, "not DER"));
  if (!finding) {
    sink.diagnose(ErrorCode::malformed, "a PEM block labeled " + std::string(block.label) + " does not hold a certificate that can be read",
                  block.begin);
    return;
  }
  sink.add(*std::move(finding), block.begin);
}

void inspect_certificate_pem(const Window& window, const Hit& hit, FindingSink& sink) {
  const pem::Block block = pem::read_block(window.bytes, hit.end, window.ends_file);
  switch (block.state) {
    case pem::State::bare: return;
    case pem::State::decoded:
      report_pem(block, sink);
      sink.consumed(block.end);
      return;
    case pem::State::damaged:
      sink.diagnose(ErrorCode::malformed, "a certificate in PEM cannot be read: " + block.problem, block.begin);
      return;
    case pem::State::beyond_window:
      sink.diagnose(ErrorCode::limit_exceeded, "a certificate in PEM is too large to be read", block.begin);
      return;
  }
}

void inspect_certificate_der(const Window& window, const Hit& hit, FindingSink& sink) {
  any_sequence_before(window, hit, kCertificateLookBack, [&](std::size_t start, ByteView element) {
    if (!has_certificate_shape(element)) return false;
    auto finding = describe_certificate(element, "DER");
    if (finding) {
      sink.add(*std::move(finding), start);
      sink.consumed(start + element.size());
    } else {
      sink.diagnose(ErrorCode::malformed, "a structure like a certificate in DER cannot be read", start);
    }
    return true;
  });
}

}  // namespace

std::vector<Trigger> CertificateDetector::triggers() const {
  return {
      {kCertificatePem, "-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----", 35},
      // [0] { INTEGER version }, INTEGER serial: the literal matches it, the bytes before are checked in code.
      {kDerVersioned, R"(\xa0\x03\x02\x01[\x00-\x02]\x02)", 6},
      // Version 1 has no version: two nested SEQUENCEs, and a serial number.
      {kDerVersion1, R"(\x30(?:\x82[\x00-\xff]{2}|\x81[\x00-\xff])\x30(?:\x82[\x00-\xff]{2}|\x81[\x00-\xff]|[\x40-\x7f])\x02[\x01-\x15])",
       10},
  };
}

void CertificateDetector::inspect(const Window& window, const Hit& hit, FindingSink& sink) const {
  if (hit.trigger == kCertificatePem) inspect_certificate_pem(window, hit, sink);
  else inspect_certificate_der(window, hit, sink);
}

}  // namespace landwaiter::detectors
