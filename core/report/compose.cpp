// SPDX-License-Identifier: Apache-2.0
#include "core/report/compose.hpp"

#include "core/base/limits.hpp"
#include "core/report/assets/certificate.hpp"
#include "core/report/assets/key.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <span>
#include <type_traits>
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

/// What lies in files that a later layer gives another name: OCI layers may hold a hard link without its file, which unpacking resolves in
/// the layers below.
template <class Item>
class Linked {
 public:
  struct Place {
    std::size_t item = 0;  ///< index of items
    std::size_t layer = 0;
    Occurrence at;
  };

  void remember(const Item& item, std::size_t layer) {
    Item bare = item;
    bare.occurrences.clear();
    for (const Occurrence& at : item.occurrences) places_[at.path].push_back({items_.size(), layer, at});
    items_.push_back(std::move(bare));
  }
  void remember(std::size_t item, std::size_t layer, Occurrence at) { places_[at.path].push_back({item, layer, std::move(at)}); }

  std::vector<Place> in(const std::string& path) const {
    const auto found = places_.find(path);
    return found == places_.end() ? std::vector<Place>() : found->second;
  }
  Item copy(std::size_t item, std::vector<Occurrence> occurrences) const {
    Item out = items_[item];
    out.occurrences = std::move(occurrences);
    return out;
  }

 private:
  std::vector<Item> items_;  ///< without their places
  std::unordered_map<std::string, std::vector<Place>> places_;
};

class Composer {
 public:
  Composer(const ImageFacts& facts, const std::vector<ScannedLayer*>& layers) : facts_(facts) {
    for (const ScannedLayer* layer : layers) {
      covers_.emplace_back(layer->facts);
      for (const HardLink& link : layer->facts.links) targets_.insert(link.target);
    }
  }

  /// Gives what lower layers hold the names that this layer's links add. False if not all of them fit.
  bool place_links(const LayerFacts& facts, std::size_t layer, ImageReport& image) {
    return copy_linked(findings_, facts.links, layer, image.findings) && copy_linked(packages_, facts.links, layer, image.packages);
  }

  void place(Finding finding, std::size_t layer, std::vector<Finding>& out) {
    remember(findings_, finding, layer);
    for (Occurrence& occurrence : finding.occurrences) {
      occurrence.layer = facts_.layers[layer];
      occurrence.deleted_by = hidden_by(occurrence.path, layer);
    }
    out.push_back(std::move(finding));
  }

  /// Only where it is visible: what a later layer upgrades or removes, the image does not have.
  void place(Package package, std::size_t layer, std::vector<Package>& out) {
    remember(packages_, package, layer);
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
  /// The next layer that hides what this one has at the path.
  std::optional<std::size_t> hider(const std::string& path, std::size_t layer) {
    const auto [known, fresh] = memo_.try_emplace({layer, path});
    if (!fresh) return known->second;
    for (std::size_t above = layer + 1; above < covers_.size(); ++above) {
      if (!covers_[above].hides(path)) continue;
      known->second = above;
      break;
    }
    return known->second;
  }

  std::optional<Digest> hidden_by(const std::string& path, std::size_t layer) {
    const auto above = hider(path, layer);
    return above ? std::optional(facts_.layers[*above]) : std::nullopt;
  }

  template <class Item>
  void remember(Linked<Item>& linked, const Item& item, std::size_t layer) {
    if (targets_.empty()) return;
    Item there = item;
    std::erase_if(there.occurrences, [&](const Occurrence& at) { return !targets_.contains(at.path); });
    if (!there.occurrences.empty()) linked.remember(there, layer);
  }

  /// The link was made when the layers below were there: what one of them had hidden by then, it does not reach.
  template <class Item>
  bool copy_linked(Linked<Item>& linked, const std::vector<HardLink>& links, std::size_t layer, std::vector<Item>& out) {
    std::map<std::size_t, std::vector<Occurrence>> copies;
    for (const HardLink& link : links) {
      for (auto& [item, below, at] : linked.in(link.target)) {
        if (++linked_places_ > limits::findings_per_layer_max) return false;
        if (below >= layer || hider(link.target, below).value_or(layer) < layer) continue;
        at.path = link.path;
        at.layer = facts_.layers[layer];
        at.deleted_by = hidden_by(at.path, layer);
        if (targets_.contains(at.path)) linked.remember(item, layer, at);
        if (!std::is_same_v<Item, Package> || !at.deleted_by) copies[item].push_back(std::move(at));
      }
    }
    for (auto& [item, occurrences] : copies) out.push_back(linked.copy(item, std::move(occurrences)));
    return true;
  }

  const ImageFacts& facts_;
  std::vector<Cover> covers_;
  std::map<std::pair<std::size_t, std::string>, std::optional<std::size_t>> memo_;
  std::unordered_set<std::string> targets_;  ///< of all links
  Linked<Finding> findings_;
  Linked<Package> packages_;
  std::size_t linked_places_ = 0;
};

/// A private key and a certificate belong together when their public keys are the same.
void match_keys_with_certificates(std::vector<Finding>& findings) {
  std::unordered_map<std::string, std::set<std::string>> certificates, keys;
  const auto public_key_of = [](const Finding& finding) {
    // The key's own number is the same where its parameters are written otherwise: RSA-PSS and RSA, a curve by its name and by its numbers.
    const assets::KeyIdentity key = assets::key_identity_of(finding);
    return key.hash.empty() ? key.spki_sha256 : key.hash;
  };
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
    if (!composer.place_links(scanned[layer]->facts, layer, image)) {
      add_diagnostics({{.code = ErrorCode::limit_exceeded,
                        .message = "too many assets in files of several names (findings_per_layer_max): not all names are listed",
                        .path = {},
                        .archive = {},
                        .layer = {}}},
                      facts.layers[layer], image);
    }
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
