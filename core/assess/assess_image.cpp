// SPDX-License-Identifier: Apache-2.0
// Issues that follow from other findings in the image and from a finding's place.
#include "core/assess/assess_issues.hpp"

#include "core/report/assets/certificate.hpp"
#include "core/report/assets/common.hpp"
#include "core/report/assets/crypto_configuration.hpp"
#include "core/report/assets/key.hpp"

#include <algorithm>
#include <array>

namespace landwaiter {
namespace {

bool holds(const std::vector<std::string>& list, std::string_view value) { return std::ranges::find(list, value) != list.end(); }

bool valid_at(const Finding& certificate, SystemTime today) {
  const assets::Lifetime lifetime = assets::lifetime_of(certificate);
  const auto begin = lifetime.begin();
  const auto end = from_rfc3339(lifetime.not_after);
  return begin && end && *begin <= today && today <= *end;
}

std::string name_of(const Finding& certificate) {
  return certificate.title.starts_with("Certificate ") ? certificate.title.substr(12) : certificate.title;
}

/// "shop.example.com", "localhost", an address: not "Example Root CA".
bool looks_like_host(std::string_view name) {
  const bool characters = std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '*' || c == ':';
  });
  return characters && (name.find_first_of(".:") != std::string_view::npos || name == "localhost");
}

/// The host that a certificate is for: of its alternative names the first, otherwise its common name if that is one; empty if none.
std::string host_of(const Finding& finding) {
  const assets::Certificate certificate = assets::certificate_of(finding);
  for (const std::string& name : certificate.subject_alternative_names) {
    for (const std::string_view kind : {"DNS:", "IP:", "IP Address:"}) {
      if (name.starts_with(kind)) return name.substr(kind.size());
    }
  }
  const std::size_t begin = certificate.subject.find("CN=");
  if (begin == std::string::npos) return {};
  const std::size_t end = std::min(certificate.subject.find_first_of(",+", begin), certificate.subject.size());
  const std::string name = certificate.subject.substr(begin + 3, end - begin - 3);
  return looks_like_host(name) ? name : std::string();
}

/// Whether a self-signed certificate is a server's own, which tools mark as an authority unless they are told not to. A real authority
/// has issued others, or is for nothing but that.
bool is_own_server(const Finding& certificate, const assets::CertificateUse& use, const ImageView& image) {
  if (!use.self_signed || image.issues_others(certificate.id)) return false;
  if (holds(use.usages, "server") || holds(use.extended_key_usage, "serverAuth")) return true;
  const bool signs_alone = !use.key_usage.empty() && std::ranges::all_of(use.key_usage, [](const std::string& each) {
    return each == "keyCertSign" || each == "cRLSign";
  });
  return use.extended_key_usage.empty() && !signs_alone && !host_of(certificate).empty();
}

/// A private key matters as much as its certificate permits, and as long as the certificate is valid.
Issue pair_issue(const Finding& key, const Finding& certificate, const ImageView& image, SystemTime today) {
  const bool valid = valid_at(certificate, today);
  const bool encrypted = assets::is_encrypted(key);
  const assets::CertificateUse use = assets::certificate_use_of(certificate);
  const std::string state = valid ? "" : " (not currently valid)";
  // Only its own issuer trusts a self-signed certificate.
  const Severity self_signed_severity = valid && !encrypted ? Severity::high : Severity::medium;
  if (is_own_server(certificate, use, image)) {
    const std::string host = host_of(certificate);
    Issue issue = assess_issue("key-with-certificate", self_signed_severity,
                               "It is the key of the self-signed server certificate for " + (host.empty() ? name_of(certificate) : host) +
                                   (use.is_ca ? " (marked as an authority)" : "") + state + ".");
    issue.remedy =
        "Make a new key and certificate for the server, pass them to the container at run time, and have clients that trust the old "
        "certificate drop it.";
    return issue;
  }
  if (use.is_ca) {
    return assess_issue(
        "ca-private-key", encrypted || !valid ? Severity::high : Severity::critical,
        "It is the key of the certificate authority " + name_of(certificate) + state + ": anyone who has it can issue certificates.");
  }
  Issue issue =
      assess_issue("key-with-certificate", Severity::medium, "The certificate " + name_of(certificate) + state + " is in the same image.");
  const bool server = holds(use.usages, "server");
  if (valid && !encrypted) issue.severity = server && !use.self_signed ? Severity::critical : Severity::high;
  return issue;
}

/// Where a published key is used, it matters as any other, and everybody has it.
bool add_published_in_use(const Finding& key, const ImageView& image, std::vector<Issue>& issues) {
  const auto place = std::ranges::find_if(key.occurrences, [&](const Occurrence& each) { return image.in_use(each); });
  if (place == key.occurrences.end()) return false;
  issues.push_back(
      assess_issue("published-key-in-use", Severity::high,
                   "It was published by " + assets::publisher_of(key) + ", and " + place->path + " is where a server's own key belongs."));
  return true;
}

void add_pairs(const Finding& key, const ImageView& image, SystemTime today, std::vector<Issue>& issues) {
  if (!assets::publisher_of(key).empty() && !add_published_in_use(key, image, issues)) return;
  constexpr std::size_t kPairsMax = 20;
  std::size_t count = 0;
  for (const std::string& id : assets::matching_certificates_of(key)) {
    const Finding* certificate = image.certificate(id);
    if (certificate == nullptr) continue;
    if (count++ == kPairsMax) return;
    issues.push_back(pair_issue(key, *certificate, image, today));
  }
}

bool is_secret(FindingType type) {
  switch (type) {
    case FindingType::private_key:
    case FindingType::secret_key:
    case FindingType::token:
    case FindingType::secret:
    case FindingType::keystore: return true;
    default: return false;
  }
}

