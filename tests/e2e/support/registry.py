# SPDX-License-Identifier: Apache-2.0
"""Debian's docker-registry on a free loopback port, its access log, and a client that pushes fast."""
import base64
import http.client
import os
import re
import time
from dataclasses import dataclass

from .process import PATIENCE, Failure, Process, tool

_LOG_LINE = re.compile(r'^\S+ - \S+ \[[^]]*\] "(\S+) (\S+) HTTP/[\d.]+" (\d+) (\d+|-) "[^"]*" "([^"]*)"')
_PUSHER = "landwaiter-e2e-push"


@dataclass(frozen=True)
class Request:
    """One line of the registry's access log."""

    method: str
    path: str
    status: int
    bytes: int
    agent: str

    @property
    def kind(self):
        """"manifests", "blobs", "tags", "_catalog" or "ping"."""
        path = self.path.split("?")[0]
        if path.rstrip("/") == "/v2":
            return "ping"
        if path == "/v2/_catalog":
            return "_catalog"
        parts = path.split("/")
        return next((kind for kind in ("manifests", "blobs", "tags") if kind in parts[3:]), "other")

    @property
    def name(self):
        """The last part: a tag or a digest."""
        return self.path.split("?")[0].rsplit("/", 1)[-1]

    @property
    def short(self):
        return f"{self.method} {self.path} {self.status}"


class Registry:
    """`docker-registry serve` over a folder. `storage` may be another registry's, to serve the same content otherwise."""

    def __init__(self, name, folder, storage=None, users=None, token_auth=None, tls=None, client_ca=None, host="localhost",
                 listen="127.0.0.1", relative_urls=False):
        self.folder = folder
        self.host = host
        self._listen = listen
        self.storage = storage or os.path.join(folder, "storage")
        self._config = os.path.join(folder, "config.yml")
        self._read = 0
        self.port = 0
        auth = ""
        if users:
            lines = [tool(["htpasswd", "-niB", "-C", "4", user], folder, password.encode()).decode().strip()
                     for user, password in users.items()]
            passwords = os.path.join(folder, "htpasswd")
            with open(passwords, "w", encoding="ascii") as file:
                file.write("\n".join(lines) + "\n")
            auth = f"auth:\n  htpasswd: {{realm: e2e, path: {passwords}}}\n"
        if token_auth:
            auth = ("auth:\n  token:\n" + "".join(f"    {key}: {value}\n" for key, value in token_auth.items()))
        clients = f", clientcas: [{client_ca}]" if client_ca else ""
        secure = f"  tls: {{certificate: {tls[0]}, key: {tls[1]}{clients}}}\n" if tls else ""
        os.makedirs(self.storage, exist_ok=True)
        with open(self._config, "w", encoding="ascii") as file:
            file.write("version: 0.1\nlog: {level: info, accesslog: {disabled: false}}\n"
                       f"storage:\n  filesystem: {{rootdirectory: {self.storage}, maxthreads: 100}}\n  delete: {{enabled: true}}\n"
                       "  maintenance: {uploadpurging: {enabled: false}}\n"
                       f"http:\n  addr: {listen}:0\n  secret: e2e\n  relativeurls: {str(relative_urls).lower()}\n{secure}{auth}")
        self._process = Process(name, ["docker-registry", "serve", self._config], folder, env={"OTEL_TRACES_EXPORTER": "none"})

    def start(self):
        self._process.start()
        found = self._process.wait_for_output(rf"listening on {re.escape(self._listen)}:(\d+)",
                                              where=lambda: self._process.out() + self._process.err())
        self.port = int(found.group(1))
        return self

    def kill(self):
        self._process.kill()

    @property
    def address(self):
        return f"{self.host}:{self.port}"

    def requests_since(self, position):
        """What was asked of the registry since `mark()` gave `position`, without the pushes of these tests."""
        size = -1
        while size != os.path.getsize(self._process.out_path):  # a line is written just after its answer
            size = os.path.getsize(self._process.out_path)
            time.sleep(0.15)
        with open(self._process.out_path, "rb") as file:
            file.seek(position)
            lines = file.read().decode(errors="replace").splitlines()
        found = []
        for line in lines:
            match = _LOG_LINE.match(line)
            if match and match.group(5) != _PUSHER:
                size = 0 if match.group(4) == "-" else int(match.group(4))
                found.append(Request(match.group(1), match.group(2), int(match.group(3)), size, match.group(5)))
        return found

    def mark(self):
        return os.path.getsize(self._process.out_path)

    def blob_file(self, digest):
        """Where the registry keeps a blob."""
        algorithm, text = digest.split(":")
        return os.path.join(self.storage, "docker/registry/v2/blobs", algorithm, text[:2], text, "data")

    def adopt_blob(self, repository, digest, file):
        """Puts a file in place as a blob of a repository, as a push would, without copying it."""
        target = self.blob_file(digest)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.rename(file, target)
        self._link(repository, "_layers", digest)

    def place(self, image, repository, *tags):
        """Writes an image or index into the registry's storage, in the form that a push leaves there: many times as fast as pushing."""
        for member in image.members:
            self.place(member, repository)
        for blob, digest in image.blobs():
            self._place_blob(blob, digest)
            self._link(repository, "_layers", digest)
        self._place_blob(image.manifest, image.digest)
        self._link(repository, "_manifests/revisions", image.digest)
        for tag in tags:
            self._link(repository, f"_manifests/tags/{tag}/index", image.digest)
            self._write_link(repository, f"_manifests/tags/{tag}/current", image.digest)

    def _place_blob(self, blob, digest):
        target = self.blob_file(digest)
        if not os.path.exists(target):
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open(target, "wb") as out:
                out.write(blob)

    def _link(self, repository, where, digest):
        self._write_link(repository, os.path.join(where, *digest.split(":")), digest)

    def _write_link(self, repository, where, digest):
        folder = os.path.join(self.storage, "docker/registry/v2/repositories", repository, where)
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "link"), "w", encoding="ascii") as out:
            out.write(digest)

    def push(self, image, repository, *tags):
        """Pushes an image or index over HTTP."""
        with Pusher(self) as pusher:
            pusher.push(image, repository, *tags)

    def skopeo(self, source, name):
        """Pushes with skopeo: `source` like oci:DIR:TAG."""
        tool(["skopeo", "--insecure-policy", "copy", "-q", "--preserve-digests",
              "--dest-tls-verify=false", source, f"docker://{self.address}/{name}"], self.folder)


