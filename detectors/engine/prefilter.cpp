// SPDX-License-Identifier: Apache-2.0
#include "detectors/engine/prefilter.hpp"

#include "core/base/limits.hpp"
#include "core/base/text.hpp"

#include <hs/hs.h>

#include <cstdlib>
#include <new>
#include <stdexcept>
#include <utility>

namespace landwaiter::detectors {
namespace {

constexpr unsigned kFlags = HS_FLAG_DOTALL;

struct FreeCompileError {
  void operator()(hs_compile_error_t* error) const { hs_free_compile_error(error); }
};
using CompileError = std::unique_ptr<hs_compile_error_t, FreeCompileError>;

Error refused(const Prefilter::Pattern& pattern, std::string_view why) {
  return {ErrorCode::invalid_argument, "trigger " + landwaiter::quoted(pattern.text) + ": " + std::string(why)};
}

/// Windows overlap by a match's length: a longer match would be lost there.
Result<void> check_length(const Prefilter::Pattern& pattern) {
  hs_expr_info_t* raw = nullptr;
  hs_compile_error_t* error = nullptr;
  const hs_error_t code = hs_expression_info(pattern.text.c_str(), kFlags, &raw, &error);
  const CompileError failure(error);
  if (code != HS_SUCCESS) return refused(pattern, failure ? failure->message : "does not compile");
  const unsigned min_width = raw->min_width;
  const unsigned max_width = raw->max_width;
  std::free(raw);
  if (min_width == 0) return refused(pattern, "matches the empty string");
  if (pattern.max_length > limits::trigger_length_max) return refused(pattern, "is longer than trigger_length_max");
  if (max_width > pattern.max_length) return refused(pattern, "can match more than its max_length");
  return {};
}

struct MatchCollector {
  std::vector<Prefilter::Match>& matches;
  std::span<const std::uint8_t> group_of;
  std::span<Prefilter::Group> groups;
  std::size_t open = 0;  ///< wanted groups that have not overflowed
};

int on_match(unsigned int id, unsigned long long, unsigned long long to, unsigned int, void* context) {
  auto& collector = *static_cast<MatchCollector*>(context);
  Prefilter::Group& group = collector.groups[collector.group_of[id]];
  if (!group.wanted) return 0;
  if (group.room > 0) {
    --group.room;
    collector.matches.push_back({to, id});
    return 0;
  }
  if (!std::exchange(group.overflowed, true)) --collector.open;
  return collector.open == 0 ? 1 : 0;
}

}  // namespace

void Prefilter::FreeScratch::operator()(hs_scratch* scratch) const { hs_free_scratch(scratch); }
void Prefilter::FreeDatabase::operator()(hs_database* database) const { hs_free_database(database); }

Digest Prefilter::digest_of(const std::vector<Pattern>& patterns) {
  Hasher hasher(Digest::Algorithm::sha256);
  for (const Pattern& pattern : patterns) {
    hasher.update(as_bytes(std::to_string(pattern.max_length) + ":" + std::to_string(pattern.text.size()) + ":"));
    hasher.update(as_bytes(pattern.text));
  }
  return hasher.finish();
}

std::optional<Prefilter> Prefilter::load(const std::vector<Pattern>& patterns, const Compiled& compiled) {
  if (hs_valid_platform() != HS_SUCCESS || patterns.empty() || digest_of(patterns).str() != compiled.patterns) return {};
  hs_database_t* database = nullptr;
  const auto* bytes = reinterpret_cast<const char*>(compiled.database.data());
  if (hs_deserialize_database(bytes, compiled.database.size(), &database) != HS_SUCCESS) return {};
  Prefilter prefilter;
  prefilter.database_.reset(database);
  return prefilter;
}

Bytes Prefilter::serialize() const {
  char* bytes = nullptr;
  std::size_t size = 0;
  if (!database_ || hs_serialize_database(database_.get(), &bytes, &size) != HS_SUCCESS) throw std::logic_error("no database to serialize");
  Bytes serialized(bytes, bytes + size);
  std::free(bytes);
  return serialized;
}

Result<Prefilter> Prefilter::compile(const std::vector<Pattern>& patterns) {
  if (hs_valid_platform() != HS_SUCCESS) {
    return Error(ErrorCode::unsupported, "this CPU lacks the vector instructions (SSSE3 on x86) that pattern matching needs");
  }
  Prefilter prefilter;
  if (patterns.empty()) return prefilter;
  std::vector<const char*> texts;
  std::vector<unsigned> flags(patterns.size(), kFlags);
  std::vector<unsigned> ids;
  for (const Pattern& pattern : patterns) {
    auto checked = check_length(pattern);
    if (!checked) return checked.error();
    ids.push_back(static_cast<unsigned>(texts.size()));
    texts.push_back(pattern.text.c_str());
  }
  // For no vector instructions in particular, so that what is serialized runs on any CPU; measured, it is as fast as one for this CPU.
  const hs_platform_info_t any_cpu{};
  hs_database_t* database = nullptr;
  hs_compile_error_t* error = nullptr;
  const hs_error_t code = hs_compile_multi(texts.data(), flags.data(), ids.data(), static_cast<unsigned>(texts.size()), HS_MODE_BLOCK,
                                           &any_cpu, &database, &error);
  const CompileError failure(error);
  if (code != HS_SUCCESS) {
    return Error(ErrorCode::invalid_argument, std::string("triggers do not compile: ") + (failure ? failure->message : "unknown reason"));
  }
  prefilter.database_.reset(database);
  return prefilter;
}

Prefilter::Scratch Prefilter::make_scratch() const {
  hs_scratch_t* scratch = nullptr;
  if (database_ && hs_alloc_scratch(database_.get(), &scratch) != HS_SUCCESS) throw std::bad_alloc();
  return Scratch(scratch);
}

void Prefilter::scan(ByteView bytes, const Scratch& scratch, std::vector<Match>& matches, std::span<const std::uint8_t> group_of,
                     std::span<Group> groups) const {
  MatchCollector collector{matches, group_of, groups};
  for (const Group& group : groups) collector.open += group.wanted && !group.overflowed ? 1 : 0;
  if (!database_ || bytes.empty() || collector.open == 0) return;
  const hs_error_t code = hs_scan(database_.get(), reinterpret_cast<const char*>(bytes.data()), static_cast<unsigned>(bytes.size()), 0,
                                  scratch.get(), on_match, &collector);
  // Any other failure is a bug: arguments are ours and the scratch belongs to one thread.
  if (code != HS_SUCCESS && code != HS_SCAN_TERMINATED) throw std::logic_error("hs_scan failed with " + std::to_string(code));
}

}  // namespace landwaiter::detectors
