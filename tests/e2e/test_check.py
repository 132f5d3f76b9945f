#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`landwaiter registry check` against real registries: open, with passwords, behind TLS, and gone."""
import base64
import os

from support import images
from support.case import EndToEndCase, main
from support.pki import Pki
from support.registry import Pusher

STEPS = ["address", "tls", "api", "authentication", "catalog", "tags", "manifest", "blob", "clock", "throttling"]
USER, PASSWORD = "inspector", "corr3ct-Horse-battery"


class Check(EndToEndCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.make_certificates()
        cls.open = cls.start_registry("open")
        cls.image = images.Image([images.layer({"a": b"b" * 5000})])
        with Pusher(cls.open) as pusher:
            pusher.push(cls.image, "team/app", "v1")
        tls = (cls.path("server.pem"), cls.path("server.key"))
        cls.secure = cls.start_registry("secure", storage=cls.open.storage, users={USER: PASSWORD}, tls=tls)

    @classmethod
    def path(cls, name):
        return os.path.join(cls.folder, name)

    @classmethod
    def make_certificates(cls):
        pki = Pki(cls.folder)
        for name in ("ca", "server"):
            with open(cls.path(name + ".key"), "wb") as file:
                file.write(pki.key())
        pki.openssl("req", "-x509", "-new", "-key", cls.path("ca.key"), "-subj", "/CN=Example Authority", "-days", "3650", "-out",
                    cls.path("ca.pem"))
        pki.openssl("req", "-x509", "-new", "-key", cls.path("server.key"), "-CA", cls.path("ca.pem"), "-CAkey", cls.path("ca.key"),
                    "-subj", "/CN=registry.example", "-addext", "subjectAltName=DNS:localhost", "-addext",
                    "basicConstraints=critical,CA:FALSE",
                    "-days", "365", "-out", cls.path("server.pem"))

    def check(self, *args, code=0, stdin=""):
        """The steps by name; the exit code must be `code`."""
        done = self.landwaiter("registry", "check", "--format", "json", *args, stdin=stdin)
        self.assertEqual(done.code, code, done.out + done.err)
        document = done.json
        self.assertEqual(document["ok"], code == 0)
        self.assertEqual([step["name"] for step in document["steps"]], STEPS)
        for secret in (PASSWORD, base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()):
            self.assertNotIn(secret, done.out + done.err)
        return {step["name"]: step for step in document["steps"]}

    def results(self, steps):
        return {name: step["result"] for name, step in steps.items()}

    def test_open_registry(self):
        steps = self.check(self.open.address)
        self.assertEqual(self.results(steps), {**{name: "ok" for name in STEPS}, "tls": "skipped"})
        self.assertIn("Docker Registry", steps["api"]["seen"])
        self.assertIn(f"team/app:v1 is {self.image.digest}: image, 1 layer", steps["manifest"]["seen"])
        self.assertIn("206", steps["blob"]["seen"])
        self.assertIn("clock is 0 s", steps["clock"]["seen"].replace("clock is 1 s", "clock is 0 s"))

    def test_reads_little(self):
        mark = self.open.mark()
        self.check(self.open.address)
        kinds = [request.kind for request in self.open.requests_since(mark)]
        self.assertEqual(sorted(set(kinds)), ["_catalog", "blobs", "manifests", "ping", "tags"])
        self.assertEqual([kinds.count(kind) for kind in ("_catalog", "blobs", "manifests", "tags")], [1, 1, 1, 1])

    def test_tls_and_password(self):
        steps = self.check(f"https://{self.secure.address}", "--ca-file", self.path("ca.pem"), "--username", USER, "--password-stdin",
                           stdin=PASSWORD)
        self.assertEqual(set(self.results(steps).values()), {"ok"})
        for part in ("TLSv1.3", "certificate of CN=registry.example", "signed by CN=Example Authority", "valid until 20"):
            self.assertIn(part, steps["tls"]["seen"])
        self.assertIn(f'Basic, realm "e2e", as user "{USER}": accepted', steps["authentication"]["seen"])

    def test_unknown_authority(self):
        steps = self.check(f"https://{self.secure.address}", code=3)
        self.assertEqual((steps["address"]["result"], steps["tls"]["result"], steps["api"]["result"]), ("ok", "failed", "skipped"))
        self.assertIn("certificate of CN=registry.example, signed by CN=Example Authority", steps["tls"]["seen"])
        for part in ("CN=Example Authority", "--ca-file", "certs.d"):
            self.assertIn(part, steps["tls"]["advice"])
        steps = self.check(f"https://{self.secure.address}", "--insecure", code=3)
        self.assertEqual((steps["tls"]["result"], steps["authentication"]["result"]), ("ok", "failed"))

    def test_wrong_scheme(self):
        steps = self.check(self.secure.address, code=3)  # loopback hosts are spoken to in plain HTTP
        self.assertEqual(steps["api"]["result"], "failed")
        self.assertIn("https://", steps["api"]["advice"])
        steps = self.check(f"https://{self.open.address}", code=3)
        self.assertEqual(steps["tls"]["result"], "failed")
        self.assertIn("--plain-http", steps["tls"]["advice"])

    def test_refused_login(self):
        base = [f"https://{self.secure.address}", "--ca-file", self.path("ca.pem")]
        steps = self.check(*base, code=3)
        self.assertEqual(steps["authentication"]["result"], "failed")
        self.assertIn("anonymously", steps["authentication"]["seen"])
        self.assertIn("--password-stdin", steps["authentication"]["advice"])
        done = self.landwaiter("registry", "check", *base, "--username", USER, "--password-stdin", stdin="wr0ng-passw0rd")
        self.assertEqual(done.code, 3)
        self.assertRegex(done.out,
                         r'(?m)^authentication +failed +Basic.*as user "inspector".*401 Unauthorized from registry ' + self.secure.address)
        self.assertNotIn("wr0ng-passw0rd", done.out + done.err)

    def test_table_and_output(self):
        done = self.landwaiter("registry", "check", self.open.address)
        self.assertEqual(done.code, 0, done.err)
        self.assertRegex(done.out, r"(?m)^CHECK +RESULT +SEEN$")
        for name in STEPS:
            self.assertRegex(done.out, rf"(?m)^{name} +(ok|skipped) ")
        done = self.landwaiter("registry", "check", self.open.address, "--output", self.path("check.txt"))
        self.assertEqual((done.code, done.out), (0, ""))

    def test_repository(self):
        steps = self.check(self.open.address, "--repository", "team/app")
        self.assertIn("1 tag of team/app", steps["tags"]["seen"])
        steps = self.check(self.open.address, "--repository", "no/such", code=3)
        self.assertEqual((steps["tags"]["result"], steps["manifest"]["result"]), ("failed", "skipped"))

    def test_nobody_there(self):
        steps = self.check("127.0.0.1:1", code=3)
        self.assertEqual(self.results(steps), {**{name: "skipped" for name in STEPS}, "address": "failed"})

    def test_usage(self):
        for args in (["no host at all"], [self.open.address, "--repository", "No/Name"], [], [self.open.address, "--format", "xml"],
                     [self.open.address, "--output", self.path("no/such/folder")]):
            with self.subTest(args=args):
                self.assertEqual(self.landwaiter("registry", "check", *args).code, 2)
        self.assertEqual(self.landwaiter("registry").code, 2)


if __name__ == "__main__":
    main()
