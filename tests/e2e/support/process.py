# SPDX-License-Identifier: Apache-2.0
"""Programs under test: started in folders of their own, with their output kept, and ended with the test whatever happens."""
import ctypes
import json
import os
import re
import signal
import subprocess
import threading
import time
from dataclasses import dataclass

# Limits on waiting only end what hangs. They are meant for an idle machine and grow by this factor on a busy or slow one.
PATIENCE = float(os.environ.get("LANDWAITER_TEST_PATIENCE", "1"))

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)


def _die_with_parent():
    """In the child: no program outlives a test that is killed."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


class Failure(AssertionError):
    """Something that the test waited for did not come."""


def wait_for(condition, what, timeout_s=30.0, every_s=0.05):
    """Calls `condition` until its result is true, and returns that."""
    timeout_s *= PATIENCE
    deadline = time.monotonic() + timeout_s
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise Failure(f"{what} did not come within {timeout_s:g} s")
        time.sleep(every_s)


def clean_environment(folder, extra=None):
    """Of the caller's environment only what cannot lead a program to the caller's files, credentials or proxies."""
    keep = ("PATH", "LD_LIBRARY_PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS")
    environment = {name: os.environ[name] for name in keep if name in os.environ}
    for name in ("home", "tmp"):
        os.makedirs(os.path.join(folder, name), exist_ok=True)
    environment.update(HOME=os.path.join(folder, "home"), TMPDIR=os.path.join(folder, "tmp"), LANG="C.UTF-8")
    environment.update(extra or {})
    return environment


@dataclass
class Completed:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


def run(argv, folder, stdin="", env=None, cwd=None, timeout_s=120.0):
    """Runs a command to its end."""
    done = subprocess.run(
        [str(part) for part in argv], input=stdin.encode(), capture_output=True, check=False, timeout=timeout_s * PATIENCE,
        env=clean_environment(folder, env), cwd=cwd or folder)
    return Completed(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))


def tool(argv, folder, stdin=b"", cwd=None):
    """Runs a tool that must succeed, and returns what it printed, as bytes."""
    done = subprocess.run([str(part) for part in argv], input=stdin, capture_output=True, check=False, timeout=300 * PATIENCE,
                          env=clean_environment(folder), cwd=cwd or folder)
    if done.returncode != 0:
        raise Failure(f"{' '.join(map(str, argv))} ended with {done.returncode}:\n{done.stderr.decode(errors='replace')}")
    return done.stdout


class Process:
    """A program that runs beside the test. Its output is appended to <folder>/<name>.out and .err over all its lives."""

    def __init__(self, name, argv, folder, env=None, cwd=None):
        self.name = name
        self.argv = [str(part) for part in argv]
        self.folder = folder
        self.env = env
        self.cwd = cwd or folder
        self.out_path = os.path.join(folder, name + ".out")
        self.err_path = os.path.join(folder, name + ".err")
        self._popen = None
        self._out_start = 0

    def start(self):
        assert not self.running, f"{self.name} runs already"
        with open(self.out_path, "ab") as out, open(self.err_path, "ab") as err:
            self._out_start = out.tell()
            self._popen = subprocess.Popen(
                self.argv, stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd=self.cwd,
                env=clean_environment(self.folder, self.env), preexec_fn=_die_with_parent)
        return self

    @property
    def pid(self):
        return self._popen.pid

    @property
    def running(self):
        return self._popen is not None and self._popen.poll() is None

    @property
    def code(self):
        """The exit code; negative for a signal; None while it runs."""
        return self._popen.poll()

    def out(self):
        """What this life of the program printed on standard output."""
        with open(self.out_path, "rb") as file:
            file.seek(self._out_start)
            return file.read().decode(errors="replace")

    def err(self):
        with open(self.err_path, "rb") as file:
            return file.read().decode(errors="replace")

    def wait_for_output(self, pattern, timeout_s=30.0, where=None):
        """The match of `pattern` in standard output, or what `where()` gives."""
        where = where or self.out
        found = None

        def look():
            nonlocal found
            found = re.search(pattern, where())
            if not found and not self.running:
                raise Failure(f"{self.name} ended with {self.code} before it printed {pattern!r}:\n{self.tail()}")
            return found

        wait_for(look, f"{pattern!r} from {self.name}", timeout_s)
        return found

    def tail(self, lines=30, without=None):
        """Its last words, for a failure's text; lines that match `without` are left out."""
        text = (self.out() + "\n" + self.err()).strip().splitlines()
        return "\n".join([line for line in text if not (without and re.search(without, line))][-lines:])

    def send(self, number):
        self._popen.send_signal(number)

    def wait(self, timeout_s=60.0):
        try:
            return self._popen.wait(timeout_s * PATIENCE)
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.name} did not end within {timeout_s * PATIENCE:g} s:\n{self.tail()}") from None

    def stop(self, timeout_s=60.0):
        """Asks it to end (SIGTERM) and returns its exit code."""
        if self.running:
            self.send(signal.SIGTERM)
        return self.wait(timeout_s)

    def kill(self):
        """kill -9."""
        if self._popen is not None and self._popen.poll() is None:
            self._popen.kill()
            self._popen.wait()


def descendants(pid):
    """Process numbers of a process's children, their children and so on; without those that have ended."""
    children = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", encoding="ascii", errors="replace") as stat:
                state, parent = stat.read().rpartition(")")[2].split()[:2]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if state != "Z":
            children.setdefault(int(parent), []).append(int(name))
    found = list(children.get(pid, []))
    for child in found:
        found += children.get(child, [])
    return found


class Watch:
    """Watches a process and those that it starts from outside, all its life: peak memory of all together (what they share counts once), and
    the files that they hold open for writing."""

    def __init__(self, process, every_s=0.02):
        self.memory_max_bytes = 0
        self.written_files = set()
        self._storage_bytes = {}
        self._pid = process.pid
        self._every_s = every_s
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def storage_bytes(self):
        return sum(self._storage_bytes.values())

    def join(self):
        self._thread.join()
        return self

    def _run(self):
        while self._sample():
            time.sleep(self._every_s)

    def _sample(self):
        memory = [self._sample_process(pid) for pid in [self._pid, *descendants(self._pid)]]
        if memory[0] is None:
            return False  # it has ended and is not yet waited for
        self.memory_max_bytes = max(self.memory_max_bytes, sum(filter(None, memory)))
        return True

    def _sample_process(self, pid):
        """Its share of memory in bytes; None when it is gone."""
        try:
            with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as rollup:
                share = re.search(r"\nPss:\s*(\d+) kB", rollup.read())
            with open(f"/proc/{pid}/io", encoding="ascii") as io:
                self._storage_bytes[pid] = int(re.search(r"\nwrite_bytes: (\d+)", io.read()).group(1))
            self._sample_files(pid)
            return int(share.group(1)) * 1024 if share else None
        except (FileNotFoundError, ProcessLookupError):
            return None

    def _sample_files(self, pid):
        for fd in os.listdir(f"/proc/{pid}/fd"):
            try:
                target = os.readlink(f"/proc/{pid}/fd/{fd}")
                with open(f"/proc/{pid}/fdinfo/{fd}", encoding="ascii") as info:
                    flags = int(re.search(r"flags:\s*(\d+)", info.read()).group(1), 8)
            except (FileNotFoundError, ProcessLookupError):
                continue  # closed meanwhile
            # Memory that processes share looks like a file that is deleted.
            if target.startswith("/") and not target.startswith(("/dev/", "/memfd:")) and flags & os.O_ACCMODE != os.O_RDONLY:
                self.written_files.add(target)
