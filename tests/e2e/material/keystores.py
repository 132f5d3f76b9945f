# SPDX-License-Identifier: Apache-2.0
"""Keystores by keytool, Bouncy Castle, openssl, certutil and pyjks. Without their passwords, aliases and certificates are still read
where the format leaves them readable."""
import base64

import jks
from cryptography import x509

from . import PASSWORD, Expected, Material, certificate_id

_BOUNCY = ("-providerclass", "org.bouncycastle.jce.provider.BouncyCastleProvider", "-providerpath", "/usr/share/java/bcprov.jar")
_WORD = ("-storepass", PASSWORD, "-keypass", PASSWORD)


def _lists(*aliases):
    return lambda entries: {entry["alias"] for entry in entries or []} == set(aliases)


def _java(shop):
    shop.run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "store.key", "-out", "store.crt", "-subj",
             "/CN=store.example.test")
    pem = shop.read("store.crt")
    identity = certificate_id(x509.load_pem_x509_certificate(pem))
    for form in ("JKS", "JCEKS", "PKCS12", "BKS", "UBER", "BCFKS"):
        provider = _BOUNCY if form in ("BKS", "UBER", "BCFKS") else ()
        name = "store." + form.lower()
        options = ("-keystore", name, "-storetype", form, *provider)
        shop.run("keytool", "-importcert", "-noprompt", "-alias", "authority", "-file", "store.crt", "-storepass", PASSWORD, *options)
        shop.run("keytool", "-genkeypair", "-alias", "server", "-keyalg", "EC", "-dname", "CN=server.example.test", *_WORD, *options)
        open_part = form in ("JKS", "JCEKS", "BKS")
        attributes = {"format": lambda got, form=form: form in (got or "").upper().replace("#", "").replace(" ", "")}
        expected = [Expected("keystore", None, {**attributes, **({"entries": _lists("authority", "server")} if open_part else {})})]
        if open_part:
            expected.append(Expected("certificate", identity))
        data = shop.read(name)
        yield Material(f"keystore {form}", "by keytool", name, data, expected, "end" if form == "UBER" else "binary")
        if form in ("JKS", "JCEKS", "PKCS12"):
            yield Material(f"keystore {form}", "in base64", "store.yaml", b"store: " + base64.b64encode(data) + b"\n", expected, "text")


def _well_known(shop):
    """Opened by a guess: all is listed, and the guess is not told."""
    for form in ("JKS", "PKCS12"):
        name = f"open.{form.lower()}"
        shop.run("keytool", "-genkeypair", "-alias", "server", "-keyalg", "EC", "-dname", "CN=open.example.test", "-storepass", "changeit",
                 "-keypass", "changeit", "-keystore", name, "-storetype", form)
        opened = Expected("keystore", None, {"password": "well-known", "entries": _lists("server")})
        yield Material(f"keystore {form}", "well-known password", name, shop.read(name),
                       [opened, Expected("private-key"), Expected("certificate")], guessed=True)


def _pkcs12(shop):
    make = ("openssl", "pkcs12", "-export", "-inkey", "store.key", "-in", "store.crt", "-name", "one", "-passout", f"pass:{PASSWORD}")
    identity = certificate_id(x509.load_pem_x509_certificate(shop.read("store.crt")))
    for name, options, readable in (("AES", (), False), ("RC2 and 3DES", ("-legacy",), False),
                                    ("certificates in clear", ("-certpbe", "NONE"), True),
                                    ("no MAC", ("-nomac",), False)):
        expected = [Expected("keystore")] + ([Expected("certificate", identity)] if readable else [])
        yield Material("keystore PKCS12", f"by openssl, {name}", "store.p12", shop.run(*make, *options), expected)


def _python(shop):
    der = shop.run("openssl", "x509", "-in", "store.crt", "-outform", "DER")
    store = jks.KeyStore.new("jks", [jks.TrustedCertEntry.new("one", der), jks.TrustedCertEntry.new("zwei-ü", der)])
    expected = [Expected("keystore", None, {"entries": _lists("one", "zwei-ü")})]
    yield Material("keystore JKS", "by pyjks", "trust.jks", store.saves(PASSWORD), expected)


def _nss(shop):
    shop.run("mkdir", "nss")
    shop.write("word", PASSWORD + "\n")
    shop.run("certutil", "-N", "-d", "sql:nss", "-f", "word")
    shop.run("certutil", "-A", "-d", "sql:nss", "-n", "authority", "-t", "CT,,", "-i", "store.crt", "-f", "word")
    identity = certificate_id(x509.load_pem_x509_certificate(shop.read("store.crt")))
    for name, expected in (("cert9.db", [Expected("keystore"), Expected("certificate", identity)]), ("key4.db", [Expected("keystore")])):
        yield Material("keystore NSS", name, name, shop.read("nss/" + name), expected)


def make(shop):
    yield from _java(shop)
    yield from _well_known(shop)
    yield from _pkcs12(shop)
    yield from _python(shop)
    yield from _nss(shop)
