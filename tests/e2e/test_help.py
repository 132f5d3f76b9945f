#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The command line itself: help, completions in real shells, manual pages, lists of what the program knows, and mistakes."""
import json
import os
import re
import shutil
import subprocess
import unittest

from support.case import EndToEndCase, main, program

COMMANDS = (["scan"], ["convert"], ["list"], ["registry"], ["registry", "check"], ["sensor"], ["kinds"], ["policies"], ["detectors"],
            ["rules"], ["version"], ["completion"], ["help"])
ARTIFACTS = ("TEXT", "UINT", "{false}", "TEXT:{", "Needs:", "REQUIRED", " ... ", "[OPTIONS] [OPTIONS]")


class Help(EndToEndCase):
    def help_of(self, command, columns=80):
        done = self.landwaiter(*command, "--help", env={"COLUMNS": str(columns)})
        self.assertEqual((done.code, done.err), (0, ""))
        return done.out

    def test_every_command_fits_the_terminal(self):
        for command in ([], *COMMANDS):
            for columns in (60, 80, 100):
                with self.subTest(command=command, columns=columns):
                    text = self.help_of(command, columns)
                    self.assertIn("Usage: " + " ".join(["landwaiter", *command]), text)
                    example = False
                    for line in text.splitlines():
                        self.assertLessEqual(len(line), max(columns, 80) if example else columns)  # a command line is never broken
                        example = line.endswith(":")
                    for artifact in ARTIFACTS:
                        self.assertNotIn(artifact, text)

    def test_groups_examples_and_exit_codes(self):
        text = self.help_of(["scan"])
        places = [text.index(f"\n{group}:\n") for group in ("Images", "Output", "Judging", "Speed and memory", "Login", "TLS and proxy")]
        self.assertEqual(places, sorted(places))
        self.assertGreaterEqual(text.split("\nExamples:\n")[1].count("      landwaiter ") + text.count("| landwaiter"), 4)
        self.assertRegex(text.split("\nExit codes:\n")[1], r"(?s)^  0   .*\n  1   .*\n  2   .*\n  3   .*\n  130 ")

    def test_help_as_a_command(self):
        self.assertEqual(self.landwaiter("help", "registry", "check").out, self.landwaiter("registry", "check", "--help").out)
        done = self.landwaiter("help", "scna")
        self.assertEqual(done.code, 2)
        self.assertEqual(done.err, 'landwaiter: landwaiter has no command "scna"; did you mean "scan"?\n')

    def test_mistakes_name_what_was_meant(self):
        for args, error in ((["scna"], 'has no command "scna"; did you mean "scan"?'),
                            (["scan", "--fromat", "json", "x"], 'has no option "--fromat"; did you mean "--format"?'),
                            (["scan", "--format", "sraif", "x"], 'did you mean "sarif"?'),
                            (["scan", "-o", "srif=x", "x"], 'there is no format "srif"; did you mean "sarif"?'),
                            (["scan", "--workers", "0", "x"], "--workers"),
                            (["list"], "registry is required"),
                            ([], "landwaiter needs a command: scan, ")):
            with self.subTest(args):
                done = self.landwaiter(*args)
                self.assertEqual((done.code, done.out), (2, ""))
                self.assertTrue(done.err.startswith("landwaiter: "), done.err)
                self.assertIn(error, done.err)

    def test_lists_of_what_the_program_knows(self):
        members = {"kinds": "title", "policies": "rules", "detectors": "state", "rules": "remedy"}
        for command, member in members.items():
            with self.subTest(command):
                entries = json.loads(self.landwaiter(command, "-f", "JSON").out)
                self.assertGreater(len(entries), 3)
                for entry in entries:
                    self.assertNotIn(entry[member], ("", None))
                table = self.landwaiter(command, env={"COLUMNS": "80"}).out.splitlines()
                self.assertEqual(len([line for line in table if not line.startswith(" ")]), len(entries) + 1)
                if command == "rules":
                    self.assertLessEqual(max(map(len, table)), 80)
                    self.assertIn("rsa-N", "\n".join(table))

    def test_version(self):
        done = self.landwaiter("version")
        self.assertRegex(done.out, r"^landwaiter \d+\.\d+\.\d+( \(commit [0-9a-f]{12}\))?\n")
        for part in ("OpenSSL", "SQLite", "libarchive", "Vectorscan", "cryptography", "sha256:"):
            self.assertIn(part, done.out)
        self.assertEqual(self.landwaiter("--version").out, done.out)


