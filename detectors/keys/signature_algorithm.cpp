// SPDX-License-Identifier: Apache-2.0
#include "detectors/keys/signature_algorithm.hpp"

#include "core/base/text.hpp"
#include "detectors/formats/der.hpp"
#include "detectors/keys/public_key.hpp"

#include <openssl/err.h>
#include <openssl/objects.h>

#include <algorithm>
#include <array>
#include <utility>

namespace landwaiter::detectors {
namespace {

/// RSASSA-PSS-params starts with [0] hashAlgorithm, by default SHA-1 (RFC 4055, 3.1).
std::string pss_hash(der::Reader parameters) {
  constexpr const char* kDefault = "SHA1";
  ByteView fields, tagged, algorithm;
  if (!parameters.next(der::kSequence, fields) || !der::Reader(fields).next(der::kContext0, tagged)) return kDefault;
  return der::Reader(tagged).next(der::kSequence, algorithm) ? digest_name(algorithm) : kDefault;
}

}  // namespace

SignatureAlgorithm read_signature_algorithm(ByteView algorithm_fields) {
  der::Reader reader(algorithm_fields);
  ByteView type;
  if (!reader.next(der::kOid, type)) return {};
  SignatureAlgorithm out{.name = oid_name(type), .hash = {}};
  if (std::ranges::equal(type, oid::rsa_pss())) {
    out.hash = pss_hash(reader);
    return out;
  }
  int hash = NID_undef;
  OBJ_find_sigid_algs(oid_nid(type), &hash, nullptr);
  ERR_clear_error();
  if (hash != NID_undef) out.hash = OBJ_nid2sn(hash);
  return out;
}

std::string digest_name(ByteView algorithm_fields) {
  ByteView type;
  if (!der::Reader(algorithm_fields).next(der::kOid, type)) return {};
  const int nid = oid_nid(type);
  return nid == NID_undef ? der::oid_text(type) : OBJ_nid2sn(nid);
}

std::string signature_weakness(std::string_view hash) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kWeak{
      {{"md2", "md2-signature"}, {"md4", "md4-signature"}, {"md5", "md5-signature"}, {"sha1", "sha1-signature"}}};
  const auto found = std::ranges::find(kWeak, to_lower(hash), [](const auto& each) { return each.first; });
  return found == kWeak.end() ? std::string() : std::string(found->second);
}

}  // namespace landwaiter::detectors
