"""The static content of a module: its index spaces, imports first, and its interface et1* -> et2*."""

from __future__ import annotations

from typing import NamedTuple

from semantics.syntax.modules import Export, ExternKind, Module
from semantics.syntax.types import ExternType, FuncType, GlobalType, MemType, TableType
from semantics.validation.context import FUNC, GLOBAL, MEMORY, TABLE, entry
from semantics.validation.registry import typing_rule


class IndexSpaces(NamedTuple):
    """The types of all definitions of a module by kind and index; `imported_globals` many globals are imports."""

    funcs: tuple[FuncType, ...]
    tables: tuple[TableType, ...]
    mems: tuple[MemType, ...]
    globals: tuple[GlobalType, ...]
    imported_globals: int

    def of(self, kind: ExternKind) -> tuple[ExternType, ...]:
        """The space of one kind."""
        spaces: dict[ExternKind, tuple[ExternType, ...]] = {
            FUNC: self.funcs,
            TABLE: self.tables,
            MEMORY: self.mems,
            GLOBAL: self.globals,
        }
        return spaces[kind]


def index_spaces(module: Module) -> IndexSpaces:
    """The index spaces of `module`."""
    imported = [i.type for i in module.imports]
    globals_ = [t for t in imported if isinstance(t, GlobalType)]
    return IndexSpaces(
        (*(t for t in imported if isinstance(t, FuncType)), *(f.type for f in module.funcs)),
        (*(t for t in imported if isinstance(t, TableType)), *(t.type for t in module.tables)),
        (*(t for t in imported if isinstance(t, MemType)), *(m.type for m in module.memories)),
        (*globals_, *(g.type for g in module.globals)),
        len(globals_),
    )


@typing_rule("export", Export, row="3.4.8 Exports", source="core")
def export(spaces: IndexSpaces, ex: Export) -> ExternType:
    """
    C.kind(i) = et
    --------------------------------
    C |- export "name" (kind i) : et
    """
    word = "function" if ex.kind is FUNC else ex.kind.value
    return entry(spaces.of(ex.kind), word, ex, ex.index)


def interface(module: Module) -> tuple[tuple[ExternType, ...], tuple[ExternType, ...]]:
    """et1* -> et2*: types of the imports and of the exports, in order. Raises Invalid on an unknown export."""
    spaces = index_spaces(module)
    return tuple(i.type for i in module.imports), tuple(export(spaces, ex) for ex in module.exports)
