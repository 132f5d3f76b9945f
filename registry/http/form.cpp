// SPDX-License-Identifier: Apache-2.0
#include "registry/http/form.hpp"

#include "registry/http/url.hpp"

#include <algorithm>

namespace landwaiter::registry {

Form& Form::add(std::string_view name, std::string_view value) {
  if (value.empty()) return *this;
  if (!text_.empty()) append("&");
  append(name);
  append("=");
  std::string encoded = percent_encoded(value);
  append(encoded);
  wipe(encoded);
  return *this;
}

/// A string that grows by itself leaves its old bytes on the heap.
void Form::append(std::string_view part) {
  if (text_.size() + part.size() > text_.capacity()) {
    std::string larger;
    larger.reserve(std::max(2 * text_.capacity(), text_.size() + part.size()));
    larger.append(text_);
    text_.swap(larger);
    wipe(larger);
  }
  text_.append(part);
}

}  // namespace landwaiter::registry
