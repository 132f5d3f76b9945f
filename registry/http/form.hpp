// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/secret.hpp"

#include <string>
#include <string_view>

namespace landwaiter::registry {

/// Fields in application/x-www-form-urlencoded form, for a body or a query. They may be credentials: no copy remains in memory.
class Form {
 public:
  Form() = default;
  ~Form() { wipe(text_); }
  Form(const Form&) = delete;
  Form& operator=(const Form&) = delete;

  /// An empty value is omitted.
  Form& add(std::string_view name, std::string_view value);
  const std::string& text() const { return text_; }
  Secret secret() const { return Secret(text_); }

 private:
  void append(std::string_view part);
  std::string text_;
};

}  // namespace landwaiter::registry
