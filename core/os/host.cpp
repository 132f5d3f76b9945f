// SPDX-License-Identifier: Apache-2.0
#include "core/os/host.hpp"

#include <arpa/inet.h>
#include <unistd.h>

#include <array>

namespace landwaiter {

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return {};
  return name.data();
}

std::optional<std::uint32_t> ipv4_as_resolvers_read_it(const std::string& text) {
  in_addr address{};
  if (::inet_aton(text.c_str(), &address) == 0) return std::nullopt;
  return ntohl(address.s_addr);
}

}  // namespace landwaiter
