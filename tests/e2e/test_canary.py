#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Credentials are given in every place that takes them, to registries that accept, refuse and repeat them, and looked for everywhere."""
import base64
import ctypes
import hashlib
import json
import os
import sqlite3
import urllib.parse

from sample import Sample
from support import secrets
from support.authority import Authority, machine_name
from support.canaries import Canaries, forms
from support.case import EndToEndCase, main, places
from support.clouds import ACR, ECR, ECR_API, ENTRA, GAR, GOOGLE, STS, Clouds
from support.echo_registry import EchoRegistry
from support.features import lacks, need
from support.forward_proxies import Squid
from support.pki import private_fragments
from support.process import wait_for
from support.service import ApiError, Platform, Sensor
from support.token_service import Account, TokenService

USER = "inspector"
ECHOES = ("status-400", "status-401", "status-403", "status-404", "redirect", "challenge", "bearer", "plain", "manifest")


def canary(name):
    """A value with characters that every encoding writes differently, always the same for a name."""
    return "~" + base64.b64encode(hashlib.sha256(name.encode()).digest()[:27]).decode() + "+/%="


PASSWORD, WRONG_PASSWORD = canary("password"), canary("wrong password")
TOKEN, WRONG_TOKEN = canary("refresh token"), canary("wrong token")
CONFIG_PASSWORD, IDENTITY_TOKEN, YAML_PASSWORD = canary("docker config"), canary("identity token"), canary("container config")
PROXY_PASSWORD = canary("proxy password")
API_PASSWORD, API_TOKEN = canary("API password"), canary("API token")
SCAN_PASSWORD, SCAN_TOKEN = canary("scan password"), canary("scan token")
ALL = {"password": PASSWORD, "wrong password": WRONG_PASSWORD, "token": TOKEN, "wrong token": WRONG_TOKEN,
       "docker config's password": CONFIG_PASSWORD, "identity token": IDENTITY_TOKEN, "container config's password": YAML_PASSWORD,
       "proxy password": PROXY_PASSWORD, "API's password": API_PASSWORD, "API's token": API_TOKEN,
       "scan's password": SCAN_PASSWORD, "scan's token": SCAN_TOKEN}


def search(canaries, folder, allowed=()):
    """What of the canaries lies under a folder: [(file, which)]; `allowed` names files that may hold one."""
    found = []
    for origin, data in secrets.all_bytes_of(folder):
        if os.path.basename(origin) not in allowed:
            found += [(origin, what) for what in canaries.found_in(data)]
    return found


