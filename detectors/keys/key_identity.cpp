// SPDX-License-Identifier: Apache-2.0
#include "detectors/keys/key_identity.hpp"

#include "core/base/work_meter.hpp"
#include "detectors/formats/der.hpp"
#include "detectors/formats/openssl_ptr.hpp"
#include "detectors/keys/algorithm_names.hpp"
#include "detectors/keys/key_work.hpp"
#include "detectors/keys/public_key.hpp"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/objects.h>

#include <memory>
#include <optional>
#include <string>

namespace landwaiter::detectors {
namespace {

using Group = std::unique_ptr<EC_GROUP, OpensslFree<EC_GROUP_free>>;
using Point = std::unique_ptr<EC_POINT, OpensslFree<EC_POINT_free>>;

/// Nothing if the point is already uncompressed, on no known curve or not on its curve.
std::optional<Bytes> uncompressed(std::string_view curve, ByteView point) {
  const bool other_form = !point.empty() && (point[0] == 2 || point[0] == 3 || point[0] == 6 || point[0] == 7);
  const int nid = other_form ? OBJ_sn2nid(std::string(curve).c_str()) : NID_undef;
  if (nid == NID_undef || !charge_work(key_work::decompression(8 * point.size()))) return std::nullopt;
  const Group group(EC_GROUP_new_by_curve_name(nid));
  const Point read(group ? EC_POINT_new(group.get()) : nullptr);
  Bytes out;
  if (read && EC_POINT_oct2point(group.get(), read.get(), point.data(), point.size(), nullptr) == 1) {
    out.resize(EC_POINT_point2oct(group.get(), read.get(), POINT_CONVERSION_UNCOMPRESSED, nullptr, 0, nullptr));
    out.resize(EC_POINT_point2oct(group.get(), read.get(), POINT_CONVERSION_UNCOMPRESSED, out.data(), out.size(), nullptr));
  }
  ERR_clear_error();
  return out.empty() ? std::nullopt : std::optional(std::move(out));
}

bool has_no_parameters(ByteView type) {
  for (const ByteView raw : {oid::ed25519(), oid::ed448(), oid::x25519(), oid::x448()}) {
    if (same_bytes(type, raw)) return true;
  }
  const std::string_view name = algorithm_name(type);
  return name.starts_with("ML") || name.starts_with("SLH-DSA");
}

Bytes write_spki(ByteView algorithm_fields, ByteView key) {
  const Bytes algorithm = der::write(der::kSequence, {algorithm_fields});
  const Bytes bits = der::write_bit_string(key);
  return der::write(der::kSequence, {algorithm, bits});
}

/// Like OpenSSL, a number without the zero in front of its first bit is read as positive.
std::optional<Bytes> rsa_spki(ByteView key) {
  der::Reader reader(der::only_content(key, der::kSequence).value_or(ByteView()));
  ByteView modulus, exponent;
  if (!reader.next(der::kInteger, modulus) || !reader.next(der::kInteger, exponent) || !reader.empty()) return std::nullopt;
  return rsa_public_key(modulus, exponent).spki;
}

}  // namespace

Bytes identifying_spki(ByteView algorithm, std::string_view curve, ByteView key) {
  ByteView type;
  if (der::Reader(algorithm).next(der::kOid, type)) {
    if (same_bytes(type, oid::rsa())) {
      if (auto spki = rsa_spki(key)) return *std::move(spki);
    } else if (same_bytes(type, oid::ec())) {
      if (const auto point = uncompressed(curve, key)) return write_spki(algorithm, *point);
    } else if (has_no_parameters(type)) {
      return write_spki(der::write(der::kOid, {type}), key);
    }
  }
  return write_spki(algorithm, key);
}

ByteView spki_key(ByteView spki) {
  der::Reader reader(der::only_content(spki, der::kSequence).value_or(ByteView()));
  ByteView algorithm, bits;
  return reader.next(der::kSequence, algorithm) && reader.bit_string(bits) ? bits : ByteView();
}

}  // namespace landwaiter::detectors
