# SPDX-License-Identifier: Apache-2.0
"""The base of all end-to-end tests."""
import os
import shutil
import signal
import sys
import tempfile
import time
import unittest

from . import process
from .registry import Registry

# Below the limit of whoever runs the tests, so that a test that hangs still cleans up.
DEADLINE_S = int(int(os.environ.get("LANDWAITER_E2E_DEADLINE_S", "280")) * process.PATIENCE)


class EndToEndCase(unittest.TestCase):
    """Has a folder that goes away with the class, and starts programs that do so too."""

    maxDiff = 4000

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="landwaiter-e2e-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)

    @classmethod
    def make_folder(cls, name):
        """A new folder in the class's."""
        path = tempfile.mkdtemp(prefix=name + "-", dir=cls.folder)
        return path

    @classmethod
    def make_fast_folder(cls, name, free_bytes=512 << 20):
        """As make_folder, in memory when there is room: for many small files."""
        shared = "/dev/shm"
        if not os.access(shared, os.W_OK) or shutil.disk_usage(shared).free < free_bytes:
            return cls.make_folder(name)
        path = tempfile.mkdtemp(prefix="landwaiter-e2e-", dir=shared)
        cls.addClassCleanup(shutil.rmtree, path, ignore_errors=True)
        return path

    @classmethod
    def start(cls, program):
        """Starts a Process (or what wraps one) that is killed at the latest when the class ends."""
        cls.addClassCleanup(program.kill)
        program.start()
        return program

    @classmethod
    def start_registry(cls, name="registry", fast=False, **options):
        folder = cls.make_fast_folder(name) if fast else cls.make_folder(name)
        return cls.start(Registry(name, folder, **options))

    @classmethod
    def landwaiter(cls, *args, stdin="", env=None, cwd=None, timeout_s=120.0):
        return process.run([program("LANDWAITER"), *args], cls.folder, stdin, env, cwd, timeout_s)

    @classmethod
    def tool(cls, *argv, stdin=b"", cwd=None):
        return process.tool(argv, cls.folder, stdin, cwd)

    @classmethod
    def scan_json(cls, *args, code=None, **options):
        """The document of `landwaiter scan --format json`, remembering nothing unless `--state` is given. Unless another exit code is
        expected, it is 3 if the document says of an image that its search is incomplete, otherwise 0."""
        state = [] if "--state" in args else ["--no-state"]
        done = cls.landwaiter("scan", "--format", "json", *state, *args, **options)
        if code is None:
            notes = [note for image in done.json["images"] for note in image["diagnostics"]] if done.out else []
            code = 3 if any(note["effect"] == "incomplete" for note in notes) else 0
        if done.code != code:
            said = done.out[-3000:] + "\n" + done.err[-3000:]
            raise process.Failure(f"landwaiter scan {' '.join(args)} ended with {done.code}, not {code}:\n{said}")
        return done.json

    @classmethod
    def scan_image(cls, *args, **options):
        images = cls.scan_json(*args, **options)["images"]
        if len(images) != 1:
            raise process.Failure(f"{len(images)} images in the report of one")
        return images[0]


def program(name):
    path = os.environ.get(name)
    if not path or not os.access(path, os.X_OK):
        raise process.Failure(f"the environment variable {name} must name the built program")
    return path


def place_of(occurrence):
    """(path, archive...), or ("config", place) of what lies in the image's own documents."""
    for document in ("config", "manifest"):
        if document in occurrence:
            return document, occurrence[document]
    return occurrence["path"], *occurrence["archive"]


def places(image, kind=None):
    """{(type, path, archive...)}: id} of a report's occurrences."""
    return {
        (finding["type"], *place_of(occurrence)): finding["id"]
        for finding in image["findings"] for occurrence in finding["occurrences"] if kind in (None, finding["type"])
    }


def table(title, rows):
    """Prints measured figures into the test's output."""
    rows = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in rows if i < len(row)) for i in range(max(map(len, rows)))]
    lines = ["  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
    print(f"\n{title}\n" + "\n".join(lines), flush=True)


def main():
    """Runs the tests of the calling file; a test that hangs is ended, with its cleanup, before ctest kills it."""

    def too_long(_signal, _frame):
        raise process.Failure(f"the tests of this file took longer than {DEADLINE_S} s")

    signal.signal(signal.SIGALRM, too_long)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    signal.alarm(DEADLINE_S)
    begin = time.monotonic()
    result = unittest.main(verbosity=2, exit=False).result
    print(f"{time.monotonic() - begin:.1f} s")
    if result.testsRun == 0:
        sys.exit("no test was run")
    sys.exit(0 if result.wasSuccessful() else 1)
