#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What an operator does with a platform: backups while it is busy, restored elsewhere; the move to PostgreSQL; one process a folder."""
import contextlib
import os
import shutil
import sqlite3
import pathlib

from fleet import Fleet
from support.case import EndToEndCase, main, program
from support.process import Process, run
from support.service import Platform, Sensor
from support.slow_proxy import SlowProxy

REPOSITORIES, TAGS = 10, 3
IMAGES = REPOSITORIES * TAGS
POSTGRES = pathlib.Path(__file__).parents[2] / "scripts" / "postgres-for-tests"


class Upkeep(EndToEndCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        os.chmod(cls.folder, 0o755)  # the server's user must reach its socket
        cls.registry = cls.start_registry(fast=True)
        cls.fleet = Fleet(cls.folder, cls.registry, REPOSITORIES, TAGS, own_bytes=30_000, base_bytes=100_000)
        cls.passphrase = os.path.join(cls.folder, "passphrase")
        with open(cls.passphrase, "w", encoding="ascii") as file:
            file.write("correct horse\n")
        os.chmod(cls.passphrase, 0o600)

    def operate(self, *args, code=0):
        done = run([program("LANDWAITER_PLATFORM_PROGRAM"), *args], self.folder)
        self.assertEqual(done.code, code, f"{args}: {done.out} {done.err}")
        return done

    def sums(self, *place):
        """The line of each table: its name, count and sum."""
        return self.operate("verify", *place).out.splitlines()

    def start_postgres(self):
        server = self.start(Process("postgres", [str(POSTGRES), os.path.join(self.folder, "postgres")], self.folder))
        return server.wait_for_output(r"(postgresql://\S+)").group(1)

    def check_served(self, platform):
        """It starts, and shows what the fleet has."""
        self.start(platform)
        self.fleet.check_findings(self, platform)
        images = platform.pages("/v3/images", "images")
        self.assertEqual(len(images), IMAGES)
        platform.stop()

    def test_backup_restore_and_move(self):
        proxy = self.start(SlowProxy(self.registry.port, bytes_per_s=600_000))
        platform = self.start(Platform(self.make_folder("platform")))
        registry_id = platform.add_registry("fleet", proxy.address, username="user", password="secret")
        sensor = self.start(Sensor(self.make_folder("sensor"), platform, workers=2, jobs=4))
        scan_id = platform.scan_registry(registry_id)

        # Busy: each backup is one moment, and sound.
        for number in range(3):
            platform.wait_scanned(scan_id, number * IMAGES // 5 + 1)
            busy = os.path.join(self.folder, f"busy-{number}")
            self.operate("backup", "--state", platform.state, "--with-key", self.passphrase, busy)
            state = os.path.join(self.folder, f"restored-{number}")
            self.operate("restore", "--state", state, "--with-key", self.passphrase, busy)
            self.assertTrue(self.sums("--state", state))
        proxy.release()
        self.assertEqual(platform.wait_scan(scan_id)["state"], "finished")
        self.fleet.check_findings(self, platform)

        refused = self.operate("migrate-to", "--state", platform.state, "postgresql:///x", code=3)
        self.assertIn("is in use by process", refused.err)
        sensor.stop()
        platform.stop()
        before = self.sums("--state", platform.state)
        last = os.path.join(self.folder, "last")
        self.operate("backup", "--state", platform.state, "--with-key", self.passphrase, last)

        damaged = os.path.join(self.folder, "damaged")
        shutil.copytree(last, damaged)
        database = os.path.join(damaged, "platform.db")
        with contextlib.closing(sqlite3.connect(database)) as opened:
            (page,) = opened.execute("SELECT rootpage FROM sqlite_master WHERE name='layer_report_by_state'").fetchone()
            (page_bytes,) = opened.execute("PRAGMA page_size").fetchone()
        with open(database, "r+b") as file:  # an index, which no sum of a table sees
            file.seek((page - 1) * page_bytes)
            file.write(b"\xaa" * 64)
        refused = self.operate("restore", "--state", os.path.join(self.folder, "no"), "--with-key", self.passphrase, damaged, code=3)
        self.assertIn("damaged", refused.err)
        keyless = os.path.join(self.folder, "keyless")
        self.operate("restore", "--state", keyless, last)
        refused = self.operate("serve", "--state", keyless, "--listen", "127.0.0.1:0", code=3)
        self.assertIn("master.key is missing", refused.err)
        self.assertFalse(os.path.exists(os.path.join(keyless, "master.key")))
        elsewhere = Platform(self.make_folder("elsewhere"))
        self.operate("restore", "--state", elsewhere.state, "--with-key", self.passphrase, last)
        self.assertEqual(self.sums("--state", elsewhere.state), before)
        self.check_served(elsewhere)

        address = self.start_postgres()
        moved = self.operate("migrate-to", "--state", platform.state, address)
        self.assertIn("the same on both sides", moved.out)
        self.assertEqual(self.sums("--state", platform.state, "--database", address), before)
        again = self.operate("migrate-to", "--state", platform.state, address, code=3)
        self.assertIn("was moved to another database", again.err)
        forgotten = self.operate("serve", "--state", platform.state, "--listen", "127.0.0.1:0", code=3)
        self.assertIn("--database", forgotten.err)
        on_postgres = Platform(self.make_folder("on-postgres"), "--database", address)
        on_postgres.state = platform.state
        self.check_served(on_postgres)

    def test_one_process_a_folder(self):
        platform = self.start(Platform(self.make_folder("platform")))
        second = self.operate("serve", "--state", platform.state, "--listen", "127.0.0.1:0", code=3)
        self.assertIn(f"is in use by process {platform.process.pid}", second.err)
        self.assertIn("is in use by process", self.operate("migrate", "--state", platform.state, code=3).err)
        self.assertIn("up to date", self.operate("migrate", "--check", "--state", platform.state).out)
        platform.kill()
        platform.start()  # what was killed holds no lock
        platform.stop()
        self.assertIn("up to date", self.operate("migrate", "--state", platform.state).out)

        nowhere = os.path.join(self.folder, "mistyped")
        for command in (["token", "create"], ["migrate"], ["verify"], ["backup", os.path.join(self.folder, "b")],
                        ["migrate-to", "postgresql:///x"]):
            self.assertIn("holds no platform", self.operate(*command, "--state", nowhere, code=3).err)
            self.assertFalse(os.path.exists(nowhere), command)


if __name__ == "__main__":
    main()
