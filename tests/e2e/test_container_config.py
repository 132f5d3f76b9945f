#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`landwaiter scan -c container-config.yml`: the three examples of the Container Sensor guide, and the errors that it names."""
import json
import os

from sample import Sample
from support.case import EndToEndCase, main, places
from support.token_service import Account, TokenService

USER, PASSWORD = "inspector", "corr3ct-Horse-battery"
REFRESH_TOKEN = "r3fresh-0f-the-cloud"

HEAD = """scan_config:
  plugins:
    - container_import
    - trigger_discover
    - export
  config:
    container_import:
      name: container
      plugin_config:
"""
PUBLIC = HEAD + """        images:
          - "docker://{public}/library/alpine:latest"
          - "docker://{public}/library/nginx:latest"
"""
WITH_PASSWORD = HEAD + """        username: "${{env:REGISTRY_USER}}"
        password: "${{env:REGISTRY_PASS}}"
        images:
          - "{private}/myapp:v2.1"
          - "{private}/backend:latest"
"""
WITH_TOKEN = HEAD + """        token: "${{env:REGISTRY_TOKEN}}"
        images:
          - "{tokens}/myapp:v2.1"
"""
WITH_ALL = HEAD + """        username: "${{env:REGISTRY_USER}}"
        password: "${{env:REGISTRY_PASS}}"
        token: "${{env:REGISTRY_TOKEN}}"
        images:
          - "{host}/myapp:v2.1"
"""


class ContainerConfig(EndToEndCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sample = Sample(cls.folder)
        cls.public = cls.start_registry("public")
        for name, tag in (("library/alpine", "latest"), ("library/nginx", "latest"), ("myapp", "v2.1"), ("backend", "latest")):
            cls.public.push(cls.sample.image, name, tag)
        cls.private = cls.start_registry("private", storage=cls.public.storage, users={USER: PASSWORD})
        cls.service = cls.start(TokenService(cls.make_folder("token-service"), {USER: Account(PASSWORD, REFRESH_TOKEN)}))
        cls.tokens = cls.start_registry("tokens", storage=cls.public.storage, token_auth=cls.service.registry_options)
        cls.access_token = cls.service.token(["repository:myapp:pull"], USER)

    def config(self, text, **more):
        names = {"public": self.public.address, "private": self.private.address, "tokens": self.tokens.address, **more}
        path = os.path.join(self.make_folder("config"), "container-config.yml")
        with open(path, "w", encoding="ascii") as file:
            file.write(text.format(**names))
        return path

    def scan_config(self, path, *args, **env):
        return self.landwaiter("scan", "-c", path, "--no-state", "--format", "json", *args, env=env)

    def check(self, done, references):
        self.assertEqual(done.code, 0, done.err)
        self.assertEqual(sorted(image["reference"].removeprefix("docker://") for image in done.json["images"]), sorted(references))
        for image in done.json["images"]:
            self.assertEqual(places(image), self.sample.places)

    def test_public_images(self):
        done = self.scan_config(self.config(PUBLIC))
        self.check(done, [f"{self.public.address}/library/alpine:latest", f"{self.public.address}/library/nginx:latest"])

    def test_private_registry_with_user_and_password(self):
        done = self.scan_config(self.config(WITH_PASSWORD), REGISTRY_USER=USER, REGISTRY_PASS=PASSWORD)
        self.check(done, [f"{self.private.address}/myapp:v2.1", f"{self.private.address}/backend:latest"])

    def test_private_registry_with_user_and_password_at_a_token_service(self):
        path = self.config(WITH_PASSWORD.replace("{private}", "{tokens}"))
        self.check(self.scan_config(path, REGISTRY_USER=USER, REGISTRY_PASS=PASSWORD),
                   [f"{self.tokens.address}/myapp:v2.1", f"{self.tokens.address}/backend:latest"])

    def test_private_registry_with_a_token(self):
        for what, token in (("used as it is", self.access_token), ("exchanged for one", REFRESH_TOKEN)):
            with self.subTest(what):
                self.check(self.scan_config(self.config(WITH_TOKEN), REGISTRY_TOKEN=token), [f"{self.tokens.address}/myapp:v2.1"])

    def test_token_wins_over_user_and_password(self):
        path = self.config(WITH_ALL, host=self.tokens.address)
        right = self.scan_config(path, REGISTRY_USER="nobody", REGISTRY_PASS="wrong", REGISTRY_TOKEN=self.access_token)
        self.check(right, [f"{self.tokens.address}/myapp:v2.1"])
        before = len(self.service.asked)
        wrong = self.scan_config(path, REGISTRY_USER=USER, REGISTRY_PASS=PASSWORD, REGISTRY_TOKEN="no-token-at-all")
        self.assertEqual(wrong.code, 3)
        self.assertRegex(wrong.err, "401")
        self.assertNotIn(("password", True), self.service.asked[before:])

    def test_refusal_names_registry_and_image(self):
        done = self.scan_config(self.config(WITH_PASSWORD), REGISTRY_USER=USER, REGISTRY_PASS="wr0ng-passw0rd")
        self.assertEqual(done.code, 3)
        for image in ("myapp", "backend"):
            line = next((line for line in done.err.splitlines() if image in line), "")
            self.assertRegex(line, r"401 Unauthorized")
            self.assertIn(self.private.address, line)
        self.assertNotIn("wr0ng-passw0rd", done.err + done.out)

    def test_unreadable_or_malformed_file_is_config_404(self):
        folder = self.make_folder("bad")
        bad = {
            "absent.yml": None,
            "empty.yml": "",
            "broken.yml": HEAD + "        images: [\n",
            "tabs.yml": "scan_config:\n\tconfig: 1\n",
            "other.yml": "name: something else\n",
            "no-list.yml": HEAD + "        images: {a: b}\n",
            "scalar.yml": "just text\n",
            "binary.yml": "\x00\x01\x02",
        }
        for name, text in bad.items():
            path = os.path.join(folder, name)
            if text is not None:
                with open(path, "w", encoding="ascii") as file:
                    file.write(text)
            with self.subTest(name):
                done = self.scan_config(path)
                self.assertEqual(done.code, 2)
                self.assertIn("CONFIG-404", done.err)
                self.assertIn(path, done.err)
        with self.subTest("a folder"):
            done = self.scan_config(folder)
            self.assertEqual((done.code, "CONFIG-404" in done.err), (2, True), done.err)

    def test_no_images(self):
        for images in ("        images: []\n", "        username: joe\n", "        images:\n"):
            with self.subTest(images):
                done = self.scan_config(self.config(HEAD + images))
                self.assertEqual(done.code, 2)
                self.assertIn("no container images were stated", done.err)
        self.assertIn("no container images were stated", self.landwaiter("scan").err)

    def test_environment_variable_that_is_not_set(self):
        done = self.scan_config(self.config(WITH_PASSWORD), REGISTRY_USER=USER)
        self.assertEqual(done.code, 2)
        self.assertIn("REGISTRY_PASS", done.err)

    def test_json_is_a_configuration_too(self):
        plugin = {"images": [f"docker://{self.public.address}/myapp:v2.1"]}
        document = {"scan_config": {"config": {"container_import": {"plugin_config": plugin}}}}
        path = os.path.join(self.make_folder("json"), "container-config.json")
        with open(path, "w", encoding="ascii") as file:
            json.dump(document, file)
        self.check(self.scan_config(path), [f"{self.public.address}/myapp:v2.1"])


if __name__ == "__main__":
    main()
