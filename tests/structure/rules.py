# SPDX-License-Identifier: Apache-2.0
"""The rules on the source tree as a whole. Each takes {path: text} and yields one line for each violation."""
import fnmatch
import re

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.MULTILINE)
SOURCES = (".cpp", ".hpp")
FOLDERS = ("core", "registry", "detectors", "storage", "daemon", "platform")

# What a folder may include beside itself: folders, or patterns of headers.
MAY_INCLUDE = {
    "core": (),
    "registry": ("core/*",),
    "detectors": ("core/*",),
    "storage": ("core/*",),
    "daemon": ("core/*", "registry/*", "detectors/*", "storage/*"),
    "platform": ("core/*", "storage/database/*.hpp", "storage/sqlite/*.hpp", "storage/postgres/*.hpp", "storage/compress*.hpp",
                 "registry/client/reference.hpp", "registry/http/*.hpp", "registry/auth/aws_signature.hpp"),
}
# Inside a folder, lowest first: a subfolder may include those before it. "" is what lies in the folder itself.
FLOORS = {
    "core": ("base", "os", "report", "assess", "export", "wire"),
    "registry": ("http", "auth", "client", "sources", "enumerators"),
    "detectors": ("engine", "image", "archives", "walk", "formats", "post_quantum", "keys", "passwords", "ssh", "certificates", "jose",
                  "keystores", "openpgp", "key_files", "libraries", "settings", "", "compiled"),
    "storage": ("", "database", "sqlite", "postgres", "local"),
    "daemon": ("settings", "service", "reader", "scan", "output", "cli", "listing", "check", "sensor", "commands", "flags", ""),
    "platform": ("metrics", "blobs", "store", "http", "api", "", "upkeep", "commands"),
}
# Files that may include more than their folder: the one program that holds platform and sensor together.
EXCEPTIONS = {
    "platform/commands/*": ("daemon/*",),
}

# Libraries that only some files may know. Tests may use any.
LIBRARIES = {
    "Beast": (r"boost/beast.*", ("registry/http/transport*.cpp", "platform/http/http_server.cpp", "platform/http/request_head.*",
                                 "cmake/beast.cpp")),
    "libarchive": (r"archive(_entry)?\.h", ("detectors/*/archive_reader.cpp", "detectors/*/library_versions.cpp",
                   "registry/*archive*", "registry/*tar*")),
    "libpq": (r"libpq-fe\.h", ("storage/postgres/*.cpp",)),
    "prometheus-cpp": (r"prometheus/.*", ("platform/metrics/metrics.cpp",)),
    "SQLite": (r"sqlite3(ext)?\.h", ("storage/*", "platform/*store*", "detectors/formats/sqlite_reader.cpp")),
    "Vectorscan": (r"hs(/.*)?\.h", ("detectors/*",)),
    "spdlog": (r"spdlog/.*", ("daemon/*", "platform/*", "core/base/log.cpp")),
    "CLI11": (r"CLI/.*", ("daemon/*", "platform/commands/*")),
}
# core is what all others stand on: its libraries are few.
CORE_LIBRARIES = re.compile(r"boost/system/.*|nlohmann/.*|openssl/.*|gmpxx\.h|[a-z_]+")
# Where core needs more: coroutine tools are only a header, and core/os is the seam to the operating system.
CORE_EXCEPTIONS = {"core/base/async.hpp": r"boost/asio/.*", "core/base/document_lane.hpp": r"boost/asio/.*",
                   "core/os/*": r"[a-z]+\.h|(?:sys|arpa|linux)/[a-z]+\.h"}

# Only these know which operating system they run on; a port to another one is a file beside each of theirs.
SYSTEM_HOMES = ("core/os/*", "daemon/service/*", "tests/*")
SYSTEM_HEADERS = re.compile(
    r"(?:unistd|spawn|fcntl|poll|signal|locale|pthread|dlfcn|dirent|pwd|grp|syslog|termios|netdb|windows|winsock2|io)\.h"
    r"|(?:sys|arpa|netinet|linux|systemd)/.*")
SYSTEM_MACROS = re.compile(r"\b(?:_WIN32|_WIN64|__linux__|__unix__|__APPLE__)\b")

# What logs: a detector, a registry client and a store return what they have to say.
LOGGING = ("core/base/log*", "daemon/*", "platform/*", "tests/*")

