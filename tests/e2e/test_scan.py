#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`landwaiter scan` and `landwaiter list` against a real registry: what they print, where they read from, and how they end."""
import base64
import json
import os
import re
import signal
import subprocess
import unittest

from sample import Sample
from support import images, process
from support.case import EndToEndCase, main, places, program
from support.registry import Pusher

TYPES = {"certificate", "certificate-request", "crl", "ocsp-response", "signed-data", "private-key", "public-key", "secret-key", "keystore",
         "token", "crypto-library", "crypto-configuration", "secret",
         "package", "misconfiguration"}
DIGEST = r"sha256:[0-9a-f]{64}"
USER, PASSWORD = "inspector", "corr3ct-Horse-battery"


def source_root():
    return os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class ScanCase(EndToEndCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.registry = cls.start_registry()
        cls.sample = Sample(cls.folder)
        cls.layout = cls.sample.layout(cls.folder)
        cls.registry.skopeo(f"oci:{cls.layout}:v1", "team/app:v1")
        cls.reference = f"docker://{cls.registry.address}/team/app:v1"


class Report(ScanCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.document = cls.scan_json(cls.reference)
        cls.image = cls.document["images"][0]

    def test_structure(self):
        self.assertEqual(len(self.document["images"]), 1)
        self.assertLessEqual({"reference", "digest", "platform", "layers", "findings", "diagnostics", "stats"}, self.image.keys())
        self.assertEqual(self.image["digest"], self.sample.image.digest)
        self.assertEqual(self.image["platform"], "linux/amd64")
        self.assertEqual(self.image["layers"], [layer.digest for layer in self.sample.image.layers])
        self.assertIn("team/app:v1", self.image["reference"])
        self.assertEqual(self.image["diagnostics"], [])
        for finding in self.image["findings"]:
            self.assertLessEqual({"type", "id", "severity", "title", "attributes", "occurrences"}, finding.keys())
            self.assertIn(finding["type"], TYPES)
            self.assertIn(finding["severity"], ("info", "low", "medium", "high", "critical"))
            for occurrence in finding["occurrences"]:
                self.assertEqual(occurrence.keys() - {"line"}, {"path", "layer", "archive", "offset", "deleted_by"})
                self.assertGreater(occurrence.get("line", 1), 0)
                self.assertFalse(occurrence["path"].startswith("/"))
                self.assertIsInstance(occurrence["archive"], list)
                self.assertRegex(occurrence["layer"], f"^{DIGEST}$")

    def test_identities_and_places(self):
        self.assertEqual(places(self.image), self.sample.places)

    def test_each_asset_is_one_finding(self):
        ids = [(finding["type"], finding["id"]) for finding in self.image["findings"]]
        self.assertEqual(len(ids), len(set(ids)))

    def test_layers_and_deletions(self):
        seen = set()
        for finding in self.image["findings"]:
            for occurrence in finding["occurrences"]:
                path = occurrence["path"]
                hiding = self.sample.hidden.get(path)
                self.assertEqual(occurrence["layer"], self.sample.layer_of(path).digest, path)
                self.assertEqual(occurrence["deleted_by"], hiding.digest if hiding else None, path)
                seen.add(path)
        self.assertLessEqual(self.sample.hidden.keys(), seen)

    def test_offsets(self):
        for finding in self.image["findings"]:
            for occurrence in finding["occurrences"]:
                self.assertEqual(occurrence["offset"], len("# a copy\n") if occurrence["path"] == "usr/share/copy.pem" else 0, occurrence)

    def test_key_and_certificate_find_each_other(self):
        by_place = {(f["type"], o["path"]): f for f in self.image["findings"] for o in f["occurrences"]}
        certificate = by_place["certificate", "etc/ssl/certs/server.pem"]
        key = by_place["private-key", "etc/ssl/private/server.key"]
        self.assertEqual(certificate["attributes"]["matching_private_keys"], [key["id"]])
        self.assertEqual(key["attributes"]["matching_certificates"], [certificate["id"]])
        lonely = by_place["private-key", "opt/ed25519.key"]
        self.assertEqual(lonely["attributes"]["matching_certificates"], [])

    def test_attributes_of_a_certificate(self):
        certificate = next(f for f in self.image["findings"] if f["id"] == self.sample.places["certificate", "etc/ssl/certs/server.pem"])
        text = json.dumps(certificate["attributes"])
        for expected in ("www.example.test", "example.test", "2048", "RSA", "self_signed"):
            self.assertIn(expected, text)

    def test_schema(self):
        try:
            import jsonschema
        except ImportError:
            self.skipTest("python3-jsonschema is not installed for this interpreter")
        with open(os.path.join(source_root(), "docs", "report.schema.json"), encoding="utf-8") as file:
            schema = json.load(file)
        validator = jsonschema.validators.validator_for(schema)
        validator.check_schema(schema)
        validator(schema).validate(self.document)

    def test_no_private_material(self):
        text = json.dumps(self.document)
        for key in self.sample.keys.values():
            for line in key.decode().splitlines()[1:-1]:
                self.assertNotIn(line, text)


class Sources(ScanCase):
    def test_layout_and_archives_agree_with_the_registry(self):
        expected = self.normal_form(self.scan_image(self.reference))
        archive = os.path.join(self.folder, "app.oci.tar")
        self.tool("skopeo", "--insecure-policy", "copy", "-q", f"oci:{self.layout}:v1", f"oci-archive:{archive}:v1")
        docker = os.path.join(self.folder, "app.docker.tar")
        self.tool("skopeo", "--insecure-policy", "copy", "-q", f"oci:{self.layout}:v1", f"docker-archive:{docker}:team/app:v1")
        for source in (f"oci:{self.layout}:v1", f"oci:{self.layout}", f"oci-archive:{archive}:v1", f"oci-archive:{archive}",
                       f"docker-archive:{docker}:team/app:v1", f"docker-archive:{docker}"):
            with self.subTest(source=source):
                self.assertEqual(self.normal_form(self.scan_image(source)), expected)

    def normal_form(self, image):
        """Findings with layers named by position: a docker-archive names a layer by its uncompressed digest."""
        names = {None: None}
        for position, digest in enumerate(image["layers"]):
            names[digest] = position
        findings = []
        for finding in image["findings"]:
            occurrences = [{**o, "layer": names[o["layer"]], "deleted_by": names[o["deleted_by"]]} for o in finding["occurrences"]]
            text = json.dumps({**finding, "occurrences": sorted(occurrences, key=json.dumps)})
            for digest, position in names.items():
                if digest:  # the reasons of issues name layers, too, by the beginning of their digest
                    text = text.replace(digest[7:19], f"#{position}")
            findings.append(json.loads(text))
        return sorted(findings, key=lambda finding: (finding["type"], finding["id"]))

    def test_reference_forms(self):
        digest = self.sample.image.digest
        for reference in (f"{self.registry.address}/team/app:v1", f"{self.registry.address}/team/app@{digest}",
                          f"docker://{self.registry.address}/team/app@{digest}",
                          f"127.0.0.1:{self.registry.port}/team/app:v1"):
            with self.subTest(reference=reference):
                self.assertEqual(self.scan_image(reference)["digest"], digest)

    def test_image_built_by_umoci(self):
        folder = self.make_folder("umoci")
        layout = os.path.join(folder, "image")
        key, cert = self.sample.server_key, self.sample.pki.certificate(self.sample.server_key, "/CN=umoci")
        for name, content in (("server.key", key), ("server.pem", cert)):
            with open(os.path.join(folder, name), "wb") as file:
                file.write(content)
        self.tool("umoci", "init", "--layout", layout)
        self.tool("umoci", "new", "--image", f"{layout}:1")
        insert = ["umoci", "insert", "--rootless", "--image", f"{layout}:1"]
        self.tool(*insert, os.path.join(folder, "server.key"), "/etc/server.key")
        self.tool(*insert, os.path.join(folder, "server.pem"), "/etc/server.pem")
        self.tool(*insert, "--whiteout", "/etc/server.key")
        self.registry.skopeo(f"oci:{layout}:1", "built/umoci:1")
        image = self.scan_image(f"docker://{self.registry.address}/built/umoci:1")
        self.assertEqual(places(image), {("private-key", "etc/server.key"): self.sample.pki.key_id(key),
                                         ("certificate", "etc/server.pem"): self.sample.pki.certificate_id(cert)})
        hidden = {o["path"]: o["deleted_by"] for f in image["findings"] for o in f["occurrences"]}
        self.assertEqual(hidden, {"etc/server.key": image["layers"][2], "etc/server.pem": None})

    def test_index_gives_one_report_for_each_platform(self):
        arm = images.Image([self.sample.base, images.layer({"arm.key": self.sample.keys["opt/ed25519.key"]})], "linux/arm64/v8")
        self.registry.push(images.Index((self.sample.image, arm)), "team/multi", "1")
        reference = f"docker://{self.registry.address}/team/multi:1"
        found = {image["platform"]: image["digest"] for image in self.scan_json(reference)["images"]}
        self.assertEqual(found, {"linux/amd64": self.sample.image.digest, "linux/arm64/v8": arm.digest})
        self.assertEqual(self.scan_image(reference, "--platform", "linux/arm64")["digest"], arm.digest)

    def test_zstd_layer_with_a_lying_media_type(self):
        data = images.tar({"z.key": self.sample.keys["opt/ed25519.key"]})
        blob = self.tool("zstd", "-q", "-c", "--single-thread", stdin=data)
        for media_type in (images.LAYER_ZSTD, images.LAYER_GZIP):
            image = images.Image([images.Layer(blob, images.sha256(data), media_type)])
            self.registry.push(image, "team/zstd", "1")
            found = places(self.scan_image(f"docker://{self.registry.address}/team/zstd:1"))
            self.assertEqual(found, {("private-key", "z.key"): self.sample.places["private-key", "opt/ed25519.key"]})


class Endings(ScanCase):
    def test_exit_codes(self):
        absent = f"docker://{self.registry.address}/team/absent:v1"
        cases = (
            (0, [self.reference]),
            (0, [self.reference, "--fail-on", "crl"]),
            (1, [self.reference, "--fail-on", "private-key"]),
            (1, [self.reference, "--fail-on", "crl", "--fail-on", "certificate:info"]),
            (2, []),
            (2, [self.reference, "--format", "xml"]),
            (2, [self.reference, "--fail-on", "nonsense"]),
            (2, [self.reference, "--password-stdin"]),
            (2, [self.reference, "--username", "a", "--password-stdin", "--token-stdin"]),
            (2, [self.reference, "--no-such-option"]),
            (3, [absent]),
            (3, [absent, self.reference]),
            (3, [absent, self.reference, "--fail-on", "crl"]),
            (1, [absent, self.reference, "--fail-on", "private-key"]),
            (2, [absent, self.reference, "--fail-on", "private-key", "--output", "/nowhere/report"]),
            (3, ["docker://127.0.0.1:1/nobody/home:1"]),
        )
        for code, args in cases:
            with self.subTest(args=args):
                done = self.landwaiter("scan", "--no-state", *args)
                self.assertEqual(done.code, code, done.err)
                if code >= 2:
                    self.assertTrue(done.err.strip())
                    self.assertNotIn("FAILED", done.out)

    def test_one_failing_image_does_not_hide_the_others(self):
        absent = f"docker://{self.registry.address}/team/absent:v1"
        document = self.scan_json(absent, self.reference, code=3)
        self.assertEqual([image["digest"] for image in document["images"]], [self.sample.image.digest])
        self.assertIn("team/absent", json.dumps(document.get("failures", document.get("errors"))))

    def test_table(self):
        done = self.landwaiter("scan", "--no-state", "--all", self.reference)
        self.assertEqual(done.code, 0, done.err)
        self.assertRegex(done.out, r"(?m)^SEVERITY +WHAT +WHY, AND WHAT TO DO +WHERE")
        for path in ("etc/ssl/private/server.key", "opt/root.der", "WEB-INF/lib/inner.jar"):
            self.assertIn(path, done.out)
        self.assertRegex(done.out, rf"(?s)etc/old/removed\.key.*deleted by layer \d+ {self.sample.second.digest[7:19]}")
        self.assertRegex(done.out, r"\b11 findings\b")
        self.assertNotIn("\x1b", done.out)
        short = self.landwaiter("scan", "--no-state", self.reference)
        self.assertIn("No action needed", short.out)
        self.assertIn("etc/ssl/private/server.key", short.out)
        self.assertLess(len(short.out), len(done.out))

    def test_exports(self):
        for name, *args in (("cyclonedx",), ("cyclonedx", "--cyclonedx-version", "1.7"), ("sarif",), ("csv",)):
            with self.subTest(format=name, args=args):
                first, again = (self.landwaiter("scan", "--no-state", "--format", name, *args, self.reference) for _ in range(2))
                self.assertEqual(first.code, 0, first.err)
                self.assertEqual(first.out, again.out)
                self.assertIn("etc/ssl/private/server.key", first.out)
                if name != "csv":
                    json.loads(first.out)

    def test_policies(self):
        path = os.path.join(self.folder, "policy.yml")
        with open(path, "w", encoding="utf-8") as file:
            file.write("rules:\n  - {code: no-keys, match: {type: private-key}, severity: critical, reason: No keys.}\n")
        document = self.scan_json(self.reference, "--policy", path)
        keys = [finding for finding in document["images"][0]["findings"] if finding["type"] == "private-key"]
        self.assertTrue(keys)
        for key in keys:
            self.assertEqual(key["severity"], "critical")
            self.assertIn("no-keys", [issue["code"] for issue in key["attributes"]["issues"]])
        wrong = self.landwaiter("scan", "--no-state", "--policy", "nist", self.reference)
        self.assertEqual(wrong.code, 2)
        self.assertIn("nist-800-131a", wrong.err)

    def test_whole_registry(self):
        done = self.landwaiter("scan", "--no-state", "--format", "json", "--registry", self.registry.address)
        # Other tests may have put things there that are no images.
        self.assertIn(done.code, (0, 3), done.err)
        images = done.json["images"]
        self.assertIn(self.sample.image.digest, [image["digest"] for image in images])
        self.assertEqual(len({image["digest"] for image in images}), len(images))

    def test_output_file(self):
        path = os.path.join(self.folder, "report.json")
        done = self.landwaiter("scan", "--no-state", "--format", "json", "--output", path, self.reference)
        self.assertEqual((done.code, done.out), (0, ""), done.err)
        with open(path, encoding="utf-8") as file:
            self.assertEqual(places(json.load(file)["images"][0]), self.sample.places)
        done = self.landwaiter("scan", "--no-state", "--output", os.path.join(self.folder, "no", "such", "folder"), self.reference)
        self.assertEqual(done.code, 2)
        self.assertIn("cannot be written", done.err)

    def test_help_and_version(self):
        self.assertRegex(self.landwaiter("--version").out, r"^landwaiter \d+\.\d+\.\d+")
        done = self.landwaiter("scan", "--help")
        self.assertEqual(done.code, 0)
        for option in ("--format", "--output", "--username", "--password-stdin", "--token-stdin", "--credentials", "--fail-on"):
            self.assertIn(option, done.out)


class Credentials(ScanCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.private = cls.start_registry("private", storage=cls.registry.storage, users={USER: PASSWORD})
        cls.private_reference = f"docker://{cls.private.address}/team/app:v1"

    def docker_config(self, auths):
        folder = self.make_folder("docker")
        with open(os.path.join(folder, "config.json"), "w", encoding="ascii") as file:
            json.dump({"auths": auths}, file)
        return {"DOCKER_CONFIG": folder}

    def test_user_and_password(self):
        image = self.scan_image(self.private_reference, "--username", USER, "--password-stdin", stdin=PASSWORD + "\n")
        self.assertEqual(places(image), self.sample.places)

    def test_docker_config(self):
        right = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        env = self.docker_config({self.private.address: {"auth": right}})
        self.assertEqual(places(self.scan_image(self.private_reference, env=env)), self.sample.places)
        wrong = base64.b64encode(f"{USER}:wrong".encode()).decode()
        env = self.docker_config({self.private.address: {"auth": wrong}})
        self.assertEqual(self.landwaiter("scan", "--no-state", self.private_reference, env=env).code, 3)
        # The command line beats the file.
        image = self.scan_image(self.private_reference, "--username", USER, "--password-stdin", stdin=PASSWORD, env=env)
        self.assertEqual(places(image), self.sample.places)

    def test_credentials_file(self):
        document = json.dumps({"kind": "basic", "username": USER, "password": PASSWORD})
        path = os.path.join(self.folder, "credentials.json")
        with open(path, "w", encoding="ascii") as file:
            file.write(document)
        self.assertEqual(places(self.scan_image(self.private_reference, "--credentials", path)), self.sample.places)
        self.assertEqual(places(self.scan_image(self.private_reference, "--credentials", "-", stdin=document)), self.sample.places)
        others = (["--username", USER], ["--token-stdin"], ["--token", "t0ken-on-the-line"], ["--username", USER, "--password-stdin"])
        for more in others:
            with self.subTest(more=more):
                done = self.landwaiter("scan", "--no-state", self.private_reference, "--credentials", path, *more, stdin=PASSWORD)
                self.assertEqual(done.code, 2)
                self.assertIn("--credentials", done.err)
        bad = ("", "{", '{"kind": "s3cr3t-kind"}', '{"kind": "aws", "aws_secret_access_key": "s3cr3t-key"}',
               '{"password": ["s3cr3t-list"]}')
        for text in bad:
            with self.subTest(text=text):
                done = self.landwaiter("scan", "--no-state", self.private_reference, "--credentials", "-", stdin=text)
                self.assertEqual(done.code, 2)
                self.assertIn("the credentials on standard input", done.err)
                self.assertNotIn("s3cr3t", done.err + done.out)
        missing = self.landwaiter("list", self.private.address, "--credentials", os.path.join(self.folder, "none.json"))
        self.assertEqual(missing.code, 2)
        self.assertIn("cannot be opened", missing.err)

    def test_cloud_keys_stay_with_their_cloud(self):
        keys = {"kind": "aws", "aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "s3cr3t-of-aws"}
        done = self.landwaiter("list", self.private.address, "--credentials", "-", stdin=json.dumps(keys))
        self.assertEqual(done.code, 3)
        self.assertIn("only given to Amazon ECR's registries", done.err)
        self.assertNotIn("s3cr3t", done.err + done.out)

    def test_credential_helper(self):
        folder = self.make_folder("helpers")
        program = os.path.join(folder, "docker-credential-mine")
        with open(program, "w", encoding="ascii") as file:
            file.write("#!/bin/sh\nread server\necho \"$server\" >> \"$0.log\"\n"
                       f'echo \'{{"ServerURL":"x","Username":"{USER}","Secret":"{PASSWORD}"}}\'\n')
        os.chmod(program, 0o700)
        env = self.docker_config({})
        with open(os.path.join(env["DOCKER_CONFIG"], "config.json"), "w", encoding="ascii") as file:
            json.dump({"credHelpers": {self.private.address: "mine"}}, file)
        env["PATH"] = folder + ":" + os.environ["PATH"]
        both = [self.private_reference, self.private_reference.replace(":v1", "@" + self.sample.image.digest)]
        done = self.landwaiter("scan", "--no-state", *both, env=env)
        self.assertEqual(done.code, 0, done.err)
        with open(program + ".log", encoding="ascii") as file:
            self.assertEqual(file.read(), self.private.address + "\n")  # asked once

    def test_containers_auth_file_for_a_namespace(self):
        right = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        wrong = base64.b64encode(f"{USER}:wrong".encode()).decode()
        path = os.path.join(self.make_folder("containers"), "auth.json")
        with open(path, "w", encoding="ascii") as file:
            json.dump({"auths": {self.private.address: {"auth": wrong}, f"{self.private.address}/team": {"auth": right}}}, file)
        env = {"REGISTRY_AUTH_FILE": path}
        self.assertEqual(places(self.scan_image(self.private_reference, env=env)), self.sample.places)
        self.assertEqual(self.landwaiter("list", self.private.address, env=env).code, 3)
        self.assertEqual(self.landwaiter("list", f"docker://{self.private.address}/team/app", env=env).code, 0)

    def test_credentials_go_to_their_own_registry_only(self):
        right = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        env = self.docker_config({f"elsewhere.example:{self.private.port}": {"auth": right}})
        self.assertEqual(self.landwaiter("scan", "--no-state", self.private_reference, env=env).code, 3)

    def test_refusal_names_registry_and_image(self):
        for args, stdin in (([], ""), (["--username", USER, "--password-stdin"], "wr0ng-passw0rd"), (["--token-stdin"], "n0-such-t0ken")):
            with self.subTest(args=args):
                done = self.landwaiter("scan", "--no-state", "--format", "json", self.private_reference, *args, stdin=stdin)
                self.assertEqual(done.code, 3)
                self.assertEqual([failure["code"] for failure in done.json["failures"]], ["unauthorized"])
                self.assertRegex(done.err, r"401|[Uu]nauthorized")
                self.assertIn(self.private.address, done.err)
                self.assertIn("team/app", done.err)
                for secret in ("wr0ng-passw0rd", "n0-such-t0ken", base64.b64encode(f"{USER}:wr0ng-passw0rd".encode()).decode()):
                    self.assertNotIn(secret, done.err + done.out)

    def test_list(self):
        done = self.landwaiter("list", self.private.address, "--username", USER, "--password-stdin", "--format", "json", stdin=PASSWORD)
        self.assertEqual(done.code, 0, done.err)
        items = {(item["repository"], item["tag"]): item["digest"] for item in done.json["items"]}
        self.assertEqual(items["team/app", "v1"], self.sample.image.digest)
        path = os.path.join(self.folder, "list.txt")
        done = self.landwaiter("list", f"docker://{self.private.address}/team/app", "--username", USER,
                               "--password-stdin", "--no-trunc", "--output", path, stdin=PASSWORD)
        self.assertEqual((done.code, done.out), (0, ""), done.err)
        with open(path, encoding="utf-8") as file:
            text = file.read()
        self.assertIn(self.sample.image.digest, text)
        self.assertTrue(re.search(r"(?m)^team/app +v1 ", text), text)
        done = self.landwaiter("list", self.private.address)
        self.assertEqual(done.code, 3)
        self.assertIn(self.private.address, done.err)

    def test_list_walks_the_whole_registry(self):
        with Pusher(self.registry) as pusher:
            for number in range(12):
                pusher.push(self.sample.image, f"walk/r{number:02}", "a", "b")
        done = self.landwaiter("list", f"http://{self.registry.address}", "--format", "json")
        self.assertEqual(done.code, 0, done.err)
        items = {(item["repository"], item["tag"]) for item in done.json["items"]}
        self.assertLessEqual({(f"walk/r{number:02}", tag) for number in range(12) for tag in "ab"}, items)


class Stopped(EndToEndCase):
    def test_a_scan_that_waits_for_its_archive_ends_with_130(self):
        """At every moment, so also before it reads an image: what it is in is a pipe that gives nothing."""
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number), subprocess.Popen([program("LANDWAITER"), "scan", "--no-state", "-o", "x.json", "-"], cwd=self.folder,
                                                        stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as scan:
                # From here on it is the program, and it has its own way to end.
                process.wait_for(lambda pid=scan.pid: self.catches(pid), "a scan that runs")
                scan.send_signal(number)
                self.assertEqual(scan.wait(60 * process.PATIENCE), 130)
        self.assertFalse(os.path.exists(os.path.join(self.folder, "x.json")))

    @staticmethod
    def catches(pid):
        with open(f"/proc/{pid}/status", encoding="ascii") as status:
            caught = next(line for line in status if line.startswith("SigCgt:"))
        return int(caught.split()[1], 16) & (1 << (signal.SIGINT - 1))


if __name__ == "__main__":
    del ScanCase  # a base, and no test
    main()
