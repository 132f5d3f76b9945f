// SPDX-License-Identifier: Apache-2.0
// What the reader accepts lies within the bytes, has the one minimal form, and is written back as it was.
#include "core/base/limits.hpp"
#include "detectors/formats/der.hpp"

#include <algorithm>
#include <cstdlib>

namespace {

using namespace landwaiter;

void require(bool holds) {
  if (!holds) std::abort();
}

void check_elements(ByteView bytes, std::size_t depth) {
  detectors::der::Reader reader(bytes);
  detectors::der::Element element;
  std::size_t read = 0;
  while (reader.next(element)) {
    read += element.whole.size();
    require(read + reader.rest().size() == bytes.size());
    require(element.content.data() + element.content.size() == element.whole.data() + element.whole.size());
    const Bytes written = detectors::der::write(element.tag, {element.content});
    require(std::ranges::equal(written, element.whole));
    if (element.constructed() && depth > 0) check_elements(element.content, depth - 1);
    static_cast<void>(detectors::der::oid_text(element.content));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  check_elements(bytes, 4);
  const auto element = detectors::der::whole_element(bytes);
  const auto promised = detectors::der::promised_size(bytes);
  if (element) require(promised == element->size() && element->size() <= size);
  if (detectors::der::well_formed(bytes, limits::der_depth_max)) require(size == 0 || element.has_value());
  return 0;
}
