# SPDX-License-Identifier: Apache-2.0
"""Everything that programs left in a folder, also what lies compressed in their databases."""
import ctypes
import ctypes.util
import os
import sqlite3

from .process import PATIENCE

_MAGIC = b"\x28\xb5\x2f\xfd"
_EXPANDED_MAX = 64 << 20
_ZSTD = ctypes.CDLL(ctypes.util.find_library("zstd") or "libzstd.so.1")
_ZSTD.ZSTD_decompress.restype = ctypes.c_size_t
_ZSTD.ZSTD_getFrameContentSize.restype = ctypes.c_ulonglong


def _expand(data):
    size = _ZSTD.ZSTD_getFrameContentSize(data, ctypes.c_size_t(len(data)))
    if size > _EXPANDED_MAX:
        raise ValueError(f"a stored report says it has {size} bytes")
    out = ctypes.create_string_buffer(size or 1)
    written = _ZSTD.ZSTD_decompress(out, ctypes.c_size_t(size), data, ctypes.c_size_t(len(data)))
    if written != size:
        raise ValueError("a stored report does not expand")
    return out.raw[:size]


def _values(path):
    """Each value of each table, with zstd undone."""
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=20 * PATIENCE)
    try:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type='table' AND name NOT LIKE 'sqlite_%'")]
        for table in tables:
            for row in database.execute(f'SELECT * FROM "{table}"'):
                for value in row:
                    if isinstance(value, bytes) and value.startswith(_MAGIC):
                        yield table, _expand(value)
    finally:
        database.close()


def all_bytes_of(folder):
    """(origin, bytes) of each file under `folder`, as it lies there, and of what is compressed in databases."""
    for where, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(where, name)
            with open(path, "rb") as file:
                data = file.read()
            yield path, data
            if data.startswith(b"SQLite format 3\0"):
                for table, value in _values(path):
                    yield f"{path}: {table}", value