# What reads images makes no file: nothing of a layer can land on the disk, whatever its names say.
READERS = ("registry/*", "detectors/*")
MAKES_FILES = re.compile(
    r"\bstd::(?:basic_)?o?fstream\b"
    r"|\b(?:fopen|freopen|fdopen|creat|mkdir|mkdirat|mknod|mkstemp|mkdtemp|tmpfile|symlink|symlinkat|linkat|rename|renameat)\s*\("
    r"|\bO_(?:CREAT|WRONLY|RDWR|TMPFILE|APPEND|TRUNC)\b|\barchive_(?:write|read_extract|entry_copy_stat)\w*"
    r"|\bfilesystem::(?:create_|copy|rename|resize_file|remove|permissions)\w*")
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)

ATTRIBUTE_NAMES = "core/report/attribute_names.hpp"
ATTRIBUTE_NAME = re.compile(r'inline constexpr const char\* \w+ = "(\w+)";')
# How an attribute's name is written where it is used: finding.attributes["x"], text_attribute(facts, "x").
SPELLED_ATTRIBUTE = re.compile(r'(?:\battributes(?:\[|\.at\(|\.contains\(|\.find\()|\b\w+_attribute\((?:finding\.)?attributes, )"(\w+)"')

WEAKNESS = re.compile(r'Weakness\{"([^"]+)"')
LITERAL = re.compile(r'"([^"\\\n]+)"')
GIVEN_WEAKNESS = re.compile(r'(?:add_weakness\((?:\w+, )?|(?:weaknesses\]?|codes)\.(?:insert|push_back|emplace_back)\()"([^"]+)"')

LINES_MAX = 600
COLUMNS_MAX = 140
FUNCTION_LINES_MAX = 60
TEST_CASE_LINES_MAX = 90
FUNCTION_BEGIN = re.compile(r"(?![ #}/]|namespace|extern|class|struct|enum|union|template|using).*\) ?(?:const )?(?:noexcept )?\{$")
FILES_MAX = 40
PAGE_LINES_MIN, PAGE_LINES_MAX = 10, 40
MACHINE_PATH = re.compile(r"(?<![\w./-])/(?:work|home/[a-z]\w*|Users/\w+)/")


def matches(path, patterns):
    return any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)


def includes(text):
    """(kind, target) of each include: kind is '<' or '"'."""
    return INCLUDE.findall(text)


def sources(files):
    return {path: text for path, text in files.items() if path.endswith(SOURCES)}


def include_directions(files):
    for path, text in sources(files).items():
        folder = path.split("/")[0]
        if folder not in MAY_INCLUDE:
            continue
        allowed = [folder + "/*", *MAY_INCLUDE[folder]]
        for pattern, more in EXCEPTIONS.items():
            if fnmatch.fnmatchcase(path, pattern):
                allowed += more
        for _, target in includes(text):
            if target.split("/")[0] in (*FOLDERS, "tests") and not matches(target, allowed):
                yield f"{path} includes {target}, which {folder}/ must not know"


def floor_of(path):
    """(folder, index in its FLOORS); None for what has no floors, -1 for a subfolder that FLOORS does not know."""
    folder, *rest = path.split("/")
    if folder not in FLOORS:
        return None
    room = rest[0] if len(rest) > 1 else ""
    return folder, FLOORS[folder].index(room) if room in FLOORS[folder] else -1


def no_include_upward(files):
    for path, text in sources(files).items():
        here = floor_of(path)
        if here is None:
            continue
        if here[1] < 0:
            yield f"{path} lies in a folder that FLOORS does not know: say where it stands"
            continue
        for _, target in includes(text):
            there = floor_of(target)
            if there is not None and there[0] == here[0] and there[1] > here[1]:
                yield f"{path} includes {target}, which stands above it"


def includes_are_rooted(files):
    """Own headers are named from the root, in quotes, so that the direction of an include can be seen."""
    for path, text in sources(files).items():
        for kind, target in includes(text):
            own = target.split("/")[0] in (*FOLDERS, "tests", "cmake")
            if kind == '"' and not own:
                yield f'{path} includes "{target}": name own headers from the root and others in <>'
            if kind == "<" and own:
                yield f"{path} includes <{target}>: own headers stand in quotes"


