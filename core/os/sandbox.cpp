// SPDX-License-Identifier: Apache-2.0
#include "core/os/sandbox.hpp"

#include "core/os/file_descriptor.hpp"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <malloc.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <initializer_list>

namespace landwaiter {
namespace {

struct Memory {
  std::uint64_t mapped_bytes = 0;
  std::uint64_t data_bytes = 0;  ///< private, writable mappings and stack, without what the heap holds in reserve
};

/// What the process has (proc(5), statm).
Result<Memory> memory_now() {
  std::FILE* const file = std::fopen("/proc/self/statm", "re");
  unsigned long long mapped = 0, data = 0;  // NOLINT: as scanf wants it
  const bool read = file != nullptr && std::fscanf(file, "%llu %*u %*u %*u %*u %llu", &mapped, &data) == 2;
  if (file != nullptr) std::fclose(file);
  if (!read) return Error(ErrorCode::io, "cannot read how much memory this process has");
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return Memory{mapped * page, data * page - ::mallinfo2().fordblks};
}

/// Never above what was allowed before.
bool limit(__rlimit_resource what, std::uint64_t most) {
  rlimit before{};
  if (::getrlimit(what, &before) != 0) return false;
  most = std::min<std::uint64_t>(most, before.rlim_max);
  // At the second limit of CPU time the process is killed like by anybody; the first has a signal of its own.
  const std::uint64_t last = what == RLIMIT_CPU ? std::min<std::uint64_t>(most + 1, before.rlim_max) : most;
  const rlimit bound{static_cast<rlim_t>(most), static_cast<rlim_t>(last)};
  return ::setrlimit(what, &bound) == 0;
}

/// Memory, waiting, time, random numbers, the connection that is there, and to end.
bool add_rules(scmp_filter_ctx filter) {
  const std::initializer_list<int> allowed{SCMP_SYS(read),
                                           SCMP_SYS(write),
                                           SCMP_SYS(sendto),
                                           SCMP_SYS(futex),
                                           SCMP_SYS(munmap),
                                           SCMP_SYS(mremap),
                                           SCMP_SYS(brk),
                                           SCMP_SYS(madvise),
                                           SCMP_SYS(exit),
                                           SCMP_SYS(exit_group),
                                           SCMP_SYS(rt_sigreturn),
                                           SCMP_SYS(getpid),
                                           SCMP_SYS(clock_gettime),
                                           SCMP_SYS(clock_getres),
                                           SCMP_SYS(gettimeofday),
                                           SCMP_SYS(time),
                                           SCMP_SYS(gettid),
                                           SCMP_SYS(getrandom),
                                           SCMP_SYS(restart_syscall),
                                           SCMP_SYS(rt_sigprocmask),
                                           SCMP_SYS(sched_yield),
                                           SCMP_SYS(sysinfo)};
  bool added = true;
  for (const int call : allowed) added = added && ::seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0) == 0;
  // No memory that can be executed: the third argument says what it is for. And none that the limit of data does not count.
  constexpr scmp_datum_t kUncounted = MAP_SHARED | MAP_GROWSDOWN | MAP_HUGETLB;
  const scmp_arg_cmp not_code{.arg = 2, .op = SCMP_CMP_MASKED_EQ, .datum_a = PROT_EXEC, .datum_b = 0};
  const scmp_arg_cmp counted{.arg = 3, .op = SCMP_CMP_MASKED_EQ, .datum_a = kUncounted, .datum_b = 0};
  added = added && ::seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2, not_code, counted) == 0;
  added = added && ::seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, not_code) == 0;
  return added;
}

static_assert(sizeof(SystemCallRule) == sizeof(sock_filter) && alignof(SystemCallRule) == alignof(sock_filter));

}  // namespace

Result<Sandbox> Sandbox::prepare() {
  const Error failed(ErrorCode::io, "cannot make a filter for system calls");
  const scmp_filter_ctx filter = ::seccomp_init(SCMP_ACT_ERRNO(EPERM));
  // The library writes to files only.
  const FileDescriptor file(::memfd_create("rules", MFD_CLOEXEC));
  const bool written = filter != nullptr && add_rules(filter) && file.valid() && ::seccomp_export_bpf(filter, file.number()) == 0;
  if (filter != nullptr) ::seccomp_release(filter);
  struct stat exported {};
  if (!written || ::fstat(file.number(), &exported) != 0) return failed;
  Sandbox sandbox;
  sandbox.rules_.resize(static_cast<std::size_t>(exported.st_size) / sizeof(SystemCallRule));
  const ssize_t size = ::pread(file.number(), sandbox.rules_.data(), sandbox.rules_.size() * sizeof(SystemCallRule), 0);
  if (size != exported.st_size || sandbox.rules_.empty()) return failed;
  return sandbox;
}

bool Sandbox::filters_system_calls() {
  // seccomp(2): with no filter this fails, but as a bad address only where there are filters.
  return ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, nullptr) == 0 || errno == EFAULT;
}

Result<void> Sandbox::enter(const SandboxLimits& limits) const {
  const auto has = memory_now();
  if (!has) return has.error();
  // Code, stack and mappings of files come to some MiB more.
  constexpr std::uint64_t kOtherBytes = 64ULL << 20U;
  const bool limited = limit(RLIMIT_DATA, has->data_bytes + limits.memory_bytes_max) &&
                       limit(RLIMIT_AS, has->mapped_bytes + limits.memory_bytes_max + kOtherBytes) &&
                       limit(RLIMIT_CPU, static_cast<std::uint64_t>(limits.cpu_time_max.count())) && limit(RLIMIT_CORE, 0) &&
                       limit(RLIMIT_FSIZE, 0) && limit(RLIMIT_NPROC, 0) && limit(RLIMIT_NOFILE, 0);
  if (!limited) return Error(ErrorCode::io, "cannot limit this process");
  std::vector<SystemCallRule> rules = rules_;
  const sock_fprog program{static_cast<unsigned short>(rules.size()), reinterpret_cast<sock_filter*>(rules.data())};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return Error(ErrorCode::io, "cannot give up privileges");
  if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0 && filters_system_calls()) {
    return Error(ErrorCode::io, "cannot filter the system calls of this process");
  }
  return {};
}

void prefer_to_be_killed() {
  const int file = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (file < 0) return;
  static_cast<void>(!::write(file, "500", 3));
  ::close(file);
}

}  // namespace landwaiter
