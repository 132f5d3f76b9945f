# SPDX-License-Identifier: Apache-2.0
"""Images written byte by byte: the same input gives the same digests."""
import gzip
import hashlib
import io
import json
import os
import tarfile
from dataclasses import dataclass, field

LAYER_GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"
LAYER_TAR = "application/vnd.oci.image.layer.v1.tar"
LAYER_ZSTD = "application/vnd.oci.image.layer.v1.tar+zstd"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"


def sha256(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


@dataclass(frozen=True)
class Link:
    """A symbolic or hard link as the content of a path."""

    target: str
    hard: bool = False


def tar(files):
    """A tar of {path: bytes or Link}, in that order. A path that ends in "/" is a directory."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, content in files.items():
            info = tarfile.TarInfo(path.rstrip("/"))
            info.mode = 0o644
            if path.endswith("/"):
                info.type, info.mode = tarfile.DIRTYPE, 0o755
            elif isinstance(content, Link):
                info.type, info.linkname = tarfile.LNKTYPE if content.hard else tarfile.SYMTYPE, content.target
            else:
                info.size = len(content)
            archive.addfile(info, io.BytesIO(content) if info.size else None)
    return out.getvalue()


@dataclass(frozen=True)
class Layer:
    """A blob of an image; `size` is told when the bytes are not here."""

    blob: bytes
    diff_id: str
    media_type: str = LAYER_GZIP
    digest: str = ""
    size: int = 0

    def __post_init__(self):
        if not self.digest:
            object.__setattr__(self, "digest", sha256(self.blob))
            object.__setattr__(self, "size", len(self.blob))


def layer(files):
    """A gzip layer of {path: content}."""
    return layer_of_tar(tar(files))


def layer_of_tar(data, level=6):
    return Layer(gzip.compress(data, compresslevel=level, mtime=0), sha256(data))


def plain_layer(files):
    data = tar(files)
    return Layer(data, sha256(data), LAYER_TAR)


@dataclass
class Image:
    """An image manifest with its config. `config_type` other than an image config's makes it an artifact; `details` are further members of
    the config, `annotations` the manifest's."""

    layers: list
    platform: str = "linux/amd64"
    config_type: str = CONFIG
    created: str = "2024-02-29T12:00:00Z"
    members: tuple = ()
    media_type: str = MANIFEST
    details: dict = field(default_factory=dict)
    annotations: dict = field(default_factory=dict)
    config: bytes = field(init=False)
    manifest: bytes = field(init=False)

    def __post_init__(self):
        system, architecture, *variant = self.platform.split("/")
        config = {"created": self.created, "os": system, "architecture": architecture, "config": {},
                  "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in self.layers]}}
        if variant:
            config["variant"] = variant[0]
        config.update(self.details)
        self.config = json.dumps(config, sort_keys=True).encode()
        self.manifest = json.dumps({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": {"mediaType": self.config_type, "digest": sha256(self.config), "size": len(self.config)},
            "layers": [{"mediaType": layer.media_type, "digest": layer.digest, "size": layer.size} for layer in self.layers],
            **({"annotations": self.annotations} if self.annotations else {}),
        }, sort_keys=True).encode()

    @property
    def digest(self):
        return sha256(self.manifest)

    @property
    def config_digest(self):
        return sha256(self.config)

    def blobs(self):
        yield self.config, self.config_digest
        for item in self.layers:
            if item.blob:  # else it is put into the registry's storage by other means
                yield item.blob, item.digest


@dataclass
class Index:
    """An image index over images of several platforms."""

    members: tuple
    media_type: str = INDEX

    @property
    def manifest(self):
        manifests = []
        for image in self.members:
            system, architecture = image.platform.split("/")[:2]
            manifests.append({"mediaType": MANIFEST, "digest": image.digest, "size": len(image.manifest),
                              "platform": {"os": system, "architecture": architecture}})
        return json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}, sort_keys=True).encode()

    @property
    def digest(self):
        return sha256(self.manifest)

    def blobs(self):
        return iter(())


def write_layout(folder, images):
    """Writes an OCI image layout of {tag: Image or Index}."""
    blobs = os.path.join(folder, "blobs", "sha256")
    os.makedirs(blobs, exist_ok=True)

    def put(data, digest):
        with open(os.path.join(blobs, digest.split(":")[1]), "wb") as file:
            file.write(data)

    def put_all(image):
        for member in image.members:
            put_all(member)
        for data, digest in image.blobs():
            put(data, digest)
        put(image.manifest, image.digest)

    manifests = []
    for tag, image in images.items():
        put_all(image)
        manifests.append({"mediaType": image.media_type, "digest": image.digest, "size": len(image.manifest),
                          "annotations": {"org.opencontainers.image.ref.name": tag}})
    with open(os.path.join(folder, "oci-layout"), "w", encoding="ascii") as file:
        file.write('{"imageLayoutVersion": "1.0.0"}')
    with open(os.path.join(folder, "index.json"), "w", encoding="ascii") as file:
        json.dump({"schemaVersion": 2, "manifests": manifests}, file)
    return folder
