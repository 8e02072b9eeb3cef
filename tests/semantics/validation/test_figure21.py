"""Fig. 21: every rule T1 to T37 with one accepted and one refused program, alike but for the premise in question."""

from __future__ import annotations

import pytest

from semantics.syntax.instructions import (
    Call,
    CallIndirect,
    Drop,
    Fork,
    GlobalGet,
    GlobalSet,
    Instantiate,
    Load,
    MemArg,
    MemoryGrow,
    MemorySize,
    Notify,
    RefFunc,
    RefNull,
    Return,
    Rmw,
    Store,
    TableGet,
    TableGrow,
    TableSet,
    TableSize,
    Wait,
)
from semantics.syntax.modules import Export, Table
from semantics.syntax.types import (
    EXTERNREF,
    F32,
    F64,
    FUNCREF,
    I32,
    I64,
    SHARED_ANYREF,
    SHARED_FUNCREF,
    Order,
    Share,
)
from semantics.validation import PAPER, TYPING_RULES
from semantics.validation.context import Spaces, project
from semantics.validation.formation import number_shared, reference_own, seqcst, shared_is_local, unord
from tests.semantics.validation.building import (
    A4,
    FUNC,
    GLOBAL,
    LOCAL,
    MEMORY,
    SHARED,
    ZERO,
    accepted,
    const,
    ft,
    func,
    glob,
    gt,
    imp,
    mem,
    mod,
    mt,
    refused,
    tab,
    tt,
)

SC = Order.SEQCST
LOAD, LOAD_SC = Load(I32, 4, None, A4), Load(I32, 4, None, A4, SC)
STORE = Store(I32, 4, A4)


def reader(e, *more, share=LOCAL):
    """A function whose body loads from address 0 by `e`."""
    return func(ZERO, e, Drop(), *more, share=share)


NESTED = mod(
    imp(gt(SHARED)),
    func(share=SHARED),
    mem(SHARED),
    exports=(Export("f", FUNC, 0), Export("g", GLOBAL, 0), Export("m", MEMORY, 0)),
)

