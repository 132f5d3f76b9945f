// SPDX-License-Identifier: Apache-2.0
#include "core/assess/chains.hpp"

#include "core/report/assets/certificate.hpp"

#include <algorithm>
#include <tuple>
#include <unordered_map>

namespace landwaiter {
namespace {

/// Longer chains are loops of certificates that sign each other.
constexpr int kChainMax = 32;
/// Per subject name. A layer full of certificates with the same subject would otherwise take quadratic time.
constexpr std::size_t kCandidatesMax = 64;

struct Certificate {
  explicit Certificate(Finding& from) : finding(&from), facts(assets::certificate_of(from)) {}

  Finding* finding;
  assets::Certificate facts;
  const Certificate* issued_by = nullptr;
};

/// Whether `issuer`, whose name matches, may have issued `certificate`; a match by key identifier ranks before no key identifier.
int fit(const Certificate& certificate, const Certificate& issuer) {
  if (!issuer.facts.use.is_ca || &certificate == &issuer) return 0;
  if (certificate.facts.authority_key_id.empty() || issuer.facts.subject_key_id.empty()) return 1;
  return certificate.facts.authority_key_id == issuer.facts.subject_key_id ? 2 : 0;
}

using BySubject = std::unordered_map<std::string, std::vector<const Certificate*>>;

const Certificate* issuer_of(const Certificate& certificate, const BySubject& by_subject) {
  if (certificate.facts.use.self_signed) return &certificate;
  const auto named = by_subject.find(certificate.facts.issuer);
  if (certificate.facts.issuer.empty() || named == by_subject.end()) return nullptr;
  const Certificate* best = nullptr;
  const auto rank = [&](const Certificate* issuer) {
    return std::tuple(fit(certificate, *issuer), issuer->facts.use.self_signed, std::string_view(issuer->facts.not_after));
  };
  for (const Certificate* issuer : named->second) {
    if (fit(certificate, *issuer) == 0) continue;
    if (best == nullptr || rank(issuer) > rank(best) || (rank(issuer) == rank(best) && issuer->finding->id < best->finding->id))
      best = issuer;
  }
  return best;
}

bool complete(const Certificate& certificate) {
  const Certificate* at = &certificate;
  for (int i = 0; i < kChainMax && at != nullptr; ++i) {
    if (at->facts.use.self_signed) return true;
    at = at->issued_by;
  }
  return false;
}

}  // namespace

void link_chains(std::vector<Finding>& findings) {
  std::vector<Certificate> certificates;
  for (Finding& finding : findings) {
    if (finding.type == FindingType::certificate && finding.attributes.is_object()) certificates.emplace_back(finding);
  }
  std::ranges::sort(certificates, {}, [](const Certificate& certificate) { return std::string_view(certificate.finding->id); });
  BySubject by_subject;
  for (const Certificate& certificate : certificates) {
    auto& named = by_subject[certificate.facts.subject];
    if (named.size() < kCandidatesMax) named.push_back(&certificate);
  }
  for (Certificate& certificate : certificates) certificate.issued_by = issuer_of(certificate, by_subject);
  for (const Certificate& certificate : certificates) {
    assets::CertificateLinks links;
    if (certificate.issued_by != nullptr) links.issued_by = certificate.issued_by->finding->id;
    links.chain_complete = complete(certificate);
    add_attributes(links, certificate.finding->attributes);
  }
}

}  // namespace landwaiter
