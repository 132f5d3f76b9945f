// SPDX-License-Identifier: Apache-2.0
#include "core/os/cgroup.hpp"

#include "tests/support/catch.hpp"

#include <string>

using namespace landwaiter;

namespace {

std::vector<std::string> folders(std::string_view memberships, std::string_view mounts) {
  std::vector<std::string> out;
  for (const ControlGroup& group : control_groups(memberships, mounts))
    out.push_back((group.unified ? "2 " : "1 ") + group.folder.string());
  return out;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("a process' groups and those above them are found", "[os][cgroup]") {
  CHECK(folders("0::/system.slice/lw.service\n", "25 30 0:22 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n") ==
        Names{"2 /sys/fs/cgroup/system.slice/lw.service", "2 /sys/fs/cgroup/system.slice", "2 /sys/fs/cgroup"});
  const std::string hybrid =
      "30 1 0:1 / / rw - ext4 /dev/sda rw\n"
      "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 master:1 - cgroup cgroup rw,cpu,cpuacct\n"
      "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
      "36 31 0:33 / /sys/fs/cgroup/devices rw,relatime - cgroup cgroup rw,devices\n";
  CHECK(folders("5:devices:/x\n4:memory:/a/b\n1:cpu,cpuacct:/\n0::/\n", hybrid) ==
        Names{"1 /sys/fs/cgroup/cpu,cpuacct", "1 /sys/fs/cgroup/memory/a/b", "1 /sys/fs/cgroup/memory/a", "1 /sys/fs/cgroup/memory"});
}

TEST_CASE("a group is found where a container sees it", "[os][cgroup]") {
  const std::string own = "35 31 0:32 /docker/abc /sys/fs/cgroup/memory\\040here ro - cgroup cgroup rw,memory\n";
  CHECK(folders("4:memory:/docker/abc\n", own) == Names{"1 /sys/fs/cgroup/memory here"});
  CHECK(folders("4:memory:/docker/abc/in\n", own) == Names{"1 /sys/fs/cgroup/memory here/in", "1 /sys/fs/cgroup/memory here"});
  CHECK(folders("4:memory:/docker/abcdef\n", own) == Names{"1 /sys/fs/cgroup/memory here"});
  CHECK(folders("0::/\n", "25 30 0:22 / /sys/fs/cgroup ro - cgroup2 cgroup rw\n") == Names{"2 /sys/fs/cgroup"});
  CHECK(folders("0::/../../x\n", "25 30 0:22 / /sys/fs/cgroup ro - cgroup2 cgroup rw\n") == Names{"2 /sys/fs/cgroup"});
}

TEST_CASE("what is no list of groups or mounts has none", "[os][cgroup]") {
  for (const char* text : {"", "\n\n", "nonsense", ":::", "4:memory", "1 2 3 - cgroup", " - cgroup2 x y"}) {
    INFO(text);
    CHECK(folders(text, text).empty());
    CHECK(folders("0::/a\n", text).empty());
  }
}

TEST_CASE("limits are read as the kernel writes them", "[os][cgroup]") {
  CHECK(memory_limit_of("117440512\n") == 117440512);
  CHECK(memory_limit_of("0\n") == 0);
  for (const char* none : {"max\n", "9223372036854771712\n", "", "-1", "12k", "99999999999999999999999"}) {
    INFO(none);
    CHECK_FALSE(memory_limit_of(none));
  }
  CHECK(cpu_limit_of("150000 100000\n") == 1.5);
  CHECK(cpu_limit_of("50000\n", "100000\n") == 0.5);
  for (const char* none : {"max 100000\n", "", "100000", "0 100000", "100000 0", "a b"}) {
    INFO(none);
    CHECK_FALSE(cpu_limit_of(none));
  }
  CHECK_FALSE(cpu_limit_of("-1\n", "100000\n"));
}
