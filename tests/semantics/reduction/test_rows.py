"""Every row of Figs. 4-10 and of the base language, one table: redex, what the store answers, what must come out."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import pytest

from semantics.profiles.fork import FORK, FORK_PAPER
from semantics.reduction.registry import GLOBAL_FIGURE
from semantics.reduction.rules import REDEXES, RULES
from semantics.runtime.actions import Action, Fill, Location, Read, Rmw, Write
from semantics.runtime.configuration import (
    Activate,
    Admin,
    Break,
    CallPrime,
    Enter,
    ForkPrime,
    Frame,
    Leave,
    Move,
    NotifyPrime,
    Step,
    Trap,
    Value,
    WaitPrime,
)
from semantics.runtime.profile import Profile
from semantics.syntax import instructions as w
from semantics.syntax.types import F32, FUNCREF, I32, I64, PAGE, SHARED_FUNCREF, Order, RefType
from semantics.terms import Sym, Term, apply, negate
from tests.semantics.reduction.worlds import (
    CHOICE,
    DATA,
    ELEM,
    F_NULLARY,
    F_THREAD,
    F_UNARY,
    GLOBAL,
    INSTANCE,
    LOCAL_MEMORY,
    MEMORY,
    STORE,
    TABLE,
    TABLE2,
    Answers,
    data,
    elem,
    frame,
    i32,
    i64,
    length,
    ref,
    val,
)

U, SC = Order.UNORD, Order.SEQCST
S8, S32, S64, S1 = Sym(1, 8), Sym(1, 32), Sym(1, 64), Sym(1, 1)
X32, X64, N64 = Sym(50, 32), Sym(51, 64), Sym(52, 64)
BLOCK = w.BlockType((I32,), (I32, I32))
CODE = (w.Nop(),)
TRAPPED = object()


class Row(NamedTuple):
    rule: str
    instr: object
    operands: tuple[Value, ...]
    step: tuple[Step, ...]  # the instances of the row, with their conditions
    answers: dict[Location, Term] = {}  # noqa: RUF012
    profile: Profile = FORK


def step(
    *result: Value,
    then: Admin | None = None,
    acts: tuple[Action, ...] = (),
    when: tuple[Term, ...] = (),
    notears: bool | None = None,
    locals_: Frame | None = None,
) -> tuple[Step, ...]:
    return (Step(result, then, acts, when, locals_, notears),)


def rd(location: Location, value: Term, order: Order = U, size: int = 1) -> Read:
    return Read(order, location, size, value)


def len_is(value: Term, address: int = MEMORY, order: Order = U) -> Read:
    return Read(order, length(address), 1, value)


def load(size: int = 4, *, kind: w.NumType = I32, signed: bool | None = None, order: Order = U, o: int = 0) -> w.Load:
    return w.Load(kind, size, signed, w.MemArg(o), order)


def le(end: Term, n: Term = N64) -> Term:
    return apply("le_u", 1, end, n, arg_width=64)


def gt(end: Term, n: Term = N64) -> Term:
    return apply("gt_u", 1, end, n, arg_width=64)


def eq(a: Term, b: Term, bits: int = 32) -> Term:
    return apply("eq", 1, a, b, arg_width=bits)


MEM = "out of bounds memory access"
TAB = "out of bounds table access"
SYMBOLIC = {length(): N64}
END = PAGE - 2  # an access of 4 bytes there is out of bounds
T2 = len_is(2, TABLE)
STORE32 = w.Store(I32, 4, w.MemArg(4))
RMW8 = w.Rmw(I32, "add", 1, w.MemArg(0))
CAS = w.Cmpxchg(I32, 4, w.MemArg(0))
WAIT = w.Wait(I32, w.MemArg(8))
NOTIFY = w.Notify(w.MemArg(0))
CALL = w.CallIndirect(0, 0, U)
MEMINIT, TABINIT = w.MemoryInit(0), w.TableInit(0, 0)
MOVE = Move(data(4), data(0), 1, 2)
KEEP = rd(val(DATA), 0, SC)

ROWS = [
    # Fig. 4
    Row("global-set-ok", w.GlobalSet(0, SC), (i64(X64),), step(acts=(Write(SC, val(GLOBAL), 1, X64),))),
    Row("global-get-ok", w.GlobalGet(0), (), step(i64(S64), acts=(rd(val(GLOBAL), S64),))),
    # Fig. 5
    Row("table-set-oob", w.TableSet(), (i32(2), ref(0)), step(then=Trap(TAB), acts=(T2,), when=(1,))),
    Row("table-set-oob", w.TableSet(), (i32(1), ref(0)), ()),
    Row(
        "table-set-ok",
        w.TableSet(0, SC),
        (i32(1), ref(X32)),
        step(acts=(T2, Write(SC, elem(1), 1, X32)), when=(1,)),
    ),
    Row("table-set-ok", w.TableSet(), (i32(2), ref(0)), ()),
    Row("table-get-oob", w.TableGet(), (i32(2),), step(then=Trap(TAB), acts=(T2,), when=(1,))),
    Row("table-get-ok", w.TableGet(), (i32(1),), step(ref(S32), acts=(T2, rd(elem(1), S32)), when=(1,))),
    Row("table-get-ok", w.TableGet(), (i32(2),), ()),
    Row(
        "table-get-ok",
        w.TableGet(),
        (i32(7),),
        step(ref(S32), acts=(len_is(N64, TABLE), rd(elem(7), S32)), when=(le(8),)),
        {length(TABLE): N64},
    ),
    # Fig. 6
    Row("table-size-ok", w.TableSize(), (), step(i32(2), acts=(len_is(2, TABLE, SC),))),
    Row(
        "table-grow-fail",
        w.TableGrow(),
        (ref(0), i32(3)),
        step(i32(2**32 - 1), acts=(len_is(2, TABLE, SC),), when=(negate(Sym(999, 1)),)),
    ),
    Row("table-grow-fail", w.TableGrow(), (ref(0), i32(4)), step(i32(2**32 - 1), acts=(len_is(2, TABLE, SC),))),
    Row("table-grow-fail", w.TableGrow(), (ref(0), i32(3)), (), {CHOICE: 1}),
    Row(
        "table-grow-ok",
        w.TableGrow(),
        (ref(X32), i32(3)),
        step(i32(2), acts=(Rmw(length(TABLE), 1, 2, 5), Write(U, elem(2), 3, Fill(X32, 3))), when=(1, Sym(999, 1))),
    ),
    Row("table-grow-ok", w.TableGrow(), (ref(0), i32(4)), ()),
    # Fig. 7
    Row("call-indirect-oob", CALL, (i32(2),), step(then=Trap("undefined element"), acts=(T2,), when=(1,))),
    Row(
        "call-indirect-null",
        CALL,
        (i32(0),),
        step(then=Trap("uninitialized element 0"), acts=(T2, rd(elem(0), S32)), when=(1, eq(S32, 0))),
    ),
    Row("call-indirect-null", CALL, (i32(0),), (), {elem(0): F_UNARY}),
    Row("call-indirect-null", CALL, (i32(0),), (), {}, FORK_PAPER),
    Row(
        "call-indirect-mismatch",
        CALL,
        (i32(0),),
        step(then=Trap("indirect call type mismatch"), acts=(T2, rd(elem(0), S32)), when=(1, eq(S32, F_NULLARY))),
    ),
    Row(
        "call-indirect-ok",
        w.CallIndirect(0, 0, SC),
        (i32(0),),
        step(then=CallPrime(F_UNARY), acts=(T2, rd(elem(0), S32, SC)), when=(1, eq(S32, F_UNARY))),
    ),
    Row("call-indirect-ok", CALL, (i32(2),), ()),
    Row("ref-func-ok", w.RefFunc(0), (), step(ref(F_UNARY))),
    Row("ref-func-ok", w.RefFunc(2), (), step(Value(SHARED_FUNCREF, F_THREAD))),
    Row("call-ok", w.Call(1), (), step(then=CallPrime(F_NULLARY))),
    Row(
        "call-prime-ok",
        CallPrime(F_UNARY),
        (i32(7),),
        step(then=Activate(Frame(INSTANCE, (i32(7), i64(0)), STORE.func(F_UNARY)), STORE.func(F_UNARY).code.body)),
    ),
    # Fig. 8
    Row("access-unaligned", load(4, order=SC), (i32(2),), step(then=Trap("unaligned atomic"))),
    Row("access-unaligned", load(4, order=SC), (i32(4),), ()),
    Row("access-unaligned", load(4), (i32(2),), ()),
    Row("access-unaligned", load(4, order=SC), (i32(2),), (), {}, FORK_PAPER),
    Row("access-unaligned", CAS, (i32(1), i32(0), i32(0)), step(then=Trap("unaligned atomic"))),
    Row("load-oob", load(), (i32(END),), step(then=Trap(MEM), acts=(len_is(PAGE),), when=(1,))),
    Row("load-oob", load(o=3), (i32(2**32 - 1),), step(then=Trap(MEM), acts=(len_is(PAGE),), when=(1,))),
    Row("load-oob", load(), (i32(8),), step(then=Trap(MEM), acts=(len_is(N64),), when=(gt(12),)), SYMBOLIC),
    Row("load-oob", load(order=SC), (i32(END + 1),), ()),
    Row("load-ok", load(), (i32(END),), ()),
    Row(
        "load-ok",
        load(o=2),
        (i32(2),),
        step(i32(S32), acts=(len_is(PAGE), rd(data(4), S32, size=4)), when=(1,), notears=True),
    ),
    Row(
        "load-ok",
        load(),
        (i32(5),),
        step(i32(S32), acts=(len_is(N64), rd(data(5), S32, size=4)), when=(le(9),), notears=False),
        SYMBOLIC,
    ),
    Row(
        "load-ok",
        load(1, signed=True, kind=I64, order=SC),
        (i32(3),),
        step(
            i64(apply("sext", 64, S8, arg_width=8)),
            acts=(len_is(PAGE), rd(data(3), S8, SC)),
            when=(1,),
            notears=True,
        ),
    ),
    Row(
        "load-ok",
        load(8, kind=I64),
        (i32(8),),
        step(i64(S64), acts=(len_is(PAGE), rd(data(8), S64, size=8)), when=(1,), notears=False),
    ),
    Row(
        "load-ok",
        load(4, kind=F32),
        (i32(8),),
        step(Value(F32, S32), acts=(len_is(PAGE), rd(data(8), S32, size=4)), when=(1,), notears=False),
    ),
    Row(
        "load-ok",
        load(4, order=SC),
        (i32(6),),
        step(i32(S32), acts=(len_is(PAGE), rd(data(6), S32, SC, 4)), when=(1,), notears=False),
        {},
        FORK_PAPER,
    ),
    Row("store-oob", STORE32, (i32(END), i32(0)), step(then=Trap(MEM), acts=(len_is(PAGE),), when=(1,))),
    Row(
        "store-ok",
        STORE32,
        (i32(4), i32(X32)),
        step(acts=(len_is(PAGE), Write(U, data(8), 4, X32)), when=(1,), notears=True),
    ),
    Row(
        "store-ok",
        w.Store(I64, 2, w.MemArg(0), SC),
        (i32(2), i64(0x12345)),
        step(acts=(len_is(PAGE), Write(SC, data(2), 2, 0x2345)), when=(1,), notears=True),
    ),
    Row("store-ok", STORE32, (i32(END), i32(0)), ()),
    Row("rmw-oob", RMW8, (i32(PAGE), i32(0)), step(then=Trap(MEM), acts=(len_is(PAGE),), when=(1,))),
    Row("rmw-oob", CAS, (i32(PAGE), i32(0), i32(0)), step(then=Trap(MEM), acts=(len_is(PAGE),), when=(1,))),
    Row(
        "rmw-ok",
        RMW8,
        (i32(3), i32(0x101)),
        step(
            i32(apply("zext", 32, S8, arg_width=8)),
            acts=(len_is(PAGE), Rmw(data(3), 1, S8, apply("add", 8, S8, 1))),
            when=(1,),
            notears=True,
        ),
    ),
    Row(
        "rmw-ok",
        w.Rmw(I64, "xchg", 8, w.MemArg(0)),
        (i32(8), i64(X64)),
        step(i64(S64), acts=(len_is(PAGE), Rmw(data(8), 8, S64, X64)), when=(1,), notears=False),
    ),
    Row("rmw-ok", RMW8, (i32(PAGE), i32(0)), ()),
    Row(
        "cmpxchg-equal",
        CAS,
        (i32(4), i32(7), i32(X32)),
        step(i32(S32), acts=(len_is(PAGE), Rmw(data(4), 4, S32, X32)), when=(1, eq(S32, 7)), notears=True),
    ),
    Row("cmpxchg-unequal", w.Cmpxchg(I32, 1, w.MemArg(0)), (i32(4), i32(0x107), i32(0)), (), {data(4): 7}),
    Row(
        "cmpxchg-unequal",
        CAS,
        (i32(4), i32(7), i32(X32)),
        step(i32(S32), acts=(len_is(PAGE), rd(data(4), S32, SC, 4)), when=(1, negate(eq(S32, 7))), notears=True),
    ),
    Row(
        "cmpxchg-unequal",
        CAS,
        (i32(4), i32(7), i32(X32)),
        step(i32(S32), acts=(len_is(PAGE), Rmw(data(4), 4, S32, S32)), when=(1, negate(eq(S32, 7))), notears=True),
        {},
        FORK_PAPER,
    ),
    Row("cmpxchg-unequal", CAS, (i32(4), i32(7), i32(X32)), (), {data(4): 7}),
    # Fig. 9
    Row("memory-size-ok", w.MemorySize(), (), step(i32(1), acts=(len_is(PAGE, MEMORY, SC),))),
    Row(
        "memory-size-ok",
        w.MemorySize(),
        (),
        step(i32(apply("extract", 32, N64, 16, arg_width=64)), acts=(len_is(N64, MEMORY, SC),)),
        SYMBOLIC,
    ),
    Row(
        "memory-grow-fail",
        w.MemoryGrow(),
        (i32(2),),
        step(
            i32(2**32 - 1),
            acts=(len_is(N64, MEMORY, SC),),
            when=(apply("or", 1, gt(N64, PAGE), negate(Sym(999, 1))),),
        ),
        SYMBOLIC,
    ),
    Row("memory-grow-fail", w.MemoryGrow(), (i32(3),), step(i32(2**32 - 1), acts=(len_is(PAGE, MEMORY, SC),))),
    Row("memory-grow-fail", w.MemoryGrow(), (i32(2**32 - 1),), step(i32(2**32 - 1), acts=(len_is(PAGE, MEMORY, SC),))),
    Row(
        "memory-grow-ok",
        w.MemoryGrow(),
        (i32(2),),
        step(
            i32(1),
            acts=(Rmw(length(), 1, PAGE, 3 * PAGE), Write(U, data(PAGE), 2 * PAGE, Fill(0, 2 * PAGE))),
            when=(1, 1),
        ),
        {CHOICE: 1},
    ),
    Row(
        "memory-grow-ok",
        w.MemoryGrow(),
        (i32(0),),
        step(i32(1), acts=(Rmw(length(), 1, PAGE, PAGE),), when=(1, 1)),
        {CHOICE: 1},
    ),
    Row("memory-grow-ok", w.MemoryGrow(), (i32(3),), (), {CHOICE: 1}),
    Row("memory-grow-ok", w.MemoryGrow(), (i32(1),), (), {CHOICE: 0}),
    # Fig. 10
    Row("wait-unaligned", WAIT, (i32(2), i32(0), i64(0)), step(then=Trap("unaligned atomic"))),
    Row("wait-unaligned", WAIT, (i32(4), i32(0), i64(0)), ()),
    Row(
        "wait-mismatch",
        w.Wait(I32, w.MemArg(0, 0, 1)),
        (i32(4), i32(0), i64(0)),
        step(then=Trap("expected shared memory")),
    ),
    Row("wait-mismatch", WAIT, (i32(4), i32(0), i64(0)), ()),
    Row(
        "wait-fail",
        WAIT,
        (i32(4), i32(0), i64(0)),
        step(then=Trap("the main thread must not wait")),
        profile=replace(FORK, block="not-main"),
    ),
    Row("wait-fail", WAIT, (i32(4), i32(0), i64(0)), ()),
    Row("wait-oob", WAIT, (i32(PAGE), i32(0), i64(0)), step(then=Trap(MEM), acts=(len_is(PAGE),), when=(1,))),
    Row(
        "wait-equal",
        WAIT,
        (i32(4), i32(7), i64(X64)),
        step(
            then=WaitPrime(data(12), X64),
            acts=(len_is(PAGE), rd(data(12), S32, SC, 4)),
            when=(1, eq(S32, 7)),
            notears=True,
        ),
    ),
    Row(
        "wait-unequal",
        w.Wait(I64, w.MemArg(0)),
        (i32(8), i64(7), i64(X64)),
        step(
            i32(1),
            acts=(len_is(PAGE), rd(data(8), S64, SC, 8)),
            when=(1, negate(eq(S64, 7, 64))),
            notears=False,
        ),
    ),
    Row("wait-equal", w.Wait(I32, w.MemArg(0, 0, 1)), (i32(4), i32(0), i64(0)), ()),
    Row("notify-unaligned", NOTIFY, (i32(2), i32(1)), step(then=Trap("unaligned atomic"))),
    Row("notify-unaligned", NOTIFY, (i32(2), i32(1)), (), {}, FORK_PAPER),
    Row("notify-oob", NOTIFY, (i32(PAGE), i32(1)), step(then=Trap(MEM), acts=(len_is(PAGE),), when=(1,))),
    Row("notify-oob", NOTIFY, (i32(PAGE), i32(1)), (), {}, FORK_PAPER),
    Row(
        "notify-ok",
        NOTIFY,
        (i32(4), i32(X32)),
        step(then=NotifyPrime(data(4), 0, X32), acts=(len_is(PAGE),), when=(1,)),
    ),
    Row("notify-ok", NOTIFY, (i32(2), i32(1)), step(then=NotifyPrime(data(2), 0, 1)), {}, FORK_PAPER),
    Row(
        "notify-ok",
        w.Notify(w.MemArg(0, 0, 1)),
        (i32(4), i32(1)),
        step(i32(0), acts=(len_is(PAGE, LOCAL_MEMORY),), when=(1,)),
    ),
    Row("fork-ok", w.Fork(2), (i32(X32),), step(then=ForkPrime(F_THREAD, (i32(X32),)))),
    # control
    Row("unreachable-ok", w.Unreachable(), (), step(then=Trap("unreachable"))),
    Row("nop-ok", w.Nop(), (), step()),
    Row("block-ok", w.Block(BLOCK, CODE), (), step(then=Enter(w.Block(BLOCK, CODE), CODE, 2, 1))),
    Row("loop-ok", w.Loop(BLOCK, CODE), (), step(then=Enter(w.Loop(BLOCK, CODE), CODE, 1, 1))),
    Row("if-ok", w.If(BLOCK, CODE), (i32(3),), step(then=Enter(w.If(BLOCK, CODE), CODE, 2, 1))),
    Row("if-ok", w.If(BLOCK, CODE), (i32(0),), step(then=Enter(w.If(BLOCK, CODE), (), 2, 1))),
    Row(
        "if-ok",
        w.If(BLOCK, CODE),
        (i32(X32),),
        step(then=Enter(w.If(BLOCK, CODE), CODE, 2, 1), when=(negate(eq(X32, 0)),))
        + step(then=Enter(w.If(BLOCK, CODE), (), 2, 1), when=(eq(X32, 0),)),
    ),
    Row("br-ok", w.Br(2), (), step(then=Break(2))),
    Row("br-if-ok", w.BrIf(2), (i32(1),), step(then=Break(2))),
    Row("br-if-ok", w.BrIf(2), (i32(0),), step()),
    Row(
        "br-if-ok",
        w.BrIf(2),
        (i32(X32),),
        step(then=Break(2), when=(negate(eq(X32, 0)),)) + step(when=(eq(X32, 0),)),
    ),
    Row("br-table-ok", w.BrTable((3, 4), 5), (i32(1),), step(then=Break(4))),
    Row("br-table-ok", w.BrTable((3, 4), 5), (i32(2),), step(then=Break(5))),
    Row(
        "br-table-ok",
        w.BrTable((3,), 5),
        (i32(X32),),
        step(then=Break(3), when=(eq(X32, 0),)) + step(then=Break(5), when=(apply("ge_u", 1, X32, 1, arg_width=32),)),
    ),
    Row("return-ok", w.Return(), (), step(then=Leave())),
    # variables
    Row("drop-ok", w.Drop(), (i32(1),), step()),
    Row("select-ok", w.Select(), (i64(1), i64(2), i32(3)), step(i64(1))),
    Row("select-ok", w.Select(), (i64(1), i64(2), i32(0)), step(i64(2))),
    Row(
        "select-ok",
        w.Select(),
        (i64(1), i64(2), i32(X32)),
        step(i64(apply("ite", 64, negate(eq(X32, 0)), 1, 2))),
    ),
    Row("local-get-ok", w.LocalGet(1), (), step(i64(6))),
    Row("local-set-ok", w.LocalSet(1), (i64(X64),), step(locals_=frame(i32(5), i64(X64)))),
    Row("local-tee-ok", w.LocalTee(0), (i32(X32),), step(i32(X32), locals_=frame(i32(X32), i64(6)))),
    # numerics
    Row("const-ok", w.Const(I64, 9), (), step(i64(9))),
    Row("unary-ok", w.Unary(I32, "clz"), (i32(1),), step(i32(31))),
    Row("unary-ok", w.Unary(I64, "extend8_s"), (i64(0x180),), step(i64(2**64 - 128))),
    Row("binary-ok", w.Binary(I32, "add"), (i32(2**32 - 1), i32(2)), step(i32(1))),
    Row("binary-ok", w.Binary(I32, "div_s"), (i32(2**32 - 7), i32(2)), step(i32(2**32 - 3), when=(1, 1))),
    Row(
        "binary-ok",
        w.Binary(I64, "rem_u"),
        (i64(7), i64(X64)),
        step(i64(apply("rem_u", 64, 7, X64)), when=(negate(eq(X64, 0, 64)), 1)),
    ),
    Row("binary-fail", w.Binary(I32, "rem_s"), (i32(1), i32(0)), step(then=Trap("integer divide by zero"))),
    Row("binary-fail", w.Binary(I32, "div_s"), (i32(2**31), i32(2**32 - 1)), step(then=Trap("integer overflow"))),
    Row("binary-fail", w.Binary(I32, "rem_s"), (i32(2**31), i32(2**32 - 1)), ()),
    Row("binary-fail", w.Binary(I32, "add"), (i32(1), i32(0)), ()),
    Row(
        "binary-fail",
        w.Binary(I32, "div_s"),
        (i32(2**31), i32(X32)),
        step(then=Trap("integer divide by zero"), when=(eq(X32, 0),))
        + step(then=Trap("integer overflow"), when=(eq(X32, 2**32 - 1),)),
    ),
    Row("test-ok", w.Test(I64, "eqz"), (i64(0),), step(i32(1))),
    Row("compare-ok", w.Compare(I32, "lt_s"), (i32(2**32 - 1), i32(0)), step(i32(1))),
    Row("compare-ok", w.Compare(I32, "lt_u"), (i32(2**32 - 1), i32(0)), step(i32(0))),
    Row("convert-ok", w.Convert("wrap", I32, I64), (i64(2**32 + 5),), step(i32(5))),
    Row("convert-ok", w.Convert("extend_s", I64, I32), (i32(2**32 - 1),), step(i64(2**64 - 1))),
    Row("convert-ok", w.Convert("extend_u", I64, I32), (i32(2**32 - 1),), step(i64(2**32 - 1))),
    Row("convert-ok", w.Convert("reinterpret", I32, F32), (Value(F32, 9),), step(i32(9))),
    Row("convert-ok", w.Convert("trunc_s", I32, F32), (Value(F32, 0xC0200000),), step(i32(2**32 - 2), when=(1, 1))),
    Row("convert-ok", w.Convert("trunc_sat_u", I32, F32), (Value(F32, 0xC0200000),), step(i32(0))),
    Row("convert-fail", w.Convert("trunc_sat_u", I32, F32), (Value(F32, 0xC0200000),), ()),
    Row(
        "convert-fail",
        w.Convert("trunc_u", I32, F32),
        (Value(F32, 0xC0200000),),
        step(then=Trap("integer overflow")),
    ),
    Row(
        "convert-fail",
        w.Convert("trunc_s", I32, F32),
        (Value(F32, 0x7FC00000),),
        step(then=Trap("invalid conversion to integer")),
    ),
    # references
    Row("ref-null-ok", w.RefNull(FUNCREF), (), step(ref(0))),
    Row("ref-is-null-ok", w.RefIsNull(), (ref(0),), step(i32(1))),
    Row("ref-is-null-ok", w.RefIsNull(), (ref(F_UNARY),), step(i32(0))),
    # segments and fence
    Row(
        "segment-init-oob",
        MEMINIT,
        (i32(0), i32(2), i32(2)),
        step(then=Trap(MEM), acts=(KEEP, len_is(PAGE)), when=(1, 1)),
    ),
    Row(
        "segment-init-oob",
        MEMINIT,
        (i32(PAGE), i32(0), i32(1)),
        step(then=Trap(MEM), acts=(KEEP, len_is(PAGE)), when=(1, 1)),
    ),
    Row(
        "segment-init-oob",
        TABINIT,
        (i32(0), i32(0), i32(1)),
        step(then=Trap(TAB), acts=(rd(val(ELEM), 1, SC), T2), when=(1, 1)),
        {val(ELEM): 1},
    ),
    Row(
        "segment-init-ok",
        MEMINIT,
        (i32(8), i32(1), i32(2)),
        step(then=Move(data(8), (98, 99), 0, 2), acts=(KEEP, len_is(PAGE)), when=(1, 1)),
    ),
    Row(
        "segment-init-ok",
        MEMINIT,
        (i32(8), i32(0), i32(0)),
        step(acts=(rd(val(DATA), 1, SC), len_is(PAGE)), when=(1, 1)),
        {val(DATA): 1},
    ),
    Row(
        "segment-init-ok",
        MEMINIT,
        (i32(8), i32(0), i32(1)),
        step(then=Move(data(8), (97,), 0, 1), acts=(rd(val(DATA), S1, SC), len_is(PAGE)), when=(eq(S1, 0, 1), 1)),
        {val(DATA): S1},
    ),
    Row(
        "segment-init-ok",
        TABINIT,
        (i32(0), i32(0), i32(2)),
        step(then=Move(elem(0), (F_UNARY, 0), 0, 2), acts=(rd(val(ELEM), 0, SC), T2), when=(1, 1)),
    ),
    Row("segment-drop-ok", w.DataDrop(0), (), step(acts=(Write(SC, val(DATA), 1, 1),))),
    Row("segment-drop-ok", w.ElemDrop(0), (), step(acts=(Write(SC, val(ELEM), 1, 1),))),
    Row("fence-ok", w.Fence(), (), step()),
    # bulk
    Row(
        "fill-oob",
        w.MemoryFill(),
        (i32(PAGE), i32(1), i32(1)),
        step(then=Trap(MEM), acts=(len_is(PAGE),), when=(1,)),
    ),
    Row("fill-oob", w.MemoryFill(), (i32(PAGE), i32(1), i32(0)), ()),
    Row(
        "fill-ok",
        w.MemoryFill(),
        (i32(4), i32(0x107), i32(2)),
        step(then=Move(data(4), Fill(7, 2), 0, 2), acts=(len_is(PAGE),), when=(1,)),
    ),
    Row("fill-ok", w.TableFill(), (i32(2), ref(0), i32(0)), step(acts=(T2,), when=(1,))),
    Row(
        "copy-oob",
        w.MemoryCopy(),
        (i32(4), i32(PAGE), i32(2)),
        step(then=Trap(MEM), acts=(len_is(PAGE),), when=(1,)),
    ),
    Row("copy-oob", w.MemoryCopy(), (i32(4), i32(0), i32(2)), ()),
    Row(
        "copy-ok",
        w.MemoryCopy(),
        (i32(4), i32(0), i32(2)),
        step(then=Move(data(4), data(0), 1, 2, True), acts=(len_is(PAGE),), when=(1, 1)),
    ),
    Row(
        "copy-ok",
        w.TableCopy(0, 1),
        (i32(0), i32(0), i32(2)),
        step(then=Move(elem(0), elem(0, TABLE2), 0, 2), acts=(T2, len_is(2, TABLE2)), when=(1, 1)),
    ),
    Row(
        "move-ok",
        MOVE,
        (),
        step(then=MOVE._replace(loaded=S8), acts=(rd(data(1), S8),), notears=True),
    ),
    Row(
        "move-ok",
        MOVE._replace(loaded=S8),
        (),
        step(then=MOVE._replace(at=2, left=1), acts=(Write(U, data(5), 1, S8),), notears=True),
    ),
    Row("move-ok", Move(elem(0), (F_UNARY, 0), 1, 1), (), step(acts=(Write(U, elem(1), 1, 0),))),
    Row(
        "move-oob",
        Move(data(PAGE), (7,), 0, 1, checked=True),
        (),
        step(then=Trap(MEM), acts=(len_is(PAGE),), when=(1,)),
    ),
    Row("move-oob", Move(data(PAGE), (7,), 0, 1), (), ()),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.rule)
def test_row(row: Row) -> None:
    rule = RULES[row.rule]
    assert isinstance(row.instr, rule.instr)
    outcome = rule.function(frame(i32(5), i64(6)), row.operands, row.instr, Answers(row.answers, row.profile))
    steps = () if outcome is None else (outcome,) if isinstance(outcome, Step) else outcome
    steps = tuple(s for s in steps if 0 not in s.condition)
    assert steps == row.step


def test_every_row_has_a_test_that_it_passes() -> None:
    elsewhere = {"instantiate-ok", "instantiate-mismatch"}  # test_instantiation
    shown = {row.rule for row in ROWS if row.step} | elsewhere
    figures = {name: rule.figure for name, rule in RULES.items()}
    assert shown == {name for name, figure in figures.items() if figure == "core" or isinstance(figure, int)} - {
        name for name, figure in figures.items() if figure == GLOBAL_FIGURE
    }


@pytest.mark.parametrize(("instr", "operands"), [(r.instr, r.operands) for r in ROWS if r.profile is FORK])
def test_some_row_matches_every_redex(instr: object, operands: tuple[Value, ...]) -> None:
    oracle = Answers()
    found = [rule.function(frame(i32(5), i64(6)), operands, instr, oracle) for rule in REDEXES[type(instr)]]
    assert any(outcome not in (None, ()) for outcome in found)


def test_at_most_one_action_of_a_region_in_one_event() -> None:
    for row in ROWS:
        for one in row.step:
            regions = [a.location.region for a in one.actions]
            assert len(regions) == len(set(regions)), row.rule


def test_copies_between_memories_read_both_lengths() -> None:
    copy = w.MemoryCopy(0, 1)
    rule = RULES["copy-oob"].function
    found = rule(frame(), (i32(0), i32(0), i32(1)), copy, Answers({length(): N64, length(LOCAL_MEMORY): Sym(60, 64)}))
    assert isinstance(found, tuple)
    assert [s.condition for s in found] == [(gt(1), 1), (le(1), gt(1, Sym(60, 64)))]


def test_recheck_reads_the_length_with_every_unit() -> None:
    recheck = Profile("recheck", bulk="recheck")
    oracle = Answers({length(): N64}, recheck)
    started = RULES["fill-ok"].function(frame(), (i32(4), i32(1), i32(2)), w.MemoryFill(), oracle)
    assert isinstance(started, Step)
    assert isinstance(started.then, Move)
    assert started.then.checked
    moved = RULES["move-ok"].function(frame(), (), started.then, oracle)
    assert isinstance(moved, Step)
    assert moved.actions == (len_is(N64), Write(U, data(4), 1, 1))
    assert moved.condition == (le(5),)


def test_reference_types_are_kept() -> None:
    outcome = RULES["table-get-ok"].function(frame(), (i32(0),), w.TableGet(), Answers())
    assert isinstance(outcome, Step)
    assert isinstance(outcome.result[0].type, RefType)
