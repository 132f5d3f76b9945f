#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Damaged and hostile images: each bad thing leaves a diagnostic, and what comes after it is found all the same."""
import gzip
import io
import os
import random
import struct
import tarfile
import time
import zipfile
import zlib

from support import images
from support.case import EndToEndCase, main, places, table
from support.pki import Pki, pem_body, to_pem
from support.quine import gzip_quine, zip_quine
from support.registry import Pusher

AFTER = "zz/after.key"


def zip_of(files, method=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2024, 2, 29, 12, 0, 0)), content, compress_type=method)
    return out.getvalue()


def header(name, size_field, typeflag=b"0"):
    """A tar header with the size field as given (12 bytes), and a right checksum."""
    block = bytearray(512)
    block[0:len(name)] = name.encode()
    block[100:108] = b"0000644\0"
    block[108:116] = block[116:124] = b"0000000\0"
    block[124:136] = size_field
    block[136:148] = b"00000000000\0"
    block[148:156] = b" " * 8
    block[156:157] = typeflag
    block[257:265] = b"ustar\x0000"
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def padded(data):
    return data + bytes(-len(data) % 512)


class BadInput(EndToEndCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.registry = cls.start_registry()
        cls.pki = Pki(cls.folder)
        cls.key = cls.pki.key()
        cls.key_id = cls.pki.key_id(cls.key)
        cls.other = cls.pki.key()
        cls.other_id = cls.pki.key_id(cls.other)
        cls.good = images.layer({"next/layer.key": cls.other})
        cls.pusher = Pusher(cls.registry)
        cls.addClassCleanup(cls.pusher.__exit__)
        cls.rows = [["input", "diagnostics", "seconds"]]
        cls.addClassCleanup(lambda: table("bad input", cls.rows))

    def scan_layers(self, name, *layers, code=None):
        """The report of an image of these layers; `name` for the table."""
        image = images.Image(list(layers))
        self.pusher.push(image, "bad/" + name.replace(" ", "-").lower(), "1")
        begin = time.monotonic()
        document = self.scan_json(f"docker://{self.registry.address}/bad/{name.replace(' ', '-').lower()}:1", code=code)
        report = document["images"][0] if document["images"] else None
        self.rows.append([name, len(report["diagnostics"]) if report else "the image failed", f"{time.monotonic() - begin:.2f}"])
        return document if code else report

    def check(self, name, layer, keys, diagnosed=None, code=None, silent=False):
        """Scans `layer` with a good one above it. `keys` are places of self.key that must be found, `diagnosed` the path that has a
        diagnostic; `silent` is for what is strange and yet harms nothing."""
        report = self.scan_layers(name, layer, self.good)
        found = places(report, "private-key")
        self.assertEqual(found.get(("private-key", "next/layer.key")), self.other_id, "the next layer was not scanned")
        for place in keys:
            place = (place,) if isinstance(place, str) else place
            self.assertEqual(found.get(("private-key", *place)), self.key_id, (place, found, report["diagnostics"][:5]))
        self.assertTrue(silent or report["diagnostics"], "nothing was said about it")
        for diagnostic in report["diagnostics"]:
            self.assertEqual(diagnostic["layer"], layer.digest)
            self.assertTrue(diagnostic["message"])
        if diagnosed is not None:
            self.assertIn(diagnosed, {diagnostic["path"] for diagnostic in report["diagnostics"]}, report["diagnostics"])
        if code is not None:
            self.assertIn(code, {diagnostic["code"] for diagnostic in report["diagnostics"]}, report["diagnostics"])
        return report


class Layers(BadInput):
    """What is wrong with a whole blob."""

    def test_truncated_gzip(self):
        data = images.tar({"aa/before.key": self.key, "mm/filler": random.Random(1).randbytes(300_000)})
        blob = gzip.compress(data, mtime=0)
        for share in (0.3, 0.9, 0.9999):
            cut = blob[:int(len(blob) * share)]
            self.check(f"truncated gzip {share}", images.Layer(cut, images.sha256(data)), ["aa/before.key"])

    def test_truncated_tar(self):
        data = images.tar({"aa/before.key": self.key, "mm/filler": random.Random(1).randbytes(300_000)})
        layer = images.layer_of_tar(data[:200_000])
        self.check("truncated tar", layer, ["aa/before.key"])

    def test_gzip_with_a_wrong_checksum(self):
        data = images.tar({"aa/before.key": self.key})
        blob = bytearray(gzip.compress(data, mtime=0))
        blob[-6] ^= 0xFF
        self.check("gzip checksum", images.Layer(bytes(blob), images.sha256(data)), ["aa/before.key"])

    def test_gzip_with_rubbish_behind(self):
        data = images.tar({"aa/before.key": self.key})
        self.check("rubbish behind gzip", images.Layer(gzip.compress(data, mtime=0) + b"\xde\xad\xbe\xef" * 100, images.sha256(data)),
                   ["aa/before.key"])

    def test_no_tar_at_all(self):
        for name, blob in (("random bytes", random.Random(2).randbytes(50_000)),
                           ("gzip of text", gzip.compress(b"hello " * 5000, mtime=0))):
            self.check(name, images.Layer(blob, images.sha256(blob)), [])

    def test_empty_layers_are_nothing_special(self):
        empty = images.layer({})
        report = self.scan_layers("empty tar", empty, self.good)
        self.assertEqual((places(report), report["diagnostics"]), ({("private-key", "next/layer.key"): self.other_id}, []))

    def test_corrupted_blob_fails_the_image(self):
        state = self.make_folder("state")
        layer = images.layer({"aa/before.key": self.key, "mm/filler": random.Random(3).randbytes(500_000)})
        image = images.Image([self.good, layer])
        self.registry.push(image, "bad/corrupt", "1")
        path = self.registry.blob_file(layer.digest)
        with open(path, "r+b") as file:
            file.seek(400_000)
            file.write(b"somebody changed this")
        reference = f"docker://{self.registry.address}/bad/corrupt:1"
        document = self.scan_json("--state", state, reference, code=3)
        self.assertEqual(document["images"], [])
        failures = document.get("failures") or document.get("errors")
        self.assertEqual([failure["code"] for failure in failures], ["digest_mismatch"])
        self.assertIn(layer.digest[:19], failures[0]["message"])
        # Nothing of it was remembered, what was good was; once the blob is whole again, all is there.
        with open(path, "wb") as file:
            file.write(layer.blob)
        mark = self.registry.mark()
        report = self.scan_image("--state", state, reference)
        self.assertEqual(places(report), {("private-key", "aa/before.key"): self.key_id, ("private-key", "next/layer.key"): self.other_id})
        fetched = [request.name for request in self.registry.requests_since(mark) if request.kind == "blobs"]
        self.assertNotIn(self.good.digest, fetched)

    def test_blob_of_the_wrong_size(self):
        for name, change in (("longer", lambda blob: blob + b"\0" * 100), ("shorter", lambda blob: blob[:-100])):
            layer = images.layer({"aa/before.key": self.key, "filler": random.Random(name).randbytes(20_000)})
            self.registry.push(images.Image([layer]), "bad/" + name, "1")
            with open(self.registry.blob_file(layer.digest), "wb") as file:
                file.write(change(layer.blob))
            document = self.scan_json(f"docker://{self.registry.address}/bad/{name}:1", code=3)
            self.assertEqual(document["images"], [], name)

    def test_manifest_that_claims_a_huge_layer(self):
        layer = images.layer({"aa/before.key": self.key})
        lying = images.Layer(b"", layer.diff_id, digest=layer.digest, size=2**62)
        self.registry.place(images.Image([layer]), "bad/huge", "right")
        self.registry.place(images.Image([lying]), "bad/huge", "1")
        document = self.scan_json(f"docker://{self.registry.address}/bad/huge:1", code=3)
        self.assertEqual(document["images"], [])


class Tars(BadInput):
    """Entries of a tar that promise what cannot be."""

    def tar_layer(self, middle, level=6):
        data = padded(header("aa/before.key", b"%011o\0" % len(self.key)) + self.key) + middle
        data += padded(header(AFTER, b"%011o\0" % len(self.key)) + self.key) + bytes(1024)
        return images.layer_of_tar(data, level)

    def test_absurd_sizes(self):
        absurd = {
            "8 EiB": b"\x80\0\0\0" + struct.pack(">Q", 2**63 - 1),
            "2 to the 88": b"\x80" + b"\xff" * 11,
            "negative": b"\xff" * 12,
            "octal 8 GiB": b"777777777777",
        }
        for name, field in absurd.items():
            with self.subTest(name):
                # What follows lies inside the promised file, so it is searched as its content.
                self.check("tar size " + name, self.tar_layer(header("mm/absurd", field)), ["aa/before.key"])

    def test_size_that_is_no_number(self):
        # All readers take it for none.
        self.check("tar size of letters", self.tar_layer(header("mm/absurd", b"not a number")), ["aa/before.key", AFTER], silent=True)

    def test_wrong_checksum(self):
        block = bytearray(header("mm/absurd", b"%011o\0" % 0))
        block[148:156] = b"0000001\0"
        self.check("tar checksum", self.tar_layer(bytes(block)), ["aa/before.key"])

    def test_pax_header_with_absurd_values(self):
        def pax(records):
            body = b""
            for key, value in records:
                record = b" " + key + b"=" + value + b"\n"
                length = len(record) + 1
                while len(b"%d" % length) + len(record) != length:
                    length += 1
                body += b"%d" % length + record
            return padded(header("pax", b"%011o\0" % len(body), b"x") + body)

        small = header("mm/small", b"%011o\0" % 0)
        cases = {
            "pax size": [(b"size", b"9" * 40)],
            "pax negative size": [(b"size", b"-1")],
            "pax sparse": [(b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"),
                           (b"GNU.sparse.realsize", b"9223372036854775807"), (b"GNU.sparse.name", b"mm/sparse")],
        }
        for name, records in cases.items():
            with self.subTest(name):
                self.check(name, self.tar_layer(pax(records) + small), ["aa/before.key"])

    def test_very_long_name(self):
        body = b"d/" * 500_000 + b"name"
        longlink = padded(header("././@LongLink", b"%011o\0" % (len(body) + 1), b"L") + body + b"\0")
        self.check("tar name of 1 MB", self.tar_layer(longlink + header("cut", b"%011o\0" % 0)), ["aa/before.key"])

    def test_names_that_lead_out(self):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as archive:
            for name in ("../../../../tmp/landwaiter-escape.key", "/abs/olute.key", "a/../../b.key", AFTER):
                info = tarfile.TarInfo(name)
                info.size = len(self.key)
                archive.addfile(info, io.BytesIO(self.key))
        report = self.check("names that lead out", images.layer_of_tar(out.getvalue()), [AFTER, "abs/olute.key"])
        self.assertFalse(os.path.exists("/tmp/landwaiter-escape.key"))
        paths = [path for kind, path in places(report) if kind == "private-key"]
        self.assertEqual(len(paths), 5)
        self.assertFalse([path for path in paths if path.startswith("/")])

    def test_sparse_file_of_8_eib(self):
        # GNU sparse (type S): one byte of data at an offset that makes the file as large as can be.
        block = bytearray(header("mm/sparse", b"%011o\0" % 512, b"S"))
        block[257:265] = b"ustar  \0"
        block[386:398] = b"\x80\0\0\0" + struct.pack(">Q", 2**62)
        block[398:410] = b"%011o\0" % 512
        block[483:495] = b"\x80\0\0\0" + struct.pack(">Q", 2**62 + 512)
        block[148:156] = b" " * 8
        block[148:156] = b"%06o\0 " % sum(block)
        # Holes are not read, so it may be as large as it likes; reading them would take longer than any test may.
        self.check("sparse file of 4 EiB", self.tar_layer(bytes(block) + b"x" * 512), ["aa/before.key", AFTER], silent=True)


class Archives(BadInput):
    """Archives inside a layer that never end, or seem to."""

    def check_archive(self, name, files, diagnosed, keys=(AFTER,), code=None):
        """An endless descent is ended by the limit on the command's time."""
        return self.check(name, images.layer({"aa/before.key": self.key, **files, AFTER: self.key}),
                          ["aa/before.key", *keys], diagnosed, code)

    def test_gzip_quine(self):
        self.check_archive("gzip quine", {"mm/q.gz": gzip_quine()}, "mm/q.gz", code="limit_exceeded")

    def test_zip_quine(self):
        self.check_archive("zip quine", {"mm/q.zip": zip_quine()}, "mm/q.zip", code="limit_exceeded")

    def test_deep_nesting(self):
        for name, wrap in (("gzip", lambda inner, _: gzip.compress(inner, mtime=0)),
                           ("zip", lambda inner, level: zip_of({f"l{level}.zip": inner})),
                           ("tar", lambda inner, level: images.tar({f"l{level}.tar": inner}))):
            inner = self.key if name != "tar" else images.tar({"deep.key": self.key})
            if name == "zip":
                inner = zip_of({"deep.key": self.key})
            for level in range(40):
                inner = wrap(inner, level)
            self.check_archive(f"{name} 40 deep", {"mm/deep." + name: inner}, "mm/deep." + name, code="limit_exceeded")

    def test_zip_of_zips_42(self):
        """After 42.zip: 16 zips in each zip, five levels, at the bottom 128 MiB of zeros: 134 TB in all, from a few KB."""
        zeros = zlib.compressobj(9, zlib.DEFLATED, -15)
        body = b"".join([*(zeros.compress(bytes(1 << 20)) for _ in range(128)), zeros.flush()])
        checksum = 0
        for _ in range(128):
            checksum = zlib.crc32(bytes(1 << 20), checksum)
        bottom = self.raw_zip("0.dll", body, checksum, 128 << 20)
        bomb = bottom
        for level in range(5):
            bomb = zip_of({f"lib {level}-{number}.zip": bomb for number in range(16)})
        self.check_archive("42-type zip", {"mm/42.zip": bomb}, "mm/42.zip", code="limit_exceeded")

    @staticmethod
    def raw_zip(name, body, checksum, size):
        fields = struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 0x21, checksum, len(body), size, len(name), 0)
        local = b"PK\x03\x04" + fields + name.encode()
        central = b"PK\x01\x02" + struct.pack("<H", 20) + fields + struct.pack("<HHHII", 0, 0, 0, 0, 0) + name.encode()
        return local + body + central + b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(local) + len(body), 0)

    def test_bombs_of_one_file(self):
        block = bytes(1 << 20)
        out = io.BytesIO()
        with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=6, mtime=0) as file:
            for _ in range(512):
                file.write(block)
        bomb = {"gzip of 512 MiB of zeros": ("mm/bomb.gz", out.getvalue())}
        for tool, suffix in (("bzip2", "bz2"), ("xz", "xz"), ("zstd", "zst")):
            path = os.path.join(self.folder, "zeros")
            with open(path, "wb") as file:
                file.truncate(512 << 20)
            bomb[f"{tool} of 512 MiB of zeros"] = (f"mm/bomb.{suffix}", self.tool(tool, "-1" if tool == "xz" else "-3", "-c", path))
        for name, (path, data) in bomb.items():
            with self.subTest(name):
                self.check_archive(name, {path: data}, path, code="limit_exceeded")

    def test_damaged_archives(self):
        whole = zip_of({"a.key": self.other, "b.txt": random.Random(4).randbytes(5000), "c.key": self.other})
        huge = whole.replace(struct.pack("<I", 5000), struct.pack("<I", 0xFFFFFFFE))
        bad = {
            "truncated.jar": whole[:len(whole) * 2 // 3],
            "sizes.jar": huge,
            "truncated.tar.gz": gzip.compress(images.tar({"x": random.Random(5).randbytes(50_000)}), mtime=0)[:20_000],
            "truncated.xz": self.tool("xz", "-c", stdin=random.Random(6).randbytes(50_000))[:20_000],
            "truncated.bz2": self.tool("bzip2", "-c", stdin=random.Random(7).randbytes(50_000))[:20_000],
            "truncated.zst": self.tool("zstd", "-c", stdin=random.Random(8).randbytes(50_000))[:20_000],
        }
        report = self.check("damaged archives",
                            images.layer({f"mm/{name}": data for name, data in bad.items()} | {AFTER: self.key}), [AFTER])
        diagnosed = {diagnostic["path"] for diagnostic in report["diagnostics"]}
        self.assertLessEqual({f"mm/{name}" for name in bad}, diagnosed, report["diagnostics"])

    def test_many_entries_and_names(self):
        archive = zip_of({"../../escape.key": self.other, "a/" * 3000 + "long.key": self.other}, zipfile.ZIP_STORED)
        report = self.check("names in a zip", images.layer({"mm/names.zip": archive, AFTER: self.key}), [AFTER])
        self.assertEqual(list(places(report, "private-key").values()).count(self.other_id), 3)


class Der(BadInput):
    """Malformed DER and PEM of more than a thousand kinds, with a good key after each."""

    KINDS = 1200

    def mutations(self):
        generator = random.Random(20240229)
        certificate = self.pki.certificate(self.pki.rsa(), "/CN=victim.example", "-addext", "subjectAltName=DNS:victim.example")
        sources = [pem_body(certificate), pem_body(self.pki.rsa()), pem_body(self.other),
                   self.pki.openssl("ec", "-outform", "DER", stdin=self.other),
                   self.pki.openssl("pkcs8", "-topk8", "-passout", "pass:x", "-outform", "DER", stdin=self.other)]
        labels = ["CERTIFICATE", "PRIVATE KEY", "PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY"]
        for number in range(self.KINDS):
            which = number % len(sources)
            yield sources[which], self.mutate(bytearray(sources[which]), generator), labels[which]

    @staticmethod
    def mutate(data, generator):
        kind = generator.randrange(8)
        at = generator.randrange(len(data))
        if kind == 0:
            data[at] ^= 1 << generator.randrange(8)
        elif kind == 1:
            del data[at:]
        elif kind == 2:
            del data[at:at + generator.randrange(1, 40)]
        elif kind == 3:
            data[at:at] = generator.randbytes(generator.randrange(1, 40))
        elif kind == 4:  # an absurd length
            data[at:at + 1] = bytes([0x80 | generator.randrange(1, 127)]) + b"\xff" * generator.randrange(8)
        elif kind == 5:  # an indefinite length
            data[at] = 0x80
        elif kind == 6:
            data[at:at + 8] = generator.randbytes(8)
        else:  # nested without end
            data[at:at] = b"\x30\x80" * generator.randrange(1, 3000)
        return bytes(data)

    def test_a_thousand_kinds(self):
        files, changed = {}, 0
        stumps = set()  # fewer than 64 characters of base64: by rule no key and no certificate, but text about one
        for number, (source, bad, label) in enumerate(self.mutations()):
            changed += bad != source
            if len(bad) < 48:
                stumps.add(f"d/{number:05}/bad.pem")
            files[f"d/{number:05}/bad.der"] = bad
            files[f"d/{number:05}/bad.pem"] = to_pem(bad, label)
            files[f"d/{number:05}/good.key"] = self.key
        report = self.scan_layers("DER", images.layer(files), self.good)
        found = places(report, "private-key")
        missing = [number for number in range(self.KINDS) if found.get(("private-key", f"d/{number:05}/good.key")) != self.key_id]
        self.assertEqual(missing, [], "good keys after a bad file were lost")
        self.assertEqual(found["private-key", "next/layer.key"], self.other_id)
        self.account(report, changed, stumps)

    def account(self, report, changed, stumps):
        """Every bad PEM is an asset that can be read all the same, or a stump, or has a diagnostic (while there is room for them)."""
        read = {path for kind, path, *_ in places(report) if path.endswith((".pem", ".der"))}
        diagnosed = {diagnostic["path"] for diagnostic in report["diagnostics"]}
        pems = [f"d/{number:05}/bad.pem" for number in range(self.KINDS)]
        silent = [path for path in pems if path not in read and path not in diagnosed and path not in stumps]
        table("malformed DER and PEM", [
            ["kinds", self.KINDS], ["really changed", changed],
            ["read all the same", len(read)], ["PEM with a diagnostic", len(diagnosed & set(pems))],
            ["DER with a diagnostic", len([path for path in diagnosed if path.endswith(".der")])],
            ["PEM cut to a stump", len(stumps)], ["PEM without a word", len(silent)]])
        self.assertGreater(changed, 1000)
        full = any("left out" in diagnostic["message"] for diagnostic in report["diagnostics"])
        if not full:
            self.assertEqual(silent, [])

    def test_pem_damage(self):
        text = self.other.decode()
        begin, body, end = text.splitlines()[0], text.splitlines()[1:-1], text.splitlines()[-1]
        files = {
            "a/not-base64.pem": "\n".join([begin, "!" * 64, *body, end]),
            "b/no-end.pem": "\n".join([begin, *body]),
            "c/other-end.pem": "\n".join([begin, *body, end.replace("PRIVATE", "PUBLIC")]),
            "d/twice.pem": "\n".join([begin, begin, *body, end]),
            "e/cut.pem": "\n".join([begin, *body[:-1], end]),
            "f/endless.pem": begin + "\n" + ("A" * 64 + "\n") * 20_000,
        }
        layer = {}
        for name, content in files.items():
            layer[name] = content.encode()
            layer[name + ".after"] = self.key
        layer["g/same-file.pem"] = (begin + "\nAAAA\n" + end + "\n").encode() + self.key
        self.check("damaged PEM", images.layer(layer), [*(name + ".after" for name in files), "g/same-file.pem"])


if __name__ == "__main__":
    del BadInput
    main()
