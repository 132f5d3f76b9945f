// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <iterator>
#include <ranges>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace landwaiter {

/// A list of texts in one piece of memory, for hundreds of thousands of short ones: each costs four bytes beside itself. Together they have
/// less than 4 GiB. Views and iterators are valid until the list changes.
class TextList {
 public:
  class Iterator {
   public:
    using iterator_concept = std::random_access_iterator_tag;
    using iterator_category = std::input_iterator_tag;
    using value_type = std::string_view;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = std::string_view;

    Iterator() = default;
    Iterator(const TextList* list, std::size_t at) : list_(list), at_(static_cast<std::ptrdiff_t>(at)) {}
    std::string_view operator*() const { return (*list_)[static_cast<std::size_t>(at_)]; }
    std::string_view operator[](std::ptrdiff_t by) const { return *(*this + by); }
    Iterator& operator+=(std::ptrdiff_t by) {
      at_ += by;
      return *this;
    }
    Iterator& operator-=(std::ptrdiff_t by) { return *this += -by; }
    Iterator& operator++() { return *this += 1; }
    Iterator& operator--() { return *this -= 1; }
    Iterator operator++(int) { return std::exchange(*this, *this + 1); }
    Iterator operator--(int) { return std::exchange(*this, *this - 1); }
    friend Iterator operator+(Iterator it, std::ptrdiff_t by) { return it += by; }
    friend Iterator operator+(std::ptrdiff_t by, Iterator it) { return it += by; }
    friend Iterator operator-(Iterator it, std::ptrdiff_t by) { return it -= by; }
    friend std::ptrdiff_t operator-(const Iterator& a, const Iterator& b) { return a.at_ - b.at_; }
    bool operator==(const Iterator& other) const { return at_ == other.at_; }
    auto operator<=>(const Iterator& other) const { return at_ <=> other.at_; }

   private:
    const TextList* list_ = nullptr;
    std::ptrdiff_t at_ = 0;
  };
  using const_iterator = Iterator;
  using value_type = std::string_view;

  TextList() = default;
  TextList(std::initializer_list<std::string_view> texts) {
    for (const std::string_view text : texts) push_back(text);
  }

  void push_back(std::string_view text) {
    bytes_ += text;
    ends_.push_back(static_cast<std::uint32_t>(bytes_.size()));
  }
  void clear() {
    bytes_.clear();
    ends_.clear();
  }
  /// Keeps the texts of which `wanted(index, text)` is true, in their order and where they are.
  template <class Wanted>
  void keep_if(Wanted wanted) {
    std::size_t count = 0;
    std::size_t kept = 0;
    std::size_t begin = 0;
    for (std::size_t i = 0; i < ends_.size(); ++i) {
      const std::size_t length = ends_[i] - begin;
      if (wanted(i, std::string_view(bytes_).substr(begin, length))) {
        std::memmove(bytes_.data() + kept, bytes_.data() + begin, length);
        kept += length;
        ends_[count++] = static_cast<std::uint32_t>(kept);
      }
      begin += length;
    }
    bytes_.resize(kept);
    ends_.resize(count);
  }

  std::size_t size() const { return ends_.size(); }
  bool empty() const { return ends_.empty(); }
  std::string_view operator[](std::size_t index) const {
    const std::size_t begin = index == 0 ? 0 : ends_[index - 1];
    return std::string_view(bytes_).substr(begin, ends_[index] - begin);
  }
  std::string_view front() const { return (*this)[0]; }
  std::string_view back() const { return (*this)[size() - 1]; }
  Iterator begin() const { return {this, 0}; }
  Iterator end() const { return {this, size()}; }

  std::vector<std::string> strings() const {
    std::vector<std::string> out;
    out.reserve(size());
    for (const std::string_view text : *this) out.emplace_back(text);
    return out;
  }

  template <std::ranges::input_range Range>
  bool operator==(const Range& other) const {
    return std::ranges::equal(*this, other);
  }

 private:
  std::string bytes_;
  std::vector<std::uint32_t> ends_;
};

}  // namespace landwaiter
