// SPDX-License-Identifier: Apache-2.0
// Whatever the bytes are, what the detectors of key files say of them is fit for a report, and a key of SSH has an identity and a
// fingerprint.
#include "detectors/formats/bech32.hpp"
#include "detectors/key_files/key_file_detector.hpp"
#include "detectors/ssh/ssh_certificate.hpp"
#include "detectors/ssh/ssh_detector.hpp"
#include "detectors/ssh/ssh_line.hpp"
#include "tests/fuzz/inspect.hpp"

namespace {

using namespace landwaiter;
using namespace landwaiter::detectors;

/// Each place where the text of a mark ends, for the detectors that look from there.
void inspect_marks(const Detector& detector, ByteView bytes) {
  const Window window{bytes, 0, true};
  CheckingSink sink(window);
  const std::string_view text = as_text(bytes);
  for (const std::string_view mark : {"AAAA", "KEY ----", "1.1\n\0", "-3: ", "-2: ", "KEY-", "comment: ", "v1.", "hmac-", "KEY-----",
                                      "AES256", "Id\"", "root\"", "\x4b\xb5", "RSA2", "RSA1"}) {
    const std::size_t at = text.find(mark);
    if (at == std::string_view::npos) continue;
    for (const Trigger& trigger : detector.triggers()) inspect_at(detector, window, Hit{trigger.id, at + mark.size()}, sink);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const KeyFileDetector files;
  static const SshDetector ssh;
  const ByteView bytes(data, size);
  for (const Detector* detector : {static_cast<const Detector*>(&files), static_cast<const Detector*>(&ssh)}) {
    inspect_everywhere(*detector, bytes);
    inspect_marks(*detector, bytes);
  }
  const auto key = read_ssh_key_or_certificate(bytes);
  if (key && (key->key.spki.empty() || !key->fingerprint.starts_with("SHA256:") || key->type.empty())) std::abort();
  static_cast<void>(describe_ssh_line(as_text(bytes.first(std::min<std::size_t>(size, 2048))), "known_hosts").dump());
  const auto decoded = bech32_decode(as_text(bytes));
  if (decoded && decoded->bytes.size() * 8 > size * 5) std::abort();
  return 0;
}
