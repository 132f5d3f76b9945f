# SPDX-License-Identifier: Apache-2.0
"""Three clouds behind a forward proxy: whoever goes through it finds their hosts, with certificates of a private authority.

What the clouds accept comes from a real registry; what they refuse they repeat to the client.
"""
import base64
import http.client
import json
import os
import ssl
import time
import urllib.parse

from .process import PATIENCE, Failure, tool
from .small_server import Handler, SmallServer

ECR, ECR_API = "123456789012.dkr.ecr.eu-central-1.amazonaws.com", "api.ecr.eu-central-1.amazonaws.com"
STS = "sts.eu-central-1.amazonaws.com"
ACR, ENTRA = "canary.azurecr.io", "login.microsoftonline.com"
GAR, GOOGLE = "europe-docker.pkg.dev", "oauth2.googleapis.com"
HOSTS = (ECR, ECR_API, STS, ACR, ENTRA, GAR, GOOGLE)


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


class Clouds(SmallServer):
    """`given` holds what clients must know: aws_key, aws_session_token, azure_secret, google_public_key (a PEM file); and what they get:
    sts_secret, sts_session, ecr_password, entra_token, acr_refresh, acr_access, google_access."""

    def __init__(self, folder, authority, registry_port, given):
        self._folder = folder
        self._registry_port = registry_port
        self.given = given
        self.heard = []
        self.asked = []  # (host, path)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(*authority.server(*HOSTS))
        super().__init__(self._handler())
        self.url = f"http://127.0.0.1:{self.port}"

    def _handler(self):
        clouds = self

        class Cloud(Handler):
            host = None

            def do_CONNECT(self):
                self.host = self.path.rsplit(":", 1)[0]
                self.send_response(200 if self.host in HOSTS else 502)
                self.end_headers()
                self.connection = clouds._context.wrap_socket(self.connection, server_side=True)
                self.rfile = self.connection.makefile("rb")
                self.wfile = self.connection.makefile("wb", 0)
                self.close_connection = False

            def do_GET(self):
                body = self.body()
                clouds.asked.append((self.host, self.path))
                clouds.heard += [body, urllib.parse.unquote_plus(body), *self.headers.values()]
                status, headers, data = clouds.answer(self.host, self.command, self.path, self.headers, body)
                self.answer(status, data, headers)

            do_HEAD = do_POST = do_GET

            def finish(self):
                try:
                    super().finish()
                except (OSError, ValueError):
                    pass
                self.connection.close()

        return Cloud

    def answer(self, host, method, path, headers, body):
        """(status, headers, body) of a cloud."""
        form = {name: values[0] for name, values in urllib.parse.parse_qs(body).items()}
        given = self.given
        says = None
        if host == STS and self._knows_aws(headers):
            says = {"AssumeRoleResponse": {"AssumeRoleResult": {"Credentials": {
                "AccessKeyId": "ASIATEMPORARY", "SecretAccessKey": given["sts_secret"], "SessionToken": given["sts_session"],
                "Expiration": time.time() + 3600}}}}
        elif host == ECR_API and self._knows_aws(headers, given["sts_session"]):
            token = base64.b64encode(f"AWS:{given['ecr_password']}".encode()).decode()
            says = {"authorizationData": [
                {"authorizationToken": token, "expiresAt": time.time() + 43200, "proxyEndpoint": f"https://{ECR}"}]}
        elif host == ENTRA and form.get("client_secret") == given["azure_secret"]:
            says = {"token_type": "Bearer", "expires_in": 3599, "access_token": given["entra_token"]}
        elif (host, path) == (ACR, "/oauth2/exchange") and form.get("access_token") == given["entra_token"]:
            says = {"refresh_token": given["acr_refresh"]}
        elif host == ACR and path.startswith("/oauth2/token") and form.get("refresh_token") == given["acr_refresh"]:
            says = {"access_token": given["acr_access"]}
        elif host == GOOGLE and self._signed_by_google_key(form.get("assertion", "")):
            says = {"access_token": given["google_access"], "expires_in": 3599, "token_type": "Bearer"}
        if says is not None:
            return 200, {}, json.dumps(says).encode()
        if host in (ECR, ACR, GAR) and path.startswith("/v2/") and headers.get("Authorization", "") in self._logins(host):
            return self._from_registry(method, path, headers)
        return self._refuse(host, path, headers, body)

    def _knows_aws(self, headers, *session_tokens):
        signed = headers.get("Authorization", "").startswith("AWS4-HMAC-SHA256 Credential=")
        own = self.given["aws_key"] in headers.get("Authorization", "")
        return signed and (own or headers.get("X-Amz-Security-Token") in session_tokens)

    def _logins(self, host):
        given = self.given
        return {ECR: {basic("AWS", given["ecr_password"])}, ACR: {"Bearer " + given["acr_access"]},
                GAR: {basic("oauth2accesstoken", given["google_access"]), basic("_token", given["google_access"]),
                      "Bearer " + given["google_access"]}}[host]

    def _signed_by_google_key(self, assertion):
        signed, _, signature = assertion.rpartition(".")
        if not signed:
            return False
        paths = [os.path.join(self._folder, name) for name in ("assertion", "signature")]
        for path, data in zip(paths, (signed.encode(), base64.urlsafe_b64decode(signature + "=="))):
            with open(path, "wb") as file:
                file.write(data)
        try:
            tool(["openssl", "dgst", "-sha256", "-verify", self.given["google_public_key"], "-signature", paths[1], paths[0]], self._folder)
            return True
        except Failure:
            return False
        finally:
            for path in paths:
                os.unlink(path)

    def _from_registry(self, method, path, headers):
        connection = http.client.HTTPConnection("127.0.0.1", self._registry_port, timeout=30 * PATIENCE)
        try:
            wanted = {name: headers[name] for name in ("Accept", "Range", "If-None-Match") if name in headers}
            connection.request(method, path, headers=wanted)
            answer = connection.getresponse()
            passed = ("Content-Type", "Docker-Content-Digest", "Link", "Content-Range")
            kept = {name: value for name, value in answer.getheaders() if name in passed}
            return answer.status, kept, answer.read()
        finally:
            connection.close()

    @staticmethod
    def _refuse(host, path, headers, body):
        text = " ".join([body, urllib.parse.unquote_plus(body), *headers.values()])
        scheme = f'Bearer realm="https://{ACR}/oauth2/token",service="{ACR}"' if host == ACR else 'Basic realm="cloud"'
        said = {"__type": "UnrecognizedClientException", "message": text, "error": "invalid_client", "error_description": text,
                "errors": [{"code": "UNAUTHORIZED", "message": text}]}
        challenge = {"WWW-Authenticate": scheme}
        return (401, challenge, json.dumps(said).encode()) if path.startswith("/v2/") else (400, {}, json.dumps(said).encode())
