"""Types in text: value and reference types, limits, function types and type uses."""

from __future__ import annotations

from dataclasses import replace

from semantics.diagnostics import Invalid
from semantics.syntax.instructions import BlockType
from semantics.syntax.types import (
    F32,
    F64,
    I32,
    I64,
    MODULEREF,
    SHARED_ANYREF,
    SHARED_FUNCREF,
    FuncType,
    GlobalType,
    HeapKind,
    Limits,
    MemType,
    RefType,
    Share,
    TableType,
    ValType,
    threadref,
)
from semantics.text.context import Context, take_index
from semantics.text.cursor import Cursor

_VALUE: dict[str, ValType] = {
    "i32": I32, "i64": I64, "f32": F32, "f64": F64,
}  # fmt: skip
_SHARED = {
    "funcref": SHARED_FUNCREF, "externref": SHARED_ANYREF, "anyref": SHARED_ANYREF, "moduleref": MODULEREF,
    "threadref": threadref(()),
}  # fmt: skip
_VALUE |= {word: replace(type, share=Share.LOCAL) for word, type in _SHARED.items()}
_HEAP = {
    "func": HeapKind.FUNC, "extern": HeapKind.ANY, "any": HeapKind.ANY, "module": HeapKind.MODULE,
    "thread": HeapKind.THREAD,
}  # fmt: skip
_LATER = {
    "v128", "eqref", "i31ref", "structref", "arrayref", "nullref", "nullfuncref", "nullexternref", "exnref",
    "eq", "i31", "struct", "array", "none", "nofunc", "noextern", "exn", "noexn", "cont",
}  # fmt: skip
_A_VALUE_TYPE = "a value type (i32, i64, f32, f64, funcref, externref, anyref, (shared funcref), ...)"
_A_REF_TYPE = "a reference type (funcref, externref, anyref, (shared funcref), (ref null func), ...)"
_A_HEAP_TYPE = "func, extern, any, or one of them as (shared func)"
_A_SHARED_TYPE = "funcref, externref, anyref, moduleref or threadref"


def value_type(cursor: Cursor) -> ValType:
    """Takes a value type."""
    word = cursor.peek()
    if word is None:
        return reference_type(cursor, _A_VALUE_TYPE)
    known = _VALUE.get(word)
    if known is None:
        if word in _LATER:
            raise cursor.unsupported(f"the type {word}")
        raise cursor.unexpected(_A_VALUE_TYPE)
    cursor.index += 1
    return known


def at_reference_type(cursor: Cursor) -> bool:
    """Whether a reference type begins here."""
    word = cursor.peek()
    if word is not None:
        return isinstance(_VALUE.get(word), RefType) or word in _LATER
    head = cursor.peek_head()
    if head == "shared":
        return _is_shared_reference(cursor)
    return head == "ref"


def _is_shared_reference(cursor: Cursor) -> bool:
    ahead = cursor.inside(cursor.form, cursor.index).take_form()
    return ahead.peek() in _SHARED


def reference_type(cursor: Cursor, expected: str = _A_REF_TYPE) -> RefType:
    """Takes funcref, externref, anyref, one of them as (shared t), or (ref null ht)."""
    word = cursor.peek()
    if word is not None:
        known = _VALUE.get(word)
        if isinstance(known, RefType):
            cursor.index += 1
            return known
        if word in _LATER:
            raise cursor.unsupported(f"the type {word}")
        raise cursor.unexpected(expected)
    if shared := cursor.nested("shared"):
        word = shared.peek()
        if word in _LATER:
            raise shared.unsupported(f"the type (shared {word})")
        if word not in _SHARED:
            raise shared.unexpected(_A_SHARED_TYPE)
        shared.index += 1
        shared.finish('")"')
        return _SHARED[word]
    if reference := cursor.nested("ref"):
        if not reference.keyword("null"):
            raise reference.unsupported("a reference type that is not nullable")
        kind = heap_type(reference)
        reference.finish('")"')
        return kind
    raise cursor.unexpected(expected)