class SelfTest(EndToEndCase):
    """The search finds what it is meant to find."""

    def test_each_form_in_a_file(self):
        canaries = Canaries(**ALL)
        for name, value in ALL.items():
            for form, text in forms(value.encode()).items():
                folder = self.make_folder("form")
                with open(os.path.join(folder, "file"), "wb") as file:
                    file.write(b"before " + text + b" behind")
                what = {found.split(",")[0] for _, found in search(canaries, folder)}
                self.assertEqual(what, {name}, f"{name} as {form}: {text}")

    def test_user_and_password_in_base64(self):
        canaries = Canaries(**ALL)
        for user in ("a", "ab", "abc"):
            text = base64.b64encode(f"{user}:{PASSWORD}:more".encode())
            self.assertIn("password", {found.split(",")[0] for found in canaries.found_in(b"Basic " + text)}, user)

    def test_half_of_a_value(self):
        canaries = Canaries(**ALL)
        half = len(TOKEN) // 2
        self.assertTrue(canaries.found_in(TOKEN[:half].encode()))
        self.assertTrue(canaries.found_in(TOKEN[half:].encode()))
        self.assertEqual(canaries.found_in(TOKEN[:half - 1].encode()), [])

    def test_compressed_in_a_database_and_in_its_log(self):
        folder = self.make_folder("database")
        database = sqlite3.connect(os.path.join(folder, "x.db"))
        self.addCleanup(database.close)
        database.execute("PRAGMA journal_mode=wal")
        database.execute("CREATE TABLE t (v BLOB)")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        compressed = self.zstd(b'{"reason": "' + API_PASSWORD.encode() + b'"}' + bytes(1000))
        self.assertNotIn(API_PASSWORD.encode(), compressed + b"", "the compressor left it readable: no test")
        database.execute("INSERT INTO t VALUES (?), (?)", (compressed, API_TOKEN))
        database.commit()
        found = search(Canaries(**ALL), folder)
        self.assertIn("API's password", {what.split(",")[0] for origin, what in found if origin.endswith("x.db: t")}, found)
        self.assertIn("API's token", {what.split(",")[0] for origin, what in found if origin.endswith("x.db-wal")}, found)

    @staticmethod
    def zstd(data):
        """Compressed with the value's own bytes repeated, so that it does not lie there in one piece."""
        library = secrets._ZSTD
        library.ZSTD_compress.restype = ctypes.c_size_t
        prefix = b"".join(data[at:at + 6] + b"|" for at in range(len(data) - 1000))
        data = prefix + data
        out = ctypes.create_string_buffer(len(data) + 1000)
        size = library.ZSTD_compress(out, ctypes.c_size_t(len(out)), data, ctypes.c_size_t(len(data)), 19)
        return out.raw[:size]

    def test_nothing_where_nothing_is(self):
        folder = self.make_folder("clean")
        with open(os.path.join(folder, "file"), "wb") as file:
            file.write(os.urandom(1 << 20) + b"Basic realm=registry user inspector *** password token")
        self.assertEqual(search(Canaries(**ALL), folder), [])


