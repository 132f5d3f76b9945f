# SPDX-License-Identifier: Apache-2.0
"""What a build of the programs can do: tests may be older than a part of the programs, never the other way round."""
import functools

from .case import program
from .process import run

# When true, tests of a missing feature are skipped: for working on an older build.
MISSING_IS_A_SKIP = False


@functools.cache
def _help_of(name, *command):
    done = run([program(name), *command, "--help"], "/tmp")
    usage = next((line for line in done.out.splitlines() if line.startswith("Usage:")), "")
    return done.out if done.code == 0 and " ".join(command) in usage else ""  # for an unknown command, the help is of the program


def has(*options, command=("scan",), name="LANDWAITER"):
    text = _help_of(name, *command)
    return bool(text) and all(option in text for option in options)


def need(test, *options, command=("scan",)):
    """Skips (or fails) a test when `landwaiter COMMAND` is missing or lacks one of the options."""
    if not has(*options, command=command):
        lacks(test, "landwaiter " + " ".join(command + options))


def lacks(test, what):
    if MISSING_IS_A_SKIP:
        test.skipTest(f"this build has no {what}")
    test.fail(f"this build has no {what}")
