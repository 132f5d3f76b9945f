// SPDX-License-Identifier: Apache-2.0
#include "detectors/certificates/public_der_detector.hpp"

#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "detectors/certificates/ocsp.hpp"
#include "detectors/certificates/public_asset.hpp"
#include "detectors/formats/der.hpp"
#include "detectors/formats/der_search.hpp"
#include "detectors/keys/public_key_plausible.hpp"

#include <algorithm>
#include <array>

namespace landwaiter::detectors {
namespace {

enum PublicDerTrigger { kRequest, kList, kListVersion1, kOcsp, kSpki, kRsaExponentTrigger };

constexpr std::string_view kDerEncoding = "DER";

/// The content after the header at the front, complete or not; empty if there is no header.
ByteView behind_header(ByteView bytes) {
  if (!der::promised_size(bytes)) return {};
  return bytes.subspan(bytes[1] < 0x80 ? 2 : 2 + (bytes[1] & 0x7f));
}

/// SEQUENCE { SEQUENCE { version?, SEQUENCE algorithm, SEQUENCE issuer, time: the start of a revocation list, which may be longer than
/// the window.
bool begins_like_list(ByteView bytes) {
  if (bytes.empty() || bytes[0] != der::kSequence) return false;
  const ByteView tbs = behind_header(bytes);
  if (tbs.empty() || tbs[0] != der::kSequence) return false;
  der::Reader reader(behind_header(tbs));
  ByteView ignored;
  unsigned version = 1;
  if (reader.next_is(der::kInteger) && (!reader.small_integer(version) || version != 1)) return false;
  if (!reader.next(der::kSequence, ignored) || !reader.next(der::kSequence, ignored)) return false;
  return reader.next_is(der::kUtcTime) || reader.next_is(der::kGeneralizedTime);
}

void inspect_list(const Window& window, const Hit& hit, FindingSink& sink) {
  // Two headers of up to six bytes, and the triggers' bytes after them.
  constexpr std::size_t kLookBack = 6 + 6 + 13;
  const std::size_t end = std::min(hit.end, window.bytes.size());
  for (std::size_t start = end - std::min(end, kLookBack); start < end; ++start) {
    const ByteView bytes = window.bytes.subspan(start);
    if (!begins_like_list(bytes)) continue;
    const std::uint64_t size = *der::promised_size(bytes);
    if (size > bytes.size()) {
      const bool coming = sink.need(start, size);
      if (!coming && size > limits::object_bytes_max && !window.ends_file) {
        sink.diagnose(ErrorCode::limit_exceeded, "a revocation list of " + human_bytes(size) + " is too large to be read", start);
      }
      return;
    }
    auto finding = describe_revocation_list(bytes.first(static_cast<std::size_t>(size)), kDerEncoding);
    if (!finding) continue;
    sink.add(*std::move(finding), start);
    return sink.consumed(start + static_cast<std::size_t>(size));
  }
}

using Describe = std::optional<Finding> (*)(ByteView);

void inspect_element(const Window& window, const Hit& hit, std::size_t look_back, Describe describe_element, FindingSink& sink) {
  any_sequence_before(window, hit, look_back, [&](std::size_t start, ByteView element) {
    auto finding = describe_element(element);
    if (!finding) return false;
    sink.add(*std::move(finding), start);
    sink.consumed(start + element.size());
    return true;
  });
}

/// Whether `at` is the start of a field of a SEQUENCE inside a SEQUENCE, with other fields before it, like the key of a certificate
/// (after version, serial, algorithm, names and validity) or of a request (after version and name).
bool is_field_of(ByteView bytes, std::size_t outer, std::size_t at) {
  const ByteView tbs = behind_header(bytes.subspan(outer));
  if (tbs.empty() || tbs[0] != der::kSequence) return false;
  const std::size_t first = bytes.size() - behind_header(tbs).size();
  if (first >= at) return false;
  der::Reader fields(bytes.subspan(first, at - first));
  der::Element field;
  int count = 0;
  while (fields.next(field)) ++count;
  constexpr int kFieldsMin = 2;
  return fields.empty() && count >= kFieldsMin;
}

bool is_inside_signed(const Window& window, std::size_t at, std::size_t size) {
  for (std::size_t start = at - std::min(at, limits::detector_lookbehind_bytes); start + 4 < at; ++start) {
    if (window.bytes[start] != der::kSequence) continue;
    const auto promised = der::promised_size(window.bytes.subspan(start));
    if (promised && *promised >= at - start + size && is_field_of(window.bytes, start, at)) return true;
  }
  return false;
}

void inspect_spki(const Window& window, const Hit& hit, FindingSink& sink) {
  // Two headers of up to four bytes, an OID of 9 bytes with its header, and the byte after it.
  constexpr std::size_t kLookBack = 4 + 4 + 11 + 1;
  any_sequence_before(window, hit, kLookBack, [&](std::size_t start, ByteView element) {
    const auto key = read_public_key(element);
    if (!key || is_inside_signed(window, start, element.size()) || !is_plausible(*key)) return false;
    sink.add(*describe_public_key(element, kDerEncoding), start);
    sink.consumed(start + element.size());
    return true;
  });
}

/// RSAPublicKey { modulus, 65537 }: from the exponent at its end back to possible starts for usual key sizes.
void inspect_rsa_exponent(const Window& window, const Hit& hit, FindingSink& sink) {
  constexpr std::array<std::size_t, 5> kModulusBytes{128, 256, 384, 512, 1024};
  constexpr std::size_t kExponentBytes = 5;
  for (const std::size_t modulus : kModulusBytes) {
    const std::size_t header = modulus == 128 ? 3 : 4;
    const std::size_t size = 2 * header + 1 + modulus + kExponentBytes;
    if (hit.end < size) continue;
    const std::size_t start = hit.end - size;
    const ByteView element = window.bytes.subspan(start, size);
    // A SubjectPublicKeyInfo has the same inside its BIT STRING, after the count of unused bits.
    const bool inside_bits = start >= header + 1 && window.bytes[start - 1] == 0 && window.bytes[start - header - 1] == der::kBitString;
    if (inside_bits || !der::only_content(element, der::kSequence)) continue;
    auto finding = describe_pkcs1_public_key(element, kDerEncoding);
    const Bytes type = der::write(der::kOid, {oid::rsa()});
    const auto key = public_key_with(der::write(der::kSequence, {type}), element);
    if (!finding || !key || !is_plausible(*key)) continue;
    sink.add(*std::move(finding), start);
    return sink.consumed(hit.end);
  }
}

}  // namespace

std::vector<Trigger> PublicDerDetector::triggers() const {
  return {
      // INTEGER 0, Name { SET { SEQUENCE, or an empty Name and a key
      {kRequest, R"(\x02\x01\x00\x30(?:(?:[\x0b-\x7f]|\x81[\x80-\xff]|\x82[\x00-\xff]{2})\x31[\x09-\x7f]\x30|\x00\x30[\x2a-\x82]))", 10},
      // INTEGER 1, AlgorithmIdentifier
      {kList, R"(\x02\x01\x01\x30[\x05-\x50]\x06[\x03-\x0b][\x2a\x2b\x60])", 8},
      // Version 1 has no version: two SEQUENCEs and the AlgorithmIdentifier of a signature with RSA, ECDSA or DSA.
      {kListVersion1,
       R"(\x30(?:\x81[\x00-\xff]|\x82[\x00-\xff]{2}|\x83[\x00-\xff]{3})\x30(?:[\x30-\x7f]|\x81[\x00-\xff]|\x82[\x00-\xff]{2})"
       R"(|\x83[\x00-\xff]{3}))"
       R"(\x30[\x09-\x50]\x06(?:\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01[\x02-\x0e]|\x08\x2a\x86\x48\xce\x3d\x04\x03|\x07\x2a\x86\x48\xce))",
       23},
      // ENUMERATED successful, [0], SEQUENCE, id-pkix-ocsp-basic, OCTET STRING
      {kOcsp,
       R"(\x0a\x01\x00\xa0(?:\x81[\x00-\xff]|\x82[\x00-\xff]{2})\x30(?:\x81[\x00-\xff])"
       R"(|\x82[\x00-\xff]{2})\x06\x09\x2b\x06\x01\x05\x05\x07\x30\x01\x01\x04)",
       23},
      // SEQUENCE { SEQUENCE { the OID of a key's algorithm
      {kSpki,
       R"(\x30(?:\x82[\x00-\xff]{2}|\x81[\x00-\xff]|[\x2a-\x7f])\x30(?:\x82[\x00-\xff]{2}|\x81[\x00-\xff]|[\x05-\x7f])\x06)"
       R"((?:\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01[\x01\x07\x0a]|\x07\x2a\x86\x48\xce(?:\x3d\x02|\x38\x04)\x01|\x03\x2b\x65[\x6e-\x71])"
       R"(|\x09\x60\x86\x48\x01\x65\x03\x04[\x03\x04]|\x08\x2b\x06\x01\x05\x05\x07\x06))",
       19},
      {kRsaExponentTrigger, R"(\x02\x03\x01\x00\x01)", 5},
  };
}

void PublicDerDetector::inspect(const Window& window, const Hit& hit, FindingSink& sink) const {
  // The headers before the match of the triggers for requests and responses, and the match.
  constexpr std::size_t kRequestLookBack = 4 + 4 + 10;
  constexpr std::size_t kOcspLookBack = 4 + 23;
  switch (hit.trigger) {
    case kRequest:
      return inspect_element(
          window, hit, kRequestLookBack, [](ByteView der) { return describe_request(der, kDerEncoding); }, sink);
    case kList:
    case kListVersion1: return inspect_list(window, hit, sink);
    case kOcsp: return inspect_element(window, hit, kOcspLookBack, &describe_ocsp_response, sink);
    case kSpki: return inspect_spki(window, hit, sink);
    default: return inspect_rsa_exponent(window, hit, sink);
  }
}

}  // namespace landwaiter::detectors
