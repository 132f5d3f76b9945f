// SPDX-License-Identifier: Apache-2.0
#include "registry/client/media_types.hpp"

#include <algorithm>

namespace landwaiter::registry::media_types {
namespace {

constexpr std::size_t kShownMax = 127;

bool is_name(std::string_view text) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && std::string_view("!#$&-^_.+").find(c) != std::string_view::npos);
  };
  return !text.empty() && std::ranges::all_of(text, allowed);
}

}  // namespace

std::string shown(std::string_view media_type) {
  const std::size_t slash = media_type.find('/');
  const bool valid = media_type.size() <= kShownMax && slash != std::string_view::npos && is_name(media_type.substr(0, slash)) &&
                     is_name(media_type.substr(slash + 1));
  return valid ? std::string(media_type) : "an invalid media type";
}

}  // namespace landwaiter::registry::media_types
