# SPDX-License-Identifier: Apache-2.0
"""Cryptographic material of every kind, made by independent programs when a test runs, and what a scan must say of it."""
import hashlib
import os
import tempfile
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import serialization

from support.process import tool

PASSWORD = "Tr0ub4dor-Zebra-91"  # nobody's guess: what it protects must stay closed


@dataclass(frozen=True)
class Expected:
    """A finding that must lie at the material's place: its type, its id unless None, and these attributes; a callable decides
    about its attribute itself."""

    type: str
    id: str = None
    attributes: dict = field(default_factory=dict)

    def met_by(self, finding):
        if finding["type"] != self.type or (self.id and finding["id"] != self.id):
            return False
        for name, wanted in self.attributes.items():
            got = finding["attributes"].get(name)
            if not (wanted(got) if callable(wanted) else got == wanted):
                return False
        return True


@dataclass
class Material:
    """One file. `joins` says what may stand around it without changing what it is: "binary" anything, "text" other lines,
    "end" anything in front, for formats that only the file ends, "nothing" for those whose only mark is that they are a whole file."""

    kind: str
    encoding: str
    name: str
    data: bytes
    expected: list
    joins: str = "binary"
    secrets: tuple = ()  # byte strings that no output may hold
    guessed: bool = False  # found only by guessing a password, of which each layer allows so many


class Workshop:
    """A folder with programs at hand."""

    def __init__(self, folder):
        self.folder = tempfile.mkdtemp(prefix="material-", dir=folder)

    def run(self, *argv, stdin=b""):
        return tool(argv, self.folder, stdin)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, data):
        with open(os.open(self.path(name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(data if isinstance(data, bytes) else data.encode())
        return self.path(name)

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def make(self, name, *argv, stdin=b""):
        """Runs a program that writes the file, and returns that."""
        self.run(*argv, stdin=stdin)
        return self.read(name)


def sha256_id(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def public_der(public_key):
    return public_key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def spki_id(public_key):
    """The id of a key of python3-cryptography."""
    return "spki-" + sha256_id(public_der(public_key))


def certificate_id(certificate):
    return sha256_id(certificate.public_bytes(serialization.Encoding.DER))
