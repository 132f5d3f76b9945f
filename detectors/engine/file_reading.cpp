// SPDX-License-Identifier: Apache-2.0
#include "detectors/engine/file_reading.hpp"

#include <algorithm>
#include <exception>
#include <new>
#include <optional>
#include <utility>

namespace landwaiter::detectors {
namespace {

/// Nothing when the reader fails.
std::optional<bool> is_wanted(const FileReader& reader, const FileFacts& file) {
  try {
    return reader.wants(file);
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

std::string failure_of(const std::string& label) { return "the reader " + label + " failed on this file: please report it"; }

}  // namespace

void FileReading::Part::add(Finding finding, std::uint64_t offset) {
  if (work_.spent()) return;
  finding.detector = label_;
  results.add(std::move(finding), {offset}, limits_);
}

void FileReading::Part::add(Package package, std::uint64_t offset) {
  if (work_.spent()) return;
  package.reader = label_;
  results.add(std::move(package), {offset}, limits_);
}

void FileReading::Part::add(Distribution distribution, std::uint64_t offset) {
  if (work_.spent()) return;
  distribution.reader = label_;
  results.add(std::move(distribution), {offset}, limits_);
}

void FileReading::Part::diagnose(ErrorCode code, std::string message, std::uint64_t) {
  if (!work_.spent()) results.diagnose(code, std::move(message), limits_);
}

void FileReading::Part::end_with(ErrorCode code, std::string why) {
  consumer_.reset();
  results.diagnose(code, std::move(why), limits_);
}

template <class Call>
void FileReading::Part::guarded(Call call) {
  const WorkScope scope(work_);
  try {
    if (!work_.spent()) call();
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception&) {
    return end_with(ErrorCode::internal, failure_of(label_));
  }
  if (!work_.spent()) return;
  end_with(ErrorCode::limit_exceeded,
           "not read to its end: reading files such as this one takes too much work in this layer (layer_work_base, layer_work_per_byte)");
}

void FileReading::Part::push(ByteView bytes) {
  work_.earn(bytes.size() * limits_.layer_work_per_byte);
  if (consumer_) guarded([&] { consumer_->push(bytes); });
}

void FileReading::Part::skip(std::uint64_t zeros, std::uint64_t& zeros_left) {
  static constexpr std::uint8_t kZeros[16 * 1024] = {};
  if (!consumer_) return;
  if (zeros > zeros_left) {
    return end_with(ErrorCode::limit_exceeded,
                    "not read to its end: the holes of this layer's sparse files are too large to be read (reader_zeros_bytes_max)");
  }
  zeros_left -= zeros;
  for (; zeros > 0; zeros -= std::min<std::uint64_t>(zeros, sizeof kZeros)) {
    push(ByteView(kZeros, std::min<std::uint64_t>(zeros, sizeof kZeros)));
  }
}

std::unique_ptr<FileReading> FileReading::open(const Engine::Impl& engine, const ScanLimits& limits, const ByAnalysis<bool>& wanted,
                                               ByAnalysis<WorkMeter>& work, const FileFacts& file) {
  std::unique_ptr<FileReading> reading;
  for (std::size_t i = 0; i < engine.readers.size(); ++i) {
    const FileReader& reader = *engine.readers[i];
    if (!wanted[index_of(reader.analysis())]) continue;
    const std::optional<bool> wants = is_wanted(reader, file);
    if (wants == false) continue;
    if (!reading) reading.reset(new FileReading);
    Part& part =
        *reading->parts_.emplace_back(std::make_unique<Part>(reader, engine.reader_labels[i], limits, work[index_of(reader.analysis())]));
    if (!wants) {
      part.end_with(ErrorCode::internal, failure_of(part.label_));
      continue;
    }
    if (file.metadata != nullptr && file.metadata->attributes_cut) {
      part.diagnose(ErrorCode::limit_exceeded,
                    "not all extended attributes are read (extended_attributes_max, extended_attribute_bytes_max)", 0);
    }
    part.guarded([&] { part.consumer_ = reader.open(file, part); });
  }
  return reading;
}

void FileReading::push(ByteView bytes) {
  for (const auto& part : parts_) part->push(bytes);
}

void FileReading::skip(std::uint64_t zeros, ByAnalysis<std::uint64_t>& zeros_left) {
  for (const auto& part : parts_) part->skip(zeros, zeros_left[index_of(part->reader.analysis())]);
}

void FileReading::finish() {
  for (const auto& part : parts_) {
    if (part->consumer_) part->guarded([&] { part->consumer_->finish(); });
    part->consumer_.reset();
  }
}

}  // namespace landwaiter::detectors
