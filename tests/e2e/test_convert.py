#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Several results of one scan, and results made of an earlier one."""
import json
import os

from support import images
from support.case import EndToEndCase, main
from support.pki import Pki

FORMATS = ("json", "csv", "sarif", "cyclonedx", "gitlab", "junit")


class Convert(EndToEndCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        pki = Pki(cls.folder)
        layout = images.write_layout(cls.make_folder("layout"), {"1": images.Image([images.layer({"etc/tls.key": pki.key()})])})
        cls.image = "oci:" + layout
        cls.missing = "oci:" + layout + ":no-such-tag"

    def setUp(self):
        self.where = self.make_folder("results")

    def read(self, name):
        with open(os.path.join(self.where, name), encoding="utf-8", newline="") as file:
            return file.read()

    def outputs(self, prefix):
        return [part for form in FORMATS for part in ("-o", f"{form}={prefix}.{form}")]

    def test_several_results_of_one_scan(self):
        done = self.landwaiter("scan", "--no-state", *self.outputs("all"), "-o", "table", self.image, self.missing, cwd=self.where)
        self.assertEqual(done.code, 3)
        self.assertIn("1 high", done.out)
        self.assertIn("landwaiter: " + ", ".join(f"all.{form} ({form})" for form in FORMATS) + ": 1 image: 1 high", done.err)
        for form in FORMATS:
            with self.subTest(form):
                alone = self.landwaiter("scan", "--no-state", "--format", form, self.image, self.missing, cwd=self.where)
                self.assertEqual(self.read(f"all.{form}"), alone.out)
        self.assertEqual(sorted(os.listdir(self.where)), sorted(f"all.{form}" for form in FORMATS))

    def test_nothing_is_left_of_a_scan_that_cannot_write_all(self):
        done = self.landwaiter("scan", "--no-state", "-o", "json=x.json", "-o", "csv=no/such/folder", self.image, cwd=self.where)
        self.assertEqual(done.code, 2)
        self.assertEqual(os.listdir(self.where), [])

    def test_a_report_becomes_what_the_scan_would_have_written(self):
        self.landwaiter("scan", "--no-state", *self.outputs("scan"), self.image, self.missing, cwd=self.where)
        done = self.landwaiter("convert", "scan.json", *self.outputs("convert"), "-o", "table", cwd=self.where)
        self.assertEqual(done.code, 3)
        for form in FORMATS:
            with self.subTest(form):
                self.assertEqual(self.read(f"convert.{form}"), self.read(f"scan.{form}"))
        table = self.landwaiter("scan", "--no-state", self.image, self.missing, cwd=self.where)
        self.assertEqual(done.out, table.out)

    def test_a_report_can_gate(self):
        self.landwaiter("scan", "--no-state", "-o", "json=x.json", self.image, cwd=self.where)
        done = self.landwaiter("convert", "x.json", "--fail-on", "private-key", cwd=self.where)
        self.assertEqual(done.code, 1)
        self.assertIn("--fail-on private-key is met by 1 finding", done.err)
        done = self.landwaiter("convert", "x.json", "--fail-on", "private-key", "--baseline", "x.json", cwd=self.where)
        self.assertEqual(done.code, 0)
        self.assertIn("1 accepted (1 by the baseline)", done.err)
        done = self.landwaiter("convert", "-", "--format", "csv", stdin=self.read("x.json"), cwd=self.where)
        self.assertEqual(done.code, 0)
        self.assertIn("etc/tls.key", done.out)

    def test_a_rule_without_an_image_does_not_pass(self):
        empty = json.dumps({"images": [], "failures": []})
        for options, code in (((), 0), (("--fail-on", "high"), 3), (("--fail-on", "high", "--allow-empty"), 0)):
            with self.subTest(options):
                done = self.landwaiter("convert", "-", *options, stdin=empty, cwd=self.where)
                self.assertEqual(done.code, code)
                self.assertEqual("--fail-on judged nothing" in done.err, code == 3)

    def test_the_ending_of_a_file_says_its_format(self):
        names = {"x.sarif": "sarif", "x.json": "json", "X.CSV": "csv", "x.cdx.json": "cyclonedx", "sbom.json": "cyclonedx",
                 "junit.xml": "junit", "gl-code-quality-report.json": "gitlab", "x.txt": "table", "report": "table"}
        done = self.landwaiter("scan", "--no-state", *(part for name in names for part in ("-o", name)), self.image, cwd=self.where)
        self.assertEqual((done.code, done.out), (0, ""))
        for name, form in names.items():
            with self.subTest(name):
                self.assertIn(f"{name} ({form})", done.err)
                # A table in a file has what would be on standard error otherwise.
                if form != "table":
                    alone = self.landwaiter("scan", "--no-state", "--format", form, self.image, cwd=self.where)
                    self.assertEqual(self.read(name), alone.out)
        done = self.landwaiter("scan", "--no-state", "--format", "csv", "-o", "y.json", self.image, cwd=self.where)
        self.assertIn("y.json (csv)", done.err)

    def test_what_is_no_report(self):
        deep = "[" * 100_000
        for text in ("", "{}", "[1]", deep, json.dumps({"images": [{"reference": 1}]})):
            with self.subTest(text[:20]):
                done = self.landwaiter("convert", "-", stdin=text, cwd=self.where)
                self.assertEqual((done.code, done.out), (2, ""))
                self.assertIn("landwaiter: the report on standard input", done.err)
        done = self.landwaiter("convert", "/dev/zero", cwd=self.where)
        self.assertEqual(done.code, 2)
        self.assertIn("is longer than a report may be", done.err)


if __name__ == "__main__":
    main()
