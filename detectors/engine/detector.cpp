// SPDX-License-Identifier: Apache-2.0
#include "detectors/engine/detector.hpp"

#include "core/base/digest.hpp"
#include "core/base/encoding.hpp"

namespace landwaiter::detectors {

std::string keyed_id(const DetectorContext& context, ByteView bytes) {
  return "hmac-sha256:" + hex_encode(hmac_sha256(as_bytes(context.identity_key.reveal()), bytes));
}

}  // namespace landwaiter::detectors
