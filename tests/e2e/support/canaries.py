# SPDX-License-Identifier: Apache-2.0
"""Values that must never be seen outside the memory of the programs, and the search for them in the forms that programs give to text."""
import base64
import urllib.parse


def _base64_middle(data, alignment):
    """What of `data` must appear in the base64 of any text that holds it after a number of bytes with this remainder by three."""
    text = base64.b64encode(bytes(alignment) + data)
    first = (alignment * 8 + 5) // 6  # characters that also hold bits of what stands before
    return text[first:(alignment + len(data)) * 8 // 6]


def forms(data):
    """{name: bytes} of how `data` may be written."""
    found = {"plain": data, "reversed": data[::-1], "hex": data.hex().encode(), "HEX": data.hex().upper().encode(),
             "percent": urllib.parse.quote(data, safe="").encode(), "percent, all": b"".join(b"%%%02X" % byte for byte in data),
             "percent, form": urllib.parse.quote_plus(data).encode(), "percent, path": urllib.parse.quote(data).encode(),
             "JSON": data.replace(b"\\", b"\\\\").replace(b"/", b"\\/")}
    found["percent, lower"] = found["percent, all"].lower()
    for alignment in range(3):
        middle = _base64_middle(data, alignment)
        found[f"base64 at {alignment}"] = middle
        found[f"base64url at {alignment}"] = middle.replace(b"+", b"-").replace(b"/", b"_")
    return found


class Canaries:
    """Finds each half of each value, so that a cut text is found too."""

    HALF_BYTES_MIN = 8

    def __init__(self, **values):
        self._needles = []
        self.names = []
        for name, value in values.items():
            self.add(name, value)

    def add(self, name, value):
        data = value if isinstance(value, bytes) else value.encode()
        assert len(data) >= 2 * self.HALF_BYTES_MIN, f"{name} is too short to be found by its halves alone"
        self.names.append(name)
        for half, part in (("first half", data[:len(data) // 2]), ("second half", data[len(data) // 2:])):
            seen = set()
            for form, needle in forms(part).items():
                if needle not in seen:
                    self._needles.append((f"{name}, {half}, {form}", needle))
                seen.add(needle)

    def found_in(self, data):
        return [what for what, needle in self._needles if needle in data]

    @property
    def needles(self):
        return list(self._needles)
