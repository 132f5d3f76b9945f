# SPDX-License-Identifier: Apache-2.0
"""A registry of fixed answers, for what no real one accepts or says: old formats, wrong headers, hosts that must not be asked."""
from .images import sha256
from .small_server import Handler, SmallServer


class StaticRegistry(SmallServer):
    """Answers GET and HEAD from what was put; all else is 404. `asked` holds the paths of all requests."""

    def __init__(self):
        self._answers = {"/v2/": ({}, b"{}")}
        self.asked = []
        registry = self

        class Fixed(Handler):
            def do_GET(self):
                registry.asked.append(self.path)
                headers, body = registry._answers.get(self.path, (None, b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"no"}]}'))
                self.answer(404 if headers is None else 200, body, headers)

            do_HEAD = do_GET

        super().__init__(Fixed)
        self.address = f"localhost:{self.port}"

    def put_manifest(self, repository, tag, body, content_type, **headers):
        answer = ({"Content-Type": content_type, **headers}, body)
        for reference in (tag, sha256(body)):
            self._answers[f"/v2/{repository}/manifests/{reference}"] = answer

    def put_image(self, repository, tag, image, content_type, **headers):
        self.put_manifest(repository, tag, image.manifest, content_type, **headers)
        for blob, digest in image.blobs():
            self._answers[f"/v2/{repository}/blobs/{digest}"] = ({}, blob)
