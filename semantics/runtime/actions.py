"""Regions, locations, actions (Fig. 3) and the projections of Fig. 15 that need one action only.

Offsets and sizes count units of the region: bytes of `data`, entries of `elem`, one for `val` and `len`.
The values w* of an action are kept whole: a term of `UNIT_BITS * size` bits (little endian) for `data`,
one term for `val`, `elem` and `len`, or a compact `Fill`/`Image` where a single write covers many units.
Every location of an action is concrete: the unfolding forks on symbolic addresses.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from semantics.syntax.types import Order
from semantics.terms import Term, extract

BYTE = 8


class Field(Enum):
    """fld ::= val | data | elem | len; the lock of a segment (systems.md B.11); st and cn of a thread handle (B.7)."""

    VAL = "val"
    DATA = "data"
    ELEM = "elem"
    LEN = "len"
    LOCK = "lk"
    STATE = "st"
    CANCEL = "cn"


@dataclass(frozen=True, slots=True, order=False)
class Region:
    """r ::= a.fld: one field of the object at address `addr`; (a, x).fld where every thread x has a field of its own
    (systems.md B.0, cell). `of` is 1 + the number of that thread, 0 where all share the field."""

    addr: int
    field: Field
    of: int = 0

    def __hash__(self) -> int:
        return self.addr

    def __str__(self) -> str:
        return f"{self.addr}.{self.field.value}" + (f"@{self.of - 1}" if self.of else "")


@dataclass(frozen=True, slots=True)
class Location:
    """l ::= r | r[i]; `offset` is 0 for a region without items."""

    region: Region
    offset: int = 0

    def __str__(self) -> str:
        indexed = self.region.field in (Field.DATA, Field.ELEM)
        return f"{self.region}[{self.offset}]" if indexed else str(self.region)


@dataclass(frozen=True, slots=True)
class Fill:
    """w^n: the same unit value n times (growth, allocation)."""

    value: Term
    count: int


@dataclass(frozen=True, slots=True)
class Image:
    """The initial content of a region: `count` units, `default` except where `units` says otherwise."""

    count: int
    units: tuple[tuple[int, int], ...]  # (offset from the action's offset, value), ascending
    default: int = 0


Payload = int | Term | Fill | Image


@dataclass(frozen=True, slots=True)
class Read:
    """rd_ord l w*"""

    order: Order
    location: Location
    size: int  # units
    value: Term


@dataclass(frozen=True, slots=True)
class Write:
    """wr_ord l w*"""

    order: Order
    location: Location
    size: int  # units
    value: Payload


@dataclass(frozen=True, slots=True)
class Rmw:
    """rmw l w1* w2*: reads `old`, writes `new`; seqcst (Fig. 15), or acqrel in the acquire-release proposal."""

    location: Location
    size: int  # units
    old: Term
    new: Term
    order: Order = Order.SEQCST


Action = Read | Write | Rmw


def reading(action: Action) -> bool:
    """read(act) != eps (Fig. 15)."""
    return not isinstance(action, Write)


def writing(action: Action) -> bool:
    """write(act) != eps (Fig. 15)."""
    return not isinstance(action, Read)


def read_value(action: Action) -> Term:
    """read(act) as one term of all units. The action must read."""
    if isinstance(action, Read):
        return action.value
    if isinstance(action, Rmw):
        return action.old
    raise TypeError("a write reads nothing")


def written(action: Action) -> Payload:
    """write(act). The action must write."""
    if isinstance(action, Write):
        return action.value
    if isinstance(action, Rmw):
        return action.new
    raise TypeError("a read writes nothing")


def unit(region: Region, payload: Payload, index: int) -> Term:
    """w*[index], the value of one unit of a payload: a byte of `data`, else the whole store value."""
    if isinstance(payload, Fill):
        return payload.value
    if isinstance(payload, Image):
        return next((value for offset, value in payload.units if offset == index), payload.default)
    if region.field is Field.DATA:
        return extract(payload, BYTE * index, BYTE)
    return payload
