// SPDX-License-Identifier: Apache-2.0
#include "core/report/compose.hpp"

#include "core/report/assets/certificate.hpp"
#include "core/report/assets/key.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <span>
#include <unordered_map>
#include <unordered_set>

namespace landwaiter {
namespace {

/// The directories above `path`, nearest first, and last the root "".
template <class Visit>
bool any_parent(std::string_view path, Visit visit) {
  while (!path.empty()) {
    const std::size_t slash = path.rfind('/');
    path = slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
    if (visit(path)) return true;
  }
  return false;
}

/// One layer's effect on what lies below it (OCI image-spec, layer.md, "Whiteouts").
class Cover {
 public:
  explicit Cover(const LayerFacts& facts)
      : facts_(facts),
        whiteouts_(facts.whiteouts.begin(), facts.whiteouts.end()),
        opaque_(facts.opaque_directories.begin(), facts.opaque_directories.end()) {}

  bool hides(std::string_view path) const {
    const auto deleted = [&](std::string_view at) { return whiteouts_.contains(std::string(at)); };
    if (deleted(path) || opaque_.contains(std::string(path)) || facts_.written.contains(path, false) || facts_.written.contains(path, true))
      return true;
    return any_parent(path, [&](std::string_view parent) {
      // A file or link over a directory hides all that was below it.
      return deleted(parent) || opaque_.contains(std::string(parent)) || (!parent.empty() && facts_.written.contains(parent, false));
    });
  }

 private:
  const LayerFacts& facts_;
  std::unordered_set<std::string> whiteouts_;
  std::unordered_set<std::string> opaque_;
};

class Composer {
 public:
  Composer(const ImageFacts& facts, const std::vector<ScannedLayer*>& layers) : facts_(facts) {
    for (const ScannedLayer* layer : layers) covers_.emplace_back(layer->facts);
  }

  void place(Finding finding, std::size_t layer, std::vector<Finding>& out) {
    for (Occurrence& occurrence : finding.occurrences) {
      occurrence.layer = facts_.layers[layer];
      occurrence.deleted_by = hidden_by(occurrence.path, layer);
    }
    out.push_back(std::move(finding));
  }

  /// Only where it is visible: what a later layer upgrades or removes, the image does not have.
  void place(Package package, std::size_t layer, std::vector<Package>& out) {
    std::erase_if(package.occurrences, [&](const Occurrence& at) { return hidden_by(at.path, layer).has_value(); });
    if (package.occurrences.empty()) return;
    for (Occurrence& occurrence : package.occurrences) occurrence.layer = facts_.layers[layer];
    out.push_back(std::move(package));
  }

  /// Layers come lowest first, so that the last visible one stays.
  void place(Distribution distribution, std::size_t layer, std::optional<Distribution>& out) {
    if (hidden_by(distribution.where.path, layer)) return;
    distribution.where.layer = facts_.layers[layer];
    out = std::move(distribution);
  }

 private:
  std::optional<Digest> hidden_by(const std::string& path, std::size_t layer) {
    const auto [known, fresh] = memo_.try_emplace({layer, path});
    if (!fresh) return known->second;
    for (std::size_t above = layer + 1; above < covers_.size(); ++above) {
      if (!covers_[above].hides(path)) continue;
      known->second = facts_.layers[above];
      break;
    }
    return known->second;
  }

  const ImageFacts& facts_;
  std::vector<Cover> covers_;
  std::map<std::pair<std::size_t, std::string>, std::optional<Digest>> memo_;
};

/// A private key and a certificate belong together when their SubjectPublicKeyInfo is the same.
void match_keys_with_certificates(std::vector<Finding>& findings) {
  std::unordered_map<std::string, std::set<std::string>> certificates, keys;
  const auto public_key_of = [](const Finding& finding) { return assets::key_identity_of(finding).spki_sha256; };
  const auto ids_of = [](const std::string& hash, const auto& owners) {
    const auto found = owners.find(hash);
    return found == owners.end() ? std::vector<std::string>() : std::vector<std::string>(found->second.begin(), found->second.end());
  };
  for (const Finding& finding : findings) {
    const std::string hash = public_key_of(finding);
    if (hash.empty()) continue;
    if (finding.type == FindingType::certificate) certificates[hash].insert(finding.id);
    if (finding.type == FindingType::private_key) keys[hash].insert(finding.id);
  }
  for (Finding& finding : findings) {
    if (finding.type == FindingType::private_key) assets::set_matching_certificates(ids_of(public_key_of(finding), certificates), finding);
    if (finding.type == FindingType::certificate) assets::set_matching_private_keys(ids_of(public_key_of(finding), keys), finding);
  }
}

/// Layers of which nothing is known become empty ones.
std::vector<ScannedLayer*> in_order(const std::vector<Digest>& order, std::map<Digest, ScannedLayer>& layers) {
  std::vector<ScannedLayer*> out;
  for (const Digest& digest : order) out.push_back(&layers[digest]);
  return out;
}

void add_diagnostics(const std::vector<Diagnostic>& diagnostics, const Digest& layer, ImageReport& image) {
  for (Diagnostic diagnostic : diagnostics) {
    diagnostic.layer = layer;
    image.diagnostics.push_back(std::move(diagnostic));
  }
}

}  // namespace

ImageReport compose(ImageFacts facts, AnalysisStates states, std::map<Digest, ScannedLayer> layers) {
  const std::vector<ScannedLayer*> scanned = in_order(facts.layers, layers);
  ImageReport image;
  image.states = std::move(states);
  image.diagnostics = facts.diagnostics;
  Composer composer(facts, scanned);
  for (std::size_t layer = 0; layer < scanned.size(); ++layer) {
    // A layer that appears again higher up adds the same files again; the upper ones decide what is visible.
    const auto above = std::span(facts.layers).subspan(layer + 1);
    if (std::ranges::find(above, facts.layers[layer]) != above.end()) continue;
    add_diagnostics(scanned[layer]->facts.diagnostics, facts.layers[layer], image);
    for (LayerReport& report : scanned[layer]->reports) {
      for (Finding& finding : report.findings) composer.place(std::move(finding), layer, image.findings);
      for (Package& package : report.packages) composer.place(std::move(package), layer, image.packages);
      if (report.distribution) composer.place(*report.distribution, layer, image.distribution);
      add_diagnostics(report.diagnostics, facts.layers[layer], image);
    }
    image.stats += scanned[layer]->facts.stats;
  }
  // The documents belong to the image as it is: no layer hides anything in them.
  std::ranges::move(facts.findings, std::back_inserter(image.findings));
  facts.findings.clear();
  normalize(image.findings);
  normalize(image.packages);
  match_keys_with_certificates(image.findings);
  sort_for_people(image.findings);
  image.facts = std::move(facts);
  return image;
}

}  // namespace landwaiter
