#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Documents for which there is no official schema, against what the documentation of their readers asks for.

    export_rules_test.py EXPORT_EXAMPLES
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree

PROGRAM = sys.argv.pop(1)
SIZES = ("many", "one", "none")

# Jenkins' junit-10.xsd: what each element may have, and what it must. None is text.
JUNIT_CHILDREN = {
    "testsuites": {"testsuite"},
    "testsuite": {"properties", "testcase", "system-out", "system-err"},
    "testcase": {"skipped", "error", "failure", "system-out", "system-err"},
    "skipped": set(), "error": set(), "failure": set(), "system-out": set(), "system-err": set(),
}
JUNIT_ATTRIBUTES = {
    "testsuites": ({"name", "time", "tests", "failures", "disabled", "errors"}, set()),
    "testsuite": ({"name", "tests", "failures", "errors", "skipped", "time", "timestamp", "hostname", "id", "package"}, {"name", "tests"}),
    "testcase": ({"name", "classname", "time", "status", "assertions"}, {"name", "classname"}),
    "skipped": ({"type", "message"}, set()),
    "error": ({"type", "message"}, set()),
    "failure": ({"type", "message"}, set()),
    "system-out": (set(), set()),
}


class Documents(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        subprocess.run([PROGRAM, folder.name], check=True, timeout=60)

    def test_gitlab_code_quality(self):
        """Code Quality report format: a list without a byte order mark; fingerprints are unique, paths relative."""
        for size in SIZES:
            text = (self.folder / f"{size}.gitlab.json").read_bytes()
            self.assertFalse(text.startswith(b"\xef\xbb\xbf"))
            entries = json.loads(text)
            self.assertIsInstance(entries, list)
            for entry in entries:
                self.assertEqual(set(entry), {"description", "check_name", "fingerprint", "severity", "location"})
                self.assertIn(entry["severity"], ("info", "minor", "major", "critical", "blocker"))
                self.assertIsInstance(entry["location"]["lines"]["begin"], int)
                self.assertFalse(entry["location"]["path"].startswith(("/", "./")))
                self.assertTrue(entry["description"] and entry["check_name"] and entry["location"]["path"])
            prints = [entry["fingerprint"] for entry in entries]
            self.assertEqual(len(prints), len(set(prints)))
            failed = [entry for entry in entries if entry["check_name"] == "not-read"]
            self.assertEqual(len(failed), 1)
            self.assertEqual((failed[0]["severity"], failed[0]["location"]["path"]), ("blocker", "registry.example.com/gone:1"))
            self.assertGreater(len(entries), {"many": 15, "one": 5, "none": 0}[size])

    def check_element(self, element):
        allowed, required = JUNIT_ATTRIBUTES[element.tag]
        self.assertLessEqual(set(element.attrib), allowed)
        self.assertLessEqual(required, set(element.attrib))
        for child in element:
            self.assertIn(child.tag, JUNIT_CHILDREN[element.tag])
            self.check_element(child)

    def test_junit(self):
        for size in SIZES:
            root = ElementTree.parse(self.folder / f"{size}.junit.xml").getroot()
            self.assertEqual(root.tag, "testsuites")
            self.check_element(root)
            self.assertEqual(len(root), {"many": 3, "one": 2, "none": 1}[size])
            for suite in root:
                cases = suite.findall("testcase")
                self.assertEqual(int(suite.get("tests")), len(cases))
                for name, outcome in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
                    self.assertEqual(int(suite.get(name)), len(suite.findall(f"testcase/{outcome}")))
                self.assertGreater(len(cases), 0)
            failed = root[-1].find("testcase/error")
            self.assertEqual(failed.get("message"), "it is <not> \"there\" & that's it")

    def test_both_tell_the_same(self):
        for size in SIZES:
            entries = json.loads((self.folder / f"{size}.gitlab.json").read_text(encoding="utf-8"))
            root = ElementTree.parse(self.folder / f"{size}.junit.xml").getroot()
            failures = [case.get("name").split(":")[0] for case in root.findall("testsuite/testcase") if case.find("failure") is not None]
            issues = [entry["check_name"] for entry in entries if entry["check_name"] not in ("not-read", "not_opened", "incomplete")]
            self.assertEqual(set(issues), set(failures))


if __name__ == "__main__":
    unittest.main()
