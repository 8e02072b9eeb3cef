"""The base language: control, stack discipline, segments, start, exports, constant expressions, limits."""

from __future__ import annotations

import pytest

from semantics.diagnostics import Source, Span
from semantics.syntax import instructions
from semantics.syntax.instructions import (
    Binary,
    Br,
    BrIf,
    BrTable,
    Call,
    CallIndirect,
    Cmpxchg,
    Compare,
    Const,
    Convert,
    DataDrop,
    Drop,
    ElemDrop,
    Fence,
    GlobalGet,
    Load,
    LocalGet,
    LocalSet,
    LocalTee,
    MemArg,
    MemoryCopy,
    MemoryFill,
    MemoryGrow,
    MemoryInit,
    Nop,
    RefFunc,
    RefIsNull,
    RefNull,
    Return,
    Select,
    TableCopy,
    TableFill,
    TableInit,
    Unary,
    Unreachable,
)
from semantics.syntax.modules import Data, Elem, Export, Global, SegmentMode, Table
from semantics.syntax.types import EXTERNREF, F32, F64, FUNCREF, I32, I64, Limits, TableType
from semantics.validation import THREADS
from tests.semantics.validation.building import (
    A4,
    FUNC,
    GLOBAL,
    LOCAL,
    MEMORY,
    SHARED,
    TABLE,
    ZERO,
    accepted,
    block,
    const,
    ft,
    func,
    glob,
    gt,
    if_,
    imp,
    loop,
    mem,
    mod,
    mt,
    refused,
    tab,
    tt,
)

ACTIVE, PASSIVE, DECLARATIVE = SegmentMode.ACTIVE, SegmentMode.PASSIVE, SegmentMode.DECLARATIVE
ADD = Binary(I32, "add")
LONG = const(I64)

# bodies of a function [i32] -> [i32] with a local of type i64
GOOD_BODIES = {
    "nop": (Nop(), ZERO),
    "block": (block(ZERO, results=(I32,)),),
    "block with parameters": (ZERO, block(ZERO, ADD, params=(I32,), results=(I32,))),
    "loop label takes the parameters": (ZERO, loop(Br(0), params=(I32,), results=(I32,))),
    "if": (ZERO, if_((ZERO,), (ZERO,), results=(I32,))),
    "if without else": (ZERO, ZERO, if_((), (), params=(I32,), results=(I32,))),
    "br to the function's label": (ZERO, Br(0)),
    "br leaves operands behind": (LONG, ZERO, Br(0)),
    "br_if keeps its operands": (ZERO, ZERO, BrIf(0)),
    "br_table": (block(ZERO, ZERO, BrTable((0, 1, 0), 1), results=(I32,)),),
    "br_table in dead code": (block(block(Unreachable(), BrTable((0,), 1), results=(I64,)), Unreachable()), ZERO)[1:],
    "return": (LONG, ZERO, Return()),
    "unreachable": (Unreachable(),),
    "dead code is typed with any operands": (Unreachable(), ADD),
    "dead code may push too": (Unreachable(), ZERO),
    "dead reference": (Unreachable(), RefIsNull()),
    "dead select": (Unreachable(), Select()),
    "dead select takes its type from either side": (Unreachable(), ZERO, ZERO, Select()),
    "call": (ZERO, Call(0)),
    "drop": (ZERO, LONG, Drop()),
    "select": (ZERO, ZERO, ZERO, Select()),
    "typed select": (RefNull(FUNCREF), RefNull(FUNCREF), ZERO, Select((FUNCREF,)), RefIsNull()),
    "locals": (LONG, LocalSet(1), LocalGet(0), LocalTee(0)),
    "numerics": (LONG, Unary(I64, "extend32_s"), Convert("wrap", I32, I64), instructions.Test(I32, "eqz")),
    "compare": (const(F64), const(F64), Compare(F64, "lt")),
    "extend": (ZERO, Convert("extend_s", I64, I32), LONG, Compare(I64, "lt_u")),
    "fence": (Fence(), ZERO),
}

