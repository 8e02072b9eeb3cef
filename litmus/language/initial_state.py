"""The initial state of a litmus test: its memory, its locations and their places, its registers' first values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from litmus.language.compiled import Compiled
from litmus.language.condition import Names
from litmus.language.parts import LocationItem, MemoryItem, Parts, RegisterItem, Token
from litmus.language.signatures import is_instruction
from litmus.language.test import KINDS, Kind
from semantics.syntax.instructions import Const
from semantics.syntax.modules import Data, SegmentMode
from semantics.syntax.types import I32, PAGE
from semantics.text.context import suggestion
from semantics.text.literals import read_integer
from semantics.text.sexpr import Text

SLOT = 8
"""Bytes from one location to the next where no place is given."""

MAX_PAGES = 65536
_REGISTERS = ("i32", "i64", "f32", "f64")


@dataclass(frozen=True, slots=True)
class Location:
    """A named byte range of memory 0; `initial` is None where the file gives no value."""

    name: str
    address: int
    kind: Kind
    initial: int | None
    token: Token

    @property
    def bits(self) -> int:
        """Its width."""
        return self.kind.bits


@dataclass(frozen=True, slots=True)
class Register:
    """A register with an initial value: it becomes a parameter of its thread's function."""

    name: str
    type: str
    value: int


@dataclass(frozen=True, slots=True)
class State:
    """The initial state, resolved."""

    min: int
    max: int
    locations: dict[str, Location]
    registers: dict[str, dict[str, Register]]  # by thread name


def read_state(text: Text, parts: Parts, compiled: Compiled | None) -> State:
    """The initial state that a file gives. Raises TextError for what does not fit, clashes or is given twice."""
    sizes: tuple[int, int] | None = None
    items: list[LocationItem] = []
    registers: dict[str, dict[str, Register]] = {thread.name.text: {} for thread in parts.threads}
    for item in parts.state:
        match item:
            case LocationItem():
                items.append(item)
            case RegisterItem():
                _add_register(text, registers, item)
            case MemoryItem(word):
                if sizes is not None:
                    raise text.error("a second memory: the others stand in the module block", word.begin, word.end)
                sizes = _pages(text, item)
    if sizes is None and compiled is not None:
        least = compiled.memory.limits.min
        sizes = least, compiled.memory.limits.max or least
    least, most = sizes or (1, 1)
    return State(least, most, _locate(text, items, least, compiled.addresses if compiled else {}), registers)


def _pages(text: Text, item: MemoryItem) -> tuple[int, int]:
    least = integer(text, item.min, 0, MAX_PAGES, "a number of pages")
    most = least if item.max is None else integer(text, item.max, least, MAX_PAGES, "a maximum number of pages")
    return least, most


def _add_register(text: Text, registers: dict[str, dict[str, Register]], item: RegisterItem) -> None:
    thread = Names(text, tuple(registers), {name: {} for name in registers}, {}).thread(item.thread)
    name, type = item.name.text, item.type.text if item.type else "i32"
    if type not in _REGISTERS:
        assert item.type is not None  # i32 is the type where none is written
        raise text.error(f"a register cannot be {type}", item.type.begin, item.type.end, expected=_REGISTERS)
    if name in registers[thread]:
        raise text.error(f"duplicate register {name} of {thread}", item.name.begin, item.name.end)
    registers[thread][name] = Register(name, type, _value(text, item.initial, KINDS[type]) or 0)


def _locate(text: Text, items: list[LocationItem], pages: int, exported: Mapping[str, int]) -> dict[str, Location]:
    """Gives every location its address: its place, or the lowest free slot."""
    taken: list[range] = []
    places: dict[int, int] = {}
    for index, item in enumerate(items):
        if item.place is not None:
            size = _kind(item).bits // 8
            places[index] = _place(text, item.place, (1 << 32) - size, exported)
            taken.append(range(places[index], places[index] + size))
    found: dict[str, Location] = {}
    free = 0
    for index, item in enumerate(items):
        if index not in places:
            while any(r.start < free + SLOT and free < r.stop for r in taken):
                free += SLOT
            places[index] = free
            free += SLOT
        name, kind = item.name, _kind(item)
        if name.text in found:
            raise text.error(f"duplicate location {name.text}", name.begin, name.end)
        if is_instruction(name.text):
            raise text.error(f"a location cannot be called {name.text}: it is an instruction", name.begin, name.end)
        location = Location(name.text, places[index], kind, _value(text, item.initial, kind), name)
        if location.initial and location.address + kind.bits // 8 > pages * PAGE:
            message = f"{name.text} lies beyond the initial memory and cannot have an initial value"
            raise text.error(message, name.begin, name.end, hint=f"the memory starts with {pages * PAGE} bytes")
        found[name.text] = location
    return found


def _place(text: Text, place: Token, most: int, exported: Mapping[str, int]) -> int:
    """An address: a number, or the name of a constant that the compiled module exports."""
    if place.type == "INT":
        return integer(text, place, 0, most, "an address")
    if place.text not in exported:
        message = f"{place.text} is no address that the module exports{suggestion(place.text, exported)}"
        raise text.error(message, place.begin, place.end, expected=("an integer", *exported))
    return exported[place.text]


def _kind(item: LocationItem) -> Kind:
    return KINDS[item.type.text if item.type else "i32"]


def _value(text: Text, token: Token | None, kind: Kind) -> int | None:
    return None if token is None else Names(text, (), {}, {}).value(token, kind)


def integer(text: Text, token: Token, least: int, most: int, what: str) -> int:
    """An unsigned number within bounds. Raises TextError, which says that the token is no `what`."""
    value = read_integer(token.text, 64)
    if value is None or token.text.startswith("-") or not least <= value <= most:
        raise text.error(f"{token.text} is not {what}", token.begin, token.end, expected=(f"{least} to {most}",))
    return value


def initial_segments(text: Text, locations: Mapping[str, Location]) -> tuple[Data, ...]:
    """Active segments that write the initial values other than 0."""
    given: dict[int, tuple[int, str]] = {}
    for location in locations.values():
        if location.initial is None:
            continue
        for index, byte in enumerate(location.initial.to_bytes(location.bits // 8, "little")):
            value, owner = given.setdefault(location.address + index, (byte, location.name))
            if value != byte:
                token = location.token
                message = f"{location.name} and {owner} overlap and their initial values differ"
                raise text.error(message, token.begin, token.end)
    segments: list[Data] = []
    for location in locations.values():
        if location.initial:
            span = text.span(location.token.begin, location.token.end)
            content = location.initial.to_bytes(location.bits // 8, "little")
            offset = (Const(I32, location.address, span=span),)
            segments.append(Data(content, SegmentMode.ACTIVE, 0, offset, span=span))
    return tuple(segments)
