"""fork returning a thread handle: join, await, cancel, detach (systems.md B.7, P7)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from semantics.profiles.designs import instruction
from semantics.profiles.fork import FORK
from semantics.reduction.access import concrete, value_of
from semantics.reduction.designs import Effect, enter
from semantics.reduction.registry import Oracle, local_rule
from semantics.runtime.actions import Action, Field, Location, Read, Region, Rmw, Write
from semantics.runtime.configuration import (
    AwaitPrime,
    Cancelled,
    Ending,
    ForkPrime,
    Frame,
    JoinPrime,
    Step,
    Trap,
    Value,
    WaitPrime,
)
from semantics.runtime.profile import HostImports, Shape
from semantics.runtime.store import GlobalInst, HandleInst, Store
from semantics.syntax.instructions import DesignInstr
from semantics.syntax.types import I32, I64, FuncType, GlobalType, HeapKind, Order, RefType, Share, ValType, threadref
from semantics.terms import Term, apply
from semantics.validation.context import FUNC, Context, refuse
from semantics.validation.formation import RESULTS
from semantics.validation.operands import Arrow, Operands
from semantics.validation.registry import typing_rule

HANDLES = "thread handles"
TYPE = ("thread", "handle")
"""The import of the type of handles, where an embedder has it (B.6)."""

HANDLE = replace(
    FORK,
    name="handle",
    summary="fork_h gives a handle, by which others join, await and cancel the thread",
    typing=replace(
        FORK.typing,
        name="handle",
        features=FORK.typing.features | {HANDLES, "thread references", RESULTS},
    ),
    spawn="fork_h",
    handle="opaque",
    trap="to-joiner",
)
HANDLE_UNTYPED = replace(
    HANDLE,
    name="handle-untyped",
    summary="handle where all handles have the type threadref: threads have no results, and a status",
    typing=replace(HANDLE.typing, name="handle-untyped", features=HANDLE.typing.features - {RESULTS}),
)

STATUS_BITS = 32
RUN, DONE, TRAPPED, CANCELLED = 0, 1, 2, 4
"""Values of st; less 1 they are what thread.await gives (2 is a timeout)."""
TIMEOUT = 2
_HOW = {"done": DONE, "trap": TRAPPED, "cancelled": CANCELLED}


# --- syntax ---------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class ForkH(DesignInstr):
    """fork_h x"""

    opcode: ClassVar[str] = "fork_h"
    feature: ClassVar[str] = HANDLES
    func: int


@dataclass(frozen=True, slots=True)
class ThreadJoin(DesignInstr):
    """thread.join"""

    opcode: ClassVar[str] = "thread.join"
    feature: ClassVar[str] = HANDLES


@dataclass(frozen=True, slots=True)
class ThreadAwait(DesignInstr):
    """thread.await; the timeout is in nanoseconds, negative for none"""

    opcode: ClassVar[str] = "thread.await"
    feature: ClassVar[str] = HANDLES


@dataclass(frozen=True, slots=True)
class ThreadCancel(DesignInstr):
    """thread.cancel"""

    opcode: ClassVar[str] = "thread.cancel"
    feature: ClassVar[str] = HANDLES


@dataclass(frozen=True, slots=True)
class ThreadPollCancel(DesignInstr):
    """thread.poll_cancel"""

    opcode: ClassVar[str] = "thread.poll_cancel"
    feature: ClassVar[str] = HANDLES


@dataclass(frozen=True, slots=True)
class ThreadDetach(DesignInstr):
    """thread.detach"""

    opcode: ClassVar[str] = "thread.detach"
    feature: ClassVar[str] = HANDLES


def _parameters(instr: ForkH, frame: Frame, store: Store) -> int:
    return len(store.func(frame.instance.funcs[instr.func]).type.params)


instruction(ForkH, _parameters, effect=Effect(forks=lambda e: (e.func,), acts=True))
for _kind, _count in ((ThreadJoin, 1), (ThreadAwait, 2), (ThreadCancel, 1), (ThreadDetach, 1), (ThreadPollCancel, 0)):
    instruction(_kind, _count, concrete=(0,) if _count else (), effect=Effect(acts=True))


# --- the same, as operations of an embedder (B.6) ---------------------------------------------------
@dataclass(frozen=True, slots=True)
class JoinHandle(DesignInstr):
    """The body of "thread" "join" : [h] -> [t*]."""

    opcode: ClassVar[str] = "join"
    feature: ClassVar[str] = "join"


enter(JoinHandle, 1, concrete=(0,), effect=Effect(acts=True))


def is_handle(t: ValType) -> bool:
    """Whether a type is the embedder's of handles."""
    return isinstance(t, RefType) and t.kind is HeapKind.OPAQUE and t.of == TYPE


