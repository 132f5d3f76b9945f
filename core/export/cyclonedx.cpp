// SPDX-License-Identifier: Apache-2.0
#include "core/export/cyclonedx.hpp"

#include "core/assess/assess.hpp"
#include "core/base/json.hpp"
#include "core/export/cyclonedx_assets.hpp"
#include "core/report/coverage.hpp"

#include <tuple>

namespace landwaiter::exports {
namespace {

using nlohmann::json;

const char* version_text(CycloneDxVersion version) { return version == CycloneDxVersion::v1_6 ? "1.6" : "1.7"; }

std::string image_ref(const ImageReport& image) { return "image:" + image.facts.digest.str(); }

/// One place in CycloneDX's form. Ordered, so the order of the input does not matter.
using Place = std::tuple<std::string, std::uint64_t, std::string, std::optional<std::uint64_t>>;

Place place_of(const Occurrence& occurrence) {
  if (occurrence.where != Where::file) {
    return {place_text(occurrence), occurrence.offset, "the image's " + std::string(to_string(occurrence.where)), {}};
  }
  std::string context = "layer " + occurrence.layer.str();
  if (occurrence.deleted_by) context += ", deleted by layer " + occurrence.deleted_by->str();
  return {place_text(occurrence), occurrence.offset, std::move(context), occurrence.line};
}

json evidence_of(const std::set<Place>& places) {
  json occurrences = json::array();
  for (const auto& [location, offset, context, line] : places) {
    occurrences.push_back({{"location", location}, {"offset", offset}, {"additionalContext", context}});
    if (line) occurrences.back()["line"] = *line;
  }
  return {{"occurrences", std::move(occurrences)}};
}

json image_component(const ImageReport& image) {
  json out{{"type", "container"},
           {"bom-ref", image_ref(image)},
           {"name", image.facts.reference.empty() ? image.facts.digest.str() : image.facts.reference}};
  out["version"] = image.facts.digest.str();
  if (image.facts.digest.algorithm() == Digest::Algorithm::sha256 && !image.facts.digest.empty()) {
    out["hashes"] = json::array({{{"alg", "SHA-256"}, {"content", image.facts.digest.hex()}}});
  }
  if (!image.facts.platform.empty()) add_property(out, "platform", image.facts.platform);
  if (!image.facts.created.empty()) add_property(out, "created", image.facts.created);
  for (const Digest& layer : image.facts.layers) add_property(out, "layer", layer.str());
  const Coverage coverage = coverage_of(image);
  add_property(out, "coverage", std::string(to_string(coverage.state())));
  if (coverage.state() != CoverageState::complete) add_property(out, "coverage:not-searched", coverage_text(coverage));
  return out;
}

/// Collects findings of all images into one graph.
class Collector {
 public:
  explicit Collector(CycloneDxVersion version) { graph_.version = version; }

  void add(const ImageReport& image) {
    const std::string image_name = image_ref(image);
    const auto [known, fresh] = images_.try_emplace(image_name, image_component(image));
    if (!fresh) add_property(known->second, "also-known-as", image.facts.reference);
    if (coverage_of(image).state() != CoverageState::complete) partly_.insert(image_name);
    graph_.depends_on[image_name];
    std::vector<Finding> findings = image.findings;
    normalize(findings);
    std::set<std::string> refs;
    for (const Finding& finding : findings) refs.insert(ref_of(finding));
    for (const Finding& finding : findings) {
      const std::string ref = ref_of(finding);
      // The same asset may have other issues in another image (for example, a key next to it there): the worse version is shown.
      const auto worst = worst_.find(ref);
      if (worst == worst_.end() || finding.severity > worst->second) {
        graph_.components[ref] = make_component(finding, refs, graph_);
        worst_[ref] = finding.severity;
      } else {
        make_component(finding, refs, graph_);  // for its edges
      }
      for (const Occurrence& occurrence : finding.occurrences) places_[ref].insert(place_of(occurrence));
      graph_.depends_on[image_name].insert(ref);
    }
  }

