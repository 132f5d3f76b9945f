// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <string>

namespace landwaiter::test {

/// What a scraper makes of the text format of metrics; a line that breaks its rules fails the test.
class MetricsText {
 public:
  explicit MetricsText(const std::string& text);
  /// Of "name" or "name{label="value",...}" with its labels in order; fails the test if there is none.
  double value(const std::string& series) const;
  const std::string& type(const std::string& family) const;
  std::size_t size() const { return values_.size(); }

 private:
  void read_comment(const std::string& line);
  void read_sample(const std::string& line);

  std::map<std::string, double> values_;
  std::map<std::string, std::string> types_;
};

}  // namespace landwaiter::test