def _joins(ft: FuncType) -> str:
    """[h] -> [t*]"""
    return "" if len(ft.params) == 1 and is_handle(ft.params[0]) else "its parameter is a handle"


def _takes(*params: ValType | None, results: tuple[ValType, ...] = ()) -> Shape:
    """A type with these parameters, None standing for a handle."""

    def wrong(ft: FuncType) -> str:
        alike = len(ft.params) == len(params) and all(
            is_handle(t) if p is None else t == p for t, p in zip(ft.params, params, strict=True)
        )
        shown = " ".join("handle" if p is None else str(p) for p in params)
        return "" if alike and ft.results == results else f"it is [{shown}] -> [{' '.join(map(str, results))}]"

    return wrong


JOINS: HostImports = {
    ("thread", "join"): (JoinHandle, _joins),
    ("thread", "await"): (ThreadAwait, _takes(None, I64, results=(I32,))),
    ("thread", "cancel"): (ThreadCancel, _takes(None)),
    ("thread", "detach"): (ThreadDetach, _takes(None)),
    ("thread", "poll_cancel"): (ThreadPollCancel, _takes(results=(I32,))),
}
"""What an embedder with handles provides."""


# --- typing ---------------------------------------------------------------------------------------
@typing_rule("fork_h", ForkH, row="B.7 fork_h i", source="design")
def fork_h(c: Context, e: ForkH, _operands: Operands) -> Arrow:
    """
    C.func(i) = shared t1* -> t2*
    -----------------------------------------------
    C |- fork_h i : t1* -> (shared threadref [t2*])

    T6 makes the results sharable. Where threadref is written without results, there are none: t2* = eps.
    """
    c.require(e, e.feature)
    ft = c.func(e, e.func)
    if ft.share is not Share.SHARED:
        raise refuse(
            e,
            f"fork_h needs a shared function: function {c.name(FUNC, e.func)} is local",
            hint="declare the function shared; its body may then use shared definitions only",
        )
    if ft.results and RESULTS not in c.discipline.features:
        raise refuse(
            e,
            f"fork_h needs a function without results: function {c.name(FUNC, e.func)} has the type {ft}",
            hint="store what the thread computes in a shared memory; who joins it reads it there",
        )
    return Arrow(ft.params, (threadref(ft.results),))


def _handle(c: Context, e: DesignInstr, operands: Operands, depth: int) -> RefType | None:
    """The type of the handle that an instruction takes; None in code that is never reached."""
    c.require(e, e.feature)
    found = operands.peek(depth)
    if found is None or (isinstance(found, RefType) and found.kind is HeapKind.THREAD):
        return found
    raise refuse(e, f"type mismatch: {e.opcode} takes a thread handle, found {found}")


@typing_rule("thread.join", ThreadJoin, row="B.7 thread.join", source="design")
def thread_join(c: Context, e: ThreadJoin, operands: Operands) -> Arrow:
    """
    ------------------------------------------
    C |- thread.join : (sh threadref t*) -> t*

    As printed sh is shared; a local threadref can only be null.
    """
    found = _handle(c, e, operands, 0)
    if found is None:  # any results: the code is not reached
        return Arrow((None,), diverges=True)
    assert isinstance(found.of, tuple)
    return Arrow((found,), tuple(t for t in found.of if not isinstance(t, str)))


