"""Thread handles: objects that say how a thread ended (systems.md B.7, H1 to H3; B.9, K5 and K6; DEC 17).

A handle hd has the regions st (hd.val: run, done, trapped or cancelled), one for each value of `done v*`, and one for
the design's own use. They are ordinary regions with seqcst accesses; st is left by a read-modify-write, so that the
ways to end exclude each other. `join'` is for the unfolding: it goes on where the thread has ended.
"""

from __future__ import annotations

from semantics.reduction.access import read_value, value_of
from semantics.reduction.operands import COUNT
from semantics.reduction.registry import Oracle, local_rule
from semantics.runtime.actions import Action, Rmw, Write
from semantics.runtime.configuration import Collect, Frame, Step, Trap, Value
from semantics.runtime.store import GlobalInst, Store, ThreadInst
from semantics.syntax.types import I32, GlobalType, Order, Share, ValType
from semantics.terms import Term, apply

RUN, DONE, TRAPPED, CANCELLED = range(4)
"""The values of st."""

DOOMED = -1 & 0xFFFFFFFF
"""The value of the design's own cell with which a trap of the thread ends the program, where a design has that."""

JOINED_TRAP = "joined thread trapped"

COUNT[Collect] = 0


def make_handle(store: Store, results: tuple[ValType, ...]) -> tuple[int, tuple[Write, ...]]:
    """Allocates the handle of a thread that ends with values of the given types; its address and its initial writes."""
    cells = tuple(store.allocate(GlobalInst(GlobalType(Share.SHARED, True, t))) for t in (I32, *results))
    handle = store.allocate(ThreadInst(results, cells[1:], cells[0]))
    return handle, tuple(Write(Order.INIT, value_of(a), 1, 0) for a in (handle, *cells))


def at_end(store: Store, handle: int, state: int, values: tuple[Value, ...] = ()) -> tuple[Action, ...]:
    """H2: (rmw st run state) and the values of done v*."""
    ended = Rmw(value_of(handle), 1, RUN, state)
    cells = store.thread(handle).values
    return (ended, *(Write(Order.SEQCST, value_of(a), 1, v.term) for a, v in zip(cells, values, strict=False)))


@local_rule("collect-ok", fig="B.7", instr=Collect)
def collect_ok(frame: Frame, operands: tuple[Value, ...], instr: Collect, oracle: Oracle) -> Step:
    """join' hd  -->(rd_seqcst hd.st (done v*))  v*  [H3]"""
    thread = oracle.store.thread(instr.handle)
    state, condition = _state(oracle, instr, DONE)
    reads = [
        read_value(oracle, value_of(a), t.bits, Order.SEQCST)
        for a, t in zip(thread.values, thread.results, strict=True)
    ]
    found = tuple(Value(t, r.value) for t, r in zip(thread.results, reads, strict=True))
    return Step(found, None, (state, *reads), (condition,))


@local_rule("collect-trap", fig="B.7", instr=Collect)
def collect_trap(frame: Frame, operands: tuple[Value, ...], instr: Collect, oracle: Oracle) -> tuple[Step, ...]:
    """join' hd  -->(rd_seqcst hd.st w)  trap  if w = trapped or w = cancelled [H3]"""
    found = []
    for ended in (TRAPPED, CANCELLED):
        state, condition = _state(oracle, instr, ended)
        found.append(Step((), Trap(JOINED_TRAP), (state,), (condition,)))
    return tuple(found)


def _state(oracle: Oracle, instr: Collect, wanted: int) -> tuple[Action, Term]:
    state = read_value(oracle, value_of(instr.handle), I32.bits, Order.SEQCST)
    return state, apply("eq", 1, state.value, wanted, arg_width=I32.bits)
