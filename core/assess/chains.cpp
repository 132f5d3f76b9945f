// SPDX-License-Identifier: Apache-2.0
#include "core/assess/chains.hpp"

#include "core/report/attributes.hpp"

#include <algorithm>
#include <tuple>
#include <unordered_map>

namespace landwaiter {
namespace {

/// Longer chains are loops of certificates that sign each other.
constexpr int kChainMax = 32;
/// Of one name. A layer full of certificates with the same subject would otherwise cost the square of their number.
constexpr std::size_t kCandidatesMax = 64;

struct Certificate {
  Finding* finding = nullptr;
  std::string subject, issuer, subject_key_id, authority_key_id, not_after;
  bool self_signed = false;
  bool is_ca = false;
  const Certificate* issued_by = nullptr;
};

Certificate read(Finding& finding) {
  Certificate out;
  const nlohmann::json& facts = finding.attributes;
  out.finding = &finding;
  out.subject = text_attribute(facts, "subject");
  out.issuer = text_attribute(facts, "issuer");
  out.subject_key_id = text_attribute(facts, "subject_key_id");
  out.authority_key_id = text_attribute(facts, "authority_key_id");
  out.not_after = text_attribute(facts, "not_after");
  out.self_signed = flag_attribute(facts, "self_signed");
  out.is_ca = flag_attribute(facts, "is_ca");
  return out;
}

/// Whether `issuer`, which has the right name, may have issued `certificate`; a proof by key identifier ranks before none.
int fit(const Certificate& certificate, const Certificate& issuer) {
  if (!issuer.is_ca || &certificate == &issuer) return 0;
  if (certificate.authority_key_id.empty() || issuer.subject_key_id.empty()) return 1;
  return certificate.authority_key_id == issuer.subject_key_id ? 2 : 0;
}

using BySubject = std::unordered_map<std::string, std::vector<const Certificate*>>;

const Certificate* issuer_of(const Certificate& certificate, const BySubject& by_subject) {
  if (certificate.self_signed) return &certificate;
  const auto named = by_subject.find(certificate.issuer);
  if (certificate.issuer.empty() || named == by_subject.end()) return nullptr;
  const Certificate* best = nullptr;
  const auto rank = [&](const Certificate* issuer) {
    return std::tuple(fit(certificate, *issuer), issuer->self_signed, std::string_view(issuer->not_after));
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
    if (at->self_signed) return true;
    at = at->issued_by;
  }
  return false;
}

}  // namespace

void link_chains(std::vector<Finding>& findings) {
  std::vector<Certificate> certificates;
  for (Finding& finding : findings) {
    if (finding.type == FindingType::certificate && finding.attributes.is_object()) certificates.push_back(read(finding));
  }
  std::ranges::sort(certificates, {}, [](const Certificate& certificate) { return std::string_view(certificate.finding->id); });
  BySubject by_subject;
  for (const Certificate& certificate : certificates) {
    auto& named = by_subject[certificate.subject];
    if (named.size() < kCandidatesMax) named.push_back(&certificate);
  }
  for (Certificate& certificate : certificates) certificate.issued_by = issuer_of(certificate, by_subject);
  for (const Certificate& certificate : certificates) {
    nlohmann::json& facts = certificate.finding->attributes;
    facts["issued_by"] = certificate.issued_by != nullptr ? nlohmann::json(certificate.issued_by->finding->id) : nlohmann::json(nullptr);
    facts["chain_complete"] = complete(certificate);
  }
}

}  // namespace landwaiter
