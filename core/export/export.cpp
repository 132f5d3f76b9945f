// SPDX-License-Identifier: Apache-2.0
#include "core/export/export.hpp"

#include "core/base/clock.hpp"

#include <algorithm>
#include <charconv>
#include <tuple>

namespace landwaiter::exports {

std::string timestamp_from_epoch(std::string_view seconds) {
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(seconds.data(), seconds.data() + seconds.size(), count);
  if (seconds.empty() || error != std::errc() || end != seconds.data() + seconds.size() || count < 0 || count >= kYear10000) return {};
  return to_rfc3339(from_unix_us(count * 1'000'000));
}

std::vector<const ImageReport*> in_order(std::span<const ImageReport> images) {
  std::vector<const ImageReport*> out;
  for (const ImageReport& image : images) out.push_back(&image);
  std::ranges::stable_sort(out, [](const ImageReport* a, const ImageReport* b) {
    return std::tie(a->facts.reference, a->facts.digest) < std::tie(b->facts.reference, b->facts.digest);
  });
  return out;
}

std::string whole(DocumentWriter& writer, std::span<const ImageReport> images) {
  std::string out;
  for (const ImageReport* image : in_order(images)) out += writer.add(*image);
  return out + writer.finish();
}

std::string image_name(const ImageReport& image) {
  return image.facts.reference + (image.facts.platform.empty() ? "" : " (" + image.facts.platform + ")");
}

std::string place_text(std::string_view path, const std::vector<std::string>& archive) {
  std::string text(path);
  for (const std::string& entry : archive) text += " > " + entry;
  return text;
}

}  // namespace landwaiter::exports
