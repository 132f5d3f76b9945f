# SPDX-License-Identifier: Apache-2.0
"""Programs in a control group that gives them only so much memory, and no swap."""
import os
import re
import unittest
from dataclasses import dataclass

from . import process

_V1, _V2 = "/sys/fs/cgroup/memory", "/sys/fs/cgroup"


@dataclass
class Confined:
    """How a command ended in its group; `killed` by the kernel if it used more than it may."""

    code: int
    out: str
    err: str
    killed: bool


def _read(*path):
    try:
        with open(os.path.join(*path), encoding="ascii") as file:
            return file.read()
    except OSError:
        return ""


def _write(text, *path):
    with open(os.path.join(*path), "w", encoding="ascii") as file:
        file.write(str(text))


def _own(pattern):
    """The folders of this process' group and of those above it."""
    found = re.search(pattern, _read("/proc/self/cgroup"), re.MULTILINE)
    path = found.group(1).strip("/") if found else ""
    while path:
        yield path
        path = os.path.dirname(path)
    yield ""


def _make_group(mib):
    """A new group with its limit, or None where none can be made."""
    name = f"landwaiter-test-{os.getpid()}"
    places = [(_V1, "memory.limit_in_bytes", path) for path in _own(r"^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(.*)$")]
    places += [(_V2, "memory.max", path) for path in _own(r"^0::(.*)$")]
    for mount, limit, path in places:
        group = os.path.join(mount, path, name)
        try:
            os.mkdir(group)
        except OSError:
            continue
        try:
            _write(mib << 20, group, limit)
            for swap, value in (("memory.swap.max", 0), ("memory.memsw.limit_in_bytes", mib << 20)):
                if os.path.exists(os.path.join(group, swap)):
                    _write(value, group, swap)
            return group
        except OSError:
            os.rmdir(group)
    return None


def in_memory_cgroup(mib, command, folder, timeout_s=300.0):
    """Runs a command to its end with `mib` MiB of memory for it and all its children. Skips the test where no group can be made."""
    group = _make_group(mib)
    if group is None:
        raise unittest.SkipTest("no control group for memory can be made here (it takes root, or a delegated group)")
    try:
        joined = ["sh", "-c", 'echo $$ > "$0/cgroup.procs" && exec "$@"', group, *command]
        done = process.run(joined, folder, timeout_s=timeout_s)
        events = _read(group, "memory.events") + _read(group, "memory.oom_control")
        killed = any(int(count) > 0 for count in re.findall(r"^oom_kill (\d+)$", events, re.MULTILINE))
        return Confined(done.code, done.out, done.err, killed)
    finally:
        process.wait_for(lambda: _removed(group), f"the end of what runs in {group}", 10)


def _removed(group):
    try:
        os.rmdir(group)
    except OSError:
        return False
    return True
