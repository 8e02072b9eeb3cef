"""WAVM's compartments and contexts: mutable globals are context-local (systems.md B.9, P9, K1 to K7).

A context is a thread's. Mutable globals have a cell in each (Profile.cells = "mutable"); a fresh context has the values
that instantiation gave (createContext, K2: wavm), or a copy of its creator's (cloneContext, K3: wavm-clone, which the
removed forkThread took). All else is shared, whatever its annotation. A thread's id is the address of its handle; the
handle's own cell says whether the id is still valid.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from semantics.reduction.access import concrete, read_value, value_of
from semantics.reduction.designs import Effect, enter
from semantics.reduction.handles import DOOMED, make_handle
from semantics.reduction.registry import Oracle, local_rule
from semantics.runtime.actions import Rmw
from semantics.runtime.configuration import Exit, ForkPrime, Frame, JoinPrime, Step, Trap, Value
from semantics.runtime.discipline import THREADS
from semantics.runtime.profile import Profile
from semantics.runtime.store import Store, ThreadInst
from semantics.syntax.instructions import DesignInstr
from semantics.syntax.types import FUNCREF, I32, I64, FuncType, Order, Share
from semantics.terms import apply
from semantics.validation.context import Context
from semantics.validation.operands import Arrow, Operands
from semantics.validation.registry import typing_rule

ENTRY = FuncType(Share.LOCAL, (I32,), (I64,))
"""What a thread begins with."""

VALID, REMOVED = range(2)
"""The states of an id; that of a detached thread is DOOMED: if it traps, the process ends."""

INVALID = "invalid argument"


@dataclass(frozen=True, slots=True)
class CreateThread(DesignInstr):
    """createThread"""

    opcode: ClassVar[str] = "createThread"
    feature: ClassVar[str] = "wavm"


@dataclass(frozen=True, slots=True)
class ExitThread(DesignInstr):
    """exitThread"""

    opcode: ClassVar[str] = "exitThread"
    feature: ClassVar[str] = "wavm"


@dataclass(frozen=True, slots=True)
class JoinThread(DesignInstr):
    """joinThread"""

    opcode: ClassVar[str] = "joinThread"
    feature: ClassVar[str] = "wavm"


@dataclass(frozen=True, slots=True)
class DetachThread(DesignInstr):
    """detachThread"""

    opcode: ClassVar[str] = "detachThread"
    feature: ClassVar[str] = "wavm"


enter(CreateThread, 2, concrete=(0,), effect=Effect(spawns=True))
enter(ExitThread, 1, effect=Effect())
enter(JoinThread, 1, concrete=(0,), effect=Effect())
enter(DetachThread, 1, concrete=(0,), effect=Effect(dooms=True))

WAVM = Profile(
    "wavm",
    "createThread on a function reference; every thread has its own copy of every mutable global",
    typing=replace(THREADS, name="wavm", several_memories=True, entry="none"),
    spawn="createThread",
    host={
        ("wavm", "createThread"): (CreateThread, FuncType(Share.LOCAL, (FUNCREF, I32), (I64,))),
        ("wavm", "exitThread"): (ExitThread, FuncType(Share.LOCAL, (I64,), ())),
        ("wavm", "joinThread"): (JoinThread, FuncType(Share.LOCAL, (I64,), (I64,))),
        ("wavm", "detachThread"): (DetachThread, FuncType(Share.LOCAL, (I64,), ())),
    },
    cells="mutable",
    seg="lock",
    own="nobody",
    trap="to-joiner",
)
WAVM_CLONE = replace(
    WAVM,
    name="wavm-clone",
    summary="as wavm, but a new thread's globals hold what its creator's hold",
    typing=replace(WAVM.typing, name="wavm-clone"),
    inherit="copy",
)


@typing_rule("createThread", CreateThread, row="B.9 K4", source="design")
def create_thread(_c: Context, _e: CreateThread, _operands: Operands) -> Arrow:
    """
    --------------------------------------
    C |- createThread : funcref i32 -> i64
    """
    return Arrow((FUNCREF, I32), (I64,))


@typing_rule("exitThread", ExitThread, row="B.9 K5", source="design")
def exit_thread(_c: Context, _e: ExitThread, _operands: Operands) -> Arrow:
    """
    ----------------------------
    C |- exitThread : i64 -> eps
    """
    return Arrow((I64,))


@typing_rule("joinThread", JoinThread, row="B.9 K6", source="design")
def join_thread(_c: Context, _e: JoinThread, _operands: Operands) -> Arrow:
    """
    ----------------------------
    C |- joinThread : i64 -> i64
    """
    return Arrow((I64,), (I64,))


@typing_rule("detachThread", DetachThread, row="B.9 K6", source="design")
def detach_thread(_c: Context, _e: DetachThread, _operands: Operands) -> Arrow:
    """
    ------------------------------
    C |- detachThread : i64 -> eps
    """
    return Arrow((I64,))


@local_rule("create-thread-ok", fig="B.9", instr=CreateThread)
def create_thread_ok(frame: Frame, operands: tuple[Value, ...], instr: CreateThread, oracle: Oracle) -> Step | None:
    """K4  s; (ref a) v createThread  -->(wr st run) (wr id valid)  spawn' (v (call' a)) id

    if type(s(a)) = [i32] -> [i64]; in a new context, of K2 or K3
    """
    address = concrete(operands[0].term)
    if not address or oracle.store.type(address) != ENTRY:
        return None
    handle, writes = make_handle(oracle.store, ENTRY.results)
    return Step((), ForkPrime(address, operands[1:], (Value(I64, handle),), handle=handle), writes)


@local_rule("create-thread-mismatch", fig="B.9", instr=CreateThread)
def create_thread_mismatch(
    frame: Frame, operands: tuple[Value, ...], instr: CreateThread, oracle: Oracle
) -> Step | None:
    """K4  s; (ref a) v createThread  -->  trap  if a is null or type(s(a)) != [i32] -> [i64]: in the caller"""
    address = concrete(operands[0].term)
    if address and oracle.store.type(address) == ENTRY:
        return None
    return Step((), Trap("thread entry type mismatch" if address else "null function reference"))


@local_rule("exit-thread-ok", fig="B.9", instr=ExitThread)
def exit_thread_ok(frame: Frame, operands: tuple[Value, ...], instr: ExitThread, oracle: Oracle) -> Step | None:
    """K5  E[c exitThread]  -->  c  in a thread that createThread made"""
    return Step(operands, Exit()) if oracle.handle else None


@local_rule("exit-thread-trap", fig="B.9", instr=ExitThread)
def exit_thread_trap(frame: Frame, operands: tuple[Value, ...], instr: ExitThread, oracle: Oracle) -> Step | None:
    """K7  c exitThread  -->  trap  in any other thread"""
    return None if oracle.handle else Step((), Trap("exitThread outside of a thread that createThread made"))


@local_rule("join-thread-ok", fig="B.9", instr=JoinThread)
def join_thread_ok(frame: Frame, operands: tuple[Value, ...], instr: JoinThread, oracle: Oracle) -> Step | None:
    """K6  id joinThread  -->(rmw id valid removed)  join' id"""
    taken = _take(oracle, operands[0], REMOVED)
    return None if taken is None else taken._replace(then=JoinPrime(concrete(operands[0].term)))


