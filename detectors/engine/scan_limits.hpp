// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/limits.hpp"

namespace landwaiter::detectors {

/// The limits of one layer's scan as values, so tests and fuzzing can reach them with small inputs. Everything else uses these defaults.
/// Findings depend on them, so users cannot set them, but for the memory: what did not fit is said.
struct ScanLimits {
  std::size_t archive_depth_max = limits::archive_depth_max;
  /// Once for the entries of the layer itself, once for all entries of archives inside its files.
  std::uint64_t layer_entries_max = limits::layer_entries_max;
  std::uint64_t layer_expanded_bytes_max = limits::layer_expanded_bytes_max;
  std::uint64_t nested_expanded_bytes_max = limits::nested_expanded_bytes_max;
  std::uint64_t nested_ratio_max = limits::nested_ratio_max;
  std::uint64_t nested_ratio_free_bytes = limits::nested_ratio_free_bytes;
  std::uint64_t tar_header_bytes_max = limits::tar_header_bytes_max;
  std::size_t hard_links_max = limits::hard_links_max;
  std::size_t whiteouts_max = limits::whiteouts_max;
  std::size_t triggers_per_file_max = limits::triggers_per_file_max;
  std::uint64_t layer_work_base = limits::layer_work_base;
  std::uint64_t layer_work_per_byte = limits::layer_work_per_byte;
  /// The same for opening what files hold: decoders, archives, headers, the holes of sparse files. Opening a small .gz costs some 20 us,
  /// and it takes a KiB of the layer.
  std::uint64_t walk_work_base = 175'000'000;
  std::uint64_t walk_work_per_byte = 25;
  std::uint64_t layer_guess_rounds_max = limits::layer_guess_rounds_max;
  std::size_t findings_per_file_max = limits::findings_per_file_max;
  std::size_t findings_per_layer_max = limits::findings_per_layer_max;
  std::size_t packages_per_layer_max = limits::packages_per_layer_max;
  std::uint64_t reader_zeros_bytes_max = limits::reader_zeros_bytes_max;
  std::size_t diagnostics_per_layer_max = limits::diagnostics_per_layer_max;
  std::uint64_t layer_memory_bytes_max = limits::layer_memory_bytes_max;
};

}  // namespace landwaiter::detectors
