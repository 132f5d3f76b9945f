// SPDX-License-Identifier: Apache-2.0
#include "core/base/json_reader.hpp"

#include "core/base/work_meter.hpp"

#include <iterator>
#include <string>
#include <vector>

namespace landwaiter {
namespace {

using nlohmann::json;

/// Goes over the text and tells how far the parser is, which its own interface does not.
class Cursor {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  Cursor(const char* at, const char** reached) : at_(at), reached_(reached) {}
  reference operator*() const { return *at_; }
  Cursor& operator++() {
    *reached_ = ++at_;
    return *this;
  }
  Cursor operator++(int) {
    Cursor before = *this;
    ++*this;
    return before;
  }
  bool operator==(const Cursor& other) const { return at_ == other.at_; }

 private:
  const char* at_;
  const char** reached_;
};

/// Builds the document by a stack of the containers that are open. nlohmann's own builder looks at all siblings after each value if
/// it is given a callback, and without one nothing can stop it.
class TreeBuilder {
 public:
  TreeBuilder(const JsonLimits& limits, JsonCost& cost) : limits_(limits), cost_(cost) {}

  bool null() { return add(nullptr) != nullptr; }
  bool boolean(bool value) { return add(value) != nullptr; }
  bool number_integer(json::number_integer_t value) { return add(value) != nullptr; }
  bool number_unsigned(json::number_unsigned_t value) { return add(value) != nullptr; }
  bool number_float(json::number_float_t value, const std::string&) { return add(value) != nullptr; }
  bool string(std::string& value) { return add(std::move(value)) != nullptr; }
  bool binary(json::binary_t&) { return false; }
  bool start_object(std::size_t) { return open(json::value_t::object); }
  bool start_array(std::size_t) { return open(json::value_t::array); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool key(std::string& name) {
    ++cost_.steps;
    member_ = &open_.back()->get_ref<json::object_t&>()[std::move(name)];
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const json::exception&) { return false; }

  /// The limit that stopped the reading; empty if none did.
  const std::string& exceeded() const { return exceeded_; }
  json take() { return std::move(root_); }

 private:
  json* add(json value) {
    ++cost_.steps;
    if (++cost_.nodes > limits_.nodes) {
      exceeded_ = "has more than " + std::to_string(limits_.nodes) + " values";
      return nullptr;
    }
    json* const place = open_.empty()              ? &root_
                        : open_.back()->is_array() ? &open_.back()->get_ref<json::array_t&>().emplace_back()
                                                   : member_;
    *place = std::move(value);
    return place;
  }
  bool open(json::value_t kind) {
    if (open_.size() >= limits_.depth) {
      exceeded_ = "is nested too deep";
      return false;
    }
    json* const place = add(json(kind));
    if (place != nullptr) open_.push_back(place);
    return place != nullptr;
  }
  bool close() {
    ++cost_.steps;
    open_.pop_back();
    return true;
  }

  const JsonLimits& limits_;
  JsonCost& cost_;
  json root_;
  std::vector<json*> open_;  ///< a list does not grow while something in it is open, so these stay valid
  json* member_ = nullptr;   ///< where the value of the last key belongs
  std::string exceeded_;
};

}  // namespace

Result<json> parse_json(std::string_view text, std::string_view what, const JsonLimits& limits, JsonCost* cost) {
  if (text.size() > limits.bytes) {
    return Error(ErrorCode::limit_exceeded, std::string(what) + " has more than " + std::to_string(limits.bytes) + " bytes");
  }
  constexpr std::uint64_t kUnitsPerByte = 30;
  if (!charge_work(kUnitsPerByte * text.size())) return Error(ErrorCode::limit_exceeded, std::string(what) + " is too much work");
  JsonCost counted;
  TreeBuilder builder(limits, cost != nullptr ? *cost : counted);
  const char* reached = text.data();
  const bool whole = json::sax_parse(Cursor(text.data(), &reached), Cursor(text.data() + text.size(), &reached), &builder);
  if (whole) return builder.take();
  if (builder.exceeded().empty()) return Error(ErrorCode::malformed, std::string(what) + " is not valid JSON");
  return Error(ErrorCode::limit_exceeded,
               std::string(what) + ' ' + builder.exceeded() + ", at byte " + std::to_string(reached - text.data()));
}

std::size_t count_nodes(const json& value) {
  std::size_t nodes = 1;
  if (value.is_structured()) {
    for (const json& inner : value) nodes += count_nodes(inner);
  }
  return nodes;
}

}  // namespace landwaiter