@local_rule("detach-thread-ok", fig="B.9", instr=DetachThread)
def detach_thread_ok(frame: Frame, operands: tuple[Value, ...], instr: DetachThread, oracle: Oracle) -> Step | None:
    """K6  id detachThread  -->(rmw id valid doomed)  eps"""
    return _take(oracle, operands[0], DOOMED)


@local_rule("remove-thread-trap", fig="B.9", instr=(JoinThread, DetachThread))
def remove_thread_trap(
    frame: Frame, operands: tuple[Value, ...], instr: JoinThread | DetachThread, oracle: Oracle
) -> Step:
    """K6  id joinThread  -->(rd_seqcst id w)  trap  if w != valid; without an event where no thread has that id"""
    found = _handle(oracle.store, concrete(operands[0].term))
    if found is None:
        return Step((), Trap(INVALID))
    state = read_value(oracle, value_of(found.own), I32.bits, Order.SEQCST)
    return Step((), Trap(INVALID), (state,), (apply("ne", 1, state.value, VALID, arg_width=I32.bits),))


def _take(oracle: Oracle, operand: Value, state: int) -> Step | None:
    """(rmw id valid state); None where the operand is no id."""
    found = _handle(oracle.store, concrete(operand.term))
    if found is None:
        return None
    place = value_of(found.own)
    old = oracle.read(place, 1, I32.bits)
    return Step((), None, (Rmw(place, 1, old, state),), (apply("eq", 1, old, VALID, arg_width=I32.bits),))


def _handle(store: Store, id: int) -> ThreadInst | None:
    found = store[id] if id in store.addresses() else None
    return found if isinstance(found, ThreadInst) else None
