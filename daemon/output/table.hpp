// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/report/report.hpp"
#include "daemon/output/text_width.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace landwaiter::daemon {

/// A plain table: columns as wide as their content, two spaces between; the last column is never padded.
class Table {
 public:
  explicit Table(std::vector<std::string> header) { rows_.push_back(std::move(header)); }
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  std::string render() const;
  bool empty() const { return rows_.size() == 1; }

 private:
  std::vector<std::vector<std::string>> rows_;
};

struct TableStyle {
  bool color = false;
  std::size_t width = 120;          ///< of the terminal; below kColumnsMin findings are blocks instead of columns
  bool all = false;                 ///< every finding on its own, including those that need no action
  bool failures = false;            ///< lines for images that could not be read, too: those of a file are told nowhere else
  Severity least = Severity::info;  ///< milder findings are only counted

  static constexpr std::size_t kColumnsMin = 80;
};

/// An image for people: what needs action, worst first, with reasons and remedies; then everything else in a few lines.
std::string findings_text(const ImageReport& image, const TableStyle& style);

/// The text of COLUMNS, or else the terminal's own width, or else 120; within 20 and 400.
std::size_t terminal_width(std::optional<std::size_t> terminal, const char* columns);
/// False if standard output is not a terminal, or if NO_COLOR is not empty (no-color.org).
bool wants_color(bool terminal, const char* no_color);

}  // namespace landwaiter::daemon
