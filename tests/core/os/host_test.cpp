// SPDX-License-Identifier: Apache-2.0
#include "core/os/host.hpp"

#include "core/os/terminal.hpp"
#include "tests/support/catch.hpp"

#include <filesystem>
#include <fstream>

using namespace landwaiter;

TEST_CASE("the host has the name that the kernel knows", "[os]") {
  std::string known;
  std::getline(std::ifstream("/proc/sys/kernel/hostname"), known);
  CHECK(host_name() == known);
}

TEST_CASE("an IPv4 address is known in whatever form a resolver takes", "[os]") {
  for (const char* text : {"127.0.0.1", "127.1", "0x7f000001", "2130706433", "0177.0.0.01"}) {
    INFO(text);
    CHECK(ipv4_as_resolvers_read_it(text) == 0x7f000001);
  }
  for (const char* text : {"", "localhost", "::1", "1.2.3.4.5", "256.1.1.1", "registry.example"}) {
    INFO(text);
    CHECK_FALSE(ipv4_as_resolvers_read_it(text));
  }
}

TEST_CASE("what is no terminal has no width", "[os]") {
  for (const auto stream : {StandardStream::output, StandardStream::error}) {
    CHECK((is_terminal(stream) || !terminal_columns(stream)));
  }
}
