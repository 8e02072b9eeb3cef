"""The thread builtins of components, as functions of the embedder (systems.md B.12, B1 to B4).

`thread.spawn-indirect` takes table 0 of its caller's instance; the immediate of `context.get` and `context.set` is part
of the import's name. Cooperative threads take turns (Profile.turns): between two of the calls below one runs alone. A
suspended thread waits at a location of its own, which `thread.resume-later` notifies.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from semantics.reduction.access import (
    OOB_TABLE,
    REFERENCE_BITS,
    cell,
    concrete,
    item_of,
    read_entry,
    read_length,
    read_value,
    trap_unless,
    within,
)
from semantics.reduction.designs import Effect, enter
from semantics.reduction.registry import Oracle, local_rule
from semantics.reduction.turns import passing, taking
from semantics.runtime.actions import Field, Location, Region, Write
from semantics.runtime.configuration import (
    ForkPrime,
    Frame,
    NotifyPrime,
    Step,
    TakeTurn,
    Trap,
    Value,
    WaitPrime,
)
from semantics.runtime.profile import HostImports
from semantics.runtime.store import Store
from semantics.syntax.instructions import BlockType, DesignInstr, Expr, If, Test, Unreachable
from semantics.syntax.types import FUNCREF, I32, SHARED_FUNCREF, FuncType, Order, Share
from semantics.terms import apply

FOREVER = (1 << 64) - 1  # -1: no timeout


class _Builtin(DesignInstr):
    """A function of the embedder; `entry` is the type of what a thread begins with, None where it starts none."""

    __slots__ = ()
    feature: ClassVar[str] = "component builtins"
    entry: ClassVar[FuncType | None] = None


def _entry(share: Share) -> FuncType:
    return FuncType(share, (I32,), ())


@dataclass(frozen=True, slots=True)
class SpawnRef(_Builtin):
    """thread.spawn-ref shared ft (B1)"""

    opcode: ClassVar[str] = "thread.spawn-ref"
    entry: ClassVar[FuncType | None] = _entry(Share.SHARED)


@dataclass(frozen=True, slots=True)
class CooperativeSpawnRef(SpawnRef):
    """thread.spawn-ref ft (B4)"""

    entry: ClassVar[FuncType | None] = _entry(Share.LOCAL)


@dataclass(frozen=True, slots=True)
class SpawnIndirect(_Builtin):
    """thread.spawn-indirect shared ft tbl (B2)"""

    opcode: ClassVar[str] = "thread.spawn-indirect"
    entry: ClassVar[FuncType | None] = _entry(Share.SHARED)


@dataclass(frozen=True, slots=True)
class CooperativeSpawnIndirect(SpawnIndirect):
    """thread.spawn-indirect ft tbl (B4)"""

    entry: ClassVar[FuncType | None] = _entry(Share.LOCAL)


@dataclass(frozen=True, slots=True)
class AvailableParallelism(_Builtin):
    """thread.available-parallelism (B3)"""

    opcode: ClassVar[str] = "thread.available-parallelism"


@dataclass(frozen=True, slots=True)
class ThreadIndex(_Builtin):
    """thread.index"""

    opcode: ClassVar[str] = "thread.index"


@dataclass(frozen=True, slots=True)
class ThreadYield(_Builtin):
    """thread.yield"""

    opcode: ClassVar[str] = "thread.yield"


@dataclass(frozen=True, slots=True)
class ThreadSuspend(_Builtin):
    """thread.suspend"""

    opcode: ClassVar[str] = "thread.suspend"


@dataclass(frozen=True, slots=True)
class ThreadResumeLater(_Builtin):
    """thread.resume-later; traps where nobody was resumed"""

    opcode: ClassVar[str] = "thread.resume-later"
    after: ClassVar[Expr] = (Test(I32, "eqz"), If(BlockType(), (Unreachable(),)))


@dataclass(frozen=True, slots=True)
class ContextGet(_Builtin):
    """context.get i32 0"""

    opcode: ClassVar[str] = "context.get"
    slot: ClassVar[int] = 0


@dataclass(frozen=True, slots=True)
class ContextGet1(ContextGet):
    """context.get i32 1"""

    slot: ClassVar[int] = 1


@dataclass(frozen=True, slots=True)
class ContextSet(_Builtin):
    """context.set i32 0"""

    opcode: ClassVar[str] = "context.set"
    slot: ClassVar[int] = 0


@dataclass(frozen=True, slots=True)
class ContextSet1(ContextSet):
    """context.set i32 1"""

    slot: ClassVar[int] = 1


_kind: type[DesignInstr]
_table = Effect(spawns=True, touches=lambda _: (("tables", 0, Field.ELEM, False), ("tables", 0, Field.LEN, False)))
for _kind in (SpawnRef, CooperativeSpawnRef):
    enter(_kind, 2, concrete=(0,), effect=Effect(spawns=True))
for _kind in (SpawnIndirect, CooperativeSpawnIndirect):
    enter(_kind, 2, concrete=(0,), effect=_table)
for _kind in (AvailableParallelism, ThreadIndex, ContextGet, ContextGet1):
    enter(_kind, 0, effect=Effect(branches=False))
for _kind in (ContextSet, ContextSet1):
    enter(_kind, 1, effect=Effect(branches=False))
for _kind in (ThreadYield, ThreadSuspend):
    enter(_kind, 0, effect=Effect())
enter(ThreadResumeLater, 1, concrete=(0,), effect=Effect())


def _provided(share: Share) -> HostImports:
    """The imports that threads of both kinds may have; the functions carry the attribute of the threads."""
    shared = share is Share.SHARED
    reference = SHARED_FUNCREF if shared else FUNCREF

    def type(*params: object, results: tuple[object, ...] = (I32,)) -> FuncType:
        return FuncType(share, params, results)  # type: ignore[arg-type]

    return {
        ("component", "thread.spawn-ref"): (SpawnRef if shared else CooperativeSpawnRef, type(reference, I32)),
        ("component", "thread.spawn-indirect"): (SpawnIndirect if shared else CooperativeSpawnIndirect, type(I32, I32)),
        ("component", "thread.available-parallelism"): (AvailableParallelism, type()),
        ("component", "thread.index"): (ThreadIndex, type()),
        ("component", "context.get 0"): (ContextGet, type()),
        ("component", "context.get 1"): (ContextGet1, type()),
        ("component", "context.set 0"): (ContextSet, type(I32, results=())),
        ("component", "context.set 1"): (ContextSet1, type(I32, results=())),
    }


PREEMPTIVE = _provided(Share.SHARED)
"""For threads that run at the same time."""

_TURNS: HostImports = {
    ("component", "thread.yield"): (ThreadYield, FuncType(Share.LOCAL, (), (I32,))),
    ("component", "thread.suspend"): (ThreadSuspend, FuncType(Share.LOCAL, (), (I32,))),
    ("component", "thread.resume-later"): (ThreadResumeLater, FuncType(Share.LOCAL, (I32,), ())),
}
COOPERATIVE: HostImports = {**_provided(Share.LOCAL), **_TURNS}
"""For threads that take turns."""


# --- spawning -------------------------------------------------------------------------------------
@local_rule("thread-spawn-ref-ok", fig="B.12", instr=(SpawnRef, CooperativeSpawnRef))
def thread_spawn_ref_ok(frame: Frame, operands: tuple[Value, ...], instr: SpawnRef, oracle: Oracle) -> Step | None:
    """B1  s; (ref a) v thread.spawn-ref  -->  spawn' (v (call' a)) (i32.const n)  if type(s(a)) = sh [i32] -> []

    n is the new thread's index; [profile deterministic: i32.const 0, and no thread, DEC 22]
    """
    address = concrete(operands[0].term)
    if not address or oracle.store.type(address) != instr.entry:
        return None
    return _spawned(oracle, address, operands[1])


@local_rule("thread-spawn-ref-mismatch", fig="B.12", instr=(SpawnRef, CooperativeSpawnRef))
def thread_spawn_ref_mismatch(
    frame: Frame, operands: tuple[Value, ...], instr: SpawnRef, oracle: Oracle
) -> Step | None:
    """B1  s; (ref a) v thread.spawn-ref  -->  trap  if a is null or of another type: in the caller"""
    address = concrete(operands[0].term)
    if address and oracle.store.type(address) == instr.entry:
        return None
    return Step((), Trap(_wrong(address)))


@local_rule("thread-spawn-indirect-oob", fig="B.12", instr=(SpawnIndirect, CooperativeSpawnIndirect))
def thread_spawn_indirect_oob(
    frame: Frame, operands: tuple[Value, ...], instr: SpawnIndirect, oracle: Oracle
) -> Step | None:
    """B2  s; f; (i32.const i) v thread.spawn-indirect  -->(rd a.len n)  trap

    if a = f_table(0) and i >= n; without an event where there is no table
    """
    if not frame.instance.tables:
        return Step((), Trap(OOB_TABLE))
    return trap_unless(oracle, frame.instance.tables[0], concrete(operands[0].term) + 1, OOB_TABLE)


@local_rule("thread-spawn-indirect-ok", fig="B.12", instr=(SpawnIndirect, CooperativeSpawnIndirect))
def thread_spawn_indirect_ok(
    frame: Frame, operands: tuple[Value, ...], instr: SpawnIndirect, oracle: Oracle
) -> tuple[Step, ...]:
    """B2  s; f; (i32.const i) v thread.spawn-indirect  -->(rd a.len n) (rd a.elem[i] (ref a'))

    spawn' (v (call' a')) (i32.const m), or trap where a' is null or not of type sh [i32] -> []

    if a = f_table(0) and i < n
    """
    if not frame.instance.tables:
        return ()
    address, index = frame.instance.tables[0], concrete(operands[0].term)
    steps = []
    for reference in oracle.possible(item_of(address, Field.ELEM, index)):
        length = read_length(oracle, address)
        inside = within(index + 1, length.value)
        if inside == 0:
            break
        entry = read_entry(oracle, address, index, Order.UNORD)
        same = apply("eq", 1, entry.value, reference, arg_width=REFERENCE_BITS)
        fits = bool(reference) and oracle.store.type(reference) == instr.entry
        step = _spawned(oracle, reference, operands[1]) if fits else Step((), Trap(_wrong(reference)))
        steps.append(step._replace(actions=(length, entry), condition=(inside, same)))
    return tuple(steps)


def _spawned(oracle: Oracle, address: int, argument: Value) -> Step:
    if oracle.profile.deterministic:
        return Step((Value(I32, 0),))
    return Step((), ForkPrime(address, (argument,), (Value(I32, oracle.spawned()),)))


def _wrong(address: int) -> str:
    return "thread entry type mismatch" if address else "null function reference"


@local_rule("available-parallelism-ok", fig="B.12", instr=AvailableParallelism)
def available_parallelism_ok(
    frame: Frame, operands: tuple[Value, ...], instr: AvailableParallelism, oracle: Oracle
) -> Step:
    """B3  thread.available-parallelism  -->  i32.const n  for one n; [profile deterministic: 1]"""
    return Step((Value(I32, 1 if oracle.profile.deterministic else oracle.profile.parallelism),))


# --- turns ----------------------------------------------------------------------------------------
@local_rule("thread-index-ok", fig="B.12", instr=ThreadIndex)
def thread_index_ok(frame: Frame, operands: tuple[Value, ...], instr: ThreadIndex, oracle: Oracle) -> Step:
    """B4  thread.index  -->  i32.const n  for the thread that spawning called n; 0 for the first"""
    return Step((Value(I32, oracle.number),))


@local_rule("thread-yield-ok", fig="B.12", instr=ThreadYield)
def thread_yield_ok(frame: Frame, operands: tuple[Value, ...], instr: ThreadYield, oracle: Oracle) -> Step:
    """B4  thread.yield  -->(wr_seqcst turn 0)  (i32.const 0) take'"""
    return Step((Value(I32, 0),), TakeTurn(), (passing(oracle.store),))


@local_rule("take-turn-ok", fig="B.12", instr=TakeTurn)
def take_turn_ok(frame: Frame, operands: tuple[Value, ...], instr: TakeTurn, oracle: Oracle) -> Step:
    """take'  -->(rmw turn 0 1)  eps"""
    return Step((), None, (taking(oracle.store),))


@local_rule("thread-suspend-ok", fig="B.12", instr=ThreadSuspend)
def thread_suspend_ok(frame: Frame, operands: tuple[Value, ...], instr: ThreadSuspend, oracle: Oracle) -> Step:
    """B4  thread.suspend  -->  wait' l -1  for the location l of the running thread; ends with i32.const 0"""
    return Step((), WaitPrime(_place(oracle.store, oracle.number), FOREVER))


@local_rule("thread-resume-later-ok", fig="B.12", instr=ThreadResumeLater)
def thread_resume_later_ok(frame: Frame, operands: tuple[Value, ...], instr: ThreadResumeLater, oracle: Oracle) -> Step:
    """B4  (i32.const n) thread.resume-later  -->  notify' l 0 1  for the location l of thread n

    The code behind it traps where that woke nobody: the thread is not suspended.
    """
    return Step((), NotifyPrime(_place(oracle.store, concrete(operands[0].term)), 0, 1))


def _place(store: Store, number: int) -> Location:
    return Location(Region(store.turn, Field.VAL, 1 + number))


@local_rule("context-get-ok", fig="B.12", instr=(ContextGet, ContextGet1))
def context_get_ok(frame: Frame, operands: tuple[Value, ...], instr: ContextGet, oracle: Oracle) -> Step:
    """B4  th; (context.get i)  -->(rd (ctx_i, th).val c)  i32.const c"""
    read = read_value(oracle, cell(oracle, oracle.store.contexts[instr.slot]), I32.bits, Order.UNORD)
    return Step((Value(I32, read.value),), None, (read,))


@local_rule("context-set-ok", fig="B.12", instr=(ContextSet, ContextSet1))
def context_set_ok(frame: Frame, operands: tuple[Value, ...], instr: ContextSet, oracle: Oracle) -> Step:
    """B4  th; (i32.const c) (context.set i)  -->(wr (ctx_i, th).val c)  eps"""
    place = cell(oracle, oracle.store.contexts[instr.slot])
    return Step((), None, (Write(Order.UNORD, place, 1, operands[0].term),))