def libraries(files):
    for path, text in sources(files).items():
        if path.startswith("tests/"):
            continue
        for _, target in includes(text):
            for name, (pattern, homes) in LIBRARIES.items():
                if re.fullmatch(pattern, target) and not matches(path, homes):
                    yield f"{path} includes {target}: {name} belongs to {', '.join(homes)}"
            foreign = path.startswith("core/") and not target.startswith(("core/", "spdlog/"))
            excepted = any(fnmatch.fnmatchcase(path, where) and re.fullmatch(what, target) for where, what in CORE_EXCEPTIONS.items())
            if foreign and not excepted and not CORE_LIBRARIES.fullmatch(target):
                yield f"{path} includes {target}, which core/ must not need"


def who_knows_the_system(files):
    for path, text in sources(files).items():
        if matches(path, SYSTEM_HOMES):
            continue
        for _, target in includes(text):
            if SYSTEM_HEADERS.fullmatch(target):
                yield f"{path} includes {target}: what belongs to the operating system lies in core/os or daemon/service"
        macro = SYSTEM_MACROS.search(COMMENT.sub("", text))
        if macro:
            yield f"{path} asks for {macro.group()}: what belongs to the operating system lies in core/os or daemon/service"


def who_logs(files):
    for path, text in sources(files).items():
        if not matches(path, LOGGING) and any(target == "core/base/log.hpp" for _, target in includes(text)):
            yield f"{path} includes core/log.hpp: it must return what it has to say"


def nothing_is_extracted(files):
    for path, text in sources(files).items():
        # What goes to the null device is no file.
        code = COMMENT.sub("", text).replace('"/dev/null", O_WRONLY', "")
        found = MAKES_FILES.search(code) if matches(path, READERS) else None
        if found:
            yield f"{path} uses {found.group()}: what reads images writes no file"


def license_lines(files):
    for path, text in files.items():
        if path.endswith(SOURCES) and not text.startswith("// SPDX-License-Identifier: Apache-2.0\n"):
            yield f"{path} does not begin with its SPDX line"
        script = path.startswith("scripts/") or path.endswith((".py", ".cmake", "CMakeLists.txt"))
        if script and "# SPDX-License-Identifier: Apache-2.0" not in text.split("\n", 3)[:3]:
            yield f"{path} has no SPDX line at its beginning"


def file_lengths(files):
    for path, text in files.items():
        count = text.count("\n")
        if path.endswith((*SOURCES, ".py", ".cmake")) and count > LINES_MAX:
            yield f"{path} has {count} lines, more than {LINES_MAX}: it holds more than one subject"


def columns(files):
    for path, text in files.items():
        if path.endswith((*SOURCES, ".py")):
            for number, line in enumerate(text.split("\n"), 1):
                if len(line) > COLUMNS_MAX:
                    yield f"{path}:{number} has {len(line)} columns, more than {COLUMNS_MAX}"


def function_lengths(files):
    """After clang-format a function's body ends with a brace in the column of its first line; a test case is one, too."""
    for path, text in sources(files).items():
        lines = text.split("\n")
        begin = None
        for number, line in enumerate(lines, 1):
            if begin is None and FUNCTION_BEGIN.match(line):
                begin = number
            elif begin is not None and line.startswith("}"):
                length = number - begin - 1
                limit = TEST_CASE_LINES_MAX if path.startswith("tests/") else FUNCTION_LINES_MAX
                if length > limit:
                    yield f"{path}:{begin} has a function of {length} lines, more than {limit}"
                begin = None


def own_header(path, files):
    """The header that a source file implements, wholly or in part: x.cpp has x.hpp; layer_walk_nested.cpp is a part of layer_walk.hpp,
    scan_routes.cpp of routes.hpp, and registry/enumerators/quay.cpp of the folder's enumerators.hpp."""
    folder, _, name = path.rpartition("/")
    words = name.removesuffix(".cpp").split("_")
    stems = ["_".join(words[:count]) for count in range(len(words), 0, -1)] + [words[-1], folder.rpartition("/")[2]]
    return next((f"{folder}/{stem}.hpp" for stem in stems if f"{folder}/{stem}.hpp" in files), None)


def sources_have_headers(files):
    for path in sources(files):
        if path.split("/")[0] in FOLDERS and path.endswith(".cpp") and not path.endswith("/main.cpp") and own_header(path, files) is None:
            yield f"{path} has no header of its name: a reader looks for what it promises there"


