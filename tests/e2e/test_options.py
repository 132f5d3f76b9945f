#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Options from the environment and from files, logins, and the filters of `landwaiter scan --registry`."""
import json
import os
import pty
import select

from support import images, process
from support.case import EndToEndCase, main, program
from support.pki import Pki
from support.registry import Pusher

USER, PASSWORD = "inspector", "corr3ct-Horse-battery"


class OptionCase(EndToEndCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        key = Pki(cls.folder).key()
        cls.image = images.Image([images.layer({"etc/own.key": key})])
        cls.layout = images.write_layout(os.path.join(cls.folder, "own"), {"1": cls.image})
        cls.layout = "oci:" + cls.layout.removeprefix("oci:")

    def scan(self, *args, code=0, **options):
        done = self.landwaiter("scan", "--no-state", *args, **options)
        self.assertEqual(done.code, code, done.out + done.err)
        return done

    def folder_with(self, text, name="landwaiter.yml"):
        folder = self.make_folder("settings")
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(text)
        return folder


class Settings(OptionCase):
    def test_a_variable_for_each_option(self):
        self.assertIn("images", self.scan(self.layout, env={"LANDWAITER_FORMAT": "json"}).json)
        self.assertTrue(self.scan(self.layout, "--format", "csv", env={"LANDWAITER_FORMAT": "json"}).out.startswith("image"))
        self.scan(self.layout, env={"LANDWAITER_FAIL_ON": "expired, private-key"}, code=1)
        self.scan(self.layout, env={"LANDWAITER_NO_PASSWORD_TRIES": "true", "LANDWAITER_QUIET": "0"})
        done = self.scan(self.layout, env={"LANDWAITER_FIAL_ON": "high", "LANDWAITER_OF_ANOTHER_PROGRAM": "x"})
        self.assertIn('no option has the variable LANDWAITER_FIAL_ON; did you mean "LANDWAITER_FAIL_ON"?', done.err)
        self.assertNotIn("ANOTHER", done.err)
        for name, value, text in (("LANDWAITER_FORMAT", "xml", "LANDWAITER_FORMAT"), ("LANDWAITER_QUIET", "maybe", "true or false"),
                                  ("LANDWAITER_WORKERS", "many", "LANDWAITER_WORKERS"), ("LANDWAITER_PLATFORM", "arm", "not a platform")):
            with self.subTest(name=name):
                self.assertIn(text, self.scan(self.layout, env={name: value}, code=2).err)

    def test_a_file_of_the_current_folder(self):
        folder = self.folder_with("format: json\nfail-on: [private-key]\n")
        self.assertIn("images", self.scan(self.layout, cwd=folder, code=1).json)
        # The command line, then the environment, then the file.
        done = self.scan(self.layout, cwd=folder, env={"LANDWAITER_FORMAT": "csv", "LANDWAITER_FAIL_ON": "expired"})
        self.assertTrue(done.out.startswith("image"))
        done = self.scan(self.layout, "--format", "json", cwd=folder, env={"LANDWAITER_FORMAT": "csv"}, code=1)
        self.assertIn("images", done.json)

    def test_mistakes_in_a_file(self):
        for text, said in (("fromat: json\n", 'did you mean "format"?'), ("format: [json, csv]\n", "takes one value"),
                           ("format: xml\n", "format"),
                           ("quiet: perhaps\n", "true or false"), ("password-stdin: true\n", "cannot be set in a file"),
                           ("proxy: http://127.0.0.1:1\n", "--settings"), ("output: x\n", "--settings"), ("insecure: true\n", "--settings"),
                           ("- format\n", "must be a map"), ("format: json\nformat: csv\n", "twice")):
            with self.subTest(text=text):
                done = self.scan(self.layout, cwd=self.folder_with(text), code=2)
                self.assertIn("landwaiter.yml", done.err)
                self.assertIn(said, done.err)

    def test_a_file_that_is_named(self):
        folder = self.folder_with("output: out.json\nformat: json\ncreated: true\n", "own.yml")
        for args, env in ((("--settings", "own.yml"), None), ((), {"LANDWAITER_SETTINGS": "own.yml"})):
            self.scan(self.layout, *args, cwd=folder, env=env)
            with open(os.path.join(folder, "out.json"), encoding="utf-8") as file:
                self.assertEqual(len(json.load(file)["images"]), 1)
            os.unlink(os.path.join(folder, "out.json"))
        self.scan(self.layout, "--settings", "none.yml", cwd=folder, code=2)
        self.scan(self.layout, env={"LANDWAITER_CLIENT_CERT": program("LANDWAITER")}, code=2)

    def test_what_was_ignored_is_a_mistake(self):
        for value in ("abc", "12.5", "-1x", "2026-01-01"):
            self.assertIn("SOURCE_DATE_EPOCH", self.scan(self.layout, env={"SOURCE_DATE_EPOCH": value}, code=2).err)
        self.scan(self.layout, "--format", "cyclonedx", env={"SOURCE_DATE_EPOCH": "1700000000"})
        self.assertIn("--pushed", self.landwaiter("list", "localhost:1", "--utc-offset", "+02:00").err)
        self.assertIn("--registry", self.scan(self.layout, "--tag", "v*", code=2).err)
        folder = self.folder_with("name: own\nextends: none\n", "mypolicy")
        self.assertIn("--policy ./mypolicy", self.scan(self.layout, "--policy", "mypolicy", cwd=folder, code=2).err)
        self.scan(self.layout, "--policy", "./mypolicy", cwd=folder)


class Logins(OptionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.registry = cls.start_registry("private", users={USER: PASSWORD})
        with Pusher(cls.registry, USER, PASSWORD) as pusher:
            pusher.push(cls.image, "team/app", "v1")
        cls.name = f"{cls.registry.address}/team/app:v1"

    def test_variables(self):
        both = {"LANDWAITER_USERNAME": USER, "LANDWAITER_PASSWORD": PASSWORD}
        self.scan(self.name, env=both)
        self.assertEqual(self.landwaiter("list", self.registry.address, env=both).code, 0)
        self.assertEqual(self.landwaiter("registry", "check", self.registry.address, env=both).code, 0)
        self.scan(self.name, "--username", USER, env={"LANDWAITER_PASSWORD": PASSWORD})
        self.scan(self.name, "--password-stdin", env={**both, "LANDWAITER_PASSWORD": "wrong"}, stdin=PASSWORD)
        self.scan(self.name, "--username", USER, "--password-stdin", env={"LANDWAITER_TOKEN": "wrong"}, stdin=PASSWORD)
        self.scan(self.name, env={"LANDWAITER_USERNAME": USER, "LANDWAITER_TOKEN": PASSWORD})
        self.assertIn("LANDWAITER_USERNAME", self.scan(self.name, env={"LANDWAITER_PASSWORD": PASSWORD}, code=2).err)

    def test_a_user_name_alone(self):
        for env, args in ((None, ("--username", USER)), ({"LANDWAITER_USERNAME": USER}, ())):
            said = self.scan(self.name, *args, env=env, code=2).err
            self.assertIn("--username needs --password-stdin, LANDWAITER_PASSWORD or a terminal", said)

    def typed(self, *keys):
        """(exit code, what the terminal showed) of a scan at a terminal."""
        argv = [program("LANDWAITER"), "scan", "--no-state", self.name, "--username", USER]
        pid, terminal = pty.fork()
        if pid == 0:
            os.execve(argv[0], argv, process.clean_environment(self.folder))
        shown = b""
        waiting = list(keys)
        while True:
            if not select.select([terminal], [], [], 60 * process.PATIENCE)[0]:
                raise process.Failure(f"nothing more at the terminal after {shown!r}")
            try:
                part = os.read(terminal, 10_000)
            except OSError:
                part = b""
            if not part:
                break
            shown += part
            if waiting and b"Password of" in shown:
                os.write(terminal, waiting.pop(0))
        os.close(terminal)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode(errors="replace")

    def test_the_password_is_asked_for_and_not_shown(self):
        code, shown = self.typed(b"x\x7f" + PASSWORD.encode() + b"\r")
        self.assertEqual(code, 0, shown)
        self.assertIn(f"Password of {USER}: ", shown)
        self.assertNotIn(PASSWORD, shown)
        code, shown = self.typed(b"\x03")
        self.assertEqual(code, 2, shown)

    def test_unknown_fields_of_credentials(self):
        for text, said in (({"username": USER, "pasword": PASSWORD}, 'unknown field "pasword"; did you mean "password"?'),
                           ({"kind": "token", "password": PASSWORD}, 'unknown field "password" for credentials of kind token')):
            done = self.scan(self.name, "--credentials", "-", stdin=json.dumps(text), code=2)
            self.assertIn(said, done.err)
            self.assertNotIn(PASSWORD, done.err)


class Filters(OptionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.registry = cls.start_registry("shop")
        others = [images.Image([images.layer({f"etc/{number}": b"x" * 100})]) for number in range(3)]
        with Pusher(cls.registry) as pusher:
            pusher.push(cls.image, "team/app", "v1")
            pusher.push(others[0], "team/app", "v2")
            pusher.push(others[1], "other/app", "v1")

    def names(self, *args):
        done = self.scan("--registry", self.registry.address, "--format", "json", *args)
        return {image["reference"].split("/", 1)[1] for image in done.json["images"]}, done.err

    def test_the_filters_of_list(self):
        self.assertEqual(self.names()[0], {"team/app:v1", "team/app:v2", "other/app:v1"})
        self.assertEqual(self.names("--repository", "team/*")[0], {"team/app:v1", "team/app:v2"})
        self.assertEqual(self.names("--exclude-repository", "team/*")[0], {"other/app:v1"})
        self.assertEqual(self.names("--repository", "team/*", "--exclude-tag", "v1")[0], {"team/app:v2"})
        self.assertEqual(self.names("--tag", "v2")[0], {"team/app:v2"})
        found, said = self.names("--repository", "shop/*")
        self.assertEqual(found, set())
        self.assertIn("none of the registry's 2 repositories matches", said)
        self.assertIn("--pushed", self.scan("--registry", self.registry.address, "--pushed", "someday", code=2).err)

    def test_a_rule_that_judges_nothing_does_not_pass(self):
        none = ("--registry", self.registry.address, "--repository", "shop/*", "--fail-on", "high")
        self.assertIn("--fail-on judged nothing, as there was no image", self.scan(*none, code=3).err)
        self.assertIn("--fail-on judged nothing", self.scan(*none, "--quiet", code=3).err)
        self.assertNotIn("judged nothing", self.scan(*none, "--allow-empty", code=0).err)
        self.assertNotIn("judged nothing", self.scan(*none[:4], code=0).err)

    def test_a_kind_whose_api_is_not_there_is_told(self):
        for command in ("list", "scan"):
            where = (self.registry.address,) if command == "list" else ("--no-state", "--registry", self.registry.address)
            done = self.landwaiter(command, *where, "--kind", "harbor")
            self.assertEqual(done.code, 0, done.err)
            self.assertIn("listed by /v2/_catalog, which may not name all repositories: ", done.err)
            self.assertNotIn("/v2/_catalog", self.landwaiter(command, *where).err)


if __name__ == "__main__":
    main()
