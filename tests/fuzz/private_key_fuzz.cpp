// SPDX-License-Identifier: Apache-2.0
// Whatever the bytes are, what the private-key detector says of them is fit for a report.
#include "detectors/key_files/private_key_detector.hpp"
#include "detectors/keys/private_key.hpp"
#include "detectors/ssh/ssh_key.hpp"
#include "tests/fuzz/inspect.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace landwaiter;
  using namespace landwaiter::detectors;
  const ByteView bytes(data, size);
  const PrivateKeyDetector detector;
  inspect_everywhere(detector, bytes);
  for (const char* label : {"PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "OPENSSH PRIVATE KEY"}) {
    const std::string pem = as_pem(label, bytes);
    const Window window{as_bytes(pem), 0, true};
    CheckingSink sink(window);
    inspect_at(detector, window, Hit{0, pem.find('\n')}, sink);
  }
  const auto keys = read_openssh_private(bytes);
  if (keys && keys->empty()) std::abort();
  static_cast<void>(read_ssh_public_key(bytes));
  return 0;
}