# the same, with the rule blamed and the message's first words
BAD_BODIES = {
    "nothing on the stack": ((), "T30", "type mismatch: expected i32, found nothing at the end"),
    "too much on the stack": ((ZERO, ZERO), "T30", "type mismatch: expected i32, found [i32 i32] at the end"),
    "wrong result": ((LONG,), "T30", "type mismatch: expected i32, found i64 at the end"),
    "block result": ((block(LONG, results=(I32,)),), "block", "type mismatch: expected i32, found i64"),
    "block leftover": ((block(ZERO), ZERO), "block", "type mismatch: expected [], found [i32]"),
    "block sees no outer operands": ((ZERO, block(Drop()), ZERO), "drop", "type mismatch"),
    "block parameters": (
        (block(params=(I32,), results=(I32,)),),
        "block",
        "type mismatch: expected i32, found nothing",
    ),
    "loop": ((loop(LONG, results=(I32,)),), "loop", "type mismatch"),
    "loop label takes no results": ((loop(ZERO, Br(0), results=(I64,)),), "T30", "type mismatch: expected i32, found"),
    "if condition": ((LONG, if_((ZERO,), (ZERO,), results=(I32,))), "if", "type mismatch: expected i32, found i64"),
    "if without else": ((ZERO, if_((ZERO,), (), results=(I32,))), "if", "type mismatch: expected i32, found nothing"),
    "if branches": ((ZERO, if_((ZERO,), (LONG,), results=(I32,))), "if", "type mismatch: expected i32, found i64"),
    "br operand": ((LONG, Br(0)), "br", "type mismatch: expected i32, found i64"),
    "br label": ((ZERO, Br(1)), "br", "unknown label 1: there is 1 label here"),
    "br_if condition": ((ZERO, LONG, BrIf(0)), "br_if", "type mismatch: expected [i32 i32], found [i32 i64]"),
    "br_if label": ((ZERO, ZERO, BrIf(7)), "br_if", "unknown label 7"),
    "br_table arity": ((block(ZERO, BrTable((1,), 0)), ZERO), "br_table", "type mismatch: label 0 takes 0 values"),
    "br_table types": (
        (block(LONG, ZERO, BrTable((1,), 0), results=(I64,)), Drop(), ZERO),
        "br_table",
        "type mismatch: expected i32, found i64, for label 1",
    ),
    "br_table default": (
        (LONG, ZERO, BrTable((), 0)),
        "br_table",
        "type mismatch: expected [i32 i32], found [i64 i32]",
    ),
    "br_table label": ((ZERO, ZERO, BrTable((3,), 0)), "br_table", "unknown label 3"),
    "return": ((LONG, Return()), "return", "type mismatch: expected i32, found i64"),
    "dead code still has types": (
        (Unreachable(), LONG, ADD),
        "binop",
        "type mismatch: expected [i32 i32], found [i64]",
    ),
    "dead result": ((Unreachable(), LONG), "T30", "type mismatch: expected i32, found i64"),
    "call": ((Call(0),), "T12", "type mismatch: expected i32, found nothing"),
    "unknown call": ((ZERO, Call(9)), "T12", "unknown function 9: there is 1 function here"),
    "drop": ((Drop(), ZERO), "drop", "type mismatch: expected _, found nothing"),
    "select sides": (
        (ZERO, LONG, ZERO, Select()),
        "select",
        "type mismatch: expected [i64 i64 i32], found [i32 i64 i32]",
    ),
    "select of references": (
        (RefNull(FUNCREF), RefNull(FUNCREF), ZERO, Select(), RefIsNull()),
        "select",
        "type mismatch: select without a type needs numbers, found funcref",
    ),
    "select of two": ((ZERO, ZERO, ZERO, Select((I32, I32))), "select", "invalid result arity"),
    "select of none": ((ZERO, ZERO, ZERO, Select(())), "select", "invalid result arity"),
    "local.get": ((LocalGet(2),), "local.get", "unknown local 2: there are 2 locals"),
    "local.set": ((ZERO, LocalSet(1), ZERO), "local.set", "type mismatch: expected i64, found i32"),
    "local.tee": ((ZERO, LocalTee(1), Drop(), ZERO), "local.tee", "type mismatch: expected i64, found i32"),
    "ref.is_null": ((ZERO, RefIsNull()), "ref.is_null", "type mismatch: expected a reference, found i32"),
    "binop": ((ZERO, LONG, ADD), "binop", "type mismatch: expected [i32 i32], found [i32 i64]"),
    "no such unop": ((ZERO, Unary(I32, "extend32_s")), "unop", "unknown operator i32.extend32_s"),
    "no such binop": ((const(F32), const(F32), Binary(F32, "rotl")), "binop", "unknown operator f32.rotl"),
    "no such testop": ((const(F32), instructions.Test(F32, "eqz")), "testop", "unknown operator f32.eqz"),
    "no such relop": ((const(F32), const(F32), Compare(F32, "lt_s")), "relop", "unknown operator f32.lt_s"),
    "no such cvtop": ((ZERO, Convert("wrap", I64, I32)), "cvtop", "unknown operator i64.wrap from i32"),
    "cvtop": ((ZERO, Convert("wrap", I32, I64)), "cvtop", "type mismatch: expected i64, found i32"),
}


