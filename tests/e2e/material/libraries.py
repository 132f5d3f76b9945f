# SPDX-License-Identifier: Apache-2.0
"""Libraries of this machine, whose versions the package manager tells."""
import glob
import os
import re

from support.process import tool

from . import Expected, Material

# What it is called, where it lies, and the package that knows its version.
_LIBRARIES = (
    ("openssl", "/usr/lib/*/libcrypto.so.3", "libssl3"),
    ("gnutls", "/usr/lib/*/libgnutls.so.30", "libgnutls30"),
    ("libgcrypt", "/usr/lib/*/libgcrypt.so.20", "libgcrypt20"),
    ("libsodium", "/usr/lib/*/libsodium.so.23", "libsodium23"),
    ("mbedtls", "/usr/lib/*/libmbedcrypto.so.7", "libmbedcrypto7"),
    ("wolfssl", "/usr/lib/*/libwolfssl.so.35", "libwolfssl35"),
    ("botan", "/usr/lib/*/libbotan-2.so.19", "libbotan-2-19"),
    ("libtomcrypt", "/usr/lib/*/libtomcrypt.so.1", "libtomcrypt1"),
    ("nss", "/usr/lib/*/libnss3.so", "libnss3"),
    ("nettle", "/usr/lib/*/libnettle.so.8", "libnettle8"),
    ("bouncycastle", "/usr/share/java/bcprov.jar", "libbcprov-java"),
)


def _plain(name):
    return re.sub(r"[^a-z]", "", (name or "").lower())


def make(shop):
    for name, pattern, package in _LIBRARIES:
        paths = glob.glob(pattern)
        if not paths:
            raise AssertionError(f"{pattern} is not there; scripts/install-deps installs {package}")
        version = tool(["dpkg-query", "-W", "-f=${Version}", package], shop.folder).decode()
        upstream = re.sub(r"^\d+:|[-+~].*$", "", version)
        with open(paths[0], "rb") as file:
            data = file.read()
        attributes = {"library": lambda got, name=name: _plain(name) in _plain(got)}
        if name not in ("nettle",):  # says its version nowhere
            attributes["version"] = lambda got, upstream=upstream: (got or "").startswith(upstream.split("-")[0])
        yield Material(f"library {name}", "as installed", os.path.basename(paths[0]), data, [Expected("crypto-library", None, attributes)],
                       "nothing")
