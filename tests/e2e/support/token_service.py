# SPDX-License-Identifier: Apache-2.0
"""A token service as docker-registry's `auth: token` expects: it signs the tokens that the registry then checks itself."""
import base64
import collections
import json
import os
import ssl
import time
import urllib.parse
from dataclasses import dataclass, field

from .pki import Pki, pem_body
from .small_server import Handler, SmallServer

EVERYTHING = {("registry", "catalog"): {"*"}, ("repository", "*"): {"pull"}}


def _base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass
class Account:
    """`refresh_token` is the form in which cloud registries hand out access tokens. `rights` maps (type, name or "*") to actions."""

    password: str
    refresh_token: str = ""
    rights: dict = field(default_factory=lambda: EVERYTHING)

    def granted(self, kind, name, actions):
        allowed = self.rights.get((kind, name), set()) | self.rights.get((kind, "*"), set())
        return [action for action in actions if action in allowed]


class TokenService(SmallServer):
    """Knows accounts by name; serves on loopback, or as `host` with TLS. Its tokens live `lifetime_s`; a service whose clock or word
    cannot be trusted says `says_s` instead."""

    ISSUER = SERVICE = "e2e"

    def __init__(self, folder, accounts, host="localhost", listen="127.0.0.1", tls=None, lifetime_s=600, says_s=None):
        self._pki = Pki(folder)
        key = self._pki.rsa()
        certificate = self._pki.certificate(key, "/CN=e2e token service")
        self._key_file = os.path.join(folder, "signing.key")
        self._certificate = base64.b64encode(pem_body(certificate)).decode()
        self._bundle = os.path.join(folder, "token-service.pem")
        with open(self._bundle, "wb") as file:
            file.write(certificate)
        self._accounts = accounts
        self._host, self._scheme = host, "https" if tls else "http"
        self._lifetime_s, self._says_s = lifetime_s, says_s or lifetime_s
        self.asked = []  # (how, known)
        self.tokens = []  # all that were handed out
        self.granted = collections.Counter()  # (account, scope) -> tokens handed out
        super().__init__(self._handler(), listen)
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)

    def _handler(self):
        service = self

        class Service(Handler):
            def do_GET(self):
                query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
                self._answer("password", query, service.by_basic(self.headers.get("Authorization", "")))

            def do_POST(self):
                form = urllib.parse.parse_qs(self.body())
                how, account = service.by_form({name: values[0] for name, values in form.items()})
                self._answer(how, form, account)

            def _answer(self, how, fields, account):
                service.asked.append((how, account is not None))
                body = {"errors": [{"code": "UNAUTHORIZED", "message": "no such account"}]}
                if account is not None:
                    token = service.token(fields.get("scope", []), account)
                    body = {"token": token, "access_token": token, "expires_in": service._says_s}
                self.answer(401 if account is None else 200, json.dumps(body).encode())

        return Service

    def by_basic(self, header):
        """The name of the account, or None."""
        for name, account in self._accounts.items():
            if header == "Basic " + base64.b64encode(f"{name}:{account.password}".encode()).decode():
                return name
        return None

    def by_form(self, form):
        """How the OAuth2 form asked, and the name of the account or None."""
        if form.get("grant_type") == "password":
            account = self._accounts.get(form.get("username"))
            return "form", form["username"] if account and account.password == form.get("password") else None
        token = form.get("refresh_token")
        return "refresh token", next((name for name, account in self._accounts.items() if token and account.refresh_token == token), None)

    @property
    def address(self):
        return f"{self._host}:{self.port}"

    @property
    def registry_options(self):
        """For the registry's configuration."""
        realm = f"{self._scheme}://{self.address}/token"
        return {"realm": realm, "service": self.SERVICE, "issuer": self.ISSUER, "rootcertbundle": self._bundle}

    def token(self, scopes, account):
        """A signed token for what of scopes like "repository:team/app:pull" the account may."""
        access = []
        for scope in (one for text in scopes for one in text.split()):
            kind, name, actions = scope.split(":", 2)
            granted = self._accounts[account].granted(kind, name, actions.split(","))
            if granted:
                access.append({"type": kind, "name": name, "actions": granted})
                self.granted[account, scope] += 1
        now = int(time.time())
        header = {"typ": "JWT", "alg": "RS256", "x5c": [self._certificate]}
        claims = {"iss": self.ISSUER, "sub": account, "aud": self.SERVICE, "iat": now - 5,
                  "nbf": now - 5, "exp": now + self._lifetime_s, "jti": os.urandom(8).hex(), "access": access}
        signed = ".".join(_base64url(json.dumps(part).encode()) for part in (header, claims))
        signature = self._pki.openssl("dgst", "-sha256", "-sign", self._key_file, stdin=signed.encode())
        self.tokens.append(signed + "." + _base64url(signature))
        return self.tokens[-1]
