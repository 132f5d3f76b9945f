// SPDX-License-Identifier: Apache-2.0
#include "daemon/output/image_index.hpp"

#include "core/assess/decisions.hpp"
#include "core/base/text.hpp"

#include <algorithm>
#include <tuple>

namespace landwaiter::daemon {
namespace {

constexpr std::size_t kShown = 20;

}  // namespace

SeverityCounts severity_counts(const ImageReport& image) {
  SeverityCounts counts{};
  for (const Finding& finding : image.findings) {
    if (!is_accepted(finding)) ++counts[static_cast<std::size_t>(Severity::critical) - static_cast<std::size_t>(finding.severity)];
  }
  return counts;
}

bool ImageIndex::is_worse(const Entry& a, const Entry& b) {
  return std::tie(b.counts, a.reference, a.platform) < std::tie(a.counts, b.reference, b.platform);
}

void ImageIndex::add(const ImageReport& image) {
  ++images_;
  Entry entry{severity_counts(image), image.facts.reference, image.facts.platform};
  worst_.insert(std::ranges::upper_bound(worst_, entry, is_worse), std::move(entry));
  if (worst_.size() > kShown) worst_.pop_back();
}

std::string ImageIndex::text(const TableStyle& style) const {
  if (images_ < 2) return {};
  std::string out = counted(images_, "image", "images") + ", worst first:\n";
  // A count and a blank for each severity.
  constexpr std::size_t kCount = 8, kSeverities = 5;
  const bool columns = style.width >= TableStyle::kColumnsMin;
  const std::size_t width = style.width - std::min(style.width, columns ? kCount * kSeverities : 2);
  if (columns) out += "CRITICAL    HIGH  MEDIUM     LOW    INFO  IMAGE\n";
  for (const Entry& entry : worst_) {
    const std::string name = entry.reference + (entry.platform.empty() ? "" : " (" + entry.platform + ")");
    std::string counts;
    for (std::size_t i = 0; i < entry.counts.size(); ++i) {
      const std::string count = std::to_string(entry.counts[i]);
      if (columns) counts += std::string(kCount - std::min(kCount, count.size()), ' ') + count;
      else if (entry.counts[i] > 0)
        counts += (counts.empty() ? "" : ", ") + count + " " + std::string(to_string(static_cast<Severity>(4 - i)));
    }
    if (columns) out += counts + "  " + shortened_left(name, width - std::min<std::size_t>(width, 2)) + "\n";
    else out += shortened_left(name, style.width) + "\n  " + (counts.empty() ? "nothing found" : counts) + "\n";
  }
  if (images_ > worst_.size()) out += "... and " + counted(images_ - worst_.size(), "more image", "more images") + "\n";
  return out;
}

}  // namespace landwaiter::daemon
