#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a pipeline is gated by: rules, decisions, a baseline, and what the command says of them."""
import json
import os

from support import images
from support.case import EndToEndCase, main
from support.pki import Pki


class Gate(EndToEndCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        pki = Pki(cls.folder)
        cls.keys = [pki.key(), pki.key()]
        cls.key_id = pki.key_id(cls.keys[0])
        cls.old = cls.layout({"etc/tls.key": cls.keys[0]})
        cls.new = cls.layout({"etc/tls.key": cls.keys[0], "srv/other.key": cls.keys[1]})

    @classmethod
    def layout(cls, files):
        return "oci:" + images.write_layout(cls.make_folder("layout"), {"1": images.Image([images.layer(files)])})

    def setUp(self):
        self.where = self.make_folder("pipeline")

    def write(self, name, text):
        with open(os.path.join(self.where, name), "w", encoding="utf-8") as file:
            file.write(text)

    def scan(self, *args):
        return self.landwaiter("scan", "--no-state", "--fail-on", "high", *args, cwd=self.where)

    def report(self, *args):
        done = self.scan("--format", "json", *args)
        return done, json.loads(done.out)["images"][0]["findings"]

    def test_a_met_rule_is_explained_whatever_the_format(self):
        for form in ("table", "json", "sarif", "cyclonedx", "csv"):
            with self.subTest(form):
                done = self.scan("--format", form, "-o", "report", self.old)
                self.assertEqual(done.code, 1)
                self.assertIn(f"landwaiter: report ({form}): 1 image: 1 high; 1 layer read; ", done.err)
                self.assertIn("--fail-on high is met by 1 finding:\n", done.err)
                self.assertIn("etc/tls.key", done.err)

    def test_the_ignore_file_of_the_current_folder_accepts(self):
        self.write(".landwaiterignore.yml", f"- id: {self.key_id}\n  reason: A test key.\n- path: no/such\n  reason: None.\n")
        done, findings = self.report(self.new)
        self.assertEqual(done.code, 1)
        accepted = {finding["id"]: finding["attributes"].get("accepted") for finding in findings}
        self.assertEqual(accepted.pop(self.key_id), {"reason": "A test key.", "by": ".landwaiterignore.yml:1"})
        self.assertEqual(list(accepted.values()), [None])
        self.assertIn("1 accepted (1 by decisions)", done.err)
        self.assertIn(".landwaiterignore.yml:3: this decision matches nothing", done.err)
        self.assertEqual(self.scan(self.old).code, 0)

    def test_a_decision_that_has_ended(self):
        self.write("mine.yml", "- path: etc/**\n  reason: Until then.\n  until: 2020-01-01\n")
        done = self.scan("--ignore-file", "mine.yml", self.old)
        self.assertEqual(done.code, 1)
        self.assertIn("mine.yml:1: this decision has ended", done.err)

    def test_mistakes_in_a_file_end_the_command(self):
        self.write("mine.yml", "- pth: etc/**\n  reason: Misspelled.\n")
        done = self.scan("--ignore-file", "mine.yml", self.old)
        self.assertEqual(done.code, 2)
        self.assertIn('mine.yml: line 1: unknown field "pth"', done.err)
        self.assertEqual(self.scan("--ignore-file", "none.yml", self.old).code, 2)
        self.assertEqual(self.scan("--baseline", "mine.yml", self.old).code, 2)

    def test_only_what_is_new_fails_behind_a_baseline(self):
        self.scan("--format", "json", "-o", "old.json", self.old)
        self.assertEqual(self.scan("--baseline", "old.json", self.old).code, 0)
        done = self.scan("--baseline", "old.json", self.new)
        self.assertEqual(done.code, 1)
        self.assertIn("is met by 1 finding:", done.err)
        self.assertIn("srv/other.key", done.err)

    def test_fresh_machines_say_the_same_of_secrets(self):
        """Also of those without a public part: random keys, and passwords as keys."""
        files = {"named.conf": b'key "k" {\n  algorithm hmac-sha256;\n  secret "c2VjcmV0MTIzNA==";\n};\n',
                 "strong.json": b'{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T"}',
                 "passphrase.json": b'{"kty":"oct","k":"cGFzc3dvcmRwYXNzd29yZA"}'}
        image = self.layout(files)
        for form in ("json", "sarif", "cyclonedx", "csv"):
            with self.subTest(form):
                first, second = (self.landwaiter("scan", "--state", self.make_folder("state"), "--format", form, image) for _ in range(2))
                self.assertEqual(first.code, 0, first.err)
                self.assertEqual(first.out, second.out)
        ids = [finding["id"].split(":")[0] for finding in self.report(image)[1]]
        self.assertEqual(sorted(ids), ["hmac-sha256", "scrypt", "scrypt"])

    def test_an_unreadable_image_hides_no_met_rule_and_is_in_every_format(self):
        gone = "oci:" + self.make_folder("gone")
        for form in ("json", "sarif", "cyclonedx", "csv"):
            with self.subTest(form):
                done = self.scan("--format", form, gone, self.old)
                self.assertEqual(done.code, 1)
                self.assertIn(gone, done.out)
                self.assertEqual(self.scan("--format", form, gone).code, 3)


if __name__ == "__main__":
    main()
