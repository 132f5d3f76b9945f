// SPDX-License-Identifier: Apache-2.0
// What is read out of a registry's headers keeps its promises: waits are never negative, ranges lie in their total, links and challenges
// are parts of what was sent, and a host covered by a no-proxy list is so in any case of its letters and with the root's dot.
#include "core/base/text.hpp"
#include "registry/http/http_headers.hpp"
#include "registry/http/proxy.hpp"

#include <cstdint>
#include <cstdlib>

using namespace landwaiter;
using namespace landwaiter::registry;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

std::string upper(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

void check_no_proxy(std::string_view list, const std::string& host) {
  const NoProxy rules(list);
  const bool covered = rules.covers(host, "443");
  require(rules.covers(upper(host), "443") == covered);
  if (!host.empty() && !host.ends_with('.')) require(rules.covers(host + '.', "443") == covered);
  require(NoProxy(std::string(list) + ",*").covers(host, "443"));
  // More entries never cover less.
  if (covered) require(NoProxy(std::string(list) + ",x.example,10.0.0.0/8").covers(host, "443"));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const SystemTime now = *from_rfc3339("2025-01-01T00:00:00Z");
  for (const auto& wait : {parse_retry_after(text, now), retry_hint(text), retry_hint("retry-after: " + text)}) {
    if (wait) require(wait->count() >= 0);
  }
  if (const auto limit = parse_rate_limit(text)) require(limit->window.count() >= 0);
  if (const auto range = parse_content_range(text)) require(range->first <= range->last && range->last < range->total);
  const auto link = next_link({text});
  require(text.find(link.target) != std::string::npos);
  for (const Challenge& challenge : parse_challenges({text})) {
    require(!challenge.scheme.empty() && to_lower(text).find(challenge.scheme) != std::string::npos);
    for (const auto& [name, value] : challenge.parameters) require(!name.empty() && value.size() <= size);
  }
  const std::size_t split = text.find('\n');
  if (split != std::string::npos) check_no_proxy(std::string_view(text).substr(split + 1), text.substr(0, split));
  static_cast<void>(Proxy::parse(Secret(text)));
  return 0;
}