@typing_rule("thread.await", ThreadAwait, row="B.7 thread.await", source="design")
def thread_await(c: Context, e: ThreadAwait, operands: Operands) -> Arrow:
    """
    ------------------------------------------------
    C |- thread.await : (sh threadref t*) i64 -> i32
    """
    return Arrow((_handle(c, e, operands, 1), I64), (I32,))


@typing_rule("thread.cancel", ThreadCancel, row="B.7 thread.cancel", source="design")
def thread_cancel(c: Context, e: ThreadCancel, operands: Operands) -> Arrow:
    """
    ---------------------------------------------
    C |- thread.cancel : (sh threadref t*) -> eps
    """
    return Arrow((_handle(c, e, operands, 0),))


@typing_rule("thread.poll_cancel", ThreadPollCancel, row="B.7 thread.poll_cancel", source="design")
def thread_poll_cancel(c: Context, e: ThreadPollCancel, _operands: Operands) -> Arrow:
    """
    ------------------------------------
    C |- thread.poll_cancel : eps -> i32
    """
    c.require(e, e.feature)
    return Arrow((), (I32,))


@typing_rule("thread.detach", ThreadDetach, row="B.7 thread.detach", source="design")
def thread_detach(c: Context, e: ThreadDetach, operands: Operands) -> Arrow:
    """
    ---------------------------------------------
    C |- thread.detach : (sh threadref t*) -> eps
    """
    return Arrow((_handle(c, e, operands, 0),))


# --- the handle -----------------------------------------------------------------------------------
def state_of(handle: int) -> Location:
    """hd.st"""
    return Location(Region(handle, Field.STATE))


def cancel_of(handle: int) -> Location:
    """hd.cn"""
    return Location(Region(handle, Field.CANCEL))


def new_handle(oracle: Oracle, type: FuncType, creator: object) -> tuple[int, tuple[Action, ...]]:
    """H1  A fresh hd for a thread that runs a function of the given type, and (wr st run)(wr cn 0)."""
    store = oracle.store
    cells = (GlobalInst(GlobalType(Share.SHARED, True, t)) for t in type.results)
    handle = store.allocate(HandleInst(tuple(store.allocate(cell, creator) for cell in cells)), creator)
    return handle, (Write(Order.INIT, state_of(handle), 1, RUN), Write(Order.INIT, cancel_of(handle), 1, 0))


def ended(handle: int) -> Ending:
    """H2  The END event of the handle's thread: (rmw st run (done v*)) | (rmw st run trapped) | (rmw st run cancelled).

    Each result is a write to a region of its own; with profile handle_order=unord the state is written unord (DEC 17).
    """

    def actions(oracle: Oracle, how: str, results: tuple[Value, ...]) -> tuple[Action, ...]:
        state: Action
        if oracle.profile.handle_order == "unord":
            state = Write(Order.UNORD, state_of(handle), 1, _HOW[how])
        else:
            old = oracle.read(state_of(handle), 1, STATUS_BITS)
            state = Rmw(state_of(handle), 1, old, _HOW[how])
        cells = oracle.store.handle(handle).results
        return (
            state,
            *(Write(Order.UNORD, value_of(a), 1, v.term) for a, v in zip(cells, results, strict=False)),
        )

    return Ending(handle, actions)


def _state(oracle: Oracle, handle: int) -> Read:
    """(rd_seqcst st w), unord where the profile says so."""
    order = Order.UNORD if oracle.profile.handle_order == "unord" else Order.SEQCST
    return Read(order, state_of(handle), 1, oracle.read(state_of(handle), 1, STATUS_BITS))


def _asked(oracle: Oracle) -> Read:
    """(rd_seqcst cn v) of the running thread's own handle."""
    location = cancel_of(oracle.handle)
    return Read(Order.SEQCST, location, 1, oracle.read(location, 1, STATUS_BITS))


def _is(term: Term, value: int) -> Term:
    return apply("eq", 1, term, value, arg_width=STATUS_BITS)


