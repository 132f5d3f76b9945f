// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace landwaiter {

/// This machine's name; empty when it has none.
std::string host_name();

/// An IPv4 address in any of the forms that a resolver takes for one: "127.0.0.1", "127.1", "0x7f000001", "2130706433". In the order of
/// the machine: 0x7f000001.
std::optional<std::uint32_t> ipv4_as_resolvers_read_it(const std::string& text);

}  // namespace landwaiter
