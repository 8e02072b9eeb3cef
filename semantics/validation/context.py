"""Contexts C of Fig. 21 and the projection sh(C)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from semantics.diagnostics import Invalid, NotExpressible
from semantics.runtime.discipline import Discipline
from semantics.syntax.instructions import Node
from semantics.syntax.modules import Data, Elem, ExternKind, Module
from semantics.syntax.types import FuncType, GlobalType, MemType, Share, TableType, ValType
from semantics.validation.registry import RULE_OF, typing_rule

FUNC, GLOBAL, TABLE, MEMORY = ExternKind.FUNC, ExternKind.GLOBAL, ExternKind.TABLE, ExternKind.MEMORY


@dataclass(slots=True, eq=False)
class Spaces:
    """The module's part of C, one entry per index. An entry that sh(C) took away is None; indices do not move."""

    module: Module
    discipline: Discipline
    types: tuple[FuncType, ...]
    funcs: tuple[FuncType | None, ...]
    tables: tuple[TableType | None, ...]
    mems: tuple[MemType | None, ...]
    globals: tuple[GlobalType | None, ...]
    elems: tuple[Elem | None, ...]
    datas: tuple[Data | None, ...]
    refs: frozenset[int]
    """Functions that occur outside of bodies; empty unless the discipline asks for declared references."""
    nested: list[Module]
    """Closed modules met by `instantiate`: still to be validated."""


Sh = TypeVar("Sh", FuncType, TableType, MemType, GlobalType)
T = TypeVar("T")


def _shared(space: tuple[Sh | None, ...]) -> tuple[Sh | None, ...]:
    return tuple(x if x is not None and x.share is not Share.LOCAL else None for x in space)


Segment = TypeVar("Segment", Elem, Data)


def segment_share(segment: Elem | Data, discipline: Discipline) -> Share:
    """The attribute of a segment (B.11): as written (explicit); or shared for data and that of the type for elem
    (implicit)."""
    if discipline.segments == "explicit":
        return segment.share
    return segment.type.share if isinstance(segment, Elem) else Share.SHARED


def _shared_segments(space: tuple[Segment | None, ...], discipline: Discipline) -> tuple[Segment | None, ...]:
    return tuple(x if x is not None and segment_share(x, discipline) is Share.SHARED else None for x in space)


@typing_rule("T29", fig=21, row="Declarations: sh(C)")
def project(spaces: Spaces) -> Spaces:
    """
    local(X) = X    shared(shared X) = shared X    shared(local X) = absent    shared(absent) = absent
    --------------------------------------------------------------------------------------------------
    shared(C) = C with its func, global, table and memory entries mapped so; indices do not move

    shared(tls gt) = tls gt (B.10): a thread-local global is visible from both kinds of function.
    Segments (B.11) stay if they are shared: data always and elem by the type of its references (implicit), or both by
    their attribute (explicit). Types stay.
    """
    return Spaces(
        spaces.module,
        spaces.discipline,
        spaces.types,
        _shared(spaces.funcs),
        _shared(spaces.tables),
        _shared(spaces.mems),
        _shared(spaces.globals),
        _shared_segments(spaces.elems, spaces.discipline),
        _shared_segments(spaces.datas, spaces.discipline),
        spaces.refs,
        spaces.nested,
    )


class Label(NamedTuple):
    """The types that a branch to a block carries, and the labels around it. Linked, as nesting may be deep."""

    types: tuple[ValType, ...]
    outer: Label | None


