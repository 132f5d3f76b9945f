// SPDX-License-Identifier: Apache-2.0
#include "core/export/csv.hpp"

#include "core/assess/decisions.hpp"
#include "tests/core/export/samples.hpp"
#include "tests/support/catch.hpp"

#include <set>

using namespace landwaiter;

namespace {

/// An RFC 4180 reader that is independent of the writer.
std::vector<std::vector<std::string>> read_csv(const std::string& text) {
  std::vector<std::vector<std::string>> rows(1, std::vector<std::string>(1));
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    std::string& field = rows.back().back();
    if (quoted && c == '"' && i + 1 < text.size() && text[i + 1] == '"') field += text[i++];
    else if (c == '"') quoted = !quoted;
    else if (!quoted && c == ',') rows.back().emplace_back();
    else if (!quoted && c == '\r' && i + 1 < text.size() && text[i + 1] == '\n') ++i, rows.emplace_back(1);
    else field += c;
  }
  REQUIRE_FALSE(quoted);
  REQUIRE(rows.back() == std::vector<std::string>{""});
  rows.pop_back();
  return rows;
}

}  // namespace

TEST_CASE("a row for each occurrence, all of one length, with no formula") {
  auto images = test::export_samples();
  images[0].facts.reference = "";  // the first field may be empty, too
  std::size_t occurrences = 0;
  for (const ImageReport& image : images) {
    for (const Finding& finding : image.findings) occurrences += finding.occurrences.size();
  }
  const auto rows = read_csv(exports::csv(images));
  CHECK(rows.size() == occurrences + 1);
  bool hostile = false, key = false, config = false;
  for (const auto& row : rows) {
    REQUIRE(row.size() == 20);
    for (const std::string& field : row) {
      if (!field.empty()) CHECK(std::string("=+-@\t\r").find(field[0]) == std::string::npos);
    }
    hostile = hostile || (row[5] == "'=HYPERLINK(\"http://x\", \"y\")\nsecond line" && row[10] == "'+danger, \"quoted\" ü %");
    key = key || (row[4] == "private-key" && row[3] == "critical" && row[10] == "srv/app.war" && row[11] == "WEB-INF/key.pem" &&
                  row[14] == "1" && row[15].starts_with("sha256:"));
    config = config || (row[4] == "private-key" && row[10] == "config env[3] (TLS_KEY)" && row[11].empty() && row[12] == "8" &&
                        row[13].empty() && row[14].empty() && row[15].empty());
  }
  CHECK(hostile);
  CHECK(config);
  CHECK(key);
}

TEST_CASE("a row says why its finding, or some of its issues, are accepted") {
  auto images = test::export_samples();
  Decisions({{.issue = "deleted-but-present", .reason = "Replaced, since.", .origin = "i.yml:1"}}, {}).apply(images[0], {});
  std::set<std::string> said;
  for (const auto& row : read_csv(exports::csv(images))) said.insert(row[17]);
  CHECK(said == std::set<std::string>{"", "accepted", "deleted-but-present: Replaced, since. (i.yml:1)"});
}

TEST_CASE("an image that could not be read is a row") {
  const auto writer = exports::csv_writer();
  std::string text = writer->fail({"a:1", "404 not found"});
  text += writer->finish();
  const auto rows = read_csv(text);
  REQUIRE(rows.size() == 2);
  REQUIRE(rows[1].size() == rows[0].size());
  CHECK(rows[1][0] == "a:1");
  CHECK(rows[1][4] == "failed");
  CHECK(rows[1][5] == "404 not found");
}

TEST_CASE("the pieces of a CSV are the document, whole rows each, and no larger than asked for but for a row") {
  const auto images = test::export_samples();
  const std::string whole = exports::csv(images);
  std::size_t longest_row = 0;
  for (std::size_t at = 0; at < whole.size();) {
    const std::size_t end = whole.find("\r\n", at);
    longest_row = std::max(longest_row, end + 2 - at);
    at = end + 2;
  }
  for (const std::size_t bytes : {std::size_t{1}, std::size_t{500}, std::size_t{1} << 20U}) {
    exports::CsvStream stream(images);
    std::string together;
    std::size_t pieces = 0;
    for (std::string piece = stream.next(bytes); !piece.empty(); piece = stream.next(bytes)) {
      CHECK(piece.size() < bytes + longest_row);
      CHECK(piece.ends_with("\r\n"));
      together += piece;
      ++pieces;
    }
    CHECK(together == whole);
    CHECK(stream.next(bytes).empty());
    CHECK((pieces == 1) == (bytes > whole.size()));
  }
  exports::CsvStream empty({});
  CHECK(empty.next(1) == exports::csv({}));
  CHECK(empty.next(1).empty());
}

TEST_CASE("a row has the line and what made the layer") {
  auto images = test::export_samples();
  images.resize(1);
  images[0].facts.created_by.assign(images[0].facts.layers.size(), "COPY tls /etc");
  for (Finding& finding : images[0].findings) finding.occurrences.front().line = 12;
  const std::string text = exports::csv(images);
  CHECK(text.find(",line,layer_created_by\r\n") != std::string::npos);
  CHECK(text.find(",12,COPY tls /etc\r\n") != std::string::npos);
}
