#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Small layers that ask for much memory: one worker stays within what it is promised, and the report says what was left out."""
import base64
import io
import json
import lzma
import os
import sqlite3
import struct
import tarfile

from support import images
from support.case import EndToEndCase, main, program, table
from support.process import Process, Watch

MIB = 1 << 20
# Promised for one worker; pages of the program itself are counted as well.
MEMORY_MAX = (64 + 48) * MIB
PAGE = 4096


def database_of_shared_pages(path, rows, value_bytes):
    """An NSS database with one row, whose b-tree leads to it so many times."""
    database = sqlite3.connect(path)
    database.execute(f"PRAGMA page_size={PAGE}")
    database.execute("CREATE TABLE nssPublic (a0,a3,a11)")
    database.execute("INSERT INTO nssPublic VALUES(?,?,?)", (b"\0\0\0\1", b"x", b"\x30" + bytes(value_bytes - 1)))
    database.commit()
    database.close()
    with open(path, "rb") as file:
        data = bytearray(file.read())

    def interior(child, count):
        page, cells, at = bytearray(PAGE), [], PAGE
        for i in range(count - 1):
            cell = struct.pack(">I", child) + bytes([0x81 + (i >> 7 & 0x3f), i & 0x7f])
            at -= len(cell)
            page[at:at + len(cell)] = cell
            cells.append(at)
        page[0] = 5
        page[3:12] = struct.pack(">HHBI", count - 1, at, 0, child)
        for i, cell in enumerate(cells):
            page[12 + 2 * i:14 + 2 * i] = struct.pack(">H", cell)
        return page

    on_a_page = 400
    data += data[PAGE:2 * PAGE]
    data += interior(len(data) // PAGE, on_a_page)
    data[PAGE:2 * PAGE] = interior(len(data) // PAGE, max(2, rows // on_a_page))
    data[28:32] = struct.pack(">I", len(data) // PAGE)
    return bytes(data)


def ssh_keys(first, count, comment_bytes):
    lines = []
    for number in range(first, first + count):
        body = struct.pack(">I", 11) + b"ssh-ed25519" + struct.pack(">I", 32) + number.to_bytes(32, "little")
        lines.append(b"ssh-ed25519 " + base64.b64encode(body) + b" " + b"c" * comment_bytes)
    return b"\n".join(lines)


def header_of_database(size_bytes):
    """What makes a detector gather an object of this size."""
    head = b"SQLite format 3\0" + struct.pack(">H", PAGE) + bytes(10) + struct.pack(">I", size_bytes // PAGE) + bytes(68)
    return head + b"CREATE TABLE nssPublic (a0)"


class HostileMemory(EndToEndCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rows = [["layer", "blob KiB", "peak MiB", "diagnostics"]]
        cls.addClassCleanup(lambda: table("memory of one worker", cls.rows))

    def scan_layer(self, name, layer, *options, **bounds):
        return self.scan_image(name, [layer], *options, **bounds)

    def scan_image(self, name, layers, *options, memory_max=MEMORY_MAX):
        """The report; memory is that of all processes together."""
        folder = self.make_folder("image")
        images.write_layout(folder, {"x": images.Image(layers)})
        scan = Process("scan", [program("LANDWAITER"), "scan", "--workers", "1", "--no-state", "--format", "json", *options,
                                f"oci:{folder}:x"], self.make_folder("run"))
        self.start(scan)
        watch = Watch(scan, every_s=0.005)
        watch.join()
        self.assertIn(scan.wait(), (0, 3), scan.tail())  # 3: not searched to its end, which is what most of these are about
        report = json.loads(scan.out())["images"][0]
        self.rows.append([name, sum(layer.size for layer in layers) // 1024, watch.memory_max_bytes // MIB, len(report["diagnostics"])])
        self.assertGreater(watch.memory_max_bytes, MIB, "memory was not measured")
        self.assertLess(watch.memory_max_bytes, memory_max)
        return report

    def assert_said(self, report, text="--memory"):
        self.assertTrue(any(text in diagnostic["message"] for diagnostic in report["diagnostics"]), report["diagnostics"][:5])

    def test_rows_that_share_pages(self):
        data = database_of_shared_pages(os.path.join(self.make_folder("nss"), "cert9.db"), 3200, 900_000)
        self.scan_layer("shared pages", images.layer({"nss/cert9.db": data}))

    def test_findings_with_large_attributes(self):
        files = {f"keys/{i}": ssh_keys(i * 1000, 1000, 4000) for i in range(30)}
        report = self.scan_layer("attributes", images.layer(files))
        self.assertGreater(len(report["findings"]), 1000)
        self.assertLess(len(report["findings"]), 30_000)
        self.assert_said(report)

    def test_layers_that_are_too_much_together(self):
        layers = []
        for number in range(4):
            files = {f"keys/{number}-{i}": ssh_keys((100 * number + i) * 1000, 1000, 4000) for i in range(12)}
            layers.append(images.layer(files))
        report = self.scan_image("four layers", layers)
        self.assertGreater(len(report["findings"]), 1000)
        self.assert_said(report, "image's report needs too much memory")

    def test_copies_of_one_finding(self):
        one = ssh_keys(7, 1, 20) + b"\n"
        report = self.scan_layer("copies", images.layer({"many": one * 20_001, "other": ssh_keys(8, 1, 20)}))
        keys = [finding for finding in report["findings"] if finding["type"] == "public-key"]
        self.assertEqual(len(keys), 2)

    def test_dictionaries_in_dictionaries(self):
        nested = b"key"
        filters = [{"id": lzma.FILTER_LZMA2, "preset": 1, "dict_size": 32 * MIB}]
        for _ in range(8):
            nested = lzma.compress(images.tar({"zeros": bytes(33 * MIB), "nested.tar.xz": nested}), filters=filters)
        report = self.scan_layer("dictionaries", images.layer({"nested.tar.xz": nested}))
        self.assert_said(report)

    def test_window_of_the_layer(self):
        data = images.tar({"zeros": bytes(140 * MIB), "key": ssh_keys(9, 1, 20)})
        for log, options, read in ((27, (), False), (25, (), True), (27, ("--memory", "200M"), True)):
            packed = self.tool("zstd", "-c", "-3", f"--long={log}", "--zstd=wlog=" + str(log), stdin=data)
            layer = images.Layer(packed, images.sha256(data), "application/vnd.oci.image.layer.v1.tar+zstd")
            report = self.scan_layer(f"window 2^{log} {' '.join(options)}", layer, *options,
                                     memory_max=MEMORY_MAX + (152 * MIB if options else 0))
            self.assertEqual(read, bool(report["findings"]))
            if not read:
                self.assert_said(report)

    def test_gathered_objects(self):
        nested = b""
        for level in range(8):
            nested = images.tar({f"{level}.db": header_of_database(8 * MIB) + bytes(MIB), "nested.tar": nested})
        self.scan_layer("objects", images.layer({"nested.tar": nested, "one.db": header_of_database(8 * MIB) + bytes(8 * MIB)}))

    def test_map_of_a_sparse_file(self):
        """A header of many holes becomes a list that is many times as large."""
        lines = b"".join(b"%d\n1\n" % (2 * i) for i in range(400_000))
        content = b"400000\n" + lines
        info = tarfile.TarInfo("sparse")
        info.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "sparse", "GNU.sparse.realsize": "900000"}
        info.size = len(content)
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
            archive.addfile(info, io.BytesIO(content))
        self.scan_layer("sparse map", images.layer_of_tar(out.getvalue()))


if __name__ == "__main__":
    main()
