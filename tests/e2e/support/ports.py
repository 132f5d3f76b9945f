# SPDX-License-Identifier: Apache-2.0
"""Programs that cannot choose a free port themselves."""
import os
import random
import shutil
import socket

from .process import Failure, Process, wait_for


# Below the ports that the system gives to clients and to servers that take any.
_PORTS = range(20_000, 30_000)
_reservations = []  # held until this process ends


def _reserve(port):
    """Whether no other test has this port; tests/support does the same for those in C++."""
    name = socket.socket(socket.AF_UNIX)
    try:
        name.bind(f"\0landwaiter-test-port-{port}")
    except OSError:
        name.close()
        return False
    _reservations.append(name)
    return True


def free_port(address="127.0.0.1"):
    """A port that nobody listens on, and that no other test is given before this process ends."""
    for port in random.sample(_PORTS, len(_PORTS)):
        if not _reserve(port):
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
                return port
            except OSError:
                pass  # another program's
    raise Failure("no port is free")


def find_program(name):
    """Servers lie in folders that are not on everybody's PATH."""
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin:/sbin")
    if not found:
        raise Failure(f"{name} is not installed; scripts/install-deps does it")
    return found


class PortServer:
    """A server that is told its port. When another program took the port meanwhile, it gets another one."""

    ATTEMPTS = 5

    def __init__(self, name, folder, address="127.0.0.1"):
        self.folder = folder
        self.listens_on = address
        self.port = 0
        self._name = name
        self._process = None

    def argv(self):
        """Writes the configuration for `self.port` and returns the command."""
        raise NotImplementedError

    def start(self):
        for _ in range(self.ATTEMPTS):
            self.port = free_port(self.listens_on)
            self._process = Process(self._name, self.argv(), self.folder)
            self._process.start()
            wait_for(lambda: self._answers() or not self._process.running, f"{self._name} on port {self.port}")
            if self._process.running:
                return self
        raise Failure(f"{self._name} did not start:\n{self._process.tail()}")

    def kill(self):
        if self._process is not None:
            self._process.kill()

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="ascii") as file:
            file.write(text)
        return self.path(name)

    def _answers(self):
        with socket.socket() as probe:
            return probe.connect_ex((self.listens_on, self.port)) == 0
