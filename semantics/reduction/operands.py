"""How many operands each redex takes, and which of them must be concrete before a rule may look at them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from semantics.runtime.configuration import AwaitPrime, CallPrime, Frame, JoinPrime, Move, WaitPrime
from semantics.runtime.store import Store
from semantics.syntax import instructions as i

COUNT: dict[type, int] = {
    i.Unreachable: 0, i.Nop: 0, i.Block: 0, i.Loop: 0, i.If: 1, i.Br: 0, i.BrIf: 1, i.BrTable: 1, i.Return: 0,
    i.Call: 0, i.CallIndirect: 1, i.Drop: 1, i.Select: 3, i.LocalGet: 0, i.LocalSet: 1, i.LocalTee: 1,
    i.GlobalGet: 0, i.GlobalSet: 1, i.Const: 0, i.Unary: 1, i.Binary: 2, i.Test: 1, i.Compare: 2, i.Convert: 1,
    i.RefNull: 0, i.RefFunc: 0, i.RefIsNull: 1, i.TableGet: 1, i.TableSet: 2, i.TableSize: 0, i.TableGrow: 2,
    i.TableFill: 3, i.TableCopy: 3, i.TableInit: 3, i.ElemDrop: 0, i.Load: 1, i.Store: 2, i.Rmw: 2, i.Cmpxchg: 3,
    i.Wait: 3, i.Notify: 2, i.Fence: 0, i.MemorySize: 0, i.MemoryGrow: 1, i.MemoryFill: 3, i.MemoryCopy: 3,
    i.MemoryInit: 3, i.DataDrop: 0, Move: 0, WaitPrime: 0, JoinPrime: 0, AwaitPrime: 0,
}  # fmt: skip
"""The number of operands of each class of redex, where it is fixed."""

COUNT_OF: dict[type, Callable[..., int]] = {
    CallPrime: lambda instr, frame, store: len(store.func(instr.func).type.params),
    i.Fork: lambda instr, frame, store: len(store.func(frame.instance.funcs[instr.func]).type.params),
    i.Instantiate: lambda instr, frame, store: len(instr.module.imports),
}
"""(instr, frame, store) -> number of operands, where it depends on a type."""

CONCRETE: dict[type, tuple[int, ...]] = {
    i.CallIndirect: (0,), i.TableGet: (0,), i.TableSet: (0,), i.TableGrow: (1,), i.TableFill: (0, 2),
    i.TableCopy: (0, 1, 2), i.TableInit: (0, 1, 2), i.Load: (0,), i.Store: (0,), i.Rmw: (0,), i.Cmpxchg: (0,),
    i.Wait: (0,), i.Notify: (0,), i.MemoryGrow: (0,), i.MemoryFill: (0, 2), i.MemoryCopy: (0, 1, 2),
    i.MemoryInit: (0, 1, 2),
}  # fmt: skip
"""Positions (from the deepest, negative ones from the top) of the operands that say where an action goes: the unfolding
forks on their values.
All operands of `instantiate`, and of design instructions listed in ALL_CONCRETE, must be concrete too."""

ALL_CONCRETE: set[type] = {i.Instantiate}


def concrete_positions(instr: object, count: int) -> Sequence[int]:
    """Which of the `count` operands of a redex must be concrete."""
    kind = instr.__class__
    if kind in ALL_CONCRETE:
        return range(count)
    positions = CONCRETE.get(kind, ())
    return tuple(count + p for p in positions) if positions and positions[0] < 0 else positions


def operand_count(instr: object, frame: Frame, store: Store) -> int:
    """How many operands the redex takes."""
    kind = instr.__class__
    count = COUNT.get(kind)
    return COUNT_OF[kind](instr, frame, store) if count is None else count
