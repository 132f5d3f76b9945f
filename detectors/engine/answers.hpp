// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/digest.hpp"
#include "core/base/work_meter.hpp"
#include "core/report/memory.hpp"

#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace landwaiter::detectors {

/// What objects of the layer at hand were read as, by their hashes, the last ones used: a copy of a certificate, a key or a keystore costs
/// its hash. Holds the findings that a reader made of the bytes alone, so they are the same for each copy; never the bytes.
class Answers {
 public:
  /// Two trust stores, with their certificates' findings of some 4 KiB.
  static constexpr std::size_t kEntriesMax = 500;
  static constexpr std::uint64_t kBytesMax = 2 * 1024 * 1024;

  void clear() {
    by_key_.clear();
    entries_.clear();
    bytes_ = 0;
  }
  /// Null if there is none. Valid until the next call.
  const std::vector<Finding>* find(const std::string& key) {
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return &found->second->findings;
  }
  void keep(std::string key, const std::vector<Finding>& findings) {
    std::uint64_t bytes = sizeof(Entry) + 2 * key.size();
    for (const Finding& finding : findings) bytes += memory_of(finding);
    if (bytes > kBytesMax / 4 || by_key_.contains(key)) return;
    entries_.push_front({std::move(key), findings, bytes});
    by_key_.emplace(entries_.front().key, entries_.begin());
    bytes_ += bytes;
    while (entries_.size() > kEntriesMax || bytes_ > kBytesMax) {
      bytes_ -= entries_.back().bytes;
      by_key_.erase(entries_.back().key);
      entries_.pop_back();
    }
  }

  /// This thread's, while a detector runs; else null.
  static Answers*& current() {
    static thread_local constinit Answers* answers = nullptr;
    return answers;
  }

 private:
  struct Entry {
    std::string key;
    std::vector<Finding> findings;
    std::uint64_t bytes = 0;
  };
  std::list<Entry> entries_;  ///< the last used first
  std::unordered_map<std::string, std::list<Entry>::iterator> by_key_;
  std::uint64_t bytes_ = 0;
};

/// Makes them the ones that this thread asks, until the end of the scope.
class AnswersScope {
 public:
  explicit AnswersScope(Answers& answers) : outer_(Answers::current()) { Answers::current() = &answers; }
  ~AnswersScope() { Answers::current() = outer_; }
  AnswersScope(const AnswersScope&) = delete;
  AnswersScope& operator=(const AnswersScope&) = delete;

 private:
  Answers* outer_;
};

/// `reader` and what else the answer depends on, such as the encoding, and the object.
inline std::string answer_key(std::string_view reader, ByteView object) {
  return Digest::sha256_of(object).str() + " " + std::string(reader);
}
/// Keeps an answer, unless it was made when the work was already spent, when it may be wrong.
inline void keep_answer(std::string key, const std::vector<Finding>& findings) {
  const WorkMeter* const work = WorkScope::current();
  if (Answers::current() != nullptr && (work == nullptr || !work->spent())) Answers::current()->keep(std::move(key), findings);
}
/// Null if nothing is known.
inline const std::vector<Finding>* known_answer(const std::string& key) {
  return Answers::current() == nullptr ? nullptr : Answers::current()->find(key);
}

/// What `read` makes of the object: findings, without occurrences, that depend on `reader` and the object alone; none if it is not one.
template <class Read>
std::vector<Finding> answer_for(std::string_view reader, ByteView object, Read read) {
  if (Answers::current() == nullptr) return read();
  std::string key = answer_key(reader, object);
  if (const auto* known = known_answer(key)) return *known;
  std::vector<Finding> findings = read();
  keep_answer(std::move(key), findings);
  return findings;
}

}  // namespace landwaiter::detectors
