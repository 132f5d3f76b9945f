// SPDX-License-Identifier: Apache-2.0
#include "daemon/output/list_writer.hpp"

#include "core/base/json_reader.hpp"
#include "tests/support/catch.hpp"

#include <sstream>

using namespace landwaiter;
using namespace landwaiter::daemon;
using nlohmann::json;

namespace {

std::string written(const std::string& format, int items, const std::string& error = "", bool with_times = false) {
  std::ostringstream out;
  const auto writer = make_list_writer(format, {.with_times = with_times}, out);
  writer->begin("localhost:5000");
  for (int i = 0; i < items; ++i) {
    protocol::InventoryItem item;
    item.repository = "team/app";
    item.tag = "v" + std::to_string(i);
    item.outcome = protocol::ItemOutcome::failed;
    item.reason = "a \"quoted\"\nreason";
    item.pushed = "2026-01-01T00:00:00Z";
    writer->write(item);
  }
  writer->end({7, 8, error});
  return out.str();
}

}  // namespace

TEST_CASE("list: JSON is one valid document, also of nothing and of a listing that ended early") {
  for (const int count : {0, 1, 3}) {
    const auto document = parse_json(written("json", count, count == 1 ? "it broke" : ""), "list", kJsonReport);
    REQUIRE(document);
    CHECK((*document)["registry"] == "localhost:5000");
    CHECK((*document)["items"].size() == static_cast<std::size_t>(count));
    CHECK((*document)["repositories_listed"] == 7);
    CHECK((*document)["repositories_filtered"] == 8);
    CHECK((*document)["error"] == (count == 1 ? json("it broke") : json()));
  }
}

TEST_CASE("list: JSON lines hold an item each") {
  std::istringstream lines(written("jsonl", 3));
  std::string line;
  int count = 0;
  while (std::getline(lines, line)) {
    const auto item = parse_json(line, "item", kJsonReport);
    REQUIRE(item);
    CHECK((*item)["tag"] == "v" + std::to_string(count++));
  }
  CHECK(count == 3);
}

TEST_CASE("list: the table's columns stand under their names, and hostile text cannot break its lines") {
  std::istringstream lines(written("table", 2, "", true));
  std::string header, first, second, rest;
  std::getline(lines, header);
  std::getline(lines, first);
  std::getline(lines, second);
  CHECK_FALSE(std::getline(lines, rest));
  CHECK(first.find("v0") == header.find("TAG"));
  CHECK(first.find("2026-01-01T00:00:00Z") == header.find("PUSHED"));
  CHECK(second.find("failed: a \"quoted\"\\x0areason") == header.find("STATE"));
  CHECK(written("table", 1).find("PUSHED") == std::string::npos);
}

TEST_CASE("list: a table of nothing has no header, and digests are short unless asked for") {
  CHECK(written("table", 0).empty());
  const auto table = [](bool whole) {
    std::ostringstream out;
    const auto writer = make_list_writer("table", {.whole_digests = whole}, out);
    protocol::InventoryItem item;
    item.repository = "team/app";
    item.digest = *Digest::parse("sha256:" + std::string(64, 'a'));
    writer->write(item);
    return out.str();
  };
  CHECK(table(false).find("sha256:" + std::string(12, 'a') + "  ") != std::string::npos);
  CHECK(table(true).find(std::string(64, 'a')) != std::string::npos);
}

TEST_CASE("list: what is not known is null") {
  const auto item = parse_json(written("jsonl", 1), "item", kJsonReport);
  REQUIRE(item);
  CHECK((*item)["platform"].is_null());
  CHECK((*item)["digest"].is_null());
  CHECK((*item)["repository"] == "team/app");
}
