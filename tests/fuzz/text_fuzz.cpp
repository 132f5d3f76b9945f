// SPDX-License-Identifier: Apache-2.0
// printable() can be undone, hence is injective; decoders only accept what encoders could have meant.
#include "core/base/bytes.hpp"
#include "core/base/clock.hpp"
#include "core/base/encoding.hpp"
#include "core/base/text.hpp"
#include "core/report/path_set.hpp"
#include "core/report/report.hpp"

#include <cstdlib>

using namespace landwaiter;

namespace {

std::string undo(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = text.substr(i).starts_with("\\x") && text.size() - i >= 4 ? hex_decode(text.substr(i + 2, 2)) : std::nullopt;
    out += byte ? static_cast<char>(byte->front()) : text[i];
    i += byte ? 4 : 1;
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  const std::string_view text = as_text(bytes);
  const std::string shown = printable(text);
  for (const char c : shown) {
    if (static_cast<std::uint8_t>(c) < 0x20 || c == 0x7f) std::abort();
  }
  if (undo(shown) != text) std::abort();

  const Bytes copy(bytes.begin(), bytes.end());
  if (hex_decode(hex_encode(bytes)) != copy || base64_decode(base64_encode(bytes)) != copy) std::abort();
  if (base64url_decode(base64url_encode(bytes)) != copy) std::abort();
  if (const auto decoded = base64_decode(text); decoded && decoded->size() > size) std::abort();

  if (const auto set = PathSet::decode(text)) {
    const auto again = PathSet::decode(set->encode());
    if (!again || !(*again == *set)) std::abort();
  }
  if (const auto time = from_rfc3339(text)) {
    // Offsets may lead out of the four-digit years, which RFC 3339 cannot write.
    const std::string written = to_rfc3339(*time);
    const auto again = from_rfc3339(written);
    if (written.size() == 20 && written[0] != '-' && (!again || *time - *again >= std::chrono::seconds(1))) std::abort();
  }
  return 0;
}
