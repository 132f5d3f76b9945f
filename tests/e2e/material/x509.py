# SPDX-License-Identifier: Apache-2.0
"""Certificates and their relatives, made by openssl, in every form in which they lie about."""
import base64
import json

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from . import Expected, Material, certificate_id, sha256_id, spki_id

_KEYS = {
    "RSA": ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"),
    "EC": ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"),
    "Ed25519": ("-algorithm", "ED25519"),
}


def encodings(kind, name, pem, der, expected):
    """The forms that every PEM block meets in practice."""
    text = pem.decode()
    plain = base64.b64encode(der).decode()
    lines = text.replace("\n", "\n    ")
    forms = {
        "PEM": pem,
        "PEM, CRLF": pem.replace(b"\n", b"\r\n"),
        "PEM in YAML": f"data:\n  pem: |\n    {lines}\n".encode(),
        "PEM escaped in JSON": json.dumps({"pem": text}).encode(),
        "PEM escaped in an env file": ("PEM=\"" + text.replace("\n", "\\n") + "\"\n").encode(),
        "PEM in base64": json.dumps({"pem": base64.b64encode(pem).decode()}).encode(),
        "PEM in UTF-16": b"\xff\xfe" + text.encode("utf-16-le"),
        "PEM in UTF-16BE": b"\xfe\xff" + text.encode("utf-16-be"),
        "base64 of DER": json.dumps({"value": plain}).encode(),
        "base64 of DER, in lines": base64.encodebytes(der),
    }
    for encoding, data in forms.items():
        yield Material(kind, encoding, f"{name}.txt", data, [expected], joins="text" if "UTF-16" not in encoding else "binary")
    yield Material(kind, "DER", f"{name}.der", der, [expected])


def _make_pair(shop, name, kind):
    key = shop.make(f"{name}.key", "openssl", "genpkey", *_KEYS[kind], "-out", f"{name}.key")
    certificate = shop.run("openssl", "req", "-x509", "-new", "-key", f"{name}.key", "-subj", f"/CN={name}.example.test", "-days", "3650")
    shop.write(f"{name}.crt", certificate)
    return key, certificate


def _request(shop):
    pem = shop.run("openssl", "req", "-new", "-key", "RSA.key", "-subj", "/CN=request.example.test")
    der = shop.run("openssl", "req", "-outform", "DER", stdin=pem)
    return encodings("certificate request", "request", pem, der, Expected("certificate-request", sha256_id(der)))


def _revocation_list(shop):
    shop.write("index.txt", "R\t401231235959Z\t240101000000Z\t1001\tunknown\t/CN=revoked\n")
    shop.write("crlnumber", "01\n")
    shop.write("ca.cnf", "[ca]\ndefault_ca=a\n[a]\ndatabase=index.txt\ncrlnumber=crlnumber\ndefault_md=sha256\ndefault_crl_days=3650\n")
    pem = shop.run("openssl", "ca", "-config", "ca.cnf", "-gencrl", "-keyfile", "RSA.key", "-cert", "RSA.crt")
    der = shop.run("openssl", "crl", "-outform", "DER", stdin=pem)
    expected = Expected("crl", sha256_id(der), {"revoked_certificates": 1})
    return encodings("revocation list", "list", pem, der, expected)


def _ocsp(shop):
    shop.write("ocsp.idx", "V\t401231235959Z\t\t1001\tunknown\t/CN=fine\n")
    shop.run("openssl", "ocsp", "-issuer", "RSA.crt", "-serial", "0x1001", "-reqout", "ocsp.req")
    der = shop.make("ocsp.der", "openssl", "ocsp", "-index", "ocsp.idx", "-CA", "RSA.crt", "-rsigner", "RSA.crt", "-rkey", "RSA.key",
                    "-reqin", "ocsp.req",
                    "-respout", "ocsp.der", "-ndays", "30")
    yield Material("OCSP response", "DER", "ocsp.der", der, [Expected("ocsp-response", sha256_id(der))])


def _envelopes(shop, certificate):
    inside = Expected("certificate", certificate_id(certificate))
    for form in ("PEM", "DER"):
        data = shop.run("openssl", "crl2pkcs7", "-nocrl", "-certfile", "RSA.crt", "-outform", form)
        yield Material("certificate in PKCS #7", form, "chain.p7b", data, [inside])
    shop.write("message.txt", "signed\n")
    for form in ("PEM", "DER"):
        data = shop.run("openssl", "cms", "-sign", "-in", "message.txt", "-signer", "RSA.crt", "-inkey", "RSA.key", "-outform", form,
                        "-nodetach", "-binary")
        yield Material("CMS signed data", form, "message.cms", data, [inside, Expected("signed-data")])


def _public_keys(shop):
    for kind in _KEYS:
        pem = shop.run("openssl", "pkey", "-in", f"{kind}.key", "-pubout")
        key = serialization.load_pem_public_key(pem)
        expected = Expected("public-key", spki_id(key))
        yield Material(f"public key {kind}", "PEM", "public.pem", pem, [expected], joins="text")
        yield Material(f"public key {kind}", "DER", "public.der", shop.run("openssl", "pkey", "-pubin", "-outform", "DER", stdin=pem),
                       [expected])
    pem = shop.run("openssl", "rsa", "-in", "RSA.key", "-RSAPublicKey_out")
    key = serialization.load_pem_private_key(shop.read("RSA.key"), None).public_key()
    yield Material("public key RSA", "PEM, PKCS #1", "public.pem", pem, [Expected("public-key", spki_id(key))], joins="text")


def make(shop):
    for kind in _KEYS:
        _, pem = _make_pair(shop, kind, kind)
        certificate = x509.load_pem_x509_certificate(pem)
        der = certificate.public_bytes(serialization.Encoding.DER)
        expected = Expected("certificate", certificate_id(certificate), {"subject": f"CN={kind}.example.test"})
        yield from encodings(f"certificate {kind}", kind.lower(), pem, der, expected)
        if kind == "RSA":
            trusted = shop.run("openssl", "x509", "-in", "RSA.crt", "-trustout", "-addtrust", "serverAuth")
            yield Material("certificate RSA", "TRUSTED CERTIFICATE", "trusted.pem", trusted, [expected], joins="text")
            yield from _envelopes(shop, certificate)
    yield from _request(shop)
    yield from _revocation_list(shop)
    yield from _ocsp(shop)
    yield from _public_keys(shop)
