# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL in a folder of its own."""
import os

from .process import Process

_SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../scripts/postgres-for-tests")


class Postgres:
    """A server that one test class has for itself; `address` is what --database takes."""

    def __init__(self, folder):
        # Its socket's name is the folder's, which must be short, and others than root must reach it.
        self._folder = f"/tmp/landwaiter-postgres-{os.getpid()}-{os.path.basename(folder)}"
        self._process = Process("postgres", [_SCRIPT, self._folder], folder)
        self.address = ""

    def start(self):
        self._process.start()
        self.address = self._process.wait_for_output(r"(postgresql://\S+)", timeout_s=60).group(1)
        return self

    def kill(self):
        if self._process.running:
            self._process.stop()
