#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Validates reports written by the real code against docs/report.schema.json, and checks that the schema would notice damage.

    schema_test.py REPORT_EXAMPLES SCHEMA
"""
import copy
import json
import subprocess
import sys

import jsonschema


def at(document, path):
    for step in path:
        document = document[step]
    return document


def damages():
    """Each is a path to a member of an object and what is put there; ... removes it."""
    image = ["images", 0]
    finding = image + ["findings", 0]
    occurrence = finding + ["occurrences", 0]
    yield ["images"], None
    yield ["images"], ...
    for member in ("reference", "digest", "platform", "layers", "findings", "diagnostics", "stats"):
        yield image + [member], ...
    for member in ("type", "id", "severity", "title", "attributes", "occurrences"):
        yield finding + [member], ...
    for member in ("path", "layer", "archive", "offset", "deleted_by"):
        yield occurrence + [member], ...
    in_a_file = {"path": "etc/a", "archive": [], "offset": 0, "layer": "sha256:" + 64 * "0", "deleted_by": None}
    yield occurrence, {**in_a_file, "config": "env[3]"}
    yield occurrence, {**in_a_file, "manifest": "annotations.key"}
    yield occurrence, {"config": "env[3]"}
    yield occurrence, {"config": "env[3]", "manifest": "a", "offset": 0}
    yield occurrence, {"config": 3, "offset": 0}
    issue = finding + ["attributes", "issues", 0]
    for member in ("code", "severity", "reason", "remedy"):
        yield issue + [member], ...
    yield issue + ["severity"], "grave"
    yield finding + ["attributes", "issues"], {}
    yield image + ["digest"], "sha256:00"
    yield image + ["layers", 0], "latest"
    yield finding + ["type"], "private_key"
    yield finding + ["severity"], "HIGH"
    yield finding + ["occurrences"], []
    yield finding + ["attributes"], []
    yield occurrence + ["path"], "/etc/a"
    yield occurrence + ["offset"], -1
    yield occurrence + ["offset"], 1.5
    yield occurrence + ["deleted_by"], ""
    yield occurrence + ["layer"], ""
    package = image + ["packages", 0]
    for member in ("ecosystem", "name", "version", "purl", "licenses", "occurrences", "reader"):
        yield package + [member], ...
    yield package + ["name"], ""
    yield package + ["occurrences"], []
    yield package + ["licenses"], "WTFPL"
    for member in ("id", "version_id", "codename", "title", "where", "reader"):
        yield image + ["distribution", member], ...
    yield image + ["distribution"], None
    yield image + ["stats", "files"], -1
    yield image + ["diagnostics", 0, "code"], "oops"


def main():
    examples = json.loads(subprocess.run([sys.argv[1]], check=True, capture_output=True).stdout)
    with open(sys.argv[2], encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)

    for document in examples["documents"]:
        validator.validate(document)

    definitions = schema["$defs"]
    assert definitions["finding"]["properties"]["type"]["enum"] == examples["names"]["types"]
    assert definitions["finding"]["properties"]["severity"]["enum"] == examples["names"]["severities"]
    assert definitions["diagnostic"]["properties"]["code"]["enum"] == examples["names"]["codes"]

    full = examples["documents"][1]
    for index, finding in enumerate(full["images"][0]["findings"]):
        if finding["type"] in ("certificate", "private-key"):
            wrong = copy.deepcopy(full)
            wrong["images"][0]["findings"][index]["id"] = "fingerprint"
            assert not validator.is_valid(wrong), finding["type"]

    count = 0
    for path, value in damages():
        wrong = copy.deepcopy(full)
        parent = at(wrong, path[:-1])
        assert path[-1] in parent if isinstance(parent, dict) else len(parent) > path[-1], path
        if value is ...:
            del parent[path[-1]]
        else:
            parent[path[-1]] = value
        assert not validator.is_valid(wrong), f"the schema does not notice {path} = {value}"
        count += 1
    print(f"{len(examples['documents'])} documents valid, {count} damaged ones refused")


if __name__ == "__main__":
    main()
