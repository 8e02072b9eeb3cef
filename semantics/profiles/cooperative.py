"""The calls by which threads of one component take turns (systems.md B.12, B4 and P12c).

Between two of these calls a thread runs alone. A call that the component model names "then" hands the turn to a thread:
`-then-resume` to one that is suspended, else it traps; `-then-promote` to one that is ready, else to anybody. Nothing
is cancelled here: the calls that say whether it was give 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from semantics.profiles import component
from semantics.profiles.component import Builtin
from semantics.reduction.access import concrete, value_of
from semantics.reduction.designs import Effect, enter
from semantics.reduction.registry import Oracle, local_rule
from semantics.reduction.turns import (
    FREE,
    STATE_BITS,
    THREADS,
    TO,
    TURN_BITS,
    may_take,
    passing,
    state_of,
    taking,
)
from semantics.runtime.actions import Read, Rmw
from semantics.runtime.configuration import Doing, Frame, Step, TakeTurn, Trap, Value
from semantics.runtime.profile import HostImports
from semantics.syntax.instructions import DesignInstr, Expr, LocalGet
from semantics.syntax.types import I32, FuncType, Order, Share
from semantics.terms import Term, apply, negate

ANYBODY = (1 << 32) - 1
"""The operand of a switch that names no thread."""


class _Switch(Builtin):
    """A call that passes the turn on; the thread then is in the state `left`."""

    __slots__ = ()
    left: ClassVar[Doing]


@dataclass(frozen=True, slots=True)
class ThreadYield(_Switch):
    """thread.yield"""

    opcode: ClassVar[str] = "thread.yield"
    left: ClassVar[Doing] = Doing.READY


@dataclass(frozen=True, slots=True)
class ThreadSuspend(_Switch):
    """thread.suspend"""

    opcode: ClassVar[str] = "thread.suspend"
    left: ClassVar[Doing] = Doing.SUSPENDED


@dataclass(frozen=True, slots=True)
class YieldTo(ThreadYield):
    """The second half of thread.yield-then-resume and -promote: the operand says to whom the turn goes."""


@dataclass(frozen=True, slots=True)
class SuspendTo(ThreadSuspend):
    """The second half of thread.suspend-then-resume and -promote."""


@dataclass(frozen=True, slots=True)
class ThreadResumeLater(Builtin):
    """thread.resume-later"""

    opcode: ClassVar[str] = "thread.resume-later"


@dataclass(frozen=True, slots=True)
class YieldThenResume(ThreadResumeLater):
    """thread.yield-then-resume"""

    opcode: ClassVar[str] = "thread.yield-then-resume"
    after: ClassVar[Expr] = (LocalGet(0), YieldTo())


@dataclass(frozen=True, slots=True)
class SuspendThenResume(ThreadResumeLater):
    """thread.suspend-then-resume"""

    opcode: ClassVar[str] = "thread.suspend-then-resume"
    after: ClassVar[Expr] = (LocalGet(0), SuspendTo())


@dataclass(frozen=True, slots=True)
class YieldThenPromote(Builtin):
    """thread.yield-then-promote"""

    opcode: ClassVar[str] = "thread.yield-then-promote"
    after: ClassVar[Expr] = (YieldTo(),)


@dataclass(frozen=True, slots=True)
class SuspendThenPromote(Builtin):
    """thread.suspend-then-promote"""

    opcode: ClassVar[str] = "thread.suspend-then-promote"
    after: ClassVar[Expr] = (SuspendTo(),)


_RESUMES = ThreadResumeLater, YieldThenResume, SuspendThenResume
_PROMOTES = YieldThenPromote, SuspendThenPromote
_kind: type[DesignInstr]
enter(ThreadYield, 0, effect=Effect(idle=True))
enter(ThreadSuspend, 0, effect=Effect())
for _kind in (*_RESUMES, *_PROMOTES):
    enter(_kind, 1, concrete=(0,), effect=Effect())
for _kind in (YieldTo, SuspendTo):
    enter(_kind, 1, concrete=(0,), effect=Effect(hands=True))


def _type(*params: object, results: tuple[object, ...] = (I32,)) -> FuncType:
    return FuncType(Share.LOCAL, params, results)  # type: ignore[arg-type]


COOPERATIVE: HostImports = {
    **component.COOPERATIVE,
    ("component", "thread.new-indirect"): (component.NewIndirect, _type(I32, I32)),
    ("component", "thread.resume-later"): (ThreadResumeLater, _type(I32, results=())),
    **{("component", k.opcode): (k, _type()) for k in (ThreadYield, ThreadSuspend)},
    **{("component", k.opcode): (k, _type(I32)) for k in (YieldThenResume, SuspendThenResume, *_PROMOTES)},
}
"""For threads that take turns."""


@local_rule("thread-switch-ok", fig="B.12", instr=(ThreadYield, ThreadSuspend))
def thread_switch_ok(frame: Frame, operands: tuple[Value, ...], instr: _Switch, oracle: Oracle) -> Step:
    """B4  th; thread.yield  -->(wr_seqcst turn free) (wr_seqcst th.st ready)  (i32.const 0) take'

    thread.suspend: (wr_seqcst th.st suspended)
    """
    return _passed(instr, oracle, FREE)


@local_rule("thread-hand-over-ok", fig="B.12", instr=(YieldTo, SuspendTo))
def thread_hand_over_ok(frame: Frame, operands: tuple[Value, ...], instr: _Switch, oracle: Oracle) -> Step:
    """B4  th; (i32.const n) (switch to)  -->(wr_seqcst turn n) (wr_seqcst th.st w)  (i32.const 0) take'

    if w is ready or suspended, as the call says; (wr_seqcst turn free) if n names nobody
    """
    number = concrete(operands[0].term)
    return _passed(instr, oracle, FREE if number == ANYBODY else TO + number)


def _passed(instr: _Switch, oracle: Oracle, to: int) -> Step:
    return Step((Value(I32, 0),), TakeTurn(instr.left), passing(oracle.store, oracle.number, instr.left, to))


@local_rule("take-turn-ok", fig="B.12", instr=TakeTurn)
def take_turn_ok(frame: Frame, operands: tuple[Value, ...], instr: TakeTurn, oracle: Oracle) -> Step:
    """th; take'  -->(rmw turn w taken) (rmw th.st ready running)  eps  if w is free, or says that it is th's turn

    (wr_seqcst th.st running) where th waited for what is not resumed
    """
    turn = oracle.read(value_of(oracle.store.turn), 1, TURN_BITS)
    number = oracle.number
    return Step((), None, taking(oracle.store, number, turn, instr.was), (may_take(turn, number),))


@local_rule("thread-resume-later-ok", fig="B.12", instr=_RESUMES)
def thread_resume_later_ok(
    frame: Frame, operands: tuple[Value, ...], instr: DesignInstr, oracle: Oracle
) -> Step | None:
    """B4  (i32.const n) thread.resume-later  -->(rmw th_n.st suspended ready)  eps

    the -then-resume go on with the switch to n
    """
    read = _state(operands, oracle)
    if read is None:
        return None
    resumed = Rmw(read.location, 1, read.value, Doing.READY)
    return Step((), None, (resumed,), (_is(read, Doing.SUSPENDED),))


@local_rule("thread-resume-later-fail", fig="B.12", instr=_RESUMES)
def thread_resume_later_fail(frame: Frame, operands: tuple[Value, ...], instr: DesignInstr, oracle: Oracle) -> Step:
    """B4  (i32.const n) thread.resume-later  -->(rd_seqcst th_n.st w)  trap  if w is not suspended"""
    read = _state(operands, oracle)
    if read is None:
        return Step((), Trap(NO_THREAD))
    return Step((), Trap("the thread is not suspended"), (read,), (negate(_is(read, Doing.SUSPENDED)),))


@local_rule("thread-promote-equal", fig="B.12", instr=_PROMOTES)
def thread_promote_equal(frame: Frame, operands: tuple[Value, ...], instr: DesignInstr, oracle: Oracle) -> Step | None:
    """B4  (i32.const n) thread.yield-then-promote  -->(rd_seqcst th_n.st ready)  (i32.const n) (switch to)"""
    read = _state(operands, oracle)
    return None if read is None else Step((operands[0],), None, (read,), (_is(read, Doing.READY),))


@local_rule("thread-promote-unequal", fig="B.12", instr=_PROMOTES)
def thread_promote_unequal(
    frame: Frame, operands: tuple[Value, ...], instr: DesignInstr, oracle: Oracle
) -> Step | None:
    """B4  (i32.const n) thread.yield-then-promote  -->(rd_seqcst th_n.st w)  (i32.const -1) (switch to)

    if w is suspended or waiting
    """
    read = _state(operands, oracle)
    if read is None:
        return None
    stays = apply("or", 1, _is(read, Doing.SUSPENDED), _is(read, Doing.WAITING))
    return Step((Value(I32, ANYBODY),), None, (read,), (stays,))


@local_rule("thread-promote-fail", fig="B.12", instr=_PROMOTES)
def thread_promote_fail(frame: Frame, operands: tuple[Value, ...], instr: DesignInstr, oracle: Oracle) -> Step:
    """B4  (i32.const n) thread.yield-then-promote  -->(rd_seqcst th_n.st w)  trap

    if w is none or ended, or n is the running thread
    """
    read = _state(operands, oracle)
    if read is None:
        return Step((), Trap(NO_THREAD))
    others = (Doing.READY, Doing.SUSPENDED, Doing.WAITING)
    return Step((), Trap(NO_THREAD), (read,), tuple(negate(_is(read, s)) for s in others))


NO_THREAD = "no other thread of that index"


def _state(operands: tuple[Value, ...], oracle: Oracle) -> Read | None:
    """(rd_seqcst th_n.st w); None where no thread can have that index."""
    number = concrete(operands[0].term)
    if number >= THREADS:
        return None
    place = state_of(oracle.store, number)
    return Read(Order.SEQCST, place, 1, oracle.read(place, 1, STATE_BITS))


def _is(read: Read, doing: Doing) -> Term:
    return apply("eq", 1, read.value, doing, arg_width=STATE_BITS)