def body(*code):
    return mod(func(*code, params=(I32,), results=(I32,), locals=(I64,)))


@pytest.mark.parametrize("name", GOOD_BODIES)
def test_good_body(name):
    accepted(body(*GOOD_BODIES[name]))


@pytest.mark.parametrize("name", BAD_BODIES)
def test_bad_body(name):
    code, rule, words = BAD_BODIES[name]
    refused(body(*code), rule, words)


def test_the_error_names_the_instruction():
    source = Source("t.wat", "local.get 7")
    span = Span(source, 1, 1, 1, 12)
    assert refused(mod(func(LocalGet(7, span=span))), "local.get", "unknown local 7").span is span


def test_the_first_error_in_source_order_is_reported():
    refused(body(block(LocalGet(8)), LocalGet(9)), "local.get", "unknown local 8")
    refused(body(ZERO, if_((LocalGet(7),), (LocalGet(8),)), LocalGet(9)), "local.get", "unknown local 7")


def test_deep_nesting_is_no_problem():
    deep = ZERO
    for _ in range(20_000):
        deep = block(deep, results=(I32,))
    accepted(body(deep))


# --- tables, memories and segments in code -------------------------------------------------------
PASSIVE_DATA = Data(b"x", PASSIVE)
PASSIVE_ELEM = Elem(FUNCREF, ((RefNull(FUNCREF),),), PASSIVE)
MEM_TAB = (mem(), tab())
THREE = (ZERO, ZERO, ZERO)


def code(*instructions, datas=(PASSIVE_DATA,), elems=(PASSIVE_ELEM,), parts=MEM_TAB):
    return mod(func(*instructions), *parts, datas=datas, elems=elems)


BULK_GOOD = (
    (*THREE, MemoryFill()),
    (*THREE, MemoryCopy()),
    (*THREE, MemoryInit(0)),
    (DataDrop(0),),
    (ZERO, RefNull(FUNCREF), ZERO, TableFill()),
    (*THREE, TableCopy()),
    (*THREE, TableInit(0, 0)),
    (ElemDrop(0),),
)
BULK_BAD = (
    ((*THREE, MemoryFill(3)), "memory.fill", "unknown memory 3: there is 1 memory here"),
    ((*THREE, MemoryCopy(0, 2)), "memory.copy", "unknown memory 2"),
    ((*THREE, MemoryCopy(2, 0)), "memory.copy", "unknown memory 2"),
    ((*THREE, MemoryInit(0, 1)), "memory.init", "unknown memory 1"),
    ((ZERO, MemoryGrow(1), Drop()), "T26", "unknown memory 1"),
    ((*THREE, MemoryInit(1)), "memory.init", "unknown data segment 1"),
    ((DataDrop(4),), "data.drop", "unknown data segment 4"),
    ((*THREE, TableFill()), "table.fill", "type mismatch: expected [i32 funcref i32], found [i32 i32 i32]"),
    ((*THREE, TableCopy(0, 1)), "table.copy", "unknown table 1"),
    ((*THREE, TableInit(0, 4)), "table.init", "unknown elem segment 4"),
    ((ElemDrop(1),), "elem.drop", "unknown elem segment 1"),
    ((ZERO, ZERO, LONG, MemoryFill()), "memory.fill", "type mismatch"),
)


