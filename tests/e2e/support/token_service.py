# SPDX-License-Identifier: Apache-2.0
"""A token service as docker-registry's `auth: token` expects: it signs the tokens that the registry then checks itself."""
import base64
import http.server
import json
import os
import threading
import time
import urllib.parse

from .pki import Pki, pem_body


def _base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class TokenService:
    """Knows one user with a password, and one refresh token (the form in which cloud registries hand out access tokens)."""

    ISSUER = SERVICE = "e2e"

    def __init__(self, folder, user, password, refresh_token):
        self._pki = Pki(folder)
        key = self._pki.rsa()
        certificate = self._pki.certificate(key, "/CN=e2e token service")
        self._key_file = os.path.join(folder, "signing.key")
        self._certificate = base64.b64encode(pem_body(certificate)).decode()
        self._bundle = os.path.join(folder, "token-service.pem")
        with open(self._bundle, "wb") as file:
            file.write(certificate)
        self._basic = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        self._refresh_token = refresh_token
        self.asked = []
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
                self._answer("password", query, self.headers.get("Authorization") == service._basic)

            def do_POST(self):
                form = urllib.parse.parse_qs(self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode())
                self._answer("refresh token", form, form.get("refresh_token") == [service._refresh_token])

            def _answer(self, how, fields, known):
                service.asked.append((how, known))
                body = json.dumps({"token": service.token(fields.get("scope", []))} if known else {"errors": []}).encode()
                self.send_response(200 if known else 401)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True

    def start(self):
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def kill(self):
        self._server.shutdown()
        self._server.server_close()

    @property
    def registry_options(self):
        """For the registry's configuration."""
        realm = f"http://localhost:{self._server.server_address[1]}/token"
        return {"realm": realm, "service": self.SERVICE, "issuer": self.ISSUER, "rootcertbundle": self._bundle}

    def token(self, scopes, lifetime_s=600):
        """A signed token for scopes like "repository:team/app:pull"."""
        access = []
        for scope in (one for text in scopes for one in text.split()):
            kind, name, actions = scope.split(":", 2)
            access.append({"type": kind, "name": name, "actions": actions.split(",")})
        now = int(time.time())
        header = {"typ": "JWT", "alg": "RS256", "x5c": [self._certificate]}
        claims = {"iss": self.ISSUER, "sub": "e2e", "aud": self.SERVICE, "iat": now - 5,
                  "nbf": now - 5, "exp": now + lifetime_s, "jti": str(now), "access": access}
        signed = ".".join(_base64url(json.dumps(part).encode()) for part in (header, claims))
        signature = self._pki.openssl("dgst", "-sha256", "-sign", self._key_file, stdin=signed.encode())
        return signed + "." + _base64url(signature)
