// SPDX-License-Identifier: Apache-2.0
#include "daemon/output/output.hpp"

#include "core/base/json_reader.hpp"
#include "tests/support/catch.hpp"

using namespace landwaiter;
using namespace landwaiter::daemon;

namespace {

Digest digest(char c) { return *Digest::parse("sha256:" + std::string(64, c)); }

ImageReport sample() {
  ImageReport image;
  image.facts.reference = "localhost:5000/a:1";
  image.facts.digest = digest('a');
  image.facts.platform = "linux/amd64";
  image.facts.layers = {digest('b'), digest('c')};
  Finding key;
  key.type = FindingType::private_key;
  key.id = "spki-sha256:00";
  key.severity = Severity::high;
  key.title = "RSA private key, 2048 bits";
  Occurrence place;
  place.path = "srv/app.war";
  place.archive = {"WEB-INF/key.pem"};
  place.layer = digest('b');
  place.deleted_by = digest('c');
  key.occurrences.push_back(place);
  image.findings.push_back(key);
  return image;
}

std::string render(const std::string& format, const std::string& version, const std::vector<ImageReport>& images,
                   const std::vector<FailedImage>& failures, const std::string& epoch, const TableStyle& style = {}) {
  const auto writer = make_report_writer(format, version, epoch, style);
  std::string out, failed;
  for (const FailedImage& failure : failures) (writer->failures_first() ? out : failed) += writer->failure(failure);
  for (const ImageReport& image : images) out += writer->image(image);
  return out + failed + writer->end();
}

std::string render_tables(const std::vector<ImageReport>& images, const std::vector<FailedImage>& failures, const TableStyle& style) {
  return render("table", "", images, failures, "", style);
}

std::string render_json(const std::vector<ImageReport>& images, const std::vector<FailedImage>& failures) {
  return render("json", "", images, failures, "");
}

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("the table says what, where, in which layer, and that it was deleted") {
  const std::string text = render_tables({sample()}, {}, {});
  TableStyle colored;
  colored.color = true;
  CHECK(contains(text, "HIGH"));
  CHECK_FALSE(contains(text, "private-key"));
  CHECK(contains(text, "RSA private key, 2048 bits"));
  CHECK(contains(text, "srv/app.war > WEB-INF/key.pem"));
  CHECK(contains(text, "deleted by layer 2 cccccccccccc"));
  CHECK(contains(text, "1 finding: 1 high"));
  CHECK_FALSE(contains(text, "\x1b["));
  CHECK(contains(render_tables({sample()}, {}, colored), "\x1b["));
}

TEST_CASE("many occurrences are cut in the table and whole in JSON") {
  ImageReport image = sample();
  for (int i = 0; i < 20; ++i) {
    Occurrence place = image.findings[0].occurrences[0];
    place.path = "copy" + std::to_string(i);
    image.findings[0].occurrences.push_back(place);
  }
  CHECK(contains(render_tables({image}, {}, {}), "... and 16 more places"));
  const auto document = parse_json(render_json({image}, {}), "output", kJsonReport);
  REQUIRE(document);
  CHECK((*document)["images"][0]["findings"][0]["occurrences"].size() == 21);
}

TEST_CASE("the table says first why a result is incomplete") {
  ImageReport image = sample();
  for (int i = 0; i < 30; ++i) image.diagnostics.push_back({ErrorCode::malformed, "damaged", "a.gz", {}, {}});
  CHECK_FALSE(contains(render_tables({image}, {}, {}), "ncomplete"));
  image.diagnostics.push_back({ErrorCode::limit_exceeded, "too many entries", "b.zip", {}, {}});
  const std::string text = render_tables({image}, {}, {});
  CHECK(contains(text, "! incomplete, limit_exceeded: b.zip: too many entries"));
  CHECK(contains(text, "; incomplete\n"));
}

TEST_CASE("failures are named in both forms") {
  const std::vector<FailedImage> failures{{"x:1", Error(ErrorCode::unauthorized, "401 Unauthorized from registry x")}};
  CHECK(contains(render_tables({}, failures, {.failures = true}), "FAILED  x:1: 401 Unauthorized"));
  CHECK(render_tables({}, failures, {}).empty());
  CHECK(failure_text({"x:5000/a/b:1", Error(ErrorCode::io, "registry x:5000, image a/b:1: refused")}) == "x:5000/a/b:1: refused");
  CHECK(failure_text({"x:1", Error(ErrorCode::malformed, "x:1: holds no image")}) == "x:1: holds no image");
  const auto document = parse_json(render_json({}, failures), "output", kJsonReport);
  REQUIRE(document);
  CHECK((*document)["failures"][0]["code"] == "unauthorized");
  CHECK((*document)["images"].empty());
}

TEST_CASE("JSON in pieces has the bytes of the whole document") {
  const FailedImage failure{"x:1", Error(ErrorCode::io, "said \"no\"\nand ended")};
  const nlohmann::json failed{{"reference", "x:1"}, {"code", "io"}, {"message", "said \"no\"\nand ended"}};
  for (std::size_t images = 0; images < 3; ++images) {
    for (std::size_t failures = 0; failures < 3; ++failures) {
      INFO(images << " images, " << failures << " failures");
      const std::vector<ImageReport> reports(images, sample());
      const std::vector<nlohmann::json> failed_documents(failures, failed);
      CHECK(render_json(reports, std::vector<FailedImage>(failures, failure)) ==
            dump_json_pretty({{"images", reports}, {"failures", failed_documents}}) + "\n");
    }
  }
}

TEST_CASE("a table's columns line up, also with letters beyond ASCII") {
  Table table({"A", "B"});
  table.add({"é", "x"});
  table.add({"longer", "y"});
  CHECK(table.render() == "A       B\né       x\nlonger  y\n");
}

TEST_CASE("every format is written, and none of them but JSON fails without images") {
  for (const std::string format : {"json", "cyclonedx", "sarif"}) {
    INFO(format);
    for (const auto& images : {std::vector<ImageReport>{}, std::vector<ImageReport>{sample()}}) {
      CHECK(parse_json(render(format, "1.7", images, {}, "0"), format, kJsonReport));
    }
  }
  CHECK(contains(render("cyclonedx", "1.7", {sample()}, {}, "0"), "\"timestamp\": \"1970-01-01T00:00:00Z\""));
  CHECK_FALSE(contains(render("cyclonedx", "1.6", {sample()}, {}, ""), "timestamp"));
  CHECK(contains(render("csv", "", {sample()}, {}, ""), "srv/app.war"));
}

TEST_CASE("several images are listed once more, worst first") {
  ImageReport harmless = sample();
  harmless.facts.reference = "a:0";
  harmless.findings.clear();
  ImageReport worse = sample();
  worse.facts.reference = "z:9";
  worse.findings[0].severity = Severity::critical;
  const std::string text = render_tables({harmless, sample(), worse}, {}, {});
  const std::string index = text.substr(text.find("3 images, worst first:\n"));
  INFO(index);
  CHECK(contains(index, "       1       0       0       0       0  z:9 (linux/amd64)\n       0       1"));
  CHECK(index.find("z:9") < index.find("localhost:5000/a:1"));
  CHECK(index.find("localhost:5000/a:1") < index.find("a:0 ("));
  CHECK_FALSE(contains(render_tables({sample()}, {}, {}), "worst first"));
  const std::string narrow = render_tables({harmless, worse}, {}, {.width = 40});
  CHECK(contains(narrow, "z:9 (linux/amd64)\n  1 critical\na:0 (linux/amd64)\n  nothing found\n"));
  const std::vector<ImageReport> many(30, sample());
  CHECK(contains(render_tables(many, {}, {}), "... and 10 more images\n"));
}

TEST_CASE("one of a thing is not several") {
  ImageReport image = sample();
  image.facts.layers = {digest('b')};
  image.stats.files = 1;
  CHECK(contains(render_tables({image}, {}, {}), "1 layer (0 read, 0 known), 1 file, "));
}