class CanaryCase(EndToEndCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sample = Sample(cls.make_folder("sample"))
        cls.registry = cls.start_registry()
        cls.registry.push(cls.sample.image, "team/app", "v1")
        users = {USER: PASSWORD, "config": CONFIG_PASSWORD, "yaml": YAML_PASSWORD, "api": API_PASSWORD, "scan": SCAN_PASSWORD}
        cls.private = cls.start_registry("private", storage=cls.registry.storage, users=users)
        accounts = {USER: Account(PASSWORD, TOKEN), "config": Account(CONFIG_PASSWORD, IDENTITY_TOKEN),
                    "api": Account(API_PASSWORD, API_TOKEN), "scan": Account(SCAN_PASSWORD, SCAN_TOKEN)}
        cls.service = cls.start(TokenService(cls.make_folder("token-service"), accounts))
        cls.tokens = cls.start_registry("tokens", storage=cls.registry.storage, token_auth=cls.service.registry_options)
        cls.echo = cls.start(EchoRegistry())
        cls.canaries = Canaries(**ALL)

    def heard(self, value):
        """The echoing registry was given a value: else its silence proves nothing."""
        plain = value.encode()
        return any(plain in part.encode() for part in self.echo.heard)

    def assert_clean(self, data, where):
        data = data if isinstance(data, bytes) else data.encode()
        found = self.canaries.found_in(data)
        places_of = [data[max(0, data.index(needle) - 200):][:400] for what, needle in self.canaries.needles if what in found]
        self.assertEqual(found, [], f"{where}: {places_of[:3]}")

    def add_bearer_tokens(self):
        """The signatures of the tokens that the service handed out are secrets, too."""
        for number, token in enumerate(self.service.tokens):
            self.canaries.add(f"bearer token {number}", token.rsplit(".", 1)[1][:48])


class Commands(CanaryCase):
    def setUp(self):
        self.state = self.make_folder("state")

    def tearDown(self):
        self.assertEqual(search(self.canaries, self.state), [])

    def say(self, code, *argv, **options):
        """Runs a command with a state folder; nothing that it says may hold a canary."""
        argv = [*argv, "--state", os.path.join(self.state, "state")] if argv[0] == "scan" else argv
        done = self.landwaiter(*argv, **options)
        self.assert_clean(done.out + done.err, argv)
        self.assertIn(done.code, [code] if isinstance(code, int) else code, f"{argv}: {done.out[-1500:]}{done.err[-1500:]}")
        return done

    def scan(self, code, image, *flags, **options):
        done = self.say(code, "scan", "--format", "json", "--full", image, *flags, **options)
        if code == 0:
            self.assertEqual(places(done.json["images"][0]), self.sample.places)
        self.say(code, "scan", "--full", image, *flags, **options)

    def test_standard_input(self):
        private, tokens = f"{self.private.address}/team/app:v1", f"{self.tokens.address}/team/app:v1"
        for image in (private, tokens):
            self.scan(0, image, "--username", USER, "--password-stdin", stdin=PASSWORD)
            self.scan(3, image, "--username", USER, "--password-stdin", stdin=WRONG_PASSWORD)
            self.scan(3, image, "--token-stdin", stdin=WRONG_TOKEN)
        self.scan(0, tokens, "--token-stdin", stdin=TOKEN)
        self.scan(0, tokens, "--token", TOKEN)
        for registry in (self.private, self.tokens):
            self.say(0, "list", registry.address, "--username", USER, "--password-stdin", stdin=PASSWORD)
            self.say(3, "list", registry.address, "--username", USER, "--password-stdin", stdin=WRONG_PASSWORD)
        self.add_bearer_tokens()

    def test_docker_config(self):
        folder = self.make_folder("given")
        auth = base64.b64encode(f"config:{CONFIG_PASSWORD}".encode()).decode()
        wrong = base64.b64encode(f"config:{WRONG_PASSWORD}".encode()).decode()
        cases = [(0, self.private, {"auth": auth}), (3, self.private, {"auth": wrong}), (0, self.tokens, {"identitytoken": IDENTITY_TOKEN}),
                 (0, self.tokens, {"auth": auth}), (3, self.tokens, {"auth": wrong}), (3, self.private, {"auth": auth + "%%%"})]
        for code, registry, entry in cases:
            with open(os.path.join(folder, "config.json"), "w", encoding="ascii") as file:
                json.dump({"auths": {registry.address: entry}}, file)
            self.scan(code, f"{registry.address}/team/app:v1", env={"DOCKER_CONFIG": folder})
        for text in (f'{{"auths": {{"{self.private.address}": {{"auth": "{auth}"',
                     f'{{"auths": "{auth}"}}', f'{{"auths": {{"{auth}": 1}}}}'):
            with open(os.path.join(folder, "config.json"), "w", encoding="ascii") as file:
                file.write(text)
            self.say(3, "scan", f"{self.private.address}/team/app:v1", env={"DOCKER_CONFIG": folder})

    def test_container_config(self):
        path = os.path.join(self.make_folder("given"), "container-config.yml")
        for code, value in ((0, YAML_PASSWORD), (3, WRONG_PASSWORD)):
            with open(path, "w", encoding="ascii") as file:
                file.write("scan_config:\n  config:\n    container_import:\n      plugin_config:\n        username: yaml\n"
                           f"        password: '${{env:PW}}'\n        images: ['{self.private.address}/team/app:v1']\n")
            self.say(code, "scan", "-c", path, env={"PW": value})
        with open(path, "w", encoding="ascii") as file:
            file.write(f"scan_config: [password: \"{YAML_PASSWORD}\"\n  broken: {{")
        self.say(2, "scan", "-c", path)

    def test_registry_that_repeats_what_it_was_told(self):
        for how, flags, value in (("password", ("--username", USER, "--password-stdin"), PASSWORD), ("token", ("--token-stdin",), TOKEN)):
            self.echo.heard.clear()
            for mode in ECHOES:
                with self.subTest(how=how, mode=mode):
                    self.say(3, "scan", "--format", "json", f"{self.echo.address}/{mode}/app:v1", *flags, stdin=value)
                    self.say((0, 3), "list", f"docker://{self.echo.address}/{mode}/app", *flags, stdin=value)
            self.say(3, "list", self.echo.address, *flags, stdin=value)
            self.assertTrue(self.heard(value), "the registry was never told")

    def test_retries(self):
        self.say(3, "scan", f"{self.echo.address}/status-503/app:v1", "--username", USER, "--password-stdin", stdin=PASSWORD)

    def test_usage_errors(self):
        for argv in (("scan", f"http://{USER}:{PASSWORD}@localhost/team/app:v1"), ("scan", f"{USER}:{PASSWORD}@localhost/team/app:v1"),
                     ("list", f"https://{USER}:{PASSWORD}@localhost:1/")):
            done = self.landwaiter(*argv)
            self.assertNotEqual(done.code, 0)
            with self.subTest(argv[0]):
                self.assert_clean(done.out + done.err, argv[0])

    def test_credentials_file(self):
        need(self, "--credentials")
        path = os.path.join(self.make_folder("given"), "credentials.json")
        right = {"kind": "basic", "username": USER, "password": PASSWORD}
        bad = [{**right, "password": [WRONG_PASSWORD]}, {**right, "kind": WRONG_PASSWORD},
               {"kind": "aws", "aws_secret_access_key": WRONG_PASSWORD}, {"kind": "google", "google_key_json": WRONG_PASSWORD},
               {"kind": "azure", "azure_client_secret": WRONG_PASSWORD}, WRONG_PASSWORD]
        cases = [(0, json.dumps(right)), (3, json.dumps({**right, "password": WRONG_PASSWORD})), (None, f'{{"password": "{WRONG_PASSWORD}'),
                 *((None, json.dumps(one)) for one in bad)]
        for code, text in cases:
            with open(path, "w", encoding="ascii") as file:
                file.write(text)
            for where, stdin in ((path, ""), ("-", text)):
                argv = ("scan", "--no-state", f"{self.private.address}/team/app:v1", "--credentials", where)
                done = self.landwaiter(*argv, stdin=stdin)
                with self.subTest(text=text[:20], where=where[-4:]):
                    self.assert_clean(done.out + done.err, argv)
                    self.assertIn(done.code, (2, 3) if code is None else (code,), done.err)

    def test_proxy(self):
        need(self, "--proxy")
        proxy = self.start(Squid("proxy-user", PROXY_PASSWORD))
        name, listen = machine_name()
        authority = Authority(self.make_folder("authority"))
        registry = self.start_registry("tls", storage=self.registry.storage, users={USER: PASSWORD}, host=name, listen=listen,
                                       tls=authority.server(name))
        flags = ("--ca-file", authority.file, "--username", USER, "--password-stdin")
        image = f"{registry.address}/team/app:v1"

        def url(password, address=proxy.url):
            return address.replace("http://", f"http://proxy-user:{urllib.parse.quote(password, safe='')}@")

        self.scan(0, image, *flags, "--proxy", url(PROXY_PASSWORD), stdin=PASSWORD)
        for address in (url(WRONG_PASSWORD), url(PROXY_PASSWORD, "http://127.0.0.1:1"), url(PROXY_PASSWORD, f"http://{self.echo.address}")):
            self.scan(3, image, *flags, "--proxy", address, stdin=PASSWORD)
            self.say(3, "scan", image, *flags, stdin=PASSWORD, env={"HTTPS_PROXY": address})
        for wrong in (url(PROXY_PASSWORD, "http://not a host"), url(PROXY_PASSWORD, "http://host:port")):
            done = self.landwaiter("scan", "--no-state", image, "--proxy", wrong)
            self.assert_clean(done.out + done.err, "a proxy's address that is none")
            self.assertIn(done.code, (2, 3))


class CloudLogins(CanaryCase):
    """Keys of three clouds, which give logins for them: through a proxy that has the clouds' hosts behind it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.google_key = cls.sample.pki.rsa()
        public = os.path.join(cls.folder, "google.pub")
        with open(public, "wb") as file:
            file.write(cls.sample.pki.openssl("pkey", "-pubout", stdin=cls.google_key))
        names = ("aws secret", "azure_secret", "sts_secret", "sts_session", "ecr_password", "entra_token", "acr_refresh", "acr_access",
                 "google_access")
        cls.given = {**{name: canary(name) for name in names}, "aws_key": "AKIACANARYCANARY", "google_public_key": public}
        for name in ("google_access", "acr_refresh", "acr_access", "entra_token", "sts_session"):
            cls.given[name] = cls.given[name].strip("~%=")  # tokens are of base64's characters
        cls.authority = Authority(cls.make_folder("authority"))
        cls.clouds = cls.start(Clouds(cls.make_folder("clouds"), cls.authority, cls.registry.port, cls.given))
        for name in names:
            cls.canaries.add(name, cls.given[name])
        for number, fragment in enumerate(private_fragments(cls.google_key)):
            cls.canaries.add(f"Google's key {number}", fragment)

    def logins(self):
        """(registry, the right credentials, wrong ones, the host of the cloud that gives the login)."""
        aws = {"kind": "aws", "aws_access_key_id": self.given["aws_key"], "aws_secret_access_key": self.given["aws secret"]}
        azure = {"kind": "azure", "azure_tenant_id": "tenant.example", "azure_client_id": "client-1",
                 "azure_client_secret": self.given["azure_secret"]}
        google, foreign = ({"kind": "google", "google_key_json": json.dumps({
            "type": "service_account", "client_email": "canary@project.iam.gserviceaccount.com", "private_key_id": "id",
            "private_key": key.decode(), "token_uri": f"https://{GOOGLE}/token"})} for key in (self.google_key, self.sample.pki.rsa()))
        return [(ECR, aws, {**aws, "aws_access_key_id": "AKIAUNKNOWNUNKNO"}, ECR_API),
                (ECR, {**aws, "aws_role_arn": "arn:aws:iam::123456789012:role/reader"}, {**aws, "aws_access_key_id": "AKIAUNKNOWNUNKNO",
                 "aws_role_arn": "arn:aws:iam::123456789012:role/reader"}, STS),
                (ACR, azure, {**azure, "azure_client_secret": WRONG_PASSWORD}, ENTRA), (GAR, google, foreign, GOOGLE)]

    def test_commands(self):
        need(self, "--proxy", "--credentials")
        state = self.make_folder("state")
        for number, (host, right, wrong, asked) in enumerate(self.logins()):
            for code, login in ((0, right), (3, wrong)):
                with self.subTest(host=host, asked=asked, code=code):
                    before = len(self.clouds.asked)
                    done = self.landwaiter("scan", "--format", "json", "--state", os.path.join(state, str(number)), "--full",
                                           "--proxy", self.clouds.url, "--ca-file", self.authority.file, "--credentials", "-",
                                           f"{host}/team/app:v1", stdin=json.dumps(login))
                    self.assert_clean(done.out + done.err, host)
                    self.assertEqual(done.code, code, done.err)
                    self.assertIn(asked, {name for name, _ in self.clouds.asked[before:]})
                    if code == 0:
                        self.assertEqual(places(done.json["images"][0]), self.sample.places)
        self.assertEqual(search(self.canaries, state), [])

    def test_sensor(self):
        need(self, "--proxy", "--credentials")
        platform = self.start(Platform(self.make_folder("platform"), "--log-level", "debug", "--log-json"))
        if "credentials" not in platform.api("GET", "/v3/openapi.json")["components"]["schemas"]["NewRegistry"]["properties"]:
            lacks(self, "credentials in POST /v3/registries")
        sensor = self.start(Sensor(self.make_folder("sensor"), platform,
                                   sections={"registry": {"proxy": self.clouds.url, "ca_file": self.authority.file}}))
        for number, (host, right, wrong, _) in enumerate(self.logins()):
            for expected, login in (("finished", right), ("failed", wrong)):
                with self.subTest(host=host, expected=expected):
                    registry_id = platform.add_registry(f"{number} {expected}", host, plain_http=False, credentials=login)
                    scan = platform.wait_scan(platform.scan_registry(registry_id, incremental=False))
                    self.assertEqual(scan["state"], expected, scan)
                    self.assert_clean(json.dumps(scan) + json.dumps(platform.api("GET", f"/v3/registries/{registry_id}")), host)
        for life in ("running", "killed"):
            found = search(self.canaries, platform.folder) + search(self.canaries, sensor.folder)
            self.assertEqual(found, [], life)
            sensor.kill()
            platform.kill()


class Service(CanaryCase):
    def begin(self):
        platform = self.start(Platform(self.make_folder("platform"), "--log-level", "debug", "--log-json"))
        api_token, enrollment = platform.create_token("api", "canary"), platform.create_token("enrollment", "canary")
        self.canaries.add("platform's API token", api_token)
        self.canaries.add("platform's enrollment token", enrollment)
        with open(os.path.join(platform.state, "admin.token"), encoding="ascii") as file:
            self.canaries.add("platform's admin token", file.read().strip())
        sensor = self.start(Sensor(self.make_folder("sensor"), platform, token=enrollment))
        wait_for(lambda: sensor.events("sensor started"), "the sensor's start")
        self.assertIn("scans", platform.api("GET", "/v3/scans", token=api_token))
        return platform, sensor

    def scan_registries(self, platform, life):
        """A whole registry with each kind of login, right and wrong; then the one that echoes."""
        logins = [(self.private, {"username": "api", "password": API_PASSWORD}, True), (self.tokens, {"token": API_TOKEN}, True),
                  (self.tokens, {"username": "api", "password": API_PASSWORD}, True),
                  (self.private, {"username": "api", "password": WRONG_PASSWORD}, False), (self.tokens, {"token": WRONG_TOKEN}, False),
                  (self.echo, {"username": "api", "password": API_PASSWORD}, False), (self.echo, {"token": API_TOKEN}, False)]
        for number, (registry, login, right) in enumerate(logins):
            registry_id = platform.add_registry(f"{life} life, {number}", registry.address, **login)
            scan = platform.wait_scan(platform.scan_registry(registry_id, incremental=False))
            counts = scan["counts"]
            self.assertEqual((scan["state"] == "finished", counts["scanned"] > 0 and counts["failed"] == 0), (right, right), (number, scan))

    def scan_images(self, platform):
        """Images with the login in the request."""
        def counts(image, **login):
            body = {"sensorName": "s", "sensorType": "Container", "sensorConfig": {"images": [image], **login}, "incrementalScan": False}
            return platform.wait_scan(platform.api("POST", "/v3/scan/create", body)["scanId"])["counts"]

        for registry, login in ((self.private, {"username": "scan", "password": SCAN_PASSWORD}), (self.tokens, {"token": SCAN_TOKEN})):
            self.assertEqual(counts(f"{registry.address}/team/app:v1", **login)["scanned"], 1)
        self.assertEqual(counts(f"{self.private.address}/team/app:v1", username="scan", password=WRONG_PASSWORD)["failed"], 1)
        for mode in ECHOES:
            for login in ({"username": "scan", "password": SCAN_PASSWORD}, {"token": SCAN_TOKEN}):
                self.assertEqual(counts(f"{self.echo.address}/{mode}/app:v1", **login)["scanned"], 0, mode)

    def provoke_the_api(self, platform):
        """Requests that the API refuses; what it says must not repeat the secret in them."""
        bodies = [{"endpoint": "UPPER CASE", "password": API_PASSWORD}, {"endpoint": "localhost:1", "password": [API_PASSWORD]},
                  {"endpoint": f"https://api:{API_PASSWORD}@localhost:1"}, {"endpoint": "localhost:1", "token": {"x": API_TOKEN}},
                  {"endpoint": "localhost:1", "kind": "no-kind", "token": API_TOKEN}, [API_PASSWORD], API_PASSWORD]
        said = []
        for body in bodies:
            try:
                said.append(json.dumps(platform.api("POST", "/v3/registries", body)))
            except ApiError as error:
                said.append(error.body)
        for path, token in (("/v3/scans", WRONG_TOKEN), ("/v3/registries", WRONG_TOKEN * 40)):
            try:
                platform.api("GET", path, token=token)
                self.fail("a wrong token was let in")
            except ApiError as error:
                said.append(error.body)
        return "\n".join(said)

    def answers(self, platform):
        """What every GET of the API says, for all that is there."""
        ids = {"registries": [one["id"] for one in platform.pages("/v3/registries", "registries")],
               "scans": [one["id"] for one in platform.pages("/v3/scans", "scans")], "images": [self.sample.image.digest]}
        said, asked = [], 0
        for path, methods in platform.api("GET", "/v3/openapi.json")["paths"].items():
            if "get" not in methods:
                continue
            kind = path.split("/")[2] if path.startswith("/v3/") else ""
            for one in ids.get(kind, [""]) if "{" in path else [""]:
                before, _, rest = path.partition("{")
                behind = rest.partition("}")[2]
                try:
                    said.append(json.dumps(platform.api("GET", before + one + behind + "?page_size=1000")))
                    asked += 1
                except (ApiError, ValueError) as error:  # metrics are no JSON
                    said.append(str(error))
        self.assertGreater(asked, 2 * len(ids["scans"]))
        return "\n".join(said)

    def check(self, platform, sensor):
        found = search(self.canaries, platform.folder, allowed=("admin.token",)) + search(self.canaries, sensor.folder)
        self.assertEqual(found, [])

    def test_everywhere(self):
        platform, sensor = self.begin()
        self.scan_registries(platform, "first")
        self.scan_images(platform)
        self.add_bearer_tokens()
        self.assertTrue(self.heard(API_PASSWORD) and self.heard(SCAN_TOKEN), "the echoing registry was never told")
        self.assert_clean(self.provoke_the_api(platform), "what the API refuses with")
        self.assert_clean(self.answers(platform), "what the API tells")
        report = platform.api("GET", f"/v3/images/{self.sample.image.digest}/report")
        self.assertEqual(places(report), self.sample.places)
        self.check(platform, sensor)
        # After kill -9, as a power cut leaves it, after another life, and after an orderly end.
        sensor.kill()
        platform.kill()
        self.check(platform, sensor)
        platform.start()
        sensor.start()
        self.scan_registries(platform, "second")
        self.check(platform, sensor)
        self.assertEqual((sensor.stop(), platform.stop()), (0, 0))
        self.check(platform, sensor)
        # The search itself can find what is there: the user's name, which is not secret, in the log or the database.
        self.assertTrue(any(b"sensor started" in data for _, data in secrets.all_bytes_of(sensor.folder)), "there is no log at all")
        self.assertTrue(any(self.private.address.encode() in data for _, data in secrets.all_bytes_of(platform.state)))

    def test_proxy_of_the_sensor(self):
        need(self, "--proxy")
        proxy = self.start(Squid("proxy-user", PROXY_PASSWORD))
        name, listen = machine_name()
        registry = self.start_registry("named", storage=self.registry.storage, users={"api": API_PASSWORD}, host=name, listen=listen)
        platform = self.start(Platform(self.make_folder("platform"), "--log-level", "debug"))
        for number, (password, expected) in enumerate(((PROXY_PASSWORD, "finished"), (WRONG_PASSWORD, "failed"))):
            url = proxy.url.replace("http://", f"http://proxy-user:{urllib.parse.quote(password, safe='')}@")
            sensor = self.start(Sensor(self.make_folder("sensor"), platform, f"sensor-{number}", env={"THE_PROXY": url},
                                       sections={"registry": {"proxy": "${env:THE_PROXY}"}}))
            registry_id = platform.add_registry(f"r{number}", registry.address, username="api", password=API_PASSWORD)
            scan = platform.wait_scan(platform.scan_registry(registry_id, incremental=False))
            self.assertEqual(scan["state"], expected, scan)
            self.assert_clean(self.answers(platform), "what the API tells")
            self.check(platform, sensor)
            self.assertEqual(sensor.stop(), 0)
        self.assertTrue(proxy.seen(), "nothing went through the proxy")


if __name__ == "__main__":
    del CanaryCase
    main()