@pytest.mark.parametrize("instructions", BULK_GOOD)
def test_bulk_accepts(instructions):
    accepted(code(*instructions))


@pytest.mark.parametrize(("instructions", "rule", "words"), BULK_BAD)
def test_bulk_refuses(instructions, rule, words):
    refused(code(*instructions), rule, words)


def test_tables_and_segments_agree_on_their_element():
    two = (tab(), tab(LOCAL, EXTERNREF))
    refused(code(*THREE, TableCopy(0, 1), parts=two), "table.copy", "type mismatch: expected a table of funcref")
    refused(code(*THREE, TableInit(1, 0), parts=two), "table.init", "type mismatch: expected a segment of externref")


def test_cmpxchg():
    good = func(ZERO, ZERO, ZERO, Cmpxchg(I32, 4, A4), Drop())
    accepted(mod(mem(SHARED), good))
    refused(mod(mem(LOCAL), good), "cmpxchg", "cmpxchg needs a shared memory: memory 0 is local")
    refused(mod(mem(SHARED), func(*THREE, Cmpxchg(I32, 1, A4), Drop())), "cmpxchg", "atomic alignment must be natural")


def test_cmpxchg_is_on_integers():
    bad = func(ZERO, const(F32), const(F32), Cmpxchg(F32, 4, A4), Drop())
    refused(mod(mem(SHARED), bad), "cmpxchg", "type mismatch: expected an integer type, found f32")


def test_unknown_type_of_call_indirect():
    refused(mod(tab(), func(ZERO, CallIndirect(1)), types=(ft(),)), "T13", "unknown type 1: there is 1 type here")


# --- constant expressions ------------------------------------------------------------------------
IMPORTED = imp(gt(LOCAL, I32, mutable=False))


@pytest.mark.parametrize(
    ("init", "rule", "words"),
    [
        ((Nop(), ZERO), "constant", "constant expression required"),
        ((ZERO, ZERO, ADD), "constant", "constant expression required"),
        ((LocalGet(0),), "constant", "constant expression required"),
        ((GlobalGet(0),), "constant", "constant expression required"),  # mutable
        ((GlobalGet(2),), "T14", "unknown global 2"),  # not imported
        ((), "T31", "type mismatch: expected i32, found nothing"),
        ((ZERO, ZERO), "T31", "type mismatch: expected i32, found [i32 i32]"),
        ((LONG,), "T31", "type mismatch: expected i32, found i64"),
    ],
)
def test_initialisers_are_constant(init, rule, words):
    refused(mod(imp(gt(LOCAL, I32)), IMPORTED, glob(), glob(init=init)), rule, words)


def test_initialisers():
    accepted(mod(IMPORTED, glob(init=(GlobalGet(0),)), func(), glob(LOCAL, FUNCREF, (RefFunc(0),))))


# --- segments ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("segment", "rule", "words"),
    [
        (Data(b"", ACTIVE, 1, (ZERO,)), "data", "unknown memory 1"),
        (Data(b"", ACTIVE, 0, (LONG,)), "data", "type mismatch: expected i32, found i64"),
        (Data(b"", ACTIVE, 0, (Nop(), ZERO)), "constant", "constant expression required"),
        (Data(b"", ACTIVE, 0, (GlobalGet(0),)), "T14", "unknown global 0"),
        (Elem(FUNCREF, (), ACTIVE, 1, (ZERO,)), "elem", "unknown table 1"),
        (Elem(EXTERNREF, (), ACTIVE, 0, (ZERO,)), "elem", "type mismatch: expected a segment of funcref"),
        (Elem(FUNCREF, (), ACTIVE, 0, ()), "elem", "type mismatch: expected i32, found nothing"),
        (Elem(FUNCREF, ((RefNull(EXTERNREF),),), PASSIVE), "elem", "type mismatch: expected funcref"),
        (Elem(FUNCREF, ((RefFunc(3),),), DECLARATIVE), "T11", "unknown function 3"),
    ],
)
def test_segments(segment, rule, words):
    sections = {"datas": (segment,)} if isinstance(segment, Data) else {"elems": (segment,)}
    refused(mod(mem(), tab(), glob(), **sections), rule, words)


