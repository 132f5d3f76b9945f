// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"
#include "core/base/digest.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

struct hs_database;
struct hs_scratch;

namespace landwaiter::detectors {

/// All triggers of all detectors as one Vectorscan database: finds where any of them matches in one pass. Immutable and thread-safe; each
/// thread needs its own scratch.
class Prefilter {
 public:
  struct Pattern {
    std::string text;
    std::size_t max_length = 0;
  };
  struct Match {
    std::uint64_t end = 0;      ///< one past the match's last byte, as an index into the scanned bytes
    std::uint32_t pattern = 0;  ///< index into the patterns
    auto operator<=>(const Match&) const = default;
  };
  struct FreeScratch {
    void operator()(hs_scratch* scratch) const;
  };
  using Scratch = std::unique_ptr<hs_scratch, FreeScratch>;

  /// invalid_argument for a pattern that does not compile, matches the empty string, or can match more than its max_length; unsupported
  /// on a CPU without SSSE3.
  static Result<Prefilter> compile(const std::vector<Pattern>& patterns);

  /// A database that was compiled beforehand, and the digest of the patterns that it is of. It runs on any CPU of its architecture.
  struct Compiled {
    std::string_view patterns;  ///< as digest_of() has it
    ByteView database;
  };
  /// In a thousandth of the time that compile() takes, and without its checks: they were made when `compiled` was. Nothing when it is of
  /// other patterns, or Vectorscan refuses it (damaged, of another version or architecture).
  static std::optional<Prefilter> load(const std::vector<Pattern>& patterns, const Compiled& compiled);
  static Digest digest_of(const std::vector<Pattern>& patterns);
  /// What load() takes. There must be patterns.
  Bytes serialize() const;

  Scratch make_scratch() const;

  /// Of a group of patterns: whether its matches are wanted, and how many more there is room for.
  struct Group {
    bool wanted = false;
    std::size_t room = 0;
    bool overflowed = false;  ///< a wanted match was dropped, as there was no room for it
  };

  /// Appends the wanted matches in `bytes` (less than 4 GiB) to `matches`, in no order, a few of them possibly twice, and takes them off
  /// their group's room. `group_of` has a group's index for each pattern. Ends early once all wanted groups have overflowed.
  void scan(ByteView bytes, const Scratch& scratch, std::vector<Match>& matches, std::span<const std::uint8_t> group_of,
            std::span<Group> groups) const;

 private:
  struct FreeDatabase {
    void operator()(hs_database* database) const;
  };
  std::unique_ptr<hs_database, FreeDatabase> database_;  ///< null when there are no patterns
};

}  // namespace landwaiter::detectors
