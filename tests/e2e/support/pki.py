# SPDX-License-Identifier: Apache-2.0
"""Keys and certificates made with the openssl command, and the identities that Landwaiter must give them, also from openssl."""
import base64
import hashlib
import os

from .process import tool

_SERIAL = bytes.fromhex("4c616e64776169746572207365726961")  # what CertificateMill replaces


class Pki:
    """Makes material in a folder of its own."""

    def __init__(self, folder):
        self.folder = folder

    def openssl(self, *args, stdin=b""):
        return tool(["openssl", *args], self.folder, stdin)

    def key(self, *options):
        """A private key in PKCS#8 PEM; options as of `openssl genpkey`."""
        return self.openssl("genpkey", *(options or ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")))

    def rsa(self, bits=2048):
        return self.key("-algorithm", "RSA", "-pkeyopt", f"rsa_keygen_bits:{bits}")

    def certificate(self, key, subject, *options):
        """A self-signed certificate in PEM."""
        path = os.path.join(self.folder, "signing.key")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(key)
        return self.openssl("req", "-x509", "-new", "-key", path, "-subj", subject, "-days", "3650", *options)

    def der(self, certificate):
        return self.openssl("x509", "-outform", "DER", stdin=certificate)

    def certificate_id(self, certificate):
        """sha256 of the DER, as openssl computes it."""
        fingerprint = self.openssl("x509", "-noout", "-fingerprint", "-sha256", stdin=certificate).decode()
        return "sha256:" + fingerprint.strip().split("=")[1].replace(":", "").lower()

    def key_id(self, key, *options):
        """sha256 of the SubjectPublicKeyInfo, as openssl computes it."""
        return self.spki_id(self.openssl("pkey", *options, "-pubout", "-outform", "DER", stdin=key))

    def spki_id(self, der):
        digest = self.openssl("dgst", "-sha256", "-r", stdin=der).decode()
        return "spki-sha256:" + digest.split()[0]

    def mill(self):
        return CertificateMill(self)


class CertificateMill:
    """Makes any number of distinct certificates at once: one from openssl whose serial number is replaced."""

    def __init__(self, pki):
        pem = pki.certificate(pki.key(), "/CN=mill.example", "-set_serial", "0x" + _SERIAL.hex())
        self._der = pki.der(pem)
        assert self._der.count(_SERIAL) == 1

    def make(self, number):
        """The `number`th certificate, as PEM, and its id."""
        serial = b"\x11" + number.to_bytes(len(_SERIAL) - 1, "big")
        der = self._der.replace(_SERIAL, serial)
        return to_pem(der, "CERTIFICATE"), "sha256:" + hashlib.sha256(der).hexdigest()


def to_pem(der, label):
    return b"-----BEGIN %s-----\n" % label.encode() + base64.encodebytes(der).replace(b"\n", b"\n") + b"-----END %s-----\n" % label.encode()


def pem_body(pem):
    """The DER inside PEM text."""
    lines = [line for line in pem.decode().splitlines() if line and not line.startswith("-----") and ":" not in line]
    return base64.b64decode("".join(lines))


def private_fragments(pem):
    """Byte strings that only somebody who kept the private key's material can have: parts of its DER and of its PEM text."""
    der = pem_body(pem)
    lines = [line.encode() for line in pem.decode().splitlines() if line and not line.startswith("-----")]
    return [der[len(der) // 2:len(der) // 2 + 24], *lines[len(lines) // 2:-1][:3]]
