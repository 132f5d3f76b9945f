#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every kind of cryptographic material in every encoding, made by independent programs, is found wherever it lies: as a file, in a
tar.gz, in a WAR in a tar, under a wrong name, behind a MiB of other bytes, and across the borders of the pieces that are read."""
import collections
import gzip
import hashlib
import io
import random
import tarfile
import zipfile

import material
from material import jose, keys, keystores, libraries, pgp, programs, vectors, x509
from support import images
from support.case import EndToEndCase, main, table

SOURCES = (x509, keys, programs, keystores, pgp, jose, libraries, vectors)
MIB = 1 << 20
# Where windows end: what is matched at once, and with what is shown around it.
BORDERS = (MIB, MIB + (128 << 10), MIB + (132 << 10))


def noise(joins, size):
    """Bytes that hold nothing; for text formats, lines."""
    source = random.Random(size)
    if joins == "text":
        line = b"the quick brown fox jumps over the lazy dog, %06d times\n"
        text = b"".join(line % source.randrange(10**6) for _ in range(size // 50 + 1))
        return text[:size - 1] + b"\n"
    block = source.randbytes(1 << 14)
    return (block * (size // len(block) + 1))[:size]


def behind(item, size):
    return b"" if item.joins == "end" else noise(item.joins, size)


def zip_of(name, data):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name, (2024, 2, 29, 12, 0, 0)), data)
    return out.getvalue()


class Layer:
    """A gzip layer that is written, and hashed, as it grows."""

    def __init__(self):
        self.out = io.BytesIO()
        self.hash = hashlib.sha256()
        self.compressed = gzip.GzipFile(fileobj=self.out, mode="wb", compresslevel=1, mtime=0)
        self.archive = tarfile.open(fileobj=self, mode="w|", format=tarfile.PAX_FORMAT)

    def write(self, data):
        self.hash.update(data)
        return self.compressed.write(data)

    def add(self, path, data):
        info = tarfile.TarInfo(path)
        info.size = len(data)
        self.archive.addfile(info, io.BytesIO(data))

    def finish(self):
        self.archive.close()
        self.compressed.close()
        return images.Layer(self.out.getvalue(), "sha256:" + self.hash.hexdigest())


def placements(number, item):
    """(column, path, bytes) of each place where the material is put."""
    base = f"{number:04d}"
    yield "plain", f"{base}/{item.name}", item.data
    yield "in tar.gz", f"{base}/a.tar.gz", gzip.compress(images.tar({f"in/{item.name}": item.data}), compresslevel=1, mtime=0)
    yield "in WAR in tar", f"{base}/a.tar", images.tar({"app.war": zip_of(f"WEB-INF/{item.name}", item.data)})
    if item.joins == "nothing":
        return
    yield "wrong name", f"{base}/readme.md", item.data
    yield "behind 1 MiB", f"{base}/blob.bin", noise(item.joins, MIB + 17) + item.data + behind(item, 1000)
    if item.kind.startswith(("vectors", "testdata")):
        return
    for border in BORDERS:
        before = border - len(item.data) // 2
        yield "across borders", f"{base}/cut-{border}.bin", noise(item.joins, before) + item.data + behind(item, 300_000)


class EveryMaterial(EndToEndCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        shop = material.Workshop(cls.folder)
        cls.items = [item for source in SOURCES for item in source.make(shop)]
        layers, cls.columns = {False: Layer(), True: Layer()}, {}
        for number, item in enumerate(cls.items):
            for column, path, data in placements(number, item):
                layers[item.guessed].add(path, data)
                cls.columns[path] = (number, column)
        image = images.Image([layer.finish() for layer in layers.values()])
        cls.layout = images.write_layout(cls.make_folder("layout"), {"v1": image})
        cls.report = cls.scan_image(f"oci:{cls.layout}:v1", timeout_s=600)

    def findings_by_path(self):
        found = collections.defaultdict(list)
        for finding in self.report["findings"]:
            for path in {occurrence["path"] for occurrence in finding["occurrences"]}:
                found[path].append(finding)
        return found

    def test_everything_is_found_everywhere(self):
        by_path = self.findings_by_path()
        counts, misses = collections.defaultdict(lambda: [0, 0]), []
        for path, (number, column) in self.columns.items():
            item = self.items[number]
            for expected in item.expected:
                count = counts[item.kind, item.encoding, column]
                count[1] += 1
                if any(expected.met_by(finding) for finding in by_path[path]):
                    count[0] += 1
                else:
                    got = [(finding["type"], finding["title"]) for finding in by_path[path]]
                    misses.append(f"{item.kind}, {item.encoding}, {column}: no {expected.type} at {path}; there is {got}")
        self.print_table(counts)
        self.assertGreater(len(self.items), 400)
        self.assertEqual([], misses[:60], f"{len(misses)} of {len(self.columns)} places")

    def print_table(self, counts):
        names = ["plain", "in tar.gz", "in WAR in tar", "wrong name", "behind 1 MiB", "across borders"]
        rows = [["kind", "encoding", *names]]
        for kind, encoding in dict.fromkeys((item.kind, item.encoding) for item in self.items):
            cells = [counts.get((kind, encoding, name)) for name in names]
            rows.append([kind, encoding, *("-" if not cell else f"{cell[0]}/{cell[1]}" for cell in cells)])
        total = [sum(count[i] for count in counts.values()) for i in (0, 1)]
        rows.append(["all", "", f"{total[0]}/{total[1]}"])
        table("found / expected", rows)

    def test_nothing_secret_is_said(self):
        out = self.landwaiter("scan", "--format", "json", "--no-state", f"oci:{self.layout}:v1", timeout_s=600).out.encode()
        leaked = [(item.kind, item.encoding) for item in self.items for secret in item.secrets if secret in out]
        self.assertEqual([], leaked)
        self.assertNotIn(material.PASSWORD.encode(), out)
        self.assertGreater(sum(len(item.secrets) for item in self.items), 50)


if __name__ == "__main__":
    main()
