# SPDX-License-Identifier: Apache-2.0
"""OpenPGP keys by gpg: armored, binary, in a keybox and as gpg-agent keeps them."""
import os
import shutil
import tempfile

from support.process import tool

from . import PASSWORD, Expected, Material


class _Home:
    """A GNUPGHOME; its path is short, because the agent's socket lies in it."""

    def __init__(self, folder):
        self.home = tempfile.mkdtemp(prefix="g", dir="/tmp")
        self.folder = folder

    def __enter__(self):
        return self

    def __exit__(self, *_):
        tool(["gpgconf", "--homedir", self.home, "--kill", "all"], self.folder)
        shutil.rmtree(self.home, ignore_errors=True)

    def gpg(self, *args, word=""):
        return tool(["gpg", "--homedir", self.home, "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", word, *args],
                    self.folder)

    def read(self, name):
        with open(os.path.join(self.home, name), "rb") as file:
            return file.read()

    def agent_files(self):
        return sorted(os.listdir(os.path.join(self.home, "private-keys-v1.d")))


def _fingerprint(home, user):
    listing = home.gpg("--with-colons", "--list-keys", user).decode()
    return next(line.split(":")[9] for line in listing.splitlines() if line.startswith("fpr")).lower()


def make(shop):
    for algorithm in ("rsa2048", "ed25519", "nistp256", "dsa2048"):
        for word, encrypted in (("", False), (PASSWORD, True)):
            with _Home(shop.folder) as home:
                user = f"{algorithm}@example.test"
                home.gpg("--quick-gen-key", user, algorithm, "default", "0", word=word)
                same = {"fingerprint": lambda got, wanted=_fingerprint(home, user): (got or "").lower() == wanted}
                public, private = Expected("public-key", None, same), Expected("private-key", None, {**same, "encrypted": encrypted})
                label = f"PGP {algorithm}" + (", encrypted" if encrypted else "")
                for armor, encoding in (("--armor", "armored"), ("--no-armor", "binary")):
                    joins = "text" if encoding == "armored" else "binary"
                    yield Material(f"private key {label}", encoding, "secret.gpg",
                                   home.gpg(armor, "--export-secret-keys", user, word=word), [private], joins)
                    if not encrypted:
                        yield Material(f"public key {label}", encoding, "public.gpg", home.gpg(armor, "--export", user), [public], joins)
                for name in home.agent_files():
                    data = home.read(f"private-keys-v1.d/{name}")
                    yield Material(f"private key {label}", "gpg-agent", name, data,
                                   [Expected("private-key", None, {"encrypted": encrypted})])
                if not encrypted:
                    yield Material(f"public key {label}", "keybox", "pubring.kbx", home.read("pubring.kbx"), [public])
