#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The platform with one sensor: the API of the Container Sensor guide, draining, everything in one process, and secrets kept."""
import base64
import json
import os
import signal
import time

from fleet import Fleet
from sample import Sample
from support.case import EndToEndCase, main, places, table
from support.pki import private_fragments
from support.process import wait_for
from support.secrets import all_bytes_of
from support.service import ApiError, Platform, Sensor
from support.slow_proxy import SlowProxy

USER, PASSWORD = "inspector-7431", "pw-B4ttery-Staple-99/xyz"


class ServiceCase(EndToEndCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.registry = cls.start_registry()

    def new_platform(self, *options):
        platform = self.start(Platform(self.make_folder("platform"), *options))
        self.addCleanup(platform.kill)
        return platform

    def new_sensor(self, platform, name="sensor", **options):
        sensor = self.start(Sensor(self.make_folder(name), platform, name, **options))
        self.addCleanup(sensor.kill)
        return sensor


class Api(ServiceCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sample = Sample(cls.folder)
        for name, tag in (("library/alpine", "latest"), ("myimage", "v1.0"), ("my.org/deep/app", "v2"), ("team/app", "v1")):
            cls.registry.push(cls.sample.image, name, tag)
        cls.private = cls.start_registry("private", storage=cls.registry.storage, users={USER: PASSWORD})
        cls.platform = cls.start(Platform(cls.make_folder("platform")))
        cls.sensor = cls.start(Sensor(cls.make_folder("sensor"), cls.platform))

    def body(self, images, **config):
        """The request of the guide."""
        return {
            "sensorName": "container scan", "sensorType": "Container",
            "sensorConfig": {"images": images, **config}, "callbackId": "callback-1",
            "labels": [{"stage": "test"}], "priority": "high", "incrementalScan": True, "autoResolutionInterval": 5,
        }

    def create(self, body, **options):
        return self.platform.api("POST", "/v3/scan/create", body, **options)["scanId"]

    def test_guide_request(self):
        images = [f"docker://{self.registry.address}/library/alpine:latest", f"{self.registry.address}/myimage:v1.0",
                  f"{self.registry.address}/my.org/deep/app:v2", f"{self.registry.address}/team/app@{self.sample.image.digest}"]
        scan = self.platform.wait_scan(self.create(self.body(images)))
        self.assertEqual(scan["state"], "finished", scan)
        self.assertEqual((scan["counts"]["listed"], scan["counts"]["scanned"] + scan["counts"]["unchanged"]), (4, 4), scan)
        report = self.platform.api("GET", f"/v3/images/{self.sample.image.digest}/report")
        self.assertEqual(places(report), self.sample.places)
        hidden = {o["path"]: o["deleted_by"] for f in report["findings"] for o in f["occurrences"] if o["deleted_by"]}
        self.assertEqual(hidden, {path: layer.digest for path, layer in self.sample.hidden.items()})

    def test_report_equals_that_of_the_command(self):
        image = f"{self.registry.address}/team/app:v1"
        self.platform.wait_scan(self.create(self.body([image])))
        report = self.platform.api("GET", f"/v3/images/{self.sample.image.digest}/report")
        alone = self.scan_image(image)
        for name in ("digest", "platform", "created", "layers", "diagnostics"):
            self.assertEqual(report[name], alone[name], name)
        self.assertEqual(self.sorted_findings(report), self.sorted_findings(alone))

    @staticmethod
    def sorted_findings(report):
        return sorted(json.dumps(finding, sort_keys=True) for finding in report["findings"])

    def test_credentials_of_the_request(self):
        image = f"{self.private.address}/myimage:v1.0"
        scan = self.platform.wait_scan(self.create(self.body([image], username=USER, password=PASSWORD)))
        self.assertEqual((scan["state"], scan["counts"]["failed"]), ("finished", 0), scan)
        scan = self.platform.wait_scan(self.create(self.body([image], username=USER, password="wrong")))
        self.assertEqual((scan["counts"]["listed"], scan["counts"]["failed"]), (1, 1), scan)
        reason = scan["errors"][0]["reason"]
        self.assertIn("401", reason)
        self.assertIn(self.private.address, reason)
        self.assertIn("myimage", reason)
        # A token wins over user name and password.
        scan = self.platform.wait_scan(self.create(self.body([image], username=USER, password=PASSWORD, token="no-token")))
        self.assertEqual(scan["counts"]["failed"], 1, scan)

    def test_refusals(self):
        image = f"{self.registry.address}/myimage:v1.0"
        cases = [
            (400, "no container images were stated", self.body([])),
            (400, "no container images were stated", {**self.body([]), "sensorConfig": {}}),
            (400, "sensorType", {**self.body([image]), "sensorType": "Network"}),
            (400, "", self.body(["docker://UPPER CASE/is:wrong"])),
            (400, "", []),
        ]
        for status, text, body in cases:
            with self.subTest(body=body):
                with self.assertRaises(ApiError) as raised:
                    self.platform.api("POST", "/v3/scan/create", body)
                self.assertEqual(raised.exception.status, status, raised.exception.body)
                self.assertIn(text, raised.exception.body)
        for token in ("", "wrong", "x" * 3000):
            with self.assertRaises(ApiError) as raised:
                self.create(self.body([image]), token=token)
            self.assertEqual(raised.exception.status, 401)

    def test_tokens_made_beside_the_running_platform(self):
        token = self.platform.create_token("api", "another")
        self.assertIn("scans", self.platform.api("GET", "/v3/scans", token=token))
        enrollment = self.platform.create_token("enrollment")
        with self.assertRaises(ApiError) as raised:
            self.platform.api("GET", "/v3/scans", token=enrollment)
        self.assertIn(raised.exception.status, (401, 403))

    def test_missing_image_is_counted(self):
        references = [f"{self.registry.address}/no/such:1", f"{self.registry.address}/team/app:v1"]
        scan = self.platform.wait_scan(self.create(self.body(references)))
        counts = scan["counts"]
        self.assertEqual(scan["state"], "finished", scan)
        self.assertEqual((counts["listed"], counts["gone"] + counts["failed"], counts["scanned"] + counts["unchanged"]), (2, 1, 1), counts)

    def test_openapi(self):
        document = self.platform.api("GET", "/v3/openapi.json")
        self.assertTrue(document["openapi"].startswith("3.1"))
        for path in ("/v3/scan/create", "/v3/registries", "/v3/findings", "/v3/jobs/acquire"):
            self.assertIn(path, document["paths"])


class Draining(ServiceCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.fleet = Fleet(cls.folder, cls.registry, 12, 1, own_bytes=150_000, base_bytes=200_000)

    def begin(self, **options):
        """A scan that crawls, with a sensor in the middle of it."""
        self.proxy = self.start(SlowProxy(self.registry.port, bytes_per_s=20_000))
        self.addCleanup(self.proxy.kill)
        platform = self.new_platform()  # leases of full length: nothing but handing back frees a job in the time of this test
        registry_id = platform.add_registry("slow", self.proxy.address)
        sensor = self.new_sensor(platform, workers=2, jobs=4, **options)
        scan_id = platform.scan_registry(registry_id)
        wait_for(lambda: self.proxy.in_flight >= 2 and platform.scan(scan_id)["jobs"]["leased"] >= 2, "layers in flight")
        return platform, sensor, scan_id

    def end(self, platform, scan_id):
        self.proxy.release()
        second = self.new_sensor(platform, "second")
        scan = platform.wait_scan(scan_id, timeout_s=40)
        self.assertEqual((scan["state"], scan["counts"]["scanned"]), ("finished", 12), scan)
        self.fleet.check_findings(self, platform)
        self.assertEqual({event["attempt"] for event in second.events("job started")} - {1}, set(), "handing back must not cost an attempt")
        self.assertEqual(second.stop(), 0)

    def test_deadline_hands_jobs_back(self):
        platform, sensor, scan_id = self.begin(drain_timeout_s=0)
        begin = time.monotonic()
        self.assertEqual(sensor.stop(timeout_s=15), 0, sensor.process.tail())
        seconds = time.monotonic() - begin
        jobs = platform.scan(scan_id)["jobs"]
        table("SIGTERM with no time to drain", [["seconds to the end", f"{seconds:.1f}"], ["jobs still leased", jobs["leased"]],
                                                ["jobs queued", jobs["queued"]]])
        self.assertEqual(jobs["leased"], 0)
        self.assertGreaterEqual(jobs["queued"], 2)
        self.end(platform, scan_id)

    def test_running_jobs_are_finished(self):
        platform, sensor, scan_id = self.begin(drain_timeout_s=60)
        leased = platform.scan(scan_id)["jobs"]["leased"]
        sensor.process.send(15)
        time.sleep(0.3)
        self.proxy.release()
        self.assertEqual(sensor.process.wait(30), 0, sensor.process.tail())
        scan = platform.scan(scan_id)
        self.assertEqual(scan["jobs"]["leased"], 0, scan)
        self.assertGreaterEqual(scan["jobs"]["done"], leased - 1, scan)
        self.end(platform, scan_id)

    def test_second_signal_hands_back_at_once(self):
        platform, sensor, scan_id = self.begin(drain_timeout_s=600)
        sensor.process.send(15)
        time.sleep(0.5)
        self.assertTrue(sensor.process.running)
        self.assertEqual(sensor.stop(timeout_s=15), 0)
        self.assertEqual(platform.scan(scan_id)["jobs"]["leased"], 0)
        self.end(platform, scan_id)

    def test_sensor_that_waits_for_work_ends_at_once(self):
        platform = self.new_platform()
        sensor = self.new_sensor(platform)
        wait_for(lambda: sensor.events("sensor started"), "the sensor's start")
        time.sleep(0.5)  # in its long poll, which
        platform.process.send(signal.SIGSTOP)  # is not answered before the sensor has ended
        self.assertEqual(sensor.stop(), 0, sensor.process.tail())
        platform.process.send(signal.SIGCONT)
        self.assertEqual(platform.stop(), 0)


class Embedded(ServiceCase):
    def test_everything_in_one_process(self):
        fleet = Fleet(self.folder, self.registry, 8, 3)
        platform = self.new_platform("--embedded-sensor")
        registry_id = platform.add_registry("all", self.registry.address)
        scan = platform.wait_scan(platform.scan_registry(registry_id), timeout_s=60)
        self.assertEqual((scan["state"], scan["counts"]["listed"], scan["counts"]["scanned"]), ("finished", 24, 24), scan)
        fleet.check_findings(self, platform)
        self.assertEqual(platform.stop(), 0, platform.process.tail())
        # It comes up again with what it knew.
        platform.start()
        fleet.check_findings(self, platform)
        scan = platform.wait_scan(platform.scan_registry(registry_id), timeout_s=60)
        self.assertEqual(scan["counts"]["unchanged"], 24, scan)


class Secrets(ServiceCase):
    def test_neither_credentials_nor_keys_are_written_anywhere(self):
        sample = Sample(self.folder)
        self.registry.push(sample.image, "team/app", "v1")
        private = self.start_registry("private", storage=self.registry.storage, users={USER: PASSWORD})
        platform = self.new_platform()
        sensor = self.new_sensor(platform)
        token = "t0ken-0f-a-registry-5521"
        registry_id = platform.add_registry("private", private.address, username=USER, password=PASSWORD)
        platform.add_registry("other", "other.example", token=token)
        first = platform.wait_scan(platform.scan_registry(registry_id))
        self.assertEqual(first["counts"]["scanned"], 1, first)
        request = {"sensorName": "s", "sensorType": "Container",
                   "sensorConfig": {"images": [f"{private.address}/team/app:v1"], "username": USER, "password": PASSWORD + "-wrong"}}
        platform.wait_scan(platform.api("POST", "/v3/scan/create", request)["scanId"])
        report = self.platform_answers(platform, sample)
        self.check(platform, sensor, sample, report, token)
        # And so it is after they ended, with what they wrote last.
        self.assertEqual(sensor.stop(), 0)
        self.assertEqual(platform.stop(), 0)
        self.check(platform, sensor, sample, report, token)

    def platform_answers(self, platform, sample):
        answers = [platform.api("GET", path) for path in (f"/v3/images/{sample.image.digest}/report", "/v3/registries",
                                                          "/v3/findings", "/v3/scans", "/v3/sensors", "/v3/tokens")]
        done = self.landwaiter("scan", "--format", "json", "--state", self.make_folder("state"), f"{self.registry.address}/team/app:v1")
        return (json.dumps(answers) + done.out + done.err).encode()

    def check(self, platform, sensor, sample, report, token):
        secrets = {
            "password": PASSWORD.encode(), "user:password": base64.b64encode(f"{USER}:{PASSWORD}".encode()),
            "password in base64": base64.b64encode(PASSWORD.encode()).rstrip(b"="), "wrong password": (PASSWORD + "-wrong").encode(),
            "token": token.encode(),
        }
        for path, key in sample.keys.items():
            for number, fragment in enumerate(private_fragments(key)):
                secrets[f"{path} part {number}"] = fragment
        # The search itself must be able to find: a certificate's fingerprint is there.
        known = sample.places["certificate", "opt/root.der"].removeprefix("sha256:").encode()
        places_searched = {"platform": platform.folder, "sensor": sensor.folder}
        found, seen = [], set()
        for place, folder in places_searched.items():
            for origin, data in all_bytes_of(folder):
                found += [(place, origin, name) for name, secret in secrets.items() if secret in data]
                if known in data:
                    seen.add(place)
        found += [("answers", "", name) for name, secret in secrets.items() if secret in report]
        self.assertEqual(found, [])
        self.assertEqual(seen, set(places_searched), "the search found not even what must be there")

    def test_programs_keep_their_memory_and_environment_to_themselves(self):
        platform = self.new_platform()
        enrollment, unused = platform.create_token("enrollment"), "t0ken-that-n0body-reads-6617"
        sensor = self.new_sensor(platform, token=enrollment, env={"SENSOR_TOKEN": unused, "E2E_KEPT": "kept-in-place"})
        wait_for(lambda: platform.api("GET", "/v3/sensors")["sensors"], "the sensor's enrollment", 60)
        for process in (platform.process, sensor.process):
            with open(f"/proc/{process.pid}/limits", encoding="ascii") as limits:
                self.assertRegex(limits.read(), r"Max core file size +0 +0 ")
        if os.getuid() != 0:  # a process that cannot be dumped does not show it to its own user
            with self.assertRaises(PermissionError):
                open(f"/proc/{sensor.process.pid}/environ", "rb").close()
            return
        with open(f"/proc/{sensor.process.pid}/environ", "rb") as environment:
            seen = environment.read()
        self.assertIn(b"kept-in-place", seen)
        self.assertNotIn(enrollment.encode(), seen)
        self.assertNotIn(unused.encode(), seen)

    def test_files_are_the_owners_alone(self):
        platform = self.new_platform()
        sensor = self.new_sensor(platform)
        wait_for(lambda: sensor.events("sensor started"), "the sensor's start")
        readable = []
        for state in (platform.state, sensor.state):
            self.assertEqual(os.stat(state).st_mode & 0o077, 0, state)
            for where, _, names in os.walk(state):
                readable += [name for name in names if os.stat(os.path.join(where, name)).st_mode & 0o077]
        self.assertEqual(readable, [])


if __name__ == "__main__":
    del ServiceCase
    main()
