# SPDX-License-Identifier: Apache-2.0
"""How the programs behave as programs: options, exit codes, output, folders that cannot be used, signals."""
import json
import os
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support import images, process
from support.case import EndToEndCase, main, program
from support.pki import Pki
from support.registry import Pusher
from support.service import Platform, Sensor
from support.small_server import Handler, SmallServer

SIGNATURE = "application/vnd.dev.cosign.simplesigning.v1+json"
CHART = "application/vnd.cncf.helm.config.v1+json"


class CommandCase(EndToEndCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.key = Pki(cls.folder).key()
        cls.image = images.Image([images.layer({"etc/tls.key": cls.key})])
        cls.layout = "oci:" + images.write_layout(cls.make_folder("layout"), {"1": cls.image})

    def code(self, *args, **options):
        done = self.landwaiter("scan", "--no-state", *args, **options)
        return done.code, done.err


class Options(CommandCase):
    def test_an_option_leaves_the_images_behind_it_alone(self):
        for options, code in ((["--fail-on", "private-key"], 1), (["--fail-on=high"], 1), (["--fail-on", "crl", "--fail-on", "high"], 1),
                              (["--platform", "linux/amd64"], 0), (["--platform=linux/amd64", "--platform", "linux/arm64"], 0),
                              (["--workers", "1"], 0)):
            for args in ([*options, self.layout], [self.layout, *options], [*options, self.layout, self.layout]):
                with self.subTest(args=args):
                    self.assertEqual(self.code(*args)[0], code)

    def test_an_option_without_its_value(self):
        self.assertEqual(self.code(self.layout, "--fail-on")[0], 2)


class Registries(CommandCase):
    """A registry with what signs, ships and loses images."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.registry = cls.start_registry()
        note = b"{}"
        document = images.Layer(note, images.sha256(note), SIGNATURE)
        cls.signature = images.Image([document])
        cls.gone = images.Image([images.layer({"a": b"b"})], created="2023-01-01T00:00:00Z")
        cls.referrers = images.Index((cls.signature,))
        with Pusher(cls.registry) as pusher:
            pusher.push(cls.image, "team/app", "1")
            pusher.push(cls.gone, "team/app", "gone")
            for tag in ("sha256-" + cls.image.digest[7:] + ".sig", "sha256-" + cls.image.digest[7:] + ".att"):
                pusher.push(cls.signature, "team/app", tag)
            pusher.push(cls.referrers, "team/app", "sha256-" + cls.image.digest[7:])
            pusher.push(images.Image([images.layer({"Chart.yaml": b"name: a"})], config_type=CHART), "team/chart", "1")
        revisions = "docker/registry/v2/repositories/team/app/_manifests/revisions/sha256"
        os.unlink(os.path.join(cls.registry.storage, revisions, cls.gone.digest[7:], "link"))

    def scan(self, *args, address=None):
        return self.landwaiter("scan", "--no-state", "--format", "json", "--registry", address or self.registry.address, *args)

    def test_what_is_no_image_or_gone_is_no_failure(self):
        done = self.scan()
        self.assertEqual(done.code, 0, done.err)
        self.assertEqual(done.json["failures"], [])
        self.assertEqual([image["digest"] for image in done.json["images"]], [self.image.digest])
        self.assertRegex(done.err, r"not scanned: 4 artifacts that are no images .*, 1 name that leads to nothing any more")
        self.assertEqual(self.scan("--fail-on", "private-key").code, 1)

    def test_an_image_that_lacks_a_layer_is_a_failure(self):
        registry = self.start_registry("broken")
        lost = images.layer({"lost": b"lost"})
        with Pusher(registry) as pusher:
            pusher.push(self.image, "team/app", "1")
            pusher.push(images.Image([lost]), "broken/app", "1")
        os.unlink(os.path.join(registry.storage, "docker/registry/v2/blobs/sha256", lost.digest[7:9], lost.digest[7:], "data"))
        done = self.scan(address=registry.address)
        self.assertEqual((done.code, len(done.json["failures"])), (3, 1), done.err)
        self.assertEqual(self.scan("--fail-on", "private-key", address=registry.address).code, 1)

    def test_a_filter_that_matches_nothing_says_so(self):
        done = self.scan("--platform", "linux/s390x")
        self.assertEqual(done.json["images"], [])
        self.assertIn("no image matches the filters", done.err)
        for filters in (["--repository", "nobody/*"], ["--tag", "no-such-tag"], ["--pushed", "1999-01-01..1999-01-02"]):
            with self.subTest(filters=filters):
                done = self.landwaiter("list", self.registry.address, "--no-state", *filters)
                self.assertRegex(done.err, "(no image|none of the registry's .*) matches the filter")
        self.assertNotIn("no image", self.landwaiter("list", self.registry.address, "--no-state", "--repository", "team/*").err)

    def test_one_name_however_the_registry_is_spelled(self):
        address = self.registry.address
        for spelled in (address + "/", "http://" + address, "HTTP://" + address.upper() + "//", "docker://" + address):
            with self.subTest(spelled=spelled):
                report = self.scan(address=spelled).json
                self.assertEqual([image["reference"] for image in report["images"]], [address + "/team/app:1"])
        image = self.scan_image("docker://" + address.upper() + "/team/app:1")
        self.assertEqual(image["reference"], address + "/team/app:1")


class Output(CommandCase):
    def to(self, path, *args):
        with open(path, "wb") as file:
            return subprocess.run([program("LANDWAITER"), *args], stdout=file, stderr=subprocess.PIPE, check=False,
                                  env=process.clean_environment(self.folder), cwd=self.folder)

    def test_a_full_standard_output(self):
        scan = ["scan", "--no-state", self.layout]
        for args in (scan, [*scan, "--format", "sarif"], ["--help"], ["--version"]):
            with self.subTest(args=args):
                done = self.to("/dev/full", *args)
                self.assertEqual(done.returncode, 2)
                self.assertIn(b"standard output", done.stderr)

    def test_closed_standard_streams(self):
        """A database that is opened next must not take their numbers."""
        state = self.make_folder("state")
        os.chmod(state, 0o700)
        command = f"{program('LANDWAITER')} scan --state {state} {self.layout}"
        for closed, code in ((">&-", 2), ("<&-", 0), ("2>&-", 0), ("<&- 2>&-", 0)):
            with self.subTest(closed=closed):
                done = process.run(["sh", "-c", f"{command} {closed}"], self.folder)
                self.assertEqual(done.code, code, done.err)
        self.assertEqual(self.landwaiter("scan", "--state", state, self.layout).code, 0)

    def test_a_report_replaces_another_whole_or_not_at_all(self):
        path = os.path.join(self.make_folder("out"), "report.json")
        with open(path, "w", encoding="ascii") as file:
            file.write("old")
        self.assertEqual(self.code("--output", path, "oci:/nowhere")[0], 3)
        self.assertEqual(self.code("--output", path, "--format", "json", self.layout)[0], 0)
        with open(path, encoding="utf-8") as file:
            self.assertEqual(len(json.load(file)["images"]), 1)
        self.assertEqual(os.listdir(os.path.dirname(path)), ["report.json"])


class Sources(CommandCase):
    """Images on this machine, as other programs write them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.docker = cls.archive("docker.tar", "docker-archive:{}:shop/web:1")
        cls.oci = cls.archive("oci.tar", "oci-archive:{}:registry.example/shop/web:1")

    @classmethod
    def archive(cls, name, to):
        path = os.path.join(cls.folder, name)
        cls.tool("skopeo", "--insecure-policy", "copy", "--quiet", cls.layout + ":1", to.format(path))
        return path

    def pipe(self, path, *images_named, code=0):
        with open(path, "rb") as file:
            data = file.read()
        argv = [program("LANDWAITER"), "scan", "--no-state", "--format", "json", *images_named]
        done = subprocess.run(argv, input=data, capture_output=True, check=False, cwd=self.folder,
                              env=process.clean_environment(self.folder))
        self.assertEqual(done.returncode, code, done.stderr)
        return json.loads(done.stdout)["images"]

    def test_archives_through_pipes(self):
        for path, image in ((self.docker, "docker-archive:-"), (self.docker, "docker-archive:/dev/stdin"), (self.oci, "oci-archive:-"),
                            (self.oci, "oci-archive:-:registry.example/shop/web:1"), (self.docker, "docker-archive:-:shop/web:1")):
            with self.subTest(image=image):
                self.assertEqual([found["reference"] for found in self.pipe(path, image)], [image])
        self.assertEqual(len(self.pipe(self.docker, "docker-archive:-", "docker-archive:-:shop/web:1")), 2)
        self.assertEqual(self.pipe("/dev/null", "docker-archive:-", code=3), [])
        self.assertEqual(os.listdir(os.path.join(self.folder, "tmp")), [])

    def test_a_named_pipe(self):
        pipe = os.path.join(self.folder, "fifo")
        os.mkfifo(pipe)
        with subprocess.Popen(["cp", self.docker, pipe]) as sender:
            self.assertEqual(len(self.scan_json("docker-archive:" + pipe)["images"]), 1)
        self.assertEqual(sender.returncode, 0)

    def test_standard_input_has_one_reader(self):
        code, said = self.code("docker-archive:-", "--username", "a", "--password-stdin", stdin="secret")
        self.assertEqual(code, 2)
        self.assertIn("standard input", said)

    def test_whole_references_and_digests(self):
        other = images.Image([images.layer({"etc/other.key": self.key})])
        layout = images.write_layout(self.make_folder("several"), {"registry.example/a:1": self.image, "registry.example/b:1": other})
        for name in (":registry.example/b:1", ":b:1", "@" + other.digest, ":any@" + other.digest):
            with self.subTest(name=name):
                self.assertEqual(self.scan_image("oci:" + layout + name)["digest"], other.digest)
        for name in ("", ":1"):
            code, said = self.code("--format", "json", "oci:" + layout + name)
            self.assertEqual(code, 3)
            self.assertIn("registry.example/a:1, registry.example/b:1; name one as", said)

    def test_the_wrong_prefix_is_told_the_right_one(self):
        for image, advice in ((f"oci:{self.docker}", "docker-archive:"), (f"docker-archive:{self.oci}", "oci-archive:"),
                              (self.layout.replace("oci:", "docker-archive:"), "oci:"), ("oci:-", "is - alone")):
            with self.subTest(image=image):
                code, said = self.code("--format", "json", image)
                self.assertEqual(code, 3)
                self.assertIn(advice, said)


class Folders(CommandCase):
    def unprivileged(self, home, *args):
        """Runs as somebody who may write nothing but temporary files."""
        binary = program("LANDWAITER")
        wrapped = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
        return process.run([*wrapped, "env", "-u", "XDG_STATE_HOME", f"HOME={home}", "TMPDIR=/tmp", binary, *args], self.folder, cwd="/")

    def test_a_home_that_cannot_be_written(self):
        os.chmod(self.folder, 0o755)
        for root, folders, files in os.walk(self.layout.removeprefix("oci:")):
            for name in [root, *(os.path.join(root, each) for each in folders + files)]:
                os.chmod(name, 0o755)
        for home in ("/", "/nonexistent", "/proc"):
            with self.subTest(home=home):
                done = self.unprivileged(home, "scan", self.layout)
                self.assertEqual(done.code, 0, done.err)
                self.assertEqual(done.err.count("nothing is remembered"), 1)
        done = self.unprivileged("/", "scan", "--state", "/nonexistent/state", self.layout)
        self.assertEqual(done.code, 2)
        done = self.unprivileged("/", "scan", "--no-state", self.layout)
        self.assertEqual((done.code, "remembered" in done.err), (0, False))

    def test_commands_share_a_state_folder(self):
        state = os.path.join(self.make_folder("shared"), "state")
        running = [subprocess.Popen([program("LANDWAITER"), "scan", "--state", state, self.layout], stdout=subprocess.DEVNULL,
                                    env=process.clean_environment(self.folder), cwd=self.folder) for _ in range(3)]
        self.assertEqual([each.wait(60 * process.PATIENCE) for each in running], [0, 0, 0])


class Daemons(CommandCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.platform = cls.start(Platform(cls.folder, "--embedded-sensor"))

    def test_a_second_platform_is_refused_and_says_who_runs(self):
        argv = [program("LANDWAITER_PLATFORM_PROGRAM"), "serve", "--state", self.platform.state, "--listen", "127.0.0.1:0"]
        done = process.run(argv, self.folder)
        self.assertEqual(done.code, 3)
        self.assertIn(f"in use by process {self.platform.process.pid} on ", done.err)
        self.assertTrue(self.platform.create_token("api"))

    def test_a_second_sensor_is_refused_until_the_first_is_dead(self):
        first = self.start(Sensor(self.make_folder("sensors"), self.platform))
        first.process.wait_for_output("sensor started", where=first.process.err)
        second = Sensor(self.make_folder("second"), self.platform)
        argv = [program("LANDWAITER"), "sensor", "--config", first.process.argv[-1]]
        done = process.run(argv, self.folder, env={"E2E_ENROLLMENT": "unused"})
        self.assertEqual(done.code, 3, done.err)
        self.assertIn(f"in use by process {first.process.pid} on ", done.err)
        first.kill()
        second.process.argv = argv
        self.start(second)
        second.process.wait_for_output("sensor started", where=second.process.err)

    def test_a_hangup_ends_nothing(self):
        sensor = self.start(Sensor(self.make_folder("hangup"), self.platform))
        sensor.process.wait_for_output("sensor started", where=sensor.process.err)
        for running in (self.platform.process, sensor.process):
            for _ in range(3):
                running.send(signal.SIGHUP)
                time.sleep(0.05)
        sensor.process.wait_for_output("SIGHUP is passed over", where=sensor.process.err)
        self.platform.text("GET", "/livez")  # it would read its certificate again
        self.assertEqual(sensor.stop(), 0)


class SilentRegistry(SmallServer):
    """Says all about an image, and of its layer a byte."""

    def __init__(self, image):
        answers = {f"/v2/a/manifests/{image.digest}": ({"Content-Type": images.MANIFEST}, image.manifest),
                   f"/v2/a/blobs/{image.config_digest}": ({}, image.config)}
        self.asked = threading.Event()
        self.over = threading.Event()
        registry = self

        class Silent(Handler):
            def do_GET(self):
                if self.path in answers:
                    headers, body = answers[self.path]
                    self.answer(200, body, headers)
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(image.layers[0].size))
                self.end_headers()
                self.wfile.write(image.layers[0].blob[:1])
                self.wfile.flush()
                registry.asked.set()
                registry.over.wait(120)

        super().__init__(Silent)


class Stops(CommandCase):
    def test_a_stopped_scan_ends_with_130(self):
        image = images.Image([images.layer({"b": b"c"})])
        registry = self.start(SilentRegistry(image))
        self.addCleanup(registry.over.set)
        reference = f"docker://localhost:{registry.port}/a@{image.digest}"
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(signal=number):
                registry.asked.clear()
                argv = [program("LANDWAITER"), "scan", "--no-state", "--fail-on", "private-key", self.layout, reference]
                running = self.start(process.Process("stopped", argv, self.make_folder("stopped")))
                self.assertTrue(registry.asked.wait(60 * process.PATIENCE))
                running.send(number)
                self.assertEqual(running.wait(), 130)
                self.assertIn("stopping", running.err())


if __name__ == "__main__":
    main()