/// A keystore may hold only certificates.
bool worth_hiding(const Finding& finding) {
  if (!is_secret(finding.type)) return false;
  return finding.type != FindingType::keystore || finding.severity > Severity::info;
}

void add_deleted(const Finding& finding, const ImageView& image, std::vector<Issue>& issues) {
  if (!worth_hiding(finding) || !assets::publisher_of(finding).empty()) return;
  const auto hidden = std::ranges::find_if(finding.occurrences, [](const Occurrence& each) { return each.deleted_by.has_value(); });
  if (hidden == finding.occurrences.end()) return;
  const bool open = finding.type == FindingType::private_key && !assets::is_encrypted(finding);
  issues.push_back(assess_issue("deleted-but-present", open ? Severity::high : Severity::medium,
                                image.layer_name(*hidden->deleted_by) + " deletes " + hidden->path +
                                    ", but anyone who pulls the image still gets it with " + image.layer_name(hidden->layer) + "."));
}

void add_unusual_root(const Finding& finding, std::vector<Issue>& issues) {
  if (finding.type != FindingType::certificate) return;
  const assets::CertificateUse use = assets::certificate_use_of(finding);
  if (use.public_root.value_or(false) || !use.is_ca || !use.self_signed) return;
  const auto place = std::ranges::find_if(finding.occurrences, in_trust_store);
  if (place == finding.occurrences.end()) return;
  issues.push_back(
      assess_issue("unusual-root", Severity::low,
                   "The trust store " + place->path + " has it, but no public root program does: it can issue certificates for any name."));
}

}  // namespace

bool soften_keyring(const Finding& finding, std::vector<Issue>& issues) {
  // apt-key(8), apt-secure(8), rpm-keys(8), pacman-key(8), apk-keys(5)
  constexpr std::array<std::string_view, 12> kPlaces{
      "usr/share/keyrings/",        "etc/apt/trusted.gpg",    "etc/apt/keyrings/",  "usr/share/apt/keyrings/",
      "etc/pki/rpm-gpg/",           "usr/share/pki/rpm-gpg/", "usr/lib/rpm/gnupg/", "usr/share/distribution-gpg-keys/",
      "usr/share/pacman/keyrings/", "etc/pacman.d/gnupg/",    "etc/apk/keys/",      "usr/share/apk/keys/"};
  const auto in_keyring = [&](const Occurrence& at) {
    return at.where == Where::file && at.archive.empty() &&
           std::ranges::any_of(kPlaces, [&](std::string_view place) { return at.path.starts_with(place); });
  };
  if (finding.type != FindingType::public_key || finding.occurrences.empty()) return false;
  if (!std::ranges::all_of(finding.occurrences, in_keyring)) return false;
  for (Issue& issue : issues) {
    issue.severity = Severity::info;
    issue.remedy = "It is a key of those who made the packages: update the package or the base image that brings it.";
  }
  return true;
}

bool in_trust_store(const Occurrence& occurrence) {
  constexpr std::array<std::string_view, 9> parts{
      "etc/ssl/certs",    "etc/ssl/cert.pem",  "ca-certificates",    "ca-bundle",          "cacerts",
      "etc/pki/ca-trust", "etc/pki/tls/certs", "certifi/cacert.pem", "etc/ca-certificates"};
  const auto looks = [&](std::string_view name) {
    return std::ranges::any_of(parts, [&](std::string_view part) { return name.find(part) != std::string_view::npos; });
  };
  if (occurrence.where != Where::file) return false;
  return looks(occurrence.path) || std::ranges::any_of(occurrence.archive, looks);
}

ImageView::ImageView(const ImageReport& image) {
  for (const Finding& finding : image.findings) {
    if (finding.type == FindingType::certificate) {
      certificates_.emplace(finding.id, &finding);
      const std::string issuer = assets::certificate_links_of(finding).issued_by;
      if (issuer != finding.id) issuers_.insert(issuer);
    }
    if (finding.type != FindingType::crypto_configuration) continue;
    for (const auto& [name, values] : assets::crypto_configuration_of(finding).directives) {
      for (const std::string& value : values) {
        if (value.starts_with('/')) configured_.insert(value.substr(1));
      }
    }
  }
  for (std::size_t i = 0; i < image.facts.layers.size(); ++i) layers_[image.facts.layers[i].str()] = i + 1;
}

const Finding* ImageView::certificate(const std::string& id) const {
  const auto found = certificates_.find(id);
  return found == certificates_.end() ? nullptr : found->second;
}

bool ImageView::in_use(const Occurrence& occurrence) const {
  if (occurrence.where != Where::file || !occurrence.archive.empty() || occurrence.deleted_by) return false;
  constexpr std::array<std::string_view, 3> folders{"etc/", "usr/local/etc/", "run/secrets/"};
  const auto inside = [&](std::string_view folder) { return occurrence.path.starts_with(folder); };
  return std::ranges::any_of(folders, inside) || occurrence.path.find("/.ssh/") != std::string::npos ||
         configured_.contains(occurrence.path);
}

std::string ImageView::layer_name(const Digest& layer) const {
  const std::string digest(layer.hex().substr(0, 12));
  const auto found = layers_.find(layer.str());
  return found == layers_.end() ? "layer " + digest : "layer " + std::to_string(found->second) + " (" + digest + ")";
}

void add_image_issues(const Finding& finding, const ImageView& image, const AssessContext& context, std::vector<Issue>& issues) {
  if (finding.type == FindingType::private_key) add_pairs(finding, image, context.today, issues);
  add_deleted(finding, image, issues);
  add_unusual_root(finding, issues);
}

}  // namespace landwaiter
