"""Contents of regions whose value is known: the initial store, constants, and what one thread keeps to itself."""

from __future__ import annotations

from semantics.diagnostics import Unsupported
from semantics.runtime.actions import BYTE, Field, Fill, Image, Payload, Region
from semantics.terms import Term, concat, extract

EXPANDED = 1_000_000
"""So many units may one fill write that are not the content's default: table.grow can ask for 2^32."""


class Units:
    """The content of a `data` or `elem` region: `default` but where `cells` says otherwise."""

    __slots__ = ("cells", "default")

    def __init__(self, default: Term = 0, cells: dict[int, Term] | None = None) -> None:
        self.default = default
        self.cells = {} if cells is None else cells

    def copy(self) -> Units:
        """A content of its own with the same units."""
        return Units(self.default, dict(self.cells))

    def at(self, index: int) -> Term:
        """One unit."""
        return self.cells.get(index, self.default)

    def set(self, index: int, value: Term) -> None:
        """Sets one unit."""
        if value == self.default:
            self.cells.pop(index, None)
        else:
            self.cells[index] = value


Content = int | Term | Units


def content(payload: Payload) -> Content:
    """The content that a payload gives to a region from offset 0 on."""
    if isinstance(payload, Fill):
        return Units(payload.value)
    if isinstance(payload, Image):
        return Units(payload.default, dict(payload.units))
    return payload


def load(region: Region, known: Content, offset: int, size: int) -> Term:
    """What a read of `size` units at `offset` yields."""
    if not isinstance(known, Units):
        return known
    if region.field is Field.DATA:
        return concat(*(known.at(offset + i) for i in range(size)))
    return known.at(offset)


def store(region: Region, known: Units, offset: int, size: int, payload: Payload) -> None:
    """Writes `size` units at `offset` of a content that the caller owns."""
    if isinstance(payload, Fill | Image):
        default = payload.value if isinstance(payload, Fill) else payload.default
        if default == known.default:
            for index in [k for k in known.cells if offset <= k < offset + size]:
                del known.cells[index]
        elif size > EXPANDED:
            raise Unsupported(f"a growth that fills more than {EXPANDED} entries of a table")
        else:
            for index in range(size):
                known.set(offset + index, default)
        if isinstance(payload, Image):
            for index, value in payload.units:
                known.set(offset + index, value)
    elif region.field is Field.DATA:
        for index in range(size):
            known.set(offset + index, extract(payload, BYTE * index, BYTE))
    else:
        known.set(offset, payload)


def payload_of(known: Content, size: int) -> Payload:
    """The content of `size` units as one write, for the initial event. A content with symbols has no image."""
    if not isinstance(known, Units):
        return known
    units = tuple(sorted((k, v) for k, v in known.cells.items() if isinstance(v, int)))
    return Image(size, units, known.default if isinstance(known.default, int) else 0)
