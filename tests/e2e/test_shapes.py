#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Images of every shape hold the same private key, which must be found with the same id; what is no image is said to be none."""
import base64
import gzip
import hashlib
import json
import os
import struct

from support import images
from support.case import EndToEndCase, main, places
from support.pki import Pki
from support.registry import Pusher
from support.static_registry import StaticRegistry

KEY_PATH = "etc/shape.key"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
FOREIGN_LAYER = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
# gzip of two empty tar blocks, as Docker once wrote it for each instruction that changes no file.
EMPTY_GZIP = bytes.fromhex("1f8b080000096e8800ff621805a360148c5800080000ffff2eafb5ef00040000")
EMPTY_DIGEST = "sha256:a3ed95caeb02ffe68cdd9fd84406680ae93d633cb16422d00e8a7c22955b46d4"


class Document:
    """A manifest or index as it is, with the blobs and manifests that belong to it."""

    def __init__(self, document, blobs=(), members=()):
        self.manifest = document if isinstance(document, bytes) else json.dumps(document, sort_keys=True).encode()
        self.media_type = images.MANIFEST if isinstance(document, bytes) else document.get("mediaType", images.MANIFEST)
        self.members = members
        self._blobs = blobs
        self.digest = images.sha256(self.manifest)

    def blobs(self):
        return iter(self._blobs)


def changed(image, change):
    """An image whose manifest `change` has altered."""
    document = json.loads(image.manifest)
    change(document)
    return Document(document, list(image.blobs()))


def member(image, media_type=images.MANIFEST, **more):
    return {"mediaType": media_type, "digest": image.digest, "size": len(image.manifest), **more}


def index_of(entries, members, media_type=images.INDEX):
    return Document({"schemaVersion": 2, "mediaType": media_type, "manifests": entries}, members=members)


def platform(os_name, architecture):
    return {"platform": {"os": os_name, "architecture": architecture}}


def docker_types(document):
    document["mediaType"] = DOCKER_MANIFEST
    document["config"]["mediaType"] = DOCKER_CONFIG
    for layer in document["layers"]:
        layer["mediaType"] = DOCKER_LAYER


def skippable(payload, number=0):
    """RFC 8878 section 3.1.2."""
    return struct.pack("<II", 0x184D2A50 + number, len(payload)) + payload


def estargz(files):
    """Each file a gzip member of its own, then the table of contents, then a footer that is an empty member."""
    whole = images.tar(files)
    blob, start = b"", 0
    for path, content in files.items():
        size = 512 + (len(content) + 511) // 512 * 512
        blob += gzip.compress(whole[start:start + size], mtime=0)
        start += size
    toc_offset = len(blob)
    toc = images.tar({"stargz.index.json": json.dumps({"version": 1, "entries": [{"name": path,
                                                                                  "type": "reg"} for path in files]}).encode()})
    blob += gzip.compress(toc, mtime=0)
    extra = b"SG" + struct.pack("<H", 22) + b"%016xSTARGZ" % toc_offset
    footer = b"\x1f\x8b\x08\x04\0\0\0\0\0\xff" + struct.pack("<H", len(extra)) + extra + b"\x01\0\0\xff\xff" + bytes(8)
    return blob + footer, whole[:start] + toc