class Completion(EndToEndCase):
    """Each shell reads the script and is asked what it would offer."""

    def setUp(self):
        self.where = self.make_folder("completion")
        os.makedirs(os.path.join(self.where, "some folder"))
        with open(os.path.join(self.where, "some file.json"), "w", encoding="utf-8"):
            pass

    def script(self, shell, name):
        path = os.path.join(self.where, name)
        done = self.landwaiter("completion", shell)
        self.assertEqual(done.code, 0)
        with open(path, "w", encoding="utf-8") as file:
            file.write(done.out)
        return path

    def ask(self, argv):
        env = {"PATH": os.path.dirname(program("LANDWAITER")) + ":" + os.environ["PATH"], "HOME": self.where, "TERM": "xterm"}
        done = subprocess.run(argv, cwd=self.where, capture_output=True, text=True, timeout=60, check=False, env=env)
        self.assertEqual(done.stderr, "")
        return done.stdout.splitlines()

    def bash(self, *words):
        script = self.script("bash", "completion.bash")
        quoted = " ".join("'" + word + "'" for word in words)
        return self.ask(["bash", "--norc", "-c", f'source {script}; COMP_WORDS=({quoted}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); '
                         '_landwaiter; printf "%s\\n" "${COMPREPLY[@]}"'])

    def test_bash(self):
        self.assertIn("scan", self.bash("landwaiter", ""))
        self.assertEqual(self.bash("landwaiter", "sc"), ["scan"])
        self.assertEqual(self.bash("landwaiter", "registry", ""), ["check"])
        self.assertEqual(self.bash("landwaiter", "scan", "--form"), ["--format"])
        self.assertEqual(self.bash("landwaiter", "scan", "--format", "s"), ["sarif"])
        self.assertEqual(self.bash("landwaiter", "scan", "--format", "=", "s"), ["sarif"])
        self.assertEqual(self.bash("landwaiter", "scan", "--kind", "harb"), ["harbor"])
        self.assertEqual(self.bash("landwaiter", "scan", "--fail-on", "hi"), ["high"])
        self.assertEqual(self.bash("landwaiter", "scan", "--fail-on", "rsa-1"), ["rsa-1024"])
        self.assertEqual(self.bash("landwaiter", "scan", "--severity", "cr"), ["critical"])
        self.assertEqual(self.bash("landwaiter", "scan", "--sort", "sev"), ["severity"])
        self.assertEqual(self.bash("landwaiter", "scan", "--policy", "cn"), ["cnsa-2.0"])
        self.assertEqual(self.bash("landwaiter", "scan", "--policy", "some fi"), ["some file.json"])
        self.assertEqual(self.bash("landwaiter", "scan", "--platform", "linux/s"), ["linux/s390x"])
        self.assertEqual(self.bash("landwaiter", "list", "--platform", "win"), ["windows/amd64"])
        self.assertEqual(self.bash("landwaiter", "scan", "--ca-file", "some fi"), ["some file.json"])
        self.assertEqual(self.bash("landwaiter", "scan", "--state", "some"), ["some folder"])
        self.assertEqual(self.bash("landwaiter", "scan", "--policy", "x", "oci-archive", ":", "some fi"), ["some file.json"])
        self.assertEqual(self.bash("landwaiter", "completion", "f"), ["fish"])

    @unittest.skipUnless(shutil.which("fish"), "needs fish")
    def test_fish(self):
        script = self.script("fish", "landwaiter.fish")

        def fish(line):
            lines = self.ask(["fish", "--no-config", "-c", f"source {script}; complete -C '{line}'"])
            return [line.split("\t")[0] for line in lines]

        self.assertEqual(fish("landwaiter sc"), ["scan"])
        self.assertEqual(fish("landwaiter registry "), ["check"])
        self.assertEqual(fish("landwaiter scan --format s"), ["sarif"])
        self.assertEqual(fish("landwaiter scan --fail-on crit"), ["critical"])
        self.assertEqual(fish("landwaiter scan --policy cn"), ["cnsa-2.0"])
        self.assertEqual(fish("landwaiter scan --cyclonedx-v"), ["--cyclonedx-version"])
        self.assertEqual(fish("landwaiter completion z"), ["zsh"])
        self.assertIn("some file.json", [name.replace("\\", "") for name in fish("landwaiter scan --ca-file some")])

    @unittest.skipUnless(shutil.which("zsh"), "needs zsh")
    def test_zsh_takes_the_script(self):
        script = self.script("zsh", "_landwaiter")
        self.assertEqual(self.ask(["zsh", "-f", "-n", script]), [])
        loaded = self.ask(["zsh", "-f", "-c", f"fpath=({self.where} $fpath); autoload -Uz compinit; compinit -u -D; source {script}; "
                           "print ${_comps[landwaiter]}; whence -w _landwaiter_registry_check"])
        self.assertEqual(loaded, ["_landwaiter", "_landwaiter_registry_check: function"])


class Manual(EndToEndCase):
    def pages(self):
        where = self.make_folder("manual")
        self.assertEqual(self.landwaiter("manual", where).code, 0)
        return where, sorted(os.listdir(where))

    def test_a_page_for_each_command(self):
        _, names = self.pages()
        self.assertEqual(names, sorted(["landwaiter.1", *("landwaiter-" + "-".join(command) + ".1" for command in COMMANDS)]))

    @unittest.skipUnless(shutil.which("man"), "needs man")
    def test_groff_warns_of_nothing(self):
        where, names = self.pages()
        for name in names:
            with self.subTest(name):
                done = subprocess.run(["man", "--warnings", "-l", "-E", "UTF-8", os.path.join(where, name)], capture_output=True, text=True,
                                      env={**os.environ, "MANWIDTH": "80", "MANPAGER": "cat", "LC_ALL": "C.UTF-8"}, timeout=60, check=False)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertIn("--help", re.sub(".\b", "", done.stdout))

    @unittest.skipUnless(shutil.which("mandoc"), "needs mandoc")
    def test_mandoc_warns_of_nothing(self):
        where, names = self.pages()
        done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", *names], cwd=where, capture_output=True, text=True, timeout=60,
                              check=False)
        # No date: equal sources give equal pages.
        found = [line for line in done.stdout.splitlines() if "missing date" not in line]
        self.assertEqual(found, [])


if __name__ == "__main__":
    main()
