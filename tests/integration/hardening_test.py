#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""hardening_test.py PROGRAM...: what protects the built programs is in them, as readelf sees it."""
import platform
import subprocess
import sys
import unittest

PROGRAMS = sys.argv[1:]


def readelf(option, program):
    return subprocess.run(["readelf", "-W", option, program], check=True, capture_output=True, text=True).stdout


class Hardening(unittest.TestCase):
    def test_position_independent_and_bound_at_start(self):
        for program in PROGRAMS:
            flags = readelf("-d", program)
            self.assertRegex(flags, r"\(FLAGS\).*BIND_NOW")
            self.assertRegex(flags, r"\(FLAGS_1\).*NOW PIE")

    def test_no_code_on_the_stack_and_no_writable_relocations(self):
        for program in PROGRAMS:
            segments = readelf("-l", program)
            self.assertRegex(segments, r"GNU_STACK .* RW ")
            self.assertIn("GNU_RELRO", segments)
            self.assertNotRegex(segments, r"LOAD .* RWE ")

    def test_indirect_jumps_have_marked_targets(self):
        """In our code; the whole program is only marked where the distribution's start files are, too."""
        marks = {"x86_64": "endbr64", "aarch64": "bti\tc"}
        if platform.machine() not in marks:
            self.skipTest("no such protection here")
        for program in PROGRAMS:
            code = subprocess.run(["objdump", "-d", "--no-show-raw-insn", program], check=True, capture_output=True, text=True).stdout
            self.assertGreater(code.count(marks[platform.machine()]), 5000, program)

    def test_calls_and_stacks_are_checked(self):
        for program in PROGRAMS:
            symbols = readelf("--dyn-syms", program)
            self.assertIn("__stack_chk_fail", symbols)
            self.assertRegex(symbols, r"__\w+_chk@")


if __name__ == "__main__":
    assert PROGRAMS
    unittest.main(argv=sys.argv[:1])
