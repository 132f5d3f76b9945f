// SPDX-License-Identifier: Apache-2.0
#include "core/report/compose.hpp"

#include "tests/support/catch.hpp"

using namespace landwaiter;
using nlohmann::json;

namespace {

Digest digest_of(std::string_view text) { return Digest::sha256_of(as_bytes(text)); }

/// A layer that is easy to write down.
struct Layer {
  explicit Layer(std::string_view name) {
    facts.layer = report.layer = digest_of(name);
    report.of.state = digest_of("state");
  }
  Layer&& asset(std::string path, std::string id = "sha256:asset", FindingType type = FindingType::certificate,
                json attributes = json::object()) && {
    Finding finding;
    finding.type = type;
    finding.id = std::move(id);
    finding.attributes = std::move(attributes);
    finding.occurrences.push_back({path, {}, 0, {}, std::nullopt});
    report.findings.push_back(std::move(finding));
    return std::move(*this).file(path);
  }
  Layer&& package(std::string path, std::string name, std::string version) && {
    Package package;
    package.ecosystem = "deb";
    package.name = std::move(name);
    package.version = std::move(version);
    package.occurrences.push_back({path, {}, 0, {}, std::nullopt});
    report.packages.push_back(std::move(package));
    return std::move(*this).file(path);
  }
  Layer&& distribution(std::string path, std::string id) && {
    report.distribution = Distribution{std::move(id), "", "", "", {path, {}, 0, {}, std::nullopt}, ""};
    return std::move(*this).file(path);
  }
  Layer&& file(std::string_view path) && { return facts.written.add(path, false), std::move(*this); }
  Layer&& directory(std::string_view path) && { return facts.written.add(path, true), std::move(*this); }
  Layer&& whiteout(std::string path) && { return facts.whiteouts.push_back(std::move(path)), std::move(*this); }
  Layer&& opaque(std::string path) && { return facts.opaque_directories.push_back(std::move(path)), std::move(*this); }
  Layer&& link(std::string path, std::string target) && {
    facts.links.push_back({path, std::move(target)});
    return std::move(*this).file(path);
  }
  ScannedLayer scanned() const { return {facts, {report}}; }
  LayerFacts facts;
  LayerReport report;
};

AnalysisStates states() { return {{Analysis::cryptography, digest_of("state")}}; }

ImageReport compose_layers(std::vector<Layer> layers) {
  ImageFacts facts;
  std::map<Digest, ScannedLayer> scanned;
  for (Layer& layer : layers) {
    layer.facts.written.seal();
    facts.layers.push_back(layer.report.layer);
    scanned.emplace(layer.report.layer, layer.scanned());
  }
  return compose(std::move(facts), states(), scanned);
}

/// Who hides the only occurrence in the image, by name; "-" when nobody does.
std::string hidden_by(std::vector<Layer> layers) {
  const ImageReport image = compose_layers(std::move(layers));
  REQUIRE(image.findings.size() == 1);
  REQUIRE(image.findings[0].occurrences.size() == 1);
  CHECK(image.findings[0].occurrences[0].layer == digest_of("1"));
  const auto& hider = image.findings[0].occurrences[0].deleted_by;
  if (!hider) return "-";
  for (const char* name : {"1", "2", "3", "4"}) {
    if (*hider == digest_of(name)) return name;
  }
  return "?";
}

/// "name version" of each package that the image has.
std::vector<std::string> packages_in(std::vector<Layer> layers) {
  std::vector<std::string> out;
  for (const Package& package : compose_layers(std::move(layers)).packages) out.push_back(package.name + " " + package.version);
  return out;
}

/// "id" of the image's distribution and who has it, by name; empty when it has none.
std::string distribution_of(std::vector<Layer> layers) {
  const auto distribution = compose_layers(std::move(layers)).distribution;
  if (!distribution) return {};
  for (const char* name : {"1", "2", "3"}) {
    if (distribution->where.layer == digest_of(name)) return distribution->id + " of " + name;
  }
  return "?";
}

/// "path layer", and "-layer" of who hides it, for each place of the one finding.
std::vector<std::string> names_of(std::vector<Layer> layers) {
  const auto name = [](const Digest& digest) -> std::string {
    for (const char* each : {"1", "2", "3", "4"}) {
      if (digest == digest_of(each)) return each;
    }
    return "?";
  };
  const ImageReport image = compose_layers(std::move(layers));
  REQUIRE(image.findings.size() == 1);
  std::vector<std::string> out;
  for (const Occurrence& at : image.findings[0].occurrences) {
    out.push_back(at.path + ' ' + name(at.layer) + (at.deleted_by ? " -" + name(*at.deleted_by) : ""));
  }
  return out;
}

template <class... Each>
std::vector<Layer> image(Each... layers) {
  std::vector<Layer> out;
  (out.push_back(std::move(layers)), ...);
  return out;
}

}  // namespace

