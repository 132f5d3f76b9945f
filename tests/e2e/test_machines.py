#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The same content gives the same bytes in every format on machines that differ in all that a report does not tell."""
import os
import shutil
import subprocess
import time
import unittest

from sample import Sample
from support import images, process
from support.case import EndToEndCase, main, program

FORMATS = ("json", "sarif", "cyclonedx", "csv", "gitlab", "junit")
NOBODY = 65534
# Without a public part: ids by content, and by guessing's price.
SECRETS = {"etc/named.conf": b'key "k" {\n  algorithm hmac-sha256;\n  secret "c2VjcmV0MTIzNA==";\n};\n',
           "etc/strong.json": b'{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T"}'}


class Machines(EndToEndCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        sample = Sample(cls.folder)
        sample.image = images.Image([sample.base, sample.second, sample.third, images.layer(SECRETS)])
        cls.layout = images.write_layout(cls.make_folder("layout"), {"1": sample.image})
        # The layout and the program where any user can read them.
        os.chmod(cls.folder, 0o755)
        for where, folders, files in os.walk(cls.layout):
            os.chmod(where, 0o755)
            for name in files:
                os.chmod(os.path.join(where, name), 0o644)
        cls.program = shutil.copy2(program("LANDWAITER"), os.path.join(cls.folder, "landwaiter"))
        os.chmod(cls.program, 0o755)

    def scan(self, name, prefix, user, environment):
        """Scans with everything of its own; the results by format. A prefix changes to the user by itself."""
        root = self.make_folder(name)
        os.makedirs(os.path.join(root, "home"))
        os.makedirs(os.path.join(root, "tmp"))
        if user is not None:
            for folder in (root, os.path.join(root, "home"), os.path.join(root, "tmp")):
                os.chown(folder, user, user)
        outputs = [part for form in FORMATS for part in ("-o", f"{form}={root}/{form}")]
        environment = {"PATH": os.environ["PATH"], "HOME": os.path.join(root, "home"), "TMPDIR": os.path.join(root, "tmp"), **environment}
        argv = [*prefix, self.program, "scan", "--state", os.path.join(root, "state"), *outputs,
                "oci:" + os.path.relpath(self.layout, self.folder)]
        change = {} if user is None or prefix else {"user": user, "group": user, "extra_groups": []}
        done = subprocess.run(argv, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=120 * process.PATIENCE,
                              check=False, **change)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        results = {}
        for form in FORMATS:
            with open(os.path.join(root, form), "rb") as file:
                results[form] = file.read()
        return results

    @unittest.skipUnless(os.geteuid() == 0, "needs root, to be two users")
    def test_two_machines(self):
        first = self.scan("first", [], None, {"TZ": "UTC", "LANG": "C"})
        # Another second, at least; what a report says is by the day.
        time.sleep(1.1)
        for where, _, files in os.walk(self.layout):
            for name in files:
                os.utime(os.path.join(where, name), (0, 0))
        # A host's name of its own, where the system lets us.
        named = subprocess.run(["unshare", "-u", "hostname", "other.example.test"], capture_output=True, check=False).returncode == 0
        prefix = ["unshare", "-u", "sh", "-c",
                  f'hostname other.example.test; exec setpriv --reuid {NOBODY} --regid {NOBODY} --clear-groups "$@"', "sh"]
        second = self.scan("second", prefix if named and shutil.which("setpriv") else [], NOBODY,
                           {"TZ": "Pacific/Kiritimati", "LANG": "de_DE.UTF-8", "LC_ALL": "C.UTF-8", "USER": "nobody", "COLUMNS": "40"})
        for form in FORMATS:
            with self.subTest(form):
                self.assertGreater(len(first[form]), 200)
                self.assertEqual(first[form], second[form])
        self.assertIn(b"hmac-sha256:", first["json"])
        self.assertIn(b"scrypt:", first["json"])


if __name__ == "__main__":
    main()
