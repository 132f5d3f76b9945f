// SPDX-License-Identifier: Apache-2.0
#include "daemon/output/report_outputs.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"

using namespace landwaiter;
using namespace landwaiter::daemon;

namespace {

using Choices = std::vector<OutputChoice>;

Choices chosen(const std::string& format, const std::vector<std::string>& outputs) {
  const auto out = choose_outputs(format, outputs);
  REQUIRE(out);
  return *out;
}

std::string refused(const std::string& format, const std::vector<std::string>& outputs) {
  const auto out = choose_outputs(format, outputs);
  REQUIRE_FALSE(out);
  return std::string(out.error().message());
}

}  // namespace

TEST_CASE("--format and -o together") {
  CHECK(chosen("", {}) == Choices{{"table", ""}});
  CHECK(chosen("sarif", {}) == Choices{{"sarif", ""}});
  CHECK(chosen("sarif", {"x"}) == Choices{{"sarif", "x"}});
  CHECK(chosen("", {"x"}) == Choices{{"table", "x"}});
  CHECK(chosen("", {"json=x.json"}) == Choices{{"json", "x.json"}});
  CHECK(chosen("", {"JSON=x.json", "Table"}) == Choices{{"json", "x.json"}, {"table", ""}});
  CHECK(chosen("", {"json=x.json", "csv=-"}) == Choices{{"json", "x.json"}, {"csv", ""}});
  CHECK(chosen("csv", {"-"}) == Choices{{"csv", ""}});
  CHECK(chosen("csv", {"json=x.json"}) == Choices{{"json", "x.json"}, {"csv", ""}});
  CHECK(chosen("csv", {"json=x.json", "y"}) == Choices{{"json", "x.json"}, {"csv", "y"}});
  CHECK(chosen("", {"json=a=b", "./c=d", "a.b=c"}) == Choices{{"json", "a=b"}, {"table", "./c=d"}, {"table", "a.b=c"}});
  CHECK(written_text(chosen("", {"json=x.json", "table", "sarif=y"})) == "x.json (json), y (sarif)");
}

TEST_CASE("what -o cannot mean") {
  CHECK(refused("", {"jsno=x"}).find("did you mean \"json\"?") != std::string::npos);
  CHECK(refused("", {"a=x"}).find("there is no format \"a\"") != std::string::npos);
  CHECK(refused("", {"json="}).find("names no file") != std::string::npos);
  CHECK(refused("", {""}).find("needs a file") != std::string::npos);
  CHECK(refused("", {"json=x", "csv=x"}).find("\"x\" is named twice") != std::string::npos);
  CHECK(refused("", {"json=x", "csv=./x"}).find("is named twice") != std::string::npos);
  CHECK(refused("", {"json", "table"}).find("standard output can have one format") != std::string::npos);
  CHECK(refused("csv", {"json"}).find("standard output can have one format") != std::string::npos);
}

TEST_CASE("each format gets images and failures where it wants them, and files appear at the end") {
  const test::TempDir folder;
  ReportOptions options;
  for (const char* format : {"json", "csv", "junit", "gitlab", "sarif", "cyclonedx"}) {
    options.outputs.push_back({format, (folder / format).string()});
  }
  options.outputs.erase(options.outputs.begin());
  auto outputs = ReportOutputs::open(options, [](const std::string&) { return std::nullopt; });
  REQUIRE(outputs);
  const FailedImage failure{"localhost:5000/gone:1", Error(ErrorCode::not_found, "it is not there")};
  using Phase = ReportOutputs::Phase;
  CHECK(outputs->wants_failures(Phase::before_images));
  CHECK(outputs->wants_failures(Phase::after_images));
  REQUIRE(outputs->failure(failure, Phase::before_images));
  ImageReport image;
  image.facts.reference = "localhost:5000/a:1";
  image.facts.digest = *Digest::parse("sha256:" + std::string(64, 'a'));
  REQUIRE(outputs->image(image));
  REQUIRE(outputs->failure(failure, Phase::after_images));
  CHECK_FALSE(std::filesystem::exists(folder / "json"));
  REQUIRE(outputs->finish());
  for (const OutputChoice& each : options.outputs) {
    INFO(each.format);
    const std::string text = test::read_file(each.file);
    if (each.format == "cyclonedx") {
      CHECK(text.find("localhost:5000/a:1") != std::string::npos);
      continue;
    }
    const std::size_t first = text.find("it is not there");
    CHECK(first != std::string::npos);
    // Once in each; JUnit says it as attribute and text.
    CHECK((text.find("it is not there", first + 1) == std::string::npos) == (each.format != "junit"));
  }
}
