#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The recipes of docs/ci.md: each does what the page says, run by bash as its CI system would, against a registry of this machine."""
import base64
import json
import os
import re
import shutil
import subprocess

import yaml

from support import images, process
from support.case import EndToEndCase, main, program
from support.pki import Pki
from support.registry import Pusher

PAGE = os.path.join(os.path.dirname(__file__), "..", "..", "docs", "ci.md")
USER, PASSWORD = "ci", "pip3line-Passw0rd"
SHA = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"

# What a CI system would put in, and names that only exist on the page: the whole difference between the page and what runs here.
# {shop} is the repository team/shop of the test's registry, {where} the folder of the job.
REPLACED = {
    "registry.example.com/team/shop:1.4": "{shop}:" + SHA,
    "registry.example.com/team/shop": "{shop}",
    "${{ github.sha }}": SHA,
    "${{ secrets.REGISTRY_TOKEN }}": PASSWORD,
    "$(params.image)": "{shop}:" + SHA,
    "$(workspaces.state.path)": "{where}/.landwaiter",
    "$(workspaces.source.path)": "{where}",
}
# What GitLab and Jenkins put into the environment of a job.
GITLAB = {"CI_REGISTRY_USER": USER, "CI_REGISTRY_PASSWORD": PASSWORD, "CI_REGISTRY_IMAGE": "{shop}", "CI_COMMIT_SHA": SHA}
JENKINS = {"LANDWAITER_USERNAME": USER, "LANDWAITER_PASSWORD": PASSWORD, "GIT_COMMIT": SHA}

# The keys that the systems document for what the page uses.
GITHUB_JOB = {"name", "needs", "runs-on", "container", "permissions", "env", "if", "steps", "strategy", "timeout-minutes"}
GITHUB_STEP = {"name", "id", "if", "uses", "with", "run", "env", "shell", "working-directory", "continue-on-error", "timeout-minutes"}
GITLAB_JOB = {"image", "variables", "cache", "script", "before_script", "after_script", "artifacts", "rules", "stage", "needs"}
GITLAB_REPORTS = {"codequality", "junit", "sast", "dotenv", "coverage_report"}
TEKTON_SPEC = {"description", "params", "workspaces", "steps", "results", "volumes", "stepTemplate", "sidecars"}
TEKTON_STEP = {"name", "image", "workingDir", "env", "command", "args", "script", "envFrom", "volumeMounts", "onError", "timeout"}


