# SPDX-License-Identifier: Apache-2.0
"""A socket that answers what Docker's does when it is asked for an image."""
import json
import os
import socketserver
import threading

from .small_server import Handler


class _UnixServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


class DockerSocket:
    """Has the archives of `images`: {name: path}. Each is sent in chunks, as Docker sends it."""

    def __init__(self, path, images):
        self.path = path
        self.asked = []
        outer = self

        class Engine(Handler):
            def do_GET(self):
                outer.asked.append(self.path)
                name = self.path.removeprefix("/images/").removesuffix("/get")
                if name not in images:
                    return self.answer(404, json.dumps({"message": f"No such image: {name}"}).encode())
                self.send_response(200)
                self.send_header("Content-Type", "application/x-tar")
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                with open(images[name], "rb") as file:
                    while part := file.read(40_000):
                        self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
                self.wfile.write(b"0\r\n\r\n")

            def address_string(self):
                return "local"

        self._server = _UnixServer(path, Engine)

    def start(self):
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def kill(self):
        self._server.shutdown()
        self._server.server_close()
        if os.path.exists(self.path):
            os.unlink(self.path)
