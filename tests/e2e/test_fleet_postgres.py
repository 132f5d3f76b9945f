#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Two platform processes and four sensors on one PostgreSQL scan 1,000 images, while a process and a sensor are killed again and again:
each image is reported once, and layers are read once but for those that were in flight at a kill."""
import collections
import os
import random
import shutil
import time

from fleet import Fleet
from support.balancer import Balancer
from support.case import EndToEndCase, main, table
from support.postgres import Postgres
from support.service import Platform, Sensor, check_counts
from support.slow_proxy import SlowProxy

REPOSITORIES, TAGS = 200, 5
IMAGES = REPOSITORIES * TAGS
SENSORS, WORKERS = 4, 2
KILLS = 5
SEED = int(os.environ.get("LANDWAITER_TEST_SEED", "1"))


class FleetOnPostgres(EndToEndCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.registry = cls.start_registry(fast=True)
        cls.fleet = Fleet(cls.folder, cls.registry, REPOSITORIES, TAGS, own_bytes=8_000, base_bytes=300_000)
        cls.proxy = cls.start(SlowProxy(cls.registry.port, bytes_per_s=400_000))
        cls.postgres = cls.start(Postgres(cls.folder))
        options = ("--database", cls.postgres.address, "--lease-s", "5")
        cls.platforms = [Platform(cls.make_folder(name), *options, name=name) for name in ("platform-a", "platform-b")]
        first, second = cls.platforms
        cls.start(first)
        # Both read the same sealed credentials.
        os.makedirs(second.state, mode=0o700)
        shutil.copy(os.path.join(first.state, "master.key"), second.state)
        cls.start(second)
        cls.balancer = cls.start(Balancer([int(platform.url.rsplit(":", 1)[1]) for platform in cls.platforms]))
        cls.registry_id = first.add_registry("fleet", cls.proxy.address)
        cls.sensors = []
        for number in range(SENSORS):
            name = f"sensor-{number}"
            token = first.create_token("enrollment", name)
            cls.balancer.sensors = []
            cls.sensors.append(cls.start(Sensor(cls.make_folder(name), cls.balancer, name, workers=WORKERS, token=token)))

    def test_kills(self):
        dice = random.Random(SEED)
        mark = self.registry.mark()
        scan_id = self.platforms[0].scan_registry(self.registry_id)
        in_flight, kills = 0, []
        for number in range(KILLS):
            watcher = self.platforms[0]
            scan = watcher.wait_scanned(scan_id, (number + 1) * IMAGES // (KILLS + 2), timeout_s=120)
            self.assertEqual(scan["state"], "running", "the scan was over before the blow")
            platform, sensor = dice.choice(self.platforms), dice.choice(self.sensors)
            in_flight += self.proxy.in_flight
            platform.kill()
            sensor.kill()
            kills.append((scan["counts"]["scanned"], platform.process.name, sensor.process.name))
            time.sleep(dice.random())
            platform.start()
            sensor.start()
        self.proxy.release()
        scan = self.platforms[1].wait_scan(scan_id, timeout_s=120)
        self.check_scan(scan)
        self.check_fetches(mark, in_flight)
        table("kills at (images done, process, sensor)", [[str(kill)] for kill in kills])

    def check_scan(self, scan):
        self.assertEqual(scan["state"], "finished", scan)
        check_counts(scan["counts"])
        self.assertEqual((scan["counts"]["listed"], scan["counts"]["scanned"]), (IMAGES, IMAGES), scan)
        for platform in self.platforms:
            items = platform.pages(f"/v3/scans/{scan['id']}/items", "items")
            self.assertEqual(sorted((item["repository"], item["tag"], item["digest"]) for item in items),
                             sorted((*place, image.digest) for place, image in self.fleet.images.items()))
            known = [image["digest"] for image in platform.pages("/v3/images", "images")]
            self.assertEqual(sorted(known), sorted(image.digest for image in self.fleet.images.values()))
            self.fleet.check_findings(self, platform)

    def check_fetches(self, mark, in_flight):
        layers = self.fleet.layer_digests
        fetched = collections.Counter(request.name for request in self.registry.requests_since(mark)
                                      if request.method == "GET" and request.kind == "blobs" and request.name in layers)
        again = sum(count - 1 for count in fetched.values())
        table("layers", [["unique", len(layers)], ["asked for more than once", again], ["in flight at the kills", in_flight]])
        self.assertEqual(set(fetched), layers)
        # A sensor that is killed loses what it reads; a platform, what it was just told.
        self.assertLessEqual(again, KILLS * (WORKERS + 2 * SENSORS * WORKERS))


if __name__ == "__main__":
    main()
