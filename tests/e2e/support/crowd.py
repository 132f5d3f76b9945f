# SPDX-License-Identifier: Apache-2.0
"""A registry with very many repositories that is made in seconds: each shares its folders with others by symbolic links."""
import os

from . import images

TEMPLATES = 20


class Crowd:
    """`expected` maps a repository's name to {tag: digest}. Every template has tags of its own images; one of them is an index."""

    def __init__(self, registry, repositories, tags):
        self.registry = registry
        self.tags = tags
        self._root = os.path.join(registry.storage, "docker/registry/v2/repositories")
        self._templates = [self._make_template(number, tags) for number in range(min(TEMPLATES, repositories))]
        self.expected = {}
        for number in range(repositories):
            self._add(f"crowd/{number // 100:03}/app-{number:05}", number % len(self._templates))

    def _make_template(self, number, tags):
        name = f"template/{number:02}"
        digests = {}
        for tag in range(tags):
            image = images.Image([images.plain_layer({f"app/{number}-{tag}": b"x"})],
                                 created=f"2026-{1 + tag % 12:02}-{1 + number:02}T00:00:00Z")
            if tag == 0:
                other = images.Image([images.plain_layer({f"arm/{number}": b"y"})], platform="linux/arm64")
                image = images.Index((image, other))
            self.registry.place(image, name, f"v{tag}")
            digests[f"v{tag}"] = image.digest
        return name, digests

    def _add(self, name, template):
        home, digests = self._templates[template]
        folder = os.path.join(self._root, name)
        os.makedirs(folder)
        for part in ("_manifests", "_layers"):
            os.symlink(os.path.join(self._root, home, part), os.path.join(folder, part))
        self.expected[name] = digests

    @property
    def repositories(self):
        """With the templates, which are repositories as well."""
        return {**self.expected, **dict(self._templates)}