TEST_CASE("A hard link to a file of a lower layer is a name of its own") {
  using Names = std::vector<std::string>;
  // One name goes, the other stays.
  CHECK(names_of(image(Layer("1").asset("a"), Layer("2").link("b", "a"), Layer("3").whiteout("a"))) == Names{"a 1 -3", "b 2"});
  CHECK(names_of(image(Layer("1").asset("a"), Layer("2").link("b", "a"), Layer("3").whiteout("b"))) == Names{"a 1", "b 2 -3"});
  CHECK(names_of(image(Layer("1").asset("a"), Layer("2").link("b", "a"), Layer("3").file("a"))) == Names{"a 1 -3", "b 2"});
  // Moved: the link is made before the file goes.
  CHECK(names_of(image(Layer("1").asset("a"), Layer("2").link("b", "a").whiteout("a"))) == Names{"a 1 -2", "b 2"});
  // A link to a link, across several layers.
  CHECK(names_of(image(Layer("1").asset("a"), Layer("2").link("b", "a"), Layer("3").link("c", "b").whiteout("a").whiteout("b"))) ==
        Names{"a 1 -3", "b 2 -3", "c 3"});
  CHECK(names_of(image(Layer("1").asset("d/a"), Layer("2").link("b", "d/a"), Layer("3").opaque("d"), Layer("4").link("c", "b"))) ==
        Names{"b 2", "c 4", "d/a 1 -3"});
}

TEST_CASE("A hard link reaches only what is there") {
  using Names = std::vector<std::string>;
  CHECK(names_of(image(Layer("1").asset("a"), Layer("2").whiteout("a"), Layer("3").link("b", "a"))) == Names{"a 1 -2"});
  CHECK(names_of(image(Layer("1").asset("a"), Layer("2").file("a"), Layer("3").link("b", "a"))) == Names{"a 1 -2"});
  CHECK(names_of(image(Layer("1").link("b", "a"), Layer("2").asset("a"))) == Names{"a 2"});
  CHECK(names_of(image(Layer("1").asset("a"), Layer("2").link("b", "other"))) == Names{"a 1"});
}

TEST_CASE("Packages in a file of a lower layer are also there by its other name") {
  CHECK(packages_in(image(Layer("1").package("a", "bash", "5"), Layer("2").link("b", "a"), Layer("3").whiteout("a"))) ==
        std::vector<std::string>{"bash 5"});
  CHECK(
      packages_in(image(Layer("1").package("a", "bash", "5"), Layer("2").link("b", "a"), Layer("3").whiteout("a").whiteout("b"))).empty());
}

TEST_CASE("A key and a certificate of other parameters belong together") {
  const ImageReport image =
      compose_layers({Layer("1")
                          .asset("k", "spki-sha256:1", FindingType::private_key, {{"spki_sha256", "1"}, {"key_hash", "abc"}})
                          .asset("c", "sha256:c", FindingType::certificate, {{"spki_sha256", "2"}, {"key_hash", "abc"}})
                          .asset("d", "sha256:d", FindingType::certificate, {{"spki_sha256", "3"}, {"key_hash", "abd"}})});
  for (const Finding& finding : image.findings) {
    if (finding.type == FindingType::private_key) CHECK(finding.attributes["matching_certificates"] == json::array({"sha256:c"}));
  }
}

TEST_CASE("What later layers leave alone stays visible") {
  CHECK(hidden_by(image(Layer("1").asset("etc/key.pem"))) == "-");
  CHECK(hidden_by(image(Layer("1").asset("etc/key.pem"), Layer("2").directory("etc").file("etc/other"))) == "-");
  CHECK(hidden_by(image(Layer("1").asset("etc/key.pem"), Layer("2").whiteout("etc/key").whiteout("key.pem").whiteout("etc/key.pem/x"))) ==
        "-");
  CHECK(hidden_by(image(Layer("1").asset("etc/key.pem"), Layer("2").opaque("var").opaque("et").opaque("etc2"))) == "-");
}

