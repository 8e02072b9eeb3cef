"""Types (Fig. 2): sharing, orders, value types and the types of the four kinds of definition."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

PAGE = 65536  # bytes in a page


def quoted(content: bytes) -> str:
    """A string literal of the text format."""
    return '"' + "".join(chr(b) if 32 <= b < 127 and b not in b'"\\' else f"\\{b:02x}" for b in content) + '"'


class Share(Enum):
    """sh ::= local | shared; and tls, on globals only (systems.md B.10)."""

    LOCAL = "local"
    SHARED = "shared"
    TLS = "thread-local"


_ATTRIBUTE = {Share.LOCAL: "", Share.SHARED: "shared ", Share.TLS: "thread_local "}


class Order(Enum):
    """ord ::= unord | acqrel | seqcst. `acqrel` is not the paper's but the acquire-release proposal's. `init` (proposal
    text, S2) marks initialising writes only."""

    UNORD = "unord"
    ACQREL = "acqrel"
    SEQCST = "seqcst"
    INIT = "init"


class NumType(Enum):
    """nt ::= i32 | i64 | f32 | f64."""

    I32 = "i32"
    I64 = "i64"
    F32 = "f32"
    F64 = "f64"

    @property
    def bits(self) -> int:
        """Width in bits."""
        return 64 if self in (NumType.I64, NumType.F64) else 32

    @property
    def bytes(self) -> int:
        """|t|: width in bytes."""
        return self.bits // 8

    @property
    def is_integer(self) -> bool:
        """Whether this is an integer type."""
        return self in (NumType.I32, NumType.I64)

    def __str__(self) -> str:
        return self.value


class HeapKind(Enum):
    """What a reference points to: a function, or anything (`anyref` of the paper, `externref` in text); in some designs
    also code, a thread, a definition, or whatever the embedder means by an imported type."""

    FUNC = "func"
    ANY = "extern"
    MODULE = "module"  # systems.md B.4
    THREAD = "thread"  # B.7
    GLOBAL = "global"  # B.5, P5b
    TABLE = "table"
    MEMORY = "memory"
    OPAQUE = "opaque"  # B.6


@dataclass(frozen=True, slots=True)
class RefType:
    """rt ::= sh anyref | sh funcref | sh moduleref | sh threadref [t*] | sh (global gt) | sh (table tt) |
    sh (memory mt) | sh opaque h; always nullable.

    `of` says more where there is more to say: the results t* of a thread, the type gt of a global, the type of a
    table's entries, the module and name of the import that gave an opaque type. Sizes are no part of the type of a
    reference to a table or memory: they are compared when it is used. The attribute of a reference to a definition is
    that of the definition.
    """

    share: Share
    kind: HeapKind
    of: tuple[ValType, ...] | GlobalType | RefType | tuple[str, str] | None = None

    @property
    def bits(self) -> int:
        """Width in bits of a reference as a store value (an address, 0 for null)."""
        return 32

    @property
    def heap(self) -> str:
        """The type of what it points to, as ref.null names it."""
        shared = self.share is Share.SHARED
        attribute = " shared" if shared else ""
        match self.kind:
            case HeapKind.GLOBAL:
                return f"(global {self.of})"
            case HeapKind.TABLE:
                return f"(table{attribute} {self.of})"
            case HeapKind.MEMORY:
                return f"(memory{attribute})"
            case HeapKind.THREAD if self.of:
                assert isinstance(self.of, tuple)
                word = f"(thread {' '.join(map(str, self.of))})"
            case HeapKind.OPAQUE:
                assert isinstance(self.of, tuple)
                word = f"(opaque {' '.join(quoted(str(name).encode()) for name in self.of)})"
            case _:
                word = self.kind.value
        return f"(shared {word})" if shared else word

    def __str__(self) -> str:
        if self.kind in _SHORT and not self.of:
            word = f"{self.kind.value}ref"
            return f"(shared {word})" if self.share is Share.SHARED else word
        return f"(ref null {self.heap})"


_SHORT = (HeapKind.FUNC, HeapKind.ANY, HeapKind.MODULE, HeapKind.THREAD)
"""Kinds whose references have a word of their own, as funcref."""


ValType = NumType | RefType


@dataclass(frozen=True, slots=True)
class FuncType:
    """ft ::= sh t* -> t*."""

    share: Share
    params: tuple[ValType, ...]
    results: tuple[ValType, ...]

    def __str__(self) -> str:
        shared = "shared " if self.share is Share.SHARED else ""
        return f"{shared}[{' '.join(map(str, self.params))}] -> [{' '.join(map(str, self.results))}]"


@dataclass(frozen=True, slots=True)
class GlobalType:
    """gt ::= sh mut t."""

    share: Share
    mutable: bool
    type: ValType

    def __str__(self) -> str:
        return _ATTRIBUTE[self.share] + (f"(mut {self.type})" if self.mutable else str(self.type))


@dataclass(frozen=True, slots=True)
class Limits:
    """Minimum and optional maximum size: entries of a table, pages of a memory."""

    min: int
    max: int | None = None

    def __str__(self) -> str:
        return f"{self.min}" if self.max is None else f"{self.min} {self.max}"


@dataclass(frozen=True, slots=True)
class TableType:
    """tt ::= sh rt[n]; limits in entries."""

    share: Share
    limits: Limits
    elem: RefType

    def __str__(self) -> str:
        return f"{_ATTRIBUTE[self.share]}{self.limits} {self.elem}"


@dataclass(frozen=True, slots=True)
class MemType:
    """mt ::= sh [n]; limits in pages (the paper counts bytes)."""

    share: Share
    limits: Limits

    def __str__(self) -> str:
        return f"{self.limits}" + (" shared" if self.share is Share.SHARED else "")


ExternType = FuncType | GlobalType | TableType | MemType

I32, I64, F32, F64 = NumType.I32, NumType.I64, NumType.F32, NumType.F64
FUNCREF = RefType(Share.LOCAL, HeapKind.FUNC)
EXTERNREF = RefType(Share.LOCAL, HeapKind.ANY)
SHARED_FUNCREF = RefType(Share.SHARED, HeapKind.FUNC)
SHARED_ANYREF = RefType(Share.SHARED, HeapKind.ANY)
MODULEREF = RefType(Share.SHARED, HeapKind.MODULE)
"""Code is immutable, hence always shared (systems.md B.4)."""


def threadref(results: tuple[ValType, ...]) -> RefType:
    """shared threadref [t*]: a handle of a thread with results t* (systems.md B.7)."""
    return RefType(Share.SHARED, HeapKind.THREAD, results)
