// SPDX-License-Identifier: Apache-2.0
#include "detectors/certificates/signed_data_detector.hpp"

#include "core/base/json_text.hpp"
#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "core/report/attribute_names.hpp"
#include "detectors/certificates/apk_signing.hpp"
#include "detectors/certificates/cms.hpp"
#include "detectors/formats/der.hpp"
#include "detectors/formats/pem.hpp"

#include <algorithm>
#include <array>

namespace landwaiter::detectors {
namespace {

using nlohmann::json;

enum SignedDataTrigger { kSignedDataPem, kSignedDataDer, kApkTrigger };

/// A SEQUENCE header of up to six bytes, the longer of the OIDs, and the next tag.
constexpr std::size_t kSignedDataLookBack = 6 + 13 + 1;
constexpr std::size_t kApkIdBytes = 4;
constexpr std::size_t kApkSizeBytes = 8;

/// "META-INF/NAME.RSA", ".DSA", ".EC": the names that the JAR specification gives to blocks of signatures.
bool is_jar_signature_name(std::string_view name) {
  const std::string lower = to_lower(name);
  const std::size_t folder = lower.rfind("meta-inf/");
  if (folder == std::string::npos) return false;
  return lower.ends_with(".rsa") || lower.ends_with(".dsa") || lower.ends_with(".ec");
}

/// scripts/sign-file.c of Linux: the signature, twelve bytes, this text.
bool is_before_module_mark(ByteView after) {
  constexpr std::size_t kInfoBytes = 12;
  constexpr std::string_view kMark = "~Module signature appended~\n";
  return after.size() >= kInfoBytes + kMark.size() && as_text(after).substr(kInfoBytes).starts_with(kMark);
}

json container_of(const Window& window, std::size_t end, const Finding& finding) {
  const bool authenticode = text_of(finding.attributes, attribute::content_type) == "authenticode";
  if (authenticode && as_text(window.head).starts_with("MZ")) return "pe";
  if (is_before_module_mark(window.bytes.subspan(end))) return "kernel-module";
  if (is_jar_signature_name(window.name)) return "jar";
  return nullptr;
}

/// Whether `start` is the SEQUENCE whose OID, matched by the trigger, ends at the hit.
bool leads_to(const Window& window, std::size_t start, std::size_t hit_end) {
  const std::size_t oid = start + 2 + (window.bytes[start + 1] > 0x80 ? window.bytes[start + 1] & 0x7f : 0);
  if (oid + 2 > window.bytes.size() || window.bytes[oid] != der::kOid) return false;
  return oid + 2 + window.bytes[oid + 1] + 1 == hit_end;
}

/// True if the SEQUENCE at `start` was the right one, whatever the result.
bool inspect_content_info(const Window& window, const Hit& hit, std::size_t start, FindingSink& sink) {
  const ByteView bytes = window.bytes.subspan(start);
  if (bytes.size() < 2 || !leads_to(window, start, hit.end)) return false;
  constexpr std::uint8_t kIndefinite = 0x80;
  if (bytes[1] == kIndefinite) {
    // [0] of indefinite length, SEQUENCE, INTEGER: three structures agree.
    constexpr std::array<std::uint8_t, 5> kBer{0x80, 0x30, 0x80, 0x02, 0x01};
    const ByteView after = window.bytes.subspan(hit.end);
    const bool ber = after.size() >= kBer.size() && std::ranges::equal(after.first(kBer.size()), kBer);
    if (ber) sink.diagnose(ErrorCode::unsupported, "a signature or message of CMS in BER with indefinite lengths is not read", start);
    return true;
  }
  const auto size = der::promised_size(bytes);
  if (!size) return false;
  if (*size > bytes.size()) {
    const bool coming = sink.need(start, *size);
    if (!coming && *size > limits::object_bytes_max && !window.ends_file) {
      sink.diagnose(ErrorCode::limit_exceeded, "a CMS structure of " + human_bytes(*size) + " is too large to be read", start);
    }
    return true;
  }
  auto finding = describe_cms(bytes.first(static_cast<std::size_t>(*size)));
  if (!finding) return false;
  const std::size_t end = start + static_cast<std::size_t>(*size);
  finding->attributes[attribute::container] = container_of(window, end, *finding);
  sink.add(*std::move(finding), start);
  sink.consumed(end);
  return true;
}

void inspect_signed_der(const Window& window, const Hit& hit, FindingSink& sink) {
  const std::size_t end = std::min(hit.end, window.bytes.size());
  for (std::size_t start = end - std::min(end, kSignedDataLookBack); start + 2 < end; ++start) {
    if (window.bytes[start] == der::kSequence && inspect_content_info(window, hit, start, sink)) return;
  }
}

/// The decoded body is searched as a separate file, so the certificates in it are found as well.
void inspect_signed_pem(const Window& window, const Hit& hit, FindingSink& sink) {
  const pem::Block block = pem::read_block(window.bytes, hit.end, window.ends_file);
  const std::string what = "a PEM block labeled " + printable(block.label);
  switch (block.state) {
    case pem::State::bare: return;
    case pem::State::damaged: return sink.diagnose(ErrorCode::malformed, what + " cannot be read: " + block.problem, block.begin);
    case pem::State::beyond_window: return sink.diagnose(ErrorCode::limit_exceeded, what + " is too large to be read", block.begin);
    case pem::State::decoded: break;
  }
  const ByteView body = block.body.view();
  if (body.size() < 2 || body[0] != der::kSequence) {
    return sink.diagnose(ErrorCode::malformed, what + " does not hold CMS that can be read", block.begin);
  }
  sink.decoded("pem", Bytes(body.begin(), body.end()), block.begin, block.end);
}

void inspect_apk(const Window& window, const Hit& hit, FindingSink& sink) {
  if (hit.end < kApkIdBytes + kApkSizeBytes || hit.end > window.bytes.size()) return;
  const std::size_t id_at = hit.end - kApkIdBytes;
  const std::size_t start = id_at - kApkSizeBytes;
  const auto size = apk_pair_size(window.bytes, id_at);
  if (!size) return;
  if (*size > window.bytes.size() - start) {
    (void)sink.need(start, *size);
    return;
  }
  auto finding = describe_apk_pair(window.bytes.subspan(start));
  if (!finding) return;
  sink.add(*std::move(finding), start);
  sink.consumed(start + static_cast<std::size_t>(*size));
}

}  // namespace

std::vector<Trigger> SignedDataDetector::triggers() const {
  return {
      {kSignedDataPem, "-----BEGIN (?:PKCS7|PKCS #7 SIGNED DATA|CMS)-----", 36},
      // SEQUENCE { OID of SignedData, EnvelopedData or AuthEnvelopedData, [0]
      {kSignedDataDer, R"(\x06(?:\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07[\x02\x03]|\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x17)\xa0)",
       14},
      // The high half of a pair's size, and the ids of the schemes.
      {kApkTrigger, R"(\x00\x00\x00\x00(?:\x1a\x87\x09\x71|\xc0\x68\x53\xf0|\x61\xad\x93\x1b))", 8},
  };
}

void SignedDataDetector::inspect(const Window& window, const Hit& hit, FindingSink& sink) const {
  switch (hit.trigger) {
    case kSignedDataPem: return inspect_signed_pem(window, hit, sink);
    case kSignedDataDer: return inspect_signed_der(window, hit, sink);
    default: return inspect_apk(window, hit, sink);
  }
}

}  // namespace landwaiter::detectors
