#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How the platform lets others in: where it listens, with which certificate, what it says at its start, and what a start leaves behind."""
import json
import os
import re
import signal
import socket
import ssl
import urllib.error
import urllib.request

from support.case import EndToEndCase, main, program
from support.pki import Pki
from support.process import Process, run, wait_for


class Door(EndToEndCase):
    def serve(self, folder, *options):
        """Starts it on a free port; the process, and the URL that it says."""
        listen = () if "--listen" in options else ("--listen", "127.0.0.1:0")
        process = Process("platform", [program("LANDWAITER_PLATFORM_PROGRAM"), "serve", "--state", os.path.join(folder, "state"),
                                       *listen, *options], folder)
        self.start(process)
        self.addCleanup(process.kill)
        return process, process.wait_for_output(r"listening on (https?://\S+)").group(1)

    def token(self, folder):
        with open(os.path.join(folder, "state", "admin.token"), encoding="ascii") as file:
            return file.read().strip()

    def get(self, url, path, token):
        unverified = ssl.create_default_context()
        unverified.check_hostname, unverified.verify_mode = False, ssl.CERT_NONE
        request = urllib.request.Request(url + path, headers={"isg-api-token": token})
        with urllib.request.urlopen(request, timeout=60, context=unverified) as response:
            return json.load(response)

    def certificate(self, folder, name):
        pki = Pki(folder)
        key = pki.key()
        for file, content in (("tls.key", key), ("tls.crt", pki.certificate(key, f"/CN={name}"))):
            path = os.path.join(folder, file)
            with open(path + ".new", "wb") as out:
                out.write(content)
            os.rename(path + ".new", path)
        return "--tls-cert", os.path.join(folder, "tls.crt"), "--tls-key", os.path.join(folder, "tls.key")

    def served_certificate(self, url):
        host, port = url.removeprefix("https://").rsplit(":", 1)
        return ssl.get_server_certificate((host, int(port)))

    def test_plain_http_for_other_machines_is_refused_with_what_to_do(self):
        folder = self.make_folder("refused")
        argv = [program("LANDWAITER_PLATFORM_PROGRAM"), "serve", "--state", os.path.join(folder, "state"), "--listen", "0.0.0.0:0"]
        done = run(argv, folder)
        self.assertEqual(done.code, 2)
        for word in ("--tls-cert", "--trusted-proxy", "--insecure-http"):
            self.assertIn(word, done.err)
        self.assertFalse(os.path.exists(os.path.join(folder, "state")))
        self.assertEqual(run([*argv, "--trusted-proxy", "nonsense"], folder).code, 2)
        process, _ = self.serve(folder, "--listen", "0.0.0.0:0", "--insecure-http")
        self.assertEqual(process.stop(), 0)

    def test_the_start_says_what_one_needs(self):
        folder = self.make_folder("banner")
        process, url = self.serve(folder, "--metrics-listen", "127.0.0.1:0")
        said = process.out()
        for words in ("landwaiter-platform ", "state folder: ", "database: ", "admin.token", "token create"):
            self.assertIn(words, said)
        metrics = re.search(r"metrics: (http://\S+)", said).group(1)
        with self.assertRaises(urllib.error.HTTPError):
            self.get(url, "/v3/tokens", "wrong")
        with urllib.request.urlopen(metrics, timeout=60) as response:
            self.assertIn(b'landwaiter_http_requests_total{method="GET",route="/v3/tokens",status="401"} 1\n', response.read())
        refused = [line for line in process.err().splitlines() if "request refused" in line]
        self.assertEqual(len(refused), 1, process.err())
        for words in ("status=401", "peer=127.0.0.1", "path=/v3/tokens"):
            self.assertIn(words, refused[0])
        self.assertNotIn("wrong", process.err())

    def test_a_token_file_that_a_kill_left_empty_is_made_again(self):
        folder = self.make_folder("empty")
        os.mkdir(os.path.join(folder, "state"), 0o700)
        open(os.path.join(folder, "state", "admin.token"), "wb").close()
        _, url = self.serve(folder)
        self.assertEqual(len(self.get(url, "/v3/tokens", self.token(folder))["tokens"]), 1)

    def test_a_sensor_inside_reaches_it_wherever_it_listens_and_leaves_no_token(self):
        folder = self.make_folder("inside")
        options = ("--embedded-sensor", "--listen", "127.0.0.2:0", *self.certificate(folder, "elsewhere.example"))
        for _ in range(3):
            process, url = self.serve(folder, *options)
            token = self.token(folder)
            wait_for(lambda: len(self.get(url, "/v3/sensors", token)["sensors"]) == 1, "the sensor")
            self.assertEqual([entry["kind"] for entry in self.get(url, "/v3/tokens", token)["tokens"] if entry["kind"] == "enrollment"], [])
            self.assertEqual(process.stop(), 0, process.tail())

    def test_a_new_certificate_is_served_after_a_signal_and_a_wrong_one_is_told(self):
        folder = self.make_folder("renewed")
        process, url = self.serve(folder, *self.certificate(folder, "first.example"))
        first = self.served_certificate(url)
        self.certificate(folder, "second.example")
        process.send(signal.SIGHUP)
        wait_for(lambda: self.served_certificate(url) != first, "the new certificate")
        second = self.served_certificate(url)
        with open(os.path.join(folder, "tls.key"), "w", encoding="ascii") as key:
            key.write("nonsense")
        process.send(signal.SIGHUP)
        wait_for(lambda: "the certificate stays as it was" in process.err(), "the word on the wrong key")
        self.assertEqual(self.served_certificate(url), second)

    def test_more_silent_connections_than_there_are_places(self):
        folder = self.make_folder("silent")
        process, url = self.serve(folder, "--connections", "64")
        port = int(url.rsplit(":", 1)[1])
        silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(300)]
        self.addCleanup(lambda: [connection.close() for connection in silent])
        for _ in range(5):
            self.assertEqual(len(self.get(url, "/v3/tokens", self.token(folder))["tokens"]), 1)


if __name__ == "__main__":
    main()
