// SPDX-License-Identifier: Apache-2.0
#include "detectors/certificates/signed_data_detector.hpp"

#include "core/base/json_text.hpp"
#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "core/report/attribute_names.hpp"
#include "detectors/certificates/apk_signing.hpp"
#include "detectors/certificates/cms.hpp"
#include "detectors/formats/ber.hpp"
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

/// Behind the length at the front of `bytes`, in any form that BER has (X.690, 8.1.3); empty if there is none.
ByteView behind_length(ByteView bytes) {
  if (bytes.empty()) return {};
  const std::size_t size = 1 + (bytes[0] > 0x80 ? bytes[0] & 0x7fU : 0);
  return bytes.subspan(std::min(size, bytes.size()));
}

/// What follows the identifier and the tag of [0]: a SEQUENCE that starts with a small number.
bool begins_like_content(ByteView after) {
  const ByteView sequence = behind_length(after);
  if (sequence.empty() || sequence[0] != der::kSequence) return false;
  const ByteView version = behind_length(sequence.subspan(1));
  return version.size() > 2 && version[0] == der::kInteger && version[1] == 1 && version[2] <= 5;
}

void report_content(const Window& window, std::size_t start, std::size_t size, Finding finding, FindingSink& sink) {
  finding.attributes[attribute::container] = container_of(window, start + size, finding);
  sink.add(std::move(finding), start);
  sink.consumed(start + size);
}

/// Programs that write while they read, as `openssl cms -stream` and Bouncy Castle, do not know the lengths: they write BER. It is
/// described as the DER that it stands for.
std::optional<Finding> describe_ber(const FromBer& normal) {
  auto finding = describe_cms(normal.der);
  if (finding) finding->attributes[attribute::encoding] = "BER";
  return finding;
}

/// Without a length, only its end says how large it is. True if the SEQUENCE at `start` was the right one, whatever the result.
bool inspect_ber(const Window& window, const Hit& hit, std::size_t start, FindingSink& sink) {
  if (!begins_like_content(window.bytes.subspan(hit.end))) return false;
  const auto normal = der_from_ber(window.bytes.subspan(start));
  if (!normal) {
    if (!window.ends_file && sink.need(start, limits::object_bytes_max)) return true;
    sink.diagnose(ErrorCode::malformed, "a signature or message of CMS in BER is cut short, or too large to be read", start);
    return true;
  }
  auto finding = describe_ber(*normal);
  if (!finding) return false;
  report_content(window, start, normal->size, *std::move(finding), sink);
  return true;
}

/// True if the SEQUENCE at `start` was the right one, whatever the result.
bool inspect_content_info(const Window& window, const Hit& hit, std::size_t start, FindingSink& sink) {
  const ByteView bytes = window.bytes.subspan(start);
  if (bytes.size() < 2 || !leads_to(window, start, hit.end)) return false;
  const auto size = der::promised_size(bytes);
  if (!size) return inspect_ber(window, hit, start, sink);
  if (*size > bytes.size()) {
    const bool coming = sink.need(start, *size);
    if (!coming && *size > limits::object_bytes_max && !window.ends_file) {
      sink.diagnose(ErrorCode::limit_exceeded, "a CMS structure of " + human_bytes(*size) + " is too large to be read", start);
    }
    return true;
  }
  const ByteView element = bytes.first(static_cast<std::size_t>(*size));
  auto finding = describe_cms(element);
  if (!finding) {
    // Only its outermost length may be that of DER.
    const auto normal = der_from_ber(element);
    finding = normal && normal->size == element.size() ? describe_ber(*normal) : std::nullopt;
  }
  if (!finding) return false;
  report_content(window, start, static_cast<std::size_t>(*size), *std::move(finding), sink);
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
