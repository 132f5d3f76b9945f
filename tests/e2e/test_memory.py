#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Layers of 4 GiB: memory stays bounded, nothing is written but the state folder, and the key near the end is found."""
import hashlib
import json
import os
import shutil
import subprocess
import zlib

from support import images
from support.case import EndToEndCase, main, places, program, table
from support.pki import Pki
from support.process import Failure, Process, Watch

GIB = 1 << 30
FILE_BYTES = 4 * GIB
MEMORY_MAX = (64 + 48 * len(os.sched_getaffinity(0))) << 20  # of all processes together
STATE_MAX = 5 * 1000 * 1000
CHUNK = 1 << 20
KEY_BEFORE_END = 5000


def zeros(count):
    chunk = bytes(CHUNK)
    while count > 0:
        yield chunk[:count]
        count -= len(chunk)


class BigLayer(EndToEndCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        free = shutil.disk_usage(cls.folder).free
        if free < 6 * GIB:
            raise Failure(f"{cls.folder} has {free // 2**20} MiB free; 6 GiB are needed")
        cls.registry = cls.start_registry()
        pki = Pki(cls.folder)
        cls.inside, cls.after = pki.key(), pki.key()
        cls.ids = {("private-key", "var/big.bin"): pki.key_id(cls.inside), ("private-key", "zz/after.key"): pki.key_id(cls.after)}
        cls.rows = [["layer", "blob MiB", "seconds", "peak memory MiB", "state KiB", "written to disk KiB"]]
        cls.addClassCleanup(lambda: table("layers of 4 GiB", cls.rows))

    def tar_chunks(self, content):
        """A tar with a file of FILE_BYTES that holds a key near its end, and a small file with another."""
        first = images.tar({"var/big.bin": b""})[:512]
        size = b"%011o\0" % FILE_BYTES
        block = bytearray(first)
        block[124:136] = size
        block[148:156] = b" " * 8
        block[148:156] = b"%06o\0 " % sum(block)
        yield bytes(block)
        at, key_at = 0, FILE_BYTES - KEY_BEFORE_END
        for chunk in content:
            start, end = max(key_at - at, 0), min(key_at + len(self.inside) - at, len(chunk))
            if start < end:
                offset = at + start - key_at
                chunk = chunk[:start] + self.inside[offset:offset + end - start] + chunk[end:]
            at += len(chunk)
            yield chunk
        if at != FILE_BYTES:
            raise Failure(f"{at} bytes were made, not {FILE_BYTES}")
        yield images.tar({"zz/after.key": self.after})

    def compressed_by_igzip(self, chunks, file):
        """Many times as fast as Python's zlib, and one gzip member all the same."""
        diff = hashlib.sha256()
        with subprocess.Popen(["igzip", "-1", "-c"], stdin=subprocess.PIPE, stdout=file) as tool:
            for chunk in chunks:
                diff.update(chunk)
                tool.stdin.write(chunk)
            tool.stdin.close()
        if tool.returncode != 0:
            raise Failure("igzip failed")
        return diff.hexdigest()

    def stored_by_gzip(self, chunks, file):
        """What any gzip makes of incompressible data: stored blocks."""
        diff = hashlib.sha256()
        packer = zlib.compressobj(0, zlib.DEFLATED, 31)
        for chunk in chunks:
            diff.update(chunk)
            file.write(packer.compress(chunk))
        file.write(packer.flush())
        return diff.hexdigest()

    def publish(self, name, pack, chunks):
        """Puts the layer into the registry without a second copy on disk."""
        path = os.path.join(self.folder, "layer.blob")
        with open(path, "wb", buffering=CHUNK) as file:
            diff = pack(chunks, file)
        with open(path, "rb") as file:
            digest = "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()
        size = os.path.getsize(path)
        self.registry.adopt_blob("big/" + name, digest, path)
        layer = images.Layer(b"", "sha256:" + diff, digest=digest, size=size)
        self.addCleanup(lambda: os.remove(self.registry.blob_file(digest)))
        self.registry.place(images.Image([layer]), "big/" + name, "1")
        return layer

    def scan_watched(self, name, layer, key_at):
        """Scans in folders of its own, and checks memory, files and findings."""
        folder = self.make_folder("run")
        cwd, state = os.path.join(folder, "cwd"), os.path.join(folder, "state")
        os.makedirs(cwd)
        scan = Process("scan", [program("LANDWAITER"), "scan", "--format", "json", "--state", state,
                                f"docker://{self.registry.address}/big/{name}:1"], folder, cwd=cwd)
        self.start(scan)
        watch = Watch(scan)
        begin = os.times().elapsed
        watch.join()
        self.assertEqual(scan.wait(), 0, scan.tail())
        seconds = os.times().elapsed - begin
        report = json.loads(scan.out())["images"][0]
        self.assertEqual(places(report), self.ids)
        offsets = {o["path"]: o["offset"] for f in report["findings"] for o in f["occurrences"]}
        self.assertEqual(offsets, {"var/big.bin": key_at, "zz/after.key": 0})
        self.assertEqual(report["diagnostics"], [])
        state_bytes = sum(entry.stat().st_size for entry in os.scandir(state))
        self.rows.append([name, f"{layer.size / 2**20:.1f}", f"{seconds:.1f}",
                          f"{watch.memory_max_bytes / 2**20:.0f}", state_bytes // 1024, watch.storage_bytes // 1024])
        self.assertLess(watch.memory_max_bytes, MEMORY_MAX)
        self.assertGreater(watch.memory_max_bytes, 1_000_000, "memory was not measured")
        self.assertLess(state_bytes, STATE_MAX)
        self.check_files(folder, cwd, state, watch)

    def check_files(self, folder, cwd, state, watch):
        own = {os.path.join(folder, name) for name in ("scan.out", "scan.err")}
        elsewhere = [path for path in watch.written_files if not path.startswith(state + "/") and path not in own]
        self.assertEqual(elsewhere, [])
        for part in (cwd, os.path.join(folder, "home"), os.path.join(folder, "tmp")):
            self.assertEqual([names for _, _, names in os.walk(part) if names], [], part)
        self.assertLess(watch.storage_bytes, 3 * STATE_MAX)

    def test_compressible(self):
        layer = self.publish("zeros", self.compressed_by_igzip, self.tar_chunks(zeros(FILE_BYTES)))
        self.scan_watched("zeros", layer, FILE_BYTES - KEY_BEFORE_END)

    def test_incompressible(self):
        cipher = ["openssl", "enc", "-aes-128-ctr", "-K", "00" * 16, "-iv", "11" * 16]
        with subprocess.Popen(["head", "-c", str(FILE_BYTES), "/dev/zero"], stdout=subprocess.PIPE) as head:
            with subprocess.Popen(cipher, stdin=head.stdout, stdout=subprocess.PIPE) as tool:
                chunks = iter(lambda: tool.stdout.read(CHUNK), b"")
                layer = self.publish("random", self.stored_by_gzip, self.tar_chunks(chunks))
        self.assertGreater(layer.size, FILE_BYTES)
        self.scan_watched("random", layer, FILE_BYTES - KEY_BEFORE_END)

    def test_sparse(self):
        """A file of holes, as GNU tar stores it: 4 GiB that are not even in the tar."""
        folder = self.make_folder("sparse")
        os.makedirs(os.path.join(folder, "var"))
        os.makedirs(os.path.join(folder, "zz"))
        with open(os.path.join(folder, "var/big.bin"), "wb") as file:
            file.seek(FILE_BYTES - KEY_BEFORE_END)
            file.write(self.inside)
            file.truncate(FILE_BYTES)
        with open(os.path.join(folder, "zz/after.key"), "wb") as file:
            file.write(self.after)
        data = self.tool("tar", "--format=pax", "--sparse", "--owner=0", "--group=0", "-C", folder, "-c", "var/big.bin", "zz/after.key")
        self.assertLess(len(data), 100_000)
        layer = images.layer_of_tar(data)
        self.registry.push(images.Image([layer]), "big/sparse", "1")
        self.scan_watched("sparse", layer, FILE_BYTES - KEY_BEFORE_END)


if __name__ == "__main__":
    main()
