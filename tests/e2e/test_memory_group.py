#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What is promised of memory: 64 MiB and 48 MiB for each worker, whatever number of images a registry has."""
import json
import os

from support import images
from support.case import EndToEndCase, main, places, program, table
from support.memory_group import in_memory_cgroup
from support.pki import CertificateMill, Pki
from support.process import Failure, Process, Watch

PROCESS_MIB, WORKER_MIB = 64, 48
FEW, MANY = 30, 300
# Allocators and caches fill up over some images; reports are about 300 KiB each, so keeping them would be 80 MiB.
GROWTH_MAX = 12 << 20


class MemoryGroup(EndToEndCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pki = Pki(cls.folder)
        cls.mill = CertificateMill(cls.pki)
        authorities = {f"etc/ssl/certs/{number}.pem": cls.mill.make(number)[0] for number in range(40)}
        cls.base = images.layer(authorities)
        cls.rows = [["scan", "peak RSS MiB"]]
        cls.addClassCleanup(lambda: table("memory", cls.rows))

    def registry_of(self, count):
        registry = self.start_registry(f"registry{count}", fast=True)
        for number in range(count):
            top = images.layer({"srv/number": str(number).encode()})
            registry.place(images.Image([self.base, top]), f"team{number % 7}/app{number}", "1")
        return registry

    def confined(self, workers, *args):
        """Scans within the promised memory of so many workers."""
        command = [program("LANDWAITER"), "scan", "--format", "json", "--workers", workers, *args]
        done = in_memory_cgroup(PROCESS_MIB + workers * WORKER_MIB, command, self.folder)
        if done.killed or done.code != 0:
            raise Failure(f"killed: {done.killed}, exit code {done.code}\n{done.err[-3000:]}")
        self.assertNotIn("workers are started", done.err)
        return json.loads(done.out)

    def test_planted_image(self):
        key = self.pki.key()
        content = {"etc/shop.key": key, "var/zeros": bytes(64 << 20), "var/random": os.urandom(16 << 20)}
        registry = self.start_registry("planted")
        registry.place(images.Image([self.base, images.layer(content)]), "team/app", "1")
        for workers in (1, 2):
            report = self.confined(workers, "--no-state", f"docker://{registry.address}/team/app:1")
            self.assertEqual(places(report["images"][0], "private-key"), {("private-key", "etc/shop.key"): self.pki.key_id(key)})

    def test_registry(self):
        registry = self.registry_of(MANY)
        report = self.confined(2, "--state", self.make_folder("state"), "--registry", registry.address)
        self.assertEqual((len(report["images"]), report["failures"]), (MANY, []))

    def test_fewer_workers_than_asked_for(self):
        registry = self.registry_of(1)
        command = [program("LANDWAITER"), "scan", "--workers", 8, "--no-state", "--registry", registry.address]
        done = in_memory_cgroup(PROCESS_MIB + 2 * WORKER_MIB, command, self.folder)
        self.assertEqual((done.code, done.killed), (0, False), done.err)
        self.assertIn("only 2 of 8 workers are started", done.err)

    def peak(self, registry, form):
        folder = self.make_folder("scan")
        output = os.path.join(folder, "report")
        scan = Process("scan", [program("LANDWAITER"), "scan", "--no-state", "--workers", 2, "--format", form, "--output", output,
                                "--registry", registry.address], folder)
        self.start(scan)
        watch = Watch(scan)
        watch.join()
        self.assertEqual(scan.wait(), 0, scan.tail())
        self.assertGreater(os.path.getsize(output), 1_000)
        return watch.memory_max_bytes

    def test_images_are_not_kept(self):
        few, many = self.registry_of(FEW), self.registry_of(MANY)
        for form in ("table", "json", "csv", "sarif", "cyclonedx"):
            with self.subTest(form):
                small, large = self.peak(few, form), self.peak(many, form)
                self.rows += [[f"{FEW} images, {form}", small >> 20], [f"{MANY} images, {form}", large >> 20]]
                self.assertGreater(small, 1_000_000, "memory was not measured")
                self.assertLess(large - small, GROWTH_MAX)


if __name__ == "__main__":
    main()
