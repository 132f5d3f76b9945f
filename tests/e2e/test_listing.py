#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Listing at scale: everything is listed once, in flat memory, through kills; an unchanged second walk fetches nothing.

LANDWAITER_LISTING_REPOSITORIES sets the size (default 500; the full size is 10,000)."""
import json
import os
import subprocess
import time
import urllib.request

from support.case import EndToEndCase, main, program, table
from support.crowd import Crowd
from support.process import PATIENCE, Failure, Process, Watch, clean_environment, wait_for
from support.service import Platform, Sensor

REPOSITORIES = int(os.environ.get("LANDWAITER_LISTING_REPOSITORIES", "500"))
TAGS = 10
TIMEOUT_S = 120 + REPOSITORIES // 5
MEMBERS = 2  # of each repository's one index


def names_of(items):
    """{(repository, tag, digest that the tag names)}"""
    return {(item["repository"], item["tag"], item["index_digest"] or item["digest"]) for item in items}


class Listing(EndToEndCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.registry = cls.start_registry(fast=True)
        begin = time.monotonic()
        cls.crowd = Crowd(cls.registry, REPOSITORIES, TAGS)
        table("registry", [["repositories", len(cls.crowd.repositories)], ["tags in each", TAGS],
                           ["seconds to make it", f"{time.monotonic() - begin:.1f}"]])
        cls.expected = {(name, tag, digest) for name, tags in cls.crowd.repositories.items() for tag, digest in tags.items()}
        cls.items_expected = len(cls.crowd.repositories) * (TAGS - 1 + MEMBERS)

    def list_lines(self, *args, code=0, watch=False):
        """The items of `landwaiter list --format jsonl`, read as they come, and what was watched."""
        home = self.make_folder("home")
        out_path = os.path.join(home, "items.jsonl")
        listing = Process("list", [program("LANDWAITER"), "list", self.registry.address, "--format", "jsonl", "--output", out_path, *args],
                          home)
        self.start(listing)
        watched = Watch(listing) if watch else None
        self.assertEqual(listing.wait(TIMEOUT_S), code, listing.tail())
        with open(out_path, encoding="utf-8") as file:
            items = [json.loads(line) for line in file]
        return items, watched.join().memory_max_bytes if watched else 0

    def registry_catalog(self):
        """The registry's own list of repositories, by its own paging."""
        found, path = [], "/v2/_catalog?n=1000"
        while path:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.registry.port}{path}", timeout=120 * PATIENCE) as response:
                found += json.load(response)["repositories"]
                link = response.headers.get("Link")
            path = link[link.index("<") + 1:link.index(">")] if link else ""
        return found

    def test_a_everything_is_listed_once(self):
        begin = time.monotonic()
        items, peak = self.list_lines("--no-state", watch=True)
        seconds = time.monotonic() - begin
        self.assertEqual(len(items), self.items_expected)
        self.assertEqual({item["outcome"] for item in items}, {"image"})
        self.assertEqual(names_of(items), self.expected)
        catalog = self.registry_catalog()
        self.assertEqual(sorted(catalog), sorted(self.crowd.repositories))
        self.assertEqual({item["repository"] for item in items}, set(catalog))
        for name in catalog[::max(1, len(catalog) // 10)]:
            said = self.tool("skopeo", "list-tags", "--tls-verify=false", f"docker://{self.registry.address}/{name}")
            self.assertEqual({item["tag"] for item in items if item["repository"] == name}, set(json.loads(said)["Tags"]))
        requests = 1 + len(catalog) * (1 + TAGS)
        table("first walk", [["items", len(items)], ["seconds", f"{seconds:.1f}"], ["requests/s", f"{requests / seconds:.0f}"],
                             ["peak memory", f"{peak / 2**20:.1f} MiB"]])

    def test_b_memory_is_flat(self):
        """A tenth of the registry takes about as much memory as the whole, with and without a state folder."""
        rows = []
        for state in ("--no-state", "--state"):
            peaks = []
            for repositories in (["crowd/000/*"], []):
                args = [state] + ([self.make_folder("state")] if state == "--state" else [])
                args += [part for name in repositories for part in ("--repository", name)]
                items, peak = self.list_lines(*args, watch=True)
                peaks.append(peak)
                rows.append([state, f"{len(items)} items", f"{peak / 2**20:.1f} MiB"])
            self.assertLess(peaks[1], peaks[0] + (24 << 20), rows)
        table("peak memory of a part and of the whole", rows)

    def test_c_an_unchanged_second_walk_fetches_no_manifest_and_no_blob(self):
        state = self.make_folder("state")
        args = ["--state", state, "--newest", "3"]  # which needs the image configs
        first, _ = self.list_lines(*args)
        mark = self.registry.mark()
        begin = time.monotonic()
        second, peak = self.list_lines(*args, watch=True)
        seconds = time.monotonic() - begin
        key = lambda item: json.dumps(item, sort_keys=True)  # noqa: E731
        self.assertEqual(sorted(map(key, first)), sorted(map(key, second)))
        outcomes = {outcome: sum(1 for item in second if item["outcome"] == outcome) for outcome in ("image", "filtered")}
        self.assertEqual(outcomes["filtered"], len(self.crowd.repositories) * (TAGS - 3))
        asked = self.registry.requests_since(mark)
        manifests = [one for one in asked if one.kind == "manifests"]
        self.assertEqual(len(manifests), len(self.expected))
        self.assertEqual({one.method for one in manifests}, {"HEAD"})
        self.assertEqual([one.short for one in asked if one.kind == "blobs"], [])
        table("unchanged second walk", [["requests", len(asked)], ["seconds", f"{seconds:.1f}"],
                                        ["requests/s", f"{len(asked) / seconds:.0f}"],
                                        ["peak memory", f"{peak / 2**20:.1f} MiB"]])

    def test_d_filters(self):
        items, _ = self.list_lines("--no-state", "--repository", "crowd/000/*", "--exclude-repository", "*7", "--tag", "v?",
                                   "--exclude-tag", "v0", "--pushed", "2026-02-01..2026-04-30", "--platform", "linux/amd64")
        wanted = {name for name in self.crowd.expected if name.startswith("crowd/000/") and not name.endswith("7")}
        self.assertEqual({item["repository"] for item in items}, wanted)
        chosen = {(item["repository"], item["tag"]) for item in items if item["outcome"] == "image"}
        self.assertEqual(chosen, {(name, tag) for name in wanted for tag in ("v1", "v2", "v3")})
        self.assertEqual(len(items), len(wanted) * TAGS)
        self.assertEqual({item["time_source"] for item in items if item["outcome"] == "image"}, {"image config"})
        self.assertTrue(all(item["reason"] for item in items if item["outcome"] == "filtered"))
        done = self.landwaiter("list", self.registry.address, "--no-state", "--format", "json", "--exclude-repository", "crowd/*",
                               "--platform", "linux/arm64")
        self.assertEqual(done.code, 0, done.err)
        self.assertEqual(done.json["repositories_filtered"], REPOSITORIES)
        self.assertEqual(done.json["repositories_listed"], len(self.crowd.repositories) - REPOSITORIES)
        self.assertEqual({item["platform"] for item in done.json["items"] if item["outcome"] == "image"}, {"linux/arm64"})
        self.assertEqual(self.landwaiter("list", self.registry.address, "--pushed", "tomorrow").code, 2)

    def test_e_one_repository_and_a_table(self):
        done = self.landwaiter("list", f"docker://{self.registry.address}/crowd/000/app-00001", "--no-state", "--created")
        self.assertEqual(done.code, 0, done.err)
        lines = done.out.splitlines()
        self.assertEqual(len(lines), 1 + TAGS - 1 + MEMBERS)
        self.assertTrue(all("2026-" in line or "2024-" in line for line in lines[1:]), done.out)
        self.assertEqual(len({line.index("sha256:") for line in lines[1:]}), 1, done.out)

    def test_f_ended_early_the_document_is_whole_and_the_code_says_so(self):
        argv = [program("LANDWAITER"), "list", self.registry.address, "--no-state", "--format", "json", "--connections", "1"]
        home = self.make_folder("home")
        with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0, env=clean_environment(home)) as listing:
            first = listing.stdout.read(2000)
            listing.terminate()
            rest, said = listing.communicate(timeout=60 * PATIENCE)
        self.assertEqual(listing.returncode, 130, said)
        document = json.loads(first + rest)
        self.assertIn("cancelled", document["error"])
        self.assertLess(len(document["items"]), self.items_expected)

    def test_g_kills_in_the_middle_lose_nothing(self):
        platform = self.start(Platform(self.make_folder("platform"), "--lease-s", "3"))
        registry_id = platform.add_registry("crowd", self.registry.address)
        # No image is scanned: the inventory is what counts here.
        sensor = self.start(Sensor(self.make_folder("sensor"), platform, workers=1, jobs=1))
        begin = time.monotonic()
        scan_id = platform.scan_registry(registry_id)
        kills, asked = [], []
        for number in range(1, 4):
            wanted = number * self.items_expected // 5

            def far_enough(wanted=wanted):
                scan = platform.scan(scan_id)
                if scan["counts"]["listed"] >= self.items_expected:
                    raise Failure(f"the listing was over before kill {len(kills) + 1}")
                return scan["counts"]["listed"] >= wanted and scan

            scan = wait_for(far_enough, f"{wanted} listed items", TIMEOUT_S, every_s=0.01)
            sensor.kill()
            kills.append((scan["counts"]["listed"], scan["repositories_listed"]))
            asked.append(self.registry.mark())
            sensor.start()
        wait_for(lambda: [one for one in sensor.events("job finished") if one["what"].startswith("list ")], "the end of the listing",
                 TIMEOUT_S)
        seconds = time.monotonic() - begin
        sensor.kill()
        # Each attempt went on where the one before it had come to: the first repositories are not asked for again.
        since_last = {one.path.split("/tags/")[0] for one in self.registry.requests_since(asked[-1]) if one.kind == "tags"}
        self.assertLess(len(since_last), len(self.crowd.repositories) * 0.6)
        items = platform.pages(f"/v3/scans/{scan_id}/items", "items")
        self.assertEqual(len(items), self.items_expected)
        self.assertEqual(names_of(items), self.expected)
        scan = platform.scan(scan_id)
        self.assertEqual((scan["repositories_listed"], scan["repositories_filtered"]), (len(self.crowd.repositories), 0))
        table("sensor killed while listing", [["kills at (items, repositories)", kills],
                                              ["repositories asked for after the last", len(since_last)],
                                              ["seconds to the end of the listing", f"{seconds:.1f}"]])


if __name__ == "__main__":
    main()
