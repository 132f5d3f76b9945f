#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""kill -9 of the sensor and of the platform in the middle of a scan, again and again: everything is reported once, nothing is missing."""
import time

from fleet import Fleet
from support.case import EndToEndCase, main, table
from support.process import wait_for
from support.service import Platform, Sensor, check_counts
from support.slow_proxy import SlowProxy

REPOSITORIES, TAGS = 60, 5
IMAGES = REPOSITORIES * TAGS
KILLS = 4


class Kill(EndToEndCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.registry = cls.start_registry(fast=True)
        cls.fleet = Fleet(cls.folder, cls.registry, REPOSITORIES, TAGS, own_bytes=30_000, base_bytes=300_000)

    def setUp(self):
        # Slow enough that a blow falls into the middle of layers, fast enough to end soon.
        self.proxy = self.start(SlowProxy(self.registry.port, bytes_per_s=400_000))
        self.platform = self.start(Platform(self.make_folder("platform"), "--lease-s", "3"))
        self.registry_id = self.platform.add_registry("fleet", self.proxy.address)
        self.sensor = self.start(Sensor(self.make_folder("sensor"), self.platform, workers=2, jobs=6))
        self.kills = []

    def tearDown(self):
        for program in (self.sensor, self.platform, self.proxy):
            program.kill()

    def blow(self, scan_id, number, *victims):
        """Waits until the scan got further, and kills."""
        scan = self.platform.wait_scanned(scan_id, (number + 1) * IMAGES // (KILLS + 3))
        self.assertEqual(scan["state"], "running", "the scan was over before the blow")
        for victim in victims:
            victim.kill()
        self.kills.append((scan["counts"]["scanned"], self.proxy.in_flight))

    def check_end(self, scan_id):
        self.proxy.release()
        begin = time.monotonic()
        scan = self.platform.wait_scan(scan_id, timeout_s=90)
        self.assertEqual(scan["state"], "finished", scan)
        counts = scan["counts"]
        check_counts(counts)
        self.assertEqual((counts["listed"], counts["scanned"] + counts["unchanged"]), (IMAGES, IMAGES), (counts, scan["errors"][:3]))
        items = self.platform.pages(f"/v3/scans/{scan_id}/items", "items")
        self.assertEqual(sorted((item["repository"], item["tag"], item["digest"]) for item in items),
                         sorted((*place, image.digest) for place, image in self.fleet.images.items()))
        known = [image["digest"] for image in self.platform.pages("/v3/images", "images")]
        self.assertEqual(sorted(known), sorted(image.digest for image in self.fleet.images.values()))
        self.fleet.check_findings(self, self.platform)
        table(self.id().rsplit(".", 1)[-1], [["kills at (images done, layers in flight)", self.kills],
                                             ["seconds from the last one to the end", f"{time.monotonic() - begin:.1f}"]])

    def test_sensor(self):
        scan_id = self.platform.scan_registry(self.registry_id)
        for number in range(KILLS):
            self.blow(scan_id, number, self.sensor)
            self.sensor.start()
        self.check_end(scan_id)

    def test_platform(self):
        scan_id = self.platform.scan_registry(self.registry_id)
        for number in range(KILLS):
            self.blow(scan_id, number, self.platform)
            time.sleep(0.7)  # the sensor works on alone
            self.platform.start()
        self.assertTrue(self.sensor.process.running)
        self.check_end(scan_id)

    def test_both_at_once_and_the_sensor_while_the_platform_is_away(self):
        scan_id = self.platform.scan_registry(self.registry_id)
        self.blow(scan_id, 0, self.sensor, self.platform)
        self.platform.start()
        self.sensor.start()
        self.blow(scan_id, 1, self.platform)
        time.sleep(0.7)
        self.sensor.kill()
        self.sensor.start()
        time.sleep(0.7)
        self.platform.start()
        self.check_end(scan_id)

    def test_during_the_listing(self):
        scan_id = self.platform.scan_registry(self.registry_id)
        for number, victim in enumerate((self.sensor, self.sensor, self.platform)):
            wait_for(lambda number=number: len(self.sensor.events("job started")) > number, "the next attempt to list", timeout_s=15)
            time.sleep(0.3)
            counts = self.platform.scan(scan_id)["counts"]
            self.assertLess(counts["listed"], IMAGES, "the listing was over before the blow")
            victim.kill()
            victim.start()
            self.kills.append((counts["listed"], "listed"))
        self.check_end(scan_id)


if __name__ == "__main__":
    main()