TEST_CASE("A whiteout hides the file, and everything below a directory") {
  CHECK(hidden_by(image(Layer("1").asset("etc/key.pem"), Layer("2").whiteout("etc/key.pem"))) == "2");
  CHECK(hidden_by(image(Layer("1").asset("a/b/c/key.pem"), Layer("2").file("x"), Layer("3").whiteout("a"))) == "3");
}

TEST_CASE("A whiteout does not reach its own layer, nor those above") {
  CHECK(hidden_by(image(Layer("1").asset("etc/key.pem").whiteout("etc/key.pem"))) == "-");
  CHECK(hidden_by(image(Layer("0").whiteout("etc/key.pem"), Layer("1").asset("etc/key.pem"))) == "-");
  CHECK(hidden_by(image(Layer("1").asset("etc/key.pem").opaque("etc"))) == "-");
}

TEST_CASE("An opaque directory hides what lies below it, down to the root's own") {
  CHECK(hidden_by(image(Layer("1").asset("a/b/key.pem"), Layer("2").opaque("a"))) == "2");
  CHECK(hidden_by(image(Layer("1").asset("a/b/key.pem"), Layer("2").opaque("a/b").file("a/b/new"))) == "2");
  CHECK(hidden_by(image(Layer("1").asset("key.pem"), Layer("2").opaque(""))) == "2");
  CHECK(hidden_by(image(Layer("1").asset("a"), Layer("2").opaque("a"))) == "2");  // what was a file is now a directory
}

TEST_CASE("Writing over a file hides it") {
  CHECK(hidden_by(image(Layer("1").asset("etc/key.pem"), Layer("2").file("etc/key.pem"))) == "2");
  CHECK(hidden_by(image(Layer("1").asset("etc/key.pem"), Layer("2").directory("etc/key.pem"))) == "2");
}

TEST_CASE("A file over a directory hides what was in it, a directory over a directory does not") {
  CHECK(hidden_by(image(Layer("1").asset("opt/app/key.pem"), Layer("2").file("opt"))) == "2");
  CHECK(hidden_by(image(Layer("1").asset("opt/app/key.pem"), Layer("2").directory("opt").directory("opt/app"))) == "-");
}

TEST_CASE("The lowest layer that hides is named") {
  CHECK(hidden_by(image(Layer("1").asset("k"), Layer("2").file("x"), Layer("3").whiteout("k"), Layer("4").file("k"))) == "3");
}

TEST_CASE("The same asset in two layers has two occurrences with their own fate") {
  const ImageReport report = compose_layers(image(Layer("1").asset("a"), Layer("2").asset("b").whiteout("a")));
  REQUIRE(report.findings.size() == 1);
  std::vector<Occurrence> expected{{"a", {}, 0, digest_of("1"), digest_of("2")}, {"b", {}, 0, digest_of("2"), std::nullopt}};
  CHECK(report.findings[0].occurrences == expected);
}

TEST_CASE("A layer that appears twice is reported once, as its upper appearance is seen") {
  SECTION("visible at the end") {
    CHECK(hidden_by(image(Layer("1").asset("k"), Layer("2").whiteout("k"), Layer("1").asset("k"))) == "-");
    CHECK(hidden_by(image(Layer("1").asset("k"), Layer("1").asset("k"))) == "-");
  }
  SECTION("hidden at the end") { CHECK(hidden_by(image(Layer("1").asset("k"), Layer("1").asset("k"), Layer("2").whiteout("k"))) == "2"); }
  SECTION("diagnostics and numbers are not doubled") {
    Layer layer("1");
    layer.report.diagnostics.push_back({ErrorCode::malformed, "x", "y", {}, {}});
    layer.facts.stats.files = 5;
    const ImageReport report = compose_layers(image(layer, layer));
    CHECK(report.diagnostics.size() == 1);
    CHECK(report.stats.files == 5);
    CHECK(report.facts.layers.size() == 2);
  }
}

TEST_CASE("An image has the packages of files that no later layer deletes or overwrites") {
  using Texts = std::vector<std::string>;
  const auto base = [] { return Layer("1").package("dpkg/status", "bash", "1").package("dpkg/status", "awk", "1"); };
  CHECK(packages_in(image(base(), Layer("2").file("other"))) == Texts{"awk 1", "bash 1"});
  // A package manager writes its whole database again: what the new one does not have was removed.
  CHECK(packages_in(image(base(), Layer("2").package("dpkg/status", "bash", "2"))) == Texts{"bash 2"});
  CHECK(packages_in(image(base(), Layer("2").whiteout("dpkg"))).empty());
  CHECK(packages_in(image(base(), Layer("2").opaque("").package("npm/lock", "left-pad", "1"))) == Texts{"left-pad 1"});
  CHECK(packages_in(image(base(), Layer("2").whiteout("dpkg/status"), base())) == Texts{"awk 1", "bash 1"});
}

