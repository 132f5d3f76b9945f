// SPDX-License-Identifier: Apache-2.0
// Whatever the text is, what it is said to encode encodes back to it, and what is handed on is fit to be searched.
#include "core/base/encoding.hpp"
#include "detectors/formats/encoded_text.hpp"
#include "detectors/key_files/encoded_text_detector.hpp"
#include "tests/fuzz/inspect.hpp"

namespace {

using namespace landwaiter;
using namespace landwaiter::detectors;

void require(bool holds) {
  if (!holds) std::abort();
}

/// The run's bytes are those that its own text says, once breaks are left out.
void check(ByteView text, const encoded::Run& run) {
  require(run.begin <= run.end && run.end <= text.size());
  require(run.bytes.size() <= run.end - run.begin);
  if (run.encoding == "hex" && text.size() == run.end && run.begin == 0) {
    if (const auto decoded = hex_decode(as_text(text))) require(*decoded == run.bytes);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView text(data, size);
  const EncodedTextDetector detector;
  inspect_everywhere(detector, text);
  if (size == 0) return 0;
  for (const std::size_t max : {std::size_t{8}, std::size_t{64}, encoded::kAll}) {
    check(text, encoded::read_base64(text, 0, max));
    check(text, encoded::read_hex(text, size / 2, max));
    check(text, encoded::read_hex(text, 0, max));
  }
  check(text, encoded::read_utf16(text, size / 3, 1));
  (void)encoded::is_pem_body(text, size);
  // What is encoded here is decoded there, in one line and in several.
  const std::string base64 = base64_encode(text);
  require(encoded::read_base64(as_bytes(base64), 0, encoded::kAll).bytes == Bytes(text.begin(), text.end()));
  std::string lines;
  for (std::size_t at = 0; at < base64.size(); at += 64) lines += base64.substr(at, 64) + "\\n";
  require(encoded::read_base64(as_bytes(lines), 0, encoded::kAll).bytes == Bytes(text.begin(), text.end()));
  return 0;
}
