// SPDX-License-Identifier: Apache-2.0
#include "tests/platform/support/metrics_text.hpp"

#include "tests/support/catch.hpp"

#include <cmath>
#include <regex>
#include <sstream>

namespace landwaiter::test {

MetricsText::MetricsText(const std::string& text) {
  CHECK((text.empty() || text.ends_with('\n')));
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    INFO(line);
    if (line.empty()) continue;
    if (line.starts_with('#')) {
      read_comment(line);
    } else {
      read_sample(line);
    }
  }
}

void MetricsText::read_comment(const std::string& line) {
  static const std::regex kComment("# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)");
  std::smatch parts;
  REQUIRE(std::regex_match(line, parts, kComment));
  if (parts[1] == "HELP") return;
  CHECK(std::regex_match(parts[3].str(), std::regex("counter|gauge|histogram|summary|untyped")));
  CHECK(types_.emplace(parts[2], parts[3]).second);
}

void MetricsText::read_sample(const std::string& line) {
  static const std::regex kSample(
      R"re((([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{([a-zA-Z_]\w*="(?:[^"\\]|\\.)*"(?:,[a-zA-Z_]\w*="(?:[^"\\]|\\.)*")*)?\})?) (\S+))re");
  static const std::regex kPart("_(bucket|sum|count)$");
  std::smatch parts;
  REQUIRE(std::regex_match(line, parts, kSample));
  const std::string name = parts[2];
  const bool known = types_.contains(name) || types_.contains(std::regex_replace(name, kPart, ""));
  CHECK(known);  // its type stands before it
  const double value = std::stod(parts[4]);
  CHECK_FALSE(std::isnan(value));
  CHECK(values_.emplace(parts[1], value).second);
}

double MetricsText::value(const std::string& series) const {
  INFO(series);
  const auto found = values_.find(series);
  REQUIRE(found != values_.end());
  return found->second;
}

const std::string& MetricsText::type(const std::string& family) const {
  INFO(family);
  const auto found = types_.find(family);
  REQUIRE(found != types_.end());
  return found->second;
}

}  // namespace landwaiter::test