# rule -> accepted, refused, rule blamed, first words of the message
CASES = {
    "T1": (mod(mem(), reader(LOAD)), mod(mem(), reader(Load(I32, 4, None, A4, Order.INIT))), "T2", "no instruction"),
    "T2": (
        mod(mem(SHARED), reader(LOAD_SC)),
        mod(mem(name="m"), reader(LOAD_SC)),
        "T2",
        "seqcst access to local memory $m",
    ),
    "T3": (mod(glob(SHARED)), mod(glob(SHARED, FUNCREF, (RefNull(FUNCREF),))), "T7", "a shared global may not hold"),
    "T4": (
        mod(glob(SHARED, SHARED_FUNCREF, (RefNull(SHARED_FUNCREF),))),
        mod(glob(SHARED, EXTERNREF, (RefNull(EXTERNREF),))),
        "T7",
        "a shared global may not hold a local externref",
    ),
    "T5": (
        mod(glob(LOCAL, SHARED_ANYREF, (RefNull(SHARED_ANYREF),))),
        mod(glob(SHARED, EXTERNREF, (RefNull(EXTERNREF),))),
        "T7",
        "a shared global may not hold",
    ),
    "T6": (
        mod(func(share=SHARED, params=(I32, SHARED_FUNCREF))),
        mod(func(share=SHARED, params=(I32, FUNCREF))),
        "T6",
        "a shared function may not take a local funcref",
    ),
    "T7": (
        mod(glob(LOCAL, FUNCREF, (RefNull(FUNCREF),))),
        mod(glob(SHARED, FUNCREF, (RefNull(FUNCREF),))),
        "T7",
        "a shared global may not hold a local funcref",
    ),
    "T8": (mod(tab(SHARED)), mod(tab(SHARED, FUNCREF)), "T8", "a shared table may not hold a local funcref"),
    "T9": (mod(mem(SHARED, 1, 1)), mod(mem(SHARED, 1, None)), "T9", "shared memory must have maximum"),
    "T10": (
        mod(func(RefNull(SHARED_ANYREF), results=(SHARED_ANYREF,))),
        mod(func(RefNull(EXTERNREF), results=(SHARED_ANYREF,))),
        "T30",
        "type mismatch: expected (shared externref), found externref",
    ),
    "T11": (
        mod(func(share=SHARED), func(RefFunc(0), results=(SHARED_FUNCREF,))),
        mod(func(share=LOCAL), func(RefFunc(0), results=(SHARED_FUNCREF,))),
        "T30",
        "type mismatch: expected (shared funcref), found funcref",
    ),
    "T12": (
        mod(func(params=(I32,)), func(ZERO, Call(0))),
        mod(func(params=(I64,)), func(ZERO, Call(0))),
        "T12",
        "type mismatch: expected i64, found i32",
    ),
    "T13": (
        mod(tab(SHARED), func(ZERO, CallIndirect(0, 0, SC)), types=(ft(SHARED),)),
        mod(tab(SHARED), func(ZERO, CallIndirect(0, 0, SC)), types=(ft(LOCAL),)),
        "T13",
        "type mismatch: the table holds shared functions",
    ),
    "T14": (
        mod(glob(SHARED), func(GlobalGet(0, SC), results=(I32,))),
        mod(glob(SHARED, I64, (const(I64),)), func(GlobalGet(0, SC), results=(I32,))),
        "T30",
        "type mismatch: expected i32, found i64",
    ),
    "T15": (
        mod(glob(), func(ZERO, GlobalSet(0))),
        mod(glob(mutable=False, name="g"), func(ZERO, GlobalSet(0))),
        "T15",
        "global is immutable: $g",
    ),
    "T16": (
        mod(tab(), func(ZERO, TableGet(), results=(FUNCREF,))),
        mod(tab(), func(ZERO, TableGet(0, SC), results=(FUNCREF,))),
        "T2",
        "seqcst access to local table 0",
    ),
    "T17": (
        mod(tab(), func(ZERO, RefNull(FUNCREF), TableSet())),
        mod(tab(), func(ZERO, RefNull(EXTERNREF), TableSet())),
        "T17",
        "type mismatch: expected [i32 funcref], found [i32 externref]",
    ),
    "T18": (
        mod(tab(), func(TableSize(), results=(I32,))),
        mod(func(TableSize(), results=(I32,))),
        "T18",
        "unknown table 0",
    ),
    "T19": (
        mod(tab(), func(RefNull(FUNCREF), ZERO, TableGrow(), Drop())),
        mod(tab(), func(ZERO, RefNull(FUNCREF), TableGrow(), Drop())),
        "T19",
        "type mismatch: expected [funcref i32], found [i32 funcref]",
    ),
    "T20": (
        mod(mem(), reader(Load(I64, 4, False, MemArg(0, 1)))),
        mod(mem(), reader(Load(I64, 4, False, MemArg(0, 3)))),
        "T20",
        "alignment must not be larger than natural",
    ),
    "T21": (
        mod(mem(), func(ZERO, ZERO, STORE)),
        mod(mem(), func(ZERO, const(I64), STORE)),
        "T21",
        "type mismatch: expected [i32 i32], found [i32 i64]",
    ),
    "T22": (
        mod(mem(SHARED), func(ZERO, ZERO, Rmw(I32, "add", 4, A4), Drop())),
        mod(mem(LOCAL), func(ZERO, ZERO, Rmw(I32, "add", 4, A4), Drop())),
        "T22",
        "rmw needs a shared memory: memory 0 is local",
    ),
    "T23": (
        mod(mem(SHARED), func(ZERO, ZERO, const(I64), Wait(I32, A4), Drop())),
        mod(mem(LOCAL), func(ZERO, ZERO, const(I64), Wait(I32, A4), Drop())),
        "T23",
        "wait needs a shared memory",
    ),
    "T24": (
        mod(mem(SHARED), func(ZERO, ZERO, Notify(A4), Drop())),
        mod(mem(LOCAL), func(ZERO, ZERO, Notify(A4), Drop())),
        "T24",
        "notify needs a shared memory",
    ),
    "T25": (mod(mem(), func(MemorySize(), Drop())), mod(func(MemorySize(), Drop())), "T25", "unknown memory 0"),
    "T26": (
        mod(mem(), func(ZERO, MemoryGrow(), Drop())),
        mod(mem(), func(const(I64), MemoryGrow(), Drop())),
        "T26",
        "type mismatch: expected i32, found i64",
    ),
    "T27": (
        mod(func(share=SHARED, params=(I32,), name="f"), func(ZERO, Fork(0))),
        mod(func(share=LOCAL, params=(I32,), name="f"), func(ZERO, Fork(0))),
        "T27",
        "fork needs a shared function: function $f is local",
    ),
    "T28": (
        mod(func(RefNull(SHARED_ANYREF), Instantiate(NESTED), results=(SHARED_FUNCREF, SHARED_ANYREF, SHARED_ANYREF))),
        mod(func(RefNull(EXTERNREF), Instantiate(NESTED), results=(SHARED_FUNCREF, SHARED_ANYREF, SHARED_ANYREF))),
        "T28",
        "type mismatch: expected (shared externref), found externref",
    ),
    "T29": (
        mod(glob(SHARED, name="g"), func(ZERO, GlobalSet(0), share=SHARED, name="f")),
        mod(glob(LOCAL, name="g"), func(ZERO, GlobalSet(0), share=SHARED, name="f")),
        "T29",
        "shared function $f may not use local global $g",
    ),
    "T30": (
        mod(func(ZERO, Return(), params=(FUNCREF,), results=(I32,))),
        mod(func(params=(FUNCREF,), results=(I32,))),
        "T30",
        "type mismatch: expected i32, found nothing",
    ),
    "T31": (
        mod(imp(gt(LOCAL, mutable=False)), glob(SHARED, init=(GlobalGet(0),))),
        mod(imp(gt(LOCAL, I64, mutable=False)), glob(SHARED, init=(GlobalGet(0),))),
        "T31",
        "type mismatch: expected i32, found i64",
    ),
    "T32": (
        mod(func(), Table(tt(), (RefFunc(0),))),
        mod(func(), Table(tt(), (RefNull(EXTERNREF),))),
        "T32",
        "type mismatch: expected funcref, found externref",
    ),
    "T33": (
        mod(mem(low=65536, high=None)),
        mod(mem(low=65537, high=None)),
        "limits",
        "memory size must be at most 65536 pages (4GiB)",
    ),
    "T34": (mod(imp(ft(LOCAL, (EXTERNREF,)))), mod(imp(ft(SHARED, (EXTERNREF,)))), "T6", "a shared function may not"),
    "T35": (mod(imp(gt(LOCAL, EXTERNREF))), mod(imp(gt(SHARED, EXTERNREF))), "T7", "a shared global may not hold"),
    "T36": (mod(imp(tt(LOCAL, EXTERNREF))), mod(imp(tt(SHARED, EXTERNREF))), "T8", "a shared table may not hold"),
    "T37": (mod(imp(mt(SHARED, 1, 2))), mod(imp(mt(SHARED, 1, None))), "T9", "shared memory must have maximum"),
}