# --- H1 to H6 -------------------------------------------------------------------------------------
@local_rule("fork-h-ok", fig="B.7", instr=ForkH)
def fork_h_ok(frame: Frame, operands: tuple[Value, ...], instr: ForkH, oracle: Oracle) -> Step:
    """H1  s; f; v^n (fork_h i)  -->(wr st run)(wr cn 0)  spawn' (v^n (call' f_func(i))) (ref hd), and hd in s"""
    address = frame.instance.funcs[instr.func]
    return spawned(oracle, address, operands, frame)


def spawned(oracle: Oracle, address: int, arguments: tuple[Value, ...], frame: Frame) -> Step:
    """A new thread calls the function at an address; who starts it gets its handle."""
    type = oracle.store.func(address).type
    handle, actions = new_handle(oracle, type, frame)
    result = (Value(threadref(type.results), handle),)
    return Step((), ForkPrime(address, arguments, result, ending=ended(handle)), actions)


_ON_HANDLES = (ThreadJoin, JoinHandle, ThreadAwait, ThreadCancel, ThreadDetach)


@local_rule("thread-handle-null", fig="B.7", instr=_ON_HANDLES)
def thread_handle_null(frame: Frame, operands: tuple[Value, ...], instr: DesignInstr, oracle: Oracle) -> Step | None:
    """(ref.null) e  -->  trap, for e = thread.join, thread.await, thread.cancel, thread.detach (DEC 3)"""
    return None if concrete(operands[0].term) else Step((), Trap("null thread handle"))


@local_rule("thread-join-ok", fig="B.7", instr=ThreadJoin)
def thread_join_ok(frame: Frame, operands: tuple[Value, ...], instr: ThreadJoin, oracle: Oracle) -> Step | None:
    """H3  (ref hd) thread.join  -->  join' hd"""
    handle = concrete(operands[0].term)
    return Step((), joining(oracle, handle)) if handle else None


def joining(oracle: Oracle, handle: int) -> JoinPrime:
    """join' hd"""
    cells = oracle.store.handle(handle).results
    return JoinPrime(handle, tuple(oracle.store.global_(a).type.type for a in cells))


@local_rule("join-handle-ok", fig="B.6", instr=JoinHandle)
def join_handle_ok(frame: Frame, operands: tuple[Value, ...], instr: JoinHandle, oracle: Oracle) -> Step | None:
    """f; (ref hd) join  -->  join' hd  if the import gives the types of the thread's results"""
    handle = concrete(operands[0].term)
    pending = joining(oracle, handle) if handle else None
    return Step((), pending) if pending is not None and _wanted(frame) == pending.types else None


@local_rule("join-handle-mismatch", fig="B.6", instr=JoinHandle)
def join_handle_mismatch(frame: Frame, operands: tuple[Value, ...], instr: JoinHandle, oracle: Oracle) -> Step | None:
    """f; (ref hd) join  -->  trap  if the import gives other types than those of the thread's results"""
    handle = concrete(operands[0].term)
    fits = not handle or _wanted(frame) == joining(oracle, handle).types
    return None if fits else Step((), Trap("thread result type mismatch"))


def _wanted(frame: Frame) -> tuple[ValType, ...]:
    """The results of the embedder's function that runs."""
    return frame.func.type.results if frame.func is not None else ()


@local_rule("thread-await-ok", fig="B.7", instr=ThreadAwait)
def thread_await_ok(frame: Frame, operands: tuple[Value, ...], instr: ThreadAwait, oracle: Oracle) -> Step | None:
    """H4  (ref hd) (i64.const q) thread.await  -->  await' hd q"""
    handle = concrete(operands[0].term)
    return Step((), AwaitPrime(handle, operands[1].term)) if handle else None


@local_rule("join-ok", fig="B.7", instr=JoinPrime)
def join_ok(frame: Frame, operands: tuple[Value, ...], instr: JoinPrime, oracle: Oracle) -> Step:
    """H3  join' hd  -->(rd_seqcst st done)(rd v)*  v*"""
    state = _state(oracle, instr.handle)
    results = []
    for address, type in zip(oracle.store.handle(instr.handle).results, instr.types, strict=True):
        results.append(Read(Order.UNORD, value_of(address), 1, oracle.read(value_of(address), 1, type.bits)))
    values = tuple(Value(t, r.value) for t, r in zip(instr.types, results, strict=True))
    return Step(values, None, (state, *results), (_is(state.value, DONE),))