TEST_CASE("The same package in several layers is one, with the places that are left") {
  const ImageReport report = compose_layers(
      image(Layer("1").package("a", "bash", "1").package("b", "bash", "1"), Layer("2").package("c", "bash", "1").whiteout("a")));
  REQUIRE(report.packages.size() == 1);
  CHECK(report.packages[0].occurrences ==
        std::vector<Occurrence>{{"b", {}, 0, digest_of("1"), std::nullopt}, {"c", {}, 0, digest_of("2"), std::nullopt}});
}

TEST_CASE("The highest os-release that is left names the image's distribution") {
  CHECK(distribution_of(image(Layer("1").file("a"))).empty());
  CHECK(distribution_of(image(Layer("1").distribution("etc/os-release", "debian"), Layer("2").file("a"))) == "debian of 1");
  CHECK(distribution_of(image(Layer("1").distribution("etc/os-release", "debian"), Layer("2").distribution("etc/os-release", "ubuntu"))) ==
        "ubuntu of 2");
  CHECK(distribution_of(image(Layer("1").distribution("usr/lib/os-release", "debian"), Layer("2").distribution("etc/os-release", "ubuntu"),
                              Layer("3").whiteout("etc/os-release"))) == "debian of 1");
  CHECK(distribution_of(image(Layer("1").distribution("etc/os-release", "debian"), Layer("2").whiteout("etc"))).empty());
  CHECK(distribution_of(image(Layer("1").distribution("etc/os-release", "debian"), Layer("2").whiteout("etc"),
                              Layer("1").distribution("etc/os-release", "debian"))) == "debian of 1");
}

TEST_CASE("A private key and a certificate with the same public key name each other") {
  const json same{{"spki_sha256", "aa"}};
  const ImageReport report = compose_layers(image(
      Layer("1").asset("k.pem", "spki-sha256:aa", FindingType::private_key, same).asset("other", "hmac-sha256:1", FindingType::private_key),
      Layer("2").asset("c1", "sha256:c1", FindingType::certificate, same).asset("c2", "sha256:c2", FindingType::certificate, same),
      Layer("3")
          .asset("c3", "sha256:c3", FindingType::certificate, {{"spki_sha256", "bb"}})
          .asset("p", "spki-sha256:aa", FindingType::public_key, same)));
  std::map<std::string, json> attributes;
  for (const Finding& finding : report.findings) attributes[std::string(to_string(finding.type)) + " " + finding.id] = finding.attributes;
  CHECK(attributes["private-key spki-sha256:aa"]["matching_certificates"] == json({"sha256:c1", "sha256:c2"}));
  CHECK(attributes["private-key hmac-sha256:1"]["matching_certificates"] == json::array());
  CHECK(attributes["certificate sha256:c1"]["matching_private_keys"] == json::array({"spki-sha256:aa"}));
  CHECK(attributes["certificate sha256:c3"]["matching_private_keys"] == json::array());
  CHECK_FALSE(attributes["public-key spki-sha256:aa"].contains("matching_certificates"));
}

TEST_CASE("A key without a public hash matches nothing, also not another without one") {
  const ImageReport report = compose_layers(image(Layer("1")
                                                      .asset("k", "hmac-sha256:1", FindingType::private_key, {{"spki_sha256", 7}})
                                                      .asset("c", "sha256:c", FindingType::certificate)));
  for (const Finding& finding : report.findings) {
    if (finding.type == FindingType::private_key) CHECK(finding.attributes["matching_certificates"].empty());
    else CHECK(finding.attributes["matching_private_keys"].empty());
  }
}

