// SPDX-License-Identifier: Apache-2.0
#include "daemon/output/progress.hpp"

#include "core/base/text.hpp"

#include <algorithm>
#include <cstdio>
#include <sstream>

namespace landwaiter::daemon {

void ProgressLine::Counts::add(const JobCounters& counters) {
  bytes += counters.layer->compressed_bytes.load(std::memory_order_relaxed);
  findings += counters.layer->findings.load(std::memory_order_relaxed);
  bytes_total += counters.bytes_total;
  layers += counters.layers_done;
  layers_total += counters.layers_total;
}

void ProgressLine::image_done(const std::shared_ptr<JobCounters>& counters) {
  ++images_done_;
  done_.add(*counters);
  std::erase(running_, counters);
}

std::string ProgressLine::text() const {
  Counts counts = done_;
  for (const auto& counters : running_) counts.add(*counters);
  constexpr std::size_t cells = 20;
  const std::size_t filled = counts.bytes_total == 0 ? 0 : std::min<std::size_t>(cells, counts.bytes * cells / counts.bytes_total);
  const std::chrono::duration<double> elapsed = clock_.steady_now() - started_;
  const auto rate = static_cast<std::uint64_t>(static_cast<double>(counts.bytes) / std::max(elapsed.count(), 0.1));

  std::ostringstream line;
  line << '[' << std::string(filled, '#') << std::string(cells - filled, '.') << "] images " << images_done_ << '/' << images_total_
       << "  layers " << counts.layers << '/' << counts.layers_total << "  " << human_bytes(counts.bytes) << " of "
       << human_bytes(counts.bytes_total) << "  " << human_bytes(rate) << "/s  findings " << counts.findings;
  return line.str();
}

void ProgressLine::draw() const { std::fprintf(stderr, "\r\x1b[K%s", text().c_str()); }
void ProgressLine::clear() const { std::fprintf(stderr, "\r\x1b[K"); }

}  // namespace landwaiter::daemon
