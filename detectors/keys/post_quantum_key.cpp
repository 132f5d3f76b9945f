// SPDX-License-Identifier: Apache-2.0
#include "detectors/keys/post_quantum_key.hpp"

#include "core/base/work_meter.hpp"
#include "detectors/formats/der.hpp"
#include "detectors/keys/key_identity.hpp"
#include "detectors/keys/key_octets.hpp"
#include "detectors/keys/key_work.hpp"
#include "detectors/keys/private_key.hpp"
#include "detectors/keys/private_key_math.hpp"
#include "detectors/post_quantum/ml_dsa.hpp"
#include "detectors/post_quantum/ml_kem.hpp"

namespace landwaiter::detectors {
namespace {

/// A seed, an expanded key, or both.
struct Forms {
  ByteView seed, expanded;
};

/// CHOICE { [0] seed, OCTET STRING expanded, SEQUENCE of both }, or the bare octets of either as older programs write them, those of the
/// expanded key also with the public key behind them.
template <class Set>
std::optional<Forms> read_forms(const Set& set, std::size_t seed_bytes, ByteView octets) {
  constexpr std::uint8_t kSeed = 0x80;
  Forms out;
  const std::size_t size = octets.size();
  if (size == seed_bytes) {
    out.seed = octets;
  } else if (size == set.expanded_bytes() || size == set.expanded_bytes() + set.public_bytes()) {
    out.expanded = octets.first(set.expanded_bytes());
  } else if (const auto seed = der::only_content(octets, kSeed)) {
    out.seed = *seed;
  } else if (const auto expanded = der::only_content(octets, der::kOctetString)) {
    (expanded->size() == seed_bytes ? out.seed : out.expanded) = *expanded;
  } else {
    der::Reader both(der::only_content(octets, der::kSequence).value_or(ByteView()));
    if (!both.next(der::kOctetString, out.seed) || !both.next(der::kOctetString, out.expanded) || !both.empty()) return std::nullopt;
  }
  const bool right =
      (out.seed.empty() || out.seed.size() == seed_bytes) && (out.expanded.empty() || out.expanded.size() == set.expanded_bytes());
  return right ? std::optional(out) : std::nullopt;
}

template <class Set, class OfSeed, class OfExpanded>
PostQuantumKey read_lattice_key(const Set& set, std::size_t seed_bytes, ByteView octets, OfSeed of_seed, OfExpanded of_expanded) {
  PostQuantumKey key;
  const auto forms = read_forms(set, seed_bytes, octets);
  if (!forms || !charge_work(2 * key_work::lattice(set.k))) return key;
  if (!forms->seed.empty()) {
    key.looks_random = may_be_key_octets(forms->seed);
    key.public_bits = of_seed(set, forms->seed);
    key.consistent = true;
  }
  if (!forms->expanded.empty()) {
    auto expanded = of_expanded(set, forms->expanded);
    key.consistent = expanded && (forms->seed.empty() || *expanded == key.public_bits);
    if (key.public_bits.empty() && expanded) key.public_bits = *std::move(expanded);
  }
  return key;
}

/// FIPS 205, 9.1: two secret numbers, a public one and the root of the tree, each of n octets. Computing the root takes seconds.
PostQuantumKey read_hash_key(std::string_view name, ByteView octets) {
  PostQuantumKey key;
  const std::size_t n = name.find("-128") != std::string_view::npos ? 16 : name.find("-192") != std::string_view::npos ? 24 : 32;
  const ByteView numbers = octets.size() == 4 * n ? octets : der::only_content(octets, der::kOctetString).value_or(ByteView());
  if (numbers.size() != 4 * n) return key;
  const ByteView half = numbers.subspan(2 * n);
  key.public_bits.assign(half.begin(), half.end());
  key.consistent = true;
  key.looks_random = may_be_key_octets(numbers) && may_be_key_octets(half);
  return key;
}

/// The other half of a composite: a PKCS #1 or SEC1 key, or the bare octets of a curve of RFC 7748 and RFC 8032. Its own form decides, as
/// the numbers of the drafts have changed their meaning.
PostQuantumKey read_traditional(std::string_view name, ByteView octets) {
  PostQuantumKey out;
  PrivateKey key;
  if (!octets.empty() && octets[0] == der::kSequence) {
    auto read = read_pkcs1(octets);
    if (!read) read = read_sec1(octets);
    if (!read) return out;
    key = *std::move(read);
    out.looks_random = key.looks_random;
  } else {
    const bool exchange = name.find("-X") != std::string_view::npos;
    const ByteView small = exchange ? oid::x25519() : oid::ed25519(), large = exchange ? oid::x448() : oid::ed448();
    const RawKeyKind* kind = raw_key_kind(octets.size() == 32 ? small : large);
    auto half = kind == nullptr ? std::nullopt : raw_public_key(*kind, octets);
    if (!half) return out;
    key.public_key = *std::move(half);
    out.looks_random = may_be_key_octets(octets);
  }
  const ByteView bits = spki_key(key.public_key.spki);
  out.public_bits.assign(bits.begin(), bits.end());
  out.consistent = key.consistent && !bits.empty();
  return out;
}

/// The seed of the one and then the other; the public keys one after the other, too.
PostQuantumKey read_composite(std::string_view name, std::size_t seed_bytes, ByteView octets) {
  PostQuantumKey key;
  if (octets.size() <= seed_bytes) return key;
  const auto lattice = read_post_quantum_key(first_of_composite(name), octets.first(seed_bytes));
  const PostQuantumKey other = read_traditional(name, octets.subspan(seed_bytes));
  if (!lattice || !lattice->consistent || !other.consistent) return key;
  key.public_bits = lattice->public_bits;
  key.public_bits.insert(key.public_bits.end(), other.public_bits.begin(), other.public_bits.end());
  key.consistent = true;
  key.looks_random = lattice->looks_random && other.looks_random;
  return key;
}

}  // namespace

std::string first_of_composite(std::string_view name) {
  constexpr std::size_t kPrefix = 5;
  return (name.starts_with("MLDSA") ? "ML-DSA-" : "ML-KEM-") + std::string(name.substr(kPrefix, name.find('-') - kPrefix));
}

std::optional<PostQuantumKey> read_post_quantum_key(std::string_view name, ByteView octets) {
  if (const ml_dsa::Set* set = ml_dsa::find_set(name)) {
    return read_lattice_key(*set, ml_dsa::kSeedBytes, octets, &ml_dsa::public_of_seed, &ml_dsa::public_of_expanded);
  }
  if (const ml_kem::Set* set = ml_kem::find_set(name)) {
    return read_lattice_key(*set, ml_kem::kSeedBytes, octets, &ml_kem::public_of_seed, &ml_kem::public_of_expanded);
  }
  if (name.starts_with("SLH-DSA-")) return read_hash_key(name, octets);
  if (name.starts_with("MLDSA")) return read_composite(name, ml_dsa::kSeedBytes, octets);
  if (name.starts_with("MLKEM")) return read_composite(name, ml_kem::kSeedBytes, octets);
  return std::nullopt;
}

}  // namespace landwaiter::detectors
