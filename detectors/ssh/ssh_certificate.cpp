// SPDX-License-Identifier: Apache-2.0
#include "detectors/ssh/ssh_certificate.hpp"

#include "detectors/keys/key_finding.hpp"
#include "detectors/keys/x509_text.hpp"
#include "detectors/ssh/ssh_key.hpp"

#include <limits>

namespace landwaiter::detectors {
namespace {

using nlohmann::json;

constexpr std::string_view kCertificateSuffix = "-cert-v01@openssh.com";
/// Real certificates have fewer names and options.
constexpr std::size_t kPrincipalsMax = 256;

/// "ssh-rsa-cert-v01@openssh.com" certifies an "ssh-rsa", "sk-...-cert-v01@openssh.com" an "sk-...@openssh.com".
std::string plain_type(std::string_view type) {
  std::string plain(type.substr(0, type.size() - kCertificateSuffix.size()));
  if (plain.starts_with("sk-")) plain += "@openssh.com";
  return plain;
}

/// The strings of a packed list, made printable.
bool read_names(ByteView packed, json& out) {
  out = json::array();
  ByteReader reader(packed);
  ByteView name;
  while (!reader.empty()) {
    if (!reader.u32_prefixed(name) || out.size() == kPrincipalsMax) return false;
    out.push_back(attribute_text(as_text(name)));
  }
  return true;
}

/// The names of options or extensions; their values may be commands and addresses, which are not copied.
bool read_option_names(ByteView packed, json& out) {
  out = json::array();
  ByteReader reader(packed);
  ByteView name, value;
  while (!reader.empty()) {
    if (!reader.u32_prefixed(name) || !reader.u32_prefixed(value) || out.size() == kPrincipalsMax) return false;
    out.push_back(attribute_text(as_text(name)));
  }
  return true;
}

/// A certificate's validity: 0 and the largest number mean no bound.
void describe_validity(std::uint64_t after, std::uint64_t before, SshPublicKey& out) {
  out.expires = before != std::numeric_limits<std::uint64_t>::max();
  out.certificate["not_before"] = after == 0 ? json(nullptr) : unix_time_text(after);
  out.certificate["not_after"] = out.expires ? unix_time_text(before) : json(nullptr);
}

/// The signing key and algorithm.
bool read_signer(ByteReader& reader, SshPublicKey& out) {
  ByteView ca, signature, algorithm;
  if (!reader.u32_prefixed(ca) || !reader.u32_prefixed(signature) || !reader.empty()) return false;
  const auto ca_key = read_ssh_public_key(ca);
  ByteReader inner(signature);
  if (!ca_key || !inner.u32_prefixed(algorithm)) return false;
  out.certificate["ca_fingerprint"] = ssh_fingerprint(ca);
  out.certificate["ca_key"] = describe(*ca_key);
  out.certificate["ca_spki_sha256"] = ca_key->spki_sha256();
  out.certificate["signature_algorithm"] = attribute_text(as_text(algorithm));
  out.sha1_signature = as_text(algorithm) == "ssh-rsa" || as_text(algorithm) == "ssh-dss";
  return true;
}

bool read_certificate(ByteReader& reader, SshPublicKey& out) {
  std::uint64_t serial = 0, after = 0, before = 0;
  std::uint32_t kind = 0;
  ByteView key_id, principals, critical, extensions, reserved;
  if (!reader.u64_be(serial) || !reader.u32_be(kind) || !reader.u32_prefixed(key_id) || !reader.u32_prefixed(principals)) return false;
  if (!reader.u64_be(after) || !reader.u64_be(before)) return false;
  if (!reader.u32_prefixed(critical) || !reader.u32_prefixed(extensions) || !reader.u32_prefixed(reserved)) return false;
  if (kind != 1 && kind != 2) return false;
  out.certificate = {{"kind", kind == 1 ? "user" : "host"}, {"serial", serial}, {"key_id", attribute_text(as_text(key_id))}};
  if (!read_names(principals, out.certificate["principals"])) return false;
  if (!read_option_names(critical, out.certificate["critical_options"])) return false;
  if (!read_option_names(extensions, out.certificate["extensions"])) return false;
  describe_validity(after, before, out);
  return read_signer(reader, out);
}

}  // namespace

std::optional<SshPublicKey> read_ssh_key_or_certificate(ByteView blob) {
  ByteReader reader(blob);
  ByteView type, nonce;
  if (!reader.u32_prefixed(type)) return std::nullopt;
  SshPublicKey out;
  out.type = as_text(type);
  const bool certified = out.type.ends_with(kCertificateSuffix);
  if (certified && !reader.u32_prefixed(nonce)) return std::nullopt;
  const std::string plain = certified ? plain_type(out.type) : out.type;
  const std::size_t begin = reader.offset();
  auto key = read_ssh_public_fields(plain, reader);
  if (!key) return std::nullopt;
  out.key = std::move(*key);
  Bytes plain_blob;
  append_ssh_string(plain_blob, as_bytes(plain));
  const ByteView fields = blob.subspan(begin, reader.offset() - begin);
  plain_blob.insert(plain_blob.end(), fields.begin(), fields.end());
  out.fingerprint = ssh_fingerprint(plain_blob);
  const bool whole = certified ? read_certificate(reader, out) : reader.empty();
  if (!whole) return std::nullopt;
  return out;
}

}  // namespace landwaiter::detectors
