# SPDX-License-Identifier: Apache-2.0
"""A private certificate authority, as companies have one for their registries."""
import ipaddress
import os
import socket

from .process import Failure, tool


def machine_name():
    """A name of this machine that does not read as loopback, and the address behind it: to loopback names plain HTTP is spoken."""
    name = socket.gethostname().lower()
    try:
        return name, socket.gethostbyname(name)
    except OSError as error:
        raise Failure(f"this machine's own name {name!r} must resolve for tests of TLS: {error}") from None


def _is_address(text):
    try:
        return bool(ipaddress.ip_address(text))
    except ValueError:
        return False


class Authority:
    """Issues certificates; all files lie in `folder`."""

    def __init__(self, folder, name="e2e authority"):
        self.folder = folder
        self.file, self._key = self._path("ca.crt"), self._path("ca.key")
        self._new_key(self._key)
        tool(["openssl", "req", "-x509", "-new", "-key", self._key, "-subj", f"/CN={name}", "-days", "30", "-out", self.file,
              "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign"], folder)

    def server(self, *names):
        """(certificate file, key file) for a server of these names and addresses."""
        entries = [("IP:" if _is_address(name) else "DNS:") + name for name in names]
        return self._issue(names[0], "serverAuth", "subjectAltName=" + ",".join(entries))

    def client(self, name):
        """(certificate file, key file) for somebody who proves who he is by them."""
        return self._issue(name, "clientAuth", "subjectAltName=DNS:" + name)

    def _issue(self, name, usage, alternative_names):
        number = len(os.listdir(self.folder))
        certificate, key = self._path(f"{number}.crt"), self._path(f"{number}.key")
        self._new_key(key)
        tool(["openssl", "req", "-x509", "-new", "-key", key, "-CA", self.file, "-CAkey", self._key, "-subj", f"/CN={name}", "-days", "30",
              "-out", certificate, "-addext", alternative_names, "-addext", f"extendedKeyUsage={usage}",
              "-addext", "basicConstraints=critical,CA:FALSE"], self.folder)
        return certificate, key

    def _new_key(self, path):
        tool(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", path], self.folder)

    def _path(self, name):
        return os.path.join(self.folder, name)
