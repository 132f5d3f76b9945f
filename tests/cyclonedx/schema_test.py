#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds exported documents against the official schemas, and damaged ones, which must be refused.

    schema_test.py EXPORT_EXAMPLES WORK_DIR

The validators come from the npm registry by `npm ci` (package-lock.json pins them); they are kept in WORK_DIR.
"""
import json
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


def install(work):
    """node_modules in `work`, recreated when the lock file changes."""
    work.mkdir(parents=True, exist_ok=True)
    lock = (HERE / "package-lock.json").read_text(encoding="utf-8")
    stamp = work / "installed-lock.json"
    shutil.copy(HERE / "validate.mjs", work)
    if stamp.exists() and stamp.read_text(encoding="utf-8") == lock:
        return
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, work)
    if shutil.which("npm") is None:
        sys.exit("npm is needed for the official validators: install nodejs and npm")
    done = subprocess.run(["npm", "ci", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund"], cwd=work, capture_output=True,
                          text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"npm ci could not fetch the official validators:\n{done.stdout}{done.stderr}")
    stamp.write_text(lock, encoding="utf-8")


def validate(work, files):
    done = subprocess.run(["node", "validate.mjs", *map(str, files)], cwd=work, capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith(("valid ", "INVALID "))]
    if len(lines) != len(files):
        sys.exit(f"the validator saw {len(lines)} of {len(files)} documents:\n{done.stdout}{done.stderr}")
    return done.returncode, done.stdout


def first(document, asset_type):
    return next(c for c in document["components"] if c.get("cryptoProperties", {}).get("assetType") == asset_type)


def damaged(document):
    """Copies of a CycloneDX document, each with one fault that a reader would stumble over."""
    def copy():
        return json.loads(json.dumps(document))
    one = copy()
    first(one, "certificate")["cryptoProperties"]["certificateProperties"]["notValidAfter"] = "soon"
    two = copy()
    first(two, "algorithm")["cryptoProperties"]["algorithmProperties"]["nistQuantumSecurityLevel"] = 9
    three = copy()
    first(three, "certificate")["cryptoProperties"]["certificateProperties"]["thumbprint"] = "x"
    four = copy()
    four["components"][0]["type"] = "keystore"
    five = copy()
    five["serialNumber"] = "urn:uuid:x"
    return [one, two, three, four, five]


def main():
    examples, work = sys.argv[1], pathlib.Path(sys.argv[2])
    install(work)
    documents = work / "documents"
    shutil.rmtree(documents, ignore_errors=True)
    documents.mkdir()
    subprocess.run([examples, str(documents)], check=True)
    # GitLab's and JUnit's have no official schema; tests/core judges them by their documentation.
    files = sorted([*documents.glob("*.cdx.json"), *documents.glob("*.sarif")])
    if len(files) != 9:
        sys.exit(f"9 documents were expected, not {len(files)}")
    code, output = validate(work, files)
    print(output)
    if code != 0:
        sys.exit("some documents are not valid")

    wrong = []
    for version in ("1.6", "1.7"):
        document = json.loads((documents / f"many.{version}.cdx.json").read_text(encoding="utf-8"))
        for number, broken in enumerate(damaged(document)):
            wrong.append(documents / f"damaged{number}.{version}.cdx.json")
            wrong[-1].write_text(json.dumps(broken), encoding="utf-8")
    log = json.loads((documents / "many.sarif").read_text(encoding="utf-8"))
    log["runs"][0]["results"][0]["level"] = "critical"
    wrong.append(documents / "damaged.sarif")
    wrong[-1].write_text(json.dumps(log), encoding="utf-8")
    code, output = validate(work, wrong)
    accepted = [line for line in output.splitlines() if line.startswith("valid ")]
    if accepted:
        sys.exit("damaged documents were accepted: " + ", ".join(accepted))
    print(f"{len(files)} documents valid, {len(wrong)} damaged ones refused")


if __name__ == "__main__":
    main()