def test_good_segments():
    datas = (Data(b"x", ACTIVE, 0, (GlobalGet(0),)), Data(b"", PASSIVE))
    elems = (Elem(FUNCREF, ((RefFunc(0),), (RefNull(FUNCREF),)), ACTIVE, 0, (ZERO,)), Elem(EXTERNREF, (), DECLARATIVE))
    accepted(mod(IMPORTED, mem(), tab(), func(), datas=datas, elems=elems))


# --- start, exports, limits ----------------------------------------------------------------------
def test_start():
    accepted(mod(func(), start=0))
    accepted(mod(func(share=SHARED), start=0))
    refused(mod(func(), start=1), "start", "unknown function 1")
    refused(mod(func(params=(I32,), name="main"), start=0), "start", "start function $main must be [] -> []")
    refused(mod(func(ZERO, results=(I32,)), start=0), "start", "start function 0 must be [] -> []")


@pytest.mark.parametrize(
    ("kind", "word"), [(FUNC, "function"), (GLOBAL, "global"), (TABLE, "table"), (MEMORY, "memory")]
)
def test_exports(kind, word):
    parts = (func(), glob(), tab(), mem())
    accepted(mod(*parts, exports=(Export("a", kind, 0), Export("b", kind, 0))))
    refused(mod(*parts, exports=(Export("a", kind, 1),)), "export", f"unknown {word} 1")
    twice = (Export("a", kind, 0), Export("a", FUNC, 0))
    refused(mod(*parts, exports=twice), "export", "duplicate export name: 'a'")


def test_limits():
    refused(mod(mem(low=2, high=1)), "limits", "size minimum must not be greater than maximum: found 2 and 1")
    refused(mod(imp(mt(LOCAL, 0, 65537))), "limits", "memory size must be at most 65536 pages (4GiB): found 65537")
    refused(mod(imp(tt(low=2, high=1))), "limits", "size minimum must not be greater than maximum")
    refused(mod(Table(TableType(LOCAL, Limits(2**32), FUNCREF))), "limits", "table size must be at most 2^32-1")
    accepted(mod(mem(low=0, high=65536), Table(TableType(LOCAL, Limits(0, 2**32 - 1), FUNCREF))))


def test_declared_references():
    """C.refs of the base language; exports, globals and segments declare, bodies and start do not."""
    use = func(RefFunc(0), Drop())
    words = "undeclared function reference: 0"
    accepted(mod(use))
    refused(mod(use), "T11", words, THREADS)
    refused(mod(use, start=0), "T11", words, THREADS)
    accepted(mod(use, exports=(Export("f", FUNC, 0),)), THREADS)
    refused(mod(use, mem(), exports=(Export("f", MEMORY, 0),)), "T11", words, THREADS)
    accepted(mod(use, Global(gt(LOCAL, FUNCREF), (RefFunc(0),))), THREADS)
    accepted(mod(use, Table(tt(), (RefFunc(0),))), THREADS)
    for mode in (PASSIVE, DECLARATIVE):
        accepted(mod(use, elems=(Elem(FUNCREF, ((RefFunc(0),),), mode),)), THREADS)
    refused(mod(use, elems=(Elem(FUNCREF, ((RefNull(FUNCREF),),), PASSIVE),)), "T11", words, THREADS)


def test_offsets_of_wide_loads():
    accepted(mod(mem(), func(ZERO, Load(I64, 8, None, MemArg(4096, 3)), Drop(), Const(I32, 1), Drop())))
