#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a scan fetches when much is known already, as the registry's access log tells."""
import os
import sqlite3

from support import images
from support.case import EndToEndCase, main, places, table
from support.pki import Pki

REPOSITORY = "team/app"


class Incremental(EndToEndCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.registry = cls.start_registry()
        cls.pki = Pki(cls.folder)
        cls.keys = [cls.pki.key() for _ in range(5)]
        cls.layers = [images.layer({f"k{number}.key": key, "filler": os.urandom(20_000)}) for number, key in enumerate(cls.keys)]

    def setUp(self):
        self.state = self.make_folder("state")
        self.image = images.Image(self.layers[:3])
        self.registry.push(self.image, REPOSITORY, "latest")

    def scan(self, reference="latest", *args, repository=REPOSITORY, **options):
        """The report, and the requests that it took (without the bare check of the API's version)."""
        mark = self.registry.mark()
        separator = "@" if ":" in reference else ":"
        image = self.scan_image(f"docker://{self.registry.address}/{repository}{separator}{reference}", "--state", self.state,
                                *args, **options)
        asked = [request for request in self.registry.requests_since(mark) if request.kind != "ping"]
        self.assertTrue(all(request.status in (200, 206) for request in asked), asked)
        return image, asked

    def fetched(self, asked):
        return sorted(request.name for request in asked if request.kind == "blobs" and request.method == "GET")

    def test_unchanged_image_costs_its_manifest(self):
        first, asked = self.scan()
        self.assertEqual(self.fetched(asked), sorted([self.image.config_digest, *(layer.digest for layer in self.image.layers)]))
        second, again = self.scan()
        table("requests", [["first scan", len(asked)], ["second scan", len(again)]])
        self.assertEqual([request.short for request in again], [f"GET /v2/{REPOSITORY}/manifests/latest 200"])
        self.assertEqual(second["findings"], first["findings"])
        self.assertEqual((second["stats"]["layers_fetched"], second["stats"]["layers_reused"]), (0, 3))

    def test_damaged_reports_are_told_and_read_again(self):
        first, _ = self.scan()
        for table_name in ("layer_report SET report", "layer_facts SET facts"):
            with sqlite3.connect(os.path.join(self.state, "landwaiter.db")) as database:
                changed = database.execute(f"UPDATE {table_name}=x'00112233' WHERE layer=?", (self.layers[1].digest,)).rowcount
            self.assertGreater(changed, 0)
            name = f"docker://{self.registry.address}/{REPOSITORY}:latest"
            done = self.landwaiter("scan", "--format", "json", "--state", self.state, name)
            self.assertEqual(done.code, 0, done.err)
            self.assertIn("is damaged", done.err)
            self.assertIn("the layer is read again", done.err)
            image = done.json["images"][0]
            self.assertEqual(image["findings"], first["findings"])
            self.assertEqual((image["stats"]["layers_fetched"], image["stats"]["layers_reused"]), (1, 2))
            self.assertEqual(self.scan()[0]["stats"]["layers_fetched"], 0)

    def test_unchanged_image_by_digest(self):
        self.scan()
        image, asked = self.scan(self.image.digest)
        self.assertEqual(self.fetched(asked), [])
        self.assertLessEqual(len(asked), 1)
        self.assertEqual(len(image["findings"]), 3)

    def test_only_the_changed_layer_is_fetched(self):
        self.scan()
        changed = images.Image([self.layers[0], self.layers[3], self.layers[2]])
        self.registry.push(changed, REPOSITORY, "latest")
        image, asked = self.scan()
        self.assertEqual(self.fetched(asked), sorted([changed.config_digest, self.layers[3].digest]))
        self.assertEqual({request.kind for request in asked}, {"manifests", "blobs"})
        self.assertEqual({place[1] for place in places(image)}, {"k0.key", "k3.key", "k2.key"})
        self.assertEqual((image["stats"]["layers_fetched"], image["stats"]["layers_reused"]), (1, 2))

    def test_removed_layer_costs_no_layer(self):
        self.scan()
        smaller = images.Image(self.layers[:2])
        self.registry.push(smaller, REPOSITORY, "latest")
        image, asked = self.scan()
        self.assertEqual(self.fetched(asked), [smaller.config_digest])
        self.assertEqual({place[1] for place in places(image)}, {"k0.key", "k1.key"})

    def test_layers_are_shared_between_repositories(self):
        self.scan()
        self.registry.push(images.Image([self.layers[0], self.layers[4]]), "other/app", "1")
        _, asked = self.scan("1", repository="other/app")
        self.assertIn(self.layers[4].digest, self.fetched(asked))
        self.assertNotIn(self.layers[0].digest, self.fetched(asked))

    def test_layers_are_shared_within_one_scan(self):
        references = []
        for number in range(4):
            image = images.Image([self.layers[0], self.layers[1], images.layer({"n": b"%d" % number})])
            self.registry.push(image, f"many/app{number}", "1")
            references.append(f"docker://{self.registry.address}/many/app{number}:1")
        mark = self.registry.mark()
        self.assertEqual(len(self.scan_json("--state", self.state, *references)["images"]), 4)
        fetched = self.fetched(self.registry.requests_since(mark))
        self.assertEqual((fetched.count(self.layers[0].digest), fetched.count(self.layers[1].digest)), (1, 1))
        self.assertEqual(len(fetched), 2 + 4 + 4)  # shared layers, own layers, configs

    def test_full_scan_reads_all_again(self):
        self.scan()
        _, asked = self.scan("latest", "--full")
        self.assertLessEqual({layer.digest for layer in self.image.layers}, set(self.fetched(asked)))

    def test_damaged_state_is_a_clear_error_or_forgotten(self):
        self.scan()
        for name in os.listdir(self.state):
            if name.endswith((".db", ".sqlite", ".sqlite3")):
                with open(os.path.join(self.state, name), "r+b") as file:
                    file.write(b"this is no database" * 200)
        done = self.landwaiter("scan", "--state", self.state, f"docker://{self.registry.address}/{REPOSITORY}:latest")
        self.assertIn(done.code, (0, 2), done.err)
        if done.code == 2:
            self.assertIn(self.state, done.err)


if __name__ == "__main__":
    main()
