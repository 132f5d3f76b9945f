// SPDX-License-Identifier: Apache-2.0
#include "detectors/walk/library_versions.hpp"

#include <archive.h>
#include <hs/hs.h>
#include <lzma.h>
#include <zstd.h>

#include <string_view>

namespace landwaiter::detectors {

std::vector<std::pair<std::string, std::string>> library_versions() {
  // "libarchive 3.6.2" and "5.4.9 2023-01-01"
  const std::string_view archive = archive_version_string();
  const std::string_view vectorscan = hs_version();
  return {{"libarchive", std::string(archive.substr(archive.rfind(' ') + 1))},
          {"Vectorscan", std::string(vectorscan.substr(0, vectorscan.find(' ')))},
          {"liblzma", lzma_version_string()},
          {"zstd", ZSTD_versionString()}};
}

}  // namespace landwaiter::detectors
