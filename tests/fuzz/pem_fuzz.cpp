// SPDX-License-Identifier: Apache-2.0
// A block lies within the bytes; a decoded one has a body, and reads the same when wrapped again.
#include "core/base/encoding.hpp"
#include "detectors/formats/pem.hpp"

#include <algorithm>
#include <cstdlib>
#include <string>

namespace {

using namespace landwaiter;
using namespace landwaiter::detectors;

void require(bool holds) {
  if (!holds) std::abort();
}

void check(ByteView bytes, std::size_t line_end) {
  for (const bool ends_file : {false, true}) {
    const pem::Block block = pem::read_block(bytes, line_end, ends_file);
    require(block.begin <= block.end && block.end <= bytes.size());
    require(block.end >= line_end || block.label.empty());
    if (block.state != pem::State::decoded) {
      require(block.body.view().empty());
      continue;
    }
    require(!block.body.view().empty());
    std::string again = "-----BEGIN " + std::string(block.label) + "-----\n" + base64_encode(block.body.view()) + "\n";
    const std::size_t again_line_end = again.find('\n');
    again += "-----END " + std::string(block.label) + "-----\n";
    const pem::Block second = pem::read_block(as_bytes(again), again_line_end, true);
    require(second.state == pem::State::bare || std::ranges::equal(second.body.view(), block.body.view()));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  const std::string_view text = as_text(bytes);
  // Every place where a BEGIN line could end, and one where none does.
  for (std::size_t at = text.find("-----"); at != std::string_view::npos; at = text.find("-----", at + 5)) check(bytes, at + 5);
  check(bytes, size);
  return 0;
}
