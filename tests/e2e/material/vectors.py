# SPDX-License-Identifier: Apache-2.0
"""Test vectors that Debian packages carry, judged by python3-cryptography: what it reads must be found."""
import os
import re
import warnings

import cryptography_vectors
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from . import Expected, Material, certificate_id, spki_id

_GO = "/usr/share/go-1.19/src"
_PEM = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----\n.*?\n-----END \1-----\n", re.DOTALL)


def _certificate(data):
    load = x509.load_pem_x509_certificate if b"-----BEGIN" in data else x509.load_der_x509_certificate
    certificate = load(data)
    certificate.subject.rfc4514_string()  # read only now
    return Expected("certificate", certificate_id(certificate))


def _private(data):
    if b"-----BEGIN OPENSSH" in data:
        key = serialization.load_ssh_private_key(data, None)
    elif b"-----BEGIN" in data:
        key = serialization.load_pem_private_key(data, None)
    else:
        key = serialization.load_der_private_key(data, None)
    return Expected("private-key", spki_id(key.public_key()))


def _judge(data):
    """The first that can be read as what it should be; None when this judge cannot say."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for read in (_certificate, _private):
            try:
                return read(data)
            except Exception:  # pylint: disable=broad-except
                continue
    return None


def _files(root, endings):
    for folder, _, names in sorted(os.walk(root)):
        for name in sorted(names):
            if name.endswith(endings):
                with open(os.path.join(folder, name), "rb") as file:
                    yield os.path.relpath(os.path.join(folder, name), root), file.read()


def make(_shop):
    root = os.path.dirname(cryptography_vectors.__file__)
    for path, data in _files(root, (".pem", ".der", ".crt", ".key", ".cer")):
        expected = _judge(data)
        if expected and "rsa_pss" in path:
            # This judge drops the parameters of RSA-PSS, which are part of the key's identity.
            expected = Expected(expected.type)
        if expected:
            text = b"-----BEGIN" in data
            yield Material("vectors of cryptography", path.split("/")[0], path.replace("/", "_"), data, [expected],
                           "text" if text else "binary")
    blocks = {}
    for path, data in _files(_GO, (".go", ".pem", ".crt", ".key")):
        for found in _PEM.finditer(data):
            expected = _judge(found.group(0))
            if expected:
                blocks.setdefault((path, data), []).append(expected)
    for (path, data), expected in blocks.items():
        yield Material("testdata of Go", os.path.splitext(path)[1], path.replace("/", "_"), data, expected, "text")
