"""Two modules and rho: what every index of each stands for once they are linked, and its number after merging."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from semantics.diagnostics import LinkError
from semantics.merging.fields import Space
from semantics.merging.renumbering import Renumbering
from semantics.syntax.modules import ExternKind, Module
from semantics.syntax.types import ExternType, FuncType, GlobalType, MemType, TableType
from semantics.validation.matching import match_extern
from semantics.validation.spaces import index_spaces

FUNC, TABLE, MEMORY, GLOBAL = ExternKind.FUNC, ExternKind.TABLE, ExternKind.MEMORY, ExternKind.GLOBAL
KIND_OF: dict[type, ExternKind] = {FuncType: FUNC, TableType: TABLE, MemType: MEMORY, GlobalType: GLOBAL}
SPACE_OF = {FUNC: Space.FUNC, TABLE: Space.TABLE, MEMORY: Space.MEMORY, GLOBAL: Space.GLOBAL}
DEFINED = {FUNC: "funcs", TABLE: "tables", MEMORY: "memories", GLOBAL: "globals"}
"""The field of Module that has the definitions of a kind."""
ORDINAL = ("first", "second")


class ImportRef(NamedTuple):
    """An import: of the first (0) or second (1) module, at this position of `Module.imports`."""

    side: int
    position: int


class At(NamedTuple):
    """An entry of an index space, by its module and its index there."""

    side: int
    number: int


class Linked:
    """Step 1, and the substitutions of step 2.

    `order`: the modules in the order in which a host instantiates the pair; `imports`: those that stay open; `fused`:
    with `fuse`, imports that stand for an equal one of those; `renumbering`: for each module, the new indices; `types`:
    the type section of both.

    Raises LinkError, naming the pair, for an export that there is not or whose type does not match, and for imports
    that stand for each other in a circle.
    """

    def __init__(self, modules: tuple[Module, Module], links: Mapping[ImportRef, str], *, fuse: bool = False) -> None:
        self.modules = modules
        self.links = dict(links)
        self.order = (1, 0) if {at.side for at in links} == {0} else (0, 1)
        self.imported = [
            {k: [p for p, i in enumerate(m.imports) if KIND_OF[type(i.type)] is k] for k in ExternKind} for m in modules
        ]
        self.types = tuple(dict.fromkeys(t for side in self.order for t in modules[side].types))
        self.targets = {at: self._target(at, export) for at, export in links.items()}
        refs = (ImportRef(side, p) for side in self.order for p in range(len(modules[side].imports)))
        open_ = [at for at in refs if at not in links]
        self.fused = self._equal(open_) if fuse else {}
        self.imports = tuple(at for at in open_ if at not in self.fused)
        self.renumbering = self._renumbering()

    def _target(self, at: ImportRef, name: str) -> At:
        """What the export is that an import is resolved with."""
        wanted, provider = self.modules[at.side].imports[at.position], self.modules[1 - at.side]
        pair = described(self.modules, at, name)
        found = next((e for e in provider.exports if e.name == name), None)
        if found is None:
            names = ", ".join(f'"{e.name}"' for e in provider.exports) or "nothing"
            raise LinkError(f"cannot resolve {pair}: no such export", wanted.span, hint=f"it exports {names}")
        actual = index_spaces(provider).of(found.kind)[found.index]
        if not match_extern(actual, wanted.type):
            types = f"it is {found.kind.value} {actual}, wanted is {KIND_OF[type(wanted.type)].value} {wanted.type}"
            raise LinkError(f"step 1 of merging: cannot resolve {pair}: {types}", wanted.span)
        return At(1 - at.side, found.index)

    def _equal(self, imports: list[ImportRef]) -> dict[ImportRef, ImportRef]:
        """For each import whose names and type an earlier one has, that one."""
        first: dict[tuple[str, str, ExternType], ImportRef] = {}
        found: dict[ImportRef, ImportRef] = {}
        for at in imports:
            wanted = self.modules[at.side].imports[at.position]
            same = first.setdefault((wanted.module, wanted.name, wanted.type), at)
            if same != at:
                found[at] = same
        return found

    def is_import(self, kind: ExternKind, at: At) -> bool:
        """Whether an index is that of an import."""
        return at.number < len(self.imported[at.side][kind])

    def root(self, kind: ExternKind, at: At) -> At:
        """The definition, or the import that stays open, that an index stands for."""
        seen: set[At] = set()
        while self.is_import(kind, at):
            wanted = ImportRef(at.side, self.imported[at.side][kind][at.number])
            if wanted not in self.targets:
                same = self.fused.get(wanted, wanted)
                return At(same.side, self.imported[same.side][kind].index(same.position))
            if at in seen:
                pair = described(self.modules, wanted, self.links[wanted])
                raise LinkError(f"cannot resolve {pair}: imports stand for each other in a circle")
            seen.add(at)
            at = self.targets[wanted]
        return at

    def _renumbering(self) -> tuple[Renumbering, Renumbering]:
        maps: tuple[dict[Space, list[int]], dict[Space, list[int]]] = ({}, {})
        for kind, space in SPACE_OF.items():
            sizes = [
                len(i[kind]) + len(getattr(m, DEFINED[kind])) for i, m in zip(self.imported, self.modules, strict=True)
            ]
            roots = {at: self.root(kind, at) for side in self.order for at in (At(side, i) for i in range(sizes[side]))}
            kept = sorted((at for at, root in roots.items() if at == root), key=lambda a: not self.is_import(kind, a))
            new = {at: number for number, at in enumerate(kept)}
            for side in (0, 1):
                maps[side][space] = [new[roots[At(side, i)]] for i in range(sizes[side])]
        for space, field in ((Space.ELEM, "elems"), (Space.DATA, "datas")):
            count = 0
            for side in self.order:
                size = len(getattr(self.modules[side], field))
                maps[side][space] = list(range(count, count + size))
                count += size
        number = {t: i for i, t in enumerate(self.types)}
        for side in (0, 1):
            maps[side][Space.TYPE] = [number[t] for t in self.modules[side].types]
        return Renumbering(maps[0]), Renumbering(maps[1])


def described(modules: tuple[Module, Module], at: ImportRef, export: str) -> str:
    """A pair of rho in words."""
    wanted = modules[at.side].imports[at.position]
    return (
        f'import "{wanted.module}" "{wanted.name}" of the {ORDINAL[at.side]} module from '
        f'export "{export}" of the {ORDINAL[1 - at.side]}'
    )
