# SPDX-License-Identifier: Apache-2.0
"""Keys in the formats of programs of their own, made by these programs."""
import base64
import json
import os

import pykeepass
from cryptography.hazmat.primitives.asymmetric import ed25519, x25519

from . import PASSWORD, Expected, Material, spki_id


def _x25519(raw):
    return spki_id(x25519.X25519PrivateKey.from_private_bytes(raw).public_key())


def _age(shop):
    data = shop.run("age-keygen")
    secret = next(line for line in data.splitlines() if line.startswith(b"AGE-SECRET-KEY-"))
    yield Material("private key age", "age identity", "key.txt", data, [Expected("private-key", None, {"key_type": "X25519"})], "text",
                   (secret[20:],))


def _wireguard(shop):
    secret = shop.run("wg", "genkey").strip()
    preshared = shop.run("wg", "genpsk").strip()
    peer = shop.run("wg", "pubkey", stdin=shop.run("wg", "genkey")).strip()
    data = (b"[Interface]\nAddress = 10.0.0.1/24\nPrivateKey = %s\nListenPort = 51820\n\n[Peer]\nPublicKey = %s\nPresharedKey = %s\n"
            b"AllowedIPs = 10.0.0.2/32\n" % (secret, peer, preshared))
    expected = [Expected("private-key", _x25519(base64.b64decode(secret))), Expected("secret-key")]
    yield Material("private key WireGuard", "wg-quick", "wg0.conf", data, expected, "text", (secret, preshared))


def _dnssec(shop):
    for algorithm in ("RSASHA256", "ECDSAP256SHA256", "ED25519"):
        name = shop.run("dnssec-keygen", "-q", "-a", algorithm, *(("-b", "2048") if "RSA" in algorithm else ()),
                        "example.test").decode().strip()
        data = shop.read(name + ".private")
        attributes = {}
        if algorithm == "ED25519":
            raw = next(line.split()[1] for line in data.splitlines() if line.startswith(b"PrivateKey:"))
            attributes = spki_id(ed25519.Ed25519PrivateKey.from_private_bytes(base64.b64decode(raw)).public_key())
        expected = Expected("private-key", attributes or None, {"encrypted": False})
        secret = next(line.split()[1] for line in data.splitlines() if line.startswith((b"PrivateKey:", b"PrivateExponent:")))
        yield Material(f"private key DNSSEC {algorithm}", "BIND", name + ".private", data, [expected], "text", (secret[:40],))


def _signatures(shop):
    shop.run("signify-openbsd", "-G", "-n", "-p", "open.pub", "-s", "open.sec")
    secret = shop.read("open.sec")
    yield Material("private key signify", "signify", "open.sec", secret, [Expected("private-key", None, {"encrypted": False})], "text",
                   (secret.splitlines()[1][60:100],))
    yield Material("public key signify", "signify", "open.pub", shop.read("open.pub"), [Expected("public-key")], "text")
    shop.run("minisign", "-G", "-p", "mini.pub", "-s", "mini.key", stdin=f"{PASSWORD}\n{PASSWORD}\n".encode())
    yield Material("private key minisign", "minisign", "minisign.key", shop.read("mini.key"),
                   [Expected("private-key", None, {"encrypted": True})], "text")
    yield Material("public key minisign", "minisign", "minisign.pub", shop.read("mini.pub"), [Expected("public-key")], "text")


def _cosign():
    """As `cosign generate-key-pair` writes it: JSON in PEM; the ciphertext is random, as any ciphertext looks."""
    box = {"kdf": {"name": "scrypt", "params": {"N": 65536, "r": 8, "p": 1}, "salt": base64.b64encode(os.urandom(32)).decode()},
           "cipher": {"name": "nacl/secretbox", "nonce": base64.b64encode(os.urandom(24)).decode()},
           "ciphertext": base64.b64encode(os.urandom(160)).decode()}
    body = base64.encodebytes(json.dumps(box).encode()).decode()
    for label in ("COSIGN", "SIGSTORE"):
        data = f"-----BEGIN ENCRYPTED {label} PRIVATE KEY-----\n{body}-----END ENCRYPTED {label} PRIVATE KEY-----\n".encode()
        yield Material("private key cosign", f"PEM, {label}", "cosign.key", data, [Expected("private-key", None, {"encrypted": True})],
                       "text")


def _stores(shop):
    shop.write("word", PASSWORD)
    shop.write("plain.yml", "token: abc\n")
    shop.run("ansible-vault", "encrypt", "--vault-password-file", "word", "plain.yml")
    yield Material("secret Ansible", "vault", "vars.yml", shop.read("plain.yml"), [Expected("secret")], "text")
    pykeepass.create_database(shop.path("db.kdbx"), password=PASSWORD).save()
    yield Material("keystore KeePass", "KDBX 4", "db.kdbx", shop.read("db.kdbx"), [Expected("keystore")])
    steps = f"addent -password -p host/a.example.test@EXAMPLE.TEST -k 3 -e aes256-cts-hmac-sha1-96\n{PASSWORD}\nwkt a.keytab\nquit\n"
    shop.run("ktutil", stdin=steps.encode())
    keytab = shop.read("a.keytab")
    yield Material("keystore keytab", "MIT", "krb5.keytab", keytab, [Expected("keystore")], "nothing", (keytab[-24:],))


def _tink():
    value = base64.b64encode(b"\x1a\x20" + os.urandom(32)).decode()
    keyset = {"primaryKeyId": 1234, "key": [{"keyData": {
        "typeUrl": "type.googleapis.com/google.crypto.tink.AesGcmKey", "value": value, "keyMaterialType": "SYMMETRIC"},
        "status": "ENABLED", "keyId": 1234, "outputPrefixType": "TINK"}]}
    data = json.dumps(keyset).encode()
    yield Material("keystore Tink", "JSON keyset", "keyset.json", data, [Expected("keystore", None, {"encrypted": False})], "text",
                   (value.encode(),))


def make(shop):
    yield from _age(shop)
    yield from _wireguard(shop)
    yield from _dnssec(shop)
    yield from _signatures(shop)
    yield from _cosign()
    yield from _stores(shop)
    yield from _tink()
