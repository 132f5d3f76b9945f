// SPDX-License-Identifier: Apache-2.0
#include "detectors/formats/der_search.hpp"

#include "core/base/work_meter.hpp"
#include "detectors/formats/der.hpp"

#include <algorithm>

namespace landwaiter::detectors {

bool any_sequence_before(const Window& window, const Hit& hit, std::size_t look_back,
                         const std::function<bool(std::size_t, ByteView)>& visit) {
  const std::size_t end = std::min(hit.end, window.bytes.size());
  if (!charge_work(look_back)) return false;
  for (std::size_t start = end - std::min(end, look_back); start < end; ++start) {
    if (window.bytes[start] != der::kSequence) continue;
    const auto element = der::whole_element(window.bytes.subspan(start));
    if (element && visit(start, *element)) return true;
  }
  return false;
}

}  // namespace landwaiter::detectors
