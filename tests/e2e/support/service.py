# SPDX-License-Identifier: Apache-2.0
"""The platform and its sensors, as programs of their own."""
import json
import os
import time
import urllib.error
import urllib.request

from .case import program
from .ports import free_port
from .process import PATIENCE, Failure, Process, run, wait_for

ENDED = ("finished", "failed", "cancelled", "error")


class ApiError(Failure):
    def __init__(self, status, body):
        super().__init__(f"the platform answered {status}: {body[:1000]}")
        self.status = status
        self.body = body


class Platform:
    """`landwaiter-platform serve`; keeps its port and state over restarts."""

    def __init__(self, folder, *options, name="platform"):
        self.folder = folder
        self.state = os.path.join(folder, "platform-state")
        self.url = ""
        self._name = name
        self._options = options
        self._listen = f"127.0.0.1:{free_port()}"  # which nobody takes while it is down
        self._token = ""
        self.process = None
        self.sensors = []  # their processes, for what they said when something fails

    def start(self):
        argv = [program("LANDWAITER_PLATFORM_PROGRAM"), "serve", "--state", self.state, "--listen", self._listen, *self._options]
        if self.process is None:
            self.process = Process(self._name, argv, self.folder)
        self.process.argv = argv
        self.process.start()
        self.url = self.process.wait_for_output(r"listening on (http://127\.0\.0\.1:\d+)").group(1)
        with open(os.path.join(self.state, "admin.token"), encoding="ascii") as file:
            self._token = file.read().strip()
        return self

    def kill(self):
        if self.process is not None:
            self.process.kill()

    def stop(self):
        return self.process.stop()

    def create_token(self, kind, name="e2e"):
        database = self._options.index("--database") if "--database" in self._options else len(self._options)
        done = run([program("LANDWAITER_PLATFORM_PROGRAM"), "token", "create", "--state", self.state, "--kind", kind, "--name", name,
                    *self._options[database:database + 2]], self.folder)
        if done.code != 0 or not done.out.strip():
            raise Failure(f"token create ended with {done.code}: {done.out} {done.err}")
        return done.out.strip().splitlines()[-1]

    def api(self, method, path, body=None, token=None):
        """The JSON answer of the API. Raises ApiError for a status that is not 2xx."""
        text = self.text(method, path, body, token)
        return json.loads(text) if text else None

    def text(self, method, path, body=None, token=None):
        """The bytes of the answer."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"isg-api-token": self._token if token is None else token, "Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, data=data, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60 * PATIENCE) as response:
                return response.read()
        except urllib.error.HTTPError as error:
            raise ApiError(error.code, error.read().decode(errors="replace")) from None

    def pages(self, path, member):
        """All entries of a paged list."""
        found, token = [], ""
        while True:
            separator = "&" if "?" in path else "?"
            page = self.api("GET", f"{path}{separator}page_size=1000" + (f"&page_token={token}" if token else ""))
            found += page[member]
            token = page.get("next_page_token", "")
            if not token:
                return found

    def add_registry(self, name, endpoint, **credentials):
        body = {"name": name, "endpoint": endpoint, "kind": "docker-v2", "plain_http": True, **credentials}
        return self.api("POST", "/v3/registries", body)["id"]

    def scan_registry(self, registry_id, incremental=True):
        return self.api("POST", f"/v3/registries/{registry_id}/scan", {"incremental": incremental})["scanId"]

    def scan(self, scan_id):
        return self.api("GET", f"/v3/scans/{scan_id}")

    def wait_scan(self, scan_id, timeout_s=120.0):
        """The scan once it has ended. Its counts are checked on the way: they add up at any time."""
        timeout_s *= PATIENCE
        deadline = time.monotonic() + timeout_s
        while True:
            scan = self.scan(scan_id)
            check_counts(scan["counts"])
            if scan["state"] in ENDED:
                return scan
            if time.monotonic() > deadline:
                said = [f"--- {one.name}\n{one.tail(without='GET /v3/scans/')}" for one in (self.process, *self.sensors)]
                raise Failure(f"the scan did not end within {timeout_s:g} s: {json.dumps(scan)[:1500]}\n" + "\n".join(said))
            time.sleep(0.1)

    def wait_scanned(self, scan_id, count, timeout_s=60.0):
        """Waits until `count` images are done; the scan as it is then."""

        def look():
            scan = self.scan(scan_id)
            return scan if scan["counts"]["scanned"] >= count or scan["state"] in ENDED else None

        return wait_for(look, f"{count} scanned images", timeout_s, every_s=0.01)


def check_counts(counts):
    rest = sum(value for name, value in counts.items() if name != "listed")
    if counts["listed"] != rest:
        raise Failure(f"counts do not add up: listed {counts['listed']}, all states together {rest}: {counts}")


class Sensor:
    """`landwaiter sensor --config`; keeps its state over restarts."""

    def __init__(self, folder, platform, name="sensor", workers=2, jobs=4, drain_timeout_s=60, token=None, sections=None, env=None):
        """`sections` are added to its YAML: {"registry": {"ca_file": ...}}."""
        self.folder = folder
        self.state = os.path.join(folder, name + "-state")
        self._config = os.path.join(folder, name + ".yml")
        with open(self._config, "w", encoding="ascii") as file:
            file.write(f"name: {name}\nstate_directory: {self.state}\n"
                       f"workers: {workers}\njobs: {jobs}\ndrain_timeout_s: {drain_timeout_s}\n"
                       f"platform:\n  url: {platform.url}\n  enrollment_token: ${{env:E2E_ENROLLMENT}}\n"
                       "log:\n  level: debug\n  json: true\n")
            for section, values in (sections or {}).items():
                file.write(f"{section}:\n" + "".join(f"  {key}: {json.dumps(value)}\n" for key, value in values.items()))
        os.chmod(self._config, 0o600)
        os.makedirs(self.state, mode=0o700, exist_ok=True)
        enrollment = token or platform.create_token("enrollment", name)
        self.process = Process(name, [program("LANDWAITER"), "sensor", "--config", self._config], folder,
                               env={"E2E_ENROLLMENT": enrollment, **(env or {})})
        platform.sensors.append(self.process)

    def start(self):
        self.process.start()
        return self

    def kill(self):
        self.process.kill()

    def stop(self, timeout_s=60.0):
        return self.process.stop(timeout_s)

    def events(self, name):
        """The log's lines of one event."""
        found = []
        for line in self.process.err().splitlines():
            if f'"{name}"' in line:
                try:
                    entry = json.loads(line)
                except ValueError:
                    continue  # cut by a kill
                if entry.get("event") == name:
                    found.append(entry)
        return found
