"""The thread builtins of components, as functions of the embedder (systems.md B.12, B1 to B4).

`thread.spawn-indirect` takes table 0 of its caller's instance; the immediate of `context.get` and `context.set` is part
of the import's name. What only threads that take turns have stands in `semantics.profiles.cooperative`.
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
from semantics.reduction.turns import state_of
from semantics.runtime.actions import Field, Write
from semantics.runtime.configuration import (
    Doing,
    ForkPrime,
    Frame,
    Step,
    Trap,
    Value,
)
from semantics.runtime.profile import HostImports
from semantics.syntax.instructions import DesignInstr
from semantics.syntax.types import FUNCREF, I32, SHARED_FUNCREF, FuncType, Order, Share
from semantics.terms import apply


class Builtin(DesignInstr):
    """A function of the embedder; `entry` is the type of what a thread begins with, None where it starts none."""

    __slots__ = ()
    feature: ClassVar[str] = "component builtins"
    entry: ClassVar[FuncType | None] = None


def _entry(share: Share) -> FuncType:
    return FuncType(share, (I32,), ())


@dataclass(frozen=True, slots=True)
class SpawnRef(Builtin):
    """thread.spawn-ref shared ft (B1)"""

    opcode: ClassVar[str] = "thread.spawn-ref"
    entry: ClassVar[FuncType | None] = _entry(Share.SHARED)


@dataclass(frozen=True, slots=True)
class CooperativeSpawnRef(SpawnRef):
    """thread.spawn-ref ft (B4)"""

    entry: ClassVar[FuncType | None] = _entry(Share.LOCAL)


@dataclass(frozen=True, slots=True)
class SpawnIndirect(Builtin):
    """thread.spawn-indirect shared ft tbl (B2)"""

    asleep: ClassVar[bool] = False
    opcode: ClassVar[str] = "thread.spawn-indirect"
    entry: ClassVar[FuncType | None] = _entry(Share.SHARED)


@dataclass(frozen=True, slots=True)
class CooperativeSpawnIndirect(SpawnIndirect):
    """thread.spawn-indirect ft tbl (B4)"""

    entry: ClassVar[FuncType | None] = _entry(Share.LOCAL)


@dataclass(frozen=True, slots=True)
class NewIndirect(CooperativeSpawnIndirect):
    """thread.new-indirect ft tbl (B4)"""

    opcode: ClassVar[str] = "thread.new-indirect"
    asleep: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class AvailableParallelism(Builtin):
    """thread.available-parallelism (B3)"""

    opcode: ClassVar[str] = "thread.available-parallelism"


@dataclass(frozen=True, slots=True)
class ThreadIndex(Builtin):
    """thread.index"""

    opcode: ClassVar[str] = "thread.index"


@dataclass(frozen=True, slots=True)
class ContextGet(Builtin):
    """context.get i32 0"""

    opcode: ClassVar[str] = "context.get"
    slot: ClassVar[int] = 0


@dataclass(frozen=True, slots=True)
class ContextGet1(ContextGet):
    """context.get i32 1"""

    slot: ClassVar[int] = 1


@dataclass(frozen=True, slots=True)
class ContextSet(Builtin):
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
for _kind in (SpawnIndirect, CooperativeSpawnIndirect, NewIndirect):
    enter(_kind, 2, concrete=(0,), effect=_table)
for _kind in (AvailableParallelism, ThreadIndex, ContextGet, ContextGet1):
    enter(_kind, 0, effect=Effect(branches=False))
for _kind in (ContextSet, ContextSet1):
    enter(_kind, 1, effect=Effect(branches=False))


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
COOPERATIVE = _provided(Share.LOCAL)
"""For threads that take turns: besides, there are the calls of `semantics.profiles.cooperative`."""


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


@local_rule("thread-spawn-indirect-oob", fig="B.12", instr=(SpawnIndirect, CooperativeSpawnIndirect, NewIndirect))
def thread_spawn_indirect_oob(
    frame: Frame, operands: tuple[Value, ...], instr: SpawnIndirect, oracle: Oracle
) -> Step | None:
    """B2  s; f; (i32.const i) v thread.spawn-indirect  -->(rd a.len n)  trap

    if a = f_table(0) and i >= n; without an event where there is no table
    """
    if not frame.instance.tables:
        return Step((), Trap(OOB_TABLE))
    return trap_unless(oracle, frame.instance.tables[0], concrete(operands[0].term) + 1, OOB_TABLE)


@local_rule("thread-spawn-indirect-ok", fig="B.12", instr=(SpawnIndirect, CooperativeSpawnIndirect, NewIndirect))
def thread_spawn_indirect_ok(
    frame: Frame, operands: tuple[Value, ...], instr: SpawnIndirect, oracle: Oracle
) -> tuple[Step, ...]:
    """B2  s; f; (i32.const i) v thread.spawn-indirect  -->(rd a.len n) (rd a.elem[i] (ref a'))

    spawn' (v (call' a')) (i32.const m), or trap where a' is null or not of type sh [i32] -> []

    if a = f_table(0) and i < n. thread.new-indirect: and the thread is suspended.
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
        step = _spawned(oracle, reference, operands[1], instr.asleep) if fits else Step((), Trap(_wrong(reference)))
        steps.append(step._replace(actions=(length, entry, *step.actions), condition=(inside, same)))
    return tuple(steps)


def _spawned(oracle: Oracle, address: int, argument: Value, asleep: bool = False) -> Step:
    if oracle.profile.deterministic:
        return Step((Value(I32, 0),))
    number = oracle.spawned()
    fork = ForkPrime(address, (argument,), (Value(I32, number),), asleep=asleep)
    if not oracle.store.turn:
        return Step((), fork)
    doing = Doing.SUSPENDED if asleep else Doing.READY
    return Step((), fork, (Write(Order.SEQCST, state_of(oracle.store, number), 1, doing),))


def _wrong(address: int) -> str:
    return "thread entry type mismatch" if address else "null function reference"


@local_rule("available-parallelism-ok", fig="B.12", instr=AvailableParallelism)
def available_parallelism_ok(
    frame: Frame, operands: tuple[Value, ...], instr: AvailableParallelism, oracle: Oracle
) -> Step:
    """B3  thread.available-parallelism  -->  i32.const n  for one n; [profile deterministic: 1]"""
    return Step((Value(I32, 1 if oracle.profile.deterministic else oracle.profile.parallelism),))


@local_rule("thread-index-ok", fig="B.12", instr=ThreadIndex)
def thread_index_ok(frame: Frame, operands: tuple[Value, ...], instr: ThreadIndex, oracle: Oracle) -> Step:
    """B4  thread.index  -->  i32.const n  for the thread that spawning called n; 0 for the first"""
    return Step((Value(I32, oracle.number),))


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
