#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One large layer over a line that breaks hundreds of times: it is read to its end, proven, and hardly a byte twice."""
import hashlib
import io
import os
import tarfile
import time

from support import images, pki
from support.case import EndToEndCase, main, places, table
from support.cutting_proxy import CuttingProxy

MIB = 1 << 20
BLOB_BYTES = 400 * MIB
CUTS = 200
DISTANCES = (int(1.5 * MIB), 2 * MIB)  # a break after less than 1 MiB of progress counts as no progress


class RandomLayer:
    """A plain tar: random bytes, and a key as its last file. Written to a file, hashed on the way."""

    def __init__(self, path, key):
        digest = hashlib.sha256()
        size = 0
        with open(path, "wb") as out:

            def put(data):
                nonlocal size
                out.write(data)
                digest.update(data)
                size += len(data)

            noise = tarfile.TarInfo("data/noise.bin")
            noise.size = BLOB_BYTES
            put(noise.tobuf(tarfile.PAX_FORMAT))
            for _ in range(BLOB_BYTES // MIB):
                put(os.urandom(MIB))
            tail = io.BytesIO()
            with tarfile.open(fileobj=tail, mode="w", format=tarfile.PAX_FORMAT) as archive:
                last = tarfile.TarInfo("zz/last.key")
                last.size = len(key)
                archive.addfile(last, io.BytesIO(key))
            put(tail.getvalue())
        self.size = size
        self.digest = "sha256:" + digest.hexdigest()


class Resume(EndToEndCase):
    def test_two_hundred_cuts(self):
        make = pki.Pki(self.folder)
        key = make.key()
        registry = self.start_registry(fast=True)
        path = os.path.join(registry.folder, "blob")
        layer = RandomLayer(path, key)
        registry.adopt_blob("big/app", layer.digest, path)
        registry.place(images.Image([images.Layer(b"", layer.digest, images.LAYER_TAR, layer.digest, layer.size)]), "big/app", "1")
        proxy = self.start(CuttingProxy(registry.port, DISTANCES, CUTS, seed=20240229))
        begin = time.monotonic()
        try:
            image = self.scan_image(f"docker://{proxy.address}/big/app:1", timeout_s=100)
        except AssertionError as failure:
            self.fail(f"after {proxy.cuts} cuts and {proxy.bytes_from_registry / MIB:.0f} MiB: {failure}")
        seconds = time.monotonic() - begin
        # All of it passes a straight line once, for comparison.
        begin = time.monotonic()
        straight = self.scan_image(f"docker://{registry.address}/big/app:1")
        straight_seconds = time.monotonic() - begin
        table("A layer over a line that breaks", [
            ["layer", f"{layer.size / MIB:.0f} MiB"], ["cuts", proxy.cuts], ["of them resets", proxy.resets],
            ["connections", proxy.connections], ["read from the registry", f"{proxy.bytes_from_registry / layer.size:.3f} of the layer"],
            ["seconds", f"{seconds:.1f}"], ["seconds over a straight line", f"{straight_seconds:.1f}"]])
        expected = {("private-key", "zz/last.key"): make.key_id(key)}
        self.assertEqual(places(image), expected)
        self.assertEqual(places(straight), expected)
        self.assertEqual(image["layers"], [layer.digest])
        self.assertEqual(image["diagnostics"], [])
        self.assertEqual(proxy.cuts, CUTS)
        self.assertGreater(min(proxy.resets, proxy.cuts - proxy.resets), CUTS // 4)
        self.assertGreaterEqual(proxy.bytes_from_registry, layer.size)
        self.assertLess(proxy.bytes_from_registry, 1.10 * layer.size)


if __name__ == "__main__":
    main()
