"""A memory model as data: the abstract syntax of the model language after loading (a cat dialect).

Everything is over *events* (Fig. 15 lifts projections of actions to events per region). Names with an index,
as `rf@b`, speak of one cell b = (region, absolute offset) or of one region r; where a region is wanted, a cell
stands for its own region.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from semantics.diagnostics import Span


class Sort(Enum):
    """Sorts of expressions."""

    SET = "set"
    RELATION = "relation"


class IndexSort(Enum):
    """Sorts of index variables: a byte (or item) cell, or a region."""

    CELL = "cell"
    REGION = "region"


@dataclass(frozen=True, slots=True)
class Expr:
    """An expression; `sort` is filled in by the loader, `span` is for errors."""

    sort: Sort = field(kw_only=True)
    span: Span | None = field(default=None, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Base(Expr):
    """A base set or relation of `semantics.axioms.base`, with its index variable where it takes one."""

    name: str
    index: str | None = None


@dataclass(frozen=True, slots=True)
class Ref(Expr):
    """A name that a `let` or a `with` defines, with the index variable that instantiates it."""

    name: str
    index: str | None = None


@dataclass(frozen=True, slots=True)
class Empty(Expr):
    """0, the empty set or relation."""


@dataclass(frozen=True, slots=True)
class Union(Expr):
    """a | b"""

    args: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Intersection(Expr):
    """a & b"""

    args: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Difference(Expr):
    """a \\ b"""

    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Sequence(Expr):
    """a ; b"""

    args: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Inverse(Expr):
    """a^-1"""

    arg: Expr


@dataclass(frozen=True, slots=True)
class Plus(Expr):
    """a^+"""

    arg: Expr


@dataclass(frozen=True, slots=True)
class Star(Expr):
    """a^*"""

    arg: Expr


@dataclass(frozen=True, slots=True)
class Optional(Expr):
    """a?"""

    arg: Expr


@dataclass(frozen=True, slots=True)
class Product(Expr):
    """A * B of two sets"""

    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Identity(Expr):
    """[S]"""

    arg: Expr


@dataclass(frozen=True, slots=True)
class BigUnion(Expr):
    """union b. e: over all cells (or regions)"""

    index: str
    index_sort: IndexSort
    body: Expr


@dataclass(frozen=True, slots=True)
class Definition:
    """let name@index = body; `recursive` where it is part of a `let rec` group (least fixed point)."""

    name: str
    index: str | None
    index_sort: IndexSort | None
    body: Expr
    recursive: bool = False
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Linearisation:
    """with name from linearisations(domain, order): name is some strict total order on `domain` that contains
    `order` restricted to it. Existential: an execution is consistent if some choice passes all checks."""

    name: str
    domain: Expr
    order: Expr
    span: Span | None = field(default=None, compare=False, repr=False)


class Waiting(Enum):
    """How threads wait for each other, as a model's text asks for it (systems.md B.0, `wn`)."""

    REACT = "react"  # Fig. 11: a notify wakes any suspended threads, as few as it likes
    FIFO = "fifo-cs"  # `queue`: the suspension events of a location run a queue (threads proposal)
    SECTIONS = "js-cs"  # `section`: the same, and waits that find another value take their turns too (ECMA-262)


class CheckKind(Enum):
    """What a check demands of its expression."""

    ACYCLIC = "acyclic"
    IRREFLEXIVE = "irreflexive"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class Check:
    """[when option] [forall index.] [flag] [~]kind expr as name. A flagged check reports and does not forbid."""

    name: str
    kind: CheckKind
    expr: Expr
    index: str | None = None
    index_sort: IndexSort | None = None
    negated: bool = False
    flag: bool = False
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Model:
    """A loaded model, options resolved: only the parts that are on remain. Definitions stand in order of use.

    `uses` are the names of all base sets and relations that occur. The last linearisation is the model's <tot.
    """

    name: str
    title: str
    definitions: tuple[Definition, ...]
    linearisations: tuple[Linearisation, ...]
    checks: tuple[Check, ...]
    shown: tuple[str, ...]
    options: Mapping[str, bool]
    uses: frozenset[str]

    @property
    def waiting(self) -> Waiting:
        """What the text speaks of: `section`, or `queue`, or neither."""
        if "section" in self.uses:
            return Waiting.SECTIONS
        return Waiting.FIFO if "queue" in self.uses else Waiting.REACT