def heap_type(cursor: Cursor) -> RefType:
    """Takes func, extern, any, module, thread, (thread t*), the name of an imported type or (opaque "m" "n"), any of
    these as (shared ht), or a definition as (global gt), (table shared? rt), (memory shared?): the type of the null
    reference to it."""
    if shared := cursor.nested("shared"):
        found = _heap_of(shared, Share.SHARED)
        shared.finish('")"')
        return found
    if definition := cursor.nested("global"):
        type = global_type(definition)
        definition.finish('")"')
        return RefType(type.share, HeapKind.GLOBAL, type)
    if definition := cursor.nested("table"):
        share = take_share(definition)
        elem = reference_type(definition)
        definition.finish('")": the type of a reference to a table names no size')
        return RefType(share, HeapKind.TABLE, elem)
    if definition := cursor.nested("memory"):
        share = take_share(definition)
        definition.finish('")": the type of a reference to a memory names no size')
        return RefType(share, HeapKind.MEMORY)
    return _heap_of(cursor, Share.LOCAL)


def _heap_of(cursor: Cursor, share: Share) -> RefType:
    """A type that has no attribute of its own."""
    if thread := cursor.nested("thread"):
        results = []
        while not thread.at_end:
            results.append(value_type(thread))
        return RefType(share, HeapKind.THREAD, tuple(results))
    if named := cursor.nested("opaque"):
        begin = named.index
        source = named.utf8("the name of a module"), named.utf8("the name of an import")
        found = RefType(share, HeapKind.OPAQUE, source)
        named.finish('")"')
        if found not in cursor.opaque.values():
            named.index = begin
            raise named.error("unknown type", hint="import it: (import ... (type opaque))")
        return found
    word = cursor.peek()
    if word in cursor.opaque and word is not None:
        cursor.index += 1
        return cursor.opaque[word]
    if word in _LATER or (word is not None and (word[0] == "$" or word[0].isdigit())):
        raise cursor.unsupported(f"references to {word}")
    if word not in _HEAP:
        raise cursor.unexpected(_A_HEAP_TYPE)
    cursor.index += 1
    return RefType(share, _HEAP[word], () if word == "thread" else None)


def take_limits(cursor: Cursor) -> Limits:
    """Takes a minimum and perhaps a maximum."""
    if cursor.peek() in ("i32", "i64"):
        raise cursor.unsupported("an index type of a memory or table")
    minimum = cursor.number("a minimum size")
    word = cursor.peek()
    return Limits(minimum, cursor.number("a maximum size") if word and word[0].isdigit() else None)


def memory_type(cursor: Cursor) -> MemType:
    """Takes limits and perhaps `shared`."""
    shared = cursor.keyword("shared")
    limits = take_limits(cursor)
    shared = cursor.keyword("shared") or shared
    return MemType(Share.SHARED if shared else Share.LOCAL, limits)


def table_type(cursor: Cursor) -> TableType:
    """Takes `shared`?, limits and the type of the entries."""
    share = take_attribute(cursor)
    limits = take_limits(cursor)
    return TableType(share, limits, reference_type(cursor))


def global_type(cursor: Cursor) -> GlobalType:
    """Takes an attribute (`shared`, `thread_local`, `tls`), then t or (mut t); also (shared t) and (shared mut t),
    unless that is a reference type."""
    share = take_attribute(cursor)
    if cursor.peek_head() == "shared" and not _is_shared_reference(cursor):
        inner = cursor.take_form()
        mutable = inner.keyword("mut")
        type = value_type(inner)
        inner.finish('")"')
        return GlobalType(Share.SHARED, mutable, type)
    if inner_mut := cursor.nested("mut"):
        type = value_type(inner_mut)
        inner_mut.finish('")"')
        return GlobalType(share, True, type)
    return GlobalType(share, False, value_type(cursor))


def take_share(cursor: Cursor) -> Share:
    """Takes `shared` if it stands here."""
    return Share.SHARED if cursor.keyword("shared") else Share.LOCAL


def take_attribute(cursor: Cursor) -> Share:
    """Takes `shared`, `thread_local` or `tls` if it stands here."""
    return Share.TLS if cursor.keyword("thread_local") or cursor.keyword("tls") else take_share(cursor)


def take_params(cursor: Cursor, names: list[str | None] | None) -> tuple[ValType, ...]:
    """Takes (param ...)*; names go to `names`, or are refused where that is None."""
    return tuple(_declared(cursor, "param", names))


