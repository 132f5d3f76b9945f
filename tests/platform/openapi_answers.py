#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks recorded answers of the platform against the schemas of its OpenAPI document."""
import json
import re
import sys

import jsonschema


def main(document_file, exchanges_file):
    with open(document_file, encoding="utf-8") as file:
        document = json.load(file)
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    operations = []
    for path, methods in document["paths"].items():
        pattern = re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path)) + "$")
        operations += [(method, pattern, operation, path) for method, operation in methods.items()]

    checked, failed, seen = 0, [], set()
    with open(exchanges_file, encoding="utf-8") as file:
        for line in file:
            exchange = json.loads(line)
            # A path without parameters wins over one with.
            found = sorted((op for op in operations if op[0] == exchange["method"].lower() and op[1].match(exchange["path"])),
                           key=lambda op: op[3].count("{"))
            if not found:
                continue
            _, _, operation, path = found[0]
            responses = operation["responses"]
            response = responses.get(str(exchange["status"]), responses["default"])
            if str(exchange["status"]) not in responses and exchange["status"] < 400:
                failed.append(f"{exchange['method']} {path}: status {exchange['status']} is not documented")
                continue
            if "$ref" in response:
                response = document["components"]["responses"][response["$ref"].rsplit("/", 1)[1]]
            content = response.get("content")
            if content is None:
                if exchange["body"] is not None:
                    failed.append(f"{exchange['method']} {path} {exchange['status']}: a body that is not documented")
                continue
            schema = dict(next(iter(content.values()))["schema"], components=document["components"])
            errors = list(jsonschema.Draft202012Validator(schema).iter_errors(exchange["body"]))
            failed += [f"{exchange['method']} {path} {exchange['status']}: {error.json_path}: {error.message[:300]}"
                       for error in errors[:3]]
            checked += 1
            seen.add(operation["operationId"])
    bodiless = {"deleteToken", "deleteRegistry", "putLayerFacts", "putLayerReport"}
    missing = {operation["operationId"] for _, _, operation, _ in operations} - seen - bodiless
    print(f"{checked} answers checked, {len(failed)} differ; operations without a checked answer: {sorted(missing) or 'none'}")
    print("\n".join(sorted(set(failed))))
    return 1 if failed or missing or not checked else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
