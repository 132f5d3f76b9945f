#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A whole Debian with OpenSSL, a JDK, Python, Node and mbed TLS: what is found there is there. Needs Debian's mirror, once, and root or
sudo, as debootstrap does; the image is kept in the build folder."""
import base64
import collections
import os
import subprocess
import tarfile
import tempfile

from support.case import EndToEndCase, main, table

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LAYOUT = os.environ.get("LANDWAITER_DEBIAN_IMAGE", os.path.join(ROOT, "build", "debian-crypto"))
PACKAGES = ("openssl", "ca-certificates", "openjdk-17-jre-headless", "ca-certificates-java", "python3", "python3-cffi-backend",
            "python3-cryptography", "nodejs", "libmbedcrypto7", "libmbedx509-1", "libmbedtls14")

# Programs that carry keys in order to test themselves. There are no others in this image.
CARRIERS = ("usr/bin/openssl", "usr/lib/x86_64-linux-gnu/libgnutls.so", "usr/lib/x86_64-linux-gnu/libmbedx509.so")


class WholeDebian(EndToEndCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        made = subprocess.run([os.path.join(ROOT, "scripts", "make-debian-image"), LAYOUT, "--include", ",".join(PACKAGES)], check=False,
                              capture_output=True, text=True)
        if made.returncode != 0:
            raise AssertionError(made.stderr)
        cls.report = cls.scan_image(f"oci:{LAYOUT}:latest")
        cls.findings = cls.report["findings"]
        counts = collections.Counter((finding["type"], finding["severity"]) for finding in cls.findings)
        table("what a Debian holds", [["type", "severity", "assets"], *([*key, count] for key, count in sorted(counts.items()))])

    @classmethod
    def files(cls, paths):
        """The bytes of files of the image's one layer."""
        digest = cls.report["layers"][0].split(":")[1]
        found = {}
        with tarfile.open(os.path.join(LAYOUT, "blobs", "sha256", digest)) as layer:
            for member in layer:
                path = member.name.removeprefix("./")
                if path in paths and member.isfile():
                    found[path] = layer.extractfile(member).read()
        return found

    def of(self, kind):
        return [finding for finding in self.findings if finding["type"] == kind]

    def test_private_keys_are_those_that_programs_carry_to_test_themselves(self):
        keys = self.of("private-key")
        rows = []
        for key in keys:
            place = key["occurrences"][0]
            rows.append([key["title"], place["path"], place["offset"], key["attributes"].get("publisher")])
            with self.subTest(key=key["title"], path=place["path"]):
                self.assertTrue(place["path"].startswith(CARRIERS))
                self.assertTrue(key["attributes"]["publisher"], "whose key it is is known")
                self.assertEqual("low", key["severity"])
        table("private keys", rows)
        self.assertGreater(len(keys), 10)

    def test_private_keys_are_read_by_openssl(self):
        """Each key's bytes stand where they are said to be, and openssl reads them, or its PEM is encrypted."""
        wanted = [(key, key["occurrences"][0]) for key in self.of("private-key") if not key["occurrences"][0]["archive"]]
        files = self.files({place["path"] for _, place in wanted})
        read = 0
        for key, place in wanted:
            data = files[place["path"]][place["offset"]:place["offset"] + 16384]
            with self.subTest(key=key["title"], offset=place["offset"]):
                if key["attributes"]["encoding"] == "PEM":
                    data = in_lines(data)
                if key["attributes"]["encrypted"]:
                    self.assertIn(b"ENCRYPTED", data)
                elif key["attributes"]["key_type"] and not key["attributes"]["key_type"].startswith("GOST"):  # GOST: openssl has no engine
                    form = key["attributes"]["encoding"]
                    if form == "DER":
                        self.tool("openssl", "asn1parse", "-inform", "DER", "-noout", stdin=data[:length_of(data)])
                    self.tool("openssl", "pkey", "-inform", form, "-noout", "-provider", "legacy", "-provider", "default",
                              stdin=data[:length_of(data)] if form == "DER" else data)
                    read += 1
        self.assertGreater(read, 10)

    def test_certificates_are_read_by_openssl(self):
        certificates = [finding for finding in self.of("certificate") if not finding["occurrences"][0]["archive"]]
        roots = [finding for finding in certificates if finding["attributes"].get("public_root")]
        self.assertGreater(len(roots), 100, "the system's public roots are recognized")
        bundle = self.files({"etc/ssl/certs/ca-certificates.crt"})["etc/ssl/certs/ca-certificates.crt"]
        with tempfile.NamedTemporaryFile(dir=self.folder) as file:
            file.write(bundle)
            file.flush()
            listed = self.tool("openssl", "crl2pkcs7", "-nocrl", "-certfile", file.name, "-outform", "DER")
            count = self.tool("openssl", "pkcs7", "-inform", "DER", "-print_certs", stdin=listed).count(b"-----BEGIN CERTIFICATE-----")
        in_bundle = {finding["id"] for finding in certificates
                     if any(place["path"] == "etc/ssl/certs/ca-certificates.crt" for place in finding["occurrences"])}
        self.assertEqual(count, len(in_bundle))

    def test_keystores_are_those_that_keytool_lists(self):
        stores = self.of("keystore")
        places = {place["path"] for store in stores for place in store["occurrences"] if not place["archive"]}
        self.assertIn("etc/ssl/certs/java/cacerts", places)
        files = self.files(places)
        for path in sorted(places):
            with self.subTest(path=path), tempfile.NamedTemporaryFile(dir=self.folder) as file:
                file.write(files[path])
                file.flush()
                listed = self.tool("keytool", "-list", "-rfc", "-keystore", file.name, "-storepass", "changeit").decode()
                store = next(store for store in stores if any(place["path"] == path for place in store["occurrences"]))
                self.assertEqual(listed.count("-----BEGIN CERTIFICATE-----"),
                                 sum(len(e["certificates"]) for e in store["attributes"]["entries"]))

    def test_there_are_no_tokens(self):
        tokens = [(token["title"], token["occurrences"][0]["path"]) for token in self.of("token")]
        self.assertEqual([], tokens)

    def test_libraries_have_the_versions_of_their_packages(self):
        known = {(finding["attributes"]["library"].lower(), finding["attributes"]["version"]) for finding in self.of("crypto-library")}
        status = self.files({"var/lib/dpkg/status"})["var/lib/dpkg/status"].decode()
        versions = {}
        for stanza in status.split("\n\n"):
            fields = dict(line.split(": ", 1) for line in stanza.splitlines() if ": " in line and not line.startswith(" "))
            versions[fields.get("Package")] = fields.get("Version", "")
        for library, package in (("openssl", "libssl3"), ("gnutls", "libgnutls30"), ("libgcrypt", "libgcrypt20")):
            upstream = versions[package].split(":")[-1].split("-")[0].split("+")[0]
            with self.subTest(library=library):
                self.assertTrue(any(library in name and (version or "").startswith(upstream) for name, version in known),
                                sorted(map(str, known)))

    def test_the_table_is_short(self):
        """What a person reads: what needs action first, some pages and not one line for each root."""
        out = self.landwaiter("scan", "--no-state", f"oci:{LAYOUT}:latest", env={"COLUMNS": "120"}).out
        print(out)
        self.assertLess(len(out.splitlines()), 200)
        self.assertRegex(out, r"\d+ public root certificates in \d+ places")
        self.assertRegex(out, r"\d+ published test keys")


def in_lines(pem):
    """The PEM block that the bytes begin with, broken into lines as openssl wants them: GnuTLS writes its own without."""
    label = pem[len(b"-----BEGIN "):].split(b"-----", 1)[0]
    body = pem.split(b"-----", 2)[2].split(b"-----END ")[0]
    if b":" not in body:  # encrypted ones have headers, and lines
        body = b"\n" + base64.encodebytes(base64.b64decode(body))
    return b"-----BEGIN %s-----%s-----END %s-----\n" % (label, body, label)


def length_of(der):
    """The bytes of the first DER element."""
    first = der[1]
    if first < 0x80:
        return 2 + first
    return 2 + (first & 0x7f) + int.from_bytes(der[2:2 + (first & 0x7f)], "big")


if __name__ == "__main__":
    if os.uname().machine != "x86_64":
        raise SystemExit("this test knows the library paths of x86-64 only")
    main()
