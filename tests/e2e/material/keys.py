# SPDX-License-Identifier: Apache-2.0
"""Private keys of every algorithm in every form, made by openssl, ssh-keygen and puttygen."""
import base64

from cryptography.hazmat.primitives import serialization

from . import PASSWORD, Expected, Material, spki_id

_ALGORITHMS = {
    "RSA 2048": ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"),
    "EC P-256": ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"),
    "EC P-384": ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"),
    "EC secp256k1": ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"),
    "Ed25519": ("-algorithm", "ED25519"),
    "Ed448": ("-algorithm", "ED448"),
    "X25519": ("-algorithm", "X25519"),
    "X448": ("-algorithm", "X448"),
}


def _secrets(pem):
    """What a leak would show: the middle of the key's DER, and a line of its text."""
    lines = [line for line in pem.splitlines() if line and not line.startswith(b"-----") and b":" not in line]
    body = base64.b64decode(b"".join(lines))
    return (body[len(body) // 2:len(body) // 2 + 16], lines[len(lines) // 2][:40])


def _plain(shop, kind, pem):
    key = serialization.load_pem_private_key(pem, None)
    expected = [Expected("private-key", spki_id(key.public_key()), {"encrypted": False})]
    secrets = _secrets(pem)
    yield Material(f"private key {kind}", "PKCS #8 PEM", "key.pem", pem, expected, "text", secrets)
    yield Material(f"private key {kind}", "PKCS #8 DER", "key.der", shop.run("openssl", "pkey", "-outform", "DER", stdin=pem), expected,
                   "binary", secrets)
    escaped = b'{"key": "' + pem.replace(b"\n", b"\\n") + b'"}'
    yield Material(f"private key {kind}", "PEM escaped in JSON", "key.json", escaped, expected, "text", secrets)
    yield Material(f"private key {kind}", "PEM in base64", "secret.yaml", b"tls.key: " + base64.b64encode(pem) + b"\n", expected, "text",
                   secrets)
    yield Material(f"private key {kind}", "PEM in UTF-16", "key.txt", pem.decode().encode("utf-16-le"), expected, "binary", secrets)
    der = shop.run("openssl", "pkey", "-outform", "DER", stdin=pem)
    if kind.startswith("RSA"):
        yield Material(f"private key {kind}", "base64 of DER", "key.txt", base64.b64encode(der) + b"\n", expected, "text", secrets)
    if kind.startswith(("RSA", "EC")):
        form = "PKCS #1" if kind.startswith("RSA") else "SEC 1"
        traditional = shop.run("openssl", "pkey", "-traditional", stdin=pem)
        yield Material(f"private key {kind}", f"{form} PEM", "key.pem", traditional, expected, "text", secrets)
        data = shop.run("openssl", "pkey", "-traditional", "-outform", "DER", stdin=pem)
        yield Material(f"private key {kind}", f"{form} DER", "key.der", data, expected, "binary", secrets)


def _explicit(shop):
    pem = shop.run("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt", "ec_param_enc:explicit")
    der = shop.run("openssl", "pkey", "-outform", "DER", stdin=pem)
    expected = [Expected("private-key", None, {"key_type": "EC", "encrypted": False})]
    yield Material("private key EC explicit", "PKCS #8 PEM", "key.pem", pem, expected, "text", _secrets(pem))
    yield Material("private key EC explicit", "PKCS #8 DER", "key.der", der, expected, "binary", _secrets(pem))


def _dsa(shop):
    shop.run("openssl", "dsaparam", "-out", "dsa.par", "2048")
    pem = shop.run("openssl", "gendsa", "dsa.par")
    key = serialization.load_pem_private_key(pem, None)
    expected = [Expected("private-key", spki_id(key.public_key()), {"key_type": "DSA", "encrypted": False})]
    pem = shop.run("openssl", "dsa", stdin=pem)
    der = shop.run("openssl", "dsa", "-outform", "DER", stdin=pem)
    yield Material("private key DSA", "traditional PEM", "key.pem", pem, expected, "text", _secrets(pem))
    yield Material("private key DSA", "traditional DER", "key.der", der, expected, "binary", _secrets(pem)[:1])


def _encrypted(shop, pem):
    closed = [Expected("private-key", None, {"encrypted": True})]
    for name, options in {
        "PKCS #8 PBES2 AES": ("-v2", "aes-256-cbc"),
        "PKCS #8 PBES2 scrypt": ("-scrypt",),
        "PKCS #8 PBE-SHA1-3DES": ("-v1", "PBE-SHA1-3DES"),
    }.items():
        for form in ("PEM", "DER"):
            data = shop.run("openssl", "pkcs8", "-topk8", *options, "-passout", f"pass:{PASSWORD}", "-outform", form, stdin=pem)
            yield Material("private key, encrypted", f"{name} {form}", "key.enc", data, closed, "text" if form == "PEM" else "binary")
    data = shop.run("openssl", "rsa", "-traditional", "-aes128", "-passout", f"pass:{PASSWORD}", stdin=pem)
    yield Material("private key, encrypted", "traditional PEM", "key.enc", data, closed, "text")


def _ssh(shop):
    for kind, options in {"rsa": ("-b", "2048"), "ecdsa": ("-b", "256"), "ed25519": (), "dsa": ()}.items():
        for word, encrypted in (("", False), (PASSWORD, True)):
            name = f"ssh-{kind}-{'closed' if encrypted else 'open'}"
            data = shop.make(name, "ssh-keygen", "-q", "-t", kind, *options, "-N", word, "-C", "somebody@example.test", "-f", name)
            public = shop.read(name + ".pub")
            identity = spki_id(serialization.load_ssh_public_key(public))
            label = f"private key {kind}" + (", encrypted" if encrypted else "")
            yield Material(label, "OpenSSH", f"id_{kind}", data, [Expected("private-key", identity, {"encrypted": encrypted})], "text")
            yield Material(f"public key {kind}", "OpenSSH", f"id_{kind}.pub", public, [Expected("public-key", identity)], "text")
            putty = shop.path(name + ".ppk")
            for version in ("2", "3"):
                shop.write("old", word)
                shop.run("puttygen", name, "-O", "private", "-o", putty, "--ppk-param", f"version={version}", "--old-passphrase", "old",
                         "--new-passphrase", "old")
                expected = [Expected("private-key", identity, {"encrypted": encrypted})]
                yield Material(label, f"PuTTY {version}", f"{kind}.ppk", shop.read(name + ".ppk"), expected, "text")
            if not encrypted:
                blob = public.split()[1].decode()
                lines = f"# comment\ncommand=\"/bin/true\",no-pty {public.decode().split()[0]} {blob} who\n"
                yield Material(f"public key {kind}", "authorized_keys", "authorized_keys", lines.encode(),
                               [Expected("public-key", identity)], "text")
                lines = f"git.example.test,192.0.2.7 {public.decode().split()[0]} {blob}\n"
                yield Material(f"public key {kind}", "known_hosts", "known_hosts", lines.encode(), [Expected("public-key", identity)],
                               "text")
    shop.run("ssh-keygen", "-q", "-k", "-f", "list.krl", "ssh-rsa-open.pub")
    yield Material("revocation list", "OpenSSH KRL", "list.krl", shop.read("list.krl"), [Expected("crl")])


def _microsoft(shop, pem):
    key = serialization.load_pem_private_key(pem, None)
    expected = [Expected("private-key", spki_id(key.public_key()), {"encrypted": False})]
    data = shop.run("openssl", "rsa", "-outform", "PVK", "-pvk-none", stdin=pem)
    yield Material("private key RSA 2048", "PVK", "key.pvk", data, expected)
    data = shop.run("openssl", "rsa", "-outform", "MSBLOB", stdin=pem)
    yield Material("private key RSA 2048", "CryptoAPI blob", "key.snk", data, expected)


def make(shop):
    for kind, options in _ALGORITHMS.items():
        pem = shop.run("openssl", "genpkey", *options)
        yield from _plain(shop, kind, pem)
        if kind == "RSA 2048":
            yield from _encrypted(shop, pem)
            yield from _microsoft(shop, pem)
    yield from _explicit(shop)
    yield from _dsa(shop)
    yield from _ssh(shop)