def take_results(cursor: Cursor) -> tuple[ValType, ...]:
    """Takes (result ...)*."""
    return tuple(_declared(cursor, "result", None))


def take_locals(cursor: Cursor, names: list[str | None]) -> tuple[ValType, ...]:
    """Takes (local ...)*."""
    return tuple(_declared(cursor, "local", names))


def _declared(cursor: Cursor, head: str, names: list[str | None] | None) -> list[ValType]:
    types: list[ValType] = []
    while inner := cursor.nested(head):
        word = inner.peek()
        if names is not None and word is not None and word[0] == "$":
            if word in names:
                raise inner.error(f"duplicate local {word}")
            names.append(inner.name())
            types.append(value_type(inner))
            inner.finish('")"')
            continue
        while not inner.at_end:
            types.append(value_type(inner))
            if names is not None:
                names.append(None)
    return types


def function_type(cursor: Cursor, share: Share) -> FuncType:
    """Takes what stands in (func (param ...)* (result ...)*), the cursor being behind `func`."""
    params = take_params(cursor, [])
    results = take_results(cursor)
    cursor.finish("(param ...), (result ...) or the end of the type, in this order")
    return FuncType(share, params, results)


def defined_type(cursor: Cursor) -> FuncType:
    """Takes the definition of a type: (func ...) or (shared (func ...))."""
    if shared := cursor.nested("shared"):
        function = shared.nested("func")
        if function is None:
            raise _not_function(shared)
        shared.finish('")"')
        return function_type(function, Share.SHARED)
    function = cursor.nested("func")
    if function is None:
        raise _not_function(cursor)
    return function_type(function, Share.LOCAL)


def _not_function(cursor: Cursor) -> Exception:
    head = cursor.peek_head()
    if head in ("struct", "array", "cont", "sub"):
        return cursor.unsupported(f"types made with {head}")
    return cursor.unexpected("(func ...) or (shared (func ...))")


def type_use(
    cursor: Cursor, context: Context, share: Share | None = None, names: list[str | None] | None = None
) -> tuple[int, FuncType]:
    """Takes (type x)? (param ...)* (result ...)*: the index in the type section, and the type.

    `share` is the attribute that was written before, None where none can be. Inline parameters and results must agree
    with (type x); without it the type is the first equal one of the section, or is appended. Raises Invalid for a type
    index that the section does not have: nothing can be built then.
    """
    begin = cursor.index
    named: FuncType | None = None
    index = 0
    if inner := cursor.nested("type"):
        index = take_index(inner, context.types, "type")
        if index >= len(context.signatures):
            if cursor.peek_head() in ("param", "result"):  # cannot be compared: the standard's parser refuses it
                raise inner.text.error(f"unknown type {index}", inner.form.begin, inner.form.end)
            raise Invalid(f"unknown type {index}", inner.span(), rule="type")
        inner.finish('")"')
        named = context.signatures[index]
        if share is Share.SHARED and named.share is Share.LOCAL:
            cursor.index = begin
            hint = "write (type (shared (func ...)))"
            raise cursor.error("a shared function of a type that is not shared", hint=hint)
    inline_from = cursor.index
    params = take_params(cursor, names)
    results = take_results(cursor)
    if named is None:
        type = FuncType(share or Share.LOCAL, params, results)
        return context.signature(type), type
    if cursor.peek_head() in ("type", "param", "result"):
        raise cursor.unexpected("(type ...), (param ...), (result ...), each at most once and in this order")
    if cursor.index > inline_from and (params, results) != (named.params, named.results):
        cursor.index = inline_from
        inline = FuncType(named.share, params, results)
        raise cursor.error(f"inline function type {inline} is not the type {named} that is named before it")
    return index, named


def block_type(cursor: Cursor, context: Context) -> BlockType:
    """Takes the type of a block: nothing, one (result t), or a type use."""
    head = cursor.peek_head()
    if head not in ("type", "param", "result"):
        return BlockType()
    if head == "result":
        begin = cursor.index
        results = take_results(cursor)
        if len(results) <= 1:
            return BlockType((), results)
        cursor.index = begin
    type = type_use(cursor, context)[1]
    return BlockType(type.params, type.results)
