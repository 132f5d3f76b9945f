# SPDX-License-Identifier: Apache-2.0
"""A load balancer before several platforms, as simple as those in front of real ones can be: a connection goes to the next one that
answers."""
import itertools
import socket
import threading

from .process import PATIENCE

_CHUNK_BYTES = 64 * 1024


class Balancer:
    """`ports` are those behind it. Looks like a Platform to a Sensor: it has a URL."""

    def __init__(self, ports):
        self._turns = itertools.cycle(ports)
        self._count = len(ports)
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def kill(self):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return  # killed
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _connect(self):
        for _ in range(self._count):
            with self._lock:
                port = next(self._turns)
            try:
                return socket.create_connection(("127.0.0.1", port), timeout=5 * PATIENCE)
            except OSError:
                continue  # it is down
        return None

    def _serve(self, client):
        server = self._connect()
        if server is None:
            client.close()
            return
        server.settimeout(None)
        for one in (client, server):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        requests = threading.Thread(target=self._copy, args=(client, server), daemon=True)
        requests.start()
        self._copy(server, client)
        requests.join()
        client.close()
        server.close()

    @staticmethod
    def _copy(source, target):
        try:
            while chunk := source.recv(_CHUNK_BYTES):
                target.sendall(chunk)
        except OSError:
            pass  # one side was killed
        for one in (source, target):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # closed already
