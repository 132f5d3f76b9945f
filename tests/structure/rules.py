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
    "platform": ("core/*", "storage/sqlite/*.hpp", "storage/compress*.hpp", "registry/client/reference.hpp"),
}
# Files that may include more than their folder: the one program that holds platform and sensor together.
EXCEPTIONS = {
    "platform/main.cpp": ("daemon/*",),
    "platform/embedded*.cpp": ("daemon/*",),
    "platform/embedded*.hpp": ("daemon/*",),
}

# Libraries that only some files may know. Tests may use any.
LIBRARIES = {
    "Beast": (r"boost/beast.*", ("registry/http/transport*.cpp", "platform/http/http_server.cpp", "cmake/beast.cpp")),
    "libarchive": (r"archive(_entry)?\.h", ("detectors/*walk*", "detectors/*archive*", "detectors/*tar*", "registry/*archive*", "registry/*tar*")),
    "SQLite": (r"sqlite3(ext)?\.h", ("storage/*", "platform/*store*", "detectors/formats/sqlite_reader.cpp")),
    "Vectorscan": (r"hs(/.*)?\.h", ("detectors/*",)),
    "spdlog": (r"spdlog/.*", ("daemon/*", "platform/*", "core/base/log.cpp")),
    "CLI11": (r"CLI/.*", ("daemon/*", "platform/main.cpp")),
}
# core is what all others stand on: its libraries are few.
CORE_LIBRARIES = re.compile(r"boost/system/.*|nlohmann/.*|openssl/.*|gmpxx\.h|[a-z_]+")

# What logs: a detector, a registry client and a store return what they have to say.
LOGGING = ("core/base/log*", "daemon/*", "platform/*", "tests/*")

# What reads images makes no file: nothing of a layer can land on the disk, whatever its names say.
READERS = ("registry/*", "detectors/*")
MAKES_FILES = re.compile(
    r"\bstd::(?:basic_)?o?fstream\b|\b(?:fopen|freopen|fdopen|creat|mkdir|mkdirat|mknod|mkstemp|mkdtemp|tmpfile|symlink|symlinkat|linkat|rename|renameat)\s*\("
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
            needless = path.startswith("core/") and not target.startswith(("core/", "spdlog/"))
            if needless and not CORE_LIBRARIES.fullmatch(target):
                yield f"{path} includes {target}, which core/ must not need"


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


def licence_lines(files):
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


def machine_paths(files):
    for path, text in files.items():
        for number, line in enumerate(text.split("\n"), 1):
            found = MACHINE_PATH.search(line)
            if found:
                yield f"{path}:{number} names a path of somebody's machine: {found.group()}"


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


ALL = (include_directions, includes_are_rooted, libraries, who_logs, nothing_is_extracted, licence_lines, file_lengths, machine_paths, header_guards,
       attribute_names, weakness_codes)
