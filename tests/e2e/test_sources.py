#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Where `landwaiter scan` takes images from: names with a scheme, paths, folders, Docker's socket, containerd's store."""
import gzip
import os
import shutil
import subprocess
import tempfile
import unittest

from support import images, process
from support.case import EndToEndCase, main, places, program
from support.docker_socket import DockerSocket
from support.pki import Pki
from support.registry import Pusher

HUB = ("docker.io", "registry-1")


class SourceCase(EndToEndCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pki = Pki(cls.folder)
        cls.key = cls.pki.key()
        cls.image = images.Image([images.layer({"etc/ssl/own.key": cls.key})])
        cls.layout = images.write_layout(os.path.join(cls.folder, "own"), {"1": cls.image}).removeprefix("oci:")
        cls.docker = cls.copied("docker-archive:{}:shop/web:1", "own.tar")
        cls.oci = cls.copied("oci-archive:{}:1", "own-oci")

    @classmethod
    def path(cls, name):
        return os.path.join(cls.folder, name)

    @classmethod
    def copied(cls, to, name):
        path = cls.path(name)
        cls.tool("skopeo", "--insecure-policy", "copy", "--quiet", f"oci:{cls.layout}:1", to.format(path))
        return path

    def said(self, *args, code, **options):
        done = self.landwaiter("scan", "--no-state", *args, **options)
        self.assertEqual(done.code, code, done.out + done.err)
        return done.out + done.err

    def found(self, image):
        return {tuple(place) for _, *place in places(image)}


class Names(SourceCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plain = cls.start_registry("plain")
        with Pusher(cls.plain) as pusher:
            pusher.push(cls.image, "team/app", "v1")
        for name in ("ca", "server"):
            with open(cls.path(name + ".key"), "wb") as file:
                file.write(cls.pki.key())
        cls.pki.openssl("req", "-x509", "-new", "-key", cls.path("ca.key"), "-subj", "/CN=Example Authority", "-days", "3650", "-out",
                        cls.path("ca.pem"))
        cls.pki.openssl("req", "-x509", "-new", "-key", cls.path("server.key"), "-CA", cls.path("ca.pem"), "-CAkey", cls.path("ca.key"),
                        "-subj", "/CN=registry.example", "-addext", "subjectAltName=DNS:localhost", "-addext",
                        "basicConstraints=critical,CA:FALSE", "-days", "365", "-out", cls.path("server.pem"))
        cls.secure = cls.start_registry("secure", storage=cls.plain.storage, tls=(cls.path("server.pem"), cls.path("server.key")))

    def test_a_registry_with_tls_on_loopback(self):
        name = f"{self.secure.address}/team/app:v1"
        for args in ((f"https://{name}", "--insecure"), (f"https://{name}", "--ca-file", self.path("ca.pem")), (name, "--insecure"),
                     (f"docker://{name}", "--ca-file", self.path("ca.pem"))):
            with self.subTest(args=args):
                image = self.scan_image(*args)
                self.assertEqual((image["reference"], image["digest"]), (name, self.image.digest))
        self.assertIn("it speaks TLS: write https:// before the host", self.said(name, code=3))

    def test_a_registry_without_tls(self):
        name = f"{self.plain.address}/team/app:v1"
        for text in (name, f"docker://{name}", f"http://{name}"):
            self.assertEqual(self.scan_image(text)["reference"], name)
        self.assertEqual(self.scan_image(f"http://{name}", "--insecure")["reference"], name)
        self.assertIn("plain HTTP", self.said(f"https://{name}", code=3))

    def test_what_is_no_name_is_not_asked_for_anywhere(self):
        for text, advice in (("dokcer-archive:x", "did you mean docker-archive:?"), ("oci_archive:a.tar", "did you mean oci-archive:?"),
                             ("none.tar", "there is no file"), ("./none", "there is no file or folder"), ("htps://h/a", "https://"),
                             ("https://host", "HOST/REPOSITORY"), ("file:///tmp/a.tar", "by its path")):
            with self.subTest(text=text):
                said = self.said(text, code=3)
                self.assertIn(advice, said)
                for host in HUB:
                    self.assertNotIn(f"resolve the name {host}", said)


class Paths(SourceCase):
    def test_the_content_tells_the_kind(self):
        with open(self.docker, "rb") as plain, gzip.open(self.docker + ".gz", "wb") as packed:
            shutil.copyfileobj(plain, packed)
        for name, reference in (("own.tar", "docker-archive:own.tar"), ("./own.tar", "docker-archive:./own.tar"),
                                ("own.tar:shop/web:1", "docker-archive:own.tar:shop/web:1"), ("own.tar.gz", "docker-archive:own.tar.gz"),
                                (self.docker, f"docker-archive:{self.docker}"), ("own-oci", "oci-archive:own-oci"), ("own", "oci:own"),
                                ("own:1", "oci:own:1"), (f"{self.layout}@{self.image.digest}", f"oci:{self.layout}@{self.image.digest}")):
            with self.subTest(name=name):
                image = self.scan_image(name)
                self.assertEqual(image["reference"], reference)
                self.assertEqual(self.found(image), {("etc/ssl/own.key",)})

    def test_a_name_that_is_both_is_the_file(self):
        self.assertIn("docker://own.tar", self.said("own.tar", code=0))
        self.assertNotIn("docker://", self.said("./own.tar", code=0))

    def test_a_folder_that_is_no_image(self):
        os.makedirs(self.path("tree/etc"), exist_ok=True)
        self.assertIn("dir:tree", self.said("tree", code=3))
        self.assertIn("dir:./tree", self.said("./tree", code=3))

    def test_standard_input_is_told_by_its_content(self):
        for path, text, reference in ((self.docker, "-", "docker-archive:-"), (self.oci, "-", "oci-archive:-"),
                                      (self.oci, "docker-archive:-", "oci-archive:-"), (self.docker, "oci-archive:-", "docker-archive:-")):
            with self.subTest(text=text), open(path, "rb") as file:
                argv = [program("LANDWAITER"), "scan", "--no-state", "--format", "json", text]
                done = subprocess.run(argv, stdin=file, capture_output=True, check=False, cwd=self.folder,
                                      env=process.clean_environment(self.folder))
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn(f'"reference": "{reference}"', done.stdout.decode())


class Trees(SourceCase):
    def make_tree(self, name):
        root = self.path(name)
        os.makedirs(os.path.join(root, "etc/ssl"))
        with open(os.path.join(root, "etc/ssl/own.key"), "wb") as file:
            file.write(self.key)
        with open(self.path("outside.key"), "wb") as file:
            file.write(self.pki.key())
        os.symlink("../outside.key", os.path.join(root, "link.key"))
        os.link(os.path.join(root, "etc/ssl/own.key"), os.path.join(root, "same.key"))
        os.mkfifo(os.path.join(root, "pipe"))
        return root

    def test_every_file_is_read_once_and_nothing_is_followed(self):
        root = self.make_tree("files")
        image = self.scan_image("dir:" + root)
        self.assertEqual(image["reference"], "dir:" + root)
        self.assertLessEqual({("etc/ssl/own.key",)}, self.found(image))
        self.assertNotIn(("link.key",), self.found(image))
        self.assertEqual(len(image["layers"]), 1)
        # The same tree is known, and elsewhere it has the same digest.
        shutil.copytree(root, self.path("copy"), symlinks=True, ignore=shutil.ignore_patterns("pipe", "same.key"))
        os.link(self.path("copy/etc/ssl/own.key"), self.path("copy/same.key"))
        self.assertEqual(self.scan_image("dir:copy")["digest"], image["digest"])
        state = self.path("state")
        self.scan_image("dir:" + root, "--state", state)
        self.assertEqual(self.scan_image("dir:" + root, "--state", state)["stats"]["layers_fetched"], 0)

    def test_what_cannot_be_read_is_told(self):
        os.chmod(self.folder, 0o755)
        root = self.make_tree("closed")
        os.chmod(os.path.join(root, "etc/ssl/own.key"), 0)
        wrapped = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
        argv = [*wrapped, "env", "TMPDIR=/tmp", program("LANDWAITER"), "scan", "--no-state", "--format", "json", "dir:" + root]
        done = process.run(argv, self.folder, cwd="/")
        self.assertEqual(done.code, 3, done.err)
        image, = done.json["images"]
        self.assertEqual([(note["path"], note["effect"]) for note in image["diagnostics"]], [("etc/ssl/own.key", "incomplete")])

    def test_mistakes(self):
        self.assertIn("needs a path", self.said("dir:", code=3))
        self.assertIn("none", self.said("dir:none", code=3))
        self.assertIn("own.tar", self.said("dir:own.tar", code=3))


class Docker(SourceCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.socket = cls.start(DockerSocket(cls.path("docker.sock"), {"shop/web:1": cls.docker, "shop/web:latest": cls.docker}))

    def test_an_image_of_docker(self):
        env = {"DOCKER_HOST": "unix://" + self.socket.path}
        for name in ("shop/web:1", "shop/web"):
            image = self.scan_image("docker-daemon:" + name, env=env)
            self.assertEqual(image["reference"], "docker-daemon:" + name)
            self.assertEqual(self.found(image), {("etc/ssl/own.key",)})
        self.assertEqual(os.listdir(self.path("tmp")), [])

    def test_what_may_go_wrong(self):
        env = {"DOCKER_HOST": "unix://" + self.socket.path}
        self.assertIn("No such image: shop/web:2", self.said("docker-daemon:shop/web:2", code=3, env=env))
        self.assertIn("there is no such socket", self.said("docker-daemon:a", code=3, env={"DOCKER_HOST": "unix:///none.sock"}))
        self.assertIn("only unix://", self.said("docker-daemon:a", code=3, env={"DOCKER_HOST": "tcp://127.0.0.1:2375"}))
        self.assertIn("needs a name", self.said("docker-daemon:", code=3, env=env))

    def test_the_right_to_the_socket(self):
        os.chmod(self.folder, 0o755)
        os.chmod(self.socket.path, 0o600)
        if os.geteuid() != 0:
            self.skipTest("only root can be somebody else")
        argv = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "env", "TMPDIR=/tmp",
                f"DOCKER_HOST=unix://{self.socket.path}", program("LANDWAITER"), "scan", "--no-state", "docker-daemon:shop/web:1"]
        done = process.run(argv, self.folder, cwd="/")
        os.chmod(self.socket.path, 0o755)
        self.assertEqual(done.code, 3)
        self.assertIn("usermod -aG docker", done.err + done.out)


@unittest.skipUnless(shutil.which("podman"), "podman is not installed")
class Podman(SourceCase):
    """The real program, in a folder of its own."""

    def test_an_image_of_podman(self):
        # A socket's name is short.
        folder = tempfile.mkdtemp(prefix="lw-podman-", dir="/tmp")
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        socket = os.path.join(folder, "s")
        podman = ["podman", "--root", os.path.join(folder, "root"), "--runroot", os.path.join(folder, "run"), "--storage-driver", "vfs",
                  "--cgroup-manager", "cgroupfs"]
        self.tool(*podman, "load", "--quiet", "--input", self.docker)
        service = process.Process("podman", [*podman, "system", "service", "--time", "0", "unix://" + socket], self.folder)
        self.start(service)
        process.wait_for(lambda: os.path.exists(socket), "podman's socket", 30)
        env = {"CONTAINER_HOST": "unix://" + socket}
        image = self.scan_image("docker-daemon:shop/web:1", env=env)
        self.assertEqual(self.found(image), {("etc/ssl/own.key",)})
        self.assertEqual(self.scan_image("docker-daemon:docker.io/shop/web:1", env=env)["digest"], image["digest"])
        self.assertIn("image not known", self.said("docker-daemon:shop/web:2", code=3, env=env))


class Containerd(SourceCase):
    def test_an_image_by_its_digest(self):
        root = self.path("containerd")
        shutil.copytree(self.layout, os.path.join(root, "io.containerd.content.v1.content"))
        os.unlink(os.path.join(root, "io.containerd.content.v1.content", "index.json"))
        image = self.scan_image("containerd:" + self.image.digest, "--containerd-root", root)
        self.assertEqual((image["digest"], self.found(image)), (self.image.digest, {("etc/ssl/own.key",)}))
        image = self.scan_image("containerd:" + self.image.digest, env={"LANDWAITER_CONTAINERD_ROOT": root})
        self.assertEqual(image["digest"], self.image.digest)
        self.assertIn("images ls", self.said("containerd:docker.io/library/nginx:1", "--containerd-root", root, code=3))
        self.assertIn("--containerd-root", self.said("containerd:" + self.image.digest, "--containerd-root", "/none", code=3))
        self.assertIn("sha256", self.said("containerd:sha256:" + "0" * 64, "--containerd-root", root, code=3))


class Platforms(SourceCase):
    def test_a_platform_that_the_image_does_not_have(self):
        said = self.said(f"oci:{self.layout}", "--platform", "linux/arm64", code=0)
        self.assertIn("linux/amd64", said)
        self.assertIn("not the one asked for", said)
        self.assertNotIn("not the one asked for", self.said(f"oci:{self.layout}", "--platform", "linux/amd64", code=0))

    def test_a_platform_without_its_system_is_a_mistake_everywhere(self):
        self.assertIn("not a platform like linux/amd64", self.said(f"oci:{self.layout}", "--platform", "arm", code=2))
        self.assertEqual(self.landwaiter("list", "localhost:1", "--platform", "arm").code, 2)


if __name__ == "__main__":
    main()