def test_every_rule_of_the_figure_has_a_case():
    assert set(CASES) == {f"T{n}" for n in range(1, 38)}
    assert set(CASES) == {name for name, rule in TYPING_RULES.items() if rule.figure == 21}


@pytest.mark.parametrize("rule", CASES)
def test_accepts(rule):
    accepted(CASES[rule][0])


@pytest.mark.parametrize("rule", CASES)
def test_refuses(rule):
    _, bad, blamed, words = CASES[rule]
    refused(bad, blamed, words)


@pytest.mark.parametrize(
    ("judgement", "holds"),
    [
        (unord, {(Order.UNORD, LOCAL), (Order.UNORD, SHARED), (Order.UNORD, Share.TLS)}),
        (seqcst, {(Order.SEQCST, SHARED), (Order.ACQREL, SHARED)}),
    ],
)
def test_orderings(judgement, holds):
    """T1 and T2 as complete tables."""
    assert {(o, s) for o in Order for s in Share if judgement(o, s, PAPER)} == holds


@pytest.mark.parametrize(
    ("judgement", "holds"),
    [
        (number_shared, {(I32, SHARED), (F64, SHARED)}),
        (reference_own, {(FUNCREF, LOCAL), (EXTERNREF, LOCAL), (SHARED_FUNCREF, SHARED), (SHARED_ANYREF, SHARED)}),
        (shared_is_local, {(I32, LOCAL), (F64, LOCAL), (SHARED_FUNCREF, LOCAL), (SHARED_ANYREF, LOCAL)}),
    ],
)
def test_sharability(judgement, holds):
    """T3, T4 and T5 as complete tables."""
    types = (I32, F64, FUNCREF, EXTERNREF, SHARED_FUNCREF, SHARED_ANYREF)
    assert {(t, s) for t in types for s in Share if judgement(t, s)} == holds


# --- further premises ---------------------------------------------------------------------------
@pytest.mark.parametrize("e", [Load(F32, 2, False, MemArg()), Store(F64, 4, MemArg()), Load(I32, 8, None, MemArg())])
def test_a_width_must_fit_its_type(e):
    body = (ZERO, e, Drop()) if isinstance(e, Load) else (ZERO, const(F64), e)
    refused(mod(mem(), func(*body)), "T20" if isinstance(e, Load) else "T21", f"{e.type} has no access of")


@pytest.mark.parametrize("e", [Load(I32, 4, True, A4), Load(I32, 2, None, MemArg(0, 1))])
def test_a_load_has_a_sign_iff_it_extends(e):
    refused(mod(mem(), reader(e)), "T20", "a load of")


@pytest.mark.parametrize("align", [0, 1, 3])
def test_atomics_are_naturally_aligned(align):
    bad = MemArg(0, align)
    words = "atomic alignment must be natural"
    refused(mod(mem(SHARED), reader(Load(I32, 4, None, bad, SC))), "T20", words)
    refused(mod(mem(SHARED), func(ZERO, ZERO, Store(I32, 4, bad, SC))), "T21", words)
    refused(mod(mem(SHARED), func(ZERO, ZERO, Rmw(I32, "xchg", 4, bad), Drop())), "T22", words)
    refused(mod(mem(SHARED), func(ZERO, ZERO, const(I64), Wait(I32, bad), Drop())), "T23", words)
    refused(mod(mem(SHARED), func(ZERO, ZERO, Notify(bad), Drop())), "T24", words)


