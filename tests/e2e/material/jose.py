# SPDX-License-Identifier: Apache-2.0
"""JSON web keys and tokens by jwcrypto."""
import json

from cryptography.hazmat.primitives import serialization
from jwcrypto import jwe, jwk, jwt

from . import Expected, Material, spki_id


def _identity(key):
    return spki_id(serialization.load_pem_public_key(key.export_to_pem()))


def _keys():
    kinds = {"RSA": {"kty": "RSA", "size": 2048}, "EC": {"kty": "EC", "crv": "P-256"}, "Ed25519": {"kty": "OKP", "crv": "Ed25519"},
             "X25519": {"kty": "OKP", "crv": "X25519"}}
    for kind, options in kinds.items():
        key = jwk.JWK.generate(**options, kid="one")
        private, public = key.export_private(), key.export_public()
        secret = json.loads(private)["d"].encode()
        yield Material(f"private key {kind}", "JWK", "key.json", private.encode(), [Expected("private-key", _identity(key))], "text",
                       (secret,))
        yield Material(f"public key {kind}", "JWK", "public.json", public.encode(), [Expected("public-key", _identity(key))], "text")
        indented = json.dumps({"keys": [json.loads(public)]}, indent=2).encode()
        yield Material(f"public key {kind}", "JWKS", "jwks.json", indented, [Expected("public-key", _identity(key))], "text")
    key = jwk.JWK.generate(kty="oct", size=256)
    secret = json.loads(key.export())["k"].encode()
    yield Material("secret key", "JWK", "oct.json", key.export().encode(), [Expected("secret-key")], "text", (secret,))


def _tokens():
    claims = {"iss": "https://issuer.example.test", "aud": "app", "exp": 1893456000, "iat": 1700000000, "sub": "somebody"}
    keys = {"HS256": jwk.JWK.generate(kty="oct", size=256), "RS256": jwk.JWK.generate(kty="RSA", size=2048),
            "ES256": jwk.JWK.generate(kty="EC", crv="P-256"), "EdDSA": jwk.JWK.generate(kty="OKP", crv="Ed25519")}
    for algorithm, key in keys.items():
        token = jwt.JWT(header={"alg": algorithm, "typ": "JWT"}, claims=claims)
        token.make_signed_token(key)
        data = token.serialize().encode()
        expected = Expected("token", None, {"algorithm": algorithm, "issuer": claims["iss"]})
        signature = data.rsplit(b".", 1)[1]
        yield Material(f"token {algorithm}", "JWT", "token", data + b"\n", [expected], "text", (signature,))
        yield Material(f"token {algorithm}", "JWT in JSON", "t.json", b'{"access_token":"' + data + b'"}', [expected], "text", (signature,))
    from base64 import urlsafe_b64encode

    def part(text):
        return urlsafe_b64encode(text.encode()).rstrip(b"=")
    for header in ('{"alg":"none"}', '{ "alg": "none" }', '{\n"alg":"none"}', '{\r\n "alg": "none"}', '{\t"alg":"none"}'):
        data = part(header) + b"." + part(json.dumps(claims)) + b"."
        expected = Expected("token", None, {"algorithm": "none", "weaknesses": lambda got: "alg-none" in (got or [])})
        yield Material("token none", "JWT, header " + repr(header[:4]), "token", b"token=" + data + b"\n", [expected], "text")
    for management in ("dir", "RSA-OAEP-256"):
        key = jwk.JWK.generate(kty="oct", size=256) if management == "dir" else keys["RS256"]
        box = jwe.JWE(b"hidden", json.dumps({"alg": management, "enc": "A256GCM"}))
        box.add_recipient(key)
        expected = Expected("token", None, {"algorithm": management})
        yield Material(f"token {management}", "JWE", "token", box.serialize(compact=True).encode() + b"\n", [expected], "text")


def make(_shop):
    yield from _keys()
    yield from _tokens()