@local_rule("join-fail", fig="B.7", instr=JoinPrime)
def join_fail(frame: Frame, operands: tuple[Value, ...], instr: JoinPrime, oracle: Oracle) -> tuple[Step, ...]:
    """H3  join' hd  -->(rd_seqcst st w)  trap  if w = trapped or w = cancelled"""
    reads = (_state(oracle, instr.handle), _state(oracle, instr.handle))
    reasons = ("joined a thread that trapped", "joined a thread that was cancelled")
    return tuple(
        Step((), Trap(reason), (read,), (_is(read.value, how),))
        for read, reason, how in zip(reads, reasons, (TRAPPED, CANCELLED), strict=True)
    )


@local_rule("await-ok", fig="B.7", instr=AwaitPrime)
def await_ok(frame: Frame, operands: tuple[Value, ...], instr: AwaitPrime, oracle: Oracle) -> Step:
    """H4  await' hd q  -->(rd_seqcst st w)  i32.const c

    if w =/= run, with c = 0 for done, 1 for trapped, 3 for cancelled
    """
    state = _state(oracle, instr.handle)
    code = apply("sub", STATUS_BITS, state.value, 1)
    return Step((Value(I32, code),), None, (state,), (apply("ne", 1, state.value, RUN, arg_width=STATUS_BITS),))


@local_rule("await-timeout-ok", fig="B.7", instr=AwaitPrime)
def await_timeout_ok(frame: Frame, operands: tuple[Value, ...], instr: AwaitPrime, oracle: Oracle) -> Step:
    """H4  await' hd q  -->  i32.const 2  if signed(q) >= 0; no event, no happens-before"""
    return Step((Value(I32, TIMEOUT),), None, (), (apply("ge_s", 1, instr.timeout, 0, arg_width=64),))


@local_rule("cancelled-ok", fig="B.7", instr=(WaitPrime, JoinPrime, AwaitPrime))
def cancelled_ok(
    frame: Frame, operands: tuple[Value, ...], instr: WaitPrime | JoinPrime | AwaitPrime, oracle: Oracle
) -> Step | None:
    """H5  wait' l q, join' hd', await' hd' q  -->(rd_seqcst cn 1)  cancelled

    if hd.cn is that of the running thread; a cancelled waiter leaves its queue. The thread then ends (H2).
    """
    if not oracle.handle:
        return None
    asked = _asked(oracle)
    return Step((), Cancelled(), (asked,), (_is(asked.value, 1),))


@local_rule("thread-cancel-ok", fig="B.7", instr=ThreadCancel)
def thread_cancel_ok(frame: Frame, operands: tuple[Value, ...], instr: ThreadCancel, oracle: Oracle) -> Step | None:
    """H5  (ref hd) thread.cancel  -->(wr_seqcst cn 1)  eps"""
    handle = concrete(operands[0].term)
    return Step((), None, (Write(Order.SEQCST, cancel_of(handle), 1, 1),)) if handle else None


@local_rule("thread-poll-cancel-ok", fig="B.7", instr=ThreadPollCancel)
def thread_poll_cancel_ok(frame: Frame, operands: tuple[Value, ...], instr: ThreadPollCancel, oracle: Oracle) -> Step:
    """H5  thread.poll_cancel  -->(rd_seqcst cn c)  i32.const c  if hd.cn is that of the running thread

    A thread without a handle cannot be cancelled: i32.const 0, without an event.
    """
    if not oracle.handle:
        return Step((Value(I32, 0),))
    asked = _asked(oracle)
    return Step((Value(I32, asked.value),), None, (asked,))


@local_rule("thread-detach-ok", fig="B.7", instr=ThreadDetach)
def thread_detach_ok(frame: Frame, operands: tuple[Value, ...], instr: ThreadDetach, oracle: Oracle) -> Step | None:
    """H6  (ref hd) thread.detach  -->  eps, without an event"""
    return Step() if concrete(operands[0].term) else None