  /// `metadata.component`, `components` and `dependencies`.
  json document() {
    json out = json::object();
    if (images_.size() == 1) {
      out["metadata"]["component"] = images_.begin()->second;
    } else {
      out["metadata"]["component"] = {{"type", "application"}, {"bom-ref", "images"}, {"name", "container images"}};
      for (auto& [ref, component] : images_) {
        graph_.depends_on["images"].insert(ref);
        graph_.components[ref] = std::move(component);
      }
    }
    out["components"] = json::array();
    for (auto& [ref, component] : graph_.components) {
      if (const auto places = places_.find(ref); places != places_.end()) component["evidence"] = evidence_of(places->second);
      out["components"].push_back(std::move(component));
    }
    out["dependencies"] = json::array();
    for (const auto& [ref, targets] : graph_.depends_on) {
      json entry{{"ref", ref}};
      if (!targets.empty()) entry["dependsOn"] = targets;
      out["dependencies"].push_back(std::move(entry));
    }
    if (!partly_.empty()) out["compositions"] = json::array({{{"aggregate", "incomplete"}, {"dependencies", partly_}}});
    return out;
  }

 private:
  Graph graph_;
  std::map<std::string, json> images_;
  std::set<std::string> partly_;  ///< images that were not searched completely
  std::map<std::string, Severity> worst_;
  std::map<std::string, std::set<Place>> places_;
};

/// RFC 9562, 5.8: the first bits of a hash over the content.
std::string serial_number(const json& content) {
  std::string hex(Digest::sha256_of(as_bytes(dump_json(content))).hex());
  hex[12] = '8';
  hex[16] = "89ab"[static_cast<std::size_t>(hex[16]) % 4];
  return "urn:uuid:" + hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" + hex.substr(16, 4) + "-" +
         hex.substr(20, 12);
}

class CycloneDxWriter final : public DocumentWriter {
 public:
  CycloneDxWriter(CycloneDxVersion version, Options options) : version_(version), options_(std::move(options)), collector_(version) {}

  std::string add(const ImageReport& image) override {
    collector_.add(image);
    return {};
  }

  std::string fail(const Failure& failure) override {
    failures_.push_back(failure);
    return {};
  }

  std::string finish() override {
    json out = collector_.document();
    for (const Failure& failure : failures_) add_property(out["metadata"], "failed", failure.reference + ": " + failure.reason);
    const std::string number = version_text(version_);
    out["$schema"] = "http://cyclonedx.org/schema/bom-" + number + ".schema.json";
    out["bomFormat"] = "CycloneDX";
    out["specVersion"] = number;
    out["version"] = 1;
    json tool{{"type", "application"}, {"name", "landwaiter"}};
    if (!options_.tool_version.empty()) tool["version"] = options_.tool_version;
    out["metadata"]["tools"]["components"] = json::array({std::move(tool)});
    if (!options_.timestamp.empty()) out["metadata"]["timestamp"] = options_.timestamp;
    out["serialNumber"] = serial_number(out);
    return dump_json_pretty(out) + "\n";
  }

 private:
  CycloneDxVersion version_;
  Options options_;
  Collector collector_;
  std::vector<Failure> failures_;
};

}  // namespace

std::optional<CycloneDxVersion> cyclonedx_version_from(std::string_view text) {
  if (text == "1.6") return CycloneDxVersion::v1_6;
  if (text == "1.7") return CycloneDxVersion::v1_7;
  return std::nullopt;
}

std::unique_ptr<DocumentWriter> cyclonedx_writer(CycloneDxVersion version, const Options& options) {
  return std::make_unique<CycloneDxWriter>(version, options);
}

std::string cyclonedx(std::span<const ImageReport> images, CycloneDxVersion version, const Options& options) {
  return whole(*cyclonedx_writer(version, options), images);
}

}  // namespace landwaiter::exports
