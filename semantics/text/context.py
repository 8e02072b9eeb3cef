"""Names in scope: one map from name to index for each index space, and what text adds to as it is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

from semantics.syntax.modules import ExternKind, Module
from semantics.syntax.types import FuncType
from semantics.text.cursor import Cursor

Names = dict[str, int]


@dataclass(slots=True)
class Context:
    """The names (with their `$`) that instructions may mention.

    `labels` are the enclosing blocks, innermost last, None where a block has no name. `signatures` is the type section:
    a type use without a type of its own appends to it, as in the standard. `nested` are the modules that
    `instantiate` may name.
    """

    types: Names = field(default_factory=dict)
    funcs: Names = field(default_factory=dict)
    tables: Names = field(default_factory=dict)
    memories: Names = field(default_factory=dict)
    globals: Names = field(default_factory=dict)
    datas: Names = field(default_factory=dict)
    elems: Names = field(default_factory=dict)
    modules: Names = field(default_factory=dict)
    locals: Names = field(default_factory=dict)
    labels: list[str | None] = field(default_factory=list)
    signatures: list[FuncType] = field(default_factory=list)
    nested: list[Module] = field(default_factory=list)

    def within(self, locals: Names) -> Context:
        """The context of a function body: the same index spaces, these locals, no labels."""
        return replace(self, locals=locals, labels=[])

    def signature(self, wanted: FuncType) -> int:
        """The index of a function type, appended to the type section where it is new."""
        if wanted not in self.signatures:
            self.signatures.append(wanted)
        return self.signatures.index(wanted)


def names_of(module: Module) -> Context:
    """The names that a module's definitions bind, for text that is read beside it.

    Names of types are not part of a module; `parse_module_fields` gives them too.
    """

    def bound(kind: ExternKind | None, defined: Iterable[object]) -> Names:
        bindings = [i.binding for i in module.imported(kind)] if kind else []
        bindings += [getattr(d, "binding") for d in defined]  # noqa: B009  (every definition has one)
        return {name: index for index, name in enumerate(bindings) if name is not None}

    return Context(
        funcs=bound(ExternKind.FUNC, module.funcs),
        tables=bound(ExternKind.TABLE, module.tables),
        memories=bound(ExternKind.MEMORY, module.memories),
        globals=bound(ExternKind.GLOBAL, module.globals),
        datas=bound(None, module.datas),
        elems=bound(None, module.elems),
        modules=bound(None, module.modules),
        signatures=list(module.types),
        nested=list(module.modules),
    )


def take_index(cursor: Cursor, names: Mapping[str, int], kind: str) -> int:
    """Takes a name or a number as an index of the space `kind` ("func", "local", ...)."""
    word = cursor.peek()
    if word is None or word[0] != "$":
        return cursor.number(f"a {kind} (a name such as $x, or an index)")
    index = names.get(word)
    if index is None:
        raise cursor.error(f"unknown {kind} {word}{suggestion(word, names)}")
    cursor.index += 1
    return index


def suggestion(word: str, known: Iterable[str]) -> str:
    """ "; did you mean X?" with the nearest known word, or ""."""
    near = get_close_matches(word, list(known), 1)
    return f"; did you mean {near[0]}?" if near else ""
