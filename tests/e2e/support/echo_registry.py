# SPDX-License-Identifier: Apache-2.0
"""A registry that tells everybody what it was told: credentials come back in bodies, headers and redirects."""
import base64
import json
import urllib.parse

from .small_server import Handler, SmallServer


def _said(handler, body):
    """All that the client said, also decoded."""
    authorization = handler.headers.get("Authorization", "")
    parts = [authorization, body, urllib.parse.unquote_plus(body)]
    if authorization.startswith("Basic "):
        parts.append(base64.b64decode(authorization[6:] + "==").decode(errors="replace"))
    parts += [handler.headers.get("Proxy-Authorization", ""), handler.path, urllib.parse.unquote_plus(handler.path)]
    return parts


class EchoRegistry(SmallServer):
    """The first part of a repository's name says how: "status-401" and the like, "redirect", "challenge" (in WWW-Authenticate),
    "bearer" (a token service here that echoes), "plain" (no JSON), "manifest" (what it was told as a manifest)."""

    def __init__(self):
        echo = self
        self.heard = []  # headers and bodies, to be sure that there was something to echo

        class Echo(Handler):
            def do_GET(self):
                said = _said(self, self.body())
                known = bool(self.headers.get("Authorization") or self.headers.get("Proxy-Authorization"))
                echo.heard += said
                mode = self.path.split("/")[2] if self.path.startswith("/v2/") and len(self.path) > 4 else ""
                if self.path.startswith("/token"):
                    self._answer(403, _error(said))
                elif mode == "bearer" and not self.headers.get("Authorization", "").startswith("Bearer "):
                    self._answer(401, _error(said), ("WWW-Authenticate", f'Bearer realm="http://{echo.address}/token",service="echo"'))
                elif not known:
                    self._answer(401, _error(said), ("WWW-Authenticate", 'Basic realm="echo"'))
                else:
                    self._echo(mode or "status-401", said)

            do_HEAD = do_POST = do_GET

            def _echo(self, mode, said):
                text = " ".join(part for part in said if part)
                line = text.replace("\r", " ").replace("\n", " ")
                if mode == "redirect":
                    self._answer(307, "", ("Location", "/v2/status-403/app/blobs/x?" + urllib.parse.urlencode({"leak": line})))
                elif mode == "challenge":
                    challenge = line.replace("\\", "").replace('"', "")
                    self._answer(401, _error(said), ("WWW-Authenticate", f'Basic realm="{challenge}", error="{challenge}"'))
                elif mode == "plain":
                    self._answer(403, text, kind="text/plain")
                elif mode == "manifest":
                    self._answer(200, json.dumps({"schemaVersion": 2, "mediaType": text, "config": {"digest": text}}), kind=line)
                else:
                    self._answer(int(mode.removeprefix("status-")) if mode.startswith("status-") else 403, _error(said))

            def _answer(self, status, body, header=None, kind="application/json"):
                self.answer(status, body.encode(), dict([header] if header else []), kind)

        super().__init__(Echo)

    @property
    def address(self):
        return f"localhost:{self.port}"


def _error(said):
    text = " ".join(part for part in said if part)
    return json.dumps({"errors": [{"code": text, "message": f"refused {text}", "detail": said}], "message": text})
