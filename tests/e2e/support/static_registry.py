# SPDX-License-Identifier: Apache-2.0
"""A registry of fixed answers, for what no real one accepts or says: old formats, wrong headers, hosts that must not be asked."""
import http.server
import threading

from .images import sha256


class StaticRegistry:
    """Answers GET and HEAD from what was put; all else is 404. `asked` holds the paths of all requests."""

    def __init__(self):
        self._answers = {"/v2/": ({}, b"{}")}
        self.asked = []
        registry = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                registry.asked.append(self.path)
                headers, body = registry._answers.get(self.path, (None, b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"no"}]}'))
                self.send_response(404 if headers is None else 200)
                for name, value in (headers or {}).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(body)

            do_HEAD = do_GET

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"localhost:{self._server.server_address[1]}"

    def start(self):
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def kill(self):
        self._server.shutdown()
        self._server.server_close()

    def put_manifest(self, repository, tag, body, content_type, **headers):
        answer = ({"Content-Type": content_type, **headers}, body)
        for reference in (tag, sha256(body)):
            self._answers[f"/v2/{repository}/manifests/{reference}"] = answer

    def put_image(self, repository, tag, image, content_type, **headers):
        self.put_manifest(repository, tag, image.manifest, content_type, **headers)
        for blob, digest in image.blobs():
            self._answers[f"/v2/{repository}/blobs/{digest}"] = ({}, blob)
