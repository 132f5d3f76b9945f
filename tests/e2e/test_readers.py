#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The processes that read layers are struck at any moment: one layer is lost with a reason, and everything else is as without it."""
import os
import signal
import time

from support import images, pki, process
from support.case import EndToEndCase, main, program
from support.process import descendants, wait_for

MIB = 1 << 20
NOISE_BYTES = 24 * MIB
RATE = "8M"  # so that the noise takes three seconds


class Readers(EndToEndCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        make = pki.Pki(cls.folder)
        cls.registry = cls.start_registry(fast=True)
        cls.noise = images.plain_layer({"noise.bin": os.urandom(NOISE_BYTES), "zz/last.key": make.key()})
        cls.image = images.Image([images.layer({"etc/first.key": make.key()}), cls.noise, images.layer({"etc/third.key": make.key()})])
        cls.registry.push(cls.image, "app", "1")
        cls.name = f"docker://{cls.registry.address}/app:1"

    def scan(self, state, strike):
        """Scans, and calls strike(process) while the noise is read."""
        out = os.path.join(self.folder, "out.json")
        argv = [program("LANDWAITER"), "scan", "--format", "json", "-o", out, "--state", state, "--workers", "3", "--limit-rate", RATE,
                self.name]
        scan = self.start(process.Process("scan", argv, self.folder))
        strike(scan)
        code = scan.wait()
        with open(out, encoding="utf-8") as file:
            return code, process.Completed(code, file.read(), scan.err).json

    def check(self, strike, reason):
        state = self.make_folder("state")
        code, report = self.scan(state, strike)
        self.assertEqual(code, 3, report)
        self.assertEqual(report["images"], [])
        message = report["failures"][0]["message"]
        self.assertIn(f"layer {self.noise.digest}", message)
        self.assertIn(reason, message)
        # The others were read, and are not read again; all of it is what a scan without a strike finds.
        again = self.scan_image("--state", state, self.name)
        self.assertEqual((again["stats"]["layers_fetched"], again["stats"]["layers_reused"]), (1, 2))
        whole = self.scan_image("--state", state, "--full", self.name)
        for report in (again, whole):
            report["stats"].pop("layers_fetched")
            report["stats"].pop("layers_reused")
        self.assertEqual(again, whole)
        self.assertEqual(len(whole["findings"]), 3)

    @staticmethod
    def readers(scan):
        """Of the scan's processes, those that read a layer: children of its fork server."""
        found = descendants(scan.pid)
        return found[1:]

    def strike_readers(self, number, after_s):
        def strike(scan):
            wait_for(lambda: self.readers(scan), "a reader")
            # The small layers are read long before.
            time.sleep(after_s)
            readers = self.readers(scan)
            self.assertEqual(len(readers), 1)
            os.kill(readers[0], number)
        return strike

    def test_killed_at_its_begin(self):
        self.check(self.strike_readers(signal.SIGKILL, 1.0), "its reader was killed (signal 9)")

    def test_killed_near_its_end(self):
        self.check(self.strike_readers(signal.SIGKILL, 2.5), "its reader was killed (signal 9)")

    def test_crashed(self):
        self.check(self.strike_readers(signal.SIGBUS, 1.5), "its reader crashed (signal 7)")

    def test_fork_server_killed(self):
        def strike(scan):
            wait_for(lambda: self.readers(scan), "a reader")
            time.sleep(1.5)
            os.kill(descendants(scan.pid)[0], signal.SIGKILL)
        self.check(strike, "was not read to its end")

    def test_scan_killed(self):
        """No process stays when the scan goes away without a word."""
        argv = [program("LANDWAITER"), "scan", "--no-state", "--limit-rate", "200K", self.name]
        scan = self.start(process.Process("scan", argv, self.folder))
        wait_for(lambda: self.readers(scan), "a reader")
        family = descendants(scan.pid)
        scan.send(signal.SIGKILL)
        scan.wait()
        self.assertGreaterEqual(len(family), 2)
        wait_for(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in family), "its processes to end")

    def test_stop(self):
        """A stop ends readers at once."""
        argv = [program("LANDWAITER"), "scan", "--no-state", "--limit-rate", "200K", self.name]
        scan = self.start(process.Process("scan", argv, self.folder))
        wait_for(lambda: self.readers(scan), "a reader")
        begin = time.monotonic()
        scan.send(signal.SIGTERM)
        self.assertEqual(scan.wait(), 130)
        self.assertLess(time.monotonic() - begin, 10 * process.PATIENCE)


if __name__ == "__main__":
    main()
