// SPDX-License-Identifier: Apache-2.0
#include "detectors/keys/explicit_curve.hpp"

#include "core/base/limits.hpp"
#include "detectors/formats/der.hpp"
#include "detectors/formats/openssl_ptr.hpp"
#include "detectors/keys/key_work.hpp"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/objects.h>

#include <memory>

namespace landwaiter::detectors {
namespace {

using Group = std::unique_ptr<EC_GROUP, OpensslFree<EC_GROUP_free>>;

/// The largest named curve has 571 bits; six numbers of that size and a seed stay below it.
constexpr std::size_t kParametersBytesMax = 1024;

}  // namespace

std::string equal_named_curve(ByteView parameters) {
  if (parameters.size() > kParametersBytesMax || !der::well_formed(parameters, limits::der_depth_max)) return {};
  constexpr std::size_t kFieldBitsMax = 661;
  if (!charge_work(key_work::curve(kFieldBitsMax))) return {};
  const unsigned char* at = parameters.data();
  const Group group(d2i_ECPKParameters(nullptr, &at, static_cast<long>(parameters.size())));
  // OpenSSL gives a group that equals a named one its number, after also comparing generator and order.
  const int nid = group ? EC_GROUP_get_curve_name(group.get()) : NID_undef;
  ERR_clear_error();
  return nid == NID_undef ? std::string() : OBJ_nid2sn(nid);
}

}  // namespace landwaiter::detectors
