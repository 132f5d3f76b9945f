# SPDX-License-Identifier: Apache-2.0
"""HTTP servers of a few lines, for what no real program answers."""
import http.server
import ssl
import threading


class Handler(http.server.BaseHTTPRequestHandler):
    """HTTP/1.1 without a log. A client that hangs up, or does not trust the server, is no error."""

    protocol_version = "HTTP/1.1"

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode(errors="replace")

    def answer(self, status, data=b"", headers=None, kind="application/json"):
        self.send_response(status)
        for name, value in {"Content-Type": kind, **(headers or {}), "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def handle(self):
        try:
            super().handle()
        except (ConnectionError, ssl.SSLError):
            pass

    def log_message(self, *_):
        pass


class SmallServer:
    """Serves a handler class on a free port until it is killed."""

    def __init__(self, handler, listen="127.0.0.1"):
        self._server = http.server.ThreadingHTTPServer((listen, 0), handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]

    def start(self):
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def kill(self):
        self._server.shutdown()
        self._server.server_close()
