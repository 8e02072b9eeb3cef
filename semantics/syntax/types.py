"""Types (Fig. 2): sharing, orders, value types and the types of the four kinds of definition."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

PAGE = 65536  # bytes in a page


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
    """What a reference points to: a function, or anything (`anyref` of the paper, `externref` in text)."""

    FUNC = "func"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class RefType:
    """rt ::= sh anyref | sh funcref; always nullable."""

    share: Share
    kind: HeapKind

    @property
    def bits(self) -> int:
        """Width in bits of a reference as a store value (an address, 0 for null)."""
        return 32

    def __str__(self) -> str:
        word = "funcref" if self.kind is HeapKind.FUNC else "externref"
        return word if self.share is Share.LOCAL else f"(shared {word})"


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