def test_wait_and_rmw_need_integers():
    wait = func(ZERO, const(F32), const(I64), Wait(F32, A4), Drop())
    refused(mod(mem(SHARED), wait), "T23", "type mismatch: expected an integer type, found f32")
    rmw = func(ZERO, const(F32), Rmw(F32, "add", 4, A4), Drop())
    refused(mod(mem(SHARED), rmw), "T22", "type mismatch: expected an integer type, found f32")


def test_results_are_components_too():
    bad = func(RefNull(EXTERNREF), share=SHARED, results=(EXTERNREF,))
    refused(mod(bad), "T6", "a shared function may not return a local externref")


def test_the_operators_of_rmw():
    for op in ("add", "sub", "and", "or", "xor", "xchg"):
        accepted(mod(mem(SHARED), func(ZERO, const(I64), Rmw(I64, op, 8, MemArg(0, 3)), Drop())))
    bad = func(ZERO, ZERO, Rmw(I32, "mul", 4, A4), Drop())
    refused(mod(mem(SHARED), bad), "T22", "unknown operator i32.rmw.mul")


def test_floats_are_loaded_and_stored_whole():
    accepted(mod(mem(), func(ZERO, ZERO, Load(F32, 4, None, A4), Store(F32, 4, A4))))


def test_fork_needs_no_results():
    refused(mod(func(ZERO, share=SHARED, results=(I32,)), func(Fork(0))), "T27", "type mismatch: fork needs a function")


def test_call_indirect_needs_a_table_of_functions():
    bad = mod(tab(LOCAL, EXTERNREF), func(ZERO, CallIndirect(0)), types=(ft(),))
    refused(bad, "T13", "type mismatch: call_indirect needs a table of functions")


def test_call_indirect_through_a_local_table_of_shared_functions():
    """The order looks at the table's attribute, the type at that of its elements."""
    table = tab(LOCAL, SHARED_FUNCREF)
    accepted(mod(table, func(ZERO, CallIndirect(0)), types=(ft(SHARED),)))
    refused(mod(table, func(ZERO, CallIndirect(0)), types=(ft(LOCAL),)), "T13", "type mismatch")
    refused(mod(table, func(ZERO, CallIndirect(0, 0, SC)), types=(ft(SHARED),)), "T2", "seqcst access to local table")


@pytest.mark.parametrize(
    ("what", "e"),
    [
        ("function", Call(0)),
        ("function", RefFunc(0)),
        ("function", Fork(0)),
        ("global", GlobalGet(0)),
        ("table", TableSize()),
        ("memory", MemorySize()),
    ],
)
def test_projection_takes_all_four_kinds_away(what, e):
    """T29: the four local definitions are absent in a shared function, and there in a local one."""
    parts = (func(name="d"), glob(name="d"), tab(name="d"), mem(name="d"))
    bad = refused(
        mod(*parts, func(e, share=SHARED, name="f")), "T29", f"shared function $f may not use local {what} $d"
    )
    assert "declare" in bad.hint
    if not isinstance(e, Fork):
        accepted(mod(*parts, func(e, *(() if isinstance(e, Call) else (Drop(),)), name="f")))


def test_projection_does_not_move_indices():
    two = mod(glob(LOCAL), glob(SHARED, I64, (const(I64),)), func(GlobalGet(1), share=SHARED, results=(I64,)))
    accepted(two)


def test_projecting_twice_changes_nothing():
    """shared(absent) = absent"""
    globals_ = (gt(LOCAL), gt(SHARED))
    spaces = Spaces(mod(), PAPER, (), (), (), (), globals_, (), (), frozenset(), [])
    once = project(spaces)
    assert once.globals == project(once).globals == (None, gt(SHARED))


def test_a_nested_module_is_validated_once():
    """Each level mentions the next one twice: 2^60 validations otherwise."""
    inner = mod()
    for _ in range(60):
        inner = mod(func(Instantiate(inner), Instantiate(inner)), modules=(inner,))
    accepted(inner)


def test_an_invalid_nested_module_is_refused():
    bad = mod(func(ZERO))
    refused(mod(func(Instantiate(bad))), "T30", "type mismatch")
    refused(mod(modules=(bad,)), "T30", "type mismatch")
    export = mod(exports=(Export("f", FUNC, 3),))
    refused(mod(func(Instantiate(export))), "export", "unknown function 3: there is no function here")
