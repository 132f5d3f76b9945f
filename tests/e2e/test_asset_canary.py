#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Private keys, tokens and passwords of every kind in an image: none of them is in anything that the programs say or store."""
import json
import os

import material
from material import jose, keys, keystores, pgp, programs
from support import images, secrets
from support.canaries import Canaries
from support.case import EndToEndCase, main
from support.service import Platform, Sensor

FORMATS = (("table", ()), ("table", ("--all",)), ("json", ()), ("cyclonedx", ()), ("cyclonedx", ("--cyclonedx-version", "1.7")),
           ("sarif", ()), ("csv", ()))


class Assets(EndToEndCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        shop = material.Workshop(cls.folder)
        cls.items = [item for source in (keys, programs, keystores, pgp, jose) for item in source.make(shop)]
        files = {f"{number:04d}/{item.name}": item.data for number, item in enumerate(cls.items)}
        cls.image = images.Image([images.layer(files)])
        cls.registry = cls.start_registry()
        cls.registry.push(cls.image, "team/assets", "v1")
        cls.canaries = Canaries(password=material.PASSWORD)
        for number, item in enumerate(cls.items):
            for nth, secret in enumerate(item.secrets):
                if len(secret) >= 2 * Canaries.HALF_BYTES_MIN:
                    cls.canaries.add(f"{number} {item.kind} {item.encoding} {nth}", secret)

    def assert_clean(self, data, where):
        data = data if isinstance(data, bytes) else data.encode()
        self.assertEqual([], self.canaries.found_in(data)[:10], where)
        self.assertNotIn(b"changeit", data, f"{where}: a well-known password that opened a keystore")

    def assert_clean_folder(self, folder):
        seen = 0
        for origin, data in secrets.all_bytes_of(folder):
            self.assert_clean(data, origin)
            seen += len(data)
        self.assertGreater(seen, 10_000, "there is nothing to search")

    def test_the_search_finds_what_is_there(self):
        self.assertGreater(len(self.canaries.names), 60)
        whole = b"".join(item.data for item in self.items)
        missing = [name for name in self.canaries.names if not any(what.startswith(name + ",") for what in self.canaries.found_in(whole))]
        self.assertEqual(["password"], missing, "each secret lies in the image, but for the password")

    def test_every_format_and_the_state(self):
        state = self.make_folder("state")
        for form, options in FORMATS:
            with self.subTest(format=form, options=options):
                done = self.landwaiter("scan", "--plain-http", "--format", form, *options, "--full", "--state",
                                       os.path.join(state, "state"),
                                       f"{self.registry.address}/team/assets:v1")
                self.assertEqual(0, done.code, done.err[-1000:])
                self.assertGreater(len(done.out), 5000)
                self.assert_clean(done.out, f"what {form} says")
                self.assert_clean(done.err, f"what {form} complains of")
        self.assert_clean_folder(state)

    def test_sensor_and_platform(self):
        platform = self.start(Platform(self.make_folder("platform"), "--log-level", "debug", "--log-json"))
        sensor = self.start(Sensor(self.make_folder("sensor"), platform, token=platform.create_token("enrollment", "canary")))
        registry = platform.add_registry("assets", self.registry.address)
        scan = platform.wait_scan(platform.scan_registry(registry, incremental=False))
        self.assertEqual(1, scan["counts"]["scanned"], scan)
        self.assert_clean(json.dumps(platform.api("GET", f"/v3/images/{self.image.digest}/report")), "the image's report")
        self.assert_clean(json.dumps(platform.api("GET", "/v3/findings?page_size=1000")), "the findings")
        sensor.kill()
        self.assert_clean_folder(platform.state)
        self.assert_clean_folder(sensor.folder)


if __name__ == "__main__":
    main()
