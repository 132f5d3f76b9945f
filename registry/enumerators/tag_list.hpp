// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/digest.hpp"
#include "core/base/text_list.hpp"

#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

namespace landwaiter::registry {

/// A tag as listed by the registry. Everything except the name may be empty.
struct TagEntry {
  std::string tag;
  Digest digest;       ///< of the manifest or index that the tag names; a hint, to be verified against the manifest's body
  std::string pushed;  ///< RFC 3339 in UTC: when it was pushed, according to the registry
};

/// Tags in the order of their list. Those of which only the names are known are in little more memory than these: such a list may be long.
class TagList {
 public:
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = TagEntry;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = TagEntry;

    Iterator(const TagList* list, std::size_t at) : list_(list), at_(at) {}
    TagEntry operator*() const { return (*list_)[at_]; }
    Iterator& operator++() {
      ++at_;
      return *this;
    }
    Iterator operator++(int) { return std::exchange(*this, Iterator(list_, at_ + 1)); }
    bool operator==(const Iterator& other) const { return at_ == other.at_; }

   private:
    const TagList* list_;
    std::size_t at_;
  };
  using const_iterator = Iterator;

  TagList() = default;
  explicit TagList(TextList names) : names_(std::move(names)) {}
  TagList(std::initializer_list<TagEntry> entries) {
    for (const TagEntry& entry : entries) push_back(entry);
  }

  void push_back(TagEntry entry) {
    names_.push_back(entry.tag);
    if (!entry.digest.empty() || !entry.pushed.empty()) know(size() - 1) = {std::move(entry.digest), std::move(entry.pushed)};
  }
  void set_pushed(std::size_t index, std::string pushed) { know(index).pushed = std::move(pushed); }

  std::size_t size() const { return names_.size(); }
  bool empty() const { return names_.empty(); }
  const TextList& names() const { return names_; }
  TagEntry operator[](std::size_t index) const {
    const Known& known = index < known_.size() ? known_[index] : kNothing;
    return {std::string(names_[index]), known.digest, known.pushed};
  }
  TagEntry front() const { return (*this)[0]; }
  Iterator begin() const { return {this, 0}; }
  Iterator end() const { return {this, size()}; }

 private:
  struct Known {
    Digest digest;
    std::string pushed;
  };
  Known& know(std::size_t index) {
    if (known_.size() <= index) known_.resize(index + 1);
    return known_[index];
  }

  static inline const Known kNothing{};

  TextList names_;
  std::vector<Known> known_;  ///< of the first tags
};

}  // namespace landwaiter::registry
