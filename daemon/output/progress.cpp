// SPDX-License-Identifier: Apache-2.0
#include "daemon/output/progress.hpp"

#include "core/base/text.hpp"
#include "daemon/output/text_width.hpp"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>

namespace landwaiter::daemon {
namespace {

/// Of an image's content, between 0 and 1.
double share_of(const JobCounters& counters) {
  const std::uint64_t read = counters.layer->compressed_bytes.load(std::memory_order_relaxed) + counters.bytes_known;
  if (counters.bytes_total > 0) return std::min(1.0, static_cast<double>(read) / static_cast<double>(counters.bytes_total));
  if (counters.layers_total == 0) return 0;
  return static_cast<double>(counters.layers_done) / static_cast<double>(counters.layers_total);
}

/// "40 s", "3 min", "2 h"
std::string rough(std::chrono::seconds time) {
  constexpr std::int64_t kMinute = 60, kHour = 3600;
  const std::int64_t seconds = std::max<std::int64_t>(time.count(), 1);
  if (seconds < 2 * kMinute) return std::to_string(seconds) + " s";
  if (seconds < 2 * kHour) return std::to_string((seconds + kMinute / 2) / kMinute) + " min";
  return std::to_string((seconds + kHour / 2) / kHour) + " h";
}

std::string of(std::uint64_t part, std::uint64_t all) { return std::to_string(part) + " of " + std::to_string(all); }

}  // namespace

void ScanStatus::Amount::add(const JobCounters& counters) {
  bytes += counters.layer->compressed_bytes.load(std::memory_order_relaxed);
  findings += counters.layer->findings.load(std::memory_order_relaxed);
}

void ScanStatus::listing_begins(std::string what) { listing_ = std::move(what); }

void ScanStatus::image_started(std::string name, std::shared_ptr<JobCounters> counters) {
  // The registry is the same for most, and known.
  const std::size_t slash = name.find('/');
  const std::string_view host = std::string_view(name).substr(0, std::min(slash, name.size()));
  if (slash != std::string::npos && (host.find_first_of(".:") != std::string_view::npos || host == "localhost")) name.erase(0, slash + 1);
  running_.push_back({std::move(name), std::move(counters)});
}

void ScanStatus::image_done(const std::shared_ptr<JobCounters>& counters) {
  ++images_done_;
  done_.add(*counters);
  std::erase_if(running_, [&](const Running& each) { return each.counters == counters; });
}

/// By images, each of which counts as much as another, because the sizes of those to come are not known.
double ScanStatus::share_done() const {
  if (images_total_ == 0) return 0;
  double done = static_cast<double>(images_done_);
  for (const Running& each : running_) done += share_of(*each.counters);
  return std::min(1.0, done / static_cast<double>(images_total_));
}

ScanStatus::Amount ScanStatus::read() const {
  Amount amount = done_;
  for (const Running& each : running_) amount.add(*each.counters);
  return amount;
}

/// As much as there is room for: the layer before the name's beginning, and that before how many others there are.
std::string ScanStatus::step(std::size_t columns) const {
  if (running_.empty()) return shortened(images_done_ == 0 ? "opening images" : "waiting for the next image", columns);
  const Running& first = running_.front();
  const JobCounters& counters = *first.counters;
  const std::string begin = listing_.empty() && images_total_ > 1 ? "image " + of(images_done_ + 1, images_total_) + ": " : "scanning ";
  std::string layer;
  if (counters.layers_total > 0) layer = ", layer " + of(std::min(counters.layers_done + 1, counters.layers_total), counters.layers_total);
  const std::string more = running_.size() > 1 ? " (and " + std::to_string(running_.size() - 1) + " more)" : "";
  constexpr std::size_t kNameMin = 16;
  const std::size_t name = std::min(kNameMin, width_of(first.name));
  for (const auto& [before, after] : {std::pair(begin, layer + more), std::pair(begin, layer), std::pair(std::string(), layer)}) {
    const std::size_t around = width_of(before) + width_of(after);
    if (around + name <= columns) return before + shortened_left(first.name, columns - around) + after;
  }
  return shortened_left(first.name, columns);
}

std::string ScanStatus::time_left(double share) const {
  // Earlier it would jump.
  constexpr double kShareMin = 0.03;
  constexpr std::chrono::seconds kElapsedMin{3};
  const auto elapsed = clock_.steady_now() - started_;
  if (!listing_.empty() || share < kShareMin || elapsed < kElapsedMin) return {};
  const double left = std::chrono::duration<double>(elapsed).count() * (1 - share) / share;
  return "about " + rough(std::chrono::seconds(static_cast<std::int64_t>(left + 0.5))) + " left";
}

std::string ScanStatus::text(std::size_t columns) const {
  if (writing_) return "judging and writing what was found in " + counted(images_done_, "image", "images");
  std::string line;
  const double share = share_done();
  if (listing_.empty()) {
    // Not before all is done.
    constexpr int kPercentMax = 99;
    line = std::to_string(std::min(kPercentMax, static_cast<int>(share * 100))) + "%  ";
  } else {
    line = "listing " + listing_ + ": " + counted(images_total_, "image", "images") + " so far, " + std::to_string(images_done_) + " read";
    if (running_.empty()) return shortened(line, columns);
    line += "  ";
  }
  const std::size_t used = width_of(line);
  constexpr std::size_t kStepMin = 30;
  if (used + kStepMin > columns) return shortened(trim(line), columns);
  line += step(columns - used);
  // As much of the rest as there is room for, the most wanted first.
  const Amount amount = read();
  for (const std::string& part : {time_left(share), amount.bytes > 0 ? human_bytes(amount.bytes) + " read" : std::string(),
                                  counted(amount.findings, "finding", "findings")}) {
    if (!part.empty() && width_of(line) + 2 + width_of(part) <= columns) line += "  " + part;
  }
  return line;
}

}  // namespace landwaiter::daemon
