#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Real registries as companies run them: passwords, token services, private authorities, client certificates, proxies."""
import os
import re
import shutil
import time

from sample import Sample
from support import images
from support.authority import Authority, machine_name
from support.case import EndToEndCase, main, places
from support.features import need
from support.forward_proxies import Squid, Tinyproxy
from support.nginx import Nginx
from support.registry import Registry
from support.service import Platform, Sensor
from support.slow_proxy import SlowProxy
from support.token_service import Account, TokenService

USER, PASSWORD, WRONG = "inspector", "pw-Gr4nite-Lantern-31", "wr0ng-Gr4nite-pw"
PULLER, PULLER_PASSWORD = "puller", "pw-0nly-Pulls-77"
AS_USER = ("--username", USER, "--password-stdin")


class RegistryCase(EndToEndCase):
    """Each registry here serves the same content; `content` is what a list of all must say."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sample = Sample(cls.folder)
        second = images.Image([cls.sample.base, images.layer({"second.pem": b"nothing\n"})])
        cls.content = {("team/app", "v1"): cls.sample.image.digest, ("team/app", "v2"): second.digest,
                       ("other/deep/tool", "latest"): cls.sample.image.digest}
        filling = Registry("content", cls.make_folder("content"))
        filling.place(cls.sample.image, "team/app", "v1")
        filling.place(second, "team/app", "v2")
        filling.place(cls.sample.image, "other/deep/tool", "latest")
        cls.storage = filling.storage
        cls.name, cls.listen = machine_name()
        cls.authority = Authority(cls.make_folder("authority"))
        cls.certificate = cls.authority.server(cls.name, "localhost", "127.0.0.1")

    @classmethod
    def serve(cls, name, **options):
        return cls.start_registry(name, storage=cls.storage, **options)

    @classmethod
    def serve_tls(cls, name, **options):
        return cls.serve(name, tls=cls.certificate, host=cls.name, listen=cls.listen, **options)

    def lists(self, address, *flags, **options):
        done = self.landwaiter("list", address, "--format", "json", *flags, **options)
        self.assertEqual(done.code, 0, done.err)
        self.assertEqual({(item["repository"], item["tag"]): item["digest"] for item in done.json["items"]}, self.content)

    def scans(self, address, *flags, **options):
        self.assertEqual(places(self.scan_image(f"docker://{address}/team/app:v1", *flags, **options)), self.sample.places)

    def works(self, address, *flags, **options):
        self.lists(address, *flags, **options)
        self.scans(address, *flags, **options)
        with self.subTest("registry check"):
            need(self, command=("registry", "check"))
            done = self.landwaiter("registry", "check", address, *flags, **options)
            self.assertEqual(done.code, 0, done.out + done.err)
            self.assertIn(address, done.out)

    def fails(self, pattern, address, *flags, commands=("list", "scan", "check"), **options):
        """Each command ends with 3 and an error that names the registry and matches, and prints no password."""
        for command in commands:
            with self.subTest(command):
                argv = {"list": ["list", address], "scan": ["scan", "--no-state", "--format", "json", f"docker://{address}/team/app:v1"],
                        "check": ["registry", "check", address]}[command]
                if command == "check":
                    need(self, command=("registry", "check"))
                done = self.landwaiter(*argv, *flags, **options)
                said = done.out + done.err
                self.assertEqual(done.code, 3, said)
                self.assertRegex(said if command == "check" else done.err, pattern)
                self.assertIn(address, said)
                for secret in (PASSWORD, WRONG, PULLER_PASSWORD):
                    self.assertNotIn(secret, said)


class Passwords(RegistryCase):
    def test_htpasswd(self):
        registry = self.serve("htpasswd", users={USER: PASSWORD})
        self.works(registry.address, *AS_USER, stdin=PASSWORD)
        refused = rf'401 Unauthorized from registry {re.escape(registry.address)} for .*\(as user "{USER}"\): check the username, password'
        self.fails(refused, registry.address, *AS_USER, stdin=WRONG)
        self.fails(r"401 Unauthorized .*\(anonymously\): .*may need a username and password", registry.address)

    def test_credentials_file(self):
        need(self, "--credentials")
        registry = self.serve("credentials-file", users={USER: PASSWORD})
        text = f'{{"kind": "basic", "username": "{USER}", "password": "{PASSWORD}"}}'
        path = os.path.join(self.folder, "credentials.json")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as file:
            file.write(text)
        self.works(registry.address, "--credentials", path)
        self.works(registry.address, "--credentials", "-", stdin=text)
        self.fails("401 Unauthorized", registry.address, "--credentials", "-", stdin=text.replace(PASSWORD, WRONG))


class Tokens(RegistryCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        accounts = {
            USER: Account(PASSWORD, refresh_token="refresh-1f6a90-token"),
            PULLER: Account(PULLER_PASSWORD, rights={("repository", "team/app"): {"pull"}}),
        }
        cls.service = cls.start(TokenService(cls.make_folder("token-service"), accounts, lifetime_s=60))
        cls.registry = cls.serve("tokens", token_auth=cls.service.registry_options)

    def test_password(self):
        before = len(self.service.asked)
        self.works(self.registry.address, *AS_USER, stdin=PASSWORD)
        self.assertEqual({known for _, known in self.service.asked[before:]}, {True})
        self.fails("401 Unauthorized", self.registry.address, *AS_USER, stdin=WRONG)

    def test_refresh_token(self):
        before = len(self.service.asked)
        self.works(self.registry.address, "--token-stdin", stdin="refresh-1f6a90-token")
        self.assertIn(("refresh token", True), self.service.asked[before:])
        self.fails("401 Unauthorized", self.registry.address, "--token-stdin", stdin="refresh-unknown")

    def test_one_token_for_each_scope(self):
        before = self.service.granted.copy()
        self.lists(self.registry.address, *AS_USER, stdin=PASSWORD)
        spent = self.service.granted - before
        scopes = ("registry:catalog:*", "repository:team/app:pull", "repository:other/deep/tool:pull")
        self.assertEqual(dict(spent), {(USER, scope): 1 for scope in scopes})

    def test_account_that_may_only_pull(self):
        flags = ("--username", PULLER, "--password-stdin")
        self.scans(self.registry.address, *flags, stdin=PULLER_PASSWORD)
        missing = rf'registry {re.escape(self.registry.address)}.*(?s:.)*"{PULLER}"'
        self.fails(missing, self.registry.address, *flags, stdin=PULLER_PASSWORD, commands=("list",))
        self.fails(r"(?i)registry:catalog:\*|right[^.]*catalog|catalog[^.]*right|right[^.]* list", self.registry.address, *flags,
                   stdin=PULLER_PASSWORD, commands=("list",))
        done = self.landwaiter("scan", "--no-state", "--format", "json", f"docker://{self.registry.address}/other/deep/tool:latest", *flags,
                               stdin=PULLER_PASSWORD)
        self.assertEqual(done.code, 3, done.out + done.err)
        for part in (self.registry.address, "other/deep/tool", f'"{PULLER}"'):
            self.assertIn(part, done.err)
        # One repository can be listed without any right to the catalog.
        done = self.landwaiter("list", f"docker://{self.registry.address}/team/app", "--format", "json", *flags, stdin=PULLER_PASSWORD)
        self.assertEqual(done.code, 0, done.err)
        self.assertEqual({item["tag"] for item in done.json["items"]}, {"v1", "v2"})

    def test_token_that_ends_before_it_said(self):
        """Docker's registry grants a minute of leeway, so these tokens live for three seconds."""
        service = self.start(TokenService(self.make_folder("liar"), {USER: Account(PASSWORD)}, lifetime_s=-57, says_s=3600))
        registry = self.serve("short", token_auth=service.registry_options)
        layers = [images.layer({f"{number}.bin": os.urandom(400_000)}) for number in range(2)]
        registry.place(images.Image([*layers, self.sample.second]), "slow/app", "1")
        self.addCleanup(shutil.rmtree, os.path.join(self.storage, "docker/registry/v2/repositories/slow"))
        proxy = self.start(SlowProxy(registry.port, bytes_per_s=100_000, free_bytes=100_000))
        image = self.scan_image(f"docker://{proxy.address}/slow/app:1", "--workers", "1", *AS_USER, stdin=PASSWORD)
        self.assertIn(("private-key", "var/kept.key"), places(image))
        self.assertGreaterEqual(service.granted[USER, "repository:slow/app:pull"], 2, "it ended too early to need a second token")