def tests_mirror(files):
    """tests/a/b_test.cpp tests a/b.*, or an aspect of it when its name goes on (layer_walk_hostile_test.cpp), or the whole folder when it
    has that folder's name (sources/sources_test.cpp)."""
    for path in sources(files):
        parts = path.split("/")
        if parts[0] != "tests" or parts[1] not in FOLDERS or not path.endswith("_test.cpp"):
            continue
        words = parts[-1].removesuffix("_test.cpp").split("_")
        stems = ["/".join((*parts[1:-1], "_".join(words[:count]))) for count in range(len(words), 0, -1)]
        if words != [parts[-2]] and not any(stem + end in files for stem in stems for end in SOURCES):
            yield f"{path} mirrors no source file: name it after what it tests"


def folder_pages(files):
    folders = {path.rpartition("/")[0] for path in sources(files) if path.split("/")[0] in FOLDERS}
    for folder in sorted(folders):
        page = files.get(folder + "/README.md")
        if page is None:
            yield f"{folder}/ has no README.md: what lives here, what may be included, how to add one"
        elif not PAGE_LINES_MIN <= page.count("\n") <= PAGE_LINES_MAX:
            yield f"{folder}/README.md has {page.count(chr(10))} lines, not {PAGE_LINES_MIN} to {PAGE_LINES_MAX}"


def fullest_folder(files):
    """A folder that cannot be taken in at a glance holds more than one subject."""
    count = {}
    for path in sources(files):
        folder = path.rpartition("/")[0]
        count[folder] = count.get(folder, 0) + 1
    for folder, number in count.items():
        if number >= FILES_MAX:
            yield f"{folder}/ holds {number} files; below {FILES_MAX} is wanted"


def machine_paths(files):
    for path, text in files.items():
        for number, line in enumerate(text.split("\n"), 1):
            found = MACHINE_PATH.search(line)
            if found:
                yield f"{path}:{number} names a path of somebody's machine: {found.group()}"


CONSTANT = re.compile(
    r"^(?:(?:inline |static )*constexpr|  (?:static |inline )+constexpr) [\w:<>, *&]+?[ >&*](\w+)(?:\[[^\]]*\])?(?: =|\{|;)", re.MULTILINE)


def constant_names(files):
    """kCamel, except for limits and names of attributes, which are always read with their namespace."""
    for path, text in sources(files).items():
        if path in ("core/base/limits.hpp", ATTRIBUTE_NAMES):
            continue
        for found in CONSTANT.finditer(text):
            if not re.match(r"k[A-Z0-9]", found.group(1)):
                yield f"{path} has the constant {found.group(1)}: write it as kCamel"


def header_guards(files):
    for path, text in files.items():
        if path.endswith(".hpp") and "#pragma once" not in text:
            yield f"{path} has no #pragma once"


def attribute_names(files):
    """A name in Finding::attributes that detectors and others know is spelled in one file."""
    shared = set(ATTRIBUTE_NAME.findall(files.get(ATTRIBUTE_NAMES, "")))
    for path, text in sources(files).items():
        if path.startswith("tests/") or path == ATTRIBUTE_NAMES:
            continue
        for name in SPELLED_ATTRIBUTE.findall(text):
            if name in shared or not path.startswith("detectors/"):
                yield f'{path} spells the attribute "{name}": names that two folders know stand in {ATTRIBUTE_NAMES}'


def weakness_codes(files):
    """Detectors give the codes in core's table, and each of them."""
    table = {code for path, text in files.items() if re.fullmatch(r"core/(.*/)?weaknesses\.cpp", path) for code in WEAKNESS.findall(text)}
    detectors = {path: text for path, text in sources(files).items() if path.startswith("detectors/")}
    spelled = {literal for text in detectors.values() for literal in LITERAL.findall(text)}
    for code in sorted(table - spelled):
        yield f"no detector gives the weakness {code}, which core/ explains"
    for path, text in detectors.items():
        for code in GIVEN_WEAKNESS.findall(text):
            if code not in table:
                yield f"{path} gives the weakness {code}, which core/ does not explain"


ALL = (
    include_directions, no_include_upward, includes_are_rooted, libraries, who_knows_the_system, who_logs, nothing_is_extracted,
    license_lines, file_lengths, columns, function_lengths, sources_have_headers, tests_mirror, folder_pages, fullest_folder,
    machine_paths, constant_names, header_guards, attribute_names, weakness_codes,
)
