// SPDX-License-Identifier: Apache-2.0
// What parses prints as text that parses to the same reference, and never leaves the grammar of its parts.
#include "registry/client/reference.hpp"
#include "registry/http/host.hpp"

#include <cstdint>
#include <cstdlib>

using namespace landwaiter::registry;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  auto first = Reference::parse(text);
  if (!first) {
    if (first.error().message().empty()) std::abort();
    return 0;
  }
  if (!is_host(first->host) || !is_repository_name(first->repository)) std::abort();
  if (first->tag.empty() ? first->digest.empty() : !is_tag(first->tag)) std::abort();
  auto second = Reference::parse(first->str());
  if (!second || second->host != first->host || second->repository != first->repository || second->tag != first->tag ||
      second->digest != first->digest) {
    std::abort();
  }
  return 0;
}
