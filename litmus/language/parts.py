"""The parts of a litmus test's text, unresolved: what `reader` takes it apart into."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from litmus.language.test import Quantifier


@dataclass(slots=True)
class Token:
    """A token: its terminal's name, its text and where it begins; lark asks for `type` only."""

    type: str
    text: str
    begin: int

    @property
    def end(self) -> int:
        """Offset behind the last character."""
        return self.begin + len(self.text)


class Range(NamedTuple):
    """The characters [begin, end) of the source."""

    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class LocationItem:
    """`i32 x @ 8 = 1` of the initial state; the place is a number, or the name of an exported address."""

    type: Token | None
    name: Token
    place: Token | None
    initial: Token | None


@dataclass(frozen=True, slots=True)
class RegisterItem:
    """`i32 0:r1 = 5` of the initial state."""

    type: Token | None
    thread: Token
    name: Token
    initial: Token | None


@dataclass(frozen=True, slots=True)
class MemoryItem:
    """`memory 1 4` of the initial state: pages."""

    word: Token
    min: Token
    max: Token | None


@dataclass(frozen=True, slots=True)
class Seen:
    """A register (`thread` is given) or a location that a condition or `locations` names."""

    thread: Token | None
    name: Token


@dataclass(frozen=True, slots=True)
class Comparison:
    """observable = right, or != where not `equal`."""

    left: Seen
    right: Seen | Token
    equal: bool


@dataclass(frozen=True, slots=True)
class Ended:
    """thread:status."""

    thread: Token
    status: Token


@dataclass(frozen=True, slots=True)
class Connective:
    """`op` is "and", "or", "not", "=>" or "true"; `depth` is how many connectives nest in it."""

    op: str
    operands: tuple[RawProposition, ...]
    depth: int = field(init=False)

    def __post_init__(self) -> None:
        inner = (o.depth for o in self.operands if isinstance(o, Connective))
        object.__setattr__(self, "depth", 1 + max(inner, default=0))


RawProposition = Comparison | Ended | Connective


@dataclass(slots=True)
class ThreadText:
    """A thread's name and the stretches of source that make up its code, top down."""

    name: Token
    code: list[Range]
    main: bool = False  # the program's one first thread, which starts the others
    script: bool = False  # what the host does in an agent


class Expected(NamedTuple):
    """What is expected under models, or, where `design`, under profiles. The verdict is a word, perhaps with a detail:
    `invalid T29`."""

    design: bool
    names: list[Token]
    verdict: Token
    detail: Token | None


@dataclass(slots=True)
class Parts:
    """A litmus file, taken apart. Tail items keep the token that begins them, for messages."""

    name: Token
    description: Token | None = None
    state: list[LocationItem | RegisterItem | MemoryItem] = field(default_factory=list)
    prelude: Range | None = None
    file: Token | None = None  # the module's, as a string, in place of the prelude
    threads: list[ThreadText] = field(default_factory=list)
    condition: tuple[Token, Quantifier, RawProposition] | None = None
    locations: list[Seen] = field(default_factory=list)
    expectations: list[Expected] = field(default_factory=list)
    bound: Token | None = None
    libraries: list[tuple[Token, Range]] = field(default_factory=list)  # the other modules, by name
    profile: Token | None = None
