"""The name section (core specification, appendix 7.4.1) <-> bindings `$name`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from semantics.binary import leb
from semantics.binary.stream import Stream
from semantics.diagnostics import Malformed, Source
from semantics.syntax.modules import ExternKind, Function, Module
from semantics.syntax.types import FuncType, GlobalType, MemType, TableType

SECTION = "name"
MODULE, FUNCTIONS, LOCALS, TABLES, MEMORIES, GLOBALS, ELEMS, DATAS = 0, 1, 2, 5, 6, 7, 8, 9
_NOT_IDENTIFIER = re.compile(r"[^0-9A-Za-z!#$%&'*+\-./:<=>?@\\^_`|~]")
_SPACES = (
    (FUNCTIONS, FuncType, "funcs"),
    (TABLES, TableType, "tables"),
    (MEMORIES, MemType, "memories"),
    (GLOBALS, GlobalType, "globals"),
    (ELEMS, None, "elems"),
    (DATAS, None, "datas"),
)
"""Subsection, the type by which an import is of that index space, field of Module."""

NameMap = dict[int, str]
Bound = TypeVar("Bound", bound=Any)


@dataclass(slots=True)
class Names:
    """What a name section says, as identifiers: by subsection, and the locals of each function."""

    module: str | None = None
    spaces: dict[int, NameMap] = field(default_factory=dict)
    locals: dict[int, NameMap] = field(default_factory=dict)


# --- from bytes ---------------------------------------------------------------------------------
def read_names(payload: bytes) -> Names | None:
    """The names of the section's payload; None where it is broken, which makes no module malformed."""
    stream = Stream(payload, Source(SECTION, ""))
    names = Names()
    try:
        while stream.position < stream.end:
            kind, size = stream.byte(), stream.length()
            behind = stream.position + size
            if kind == MODULE:
                names.module = identifier(stream.name())
            elif kind == LOCALS:
                for _ in range(stream.length()):
                    function = stream.unsigned()
                    names.locals[function] = _name_map(stream)
            elif any(kind == known for known, _, _ in _SPACES):
                names.spaces[kind] = _name_map(stream)
            else:
                stream.bytes(size)
            if stream.position != behind:
                return None
    except Malformed:
        return None
    return names


def identifier(name: str) -> str | None:
    """A name as `$identifier` of the text format: what cannot stand there becomes `_`."""
    return "$" + _NOT_IDENTIFIER.sub("_", name) if name else None


def _name_map(stream: Stream) -> NameMap:
    """Takes a name map. Where two names are the same identifier, the later one gets a number."""
    found: NameMap = {}
    taken: set[str] = set()
    for _ in range(stream.length()):
        index, name = stream.unsigned(), identifier(stream.name())
        if name is None:
            continue
        unique, count = name, 1
        while unique in taken:
            unique, count = f"{name}.{count}", count + 1
        taken.add(unique)
        found[index] = unique
    return found


def bind(module: Module, names: Names) -> Module:
    """The module with these names as bindings."""
    imports = list(module.imports)
    fields: dict[str, Any] = {}
    for subsection, kind, attribute in _SPACES:
        known = names.spaces.get(subsection)
        if not known:
            continue
        places = [i for i, imported in enumerate(imports) if kind and isinstance(imported.type, kind)]
        for index, place in enumerate(places):
            imports[place] = _bound(imports[place], known.get(index))
        defined = getattr(module, attribute)
        fields[attribute] = tuple(_bound(d, known.get(i)) for i, d in enumerate(defined, len(places)))
    module = replace(module, imports=tuple(imports), binding=names.module, **fields)
    if not names.locals:
        return module
    first = len(module.imported(ExternKind.FUNC))
    funcs = tuple(_name_locals(f, names.locals.get(i)) for i, f in enumerate(module.funcs, first))
    return replace(module, funcs=funcs)


def _bound(definition: Bound, name: str | None) -> Bound:
    return definition if name is None else replace(definition, binding=name)


def _name_locals(function: Function, names: NameMap | None) -> Function:
    if not names:
        return function
    return replace(function, local_names=tuple(map(names.get, range(len(function.local_names)))))


# --- to bytes -----------------------------------------------------------------------------------
def write_names(module: Module) -> bytes:
    """The payload of a module's name section, empty if nothing has a name."""
    parts: dict[int, bytes] = {}
    if module.binding:
        parts[MODULE] = leb.name(module.binding[1:])
    for subsection, kind, attribute in _SPACES:
        imported = [i.binding for i in module.imports if kind and isinstance(i.type, kind)]
        _write_map(parts, subsection, [*imported, *(d.binding for d in getattr(module, attribute))])
    first = len(module.imported(ExternKind.FUNC))
    functions = [
        leb.unsigned(index) + _map(function.local_names)
        for index, function in enumerate(module.funcs, first)
        if any(function.local_names)
    ]
    if functions:
        parts[LOCALS] = leb.vector(functions)
    return b"".join(bytes((kind,)) + leb.sized(parts[kind]) for kind in sorted(parts))


def _write_map(parts: dict[int, bytes], subsection: int, bindings: Sequence[str | None]) -> None:
    if any(bindings):
        parts[subsection] = _map(bindings)


def _map(bindings: Sequence[str | None]) -> bytes:
    return leb.vector([leb.unsigned(i) + leb.name(name[1:]) for i, name in enumerate(bindings) if name])
