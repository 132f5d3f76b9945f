// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/json_reader.hpp"
#include "core/base/memory_meter.hpp"
#include "detectors/archives/entry_reader.hpp"
#include "detectors/engine/peek_source.hpp"

#include <optional>
#include <string>
#include <vector>

namespace landwaiter::detectors {

/// How an asar begins, with four numbers; then comes its list of files, as JSON.
inline constexpr std::size_t kAsarStartBytes = 16;
bool looks_like_asar(ByteView head);

/// The files of an asar, the archive of Electron (github.com/electron/asar, "Format"), in the order in which they lie in it.
class Asar final : public EntryReader {
 public:
  explicit Asar(PeekSource& source) : source_(source) {}

  Step next() override;
  Result<Block> read() override;

 private:
  struct File {
    std::string path;
    std::uint64_t offset = 0;  ///< behind the header
    std::uint64_t size = 0;
    bool known = false;  ///< where it is
  };

  Result<void> begin();
  Result<void> add_files(const nlohmann::json& folder, const std::string& path);
  Result<void> add_file(const nlohmann::json& file, std::string path);
  bool pass_over(std::uint64_t bytes);
  Step fail(Error error);

  PeekSource& source_;
  MemoryShare memory_;  ///< of files_
  std::vector<File> files_;
  bool begun_ = false;
  std::size_t number_ = 0;
  std::uint64_t position_ = 0;  ///< behind the header
  std::uint64_t left_ = 0;      ///< of the file at hand
};

}  // namespace landwaiter::detectors
