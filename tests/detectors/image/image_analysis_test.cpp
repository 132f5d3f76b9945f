// SPDX-License-Identifier: Apache-2.0
#include "detectors/image/image_analysis.hpp"

#include "tests/support/catch.hpp"

namespace landwaiter::detectors {
namespace {

/// Finds as many findings as it is asked to, of a size.
class Counted final : public ImageAnalyzer {
 public:
  Counted(std::string name, int version, std::size_t count, std::size_t title_bytes)
      : name_(std::move(name)), version_(version), count_(count), title_bytes_(title_bytes) {}
  std::string_view name() const override { return name_; }
  int version() const override { return version_; }
  ImageFindings analyze(const ImageDocuments& image) const override {
    ImageFindings out;
    for (std::size_t i = 0; i < count_; ++i) {
      Finding finding;
      finding.id = "sha256:" + std::to_string(i);
      finding.severity = i == 0 ? Severity::critical : Severity::low;
      finding.title = std::string(title_bytes_, 't');
      Occurrence occurrence;
      occurrence.where = Where::config;
      occurrence.path = name_ + image.config.user;
      finding.occurrences.push_back(occurrence);
      out.findings.push_back(finding);
    }
    return out;
  }

 private:
  std::string name_;
  int version_;
  std::size_t count_;
  std::size_t title_bytes_;
};

ImageAnalysis analysis(std::vector<Counted> analyzers, std::string_view engine = "engine") {
  std::vector<std::unique_ptr<const ImageAnalyzer>> list;
  for (Counted& each : analyzers) list.push_back(std::make_unique<Counted>(std::move(each)));
  return {EngineState{Digest::sha256_of(as_bytes(engine)), {}}, std::move(list)};
}

ImageFindings run(const ImageAnalysis& analysis) {
  ImageDocuments image;
  image.config.user = "!";
  return analysis.run(image);
}

}  // namespace

TEST_CASE("What several analyzers find is joined") {
  const ImageFindings found = run(analysis({Counted("a", 1, 2, 1), Counted("b", 1, 1, 1)}));
  REQUIRE(found.findings.size() == 2);
  CHECK(found.diagnostics.empty());
  CHECK(found.findings[0].severity == Severity::critical);
  REQUIRE(found.findings[0].occurrences.size() == 2);
  CHECK(found.findings[0].occurrences[0].path == "a!");
  CHECK(found.findings[0].occurrences[1].path == "b!");
  CHECK(found.findings[1].occurrences.size() == 1);
}

TEST_CASE("The state tells engines, analyzers and their versions apart") {
  const Digest state = analysis({Counted("a", 1, 0, 0)}).state();
  CHECK(analysis({Counted("a", 1, 0, 0)}).state() == state);
  CHECK(analysis({Counted("a", 2, 0, 0)}).state() != state);
  CHECK(analysis({Counted("b", 1, 0, 0)}).state() != state);
  CHECK(analysis({Counted("a", 1, 0, 0), Counted("b", 1, 0, 0)}).state() != state);
  CHECK(analysis({Counted("a", 1, 0, 0)}, "another engine").state() != state);
}

namespace {

/// One key in as many places, then another.
class Crowd final : public ImageAnalyzer {
 public:
  std::string_view name() const override { return "crowd"; }
  int version() const override { return 1; }
  ImageFindings analyze(const ImageDocuments&) const override {
    ImageFindings out;
    for (const std::size_t places : {std::size_t{20'000}, std::size_t{1}}) {
      Finding& finding = out.findings.emplace_back();
      finding.id = "sha256:" + std::to_string(places);
      for (std::size_t i = 0; i < places; ++i) {
        Occurrence& place = finding.occurrences.emplace_back();
        place.where = Where::config;
        place.path = std::to_string(i) + std::string(300, 'p');
      }
    }
    return out;
  }
};

}  // namespace

TEST_CASE("A finding in very many places keeps some of them, and pushes no other finding out") {
  std::vector<std::unique_ptr<const ImageAnalyzer>> list;
  list.push_back(std::make_unique<Crowd>());
  const ImageFindings found = run({EngineState{Digest::sha256_of(as_bytes("engine")), {}}, std::move(list)});
  REQUIRE(found.findings.size() == 2);
  CHECK(found.findings[0].occurrences.size() + found.findings[1].occurrences.size() == kImageFindingPlacesMax + 1);
  REQUIRE(found.diagnostics.size() == 1);
  CHECK(found.diagnostics[0].code == ErrorCode::limit_exceeded);
}

TEST_CASE("Of too many findings the worst are kept, with a diagnostic") {
  const std::size_t count = 100;
  const std::size_t size = kImageFindingsBytesMax / (count / 2);
  const ImageFindings found = run(analysis({Counted("a", 1, count, size)}));
  CHECK(found.findings.size() < count / 2);
  CHECK(found.findings.size() > count / 4);
  CHECK(found.findings[0].severity == Severity::critical);
  REQUIRE(found.diagnostics.size() == 1);
  CHECK(found.diagnostics[0].code == ErrorCode::limit_exceeded);
  CHECK(found.diagnostics[0].message.starts_with(std::to_string(count - found.findings.size()) + " findings"));
}

}  // namespace landwaiter::detectors