class Shapes(EndToEndCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.registry = cls.start_registry()
        cls.pusher = Pusher(cls.registry)
        cls.addClassCleanup(cls.pusher.__exit__)
        cls.pki = Pki(cls.folder)
        cls.key = cls.pki.key()
        cls.key_id = cls.pki.key_id(cls.key)
        cls.expected = {("private-key", KEY_PATH): cls.key_id}
        cls.other = cls.pki.key()
        cls.other_id = cls.pki.key_id(cls.other)
        cls.layer = images.layer({KEY_PATH: cls.key})
        cls.tar = images.tar({KEY_PATH: cls.key})

    def put(self, name, image, placed=False):
        """Pushes an image and returns its reference. `placed` is for what the registry takes from its own disk only."""
        if placed:
            self.registry.place(image, f"shape/{name}", "1")
        else:
            self.pusher.push(image, f"shape/{name}", "1")
        return f"docker://{self.registry.address}/shape/{name}:1"

    def check(self, name, image, expected=None, placed=False, diagnostics=()):
        report = self.scan_image(self.put(name, image, placed))
        self.assertEqual(places(report), self.expected if expected is None else expected)
        self.assertEqual([d["code"] for d in report["diagnostics"]], list(diagnostics), report["diagnostics"])
        return report

    def zstd(self, data):
        return self.tool("zstd", "-q", "-c", "--single-thread", stdin=data)

    def layer_of(self, blob, media_type, tar=None):
        return images.Layer(blob, images.sha256(tar or self.tar), media_type)

    def image_for(self, os_name, architecture):
        return images.Image([self.layer], f"{os_name}/{architecture}")


class Layers(Shapes):
    def test_plain_gzip_and_zstd(self):
        self.check("gzip", images.Image([self.layer]))
        self.check("plain", images.Image([images.plain_layer({KEY_PATH: self.key})]))
        self.check("zstd", images.Image([self.layer_of(self.zstd(self.tar), images.LAYER_ZSTD)]))

    def test_zstd_chunked(self):
        half = len(self.tar) // 2
        table = skippable(self.zstd(b'{"version":1,"entries":[]}'))
        footer = skippable(bytes(56) + b"GNUlInUx")
        blob = skippable(b"first", 5) + self.zstd(self.tar[:half]) + skippable(b"between", 1) + self.zstd(self.tar[half:]) + table + footer
        self.check("zstd-chunked", images.Image([self.layer_of(blob, images.LAYER_ZSTD)]))

    def test_estargz(self):
        blob, tar = estargz({"a/first": b"first" * 500, KEY_PATH: self.key, "z/last": b"last"})
        self.assertEqual(gzip.decompress(blob), tar)
        report = self.check("estargz", images.Image([self.layer_of(blob, images.LAYER_GZIP, tar)]))
        self.assertEqual(report["stats"]["files"], 4)

    def test_layers_made_by_skopeo(self):
        layout = images.write_layout(self.make_folder("layout"), {"1": images.Image([self.layer])})
        for how in ("zstd", "gzip"):
            with self.subTest(how=how):
                self.tool("skopeo", "--insecure-policy", "copy", "-q", "--dest-tls-verify=false", "--dest-compress",
                          "--dest-compress-format", how,
                          f"oci:{layout}:1", f"docker://{self.registry.address}/shape/skopeo-{how}:1")
                report = self.scan_image(f"docker://{self.registry.address}/shape/skopeo-{how}:1")
                self.assertEqual(places(report), self.expected)
        self.tool("skopeo", "--insecure-policy", "copy", "-q", "--dest-tls-verify=false", "--format", "v2s2",
                  f"oci:{layout}:1", f"docker://{self.registry.address}/shape/v2s2:1")
        self.assertEqual(places(self.scan_image(f"docker://{self.registry.address}/shape/v2s2:1")), self.expected)

    def test_mislabeled_media_types(self):
        contents = {"gzip": gzip.compress(self.tar, mtime=0), "tar": self.tar, "zstd": self.zstd(self.tar)}
        for number, media_type in enumerate(("application/x-gzip", "text/plain", "application/octet-stream", images.LAYER_TAR,
                                             images.LAYER_ZSTD)):
            for kind, blob in contents.items():
                with self.subTest(media_type=media_type, kind=kind):
                    self.check(f"label-{number}-{kind}", images.Image([self.layer_of(blob, media_type)]))

    def test_empty_layers(self):
        self.assertEqual(images.sha256(EMPTY_GZIP), EMPTY_DIGEST)
        empty = images.sha256(b"")
        layers = [images.Layer(EMPTY_GZIP, images.sha256(bytes(1024))), images.Layer(b"", empty, digest=empty), self.layer]
        image = images.Image(layers)
        document = Document(image.manifest, [*image.blobs(), (b"", empty)])
        report = self.check("empty-layers", document, placed=True)
        self.assertEqual(report["layers"], [EMPTY_DIGEST, empty, self.layer.digest])

    def test_no_layers(self):
        report = self.check("no-layers", images.Image([]), expected={}, placed=True)
        self.assertEqual(report["layers"], [])

    def test_a_layer_listed_twice(self):
        mark = self.registry.mark()
        report = self.check("twice", images.Image([self.layer, images.layer({"x": b"y"}), self.layer]))
        self.assertEqual(report["layers"].count(self.layer.digest), 2)
        asked = [request.name for request in self.registry.requests_since(mark) if request.kind == "blobs"]
        self.assertEqual(asked.count(self.layer.digest), 1)

    def test_encrypted_layer(self):
        encrypted = self.layer_of(os.urandom(1000), images.LAYER_GZIP + "+encrypted")
        report = self.check("encrypted", images.Image([encrypted, self.layer]), diagnostics=["unsupported"])
        self.assertEqual(report["diagnostics"][0]["layer"], encrypted.digest)
        self.assertIn("encrypted", report["diagnostics"][0]["message"])
        state = self.make_folder("state")
        for _ in range(2):  # what is remembered of an image holds what could not be scanned
            again = self.scan_image("--state", state, f"docker://{self.registry.address}/shape/encrypted:1")
            self.assertEqual(again["diagnostics"], report["diagnostics"])

    def test_bytes_behind_the_tar_count_for_the_digest(self):
        data = self.tar + bytes(3 << 20)  # more than is looked at behind a tar's end
        layer = images.Layer(data, images.sha256(data), images.LAYER_TAR)
        self.check("padded", images.Image([layer]))
        with open(self.registry.blob_file(layer.digest), "r+b") as file:
            file.seek(-1, os.SEEK_END)
            file.write(b"x")
        document = self.scan_json(f"docker://{self.registry.address}/shape/padded:1", code=3)
        self.assertEqual(([], ["digest_mismatch"]), (document["images"], [failure["code"] for failure in document["failures"]]))

    def test_sha512(self):
        digest = "sha512:" + hashlib.sha512(self.layer.blob).hexdigest()
        layer = images.Layer(b"", self.layer.diff_id, digest=digest, size=len(self.layer.blob))
        image = images.Image([layer])
        layout = images.write_layout(self.make_folder("sha512"), {"1": image})
        os.makedirs(os.path.join(layout, "blobs", "sha512"))
        with open(os.path.join(layout, "blobs", "sha512", digest.split(":")[1]), "wb") as file:
            file.write(self.layer.blob)
        pinned = "sha512:" + hashlib.sha512(image.manifest).hexdigest()
        with open(os.path.join(layout, "blobs", "sha512", pinned.split(":")[1]), "wb") as file:
            file.write(image.manifest)
        with open(os.path.join(layout, "index.json"), "w", encoding="ascii") as file:
            json.dump({"schemaVersion": 2, "manifests": [{"mediaType": images.MANIFEST, "digest": pinned, "size": len(image.manifest)}]},
                      file)
        state = self.make_folder("state")
        for _ in range(2):
            report = self.scan_image("--state", state, f"oci:{layout}")
            self.assertEqual(places(report), self.expected)
            self.assertEqual((report["digest"], report["layers"]), (pinned, [digest]))
        # A real registry keeps such a blob, too.
        with_blob = Document(image.manifest, [*image.blobs(), (self.layer.blob, digest)])
        self.check("sha512", with_blob)


class Manifests(Shapes):
    def test_docker_schema_2_and_list(self):
        docker = changed(images.Image([self.layer]), docker_types)
        self.check("docker", docker)
        both = index_of([member(docker, DOCKER_MANIFEST, **platform("linux", "amd64"))], (docker,), DOCKER_LIST)
        self.check("docker-list", both)

    def test_config_with_a_general_media_type(self):
        self.check("config-type", images.Image([self.layer], config_type="application/octet-stream"))

    def test_config_that_counts_other_layers(self):
        image = images.Image([self.layer, images.layer({"etc/other.key": self.other})])
        config = json.loads(image.config)
        config["rootfs"]["diff_ids"].pop()
        image.config = json.dumps(config).encode()
        document = json.loads(image.manifest)
        document["config"].update(digest=image.config_digest, size=len(image.config))
        report = self.check("diff-ids", Document(document, list(image.blobs())), diagnostics=["malformed"],
                            expected={**self.expected, ("private-key", "etc/other.key"): self.other_id})
        self.assertIn("diff_ids", report["diagnostics"][0]["message"])

    def test_data_within_the_manifest(self):
        image = images.Image([self.layer])

        def carry(document, blob=self.layer.blob):
            document["layers"][0]["data"] = base64.b64encode(blob).decode()
            document["config"]["data"] = base64.b64encode(image.config).decode()

        # Neither blob is in the registry.
        self.check("data", Document(changed(image, carry).manifest), placed=True)
        wrong = changed(image, lambda document: carry(document, b"x" * len(self.layer.blob)))
        document = self.scan_json(self.put("data-wrong", wrong, placed=True), code=3)
        self.assertEqual((document["images"], [failure["message"].count("digest") > 0 for failure in document["failures"]]), ([], [True]))

    def test_foreign_layer(self):
        elsewhere = self.start(StaticRegistry())
        foreign = images.Layer(images.layer({"etc/other.key": self.other}).blob, images.sha256(b"f"), FOREIGN_LAYER)
        image = images.Image([foreign, self.layer])

        def with_urls(document):
            document["layers"][0]["urls"] = [f"http://{elsewhere.address}/layer"]

        absent = Document(changed(image, with_urls).manifest, [(blob, digest) for blob,
                                                               digest in image.blobs() if digest != foreign.digest])
        report = self.check("foreign", absent, placed=True, diagnostics=["unsupported"])
        self.assertEqual(report["diagnostics"][0]["layer"], foreign.digest)
        self.assertIn("foreign", report["diagnostics"][0]["message"])
        self.assertEqual(elsewhere.asked, [])
        self.check("foreign-kept", changed(image, with_urls), placed=True,
                   expected={**self.expected, ("private-key", "etc/other.key"): self.other_id})

    def failure(self, reference):
        document = self.scan_json(reference, code=3)
        self.assertEqual(document["images"], [])
        self.assertEqual(len(document["failures"]), 1)
        return document["failures"][0]

    def test_artifact_is_inventory_only(self):
        chart = images.Layer(b"chart", images.sha256(b"chart"), "application/vnd.cncf.helm.chart.content.v1.tar+gzip")
        reference = self.put("chart", images.Image([chart], config_type="application/vnd.cncf.helm.config.v1+json"))
        failure = self.failure(reference)
        self.assertEqual(failure["code"], "unsupported")
        self.assertIn("application/vnd.cncf.helm.config.v1+json", failure["message"])
        listed = self.landwaiter("list", f"docker://{self.registry.address}/shape/chart", "--format", "json")
        self.assertEqual([(item["outcome"], item["tag"]) for item in listed.json["items"]], [("unsupported", "1")])

    def test_schema_1(self):
        registry = self.start(StaticRegistry())
        body = json.dumps({"schemaVersion": 1, "name": "a", "tag": "1", "architecture": "amd64", "fsLayers": [{"blobSum": EMPTY_DIGEST}],
                           "history": [{"v1Compatibility": "{}"}], "signatures": [{"protected": "e30"}]}).encode()
        for content_type in ("application/vnd.docker.distribution.manifest.v1+prettyjws", "text/plain; charset=utf-8", "application/json"):
            with self.subTest(content_type=content_type):
                registry.put_manifest("a", "1", body, content_type)
                failure = self.failure(f"docker://{registry.address}/a:1")
                self.assertEqual(failure["code"], "unsupported")
                self.assertIn("schema 1", failure["message"])

    def test_headers_that_are_wrong(self):
        registry = self.start(StaticRegistry())
        image = images.Image([self.layer])
        for content_type in ("text/plain", "application/json", "", images.MANIFEST + "; charset=utf-8", DOCKER_MANIFEST):
            with self.subTest(content_type=content_type):
                registry.put_image("a", "1", image, content_type, **{"Docker-Content-Digest": "sha256:" + "0" * 64})
                report = self.scan_image(f"docker://{registry.address}/a:1")
                self.assertEqual((places(report), report["digest"]), (self.expected, image.digest))
        registry.put_image("a", "1", image, images.INDEX)
        self.assertIn("sent as an index", self.failure(f"docker://{registry.address}/a:1")["message"])
        registry.put_image("a", "1", changed(image, lambda document: document.update(manifests=[])), images.MANIFEST)
        self.assertIn("both manifests and layers", self.failure(f"docker://{registry.address}/a:1")["message"])


class Indexes(Shapes):
    def test_attestations_are_neither_images_nor_failures(self):
        image = self.image_for("linux", "amd64")
        attestation = images.Image([images.Layer(b"{}", images.sha256(b"{}"), "application/vnd.in-toto+json")], "unknown/unknown")
        note = {"annotations": {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": image.digest}}
        plain = images.Image([images.Layer(b"[]", images.sha256(b"[]"), "application/vnd.in-toto+json")], "unknown/unknown")
        index = index_of([member(image, **platform("linux", "amd64")), member(attestation, **note, **platform("linux", "amd64")),
                          member(plain, **platform("unknown", "unknown"))], (image, attestation, plain))
        document = self.scan_json(self.put("attested", index))
        self.assertEqual([report["digest"] for report in document["images"]], [image.digest])
        self.assertEqual(document["failures"], [])

    def test_nested_index(self):
        first, second = self.image_for("linux", "amd64"), self.image_for("linux", "arm64")
        inner = index_of([member(second, **platform("linux", "arm64"))], (second,))
        outer = index_of([member(first, **platform("linux", "amd64")), member(inner, images.INDEX)], (first, inner))
        document = self.scan_json(self.put("nested", outer))
        self.assertEqual({report["platform"]: report["digest"] for report in document["images"]},
                         {"linux/amd64": first.digest, "linux/arm64": second.digest})
        for report in document["images"]:
            self.assertEqual(places(report), self.expected)

    def test_index_too_deep(self):
        inner = self.image_for("linux", "amd64")
        entry = member(inner, **platform("linux", "amd64"))
        for _ in range(6):
            inner = index_of([entry], (inner,))
            entry = member(inner, images.INDEX)
        document = self.scan_json(self.put("deep", inner), code=3)
        self.assertIn("nested deeper", document["failures"][0]["message"])

    def test_choice_of_platform(self):
        both = {"linux/amd64": self.image_for("linux", "amd64"), "linux/arm64/v8": images.Image([self.layer], "linux/arm64/v8")}
        entries = [member(both["linux/amd64"], **platform("linux", "amd64")),
                   member(both["linux/arm64/v8"], platform={"os": "linux", "architecture": "arm64", "variant": "v8"})]
        reference = self.put("platforms", index_of(entries, tuple(both.values())))
        for asked, expected in ((["linux/amd64"], {"linux/amd64"}), (["linux/arm64"], {"linux/arm64/v8"}),
                                (["linux/aarch64"], {"linux/arm64/v8"}),
                                (["linux/x86_64", "linux/arm64/v8"], set(both)), ([], set(both))):
            with self.subTest(asked=asked):
                document = self.scan_json(reference, *(part for name in asked for part in ("--platform", name)))
                self.assertEqual({report["platform"]: report["digest"] for report in document["images"]},
                                 {name: both[name].digest for name in expected})
        failures = self.scan_json(reference, "--platform", "linux/s390x", code=3)["failures"]
        self.assertEqual([failure["code"] for failure in failures], ["not_found"])
        self.assertIn("linux/amd64, linux/arm64/v8", failures[0]["message"])

    def test_layers_shared_between_platforms_are_read_once(self):
        members = [self.image_for("linux", architecture) for architecture in ("amd64", "arm64", "s390x", "ppc64le")]
        index = index_of([member(image, **platform(*image.platform.split("/"))) for image in members], tuple(members))
        reference = self.put("shared", index)
        mark = self.registry.mark()
        document = self.scan_json(reference)
        self.assertEqual(len(document["images"]), 4)
        asked = [request.name for request in self.registry.requests_since(mark) if request.kind == "blobs"]
        self.assertEqual(asked.count(self.layer.digest), 1)
        self.assertEqual(sum(report["stats"]["layers_fetched"] for report in document["images"]), 1)


class NothingIsExtracted(Shapes):
    """CVE-2021-3762, CVE-2024-24579: names in a layer that lead out of it."""

    def tree(self, *without):
        """Everything below the test's folder: {path: (kind, content or target, mode, links)}."""
        found = {}
        for where, folders, files in os.walk(self.folder):
            folders[:] = [name for name in folders if os.path.join(where, name) not in without]
            for name in [*folders, *files]:
                path = os.path.join(where, name)
                status = os.lstat(path)
                content = ""
                if os.path.islink(path):
                    content = os.readlink(path)
                elif os.path.isfile(path):
                    with open(path, "rb") as file:
                        content = hashlib.sha256(file.read()).hexdigest()
                found[path] = (content, status.st_mode, status.st_nlink if os.path.isfile(path) else 0)
        return found

    def test_escapes_change_no_file_but_the_state(self):
        victim, state, work = self.make_folder("victim"), self.make_folder("state"), self.make_folder("work")
        target = os.path.join(victim, "target")
        with open(target, "wb") as file:
            file.write(b"untouched")
        evil = self.key + b"evil\n"
        files = {
            "../../../../.." + victim + "/dotdot.key": self.key,
            victim + "/absolute.key": self.key,
            "out": images.Link(victim),
            "out/through-symlink.key": self.key,
            "up": images.Link("../../../../../../../.." + victim),
            "up/relative.key": self.key,
            "hard": images.Link(target, hard=True),
            "hard2": images.Link("../../../../../.." + target, hard=True),
            "hard/": b"",
            "state": images.Link(state),
            "state/landwaiter.db": evil,
            KEY_PATH: self.key,
        }
        layer = images.layer(files)
        self.put("escapes", images.Image([layer, images.layer({"out/target": evil, "hard": evil})]))
        running = self.registry.folder
        self.landwaiter("--version", cwd=work)  # makes the program's own home and temporary folder
        before = self.tree(running, state)
        reference = f"docker://{self.registry.address}/shape/escapes:1"
        report = self.scan_image("--state", state, reference, cwd=work)
        self.assertEqual(self.tree(running, state), before)
        self.assertNotIn("evil", "".join(os.listdir(state)))
        # They were read all the same.
        found = {path.rsplit("/", 1)[-1] for _, path in places(report, "private-key")}
        self.assertLessEqual({"dotdot.key", "absolute.key", "through-symlink.key", "relative.key", "shape.key"}, found)
        for kind, path in places(report):
            self.assertFalse(path.startswith("/"), (kind, path))

    def test_the_test_sees_an_extraction(self):
        """The same layer through a tar that extracts, so that the test above can fail."""
        folder = self.make_folder("extracted")
        before = self.tree(self.registry.folder)
        self.tool("tar", "-x", "-C", folder, stdin=images.tar({"a/b": b"c"}))
        self.assertNotEqual(self.tree(self.registry.folder), before)


if __name__ == "__main__":
    del Shapes  # a base, and no test
    main()