@dataclass(slots=True, eq=False)
class Context:
    """C: index spaces, and within a function its locals, innermost label and results."""

    spaces: Spaces
    locals: tuple[ValType, ...] = ()
    labels: Label | None = None
    results: tuple[ValType, ...] = ()
    function: int | None = None
    """Index of the function whose body is typed."""
    strict: bool = False
    """The body may hold shared values only (B.12)."""

    @property
    def discipline(self) -> Discipline:
        """The switches in force."""
        return self.spaces.discipline

    def require(self, e: Node, feature: str) -> None:
        """That the design has `feature`, for the node `e`. Raises NotExpressible."""
        if feature not in self.discipline.features:
            raise NotExpressible(self.discipline.name, feature, e.span)

    def under(self, label: tuple[ValType, ...]) -> Context:
        """C, label (t*)."""
        return Context(self.spaces, self.locals, Label(label, self.labels), self.results, self.function, self.strict)

    def func(self, e: Node, index: int) -> FuncType:
        """C.func(index), for the node `e`. Raises Invalid: unknown, or absent (T29)."""
        return self._entry(self.spaces.funcs, FUNC, e, index)

    def table(self, e: Node, index: int) -> TableType:
        """C.table(index), for the node `e`. Raises Invalid: unknown, or absent (T29)."""
        return self._entry(self.spaces.tables, TABLE, e, index)

    def memory(self, e: Node, index: int) -> MemType:
        """C.memory(index), for the node `e`. Raises Invalid: unknown, or absent (T29)."""
        return self._entry(self.spaces.mems, MEMORY, e, index)

    def global_(self, e: Node, index: int) -> GlobalType:
        """C.global(index), for the node `e`. Raises Invalid: unknown, or absent (T29)."""
        return self._entry(self.spaces.globals, GLOBAL, e, index)

    def type(self, e: Node, index: int) -> FuncType:
        """C.type(index), for the node `e`. Raises Invalid when unknown."""
        return entry(self.spaces.types, "type", e, index)

    def elem(self, e: Node, index: int) -> Elem:
        """C.elem(index), for the node `e`. Raises Invalid: unknown, or absent (T29)."""
        found = entry(self.spaces.elems, "elem segment", e, index)
        if found is None:
            explicit = self.discipline.segments == "explicit"
            hint = "" if explicit else "an elem segment is as shared as its type"
            raise self._absent(e, "elem segment", self._segment(self.spaces.module.elems, index), hint)
        return found

    def data(self, e: Node, index: int) -> Data:
        """C.data(index), for the node `e`. Raises Invalid: unknown, or absent (T29)."""
        found = entry(self.spaces.datas, "data segment", e, index)
        if found is None:
            raise self._absent(e, "data segment", self._segment(self.spaces.module.datas, index))
        return found

    def local(self, e: Node, index: int) -> ValType:
        """C.local(index), for the node `e`. Raises Invalid when unknown."""
        return entry(self.locals, "local", e, index)

    def label(self, e: Node, depth: int) -> tuple[ValType, ...]:
        """C.label(depth), counted from the innermost, for the node `e`. Raises Invalid when unknown."""
        labels: list[tuple[ValType, ...]] = []
        label = self.labels
        while label is not None and len(labels) <= depth:
            labels.append(label.types)
            label = label.outer
        return entry(tuple(labels), "label", e, depth)

    def _entry(self, space: tuple[Sh | None, ...], kind: ExternKind, e: Node, index: int) -> Sh:
        found = entry(space, _WORD[kind], e, index)
        if found is None:
            raise self._absent(e, _WORD[kind], self.name(kind, index))
        return found

    def _absent(self, e: Node, word: str, name: str, hint: str = "") -> Invalid:
        """The error that sh(C) has taken a definition away."""
        user = "a shared function" if self.function is None else f"shared function {self.name(FUNC, self.function)}"
        message = f"{user} may not use local {word} {name}"
        return Invalid(message, e.span, rule="T29", hint=hint or f"declare the {word} shared, or the function local")

    @staticmethod
    def _segment(segments: Sequence[Elem | Data], index: int) -> str:
        binding = segments[index].binding
        return str(index) if binding is None else f"${binding.removeprefix('$')}"

    def name(self, kind: ExternKind, index: int) -> str:
        """What the user calls a definition: $name where it has one, else its index."""
        return definition_name(self.spaces.module, kind, index)


_WORD = {FUNC: "function", TABLE: "table", MEMORY: "memory", GLOBAL: "global"}


def entry(space: tuple[T, ...], word: str, e: Node, index: int) -> T:
    """space[index]. Raises Invalid "unknown `word` `index`", blamed on the rule for `e`."""
    if 0 <= index < len(space):
        return space[index]
    raise refuse(e, f"unknown {word} {index}: {_count(len(space), word)}")


def _count(n: int, word: str) -> str:
    plural = "memories" if word == "memory" else f"{word}s"
    return f"there is no {word} here" if n == 0 else f"there is 1 {word} here" if n == 1 else f"there are {n} {plural}"


def refuse(e: Node, message: str, *, hint: str = "") -> Invalid:
    """The error that the rule for `e` does not hold."""
    return Invalid(message, e.span, rule=RULE_OF[type(e)].name, hint=hint)


def definition_name(module: Module, kind: ExternKind, index: int) -> str:
    """$name of a definition, or its index where it has none."""
    bindings = [im.binding for im in module.imported(kind)]
    if kind is FUNC:
        bindings += [f.binding for f in module.funcs]
    elif kind is TABLE:
        bindings += [t.binding for t in module.tables]
    elif kind is MEMORY:
        bindings += [m.binding for m in module.memories]
    else:
        bindings += [g.binding for g in module.globals]
    binding = bindings[index]
    return str(index) if binding is None else f"${binding.removeprefix('$')}"