class PrivateAuthority(RegistryCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.registry = cls.serve_tls("tls", users={USER: PASSWORD})
        cls.clients = cls.serve_tls("clients", client_ca=cls.authority.file)
        cls.client = cls.authority.client("sensor.example")

    def certs_folder(self, registry, **files):
        """A folder of folders as docker has it, with the files {name: source}."""
        folder = self.make_folder("certs.d")
        place = os.path.join(folder, registry.address)
        os.makedirs(place)
        for name, source in files.items():
            shutil.copy(source, os.path.join(place, name.replace("_", ".")))
        return folder

    def test_ca_file(self):
        flags = ("--ca-file", self.authority.file, *AS_USER)
        self.works(self.registry.address, *flags, stdin=PASSWORD)
        self.fails("401 Unauthorized", self.registry.address, *flags, stdin=WRONG)

    def test_certs_d(self):
        need(self, "--certs-dir")
        right = self.certs_folder(self.registry, ca_crt=self.authority.file)
        self.works(self.registry.address, "--certs-dir", right, *AS_USER, stdin=PASSWORD)
        # Another registry's folder is none of this one's.
        other = self.certs_folder(self.clients, ca_crt=self.authority.file)
        self.fails("(?i)certificate", self.registry.address, "--certs-dir", other, *AS_USER, stdin=PASSWORD)

    def test_unknown_authority(self):
        self.fails("(?i)certificate.*--ca-file|--ca-file.*certificate|certificate.*(issuer|authority|self-signed|self signed|trust)",
                   self.registry.address, *AS_USER, stdin=PASSWORD)
        self.works(self.registry.address, "--insecure", *AS_USER, stdin=PASSWORD)

    def test_wrong_name(self):
        registry = self.serve("wrong-name", tls=self.authority.server("another.example"), host=self.name, listen=self.listen)
        self.fails("(?i)certificate.*(name|host)|(name|host).*certificate", registry.address, "--ca-file", self.authority.file)

    def test_client_certificate_by_flags(self):
        need(self, "--client-cert", "--client-key")
        certificate, key = self.client
        self.works(self.clients.address, "--ca-file", self.authority.file, "--client-cert", certificate, "--client-key", key)

    def test_client_certificate_by_certs_d(self):
        need(self, "--certs-dir")
        certificate, key = self.client
        folder = self.certs_folder(self.clients, ca_crt=self.authority.file, client_cert=certificate, client_key=key)
        self.works(self.clients.address, "--certs-dir", folder)
        # A certificate without its key is a mistake, and said to be one.
        folder = self.certs_folder(self.clients, ca_crt=self.authority.file, client_cert=certificate)
        done = self.landwaiter("list", self.clients.address, "--certs-dir", folder)
        self.assertIn(done.code, (2, 3), done.out)
        self.assertIn("client.key", done.err)

    def test_missing_and_foreign_client_certificate(self):
        self.fails("(?i)certificate", self.clients.address, "--ca-file", self.authority.file)
        need(self, "--client-cert", "--client-key")
        certificate, key = Authority(self.make_folder("foreign"), "another authority").client("sensor.example")
        self.fails("(?i)certificate", self.clients.address, "--ca-file", self.authority.file,
                   "--client-cert", certificate, "--client-key", key)


class ReverseProxy(RegistryCase):
    """nginx ends TLS; the registry behind it does not know its own address."""

    def begin(self, users=None, relative_urls=False, **options):
        registry = self.serve("behind", users=users, relative_urls=relative_urls)
        proxy = Nginx(self.make_folder("nginx"), registry.port, self.certificate, self.name, self.listen, **options)
        self.addCleanup(registry.kill)
        self.addCleanup(proxy.kill)
        return proxy.start()

    def test_registry_behind_it(self):
        flags = ("--ca-file", self.authority.file, *AS_USER)
        for relative_urls in (False, True):
            for host in ("$http_host", "$host"):  # with the port, and without
                with self.subTest(relative_urls=relative_urls, host=host):
                    proxy = self.begin({USER: PASSWORD}, relative_urls, host=host)
                    self.works(proxy.address, *flags, stdin=PASSWORD)
                    self.fails("401 Unauthorized", proxy.address, *flags, stdin=WRONG)
                    self.assertTrue(any("/v2/_catalog" in line for line in proxy.log()), "nothing went through nginx")

    def test_pages_of_the_catalog(self):
        repositories = [f"many/r{number:04}" for number in range(1005)]  # a page holds 1,000
        folder = self.make_fast_folder("many")
        registry = self.start(Registry("many", folder))
        for name in repositories:
            registry.place(images.Image([self.sample.second]), name, "1")
        proxy = self.start(Nginx(self.make_folder("nginx"), registry.port, self.certificate, self.name, self.listen))
        done = self.landwaiter("list", proxy.address, "--format", "json", "--ca-file", self.authority.file)
        self.assertEqual(done.code, 0, done.err)
        self.assertEqual({item["repository"] for item in done.json["items"]}, set(repositories))
        self.assertEqual(sum("/v2/_catalog" in line for line in proxy.log()), 2)

    def test_client_certificate_asked_for_by_it(self):
        proxy = self.begin(client_ca=self.authority.file)
        self.fails("(?i)certificate", proxy.address, "--ca-file", self.authority.file)
        need(self, "--client-cert", "--client-key")
        certificate, key = self.authority.client("sensor.example")
        self.works(proxy.address, "--ca-file", self.authority.file, "--client-cert", certificate, "--client-key", key)


class ForwardProxies(RegistryCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.open_proxy = cls.start(Tinyproxy(cls.make_folder("tinyproxy")))
        cls.closed_proxy = cls.start(Squid("proxy-user", "pw-Pr0xy-Basalt-5"))
        cls.secure = cls.serve_tls("secure", users={USER: PASSWORD})
        cls.plain = cls.serve("plain", host=cls.name, listen=cls.listen)
        cls.secure_flags = ("--ca-file", cls.authority.file, *AS_USER)

    def setUp(self):
        need(self, "--proxy", "--no-proxy")

    def new_in(self, proxy, before):
        return proxy.seen()[before:]

    def test_tunnel_and_absolute_form(self):
        with_password = self.closed_proxy.url_of("proxy-user", "pw-Pr0xy-Basalt-5")
        for proxy, url in ((self.open_proxy, self.open_proxy.url), (self.closed_proxy, with_password)):
            with self.subTest(proxy=type(proxy).__name__):
                before = len(proxy.seen())
                self.works(self.secure.address, "--proxy", url, *self.secure_flags, stdin=PASSWORD)
                seen = self.new_in(proxy, before)
                self.assertEqual(set(seen), {("CONNECT", self.secure.address)})
                before = len(proxy.seen())
                self.works(self.plain.address, "--proxy", url, "--plain-http")
                seen = self.new_in(proxy, before)
                self.assertTrue(seen)
                self.assertLessEqual({method for method, _ in seen}, {"GET", "HEAD"})
                self.assertIn(("GET", f"http://{self.plain.address}/v2/team/app/blobs/{self.sample.base.digest}"), seen)

    def test_refusal_by_the_registry_comes_through(self):
        self.fails("401 Unauthorized", self.secure.address, "--proxy", self.open_proxy.url, *self.secure_flags, stdin=WRONG)

    def test_variables_of_the_environment(self):
        for variable in ("HTTPS_PROXY", "https_proxy"):
            with self.subTest(variable):
                before = len(self.open_proxy.seen())
                self.scans(self.secure.address, *self.secure_flags, stdin=PASSWORD, env={variable: self.open_proxy.url})
                self.assertEqual(set(self.new_in(self.open_proxy, before)), {("CONNECT", self.secure.address)})

    def test_no_proxy(self):
        cases = (({}, ("--proxy", self.open_proxy.url, "--no-proxy", self.name)),
                 ({}, ("--proxy", self.open_proxy.url, "--no-proxy", f"elsewhere.example,{self.secure.address}")),
                 ({"HTTPS_PROXY": self.open_proxy.url, "NO_PROXY": self.name}, ()))
        for env, flags in cases:
            with self.subTest(flags=flags, env=env):
                before = len(self.open_proxy.seen())
                mark = self.secure.mark()
                self.scans(self.secure.address, *flags, *self.secure_flags, stdin=PASSWORD, env=env)
                self.assertEqual(self.new_in(self.open_proxy, before), [])
                self.assertTrue(self.secure.requests_since(mark))
        # A list that names others, or another port, changes nothing.
        before = len(self.open_proxy.seen())
        self.scans(self.secure.address, "--proxy", self.open_proxy.url, "--no-proxy", f"elsewhere.example,{self.name}:1",
                   *self.secure_flags, stdin=PASSWORD)
        self.assertEqual(set(self.new_in(self.open_proxy, before)), {("CONNECT", self.secure.address)})

    def test_wrong_proxy_password(self):
        named = re.escape(self.closed_proxy.url.removeprefix("http://"))
        for url in (self.closed_proxy.url_of("proxy-user", WRONG), self.closed_proxy.url):
            with self.subTest(url=url):
                self.fails(rf"407(?s:.)*{named}|{named}(?s:.)*407", self.secure.address, "--proxy", url, *self.secure_flags, stdin=PASSWORD)
                self.fails(rf"407(?s:.)*{named}|{named}(?s:.)*407", self.plain.address, "--proxy", url, "--plain-http")

    def test_proxy_that_is_not_there(self):
        self.fails(r"127\.0\.0\.1:1\b", self.secure.address, "--proxy", "http://127.0.0.1:1", *self.secure_flags, stdin=PASSWORD,
                   commands=("list",))


class SensorBehindTls(RegistryCase):
    def test_whole_registry_with_authority_and_token_service(self):
        accounts = {USER: Account(PASSWORD)}
        service = self.start(TokenService(self.make_folder("token-service"), accounts, self.name, self.listen, self.certificate,
                                          lifetime_s=60))
        registry = self.serve_tls("registry", token_auth=service.registry_options)
        platform = self.start(Platform(self.make_folder("platform")))
        self.start(Sensor(self.make_folder("sensor"), platform, sections={"registry": {"ca_file": self.authority.file}}))
        registry_id = platform.add_registry("secure", registry.address, plain_http=False, username=USER, password=PASSWORD)
        begin = time.monotonic()
        scan = platform.wait_scan(platform.scan_registry(registry_id))
        print(f"one registry over TLS and tokens: {time.monotonic() - begin:.1f} s")
        counts = scan["counts"]
        self.assertEqual((scan["state"], counts["failed"]), ("finished", 0), scan)
        self.assertEqual(counts["scanned"] + counts["unchanged"], counts["listed"], scan)
        report = platform.api("GET", f"/v3/images/{self.sample.image.digest}/report")
        self.assertEqual(places(report), self.sample.places)
        self.assertTrue(service.granted[USER, "registry:catalog:*"] and service.granted[USER, "repository:other/deep/tool:pull"])
        # And a wrong password ends as a scan that says why.
        registry_id = platform.add_registry("refused", registry.address, plain_http=False, username=USER, password=WRONG)
        scan = platform.wait_scan(platform.scan_registry(registry_id))
        self.assertNotEqual(scan["state"], "finished", scan)
        self.assertRegex(str(scan), rf"401 Unauthorized from registry {re.escape(registry.address)}")
        self.assertNotIn(WRONG, str(scan))


if __name__ == "__main__":
    del RegistryCase
    main()
