#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One content, made into images by the programs of the field, and read from a registry, a layout and archives: findings are the same."""
import io
import json
import os
import shutil
import tarfile

from support import images
from support.case import EndToEndCase, main, places
from support.pki import Pki
from support.process import run

CHART = {"Chart.yaml": b"apiVersion: v2\nname: shop\nversion: 0.1.0\n", "values.yaml": b"replicas: 1\n"}


def packed_chart(files):
    """As helm packs a chart: gzip of a tar, with the chart's name before each path."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", format=tarfile.PAX_FORMAT) as archive:
        for path, content in files.items():
            info = tarfile.TarInfo("shop/" + path)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


class ToolCase(EndToEndCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        pki = Pki(cls.folder)
        key, in_chart, in_git = pki.key(), pki.key(), pki.key()
        cls.tree = cls.make_folder("tree")
        cls.write("etc/tls.key", key)
        cls.write("etc/tls.pem", pki.certificate(key, "/CN=shop"))
        cls.write("srv/shop-0.1.0.tgz", cls.chart({**CHART, "files/chart.key": in_chart}))
        for name in ("loose", "packed"):
            cls.repository(name, in_git)
        cls.tool("git", "-C", os.path.join(cls.tree, "srv", "packed"), "gc", "--quiet", "--prune=now")
        cls.ids = {pki.key_id(one) for one in (key, in_chart, in_git)}
        cls.git_id = pki.key_id(in_git)
        cls.files = {os.path.relpath(os.path.join(folder, name), cls.tree): cls.content(os.path.join(folder, name))
                     for folder, _, names in sorted(os.walk(cls.tree)) for name in sorted(names)}
        cls.image = images.Image([images.layer(cls.files)])
        cls.layout = images.write_layout(cls.make_folder("layout"), {"1": cls.image})
        cls.expected = places(cls.scan_image("oci:" + cls.layout))
        cls.registry = cls.start_registry()

    @classmethod
    def write(cls, name, content):
        path = os.path.join(cls.tree, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)

    @staticmethod
    def content(path):
        with open(path, "rb") as file:
            return file.read()

    @classmethod
    def chart(cls, files):
        if not shutil.which("helm"):
            return packed_chart(files)
        folder = cls.make_folder("chart")
        for name, content in files.items():
            path = os.path.join(folder, "shop", name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(content)
        cls.tool("helm", "package", "shop", cwd=folder)
        return cls.content(os.path.join(folder, "shop-0.1.0.tgz"))

    @classmethod
    def repository(cls, name, key):
        """A key that was committed and taken away again."""
        folder = os.path.join(cls.tree, "srv", name)
        git = ("git", "-C", folder, "-c", "user.name=a", "-c", "user.email=a@example.org")
        cls.tool("git", "init", "--quiet", folder)
        cls.write(f"srv/{name}/deploy.key", key)
        cls.tool(*git, "add", ".")
        cls.tool(*git, "commit", "--quiet", "-m", "Add a key")
        cls.tool(*git, "rm", "--quiet", "deploy.key")
        cls.write(f"srv/{name}/README", b"A shop\n")
        cls.tool(*git, "add", ".")
        cls.tool(*git, "commit", "--quiet", "-m", "Remove it")

    def check(self, *sources):
        for source in sources:
            with self.subTest(source=source):
                self.assertEqual(places(self.scan_image(source)), self.expected)


class Tools(ToolCase):
    def need(self, program):
        if not shutil.which(program):
            self.skipTest(f"{program} is not on this machine")

    def copied(self, source, name):
        """The same image in the registry and in archives of both kinds, by skopeo."""
        oci, docker = (os.path.join(self.folder, f"{name}.{kind}.tar") for kind in ("oci", "docker"))
        reference = f"docker://{self.registry.address}/tools/{name}:1"
        for to in (f"oci-archive:{oci}:1", f"docker-archive:{docker}:tools/{name}:1", reference):
            self.tool("skopeo", "--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false", source, to)
        return f"oci-archive:{oci}", f"docker-archive:{docker}", reference

    def test_everything_is_found(self):
        keys = {(place, id_) for place, id_ in self.expected.items() if place[0] == "private-key"}
        self.assertEqual({id_ for _, id_ in keys}, self.ids)
        for name in ("loose", "packed"):
            found = {id_ for place, id_ in keys if place[1].startswith(f"srv/{name}/.git/objects/")}
            self.assertEqual(found, {self.git_id}, name)

    def test_skopeo(self):
        self.check(*self.copied(f"oci:{self.layout}:1", "skopeo"))

    def test_umoci(self):
        layout = os.path.join(self.make_folder("umoci"), "image")
        self.tool("umoci", "init", "--layout", layout)
        self.tool("umoci", "new", "--image", layout + ":1")
        rootless = ("--rootless",) if os.geteuid() != 0 else ()
        self.tool("umoci", "insert", *rootless, "--image", layout + ":1", self.tree, "/")
        self.check(f"oci:{layout}:1", *self.copied(f"oci:{layout}:1", "umoci"))

    def test_buildah(self):
        self.need("buildah")
        folder = self.make_folder("buildah")
        with open(os.path.join(folder, "policy.json"), "w", encoding="ascii") as file:
            json.dump({"default": [{"type": "insecureAcceptAnything"}]}, file)
        buildah = ("buildah", "--root", os.path.join(folder, "root"), "--runroot", os.path.join(folder, "run"), "--storage-driver", "vfs")
        begun = run([*buildah, "from", "scratch"], self.folder)
        if begun.code != 0:
            self.skipTest(f"buildah cannot work here: {begun.err.strip()[-200:]}")
        container = begun.out.strip()
        self.tool(*buildah, "copy", "--quiet", container, self.tree, "/")
        archives = []
        for form, kind in (("oci", "oci-archive"), ("docker", "docker-archive")):
            archives.append(f"{kind}:{os.path.join(folder, form)}.tar")
            self.tool(*buildah, "commit", "--quiet", "--format", form, "--signature-policy", os.path.join(folder, "policy.json"), container,
                      archives[-1] + ":tools/buildah:1")
        self.tool(*buildah, "rm", container)
        self.check(*archives, *self.copied(archives[0] + ":tools/buildah:1", "buildah"))

    def test_podman(self):
        """As a builder of a Containerfile; no command runs in it, so neither a daemon nor a namespace is needed."""
        self.need("podman")
        folder = self.make_folder("podman")
        with open(os.path.join(folder, "policy.json"), "w", encoding="ascii") as file:
            json.dump({"default": [{"type": "insecureAcceptAnything"}]}, file)
        with open(os.path.join(folder, "Containerfile"), "w", encoding="ascii") as file:
            file.write("FROM scratch\nCOPY . /\nLABEL role=shop\n")
        podman = ("podman", "--root", os.path.join(folder, "root"), "--runroot", os.path.join(folder, "run"), "--storage-driver", "vfs")
        built = run([*podman, "build", "--quiet", "--isolation", "chroot", "--signature-policy", os.path.join(folder, "policy.json"),
                     "-f", os.path.join(folder, "Containerfile"), "-t", "tools/podman:1", self.tree], self.folder)
        if built.code != 0:
            self.skipTest(f"podman cannot work here: {built.err.strip()[-200:]}")
        archives = []
        for kind in ("oci-archive", "docker-archive"):
            archives.append(f"{kind}:{os.path.join(folder, kind)}.tar")
            self.tool(*podman, "save", "--quiet", "--format", kind, "-o", archives[-1].split(":", 1)[1], "tools/podman:1")
        layout = os.path.join(folder, "layout")
        self.tool("skopeo", "--insecure-policy", "copy", "--quiet", archives[0], f"oci:{layout}:1")
        self.check(*archives, f"oci:{layout}:1", *self.copied(archives[0], "podman"))
        self.tool(*podman, "rmi", "--force", "tools/podman:1")

    def test_crane(self):
        self.need("crane")
        layer = os.path.join(self.make_folder("crane"), "layer.tar")
        with open(layer, "wb") as file:
            file.write(images.tar(self.files))
        name = f"{self.registry.address}/tools/crane:1"
        self.tool("crane", "append", "--insecure", "--new_layer", layer, "--new_tag", name)
        archive, layout = (os.path.join(os.path.dirname(layer), to) for to in ("crane.tar", "layout"))
        self.tool("crane", "pull", "--insecure", name, archive)
        self.tool("crane", "pull", "--insecure", "--format", "oci", name, layout)
        self.check("docker://" + name, "docker-archive:" + archive, "oci:" + layout)


class Writers(ToolCase):
    """Archives as programs write them that are not had here."""

    def archive(self, name, entries):
        path = os.path.join(self.folder, name + ".tar")
        with open(path, "wb") as file:
            file.write(images.tar(entries))
        return "docker-archive:" + path

    def entries(self, config_name, layer_name, blob, **more):
        document = [{"Config": config_name, "RepoTags": ["shop:1"], "Layers": [layer_name], **more}]
        return {config_name: self.image.config, layer_name: blob, "manifest.json": json.dumps(document).encode()}

    def test_builders_without_a_daemon(self):
        """Kaniko and jib, and crane: compressed layers under their digest's name, and the config under its digest or a plain name."""
        layer, config = self.image.layers[0], self.image.config_digest
        name = layer.digest[7:] + ".tar.gz"
        self.check(self.archive("kaniko", self.entries(config, name, layer.blob)),
                   self.archive("jib", self.entries("config.json", name, layer.blob)),
                   self.archive("crane", self.entries(config, "sha256:" + name, layer.blob, LayerSources=None)))

    def test_docker_save(self):
        """Before and since the layout: a folder for each layer, and blobs with both kinds of documents."""
        layer, tar = self.image.layers[0], images.tar(self.files)
        folder = "0" * 64
        old = self.entries(self.image.config_digest[7:] + ".json", f"{folder}/layer.tar", tar)
        old.update({f"{folder}/VERSION": b"1.0", f"{folder}/json": json.dumps({"id": folder}).encode(),
                    "repositories": json.dumps({"shop": {"1": folder}}).encode()})
        new = self.entries("blobs/sha256/" + self.image.config_digest[7:], "blobs/sha256/" + layer.diff_id[7:], tar)
        plain = images.Image([images.Layer(tar, layer.diff_id, images.LAYER_TAR)])
        entry = {"mediaType": images.MANIFEST, "digest": plain.digest, "size": len(plain.manifest),
                 "annotations": {"io.containerd.image.name": "docker.io/library/shop:1", "org.opencontainers.image.ref.name": "1"}}
        new.update({"blobs/sha256/" + plain.digest[7:]: plain.manifest, "oci-layout": b'{"imageLayoutVersion":"1.0.0"}',
                    "index.json": json.dumps({"schemaVersion": 2, "manifests": [entry]}).encode()})
        both = self.archive("docker-new", new)
        self.check(self.archive("docker-old", old), both, both.replace("docker-archive:", "oci-archive:"))


if __name__ == "__main__":
    main()
