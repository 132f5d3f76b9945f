// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/report/attributes.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace landwaiter::assets {

/// Both directions between a struct of an asset and its JSON, of one list of its fields:
///
///     template <class Token, class Fields>
///     void visit(Token& token, Fields fields) {
///       fields(attribute::format, token.format);
///       fields.or_null(attribute::issuer, token.issuer);
///     }
///
/// visit(token, FieldWriter(attributes)) adds the fields to an object, visit(token, FieldReader(attributes)) reads them. A plain call
/// writes the value as it is, or_null() writes null for an empty one, if_any() leaves an empty one out. To the reader they are the same:
/// attributes come from outside as well, so that what is missing or of another type leaves the field as it was, and nothing throws.
class FieldWriter {
 public:
  explicit FieldWriter(nlohmann::json& object) : object_(object) {}

  template <class T>
  void operator()(const char* name, const T& value) {
    object_[name] = value;
  }
  template <class T>
  void or_null(const char* name, const T& value) {
    if (is_empty(value)) object_[name] = nullptr;
    else object_[name] = content(value);
  }
  template <class T>
  void if_any(const char* name, const T& value) {
    if (!is_empty(value)) object_[name] = content(value);
  }

 private:
  static bool is_empty(const std::string& value) { return value.empty(); }
  static bool is_empty(const std::vector<std::string>& value) { return value.empty(); }
  static bool is_empty(std::uint64_t value) { return value == 0; }
  template <class T>
  static bool is_empty(const std::optional<T>& value) {
    return !value.has_value();
  }

  template <class T>
  static const T& content(const T& value) {
    return value;
  }
  template <class T>
  static const T& content(const std::optional<T>& value) {
    return *value;
  }

  nlohmann::json& object_;
};

class FieldReader {
 public:
  explicit FieldReader(const nlohmann::json& object) : object_(object) {}

  void operator()(const char* name, std::string& value) const { value = text_attribute(object_, name); }
  void operator()(const char* name, bool& value) const { value = flag_attribute(object_, name); }
  void operator()(const char* name, std::uint64_t& value) const { value = count_attribute(object_, name).value_or(0); }
  void operator()(const char* name, std::vector<std::string>& value) const { value = texts_attribute(object_, name); }
  void operator()(const char* name, std::optional<bool>& value) const;
  void operator()(const char* name, std::optional<std::uint64_t>& value) const { value = count_attribute(object_, name); }
  void operator()(const char* name, nlohmann::json& value) const;
  template <class T>
  void or_null(const char* name, T& value) const {
    (*this)(name, value);
  }
  template <class T>
  void if_any(const char* name, T& value) const {
    (*this)(name, value);
  }

 private:
  const nlohmann::json& object_;
};

/// The member, or null if `object` is not an object or does not have it.
const nlohmann::json& member_or_null(const nlohmann::json& object, const char* name);

}  // namespace landwaiter::assets
