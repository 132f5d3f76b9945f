# SPDX-License-Identifier: Apache-2.0
"""A line to a registry that breaks again and again."""
import random
import socket
import struct
import threading

from .process import PATIENCE

_CHUNK_BYTES = 32 * 1024
_RESET = struct.pack("ii", 1, 0)


class CuttingProxy:
    """Hands bytes through and cuts each connection after a number of answered bytes drawn from `distances` (from, to).

    Half of the cuts are an orderly end in the middle of a body, half a reset, which also takes what was still on the way.
    """

    def __init__(self, port, distances, cuts, seed):
        self._port = port
        self._distances = distances
        self._random = random.Random(seed)
        self._cuts_left = cuts
        self._lock = threading.Lock()
        self._open = set()
        self.cuts = self.resets = 0
        self.connections = 0
        self.bytes_from_registry = 0
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]

    @property
    def address(self):
        return f"localhost:{self.port}"

    def start(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def kill(self):
        self._listener.close()
        with self._lock:
            left = list(self._open)
        for one in left:
            one.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return  # killed
            client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _CHUNK_BYTES)  # little is on the way when it breaks
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self.connections += 1
                self._open.add(client)
                distance, reset = self._random.randint(*self._distances), self._random.random() < 0.5
            threading.Thread(target=self._serve, args=(client, distance, reset), daemon=True).start()

    def _serve(self, client, distance, reset):
        registry = socket.create_connection(("127.0.0.1", self._port), timeout=60 * PATIENCE)
        requests = threading.Thread(target=self._copy_requests, args=(client, registry), daemon=True)
        requests.start()
        try:
            self._copy_answers(registry, client, distance, reset)
        except OSError:
            pass  # the client went away
        finally:
            self._wake(client)
            requests.join()  # a socket that somebody still reads from would not be reset
            registry.close()
            client.close()
            with self._lock:
                self._open.discard(client)

    def _copy_answers(self, registry, client, distance, reset):
        while chunk := registry.recv(_CHUNK_BYTES):
            with self._lock:
                self.bytes_from_registry += len(chunk)
                cut = len(chunk) >= distance and self._cuts_left > 0
                if cut:
                    self._cuts_left -= 1
                    self.cuts += 1
                    self.resets += reset
            if cut:
                client.sendall(chunk[:distance])
                if reset:
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                else:
                    client.shutdown(socket.SHUT_WR)
                return
            client.sendall(chunk)
            distance -= len(chunk)

    @staticmethod
    def _wake(client):
        try:
            client.shutdown(socket.SHUT_RD)
        except OSError:
            pass  # the client was faster

    @staticmethod
    def _copy_requests(client, registry):
        try:
            while chunk := client.recv(_CHUNK_BYTES):
                registry.sendall(chunk)
            registry.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # cut
