// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/report/report.hpp"
#include "detectors/engine/engine.hpp"
#include "detectors/engine/scan_limits.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace landwaiter::detectors::test {

/// Finds "NEEDLE:" and eight more bytes, which become the id ("needle:abcdefgh"). Checks, in each call, that the window
/// holds what the engine promises, and reports a diagnostic when not.
std::unique_ptr<const Detector> make_needle_detector();
std::string needle(std::string_view eight_bytes);

std::shared_ptr<const Engine> needle_engine();

/// What goes into an archive.
struct Item {
  enum class Kind { file, directory, symlink, hard_link, device };
  std::string name;
  std::string content;  ///< or the target of a link
  Kind kind = Kind::file;
  unsigned mode = 0644;
  int uid = 0;
  int gid = 0;
  std::vector<std::pair<std::string, std::string>> attributes = {};  ///< extended ones; only pax can hold them
};

std::string make_tar(const std::vector<Item>& items, const char* format = "pax");
/// `options` as libarchive has them, such as "compression=store" or "encryption=zipcrypt".
std::string make_zip(const std::vector<Item>& items, const std::string& options = "");
/// By the names of libarchive's formats: 7zip, xar, cpio.
std::string make_archive(const std::vector<Item>& items, const char* format, const std::string& options = "");
/// By the names of libarchive's filters: gzip, xz, bzip2, zstd.
std::string compress(std::string_view bytes, const std::string& filter);
/// As zlib wraps it (RFC 1950): a header, what is in a gzip file between its header and its trailer, and another checksum.
std::string zlib_of(const std::string& bytes);
/// A ustar header with a right checksum; `size` is written as it is into its field, so that it can be absurd.
std::string tar_header(std::string_view name, std::string_view size_field, char type = '0');
/// A pax extended header with these records, for the header that follows.
std::string pax(const std::vector<std::pair<std::string, std::string>>& records);
std::string octal(std::uint64_t size);
/// Content filled up to a tar's next block.
std::string tar_blocks(std::string_view content);
/// Header and content of one regular file.
std::string file(std::string_view name, std::string_view content);
/// A tar made by hand, with the blocks that end it.
std::string closed(std::string tar);
/// A number as that many bytes, the lowest first.
std::string little(std::uint64_t value, int size);
/// Bytes that do not compress and hold no trigger.
std::string noise(std::size_t size, unsigned seed = 1);

/// What a scan for all analyses gave, in one: the findings of all reports, and the diagnostics of the walk and theirs.
struct ScannedBlob {
  Digest layer;
  EngineState engine;
  std::vector<Finding> findings;
  std::vector<Diagnostic> diagnostics;
  std::vector<std::string> whiteouts;
  std::vector<std::string> opaque_directories;
  PathSet written;
  ScanStats stats;
  std::vector<Package> packages = {};
  std::optional<Distribution> distribution = std::nullopt;
  std::vector<HardLink> links = {};  ///< not part of the JSON, as what follows
  std::uint64_t memory_peak = 0;
  std::uint64_t work = 0;
};

/// All of it, to compare scans.
void to_json(nlohmann::json& out, const ScannedBlob& value);

ScannedBlob scan(std::string_view blob, const ScanLimits& limits = {}, std::size_t chunk_size = 64 * 1024);
/// A layer with this file, "f", and behind it "next", which holds the needle "next____".
ScannedBlob scan_one_file(const std::string& content, const ScanLimits& limits = {}, std::size_t chunk_size = 64 * 1024);
ScannedBlob scan_with(std::shared_ptr<const Engine> engine, std::string_view blob, const ScanLimits& limits = {},
                      std::size_t chunk_size = 64 * 1024, std::span<const Analysis> wanted = kAllAnalyses);

/// "id path!entry!entry" of each occurrence, sorted.
std::vector<std::string> places(const ScannedBlob& report);
/// "code path!entry" of each diagnostic.
std::vector<std::string> complaints(const ScannedBlob& report);
bool mentions(const ScannedBlob& report, std::string_view text);

}  // namespace landwaiter::detectors::test
