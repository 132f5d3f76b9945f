#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a person sees in a terminal while a command runs: no redraw is wider than it, and nothing is left over, also if it is resized."""
import fcntl
import os
import pty
import re
import select
import struct
import sys
import termios
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support import images
from support.case import EndToEndCase, main, program
from support.slow_proxy import SlowProxy


class Screen:
    """What a terminal shows, as far as the program uses one: text, line ends, "\\r", erasing, colors. It wraps again when it is resized,
    as most do, and the cursor stays with its character."""

    def __init__(self, columns):
        self.columns = columns
        self.lines = [""]  # before wrapping; the cursor is in the last
        self.cursor = 0
        self._rest = ""

    def feed(self, text):
        for part in re.findall(r"\x1b\[[0-9;]*[A-Za-z]|\r|\n|[^\x1b\r\n]+|\x1b", self._rest + text):
            self._rest = ""
            if part == "\r":
                # To the beginning of the row, not of the line.
                self.cursor -= self.cursor % self.columns
            elif part == "\n":
                self.lines.append("")
                self.cursor = 0
            elif part == "\x1b[J" or part == "\x1b[K":
                self.lines[-1] = self.lines[-1][:self.cursor]
            elif part.startswith("\x1b["):
                assert part.endswith("m"), repr(part)
            elif part.startswith("\x1b"):
                self._rest = part
            else:
                line = self.lines[-1].ljust(self.cursor)
                self.lines[-1] = line[:self.cursor] + part + line[self.cursor + len(part):]
                self.cursor += len(part)


class Terminal:
    """A program whose standard error, and with `output` its standard output, is a terminal."""

    def __init__(self, args, folder, columns, output=False):
        self.screen = Screen(columns)
        self.redraws = []  # the columns at the time, and what was written
        self._master, slave = pty.openpty()
        self.resize(columns)
        self._pid = os.fork()
        if self._pid == 0:
            os.dup2(slave, 2)
            os.dup2(slave if output else os.open(os.path.join(folder, "stdout"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 1)
            os.closerange(3, 100)
            environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
            os.execve(args[0], args, {**environment, "HOME": folder, "TERM": "xterm"})
        os.close(slave)

    def resize(self, columns):
        self.screen.columns = columns
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    def read(self, seconds):
        """False at the end."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if not select.select([self._master], [], [], left)[0]:
                break
            try:
                text = os.read(self._master, 65536).decode()
            except OSError:
                return False
            if not text:
                return False
            self.redraws.append((self.screen.columns, text))
            self.screen.feed(text)
        return True

    def finish(self):
        while self.read(1):
            pass
        os.close(self._master)
        return os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])


class Progress(EndToEndCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.registry = cls.start_registry()
        for number in range(5):
            files = {f"opt/{number}-{layer}.bin": os.urandom(150_000) for layer in range(3)}
            image = images.Image([images.layer({name: data}) for name, data in files.items()])
            cls.registry.push(image, f"team/a-rather-long-name-for-the-image-of-a-service-{number}", "2026.11.29")

    def setUp(self):
        self.proxy = SlowProxy(self.registry.port, 300_000)
        self.addCleanup(self.proxy.kill)
        self.proxy.start()

    def scan(self, columns, *args, output=False):
        command = [program("LANDWAITER"), "scan", "--no-state", *args, "--registry", self.proxy.address]
        return Terminal(command, self.make_folder("home"), columns, output)

    def check_left(self, terminal):
        """After the end only sentences are there."""
        left = [line for line in terminal.screen.lines if line]
        for line in left:
            self.assertTrue(line.startswith("landwaiter: "), terminal.screen.lines)
        return left

    def test_the_line_fits_and_goes(self):
        for columns in (80, 40, 132):
            with self.subTest(columns=columns):
                terminal = self.scan(columns)
                self.assertEqual(terminal.finish(), 0)
                drawn = [part for _, text in terminal.redraws for part in re.split(r"\x1b\[J|[\r\n]", text)]
                self.assertLess(max(len(part) for part in drawn if not part.startswith("landwaiter: ")), columns)
                self.assertTrue(any("layer 1 of 3" in part or "layer 2 of 3" in part for part in drawn), drawn)
                self.assertEqual(len(self.check_left(terminal)), 1)

    def test_a_terminal_that_is_made_narrower(self):
        terminal = self.scan(120)
        for columns in (100, 60, 30, 90, 25, 50):
            self.assertTrue(terminal.read(0.4))
            terminal.resize(columns)
        self.assertEqual(terminal.finish(), 0)
        self.assertEqual(len(self.check_left(terminal)), 1)

    def test_the_result_does_not_meet_the_line(self):
        terminal = self.scan(80, output=True)
        self.assertEqual(terminal.finish(), 0)
        shown = terminal.screen.lines
        self.assertFalse([line for line in shown if " of 3" in line or "so far" in line], shown)
        self.assertTrue(any("worst first" in line for line in shown), shown)

    def test_a_list(self):
        command = [program("LANDWAITER"), "list", "--no-state", self.proxy.address]
        terminal = Terminal(command, self.make_folder("home"), 60, output=True)
        self.assertEqual(terminal.finish(), 0)
        shown = [line for line in terminal.screen.lines if line]
        self.assertEqual(len(shown), 6, shown)
        self.assertTrue(shown[0].startswith("REPOSITORY"), shown)
        self.assertTrue(all("linux/amd64" in line for line in shown[1:]), shown)

    def test_quiet_and_no_progress(self):
        terminal = self.scan(80, "--quiet")
        self.assertEqual(terminal.finish(), 0)
        self.assertEqual("".join(text for _, text in terminal.redraws), "")
        terminal = self.scan(80, "--no-progress")
        self.assertEqual(terminal.finish(), 0)
        self.assertNotIn("\x1b", "".join(text for _, text in terminal.redraws))

    def test_without_a_terminal_there_is_a_line_now_and_then(self):
        self.proxy.kill()
        self.proxy = SlowProxy(self.registry.port, 60_000)
        self.proxy.start()
        done = self.landwaiter("scan", "--no-state", "--progress", "--workers", "1", "--registry", self.proxy.address)
        self.assertEqual(done.code, 0)
        lines = done.err.splitlines()
        self.assertNotIn("\x1b", done.err)
        self.assertTrue(all(line.startswith("landwaiter: ") for line in lines), lines)
        self.assertTrue(any(" of 3" in line for line in lines), lines)


if __name__ == "__main__":
    main()
