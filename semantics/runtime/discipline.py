"""The typing half of a profile: the switches by which designs differ in validation (systems.md B.0)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Literal


class Sort(Enum):
    """What may carry an attribute."""

    FUNC = "function"
    GLOBAL = "global"
    TABLE = "table"
    MEMORY = "memory"
    DATA = "data segment"
    ELEM = "elem segment"


EVERY = frozenset((Sort.FUNC, Sort.GLOBAL, Sort.TABLE, Sort.MEMORY))
"""The four kinds of definition that Fig. 21 gives an attribute."""


@dataclass(frozen=True, slots=True)
class Discipline:
    """The typing rules of a design. `name` is the profile's, for messages.

    shared: the kinds of definition that may be `shared`
    tls: globals may be thread-local (B.10)
    features: instructions and types that the design has beyond the base language, as "fork", "thread.create"
    seqcst_on_local: atomics on local state are valid (DEC 24); else T2 refuses them. Wait on it traps at run time
    tls_seqcst: atomics on thread-local globals are valid, and act as plain ones (B.12)
    literal_call_indirect: T13 with sh' free, as printed (D13)
    several_memories: a module may have more than one memory (DEC 27)
    declared_refs: ref.func in a body needs the function to occur outside of bodies (base language; no premise of T11)
    entry: what a spawned thread gets must be shared: checked by the types (static), by a trap of the spawner (dynamic:
        B.6; DEC 13), or not at all (none: 3u, B.3)
    externals: `instantiate` takes and gives references that say nothing of the definition (untyped, ref(et) of A.1), or
        its kind and type (typed: P5b, B.5)
    gran: the attribute is written on definitions, or on the module, where it is a requirement (B.8)
    body: a shared function may hold local values (relaxed: T30), or not (strict: B.12)
    segments: data segments are shared and elem segments as their type (implicit), or both carry an attribute (B.11)
    atomics: of which types the atomic accesses of globals and tables may be: any (T14 to T17), or integers and
        references below anyref (B.12)
    tls_default: a thread-local global must be initialised with its type's default (DEC 18)
    """

    name: str
    shared: frozenset[Sort] = EVERY
    tls: bool = False
    features: frozenset[str] = frozenset(("fork", "instantiate"))
    seqcst_on_local: bool = False
    tls_seqcst: bool = False
    literal_call_indirect: bool = False
    several_memories: bool = True
    declared_refs: bool = False
    entry: Literal["static", "dynamic", "none"] = "static"
    externals: Literal["untyped", "typed"] = "untyped"
    gran: Literal["definition", "module"] = "definition"
    body: Literal["relaxed", "strict"] = "relaxed"
    segments: Literal["implicit", "explicit"] = "implicit"
    tls_default: bool = False
    atomics: Literal["any", "integers"] = "any"


PAPER = Discipline("paper")
"""Fig. 21 with its corrections."""

THREADS = Discipline(
    "threads",
    shared=frozenset((Sort.MEMORY,)),
    features=frozenset(),
    seqcst_on_local=True,
    several_memories=False,
    declared_refs=True,
)
"""Today's threads proposal: only memories have the attribute."""
