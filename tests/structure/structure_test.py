#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the source tree against rules.py and coroutine_forms.py, and each rule against small trees that it must accept or refuse.

    structure_test.py SOURCE_DIR
"""
import pathlib
import subprocess
import sys
import unittest

import coroutine_forms
import rules
import words

ROOT = pathlib.Path(sys.argv.pop(1)).resolve() if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[2]
SPDX = "// SPDX-License-Identifier: Apache-2.0\n"


def tracked_files():
    """{path: text} of what belongs to the project: what git knows or would add, else everything but build trees."""
    git = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, check=False)
    if git.returncode == 0:
        names = [name for name in git.stdout.decode().split("\0") if name]
    else:
        names = [str(path.relative_to(ROOT)) for path in ROOT.rglob("*") if path.is_file()]
        names = [name for name in names if not name.startswith(("build/", ".git/", ".cache/"))]
    files = {}
    for name in names:
        try:
            files[name] = (ROOT / name).read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
            continue  # binary test material, or deleted but not yet committed
    return files


class Tree(unittest.TestCase):
    """The project itself."""

    files = tracked_files()

    def check(self, rule):
        found = list(rule(self.files))
        self.assertEqual(found, [], "\n" + "\n".join(found))

    def test_is_the_project(self):
        self.assertIn("core/base/result.hpp", self.files)
        self.assertGreater(len(rules.sources(self.files)), 20)

    def test_includes_are_seen(self):
        """Guards the other tests: rules that see no include accept everything."""
        seen = [target for text in self.files.values() for _, target in rules.includes(text) if target.startswith("core/")]
        self.assertGreater(len(seen), 20)

    def test_no_path_of_this_machine(self):
        where = str(ROOT)
        if where.count("/") < 2:
            self.skipTest("the checkout's path is too short to be told from others")
        self.assertEqual([path for path, text in self.files.items() if where + "/" in text], [])


for tree_rule in (*rules.ALL, coroutine_forms.coroutine_forms, words.plain_words):
    setattr(Tree, "test_" + tree_rule.__name__, lambda self, rule=tree_rule: self.check(rule))


class Fixtures(unittest.TestCase):
    """Each rule on one file that it must refuse or accept."""

    def refused(self, rule, path, text):
        with self.subTest(path=path, text=text):
            self.assertEqual(len(list(rule({path: text}))), 1)

    def accepted(self, rule, path, text):
        with self.subTest(path=path, text=text):
            self.assertEqual(list(rule({path: text})), [])

    def test_include_directions(self):
        rule = rules.include_directions
        for path, target in (
            ("core/a.cpp", "registry/client.hpp"),
            ("core/a.cpp", "tests/support/catch.hpp"),
            ("registry/a.hpp", "detectors/engine.hpp"),
            ("registry/a.hpp", "storage/store.hpp"),
            ("registry/a.hpp", "daemon/config.hpp"),
            ("detectors/a.cpp", "registry/manifest.hpp"),
            ("detectors/a.cpp", "storage/store.hpp"),
            ("storage/a.cpp", "detectors/engine.hpp"),
            ("storage/a.cpp", "platform/queue.hpp"),
            ("daemon/a.cpp", "platform/queue.hpp"),
            ("platform/queue.cpp", "registry/client.hpp"),
            ("platform/queue.cpp", "detectors/engine.hpp"),
            ("platform/queue.cpp", "storage/store.hpp"),
            ("platform/queue.cpp", "daemon/sensor.hpp"),
            ("platform/embedded.cpp", "detectors/engine.hpp"),
        ):
            self.refused(rule, path, f'#include "{target}"\n')
            self.refused(rule, path, f"#include <vector>\n  #  include <{target}>\n")
        for path, target in (
            ("core/a.cpp", "core/b.hpp"),
            ("registry/a.cpp", "core/b.hpp"),
            ("daemon/a.cpp", "detectors/engine.hpp"),
            ("daemon/a.cpp", "storage/store.hpp"),
            ("platform/queue.cpp", "storage/sqlite/sqlite.hpp"),
            ("platform/queue.cpp", "registry/client/reference.hpp"),
            ("platform/commands/serve_command.cpp", "daemon/sensor.hpp"),
            ("tests/core/a_test.cpp", "daemon/sensor.hpp"),
        ):
            self.accepted(rule, path, f'#include "{target}"\n')
        self.accepted(rule, "core/a.cpp", '// #include "daemon/sensor.hpp" would be wrong here\n')

    def test_no_include_upward(self):
        rule = rules.no_include_upward
        for path, target in (
            ("core/base/a.cpp", "core/report/b.hpp"),
            ("registry/http/a.hpp", "registry/client/b.hpp"),
            ("detectors/formats/a.cpp", "detectors/keys/b.hpp"),
            ("detectors/settings/a.cpp", "detectors/all.hpp"),
            ("daemon/scan/a.cpp", "daemon/sensor/b.hpp"),
            ("platform/store/a.cpp", "platform/api/b.hpp"),
        ):
            self.refused(rule, path, f'#include "{target}"\n')
        self.refused(rule, "detectors/shelf/a.cpp", SPDX)
        for path, target in (
            ("core/report/a.cpp", "core/base/b.hpp"),
            ("core/report/a.cpp", "core/report/b.hpp"),
            ("detectors/all.cpp", "detectors/settings/b.hpp"),
            ("platform/platform.cpp", "platform/api/b.hpp"),
        ):
            self.accepted(rule, path, f'#include "{target}"\n')

    def test_includes_are_rooted(self):
        rule = rules.includes_are_rooted
        self.refused(rule, "core/a.cpp", '#include "b.hpp"\n')
        self.refused(rule, "core/a.cpp", '#include "../daemon/b.hpp"\n')
        self.refused(rule, "core/a.cpp", "#include <core/b.hpp>\n")
        self.accepted(rule, "core/a.cpp", '#include "core/b.hpp"\n#include <vector>\n')

    def test_libraries(self):
        rule = rules.libraries
        for path, target in (
            ("daemon/uplink.cpp", "boost/beast/http.hpp"),
            ("registry/client.cpp", "boost/beast.hpp"),
            ("registry/http/connection.hpp", "boost/beast/core.hpp"),
            ("platform/routes.cpp", "boost/beast/http.hpp"),
            ("daemon/a.cpp", "archive.h"),
            ("detectors/private_key.cpp", "archive_entry.h"),
            ("registry/client.cpp", "archive.h"),
            ("platform/http_server.cpp", "sqlite3.h"),
            ("daemon/a.cpp", "sqlite3.h"),
            ("registry/client.cpp", "hs.h"),
            ("detectors/private_key.cpp", "spdlog/spdlog.h"),
            ("registry/client.cpp", "CLI/CLI.hpp"),
            ("core/a.cpp", "boost/asio/awaitable.hpp"),
            ("core/base/a.hpp", "boost/asio/awaitable.hpp"),
            ("core/base/a.cpp", "unistd.h"),
            ("core/os/a.cpp", "boost/asio/awaitable.hpp"),
            ("core/a.cpp", "fmt/core.h"),
            ("core/a.cpp", "spdlog/spdlog.h"),
        ):
            self.refused(rule, path, f"#include <{target}>\n")
        for path, target in (
            ("registry/http/transport_tls.cpp", "boost/beast/http.hpp"),
            ("platform/http/http_server.cpp", "boost/beast/http.hpp"),
            ("tests/registry/a_test.cpp", "boost/beast/http.hpp"),
            ("detectors/archives/archive_reader.cpp", "archive.h"),
            ("registry/docker_archive.cpp", "archive.h"),
            ("storage/sqlite.cpp", "sqlite3.h"),
            ("platform/queue_store.cpp", "sqlite3.h"),
            ("core/a.cpp", "nlohmann/json.hpp"),
            ("core/a.cpp", "boost/system/result.hpp"),
            ("core/a.cpp", "openssl/evp.h"),
            ("core/base/async.hpp", "boost/asio/awaitable.hpp"),
            ("core/os/a.cpp", "sys/stat.h"),
            ("core/a.cpp", "string_view"),
        ):
            self.accepted(rule, path, f"#include <{target}>\n")

    def test_who_knows_the_system(self):
        rule = rules.who_knows_the_system
        for header in ("unistd.h", "spawn.h", "fcntl.h", "poll.h", "locale.h", "sys/stat.h", "arpa/inet.h", "systemd/sd-daemon.h"):
            for path in ("registry/auth/helper.cpp", "daemon/output/table.cpp", "platform/store/vault.hpp", "core/base/clock.cpp"):
                self.refused(rule, path, f"#include <{header}>\n")
            for path in ("core/os/files.cpp", "daemon/service/systemd.cpp", "tests/core/os/files_test.cpp"):
                self.accepted(rule, path, f"#include <{header}>\n")
        self.refused(rule, "detectors/archives/archive_reader.cpp", "#ifdef _WIN32\n#endif\n")
        self.refused(rule, "registry/http/url.cpp", "#if defined(__linux__)\n#endif\n")
        self.accepted(rule, "core/os/process.cpp", "#ifdef _WIN32\n#endif\n")
        self.accepted(rule, "detectors/archives/archive_reader.cpp", "// _WIN32 has none\n#include <csignal>\n#include <clocale>\n")

    def test_who_logs(self):
        rule = rules.who_logs
        for path in ("detectors/engine.cpp", "registry/client.cpp", "storage/store.cpp", "core/compose.cpp"):
            self.refused(rule, path, '#include "core/base/log.hpp"\n')
        for path in ("daemon/sensor.cpp", "platform/queue.cpp", "core/base/log.cpp"):
            self.accepted(rule, path, '#include "core/base/log.hpp"\n')

    def test_nothing_is_extracted(self):
        rule = rules.nothing_is_extracted
        for text in (
            "std::ofstream out(path);",
            "std::fstream both(path);",
            "std::basic_ofstream<char> out(path);",
            'FILE* file = fopen(path, "wb");',
            "int file = ::open(path, O_WRONLY);",
            "int file = ::openat(folder, path, O_RDONLY | O_CREAT, 0600);",
            "int file = mkstemp(name);",
            "::mkdirat(folder, name, 0700);",
            "::symlink(target, name);",
            "archive_read_extract(reader, entry, 0);",
            "auto disk = archive_write_disk_new();",
            "std::filesystem::create_directories(path);",
            "std::filesystem::copy_file(a, b);",
        ):
            self.refused(rule, "detectors/nested_walk.cpp", text)
            self.refused(rule, "registry/tar_file.cpp", text)
            self.accepted(rule, "storage/store.cpp", text)
        for text in (
            "int file = ::openat(folder, path, O_RDONLY | O_NOFOLLOW);",
            "std::filesystem::exists(path, error);",
            "// never std::ofstream here",
            "std::ifstream in(path);",
            "archive_read_open(reader, this, nullptr, read, nullptr);",
            "entry.hard_link(target);",
        ):
            self.accepted(rule, "detectors/layer_walk.cpp", text)

    def test_attribute_names(self):
        names = {rules.ATTRIBUTE_NAMES: 'inline constexpr const char* key_type = "key_type";\n'}
        for path, text in (
            ("detectors/a.cpp", 'finding.attributes["key_type"] = "RSA";'),
            ("detectors/a.cpp", 'text_attribute(finding.attributes, "key_type");'),
            ("core/export/a.cpp", 'if (finding.attributes.contains("own")) return;'),
            ("daemon/a.cpp", 'attributes["own"]'),
            ("platform/a.cpp", 'flag_attribute(finding.attributes, "own")'),
        ):
            with self.subTest(path=path, text=text):
                self.assertEqual(len(list(rules.attribute_names({**names, path: text}))), 1)
        for path, text in (
            ("detectors/a.cpp", "finding.attributes[attribute::key_type] = key.type;"),
            ("detectors/a.cpp", 'finding.attributes["own"] = 1;'),
            ("core/export/a.cpp", "assets::key_kind_of(finding)"),
            ("tests/core/a_test.cpp", 'CHECK(finding.attributes["key_type"] == "RSA");'),
        ):
            with self.subTest(path=path, text=text):
                self.assertEqual(list(rules.attribute_names({**names, path: text})), [])

    def test_weakness_codes(self):
        table = {"core/assess/weaknesses.cpp": 'Weakness{"rc4", Severity::medium, "", ""},\n'}
        gives = {"detectors/a.cpp": 'weaknesses.push_back("rc4");'}
        self.assertEqual(list(rules.weakness_codes({**table, **gives})), [])
        for more in (
            {"core/assess/weaknesses.cpp": table["core/assess/weaknesses.cpp"] + 'Weakness{"des", Severity::high, "", ""},\n'},
            {"detectors/b.cpp": 'attributes[attribute::weaknesses].push_back("new-one");'},
            {"detectors/b.cpp": 'add_weakness(finding, "new-one");'},
            {"detectors/b.cpp": 'codes.emplace_back("new-one");'},
        ):
            with self.subTest(more=more):
                self.assertEqual(len(list(rules.weakness_codes({**table, **gives, **more}))), 1)

    def test_license_lines(self):
        rule = rules.license_lines
        self.refused(rule, "core/a.cpp", "#include <vector>\n")
        self.refused(rule, "core/a.hpp", "\n" + SPDX)
        self.refused(rule, "scripts/run", "#!/bin/sh\nexit 0\n")
        self.refused(rule, "core/CMakeLists.txt", "project(x)\n")
        self.accepted(rule, "core/a.cpp", SPDX + "int a;\n")
        self.accepted(rule, "scripts/run", "#!/bin/sh\n# SPDX-License-Identifier: Apache-2.0\n")

    def test_file_lengths(self):
        self.refused(rules.file_lengths, "core/a.cpp", "\n" * 601)
        self.accepted(rules.file_lengths, "core/a.cpp", "\n" * 600)
        self.accepted(rules.file_lengths, "LICENSE", "\n" * 10_000)

    def test_columns(self):
        self.refused(rules.columns, "core/a.cpp", "x" * 141 + "\n")
        self.refused(rules.columns, "tests/e2e/a.py", "x" * 141 + "\n")
        self.accepted(rules.columns, "core/a.cpp", "x" * 140 + "\n")

    def test_function_lengths(self):
        rule = rules.function_lengths
        for head in ("int f(int x) {", "Result<int> Reader::next(ByteView bytes) const {", "}  // namespace\n\nA::A(int x) : x_(x) {"):
            self.refused(rule, "core/a.cpp", head + "\n" + "  g();\n" * 61 + "}\n")
            self.accepted(rule, "core/a.cpp", head + "\n" + "  g();\n" * 60 + "}\n")
        self.refused(rule, "tests/core/a_test.cpp", 'TEST_CASE("a") {\n' + "  CHECK(g());\n" * 91 + "}\n")
        self.accepted(rule, "core/a.cpp", "namespace landwaiter {\n" + "int f();\n" * 200 + "}\n")

    def test_sources_have_headers(self):
        rule = rules.sources_have_headers
        self.refused(rule, "core/base/a.cpp", SPDX)
        tree = {"detectors/walk/layer_walk.hpp": "", "platform/api/routes.hpp": ""}
        whole, part, routes = "detectors/walk/layer_walk.cpp", "detectors/walk/layer_walk_nested.cpp", "platform/api/scan_routes.cpp"
        for path in (whole, part, routes, "daemon/main.cpp"):
            self.assertEqual(list(rule({path: SPDX, **tree})), [])
        for path in ("detectors/walk/nested.cpp", "detectors/engine/layer_walk.cpp"):
            self.assertEqual(len(list(rule({path: SPDX, **tree}))), 1)

    def test_tests_mirror(self):
        rule = rules.tests_mirror
        tree = {"detectors/walk/layer_walk.cpp": ""}
        walk = "tests/detectors/walk/"
        for path in (walk + "layer_walk_test.cpp", walk + "layer_walk_hostile_test.cpp", walk + "walk_test.cpp",
                     "tests/integration/all_test.cpp"):
            self.assertEqual(list(rule({path: SPDX, **tree})), [])
        for path in ("tests/detectors/walk/hostile_test.cpp", "tests/detectors/layer_walk_test.cpp"):
            self.assertEqual(len(list(rule({path: SPDX, **tree}))), 1)

    def test_folder_pages(self):
        rule = rules.folder_pages
        self.refused(rule, "core/base/a.cpp", SPDX)
        self.assertEqual(len(list(rule({"core/base/a.cpp": SPDX, "core/base/README.md": "short\n"}))), 1)
        self.assertEqual(list(rule({"core/base/a.cpp": SPDX, "core/base/README.md": "line\n" * 20})), [])

    def test_fullest_folder(self):
        self.assertEqual(len(list(rules.fullest_folder({f"core/base/a{i}.cpp": "" for i in range(rules.FILES_MAX)}))), 1)
        self.assertEqual(list(rules.fullest_folder({f"core/base/a{i}.cpp": "" for i in range(rules.FILES_MAX - 1)})), [])

    def test_machine_paths(self):
        for where in ("work/main", "home/me/landwaiter", "Users/Me/landwaiter"):
            self.refused(rules.machine_paths, "README.md", f"see /{where}/x\n")
        self.accepted(rules.machine_paths, "README.md", "https://example.com/work/x and etc/work/ and /var/lib/landwaiter\n")

    def test_constant_names(self):
        rule = rules.constant_names
        for text in ("constexpr std::size_t names_max = 3;", "inline constexpr std::array<Kind, 2> kinds{{}};",
                     "class A {\n  static constexpr int size = 3;\n};", "static constexpr std::uint8_t zero[1] = {0};"):
            self.refused(rule, "registry/a.cpp", text)
        for text in ("constexpr std::size_t kNamesMax = 3;", "void f() {\n  constexpr int size = 3;\n}", "constexpr bool is_space(int c) {",
                     "inline constexpr std::array<Kind, 2> kKinds{{}};"):
            self.accepted(rule, "registry/a.cpp", text)
        self.accepted(rule, "core/base/limits.hpp", "inline constexpr std::size_t names_max = 3;")

    def test_header_guards(self):
        self.refused(rules.header_guards, "core/a.hpp", SPDX)
        self.accepted(rules.header_guards, "core/a.hpp", SPDX + "#pragma once\n")

    def test_plain_words(self):
        rule = words.plain_words
        for path, text in (
            ("core/a.cpp", 'return Error("the file is read anew");'),
            ("core/a.hpp", "/// Removes doubles.\n"),
            ("core/a.hpp", "/// invalid_argument for a token that is none.\n"),
            ("core/a.cpp", "// A trust store's password protects nothing worth the name.\n"),
            ("core/a.hpp", "class Normaliser;\n"),
            ("registry/a.cpp", '"refused to connect to a local address, on another host\'s word"'),
            ("detectors/a.hpp", "/// The kind that the answer betrays.\n"),
            ("daemon/a.cpp", '"List of keys that are known to the world"'),
            ("docs/a.md", "Colours on a terminal\n"),
            ("packaging/a.yml", "# no licence\n"),
            ("platform/api/openapi.json", '"description": "an enrolment token"'),
            ("scripts/run", "# by organisation\n"),
        ):
            self.refused(rule, path, text)
        for path, text in (
            ("core/a.hpp", "/// The text of the field; empty if there is none.\n"),
            ("core/a.hpp", "/// Removes duplicates; the programmer's neighbor initializes nothing.\n"),
            ("core/a.cpp", "double doubles = 2.0;\n"),
            ("tests/e2e/a.py", "if value is None:\n"),
            ("docs/a.md", "A sensor enrolls once; enrollment tokens are single-use.\n"),
            ("LICENSE", "licence\n"),
            ("tests/fuzz/corpus/policy/a", "colour\n"),
        ):
            self.accepted(rule, path, text)

    def test_coroutine_forms(self):
        rule = coroutine_forms.coroutine_forms
        for text in (
            # a brace-made object
            "auto r = co_await send({.url = url, .method = method});",
            "auto r = co_await send(HttpRequest{url});",
            "co_await client.send(\n    Request{a, b},\n    token);",
            "if (auto r = co_await f(X{}); !r) co_return;",
            "co_await X{a}.run();",
            "co_await f(std::vector<int>{1, 2});",
            # a lambda that captures by copy
            "co_await run([text] { return text; });",
            "co_await run([=]() { return text; });",
            "co_await run([&a, text = std::move(text)](int x) mutable { return text; });",
            "co_await run(1, [self]() -> Awaitable<void> { co_return; });",
            "co_await [text]() -> Awaitable<void> { co_return; }();",
            # switch
            "switch (co_await next()) { case 1: break; }",
            "switch (auto r = co_await next(); r.code()) { case 1: break; }",
            # a conditional operator between awaitables
            "co_await (a ? f() : g());",
            "auto r = co_await (a && b ? f() : g());",
            "auto r = a ? co_await f() : 0;",
        ):
            self.refused(rule, "registry/a.cpp", text)
        for text in (
            "auto op = send({.url = url});\nauto r = co_await std::move(op);",
            "auto r = co_await f(a ? 1 : 2);",
            "co_await run([&] { return text; });",
            "co_await run([this, &text] { return X{text}; });",
            "co_await run([] { return Y{1}; });",
            "co_await run(list[0], table[key]);",
            "const auto code = co_await next();\nswitch (code) { case 1: co_await f(); break; }",
            "while (co_await more()) { X x{1}; }",
            "if (co_await more()) { auto x = X{1}; }",
            "for (;;) { co_await f(); }",
            "// co_await f(X{})\n/* switch (co_await f()) */ const char* s = \"co_await f(X{})\";",
            'const auto s = R"x(co_await f(X{}) " )x"; co_await f("{", \'{\');',
            "co_await asio::this_coro::executor; X y{1};",
            "co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));",
            "Result<int> r = co_await f(); r = a ? r : X{2};",
            "const int million = 1'000'000; co_await f(million); X z{1};",
        ):
            self.accepted(rule, "registry/a.cpp", text)


if __name__ == "__main__":
    unittest.main()
