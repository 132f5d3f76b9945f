#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A registry of 200 repositories with 5 tags each, walked by two sensors: nothing is lost, and little is read twice."""
import collections
import os
import time

from fleet import Fleet
from support import images
from support.case import EndToEndCase, main, table
from support.service import Platform, Sensor, check_counts

REPOSITORIES, TAGS = 200, 5


class TwoSensors(EndToEndCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.registry = cls.start_registry(fast=True)
        cls.fleet = Fleet(cls.folder, cls.registry, REPOSITORIES, TAGS)
        cls.add_oddities()
        cls.platform = cls.start(Platform(cls.make_folder("platform")))
        cls.registry_id = cls.platform.add_registry("fleet", cls.registry.address)
        cls.sensors = [cls.start(Sensor(cls.make_folder(name), cls.platform, name)) for name in ("sensor-a", "sensor-b")]

    @classmethod
    def add_oddities(cls):
        """What a listing meets beside plain images: each ends in a state of its own."""
        base = cls.fleet.bases[0]
        chart = images.Image([images.layer({"Chart.yaml": b"name: chart\n"})], config_type="application/vnd.cncf.helm.config.v1+json")
        cls.registry.place(chart, "odd/chart", "1")
        arm = images.Image([base, images.layer({"arm": b"64"})], "linux/arm64")
        amd = images.Image([base, images.layer({"amd": b"64"})], "linux/amd64")
        cls.registry.place(images.Index((arm, amd)), "odd/index", "1")
        cls.registry.place(amd, "odd/twice", "a", "b")
        lost = images.layer({"lost": os.urandom(100)})
        cls.registry.place(images.Image([base, lost]), "odd/lost", "1")
        os.remove(cls.registry.blob_file(lost.digest))
        broken = images.layer({"broken": os.urandom(100)})
        cls.registry.place(images.Image([base, broken]), "odd/corrupt", "1")
        with open(cls.registry.blob_file(broken.digest), "r+b") as file:
            file.seek(len(broken.blob) // 2)
            file.write(b"corrupt")
        cls.expected_states = {
            ("odd/chart", "1"): ["unsupported"], ("odd/index", "1"): ["scanned", "scanned"],
            ("odd/twice", "a"): ["scanned"], ("odd/twice", "b"): ["scanned"],
            ("odd/corrupt", "1"): ["failed"],
        }

    def test_fleet(self):
        seconds = [["phase", "seconds"]]
        for phase in (self.check_first_scan, self.check_items, self.check_findings, self.check_second_scan):
            begin = time.monotonic()
            phase()
            seconds.append([phase.__name__, f"{time.monotonic() - begin:.1f}"])
        table("time", seconds)

    def check_first_scan(self):
        mark = self.registry.mark()
        scan = self.platform.wait_scan(self.platform.scan_registry(self.registry_id), timeout_s=200)
        self.assertEqual(scan["state"], "finished", scan)
        counts = scan["counts"]
        check_counts(counts)
        self.assertEqual(counts["listed"], REPOSITORIES * TAGS + 7)
        self.assertEqual(counts["scanned"], REPOSITORIES * TAGS + 4)
        self.assertEqual((counts["unsupported"], counts["pending"], counts["failed"] + counts["gone"]), (1, 0, 2))
        self.check_fetches(mark)
        jobs = [len(sensor.events("job finished")) for sensor in self.sensors]
        table("jobs finished", [[sensor.process.name, count] for sensor, count in zip(self.sensors, jobs)])
        # Each did a real part of it.
        self.assertGreater(min(jobs), sum(jobs) * 0.1)
        self.scan_id = scan["id"]

    def check_fetches(self, mark):
        asked = self.registry.requests_since(mark)
        layers = self.fleet.layer_digests
        fetched = collections.Counter(request.name for request in asked
                                      if request.method == "GET" and request.kind == "blobs" and request.name in layers)
        again = {digest: count for digest, count in fetched.items() if count > 1}
        manifests = collections.Counter(request.path for request in asked if request.kind == "manifests")
        table("what two sensors fetched", [
            ["unique layers", len(layers)], ["layers fetched", len(fetched)], ["layers fetched more than once", len(again)],
            ["layer requests", sum(fetched.values())], ["manifest requests", sum(manifests.values())], ["requests in all", len(asked)]])
        self.assertEqual(set(fetched), layers)
        self.assertLessEqual(len(again), len(layers) // 100, again)

    def check_items(self):
        items = collections.defaultdict(list)
        for item in self.platform.pages(f"/v3/scans/{self.scan_id}/items", "items"):
            items[item["repository"], item["tag"]].append(item)
        for place, image in self.fleet.images.items():
            self.assertEqual([(item["digest"], item["state"]) for item in items[place]], [(image.digest, "scanned")], place)
        for place, states in self.expected_states.items():
            self.assertEqual([item["state"] for item in items[place]], states, items[place])
        (lost,) = items["odd/lost", "1"]
        self.assertIn(lost["state"], ("failed", "gone"))
        for place in (("odd/lost", "1"), ("odd/corrupt", "1"), ("odd/chart", "1")):
            self.assertTrue(items[place][0]["reason"], items[place])

    def check_findings(self):
        self.fleet.check_findings(self, self.platform)
        images_known = [image["digest"] for image in self.platform.pages("/v3/images", "images")]
        self.assertEqual(len(images_known), len(set(images_known)))
        self.assertLessEqual({image.digest for image in self.fleet.images.values()}, set(images_known))
        self.assertEqual(len(images_known), REPOSITORIES * TAGS + 2)

    def check_second_scan(self):
        mark = self.registry.mark()
        scan = self.platform.wait_scan(self.platform.scan_registry(self.registry_id), timeout_s=100)
        self.assertEqual(scan["state"], "finished", scan)
        counts = scan["counts"]
        self.assertEqual((counts["listed"], counts["unchanged"]), (REPOSITORIES * TAGS + 7, REPOSITORIES * TAGS + 4), counts)
        asked = self.registry.requests_since(mark)
        layers = [request.name for request in asked if request.kind == "blobs" and request.name in self.fleet.layer_digests]
        table("second scan", [["layer requests", len(layers)], ["requests in all", len(asked)]])
        # Of the two images that cannot be read only their own layers are asked for again.
        self.assertEqual(layers, [])


if __name__ == "__main__":
    main()
