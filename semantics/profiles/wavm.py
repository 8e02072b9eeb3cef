"""WAVM's compartments and contexts: mutable globals are context-local (systems.md B.9, P9, K1 to K7).

A context is a thread's. Mutable globals have a cell in each (Profile.cells = "mutable"); a fresh context has the values
that instantiation gave (createContext, K2: wavm), or a copy of its creator's (cloneContext, K3: wavm-clone, which the
removed forkThread took). All else is shared, whatever its annotation. A thread's id stands for the address of its
handle (B.7, H1 to H3, without requests to cancel); the cell at the next address says whether the id is still valid.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from semantics.profiles.handle import ended, new_handle
from semantics.reduction.access import concrete, read_value, value_of
from semantics.reduction.designs import Effect, enter
from semantics.reduction.registry import Oracle, local_rule
from semantics.runtime.actions import Action, Read, Rmw, Write
from semantics.runtime.configuration import Ending, Finish, ForkPrime, Frame, JoinPrime, Step, Trap, Value
from semantics.runtime.discipline import THREADS
from semantics.runtime.profile import Profile
from semantics.runtime.store import GlobalInst, HandleInst
from semantics.syntax.instructions import DesignInstr
from semantics.syntax.types import FUNCREF, I32, I64, FuncType, GlobalType, Order, Share
from semantics.terms import Term, apply

ENTRY = FuncType(Share.LOCAL, (I32,), (I64,))
"""What a thread begins with."""

VALID, REMOVED, DETACHED = range(3)
"""The states of an id. Where a detached thread traps the process ends."""

IDS = 1 << 40
"""Where ids begin, so that what a program makes up, as opposed to what createThread gave, is the id of no thread."""

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


enter(CreateThread, 2, concrete=(0,), effect=Effect(spawns=True, acts=True))
enter(ExitThread, 1, effect=Effect())
enter(JoinThread, 1, concrete=(0,), effect=Effect(acts=True))
enter(DetachThread, 1, concrete=(0,), effect=Effect(dooms=True, acts=True))

WAVM = Profile(
    "wavm",
    "createThread on a function reference; every thread has its own copy of every mutable global",
    typing=replace(THREADS, name="wavm", several_memories=True, declared_refs=False, entry="none"),
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


@local_rule("create-thread-ok", fig="B.9", instr=CreateThread)
def create_thread_ok(frame: Frame, operands: tuple[Value, ...], instr: CreateThread, oracle: Oracle) -> Step | None:
    """K4  s; (ref a) v createThread  -->(wr st run) (wr id valid)  spawn' (v (call' a)) id

    if type(s(a)) = [i32] -> [i64]; in a new context, of K2 or K3
    """
    address = concrete(operands[0].term)
    if not address or oracle.store.type(address) != ENTRY:
        return None
    handle, writes = new_handle(oracle, ENTRY, frame)
    valid = oracle.store.allocate(GlobalInst(GlobalType(Share.SHARED, True, I32)), frame)
    fork = ForkPrime(address, operands[1:], (Value(I64, IDS + handle),), ending=_ending(handle))
    return Step((), fork, (*writes, Write(Order.INIT, value_of(valid), 1, VALID)))


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
    return Step(operands, Finish()) if oracle.handle else None


@local_rule("exit-thread-fail", fig="B.9", instr=ExitThread)
def exit_thread_fail(frame: Frame, operands: tuple[Value, ...], instr: ExitThread, oracle: Oracle) -> Step | None:
    """K7  c exitThread  -->  trap  in any other thread"""
    return None if oracle.handle else Step((), Trap("exitThread outside of a thread that createThread made"))


@local_rule("join-thread-ok", fig="B.9", instr=JoinThread)
def join_thread_ok(frame: Frame, operands: tuple[Value, ...], instr: JoinThread, oracle: Oracle) -> Step | None:
    """K6  id joinThread  -->(rmw id valid removed)  join' id"""
    taken = _take(oracle, operands[0], REMOVED)
    return None if taken is None else taken._replace(then=JoinPrime(_handle(oracle, operands[0]), ENTRY.results))


@local_rule("detach-thread-ok", fig="B.9", instr=DetachThread)
def detach_thread_ok(frame: Frame, operands: tuple[Value, ...], instr: DetachThread, oracle: Oracle) -> Step | None:
    """K6  id detachThread  -->(rmw id valid detached)  eps"""
    return _take(oracle, operands[0], DETACHED)


@local_rule("remove-thread-fail", fig="B.9", instr=(JoinThread, DetachThread))
def remove_thread_fail(
    frame: Frame, operands: tuple[Value, ...], instr: JoinThread | DetachThread, oracle: Oracle
) -> Step:
    """K6  id joinThread  -->(rd_seqcst id w)  trap  if w != valid; without an event where no thread has that id"""
    handle = _handle(oracle, operands[0])
    if not handle:
        return Step((), Trap(INVALID))
    state = _state(oracle, handle)
    return Step((), Trap(INVALID), (state,), (apply("ne", 1, state.value, VALID, arg_width=I32.bits),))


def _take(oracle: Oracle, operand: Value, state: int) -> Step | None:
    """(rmw id valid state); None where the operand is no id."""
    handle = _handle(oracle, operand)
    if not handle:
        return None
    old = _state(oracle, handle)
    taken = Rmw(old.location, 1, old.value, state)
    return Step((), None, (taken,), (apply("eq", 1, old.value, VALID, arg_width=I32.bits),))


def _handle(oracle: Oracle, operand: Value) -> int:
    """The address of the handle for which an id stands; 0 where it is no id."""
    address = concrete(operand.term) - IDS
    known = address in oracle.store.addresses() and isinstance(oracle.store[address], HandleInst)
    return address if known else 0


def _state(oracle: Oracle, handle: int) -> Read:
    """(rd_seqcst id w)"""
    return read_value(oracle, value_of(handle + 1), I32.bits, Order.SEQCST)


def _ending(handle: int) -> Ending:
    """K5, K6  What its handle tells of a thread's end; the process ends with it if it traps and is detached."""

    def dooms(oracle: Oracle) -> tuple[Action, Term]:
        state = _state(oracle, handle)
        return state, apply("eq", 1, state.value, DETACHED, arg_width=I32.bits)

    return ended(handle)._replace(dooms=dooms)
