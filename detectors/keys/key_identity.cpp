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

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>

namespace landwaiter::detectors {
namespace {

using Group = std::unique_ptr<EC_GROUP, OpensslFree<EC_GROUP_free>>;
using Point = std::unique_ptr<EC_POINT, OpensslFree<EC_POINT_free>>;

/// Nothing if the point is already uncompressed, or not on its curve.
std::optional<Bytes> uncompressed(int nid, ByteView point) {
  const bool other_form = !point.empty() && (point[0] == 2 || point[0] == 3 || point[0] == 6 || point[0] == 7);
  if (!other_form || !charge_work(key_work::decompression(8 * point.size()))) return std::nullopt;
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

Bytes write_spki(std::initializer_list<ByteView> algorithm_fields, ByteView key) {
  const Bytes algorithm = der::write(der::kSequence, algorithm_fields);
  const Bytes bits = der::write_bit_string(key);
  return der::write(der::kSequence, {algorithm, bits});
}

/// Nothing if the curve is none that OpenSSL knows by name.
std::optional<Bytes> ec_spki(std::string_view curve, ByteView key) {
  const int nid = curve.empty() ? NID_undef : OBJ_sn2nid(std::string(curve).c_str());
  const ASN1_OBJECT* object = nid == NID_undef ? nullptr : OBJ_nid2obj(nid);
  if (object == nullptr || OBJ_length(object) == 0) return std::nullopt;
  const Bytes type = der::write(der::kOid, {oid::ec()});
  const Bytes name = der::write(der::kOid, {ByteView(OBJ_get0_data(object), OBJ_length(object))});
  const auto point = uncompressed(nid, key);
  return write_spki({type, name}, point ? ByteView(*point) : key);
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
    if (oid::is_rsa(type)) {
      if (auto spki = rsa_spki(key)) return *std::move(spki);
    } else if (same_bytes(type, oid::ec())) {
      if (auto spki = ec_spki(curve, key)) return *std::move(spki);
    } else if (has_no_parameters(type)) {
      const Bytes identifier = der::write(der::kOid, {type});
      return write_spki({identifier}, key);
    }
  }
  return write_spki({algorithm}, key);
}

ByteView spki_key(ByteView spki) {
  der::Reader reader(der::only_content(spki, der::kSequence).value_or(ByteView()));
  ByteView algorithm, bits;
  return reader.next(der::kSequence, algorithm) && reader.bit_string(bits) ? bits : ByteView();
}

}  // namespace landwaiter::detectors
