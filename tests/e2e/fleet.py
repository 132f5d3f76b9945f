# SPDX-License-Identifier: Apache-2.0
"""A registry full of images that share base layers, each with one certificate of its own, and what scans must find there."""
import os

from support import images, pki


class Fleet:
    """`images` maps (repository, tag) to the image."""

    BASES = 6

    def __init__(self, folder, registry, repositories, tags, own_bytes=4_000, base_bytes=1_000_000):
        make = pki.Pki(folder)
        mill = make.mill()
        self._images_of = {}  # (type, id) -> how many images hold it
        self.bases = []
        self._base_assets = []
        for number in range(self.BASES):
            key = make.key()
            certificate = make.certificate(key, f"/CN=base-{number}.example")
            self.bases.append(images.layer({f"etc/base{number}.key": key, f"etc/base{number}.pem": certificate,
                                            f"lib/base{number}.bin": os.urandom(base_bytes)}))
            self._base_assets.append((("private-key", make.key_id(key)), ("certificate", make.certificate_id(certificate))))
        self.images = {}
        for number in range(repositories * tags):
            self._add(registry, mill, number, f"team-{number // tags % 20:02}/app-{number // tags:03}", f"v{number % tags}", own_bytes)
        self.layer_digests = {layer.digest for image in self.images.values() for layer in image.layers}

    def _add(self, registry, mill, number, repository, tag, own_bytes):
        pem, certificate_id = mill.make(number)
        own = images.layer({f"srv/app/{number}.pem": pem, f"srv/app/{number}.bin": os.urandom(own_bytes)})
        second = 1 + number % (self.BASES - 1)
        image = images.Image([self.bases[0], self.bases[second], own])
        registry.place(image, repository, tag)
        self.images[repository, tag] = image
        for asset in (("certificate", certificate_id), *self._base_assets[0], *self._base_assets[second]):
            self._images_of[asset] = self._images_of.get(asset, 0) + 1

    def check_findings(self, test, platform):
        """The platform has each asset once; those of a single image are in that one, those of base layers in all theirs."""
        found = platform.pages("/v3/findings", "findings")
        names = [(finding["type"], finding["id"]) for finding in found]
        test.assertEqual(len(names), len(set(names)), "a finding is listed twice")
        test.assertEqual(set(names), set(self._images_of), "findings are missing, or are too many")
        first_base = set(self._base_assets[0])
        for finding in found:
            asset = finding["type"], finding["id"]
            if asset not in first_base:  # other images of a test may stand on the first base layer too
                test.assertEqual((finding["images"], finding["occurrences"]), (self._images_of[asset], 1), finding)
            else:
                test.assertGreaterEqual(finding["images"], self._images_of[asset])
