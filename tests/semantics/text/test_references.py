"""References to more than functions: how their types are written, and imported types."""

from __future__ import annotations

import pytest

from semantics.diagnostics import Source, TextError, Unsupported
from semantics.syntax.modules import Opaque
from semantics.syntax.types import (
    I32,
    I64,
    MODULEREF,
    SHARED_FUNCREF,
    GlobalType,
    HeapKind,
    RefType,
    Share,
    threadref,
)
from semantics.text import parse_module
from semantics.text.printer import print_module

LOCAL, SHARED = Share.LOCAL, Share.SHARED
OPAQUE = '(import "thread" "handle" (type $h opaque))'

SPELLED = {
    "moduleref": RefType(LOCAL, HeapKind.MODULE),
    "(shared moduleref)": MODULEREF,
    "threadref": RefType(LOCAL, HeapKind.THREAD, ()),
    "(shared threadref)": threadref(()),
    "(ref null (shared (thread i32 i64)))": threadref((I32, I64)),
    "(ref null (thread i32))": RefType(LOCAL, HeapKind.THREAD, (I32,)),
    "(ref null (shared (thread (shared threadref))))": threadref((threadref(()),)),
    "(ref null (global i32))": RefType(LOCAL, HeapKind.GLOBAL, GlobalType(LOCAL, False, I32)),
    "(ref null (global shared (mut i64)))": RefType(SHARED, HeapKind.GLOBAL, GlobalType(SHARED, True, I64)),
    "(ref null (table shared (shared funcref)))": RefType(SHARED, HeapKind.TABLE, SHARED_FUNCREF),
    "(ref null (memory))": RefType(LOCAL, HeapKind.MEMORY),
    "(ref null (memory shared))": RefType(SHARED, HeapKind.MEMORY),
    '(ref null (opaque "thread" "handle"))': RefType(LOCAL, HeapKind.OPAQUE, ("thread", "handle")),
}
VARIANTS = {
    "(ref null module)": "moduleref",
    "(ref null (shared module))": "(shared moduleref)",
    "(ref null thread)": "threadref",
    "(ref null (thread))": "threadref",
    "(ref null $h)": '(ref null (opaque "thread" "handle"))',
}


@pytest.mark.parametrize("text", [*SPELLED, *VARIANTS])
def test_types_read_and_print(text: str) -> None:
    """Every place where a type may stand reads it, and what is printed reads back as the same module."""
    heap = text.removeprefix("(ref null ").removesuffix(")") if text.startswith("(ref") else "extern"
    made = parse_module(
        Source(
            "t.wat",
            f"(module {OPAQUE} (func $f (param {text}) (result {text}) (local {text}) (local.get 1))"
            f" (global {text} (ref.null extern)) (table 1 {text}) (func (drop (ref.null {heap}))))",
        )
    )
    type = SPELLED[VARIANTS.get(text, text)]
    function = made.funcs[0]
    assert {*function.type.params, *function.type.results, *function.locals} == {type}
    assert (made.globals[0].type.type, made.tables[0].type.elem) == (type, type)
    assert str(type) == VARIANTS.get(text, text)
    assert parse_module(Source("p.wat", print_module(made))) == made


def test_an_imported_type_is_a_field_of_the_module() -> None:
    made = parse_module(Source("t.wat", f'(module {OPAQUE} (import "a" "\\22b" (type shared opaque)))'))
    assert made.opaques == (Opaque("thread", "handle", LOCAL, "$h"), Opaque("a", '"b', SHARED, None))
    assert made.opaques[1].type == RefType(SHARED, HeapKind.OPAQUE, ("a", '"b'))
    assert parse_module(Source("p.wat", print_module(made))) == made
    named = f"(func (param (ref null (shared {made.opaques[1].type.heap[8:-1]}))))"
    again = parse_module(Source("t.wat", f'(module (import "a" "\\22b" (type shared opaque)) {named})'))
    assert again.funcs[0].type.params == (made.opaques[1].type,)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ('(func (param (ref null (opaque "a" "b"))))', "unknown type"),
        ('(import "a" "b" (type $h opaque)) (import "c" "d" (type $h opaque))', "duplicate type $h"),
        ('(import "a" "b" (type $h opaque)) (type $h (func))', "duplicate type $h"),
        ('(import "a" "b" (type $h struct))', "unexpected token struct"),
        ("(func (param (ref null (memory 1 1))))", "unexpected token 1"),
    ],
)
def test_errors(fields: str, words: str) -> None:
    with pytest.raises(TextError) as error:
        parse_module(Source("t.wat", f"(module {fields})"))
    assert words in error.value.message
    assert error.value.span is not None


def test_names_of_imported_types_end_with_their_module() -> None:
    """A nested module is closed: it sees its own imports only."""
    with pytest.raises(Unsupported, match=r"references to \$h"):
        parse_module(Source("t.wat", f"(module {OPAQUE} (module (func (param (ref null $h)))))"))
