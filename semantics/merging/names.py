"""Names of a merged module: where two clash, the first module keeps its own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar

from semantics.merging.linked import DEFINED, SPACE_OF, At, ImportRef, Linked
from semantics.syntax.modules import Export, ExternKind, Module

D = TypeVar("D", bound=Any)
"""Whatever has a binding."""


class Renamed(NamedTuple):
    """A name that changed, as another thing has it: `what` is "export", "function" and so on."""

    side: int
    what: str
    old: str
    new: str


class Unique:
    """Names made unique: `name`, else `name.1`, `name.2`; never one that another thing began with."""

    def __init__(self, known: Iterable[str | None]) -> None:
        self.known = {name for name in known if name is not None}
        self.used: set[str] = set()

    def take(self, name: str) -> str:
        """The name, or a new one where it is taken."""
        unique, count = name, 0
        while unique in self.used or (count and unique in self.known):
            count += 1
            unique = f"{name}.{count}"
        self.used.add(unique)
        return unique


class Naming:
    """Names of exports and bindings; `renamed` says which changed."""

    def __init__(self, linked: Linked) -> None:
        self.linked = linked
        self.renamed: list[Renamed] = []

    def _rename(self, side: int, what: str, old: str, names: Unique) -> str:
        new = names.take(old)
        if new != old:
            self.renamed.append(Renamed(side, what, old, new))
        return new

    def exports(self) -> tuple[tuple[Export, ...], dict[tuple[int, str], str]]:
        """The exports of both modules, and the new name of each."""
        names = Unique(e.name for m in self.linked.modules for e in m.exports)
        exports: list[Export] = []
        found: dict[tuple[int, str], str] = {}
        for side, module in enumerate(self.linked.modules):
            for e in module.exports:
                found[side, e.name] = name = self._rename(side, "export", e.name, names)
                index = self.linked.renumbering[side].index(SPACE_OF[e.kind], e.index)
                exports.append(replace(e, name=name, index=index))
        return tuple(exports), found

    def bound(self) -> tuple[Module, Module]:
        """Both modules, with bindings that do not clash."""
        first, second = self.linked.modules
        for kind in ExternKind:
            first, second = self._definitions(kind, first, second)
        for field, word in (("elems", "elem segment"), ("datas", "data segment"), ("modules", "module")):
            names = Unique(d.binding for m in (first, second) for d in getattr(m, field))
            first = replace(first, **self._fields(0, word, first, field, names))
            second = replace(second, **self._fields(1, word, second, field, names))
        return first, second

    def _definitions(self, kind: ExternKind, *modules: Module) -> tuple[Module, Module]:
        """The names of one index space. An import that is none any more has none; what it stands for takes its name, if
        it has none itself."""
        field, word = DEFINED[kind], SPACE_OF[kind].value
        modules = tuple(self._adopted(kind, side, m) for side, m in enumerate(modules))
        open_ = [
            [p for p in self.linked.imported[side][kind] if ImportRef(side, p) in self.linked.imports]
            for side in (0, 1)
        ]
        definitions = (d for m in modules for d in getattr(m, field))
        imports = (m.imports[p] for m, positions in zip(modules, open_, strict=True) for p in positions)
        names = Unique(d.binding for d in (*imports, *definitions))
        found: list[Module] = []
        for side, module in enumerate(modules):
            bound = {p: self._bound(side, word, module.imports[p], names) for p in open_[side]}
            im = tuple(bound.get(p, i) for p, i in enumerate(module.imports))
            found.append(replace(module, imports=im, **self._fields(side, word, module, field, names)))
        return found[0], found[1]

    def _adopted(self, kind: ExternKind, side: int, module: Module) -> Module:
        """A module with the names of imports of the other for definitions that have none."""
        imported = self.linked.imported[1 - side][kind]
        names: dict[At, str | None] = {}
        for number, position in enumerate(imported):
            root = self.linked.root(kind, At(1 - side, number))
            names.setdefault(root, self.linked.modules[1 - side].imports[position].binding)
        first = len(self.linked.imported[side][kind])
        definitions = getattr(module, DEFINED[kind])
        bound = tuple(
            d if d.binding else replace(d, binding=names.get(At(side, i))) for i, d in enumerate(definitions, first)
        )
        fields: dict[str, Any] = {DEFINED[kind]: bound}
        return replace(module, **fields)

    def _fields(self, side: int, word: str, module: Module, field: str, names: Unique) -> dict[str, Any]:
        return {field: tuple(self._bound(side, word, d, names) for d in getattr(module, field))}

    def _bound(self, side: int, word: str, definition: D, names: Unique) -> D:
        if definition.binding is None:
            return definition
        return replace(definition, binding=self._rename(side, word, definition.binding, names))