TEST_CASE("Diagnostics of the image come first and those of layers get their layer") {
  Layer layer("1");
  layer.facts.diagnostics.push_back({ErrorCode::malformed, "truncated gzip", "a.gz", {}, {}});
  layer.report.diagnostics.push_back({ErrorCode::malformed, "odd key", "a.key", {}, {}});
  ImageFacts facts;
  facts.layers = {digest_of("1")};
  facts.diagnostics.push_back({ErrorCode::unsupported, "foreign layer", "", {}, digest_of("9")});
  const ImageReport image = compose(facts, states(), {{digest_of("1"), layer.scanned()}});
  REQUIRE(image.diagnostics.size() == 3);
  CHECK(image.diagnostics[0].layer == digest_of("9"));
  CHECK(image.diagnostics[1].layer == digest_of("1"));
  CHECK(image.diagnostics[2].path == "a.key");
}

TEST_CASE("The findings of all analyses are laid over the layers' one set of facts") {
  Layer lower = Layer("1").asset("etc/a.pem");
  LayerReport secrets;
  secrets.layer = digest_of("1");
  secrets.of = {Analysis::secrets, digest_of("rules")};
  Finding token;
  token.type = FindingType::token;
  token.id = "token";
  token.occurrences.push_back({"etc/token", {}, 0, {}, std::nullopt});
  secrets.findings.push_back(token);
  lower.facts.stats.files = 2;
  Layer upper = Layer("2").whiteout("etc/token");
  for (Layer* layer : {&lower, &upper}) layer->facts.written.seal();
  ScannedLayer both = lower.scanned();
  both.reports.push_back(secrets);
  ImageFacts facts;
  facts.layers = {digest_of("1"), digest_of("2")};
  const ImageReport image = compose(facts, states(), {{digest_of("1"), both}, {digest_of("2"), upper.scanned()}});
  REQUIRE(image.findings.size() == 2);
  for (const Finding& finding : image.findings) {
    const bool deleted = finding.occurrences.at(0).deleted_by.has_value();
    CHECK(deleted == (finding.id == "token"));
  }
  CHECK(image.stats.files == 2);
}

TEST_CASE("Fewer or more reports than layers, as a hostile sensor may cause, break nothing") {
  Layer layer = Layer("1").asset("k");
  layer.facts.written.seal();
  const std::map<Digest, ScannedLayer> layers{{digest_of("1"), layer.scanned()}};
  ImageFacts one;
  one.layers = {digest_of("1")};
  CHECK(compose(one, states(), layers).findings.size() == 1);
  CHECK(compose(ImageFacts{}, states(), layers).findings.empty());
  ImageFacts two;
  two.layers = {digest_of("1"), digest_of("2")};
  CHECK(compose(two, states(), layers).findings.size() == 1);
}

TEST_CASE("The image report has the documented form") {
  const ImageReport report = compose_layers(image(Layer("1").asset("a"), Layer("2").whiteout("a")));
  const json document = report;
  CHECK(document["layers"] == json({digest_of("1").str(), digest_of("2").str()}));
  CHECK(document["states"] == json({{"cryptography", digest_of("state").str()}}));
  CHECK(document["stale"] == json::array());
  CHECK(document["stats"]["layers"] == 2);
  CHECK(document["findings"][0]["occurrences"][0]["deleted_by"] == digest_of("2").str());
}

TEST_CASE("What lies in the image's own documents is joined with its layers, and no layer hides it") {
  Layer lower = Layer("1").asset("etc/key.pem");
  Layer upper = Layer("2").whiteout("etc/key.pem").whiteout("env[3]").opaque("");
  lower.facts.written.seal();
  upper.facts.written.seal();
  ImageFacts facts;
  facts.layers = {lower.report.layer, upper.report.layer};
  Finding finding = lower.report.findings[0];
  finding.occurrences = {{"env[3]", {}, 4, {}, std::nullopt, Where::config}};
  facts.findings = {finding};
  finding.id = "sha256:another";
  facts.findings.push_back(finding);
  const std::map<Digest, ScannedLayer> layers{{digest_of("1"), lower.scanned()}, {digest_of("2"), upper.scanned()}};
  const ImageReport image = compose(std::move(facts), states(), layers);
  REQUIRE(image.findings.size() == 2);
  for (const Finding& each : image.findings) {
    const Occurrence& last = each.occurrences.back();
    CHECK(last.where == Where::config);
    CHECK(last.path == "env[3]");
    CHECK(last.layer.empty());
    CHECK_FALSE(last.deleted_by.has_value());
  }
  CHECK(image.findings[0].id == "sha256:another");
  CHECK(image.findings[0].occurrences.size() == 1);
  REQUIRE(image.findings[1].occurrences.size() == 2);
  CHECK(image.findings[1].occurrences[0].deleted_by == digest_of("2"));
  CHECK(image.facts.findings.empty());
}
