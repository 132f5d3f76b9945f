// SPDX-License-Identifier: Apache-2.0
// Whatever the bytes are, what is said of signatures, revocation lists, requests, OCSP responses, APK blocks and keys in DER is fit for a
// report.
#include "detectors/certificates/apk_signing.hpp"
#include "detectors/certificates/cms.hpp"
#include "detectors/certificates/ocsp.hpp"
#include "detectors/certificates/public_asset.hpp"
#include "detectors/certificates/public_asset_detector.hpp"
#include "detectors/certificates/public_der_detector.hpp"
#include "detectors/certificates/signed_data_detector.hpp"
#include "detectors/formats/der.hpp"
#include "detectors/keys/dh_parameters.hpp"
#include "detectors/keys/key_checks.hpp"
#include "detectors/keys/public_key_plausible.hpp"
#include "tests/fuzz/inspect.hpp"

namespace {

using namespace landwaiter;
using namespace landwaiter::detectors;

/// Only what is well-formed to its end is described, and always alike.
void check(ByteView bytes, const std::optional<Finding>& finding, const std::optional<Finding>& again) {
  if (finding.has_value() != again.has_value()) std::abort();
  if (!finding) return;
  const Window window{bytes, 0, true};
  CheckingSink(window).add(*finding, 0);
  if (finding->attributes != again->attributes || finding->id != again->id) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  inspect_everywhere(SignedDataDetector(), bytes);
  inspect_everywhere(PublicDerDetector(), bytes);
  check(bytes, describe_cms(bytes), describe_cms(bytes));
  check(bytes, describe_ocsp_response(bytes), describe_ocsp_response(bytes));
  check(bytes, describe_request(bytes, "DER"), describe_request(bytes, "DER"));
  check(bytes, describe_revocation_list(bytes, "DER"), describe_revocation_list(bytes, "DER"));
  check(bytes, describe_dh_parameters(bytes), describe_dh_parameters(bytes));
  check(bytes, describe_apk_pair(bytes), describe_apk_pair(bytes));
  const auto key = read_public_key(bytes);
  if (!key) return 0;
  check(bytes, describe_public_key(bytes, "DER"), describe_public_key(bytes, "DER"));
  (void)is_plausible(*key);
  if (key_value(*key).size() > key->spki.size()) std::abort();
  return 0;
}
