"""Threads that others see end: the END events of threads with a handle, and who waits for them (systems.md B.7).

What an end shows and what a suspended thread reads are rules of the design; here they get their events. A thread is
suspended for ever where the one that it waits for never ends, and nobody asks it to end itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from semantics.diagnostics import InternalError
from semantics.execution.structure import Kind, Origin, Status
from semantics.exploration import killing
from semantics.exploration.path import Path
from semantics.reduction.machine import interrupted
from semantics.runtime.actions import Action, Field, Location, Read, Region
from semantics.runtime.configuration import AwaitPrime, Cancelled, Configuration, JoinPrime, Transition
from semantics.syntax.instructions import DesignInstr, Instr
from semantics.syntax.types import Order
from semantics.terms import Sym, Term, apply, negate

if TYPE_CHECKING:
    from semantics.exploration.unfold import Unfolding

CANCEL_BITS = 32


class Joins:
    """Which threads are joined: their ENDED symbols, END events, and the JOIN events that wait for them; and which
    thread a handle stands for."""

    def __init__(self) -> None:
        self.threads: dict[int, int] = {}  # address of a handle -> its thread
        self._symbols: dict[int, Sym] = {}
        self._ends: dict[int, list[int]] = {}
        self._waiting: dict[int, list[int]] = {}

    def ended(self, unfolding: Unfolding, path: Path, status: Status) -> None:
        """A path has come to its end: an END event, if the thread has a handle or a host's join names it."""
        builder, ending = unfolding.builder, path.ending
        actions: tuple[Action, ...] = ()
        if ending is not None:
            results = path.outcome if status is Status.DONE else ()
            actions = ending.actions(unfolding.oracle, status.value, results)
        if actions or builder.threads[path.thread].name in unfolding.plan.joined:
            event = builder.event(path.thread, path.node, Kind.END, actions)
            self._ends.setdefault(path.thread, []).append(event)
            builder.asw += [(event, join) for join in self._waiting.get(path.thread, ())]

    def symbol(self, unfolding: Unfolding, thread: int) -> Sym:
        """The ENDED symbol of a thread."""
        found = self._symbols.get(thread)
        if found is None:
            found = self._symbols[thread] = unfolding.builder.symbol(1, "ended")
            unfolding.builder.introduce(found, Origin.ENDED, thread=thread)
        return found

    def joined(self, unfolding: Unfolding, thread: int, join: int) -> None:
        """A JOIN event of the host waits for a thread."""
        self._waiting.setdefault(thread, []).append(join)
        unfolding.builder.asw += [(end, join) for end in self._ends.get(thread, ())]


def trapped(unfolding: Unfolding, path: Path, reason: str) -> bool:
    """Ends a path by a trap, and the program with it where the thread's design says so of such a thread."""
    dooms = path.ending.dooms if path.ending is not None else None
    if dooms is None or unfolding.over is None:
        return unfolding.leaf(path, Status.TRAP, reason)
    read, condition = dooms(unfolding.oracle)
    unfolding.builder.event(path.thread, path.node, Kind.ACCESS, (read,), text="trap")
    for child, ends in zip(unfolding.children(path, [(condition,), (negate(condition),)]), (True, False), strict=False):
        unfolding.leaf(child, Status.TRAP, reason, ends=ends)
    return False


def suspended(unfolding: Unfolding, path: Path, config: Configuration, pending: JoinPrime | AwaitPrime) -> bool:
    """join' and await': a child for each of the design's rows, and one that is blocked for ever."""
    thread = unfolding.joins.threads[pending.handle]
    rows = interrupted(config, unfolding.oracle)
    reads, unasked = never_asked(unfolding, path)
    never = (negate(unfolding.joins.symbol(unfolding, thread)), *killing.goes_on(unfolding, path), *unasked)
    blocks = True
    for row in rows:
        if not row.step.actions:  # sooner or later it happens
            blocks = blocks and len(row.step.condition) == 1
            never += tuple(map(negate, row.step.condition))
    made = unfolding.children(path, [row.step.condition for row in rows] + [never] * blocks)
    if not made:
        return False
    going = []
    for child, row in zip(made, rows, strict=False):
        if interrupt(unfolding, child, row, Kind.JOIN, thread):
            going.append(child)
    if blocks:
        unfolding.spin.ended(config)
        blocked(unfolding, made[-1], reads, f"join of {unfolding.builder.threads[thread].name}")
    return unfolding.schedule(going)


def interrupt(unfolding: Unfolding, path: Path, row: Transition, kind: Kind, peer: int | None = None) -> bool:
    """Takes a step out of a suspension; its event, if it has actions, is of that kind. Whether the path goes on."""
    before, builder = path.config, unfolding.builder
    if before is None:
        raise InternalError("a suspended path without a configuration")
    builder.count_rule(row.rule)
    if row.step.actions:
        instr = suspending(before)
        text = instr.opcode if isinstance(instr, DesignInstr) else ""
        if isinstance(row.step.then, Cancelled):
            text = "cancelled"
        builder.event(
            path.thread, path.node, kind, row.step.actions, row.rule, instr.span if instr else None, text, peer=peer
        )
        path.effects += 1
        path.visible += 1
        path.exposed = True
    path.config = row.after
    return True


def never_asked(unfolding: Unfolding, path: Path) -> tuple[tuple[Read, ...], tuple[Term, ...]]:
    """That nobody asks a thread with a handle to end itself: it reads so after everything, and what must hold then."""
    if path.ending is None:
        return (), ()
    value = unfolding.builder.symbol(CANCEL_BITS)
    location = Location(Region(path.ending.handle, Field.CANCEL))
    return (Read(Order.UNORD, location, 1, value),), (apply("eq", 1, value, 0, arg_width=CANCEL_BITS),)


def blocked(unfolding: Unfolding, path: Path, reads: tuple[Read, ...], reason: str) -> None:
    """Ends a path whose thread is suspended for ever."""
    if reads:
        unfolding.builder.event(path.thread, path.node, Kind.OBSERVE, reads, text=reason)
    unfolding.leaf(path, Status.BLOCKED, reason)


def suspending(config: Configuration) -> Instr | None:
    """The instruction that suspended a thread."""
    return config.code[config.pc - 1] if config.pc else None
