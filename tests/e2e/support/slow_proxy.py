# SPDX-License-Identifier: Apache-2.0
"""A proxy before a registry that makes it slow, so that something is surely in flight when a test strikes."""
import http.client
import http.server
import threading

from .process import PATIENCE

_CHUNK_BYTES = 16 * 1024


class SlowProxy:
    """Hands GET and HEAD requests through; bodies longer than `free_bytes` run at `bytes_per_s`. `release()` lifts the brake."""

    def __init__(self, port, bytes_per_s, free_bytes=4096):
        proxy = self
        self._bytes_per_s = bytes_per_s
        self._fast = threading.Event()
        self.in_flight = 0

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                upstream = http.client.HTTPConnection("127.0.0.1", port, timeout=60 * PATIENCE)
                try:
                    headers = {name: value for name, value in self.headers.items() if name.lower() not in ("connection",)}
                    upstream.request(self.command, self.path, headers=headers)
                    response = upstream.getresponse()
                    self.send_response(response.status)
                    length = response.headers.get("Content-Length")
                    for name, value in response.headers.items():
                        if name.lower() not in ("connection", "transfer-encoding", "date"):
                            self.send_header(name, value)
                    body = None
                    if length is None:
                        body = response.read()
                        self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self._copy(response, body, int(length or 0))
                except (ConnectionError, http.client.HTTPException, TimeoutError):
                    self.close_connection = True
                finally:
                    upstream.close()

            do_HEAD = do_GET

            def _copy(self, response, body, length):
                if body is not None:
                    self.wfile.write(body)
                    return
                slow = length > free_bytes
                proxy.in_flight += slow
                try:
                    while chunk := response.read(_CHUNK_BYTES):
                        self.wfile.write(chunk)
                        if slow and not proxy._fast.is_set():
                            proxy._fast.wait(len(chunk) / proxy._bytes_per_s)
                finally:
                    proxy.in_flight -= slow

            def handle(self):
                try:
                    super().handle()
                except ConnectionError:
                    pass  # the client was killed: that is what this is for

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def address(self):
        return f"localhost:{self.port}"

    def start(self):
        self._thread.start()
        return self

    def release(self):
        self._fast.set()

    def brake(self):
        self._fast.clear()

    def kill(self):
        self._fast.set()
        self._server.shutdown()
        self._server.server_close()
