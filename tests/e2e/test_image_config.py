#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Keys that lie in no file but in an image's config or manifest: found in every format and by the platform, and shown nowhere."""
import base64
import csv
import io
import json
import os

from support import images, secrets
from support.canaries import Canaries
from support.case import EndToEndCase, main, places
from support.pki import Pki, private_fragments
from support.service import Platform, Sensor

PLACE = "env[1] (TLS_KEY)"
SHOWN = f"config {PLACE}"
FILES = {"etc/hosts": b"127.0.0.1 localhost\n"}


class ImageConfig(EndToEndCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.registry = cls.start_registry()
        cls.pki = Pki(cls.folder)
        cls.key = cls.pki.key()
        cls.key_id = cls.pki.key_id(cls.key)
        cls.canaries = Canaries()
        for number, fragment in enumerate(private_fragments(cls.key)):
            cls.canaries.add(f"the key's fragment {number}", fragment)
        cls.build()
        cls.reference = f"docker://{cls.registry.address}/team/env:1"

    @classmethod
    def build(cls):
        """An image whose key lies only in ENV, made by umoci, in the registry."""
        folder = cls.make_folder("umoci")
        layout, hosts = os.path.join(folder, "image"), os.path.join(folder, "hosts")
        with open(hosts, "wb") as file:
            file.write(FILES["etc/hosts"])
        cls.tool("umoci", "init", "--layout", layout)
        cls.tool("umoci", "new", "--image", f"{layout}:1")
        cls.tool("umoci", "insert", "--rootless", "--image", f"{layout}:1", hosts, "/etc/hosts")
        cls.tool("umoci", "config", "--image", f"{layout}:1", "--config.env", "PATH=/bin", "--config.env", "TLS_KEY=" + cls.key.decode())
        cls.registry.skopeo(f"oci:{layout}:1", "team/env:1")

    def assert_clean(self, data, where):
        self.assertEqual([], self.canaries.found_in(data if isinstance(data, bytes) else data.encode()), where)

    def assert_clean_folder(self, folder):
        seen = 0
        for origin, data in secrets.all_bytes_of(folder):
            self.assert_clean(data, origin)
            seen += len(data)
        self.assertGreater(seen, 10_000, "there is nothing to search")

    def said(self, form, *options):
        done = self.landwaiter("scan", "--no-state", "--format", form, *options, self.reference, env={"COLUMNS": "200"})
        self.assertEqual(0, done.code, done.err[-1000:])
        self.assert_clean(done.out, f"what {form} says")
        self.assert_clean(done.err, f"what {form} complains of")
        return done.out

    def check_cyclonedx(self, document):
        component, = (one for one in document["components"] if one["bom-ref"] == f"private-key:{self.key_id}")
        place, = component["evidence"]["occurrences"]
        self.assertEqual((place["location"], place["additionalContext"]), (SHOWN, "the image's config"))

    def check_sarif(self, document):
        locations = [location for result in document["runs"][0]["results"] for location in result["locations"]]
        self.assertTrue(locations)
        for location in locations:
            self.assertEqual(location["logicalLocations"][0]["fullyQualifiedName"], SHOWN)
            self.assertEqual(location["physicalLocation"]["artifactLocation"]["uri"], "config")

    def check_csv(self, text):
        row, = (row for row in csv.DictReader(io.StringIO(text)) if row["type"] == "private-key")
        self.assertEqual((row["path"], row["layer"], row["id"]), (SHOWN, "", self.key_id))

    def test_json(self):
        image, = json.loads(self.said("json"))["images"]
        self.assertEqual(places(image), {("private-key", "config", PLACE): self.key_id})
        self.assertEqual(image["findings"][0]["severity"], "high")
        self.assertEqual([one for one in image["diagnostics"] if not one["layer"]], [])

    def test_table(self):
        text = self.said("table")
        self.assertIn(SHOWN, text)
        self.assertIn("of the image itself, in no layer", text)
        self.assertIn("HIGH", text)

    def test_cyclonedx(self):
        self.check_cyclonedx(json.loads(self.said("cyclonedx")))
        self.check_cyclonedx(json.loads(self.said("cyclonedx", "--cyclonedx-version", "1.7")))

    def test_sarif(self):
        self.check_sarif(json.loads(self.said("sarif")))

    def test_csv(self):
        self.check_csv(self.said("csv"))

    def test_gates_count_it(self):
        self.scan_json(self.reference, "--fail-on", "private-key", code=1)

    def test_an_unchanged_image_answers_from_memory(self):
        state = self.make_folder("state")
        first = self.scan_image(self.reference, "--state", state)
        mark = self.registry.mark()
        second = self.scan_image(self.reference, "--state", state)
        asked = [request.short for request in self.registry.requests_since(mark) if request.kind != "ping"]
        self.assertEqual(asked, ["GET /v2/team/env/manifests/1 200"])
        self.assertEqual(second["findings"], first["findings"])
        self.assertEqual(len(second["findings"]), 1)
        self.assert_clean_folder(state)

    def test_platform(self):
        platform = self.start(Platform(self.make_folder("platform"), "--log-level", "debug", "--log-json"))
        sensor = self.start(Sensor(self.make_folder("sensor"), platform, token=platform.create_token("enrollment", "config")))
        registry = platform.add_registry("config", self.registry.address)
        for incremental in (False, True):
            scan = platform.wait_scan(platform.scan_registry(registry, incremental))
            self.assertEqual(scan["counts"]["scanned"] + scan["counts"]["unchanged"], scan["counts"]["listed"], scan)
            self.check_platform(platform)
        sensor.kill()
        self.assert_clean_folder(platform.state)
        self.assert_clean_folder(sensor.folder)

    def check_platform(self, platform):
        image, = (one for one in platform.pages("/v3/images", "images") if one["reference"].endswith("/team/env:1"))
        self.assertEqual(image["findings"], 1)
        base = f"/v3/images/{image['digest']}"
        said = [platform.text("GET", path) for path in (
            f"{base}/report", f"{base}/export?format=cyclonedx", f"{base}/export?format=sarif", f"{base}/export?format=csv",
            f"/v3/findings?image={image['digest']}", f"/v3/findings/{self.key_id}")]
        for text in said:
            self.assert_clean(text, "what the platform says")
        report, bom, sarif, table = said[:4]
        self.assertEqual(places(json.loads(report)), {("private-key", "config", PLACE): self.key_id})
        self.check_cyclonedx(json.loads(bom))
        self.check_sarif(json.loads(sarif))
        self.check_csv(table.decode())
        finding, = json.loads(said[4])["findings"]
        self.assertEqual((finding["id"], finding["images"]), (self.key_id, 1))
        self.assertIn(PLACE, [place.get("config") for place in json.loads(said[5])["occurrences"]])


class Places(EndToEndCase):
    """Where else in the documents a key may be, and in what form."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pki = Pki(cls.folder)
        cls.key = cls.pki.key().decode()
        cls.key_id = cls.pki.key_id(cls.key.encode())

    def scanned(self, files=None, **image):
        layout = images.write_layout(self.make_folder("layout"), {"1": images.Image([images.layer(files or FILES)], **image)})
        return self.scan_image(f"oci:{layout}:1")

    def check(self, place, **image):
        with self.subTest(place=place):
            report = self.scanned(**image)
            self.assertEqual(places(report), {("private-key", *place): self.key_id})
            self.assertEqual(report["diagnostics"], [])

    def test_places(self):
        key = self.key
        self.check(("config", "env[0] (KEY)"), details={"config": {"Env": ["KEY=" + key.replace("\n", "\\n")]}})
        self.check(("config", "env[0] (KEY)"), details={"config": {"Env": ["KEY=" + base64.b64encode(key.encode()).decode()]}})
        self.check(("config", "labels.tls.key"), details={"config": {"Labels": {"tls.key": key}}})
        self.check(("config", "cmd[2]"), details={"config": {"Cmd": ["app", "--key", key]}})
        self.check(("config", "entrypoint[1]"), details={"config": {"Entrypoint": ["app", key]}})
        self.check(("config", "history[1]"), details={"history": [{"created_by": "COPY . ."}, {"created_by": f"RUN |1 KEY={key} make"}]})
        self.check(("manifest", "annotations.key"), annotations={"key": key})

    def test_in_a_file_and_in_the_config_it_is_one_finding(self):
        report = self.scanned({"srv/server.key": self.key.encode()}, details={"config": {"Env": ["KEY=" + self.key]}})
        finding, = report["findings"]
        self.assertEqual(finding["id"], self.key_id)
        self.assertEqual([place.get("path") or place["config"] for place in finding["occurrences"]], ["srv/server.key", "env[0] (KEY)"])

    def test_a_config_too_large_to_read_is_said(self):
        report = self.scanned(details={"padding": "x" * (9 << 20)})
        diagnostic, = report["diagnostics"]
        self.assertEqual(diagnostic["code"], "limit_exceeded")


if __name__ == "__main__":
    main()
