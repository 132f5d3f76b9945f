// SPDX-License-Identifier: Apache-2.0
// Whatever the bytes are, what the certificate detector says of them is fit for a report.
#include "detectors/certificates/certificate.hpp"
#include "detectors/certificates/certificate_detector.hpp"
#include "tests/fuzz/inspect.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace landwaiter;
  using namespace landwaiter::detectors;
  const ByteView bytes(data, size);
  const CertificateDetector detector;
  inspect_everywhere(detector, bytes);
  const auto finding = describe_certificate(bytes, "DER");
  const std::string pem = as_pem("CERTIFICATE", bytes);
  const Window window{as_bytes(pem), 0, true};
  CheckingSink sink(window);
  inspect_at(detector, window, Hit{0, pem.find('\n')}, sink);
  // The same bytes are the same certificate, always.
  if (finding && describe_certificate(bytes, "DER")->attributes != finding->attributes) std::abort();
  return 0;
}