def blocks():
    """(heading, language, text) of each block of code."""
    with open(PAGE, encoding="utf-8") as file:
        page = file.read()
    out, heading = [], ""
    for match in re.finditer(r"^## ([^\n]+)$|^```(\w+)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        if match[1]:
            heading = match[1]
        else:
            out.append((heading, match[2], match[3]))
    return out


def block(heading, language):
    found = [text for where, kind, text in blocks() if (where, kind) == (heading, language)]
    assert len(found) == 1, f"docs/ci.md has {len(found)} blocks of {language} under {heading}"
    return found[0]


class Recipes(EndToEndCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        key = Pki(cls.folder).key()
        cls.registry = cls.start_registry("registry", users={USER: PASSWORD})
        with Pusher(cls.registry, USER, PASSWORD) as pusher:
            pusher.push(images.Image([images.layer({"etc/tls.key": key})]), "team/shop", SHA)
            pusher.push(images.Image([images.layer({"etc/motd": b"welcome\n"})]), "team/clean", SHA)
        cls.bin = cls.make_folder("bin")
        os.symlink(program("LANDWAITER"), os.path.join(cls.bin, "landwaiter"))

    def setUp(self):
        self.where = self.make_folder("job")

    def filled(self, text, repository):
        for name, value in REPLACED.items():
            text = text.replace(name, value)
        return text.replace("{shop}", f"{self.registry.address}/team/{repository}").replace("{where}", self.where)

    def run_job(self, script, environment, repository):
        """As these systems do: bash that ends with the first command that fails."""
        environment = {name: self.filled(value, repository) for name, value in environment.items()}
        environment["PATH"] = self.bin + ":" + os.environ["PATH"]
        return process.run(["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", self.filled(script, repository)], self.folder,
                           env=environment, cwd=self.where)

    def check(self, script, environment, artifacts):
        """A finding fails the job with 1 and an unreadable image with 3; a good image passes. What the job keeps is there each time."""
        for repository, code in (("shop", 1), ("clean", 0), ("gone", 3)):
            with self.subTest(repository):
                shutil.rmtree(self.where)
                os.mkdir(self.where)
                done = self.run_job(script, environment, repository)
                self.assertEqual(done.code, code, done.out + done.err)
                self.assertEqual("--fail-on high is met by 1 finding" in done.err, code == 1)
                self.assertNotIn(PASSWORD, done.out + done.err)
                for name in artifacts:
                    self.assertGreater(os.path.getsize(os.path.join(self.where, name)), 0)
                    self.assertIn(name, done.err)
                if code == 1:
                    self.assertIn("etc/tls.key", done.out)

    def test_github(self):
        job = yaml.safe_load(block("GitHub Actions", "yaml"))["jobs"]["landwaiter"]
        self.assertLessEqual(job.keys(), GITHUB_JOB)
        self.assertLessEqual({"runs-on", "steps"}, job.keys())
        self.assertEqual(job["permissions"]["security-events"], "write")
        runs = []
        for step in job["steps"]:
            self.assertLessEqual(step.keys(), GITHUB_STEP)
            self.assertEqual(len({"run", "uses"} & step.keys()), 1, step)
            if "run" in step:
                runs.append(step)
            else:
                self.assertRegex(step["uses"], r"^[\w-]+/[\w/-]+@v\d+$")
        self.assertEqual(len(runs), 1)
        upload = next(step for step in job["steps"] if "upload-sarif" in step.get("uses", ""))
        self.assertIn("failure()", upload["if"])
        self.check(runs[0]["run"], runs[0]["env"], [upload["with"]["sarif_file"]])
        with open(os.path.join(self.where, upload["with"]["sarif_file"]), encoding="utf-8") as file:
            self.assertEqual(json.load(file)["version"], "2.1.0")
        # What is kept between jobs is what the scan stores.
        self.assertIn("--state " + job["steps"][1]["with"]["path"], runs[0]["run"])

    def test_gitlab(self):
        jobs = yaml.safe_load(block("GitLab", "yaml"))
        self.assertEqual(list(jobs), ["landwaiter"])
        job = jobs["landwaiter"]
        self.assertLessEqual(job.keys(), GITLAB_JOB)
        self.assertLessEqual(job["artifacts"].keys(), {"when", "paths", "reports", "expire_in", "name"})
        self.assertEqual(job["artifacts"]["when"], "always")
        self.assertLessEqual(job["artifacts"]["reports"].keys(), GITLAB_REPORTS)
        self.assertLessEqual(job["cache"].keys(), {"key", "paths", "policy", "when"})
        # GitLab expands a job's variables itself.
        variables = {name: re.sub(r"\$(\w+)", lambda match: GITLAB[match[1]], value) for name, value in job["variables"].items()}
        self.check("\n".join(job["script"]), {**GITLAB, **variables}, job["artifacts"]["reports"].values())

    def test_jenkins(self):
        text = block("Jenkins", "groovy")
        scripts = re.findall(r"\bsh '([^']*)'", text)
        self.assertEqual(len(scripts), 1)
        for one, other in ("{}", "()", "[]"):
            self.assertEqual(text.count(one), text.count(other))
        for word in ("pipeline", "agent", "stages", "steps", "post"):
            self.assertRegex(text, rf"\b{word} \{{")
        self.assertEqual(set(re.findall(r"\w+Variable: '(\w+)'", text)), {"LANDWAITER_USERNAME", "LANDWAITER_PASSWORD"})
        artifacts = re.findall(r"(?:junit|archiveArtifacts) '([^']+)'", text)
        self.assertEqual(len(artifacts), 2)
        self.check(scripts[0], JENKINS, artifacts)

    def test_tekton(self):
        task = yaml.safe_load(block("Tekton", "yaml"))
        self.assertEqual((task["apiVersion"], task["kind"]), ("tekton.dev/v1", "Task"))
        self.assertLessEqual(task["spec"].keys(), TEKTON_SPEC)
        self.assertEqual(len(task["spec"]["steps"]), 1)
        step = task["spec"]["steps"][0]
        self.assertLessEqual(step.keys(), TEKTON_STEP)
        named = set(re.findall(r"\$\((?:params|workspaces)\.([\w-]+)", json.dumps(step)))
        declared = {each["name"] for kind in ("params", "workspaces") for each in task["spec"][kind]}
        self.assertLessEqual(named, declared)
        # The folder of the login is what docker stores there.
        docker = self.make_folder("docker")
        with open(os.path.join(docker, "config.json"), "w", encoding="ascii") as file:
            json.dump({"auths": {self.registry.address: {"auth": base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()}}}, file)
        environment = {each["name"]: each["value"] for each in step["env"]}
        mounted = {each["mountPath"] for each in task["spec"]["workspaces"] if "mountPath" in each}
        self.assertEqual(environment, {"DOCKER_CONFIG": mounted.pop()})
        words = " ".join(f"'{word}'" for word in [*step["command"], *step["args"]])
        self.check(words, {"DOCKER_CONFIG": docker}, ["landwaiter.json"])

    def test_commands_of_the_page(self):
        scripts = [text for _, language, text in blocks() if language == "sh"]
        self.assertEqual(len(scripts), 2)
        login = {"LANDWAITER_USERNAME": USER, "LANDWAITER_PASSWORD": PASSWORD}
        self.check(scripts[0], login, ["landwaiter.sarif"])
        by_issues = scripts[1].replace("IMAGE", "{shop}:" + SHA)
        self.assertEqual(self.run_job(by_issues, login, "shop").code, 0)
        self.assertEqual(self.run_job("landwaiter scan -o json=landwaiter.json {shop}:" + SHA, login, "shop").code, 0)
        with open(PAGE, encoding="utf-8") as file:
            convert = re.search(r"`(landwaiter convert [^`]+)`", file.read())[1]
        done = self.run_job(convert, {}, "shop")
        self.assertEqual(done.code, 0, done.err)
        self.assertIn("etc/tls.key", done.out)

    def test_each_block_is_tried(self):
        self.assertEqual([(heading, language) for heading, language, _ in blocks() if language not in ("sh", "dockerfile")],
                         [("GitHub Actions", "yaml"), ("GitLab", "yaml"), ("Jenkins", "groovy"), ("Tekton", "yaml")])


if __name__ == "__main__":
    main()