class Pusher:
    """Pushes over one kept connection; blobs that it pushed to another repository are mounted."""

    def __init__(self, registry, user=None, password=None):
        self._connection = http.client.HTTPConnection("127.0.0.1", registry.port, timeout=60 * PATIENCE)
        self._home = {}
        self._there = set()
        self._headers = {"User-Agent": _PUSHER}
        if user:
            self._headers["Authorization"] = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._connection.close()

    def _call(self, method, path, expected, body=None, content_type="application/octet-stream"):
        headers = dict(self._headers)
        if body is not None:
            headers["Content-Type"] = content_type
        self._connection.request(method, path, body=body if body is not None else b"", headers=headers)
        response = self._connection.getresponse()
        text = response.read()
        if response.status not in expected:
            raise Failure(f"{method} {path}: {response.status} {text[:300]!r}")
        return response

    def push_blob(self, repository, blob, digest):
        if (repository, digest) in self._there:
            return
        origin = self._home.get(digest)
        mount = f"?mount={digest}&from={origin}" if origin else ""
        response = self._call("POST", f"/v2/{repository}/blobs/uploads/{mount}", (201, 202))
        if response.status == 202:
            location = re.sub(r"^https?://[^/]*", "", response.headers["Location"])
            self._call("PUT", location + ("&" if "?" in location else "?") + "digest=" + digest, (201,), blob)
        self._home.setdefault(digest, repository)
        self._there.add((repository, digest))

    def push(self, image, repository, *tags):
        for member in image.members:
            self.push(member, repository)
        for blob, digest in image.blobs():
            self.push_blob(repository, blob, digest)
        for reference in tags or (image.digest,):
            self._call("PUT", f"/v2/{repository}/manifests/{reference}", (201,), image.manifest, image.media_type)
