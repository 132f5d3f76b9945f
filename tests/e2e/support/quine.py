# SPDX-License-Identifier: Apache-2.0
"""Archives that unpack to themselves: the endless descent that a scanner must end by a limit of its own.

The method is that of self-reproducing programs: deflate has two instructions, "write these bytes" (a stored block, whose header
takes five bytes) and "repeat what came N bytes ago" (a match; padded to five bytes here), and a certain series of them prints
itself with a head and a tail. Checksums inside must be right for a file that contains them: CRC-32 is affine, so they follow from
32 linear equations.
"""
import functools
import struct
import zlib

_UNIT = 5  # bytes of an instruction


def _write(data):
    """A stored block's header; what it writes follows."""
    return struct.pack("<BHH", 0, data, data ^ 0xFFFF)


class _Bits:
    def __init__(self):
        self.value = self.count = 0

    def add(self, value, count):
        """Numbers go in from their lowest bit."""
        self.value |= value << self.count
        self.count += count

    def code(self, value, count):
        """Huffman codes go in from their highest bit."""
        self.add(int(f"{value:0{count}b}"[::-1], 2), count)


_LENGTHS = [(3 + i, 257 + i, 0) for i in range(8)] + [
    (11, 265, 1), (13, 266, 1), (15, 267, 1), (17, 268, 1), (19, 269, 2), (23, 270, 2), (27, 271, 2),
    (31, 272, 2), (35, 273, 3), (43, 274, 3),
    (51, 275, 3), (59, 276, 3), (67, 277, 4), (83, 278, 4), (99, 279, 4), (115, 280, 4), (131, 281, 5)]
_DISTANCES = [(1, 0, 0), (2, 1, 0), (3, 2, 0), (4, 3, 0), (5, 4, 1), (7, 5, 1), (9, 6, 2), (13, 7, 2), (17, 8, 3),
              (25, 9, 3), (33, 10, 4), (49, 11, 4),
              (65, 12, 5), (97, 13, 5), (129, 14, 6), (193, 15, 6)]


def _match(bits, length, distance):
    base, symbol, extra = max(entry for entry in _LENGTHS if entry[0] <= length)
    if symbol < 280:
        bits.code(symbol - 256, 7)
    else:
        bits.code(0b11000000 + symbol - 280, 8)
    bits.add(length - base, extra)
    base, symbol, extra = max(entry for entry in _DISTANCES if entry[0] <= distance)
    bits.code(symbol, 5)
    bits.add(distance - base, extra)


@functools.cache
def _repeat(count, size=_UNIT):
    """An instruction of exactly `size` bytes: repeat the last `count` bytes. None when deflate has no form of that size."""
    splits = [[count], *([a, count - a] for a in range(3, count - 2))]
    for lengths in splits:
        for padding in range(8):
            bits = _Bits()
            for _ in range(padding):
                bits.add(0b010, 3)  # an empty block of fixed codes
                bits.code(0, 7)
            bits.add(0b010, 3)
            for length in lengths:
                _match(bits, length, count)
            bits.code(0, 7)
            if bits.count == size * 8:
                return bits.value.to_bytes(size, "little")
    return None


def _program(head, tail):
    """head + instructions + tail, where the instructions write head, themselves and tail."""
    final = b"\x01\x00\x00\xff\xff"  # the last block, empty
    tail = final + tail
    repeat_head = _repeat(len(head) + _UNIT)
    sizes = range(4, 9)
    repeat_tail = next((found for size in sizes if (found := _repeat(len(tail) + size, size))), None)
    if repeat_head is None or repeat_tail is None:
        raise ValueError(f"no instruction for a head of {len(head)} and a tail of {len(tail)} bytes")
    write_head, write_tail = _write(len(head) + _UNIT), _write(len(repeat_tail) + len(tail))
    w0, w1, w4, r4 = _write(0), _write(_UNIT), _write(4 * _UNIT), _repeat(4 * _UNIT)
    return b"".join([
        head, write_head, head, write_head, repeat_head,
        w1, repeat_head, w1, w1,
        w4, repeat_head, w1, w1, w4, r4,
        w4, r4, w4, r4, w4, r4,
        w4, r4, w0, w0, write_tail, r4,
        w0, w0, write_tail, repeat_tail, tail, repeat_tail, tail])


def _solve_checksum(build):
    """The x for which build(x)'s CRC-32 is x, or None: crc(build(x)) ^ x = c + M x over GF(2)."""
    def residue(x):
        return zlib.crc32(build(x)) ^ x

    constant = residue(0)
    rows = []  # (column of M, what it stands for), kept reduced by leading bit
    for bit in range(32):
        column, x = residue(1 << bit) ^ constant, 1 << bit
        for other, other_x in rows:
            if column ^ other < column:
                column, x = column ^ other, x ^ other_x
        if column:
            rows.append((column, x))
            rows.sort(reverse=True)
    target, solution = constant, 0
    for column, x in rows:
        if target ^ column < target:
            target, solution = target ^ column, solution ^ x
    return solution if target == 0 else None


def gzip_quine():
    """A gzip file that unpacks to itself."""
    for stamp in range(1, 1000):  # some give equations without a solution
        head = struct.pack("<4sIBB", b"\x1f\x8b\x08\x08", stamp, 0, 3) + b"q\0"
        size = len(_program(head, bytes(8)))
        checksum = _solve_checksum(lambda crc, head=head, size=size: _program(head, struct.pack("<II", crc, size)))
        if checksum is not None:
            quine = _program(head, struct.pack("<II", checksum, size))
            assert zlib.decompress(quine, 31) == quine
            return quine
    raise ValueError("no gzip quine was found")


def zip_quine():
    """A zip file whose only entry, of its own name, is the file itself."""
    name = b"quine-of-thirty-characters.zip"

    def build(crc, size, comment, stamp):
        fields = struct.pack("<HHHHHIII", 20, 0, 8, stamp, 0x5A21, crc, size - tail_size(comment) - 30 - len(name), size)
        head = b"PK\x03\x04" + fields + struct.pack("<HH", len(name), 0) + name
        central = b"PK\x01\x02" + struct.pack("<H", 20) + fields + struct.pack("<HHHHHII", len(name), 0, 0, 0, 0, 0, 0) + name
        end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), size - tail_size(comment), len(comment)) + comment
        return _program(head, central + end)

    def tail_size(comment):
        return 46 + len(name) + 22 + len(comment)

    for length in range(60):
        comment = b"c" * length
        try:
            size = len(build(0, 0x4000, comment, 0))
        except ValueError:
            continue
        for stamp in range(200):
            checksum = _solve_checksum(lambda crc, stamp=stamp: build(crc, size, comment, stamp))
            if checksum is not None:
                return build(checksum, size, comment, stamp)
    raise ValueError("no zip quine was found")
