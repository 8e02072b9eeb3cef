"""The contents of one memory and of one table in a concrete run, by what was written: a size alone costs nothing."""

from __future__ import annotations

from collections.abc import Iterator

from semantics.diagnostics import Unsupported
from semantics.runtime.actions import Fill, Image, Payload
from semantics.syntax.types import PAGE

_BITS, _WITHIN = PAGE.bit_length() - 1, PAGE - 1
ENTRIES = 1_000_000
"""So many entries may one growth fill with something else than the table began with: table.grow can ask for 2^32."""


class Bytes:
    """a.data: pages of bytes; those that were never written are zero."""

    __slots__ = ("pages",)

    def __init__(self) -> None:
        self.pages: dict[int, bytearray] = {}

    def load(self, offset: int, size: int) -> bytes | bytearray:
        """`size` bytes."""
        low = offset & _WITHIN
        if low + size > PAGE:
            head = PAGE - low
            return bytes(self.load(offset, head)) + self.load(offset + head, size - head)
        content = self.pages.get(offset >> _BITS)
        return bytes(size) if content is None else content[low : low + size]

    def store(self, offset: int, payload: Payload, size: int) -> None:
        """Writes a value of `size` bytes, or an image. A fill or the default of an image is zero: it is that of memory
        which comes to be."""
        if payload.__class__ is int:
            self._put(offset, payload.to_bytes(size, "little"))
        elif isinstance(payload, Image):
            for at, unit in payload.units:
                self._put(offset + at, bytes((unit,)))
        else:
            assert isinstance(payload, Fill)  # a sequential run has no symbols

    def _put(self, offset: int, content: bytes) -> None:
        page, low = offset >> _BITS, offset & _WITHIN
        found = self.pages.get(page)
        if found is None:
            found = self.pages[page] = bytearray(PAGE)
        head = content[: PAGE - low]
        found[low : low + len(head)] = head
        if len(head) < len(content):
            self._put(offset + len(head), content[len(head) :])

    def written(self) -> Iterator[tuple[int, bytearray]]:
        """The pages that were written, each with its offset."""
        for page in sorted(self.pages):
            yield page * PAGE, self.pages[page]


class Entries:
    """a.elem: what the table began with, and the entries that differ from it."""

    __slots__ = ("cells", "default")

    def __init__(self, default: int) -> None:
        self.default = default
        self.cells: dict[int, int] = {}

    def load(self, index: int) -> int:
        """One entry."""
        return self.cells.get(index, self.default)

    def store(self, index: int, payload: Payload, count: int) -> None:
        """Writes an entry, a fill or an image. Raises Unsupported for a fill that is too large."""
        if isinstance(payload, Fill | Image):
            value = payload.value if isinstance(payload, Fill) else payload.default
            assert isinstance(value, int)
            if value != self.default:
                if count > ENTRIES:
                    raise Unsupported(f"a growth that fills more than {ENTRIES} entries of a table")
                self.cells.update(dict.fromkeys(range(index, index + count), value))
            if isinstance(payload, Image):
                self.cells.update((index + at, unit) for at, unit in payload.units)
        else:
            assert isinstance(payload, int)
            self.cells[index] = payload
