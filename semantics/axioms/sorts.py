"""Parse tree of an expression -> sorted expression (`model.Expr`): names resolved, sorts and index sorts checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from semantics.axioms import model as m
from semantics.axioms.base import INDEXED, PLAIN
from semantics.axioms.model import Expr, IndexSort, Sort
from semantics.axioms.parsing import NESTING, Node, nearest, nodes, span_of
from semantics.diagnostics import Source, TextError, Unsupported

if TYPE_CHECKING:
    from lark import Token

EITHER = frozenset({"R", "W", "rf"})
"""Base names whose index may be a cell or a region; of a region they mean: of some cell of it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A defined name. `choosy`: its value grows with a linearisation or a recursion, so that it may not be negated.
    `depth`: how deep its expression nests, with those of the names in it. `alias`: what the name merely stands for,
    as far as options leave nothing else of its definition."""

    sort: Sort
    index: IndexSort | None
    choosy: bool
    depth: int = 0
    alias: m.Base | m.Ref | None = None


@dataclass(slots=True)
class Elaborator:
    """Elaborates the expressions of one statement.

    `defined` are the names in scope, `pending` the names of the `let rec` group with the sorts that they will have,
    `later` names that the file defines further down (for the error), `indices` the index variables in scope, `same` the
    expressions of the model so far, `option` says whether an option is on.
    After `run`: `used` names, `spare` names (those in branches that an option switches off), `needs_cell` (index
    variables used where only a cell will do), `choosy` and `depth`.
    """

    source: Source
    defined: Mapping[str, Entry]
    option: Callable[[Token], bool]
    pending: Mapping[str, Sort] = field(default_factory=dict)
    later: frozenset[str] = frozenset()
    indices: dict[str, IndexSort | None] = field(default_factory=dict)
    same: dict[Expr, Expr] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    spare: set[str] = field(default_factory=set)
    needs_cell: set[str] = field(default_factory=set)
    choosy: bool = False
    depth: int = 0

    def run(self, tree: Node, want: Sort | None = None) -> Expr:
        """The expression, of sort `want` where one is wanted (else of the sort that it shows).

        Raises TextError for unknown names and for sorts that do not fit, and Unsupported for expressions that, with the
        definitions that they name, nest too deep.
        """
        self.depth = self._depth(tree)
        if self.depth > NESTING:
            construct = f"a model whose expressions, with the definitions in them, nest more than {NESTING} deep"
            raise Unsupported(construct, span_of(self.source, tree.meta))
        sort = want or self.guess(tree) or Sort.RELATION
        return self._expr(tree, sort)

    def _depth(self, tree: Node) -> int:
        if tree.data == "name":
            entry = self.defined.get(str(tree.children[0]))
            return 1 + entry.depth if entry is not None else 1
        return 1 + max(map(self._depth, nodes(tree)), default=0)

    def _fail(self, tree: Node, message: str, hint: str = "") -> TextError:
        return TextError(message, span_of(self.source, tree.meta), hint=hint)

    def guess(self, tree: Node) -> Sort | None:
        """The sort that the form of an expression shows; None for 0 and for names that are unknown."""
        match tree.data:
            case "name":
                name = str(tree.children[0])
                if name in self.pending:
                    return self.pending[name]
                if name in self.defined:
                    return self.defined[name].sort
                table = INDEXED if len(tree.children) > 1 else PLAIN
                return table[name].sort if name in table else None
            case "empty":
                return None
            case "union" | "intersection" | "difference" | "conditional":
                return next(filter(None, map(self.guess, nodes(tree))), None)
            case "big_union":
                return self.guess(nodes(tree)[-1])
        return Sort.RELATION

    def _expr(self, tree: Node, want: Sort) -> Expr:
        expr = self._build(tree, want)
        return self.same.setdefault(expr, expr)  # equal expressions are one object: evaluation knows them again

    def _build(self, tree: Node, want: Sort) -> Expr:
        span = span_of(self.source, tree.meta)
        parts = nodes(tree)
        match tree.data:
            case "name":
                return self._name(tree, want)
            case "empty":
                return m.Empty(sort=want, span=span)
            case "union":
                members = [e for e in (self._expr(p, want) for p in parts) if not isinstance(e, m.Empty)]
                return members[0] if len(members) == 1 else m.Union(tuple(members), sort=want, span=span)
            case "conditional":
                return self._conditional(tree, want)
            case "intersection":
                return m.Intersection(tuple(self._expr(p, want) for p in parts), sort=want, span=span)
            case "difference":
                left, choosy = self._expr(parts[0], want), self.choosy
                self.choosy = False
                right = self._expr(parts[1], want)
                if self.choosy:
                    raise self._fail(
                        parts[1],
                        "the right side of \\ may not depend on a linearisation or on a recursive definition",
                        "an execution is consistent if some choice passes: a choice must not help by being smaller",
                    )
                self.choosy = choosy
                return m.Difference(left, right, sort=want, span=span)
            case "big_union":
                return self._big_union(tree, want)
        if want is not Sort.RELATION:
            raise self._fail(
                tree, "sort mismatch: a set is wanted here, this is a relation", "[S] turns a set into one"
            )
        match tree.data:
            case "sequence":
                return m.Sequence(tuple(self._expr(p, want) for p in parts), sort=want, span=span)
            case "product":
                left, right = (self._expr(p, Sort.SET) for p in parts)
                return m.Product(left, right, sort=want, span=span)
            case "identity":
                return m.Identity(self._expr(parts[0], Sort.SET), sort=want, span=span)
        unary = {"inverse": m.Inverse, "plus": m.Plus, "star": m.Star, "optional": m.Optional}[str(tree.data)]
        return unary(self._expr(parts[0], want), sort=want, span=span)

    def _conditional(self, tree: Node, want: Sort) -> Expr:
        """The branch that an option chooses; the other must be well formed too."""
        first, second = nodes(tree)
        live, idle = (first, second) if self.option(tree.children[0]) else (second, first)
        used, choosy = self.used, self.choosy
        self.used = self.spare
        self._expr(idle, want)
        self.used, self.choosy = used, choosy
        return self._expr(live, want)

    def _big_union(self, tree: Node, want: Sort) -> Expr:
        index, sort = str(tree.children[0]), index_sort(tree.children[1]) or IndexSort.CELL
        outer, had = self.indices, index in self.needs_cell
        self.indices = {**outer, index: sort}
        body = self._expr(nodes(tree)[-1], want)
        self.indices = outer
        if not had:
            self.needs_cell.discard(index)
        return m.BigUnion(index, sort, body, sort=want, span=span_of(self.source, tree.meta))

    def _name(self, tree: Node, want: Sort) -> Expr:
        name = str(tree.children[0])
        index = str(tree.children[1]) if len(tree.children) > 1 and tree.children[1] is not None else None
        span = span_of(self.source, tree.meta)
        if name in self.pending:
            entry = Entry(self.pending[name], None, True)
        elif name in self.defined:
            entry = self.defined[name]
        else:
            entry = self._base(tree, name, index)
        if (index is None) != (entry.index is None):
            if index is not None:
                raise self._fail(tree, f"{name} takes no index")
            raise self._fail(tree, f"{name} takes an index, as {name}@b", f"union b. ({name}@b) is its union")
        if index is not None:
            self._index(tree, name, index, entry)
        if entry.sort is not want:
            hint = f"[{name}] is its identity relation" if want is Sort.RELATION else ""
            raise self._fail(
                tree, f"sort mismatch: a {want.value} is wanted here, {name} is a {entry.sort.value}", hint
            )
        self.choosy |= entry.choosy
        if entry.alias is not None:
            self.spare.add(name)
            self.used.add(entry.alias.name)
            return entry.alias
        self.used.add(name)
        if name in self.pending or name in self.defined:
            return m.Ref(name, index, sort=want, span=span)
        return m.Base(name, index, sort=want, span=span)

    def _base(self, tree: Node, name: str, index: str | None) -> Entry:
        first, second = (INDEXED, PLAIN) if index is not None else (PLAIN, INDEXED)
        info = first.get(name) or second.get(name)
        if info is not None:
            return Entry(info.sort, info.index, False)
        if name in self.later:
            raise self._fail(tree, f"{name} is defined only further down")
        known = [*PLAIN, *INDEXED, *self.defined, *self.pending]
        raise self._fail(tree, f"unknown set or relation {name}", nearest(name, known))

    def _index(self, tree: Node, name: str, index: str, entry: Entry) -> None:
        if index not in self.indices:
            raise self._fail(tree, f"unknown index variable {index}", nearest(index, self.indices))
        if entry.index is IndexSort.CELL and name not in EITHER:
            if self.indices[index] is IndexSort.REGION:
                raise self._fail(tree, f"sort mismatch: {name} wants a cell, {index} is a region")
            self.needs_cell.add(index)
        elif name in EITHER and self.indices[index] is None:
            self.needs_cell.add(index)


def index_sort(token: object) -> IndexSort | None:
    """The index sort that a token states, None where it is left open."""
    return None if token is None else IndexSort(str(token))
