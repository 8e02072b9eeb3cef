"""Fig. 7: local reduction, functions. The row of a null entry is missing in print (T5, D9): it traps."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from semantics.reduction.access import (
    REFERENCE_BITS,
    concrete,
    item_of,
    read_entry,
    read_length,
    trap_unless,
    within,
)
from semantics.reduction.registry import Oracle, local_rule
from semantics.runtime.actions import Field
from semantics.runtime.configuration import Activate, CallPrime, Frame, Step, Trap, Value
from semantics.runtime.store import HOST, FuncInst
from semantics.syntax.instructions import Call, CallIndirect, RefFunc
from semantics.syntax.types import HeapKind, RefType
from semantics.terms import apply


@local_rule("call-indirect-oob", fig=7, row=1, page=11, instr=CallIndirect)
def call_indirect_oob(frame: Frame, operands: tuple[Value, ...], instr: CallIndirect, oracle: Oracle) -> Step | None:
    """s; f; (i32.const i) (call_indirect.ord ft)  -->(rd a.len n)  trap

    if a = f_table and i >= n
    """
    address = frame.instance.tables[instr.table]
    return trap_unless(oracle, address, concrete(operands[0].term) + 1, "undefined element")


@local_rule("call-indirect-null", fig=7, instr=CallIndirect)
def call_indirect_null(
    frame: Frame, operands: tuple[Value, ...], instr: CallIndirect, oracle: Oracle
) -> tuple[Step, ...]:
    """s; f; (i32.const i) (call_indirect.ord ft)  -->(rd a.len n) (rd_ord a.elem[i] ref.null)  trap

    if a = f_table and i < n [not printed; profile null_call]
    """
    if oracle.profile.null_call == "stuck":
        return ()
    return _entries(
        frame,
        operands,
        instr,
        oracle,
        lambda found: found is None,
        f"uninitialized element {concrete(operands[0].term)}",
    )


@local_rule("call-indirect-mismatch", fig=7, row=2, page=11, instr=CallIndirect)
def call_indirect_mismatch(
    frame: Frame, operands: tuple[Value, ...], instr: CallIndirect, oracle: Oracle
) -> tuple[Step, ...]:
    """s; f; (i32.const i) (call_indirect.ord ft)  -->(rd a.len n) (rd_ord a.elem[i] (ref a'))  trap

    if a = f_table and i < n and type(s(a')) != ft
    """
    wanted = frame.instance.types[instr.type]
    return _entries(
        frame,
        operands,
        instr,
        oracle,
        lambda found: found is not None and found.type != wanted,
        "indirect call type mismatch",
    )


@local_rule("call-indirect-ok", fig=7, row=3, page=11, instr=CallIndirect)
def call_indirect_ok(
    frame: Frame, operands: tuple[Value, ...], instr: CallIndirect, oracle: Oracle
) -> tuple[Step, ...]:
    """s; f; (i32.const i) (call_indirect.ord ft)  -->(rd a.len n) (rd_ord a.elem[i] (ref a'))  call' a'

    if a = f_table and i < n and type(s(a')) = ft
    """
    wanted = frame.instance.types[instr.type]
    return _entries(frame, operands, instr, oracle, lambda found: found is not None and found.type == wanted, None)


@local_rule("ref-func-ok", fig=7, row=4, page=11, instr=RefFunc, pure=True)
def ref_func_ok(frame: Frame, operands: tuple[Value, ...], instr: RefFunc, oracle: Oracle) -> Step:
    """f; (ref.func i)  -->  ref f_func(i)"""
    address = frame.instance.funcs[instr.func]
    return Step((Value(RefType(oracle.store.func(address).type.share, HeapKind.FUNC), address),))


@local_rule("call-ok", fig=7, row=5, page=11, instr=Call, pure=True)
def call_ok(frame: Frame, operands: tuple[Value, ...], instr: Call, oracle: Oracle) -> Step:
    """f; (call i)  -->  call' f_func(i)"""
    return Step((), CallPrime(frame.instance.funcs[instr.func]))


@local_rule("call-prime-ok", fig=7, row=6, page=11, instr=CallPrime, pure=True)
def call_prime_ok(frame: Frame, operands: tuple[Value, ...], instr: CallPrime, oracle: Oracle) -> Step:
    """s; v^n (call' a)  -->  frame_m{module m, local v^n (t.const 0)^k} e* end

    if s(a) = func m (func (sh t1^n -> t2^m) local t^k e*)
    """
    found = oracle.store.func(instr.func)
    return Step((), Activate(body_frame(found, operands, frame), found.code.body))


def body_frame(found: FuncInst, arguments: tuple[Value, ...], caller: Frame | None = None) -> Frame:
    """{module m, local v^n (t.const 0)^k}; a host function runs in the instance of its caller."""
    instance = found.instance
    if instance is HOST and caller is not None:
        instance = caller.instance
    return Frame(instance, arguments + _fresh_locals(found), found)


@lru_cache(maxsize=256)
def _fresh_locals(found: FuncInst) -> tuple[Value, ...]:
    """(t.const 0)^k, remembered: a function may have thousands of locals and be called as often."""
    return tuple(Value(t, 0) for t in found.code.locals)


def _entries(
    frame: Frame,
    operands: tuple[Value, ...],
    instr: CallIndirect,
    oracle: Oracle,
    chosen: Callable[[FuncInst | None], bool],
    trap: str | None,
) -> tuple[Step, ...]:
    """One step for every possible entry that is `chosen` (None is null): a trap, or call' where `trap` is None."""
    address, index = frame.instance.tables[instr.table], concrete(operands[0].term)
    steps = []
    for reference in oracle.possible(item_of(address, Field.ELEM, index)):
        if not chosen(oracle.store.func(reference) if reference else None):
            continue
        length = read_length(oracle, address)
        inside = within(index + 1, length.value)
        if inside == 0:
            break
        entry = read_entry(oracle, address, index, instr.order)
        same = apply("eq", 1, entry.value, reference, arg_width=REFERENCE_BITS)
        then = CallPrime(reference) if trap is None else Trap(trap)
        steps.append(Step((), then, (length, entry), (inside, same)))
    return tuple(steps)
